"""Who comes today, and everything about each visit that chance decides, drawn before the day begins.

Addresses: time = day; id = the customer's row, or ``WALK_IN`` + n for the n-th walk-in of a slot; k = the number of
the customer's visit that day, or the slot, in the bits above ``_FIELD_BITS``, and the field below them. Visits are
drawn column by column, because the generator then works on several addresses at once; row numbers are unsigned, else
every index would be asked whether it counts from the end.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import ceil, exp, inf

import numpy as np

from vipsim.compiled import kernel, lean
from vipsim.draws import (
    ARRIVAL,
    CONSTANT,
    EXPONENTIAL,
    IDENTIFY,
    LOGNORMAL,
    NEVER,
    PATIENCE,
    SERVICE,
    VISIT_KIND,
    WALK_IN_COUNT,
    Variate,
    draw,
    invert_profile,
    pair,
    poisson,
    variate,
)
from vipsim.lobby.arrays import grow_visits, room_for_chance
from vipsim.lobby.chances import behave, judge, lead_openings, remembers, tell_degree, wish
from vipsim.lobby.columns import to_minutes, to_normals, uniforms
from vipsim.lobby.jobs import RM
from vipsim.lobby.process_minutes import bring_papers, take_time

WALK_IN = 1 << 31  # walk-ins' ids lie above every customer's
_FIELD_BITS = 6

# Fields (k) of a visit, two to a block of the generator; the second of a pair is the odd one.
_TIME, _TYPE = 0, 1  # ARRIVAL
_KIND, _DIVERT, _CARD, _MEETS, _WAITS, _PHONE, _PITCH = range(7)  # VISIT_KIND
_TRIAGE, _BUSINESS, _MEETING = range(3)  # SERVICE
_COUNTER, _WAITING_AREA, _MACHINE = range(3)  # PATIENCE
_MANAGER, _TELLER = range(2)  # IDENTIFY
_ATTENTION = 5  # the second of its pair

_NONE, _CARD_TICKET, _KNOWN = range(3)
_TYPE_A, _TYPE_B, _TYPE_D = 0, 1, 3
_WALK_IN_MIX = 2  # row of Choices.kind_cumulative; 0 = ordinary customers, 1 = VIPs

_ANY_LINE = 127  # more than ever count: a pitch is off before that (counters.chat_queue_threshold)
_AT_ONCE = 32  # arrivals compared in one turn of the loop
_SHORT_GROUP = 24  # shorter groups are put together: the turn costs the same
_LONG_GROUP = 320  # a longer group is sorted faster by bucket


@kernel
def add_walk_ins(params, address, day, weight, visits):
    """Today's walk-ins without an account, drawn in full; returns the visits (with more room where needed).

    A Poisson count per slot of the profile, then a time inside the slot for each: inversion, never thinning.
    """
    a = params.arrivals
    mean = a.walk_ins_per_day * weight
    start = visits.n[0]
    n = start
    for slot in range(a.profile.size):
        more = poisson(draw(address, WALK_IN_COUNT, day, slot, 0), mean * a.profile[slot])
        visits = grow_visits(visits, n + more)
        for i in range(more):
            visits.id[n + i] = WALK_IN + i
            visits.k[n + i] = slot << _FIELD_BITS
        n += more
    visits.n[0] = n
    _fill_walk_ins(a, address, day, visits, start, n)
    return _draw_details(params.process, params.choices, address, day, visits)


@lean
def _fill_walk_ins(a, address, day, visits, start, n):
    """Time and type of walk-ins whose slot and number are known."""
    rows = visits.rows
    id = visits.id
    k = visits.k
    first = visits.first
    second = visits.second
    blank = visits.blank
    cumulative = a.type_cumulative
    uniforms(address, ARRIVAL, day, _TIME, visits, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        u = second[i]
        type = int(u >= cumulative[0]) + int(u >= cumulative[1]) + int(u >= cumulative[2])
        rows[i] = blank[0]
        row = rows[i]
        row["arrive"] = ((k[i] >> _FIELD_BITS) + first[i]) * a.slot_min
        row["number"] = id[i] - WALK_IN
        row["type"] = type
        row["vip"] = type == _TYPE_A
        row["signed"] = type == _TYPE_A


@kernel
def add_visits(params, address, day, n, who, k, type, vip, signed, owner, appointment, skilled, known, visits):
    """Visits of n customers of the book today (arrays of length n or more); returns the visits.

    who = row of the book, k = number of the customer's visit that day (0, 1, ...), type 0..3, vip = 1, or 2 for a
    core prime, owner = staff number or -1, appointment = 1 where an RM expects the customer (business is then the
    meeting), 2 for a card, 3 for a card that head office has approved (both 1 in a lobby without card_application),
    skilled = 1 where the customer was taught to use machines, known = probability that the lobby managers
    know the customer's face.
    """
    a = params.arrivals
    start = visits.n[0]
    visits = grow_visits(visits, start + n)
    for i in range(n):
        visits.id[start + i] = who[i]
        visits.k[start + i] = k[i] << _FIELD_BITS
    for i in range(n):
        visits.rows[start + i] = visits.blank[0]
        row = visits.rows[start + i]
        u = draw(address, ARRIVAL, day, who[i], (k[i] << _FIELD_BITS) + _TIME)
        row["arrive"] = invert_profile(u, a.profile_cumulative, a.slot_min)
        row["who"] = who[i]
        row["number"] = k[i]
        row["type"] = type[i]
        row["vip"] = vip[i] > 0
        row["core"] = vip[i] > 1
        row["signed"] = signed[i]
        row["owner"] = owner[i]
        row["appointment"] = appointment[i] > 0
        row["card"] = appointment[i] - 1 if appointment[i] > 1 else 0
        row["skilled"] = skilled[i]
        row["known"] = remembers(address, day, who[i], k[i] << _FIELD_BITS, known[i])
    visits.n[0] = start + n
    visits = _draw_details(params.process, params.choices, address, day, visits)
    bring_papers(params.process, address, day, visits, start, start + n)
    return visits


@kernel
def _draw_details(process, c, address, day, visits):
    """Everything else about the visits just added; a column is drawn only where the scenario can need it."""
    start = visits.n[1]
    n = visits.n[0]
    visits.n[1] = n
    _draw_kind(c, address, day, visits, start, n)
    if process is None:
        _draw_belief(c, address, day, visits, start, n)
        _draw_meeting(c, address, day, visits, start, n)
    else:
        visits = room_for_chance(visits)
        lead_openings(process, address, day, visits, start, n)
        may_be_prime = judge(process, c, address, day, visits, start, n)
        if process.degrees:
            tell_degree(process, address, day, visits, may_be_prime)
        behave(process, address, day, visits, start, n)
        may_meet = wish(process, c, address, day, visits, may_be_prime)
        take_time(process, address, day, visits, start, n, may_be_prime, may_meet)
    at_counter, at_machine = _draw_minutes(c, address, day, visits, start, n)
    _draw_patience(c, address, day, visits, start, n, at_counter, at_machine)
    if process is not None:
        _draw_attention(process, address, day, visits, start, n)
    return visits


@lean
def _draw_kind(c, address, day, visits, start, n):
    """What they come for, and whether they can be led to a machine."""
    rows = visits.rows
    first = visits.first
    second = visits.second
    cumulative = c.kind_cumulative
    kinds = cumulative.shape[1]
    if kinds > 1 or c.diverts:
        uniforms(address, VISIT_KIND, day, _KIND, visits, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        row = rows[i]
        kind = 0
        if kinds > 1:
            mix = _WALK_IN_MIX if row["who"] < 0 else row["vip"]
            while kind < kinds - 1 and first[i] >= cumulative[mix, kind]:
                kind += 1
        row["kind"] = kind
        row["station"] = RM if row["appointment"] else c.station[kind]
        row["divert"] = c.diverts and not row["appointment"] and second[i] < c.divert[kind]
    if c.ask_share > 0.0:
        uniforms(address, VISIT_KIND, day, _PITCH, visits, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            share = c.ask_share
            if first[i] < share and rows[i]["owner"] >= 0:
                share = c.ask_owned_share  # credit that the owner gets pays nobody for asking (B08)
            asks = first[i] < share
            rows[i]["pitch"] = _ANY_LINE if asks else 0
            if asks and c.ask_fall_per_person > 0.0:
                most = ceil((1.0 - first[i] / share) / c.ask_fall_per_person)
                rows[i]["pitch"] = min(most, _ANY_LINE)


@lean
def _draw_belief(c, address, day, visits, start, n):
    """Whom staff would take for prime: a lobby manager who looks, the ticket machine, a teller who pitches."""
    manager_errs = c.triage_on and (c.sensitivity_share < 1.0 or c.specificity_share < 1.0)
    if manager_errs or c.ask_share > 0.0:
        uniforms(address, IDENTIFY, day, _MANAGER, visits, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        type = row["type"]
        looks = type != _TYPE_D
        if manager_errs:
            looks = visits.first[i] < (1.0 - c.specificity_share if type == _TYPE_D else c.sensitivity_share)
        if c.ask_share > 0.0:
            known = type == _TYPE_A or type == _TYPE_B  # a teller's screen shows nothing of money elsewhere
            hit = c.teller_sensitivity_share if known else 1.0 - c.teller_specificity_share
            row["recognised"] = 1 if visits.second[i] < hit else 0
        shows = c.ticket_class == _KNOWN and type != _TYPE_D
        if row["signed"] and c.card_shown_share > 0.0:
            k = visits.k[i] + _CARD
            if c.card_shown_share >= 1.0 or draw(address, VISIT_KIND, day, visits.id[i], k) < c.card_shown_share:
                looks = True
                shows = shows or c.ticket_class == _CARD_TICKET
        row["looks_prime"] = 1 if looks and c.triage_on else 0
        row["shows_prime"] = 1 if shows else 0
        row["may_be_prime"] = row["looks_prime"] | row["shows_prime"]


@lean
def _draw_meeting(c, address, day, visits, start, n):
    """Whether those who may be taken for prime want to meet an RM, would wait, would leave a phone number."""
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        if row["appointment"] or not row["may_be_prime"]:
            continue
        id = visits.id[i]
        k = visits.k[i]
        if draw(address, VISIT_KIND, day, id, k + _MEETS) < c.meet_share:
            row["meets"] = row["may_meet"] = 1
            u, w = pair(address, VISIT_KIND, day, id, k + _WAITS)
            row["wait_uniform"] = u
            row["phone"] = 1 if w < c.phone_share else 0


@lean
def _draw_minutes(c, address, day, visits, start, n):
    """Minutes at the desk, for the business at a machine or with staff, and of a meeting.

    One uniform is the size of the business, wherever it is done. Returns how many rows may go to a counter and how
    many to a machine; their numbers are in ``visits.counter`` and ``visits.machine``.
    """
    rows = visits.rows
    first = visits.first
    second = visits.second
    counter = visits.counter
    machine = visits.machine
    uniforms(address, SERVICE, day, _TRIAGE, visits, start, n)
    if c.triage_on:
        to_minutes(c.triage, first, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            rows[i]["triage_min"] = first[i]
    at_counter = 0
    at_machine = 0
    for i in range(np.uint64(start), np.uint64(n)):  # lists first: loops without unforeseeable branches are fast
        row = rows[i]
        counter[np.uint32(at_counter)] = i
        machine[np.uint32(at_machine)] = i
        surely_machine = row["divert"] & (not c.may_pass_desk) & (not row["looks_prime"])
        at_counter += not surely_machine
        at_machine += int(row["divert"])
    for j in range(at_machine):
        first[j] = second[machine[j]]
    to_minutes(c.machine, first, 0, at_machine)
    for j in range(at_machine):
        rows[machine[j]]["machine_min"] = first[j]
    for j in range(at_counter):
        first[j] = second[counter[j]]
    to_normals(first, second, at_counter)  # second is used up
    for j in range(at_counter):
        i = counter[j]
        row = rows[i]
        kind = row["kind"]
        law = Variate(c.service_law[kind], c.service[kind, 0], c.service[kind, 1], c.service[kind, 2])
        if row["station"] == RM:
            row["meeting_min"] = variate(c.meeting if row["appointment"] else law, first[j])
        else:
            row["counter_min"] = exp(law.a + law.b * second[j]) if law.law == LOGNORMAL else variate(law, first[j])
            if row["may_meet"]:
                u = draw(address, SERVICE, day, visits.id[i], visits.k[i] + _MEETING)
                row["meeting_min"] = variate(c.meeting, u)
    return at_counter, at_machine


@lean
def _draw_patience(c, address, day, visits, start, n, at_counter, at_machine):
    """Minutes they are willing to wait at a counter, for a machine, in the waiting area."""
    rows = visits.rows
    first = visits.first
    second = visits.second
    counter = visits.counter
    machine = visits.machine
    if c.patience_vip.law != NEVER or c.patience_ordinary.law != NEVER:
        uniforms(address, PATIENCE, day, _COUNTER, visits, start, n)
        for j in range(at_counter):
            second[j] = first[counter[j]]
        if c.patience_vip.law == EXPONENTIAL and c.patience_ordinary.law == EXPONENTIAL:
            to_minutes(Variate(EXPONENTIAL, 1.0, 0.0, 0.0), second, 0, at_counter)
            for j in range(at_counter):
                row = rows[counter[j]]
                row["patience_min"] = (c.patience_vip.a if row["vip"] else c.patience_ordinary.a) * second[j]
        else:
            for j in range(at_counter):
                row = rows[counter[j]]
                row["patience_min"] = variate(c.patience_vip if row["vip"] else c.patience_ordinary, second[j])
    if c.patience_meeting.law != NEVER:
        for i in range(np.uint64(start), np.uint64(n)):
            row = rows[i]
            if row["may_meet"]:
                u = draw(address, PATIENCE, day, visits.id[i], visits.k[i] + _WAITING_AREA)
                row["meeting_patience_min"] = variate(c.patience_meeting, u)
    if c.patience_machine.law != NEVER:
        for j in range(at_machine):
            i = machine[j]
            u = draw(address, PATIENCE, day, visits.id[i], visits.k[i] + _MACHINE)
            rows[i]["machine_patience_min"] = variate(c.patience_machine, u)


@lean
def _draw_attention(process, address, day, visits, start, n):
    """How closely each visitor is observed when received, where a line makes staff overlook signals (I07)."""
    if process.overlooked_share_per_person > 0.0:
        uniforms(address, IDENTIFY, day, _ATTENTION, visits, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            visits.chance[i]["attention"] = visits.second[i]


@lean
def arrange(visits):
    """Order of arrival into ``visits.order`` and ``visits.minute``; who comes at one minute keeps the order of rows."""
    n = visits.n[0]
    rows = visits.rows
    unsorted = visits.first  # nobody needs the uniforms any more
    for i in range(np.uint64(n)):
        unsorted[i] = rows[i]["arrive"]
    if not _arrange_by_comparing(n, unsorted, visits.second, visits.order, visits.minute):
        _arrange_by_bucket(n, unsorted, visits.bucket, visits.order, visits.minute)


@lean
def _arrange_by_comparing(n, unsorted, least_from, order, minute):
    """Places of arrivals that come a group after the other, as walk-ins of slots do; whether that was possible.

    A group ends where all earlier arrivals are before all later ones. A visitor's place is the number of earlier
    arrivals, counted several at once: no branch, and no place in memory that waits for another. It fails for few
    visitors, for long groups, and where two come at one minute (they count the same place).
    """
    least = inf
    for i in range(n):
        j = np.uint32(n - 1 - i)
        least = min(least, unsorted[j])
        least_from[j] = least
    end = 0
    most = -inf
    places = 0
    while end < n:
        start = end
        while True:
            most = max(most, unsorted[np.uint32(end)])
            end += 1
            if end == n or (end - start >= _SHORT_GROUP and most < least_from[np.uint32(end)]):
                break
        width = (end - start + _AT_ONCE - 1) // _AT_ONCE * _AT_ONCE  # who is beyond the group changes no place
        low = max(min(start, n - width), 0)
        if low + width > n or width > _LONG_GROUP:
            return False
        for i in range(np.uint32(start), np.uint32(end)):
            at = unsorted[i]
            place = low
            for j in range(np.uint32(low), np.uint32(low + width)):  # type: ignore[assignment]
                place += unsorted[j] < at
            places += place
            order[np.uint32(place)] = i
            minute[np.uint32(place)] = at
    return 2 * places == n * (n - 1)


@lean
def _arrange_by_bucket(n, unsorted, bucket, order, minute):
    """Any arrivals: a bucket per expected arrival, then insertion: linear in the number of visits."""
    last = 0.0
    for i in range(n):
        last = max(last, unsorted[i])
    scale = n / last * (1.0 - 1e-12) if last > 0.0 else 0.0
    for b in range(n):
        bucket[b] = 0
    for i in range(n):
        bucket[np.uint32(unsorted[i] * scale)] += 1
    before = 0
    for b in range(n):
        here = bucket[b]
        bucket[b] = before
        before += here
    for i in range(n):
        at = unsorted[i]
        place = np.uint32(bucket[np.uint32(at * scale)])
        bucket[np.uint32(at * scale)] = place + 1
        order[place] = i
        minute[place] = at
    for j in range(1, n):
        at = minute[j]
        if minute[j - 1] > at:
            v = order[j]
            i = j
            while i > 0 and minute[i - 1] > at:
                order[i] = order[i - 1]
                minute[i] = minute[i - 1]
                i -= 1
            order[i] = v
            minute[i] = at


__all__ = ["CONSTANT", "add_visits", "add_walk_ins", "arrange"]
