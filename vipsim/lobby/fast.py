"""The compiled engine: one event loop over arrays tells the same day as ``reference.py``, field by field.

Arrivals are sorted beforehand and stay out of the event list; pending ends of service (one per busy server) are a
small sorted array; patience is resolved lazily: who left keeps the ticket in the line and is found out when called.
At one instant: ends of service (by server), reneging, duty changes, arrivals, then one dispatch.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

from vipsim.compiled import inlined, kernel, lean
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


@lean
def _append(tickets, lines, stations, line, v):
    """Put a ticket at the end of its line."""
    ticket = tickets[v]
    ticket["after"] = -1
    ticket["line"] = line
    if lines[line]["head"] < 0:
        lines[line]["head"] = v
    else:
        tickets[lines[line]["tail"]]["after"] = v
    lines[line]["tail"] = v
    stations[station_of(line)] += 1


@lean
def _push_front(tickets, lines, stations, line, v):
    """Put a ticket at the front of its line."""
    ticket = tickets[v]
    ticket["after"] = lines[line]["head"]
    ticket["line"] = line
    if lines[line]["head"] < 0:
        lines[line]["tail"] = v
    lines[line]["head"] = v
    stations[station_of(line)] += 1


@lean
def _pop(tickets, lines, stations, line):
    """Take the first ticket off a line."""
    v = lines[line]["head"]
    lines[line]["head"] = tickets[v]["after"]
    stations[station_of(line)] -= 1
    return v


@lean
def _set_free(servers, free, n_free, server, now):
    """Put a server behind those free for longer; of those free since now, by number. Returns the number free."""
    servers[server]["since"] = now
    i = n_free
    while i > 0 and free[i - 1]["server"] > server and servers[free[i - 1]["server"]]["since"] == now:
        free[i]["server"] = free[i - 1]["server"]
        free[i]["stations"] = free[i - 1]["stations"]
        i -= 1
    free[i]["server"] = server
    free[i]["stations"] = servers[server]["stations"]
    return n_free + 1


@lean
def _drop_free(free, n_free, i):
    """Take the i-th off the list of the free; returns their number."""
    for j in range(i + 1, n_free):
        free[j - 1]["server"] = free[j]["server"]
        free[j - 1]["stations"] = free[j]["stations"]
    return n_free - 1


@lean
def _wanted(stations):
    """Stations where somebody waits, a bit each."""
    wanted = 0
    for station in range(RM + 1):
        wanted |= (stations[station] > 0) << station
    return wanted


@lean
def _next_candidate(free, i, every, wanted):
    """The next free server, from the i-th, who serves a station wanted; from ``every`` on all are candidates."""
    if not wanted:
        return max(i, every)
    while i < every and not free[i]["stations"] & wanted:
        i += 1
    return i


@lean
def _unset_free(free, n_free, server):
    """Take a server off the list of the free; returns their number."""
    i = 0
    while free[i]["server"] != server:
        i += 1
    return _drop_free(free, n_free, i)


@lean
def _set_end(endings, n_pending, server, end):
    """Put an end of service among the pending ones; returns their number."""
    i = n_pending
    while i > 0:
        before = endings[i - 1]
        if before["end"] > end or (before["end"] == end and before["server"] > server):
            break
        endings[i]["end"] = before["end"]
        endings[i]["server"] = before["server"]
        i -= 1
    endings[i]["end"] = end
    endings[i]["server"] = server
    return n_pending + 1


@lean
def _unset_end(endings, n_pending, server):
    """Take a server's pending end off; returns it."""
    i = 0
    while endings[i]["server"] != server:
        i += 1
    end = endings[i]["end"]
    for j in range(i, n_pending - 1):
        endings[j]["end"] = endings[j + 1]["end"]
        endings[j]["server"] = endings[j + 1]["server"]
    return end


@lean
def _present(tickets, lines, line, now, gone_now, enough):
    """Waiting visitors of a line who are still there, counted up to ``enough``.

    ``gone_now`` = whose patience ends at this instant has left already (reneging precedes the dispatch but not
    the ends of service).
    """
    n = 0
    v = lines[line]["head"]
    while v >= 0 and n < enough:
        leaves = tickets[v]["leaves"]
        if leaves > now or (leaves == now and not gone_now):
            n += 1
        v = tickets[v]["after"]
    return n


@lean
def _waiting_at_counter(tickets, lines, stations, station, now, enough):
    """Visitors present in a counter's three lines, counted up to ``enough``."""
    if stations[station] < enough:
        return stations[station]  # at most as many are present: the answer to "too many?" is the same
    n = 0
    for line in range(3 * station, 3 * station + 3):
        n += _present(tickets, lines, line, now, True, enough - n)
    return n


@lean
def _waiting_for_rm(tickets, lines, now):
    """Visitors present in all lines of RMs, at an end of service."""
    n = 0
    for line in range(3 * RM, lines.size):
        n += _present(tickets, lines, line, now, False, tickets.size)
    return n


@lean
def _rm_is_free(can, servers, free, n_free, line):
    """Whether a free RM on duty serves the line."""
    for i in range(n_free):
        if can[servers[free[i]["server"]]["row"], line]:
            return True
    return False


# ------------------------------------------------------------------------------------------ the records


@inlined
def _step(steps, n, v, line, joined, called, start, end, staff, outcome):
    """Write one step's record; returns the number of steps."""
    row = steps[n]
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


@lean
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


@lean
def _business_line(rules, can, servers, free, n_free, here_until, visit, result, now):
    """Line for the business, once belief is settled: machine, RM, or counter (before it a free RM, L07)."""
    believed = result["believed"]
    if result["triaged"] and goes_to_machine(rules, visit["divert"], believed):
        result["diverted"] = 1
        result["station"] = MACHINE
        return 3 * MACHINE + ORDINARY
    line = 3 * visit["station"] + class_of(believed)
    if visit["station"] == RM or (believed and visit["meets"] and rules.meet_first):
        owner = visit["owner"]
        comes = owner >= 0 and here_until[owner] > now and can[2 * owner, 3 * RM]
        meeting = rm_line(rules, visit["appointment"], believed, owner, comes)
        if visit["station"] == RM:
            return meeting
        if _rm_is_free(can, servers, free, n_free, meeting):
            result["rm_first"] = 1
            return meeting
    return line


@inlined
def _line_after_counter(rules, can, servers, free, n_free, here_until, tickets, lines, rms, visit, result, now):
    """Line after counter business: an RM's, where the visitor is willing (L08-L10); -1 = leaves."""
    if not (result["believed"] and visit["meets"]) or result["rm_outcome"] != NONE:
        return -1
    owner = visit["owner"]
    comes = owner >= 0 and here_until[owner] > now and can[2 * owner, 3 * RM]
    meeting = rm_line(rules, 0, 1, owner, comes)
    if _rm_is_free(can, servers, free, n_free, meeting):
        return meeting
    ahead = _waiting_for_rm(tickets, lines, now)
    if waits_for_rm(rules, visit["wait_uniform"], ahead, rms):
        result["waited"] = 1
        return meeting
    result["name_card"] = 1
    result["lead"] = visit["phone"]
    return -1


@inlined
def _line_after(rules, can, servers, free, n_free, here_until, tickets, lines, rms, visit, result, line, now):
    """Where a visitor goes after a step well done; -1 = out of the door."""
    station = station_of(line)
    if station == DESK:
        return _business_line(rules, can, servers, free, n_free, here_until, visit, result, now)
    if station == RM:
        result["rm_end"] = now
        result["rm_outcome"] = SERVED
        if visit["station"] == RM:
            result["outcome"] = SERVED
        elif result["rm_first"]:
            return 3 * visit["station"] + class_of(result["believed"])
        return -1
    result["end"] = now
    result["outcome"] = SERVED
    if station != MACHINE:
        return _line_after_counter(
            rules, can, servers, free, n_free, here_until, tickets, lines, rms, visit, result, now
        )
    return -1


@lean
def _after_cut_off(rules, can, servers, free, n_free, here_until, visit, result, line, now):
    """Where a visitor goes whose service was cut off: business cut off ends the visit; -1 = out of the door."""
    station = station_of(line)
    if station == DESK:  # takes a ticket, as if unseen
        result["triaged"] = 0
        result["believed"] = visit["shows_prime"]
        return _business_line(rules, can, servers, free, n_free, here_until, visit, result, now)
    if station == RM:
        result["rm_end"] = now
        result["rm_outcome"] = CUT_OFF
        if result["rm_first"]:
            return 3 * visit["station"] + class_of(result["believed"])
        if visit["station"] == RM:
            result["outcome"] = CUT_OFF
        return -1
    result["end"] = now
    result["outcome"] = CUT_OFF
    return -1


@inlined
def _best_line(serves, rank, reach, tickets, lines, row):
    """Line whose first ticket a server takes next: best rank, then key, then visit; -1 = nobody waits."""
    best = -1
    best_rank = 0
    best_key = inf
    best_visit = 0
    for n in range(reach[row]):
        if best >= 0 and rank[row, n] > best_rank:
            break
        line = serves[row, n]
        v = lines[line]["head"]
        if v >= 0:
            key = tickets[v]["key"]
            if best < 0 or key < best_key or (key == best_key and v < best_visit):
                best = line
                best_rank = rank[row, n]
                best_key = key
                best_visit = v
    return best


@lean
def _send_away(tickets, lines, stations, steps, n_steps, rows, results, first, now):
    """Everybody who still waits leaves: who had left before is abandoned with the wait so far, the others unserved."""
    for line in range(lines.size):
        while lines[line]["head"] >= 0:
            v = _pop(tickets, lines, stations, line)
            joined = tickets[v]["joined"]
            leaves = tickets[v]["leaves"]
            if leaves <= now:
                n_steps = _step(steps, n_steps, first + v, line, joined, now, nan, leaves, -1, ABANDONED)
                _gives_up(results[first + v], rows[v], line, now, leaves, ABANDONED)
            else:
                n_steps = _step(steps, n_steps, first + v, line, joined, nan, nan, now, -1, UNSERVED)
                _gives_up(results[first + v], rows[v], line, nan, now, UNSERVED)
    return n_steps


@lean
def _join(rules, tickets, lines, stations, visit, result, v, line, now):
    """Take a ticket of a line (the desk's is the order of arrival)."""
    station = station_of(line)
    ticket = tickets[v]
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
    _append(tickets, lines, stations, line, v)


@inlined
def _begin_service(rules, tickets, lines, stations, visit, result, server, v, line, managers, now):
    """Minutes of the service that begins now, with what is decided at its start: nod, belief, pitch."""
    station = station_of(line)
    rest = tickets[v]["rest"]
    if rest >= 0.0:
        minutes = rest
        if station != DESK and station != RM:
            result["teller"] = server
        elif station == RM:
            result["rm_staff"] = server
    elif station == DESK:
        nod = only_a_nod(rules, stations[DESK], managers)
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
            if visit["pitch"] and pitches(rules, 1, _waiting_at_counter(tickets, lines, stations, station, now, enough)):
                minutes = minutes + rules.pitch_min
                result["pitched"] = 1
                result["referred"] = visit["recognised"]
    return minutes


# ------------------------------------------------------------------------------------------- the day


@lean
def _reset(floor, roster, work, started, n_tasks):
    """Empty lines; machines free; staff not yet on duty."""
    for line in range(work.lines.size):
        work.lines[line]["head"] = -1
    for station in range(RM + 1):
        work.stations[station] = 0
    for server in range(floor.servers):
        row = work.servers[server]
        row["visit"] = -1
        row["task"] = -1
        row["on"] = 0
        row["since"] = -1.0
        row["row"] = roster.row[server]
        row["stations"] = floor.stations[roster.row[server]]
    for machine in range(floor.staff, floor.servers):
        work.servers[machine]["on"] = 1
        work.free[machine - floor.staff]["server"] = machine
        work.free[machine - floor.staff]["stations"] = 1 << MACHINE
    for j in range(n_tasks):
        started[j] = nan


@kernel
def run_day(params, roster, visits, tasks, log, day):
    """One lobby day; returns the log with the day's visits and steps appended.

    ``visits`` may come in any order; row v of today is row ``log.n[FIRST_VISIT] + v`` of ``log.visits``.
    """
    n_visits = visits.n[0]
    log = grow_log(log, n_visits, 3 * n_visits + params.floor.change_min.size, tasks.minutes.size)
    arrange(visits)
    _reset(params.floor, roster, log.work, log.started, tasks.minutes.size)
    first = log.n[VISITS]
    first_step = log.n[STEPS]
    steps, closed = _run(params.rules, params.floor, roster, visits, tasks, log, day, first, first_step)
    log.closed[0] = closed
    log.n[FIRST_VISIT] = first
    log.n[VISITS] = first + n_visits
    log.n[FIRST_STEP] = first_step
    log.n[STEPS] = steps
    return log


@lean
def _run(rules, floor, roster, visits, tasks, log, day, first, n_steps):
    """The event loop; returns the number of steps logged and the minute at which the last customer left."""
    # Arrays by name: taking them out of their tuples inside the loop would cost more than the loop.
    n_visits = visits.n[0]
    rows = visits.rows
    order = visits.order
    results = log.visits
    steps = log.steps
    task_start = log.started
    tickets = log.work.tickets
    lines = log.work.lines
    servers = log.work.servers
    free = log.work.free
    endings = log.work.endings
    stations = log.work.stations
    can = floor.can
    serves = floor.serves
    rank = floor.rank
    reach = floor.reach
    change_min = floor.change_min
    change_staff = floor.change_staff
    change_until = floor.change_until
    present = roster.present
    here_until = roster.here_until
    task_first = tasks.first
    task_min = tasks.minutes
    call_from_min = tasks.call_from_min
    call_until_min = tasks.call_until_min
    n_staff = floor.staff
    n_tasks = task_min.size
    changes = change_min.size

    n_free = floor.servers - n_staff
    n_pending = 0
    arrived = 0
    changed = 0
    managers = 0  # lobby managers on duty
    rms = 0  # RMs on duty
    closing = rules.opening_min
    next_closing = closing
    closed = False  # nobody may wait any more
    last = closing  # last end of a visitor's service
    bell = call_from_min if n_tasks > 0 else inf
    next_arrival = rows[order[0]]["arrive"] if n_visits > 0 else inf
    next_change = change_min[0] if changes > 0 else inf

    while True:
        now = min(next_arrival, next_change, next_closing, bell)
        if n_pending > 0 and endings[n_pending - 1]["end"] < now:
            now = endings[n_pending - 1]["end"]
        if now == inf:
            break

        # Ends of service, by server.
        while n_pending > 0 and endings[n_pending - 1]["end"] == now:
            n_pending -= 1
            server = endings[n_pending]["server"]
            v = servers[server]["visit"]
            if servers[server]["on"]:
                n_free = _set_free(servers, free, n_free, server, now)
            if v < 0:
                servers[server]["task"] = -1
                continue
            servers[server]["visit"] = -1
            last = max(last, now)
            line = tickets[v]["line"]
            started = servers[server]["started"]
            joined = tickets[v]["joined"]
            n_steps = _step(steps, n_steps, first + v, line, joined, started, started, now, server, SERVED)
            visit = rows[v]
            result = results[first + v]
            line = _line_after(
                rules, can, servers, free, n_free, here_until, tickets, lines, rms, visit, result, line, now
            )
            if line < 0:
                result["left"] = now
            else:
                _join(rules, tickets, lines, stations, visit, result, v, line, now)

        # Duty begins and ends, by member.
        if next_change == now:
            while next_change == now:
                server = change_staff[changed]
                until = change_until[changed]
                changed += 1
                next_change = change_min[changed] if changed < changes else inf
                if not present[server]:
                    continue
                v = servers[server]["visit"]
                if until >= 0.0:
                    servers[server]["on"] = 1
                    servers[server]["duty_end"] = until
                    managers += servers[server]["stations"] >> DESK & 1
                    rms += servers[server]["stations"] >> RM & 1
                    if v < 0 and servers[server]["task"] < 0:
                        n_free = _set_free(servers, free, n_free, server, now)
                    continue
                if now >= closing and rules.after_closing == SERVE_ALL:
                    continue  # stays until no customer is inside
                servers[server]["on"] = 0
                managers -= servers[server]["stations"] >> DESK & 1
                rms -= servers[server]["stations"] >> RM & 1
                if v < 0 and servers[server]["task"] < 0:
                    n_free = _unset_free(free, n_free, server)
                if v < 0 or rules.shift_end == FINISH:
                    continue
                end = _unset_end(endings, n_pending, server)
                n_pending -= 1
                servers[server]["visit"] = -1
                last = max(last, now)
                line = tickets[v]["line"]
                started = servers[server]["started"]
                joined = tickets[v]["joined"]
                over = HANDED_OVER if rules.shift_end == HAND_OVER else CUT_OFF
                n_steps = _step(steps, n_steps, first + v, line, joined, started, started, now, server, over)
                visit = rows[v]
                result = results[first + v]
                if over == HANDED_OVER:
                    tickets[v]["joined"] = now
                    tickets[v]["leaves"] = inf
                    tickets[v]["rest"] = end - now
                    line = colleague_line(line)
                    _push_front(tickets, lines, stations, line, v)
                else:
                    line = _after_cut_off(rules, can, servers, free, n_free, here_until, visit, result, line, now)
                    if line < 0:
                        result["left"] = now
                        continue
                    _join(rules, tickets, lines, stations, visit, result, v, line, now)
            if managers == 0:  # nobody left at the desk: who waits there takes a ticket
                for desk in range(3 * DESK, 3 * DESK + 3):
                    while lines[desk]["head"] >= 0:
                        v = _pop(tickets, lines, stations, desk)
                        visit = rows[v]
                        result = results[first + v]
                        joined = tickets[v]["joined"]
                        n_steps = _step(steps, n_steps, first + v, desk, joined, nan, nan, now, -1, SKIPPED)
                        line = _business_line(rules, can, servers, free, n_free, here_until, visit, result, now)
                        _join(rules, tickets, lines, stations, visit, result, v, line, now)

        if next_closing == now:
            next_closing = inf
            closed = rules.after_closing == SEND_AWAY

        # Arrivals.
        while next_arrival == now:
            v = order[arrived]
            arrived += 1
            next_arrival = rows[order[arrived]]["arrive"] if arrived < n_visits else inf
            visit = rows[v]
            result = results[first + v]
            _enters(result, visit, day)
            if rules.triage and managers > 0 and not visit["appointment"]:
                line = 3 * DESK + ORDINARY
            else:
                line = _business_line(rules, can, servers, free, n_free, here_until, visit, result, now)
            _join(rules, tickets, lines, stations, visit, result, v, line, now)

        if closed and now >= closing:
            n_steps = _send_away(tickets, lines, stations, steps, n_steps, rows, results, first, now)

        # One dispatch: free servers, longest idle first, each take their best ticket, or else a task. The last
        # dispatch left no task that fits, so that tasks concern only who became free at this instant.
        rung = now == bell
        tasks_from = n_free
        if n_tasks > 0:
            while tasks_from > 0 and (rung or servers[free[tasks_from - 1]["server"]]["since"] == now):
                tasks_from -= 1
        i = _next_candidate(free, 0, tasks_from, _wanted(stations))
        while i < n_free:
            server = free[i]["server"]
            row = servers[server]["row"]
            v = -1
            while True:
                line = _best_line(serves, rank, reach, tickets, lines, row)
                if line < 0:
                    break
                w = _pop(tickets, lines, stations, line)
                leaves = tickets[w]["leaves"]
                if leaves > now:
                    v = w
                    break
                n_steps = _step(steps, n_steps, first + w, line, tickets[w]["joined"], now, nan, leaves, -1, ABANDONED)
                _gives_up(results[first + w], rows[w], line, now, leaves, ABANDONED)
            minutes = -1.0
            if v >= 0:
                minutes = _begin_service(
                    rules, tickets, lines, stations, rows[v], results[first + v], server, v, line, managers, now
                )
                servers[server]["visit"] = v
                servers[server]["started"] = now
            elif n_tasks > 0 and server < n_staff:
                for j in range(task_first[server], task_first[server + 1]):
                    done = task_start[j] == task_start[j]
                    duty_end = servers[server]["duty_end"]
                    if not done and task_fits(now, task_min[j], duty_end, call_from_min, call_until_min):
                        minutes = task_min[j]
                        task_start[j] = now
                        servers[server]["task"] = j
                        break
            if minutes < 0.0:
                i = _next_candidate(free, i + 1, tasks_from, _wanted(stations))
                continue
            n_free = _drop_free(free, n_free, i)
            tasks_from -= 1 if i < tasks_from else 0
            n_pending = _set_end(endings, n_pending, server, now + minutes)
            i = _next_candidate(free, i, tasks_from, _wanted(stations))
        if rung:
            bell = inf

    n_steps = _send_away(tickets, lines, stations, steps, n_steps, rows, results, first, last)
    return n_steps, last
