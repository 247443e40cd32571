"""Servers of the service process: opening the hall, who is free and since when, posts, pending ends of service."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import nan

import numpy as np

from vipsim.compiled import lean, pasted
from vipsim.lobby import fast_lines
from vipsim.lobby.jobs import LANES, RM
from vipsim.lobby.process_hall import HELPER, HERE, IDLE, NO_TICKET, QUEUE, SOONEST, WOKE, number_of


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
