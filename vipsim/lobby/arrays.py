"""The day's arrays, which both engines take and give; they grow by themselves.

In: ``Roster`` (who is on duty), ``Visits`` (who comes, with every variate already drawn), ``Tasks`` (outreach that
idle staff take up). Out: ``DayLog``, one row per visit and one per step.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.compiled import kernel
from vipsim.lobby.jobs import CHANCE, LANES, LINE, NONE, RESULT, RM, SERVER, STEP, STEPS, TICKET, VISIT, VISITS, Array


class Roster(NamedTuple):
    """Who is in the branch on one day, when and how fast; one element per staff member."""

    present: Array  # int8
    special: Array  # int8: the counter that skips the ticket machine, or a window for primes
    row: Array  # int16 per server: row of Floor.serves
    here_until: Array  # float64: end of the last duty interval; 0 = absent
    shift: Array  # int16: number of the shift worked today; -1 = absent
    pace: Array  # float64 per server: a service of m minutes takes m * pace; 1 = the role's average, and machines


class Visits(NamedTuple):
    """The visits of one day, in no particular order; ``n[0]`` rows are in use, the rest is room to grow.

    ``n[1]`` rows are already drawn in full. The other arrays are room for the sampling.
    """

    rows: Array  # VISIT
    n: Array  # int64[2]
    order: Array  # uint32: rows by arrival
    minute: Array  # float64: minutes of arrival, in that order
    id: Array  # int64: id of the row's draws
    k: Array  # int64: first k of the row's draws
    first: Array  # float64: uniforms
    second: Array  # float64
    counter: Array  # uint32: rows that may need counter minutes
    machine: Array  # uint32: rows that may go to a machine
    bucket: Array  # int32
    listed_id: Array  # uint32: id and first k of the rows whose draws are taken side by side
    listed_k: Array  # uint32
    blank: Array  # VISIT[1]: of whom nothing is drawn yet
    chance: Array  # CHANCE: as rows where the service process is on; else no room is needed
    blank_chance: Array  # CHANCE[1]


class Tasks(NamedTuple):
    """Outreach of one day: each member's own list, in rank order; idle members take the next that fits."""

    first: Array  # int64[staff + 1]: list of member s = minutes[first[s]:first[s + 1]]
    minutes: Array  # float64
    call_from_min: float
    call_until_min: float


class Work(NamedTuple):
    """The compiled engine's own room: tickets in lines (linked lists), servers, pending ends of service."""

    tickets: Array  # TICKET per visit
    lines: Array  # LINE
    waiting: Array  # int64 per station: tickets in its lines, those of visitors who left included
    servers: Array  # SERVER
    free: Array  # uint32[pool, n]: rings of free servers, longest idle first, then by number
    idle: Array  # int64[pool]: how many
    front: Array  # int64[pool]: where in the ring the first stands
    cursor: Array  # int64[pool]: how many of them the dispatch has passed over
    blank: Array  # RESULT[1]: of whom nothing is known yet
    end_min: Array  # float64: room, pending ends of service in order of minute and server, then LANES times inf
    end_server: Array  # uint32


class DayLog(NamedTuple):
    """What happened: rows are appended day after day; ``begin`` forgets them.

    ``n`` = (first visit of the last day, visits, first step of the last day, steps).
    """

    visits: Array  # RESULT
    steps: Array  # STEP, in the order in which steps ended
    n: Array  # int64[4]
    started: Array  # float64 per task of the last day: start, nan = not taken up
    closed: Array  # float64[1]: minute at which the last member on overtime went home
    work: Work
    room: Any  # process_hall.Room: what the service process works in


def make_visits(room: int = 64) -> Visits:
    """An empty day with room for so many visits; it grows by itself."""
    blank = np.zeros(1, VISIT)
    blank["who"] = blank["owner"] = -1
    blank["patience_min"] = blank["machine_patience_min"] = blank["meeting_patience_min"] = np.inf
    blank_chance = np.zeros(1, CHANCE)
    blank_chance["knows"] = blank_chance["passes"] = 1
    return Visits(
        rows=np.zeros(room, VISIT),
        n=np.zeros(2, np.int64),
        order=np.zeros(room, np.uint32),
        minute=np.zeros(room),
        id=np.zeros(room, np.int64),
        k=np.zeros(room, np.int64),
        first=np.zeros(room),
        second=np.zeros(room),
        counter=np.zeros(room, np.uint32),
        machine=np.zeros(room, np.uint32),
        bucket=np.zeros(room + 1, np.int32),
        listed_id=np.zeros(room, np.uint32),
        listed_k=np.zeros(room, np.uint32),
        blank=blank,
        chance=np.zeros(0, CHANCE),
        blank_chance=blank_chance,
    )


def make_tasks(
    staff: int, lists: dict[int, list[float]] | None = None, hours: tuple[float, float] = (0.0, 0.0)
) -> Tasks:
    """Outreach tasks from a list of minutes per staff number, to be done between the calling hours (minutes)."""
    per_member = [(lists or {}).get(s, []) for s in range(staff)]
    first = np.concatenate([[0], np.cumsum([len(x) for x in per_member])]).astype(np.int64)
    minutes = np.array([m for own in per_member for m in own], dtype=np.float64)
    return Tasks(first, minutes, float(hours[0]), float(hours[1]))


def blank_result() -> Array:
    """One row of a visitor at the door, before anything has happened."""
    row = np.zeros(1, RESULT)
    for name in ("joined", "called", "start", "end", "rm_joined", "rm_called", "rm_start", "rm_end", "left"):
        row[name] = np.nan
    row["teller"] = row["rm_staff"] = -1
    row["outcome"] = row["rm_outcome"] = NONE
    return row


def make_log(
    servers: int, pools: int, line_stations: list[int], line_classes: list[int], room: Any, visits: int = 64
) -> DayLog:
    """An empty log for so many servers and pools, with lines of these stations and classes; it grows by itself."""
    lines = np.zeros(len(line_stations), LINE)
    lines["station"], lines["cls"] = line_stations, line_classes
    ends = LANES * (servers // LANES + 2)
    end_min = np.full(ends, np.inf)
    work = Work(
        tickets=np.zeros(visits, TICKET),
        lines=lines,
        waiting=np.zeros(RM + 1, np.int64),
        servers=np.zeros(servers, SERVER),
        free=np.zeros((pools, 1 << servers.bit_length()), np.uint32),
        idle=np.zeros(pools, np.int64),
        front=np.zeros(pools, np.int64),
        cursor=np.zeros(pools, np.int64),
        blank=blank_result(),
        end_min=end_min,
        end_server=np.zeros(ends, np.uint32),
    )
    return DayLog(
        visits=np.empty(visits, RESULT),  # unlike zeros, big ones are asked for in big pages
        steps=np.empty(2 * visits + visits // 4 + 64, STEP),
        n=np.zeros(4, np.int64),
        started=np.zeros(64),
        closed=np.zeros(1),
        work=work,
        room=room,
    )


@kernel
def grow_visits(visits, n):
    """The same visits with room for at least n."""
    old = visits.rows.size
    if n <= old:
        return visits
    size = max(n, 2 * old)
    rows = np.zeros(size, VISIT)
    rows[:old] = visits.rows
    id = np.zeros(size, np.int64)
    id[:old] = visits.id
    k = np.zeros(size, np.int64)
    k[:old] = visits.k
    return Visits(
        rows,
        visits.n,
        np.zeros(size, np.uint32),
        np.zeros(size),
        id,
        k,
        np.zeros(size),
        np.zeros(size),
        np.zeros(size, np.uint32),
        np.zeros(size, np.uint32),
        np.zeros(size + 1, np.int32),
        np.zeros(size, np.uint32),
        np.zeros(size, np.uint32),
        visits.blank,
        visits.chance,
        visits.blank_chance,
    )


@kernel
def room_for_chance(visits):
    """The same visits with a row of CHANCE for every row; rows that were drawn keep theirs."""
    old = visits.chance.size
    size = visits.rows.size
    if size <= old:
        return visits
    chance = np.zeros(size, CHANCE)
    chance[:old] = visits.chance
    return Visits(
        visits.rows,
        visits.n,
        visits.order,
        visits.minute,
        visits.id,
        visits.k,
        visits.first,
        visits.second,
        visits.counter,
        visits.machine,
        visits.bucket,
        visits.listed_id,
        visits.listed_k,
        visits.blank,
        chance,
        visits.blank_chance,
    )


@kernel
def clear(visits):
    """A new day: no visits yet."""
    visits.n[0] = 0
    visits.n[1] = 0


@kernel
def begin(log):
    """Forget the days logged so far."""
    log.n[:] = 0


@kernel
def grow_log(log, visits, steps, tasks):
    """The same log with room for so many more visits, steps and for so many tasks a day."""
    need_visits = log.n[VISITS] + visits
    need_steps = log.n[STEPS] + steps
    rows = log.visits
    if need_visits > rows.size:
        rows = np.empty(max(need_visits, 2 * rows.size), RESULT)
        rows[: log.visits.size] = log.visits
    step_rows = log.steps
    if need_steps > step_rows.size:
        step_rows = np.empty(max(need_steps, 2 * step_rows.size), STEP)
        step_rows[: log.steps.size] = log.steps
    started = log.started
    if tasks > started.size:
        started = np.zeros(max(tasks, 2 * started.size))
    w = log.work
    tickets = w.tickets
    if visits > tickets.size:
        tickets = np.zeros(max(visits, 2 * tickets.size), TICKET)
    work = Work(
        tickets, w.lines, w.waiting, w.servers, w.free, w.idle, w.front, w.cursor, w.blank, w.end_min, w.end_server
    )
    return DayLog(rows, step_rows, log.n, started, log.closed, work, log.room)
