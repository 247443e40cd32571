"""The compiled engine's hall for the service process: tickets, lines and servers as arrays that never grow in a day.

A ticket's number is its visit, or the visit plus n for a second look, 2 n for a guard's question, 3 n for a farewell.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan
from typing import NamedTuple

import numpy as np

from vipsim.compiled import inlined, kernel, lean, pasted
from vipsim.lobby import fast_lines
from vipsim.lobby.jobs import (
    ANY_APPOINTMENT,
    CASH,
    DESK,
    FIRST_OWN,
    LANES,
    LOOKS,
    NOBODY,
    NONCASH,
    ORDINARY,
    RM,
    Array,
)
from vipsim.lobby.rules import rank_now, ticket_key

NO_TICKET = np.uint32(NOBODY)  # row numbers are unsigned, as in jobs.TICKET
BITS = 63  # lines that have a bit of their own: where there are more (a large staff), places are looked through
MOST_STEPS = 16  # of one visit, apart from those handed over at the end of a duty
QUEUE = 3 * DESK + ORDINARY  # the line of those who come to the desk

JOB = np.dtype(
    [
        ("key", "f8"),  # order in the line; of a second look: when the visitor joined
        ("joined", "f8"),
        ("leaves", "f8"),  # end of patience
        ("rest", "f8"),  # minutes left of a service handed over; -1 = not begun
        ("after", "u4"),  # next ticket of the line
        ("line", "u4"),
        ("visit", "u4"),  # whose ticket it is
        ("round", "i4"),  # of the day's rounds, in which the visitor joined
        ("talker", "i4"),  # who has a second look at the visitor
        ("activity", "i1"),
        ("waits", "i1"),  # in a line
        ("with_rm", "i1"),  # an RM stays with the visitor
        ("station", "i1"),  # of the line
    ],
    align=True,
)
QUEUE_ROW = np.dtype([("head", "u4"), ("tail", "u4"), ("size", "i4"), ("station", "u4"), ("cls", "u4")], align=True)
WORKER = np.dtype(
    [
        ("started", "f8"),
        ("since", "f8"),  # free since
        ("duty_end", "f8"),
        ("pace", "f8"),  # a step of m minutes takes m * pace
        ("lines", "i8"),  # served, a bit each
        ("ticket", "u4"),  # in hand
        ("task", "i4"),
        ("row", "u4"),  # of Floor: what is served
        ("first", "u4"),  # its places
        ("end", "u4"),
        ("pool", "u4"),  # servers of the same stations
        ("post", "i4"),  # the stations of the own post, a bit each
        ("on", "i1"),
        ("along", "i1"),  # an RM who stays with a customer at the counter
        ("special", "i1"),
        ("assistant", "i1"),
    ],
    align=True,
)

# Counts of a day, in ``Hall.counts``.
STEPS_SO_FAR, SOONEST, IDLE, WANTED, MANAGERS, RMS = range(6)
LOOK_HEAD, LOOK_TAIL, AGAIN, WOKE, FREED, HELPER, GONE, ROUND, HERE = range(6, 15)
LINES = 15
# IDLE, WANTED and LINES: pools with a free server, stations and lines with a ticket, a bit each.

# Who has left whose patience ends at this minute (``GONE``): nobody yet, everybody, or everybody but who joined in this
# round of the minute (a minute has several rounds where services take no time).
NOBODY_YET, EVERYBODY, BUT_THIS_ROUND = range(3)


class Room(NamedTuple):
    """Arrays of the hall, kept from day to day."""

    jobs: Array  # JOB per ticket
    queues: Array  # QUEUE_ROW per line
    workers: Array  # WORKER per server
    waiting: Array  # int64 per station: tickets in its lines
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
    end_min: Array  # pending ends of service, as in jobs.Work
    end_server: Array
    free: Array  # rings of free servers, as in jobs.Work
    idle: Array
    front: Array
    freed: Array
    due: Array
    due_ticket: Array
    counts: Array
    places: Array
    can: Array
    rank: Array
    pools_for: Array
    here_until: Array
    n: int
    first: int
    staff: int


def make_room(servers: int, line_stations: list[int], line_classes: list[int]) -> Room:
    """An empty hall for so many servers, with lines of these stations and classes."""
    queues = np.zeros(len(line_stations), QUEUE_ROW)
    queues["station"], queues["cls"] = line_stations, line_classes
    return Room(
        jobs=np.zeros(0, JOB),
        queues=queues,
        workers=np.zeros(servers, WORKER),
        waiting=np.zeros(RM + 1, np.int64),
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
    hall.counts[SOONEST] = hall.end_min.size - LANES
    for pool in range(hall.idle.size):
        hall.idle[pool] = 0
        hall.front[pool] = 0
    for s in range(floor.servers):
        worker = hall.workers[s]
        worker["ticket"] = NO_TICKET
        worker["task"] = -1
        worker["on"] = worker["along"] = 0
        worker["since"] = -1.0
        worker["pace"] = roster.pace[s]
        worker["special"] = roster.special[s] if s < floor.staff else 0
        worker["assistant"] = 1 if s < floor.staff and role[s] == assistant else 0
        post_serves(hall.workers[s], floor, roster.row[s])
        worker["post"] = floor.pool_stations[worker["pool"]]
    for s in range(floor.staff, floor.servers):
        hall.workers[s]["on"] = 1
        set_free(hall, np.uint32(s), -1.0)
    for j in range(n_tasks):
        started[j] = nan


@lean
def post_serves(worker, floor, row):
    """A server serves the lines of a row of the floor."""
    worker["row"] = row
    worker["first"] = floor.row_first[row]
    worker["end"] = floor.row_first[row + 1]
    worker["pool"] = floor.pool[row]
    worker["lines"] = floor.serves[row]


@lean
def change_post(hall, floor, s, row):
    """A member who may stand among the free begins to serve other lines."""
    worker = hall.workers[s]
    was_free = unset_free(hall, s)
    post_serves(worker, floor, row)
    if not was_free:
        return
    pool = worker["pool"]
    ring = hall.free.shape[1] - 1
    i = hall.front[pool] + hall.idle[pool]
    while i > hall.front[pool]:
        other = hall.free[pool, i - 1 & ring]
        since = hall.workers[other]["since"]
        if since < worker["since"] or (since == worker["since"] and other < s):
            break
        hall.free[pool, i & ring] = other
        i -= 1
    hall.free[pool, i & ring] = s
    hall.idle[pool] += 1
    hall.counts[IDLE] |= np.int64(1) << np.int64(pool)


# -------------------------------------------------------------------------------------------- tickets


@inlined
def note_step(hall, t, called, start, end, staff, outcome):
    """Write one step's record."""
    n = hall.counts[STEPS_SO_FAR]
    ticket = hall.jobs[t]
    v = ticket["visit"]
    row = hall.steps[n]
    row["visit"] = hall.first + v
    row["station"] = ticket["station"]
    row["activity"] = ticket["activity"]
    row["cls"] = hall.queues[ticket["line"]]["cls"]
    row["joined"] = ticket["joined"]
    row["called"] = called
    row["start"] = start
    row["end"] = end
    row["staff"] = staff
    row["staff2"] = hall.results[v]["rm_staff"] if ticket["with_rm"] else -1
    row["outcome"] = outcome
    hall.counts[STEPS_SO_FAR] = n + 1


@pasted
def new_ticket(hall, t, v, line, activity, patience, now):
    """A new ticket of a visitor for a line, not yet in it."""
    queue = hall.queues[line]
    ticket = hall.jobs[t]
    ticket["visit"] = v
    ticket["line"] = line
    ticket["station"] = queue["station"]
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
    hall.counts[WANTED] |= np.int64(1) << np.int64(queue["station"])
    if line < BITS:
        hall.counts[LINES] |= np.int64(1) << np.int64(line)


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


@pasted
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
    hall.counts[WANTED] &= ~(np.int64(hall.waiting[station] == 0) << np.int64(station))
    if line < BITS:
        hall.counts[LINES] &= ~(np.int64(queue["size"] == 0) << np.int64(line))


@pasted
def pop(hall, line):
    """Take the first ticket off a line."""
    queue = hall.queues[line]
    t = queue["head"]
    queue["head"] = hall.jobs[t]["after"]
    hall.jobs[t]["waits"] = 0
    taken(hall, line)
    return t


@pasted
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
def is_there(counts, ticket, now):
    """Whether the visitor of a ticket has not left."""
    if ticket["leaves"] != now:
        return ticket["leaves"] > now
    gone = counts[GONE]
    return gone == NOBODY_YET or (gone == BUT_THIS_ROUND and ticket["round"] == counts[ROUND])


@lean
def present(jobs, queues, counts, first, end, now, enough):
    """Visitors of the lines first .. end who are still there, counted up to ``enough``."""
    found = 0
    for line in range(first, end):
        t = queues[line]["head"]
        while t != NO_TICKET and found < enough:
            found += is_there(counts, jobs[t], now)
            t = jobs[t]["after"]
    return found


@pasted
def at_counter(hall, station, now, enough):
    """Visitors who wait at a counter, counted up to ``enough``."""
    if hall.waiting[station] < enough:
        return hall.waiting[station]  # at most as many are there: the answer to "too many?" is the same
    return present(hall.jobs, hall.queues, hall.counts, 3 * station, 3 * station + 3, now, enough)


@lean
def waiting_for_rm(jobs, queues, counts, now):
    """Visitors who wait for an RM."""
    found = present(jobs, queues, counts, 3 * RM, ANY_APPOINTMENT + 1, now, jobs.size)
    return found + present(jobs, queues, counts, FIRST_OWN, queues.size, now, jobs.size)


@pasted
def about_waits(hall, look, now):
    """Whether the visitor of a second look still waits where it began."""
    own = hall.jobs[hall.jobs[look]["visit"]]
    station = own["station"]
    same = own["joined"] == hall.jobs[look]["key"] and own["rest"] < 0.0
    return own["waits"] and same and station in (CASH, NONCASH) and is_there(hall.counts, own, now)


# -------------------------------------------------------------------------------------------- servers


@pasted
def set_free(hall, s, now):
    """A server lines up behind those of the pool who are free for longer; of those free since now, by number."""
    worker = hall.workers[s]
    worker["since"] = now
    if not worker["on"] or worker["along"] or worker["ticket"] != NO_TICKET or worker["task"] >= 0:
        return
    hall.counts[IDLE] |= fast_lines.set_free(hall.workers, hall.free, hall.idle, hall.front, s, now)
    hall.counts[WOKE] = 1


@pasted
def drop_free(hall, pool, i):
    """Take the i-th off the free servers of a pool."""
    if i == 0:
        hall.front[pool] = hall.front[pool] + 1 & hall.free.shape[1] - 1
        hall.idle[pool] -= 1
    else:
        fast_lines.drop_free(hall.free, hall.idle, hall.front, pool, i)
    hall.counts[IDLE] &= ~(np.int64(hall.idle[pool] == 0) << np.int64(pool))


@pasted
def unset_free(hall, s):
    """Take a server off the free ones; whether it was among them."""
    pool = hall.workers[s]["pool"]
    ring = hall.free.shape[1] - 1
    for i in range(hall.idle[pool]):
        if hall.free[pool, hall.front[pool] + i & ring] == s:
            drop_free(hall, pool, i)
            return True
    return False


@lean
def idle_helper(hall, role, helps):
    """Of the free members of a role who do not serve the desk the one who is free for longest; NO_TICKET = nobody."""
    found = NO_TICKET
    for s in range(np.uint32(hall.staff)):
        worker = hall.workers[s]
        busy = worker["along"] or worker["ticket"] != NO_TICKET or worker["task"] >= 0
        if not worker["on"] or busy or role[s] != helps or hall.can[worker["row"], QUEUE]:
            continue
        if found == NO_TICKET or worker["since"] < hall.workers[found]["since"]:
            found = np.uint32(s)
    return found


@pasted
def set_end(hall, s, end):
    """Put an end of service among the pending ones."""
    soonest = hall.counts[SOONEST]
    hall.counts[SOONEST] = fast_lines.set_end(hall.end_min, hall.end_server, soonest, s, end)


@pasted
def unset_end(hall, s):
    """Take a server's pending end off; returns it."""
    soonest = hall.counts[SOONEST]
    hall.counts[SOONEST] = soonest + 1
    return fast_lines.unset_end(hall.end_min, hall.end_server, soonest, s)


@pasted
def rm_is_free(hall, line):
    """Whether a free RM on duty serves the line; who is just done with the visitor may be one (``HERE``)."""
    s = hall.counts[HERE]
    if s >= 0 and hall.workers[s]["on"] and hall.can[hall.workers[s]["row"], line]:
        return True
    pools = hall.pools_for[1 << RM] & hall.counts[IDLE]
    ring = hall.free.shape[1] - 1
    while pools:
        pool = np.uint32(number_of(pools & -pools))
        pools &= pools - 1
        for i in range(hall.idle[pool]):
            if hall.can[hall.workers[hall.free[pool, hall.front[pool] + i & ring]]["row"], line]:
                return True
    return False


@inlined
def number_of(bit):
    """Number of the only bit set: the exponent of a float (several instructions, but no loop)."""
    return (np.float64(bit).view(np.int64) >> 52) - 1023


@pasted
def best_line(hall, s, now):
    """Line whose first ticket a server takes next: best rank, then key, then number; NO_TICKET = nobody waits."""
    worker = hall.workers[s]
    if hall.queues.size > BITS:
        return _best_of_many(hall.p, hall.places, hall.queues, hall.jobs, worker["first"], worker["end"], now)
    lines = worker["lines"] & hall.counts[LINES]
    if lines == 0:
        return NO_TICKET
    best = np.uint32(number_of(lines & -lines))
    lines &= lines - 1
    if lines == 0:
        return best
    row = worker["row"]
    best_ticket = hall.queues[best]["head"]
    best_rank = _rank_now(hall.p, hall.rank[row, best], hall.queues[best], hall.jobs[best_ticket], now)
    while lines != 0:
        line = np.uint32(number_of(lines & -lines))
        lines &= lines - 1
        t = hall.queues[line]["head"]
        rank = _rank_now(hall.p, hall.rank[row, line], hall.queues[line], hall.jobs[t], now)
        key = hall.jobs[t]["key"]
        best_key = hall.jobs[best_ticket]["key"]
        earlier = (key < best_key) | ((key == best_key) & (t < best_ticket))
        better = (rank < best_rank) | ((rank == best_rank) & earlier)
        best = line if better else best
        best_rank = rank if better else best_rank
        best_ticket = t if better else best_ticket
    return best


@inlined
def _rank_now(p, rank, queue, ticket, now):
    return rank_now(p, rank, queue["station"], queue["cls"], now - ticket["joined"])


@lean
def _best_of_many(p, places, queues, jobs, first, end, now):
    """As ``best_line`` where lines are more than bits of a number."""
    best = NO_TICKET
    best_rank = 0
    best_key = inf
    best_ticket = NO_TICKET
    for i in range(first, end):
        line = places[i]["line"]
        queue = queues[line]
        t = queue["head"]
        if t == NO_TICKET:
            continue
        rank = _rank_now(p, places[i]["rank"], queue, jobs[t], now)
        key = jobs[t]["key"]
        better = rank == best_rank and (key < best_key or (key == best_key and t < best_ticket))
        if best == NO_TICKET or rank < best_rank or better:
            best = line
            best_rank = rank
            best_key = key
            best_ticket = t
    return best


__all__ = ["LOOKS"]
