# mypy: allow-untyped-defs, allow-untyped-calls
"""What a visit leaves behind in a customer: a face remembered, a machine learned, e-banking taken up, resentment."""

from __future__ import annotations

from math import exp

from vipsim import draws, tally
from vipsim.compiled import lean
from vipsim.customers.book import EBANK_ACTIVE, EBANK_NONE, EBANK_SIGNED
from vipsim.customers.state import count, raise_relationship
from vipsim.draws import pair

_ACTIVE = 0  # draws of a sign-up: becoming active, complaint about the missing consent (stream ADOPTION)
_ALL, _VIP_ONLY, _NOBODY, _PAYROLL, _VIP_PAYROLL = range(5)  # channels.free_key
_AGE = 40.0  # age for which the shares of a scenario hold


@lean
def face_known(state, channels, i, day):
    """Probability that the lobby managers know customer i's face: it rises with visits and fades (I06)."""
    row = state.book[i]
    seen = row.faces * exp(-(day - row.face_day) / channels.memory_days)
    return seen / (seen + channels.memory_half_visits)


@lean
def remember_face(state, channels, i, day):
    """A lobby manager has received customer i."""
    row = state.book[i]
    row.faces = row.faces * exp(-(day - row.face_day) / channels.memory_days) + 1.0
    row.face_day = day


@lean
def active_share(channels, age, taught):
    """Chance that who signed up becomes an active user: by teaching and age (N30, EB11)."""
    at_forty = channels.active_taught_share if taught else channels.active_untaught_share
    if at_forty <= 0.0 or at_forty >= 1.0:
        return at_forty
    odds = at_forty / (1.0 - at_forty) * channels.active_decade_ratio ** ((age - _AGE) / 10.0)
    return odds / (1.0 + odds)


@lean
def wanted(process, kind):
    """Odds of taking up e-banking of who comes for this business, relative; ``process`` None = no sign-up (EB14)."""
    if process is None:
        return 1.0
    return process.ebank_odds[kind]


@lean
def at_odds(share, ratio):
    """A share when its odds rise by a ratio."""
    return ratio * share / (1.0 + (ratio - 1.0) * share)


@lean
def key_is_free(state, channels, i):
    """Whether who signs up is given the key; i < 0 = nobody of the book, neither VIP nor paid here (EB04, DV75)."""
    who = channels.free_key
    if who in (_ALL, _NOBODY) or i < 0:
        return who == _ALL
    vip = who != _PAYROLL and state.book[i].tier > 0
    return vip or (who != _VIP_ONLY and state.book[i].payroll > 0)


@lean
def take_up_ebank(state, channels, address, i, number, taught, odds, day):
    """Customer i signed up for e-banking; some become active users, and then come less often (EB06, EB15).

    ``odds`` = how much it serves what the customer came for, relative (EB14).
    """
    if state.book[i].ebank == EBANK_NONE:
        state.book[i].ebank = EBANK_SIGNED
    if state.book[i].ebank == EBANK_ACTIVE:
        return
    u_active, _ = pair(address, draws.ADOPTION, day, i, 2 * number + _ACTIVE)
    ratio = 1.0 if key_is_free(state, channels, i) else channels.paid_key_ratio
    if u_active < ratio * at_odds(active_share(channels, state.book[i].age, taught), odds):
        state.book[i].ebank = EBANK_ACTIVE
        count(state, tally.EBANK_ADOPTED, 1.0)


@lean
def judge_promise(state, channels, i, visit):
    """Who was told to be a VIP comes again: taken for an ordinary visitor, the expectation is disappointed (EB04).

    Once only; who has become a VIP in the meantime has nothing to find out.
    """
    row = state.book[i]
    if row.tier > 0:
        row.told_vip = 0
    elif not visit["believed"] and not visit["appointment"]:
        row.told_vip = 0
        raise_relationship(state, i, -channels.broken_promise_care_share)
        count(state, tally.DISAPPOINTED, 1.0)


@lean
def resents_breach(channels, address, id, number, day):
    """Whether who was signed up without being asked complains (EB03)."""
    _, u_complains = pair(address, draws.ADOPTION, day, id, 2 * number + _ACTIVE)
    return u_complains < channels.breach_complaint_share


@lean
def resent_overtaking(state, channels, i, overtaken, by_window):
    """Others who came later were called first: relationship suffers, less where a window hides it (L15)."""
    times = overtaken + channels.window_resentment_ratio * by_window
    if times > 0.0:
        raise_relationship(state, i, -min(1.0, channels.overtaken_care_share * times))


@lean
def resent_pitch(state, channels, i, minutes):
    """A teller's long pitch costs the patience of the one who hears it (L22); i < 0 = nobody of the book."""
    more = minutes - channels.pitch_borne_min
    if i >= 0 and more > 0.0:
        raise_relationship(state, i, -min(1.0, channels.pitch_care_share_per_min * more))
