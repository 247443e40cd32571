"""The compiled engine: one event loop over arrays tells the same day as ``reference.py``, field by field.

Arrivals are sorted beforehand and stay out of the event list; pending ends of service (one per busy server) are a
small sorted array; patience is resolved lazily: who left keeps the ticket in the line and is found out when called.
At one instant: ends of service (by server), reneging, duty changes, arrivals, then one dispatch.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

from vipsim.compiled import inlined, kernel
from vipsim.lobby.jobs import (
    ABANDONED,
    CUT_OFF,
    DESK,
    FIRST_STEP,
    FIRST_VISIT,
    HANDED_OVER,
    MACHINE,
    NONE,
    ORDINARY,
    RM,
    SERVED,
    SKIPPED,
    STEPS,
    UNSERVED,
    VISITS,
    grow_log,
)
from vipsim.lobby.rules import (
    FINISH,
    HAND_OVER,
    SEND_AWAY,
    SERVE_ALL,
    class_of,
    class_of_line,
    colleague_line,
    goes_to_machine,
    only_a_nod,
    pitches,
    rm_line,
    station_of,
    task_fits,
    ticket_key,
    triage_minutes,
    waits_for_rm,
)
from vipsim.lobby.visits import arrange

# ------------------------------------------------------------------------------------ lines and servers


@inlined
def _append(work, line, v):
    """Put a ticket at the end of its line."""
    work.tickets[v]["after"] = -1
    work.tickets[v]["line"] = line
    if work.head[line] < 0:
        work.head[line] = v
    else:
        work.tickets[work.tail[line]]["after"] = v
    work.tail[line] = v
    work.length[line] += 1


@inlined
def _push_front(work, line, v):
    """Put a ticket at the front of its line."""
    work.tickets[v]["after"] = work.head[line]
    work.tickets[v]["line"] = line
    if work.head[line] < 0:
        work.tail[line] = v
    work.head[line] = v
    work.length[line] += 1


@inlined
def _pop(work, line):
    """Take the first ticket off a line."""
    v = work.head[line]
    work.head[line] = work.tickets[v]["after"]
    work.length[line] -= 1
    return v


@inlined
def _mark_fresh(work, n_fresh, line):
    """Note that somebody joined the line at this instant; returns the number of such lines."""
    if work.is_fresh[line]:
        return n_fresh
    work.is_fresh[line] = 1
    work.fresh[n_fresh] = line
    return n_fresh + 1


@inlined
def _set_free(work, n_free, server, now):
    """Put a server behind those free for longer; of those free since now, by number. Returns the number free."""
    work.since[server] = now
    i = n_free
    while i > 0 and work.since[work.free[i - 1]] == now and work.free[i - 1] > server:
        work.free[i] = work.free[i - 1]
        i -= 1
    work.free[i] = server
    return n_free + 1


@kernel
def _unset_free(free, n_free, server):
    """Take a server off the list of the free; returns their number."""
    i = 0
    while free[i] != server:
        i += 1
    for j in range(i, n_free - 1):
        free[j] = free[j + 1]
    return n_free - 1


@inlined
def _set_end(work, n_pending, server, end):
    """Put an end of service among the pending ones, latest first, then higher number first."""
    i = n_pending
    while i > 0 and (work.end[i - 1] < end or (work.end[i - 1] == end and work.ender[i - 1] < server)):
        work.end[i] = work.end[i - 1]
        work.ender[i] = work.ender[i - 1]
        i -= 1
    work.end[i] = end
    work.ender[i] = server
    return n_pending + 1


@kernel
def _unset_end(ends, enders, n_pending, server):
    """Take a server's pending end off; returns it."""
    i = 0
    while enders[i] != server:
        i += 1
    end = ends[i]
    for j in range(i, n_pending - 1):
        ends[j] = ends[j + 1]
        enders[j] = enders[j + 1]
    return end


@kernel
def _present(head, tickets, line, now, gone_now, enough):
    """Waiting visitors of a line who are still there, counted up to ``enough``.

    ``gone_now`` = whose patience ends at this instant has left already (reneging precedes the dispatch but not
    the ends of service).
    """
    n = 0
    v = head[line]
    while v >= 0 and n < enough:
        leaves = tickets[v]["leaves"]
        if leaves > now or (leaves == now and not gone_now):
            n += 1
        v = tickets[v]["after"]
    return n


@kernel
def _waiting_at_counter(head, length, tickets, station, now, enough):
    """Visitors present in a counter's three lines, counted up to ``enough``."""
    tickets_out = length[3 * station] + length[3 * station + 1] + length[3 * station + 2]
    if tickets_out < enough:
        return tickets_out  # at most as many are present: the answer to "too many?" is the same
    n = 0
    for line in range(3 * station, 3 * station + 3):
        n += _present(head, tickets, line, now, True, enough - n)
    return n


@kernel
def _waiting_for_rm(head, tickets, lines, now):
    """Visitors present in all lines of RMs, at an end of service."""
    n = 0
    for line in range(3 * RM, lines):
        n += _present(head, tickets, line, now, False, tickets.size)
    return n


@inlined
def _rm_is_free(floor, roster, work, n_free, line):
    """Whether a free RM on duty serves the line."""
    for i in range(n_free):
        if floor.can[roster.row[work.free[i]], line]:
            return True
    return False


# ------------------------------------------------------------------------------------------ the records


@inlined
def _step(log, n, v, line, joined, called, start, end, staff, outcome):
    """Write one step's record; returns the number of steps."""
    row = log.steps[n]
    row["visit"] = v
    row["station"] = station_of(line)
    row["cls"] = class_of_line(line)
    row["joined"] = joined
    row["called"] = called
    row["start"] = start
    row["end"] = end
    row["staff"] = staff
    row["staff2"] = -1
    row["outcome"] = outcome
    return n + 1


@inlined
def _enters(result, visit, day):
    """A visitor comes through the door."""
    result["arrive"] = visit["arrive"]
    result["joined"] = nan
    result["called"] = nan
    result["start"] = nan
    result["end"] = nan
    result["rm_joined"] = nan
    result["rm_called"] = nan
    result["rm_start"] = nan
    result["rm_end"] = nan
    result["left"] = nan
    result["day"] = day
    result["who"] = visit["who"]
    result["number"] = visit["number"]
    result["kind"] = visit["kind"]
    result["owner"] = visit["owner"]
    result["teller"] = -1
    result["rm_staff"] = -1
    result["type"] = visit["type"]
    result["vip"] = visit["vip"]
    result["signed"] = visit["signed"]
    result["appointment"] = visit["appointment"]
    result["triaged"] = 0
    result["believed"] = 1 if visit["appointment"] else visit["shows_prime"]
    result["diverted"] = 0
    result["station"] = visit["station"]
    result["outcome"] = NONE
    result["rm_outcome"] = NONE
    result["rm_first"] = 0
    result["waited"] = 0
    result["name_card"] = 0
    result["lead"] = 0
    result["pitched"] = 0
    result["referred"] = 0


@inlined
def _gives_up(result, visit, line, called, left, outcome):
    """A visitor leaves a line unserved: after patience (virtual wait until called) or sent away at closing."""
    station = station_of(line)
    if station == RM:
        result["rm_outcome"] = outcome
        if result["rm_staff"] < 0:  # not handed over in the middle of a meeting
            result["rm_called"] = called
        if visit["station"] == RM or result["rm_first"]:
            result["outcome"] = outcome
    else:
        result["outcome"] = outcome
        if result["teller"] < 0:
            result["called"] = called
    result["left"] = left


# ----------------------------------------------------------------------------------------- the routes


@inlined
def _business_line(rules, floor, roster, work, n_free, visit, result, now):
    """Line for the business, once belief is settled: machine, RM, or counter (before it a free RM, L07)."""
    believed = result["believed"]
    if result["triaged"] and goes_to_machine(rules, visit["divert"], believed):
        result["diverted"] = 1
        result["station"] = MACHINE
        return 3 * MACHINE + ORDINARY
    line = 3 * visit["station"] + class_of(believed)
    if visit["station"] == RM or (believed and visit["meets"] and rules.meet_first):
        owner = visit["owner"]
        comes = owner >= 0 and roster.here_until[owner] > now and floor.can[2 * owner, 3 * RM]
        meeting = rm_line(rules, visit["appointment"], believed, owner, comes)
        if visit["station"] == RM:
            return meeting
        if _rm_is_free(floor, roster, work, n_free, meeting):
            result["rm_first"] = 1
            return meeting
    return line


@inlined
def _line_after_counter(rules, floor, roster, work, n_free, rms, visit, result, now):
    """Line after counter business: an RM's, where the visitor is willing (L08-L10); -1 = leaves."""
    if not (result["believed"] and visit["meets"]) or result["rm_outcome"] != NONE:
        return -1
    owner = visit["owner"]
    comes = owner >= 0 and roster.here_until[owner] > now and floor.can[2 * owner, 3 * RM]
    meeting = rm_line(rules, 0, 1, owner, comes)
    if _rm_is_free(floor, roster, work, n_free, meeting):
        return meeting
    ahead = _waiting_for_rm(work.head, work.tickets, floor.lines, now)
    if waits_for_rm(rules, visit["wait_uniform"], ahead, rms):
        result["waited"] = 1
        return meeting
    result["name_card"] = 1
    result["lead"] = visit["phone"]
    return -1


@inlined
def _line_after(rules, floor, roster, work, n_free, rms, visit, result, line, now, outcome):
    """Where a visitor goes after a step that ended served or cut off; -1 = out of the door."""
    station = station_of(line)
    if station == DESK:
        return _business_line(rules, floor, roster, work, n_free, visit, result, now)
    if station == RM:
        result["rm_end"] = now
        result["rm_outcome"] = outcome
        if visit["station"] == RM:
            result["outcome"] = outcome
        elif result["rm_first"]:
            return 3 * visit["station"] + class_of(result["believed"])
        return -1
    result["end"] = now
    result["outcome"] = outcome
    if outcome == SERVED and station != MACHINE:
        return _line_after_counter(rules, floor, roster, work, n_free, rms, visit, result, now)
    return -1


@inlined
def _join(rules, work, visit, result, v, line, now):
    """Take a ticket of a line (the desk's is the order of arrival)."""
    station = station_of(line)
    ticket = work.tickets[v]
    ticket["joined"] = now
    ticket["rest"] = -1.0
    ticket["key"] = ticket_key(rules, now, station, class_of_line(line))
    patience = inf
    if station == MACHINE:
        patience = visit["machine_patience_min"]
        result["joined"] = now
    elif station == RM:
        patience = visit["patience_min"] if visit["station"] == RM else visit["meeting_patience_min"]
        result["rm_joined"] = now
    elif station != DESK:
        patience = visit["patience_min"]
        result["joined"] = now
    ticket["leaves"] = now + patience
    _append(work, line, v)


@inlined
def _begin_service(rules, work, visit, result, server, v, line, managers, now):
    """Minutes of the service that begins now, with what is decided at its start: nod, belief, pitch."""
    station = station_of(line)
    rest = work.tickets[v]["rest"]
    if rest >= 0.0:
        minutes = rest
        if station != DESK and station != RM:
            result["teller"] = server
        elif station == RM:
            result["rm_staff"] = server
    elif station == DESK:
        waiting = work.length[0] + work.length[1] + work.length[2]
        nod = only_a_nod(rules, waiting, managers)
        if not nod:
            result["triaged"] = 1
            result["believed"] = visit["looks_prime"] | visit["shows_prime"]
        minutes = triage_minutes(rules, visit["triage_min"], nod, result["believed"])
    elif station == RM:
        minutes = visit["meeting_min"]
        result["rm_called"] = now
        result["rm_start"] = now
        result["rm_staff"] = server
    else:
        result["called"] = now
        result["start"] = now
        result["teller"] = server
        minutes = visit["machine_min"]
        if station != MACHINE:
            minutes = visit["counter_min"]
            enough = rules.chat_queue_threshold + 1
            if visit["pitch"] and pitches(
                rules, True, _waiting_at_counter(work.head, work.length, work.tickets, station, now, enough)
            ):
                minutes = minutes + rules.pitch_min
                result["pitched"] = 1
                result["referred"] = visit["recognised"]
    return minutes


# ------------------------------------------------------------------------------------------- the day


@kernel
def _reset(floor, work, started, n_tasks):
    work.head[:] = -1
    work.length[:] = 0
    work.is_fresh[:] = 0
    work.serving[:] = -1
    work.task[:] = -1
    work.on[:] = 0
    for machine in range(floor.staff, floor.servers):
        work.on[machine] = 1
        work.free[machine - floor.staff] = machine
        work.since[machine] = -1.0
    started[:n_tasks] = nan


@kernel
def run_day(params, roster, visits, tasks, log, day):
    """One lobby day; returns the log with the day's visits and steps appended.

    ``visits`` may come in any order; row v of today is row ``log.n[FIRST_VISIT] + v`` of ``log.visits``.
    """
    rules = params.rules
    floor = params.floor
    n_visits = visits.n[0]
    n_tasks = tasks.minutes.size
    changes = floor.change_min.size
    log = grow_log(log, n_visits, 3 * n_visits + changes, n_tasks)
    arrange(visits)
    work = log.work
    _reset(floor, work, log.started, n_tasks)
    rows = visits.rows
    order = visits.order
    first = log.n[VISITS]
    n_steps = log.n[STEPS]
    first_step = n_steps
    results = log.visits

    n_free = floor.servers - floor.staff
    n_pending = 0
    n_fresh = 0
    arrived = 0
    changed = 0
    managers = 0  # lobby managers on duty
    rms = 0  # RMs on duty
    closing = rules.opening_min
    open = True
    closed = False  # sent away: nobody may wait any more
    last = closing  # last end of a visitor's service
    bell = tasks.call_from_min if n_tasks > 0 else inf

    while True:
        now = rows[order[arrived]]["arrive"] if arrived < n_visits else inf
        if n_pending > 0 and work.end[n_pending - 1] < now:
            now = work.end[n_pending - 1]
        if changed < changes and floor.change_min[changed] < now:
            now = floor.change_min[changed]
        if open and closing < now:
            now = closing
        if bell < now:
            now = bell
        if now == inf:
            break

        # Ends of service, by server.
        while n_pending > 0 and work.end[n_pending - 1] == now:
            n_pending -= 1
            server = work.ender[n_pending]
            v = work.serving[server]
            if work.on[server]:
                n_free = _set_free(work, n_free, server, now)
            if v < 0:
                work.task[server] = -1
                continue
            work.serving[server] = -1
            last = max(last, now)
            ticket = work.tickets[v]
            line = ticket["line"]
            started = work.started[server]
            n_steps = _step(log, n_steps, first + v, line, ticket["joined"], started, started, now, server, SERVED)
            visit = rows[v]
            result = results[first + v]
            line = _line_after(rules, floor, roster, work, n_free, rms, visit, result, line, now, SERVED)
            if line < 0:
                result["left"] = now
            else:
                _join(rules, work, visit, result, v, line, now)
                n_fresh = _mark_fresh(work, n_fresh, line)

        # Duty begins and ends.
        if changed < changes and floor.change_min[changed] == now:
            while changed < changes and floor.change_min[changed] == now:
                server = floor.change_staff[changed]
                until = floor.change_until[changed]
                changed += 1
                row = roster.row[server]
                if not roster.present[server]:
                    continue
                if until >= 0.0:
                    work.on[server] = 1
                    work.duty_end[server] = until
                    managers += floor.can[row, 3 * DESK]
                    rms += floor.can[row, 3 * RM]
                    if work.serving[server] < 0 and work.task[server] < 0:
                        n_free = _set_free(work, n_free, server, now)
                    continue
                if now >= closing and rules.after_closing == SERVE_ALL:
                    continue  # stays until no customer is inside
                work.on[server] = 0
                managers -= floor.can[row, 3 * DESK]
                rms -= floor.can[row, 3 * RM]
                v = work.serving[server]
                if v < 0:
                    if work.task[server] < 0:
                        n_free = _unset_free(work.free, n_free, server)
                elif rules.shift_end != FINISH:
                    end = _unset_end(work.end, work.ender, n_pending, server)
                    n_pending -= 1
                    work.serving[server] = -1
                    last = max(last, now)
                    ticket = work.tickets[v]
                    line = ticket["line"]
                    started = work.started[server]
                    over = HANDED_OVER if rules.shift_end == HAND_OVER else CUT_OFF
                    n_steps = _step(
                        log, n_steps, first + v, line, ticket["joined"], started, started, now, server, over
                    )
                    if over == HANDED_OVER:
                        ticket["joined"] = now
                        ticket["leaves"] = inf
                        ticket["rest"] = end - now
                        line = colleague_line(line)
                        _push_front(work, line, v)
                        n_fresh = _mark_fresh(work, n_fresh, line)
                    else:
                        visit = rows[v]
                        result = results[first + v]
                        if station_of(line) == DESK:
                            result["triaged"] = 0
                            result["believed"] = visit["shows_prime"]
                        line = _line_after(rules, floor, roster, work, n_free, rms, visit, result, line, now, CUT_OFF)
                        if line < 0:
                            result["left"] = now
                        else:
                            _join(rules, work, visit, result, v, line, now)
                            n_fresh = _mark_fresh(work, n_fresh, line)
            if managers == 0:  # nobody left at the desk: who waits there takes a ticket
                for desk in range(3 * DESK, 3 * DESK + 3):
                    while work.head[desk] >= 0:
                        v = _pop(work, desk)
                        visit = rows[v]
                        result = results[first + v]
                        joined = work.tickets[v]["joined"]
                        n_steps = _step(log, n_steps, first + v, desk, joined, nan, nan, now, -1, SKIPPED)
                        line = _business_line(rules, floor, roster, work, n_free, visit, result, now)
                        _join(rules, work, visit, result, v, line, now)
                        n_fresh = _mark_fresh(work, n_fresh, line)

        if open and now == closing:
            open = False
            closed = rules.after_closing == SEND_AWAY

        # Arrivals.
        while arrived < n_visits and rows[order[arrived]]["arrive"] == now:
            v = order[arrived]
            arrived += 1
            visit = rows[v]
            result = results[first + v]
            _enters(result, visit, day)
            if rules.triage and managers > 0 and not visit["appointment"]:
                line = 3 * DESK + ORDINARY
            else:
                line = _business_line(rules, floor, roster, work, n_free, visit, result, now)
            _join(rules, work, visit, result, v, line, now)
            n_fresh = _mark_fresh(work, n_fresh, line)

        if closed and n_fresh > 0 or now == closing and closed:
            n_steps = _send_away(log, rows, floor.lines, first, n_steps, now)
            for f in range(n_fresh):
                work.is_fresh[work.fresh[f]] = 0
            n_fresh = 0

        # One dispatch: free servers, longest idle first, each take their best ticket, or else a task.
        rung = now == bell
        i = 0
        if n_fresh == 0 and not rung:
            i = n_free
            while i > 0 and work.since[work.free[i - 1]] == now:
                i -= 1
        while i < n_free:
            server = work.free[i]
            row = roster.row[server]
            looks = rung or work.since[server] == now
            if not looks:
                for f in range(n_fresh):
                    if floor.can[row, work.fresh[f]]:
                        looks = True
                        break
            if not looks:
                i += 1
                continue
            v = -1
            while True:
                best = -1
                best_key = inf
                best_line = -1
                best_rank = 0
                for n in range(floor.reach[row]):
                    if best >= 0 and floor.rank[row, n] > best_rank:
                        break
                    line = floor.serves[row, n]
                    front = work.head[line]
                    if front >= 0:
                        key = work.tickets[front]["key"]
                        if best < 0 or key < best_key or (key == best_key and front < best):
                            best = front
                            best_key = key
                            best_line = line
                            best_rank = floor.rank[row, n]
                if best < 0:
                    break
                _pop(work, best_line)
                leaves = work.tickets[best]["leaves"]
                if leaves > now:
                    v = best
                    break
                joined = work.tickets[best]["joined"]
                n_steps = _step(log, n_steps, first + best, best_line, joined, now, nan, leaves, -1, ABANDONED)
                _gives_up(results[first + best], rows[best], best_line, now, leaves, ABANDONED)
            minutes = -1.0
            if v >= 0:
                minutes = _begin_service(
                    rules, work, rows[v], results[first + v], server, v, best_line, managers, now
                )
                work.serving[server] = v
                work.started[server] = now
            elif n_tasks > 0 and server < floor.staff:
                for j in range(tasks.first[server], tasks.first[server + 1]):
                    if log.started[j] != log.started[j] and task_fits(
                        now, tasks.minutes[j], work.duty_end[server], tasks.call_from_min, tasks.call_until_min
                    ):
                        minutes = tasks.minutes[j]
                        log.started[j] = now
                        work.task[server] = j
                        break
            if minutes < 0.0:
                i += 1
                continue
            for j in range(i, n_free - 1):
                work.free[j] = work.free[j + 1]
            n_free -= 1
            n_pending = _set_end(work, n_pending, server, now + minutes)
        for f in range(n_fresh):
            work.is_fresh[work.fresh[f]] = 0
        n_fresh = 0
        if rung:
            bell = inf

    n_steps = _send_away(log, rows, floor.lines, first, n_steps, last)
    log.closed[0] = last
    log.n[FIRST_VISIT] = first
    log.n[VISITS] = first + n_visits
    log.n[FIRST_STEP] = first_step
    log.n[STEPS] = n_steps
    return log


@kernel
def _send_away(log, rows, lines, first, n_steps, now):
    """Everybody who still waits leaves: who had left before is abandoned with the wait so far, the others unserved."""
    work = log.work
    for line in range(lines):
        while work.head[line] >= 0:
            v = _pop(work, line)
            joined = work.tickets[v]["joined"]
            leaves = work.tickets[v]["leaves"]
            if leaves <= now:
                n_steps = _step(log, n_steps, first + v, line, joined, now, nan, leaves, -1, ABANDONED)
                _gives_up(log.visits[first + v], rows[v], line, now, leaves, ABANDONED)
            else:
                n_steps = _step(log, n_steps, first + v, line, joined, nan, nan, now, -1, UNSERVED)
                _gives_up(log.visits[first + v], rows[v], line, nan, now, UNSERVED)
    return n_steps
