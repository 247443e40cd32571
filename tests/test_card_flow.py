"""The card application on its visit: papers with the manager, both at the counter, the teller's check, head office."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from years import BASELINE, Year, branch, kpis

from tests.lobby_scenarios import build, tables
from vipsim.customers.cards import SPECIAL
from vipsim.day import WITH_HEAD_OFFICE
from vipsim.draws import Address
from vipsim.lobby import fast
from vipsim.lobby.arrays import DayLog, make_tasks, make_visits
from vipsim.lobby.jobs import MEETING, NONCASH, NONCASH_BUSINESS, SERVED
from vipsim.lobby.params import make_day_log, make_roster, params
from vipsim.lobby.roster import draw_roster
from vipsim.lobby.visits import add_visits
from vipsim.scenario.resolve import with_values

FLOW: dict[str, Any] = {
    "paperwork": {"law": "constant", "value_min": 10.0},
    "check": {"law": "constant", "value_min": 4.0},
    "special_approval_days": 0,
}
ALONG: dict[str, Any] = {"screening": True, "screen": {"law": "constant", "value_min": 3.0}, "accompany": True}


def a_visit(appointment: int, **sections: Any) -> DayLog:
    """A day on which one customer comes, by appointment 1 for a meeting, 2 for a card, 3 for one approved."""
    told = tables("lobby_day")
    told["lobby"]["meetings"]["minutes"] = {"law": "constant", "value_min": 20.0}
    told["demand"]["transactions"][0]["station"] = "noncash"
    told["lobby"] |= {"rm_service": ALONG} | sections
    for role in told["staff"].values():
        role["skill_cv"] = role["absence_share"] = 0.0
    p = params(build(told))
    roster, visits = make_roster(p), make_visits()
    draw_roster(p, Address(1, 0, 0), 0, roster)
    none, one = np.zeros(1, np.int64), np.ones(1, np.int64)
    visits = add_visits(
        p, Address(1, 0, 0), 0, 1, none, none, none, one, one, none - 1, none + appointment, none, none * 0.0, visits
    )
    return fast.run_day(p, roster, visits, make_tasks(p.floor.staff), make_day_log(p), 0)


def minutes_of(log: DayLog) -> list[tuple[int, float, bool]]:
    """(activity, minutes, held by a manager too) of each step."""
    steps = log.steps[: log.n[3]]
    return [(int(s["activity"]), round(float(s["end"] - s["start"]), 9), bool(s["staff2"] >= 0)) for s in steps]


def test_papers_are_done_with_the_manager_who_walks_along_to_the_tellers_check() -> None:
    """T12, L13: twenty minutes of meeting and ten of papers, then four at the counter, with both."""
    log = a_visit(2, card_application=FLOW)
    assert minutes_of(log) == [(MEETING, 30.0, False), (NONCASH_BUSINESS, 4.0, True)]
    visit = log.visits[0]
    assert (visit["outcome"], visit["rm_outcome"], visit["station"]) == (SERVED, SERVED, NONCASH)
    assert minutes_of(a_visit(3, card_application=FLOW)) == [(MEETING, 20.0, False), (NONCASH_BUSINESS, 4.0, True)]
    alone = a_visit(2, card_application=FLOW, rm_service=ALONG | {"accompany": False})
    assert minutes_of(alone) == [(MEETING, 30.0, False), (NONCASH_BUSINESS, 4.0, False)]


def test_other_appointments_and_a_lobby_without_the_steps_are_as_before() -> None:
    for log in (a_visit(1, card_application=FLOW), a_visit(2)):
        assert minutes_of(log) == [(MEETING, 20.0, False)]


def test_a_card_needs_a_counter_that_could_issue_it() -> None:
    told = tables("lobby_day")
    told["lobby"]["card_application"] = FLOW
    told["staff"]["teller"]["cash_only"] = told["staff"]["teller"]["employed"]
    told["demand"]["transactions"][0]["station"] = "cash"
    with pytest.raises(ValueError, match=r"staff.teller.cash_only: .* lobby.card_application"):
        params(build(told))


QUOTA = {"cards.special_share": 0.05, "cards.special_eligible_share": 1.0}
STEPS = {
    "lobby.card_application.paperwork": {"law": "constant", "value_min": 10.0},
    "lobby.card_application.check": {"law": "constant", "value_min": 4.0},
    "lobby.card_application.special_approval_days": 0,
}


def test_the_steps_of_an_application_take_managers_and_tellers_minutes_and_cards_are_issued() -> None:
    without, steps = kpis(BASELINE, 1), kpis(branch(STEPS), 1)
    assert steps["utilisation_relationship_manager"][0] > without["utilisation_relationship_manager"][0]
    assert steps["utilisation_teller"][0] > without["utilisation_teller"][0]
    assert steps["card_share"][0] == pytest.approx(without["card_share"][0], abs=0.03)


def test_head_office_decides_on_special_cards_after_its_days() -> None:
    """T12, T11: the later it decides, the later the special cards; nobody is forgotten at head office."""
    at_once, slow = (
        Year(with_values(BASELINE, STEPS | {"lobby.card_application.special_approval_days": days, **QUOTA}))
        for days in (0, 60)
    )
    for year in (at_once, slow):
        for month in range(8):
            year.run_month(month)
    special = [int(np.count_nonzero(year.branch.state.book.special)) for year in (at_once, slow)]
    assert special[0] > special[1] > 0
    pending = [
        int(np.count_nonzero(year.branch.state.book.card_business == WITH_HEAD_OFFICE)) for year in (at_once, slow)
    ]
    assert pending[0] == 0 < pending[1]
    assert SPECIAL + 1 < WITH_HEAD_OFFICE
