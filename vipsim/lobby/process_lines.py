"""Tickets and lines of the service process: joining, leaving, who is still there, and whom a server takes next."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf

import numpy as np

from vipsim.compiled import inlined, lean, pasted
from vipsim.lobby.jobs import ANY_APPOINTMENT, CASH, FIRST_OWN, NONCASH, RM
from vipsim.lobby.process_hall import (
    BITS,
    BUT_THIS_ROUND,
    GONE,
    LINES,
    NO_TICKET,
    NOBODY_YET,
    ROUND,
    STEPS_SO_FAR,
    WANTED,
    number_of,
)
from vipsim.lobby.rules import rank_now, ticket_key


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
