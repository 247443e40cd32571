"""What the customer system knows, writes and costs; the alert's threshold; life events; books too large to know."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from test_contacts import contact
from test_knowing_customers import entries_of
from test_year_outreach import some_customers
from years import BASELINE, Year, branch, kpis

from vipsim import agenda as dates
from vipsim import tally
from vipsim.draws import Address
from vipsim.loads import loads
from vipsim.measure import _equipment_a_month
from vipsim.outreach.dates import plan_contacts
from vipsim.outreach.sales import attention, file_after_sale
from vipsim.outreach.triggers import AFTER_SALE, BIRTHDAY, CONTACT_PLAN, LIFE_EVENT, PHONE, REASONS, SMS, score_of
from vipsim.scenario.lifecycle import alert_at

AT = Address(1, 0, 0)
N = 2000
GUESS = {"outreach.system.guess_cv": 2.0}
ANALYSED = GUESS | {"outreach.system.analytics": True}
SHOWN = GUESS | {"outreach.system.all_branches": True, "outreach.system.other_branches_share": 0.5}


# ------------------------------------------------------------------------------------------ what is known


def scores(changes: dict[str, Any], **columns: Any) -> tuple[np.ndarray, np.ndarray]:
    """Scores of N customers of different wealth elsewhere, and that wealth."""
    state, policy, *_ = some_customers(N, changes, ask_from=-1, last_talk=9, **columns)
    state.book.elsewhere[:] = np.exp(np.random.default_rng(1).normal(18.0, 1.0, N)).astype(np.int64)
    return np.array([score_of(state, policy, AT, CONTACT_PLAN, i, 10) for i in range(N)]), state.book.elsewhere.copy()


def likeness(changes: dict[str, Any], **columns: Any) -> float:
    """Correlation of the ranks by score and by the money that could really be won."""
    score, real = scores(changes, **columns)
    return float(np.corrcoef(np.argsort(np.argsort(score)), np.argsort(np.argsort(real)))[0, 1])


def test_analytics_rank_customers_better() -> None:
    """D07, D08: the guess of the wealth elsewhere is nearer to the truth; known wealth ranks best."""
    guessed, analysed, known = (likeness(changes) for changes in (GUESS, ANALYSED, {}))
    assert known > 0.999 > 0.95 > analysed > guessed + 0.05 > 0.3
    none = {"outreach.system.analytics": True, "outreach.system.all_branches": True}
    assert np.array_equal(scores({})[0], scores(none)[0])  # nothing to guess, nothing to gain


def test_all_branches_are_seen_of_the_signed_only() -> None:
    """D02."""
    assert likeness(SHOWN, signed=1) > likeness(GUESS, signed=1) + 0.03
    assert np.array_equal(scores(SHOWN, signed=0)[0], scores(GUESS, signed=0)[0])


def test_a_guess_is_right_on_average() -> None:
    score, _ = scores(GUESS)
    known, _ = scores({})
    assert np.mean(score / known) == pytest.approx(1.0, abs=4 * 2.0 / np.sqrt(N))
    assert np.std(score / known) > 1.0


def test_guesses_win_less_money_with_the_same_contacts() -> None:
    """The ranking matters where there is more to do than time: fewer yuan are won by those who are called."""
    scarce = {"outreach.most_contacts_per_day": 3, "outreach.plan_contacts_per_year": [26.0] * 9}
    won = {}
    for name, changes in (("known", {}), ("guessed", {"outreach.system.guess_cv": 10.0})):
        found = [Year(branch(scarce | changes | {"outreach.discipline_share": 1.0}), replication=n) for n in range(3)]
        won[name] = sum(float(y.run().branch.state.sums.tally[tally.WINDOW, tally.WON_FEN]) for y in found)
    assert won["guessed"] < won["known"]


def test_the_module_writes_half_of_the_record() -> None:
    """D04: minutes of every contact with a record, and so of the managers' day; messages have none."""
    plain, helped = (
        some_customers(1, {"outreach.system.performance_module": on})[1].triggers.minutes for on in (False, True)
    )
    outreach = BASELINE.outreach
    assert outreach is not None
    assert plain[PHONE] - helped[PHONE] == pytest.approx(0.5 * outreach.phone.record_min)
    assert plain[SMS] == helped[SMS]
    asked = [loads(branch({"outreach.system.performance_module": on})) for on in (False, True)]
    assert asked[1]["relationship_manager"].required_min < asked[0]["relationship_manager"].required_min


@pytest.mark.parametrize(
    ("changes", "yuan"),
    [
        ({}, 0.0),
        ({"outreach.system.analytics": True}, 4000.0),
        ({"outreach.system.all_branches": True}, 300.0),
        ({"outreach.system.performance_module": True}, 1000.0),
        ({"outreach.data_lag_days": 0}, 1000.0),
        ({"outreach.data_lag_days": 5}, 0.0),
    ],
)
def test_what_the_system_does_more_has_its_price(changes: dict[str, Any], yuan: float) -> None:
    """D01, DV77: nothing is known for nothing."""
    assert _equipment_a_month(branch(changes)) - _equipment_a_month(branch()) == pytest.approx(yuan)


# ------------------------------------------------------------------------------------------ the alert


def test_a_lower_threshold_finds_more_and_alarms_more() -> None:
    """M02, DV35: along one curve; today's threshold is today's alert."""
    life = BASELINE.lifecycle
    assert life is not None
    assert alert_at(life, 0.0) is life
    moved = [alert_at(life, score) for score in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    recall = np.array([m.detection_recall_share for m in moved])
    precision = np.array([m.detection_precision_share for m in moved])
    assert (np.diff(recall) < 0).all()
    assert (np.diff(precision) > 0).all()
    false = recall * (1.0 / precision - 1.0)  # false alarms for each silent notice
    assert (np.diff(false) < 0).all()
    sure = life.model_copy(update={"detection_recall_share": 1.0})
    assert alert_at(sure, 1.0) is sure


@cache
def window(**changes: Any) -> np.ndarray:
    made = Year(branch({key.replace("__", "."): value for key, value in changes.items()})).run()
    found: np.ndarray = made.branch.state.sums.tally[tally.WINDOW].copy()
    return found


def test_a_lower_threshold_is_felt_in_the_year() -> None:
    low, high = (window(outreach__alert_threshold_score=score) for score in (-1.5, 1.5))
    assert low[tally.FALSE_ALERTS] > 3.0 * max(high[tally.FALSE_ALERTS], 1.0)
    assert low[tally.RESCUE_CONTACTS] > high[tally.RESCUE_CONTACTS]


# ------------------------------------------------------------------------------------------ life events


def test_life_events_fall_due_at_their_rate() -> None:
    """M02: of VIPs, spread over the year and over customers."""
    changes = {"outreach.triggers.life_event.on": True, "outreach.triggers.contact_plan.on": False}
    changes |= {"outreach.triggers.leader_visit.on": False, "outreach.life_events_per_year": 0.3}
    state, policy, *_ = some_customers(1000, changes)
    state.book.tier[:] = 1
    state.book.tier[500:] = 0
    agenda = dates.make(400, 5000)
    phases = np.random.default_rng(1).random(1000)
    for month in range(12):
        for i in range(1000):
            plan_contacts(state, agenda, policy.triggers, i, 9, phases[i], month, 30 * month, 30)
    filed = [(day, agenda.entries[e].who) for day in range(360) for e in entries_of(agenda, day)]
    assert all(who < 500 for _, who in filed)
    assert len(filed) == pytest.approx(150, abs=50)
    assert len({day for day, _ in filed}) > 80


def test_a_life_event_is_worth_more_than_a_birthday() -> None:
    changes = {f"outreach.triggers.{reason}.channel": "phone" for reason in ("life_event", "birthday")}
    rise = [contact(reason, changes, relationship=0.4).rows.relationship[0] - 0.4 for reason in (LIFE_EVENT, BIRTHDAY)]
    response = BASELINE.response
    assert response is not None
    assert rise[0] == pytest.approx(response.life_event_care_ratio * rise[1])


def test_life_events_lead_to_contacts_where_they_are_followed() -> None:
    on = Year(branch({"outreach.triggers.life_event.on": True, "outreach.life_events_per_year": 2.0})).run()
    reasons = np.concatenate(on.recorder.contacts)["reason"]
    assert (reasons == LIFE_EVENT).sum() > 20
    off = np.concatenate(Year(branch()).run().recorder.contacts)["reason"]
    assert REASONS[LIFE_EVENT] == "life_event"
    assert not (off == LIFE_EVENT).any()


# ------------------------------------------------------------------------------------------ after a sale, large books


@pytest.mark.parametrize(("contacts", "days"), [(0, []), (1, [0]), (3, [0, 30, 60])])
def test_contacts_after_a_sale_are_spread_over_the_quarter(contacts: int, days: list[int]) -> None:
    """O12, DV50."""
    _, policy, _, scenario = some_customers(1, {"outreach.after_sale_contacts": contacts})
    agenda = dates.make(400, 100)
    file_after_sale(agenda, policy, 0, 10)
    lead = scenario.outreach.triggers.after_sale.lead_days
    found = [day - 10 - lead for day in range(400) for e in entries_of(agenda, day)]
    assert found == days
    assert all(agenda.entries[e].number == AFTER_SALE for day in range(400) for e in entries_of(agenda, day))


def test_a_book_too_large_is_known_less() -> None:
    """M16: quality falls with the size of the book, minutes apart; head and tellers have no such book."""
    state, policy, *_ = some_customers(1, {"response.crowded_share": 0.5, "response.crowded_from": 100})
    state.sums.manager_books[:4] = (50, 100, 200, 300)
    found = [attention(policy, state, post) for post in (0, 1, 2, 3, 20, 40, -1)]
    assert found == pytest.approx([1.0, 1.0, 1 / 1.5, 1 / 2.0, 1.0, 1.0, 1.0])
    _, plain, *_ = some_customers(1)
    assert [attention(plain, state, post) for post in range(4)] == [1.0] * 4


def test_smaller_books_are_served_better() -> None:
    large = {"response.crowded_from": 10, "response.crowded_share": 0.5}
    plain, crowded = kpis(branch(), 2), kpis(branch(large), 2)
    assert (crowded["sales_per_month"] < plain["sales_per_month"]).all()
