"""How steps and visits of the service process end: served, given up, called in vain, overtaken, sent away."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import nan

import numpy as np

from vipsim.compiled import inlined, lean, pasted
from vipsim.lobby.jobs import (
    ABANDONED,
    BALKED,
    CASH,
    CUT_OFF,
    DESK,
    ERRANDS,
    ESCORT,
    FAILED,
    LEFT_WAITING,
    LOOKS,
    NONCASH,
    NONCASH_BUSINESS,
    NONE,
    PICK_UP,
    PICK_UP_MISSED,
    RETURNED,
    RM,
    SENT_AWAY,
    SERVED,
    SIGNAL_MISSED,
    UNSERVED,
)
from vipsim.lobby.process_hall import AGAIN, FREED, NO_TICKET
from vipsim.lobby.process_lines import about_waits, best_line, note_step, pop
from vipsim.lobby.process_servers import set_free, unset_end
from vipsim.lobby.rules import degree_told, lost_where


@pasted
def finished(hall, s, t, outcome, now):
    """A member is done with a visitor; returns how it ended for the visitor."""
    ticket = hall.jobs[t]
    station = ticket["station"]
    if ticket["line"] == LOOKS:
        hall.jobs[ticket["visit"]]["talker"] = -1
        return outcome
    v = ticket["visit"]
    result = hall.results[v]
    if station == RM:
        if result["screened"] == FAILED:
            outcome = RETURNED
        result["rm_end"] = now
        result["rm_outcome"] = outcome
        if hall.rows[v]["station"] == RM:
            result["outcome"] = outcome
        elif outcome == SERVED and result["rm_first"] and hall.p.accompany:
            result["accompanied"] = 1
            hall.workers[s]["along"] = 1
    elif station != DESK:
        if ticket["activity"] <= NONCASH_BUSINESS:
            result["end"] = now
            result["outcome"] = outcome
        else:
            outcome = SERVED  # the business was done
        if ticket["with_rm"]:
            leave_customer(hall, v, now)
    return outcome


@pasted
def leave_customer(hall, v, now):
    """An RM who went along to the counter is free again."""
    rm = np.uint32(hall.results[v]["rm_staff"])
    hall.workers[rm]["along"] = 0
    set_free(hall, rm, now)


@pasted
def given_up(hall, v, outcome, now):
    """A visitor leaves a line unserved: patience has ended, or the branch closes."""
    ticket = hall.jobs[v]
    station = ticket["station"]
    result = hall.results[v]
    if station == RM:
        result["rm_outcome"] = outcome
        if hall.rows[v]["station"] == RM or result["rm_first"]:
            result["outcome"] = outcome
        result["lost"] = LEFT_WAITING if outcome == ABANDONED else SENT_AWAY
    elif station == DESK:
        if result["outcome"] == NONE:
            result["outcome"] = outcome
        if ticket["activity"] == PICK_UP or ticket["activity"] == ESCORT:
            missed = SIGNAL_MISSED if result["signalled"] else PICK_UP_MISSED
            result["lost"] = SENT_AWAY if outcome == UNSERVED else missed
    else:
        if ticket["activity"] <= NONCASH_BUSINESS:
            result["outcome"] = outcome
        if ticket["with_rm"]:
            leave_customer(hall, v, now)


@pasted
def called_in_vain(hall, v, called, left):
    """The visitor has left: the wait until this call is the virtual wait."""
    note_step(hall, v, called, nan, left, -1, ABANDONED)
    note_call(hall, v, called)
    given_up(hall, v, ABANDONED, left)
    hall.results[v]["left"] = left


@inlined
def note_call(hall, v, called):
    """When a visitor who left was called; not of somebody served before."""
    result = hall.results[v]
    if hall.jobs[v]["station"] == RM:
        if result["rm_staff"] < 0:
            result["rm_called"] = called
    elif result["teller"] < 0:
        result["called"] = called


@pasted
def next_ticket(hall, s, now):
    """Best ticket of the server's lines whose owner is there; the others are called off. -1 = none."""
    while True:
        line = best_line(hall, s, now)
        if line == NO_TICKET:
            return NO_TICKET
        t = pop(hall, line)
        if line == LOOKS:
            if about_waits(hall, t, now):
                return t
        elif line == ERRANDS:
            if hall.jobs[t]["leaves"] >= now:
                return t
        elif hall.jobs[t]["leaves"] > now:
            return t
        else:
            called_in_vain(hall, t, now, hall.jobs[t]["leaves"])


@pasted
def overtake(hall, s, t, now):
    """Those of a lower class who came earlier see it (L15)."""
    queue = hall.queues[hall.jobs[t]["line"]]
    station = queue["station"]
    if station != CASH and station != NONCASH:
        return
    window = hall.p.window and hall.workers[s]["special"]
    joined = hall.jobs[t]["joined"]
    for line in range(3 * station + queue["cls"] + 1, 3 * station + 3):
        other = hall.queues[line]["head"]
        while other != NO_TICKET:
            ticket = hall.jobs[other]
            if ticket["leaves"] > now and ticket["joined"] < joined:
                if window:
                    hall.results[other]["overtaken_by_window"] += 1
                else:
                    hall.results[other]["overtaken"] += 1
            other = ticket["after"]


@pasted
def end_talk(hall, v, now):
    """A visitor is called in the middle of a second look: the manager is free, the effect is lost."""
    s = np.uint32(hall.jobs[v]["talker"])
    hall.jobs[v]["talker"] = -1
    unset_end(hall, s)
    talk = hall.workers[s]["ticket"]
    started = hall.workers[s]["started"]
    note_step(hall, talk, started, started, now, s, CUT_OFF)
    hall.freed[hall.counts[FREED]] = s
    hall.counts[FREED] += 1
    hall.counts[AGAIN] = 1


@lean
def send_away(hall, now):
    """Everybody who still waits leaves: who had left before is abandoned with the wait so far, the others unserved."""
    for line in range(hall.queues.size):
        while hall.queues[line]["head"] != NO_TICKET:
            t = pop(hall, line)
            if line in (LOOKS, ERRANDS):
                continue
            if hall.jobs[t]["leaves"] <= now:
                called_in_vain(hall, t, now, hall.jobs[t]["leaves"])
            else:
                note_step(hall, t, nan, nan, now, -1, UNSERVED)
                note_call(hall, t, nan)
                given_up(hall, t, UNSERVED, now)
                hall.results[t]["left"] = now


@lean
def tell_where_lost(hall):
    """At the end of the day: where the meeting of each visitor was lost."""
    for v in range(np.uint64(hall.n)):
        r = hall.results[v]
        r["lost"] = lost_where(
            r["lost"],
            r["rm_outcome"] == SERVED,
            r["screened"] == FAILED,
            r["outcome"] == ABANDONED or r["outcome"] == BALKED,
            r["triaged"] or r["looked"] or r["pitched"],
            r["believed_by"],
            r["tested"] == FAILED,
            hall.rows[v]["meets"],
            r["outcome"] == UNSERVED,
        )
        r["degree"] = degree_told(r["believed"], hall.chance[v]["degree"])
