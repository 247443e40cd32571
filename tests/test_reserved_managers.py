"""Managers kept free for contacts (DV10): they receive nobody, in turn, on both engines; the others receive more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lobby_scenarios import build, random_tables
from years import BASELINE, kpis
from years import branch as small

from vipsim.draws import Address
from vipsim.lobby.days import simulate_days
from vipsim.lobby.params import make_roster, params
from vipsim.lobby.roster import draw_roster, is_on_desk_duty
from vipsim.scenario.resolve import with_values

RESERVED = "lobby.meetings.reserved_share"


def rosters(share: float, days: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Present, and kept free, of every manager on some days."""
    p = params(with_values(BASELINE, {RESERVED: share}))
    roster = make_roster(p)
    managers = p.staffing.employed[0]
    present, free = [], []
    for day in range(days):
        draw_roster(p, Address(1, 0, 0), day, roster)
        present.append(roster.present[:managers].copy())
        serving = np.array([p.floor.row_first[row + 1] > p.floor.row_first[row] for row in roster.row[:managers]])
        free.append((roster.present[:managers] > 0) & ~serving)
    return np.array(present) > 0, np.array(free)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_part_of_those_present_receives_nobody_in_turn(share: float) -> None:
    present, free = rosters(share)
    assert np.array_equal(free.sum(axis=1), (share * present.sum(axis=1)).astype(int))
    assert (free.sum(axis=1) < present.sum(axis=1)).all()  # somebody receives
    assert (free.sum(axis=0) > 0).all()  # everybody has a turn


def test_without_a_reserve_everybody_receives() -> None:
    assert not rosters(0.0)[1].any()


def days_of(number: int, share: float, process: bool, engine: Any) -> Any:
    told = random_tables(np.random.default_rng(number), bool(number % 2), process)
    told["staff"]["relationship_manager"]["employed"] = 4
    told["lobby"]["meetings"]["reserved_share"] = share
    return simulate_days(build(told), Address(number, 0, 0), 3, engine=engine)


def differing(one: Any, other: Any) -> list[str]:
    """Columns of visits and steps in which two runs of the same days differ."""
    found = [f"{name}: rows" for name in ("visits", "steps") if getattr(one, name).size != getattr(other, name).size]
    for name in ("visits", "steps") if not found else ():
        a, b = getattr(one, name), getattr(other, name)
        found += [column for column in a.dtype.names if not np.array_equal(a[column], b[column], equal_nan=True)]
    return found


@pytest.mark.parametrize("process", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_both_engines_keep_the_same_managers_free(number: int, process: bool) -> None:
    fast, simple = (days_of(number, 0.5, process, engine) for engine in ("compiled", "simpy"))
    assert differing(fast, simple) == []


def test_visitors_see_the_difference() -> None:
    """The comparison above can fail: with everybody receiving, the same days differ."""
    assert differing(days_of(3, 0.5, True, "simpy"), days_of(3, 0.0, True, "simpy")) != []


def test_what_is_reserved_goes_to_contacts() -> None:
    """Fewer visitors meet a manager, and more of the planned contacts are made where time is short."""
    short = {"staff.relationship_manager.employed": 2, "outreach.plan_contacts_per_year": [26.0] * 9}
    short |= {"demand.walk_ins_per_day": 150.0}
    plain, reserved = kpis(small(short), 2), kpis(small(short | {RESERVED: 0.5}), 2)
    assert (reserved["meetings_per_day"] < plain["meetings_per_day"]).all()
    assert reserved["coverage_share"].mean() > plain["coverage_share"].mean()


def test_who_is_on_duty_at_the_desk_is_not_kept_free() -> None:
    """B16: a part-time manager's day in the lobby stays one; the others share the reserve, and make their contacts."""
    part_time = {"staff.relationship_manager.absence_share": 0.3, RESERVED: 0.5}
    p = params(with_values(BASELINE, part_time), desk_duty_share=0.25)
    roster = make_roster(p)
    managers = p.staffing.employed[0]
    seen = 0
    for day in range(40):
        draw_roster(p, Address(1, 0, 0), day, roster)
        desk = [bool(is_on_desk_duty(p, roster, member)) for member in range(managers)]
        serves = [p.floor.row_first[row + 1] > p.floor.row_first[row] for row in roster.row[:managers]]
        own = [bool(at) and not duty for at, duty in zip(roster.present[:managers], desk, strict=True)]
        assert sum(not serving for serving, at in zip(serves, own, strict=True) if at) == int(0.5 * sum(own))
        assert all(serving for serving, duty in zip(serves, desk, strict=True) if duty)
        seen += sum(desk)
    assert seen > 0
