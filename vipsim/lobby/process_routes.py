"""Where visitors go next in the service process, and what staff do with them: the compiled engine's view.

Told as a story in ``reference.py``, whose names the functions bear; here a step at a time, as events come.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

import numpy as np

from vipsim.compiled import inlined, lean, pasted
from vipsim.lobby.jobs import (
    ABANDONED,
    ACTIVATE,
    ALONE,
    BALKED,
    BY_APPOINTMENT,
    BY_ASSISTANT,
    BY_CARD,
    BY_MANAGER,
    BY_MEMORY,
    BY_SECOND_LOOK,
    BY_TELLER,
    CASH,
    CUT_OFF,
    DESK,
    DONE,
    ERRANDS,
    ESCORT,
    FAILED,
    FAREWELL,
    GUARD,
    HELP_FORM,
    HELPED,
    LEFT_WAITING,
    LOOK,
    LOOK_AND_FORM,
    LOOKS,
    MACHINE,
    MEETING,
    MIDDLE,
    NO_SEAT,
    NONCASH,
    NONCASH_BUSINESS,
    NONE,
    ORDINARY,
    PASSED,
    PICK_UP,
    PICK_UP_MISSED,
    PITCH,
    PRIME,
    RECEIVE,
    RETURNED,
    RM,
    SCREEN,
    SELF_SERVICE,
    SENT_AWAY,
    SERVED,
    SIGN_UP,
    SIGNAL_MISSED,
    SKIPPED,
    TEACH,
    TEST,
    UNSERVED,
    WITH_RM_CASH,
    WOULD_NOT_WAIT,
)
from vipsim.lobby.process import BY_LOBBY_MANAGER, BY_TELLER_HIMSELF
from vipsim.lobby.process_hall import (
    AGAIN,
    FREED,
    LOOK_TAIL,
    MANAGERS,
    NO_TICKET,
    QUEUE,
    RMS,
    STEPS_SO_FAR,
    about_waits,
    append,
    at_counter,
    best_line,
    insert_by_key,
    new_ticket,
    note_step,
    pop,
    rm_is_free,
    set_free,
    unset_end,
    waiting_for_rm,
    withdraw,
)
from vipsim.lobby.rules import (
    balks,
    class_at_counter,
    degree_told,
    goes_to_machine,
    helped,
    led_from_line,
    line_of_degree,
    lost_where,
    only_a_nod,
    overlooked,
    pitches,
    rm_line,
    taught,
    tested,
    ticket_key,
    triage_minutes,
    waits_for_rm,
)

_TYPE_D = 3


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


# ------------------------------------------------------------------------------------ a visitor's way


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


# ------------------------------------------------------------------------------ what staff do with them


@pasted
def begin(hall, s, t, now):
    """Minutes of the step that begins now, and what is decided at its start."""
    p = hall.p
    ticket = hall.jobs[t]
    v = ticket["visit"]
    result = hall.results[v]
    station = ticket["station"]
    if station == RM:
        result["rm_staff"] = s
        is_business = hall.rows[v]["station"] == RM
    elif station != DESK:
        result["teller"] = s
    if ticket["rest"] >= 0.0:
        return ticket["rest"]
    if station == RM:
        result["rm_called"] = now
        result["rm_start"] = now
        if p.screening and not hall.chance[v]["certain"] and not hall.rows[v]["appointment"] and not is_business:
            ticket["activity"] = SCREEN
            minutes = hall.chance[v]["screen_min"]
        else:
            minutes = meeting_minutes(p, hall.rows[v], result)
    elif station == DESK:
        activity = ticket["activity"]
        if activity == RECEIVE:
            observe(hall, s, v)
            minutes = triage_minutes(p.rules, hall.rows[v]["triage_min"], not result["triaged"], result["believed"])
        elif activity == FAREWELL:
            minutes = hall.chance[v]["farewell_min"]
        elif activity == LOOK:
            own = hall.jobs[v]
            own["talker"] = s
            minutes = hall.chance[v]["look_min"]
            if p.forms and not result["form"] and helped(p, at_counter(hall, own["station"], now, p.help_below)):
                ticket["activity"] = LOOK_AND_FORM
                minutes = minutes + hall.chance[v]["form_min"]
        else:
            minutes = minutes_of(hall, t)
    else:
        result["called"] = now
        result["start"] = now
        at_machine = hall.rows[v]["machine_min"]
        with_staff = hall.rows[v]["counter_min"] * p.form_ratio[result["form"]]
        minutes = at_machine if station == MACHINE else with_staff
    return minutes * hall.workers[s]["pace"]


@inlined
def meeting_minutes(p, visit, result):
    """Minutes of a meeting; who had to wait is asked everything again."""
    return visit["meeting_min"] + p.meeting_reask_min if result["waited"] else visit["meeting_min"]


@pasted
def observe(hall, s, v):
    """A visitor is greeted; in a crowd it is only a nod and nobody looked (I07)."""
    visit = hall.rows[v]
    chance = hall.chance[v]
    result = hall.results[v]
    if only_a_nod(hall.p.rules, hall.queues[QUEUE]["size"], hall.counts[MANAGERS]):
        return
    result["triaged"] = 1
    assistant = hall.workers[s]["assistant"]
    looks = chance["looks_assistant"] if assistant else visit["looks_prime"]
    waiting = hall.queues[QUEUE]["size"]
    if not chance["certain"] and overlooked(hall.p, chance["attention"], waiting, hall.counts[MANAGERS]):
        looks = 0
    if looks and not result["believed"]:
        by = BY_ASSISTANT if assistant else BY_MANAGER
        if chance["certain"]:
            by = BY_MEMORY if visit["known"] else BY_CARD
        result["believed_by"] = by
    result["believed"] = looks | visit["shows_prime"]


@pasted
def minutes_of(hall, t):
    """Minutes of a step that a member goes on with, or of a lobby manager's lesser steps."""
    p = hall.p
    v = hall.jobs[t]["visit"]
    chance = hall.chance[v]
    result = hall.results[v]
    activity = hall.jobs[t]["activity"]
    if activity == MEETING:
        return meeting_minutes(p, hall.rows[v], result)
    if activity == GUARD:
        return chance["guard_min"]
    if activity == HELP_FORM:
        return chance["form_min"]
    if activity == TEST:
        return chance["test_min"]
    if activity == TEACH:
        return chance["teach_min"]
    if activity == ESCORT:
        return chance["escort_min"]
    if activity == PICK_UP:
        reask = result["signalled"] and not p.internal_phone
        return chance["recheck_min"] + p.signal_reask_min if reask else chance["recheck_min"]
    if activity == ACTIVATE:
        return chance["activate_min"]
    if activity == SIGN_UP:
        return chance["sign_up_min"]
    cash = hall.jobs[t]["station"] == CASH
    return chance["pitch_min"] if cash else chance["noncash_pitch_min"]


@pasted
def goes_on(hall, s, t, now):
    """What the same member goes on with, the visitor beside: the ticket, or -1 where this member is done."""
    ticket = hall.jobs[t]
    station = ticket["station"]
    activity = ticket["activity"]
    following = DONE
    if station == DESK:
        if activity in (LOOK, LOOK_AND_FORM):
            return looked(hall, s, t, now)
        if activity <= ACTIVATE:
            following = at_desk(hall, t, activity, now)
    elif station == RM:
        if activity == SCREEN:
            following = at_rm(hall, t)
    else:
        following = at_counter_done(hall, t, station, activity, now)
    if following == DONE:
        return NO_TICKET
    ticket["activity"] = following
    return t


@pasted
def at_desk(hall, v, done, now):
    """A lobby manager has done one thing with the visitor; what comes next?"""
    p = hall.p
    chance = hall.chance[v]
    result = hall.results[v]
    if done == RECEIVE:
        if result["triaged"] and result["believed"] and (p.test > 0 or p.probe_when_rm_busy):
            free = rm_is_free(hall, own_line(hall, v, now))
            if tested(p, chance["certain"], free, hall.queues[QUEUE]["size"]):
                return TEST
        return choose_way(hall, v, now)
    if done == TEST:
        result["tested"] = PASSED if chance["passes"] else FAILED
        result["believed"] = chance["passes"]
        return choose_way(hall, v, now)
    if done == TEACH:
        result["taught"] = 1
    elif done == HELP_FORM:
        result["form"] = HELPED
    elif done == ACTIVATE:
        result["activated"] = 1
    elif done == PICK_UP:
        result["picked_up"] = 1
        if rm_is_free(hall, own_line(hall, v, now)):
            result["escorted"] = 1
            return ESCORT
    return DONE


@pasted
def looked(hall, s, t, now):
    """A second look is over: the form is filled in, and who is now taken for prime goes ahead (I08, L05)."""
    if not about_waits(hall, t, now):
        return NO_TICKET
    v = hall.jobs[t]["visit"]
    visit = hall.rows[v]
    chance = hall.chance[v]
    result = hall.results[v]
    with_form = hall.jobs[t]["activity"] == LOOK_AND_FORM
    result["looked"] = 1
    if with_form:
        result["form"] = HELPED
    looks = chance["looks_form"] if with_form else visit["looks_prime"]
    if hall.workers[s]["assistant"]:
        looks = chance["looks_assistant"]
    if not looks and not result["believed"] and led_from_line(hall.p, visit["divert"], chance["knows"]):
        withdraw(hall, v)
        result["diverted"] = 1
        result["station"] = MACHINE
        use_machine(hall, v, now)
    if not looks or result["believed"]:
        return NO_TICKET
    result["believed"] = 1
    result["believed_by"] = BY_SECOND_LOOK
    withdraw(hall, v)
    own = hall.jobs[v]
    if visit["meets"] and hall.p.rules.meet_first and hall.p.guidance and rm_is_free(hall, own_line(hall, v, now)):
        result["rm_first"] = 1
        result["escorted"] = 1
        new_ticket(hall, v, v, QUEUE, ESCORT, inf, now)
        return v
    station = own["station"]
    cls = class_at_counter(1, chance["middle"])
    own["line"] = 3 * station + cls
    own["key"] = ticket_key(hall.p.rules, own["joined"], station, cls)
    insert_by_key(hall, v)
    return NO_TICKET


@pasted
def at_rm(hall, v):
    """An RM has screened a visitor (I14)."""
    result = hall.results[v]
    prime = hall.rows[v]["type"] != _TYPE_D
    result["screened"] = PASSED if prime else FAILED
    if not prime:
        result["believed"] = 0
    return MEETING if prime else DONE


@pasted
def at_counter_done(hall, v, station, done, now):
    """First serve, then sell: the business is done, what else does the teller do (L19, EB01, I11)?"""
    p = hall.p
    chance = hall.chance[v]
    result = hall.results[v]
    if done <= NONCASH_BUSINESS:
        result["end"] = now
        result["outcome"] = SERVED
        if station == MACHINE:
            return DONE
        if chance["opens"] and p.style > 0:
            return SIGN_UP
    elif done == SIGN_UP:
        result["signed_up"] = chance["signs"]
        if chance["signs"] and p.activate_by == BY_TELLER_HIMSELF:
            return ACTIVATE
    elif done == ACTIVATE:
        result["activated"] = 1
    elif done == PITCH:
        hint(hall, v, station)
        return DONE
    wants = hall.rows[v]["pitch"] and p.referral and not result["believed"] and not result["screened"]
    too_many = min(p.rules.chat_queue_threshold + 1, hall.rows[v]["pitch"])
    if wants and pitches(p.rules, hall.rows[v]["pitch"], at_counter(hall, station, now, too_many)):
        result["pitched"] = 1
        return PITCH
    return DONE


@pasted
def hint(hall, v, station):
    """A teller has told of the VIP service: who is interested is signalled to the lobby manager (L17)."""
    chance = hall.chance[v]
    result = hall.results[v]
    if not (chance["teller"] if station == CASH else chance["noncash_teller"]):
        return
    result["hinted"] = 1
    if result["believed_by"] == 0:
        result["believed_by"] = BY_TELLER
    if chance["interested"]:
        result["signalled"] = 1
        result["believed"] = 1
    else:
        result["name_card"] = 1
        result["referred"] = 1
        result["lead"] = hall.rows[v]["phone"]


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


# ------------------------------------------------------------------------------------ calling visitors


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


__all__ = ["STEPS_SO_FAR"]
