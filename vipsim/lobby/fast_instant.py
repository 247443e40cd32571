"""The compiled engine at an instant at which more than one thing may happen, or something rare.

Told in the order of ``reference.py``: ends of service (by server), reneging, duty changes (by member), arrivals (by
visit), one dispatch. It stands apart from the event loop, whose numbers then stay in registers.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

import numpy as np

from vipsim.compiled import lean
from vipsim.lobby.fast_dispatch import dispatch
from vipsim.lobby.fast_lines import pop, push_front, set_end, set_free, unset_end, unset_free, wanted_stations
from vipsim.lobby.fast_routes import (
    business_line,
    give_up,
    join,
    line_after,
    line_after_cut_off,
    write_step,
)
from vipsim.lobby.jobs import (
    ABANDONED,
    CUT_OFF,
    DESK,
    HANDED_OVER,
    NOBODY,
    ORDINARY,
    RM,
    SERVED,
    SKIPPED,
    UNSERVED,
)
from vipsim.lobby.rules import FINISH, HAND_OVER, SEND_AWAY, SERVE_ALL, colleague_line, task_fits


@lean
def all_at_once(
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
):
    """Everything that happens at minute ``now``; returns the running numbers from ``n_steps`` on, in that order."""
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
    can = floor.can
    change_min = floor.change_min
    change_staff = floor.change_staff
    change_until = floor.change_until
    here_until = roster.here_until
    row = roster.row
    n_staff = floor.staff
    changes = change_min.size
    closing = rules.opening_min
    woke = now == bell  # a member became free, or calling hours began

    # Ends of service, by server.
    while next_end == now:
        server = end_server[np.uint32(soonest)]
        soonest += 1
        next_end = end_min[np.uint32(soonest)]
        v = servers[server]["visit"]
        servers[server]["visit"] = NOBODY
        if servers[server]["on"]:
            woke = True
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
                goes = line_after_cut_off(rules, can, row, here_until, servers, n_staff, visit, result, station, now)
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
        visit = rows[v]
        result = results[v]
        goes = 3 * DESK + ORDINARY
        if not rules.triage or managers == 0 or visit["appointment"]:
            goes = business_line(rules, can, row, here_until, servers, n_staff, visit, result, now)
        wanted |= join(rules, tickets, lines, waiting, visit, result, v, np.uint32(goes), now)

    if closed:
        n_steps = send_away(tickets, lines, waiting, steps, n_steps, rows, results, first, now)
        wanted = 0

    if wanted:
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
    if woke:
        soonest, next_end, idle_pools = take_up_tasks(
            tasks, log, n_staff, now, now == bell, soonest, next_end, idle_pools
        )
    if now == bell:
        bell = inf
    return (
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


@lean
def take_up_tasks(tasks, log, n_staff, now, calls_begin, soonest, next_end, idle_pools):
    """Idle members take up the next outreach task of their own that fits.

    None fits later that did not fit when they became free, except when calling hours begin. Returns where pending
    ends of service begin and the minute of the first, and the pools with a free server.
    """
    task_start = log.started
    servers = log.work.servers
    free = log.work.free
    idle = log.work.idle
    front = log.work.front
    end_min = log.work.end_min
    end_server = log.work.end_server
    task_first = tasks.first
    task_min = tasks.minutes
    for member in range(n_staff):
        if task_first[member] == task_first[member + 1]:
            continue
        server = servers[member]
        if not server["on"] or server["visit"] != NOBODY or server["task"] >= 0:
            continue
        if server["since"] != now and not calls_begin:
            continue
        for j in range(task_first[member], task_first[member + 1]):
            done = task_start[j] == task_start[j]
            if not done and task_fits(now, task_min[j], server["duty_end"], tasks.call_from_min, tasks.call_until_min):
                task_start[j] = now
                server["task"] = j
                idle_pools = unset_free(servers, free, idle, front, member, idle_pools)
                end = now + task_min[j]
                soonest = set_end(end_min, end_server, soonest, np.uint32(member), end)
                next_end = min(next_end, end)
                break
    return soonest, next_end, idle_pools


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
