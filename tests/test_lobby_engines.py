"""Two engines, one day: every field of every visit, step and task is equal, not close.

Random lobbies switch every option on and off; half of the days have whole minutes everywhere, so that several
things happen at the same minute all day long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, random_tables
from vipsim.draws import Address
from vipsim.lobby import fast, reference
from vipsim.lobby.jobs import RESULT, STEP, VISIT, DayLog, Roster, Tasks, Visits, clear, make_tasks, make_visits
from vipsim.lobby.params import LobbyParams, make_day_log, make_roster, params
from vipsim.lobby.roster import draw_roster
from vipsim.lobby.visits import add_visits, add_walk_ins

MINUTES = [name for name in VISIT.names or () if name.endswith("_min")]


def random_day(number: int) -> tuple[LobbyParams, Roster, Visits, Tasks]:
    """A lobby, its roster, its visitors and its outreach tasks, all from one number."""
    g = np.random.default_rng(number)
    whole_minutes = bool(number % 2)
    p = params(build(random_tables(g, whole_minutes)), ask_share=float(g.choice([0.0, 0.4, 1.0])))
    address, day = Address(number, 0, 0), int(g.integers(0, 400))
    roster, visits = make_roster(p), make_visits(4)
    draw_roster(p, address, day, roster)
    visits = add_walk_ins(p, address, day, float(g.uniform(0.2, 1.5)), visits)
    n = int(g.integers(0, 40))
    owners = g.integers(-1, p.floor.staff, n)
    types = g.integers(0, 4, n)
    flags = [(g.random(n) < share).astype(np.int64) for share in (0.5, 0.15)]
    vip = (types == 0).astype(np.int64)
    visits = add_visits(
        p, address, day, n, np.arange(n), np.zeros(n, np.int64), types, vip, flags[0], owners, flags[1], visits
    )
    rows = visits.rows[: visits.n[0]]
    if whole_minutes:
        for name in ["arrive", *MINUTES]:
            rows[name] = np.floor(rows[name])
    lists = {
        s: [float(x) for x in g.integers(0, 25, g.integers(0, 12))] for s in range(p.floor.staff) if g.random() < 0.6
    }
    opening = p.rules.opening_min
    start = float(g.choice([0.0, 30.0, 61.5]))
    tasks = make_tasks(p.floor.staff, lists, (start, float(g.choice([opening, opening - 45.0, 1e9]))))
    return p, roster, visits, tasks


def equal_rows(a: np.ndarray, b: np.ndarray, dtype: np.dtype[Any]) -> list[str]:
    """Names of the fields in which two tables differ; nan equals nan."""
    if a.shape != b.shape:
        return ["number of rows"]
    return [
        name for name in dtype.names or () if not np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f")
    ]


def differences(a: DayLog, b: DayLog, n_tasks: int) -> list[str]:
    """Every field in which two logs of a day differ."""
    if not np.array_equal(a.n, b.n):
        return [f"counts {a.n} {b.n}"]
    found = equal_rows(a.visits[: a.n[1]], b.visits[: b.n[1]], RESULT)
    found += [f"step {x}" for x in equal_rows(a.steps[: a.n[3]], b.steps[: b.n[3]], STEP)]
    if not np.array_equal(a.started[:n_tasks], b.started[:n_tasks], equal_nan=True):
        found.append("tasks")
    if a.closed[0] != b.closed[0]:
        found.append("closed")
    return found


@pytest.mark.parametrize("block", range(8))
def test_engines_are_equal_in_every_field(block: int) -> None:
    for number in range(block * 50, block * 50 + 50):
        p, roster, visits, tasks = random_day(number)
        a = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        b = reference.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        assert differences(a, b, tasks.minutes.size) == [], f"day {number}"
