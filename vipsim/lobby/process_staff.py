"""What staff do with visitors in the service process: minutes of a step, what it decides, what comes next.

Told as a story in ``reference_staff.py``, whose names the functions bear.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf

from vipsim.compiled import inlined, pasted
from vipsim.lobby.jobs import (
    ACTIVATE,
    BY_ASSISTANT,
    BY_CARD,
    BY_MANAGER,
    BY_MEMORY,
    BY_SECOND_LOOK,
    BY_TELLER,
    CASH,
    DESK,
    DONE,
    ESCORT,
    FAILED,
    FAREWELL,
    GUARD,
    HELP_FORM,
    HELPED,
    LOOK,
    LOOK_AND_FORM,
    MACHINE,
    MEETING,
    NONCASH_BUSINESS,
    PASSED,
    PICK_UP,
    PITCH,
    RECEIVE,
    RM,
    SCREEN,
    SERVED,
    SIGN_UP,
    TEACH,
    TEST,
)
from vipsim.lobby.process import BY_TELLER_HIMSELF
from vipsim.lobby.process_hall import MANAGERS, NO_TICKET, QUEUE
from vipsim.lobby.process_lines import about_waits, at_counter, insert_by_key, new_ticket, withdraw
from vipsim.lobby.process_servers import rm_is_free
from vipsim.lobby.process_visitor import choose_way, own_line, use_machine
from vipsim.lobby.rules import (
    class_at_counter,
    helped,
    led_from_line,
    only_a_nod,
    overlooked,
    pitches,
    tested,
    ticket_key,
    triage_minutes,
)

_TYPE_D = 3


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
