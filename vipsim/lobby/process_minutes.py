"""Minutes of the steps of the service process, drawn before the day: a column at a time, for whom the step may come.

Addresses as in ``visits.py``. Minutes of a step that cannot come to a visitor stay 0.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from vipsim.compiled import lean
from vipsim.draws import PATIENCE, SERVICE, draw, variate
from vipsim.lobby.columns import list_addresses, to_minutes, uniforms, uniforms_listed
from vipsim.lobby.jobs import CASH, NONCASH
from vipsim.lobby.process import BY_LOBBY_MANAGER, BY_NONE, TEST_OFF

_LOOK, _TEACH, _ESCORT, _PITCH, _SIGN_UP, _GUARD = 4, 6, 8, 10, 12, 14  # SERVICE, each with the one after it
_BROKEN_OFF = 16  # SERVICE: whether a pitch that is cut short has told enough
_PAPERWORK, _CHECK = 18, 19  # SERVICE: a card's
_PICK_UP, _ACTIVATION = 4, 5  # PATIENCE


@lean
def take_time(process, address, day, visits, start, n, may_be_prime, may_meet):
    """Minutes of every step that may come.

    ``may_be_prime`` rows are listed in ``visits.counter``, ``may_meet`` rows in ``visits.machine``.
    """
    tested = process.test != TEST_OFF or process.probe_when_rm_busy != 0
    if process.second_look:
        _look(process, address, day, visits, start, n)
    if tested:
        _test(process, address, day, visits, may_be_prime)
    if process.forms:
        _fill_in(process, address, day, visits, start, n)
    if process.teaching:
        _teach(process, address, day, visits, start, n)
    if process.errands:
        _do_errands(process, address, day, visits, start, n)
    if process.guidance or process.screening:
        _meet(process, address, day, visits, may_meet)
    if process.referral:
        _pitch(process, address, day, visits, start, n)
    if process.style > 0:
        _sign_up(process, address, day, visits, start, n)


@lean
def _look(process, address, day, visits, start, n):
    uniforms(address, SERVICE, day, _LOOK, visits, start, n)
    to_minutes(process.look, visits.first, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        visits.chance[i]["look_min"] = visits.first[i]


@lean
def _test(process, address, day, visits, m):
    list_addresses(visits, visits.counter, m)
    uniforms_listed(address, SERVICE, day, _LOOK, visits, m)
    to_minutes(process.test_law, visits.second, 0, m)
    for j in range(m):
        visits.chance[visits.counter[j]]["test_min"] = visits.second[j]


@lean
def _fill_in(process, address, day, visits, start, n):
    uniforms(address, SERVICE, day, _TEACH, visits, start, n)
    to_minutes(process.form, visits.second, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        visits.chance[i]["form_min"] = visits.second[i]


@lean
def _teach(process, address, day, visits, start, n):
    listed = visits.order
    m = 0
    for i in range(np.uint64(start), np.uint64(n)):
        chance = visits.chance[i]
        listed[np.uint32(m)] = i
        m += int((chance["knows"] == 0) & (chance["learns"] != 0))
    list_addresses(visits, listed, m)
    uniforms_listed(address, SERVICE, day, _TEACH, visits, m)
    to_minutes(process.teach, visits.first, 0, m)
    for j in range(m):
        visits.chance[listed[j]]["teach_min"] = visits.first[j]


@lean
def _do_errands(process, address, day, visits, start, n):
    listed = visits.order
    uniforms(address, SERVICE, day, _GUARD, visits, start, n)
    to_minutes(process.farewell, visits.second, start, n)
    m = 0
    for i in range(np.uint64(start), np.uint64(n)):
        chance = visits.chance[i]
        chance["farewell_min"] = visits.second[i]
        listed[np.uint32(m)] = i
        m += int(chance["guard"] != 0)
    for j in range(m):
        visits.chance[listed[j]]["guard_min"] = variate(process.guard, visits.first[listed[j]])


@lean
def _meet(process, address, day, visits, m):
    """Led to an RM, found again, waiting to be found, and screened."""
    chance = visits.chance
    listed = visits.machine
    list_addresses(visits, listed, m)
    if process.guidance:
        uniforms_listed(address, SERVICE, day, _ESCORT, visits, m)
        for j in range(m):
            chance[listed[j]]["escort_min"] = variate(process.escort, visits.first[j])
            chance[listed[j]]["recheck_min"] = variate(process.recheck, visits.second[j])
        uniforms_listed(address, PATIENCE, day, _PICK_UP, visits, m)
        for j in range(m):
            chance[listed[j]]["pick_up_patience_min"] = variate(process.pick_up_patience, visits.first[j])
    if process.screening:
        uniforms_listed(address, SERVICE, day, _PITCH, visits, m)
        for j in range(m):
            chance[listed[j]]["screen_min"] = variate(process.screen, visits.second[j])


@lean
def _pitch(process, address, day, visits, start, n):
    """Tellers' minutes for a pitch, at the counter where the visitor's business is done; what is cut short may fail."""
    listed = visits.order
    m = 0
    for i in range(np.uint64(start), np.uint64(n)):
        listed[np.uint32(m)] = i
        m += int(visits.rows[i]["pitch"] != 0)
    list_addresses(visits, listed, m)
    uniforms_listed(address, SERVICE, day, _PITCH, visits, m)
    for j in range(m):
        i = listed[j]
        chance = visits.chance[i]
        if visits.rows[i]["station"] == CASH:
            whole = variate(process.pitch, visits.first[j])
            told = chance["pitch_min"] = min(whole, process.pitch_cap_min)
        else:
            whole = variate(process.noncash_pitch, visits.first[j])
            told = chance["noncash_pitch_min"] = min(whole, process.pitch_cap_min)
        if told < whole and draw(address, SERVICE, day, visits.id[i], visits.k[i] + _BROKEN_OFF) >= told / whole:
            chance["teller"] = 0
            chance["noncash_teller"] = 0


@lean
def bring_papers(process, address, day, visits, start, n):
    """Who comes for a card: form, contract and filing with the manager, then the teller's check (T12).

    A card that head office has approved (2) needs no papers any more.
    """
    if not process.card_check:
        return
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        if not row["card"]:
            continue
        id = visits.id[i]
        k = visits.k[i]
        row["station"] = NONCASH
        row["meeting_patience_min"] = row["patience_min"]
        if row["card"] == 1:
            row["meeting_min"] += variate(process.paperwork, draw(address, SERVICE, day, id, k + _PAPERWORK))
        row["counter_min"] = variate(process.check, draw(address, SERVICE, day, id, k + _CHECK))
        visits.chance[i]["alone"] = 0  # the form is the manager's


@lean
def _sign_up(process, address, day, visits, start, n):
    """Signing up for e-banking with an account opening, and activating it for who signs."""
    listed = visits.order
    first = visits.first
    second = visits.second
    m = 0
    for i in range(np.uint64(start), np.uint64(n)):
        listed[np.uint32(m)] = i
        m += int(visits.chance[i]["opens"] != 0)
    list_addresses(visits, listed, m)
    uniforms_listed(address, SERVICE, day, _SIGN_UP, visits, m)
    signed = 0
    for j in range(m):
        i = listed[j]
        chance = visits.chance[i]
        chance["sign_up_min"] = variate(process.sign_up, first[j])
        if chance["signs"] and process.activate_by != BY_NONE:
            chance["activate_min"] = variate(process.activate, second[j])
            listed[np.uint32(signed)] = i
            signed += 1
    if process.activate_by == BY_LOBBY_MANAGER:
        list_addresses(visits, listed, signed)
        uniforms_listed(address, PATIENCE, day, _ACTIVATION, visits, signed)
        for j in range(signed):
            visits.chance[listed[j]]["activate_patience_min"] = variate(process.activate_patience, second[j])
