"""Who serves whom: visitors meet servers in the compiled engine.

Between two instants no idle server can serve anybody who waits, else an earlier dispatch had brought them together.
When one thing happens alone, as nearly always, the newcomer is therefore offered to the idle servers only, and only
the server just freed looks at the lines: no ring of idle servers and no line in between. When more happens at one
instant (equal minutes, a service without duration, duty changes, closing), the whole dispatch decides; both come to
the same.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import nan

import numpy as np

from vipsim.compiled import inlined, lean
from vipsim.lobby.fast_lines import best_line, drop_free, next_pool, pop, set_end
from vipsim.lobby.fast_routes import begin_service, give_up, write_step
from vipsim.lobby.jobs import ABANDONED, NOBODY

_NOBODY = np.uint32(NOBODY)
_ONE = np.uint32(1)


@inlined
def idle_for(only_pool, can, row, free, front, pools, line):
    """The server, idle for longest, who takes a newcomer of a line; NOBODY = the dispatch must decide.

    ``pools`` = pools with an idle server for the line's station, a bit each.
    """
    server = _NOBODY
    pool = only_pool[np.uint32(pools)]
    if pool >= 0:
        first = free[np.uint32(pool), np.uint32(front[np.uint32(pool)])]
        if can[np.uint32(row[first]), line]:
            server = first
    return server


@inlined
def take_first(free, idle, front, pool, idle_pools):
    """Take the server idle for longest off a pool; returns the bits of the pools with a free server."""
    left = idle[pool] - 1
    front[pool] = front[pool] + 1 & free.shape[1] - 1
    idle[pool] = left
    return idle_pools & ~(int(left == 0) << int(pool))


@inlined
def call_next(places, tickets, lines, waiting, steps, n_steps, rows, results, first, wanted, server, now):
    """A free server calls their best ticket; who has left is called in vain.

    Returns the visitor (NOBODY = nobody is there), the line, the number of steps and the stations still wanted.
    """
    v = _NOBODY
    line = _NOBODY
    while True:
        line = np.uint32(best_line(places, tickets, lines, server["first"], server["end"]))
        if line == NOBODY:
            break
        w = pop(tickets, lines, waiting, line)
        station = lines[line]["station"]
        if waiting[station] == 0:
            wanted &= ~(1 << int(station))
        leaves = tickets[w]["leaves"]
        if leaves > now:
            v = w
            break
        joined = tickets[w]["joined"]
        cls = lines[line]["cls"]
        n_steps = write_step(steps, n_steps, first + w, station, cls, joined, now, nan, leaves, -1, ABANDONED)
        give_up(results[w], rows[w], station, now, leaves, ABANDONED)
    return v, line, n_steps, wanted


@inlined
def start(
    rules,
    tickets,
    lines,
    waiting,
    rows,
    results,
    servers,
    end_min,
    end_server,
    soonest,
    next_end,
    server,
    v,
    line,
    managers,
    now,
):
    """A service begins now; returns where the pending ends of service begin, and the minute of the first."""
    station = lines[line]["station"]
    row = servers[server]
    pace = row["pace"]
    minutes = begin_service(
        rules, tickets, lines, waiting, rows[v], results[v], server, v, station, managers, pace, now
    )
    row["visit"] = v
    row["started"] = now
    row["station"] = station
    row["cls"] = lines[line]["cls"]
    end = now + minutes
    return set_end(end_min, end_server, soonest, server, end), min(next_end, end)


@lean
def dispatch(
    rules, floor, work, steps, n_steps, rows, results, first, soonest, next_end, wanted, idle_pools, managers, now
):
    """Free servers, longest idle first, each take their best ticket.

    Returns the number of steps, where pending ends of service begin and the minute of the first, stations
    wanted and pools with a free server.
    """
    tickets = work.tickets
    lines = work.lines
    waiting = work.waiting
    servers = work.servers
    free = work.free
    idle = work.idle
    front = work.front
    cursor = work.cursor
    end_min = work.end_min
    end_server = work.end_server
    places = floor.places
    pools_for = floor.pools_for
    only_pool = floor.only_pool
    ring = free.shape[1] - 1
    for pool in range(cursor.size):
        cursor[pool] = 0
    pools = pools_for[wanted] & idle_pools
    while pools and wanted:
        pool = only_pool[pools]
        if pool < 0:
            pool = next_pool(pools, free, idle, front, cursor, servers)
        if pool < 0 or cursor[pool] >= idle[pool]:
            break
        server = free[pool, front[pool] + cursor[pool] & ring]
        v, line, n_steps, wanted = call_next(
            places, tickets, lines, waiting, steps, n_steps, rows, results, first, wanted, servers[server], now
        )
        if v == NOBODY:
            cursor[pool] += 1
            continue
        if cursor[pool] == 0:
            idle_pools = take_first(free, idle, front, pool, idle_pools)
        else:
            drop_free(free, idle, front, pool, cursor[pool])
            if idle[pool] == 0:
                idle_pools &= ~(1 << int(pool))
        soonest, next_end = start(
            rules,
            tickets,
            lines,
            waiting,
            rows,
            results,
            servers,
            end_min,
            end_server,
            soonest,
            next_end,
            server,
            v,
            line,
            managers,
            now,
        )
    return n_steps, soonest, next_end, wanted, idle_pools
