"""The compiled engine for lobbies with a service process: one event loop, the same day as ``reference.py``.

The simple day has a loop of its own (``fast.py``), so that mechanisms nobody declared cost nothing. At one minute:
ends of service (by server), reneging (found out when called), duty changes (by member), the desk left alone, closing,
arrivals (by visit), second looks that are due, the end of a helper's time, sending away, one dispatch.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf

import numpy as np

from vipsim.compiled import lean
from vipsim.lobby.fast_lines import next_pool
from vipsim.lobby.jobs import (
    CASH,
    DONE,
    ERRANDS,
    GUARD,
    LOOK,
    LOOKS,
    NONCASH,
    RECEIVE,
    SERVED,
    TAKES_NUMBER,
)
from vipsim.lobby.params import LOBBY_ASSISTANT
from vipsim.lobby.process_duty import change_duty
from vipsim.lobby.process_ends import end_talk, finished, next_ticket, overtake, send_away, tell_where_lost
from vipsim.lobby.process_hall import (
    AGAIN,
    BUT_THIS_ROUND,
    EVERYBODY,
    FREED,
    GONE,
    HELPER,
    HERE,
    IDLE,
    LOOK_HEAD,
    LOOK_TAIL,
    MANAGERS,
    NO_TICKET,
    NOBODY_YET,
    QUEUE,
    ROUND,
    SOONEST,
    STEPS_SO_FAR,
    WANTED,
    WOKE,
    Hall,
)
from vipsim.lobby.process_lines import append, new_ticket, note_step
from vipsim.lobby.process_servers import change_post, drop_free, idle_helper, open_hall, set_end, set_free, unset_free
from vipsim.lobby.process_staff import begin, goes_on, minutes_of
from vipsim.lobby.process_visitor import choose_way, errand, go, newcomer, proceed
from vipsim.lobby.rules import SEND_AWAY, task_fits


@lean
def process_loop(p, params, roster, visits, tasks, log, room, results, steps, first):
    """All events of a day; returns the number of steps and the minute at which the last customer left."""
    rules = p.rules
    floor = params.floor
    rows = visits.rows
    order = visits.order
    n_visits = visits.n[0]
    n_staff = floor.staff
    task_start = log.started
    task_first = tasks.first
    task_min = tasks.minutes
    n_tasks = task_min.size
    change_min = floor.change_min
    changes = change_min.size
    count = room.counts
    end_min = log.work.end_min
    end_server = log.work.end_server
    minute = visits.minute
    free = log.work.free
    idle = log.work.idle
    front = log.work.front
    cursor = log.work.cursor
    ring = free.shape[1] - 1
    workers = room.workers
    jobs = room.jobs
    hall = Hall(
        p,
        rows,
        visits.chance,
        results,
        steps,
        jobs,
        room.queues,
        workers,
        room.waiting,
        end_min,
        end_server,
        free,
        idle,
        front,
        room.freed,
        room.due,
        room.due_ticket,
        count,
        floor.places,
        floor.can,
        floor.rank,
        floor.pools_for,
        roster.here_until,
        n_visits,
        first,
        n_staff,
    )
    open_hall(hall, floor, roster, params.staffing.role, LOBBY_ASSISTANT, n_tasks, task_start)
    arrived = 0
    changed = 0
    closing = rules.opening_min
    closed = False  # nobody may wait any more
    last = closing  # last end of anybody's service
    bell = tasks.call_from_min if n_tasks > 0 else inf
    next_closing = closing
    next_arrival = minute[0] if n_visits > 0 else inf
    next_change = change_min[0] if changes > 0 else inf
    help_over = inf
    now = -inf
    before = -inf

    while True:
        next_look = inf
        if count[LOOK_HEAD] < count[LOOK_TAIL]:
            next_look = room.due[count[LOOK_HEAD]]
        if count[AGAIN] == 0:
            next_end = end_min[np.uint32(count[SOONEST])]
            next_other = min(min(next_change, next_closing), min(bell, help_over))
            now = min(min(next_arrival, next_end), min(next_look, next_other))
            if now == inf:
                break
        count[WOKE] = 1 if now == bell else count[AGAIN]
        count[AGAIN] = 0
        count[ROUND] += 1
        count[GONE] = BUT_THIS_ROUND if now == before else NOBODY_YET
        before = now
        helped_out = -1  # whose time at the desk ends now

        # Ends of service, by server.
        while end_min[np.uint32(count[SOONEST])] == now:
            s = end_server[np.uint32(count[SOONEST])]
            count[SOONEST] += 1
            worker = workers[s]
            if worker["task"] >= 0:
                worker["task"] = -1
                set_free(hall, s, now)
                continue
            t = worker["ticket"]
            last = max(last, now)
            started = worker["started"]
            note_step(hall, t, started, started, now, s, SERVED)
            count[HERE] = s
            following = goes_on(hall, s, t, now)
            count[HERE] = -1
            if following != NO_TICKET:
                if following != t:  # from a second look to an escort
                    jobs[following]["talker"] = -1
                    worker["ticket"] = following
                jobs[following]["joined"] = now
                worker["started"] = now
                set_end(hall, s, now + minutes_of(hall, following) * worker["pace"])
                continue
            worker["ticket"] = NO_TICKET
            outcome = finished(hall, s, t, SERVED, now)
            set_free(hall, s, now)
            proceed(hall, t, outcome, now)

        count[GONE] = EVERYBODY

        if next_change == now:
            changed, last = change_duty(hall, floor, roster, room.skipped, changed, last, now)
            next_change = change_min[changed] if changed < changes else inf

        if next_closing == now:
            next_closing = inf
            closed = rules.after_closing == SEND_AWAY

        # Arrivals, by visit.
        while next_arrival == now:
            v = order[np.uint32(arrived)]
            arrived += 1
            next_arrival = minute[arrived] if arrived < n_visits else inf
            newcomer(hall, v)
            chance = visits.chance[v]
            if chance["guard"]:
                errand(hall, np.uint32(2 * n_visits + v), v, GUARD, inf, now)
            received = rules.triage and count[MANAGERS] > 0 and not rows[v]["appointment"]
            if received and chance["behaviour"] != TAKES_NUMBER:
                new_ticket(hall, v, v, QUEUE, RECEIVE, inf, now)
                append(hall, v)
            else:
                choose_way(hall, v, now)
                go(hall, v, now)

        # Second looks that are due.
        while count[LOOK_HEAD] < count[LOOK_TAIL] and room.due[count[LOOK_HEAD]] == now:
            v = np.uint32(room.due_ticket[count[LOOK_HEAD]])
            count[LOOK_HEAD] += 1
            own = jobs[v]
            at_counter = own["station"] in (CASH, NONCASH)
            same = own["joined"] + p.second_look_after_min == now and own["rest"] < 0.0
            if own["waits"] and own["leaves"] > now and at_counter and same:
                look = np.uint32(n_visits + v)
                new_ticket(hall, look, v, LOOKS, LOOK, inf, now)
                jobs[look]["key"] = own["joined"]
                append(hall, look)

        if help_over == now:
            help_over = inf
            helped_out = count[HELPER]
            change_post(hall, floor, np.uint32(helped_out), roster.row[helped_out])
            count[HELPER] = -1
            count[WOKE] = 1

        if closed:
            send_away(hall, now)

        # One dispatch: free servers, longest idle first, each take their best ticket ...
        for pool in range(cursor.size):
            cursor[pool] = 0
        pools = floor.pools_for[count[WANTED]] & count[IDLE]
        while pools:
            pool = floor.only_pool[pools]
            if pool < 0:
                pool = next_pool(pools, free, idle, front, cursor, workers)
            if pool < 0 or cursor[pool] >= idle[pool]:
                break
            s = free[pool, front[pool] + cursor[pool] & ring]
            worker = workers[s]
            t = next_ticket(hall, s, now)
            if t == NO_TICKET:
                cursor[pool] += 1
                pools = floor.pools_for[count[WANTED]] & count[IDLE]
                continue
            drop_free(hall, pool, cursor[pool])
            pools = floor.pools_for[count[WANTED]] & count[IDLE]
            overtake(hall, s, t, now)
            if t < n_visits and jobs[t]["talker"] >= 0:
                end_talk(hall, t, now)
                last = max(last, now)
            minutes = begin(hall, s, t, now)
            worker["ticket"] = t
            worker["started"] = now
            line = jobs[t]["line"]
            if line in (LOOKS, ERRANDS):
                jobs[t]["joined"] = now
            set_end(hall, s, now + minutes)

        # ... or else the next outreach task of their own that fits. None fits later that did not fit when they
        # became free, except when calling hours begin or a helper's time at the desk ends.
        if n_tasks > 0 and count[WOKE]:
            for s in range(np.uint32(n_staff)):
                if task_first[s] == task_first[s + 1] or s == count[HELPER]:
                    continue
                worker = workers[s]
                if not worker["on"] or worker["ticket"] != NO_TICKET or worker["task"] >= 0 or worker["along"]:
                    continue
                if worker["since"] != now and now != bell and s != helped_out:
                    continue
                for j in range(task_first[s], task_first[s + 1]):
                    done = task_start[j] == task_start[j]
                    if not done and task_fits(
                        now, task_min[j], worker["duty_end"], tasks.call_from_min, tasks.call_until_min
                    ):
                        task_start[j] = now
                        worker["task"] = j
                        unset_free(hall, s)
                        set_end(hall, s, now + task_min[j])
                        break

        # Lobby managers whose talk was cut short line up for a dispatch of their own.
        for i in range(count[FREED]):
            s = np.uint32(room.freed[i])
            workers[s]["ticket"] = NO_TICKET
            set_free(hall, s, now)
        # The desk is swamped: an idle member of the named role helps out there for some minutes (L02).
        if count[HELPER] < 0 and room.queues[QUEUE]["size"] > p.help_above and count[IDLE]:
            s = idle_helper(hall, params.staffing.role, p.helper_role)
            if s != NO_TICKET:
                change_post(hall, floor, s, floor.row_first.size - 2)
                count[HELPER] = s
                help_over = now + p.help_min
                count[AGAIN] = 1
        count[FREED] = 0
        if now == bell:
            bell = inf

    send_away(hall, last)
    tell_where_lost(hall)
    return count[STEPS_SO_FAR], last


__all__ = ["DONE", "process_loop"]
