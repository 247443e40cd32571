"""What chance decides about a visit in the service process, drawn before the day like everything else.

Addresses as in ``visits.py``; the fields (k) below follow those of the simple day. The set of signals a visitor shows
is one decision: one uniform, inverted over the sets in order of the signals.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from vipsim.compiled import lean
from vipsim.draws import IDENTIFY, PATIENCE, SERVICE, VISIT_KIND, draw, pair, variate
from vipsim.lobby.columns import to_minutes, uniforms
from vipsim.lobby.jobs import ASKS, CASH, LOOKS_ROUND, NONCASH, TAKES_NUMBER, WITH_CONSENT, WITHOUT_CONSENT
from vipsim.lobby.process import CASH_TELLER, LOBBY_MANAGER, NONCASH_TELLER, WITH_FORM

# Fields of a visit, two to a block of the generator; the first names of each stream are those of the simple day.
_CARD, _MEETS, _WAITS, _PITCH = 2, 3, 4, 6  # VISIT_KIND
_BEHAVIOUR, _KNOWS, _ALONE, _PASSES, _OPENING = 8, 10, 12, 14, 16  # each with the one after it
_MANAGER, _SIGNALS, _MEMORY, _ASSISTANT = 0, 2, 3, 4  # IDENTIFY
_LOOK, _TEACH, _ESCORT, _PITCH_MIN, _SIGN_UP, _GUARD = 4, 6, 8, 10, 12, 14  # SERVICE
_PICK_UP, _ACTIVATION = 4, 5  # PATIENCE

_TYPE_B, _TYPE_D = 1, 3
_ROUNDING = 1e-6  # far above what rounding does to a share
_CARD_TICKET, _KNOWN_TICKET = 1, 2


@lean
def lead_openings(process, address, day, visits, start, n):
    """Account openings go to the non-cash counter or to the cash counter, as the branch decides (I12)."""
    for i in range(start, n):
        row = visits.rows[i]
        chance = visits.chance[i]
        chance["opens"] = process.opens[row["kind"]] and not row["appointment"]
        if not chance["opens"]:
            continue
        u, w = pair(address, VISIT_KIND, day, visits.id[i], visits.k[i] + _OPENING)
        if process.opening_noncash_share >= 0.0:
            row["station"] = NONCASH if u < process.opening_noncash_share else CASH
        signs = process.style > 0 and w < process.signed_share
        chance["signs"] = (WITHOUT_CONSENT if process.without_consent else WITH_CONSENT) if signs else 0


@lean
def _shows_nothing_from(process, prime):
    """From which uniform on a visitor surely shows no signal; a little above, for what rounding may do."""
    nothing = 1.0
    for s in range(process.signals):
        nothing *= 1.0 - process.signal_share[prime, s]
    return 1.0 - nothing + _ROUNDING


@lean
def judge(process, c, address, day, visits, start, n):
    """Signals shown, and whom a lobby manager, an assistant, the form and the tellers would take for prime."""
    u_signals = visits.minute  # room that nobody needs yet
    if process.signals > 0:
        uniforms(address, IDENTIFY, day, _SIGNALS, visits, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            u_signals[i] = visits.first[i]
    uniforms(address, IDENTIFY, day, _MANAGER, visits, start, n)
    nothing_ordinary = _shows_nothing_from(process, 0)
    nothing_prime = _shows_nothing_from(process, 1)
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        chance = visits.chance[i]
        id = visits.id[i]
        k = visits.k[i]
        prime = row["type"] != _TYPE_D
        here = row["type"] <= _TYPE_B  # a teller's screen shows nothing of money elsewhere
        u_manager = visits.first[i]
        u_teller = visits.second[i]
        mask = 0
        desk = process.base_score[LOBBY_MANAGER]
        form = process.base_score[WITH_FORM]
        cash = process.base_score[CASH_TELLER]
        noncash = process.base_score[NONCASH_TELLER]
        if process.signals > 0:
            u = u_signals[i]
            shows = u < (nothing_prime if prime else nothing_ordinary)
            for s in range(process.signals if shows else 0):
                p = process.signal_share[1 if prime else 0, s]
                if u < p:
                    u = u / p
                    mask |= 1 << process.signal_number[s]
                    desk += process.score[LOBBY_MANAGER, s]
                    form += process.score[WITH_FORM, s]
                    cash += process.score[CASH_TELLER, s]
                    noncash += process.score[NONCASH_TELLER, s]
                else:
                    u = (u - p) / (1.0 - p)
            looks = desk >= 0.0
            looks_form = form >= 0.0
        else:
            looks = u_manager < (c.sensitivity_share if prime else 1.0 - c.specificity_share)
            looks_form = looks or u_manager < (
                process.form_sensitivity_share if prime else 1.0 - process.form_specificity_share
            )
        miss = 1.0 - c.teller_specificity_share
        teller = u_teller < (c.teller_sensitivity_share if here else miss)
        noncash_teller = u_teller < (process.noncash_sensitivity_share if here else miss)
        if process.signals > 0:  # what the system shows, or what the business itself tells
            teller = teller or cash >= 0.0
            noncash_teller = noncash_teller or noncash >= 0.0
        assistant = False
        if process.assistants:
            u = draw(address, IDENTIFY, day, id, k + _ASSISTANT)
            assistant = u < (
                process.assistant_sensitivity_share if prime else 1.0 - process.assistant_specificity_share
            )
        card = False
        if row["signed"] and c.card_shown_share > 0.0:
            card = c.card_shown_share >= 1.0 or draw(address, VISIT_KIND, day, id, k + _CARD) < c.card_shown_share
        if row["known"]:
            looks = looks_form = prime
        if card:
            looks = looks_form = assistant = True
        if c.triage_on:
            row["looks_prime"] = 1 if looks else 0
            chance["looks_form"] = 1 if looks_form else 0
            chance["looks_assistant"] = 1 if assistant else 0
        chance["signals"] = mask
        chance["certain"] = 1 if card or row["known"] else 0
        chance["middle"] = 1 if process.middle and card and not row["vip"] else 0
        asks = row["pitch"] and process.referral
        chance["teller"] = 1 if asks and teller else 0
        chance["noncash_teller"] = 1 if asks and noncash_teller else 0
        row["recognised"] = 1 if row["pitch"] and teller else 0
        if c.triage_on and (looks or looks_form or assistant):
            row["may_be_prime"] = 1
        if chance["teller"] or chance["noncash_teller"]:
            row["may_be_prime"] = 1


@lean
def behave(process, c, address, day, visits, start, n):
    """How they come in, and what they would do when asked: machine, form, test, hint, long line, meeting."""
    first = visits.first
    second = visits.second
    uniforms(address, VISIT_KIND, day, _BEHAVIOUR, visits, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        chance = visits.chance[i]
        u = first[i]
        numbered = u < process.takes_number_share
        asks = u < process.takes_number_share + process.asks_share
        chance["behaviour"] = TAKES_NUMBER if numbered else (ASKS if asks else LOOKS_ROUND)
        chance["guard"] = 1 if second[i] < process.guard_share else 0
        chance["knows"] = 1
    if process.teaching:
        uniforms(address, VISIT_KIND, day, _KNOWS, visits, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            chance = visits.chance[i]
            row = visits.rows[i]
            led = row["divert"] != 0
            chance["knows"] = not led or row["skilled"] != 0 or first[i] < process.knows_share
            chance["learns"] = led and second[i] < process.willing_share
    uniforms(address, VISIT_KIND, day, _ALONE, visits, start, n)
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        chance = visits.chance[i]
        id = visits.id[i]
        k = visits.k[i]
        chance["alone"] = 1 if process.forms and first[i] < process.alone_share else 0
        chance["balk"] = second[i]
        row["meets"] = row["may_meet"] = 0
        chance["passes"] = 1
        chance["interested"] = 0
        if row["appointment"] or not row["may_be_prime"]:
            continue
        u, w = pair(address, VISIT_KIND, day, id, k + _PASSES)
        prime = row["type"] != _TYPE_D
        chance["passes"] = 1 if u < (process.prime_pass_share if prime else process.ordinary_pass_share) else 0
        hinted = chance["teller"] or chance["noncash_teller"]
        chance["interested"] = 1 if hinted and w < process.interested_share else 0
        share = process.own_meet_share if chance["certain"] and row["owner"] >= 0 else c.meet_share
        row["meets"] = 1 if draw(address, VISIT_KIND, day, id, k + _MEETS) < share else 0
        row["may_meet"] = row["meets"] | chance["interested"]
        if row["may_meet"] or hinted:
            u, w = pair(address, VISIT_KIND, day, id, k + _WAITS)
            row["wait_uniform"] = u
            row["phone"] = 1 if w < c.phone_share else 0


@lean
def take_time(process, address, day, visits, start, n):
    """Minutes of the steps of the process; drawn only for whom a step may come, or for all at once."""
    first = visits.first
    second = visits.second
    if process.second_look:
        uniforms(address, SERVICE, day, _LOOK, visits, start, n)
        to_minutes(process.look, first, start, n)
        to_minutes(process.test_law, second, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            visits.chance[i]["look_min"] = first[i]
            visits.chance[i]["test_min"] = second[i]
    if process.forms:
        uniforms(address, SERVICE, day, _TEACH, visits, start, n)
        to_minutes(process.teach, first, start, n)
        to_minutes(process.form, second, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            visits.chance[i]["teach_min"] = first[i]
            visits.chance[i]["form_min"] = second[i]
    if process.errands:
        uniforms(address, SERVICE, day, _GUARD, visits, start, n)
        to_minutes(process.guard, first, start, n)
        to_minutes(process.farewell, second, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            visits.chance[i]["guard_min"] = first[i]
            visits.chance[i]["farewell_min"] = second[i]
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        chance = visits.chance[i]
        id = visits.id[i]
        k = visits.k[i]
        if row["may_be_prime"] and not process.second_look:
            u, w = pair(address, SERVICE, day, id, k + _LOOK)
            chance["look_min"] = variate(process.look, u)
            chance["test_min"] = variate(process.test_law, w)
        if process.teaching and not chance["knows"] and not process.forms:
            u, w = pair(address, SERVICE, day, id, k + _TEACH)
            chance["teach_min"] = variate(process.teach, u)
            chance["form_min"] = variate(process.form, w)
        if row["may_be_prime"]:
            u, w = pair(address, SERVICE, day, id, k + _ESCORT)
            chance["escort_min"] = variate(process.escort, u)
            chance["recheck_min"] = variate(process.recheck, w)
            chance["pick_up_patience_min"] = variate(
                process.pick_up_patience, draw(address, PATIENCE, day, id, k + _PICK_UP)
            )
        if row["may_be_prime"] or row["pitch"]:
            u, w = pair(address, SERVICE, day, id, k + _PITCH_MIN)
            chance["pitch_min"] = min(variate(process.pitch, u), process.pitch_cap_min)
            chance["noncash_pitch_min"] = min(variate(process.noncash_pitch, u), process.pitch_cap_min)
            chance["screen_min"] = variate(process.screen, w)
        if chance["opens"] and process.style > 0:
            u, w = pair(address, SERVICE, day, id, k + _SIGN_UP)
            chance["sign_up_min"] = variate(process.sign_up, u)
            chance["activate_min"] = variate(process.activate, w)
            chance["activate_patience_min"] = variate(
                process.activate_patience, draw(address, PATIENCE, day, id, k + _ACTIVATION)
            )


@lean
def remembers(address, day, id, k, share):
    """Whether the lobby managers on duty know the face, given the probability (I06)."""
    return share > 0.0 and draw(address, IDENTIFY, day, id, k + _MEMORY) < share
