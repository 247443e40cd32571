"""Who comes today, and everything about each visit that chance decides, drawn before the day begins.

Addresses: time = day; id = the customer's row, or ``WALK_IN`` + n for the n-th walk-in of a slot; k = the number of
the customer's visit that day, or the slot, in the bits above ``_FIELD_BITS``, and the field below them. Visits are
drawn column by column, because the generator then works on several addresses at once.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import log

import numpy as np

from vipsim import draws
from vipsim.compiled import inlined, kernel, lean
from vipsim.draws import (
    ARRIVAL,
    CONSTANT,
    EXPONENTIAL,
    IDENTIFY,
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
from vipsim.lobby.jobs import RM, grow_visits

WALK_IN = 1 << 31  # walk-ins' ids lie above every customer's
_FIELD_BITS = 6

# Fields (k) of a visit, two to a block of the generator; the second of a pair is the odd one.
_TIME, _TYPE = 0, 1  # ARRIVAL
_KIND, _DIVERT, _CARD, _MEETS, _WAITS, _PHONE, _PITCH = range(7)  # VISIT_KIND
_TRIAGE, _BUSINESS, _MEETING = range(3)  # SERVICE
_COUNTER, _WAITING_AREA, _MACHINE = range(3)  # PATIENCE
_MANAGER, _TELLER = range(2)  # IDENTIFY

_philox = inlined(getattr(draws.philox, "py_func", draws.philox))
_open_unit = inlined(getattr(draws._open_unit, "py_func", draws._open_unit))

_NONE, _CARD_TICKET, _KNOWN = range(3)
_TYPE_A, _TYPE_B, _TYPE_D = 0, 1, 3
_WALK_IN_MIX = 2  # row of Choices.kind_cumulative; 0 = ordinary customers, 1 = VIPs


@inlined
def _minutes(v, u):
    """A variate; the exponential law, the most frequent, without a call."""
    if v.law == EXPONENTIAL:
        return -v.a * log(u)
    return variate(v, u)


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
    _draw_details(params.choices, address, day, visits)
    return visits


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
    _uniforms(address, ARRIVAL, day, _TIME, visits, start, n)
    for i in range(start, n):
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
def add_visits(params, address, day, n, who, k, type, vip, signed, owner, appointment, visits):
    """Visits of n customers of the book today (arrays of length n or more); returns the visits.

    who = row of the book, k = number of the customer's visit that day (0, 1, ...), type 0..3, owner = staff number
    or -1, appointment = 1 where an RM expects the customer (business is then the meeting).
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
        row["vip"] = vip[i]
        row["signed"] = signed[i]
        row["owner"] = owner[i]
        row["appointment"] = appointment[i]
    visits.n[0] = start + n
    _draw_details(params.choices, address, day, visits)
    return visits


@lean
def _uniforms(address, stream, day, field, visits, start, n):
    """The two uniforms of a block for the rows start .. n, into ``visits.first`` and ``visits.second``.

    As ``draws.pair``, pasted into the loop so that the compiler works on several rows at once.
    """
    id = visits.id
    k = visits.k
    first = visits.first
    second = visits.second
    time = np.uint32(day)
    replication = np.uint32(address.replication)
    seed = np.uint32(address.seed)
    stream_of_branch = np.uint32(stream | address.branch << 16)
    for i in range(start, n):
        block = np.uint32((k[i] + field) >> 1)
        a, b, c, d = _philox(np.uint32(id[i]), time, block, replication, seed, stream_of_branch)
        first[i] = _open_unit(a, b)
        second[i] = _open_unit(c, d)


@lean
def _draw_details(c, address, day, visits):
    """Everything else about the visits just added; a column is drawn only where the scenario can need it."""
    start = visits.n[1]
    n = visits.n[0]
    visits.n[1] = n
    _draw_kind(c, address, day, visits, start, n)
    _draw_belief(c, address, day, visits, start, n)
    _draw_meeting(c, address, day, visits, start, n)
    at_counter, at_machine = _draw_minutes(c, address, day, visits, start, n)
    _draw_patience(c, address, day, visits, start, n, at_counter, at_machine)


@lean
def _draw_kind(c, address, day, visits, start, n):
    """What they come for, and whether they can be led to a machine."""
    rows = visits.rows
    first = visits.first
    second = visits.second
    cumulative = c.kind_cumulative
    kinds = cumulative.shape[1]
    if kinds > 1 or c.diverts:
        _uniforms(address, VISIT_KIND, day, _KIND, visits, start, n)
    for i in range(start, n):
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
        _uniforms(address, VISIT_KIND, day, _PITCH, visits, start, n)
        for i in range(start, n):
            rows[i]["pitch"] = first[i] < c.ask_share


@lean
def _draw_belief(c, address, day, visits, start, n):
    """Whom staff would take for prime: a lobby manager who looks, the ticket machine, a teller who pitches."""
    manager_errs = c.triage_on and (c.sensitivity_share < 1.0 or c.specificity_share < 1.0)
    if manager_errs or c.ask_share > 0.0:
        _uniforms(address, IDENTIFY, day, _MANAGER, visits, start, n)
    for i in range(start, n):
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


@lean
def _draw_meeting(c, address, day, visits, start, n):
    """Whether those who may be taken for prime want to meet an RM, would wait, would leave a phone number."""
    for i in range(start, n):
        row = visits.rows[i]
        if row["appointment"] or not (row["looks_prime"] or row["shows_prime"]):
            continue
        id = visits.id[i]
        k = visits.k[i]
        if draw(address, VISIT_KIND, day, id, k + _MEETS) < c.meet_share:
            row["meets"] = 1
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
    _uniforms(address, SERVICE, day, _TRIAGE, visits, start, n)
    if c.triage_on:
        for i in range(start, n):
            rows[i]["triage_min"] = _minutes(c.triage, first[i])
    at_counter = 0
    at_machine = 0
    for i in range(start, n):  # lists first: loops without unforeseeable branches are fast
        row = rows[i]
        counter[at_counter] = i
        machine[at_machine] = i
        surely_machine = row["divert"] & (not c.may_pass_desk) & (not row["looks_prime"])
        at_counter += not surely_machine
        at_machine += row["divert"]
    for j in range(at_machine):
        i = machine[j]
        rows[i]["machine_min"] = _minutes(c.machine, second[i])
    for j in range(at_counter):
        i = counter[j]
        row = rows[i]
        kind = row["kind"]
        law = Variate(c.service_law[kind], c.service[kind, 0], c.service[kind, 1], c.service[kind, 2])
        if row["station"] == RM:
            row["meeting_min"] = variate(c.meeting if row["appointment"] else law, second[i])
        else:
            row["counter_min"] = variate(law, second[i])
            if row["meets"]:
                u = draw(address, SERVICE, day, visits.id[i], visits.k[i] + _MEETING)
                row["meeting_min"] = variate(c.meeting, u)
    return at_counter, at_machine


@lean
def _draw_patience(c, address, day, visits, start, n, at_counter, at_machine):
    """Minutes they are willing to wait at a counter, for a machine, in the waiting area."""
    rows = visits.rows
    first = visits.first
    counter = visits.counter
    machine = visits.machine
    if c.patience_vip.law != NEVER or c.patience_ordinary.law != NEVER:
        _uniforms(address, PATIENCE, day, _COUNTER, visits, start, n)
        for j in range(at_counter):
            i = counter[j]
            row = rows[i]
            row["patience_min"] = _minutes(c.patience_vip if row["vip"] else c.patience_ordinary, first[i])
    if c.patience_meeting.law != NEVER:
        for i in range(start, n):
            row = rows[i]
            if row["meets"]:
                u = draw(address, PATIENCE, day, visits.id[i], visits.k[i] + _WAITING_AREA)
                row["meeting_patience_min"] = variate(c.patience_meeting, u)
    if c.patience_machine.law != NEVER:
        for j in range(at_machine):
            i = machine[j]
            u = draw(address, PATIENCE, day, visits.id[i], visits.k[i] + _MACHINE)
            rows[i]["machine_patience_min"] = variate(c.patience_machine, u)


@lean
def arrange(visits):
    """Order of arrival into ``visits.order``; who comes at the same minute keeps the order of rows.

    A bucket per expected arrival, then insertion: linear in the number of visits.
    """
    n = visits.n[0]
    rows = visits.rows
    order = visits.order
    last = 0.0
    for i in range(n):
        last = max(last, rows[i]["arrive"])
    scale = n / last * (1.0 - 1e-12) if last > 0.0 else 0.0
    bucket = visits.bucket
    for b in range(n + 1):
        bucket[b] = 0
    for i in range(n):
        bucket[int(rows[i]["arrive"] * scale) + 1] += 1
    for b in range(n):
        bucket[b + 1] += bucket[b]
    for i in range(n):
        b = int(rows[i]["arrive"] * scale)
        order[bucket[b]] = i
        bucket[b] += 1
    for j in range(1, n):
        v = order[j]
        at = rows[v]["arrive"]
        i = j
        while i > 0 and rows[order[i - 1]]["arrive"] > at:
            order[i] = order[i - 1]
            i -= 1
        order[i] = v


__all__ = ["CONSTANT", "add_visits", "add_walk_ins", "arrange"]
