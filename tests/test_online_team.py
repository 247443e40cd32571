"""Questions answered from afar: they take the team's minutes, save visits, cost its pay, and nobody else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from years import BASELINE, branch, kpis

from tests.lobby_scenarios import build, tables
from vipsim.draws import Address
from vipsim.lobby.arrays import clear, make_visits
from vipsim.lobby.online import answer_online
from vipsim.lobby.params import params
from vipsim.lobby.visits import add_walk_ins
from vipsim.scenario.lobby import check_lobby

TEAM: dict[str, Any] = {
    "members": 1,
    "minutes_per_day": 1e2,
    "cost_yuan_per_month": 9000.0,
    "business": ["counter"],
    "saved_share": 0.5,
    "answer": {"law": "constant", "value_min": 4.0},
}


def who_comes(**team: Any) -> tuple[np.ndarray, int, float, Any]:
    """Visits of one day (id and first field of their draws), answers, their minutes, and the lobby."""
    told = tables("lobby_day")
    told["lobby"]["online_team"] = TEAM | team
    scenario = build(told)
    p = params(scenario)
    visits = make_visits()
    clear(visits)
    visits = add_walk_ins(p, Address(7, 0, 0), 3, 1.0, visits)
    before = visits.n[0]
    answered, minutes = answer_online(p.online, Address(7, 0, 0), 3, visits)
    n = visits.n[0]
    assert before == n + answered
    return np.sort(visits.id[:n] << 32 | visits.k[:n]), answered, minutes, visits.rows[:n].copy()


def test_answers_save_visits_within_the_teams_minutes() -> None:
    """EB20: 100 minutes hold 25 answers of 4; half of the questions are content where minutes are no limit."""
    everybody, none, no_minutes, _ = who_comes(members=0)
    assert (none, no_minutes) == (0, 0.0)
    _, answered, minutes, _ = who_comes()
    assert (answered, minutes) == (25, 100.0)
    coming, answered, minutes, rows = who_comes(members=20)
    assert minutes == 4.0 * answered
    those = np.count_nonzero(who_comes(members=0)[3]["kind"] == 0)
    assert answered == pytest.approx(0.5 * those, abs=4.0 * (0.25 * those) ** 0.5)
    assert np.isin(coming, everybody).all()  # the others come as before
    assert np.count_nonzero(rows["kind"] == 0) == those - answered


def test_a_business_that_does_not_exist_is_refused() -> None:
    told = tables("lobby_day")
    told["lobby"]["online_team"] = TEAM | {"business": ["questions"]}
    scenario = build(told)
    with pytest.raises(ValueError, match=r"lobby.online_team.business: expected names of .*, found 'questions'"):
        check_lobby(scenario.demand, scenario.lobby, scenario.staff, 480.0)


def test_an_online_team_takes_questions_off_the_lobby_and_costs_its_pay() -> None:
    """EB20, EB10: fewer visits, more transactions that never come to the lobby."""
    assert BASELINE.money is not None
    without, team = kpis(BASELINE, 1), kpis(branch({"lobby.online_team.members": 1}), 1)
    answers = team["online_answers_per_day"][0]
    assert answers > 1.0
    assert without["visits_per_day"][0] - team["visits_per_day"][0] == pytest.approx(answers, rel=0.1)
    assert team["remote_share"][0] > without["remote_share"][0]
    assert team["utilisation_online_team"][0] == pytest.approx(answers * 6.0 / 330.0, rel=0.2)
    months = BASELINE.calendar.window_months
    assert team["cost_staff_yuan"][0] - without["cost_staff_yuan"][0] == pytest.approx(9000.0 * months, rel=0.05)
