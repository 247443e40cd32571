"""Lines, free servers and pending ends of service, as the compiled engine keeps them: arrays that never grow."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

import numpy as np

from vipsim.compiled import inlined, lean
from vipsim.lobby.jobs import LANES, NOBODY, RM

# ------------------------------------------------------------------------------------------------ lines


@inlined
def append(tickets, lines, waiting, line, v):
    """Put a ticket at the end of its line."""
    ticket = tickets[v]
    ticket["after"] = NOBODY
    row = lines[line]
    if row["head"] == NOBODY:
        row["head"] = v
    else:
        tickets[row["tail"]]["after"] = v
    row["tail"] = v
    waiting[row["station"]] += 1


@lean
def push_front(tickets, lines, waiting, line, v):
    """Put a ticket at the front of its line."""
    row = lines[line]
    tickets[v]["after"] = row["head"]
    tickets[v]["line"] = line
    if row["head"] == NOBODY:
        row["tail"] = v
    row["head"] = v
    waiting[row["station"]] += 1


@inlined
def pop(tickets, lines, waiting, line):
    """Take the first ticket off a line."""
    row = lines[line]
    v = row["head"]
    row["head"] = tickets[v]["after"]
    waiting[row["station"]] -= 1
    return v


@inlined
def wanted_stations(waiting):
    """Stations where somebody waits, a bit each."""
    wanted = 0
    for station in range(RM + 1):
        if waiting[station] > 0:
            wanted |= 1 << station
    return wanted


@inlined
def best_line(places, tickets, lines, first, end):
    """Line whose first ticket a server takes next: best rank, then key, then visit; NOBODY = nobody waits.

    ``first`` .. ``end`` are the server's places, in order of rank.
    """
    best = NOBODY
    best_rank = 0
    best_key = inf
    best_visit = NOBODY
    for n in range(first, end):
        place = places[n]
        if best_visit != NOBODY and place["rank"] > best_rank:
            break
        v = lines[place["line"]]["head"]
        if v != NOBODY:
            key = tickets[v]["key"]
            if best_visit == NOBODY or key < best_key or (key == best_key and v < best_visit):
                best = place["line"]
                best_rank = place["rank"]
                best_key = key
                best_visit = v
    return best


@lean
def present(tickets, lines, line, now, gone_now, enough):
    """Waiting visitors of a line who are still there, counted up to ``enough``.

    ``gone_now`` = whose patience ends at this instant has left already (reneging precedes the dispatch but not
    the ends of service).
    """
    n = 0
    v = lines[line]["head"]
    while v != NOBODY and n < enough:
        leaves = tickets[v]["leaves"]
        if leaves > now or (leaves == now and not gone_now):
            n += 1
        v = tickets[v]["after"]
    return n


@lean
def waiting_at_counter(tickets, lines, waiting, station, now, enough):
    """Visitors present in a counter's three lines, counted up to ``enough``."""
    if waiting[station] < enough:
        return waiting[station]  # at most as many are present: the answer to "too many?" is the same
    n = 0
    for line in range(3 * station, 3 * station + 3):
        n += present(tickets, lines, line, now, True, enough - n)
    return n


@lean
def waiting_for_rm(tickets, lines, now):
    """Visitors present in all lines of RMs, at an end of service."""
    n = 0
    for line in range(3 * RM, lines.size):
        n += present(tickets, lines, line, now, False, tickets.size)
    return n


# ---------------------------------------------------------------------------------------------- servers


@inlined
def set_free(servers, free, idle, front, server, now):
    """Put a server behind those of its pool who are free for longer; of those free since now, by number.

    A pool's free servers stand in a ring of a power of two places, from ``front``. Returns the pool's bit.
    """
    row = servers[server]
    row["since"] = now
    pool = row["pool"]
    ring = free.shape[1] - 1
    i = front[pool] + idle[pool]
    before = free[pool, i - 1 & ring]
    if (idle[pool] > 0) & (before > server) & (servers[before]["since"] == now):
        while i > front[pool] and free[pool, i - 1 & ring] > server:
            if servers[free[pool, i - 1 & ring]]["since"] != now:
                break
            free[pool, i & ring] = free[pool, i - 1 & ring]
            i -= 1
    free[pool, i & ring] = server
    idle[pool] += 1
    return 1 << int(pool)


@inlined
def line_up(servers, free, idle, front, server, now):
    """As ``set_free`` where nobody else became free at this instant: behind all the others."""
    row = servers[server]
    row["since"] = now
    pool = row["pool"]
    free[pool, np.uint32(front[pool] + idle[pool] & free.shape[1] - 1)] = server
    idle[pool] += 1
    return 1 << int(pool)


@lean
def drop_free(free, idle, front, pool, i):
    """Take the i-th off the free of a pool."""
    ring = free.shape[1] - 1
    idle[pool] -= 1
    for j in range(i, idle[pool]):
        free[pool, front[pool] + j & ring] = free[pool, front[pool] + j + 1 & ring]


@lean
def unset_free(servers, free, idle, front, server, idle_pools):
    """Take a server off the free; returns the bits of the pools with a free server."""
    pool = servers[server]["pool"]
    ring = free.shape[1] - 1
    i = 0
    while free[pool, front[pool] + i & ring] != server:
        i += 1
    drop_free(free, idle, front, pool, i)
    return idle_pools if idle[pool] > 0 else idle_pools & ~(1 << int(pool))


@lean
def next_pool(pools, free, idle, front, cursor, servers):
    """Of some pools the one whose next server is free for longest, then lowest in number; -1 = all passed over."""
    best = -1
    best_since = inf
    best_server = NOBODY
    pool = 0
    ring = free.shape[1] - 1
    while pools:
        if pools & 1 and cursor[pool] < idle[pool]:
            server = free[pool, front[pool] + cursor[pool] & ring]
            since = servers[server]["since"]
            if best < 0 or since < best_since or (since == best_since and server < best_server):
                best = pool
                best_since = since
                best_server = server
        pools >>= 1
        pool += 1
    return best


@inlined
def set_end(end_min, end_server, soonest, server, end):
    """Put an end of service among the pending ones, which begin at ``soonest``; returns where they begin now.

    Everything sooner moves one place down. All places are compared, without a branch that depends on chance: that is
    faster than looking for the place of the new one.
    """
    first = soonest - 1  # the place that is free
    for i in range(end_min.size - LANES):
        this_min = end_min[i]
        this_server = end_server[i]
        next_min = end_min[i + 1]
        next_server = end_server[i + 1]
        after_this = (i == first) | (end > this_min) | ((end == this_min) & (server >= this_server))
        stays = (i < first) | (not after_this)
        before_next = (end < next_min) | ((end == next_min) & (server < next_server))
        new_min = end if before_next else next_min
        new_server = server if before_next else next_server
        end_min[i] = this_min if stays else new_min
        end_server[i] = this_server if stays else new_server
    return soonest - 1


@lean
def unset_end(end_min, end_server, soonest, server):
    """Take a server's pending end off; returns it."""
    i = soonest
    while end_server[i] != server:
        i += 1
    end = end_min[i]
    for j in range(i, soonest, -1):
        end_min[j] = end_min[j - 1]
        end_server[j] = end_server[j - 1]
    return end


# ------------------------------------------------------------------------------------------ a new day


@lean
def reset(floor, roster, lines, waiting, servers, free, idle, front, started, n_tasks):
    """Empty lines; machines free; staff not yet on duty; no task taken up."""
    for line in range(lines.size):
        lines[line]["head"] = NOBODY
    for station in range(RM + 1):
        waiting[station] = 0
    for pool in range(idle.size):
        idle[pool] = 0
        front[pool] = 0
    for server in range(floor.servers):
        row = servers[server]
        place = roster.row[server]
        row["visit"] = NOBODY
        row["task"] = -1
        row["on"] = 0
        row["since"] = -1.0
        row["pace"] = roster.pace[server]
        row["first"] = floor.row_first[place]
        row["end"] = floor.row_first[place + 1]
        row["pool"] = floor.pool[place]
    for machine in range(floor.staff, floor.servers):
        servers[machine]["on"] = 1
        free[servers[machine]["pool"], machine - floor.staff] = machine
        idle[servers[machine]["pool"]] += 1
    for j in range(n_tasks):
        started[j] = nan
