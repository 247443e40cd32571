"""Where visitors go next and what is written about them: the compiled engine's view of the service process.

Told as a story in ``reference.py``; here a step at a time, as events come.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf

import numpy as np

from vipsim.compiled import inlined, lean
from vipsim.lobby.fast_lines import append, waiting_at_counter, waiting_for_rm
from vipsim.lobby.jobs import CUT_OFF, DESK, MACHINE, NOBODY, NONE, ORDINARY, RM, SERVED
from vipsim.lobby.rules import (
    class_of,
    goes_to_machine,
    only_a_nod,
    pitches,
    rm_line,
    ticket_key,
    triage_minutes,
    waits_for_rm,
)


@inlined
def write_step(steps, n, v, station, cls, joined, called, start, end, staff, outcome):
    """Write one step's record; returns the number of steps."""
    row = steps[np.uint32(n)]
    row["visit"] = v
    row["station"] = station
    row["activity"] = station  # the business of the station
    row["cls"] = cls
    row["joined"] = joined
    row["called"] = called
    row["start"] = start
    row["end"] = end
    row["staff"] = staff
    row["staff2"] = -1
    row["outcome"] = outcome
    return n + 1


@lean
def enter(rows, blank, results, day):
    """What is on record of today's visitors before anything has happened to them: row by row, as memory likes it."""
    for v in range(results.size):
        visit = rows[v]
        results[v] = blank[0]
        result = results[v]
        result["arrive"] = visit["arrive"]
        result["day"] = day
        result["who"] = visit["who"]
        result["number"] = visit["number"]
        result["kind"] = visit["kind"]
        result["owner"] = visit["owner"]
        result["type"] = visit["type"]
        result["vip"] = visit["vip"]
        result["signed"] = visit["signed"]
        result["appointment"] = visit["appointment"]
        result["believed"] = visit["appointment"] | visit["shows_prime"]
        result["station"] = visit["station"]


@lean
def give_up(result, visit, station, called, left, outcome):
    """A visitor leaves a line unserved: after patience (virtual wait until called) or sent away at closing."""
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


@lean
def own_rm_line(rules, can, here_until, visit, believed, now):
    """Line in which a visitor finds an RM."""
    owner = visit["owner"]
    comes = owner >= 0 and here_until[owner] > now and can[2 * owner, 3 * RM]
    return rm_line(rules, visit["appointment"], believed, owner, comes)


@lean
def rm_is_free(can, row, servers, n_staff, line):
    """Whether a free RM on duty serves the line."""
    for s in range(n_staff):
        server = servers[s]
        if server["on"] and server["visit"] == NOBODY and server["task"] < 0 and can[row[s], line]:
            return True
    return False


@inlined
def business_line(rules, can, row, here_until, servers, n_staff, visit, result, now):
    """Line for the business, once belief is settled: machine, RM, or counter (before it a free RM, L07)."""
    believed = result["believed"]
    station = visit["station"]
    machine = (result["triaged"] != 0) & (visit["divert"] != 0) & (goes_to_machine(rules, 1, believed) != 0)
    result["diverted"] = machine  # chance decides: a value chosen is faster than a branch that cannot be foreseen
    result["station"] = MACHINE if machine else station
    line = 3 * MACHINE + ORDINARY if machine else 3 * station + class_of(believed)
    if not machine and (station == RM or (believed and visit["meets"] and rules.meet_first)):
        meeting = own_rm_line(rules, can, here_until, visit, believed, now)
        if station == RM:
            line = meeting
        elif rm_is_free(can, row, servers, n_staff, meeting):
            result["rm_first"] = 1
            line = meeting
    return line


@lean
def line_after_counter(rules, can, row, here_until, servers, n_staff, tickets, lines, rms, visit, result, now):
    """Line after counter business of a willing prime: an RM's (L08-L10); -1 = leaves with a name card."""
    meeting = own_rm_line(rules, can, here_until, visit, 1, now)
    if rm_is_free(can, row, servers, n_staff, meeting):
        return meeting
    ahead = waiting_for_rm(tickets, lines, now)
    if waits_for_rm(rules, visit["wait_uniform"], ahead, rms):
        result["waited"] = 1
        return meeting
    result["name_card"] = 1
    result["lead"] = visit["phone"]
    return -1


@inlined
def line_after(rules, can, row, here_until, servers, n_staff, tickets, lines, rms, visit, result, station, now):
    """Where a visitor goes after a step well done; -1 = out of the door."""
    line = -1
    if station == DESK:
        line = business_line(rules, can, row, here_until, servers, n_staff, visit, result, now)
    elif station == RM:
        result["rm_end"] = now
        result["rm_outcome"] = SERVED
        if visit["station"] == RM:
            result["outcome"] = SERVED
        elif result["rm_first"]:
            line = 3 * visit["station"] + class_of(result["believed"])
    else:
        result["end"] = now
        result["outcome"] = SERVED
        if visit["meets"] and station != MACHINE and result["believed"] and result["rm_outcome"] == NONE:
            line = line_after_counter(
                rules, can, row, here_until, servers, n_staff, tickets, lines, rms, visit, result, now
            )
    return line


@inlined
def line_after_cut_off(rules, can, row, here_until, servers, n_staff, visit, result, station, now):
    """Where a visitor goes whose service was cut off: business cut off ends the visit; -1 = out of the door."""
    line = -1
    if station == DESK:  # takes a ticket, as if unseen
        result["triaged"] = 0
        result["believed"] = visit["shows_prime"]
        line = business_line(rules, can, row, here_until, servers, n_staff, visit, result, now)
    elif station == RM:
        result["rm_end"] = now
        result["rm_outcome"] = CUT_OFF
        if visit["station"] == RM:
            result["outcome"] = CUT_OFF
        elif result["rm_first"]:
            line = 3 * visit["station"] + class_of(result["believed"])
    else:
        result["end"] = now
        result["outcome"] = CUT_OFF
    return line


@inlined
def take_ticket(rules, ticket, visit, result, line, station, cls, now):
    """A visitor wants to be served at a line (the desk's ticket is the order of arrival) and is willing to wait."""
    ticket["joined"] = now
    ticket["rest"] = -1.0
    ticket["line"] = line
    ticket["key"] = ticket_key(rules, now, station, cls)
    at_machine = visit["machine_patience_min"]
    patience = visit["patience_min"]
    if station == RM:
        patience = patience if visit["station"] == RM else visit["meeting_patience_min"]
        result["rm_joined"] = now
    elif station == DESK:
        patience = inf
    else:
        patience = at_machine if station == MACHINE else patience
        result["joined"] = now
    ticket["leaves"] = now + patience


@lean
def join(rules, tickets, lines, waiting, visit, result, v, line, now):
    """Take a ticket and wait; returns the bit of the station."""
    station = lines[line]["station"]
    take_ticket(rules, tickets[v], visit, result, line, station, lines[line]["cls"], now)
    append(tickets, lines, waiting, line, v)
    return 1 << int(station)


@inlined
def begin_service(rules, tickets, lines, waiting, visit, result, server, v, station, managers, pace, now):
    """Minutes of the service that begins now, with what is decided at its start: nod, belief, pitch."""
    minutes = tickets[v]["rest"]
    begun = minutes >= 0.0  # by a colleague, who handed over what was left
    if station == RM:
        result["rm_staff"] = server
        if minutes < 0.0:
            minutes = visit["meeting_min"]
            result["rm_called"] = now
            result["rm_start"] = now
    elif station != DESK:
        result["teller"] = server
        if minutes < 0.0:
            result["called"] = now
            result["start"] = now
            at_machine = visit["machine_min"]
            at_counter = visit["counter_min"]
            minutes = at_machine if station == MACHINE else at_counter
            if visit["pitch"] and station != MACHINE:
                enough = min(rules.chat_queue_threshold + 1, visit["pitch"])
                ahead = waiting_at_counter(tickets, lines, waiting, station, now, enough)
                if pitches(rules, visit["pitch"], ahead):
                    minutes = minutes + rules.pitch_min
                    result["pitched"] = 1
                    result["referred"] = visit["recognised"]
    elif minutes < 0.0:
        nod = only_a_nod(rules, waiting[DESK], managers)
        if not nod:
            result["triaged"] = 1
            result["believed"] = visit["looks_prime"] | visit["shows_prime"]
        minutes = triage_minutes(rules, visit["triage_min"], nod, result["believed"])
    return minutes if begun else minutes * pace
