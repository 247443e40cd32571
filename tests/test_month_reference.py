"""The month's opening and closing equal the plain-Python reference, customer by customer, field by field."""

from __future__ import annotations

from typing import Any

import month_reference as reference
import numpy as np
import pytest
from years import BASELINE

from vipsim import agenda as dates
from vipsim import month as months
from vipsim import tally
from vipsim.customers.generate import generate
from vipsim.customers.state import State, begin, opening_rows
from vipsim.draws import Address
from vipsim.scenario.resolve import with_values

OPEN_DAYS_PER_YEAR = 250.0
CASES = range(16)


def some_settings(g: np.random.Generator) -> dict[str, Any]:
    """Random settings of everything that a month reads; each mechanism is off in some draws."""

    def share(most: float = 1.0) -> float:
        return float(g.choice([0.0, most, most * g.random()], p=[0.15, 0.15, 0.7]))

    def ratio(low: float, high: float) -> float:
        return float(g.choice([1.0, g.uniform(low, high)]))

    rm_from = float(g.choice([10_000.0, 50_000.0, 200_000.0]))
    return {
        "book.customers": int(g.integers(150, 400)),
        "book.prospects": 30,
        "book.seed": int(g.integers(1, 1000)),
        "tiers.window_months": int(g.choice([1, 3, 12])),
        "outreach.triggers.maturity_reminder.expiry_days": int(g.choice([1, 7, 30])),
        "tiers.standard_yuan": float(g.choice([200_000.0, 300_000.0])),
        "tiers.grace_months": int(g.choice([0, 1, 3])),
        "tiers.service_share": [share(), share(), 1.0],
        "cards.acceptance_share": share(),
        "cards.special_share": share(0.05),
        "cards.special_limit_share": float(g.choice([0.05, 0.1])),
        "cards.special_eligible_share": share(),
        "cards.disqualified_per_year": share(),
        "cards.fee_yuan": float(g.choice([0.0, 100.0, 250.0])),
        "cards.fee_cancel_share": share(0.3),
        "cards.waive_ban": bool(g.random() < 0.5),
        "cards.may_issue": bool(g.random() < 0.8),
        "grid.contact_plan": str(g.choice(["levels", "value"])),
        "grid.serve_level1": str(g.choice(["full", "channel_only", "drop"])),
        "grid.perk_yuan_per_year": [float(x) for x in g.choice([0.0, 300.0, 5000.0], 9)],
        "grid.outflow_ratio": [float(x) for x in g.uniform(0.5, 2.0, 9)],
        "grid.saving_ratio": [float(x) for x in g.uniform(0.5, 2.0, 9)],
        "demand.customer_visits_per_year": float(g.choice([0.0, 1.0, 60.0, 300.0])),
        "lifecycle.vip_outflow_per_year": share(0.9),
        "lifecycle.ordinary_outflow_per_year": share(0.9),
        "lifecycle.causal_share": share(),
        "lifecycle.product_ratio": ratio(0.5, 1.0),
        "lifecycle.maintained_ratio": ratio(0.3, 1.0),
        "lifecycle.contact_effect_share": share(0.5),
        "lifecycle.ebank_ratio": ratio(0.5, 1.0),
        "lifecycle.complaint_ratio": ratio(1.0, 4.0),
        "lifecycle.wait_ratio": ratio(1.0, 4.0),
        "lifecycle.downgrade_ratio": ratio(1.0, 4.0),
        "lifecycle.quarter4_vip_ratio": ratio(1.0, 2.0),
        "lifecycle.rival_ratio": ratio(0.5, 2.0),
        "lifecycle.relationship_ratio": ratio(0.2, 1.0),
        "lifecycle.exploration_ratio": ratio(1.0, 3.0),
        "lifecycle.decline_ratio": ratio(1.0, 3.0),
        "lifecycle.loss_ratio": ratio(1.0, 3.0),
        "lifecycle.loss_days": int(g.integers(1, 200)),
        "lifecycle.referred_ratio": ratio(0.5, 1.0),
        "lifecycle.locked_ratio": ratio(0.3, 1.0),
        "lifecycle.locked_days": int(g.integers(1, 200)),
        "lifecycle.declared_share": share(),
        "lifecycle.base_strength_share": [float(x) for x in g.random(5)],
        "lifecycle.floor_ratio": float(g.uniform(0.1, 1.0)),
        "lifecycle.exploration_months": float(g.uniform(0.5, 12.0)),
        "lifecycle.development_months": float(g.uniform(0.5, 12.0)),
        "lifecycle.decline_below_share": share(),
        "lifecycle.detection_recall_share": share(),
        "lifecycle.detection_precision_share": float(g.uniform(0.05, 1.0)),
        "lifecycle.rescue_offer_share": share(0.01),
        "lifecycle.win_back_per_year": share(),
        "lifecycle.relationship_decay_per_month": share(0.5),
        "response.referral_per_year": share(20.0),
        "response.referral_from_share": share(),
        "response.fatigue_share": share(),
        "response.courted_fade_per_month": share(),
        "response.movable_share": share(),
        "assets.loss_from_share": float(g.choice([0.001, 0.03])),
        "assets.loss_hold_share": float(g.uniform(0.05, 1.0)),
        "assets.loss_care_share": share(),
        "assets.gain_care_share": share(),
        "outreach.leader_visits_per_year": [float(x) for x in g.choice([0.0, 1.0, 12.0], 3)],
        "outreach.threshold_every_months": int(g.integers(1, 4)),
        "outreach.threshold_near_share": float(g.uniform(0.5, 1.0)),
        "outreach.triggers.birthday.on": bool(g.random() < 0.8),
        "outreach.triggers.festival.on": bool(g.random() < 0.8),
        "outreach.triggers.card_expiry.lead_days": int(g.integers(0, 61)),
        "outreach.triggers.downgrade.on": bool(g.random() < 0.8),
        "assets.volatility_per_year": [0.0, 0.0, 0.1, float(g.choice([0.2, 6.0])), 0.3],
        "assets.saving_share": share(),
        "assets.wallet_floor_share": share(),
        "assets.stage_wallet_ratio": [float(x) for x in g.uniform(0.0, 3.0, 5)],
        "assets.elsewhere_return_per_year": float(g.choice([0.015, -0.5])),
        "assets.reopen_share": share(),
        "assets.product_term_days": int(g.choice([7, 30, 120])),
        "assets.rate_premium_share": share(0.01),
        "outreach.plan_contacts_per_year": [float(x) for x in g.choice([0.0, 1.0, 5.5, 12.0, 52.0], 9)],
        "outreach.triggers.maturity_reminder.on": bool(g.random() < 0.8),
        "outreach.triggers.maturity_reminder.lead_days": int(g.integers(0, 61)),
        "outreach.triggers.contact_plan.on": bool(g.random() < 0.8),
        "ownership.rm_from_yuan": rm_from,
        "ownership.teller_from_yuan": 10_000.0,
        "ownership.teller_below_yuan": float(g.choice([10_000.0, 30_000.0, rm_from, 200_000.0])),
        "ownership.precedence": str(g.choice(["named_member", "teller"])),
        "ownership.measure": str(g.choice(["day", "average"])),
        "ownership.lead_rule": str(g.choice(["share", "top", "even"])),
        "ownership.head_from_yuan": float(g.choice([300_000.0, 6_000_000.0])),
        "ownership.head_max_book": int(g.choice([2, 200])),
        "ownership.teller_max_book": int(g.choice([10, 1000])),
        "ownership.profit_floor_yuan_per_year": float(g.choice([0.0, 500.0])),
        "ownership.follow_bands": bool(g.random() < 0.8),
        "ownership.transfer_margin_share": share(0.3),
        "ownership.centres": 1,
        "ownership.centre_max_book": 3,
        "ownership.transfer_up": str(g.choice(["none", "hand_over", "co_manage"])),
        "ownership.transfer_from_yuan": 1_000_000.0,
        "ownership.lead_share": share(0.6),
        "ownership.max_book": 50,
        "ownership.assigned_share": share(),
        "ownership.assignment_lag_days": int(g.integers(0, 61)),
        "staff.relationship_manager.employed": int(g.choice([0, 1, 7, 10])),
        "money.turnover_per_year": float(g.choice([0.0, 0.3, 1.0])),
        "money.month_end_deviation_share": share(0.1),
    }


def some_state(g: np.random.Generator, scenario: Any, month: months.Month) -> State:
    """A book in the middle of things: every column takes unusual values in some rows."""
    book, _ = generate(scenario, scenario.book.seed)
    customers = int(book.is_customer().sum())
    state = begin(opening_rows(book), customers)
    state.sums.next_prospect += int(g.integers(0, 20))  # some prospects are known already
    rows, day, n = state.book, month.first_day, book.size
    some = np.arange(n) < customers

    def where(part: float) -> Any:
        return some & (g.random(n) < part)

    rows.stage[some] = g.choice([1, 2, 3, 4, 5, 6], customers)
    gone = where(0.1)
    rows.stage[gone] = reference.EXITED
    rows.balance[gone] = 0
    rows.stage[customers : customers + 3] = reference.EXPLORATION  # joined
    for column in ("complaint_day", "bad_wait_day", "tier_shock_day"):
        which = where(0.2)
        rows[column][which] = day - g.integers(0, 120, n)[which]
    rows.last_contact[some] = day - g.integers(1, 200, customers)
    rows.last_talk[some] = rows.last_contact[some] - g.integers(0, 100, customers)
    rows.relationship[some] = g.random(customers)
    rows.contact_load[some] = g.random(customers) * 60.0
    rows.care[some] = g.random(customers) * 20.0
    rows.tier[some] = g.integers(0, 4, customers)
    rows.owner[some] = g.choice([-2, -1, 0, 1, 20, 40, 60], customers, p=[0.1, 0.3, 0.3, 0.1, 0.1, 0.05, 0.05])
    rows.card[some] = np.maximum(rows.tier[some] + g.integers(-1, 2, customers), 0) % 4
    rows.special[some] = (rows.card[some] == 1) & (g.random(customers) < 0.05)
    held = rows.card > 0
    validity = scenario.book.laws.card_validity_days
    rows.card_expiry[some] = np.where(held, day + g.integers(0, validity, n), -1)[some]
    rows.card_business[where(0.1)] = 1 + int(g.integers(0, 4))
    rows.ban_until[where(0.3)] = day + int(g.integers(-400, 400))
    rows.below_months[some] = g.integers(0, 3, customers) * (rows.tier[some] > 0)
    rows.qualified_day[some] = np.where(rows.tier[some] > 0, g.choice([-1, day - 40], customers), -1)
    rows.assigned_day[some] = g.choice([-1, day - 40, day], customers)
    rows.fee_due[where(0.1)] = 10_000
    rows.stage_since[some] = day - g.integers(0, 500, customers)
    rows.signed[some] = g.integers(0, 2, customers)
    rows.vip_group[some] = rows.tier[some] > 0
    rows.cohort[some] = g.random(customers) < 0.8
    rows.balance[:, 1][where(0.2)] = 0
    for column in ("time_maturity", "product_maturity"):
        rows[column][some] = np.maximum(day + g.integers(-3, 90, customers), 0)
        rows[column][where(0.3)] = -1
    rows.buys_products[some] = g.random(customers) < 0.5
    rows.drift[some] = g.integers(-1000, 1000, customers)
    rows.month_contacts[some] = 3
    rows.channel_contacts[some] = 2
    rows.courted[some] = g.random(customers)
    rows.loss_day[where(0.2)] = day - 60
    rows.referred[some] = g.random(customers) < 0.2
    rows.birthday[some] = g.integers(0, 365, customers)
    rows.card[some] = g.integers(0, 4, customers)
    rows.card_expiry[some] = day + g.integers(-30, 120, customers)
    rows.tier_shock_day[where(0.1)] = day  # downgraded at the last close
    near = where(0.2)
    rows.month_average[near] = (rows.month_average[near] * 0 + 1) * g.choice([17_500_000, 19_000_000, 28_000_000])
    state.sums.class_total = rows.balance.sum(axis=0)
    state.sums.cohort_fen = rows.balance[rows.cohort > 0].sum()
    state.sums.opening_assigned = g.choice([0.0, 0.5, 0.9])
    state.sums.hazard_mean = g.uniform(0.3, 2.0, 2)
    state.sums.hazard_level = g.uniform(0.3, 1.2, 2)
    state.sums.phase = tally.WINDOW
    state.sums.cards = np.count_nonzero(rows.card > 0)
    state.sums.special_cards = np.count_nonzero(rows.special > 0)
    return state


def some_month(g: np.random.Generator) -> months.Month:
    """A month somewhere in the horizon; some days closed, rarely all of them."""
    index, days = int(g.integers(0, 18)), int(g.choice([28, 30, 31]))
    weights = g.gamma(4.0, 0.25, days) * (g.random(days) < 0.7)
    if g.random() < 0.1:
        weights[:] = 0.0
    festival = int(g.choice([-1, index * 30 + 5]))
    return months.Month(index, index * 30, days, int(g.integers(0, 4)), festival, weights)


class Pair:
    """The same month for the kernels and for the reference."""

    def __init__(self, case: int, **changes: Any) -> None:
        g = np.random.default_rng(case)
        self.scenario = with_values(BASELINE, some_settings(g) | changes)
        self.month = some_month(g)
        self.state = some_state(g, self.scenario, self.month)
        self.address = Address(case, int(g.integers(0, 5)), 0)
        self.policy = months.policy_of(self.scenario, OPEN_DAYS_PER_YEAR)
        self.team = months.team_of(self.scenario)
        horizon = self.month.first_day + int(g.integers(20, 120))  # entries after the last day are forgotten
        self.agenda = dates.make(horizon, 100_000)
        self.plain = reference.Branch(self.state, self.scenario, self.address, OPEN_DAYS_PER_YEAR)
        self.plain.last_day = horizon

    def open(self) -> None:
        months.open_month(self.state, self.agenda, self.policy, self.address, self.team, self.month)
        self.plain.open_month(self.month)

    def close(self) -> None:
        g = np.random.default_rng(7)
        for row, c in zip(self.state.book, self.plain.people, strict=True):  # some flows within the month
            row.flow_days = c["flow_days"] = int(g.integers(-(10**6), 10**10))
            row.month_start = c["month_start"] = int(g.integers(0, 10**9))
        self.state.sums.class_days = self.plain.class_days = [int(x) for x in g.integers(0, 10**12, 5)]
        months.close_month(self.state, self.policy, self.address, self.month)
        self.plain.close_month(self.month)

    def differences(self) -> list[str]:
        """Where the two differ: every column of every row, every entry of the agenda, every sum and count."""
        found = []
        rows = self.state.book
        for name in rows.dtype.names:
            wanted = np.array([c[name] for c in self.plain.people])
            if rows[name].dtype.kind == "f":
                same = np.isclose(rows[name], wanted, rtol=1e-12, atol=0.0)
            else:
                same = rows[name] == wanted
            found += [f"{name} of row {i}" for i in np.unique(np.nonzero(~same)[0])]
        filed = entries(self.agenda)
        found += [f"entry {entry} is too much" for entry in filed - set(self.plain.entries)]
        found += [f"entry {entry} is missing" for entry in set(self.plain.entries) - filed]
        if len(set(self.plain.entries)) != len(self.plain.entries) or len(filed) != self.agenda.state[1]:
            found.append("an entry is filed twice")
        sums = ("class_total", "class_days", "accounts", "cohort_fen", "cohort_drift_fen")
        for name in (*sums, "cards", "special_cards", "card_stock", "co_managed", "teller_lists"):
            if np.any(self.state.sums[name] != np.array(getattr(self.plain, name))):
                found.append(name)
        counted = self.state.sums.tally[tally.WINDOW]
        wanted = np.array([self.plain.counts[n] for n in range(tally.WIDTH)])
        found += [name for name, n in tally.COLUMN.items() if not np.isclose(counted[n], wanted[n], rtol=1e-12, atol=0)]
        return found


def entries(agenda: dates.Agenda) -> set[tuple[int, int, int, int, int]]:
    """All entries of an agenda: day, kind, who, number, amount."""
    found = set()
    for day, entry in enumerate(agenda.first):
        while entry >= 0:
            row = agenda.entries[entry]
            found.add((day, int(row.kind), int(row.who), int(row.number), int(row.amount)))
            entry = row.next
    return found


@pytest.mark.parametrize("case", CASES)
def test_opening_and_closing_equal_the_reference(case: int) -> None:
    pair = Pair(case)
    pair.open()
    assert pair.differences() == []
    pair.close()
    assert pair.differences() == []


def test_the_cases_reach_every_kind_of_entry_and_every_stage() -> None:
    """A reference that is never asked proves nothing."""
    kinds: set[int] = set()
    moved = np.zeros(7, bool)
    for case in CASES:
        pair = Pair(case)
        before = pair.state.book.stage.copy()
        pair.open()
        kinds |= {kind for _, kind, _, _, _ in entries(pair.agenda)}
        moved[np.unique(before[before != pair.state.book.stage])] = True
    wanted = {dates.MATURITY, dates.ARRIVE, dates.JOIN, dates.NOTICE, dates.ASSIGN, dates.ALERT, dates.TASK}
    assert kinds == wanted | {dates.RESIGN, dates.VISIT, dates.CARD}
    assert moved[[1, 2, 3, 4]].all()


def test_the_comparison_sees_a_small_fault() -> None:
    pair = Pair(0)
    pair.open()
    pair.state.book.balance[5, 2] += 1
    pair.plain.entries.pop()
    pair.state.sums.tally[tally.WINDOW, tally.STAFF_YUAN] += 0.01
    found = pair.differences()
    assert "balance of row 5" in found
    assert any("too much" in line for line in found)
    assert "staff_yuan" in found
    assert len(found) == 3


@pytest.mark.parametrize("case", range(6))
def test_hazards_and_their_scale_equal_the_reference(case: int) -> None:
    from vipsim.customers.lifecycle import monthly_hazard, observe_hazards

    pair = Pair(case)
    state, plain, day = pair.state, pair.plain, pair.month.first_day
    level = np.array([0.7, 1.1])
    observe_hazards(state, pair.policy, level, int(state.sums.next_prospect), day)
    plain.hazard_mean = plain.opening_means(day)
    plain.hazard_level = list(level)
    assert state.sums.hazard_mean == pytest.approx(plain.hazard_mean, rel=1e-12)
    invited = pair.scenario.lifecycle.offer_invites_share * pair.scenario.lifecycle.rescue_offer_share * 100.0
    for i, c in enumerate(plain.people[: plain.known]):
        for quarter in (0, 3):
            got = monthly_hazard(state, pair.policy.hazards, i, day, quarter, invited)
            assert got == pytest.approx(plain.hazard(c, day, quarter), rel=1e-12)


@pytest.mark.parametrize("case", range(6))
def test_no_hazard_exceeds_its_bound(case: int) -> None:
    """The opening computes a hazard only where the draw lies above 1 - bound."""
    from vipsim.customers.lifecycle import monthly_hazard, most_hazard

    pair = Pair(case)
    state, ratios, day = pair.state, pair.policy.hazards, pair.month.first_day
    nearest = 0.0
    for i in np.flatnonzero(state.book.contact_load <= ratios.fatigue_from):
        for quarter in (-1, 0, 3):
            hazard = monthly_hazard(state, ratios, i, day, quarter, 0.3)
            bound = most_hazard(state, ratios, int(state.book.vip_group[i]), 0.3)
            assert hazard <= bound
            nearest = max(nearest, hazard / bound if bound > 0.0 else 1.0)
    assert nearest > 0.05  # a bound that nobody comes near would save nothing
