"""Days of a lobby without a book: only walk-ins come. Theory and benchmarks run through here."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from vipsim.compiled import kernel
from vipsim.draws import Address
from vipsim.lobby import fast
from vipsim.lobby.arrays import DayLog, begin, clear, make_tasks, make_visits
from vipsim.lobby.jobs import STEPS, VISITS, Array
from vipsim.lobby.online import answer_online
from vipsim.lobby.params import LobbyParams, LobbyScenario, make_day_log, make_roster, params
from vipsim.lobby.roster import draw_roster
from vipsim.lobby.visits import add_walk_ins

Engine = Literal["compiled", "simpy"]


class LobbyDays(NamedTuple):
    """What happened on a run of days; rows of ``visits`` are numbered as ``steps["visit"]`` says."""

    visits: Array  # jobs.RESULT
    steps: Array  # jobs.STEP


@kernel
def _run_days(params, address, first_day, days, weight, roster, visits, tasks, log):
    """Every day in one compiled loop; returns the visits and the log, both perhaps with more room."""
    for day in range(first_day, first_day + days):
        draw_roster(params, address, day, roster)
        clear(visits)
        visits = add_walk_ins(params, address, day, weight, visits)
        answer_online(params.online, address, day, visits)
        log = fast.run_day(params, roster, visits, tasks, log, day)
    return visits, log


class Room(NamedTuple):
    """Arrays that a run of days works in, to be used again by the next."""

    visits: Any
    log: DayLog


def make_room(p: LobbyParams, days: int = 1) -> Room:
    """Room for ``run_days`` of so many days; it grows by itself, but what is expected is asked for at once."""
    expected = p.arrivals.walk_ins_per_day * days
    return Room(make_visits(), make_day_log(p, int(expected + 6.0 * expected**0.5) + 64))


def run_days(p: LobbyParams, address: Address, first_day: int, days: int, room: Room) -> Room:
    """Run days into ``room.log`` with the compiled engine; what the log held before is forgotten."""
    begin(room.log)
    roster, tasks = make_roster(p), make_tasks(p.floor.staff)
    visits, log = _run_days(p, address, first_day, days, 1.0, roster, room.visits, tasks, room.log)
    return Room(visits, log)


def simulate_days(
    scenario: LobbyScenario, address: Address, days: int, engine: Engine = "compiled", *, first_day: int = 0
) -> LobbyDays:
    """Run a lobby without a book for so many average open days (demand weight 1), all visits and steps recorded.

    The same days, to the last bit, on both engines.
    """
    p = params(scenario)
    if engine == "compiled":
        log = run_days(p, address, first_day, days, make_room(p, days)).log
    else:
        from vipsim.lobby import reference

        visits, roster, tasks, log = make_visits(), make_roster(p), make_tasks(p.floor.staff), make_day_log(p)
        for day in range(first_day, first_day + days):
            draw_roster(p, address, day, roster)
            clear(visits)
            visits = add_walk_ins(p, address, day, 1.0, visits)
            answer_online(p.online, address, day, visits)
            log = reference.run_day(p, roster, visits, tasks, log, day)
    return LobbyDays(log.visits[: log.n[VISITS]], log.steps[: log.n[STEPS]])
