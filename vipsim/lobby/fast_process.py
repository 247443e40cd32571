"""The compiled engine for lobbies with a service process: one event loop, the same day as ``reference.py``.

The simple day has a loop of its own (``fast.py``), so that mechanisms nobody declared cost nothing. At one minute:
ends of service (by server), reneging (found out when called), duty changes (by member), the desk left alone, closing,
arrivals (by visit), second looks that are due, the end of a helper's time, sending away, one dispatch.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

from vipsim.compiled import lean
from vipsim.lobby.jobs import (
    CASH,
    CUT_OFF,
    DESK,
    DONE,
    ERRANDS,
    GUARD,
    HANDED_OVER,
    LOOK,
    LOOKS,
    NONCASH,
    RECEIVE,
    RM,
    SERVED,
    SKIPPED,
    TAKES_NUMBER,
)
from vipsim.lobby.params import LOBBY_ASSISTANT
from vipsim.lobby.process_hall import (
    AGAIN,
    BUT_THIS_ROUND,
    EVERYBODY,
    FREE,
    FREED,
    GONE,
    HELPER,
    HERE,
    LOOK_HEAD,
    LOOK_TAIL,
    MANAGERS,
    NO_TICKET,
    NOBODY_YET,
    PENDING,
    QUEUE,
    RMS,
    ROUND,
    STEPS_SO_FAR,
    WANTED,
    WOKE,
    Hall,
    append,
    drop_free,
    new_ticket,
    note_step,
    open_hall,
    pop,
    post_serves,
    push_front,
    set_end,
    set_free,
    unset_end,
    unset_free,
)
from vipsim.lobby.process_routes import (
    begin,
    called_in_vain,
    choose_way,
    end_talk,
    errand,
    finished,
    go,
    goes_on,
    minutes_of,
    newcomer,
    next_ticket,
    overtake,
    proceed,
    send_away,
    tell_where_lost,
)
from vipsim.lobby.rules import FINISH, HAND_OVER, SEND_AWAY, SERVE_ALL, colleague_line, task_fits


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
    pending = room.pending
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
        pending,
        room.free,
        room.freed,
        room.due,
        room.due_ticket,
        count,
        floor.places,
        floor.can,
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
    next_arrival = rows[order[0]]["arrive"] if n_visits > 0 else inf
    next_change = change_min[0] if changes > 0 else inf
    help_over = inf
    now = -inf
    before = -inf

    while True:
        next_look = inf
        if count[LOOK_HEAD] < count[LOOK_TAIL]:
            next_look = room.due[count[LOOK_HEAD]]
        if count[AGAIN] == 0:
            now = min(
                next_arrival, pending[count[PENDING]]["end"], next_change, next_closing, bell, next_look, help_over
            )
            if now == inf:
                break
        count[WOKE] = 1 if now == bell else count[AGAIN]
        count[AGAIN] = 0
        count[ROUND] += 1
        count[GONE] = BUT_THIS_ROUND if now == before else NOBODY_YET
        before = now
        helped_out = -1  # whose time at the desk ends now

        # Ends of service, by server.
        while pending[count[PENDING]]["end"] == now:
            s = pending[count[PENDING]]["server"]
            count[PENDING] -= 1
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
            worker["ticket"] = -1
            outcome = finished(hall, s, t, SERVED, now)
            set_free(hall, s, now)
            proceed(hall, t, outcome, now)

        count[GONE] = EVERYBODY

        # Duty begins and ends, by member.
        if next_change == now:
            while next_change == now:
                s = floor.change_staff[changed]
                until = floor.change_until[changed]
                changed += 1
                next_change = change_min[changed] if changed < changes else inf
                if roster.shift[s] != floor.change_shift[changed - 1]:
                    continue  # absent, or in another shift today
                worker = workers[s]
                if until >= 0.0:
                    worker["on"] = 1
                    worker["duty_end"] = until
                    count[MANAGERS] += worker["post"] >> DESK & 1
                    count[RMS] += worker["post"] >> RM & 1
                    set_free(hall, s, now)
                    continue
                if now >= closing and rules.after_closing == SERVE_ALL:
                    continue  # stays until no customer is inside
                worker["on"] = 0
                count[MANAGERS] -= worker["post"] >> DESK & 1
                count[RMS] -= worker["post"] >> RM & 1
                unset_free(hall, s)
                t = worker["ticket"]
                if t < 0 or rules.shift_end == FINISH:
                    continue
                end = unset_end(hall, s)
                last = max(last, now)
                line = jobs[t]["line"]
                hands_over = rules.shift_end == HAND_OVER and line != LOOKS and line != ERRANDS
                started = worker["started"]
                note_step(hall, t, started, started, now, s, HANDED_OVER if hands_over else CUT_OFF)
                worker["ticket"] = -1
                if hands_over:
                    jobs[t]["joined"] = now
                    jobs[t]["leaves"] = inf
                    jobs[t]["rest"] = end - now
                    jobs[t]["line"] = colleague_line(line)
                    push_front(hall, t)
                else:
                    outcome = finished(hall, s, t, CUT_OFF, now)
                    proceed(hall, t, outcome, now)
            if count[MANAGERS] == 0 and room.waiting[DESK] > 0:  # nobody left at the desk
                skipped = 0
                for line in range(3 * DESK, 3 * DESK + 3):
                    while room.queues[line]["head"] != NO_TICKET:
                        t = pop(hall, line)
                        if jobs[t]["leaves"] <= now:
                            called_in_vain(hall, t, now, jobs[t]["leaves"])
                        else:
                            note_step(hall, t, nan, nan, now, -1, SKIPPED)
                            room.skipped[skipped] = t
                            skipped += 1
                for i in range(skipped):
                    proceed(hall, room.skipped[i], SKIPPED, now)

        if next_closing == now:
            next_closing = inf
            closed = rules.after_closing == SEND_AWAY

        # Arrivals, by visit.
        while next_arrival == now:
            v = order[arrived]
            arrived += 1
            next_arrival = rows[order[arrived]]["arrive"] if arrived < n_visits else inf
            newcomer(hall, v)
            chance = visits.chance[v]
            if chance["guard"]:
                errand(hall, 2 * n_visits + v, GUARD, inf, now)
            received = rules.triage and count[MANAGERS] > 0 and not rows[v]["appointment"]
            if received and chance["behaviour"] != TAKES_NUMBER:
                new_ticket(hall, v, QUEUE, RECEIVE, inf, now)
                append(hall, v)
            else:
                choose_way(hall, v, now)
                go(hall, v, now)

        # Second looks that are due.
        while count[LOOK_HEAD] < count[LOOK_TAIL] and room.due[count[LOOK_HEAD]] == now:
            v = room.due_ticket[count[LOOK_HEAD]]
            count[LOOK_HEAD] += 1
            own = jobs[v]
            station = room.queues[own["line"]]["station"]
            at_counter = station in (CASH, NONCASH)
            same = own["joined"] + p.second_look_after_min == now and own["rest"] < 0.0
            if own["waits"] and own["leaves"] > now and at_counter and same:
                new_ticket(hall, n_visits + v, LOOKS, LOOK, inf, now)
                jobs[n_visits + v]["key"] = own["joined"]
                append(hall, n_visits + v)

        if help_over == now:
            help_over = inf
            helped_out = count[HELPER]
            post_serves(hall, floor, helped_out, roster.row[helped_out])
            count[HELPER] = -1
            count[WOKE] = 1

        if closed:
            send_away(hall, now)

        # One dispatch: free servers, longest idle first, each take their best ticket ...
        i = 0
        while i < count[FREE] and count[WANTED] != 0:
            s = room.free[i]
            worker = workers[s]
            if worker["stations"] & count[WANTED] == 0:
                i += 1
                continue
            t = next_ticket(hall, s, now)
            if t == NO_TICKET:
                i += 1
                continue
            drop_free(hall, i)
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
            for s in range(n_staff):
                if task_first[s] == task_first[s + 1] or s == count[HELPER]:
                    continue
                worker = workers[s]
                if not worker["on"] or worker["ticket"] >= 0 or worker["task"] >= 0 or worker["along"]:
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
            workers[room.freed[i]]["ticket"] = -1
            set_free(hall, room.freed[i], now)
        # The desk is swamped: an idle member of the named role helps out there for some minutes (L02).
        if count[HELPER] < 0 and room.queues[QUEUE]["size"] > p.help_above:
            for i in range(count[FREE]):
                s = room.free[i]
                wanted = s < n_staff and params.staffing.role[s] == p.helper_role
                if wanted and not floor.can[workers[s]["row"], QUEUE]:
                    post_serves(hall, floor, s, floor.row_first.size - 2)
                    count[HELPER] = s
                    help_over = now + p.help_min
                    count[AGAIN] = 1
                    break
        count[FREED] = 0
        if now == bell:
            bell = inf

    send_away(hall, last)
    tell_where_lost(hall)
    return count[STEPS_SO_FAR], last


__all__ = ["DONE", "process_loop"]
