"""What one contact leads to, aim by aim: each chance comes back from many customers alike; others are told apart."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from test_book import z_of_share
from test_month_reference import entries
from test_year_outreach import some_customers

from vipsim import agenda as dates
from vipsim.agenda import ARRIVE
from vipsim.customers.book import EXITED, NEVER
from vipsim.draws import Address
from vipsim.outreach.response import APPOINTED, REMINDED, SOLD, WON_BACK, keeps_appointment, respond
from vipsim.outreach.sales import willingness
from vipsim.outreach.triggers import (
    COMPLAINT_RECOVERY,
    CONTACT_PLAN,
    DOWNGRADE,
    LEAD_FOLLOW_UP,
    MATURITY_REMINDER,
    PHONE,
    VISIT,
    WIN_BACK_CALL,
    is_taken_up,
    make_backlog,
    open_task,
)

AT = Address(1, 0, 0)
DUE = 10
N = 2000


class Told(NamedTuple):
    """N customers alike after one contact each."""

    rows: Any
    results: np.ndarray
    agenda: dates.Agenda
    policy: Any
    scenario: Any


def contact(reason: int, changes: dict[str, Any] | None = None, delay: int = 0, **columns: Any) -> Told:
    """One contact that reached, ``delay`` days after it fell due, with each of N customers alike."""
    state, policy, team, scenario = some_customers(N, changes, **({"appointed": -1} | columns))
    backlog, agenda = make_backlog(N), dates.make(400, 4 * N)
    for i in range(N):
        open_task(state, backlog, policy, AT, team, i, reason, DUE, 30)
    next_open = np.arange(400, dtype=np.int32)
    day = DUE + delay
    results = [respond(state, agenda, backlog, policy, AT, i, 1, 0, day, next_open) for i in range(N)]
    return Told(state.book, np.array(results), agenda, policy, scenario)


def is_share(values: np.ndarray, share: float) -> bool:
    """Whether a share of yes lies within four standard errors of its expectation, and not at half of it."""
    return abs(z_of_share(values, share)) < 4 and abs(z_of_share(values, share / 2)) > 4


# ------------------------------------------------------------------------------------------ leads and calls


@pytest.mark.parametrize(("delay", "of_first"), [(0, 1.0), (7, 0.5), (14, 0.25)])
def test_a_lead_is_worth_half_after_each_week(delay: int, of_first: float) -> None:
    """N11, O02: appointments of those reached."""
    found = contact(LEAD_FOLLOW_UP, delay=delay)
    assert is_share(found.results == APPOINTED, found.scenario.response.appointment_share * of_first)


def test_a_call_of_the_plan_aims_at_a_meeting() -> None:
    """O01: with customers who may not be offered anything."""
    found = contact(CONTACT_PLAN, ask_from=1000)
    assert is_share(found.results == APPOINTED, found.scenario.response.call_visit_share)
    assert not np.any(found.results == SOLD)


def test_an_exact_time_binds_more_and_takes_longer() -> None:
    """O17."""
    for firm in (False, True):
        _, policy, _, scenario = some_customers(1, {"outreach.firm_appointments": firm})
        shows = np.array([keeps_appointment(policy, AT, i, LEAD_FOLLOW_UP, DUE) for i in range(N)])
        share = scenario.response.show_firm_share if firm else scenario.response.show_share
        assert abs(z_of_share(shows, share)) < 4
        assert policy.triggers.extra_min[LEAD_FOLLOW_UP] == (scenario.outreach.firm_min if firm else 0.0)


def test_a_contact_takes_preparation_talk_and_record() -> None:
    """O01, O17, N25."""
    _, policy, _, scenario = some_customers(1)
    for channel, of in ((PHONE, scenario.outreach.phone), (VISIT, scenario.outreach.visit)):
        assert policy.triggers.minutes[channel] == of.prep_min + of.minutes_min + of.record_min
        assert policy.triggers.unreached[channel] == of.unreached_min
        assert of.record_min > 0.0


def test_contacts_of_the_owner_sign_vips() -> None:
    """B07, DV39."""
    found = contact(CONTACT_PLAN, signed=0, tier=1)
    assert is_share(found.rows.signed == 1, found.scenario.ownership.signed_share)
    assert not contact(CONTACT_PLAN, signed=0, tier=0).rows.signed.any()


# ------------------------------------------------------------------------------------------ offers


ALIKE = {f"response.{name}": 1.0 for name in ("saturated_ratio", "unknown_sale_ratio", "known_sale_ratio")}


def sales(changes: dict[str, Any], **columns: Any) -> Told:
    more = ALIKE | {"response.call_sale_share": 0.5, "response.call_visit_share": 0.0}
    return contact(CONTACT_PLAN, more | changes, ask_from=-1, refusals=0, courted=0.0, **columns)


def test_the_wary_are_not_pushed_in_the_first_talk_or_resent_it() -> None:
    """O04, O05: who is hardly known buys seldom when pushed, and trusts less afterwards."""
    wary = {"relationship": 0.3, "last_talk": NEVER}
    waits = sales({}, **wary)
    assert not np.any(waits.results == SOLD)
    pushed = sales({"outreach.pitch_on_first_contact": True}, **wary)
    response = pushed.scenario.response
    assert is_share(pushed.results == SOLD, 0.5 * (0.5 + 0.3) * response.stage_sale_ratio[2] * response.pushed_ratio)
    assert pushed.rows.relationship.max() < waits.rows.relationship.min()
    second = sales({}, relationship=0.3, last_talk=-50)  # the second talk may offer
    assert is_share(second.results == SOLD, 0.5 * (0.5 + 0.3) * response.stage_sale_ratio[2])


def test_stages_answer_offers_differently() -> None:
    """Y02-Y05, Y07: exploration, development, maturity, decline, notice."""
    state, policy, _, scenario = some_customers(5, ALIKE)
    state.book.stage[:] = 1 + np.arange(5)
    found = np.array([willingness(policy, state, i, DUE) for i in range(5)])
    assert found / found[2] == pytest.approx(scenario.response.stage_sale_ratio)
    assert found[1] == found.max()


def test_money_of_a_sale_arrives_weeks_later() -> None:
    """Y14, N27."""
    found = sales({})
    arrivals = np.array([day for day, kind, *_ in entries(found.agenda) if kind == ARRIVE])
    assert arrivals.size == np.count_nonzero(found.results == SOLD) > 100
    response = found.scenario.response
    assert arrivals.min() == DUE + response.lag_days_low
    assert arrivals.max() == DUE + response.lag_days_high


# ------------------------------------------------------------------------------------------ care


def test_a_complaint_may_still_be_solved() -> None:
    """M10, Q03."""
    found = contact(COMPLAINT_RECOVERY, complaint_day=DUE - 1)
    assert is_share(found.rows.complaint_day == NEVER, found.scenario.response.recover_share)


def test_a_downgrade_may_be_forgiven() -> None:
    """T06."""
    found = contact(DOWNGRADE, tier_shock_day=DUE - 1)
    assert is_share(found.rows.tier_shock_day == NEVER, found.scenario.response.forgive_share)


def test_who_has_left_may_come_back() -> None:
    """N18: with money from elsewhere, some days later."""
    found = contact(WIN_BACK_CALL, {"response.win_back_share": 0.2}, stage=EXITED, owner=-1)
    assert is_share(found.results == WON_BACK, 0.2)
    arrivals = [amount for _, kind, _, _, amount in entries(found.agenda) if kind == ARRIVE]
    assert len(arrivals) == np.count_nonzero(found.results == WON_BACK)
    assert 0 <= min(arrivals) < max(arrivals) <= 100_000_000


@pytest.mark.parametrize("channel", ["phone", "sms"])
def test_a_message_is_overlooked_more_easily_than_a_call(channel: str) -> None:
    """O06, O15."""
    told = contact(MATURITY_REMINDER, {"outreach.triggers.maturity_reminder.channel": channel}, time_maturity=DUE + 5)
    heeded = min(1.0, getattr(told.scenario.outreach, channel).response_ratio)
    assert abs(z_of_share(told.results == REMINDED, heeded)) < 4 if heeded < 1.0 else np.all(told.results == REMINDED)
    assert np.array_equal(told.rows.reminded > 0, told.results == REMINDED)
    talks = channel == "phone"
    assert np.all((told.rows.last_talk == DUE) == talks)  # a message maintains nobody


def test_care_of_the_top_tier_is_no_matter_of_discipline() -> None:
    """M12, B05."""
    state, policy, _, scenario = some_customers(N, {"outreach.discipline_share": 0.6})
    top = scenario.outreach.unconditional_tier
    for tier, share in ((top - 1, 0.6), (top, 1.0)):
        state.book.tier[:] = tier
        taken = np.array([is_taken_up(state, policy, AT, i, CONTACT_PLAN, DUE) for i in range(N)])
        assert taken.all() if share == 1.0 else is_share(taken, share)
