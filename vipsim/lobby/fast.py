"""The compiled engine: one event loop over arrays tells the same day as ``reference.py``, field by field.

Arrivals are sorted beforehand and stay out of the event list; pending ends of service (one per busy server) are a
small sorted array; patience is resolved lazily: who left keeps the ticket in the line and is found out when called.
At one instant: ends of service (by server), reneging, duty changes (by member), arrivals (by visit), one dispatch; what
happens alone at an instant takes a shorter way to the same end (``fast_dispatch``).
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf

import numpy as np

from vipsim.compiled import kernel, lean
from vipsim.lobby.arrays import DayLog, grow_log
from vipsim.lobby.fast_dispatch import call_next, dispatch, idle_for, start, take_first
from vipsim.lobby.fast_instant import all_at_once, send_away, take_up_tasks
from vipsim.lobby.fast_lines import (
    append,
    line_up,
    reset,
)
from vipsim.lobby.fast_process import process_loop
from vipsim.lobby.fast_routes import (
    business_line,
    enter,
    line_after,
    take_ticket,
    write_step,
)
from vipsim.lobby.jobs import DESK, FIRST_STEP, FIRST_VISIT, LANES, NOBODY, ORDINARY, SERVED, STEPS, VISITS
from vipsim.lobby.process_hall import MOST_STEPS, grow_room
from vipsim.lobby.visits import arrange

_NOBODY = np.uint32(NOBODY)


@kernel
def run_day(params, roster, visits, tasks, log, day):
    """One lobby day; returns the log with the day's visits and steps appended.

    ``visits`` may come in any order; row v of today is row ``log.n[FIRST_VISIT] + v`` of ``log.visits``.
    """
    return _run_day(params.process, params, roster, visits, tasks, log, day)


@kernel
def _run_day(process, params, roster, visits, tasks, log, day):
    """As ``run_day``: the simple day where ``process`` is None, else the service process; one of them is compiled."""
    n_visits = visits.n[0]
    n_tasks = tasks.minutes.size
    steps_a_visit = 3 if process is None else MOST_STEPS
    log = grow_log(log, n_visits, steps_a_visit * n_visits + params.floor.change_min.size, n_tasks)
    arrange(visits)
    first = log.n[VISITS]
    first_step = log.n[STEPS]
    results = log.visits[first : first + n_visits]
    steps = log.steps[first_step:]
    enter(visits.rows, log.work.blank, results, day)
    if process is None:
        w = log.work
        reset(params.floor, roster, w.lines, w.waiting, w.servers, w.free, w.idle, w.front, log.started, n_tasks)
        n_steps, closed = event_loop(params.rules, params.floor, roster, visits, tasks, log, results, steps, day, first)
    else:
        log = DayLog(log.visits, log.steps, log.n, log.started, log.closed, log.work, grow_room(log.room, n_visits))
        n_steps, closed = process_loop(process, params, roster, visits, tasks, log, log.room, results, steps, first)
    log.closed[0] = closed
    log.n[FIRST_VISIT] = first
    log.n[VISITS] = first + n_visits
    log.n[FIRST_STEP] = first_step
    log.n[STEPS] = first_step + n_steps
    return log


@lean
def event_loop(rules, floor, roster, visits, tasks, log, results, steps, day, first):
    """All events of a day; returns the number of steps and the minute at which the last customer left."""
    rows = visits.rows
    order = visits.order
    minute = visits.minute
    n_visits = visits.n[0]
    tickets = log.work.tickets
    lines = log.work.lines
    waiting = log.work.waiting
    servers = log.work.servers
    free = log.work.free
    idle = log.work.idle
    front = log.work.front
    end_min = log.work.end_min
    end_server = log.work.end_server
    places = floor.places
    can = floor.can
    pools_for = floor.pools_for
    only_pool = floor.only_pool
    here_until = roster.here_until
    row = roster.row
    n_staff = floor.staff
    n_tasks = tasks.minutes.size

    soonest = end_min.size - LANES  # first of the pending ends of service
    next_end = inf
    n_steps = 0
    arrived = 0
    changed = 0
    managers = 0  # lobby managers on duty
    rms = 0  # RMs on duty
    wanted = 0  # stations where somebody waits, a bit each
    closing = rules.opening_min
    closed = False  # nobody may wait any more
    last = closing  # last end of a visitor's service
    bell = tasks.call_from_min if n_tasks > 0 else inf
    next_closing = closing
    next_arrival = minute[0] if n_visits > 0 else inf
    next_change = floor.change_min[0] if floor.change_min.size > 0 else inf
    next_other = min(next_change, next_closing, bell)
    new_line = np.uint32(0)
    before = -inf  # a service without duration ends at the instant at which it began
    idle_pools = 1 << int(floor.pool[2 * n_staff]) if floor.servers > n_staff else 0  # a bit each; machines are free

    while True:
        now = min(next_arrival, next_end)
        ends = next_end < next_arrival
        after_end = end_min[np.uint32(soonest + 1)]
        after_arrival = minute[np.uint32(arrived + 1)] if arrived + 1 < n_visits else inf
        after = after_end if ends else after_arrival
        alone = (now > before) & (next_other > now) & (next_end != next_arrival) & (after > now) & (not closed)
        if not alone:
            now = min(now, next_other)
            if now == inf:
                break
            before = now
            (
                n_steps,
                soonest,
                next_end,
                arrived,
                next_arrival,
                changed,
                next_change,
                next_closing,
                closed,
                bell,
                last,
                managers,
                rms,
                wanted,
                idle_pools,
            ) = all_at_once(
                rules,
                floor,
                roster,
                visits,
                tasks,
                log,
                results,
                steps,
                first,
                now,
                n_steps,
                soonest,
                next_end,
                arrived,
                next_arrival,
                changed,
                next_change,
                next_closing,
                closed,
                bell,
                last,
                managers,
                rms,
                wanted,
                idle_pools,
            )
            next_other = min(next_change, next_closing, bell)
            continue
        before = now
        freed = _NOBODY
        newcomer = _NOBODY

        if ends:  # a service
            server = end_server[np.uint32(soonest)]
            soonest += 1
            next_end = after_end
            v = servers[server]["visit"]
            servers[server]["visit"] = NOBODY
            if servers[server]["on"]:
                freed = server
            if v == NOBODY:
                servers[server]["task"] = -1
            else:
                last = max(last, now)
                station = servers[server]["station"]
                started = servers[server]["started"]
                n_steps = write_step(
                    steps,
                    n_steps,
                    first + v,
                    station,
                    servers[server]["cls"],
                    tickets[v]["joined"],
                    started,
                    started,
                    now,
                    server,
                    SERVED,
                )
                visit = rows[v]
                result = results[v]
                goes = line_after(
                    rules, can, row, here_until, servers, n_staff, tickets, lines, rms, visit, result, station, now
                )
                if goes < 0:
                    result["left"] = now
                else:
                    newcomer = v
                    new_line = np.uint32(goes)
        else:  # an arrival
            newcomer = order[np.uint32(arrived)]
            arrived += 1
            next_arrival = after_arrival
            visit = rows[newcomer]
            result = results[newcomer]
            goes = 3 * DESK + ORDINARY
            if not rules.triage or managers == 0 or visit["appointment"]:
                goes = business_line(rules, can, row, here_until, servers, n_staff, visit, result, now)
            new_line = np.uint32(goes)
        woke = freed != NOBODY

        # Who is served now: at most the newcomer by an idle server, then a visitor by the server just freed ...
        while newcomer != NOBODY or freed != NOBODY:
            if newcomer != NOBODY:
                v = newcomer
                line = new_line
                newcomer = _NOBODY
                station = lines[line]["station"]
                take_ticket(rules, tickets[v], rows[v], results[v], line, station, lines[line]["cls"], now)
                server = _NOBODY
                pools = pools_for[np.uint32(1) << station] & idle_pools
                if pools:
                    if tickets[v]["leaves"] > now:
                        server = idle_for(only_pool, can, row, free, front, pools, line)
                    alone = server != NOBODY
                if server == NOBODY:
                    append(tickets, lines, waiting, line, v)
                    wanted |= 1 << int(station)
                    continue
                idle_pools = take_first(free, idle, front, servers[server]["pool"], idle_pools)
            else:
                server = freed
                freed = _NOBODY
                v = _NOBODY
                if alone and pools_for[np.uint32(wanted)] >> servers[server]["pool"] & 1:
                    v, line, n_steps, wanted = call_next(
                        places,
                        tickets,
                        lines,
                        waiting,
                        steps,
                        n_steps,
                        rows,
                        results,
                        first,
                        wanted,
                        servers[server],
                        now,
                    )
                if v == NOBODY:
                    idle_pools |= line_up(servers, free, idle, front, server, now)
                    continue
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
        if not alone and wanted:
            n_steps, soonest, next_end, wanted, idle_pools = dispatch(
                rules,
                floor,
                log.work,
                steps,
                n_steps,
                rows,
                results,
                first,
                soonest,
                next_end,
                wanted,
                idle_pools,
                managers,
                now,
            )

        # ... or else an outreach task.
        if n_tasks > 0 and woke:
            soonest, next_end, idle_pools = take_up_tasks(
                tasks, log, n_staff, now, False, soonest, next_end, idle_pools
            )

    n_steps = send_away(tickets, lines, waiting, steps, n_steps, rows, results, first, last)
    return n_steps, last
