"""What chance decides about a visit in the service process, drawn before the day like everything else.

Addresses as in ``visits.py``; the fields (k) below follow those of the simple day. The set of signals a visitor shows
is one decision: one uniform, inverted over the sets in order of the signals. What concerns few is drawn for a list of
those few, a column at a time; a mechanism that is off is not drawn. Minutes: ``process_minutes.py``.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from vipsim.compiled import lean
from vipsim.draws import IDENTIFY, VISIT_KIND, draw
from vipsim.lobby.columns import list_addresses, uniforms, uniforms_listed
from vipsim.lobby.jobs import (
    ASKS,
    CASH,
    CORE,
    LOOKS_ROUND,
    MID_HIGH,
    NONCASH,
    TAKES_NUMBER,
    WITH_CONSENT,
    WITHOUT_CONSENT,
)
from vipsim.lobby.process import CASH_TELLER, LOBBY_MANAGER, NONCASH_TELLER, TEST_OFF, WITH_FORM

# Fields of a visit, two to a block of the generator; the first names of each stream are those of the simple day.
_CARD, _MEETS, _WAITS = 2, 3, 4  # VISIT_KIND
_BEHAVIOUR, _KNOWS, _ALONE, _PASSES, _OPENING = 8, 10, 12, 14, 16  # each with the one after it
_MANAGER, _SIGNALS, _MEMORY, _ASSISTANT, _DEGREE = 0, 2, 3, 4, 6  # IDENTIFY

_TYPE_B, _TYPE_D = 1, 3
_ROUNDING = 1e-6  # far above what rounding does to a share
_CARD_TICKET, _KNOWN_TICKET = 1, 2

# What is told of a visitor while staff's judgement is drawn: the signals shown, then a bit for each who would conclude.
_SHOWN = (1 << 14) - 1
_LOOKS, _CARD_SHOWN, _BY_ASSISTANT, _BY_TELLER, _BY_NONCASH = 14, 18, 19, 20, 21  # _LOOKS + role of a score


@lean
def lead_openings(process, address, day, visits, start, n):
    """Account openings go to the non-cash counter or to the cash counter, as the branch decides (I12)."""
    listed = visits.order
    m = 0
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        visits.chance[i] = visits.blank_chance[0]
        opens = process.opens[row["kind"]] and not row["appointment"]
        visits.chance[i]["opens"] = opens
        listed[np.uint32(m)] = i
        m += int(opens)
    if process.style == 0 and process.opening_noncash_share < 0.0:
        return
    list_addresses(visits, listed, m)
    uniforms_listed(address, VISIT_KIND, day, _OPENING, visits, m)
    for j in range(m):
        i = listed[j]
        if process.opening_noncash_share >= 0.0:
            visits.rows[i]["station"] = NONCASH if visits.first[j] < process.opening_noncash_share else CASH
        row = visits.rows[i]
        signs = process.style > 0 and visits.second[j] < process.signed_share[row["kind"], int(row["vip"] > 0)]
        visits.chance[i]["signs"] = (WITHOUT_CONSENT if process.without_consent else WITH_CONSENT) if signs else 0


# ------------------------------------------------------------------------------------- who is taken for prime


@lean
def _shows_nothing_from(process, prime):
    """From which uniform on a visitor surely shows no signal; a little above, for what rounding may do."""
    nothing = 1.0
    for s in range(process.signals):
        nothing *= 1.0 - process.signal_share[prime, s]
    return 1.0 - nothing + _ROUNDING


@lean
def _show_signals(process, address, day, visits, start, n):
    """Signals shown, and who concludes from them that the visitor is prime, into ``visits.bucket``."""
    ordinary = visits.counter
    primes = visits.machine
    uniforms(address, IDENTIFY, day, _SIGNALS, visits, start, n)
    nothing_ordinary = _shows_nothing_from(process, 0)
    nothing_prime = _shows_nothing_from(process, 1)
    unseen = 0
    for role in range(4):
        unseen |= int(process.base_score[role] >= 0.0) << _LOOKS + role
    n_ordinary = 0
    n_primes = 0
    for i in range(np.uint64(start), np.uint64(n)):
        prime = visits.rows[i]["type"] != _TYPE_D
        ordinary[np.uint32(n_ordinary)] = i
        primes[np.uint32(n_primes)] = i
        n_ordinary += int((not prime) & (visits.first[i] < nothing_ordinary))
        n_primes += int(prime & (visits.first[i] < nothing_prime))
        visits.bucket[i] = unseen
    _add_up(process, 0, visits, ordinary, n_ordinary)
    _add_up(process, 1, visits, primes, n_primes)


@lean
def _add_up(process, prime, visits, listed, m):
    """The set of signals of each visitor listed, signal after signal for all of them, and the scores it adds up to."""
    u = visits.second
    shown = visits.order
    score = visits.minute
    for j in range(np.uint64(m)):
        u[j] = visits.first[listed[j]]
        shown[j] = 0
    for s in range(process.signals):
        p = process.signal_share[prime, s]
        missing = 1.0 - p
        bit = np.uint32(1 << process.signal_number[s])
        for j in range(np.uint64(m)):
            v = u[j]
            shows = v < p
            shown[j] |= bit if shows else np.uint32(0)
            u[j] = (v if shows else v - p) / (p if shows else missing)
    for role in range(4):
        for j in range(np.uint64(m)):
            score[j] = process.base_score[role]
        for s in range(process.signals):
            adds = process.score[role, s]
            if adds != 0.0:
                bit = np.uint32(1 << process.signal_number[s])
                for j in range(np.uint64(m)):
                    score[j] += adds if shown[j] & bit else 0.0
        concludes = np.uint32(1 << _LOOKS + role)
        for j in range(np.uint64(m)):
            shown[j] |= concludes if score[j] >= 0.0 else np.uint32(0)
    for j in range(np.uint64(m)):
        visits.bucket[listed[j]] = shown[j]


@lean
def judge(process, c, address, day, visits, start, n):
    """Whom a lobby manager, an assistant, the form and the tellers would take for prime.

    Returns how many may be taken for prime by anybody; their rows are in ``visits.counter``.
    """
    rows = visits.rows
    first = visits.first
    second = visits.second
    told = visits.bucket
    listed = visits.order
    if process.signals > 0:
        _show_signals(process, address, day, visits, start, n)
    else:
        uniforms(address, IDENTIFY, day, _MANAGER, visits, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            prime = rows[i]["type"] != _TYPE_D
            looks = first[i] < (c.sensitivity_share if prime else 1.0 - c.specificity_share)
            form = first[i] < (process.form_sensitivity_share if prime else 1.0 - process.form_specificity_share)
            told[i] = int(looks) << _LOOKS + LOBBY_MANAGER | int(looks | form) << _LOOKS + WITH_FORM
    if process.assistants:
        uniforms(address, IDENTIFY, day, _ASSISTANT, visits, start, n)
        errs = 1.0 - process.assistant_specificity_share
        for i in range(np.uint64(start), np.uint64(n)):
            share = process.assistant_sensitivity_share if rows[i]["type"] != _TYPE_D else errs
            told[i] |= int(first[i] < share) << _BY_ASSISTANT
    if c.card_shown_share > 0.0:
        m = 0
        for i in range(np.uint64(start), np.uint64(n)):
            listed[np.uint32(m)] = i
            m += rows[i]["signed"] != 0
        list_addresses(visits, listed, m)
        uniforms_listed(address, VISIT_KIND, day, _CARD, visits, m)
        for j in range(m):
            told[listed[j]] |= int((c.card_shown_share >= 1.0) | (first[j] < c.card_shown_share)) << _CARD_SHOWN
    if process.referral:
        m = 0
        for i in range(np.uint64(start), np.uint64(n)):
            listed[np.uint32(m)] = i
            m += rows[i]["pitch"] != 0
        list_addresses(visits, listed, m)
        uniforms_listed(address, IDENTIFY, day, _MANAGER, visits, m)
        miss = 1.0 - c.teller_specificity_share
        for j in range(m):
            i = listed[j]
            here = rows[i]["type"] <= _TYPE_B  # a teller's screen shows nothing of money elsewhere
            cash = told[i] >> _LOOKS + CASH_TELLER & 1  # what the system shows, or what the business itself tells
            noncash = told[i] >> _LOOKS + NONCASH_TELLER & 1
            cash |= int(second[j] < (c.teller_sensitivity_share if here else miss))
            noncash |= int(second[j] < (process.noncash_sensitivity_share if here else miss))
            told[i] |= cash << _BY_TELLER | noncash << _BY_NONCASH
    return _conclude(process, c, visits, start, n)


@lean
def _conclude(process, c, visits, start, n):
    """Judgements into the rows; returns how many may be taken for prime."""
    received = 1 if c.triage_on else 0
    may_be = visits.counter
    m = 0
    for i in range(np.uint64(start), np.uint64(n)):
        row = visits.rows[i]
        chance = visits.chance[i]
        told = int(visits.bucket[i])
        prime = int(row["type"] != _TYPE_D)
        known = row["known"] != 0
        card = told >> _CARD_SHOWN & 1
        looks = received & (card | (prime if known else told >> _LOOKS + LOBBY_MANAGER & 1))
        form = received & (card | (prime if known else told >> _LOOKS + WITH_FORM & 1))
        assistant = received & (card | told >> _BY_ASSISTANT & 1)
        teller = told >> _BY_TELLER & 1
        noncash = told >> _BY_NONCASH & 1
        shows = (card & int(c.ticket_class == _CARD_TICKET)) | (prime & int(c.ticket_class == _KNOWN_TICKET))
        may = looks | form | assistant | shows | teller | noncash
        row["looks_prime"] = looks
        row["shows_prime"] = shows
        row["may_be_prime"] = may
        chance["signals"] = told & _SHOWN
        chance["certain"] = card | int(known)
        chance["middle"] = card & int(process.middle != 0) & int(row["vip"] == 0)
        chance["looks_form"] = form
        chance["looks_assistant"] = assistant
        chance["teller"] = teller
        chance["noncash_teller"] = noncash
        may_be[np.uint32(m)] = i
        m += may & int(row["appointment"] == 0)
    return m


@lean
def tell_degree(process, address, day, visits, m):
    """Second output of the judgement: whether each of the m who may be taken for prime is core or mid/high (S19).

    A card or a known face tells the truth. Walk-ins without an account are core by a share of their own.
    """
    listed = visits.counter
    first = visits.first
    list_addresses(visits, listed, m)
    uniforms_listed(address, IDENTIFY, day, _DEGREE, visits, m)
    for j in range(m):
        row = visits.rows[listed[j]]
        chance = visits.chance[listed[j]]
        if row["who"] < 0 and row["type"] != _TYPE_D:
            row["core"] = visits.second[j] < process.core_walk_in_share
        taken = first[j] < (process.core_sensitivity_share if row["core"] else 1.0 - process.core_specificity_share)
        core = row["core"] if chance["certain"] else taken
        chance["degree"] = CORE if core else MID_HIGH
        if not core:
            chance["middle"] = 1


# ------------------------------------------------------------------------------------------- what they would do


@lean
def behave(process, address, day, visits, start, n):
    """How they come in, and what they would do at the sight of a machine, a form, a long line."""
    first = visits.first
    second = visits.second
    if process.takes_number_share > 0.0 or process.asks_share < 1.0 or process.guard_share > 0.0:
        uniforms(address, VISIT_KIND, day, _BEHAVIOUR, visits, start, n)
        may_ask = process.takes_number_share + process.asks_share
        for i in range(np.uint64(start), np.uint64(n)):
            chance = visits.chance[i]
            comes_in = ASKS if first[i] < may_ask else LOOKS_ROUND
            chance["behaviour"] = TAKES_NUMBER if first[i] < process.takes_number_share else comes_in
            chance["guard"] = second[i] < process.guard_share
    if process.teaching:
        uniforms(address, VISIT_KIND, day, _KNOWS, visits, start, n)
        for i in range(np.uint64(start), np.uint64(n)):
            chance = visits.chance[i]
            row = visits.rows[i]
            led = row["divert"] != 0
            chance["knows"] = (not led) | (row["skilled"] != 0) | (first[i] < process.knows_share)
            chance["learns"] = led & (second[i] < process.willing_share)
    if process.forms or process.balking:
        uniforms(address, VISIT_KIND, day, _ALONE, visits, start, n)
        alone_share = process.alone_share if process.forms else 0.0
        for i in range(np.uint64(start), np.uint64(n)):
            visits.chance[i]["alone"] = first[i] < alone_share
            visits.chance[i]["balk"] = second[i]


@lean
def wish(process, c, address, day, visits, m):
    """What the m who may be taken for prime would do: pass a test, be interested, meet an RM, wait for one.

    Returns to how many a meeting may come; their rows are in ``visits.machine``.
    """
    rows = visits.rows
    may_be = visits.counter
    may_meet = visits.machine
    asked = visits.order  # whether they would wait, and leave a phone number
    first = visits.first
    second = visits.second
    list_addresses(visits, may_be, m)
    if process.test != TEST_OFF or process.probe_when_rm_busy or process.referral:
        uniforms_listed(address, VISIT_KIND, day, _PASSES, visits, m)
        for j in range(m):
            chance = visits.chance[may_be[j]]
            prime = rows[may_be[j]]["type"] != _TYPE_D
            chance["passes"] = first[j] < (process.prime_pass_share if prime else process.ordinary_pass_share)
            hinted = (chance["teller"] | chance["noncash_teller"]) != 0
            chance["interested"] = hinted & (second[j] < process.interested_share)
    uniforms_listed(address, VISIT_KIND, day, _MEETS, visits, m)
    n_meet = 0
    n_asked = 0
    for j in range(m):
        i = may_be[j]
        row = rows[i]
        chance = visits.chance[i]
        own = (chance["certain"] != 0) & (row["owner"] >= 0)
        meets = int(second[j] < (process.own_meet_share if own else c.meet_share))
        may = meets | int(chance["interested"])
        row["meets"] = meets
        row["may_meet"] = may
        may_meet[np.uint32(n_meet)] = i
        asked[np.uint32(n_asked)] = i
        n_meet += may
        n_asked += may | int(chance["teller"]) | int(chance["noncash_teller"])
    list_addresses(visits, asked, n_asked)
    uniforms_listed(address, VISIT_KIND, day, _WAITS, visits, n_asked)
    for j in range(n_asked):
        row = rows[asked[j]]
        row["wait_uniform"] = first[j]
        row["phone"] = second[j] < c.phone_share
    return n_meet


@lean
def remembers(address, day, id, k, share):
    """Whether the lobby managers on duty know the face, given the probability (I06)."""
    return share > 0.0 and draw(address, IDENTIFY, day, id, k + _MEMORY) < share
