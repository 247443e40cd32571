"""Where visitors go next in the service process: from the door to the door, a step at a time, as events come.

Told as a story in ``reference.py``, whose names the functions bear.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

import numpy as np

from vipsim.compiled import inlined, pasted
from vipsim.lobby.jobs import (
    ACTIVATE,
    ALONE,
    BALKED,
    BY_APPOINTMENT,
    BY_CARD,
    CASH,
    CUT_OFF,
    DESK,
    DONE,
    ERRANDS,
    ESCORT,
    FAREWELL,
    HELP_FORM,
    MACHINE,
    MEETING,
    MIDDLE,
    NO_SEAT,
    NONE,
    ORDINARY,
    PICK_UP,
    PICK_UP_MISSED,
    PRIME,
    RECEIVE,
    RM,
    SELF_SERVICE,
    SERVED,
    SIGNAL_MISSED,
    SKIPPED,
    TEACH,
    TEST,
    WITH_RM_CASH,
    WOULD_NOT_WAIT,
)
from vipsim.lobby.process import BY_LOBBY_MANAGER
from vipsim.lobby.process_hall import LOOK_TAIL, MANAGERS, QUEUE, RMS
from vipsim.lobby.process_lines import append, at_counter, new_ticket, note_step, waiting_for_rm
from vipsim.lobby.process_servers import rm_is_free
from vipsim.lobby.rules import (
    balks,
    class_at_counter,
    goes_to_machine,
    helped,
    line_of_degree,
    rm_line,
    taught,
    waits_for_rm,
)


@inlined
def newcomer(hall, v):
    """A visitor comes through the door; the simple facts are on record already."""
    visit = hall.rows[v]
    chance = hall.chance[v]
    result = hall.results[v]
    result["known"] = visit["known"]
    result["signals"] = chance["signals"]
    result["behaviour"] = chance["behaviour"]
    result["core"] = visit["core"]
    if result["believed"]:
        result["believed_by"] = BY_APPOINTMENT if visit["appointment"] else BY_CARD


@pasted
def own_line(hall, v, now):
    """Line in which a visitor finds an RM."""
    visit = hall.rows[v]
    owner = visit["owner"]
    comes = owner >= 0 and hall.here_until[owner] > now and hall.can[2 * owner, 3 * RM]
    line = rm_line(hall.p.rules, visit["appointment"], hall.results[v]["believed"], owner, comes)
    return line_of_degree(line, hall.chance[v]["degree"])


@pasted
def choose_way(hall, v, now):
    """Where the visitor goes from the entrance; returns what the lobby manager who received goes on with."""
    p = hall.p
    rules = hall.p.rules
    visit = hall.rows[v]
    result = hall.results[v]
    if result["triaged"] and goes_to_machine(rules, visit["divert"], result["believed"]):
        teach = not hall.chance[v]["knows"]
        if not teach or taught(p, hall.chance[v]["learns"], hall.queues[QUEUE]["size"]):
            result["diverted"] = 1
            result["station"] = MACHINE
            return TEACH if teach else DONE
    if visit["station"] == RM:
        return DONE
    if visit["card"]:
        result["rm_first"] = 1
        return DONE
    if result["believed"] and visit["meets"] and rules.meet_first and rm_is_free(hall, own_line(hall, v, now)):
        result["rm_first"] = 1
        if result["triaged"] and p.guidance:
            result["escorted"] = 1
            return ESCORT
        return DONE
    if p.forms and result["triaged"] and helped(p, at_counter(hall, visit["station"], now, p.help_below)):
        return HELP_FORM
    return DONE


@pasted
def use_machine(hall, v, now):
    """Join the line of the machines."""
    hall.results[v]["joined"] = now
    new_ticket(hall, v, v, 3 * MACHINE + ORDINARY, SELF_SERVICE, hall.rows[v]["machine_patience_min"], now)
    append(hall, v)


@pasted
def go(hall, v, now):
    """The way chosen: to a machine, to an RM, or to a counter."""
    visit = hall.rows[v]
    result = hall.results[v]
    if result["diverted"]:
        use_machine(hall, v, now)
    elif visit["station"] == RM:
        seek_rm(hall, v, visit["patience_min"], now)
    elif result["rm_first"] and result["rm_outcome"] == NONE:
        seek_rm(hall, v, visit["meeting_patience_min"], now)
    else:
        counter(hall, v, now)


@pasted
def seek_rm(hall, v, patience, now):
    """Join the line of an RM."""
    hall.results[v]["rm_joined"] = now
    new_ticket(hall, v, v, own_line(hall, v, now), MEETING, patience, now)
    append(hall, v)


@pasted
def counter(hall, v, now):
    """Join the line of a counter, unless the number on the ticket is too high."""
    p = hall.p
    visit = hall.rows[v]
    chance = hall.chance[v]
    result = hall.results[v]
    station = visit["station"]
    line = 3 * station + class_at_counter(result["believed"], chance["middle"])
    patience = visit["patience_min"]
    if result["accompanied"]:
        line = WITH_RM_CASH + station - CASH
        patience = inf
    elif p.balking and not result["believed"]:
        first = 3 * station
        ahead = hall.queues[first]["size"] + hall.queues[first + 1]["size"] + hall.queues[first + 2]["size"]
        if balks(p, chance["balk"], ahead):
            result["outcome"] = BALKED
            result["left"] = now
            new_ticket(hall, v, v, line, station, patience, now)
            note_step(hall, v, nan, nan, now, -1, BALKED)
            return
    if chance["alone"] and not result["form"]:
        result["form"] = ALONE
    result["cls"] = hall.queues[line]["cls"]
    result["joined"] = now
    new_ticket(hall, v, v, line, station, patience, now)
    hall.jobs[v]["with_rm"] = result["accompanied"]
    append(hall, v)
    unseen = not (result["triaged"] or result["believed"] or result["looked"] or result["screened"])
    if p.second_look and unseen:
        i = hall.counts[LOOK_TAIL]
        hall.due[i] = now + p.second_look_after_min
        hall.due_ticket[i] = v
        hall.counts[LOOK_TAIL] = i + 1


@pasted
def leave(hall, v, now):
    """Out of the door, thanked where a lobby manager has time (L03)."""
    hall.results[v]["left"] = now
    if hall.p.errands:
        errand(hall, np.uint32(3 * hall.n + v), v, FAREWELL, hall.p.farewell_within_min, now)


@pasted
def errand(hall, t, v, activity, patience, now):
    """Something small for a lobby manager with nothing else to do."""
    if hall.counts[MANAGERS] > 0:
        new_ticket(hall, t, v, ERRANDS, activity, patience, now)
        append(hall, t)


@pasted
def afterwards(hall, v, now):
    """Business done: primes are picked up for an RM (L07-L10), e-banking is activated (EB06)."""
    p = hall.p
    visit = hall.rows[v]
    result = hall.results[v]
    signalled = result["signalled"]
    if ((result["believed"] and visit["meets"]) or signalled) and result["rm_outcome"] == NONE:
        if not p.guidance:
            meeting_afterwards(hall, v, now)
        elif hall.counts[MANAGERS] == 0:
            result["lost"] = SIGNAL_MISSED if signalled else PICK_UP_MISSED
            leave(hall, v, now)
        else:
            result["tracked"] = 1
            line = 3 * DESK + (PRIME if signalled and p.internal_phone else MIDDLE)
            new_ticket(hall, v, v, line, PICK_UP, hall.chance[v]["pick_up_patience_min"], now)
            append(hall, v)
        return
    signed = result["signed_up"] and not result["activated"]
    if signed and p.activate_by == BY_LOBBY_MANAGER and hall.counts[MANAGERS] > 0:
        new_ticket(hall, v, v, QUEUE, ACTIVATE, hall.chance[v]["activate_patience_min"], now)
        append(hall, v)
    else:
        leave(hall, v, now)


@pasted
def meeting_afterwards(hall, v, now):
    """A willing prime meets a free RM, waits for one, or leaves with a name card (L08-L10)."""
    p = hall.p
    visit = hall.rows[v]
    result = hall.results[v]
    if not result["escorted"] and not rm_is_free(hall, own_line(hall, v, now)):
        ahead = waiting_for_rm(hall.jobs, hall.queues, hall.counts, now)
        seated = ahead < p.seats
        if not seated or not waits_for_rm(hall.p.rules, visit["wait_uniform"], ahead, hall.counts[RMS]):
            result["name_card"] = 1
            result["lead"] = visit["phone"]
            result["lost"] = WOULD_NOT_WAIT if seated else NO_SEAT
            leave(hall, v, now)
            return
        result["waited"] = 1
    seek_rm(hall, v, visit["meeting_patience_min"], now)


@pasted
def proceed(hall, t, outcome, now):
    """A step has ended for the visitor: where now?"""
    if t >= hall.n:
        return  # a second look or an errand: the visitor is elsewhere
    ticket = hall.jobs[t]
    activity = ticket["activity"]
    station = ticket["station"]
    result = hall.results[t]
    if station == DESK:
        if activity == ACTIVATE:
            leave(hall, t, now)
        elif activity == PICK_UP or (activity == ESCORT and result["tracked"]):
            if outcome == SKIPPED:
                result["lost"] = SIGNAL_MISSED if result["signalled"] else PICK_UP_MISSED
                leave(hall, t, now)
            else:
                meeting_afterwards(hall, t, now)
        else:
            if outcome != SERVED and (activity in (RECEIVE, TEST)):  # takes a ticket, as if unseen
                if outcome == CUT_OFF:
                    result["triaged"] = 0
                    result["believed"] = hall.rows[t]["shows_prime"]
                choose_way(hall, t, now)
            go(hall, t, now)
    elif station == RM:
        if hall.rows[t]["station"] != RM and result["rm_first"]:
            counter(hall, t, now)
        else:
            leave(hall, t, now)
    elif outcome == SERVED and station != MACHINE:
        afterwards(hall, t, now)
    else:
        leave(hall, t, now)
