"""Managers on duty in the lobby some of their days, and tellers who ask less in front of a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from years import BASELINE, kpis, world_of

from tests.lobby_scenarios import build, tables
from vipsim.draws import Address
from vipsim.lobby.arrays import make_visits
from vipsim.lobby.floor import LOBBY_MANAGER, RELATIONSHIP_MANAGER
from vipsim.lobby.jobs import DESK, RM
from vipsim.lobby.params import LobbyParams, make_roster, params
from vipsim.lobby.roster import draw_roster, is_on_desk_duty
from vipsim.lobby.visits import add_walk_ins
from vipsim.scenario.resolve import with_values

ANY_LINE = 127
DAYS = 400


def with_duty(share: float, absence: float) -> LobbyParams:
    """A lobby whose managers are absent or on lobby duty (together ``absence`` of their days)."""
    told = tables("lobby_day")
    told["staff"]["relationship_manager"] |= {"employed": 4, "absence_share": absence}
    return params(build(told), desk_duty_share=share)


def test_a_manager_on_lobby_duty_serves_the_desk_and_nobody_who_asks_for_him() -> None:
    """B16: a quarter of the days of who is not absent; absent as a manager on exactly the days as before."""
    absence = 1.0 - 0.9 * 0.75
    p, before = with_duty(0.25, absence), with_duty(0.0, absence)
    roster, old = make_roster(p), make_roster(before)
    on_duty = away = 0
    managers = np.flatnonzero(p.staffing.role == RELATIONSHIP_MANAGER)
    for day in range(DAYS):
        draw_roster(p, Address(3, 0, 0), day, roster)
        draw_roster(before, Address(3, 0, 0), day, old)
        for member in range(p.floor.staff):
            duty = is_on_desk_duty(p, roster, member)
            if member not in managers:
                assert (duty, roster.present[member]) == (False, old.present[member])
                continue
            on_duty += duty
            away += not roster.present[member]
            assert (roster.present[member] and not duty) == old.present[member]
            if duty:
                row = roster.row[member]
                assert p.floor.can[row, 3 * DESK + 2] == 1
                assert p.floor.can[row, 3 * RM] == 0
                assert roster.here_until[member] == 0.0
    days = DAYS * managers.size
    assert on_duty / days == pytest.approx(0.9 * 0.25, abs=0.03)
    assert away / days == pytest.approx(0.1, abs=0.02)


def test_without_a_desk_lobby_duty_is_absence() -> None:
    told = tables("lobby_day")
    told["staff"]["lobby_manager"]["employed"] = 0
    told["lobby"]["triage"]["on"] = False
    told["staff"]["relationship_manager"]["absence_share"] = 0.4
    p = params(build(told), desk_duty_share=0.4)
    assert p.staffing.desk_row == -1
    assert np.count_nonzero(p.staffing.role == LOBBY_MANAGER) == 0
    roster = make_roster(p)
    for day in range(40):
        draw_roster(p, Address(3, 0, 0), day, roster)
        assert not any(is_on_desk_duty(p, roster, member) for member in range(p.floor.staff))


def test_part_time_managers_are_met_less_and_relieve_the_lobby_managers() -> None:
    """B16: their minutes are paid and used at the desk."""
    changes = {"ownership.full_time_share": 0.0, "ownership.part_time_duty_share": 0.4}
    part_time = with_values(BASELINE, changes)
    assert world_of(part_time).lobby[1].staffing.desk_row >= 0
    full, part = kpis(BASELINE, 1), kpis(part_time, 1)
    assert part["utilisation_lobby_manager"][0] < full["utilisation_lobby_manager"][0]
    assert part["received_share"][0] >= full["received_share"][0]
    assert part["meetings_per_day"][0] < full["meetings_per_day"][0]


def asked(fall: float) -> tuple[np.ndarray, Any]:
    """Up to which line tellers ask each of a day's visitors."""
    told = tables("lobby_day")
    told["lobby"]["counters"]["ask_fall_share_per_person"] = fall
    p = params(build(told), ask_share=0.6)
    visits = add_walk_ins(p, Address(2, 0, 0), 5, 20.0, make_visits())
    return visits.rows["pitch"][: visits.n[0]].copy(), p


def test_the_ask_rate_falls_with_the_line() -> None:
    """O13: 0.6 of the visitors in front of nobody, less by a tenth of that for each who waits; off = at any line."""
    always, _ = asked(0.0)
    assert set(always) == {0, ANY_LINE}
    less, _ = asked(0.1)
    np.testing.assert_array_equal(less > 0, always > 0)
    for waiting in range(11):
        share = 0.6 * (1.0 - 0.1 * waiting)
        assert np.mean(less > waiting) == pytest.approx(share, abs=0.03)
