"""Life cycle and assets against closed forms: outflows, rescue, maturities, what stays at the end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from years import Year, branch, world_of

from vipsim import agenda as dates
from vipsim import tally as t
from vipsim.customers.assets import grow, kept_share, mature
from vipsim.customers.book import DECLINE, DEVELOPMENT, EXITED, EXPLORATION, MATURITY, NOTICE
from vipsim.customers.lifecycle import leave, rescue
from vipsim.customers.segments import DEMAND, TIME, WEALTH_PRODUCT
from vipsim.customers.state import State, begin
from vipsim.draws import Address
from vipsim.month import policy_of, terminal_value
from vipsim.scenario.resolve import with_values

WHOLE_BOOK = {"book.customers": 24_000, "book.prospects": 6000}
NO_EFFECTS = {
    "lifecycle.causal_share": 0.0,
    "lifecycle.contact_effect_share": 0.0,
    "lifecycle.complaint_ratio": 1.0,
    "lifecycle.wait_ratio": 1.0,
    "response.fatigue_share": 0.0,
}
NO_RESCUE = {"lifecycle.rescue_share": 0.0}
ONLY_NOTICES = NO_RESCUE | {"assets.leave_share": 0.0}  # the other large outflow is a maturity


def z_score(hits: float, n: float, p: float) -> float:
    """How many standard errors a count of hits lies from its expectation."""
    return float((hits - n * p) / math.sqrt(n * p * (1.0 - p)))


def lost(scenario: Any, replications: int = 3) -> dict[str, tuple[int, int]]:
    """Of VIPs and of others in the cohort: how many, and how many lost half their assets or more in the window."""
    found = {"vip": np.zeros(2, int), "ordinary": np.zeros(2, int)}
    for n in range(replications):
        rows = Year(scenario, 3, n).run().branch.state.book
        for name, group in (("vip", rows.opening_tier > 0), ("ordinary", rows.opening_tier == 0)):
            inside = group & (rows.cohort > 0)
            found[name] += [np.count_nonzero(inside), np.count_nonzero(inside & (rows.lost > 0))]
    return {name: (int(n), int(hits)) for name, (n, hits) in found.items()}


# ------------------------------------------------------------------------------------------ outflows


@pytest.mark.parametrize("yearly", [0.1, 0.45])
def test_with_constant_hazards_the_year_loses_the_stated_share(yearly: float) -> None:
    """All ratios 1: a share 1 - exp(-12 h) of the cohort gives notice in a year; every notice ends in an outflow."""
    rates = {"lifecycle.vip_outflow_per_year": yearly, "lifecycle.ordinary_outflow_per_year": yearly}
    found = lost(branch(WHOLE_BOOK | NO_EFFECTS | ONLY_NOTICES | rates | {"lifecycle.quarter4_vip_ratio": 1.0}))
    for n, hits in found.values():
        assert abs(z_score(hits, n, yearly)) < 4.0


def test_the_z_score_sees_a_wrong_rate() -> None:
    n, hits = lost(branch(WHOLE_BOOK | NO_EFFECTS | ONLY_NOTICES), 1)["ordinary"]
    assert abs(z_score(hits, n, 0.08)) < 4.0
    assert abs(z_score(hits, n, 0.095)) > 4.0


def test_the_opening_book_under_todays_policy_reproduces_the_observed_rates() -> None:
    """Notices less rescues, and maturities that take half the assets, together.

    Allowed beside luck: 5 % for the pilot, which scales the hazards by the expectation of one run.
    """
    for name, (n, hits) in lost(branch(WHOLE_BOOK), 6).items():
        observed = {"vip": 0.11, "ordinary": 0.08}[name]
        luck = 3.0 * math.sqrt(observed * (1.0 - observed) / n)
        assert abs(hits / n - observed) < luck + 0.05 * observed


def test_stages_and_exits_are_the_absorbing_chain() -> None:
    """Constant hazards: the book after every opening is the opening book times the power of the month's matrix.

    Exploration, development, maturity; notice is absorbing, because nobody is rescued and everybody closes.
    """
    alike = {"lifecycle.vip_outflow_per_year": 0.3, "lifecycle.ordinary_outflow_per_year": 0.3}
    chain = {
        "lifecycle.close_share": 1.0,
        "lifecycle.decline_below_share": 0.0,
        "lifecycle.quarter4_vip_ratio": 1.0,
        "lifecycle.win_back_per_year": 0.0,
        "response.win_back_share": 0.0,
        "response.referral_per_year": 0.0,
        "response.prospect_join_share": 0.0,
        "book.laws.relations.notice_share": 0.0,
        "book.laws.relations.tenure_mean_months": 12.0,
    }
    scenario = branch({"book.customers": 12_000} | NO_EFFECTS | ONLY_NOTICES | alike | chain)
    world = world_of(scenario)._replace(level=np.ones(2))
    year = Year(scenario, 3, world=world).run()
    life = scenario.lifecycle
    grows = [1.0 - math.exp(-1.0 / months) for months in (life.exploration_months, life.development_months)]
    stays = 0.7 ** (1.0 / 12.0)
    matrix = stays * np.array([[1.0 - grows[0], grows[0], 0.0], [0.0, 1.0 - grows[1], grows[1]], [0.0, 0.0, 1.0]])
    opening = np.bincount(year.world.opening.stage[: year.world.customers], minlength=7)
    assert opening[[1, 2, 3, 4]].min() > 100
    begun = opening[1:4].astype(float)
    first = begun @ matrix
    first[1] += opening[4] * stays  # who declined recovers at once, because nobody is weak
    expected = first @ np.linalg.matrix_power(matrix, year.months - 1)
    found = np.bincount(year.branch.state.book.stage[: year.world.customers], minlength=7)
    n = opening.sum()
    for stage, wanted in zip((1, 2, 3), expected, strict=True):
        assert abs(z_score(found[stage], n, wanted / n)) < 4.0
    assert found[4] == 0
    assert abs(z_score(found[EXITED] + found[NOTICE], n, 1.0 - stays**year.months)) < 4.0


def test_customers_in_notice_at_the_start_leave_when_it_runs_out() -> None:
    year = Year(branch(NO_RESCUE | {"book.laws.relations.notice_share": 0.3, "lifecycle.win_back_per_year": 0.0}))
    begun = year.world.opening.stage == NOTICE
    assert begun.sum() > 200
    year.run_month(0)
    rows = year.branch.state.book
    again = (rows.stage == NOTICE) & (rows.stage_since >= 0)
    assert (begun & (rows.stage == NOTICE) & ~again).sum() == 0
    gone = rows.balance[begun].sum() / year.world.opening.balance[begun].sum()
    assert 0.05 < gone < 0.5


def test_an_outflow_takes_the_stated_part() -> None:
    """A share closes the account, the others take a part spread evenly between the two bounds."""
    scenario = branch({"lifecycle.close_share": 0.3, "lifecycle.part_low_share": 0.5, "lifecycle.part_high_share": 0.9})
    state, policy = in_notice(scenario)
    n = len(state.book)
    for i in range(n):
        leave(state, Address(3, 0, 0), policy.lifecycle, i, 30, 1)
    closed = state.book.stage == EXITED
    assert abs(z_score(closed.sum(), n, 0.3)) < 4.0
    taken = 1.0 - state.book.balance[~closed].sum(axis=1) / 1_000_000
    assert taken.min() >= 0.5 - 1e-5
    assert taken.max() <= 0.9 + 1e-5
    assert abs(taken.mean() - 0.7) < 4.0 * taken.std() / math.sqrt(taken.size)


# ------------------------------------------------------------------------------------------ rescue


def in_notice(scenario: Any, n: int = 8000) -> tuple[State, Any]:
    """n customers alike who gave notice on day 0, each with 10,000 yuan, and the policy."""
    one = world_of(scenario).opening[:1]
    rows = np.repeat(one, n).view(np.recarray)
    rows.stage[:] = NOTICE
    rows.stage_since[:] = 0
    rows.balance[:] = 200_000
    rows.time_maturity[:] = rows.product_maturity[:] = 20
    rows.time_term[:] = 365
    rows.relationship[:] = 0.5
    return begin(rows, n), policy_of(scenario, 250.0)


def rescued_by_try(state: State, policy: Any, effort: float = 1.0) -> list[tuple[int, int]]:
    """Tries and successes of the first, second ... rescue contact until nobody may be tried again."""
    found = []
    for _ in range(5):
        before = state.book.stage == NOTICE
        for i in np.flatnonzero(before):
            rescue(state, Address(3, 0, 0), policy.lifecycle, effort, i)
        found.append((int(before.sum()), int((before & (state.book.stage != NOTICE)).sum())))
    return found


@pytest.mark.parametrize(("offer", "effort"), [(0.0, 1.0), (0.01, 1.0), (0.0, 0.1)])
def test_each_further_rescue_contact_succeeds_less_often(offer: float, effort: float) -> None:
    scenario = branch({"lifecycle.rescue_offer_share": offer})
    state, policy = in_notice(scenario)
    life = scenario.lifecycle
    found = rescued_by_try(state, policy, effort)
    lift = effort * (1.0 + life.offer_effect_ratio * offer * 100.0)
    for place, (n, hits) in enumerate(found[: life.rescue_most]):
        assert abs(z_score(hits, n, life.rescue_share * lift * life.rescue_next_ratio**place)) < 4.0
    assert [hits for _, hits in found[life.rescue_most :]] == [0, 0]
    kept = sum(hits for _, hits in found)
    counted = state.sums.tally.sum(axis=0)
    assert counted[t.RESCUED] == kept
    assert counted[t.OFFER_YUAN] == pytest.approx(kept * offer * 10_000.0)


# ------------------------------------------------------------------------------------------ growth by stage


def saved_by_stage(ratios: list[float]) -> np.ndarray:
    """What comes here of a month's saving of five customers alike, one in each stage, fen."""
    state, policy = in_notice(branch({"assets.stage_wallet_ratio": ratios}), 5)
    book = state.book
    book[:] = book[0]
    book.stage[:] = np.arange(EXPLORATION, NOTICE + 1)
    before = book.balance.sum(axis=1)
    total = np.zeros(5, np.int64)
    grow(state, policy.assets, policy.levels, policy.cuts, np.arange(5, dtype=np.int32), 5, np.zeros(5), 30, total)
    assert np.array_equal(total, book.balance.sum(axis=1))
    return np.asarray(book.balance.sum(axis=1) - before)


def test_savings_come_here_by_stage_and_never_more_than_is_saved() -> None:
    """Y02-Y05: the part of saving that comes here goes with the stage's ratio, up to all of it."""
    alike = saved_by_stage([1.0] * 5)
    assert alike.min() == alike.max() > 0
    ratios = [0.5, 1.3, 1.0, 0.7, 0.0]
    assert saved_by_stage(ratios) == pytest.approx(alike * ratios, abs=1.0)
    most = saved_by_stage([1e9, 1.0, 2e9, 1.0, 1.0])
    assert most[0] == most[2] > most[1]


def test_of_equal_assets_those_in_development_grow_fastest() -> None:
    """Y03 over the baseline's window: log growth within classes of opening assets, development against the others."""
    found: list[list[np.ndarray]] = []
    for n in range(4):
        year = Year(branch(WHOLE_BOOK), 5, n)
        opening, after = (int(np.count_nonzero(year.world.phases < p)) for p in (t.WINDOW, t.RUN_OFF))
        for index in range(opening):
            year.run_month(index)
        first = year.branch.state.book.copy()
        for index in range(opening, after):
            year.run_month(index)
        last = year.branch.state.book[: first.size]
        had, have = first.balance.sum(axis=1), last.balance.sum(axis=1)
        kept = (had > 100_000) & (last.lost == 0) & (have > 0)
        found.append([first.stage[kept], np.log(had[kept]), np.log(have[kept] / had[kept])])
    stage, had, growth = (np.concatenate(x) for x in zip(*found, strict=True))
    size = np.searchsorted(np.quantile(had, np.linspace(0.0, 1.0, 21)[1:-1]), had)
    for other in (EXPLORATION, MATURITY, DECLINE):
        more, variance = [], []
        for n in range(20):
            a, b = (growth[(size == n) & (stage == s)] for s in (DEVELOPMENT, other))
            if min(a.size, b.size) > 5:
                more.append(a.mean() - b.mean())
                variance.append(a.var() / a.size + b.var() / b.size)
        assert sum(more) > 4.0 * math.sqrt(sum(variance))


# ------------------------------------------------------------------------------------------ maturities


@pytest.mark.parametrize("reminded", [False, True])
@pytest.mark.parametrize("vip", [False, True])
def test_each_help_keeps_its_share_of_what_would_go(reminded: bool, vip: bool) -> None:
    scenario = branch({"assets.rate_premium_share": 0.005})
    flows = scenario.assets
    goes = 1.0 - flows.roll_over_share
    goes *= 1.0 - flows.reminded_share if reminded else 1.0
    goes *= 1.0 - flows.premium_effect_share * 0.5 if vip else 1.0
    record = policy_of(scenario, 250.0).assets
    assert kept_share(record, reminded, vip) == pytest.approx(1.0 - goes, rel=1e-12)


@pytest.mark.parametrize("product", [TIME, WEALTH_PRODUCT])
def test_matured_money_rolls_over_leaves_or_stays_as_demand(product: int) -> None:
    scenario = branch()
    state, policy = in_notice(scenario)
    rows, n = state.book, len(state.book)
    rows.stage[:] = MATURITY
    rows.reminded[::2] = 1 << product
    rows.tier[:] = 0
    agenda = dates.make(1000, 10)
    for i in range(n):
        mature(state, agenda, Address(3, 0, 0), policy.assets, i, product, 20, 1)
    flows = scenario.assets
    alone = flows.roll_over_share
    reminded = 1.0 - (1.0 - alone) * (1.0 - flows.reminded_share)
    for which, kept in ((slice(0, n, 2), reminded), (slice(1, n, 2), alone)):
        some = rows[which]
        rolled = some.balance[:, product] > 0
        assert abs(z_score(rolled.sum(), n / 2, kept)) < 4.0
        left = ~rolled & (some.balance[:, DEMAND] == 200_000)
        assert abs(z_score(left.sum(), (~rolled).sum(), flows.leave_share)) < 4.0
    due = rows.time_maturity if product == TIME else rows.product_maturity
    rolled = rows.balance[:, product] > 0
    assert (due[rolled] == 20 + (365 if product == TIME else flows.product_term_days)).all()
    assert (due[~rolled] == -1).all()
    assert (rows.reminded == 0).all()
    counted = state.sums.tally.sum(axis=0)
    left_fen = counted[t.MATURED_FEN] - counted[t.MATURED_KEPT_FEN]
    assert left_fen == counted[t.LEFT_FEN] == rows.elsewhere.sum() - n * int(world_of(scenario).opening[0].elsewhere)


def test_a_product_that_matures_within_the_month_of_its_making_is_not_forgotten() -> None:
    always = {"assets.leave_share": 0.0, "assets.roll_over_share": 0.95, "assets.reopen_share": 1.0}
    year = Year(branch(always | {"assets.product_term_days": 7})).run()
    rows = year.branch.state.book
    due = rows.product_maturity[rows.product_maturity >= 0]
    assert due.size > 50
    assert due.min() >= year.world.starts[-2] - 31  # nothing overdue for more than the present month


def test_the_mix_of_product_classes_does_not_run_away_under_todays_policy() -> None:
    """A branch that goes on as today stays a branch of today: no class loses half of its share in a year and a half."""
    year = Year(branch(WHOLE_BOOK))
    before = year.world.opening.balance.sum(axis=0)
    after = year.run().branch.state.book.balance.sum(axis=0)
    change = (after / after.sum()) / (before / before.sum())
    assert change.min() > 0.5
    assert change.max() < 2.0


# ------------------------------------------------------------------------------------------ what stays


def test_terminal_value_is_a_geometric_sum_when_hazards_are_constant() -> None:
    scenario = with_values(branch(NO_EFFECTS | ONLY_NOTICES), {"money.terminal_months": 24})
    year = Year(scenario, 3).run()
    life, rows = scenario.lifecycle, year.branch.state.book
    alive = (rows.stage > 0) & (rows.stage < EXITED)
    monthly = (rows.balance * np.array(scenario.money.margin_per_year)).sum(axis=1) / 100.0 / 12.0
    part = life.close_share + (1.0 - life.close_share) * (life.part_low_share + life.part_high_share) / 2.0
    value = 0.0
    for group, yearly in ((0, life.ordinary_outflow_per_year), (1, life.vip_outflow_per_year)):
        level = year.branch.state.sums.hazard_level[group]
        stays = 1.0 - (1.0 - (1.0 - yearly) ** (level / 12.0)) * part
        value += monthly[alive & (rows.vip_group == group)].sum() * stays * (1.0 - stays**24) / (1.0 - stays)
    assert year.outcome(scenario).kpis["terminal_value_yuan"] == pytest.approx(value, rel=1e-9)


def test_maturities_lower_what_stays() -> None:
    """The same book is worth less at the end where maturing money leaves at its rate."""
    year = Year(branch({"assets.leave_share": 0.5})).run()
    state, policy, end = year.branch.state, year.world.policy[0], int(year.world.starts[-1])
    with_maturities = terminal_value(state, policy, end)
    kept = policy_of(branch({"assets.leave_share": 0.0}), 250.0)
    assert 0.5 * terminal_value(state, kept, end) < with_maturities < 0.98 * terminal_value(state, kept, end)
