"""What an optimiser will try (MODEL.md): each exploit, and the mechanism by which it does not pay."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from years import Year, branch, kpis, world_of

from vipsim import simulate
from vipsim import tally as t
from vipsim.customers.book import EXITED, MATURITY
from vipsim.customers.lifecycle import hazard_ratio, monthly_hazard
from vipsim.customers.segments import TIME
from vipsim.customers.state import begin
from vipsim.month import policy_of
from vipsim.outreach.triggers import REASONS
from vipsim.scenario.schema import Scenario
from vipsim.statistics import paired_difference
from vipsim.tally import RUN_OFF, WINDOW

BY_MESSAGE = {f"outreach.triggers.{reason}.channel": "sms" for reason in REASONS}
NO_OUTREACH = {f"outreach.triggers.{reason}.on": False for reason in REASONS}
WEEKLY = {"outreach.plan_contacts_per_year": [52.0] * 9}
NO_MANAGERS = {"staff.relationship_manager.employed": 0}
NOBODY = NO_MANAGERS | {
    "staff.teller.employed": 2,
    "staff.lobby_manager.employed": 1,
    "staff.lobby_manager.on_duty": 1,
    "staff.head.employed": 0,
}


@cache
def outlet() -> Scenario:
    """The whole baseline outlet: exploits are weighed on it."""
    return branch({"book.customers": 24_000, "book.prospects": 6000})


def gains(changes: dict[str, Any], replications: int = 4, both: dict[str, Any] | None = None) -> dict[str, float]:
    """Mean change of every KPI by a change of the window's policy, today's policy as it is; ``both`` holds in both."""
    size = {"book.customers": 24_000, "book.prospects": 6000}
    changed, plain = (branch(size | (both or {}) | more) for more in (changes, {}))
    one, other = kpis(changed, replications), kpis(plain, replications)
    return {name: float(np.mean(one[name] - other[name])) for name in one}


def one_customer(**columns: Any) -> tuple[Any, Any]:
    """A state with one VIP of the baseline, without anything that moves the hazard, and the policy."""
    rows = world_of(branch()).opening[:1].copy()
    rows.stage[:] = MATURITY
    rows.balance[:] = 0
    rows.balance[:, 0] = 50_000_000
    rows.extra_products[:] = rows.ebank[:] = rows.contact_load[:] = rows.relationship[:] = 0
    rows.owner[:] = rows.last_talk[:] = rows.last_contact[:] = -10_000
    rows.vip_group[:] = rows.tier[:] = 1
    for name, value in columns.items():
        rows[name][:] = value
    return begin(rows, 1), policy_of(branch(), 250.0)


def ratio_of(**columns: Any) -> float:
    state, policy = one_customer(**columns)
    return float(hazard_ratio(state, policy.hazards, 0, 0))


# ------------------------------------------------------------------------------------------ contacts


def test_fifty_messages_are_not_fifty_calls() -> None:
    """A message cares for a twentieth of a meeting, annoys like any contact, and is no talk with the owner."""
    channels = branch().outreach
    assert channels is not None
    messages = {"care": 50 * channels.sms.care_ratio, "contact_load": 50.0, "owner": 0}
    calls = {"care": 12 * channels.phone.care_ratio, "contact_load": 12.0, "owner": 0, "last_talk": -1}
    assert ratio_of(**messages) >= 1.0
    assert ratio_of(**calls) < 0.85


@pytest.mark.parametrize("more", [{}, WEEKLY])
def test_messages_do_not_replace_the_managers_calls(more: dict[str, Any]) -> None:
    found = gains(BY_MESSAGE | more)
    assert found["net_retained_value_yuan"] < 0.0
    assert found["vip_churn_share"] > 0.0
    assert found["coverage_share"] < -0.3
    assert found["maintained_share"] < -0.2
    assert found["satisfaction_index"] < 0.0


def test_messages_cannot_be_stacked_either() -> None:
    """Fatigue and the month's cap: weekly messages do no better than the plan's messages."""
    weekly, planned = gains(BY_MESSAGE | WEEKLY), gains(BY_MESSAGE)
    assert weekly["vip_churn_share"] > planned["vip_churn_share"] - 0.01
    assert weekly["net_retained_value_yuan"] < 0.1 * abs(planned["net_retained_value_yuan"])


def test_asking_for_weekly_contacts_of_everybody_does_not_pay() -> None:
    """A plan makes no minutes: fewer of the planned contacts are made, fewer VIPs are maintained and content.

    Ranked by gain, the most neglected still come first, so churn and value stay what they are as far as twelve
    paired replications tell: neither is better beyond chance.
    """
    size = {"book.customers": 24_000, "book.prospects": 6000}
    weekly, plain = kpis(branch(size | WEEKLY), 12), kpis(branch(size), 12)
    for name, most in (("coverage_share", -0.4), ("maintained_share", -0.1), ("satisfaction_index", -0.1)):
        assert np.mean(weekly[name] - plain[name]) < most, name
    for name, better in (("vip_churn_share", -1.0), ("net_retained_value_yuan", 1.0)):
        interval = paired_difference(better * plain[name], better * weekly[name]).ci95
        assert interval is not None
        assert interval[0] < 0.0, name  # no gain that chance would not give


def test_assigning_everybody_without_a_contact_does_nothing() -> None:
    """Effects come from contacts made, never from the label of being assigned."""
    still = NO_OUTREACH | {"lobby.meetings.meet_share": 0.0, "lobby.guidance.own_meet_share": 0.0}
    still |= {"money.turnover_per_year": 0.0, "grid.perk_yuan_per_year": [0.0] * 9}  # perks are care, and are paid for
    still |= {"ownership.teller_from_yuan": 10_000.0, "ownership.transfer_loss_share": 0.0}
    nobody = branch(still | {"ownership.assigned_share": 0.0})
    everybody = branch(still | {"ownership.assigned_share": 1.0})
    one, other = (Year(s, 2).run().branch.state.book for s in (nobody, everybody))
    assert (other.owner >= 0).sum() > (one.owner >= 0).sum() + 50
    for column in ("balance", "elsewhere", "lost", "stage", "tier", "care", "drift"):
        assert np.array_equal(one[column], other[column]), column


def test_ratios_cannot_be_stacked_to_nothing() -> None:
    """The hazard floor: the best kept customer of all still leaves at a fixed part of the observed rate."""
    best = {
        "extra_products": 12, "owner": 0, "last_talk": -1, "care": 1000.0, "ebank": 2, "relationship": 1.0,
        "balance": 1_000_000,
    }  # fmt: skip
    state, policy = one_customer(**best)
    life = branch().lifecycle
    assert life is not None
    assert hazard_ratio(state, policy.hazards, 0, 0) < life.floor_ratio
    lowest = monthly_hazard(state, policy.hazards, 0, 0, -1, 0.0)
    yearly = 1.0 - np.exp(-12.0 * lowest)
    assert yearly == pytest.approx(1.0 - (1.0 - life.vip_outflow_per_year) ** life.floor_ratio)
    assert yearly > 0.3 * life.vip_outflow_per_year


# ------------------------------------------------------------------------------------------ labels


def test_raising_the_cut_does_not_lower_churn_by_relabelling() -> None:
    """Cohorts with opening tiers: the same people are counted, whatever card they hold later."""
    cut = {"tiers.standard_yuan": 1_000_000.0}
    changed = branch({"book.customers": 24_000, "book.prospects": 6000} | cut)
    years = [Year(s, 1) for s in (outlet(), changed)]
    for year in years:
        for index in range(15):  # to the end of the window
            year.run_month(index)
    one, other = (year.branch.state.book for year in years)
    assert np.array_equal(one.opening_tier, other.opening_tier)
    assert np.array_equal(one.cohort, other.cohort)
    assert np.array_equal(one.vip_group, other.vip_group)
    assert (other.tier > 0).sum() < 0.5 * (one.tier > 0).sum()
    found = gains(cut, both={"cards.fee_yuan": 0.0})  # what the fee takes from those left below is a lever of its own
    assert found["vip_churn_share"] > -0.003
    assert found["vip_downgrade_share"] > 0.0
    assert found["retained_assets_yuan"] < 0.0
    saved = -found["cost_service_yuan"]
    assert found["net_retained_value_yuan"] < 1.2 * saved  # what is not spent on services, and no more


def test_not_recognising_customers_does_not_improve_their_waits() -> None:
    """Waits go by the true class."""
    blind = {"lobby.identification.threshold_lobby_manager_score": 20.0, "lobby.triage.card_shown_share": 0.0}
    blind |= {"channels.memory_half_visits": 1e9, "lobby.referral.interested_share": 0.0}
    nobody_expected = NO_OUTREACH | {"cards.may_issue": False}  # no appointments: whoever is expected is known
    found = gains(blind, both=nobody_expected)
    assert found["identification_sensitivity"] < -0.5
    assert found["vip_wait_p90_min"] > 0.0


def test_who_gives_up_is_counted_with_the_wait_until_the_call() -> None:
    """Losing the impatient does not improve the waits of the others: everybody who joined has a wait."""
    impatient = {"lobby.counters.patience_ordinary": {"law": "exponential", "mean_min": 3.0}}
    for changes in ({}, impatient):
        year = Year(branch(changes | {"demand.customer_visits_per_year": 15.0}), 1).run()
        counted = year.branch.state.sums.tally[WINDOW]
        samples = year.recorder.samples()
        assert samples["vip_wait_min"].size == counted[t.JOINED_VIP]
        assert samples["ordinary_wait_min"].size == counted[t.JOINED_ORDINARY]
    assert counted[t.ABANDONED_ORDINARY] > 0.1 * counted[t.JOINED_ORDINARY]
    patient, hasty = (kpis(branch(c | {"demand.customer_visits_per_year": 15.0}), 2) for c in ({}, impatient))
    lost_share = hasty["ordinary_abandon_share"] - patient["ordinary_abandon_share"]
    assert (lost_share > 0.05).all()
    assert (hasty["vip_wait_mean_min"] <= patient["vip_wait_mean_min"]).all()  # shorter lines, honestly counted


# ------------------------------------------------------------------------------------------ staff


def test_more_tasks_than_minutes_leave_managers_within_their_day() -> None:
    """Outreach only in idle blocks that fit: booked minutes never exceed paid ones, and the load limit shows it."""
    everything = WEEKLY | {"outreach.most_contacts_per_day": 200, "demand.customer_visits_per_year": 4.0}
    found = kpis(branch({"book.customers": 24_000, "book.prospects": 6000} | everything), 2)
    assert (found["utilisation_relationship_manager"] <= 1.0).all()
    assert (found["utilisation_relationship_manager"] > 0.85).all()  # beyond the limit that studies set
    assert (found["coverage_share"] < 0.5).all()


def test_every_person_costs() -> None:
    for role in ("relationship_manager", "teller", "lobby_manager", "head"):
        employed = getattr(outlet().staff, role).employed
        assert gains({f"staff.{role}.employed": employed + 1}, 2)["cost_staff_yuan"] > 100_000.0
    assistants = outlet().staff.lobby_manager.model_dump() | {
        "employed": 2,
        "on_duty": None,
    }  # L21: interns at the desk
    judge = {"sensitivity_share": 0.4, "specificity_share": 0.9}
    helped = {"staff.lobby_assistant": assistants | {"cost_yuan_per_month": 2500.0}, "lobby.assistants": judge}
    assert gains(helped, 2)["cost_staff_yuan"] > 100_000.0


@pytest.mark.parametrize("dismissed", [NO_MANAGERS, NOBODY])
def test_dismissals_are_paid_for_by_what_no_longer_stays(dismissed: dict[str, Any]) -> None:
    """Terminal value: without it the optimum would be to dismiss everybody; with it most of the saving is lost."""
    found = gains(dismissed, 6)
    saved = -found["cost_total_yuan"]
    assert saved > 500_000.0  # wages, less severance for the posts given up
    without = found["net_retained_value_yuan"] - found["terminal_value_yuan"]
    assert without > 0.5 * saved
    assert found["net_retained_value_yuan"] < 0.3 * saved
    assert found["vip_churn_share"] > 0.02
    assert found["retained_assets_yuan"] < -40e6


def test_dismissals_break_the_limits() -> None:
    found = gains(NOBODY, 2)
    assert found["vip_wait_p90_min"] > 15.0
    assert found["utilisation_teller"] > 0.15


def test_tellers_do_not_inherit_the_managers_customers() -> None:
    """Without managers nobody keeps customers above the managers' cut."""
    year = Year(branch(NO_MANAGERS), 1)
    for index in range(4):
        year.run_month(index)
    rows = year.branch.state.book
    assert set(rows.owner) <= {-1, -2, 40}


# ------------------------------------------------------------------------------------------ money


@pytest.mark.parametrize("offer", [0.002, 0.01])
def test_rescue_offers_invite_threats_and_cost_money(offer: float) -> None:
    found = gains({"lifecycle.rescue_offer_share": offer}, 6)
    assert found["cost_incentive_yuan"] > 0.0
    assert found["win_back_share"] > 0.0
    assert found["vip_churn_share"] > 0.0  # more are won back, yet more leave
    assert found["net_retained_value_yuan"] < 0.0


def test_a_rate_premium_is_paid_on_every_eligible_balance() -> None:
    """Also on money that would have stayed: the premium of a month is due on all time deposits of all VIPs."""
    premium = 0.006
    year = Year(branch({"assets.rate_premium_share": premium}), 1)
    due = 0.0
    for index in range(year.months):
        year.run_month(index)
        rows = year.branch.state.book
        if year.world.phases[index] == WINDOW:
            eligible = (rows.tier > 0) & (rows.stage != EXITED)
            due += rows.balance[eligible, TIME].sum() / 100.0 * premium / 12.0
    assert year.outcome(year.scenario).kpis["cost_premium_yuan"] == pytest.approx(due)
    assert due > 0.0


def test_a_rate_premium_costs_more_than_it_keeps() -> None:
    for premium in (0.002, 0.01):
        found = gains({"assets.rate_premium_share": premium})
        assert found["retained_assets_yuan"] > 0.0
        assert found["net_retained_value_yuan"] < 0.0


def test_hot_money_leaves_again() -> None:
    """Part of what a premium attracts leaves when its window ends, the more the hotter."""
    left = []
    for hot in (0.0, 0.5, 1.0):
        changes = {"assets.rate_premium_share": 0.01, "response.hot_share": hot, "response.hot_days": 60}
        year = Year(branch(changes | {"book.customers": 6000}), 1).run()
        left.append(year.branch.state.sums.tally[[WINDOW, RUN_OFF], t.HOT_LEFT_FEN].sum())
    assert left[0] == 0.0
    assert 0.0 < left[1] < left[2]
    cold, hot_money = (
        gains({"assets.rate_premium_share": 0.01, "response.hot_share": share, "response.hot_days": 60})
        for share in (0.0, 1.0)
    )
    assert hot_money["new_assets_yuan"] < cold["new_assets_yuan"] - 1e6
    assert hot_money["retained_assets_yuan"] < cold["retained_assets_yuan"]


def test_prospects_are_finite_and_no_part_of_what_is_retained() -> None:
    crowd = {
        "response.referral_per_year": 12.0,
        "response.referral_from_share": 0.3,
        "response.referral_join_share": 1.0,
    }
    crowd["calendar.run_in_months"] = 0
    year = Year(branch(crowd | {"book.prospects": 40}), 1).run()
    rows = year.branch.state.book
    assert year.branch.state.sums.next_prospect == rows.size  # exhausted
    joined = rows[year.world.customers :]
    assert (joined.stage > 0).sum() == 40
    outcome = year.outcome(year.scenario)
    cohort = rows.cohort > 0
    assert not cohort[year.world.customers :].any()
    assert outcome.kpis["opening_assets_yuan"] == pytest.approx(rows.opening_assets[cohort].sum() / 100.0)
    many = simulate.replicate(branch(crowd | {"book.prospects": 400}), 1, 0).kpis
    assert many["new_assets_yuan"] > outcome.kpis["new_assets_yuan"]
    assert many["retained_assets_yuan"] < 1.02 * outcome.kpis["retained_assets_yuan"]


def test_wealth_elsewhere_is_finite() -> None:
    """Selling all day brings no more than the customers have."""
    eager = {"response.call_sale_share": 1.0, "response.won_share": 1.0, "response.rival_keep_share": 0.0}
    year = Year(branch(eager | WEEKLY), 1).run()
    rows = year.branch.state.book
    assert (rows.elsewhere >= 0).all()
    counted = year.branch.state.sums.tally.sum(axis=0)
    everything = year.world.opening.elsewhere.sum() * 1.1 + counted[[t.LEFT_FEN, t.HOT_LEFT_FEN, t.TURNOVER_FEN]].sum()
    saved = rows.income.sum() * 100.0 * 1.5
    assert counted[t.WON_FEN] < everything + saved


# ------------------------------------------------------------------------------------------ contact policy


def test_no_plan_breaks_the_contact_policy() -> None:
    """Rest days, the month's cap, refusals and hours hold whatever the plan asks for; a rescue need not rest."""
    scenario = branch({"book.customers": 6000, "outreach.most_contacts_per_month": 3} | WEEKLY)
    year = Year(scenario, 1).run()
    contacts = year.recorder.tables(year.branch.state, year.world.ids, year.world.customers)["contacts"].to_pandas()
    outreach = scenario.outreach
    assert outreach is not None
    rows = year.branch.state.book
    assert len(contacts) > 2000
    assert not rows.do_not_call[contacts["customer"]].any()
    assert contacts["start_min"].between(outreach.call_from_min, outreach.call_until_min).all()
    reached = contacts[contacts["result"] != "not_reached"].sort_values(["customer", "day", "start_min"])
    talks = reached[reached["channel"].isin(["phone", "visit"])]  # messages rest by their channel
    days_since = talks.groupby("customer")["day"].diff()
    urgent = talks["reason"].isin(["outflow_alert", "rescue", "complaint_recovery"])
    assert (days_since[~urgent].dropna() >= outreach.rest_days).all()
    month = np.searchsorted(year.world.starts, reached["day"], side="right")
    people = rows.stage[reached["customer"]] > 0  # prospects have no months
    assert reached[people].groupby([reached["customer"][people], month[people]]).size().max() <= 3
    per_day = contacts.groupby(["day", "staff"]).size()
    assert per_day.max() <= outreach.most_contacts_per_day
