"""The compiled engine: one event loop over arrays tells the same day as ``reference.py``, field by field.

Arrivals are sorted beforehand and stay out of the event list; pending ends of service (one per busy server) are a
small sorted array; patience is resolved lazily: who left keeps the ticket in the line and is found out when called.
At one instant: ends of service (by server), reneging, duty changes (by member), arrivals (by visit), one dispatch; what
happens alone at an instant takes a shorter way to the same end (``fast_dispatch``).
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

import numpy as np

from vipsim.compiled import kernel, lean
from vipsim.lobby.fast_dispatch import call_next, dispatch, idle_for, start, take_first
from vipsim.lobby.fast_lines import (
    append,
    line_up,
    pop,
    push_front,
    reset,
    set_end,
    set_free,
    unset_end,
    unset_free,
    wanted_stations,
)
from vipsim.lobby.fast_process import process_loop
from vipsim.lobby.fast_routes import (
    business_line,
    enter,
    give_up,
    join,
    line_after,
    line_after_cut_off,
    take_ticket,
    write_step,
)
from vipsim.lobby.jobs import (
    ABANDONED,
    CUT_OFF,
    DESK,
    FIRST_STEP,
    FIRST_VISIT,
    HANDED_OVER,
    LANES,
    NOBODY,
    ORDINARY,
    RM,
    SERVED,
    SKIPPED,
    STEPS,
    UNSERVED,
    VISITS,
    DayLog,
    grow_log,
)
from vipsim.lobby.process_hall import MOST_STEPS, grow_room
from vipsim.lobby.rules import FINISH, HAND_OVER, SEND_AWAY, SERVE_ALL, colleague_line, task_fits
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
    task_start = log.started
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
    change_min = floor.change_min
    change_staff = floor.change_staff
    change_until = floor.change_until
    here_until = roster.here_until
    row = roster.row
    task_first = tasks.first
    task_min = tasks.minutes
    n_staff = floor.staff
    n_tasks = task_min.size
    changes = change_min.size

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
    next_change = change_min[0] if changes > 0 else inf
    next_other = min(next_change, next_closing, bell)
    new_line = np.uint32(0)
    before = -inf  # a service without duration ends at the instant at which it began
    idle_pools = 1 << int(floor.pool[2 * n_staff]) if floor.servers > n_staff else 0  # a bit each; machines are free

    while True:
        now = min(next_arrival, next_end, next_other)
        if now == inf:
            break
        woke = now == bell  # a member became free, or calling hours began
        alone = now > before and next_other > now and not closed  # nothing else happens at this instant
        before = now
        freed = _NOBODY
        newcomer = _NOBODY

        # Ends of service, by server.
        while next_end == now:
            server = end_server[np.uint32(soonest)]
            soonest += 1
            next_end = end_min[np.uint32(soonest)]
            alone = alone and next_arrival > now and next_end > now
            v = servers[server]["visit"]
            servers[server]["visit"] = NOBODY
            if servers[server]["on"]:
                woke = True
                if alone:
                    freed = server
                else:
                    idle_pools |= set_free(servers, free, idle, front, server, now)
            if v == NOBODY:
                servers[server]["task"] = -1
                continue
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
            elif alone:
                newcomer = v
                new_line = np.uint32(goes)
            else:
                wanted |= join(rules, tickets, lines, waiting, visit, result, v, np.uint32(goes), now)

        # Duty begins and ends, by member.
        if next_change == now:
            woke = True
            while next_change == now:
                server = change_staff[changed]
                until = change_until[changed]
                changed += 1
                next_change = change_min[changed] if changed < changes else inf
                if roster.shift[server] != floor.change_shift[changed - 1]:
                    continue  # absent, or in another shift today
                serves = floor.pool_stations[servers[server]["pool"]]
                v = servers[server]["visit"]
                if until >= 0.0:
                    servers[server]["on"] = 1
                    servers[server]["duty_end"] = until
                    managers += serves >> DESK & 1
                    rms += serves >> RM & 1
                    if v == NOBODY and servers[server]["task"] < 0:
                        idle_pools |= set_free(servers, free, idle, front, np.uint32(server), now)
                    continue
                if now >= closing and rules.after_closing == SERVE_ALL:
                    continue  # stays until no customer is inside
                servers[server]["on"] = 0
                managers -= serves >> DESK & 1
                rms -= serves >> RM & 1
                if v == NOBODY and servers[server]["task"] < 0:
                    idle_pools = unset_free(servers, free, idle, front, server, idle_pools)
                if v == NOBODY or rules.shift_end == FINISH:
                    continue
                end = unset_end(end_min, end_server, soonest, server)
                soonest += 1
                next_end = end_min[soonest]
                servers[server]["visit"] = NOBODY
                last = max(last, now)
                station = servers[server]["station"]
                started = servers[server]["started"]
                over = HANDED_OVER if rules.shift_end == HAND_OVER else CUT_OFF
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
                    over,
                )
                visit = rows[v]
                result = results[v]
                if over == HANDED_OVER:
                    tickets[v]["joined"] = now
                    tickets[v]["leaves"] = inf
                    tickets[v]["rest"] = end - now
                    push_front(tickets, lines, waiting, np.uint32(colleague_line(np.int64(tickets[v]["line"]))), v)
                    wanted = wanted_stations(waiting)
                else:
                    goes = line_after_cut_off(
                        rules, can, row, here_until, servers, n_staff, visit, result, station, now
                    )
                    if goes < 0:
                        result["left"] = now
                    else:
                        wanted |= join(rules, tickets, lines, waiting, visit, result, v, np.uint32(goes), now)
            if managers == 0 and waiting[DESK] > 0:  # nobody left at the desk: who waits there takes a ticket
                for desk in range(3 * DESK, 3 * DESK + 3):
                    while lines[desk]["head"] != NOBODY:
                        v = pop(tickets, lines, waiting, desk)
                        visit = rows[v]
                        result = results[v]
                        joined = tickets[v]["joined"]
                        n_steps = write_step(
                            steps, n_steps, first + v, DESK, lines[desk]["cls"], joined, nan, nan, now, -1, SKIPPED
                        )
                        goes = business_line(rules, can, row, here_until, servers, n_staff, visit, result, now)
                        join(rules, tickets, lines, waiting, visit, result, v, np.uint32(goes), now)
                wanted = wanted_stations(waiting)

        if next_closing == now:
            next_closing = inf
            closed = rules.after_closing == SEND_AWAY

        # Arrivals, by visit.
        while next_arrival == now:
            v = order[np.uint32(arrived)]
            arrived += 1
            next_arrival = minute[np.uint32(arrived)] if arrived < n_visits else inf
            alone = alone and next_arrival > now
            visit = rows[v]
            result = results[v]
            goes = 3 * DESK + ORDINARY
            if not rules.triage or managers == 0 or visit["appointment"]:
                goes = business_line(rules, can, row, here_until, servers, n_staff, visit, result, now)
            if alone:
                newcomer = v
                new_line = np.uint32(goes)
            else:
                wanted |= join(rules, tickets, lines, waiting, visit, result, v, np.uint32(goes), now)

        if closed:
            n_steps = send_away(tickets, lines, waiting, steps, n_steps, rows, results, first, now)
            wanted = 0

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

        # ... or else the next outreach task of their own that fits. None fits later that did not fit when they
        # became free, except when calling hours begin.
        if n_tasks > 0 and woke:
            for member in range(n_staff):
                if task_first[member] == task_first[member + 1]:
                    continue
                server = servers[member]
                if not server["on"] or server["visit"] != NOBODY or server["task"] >= 0:
                    continue
                if server["since"] != now and now != bell:
                    continue
                for j in range(task_first[member], task_first[member + 1]):
                    done = task_start[j] == task_start[j]
                    if not done and task_fits(
                        now, task_min[j], server["duty_end"], tasks.call_from_min, tasks.call_until_min
                    ):
                        task_start[j] = now
                        server["task"] = j
                        idle_pools = unset_free(servers, free, idle, front, member, idle_pools)
                        end = now + task_min[j]
                        soonest = set_end(end_min, end_server, soonest, np.uint32(member), end)
                        next_end = min(next_end, end)
                        break
        if now == next_other:
            if now == bell:
                bell = inf
            next_other = min(next_change, next_closing, bell)

    n_steps = send_away(tickets, lines, waiting, steps, n_steps, rows, results, first, last)
    return n_steps, last


@lean
def send_away(tickets, lines, waiting, steps, n_steps, rows, results, first, now):
    """Everybody who still waits leaves: who had left before is abandoned with the wait so far, the others unserved."""
    for line in range(lines.size):
        station = lines[line]["station"]
        cls = lines[line]["cls"]
        while lines[line]["head"] != NOBODY:
            v = pop(tickets, lines, waiting, line)
            joined = tickets[v]["joined"]
            leaves = tickets[v]["leaves"]
            if leaves <= now:
                n_steps = write_step(steps, n_steps, first + v, station, cls, joined, now, nan, leaves, -1, ABANDONED)
                give_up(results[v], rows[v], station, now, leaves, ABANDONED)
            else:
                n_steps = write_step(steps, n_steps, first + v, station, cls, joined, nan, nan, now, -1, UNSERVED)
                give_up(results[v], rows[v], station, nan, now, UNSERVED)
    return n_steps
