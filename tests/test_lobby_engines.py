"""Two engines, one day: every field of every visit, step and task is equal, not close.

Random lobbies switch every option on and off; half of the days have whole minutes everywhere, so that several
things happen at the same minute all day long.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, random_tables, tables
from vipsim.draws import Address
from vipsim.lobby import fast, reference
from vipsim.lobby.arrays import DayLog, Roster, Tasks, Visits, make_tasks, make_visits
from vipsim.lobby.days import simulate_days
from vipsim.lobby.jobs import CHANCE, RESULT, STEP, VISIT
from vipsim.lobby.params import LobbyParams, make_day_log, make_roster, params
from vipsim.lobby.roster import draw_roster
from vipsim.lobby.visits import add_visits, add_walk_ins

MINUTES = [name for name in VISIT.names or () if name.endswith("_min")]
CHANCE_MINUTES = [name for name in CHANCE.names or () if name.endswith("_min")]


def random_day(
    number: int, process: bool = False, many_staff: bool = False
) -> tuple[LobbyParams, Roster, Visits, Tasks]:
    """A lobby, its roster, its visitors and its outreach tasks, all from one number."""
    g = np.random.default_rng(number)
    whole_minutes = bool(number % 2)
    told = random_tables(g, whole_minutes, process)
    if many_staff:
        told["staff"]["teller"]["employed"] = told["staff"]["relationship_manager"]["employed"] = 20
    scenario, asks = build(told), float(g.choice([0.0, 0.4, 1.0]))
    duty = (number // 4 % 2) * 0.15
    p = params(scenario, ask_share=asks, weekend=[[], [5], [6], [5, 6]][number % 4], desk_duty_share=duty)
    address, day = Address(number, 0, 0), int(g.integers(0, 400))
    roster, visits = make_roster(p), make_visits(4)
    draw_roster(p, address, day, roster)
    visits = add_walk_ins(p, address, day, float(g.uniform(0.2, 1.5)), visits)
    n = int(g.integers(0, 40))
    owners = g.integers(-1, p.floor.staff, n)
    types = g.integers(0, 4, n)
    flags = [(g.random(n) < share).astype(np.int64) for share in (0.5, 0.15)]
    vip = (types == 0) * (1 + np.arange(n) % 2)  # every other one of them a core prime
    known = np.where(g.random(n) < 0.3, g.random(n), 0.0)
    skilled = (g.random(n) < 0.3).astype(np.int64)
    visits = add_visits(
        p,
        address,
        day,
        n,
        np.arange(n),
        np.zeros(n, np.int64),
        types,
        vip,
        flags[0],
        owners,
        flags[1] * (1 + np.arange(n) % 3),  # appointments: for a meeting, for a card, for a card approved
        skilled,
        known,
        visits,
    )
    rows = visits.rows[: visits.n[0]]
    if whole_minutes:
        for name in ["arrive", *MINUTES]:
            rows[name] = np.floor(rows[name])
        for name in CHANCE_MINUTES:
            visits.chance[name] = np.floor(visits.chance[name])
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


def test_random_days_reach_every_branch() -> None:
    """What no random day does cannot be compared: each outcome of each station, each flag, each kind of task."""
    flags = ("triaged", "diverted", "rm_first", "waited", "lead", "pitched", "referred")
    seen: set[tuple[str, int]] = set()
    ties = 0
    for number in range(400):
        p, roster, visits, tasks = random_day(number)
        log = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        rows, steps = log.visits[: log.n[1]], log.steps[: log.n[3]]
        for name in (
            "triaged",
            "diverted",
            "outcome",
            "rm_outcome",
            "rm_first",
            "waited",
            "lead",
            "pitched",
            "referred",
        ):
            seen |= {(name, int(x)) for x in np.unique(rows[name])}
        for station in range(5):
            seen |= {(f"station {station}", int(x)) for x in np.unique(steps["outcome"][steps["station"] == station])}
        seen |= {("task", int(x)) for x in np.isfinite(log.started[: tasks.minutes.size])}
        seen.add(("overtime", int(log.closed[0] > p.rules.opening_min)))
        ties += steps.size - np.unique(steps["end"]).size
    expected = {(name, x) for name in (*flags, "task", "overtime") for x in (0, 1)}
    expected |= {("outcome", x) for x in (0, 1, 2, 4)} | {("rm_outcome", x) for x in (0, 1, 2, 4, 6)}
    expected |= {("station 0", x) for x in (0, 3, 4, 5)} | {("station 1", x) for x in (0, 1, 2)}
    expected |= {(f"station {station}", x) for station in (2, 3, 4) for x in (0, 1, 2, 3, 4)}
    assert expected - seen == set()
    assert ties > 3000


def test_the_comparison_sees_a_difference_in_the_last_bit() -> None:
    p, roster, visits, tasks = random_day(0)
    a = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), 0)
    for table, name in ((a.visits, "left"), (a.steps, "end"), (a.visits, "believed"), (a.steps, "staff")):
        b = reference.run_day(p, roster, visits, tasks, make_day_log(p, 4), 0)
        assert differences(a, b, tasks.minutes.size) == []
        kept = table[name][0]
        table[name][0] = np.nextafter(kept, np.inf) if table[name].dtype.kind == "f" else kept + 1
        assert len(differences(a, b, tasks.minutes.size)) == 1
        table[name][0] = kept


def test_the_uncompiled_loop_is_equal_too() -> None:
    event_loop = fast.event_loop
    uncompiled = getattr(event_loop, "py_func", event_loop)
    for number in range(0, 400, 20):
        p, roster, visits, tasks = random_day(number)
        a = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        log = make_day_log(p, 4)
        try:
            fast.event_loop = uncompiled
            run_day = getattr(fast.run_day, "py_func", fast.run_day)
            b = run_day(p, roster, visits, tasks, log, number)
        finally:
            fast.event_loop = event_loop
        assert differences(a, b, tasks.minutes.size) == [], f"day {number}"


CHECKED = """
import json, sys
from tests.test_lobby_engines import digest
print(json.dumps([digest(n) for n in range(int(sys.argv[1]), int(sys.argv[2]))]))
"""


def digest(number: int) -> str:
    """All bytes of a random day's log, as a short text."""
    p, roster, visits, tasks = random_day(number)
    log = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
    h = hashlib.sha256()
    for table in (log.visits[: log.n[1]], log.steps[: log.n[3]]):
        for name in table.dtype.names or ():
            h.update(np.ascontiguousarray(table[name]).tobytes())
    h.update(log.started[: tasks.minutes.size].tobytes())
    return h.hexdigest()[:16]


@pytest.mark.parametrize(("switch", "days"), [("NUMBA_DISABLE_JIT", 12), ("NUMBA_BOUNDSCHECK", 60)])
def test_same_bytes_in_plain_python_and_with_bounds_checked(switch: str, days: int, tmp_path: Path) -> None:
    environment = {**os.environ, switch: "1", "VIPSIM_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHECKED, "0", str(days)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        cwd=Path(__file__).resolve().parent.parent,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [digest(n) for n in range(days)]


def test_the_reference_lobby_is_equal() -> None:
    scenario = build(tables("lobby_day"))
    fast_days = simulate_days(scenario, Address(3, 1, 0), 25)
    told_days = simulate_days(scenario, Address(3, 1, 0), 25, "simpy")
    assert equal_rows(fast_days.visits, told_days.visits, RESULT) == []
    assert equal_rows(fast_days.steps, told_days.steps, STEP) == []
