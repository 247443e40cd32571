"""The compiled engine's hall for the service process: tickets, lines and servers as arrays that never grow in a day.

A ticket's number is its visit, or the visit plus n for a second look, 2 n for a guard's question, 3 n for a farewell.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan
from typing import NamedTuple

import numpy as np

from vipsim.compiled import inlined, kernel, lean, pasted
from vipsim.lobby.jobs import (
    ANY_APPOINTMENT,
    CASH,
    DESK,
    FIRST_OWN,
    LOOKS,
    NONCASH,
    ORDINARY,
    RM,
    Array,
)
from vipsim.lobby.rules import rank_now, ticket_key

NO_TICKET = -1
MOST_STEPS = 16  # of one visit, apart from those handed over at the end of a duty
QUEUE = 3 * DESK + ORDINARY  # the line of those who come to the desk

JOB = np.dtype(
    [
        ("key", "f8"),  # order in the line; of a second look: when the visitor joined
        ("joined", "f8"),
        ("leaves", "f8"),  # end of patience
        ("rest", "f8"),  # minutes left of a service handed over; -1 = not begun
        ("after", "i4"),  # next ticket of the line
        ("line", "i4"),
        ("round", "i4"),  # of the day's rounds, in which the visitor joined
        ("talker", "i4"),  # who has a second look at the visitor
        ("activity", "i1"),
        ("waits", "i1"),  # in a line
        ("with_rm", "i1"),  # an RM stays with the visitor
    ],
    align=True,
)
QUEUE_ROW = np.dtype([("head", "i4"), ("tail", "i4"), ("size", "i4"), ("station", "i4"), ("cls", "i4")], align=True)
WORKER = np.dtype(
    [
        ("started", "f8"),
        ("since", "f8"),  # free since
        ("duty_end", "f8"),
        ("pace", "f8"),  # a step of m minutes takes m * pace
        ("ticket", "i4"),
        ("task", "i4"),
        ("row", "i4"),  # of Floor: what is served
        ("first", "i4"),  # its places
        ("end", "i4"),
        ("stations", "i4"),  # a bit each
        ("post", "i4"),  # the stations of the own post, a bit each
        ("on", "i1"),
        ("along", "i1"),  # an RM who stays with a customer at the counter
        ("special", "i1"),
        ("assistant", "i1"),
    ],
    align=True,
)
FINISH_AT = np.dtype([("end", "f8"), ("server", "i4")], align=True)

# Counts of a day, in ``Hall.counts``.
STEPS_SO_FAR, PENDING, FREE, WANTED, MANAGERS, RMS = range(6)
LOOK_HEAD, LOOK_TAIL, AGAIN, WOKE, FREED, HELPER, GONE, ROUND, HERE = range(6, 15)

# Who has left whose patience ends at this minute (``GONE``): nobody yet, everybody, or everybody but who joined in this
# round of the minute (a minute has several rounds where services take no time).
NOBODY_YET, EVERYBODY, BUT_THIS_ROUND = range(3)


class Room(NamedTuple):
    """Arrays of the hall, kept from day to day."""

    jobs: Array  # JOB per ticket
    queues: Array  # QUEUE_ROW per line
    workers: Array  # WORKER per server
    waiting: Array  # int64 per station: tickets in its lines
    pending: Array  # FINISH_AT, from 1: latest first, then higher server first; 0 = never
    free: Array  # int32: free servers, longest idle first, then by number
    freed: Array  # int32: lobby managers whose talk has just ended
    due: Array  # float64 per second look: when it is due
    due_ticket: Array  # int32
    skipped: Array  # int32: tickets of a desk left alone
    counts: Array  # int64


class Hall(NamedTuple):
    """Everything that a day's routes touch."""

    p: object  # record of process.Process
    rows: Array  # VISIT
    chance: Array  # CHANCE
    results: Array  # RESULT
    steps: Array  # STEP
    jobs: Array
    queues: Array
    workers: Array
    waiting: Array
    pending: Array
    free: Array
    freed: Array
    due: Array
    due_ticket: Array
    counts: Array
    places: Array
    can: Array
    here_until: Array
    n: int
    first: int
    staff: int


def make_room(servers: int, line_stations: list[int], line_classes: list[int]) -> Room:
    """An empty hall for so many servers, with lines of these stations and classes."""
    queues = np.zeros(len(line_stations), QUEUE_ROW)
    queues["station"], queues["cls"] = line_stations, line_classes
    pending = np.zeros(servers + 2, FINISH_AT)
    pending["end"][0] = np.inf
    return Room(
        jobs=np.zeros(0, JOB),
        queues=queues,
        workers=np.zeros(servers, WORKER),
        waiting=np.zeros(RM + 1, np.int64),
        pending=pending,
        free=np.zeros(servers + 1, np.int32),
        freed=np.zeros(servers + 1, np.int32),
        due=np.zeros(0),
        due_ticket=np.zeros(0, np.int32),
        skipped=np.zeros(0, np.int32),
        counts=np.zeros(16, np.int64),
    )


@kernel
def grow_room(room, visits):
    """The same hall with tickets for so many visits."""
    if 4 * visits <= room.jobs.size:
        return room
    size = 2 * visits
    return Room(
        np.zeros(4 * size, JOB),
        room.queues,
        room.workers,
        room.waiting,
        room.pending,
        room.free,
        room.freed,
        np.zeros(2 * size),
        np.zeros(2 * size, np.int32),
        np.zeros(size, np.int32),
        room.counts,
    )


@lean
def open_hall(hall, floor, roster, role, assistant, n_tasks, started):
    """Empty lines; machines free; staff not yet on duty; no task taken up."""
    for line in range(hall.queues.size):
        hall.queues[line]["head"] = NO_TICKET
        hall.queues[line]["size"] = 0
    for station in range(RM + 1):
        hall.waiting[station] = 0
    for i in range(hall.counts.size):
        hall.counts[i] = 0
    hall.counts[HELPER] = -1
    hall.counts[HERE] = -1
    for s in range(floor.servers):
        worker = hall.workers[s]
        worker["ticket"] = worker["task"] = -1
        worker["on"] = worker["along"] = 0
        worker["since"] = -1.0
        worker["pace"] = roster.pace[s]
        worker["special"] = roster.special[s] if s < floor.staff else 0
        worker["assistant"] = 1 if s < floor.staff and role[s] == assistant else 0
        post_serves(hall, floor, s, roster.row[s])
        worker["post"] = worker["stations"]
    for s in range(floor.staff, floor.servers):
        hall.workers[s]["on"] = 1
        hall.free[hall.counts[FREE]] = s
        hall.counts[FREE] += 1
    for j in range(n_tasks):
        started[j] = nan


@lean
def post_serves(hall, floor, s, row):
    """A server serves the lines of a row of the floor."""
    worker = hall.workers[s]
    worker["row"] = row
    worker["first"] = floor.row_first[row]
    worker["end"] = floor.row_first[row + 1]
    worker["stations"] = floor.pool_stations[floor.pool[row]]


# -------------------------------------------------------------------------------------------- tickets


@inlined
def note_step(hall, t, called, start, end, staff, outcome):
    """Write one step's record."""
    n = hall.counts[STEPS_SO_FAR]
    v = t % hall.n
    ticket = hall.jobs[t]
    queue = hall.queues[ticket["line"]]
    row = hall.steps[n]
    row["visit"] = hall.first + v
    row["station"] = queue["station"]
    row["activity"] = ticket["activity"]
    row["cls"] = queue["cls"]
    row["joined"] = ticket["joined"]
    row["called"] = called
    row["start"] = start
    row["end"] = end
    row["staff"] = staff
    row["staff2"] = hall.results[v]["rm_staff"] if ticket["with_rm"] else -1
    row["outcome"] = outcome
    hall.counts[STEPS_SO_FAR] = n + 1


@pasted
def new_ticket(hall, t, line, activity, patience, now):
    """A new ticket of a line, not yet in it."""
    queue = hall.queues[line]
    ticket = hall.jobs[t]
    ticket["line"] = line
    ticket["activity"] = activity
    ticket["joined"] = now
    ticket["key"] = ticket_key(hall.p.rules, now, queue["station"], queue["cls"])
    ticket["leaves"] = now + patience
    ticket["rest"] = -1.0
    ticket["talker"] = -1
    ticket["waits"] = 0
    ticket["with_rm"] = 0
    ticket["round"] = hall.counts[ROUND]


@inlined
def counted(hall, line):
    """A ticket has joined a line."""
    queue = hall.queues[line]
    queue["size"] += 1
    hall.waiting[queue["station"]] += 1
    hall.counts[WANTED] |= 1 << queue["station"]


@pasted
def append(hall, t):
    """Put a ticket at the end of its line."""
    ticket = hall.jobs[t]
    ticket["after"] = NO_TICKET
    ticket["waits"] = 1
    line = ticket["line"]
    queue = hall.queues[line]
    if queue["head"] == NO_TICKET:
        queue["head"] = t
    else:
        hall.jobs[queue["tail"]]["after"] = t
    queue["tail"] = t
    counted(hall, line)


@pasted
def push_front(hall, t):
    """Put a ticket at the front of its line."""
    ticket = hall.jobs[t]
    line = ticket["line"]
    queue = hall.queues[line]
    ticket["after"] = queue["head"]
    ticket["waits"] = 1
    if queue["head"] == NO_TICKET:
        queue["tail"] = t
    queue["head"] = t
    counted(hall, line)


@lean
def insert_by_key(hall, t):
    """Put a ticket into its line, behind those whose key is not larger."""
    ticket = hall.jobs[t]
    line = ticket["line"]
    queue = hall.queues[line]
    before = NO_TICKET
    after = queue["head"]
    while after != NO_TICKET and hall.jobs[after]["key"] <= ticket["key"]:
        before = after
        after = hall.jobs[after]["after"]
    ticket["after"] = after
    ticket["waits"] = 1
    if before == NO_TICKET:
        queue["head"] = t
    else:
        hall.jobs[before]["after"] = t
    if after == NO_TICKET:
        queue["tail"] = t
    counted(hall, line)


@inlined
def taken(hall, line):
    """A ticket has left a line."""
    queue = hall.queues[line]
    queue["size"] -= 1
    station = queue["station"]
    hall.waiting[station] -= 1
    if hall.waiting[station] == 0:
        hall.counts[WANTED] &= ~(1 << station)


@pasted
def pop(hall, line):
    """Take the first ticket off a line."""
    queue = hall.queues[line]
    t = queue["head"]
    queue["head"] = hall.jobs[t]["after"]
    hall.jobs[t]["waits"] = 0
    taken(hall, line)
    return t


@lean
def withdraw(hall, t):
    """Take a ticket out of the middle of its line."""
    line = hall.jobs[t]["line"]
    queue = hall.queues[line]
    before = NO_TICKET
    here = queue["head"]
    while here != t:
        before = here
        here = hall.jobs[here]["after"]
    after = hall.jobs[t]["after"]
    if before == NO_TICKET:
        queue["head"] = after
    else:
        hall.jobs[before]["after"] = after
    if after == NO_TICKET:
        queue["tail"] = before
    hall.jobs[t]["waits"] = 0
    taken(hall, line)


@inlined
def is_there(hall, ticket, now):
    """Whether the visitor of a ticket has not left."""
    if ticket["leaves"] != now:
        return ticket["leaves"] > now
    gone = hall.counts[GONE]
    return gone == NOBODY_YET or (gone == BUT_THIS_ROUND and ticket["round"] == hall.counts[ROUND])


@lean
def present(hall, line, now):
    """Visitors of a line who are still there."""
    found = 0
    t = hall.queues[line]["head"]
    while t != NO_TICKET:
        found += is_there(hall, hall.jobs[t], now)
        t = hall.jobs[t]["after"]
    return found


@pasted
def at_counter(hall, station, now):
    """Visitors who wait at a counter."""
    line = 3 * station
    if hall.waiting[station] == 0:
        return 0
    return present(hall, line, now) + present(hall, line + 1, now) + present(hall, line + 2, now)


@lean
def waiting_for_rm(hall, now):
    """Visitors who wait for an RM."""
    if hall.waiting[RM] == 0:
        return 0
    found = 0
    for line in range(3 * RM, ANY_APPOINTMENT + 1):
        found += present(hall, line, now)
    for line in range(FIRST_OWN, hall.queues.size):
        found += present(hall, line, now)
    return found


@pasted
def about_waits(hall, look, now):
    """Whether the visitor of a second look still waits where it began."""
    own = hall.jobs[look - hall.n]
    station = hall.queues[own["line"]]["station"]
    same = own["joined"] == hall.jobs[look]["key"] and own["rest"] < 0.0
    return own["waits"] and same and station in (CASH, NONCASH) and is_there(hall, own, now)


# -------------------------------------------------------------------------------------------- servers


@pasted
def set_free(hall, s, now):
    """A server lines up behind those who are free for longer; of those free since now, by number."""
    worker = hall.workers[s]
    worker["since"] = now
    if not worker["on"] or worker["along"] or worker["ticket"] >= 0 or worker["task"] >= 0:
        return
    i = hall.counts[FREE]
    while i > 0 and hall.free[i - 1] > s and hall.workers[hall.free[i - 1]]["since"] == now:
        hall.free[i] = hall.free[i - 1]
        i -= 1
    hall.free[i] = s
    hall.counts[FREE] += 1
    hall.counts[WOKE] = 1


@pasted
def drop_free(hall, i):
    """Take the i-th off the free servers."""
    hall.counts[FREE] -= 1
    for j in range(i, hall.counts[FREE]):
        hall.free[j] = hall.free[j + 1]


@lean
def unset_free(hall, s):
    """Take a server off the free ones."""
    for i in range(hall.counts[FREE]):
        if hall.free[i] == s:
            drop_free(hall, i)
            return


@pasted
def set_end(hall, s, end):
    """Put an end of service among the pending ones."""
    i = hall.counts[PENDING]
    pending = hall.pending
    while pending[i]["end"] < end or (pending[i]["end"] == end and pending[i]["server"] < s):
        pending[i + 1]["end"] = pending[i]["end"]
        pending[i + 1]["server"] = pending[i]["server"]
        i -= 1
    pending[i + 1]["end"] = end
    pending[i + 1]["server"] = s
    hall.counts[PENDING] += 1


@lean
def unset_end(hall, s):
    """Take a server's pending end off; returns it."""
    pending = hall.pending
    i = hall.counts[PENDING]
    while pending[i]["server"] != s:
        i -= 1
    end = pending[i]["end"]
    for j in range(i, hall.counts[PENDING]):
        pending[j]["end"] = pending[j + 1]["end"]
        pending[j]["server"] = pending[j + 1]["server"]
    hall.counts[PENDING] -= 1
    return end


@pasted
def rm_is_free(hall, line):
    """Whether a free RM on duty serves the line; who is just done with the visitor may be one (``HERE``)."""
    s = hall.counts[HERE]
    if s >= 0 and hall.workers[s]["on"] and hall.can[hall.workers[s]["row"], line]:
        return True
    for i in range(hall.counts[FREE]):  # noqa: SIM110 (compiled: no generators)
        if hall.can[hall.workers[hall.free[i]]["row"], line]:
            return True
    return False


@pasted
def best_line(hall, s, now):
    """Line whose first ticket a server takes next: best rank, then key, then number; -1 = nobody waits."""
    worker = hall.workers[s]
    best = -1
    best_rank = 0
    best_key = inf
    best_ticket = NO_TICKET
    for i in range(worker["first"], worker["end"]):
        line = hall.places[i]["line"]
        queue = hall.queues[line]
        t = queue["head"]
        if t == NO_TICKET:
            continue
        ticket = hall.jobs[t]
        rank = rank_now(hall.p, hall.places[i]["rank"], queue["station"], queue["cls"], now - ticket["joined"])
        key = ticket["key"]
        better = rank == best_rank and (key < best_key or (key == best_key and t < best_ticket))
        if best < 0 or rank < best_rank or better:
            best = line
            best_rank = rank
            best_key = key
            best_ticket = t
    return best


__all__ = ["LOOKS"]
