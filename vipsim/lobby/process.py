"""From scenario to kernels: the service process of the lobby as one record; None where every mechanism is off.

A mechanism that is left out has the numbers that do nothing; a lobby with none of them compiles to the simple day.
"""

from __future__ import annotations

from math import log
from typing import Any, NamedTuple

import numpy as np

from vipsim.draws import CONSTANT, Variate
from vipsim.lobby.jobs import Array
from vipsim.lobby.rules import Rules
from vipsim.records import as_record
from vipsim.scenario.channels import Channels, at_odds, ebank_odds
from vipsim.scenario.demand import Demand
from vipsim.scenario.fields import Law
from vipsim.scenario.lobby import Lobby
from vipsim.scenario.process import SIGNALS, STYLES

NEVER_ABOVE = 1_000_000_000  # a number of people that is never reached
TEST_OFF, TEST_ALWAYS, TEST_CALM = range(3)
BY_NONE, BY_TELLER_HIMSELF, BY_LOBBY_MANAGER = range(3)
LOBBY_MANAGER, WITH_FORM, CASH_TELLER, NONCASH_TELLER = range(4)  # rows of the scores
_TEST = ("off", "always", "calm")
_ACTIVATE_BY = ("none", "teller", "lobby_manager")
_HELPERS = ("relationship_manager", "lobby_manager", "teller", "head")
_MOST_KINDS = 32


class Process(NamedTuple):
    """The numbers of the service process; minutes, shares and people as in the scenario, switches 0 or 1."""

    rules: Rules
    # at the door
    takes_number_share: float
    asks_share: float
    second_look: int
    second_look_after_min: float
    look: Variate
    look_diverts: int
    # identification
    signals: int  # how many are declared; 0 = plain shares
    signal_number: Array  # int64[14]: which of the fourteen, in the order declared
    signal_share: Array  # float64[2, 14]: of D, of A-C
    score: Array  # float64[4, 14]: what a signal adds, by who judges
    base_score: Array  # float64[4]: score of who shows none, less the threshold
    form_sensitivity_share: float
    form_specificity_share: float
    assistant_sensitivity_share: float
    assistant_specificity_share: float
    assistants: int
    overlooked_share_per_person: float
    degrees: int  # core and mid/high primes are told apart
    core_sensitivity_share: float
    core_specificity_share: float
    core_walk_in_share: float
    # touchstone
    test: int
    calm_below: int
    probe_when_rm_busy: int
    test_law: Variate
    prime_pass_share: float
    ordinary_pass_share: float
    # teaching
    teaching: int
    knows_share: float
    willing_share: float
    teach_below: int
    teach: Variate
    # forms
    forms: int
    help_below: int
    alone_share: float
    form: Variate
    form_ratio: Array  # float64[3]: counter minutes with no form, filled in alone, with help
    # guidance
    guidance: int
    escort: Variate
    recheck: Variate
    pick_up_patience: Variate
    internal_phone: int
    signal_reask_min: float
    seats: int
    meeting_reask_min: float  # 0 with an assistant or recorder
    own_meet_share: float
    # tellers
    referral: int
    pitch: Variate
    noncash_pitch: Variate
    pitch_cap_min: float
    noncash_sensitivity_share: float
    interested_share: float
    opens: Array  # int64[32] per transaction: opens an account
    ebank_odds: Array  # float64[32] per transaction: odds of taking up e-banking, relative
    opening_noncash_share: float  # -1 = as the transaction says
    # relationship managers
    screening: int
    screen: Variate
    accompany: int
    card_check: int  # a card is checked and issued at the counter
    paperwork: Variate
    check: Variate
    # classes
    middle: int
    guard_min: float
    window: int  # a special counter is a window for primes
    # escalation
    help_above: int
    helper_role: int
    help_min: float
    # errands
    errands: int
    guard_share: float
    guard: Variate
    farewell: Variate
    farewell_within_min: float
    # balking
    balking: int
    balk_above: int
    balk_share_per_person: float
    # e-banking
    style: int
    sign_up: Variate
    signed_share: Array  # float64[32, 2] per transaction: ordinary visitors, VIPs
    told_vip: int  # ordinary people who open an account are told that they are VIPs
    without_consent: int
    activate_by: int
    activate: Variate
    activate_patience: Variate


_NOTHING = Variate(CONSTANT, 0.0, 0.0, 0.0)


def _law(section: Any, name: str) -> Variate:
    law: Law | None = getattr(section, name, None)
    return _NOTHING if law is None else law.variate()


def _number(section: Any, name: str, otherwise: Any) -> Any:
    value = getattr(section, name, None)
    if value is None:
        return otherwise
    return int(value) if isinstance(value, bool) else value


def _scores(lobby: Lobby) -> dict[str, Array | int]:
    """Signals as tables: shares, and what each adds to the score of who sees it (naive Bayes)."""
    told = lobby.identification
    declared = [] if told is None else told.signals
    shares = np.zeros((2, len(SIGNALS)))
    score = np.zeros((4, len(SIGNALS)))
    base = np.zeros(4)
    number = np.zeros(len(SIGNALS), np.int64)
    sees = ({"lobby_manager"}, {"lobby_manager", "form"}, {"teller"}, {"noncash_teller"})
    for i, signal in enumerate(declared):
        number[i] = SIGNALS.index(signal.name)
        shares[:, i] = signal.ordinary_share, signal.prime_share
        shown = log(signal.prime_share / signal.ordinary_share)
        missing = log((1.0 - signal.prime_share) / (1.0 - signal.ordinary_share))
        for role, eyes in enumerate(sees):
            if eyes & set(signal.seen_by):
                base[role] += missing
                score[role, i] = shown - missing
    if told is not None:
        desk, cash, noncash = (
            told.threshold_lobby_manager_score,
            told.threshold_teller_score,
            told.threshold_noncash_teller_score,
        )
        base -= np.array([desk, desk, cash, noncash])
    return {
        "signals": len(declared),
        "signal_number": number,
        "signal_share": shares,
        "score": score,
        "base_score": base,
    }


def _ebank(demand: Demand, lobby: Lobby, channels: Channels | None) -> dict[str, Any]:
    e = lobby.ebank
    style = "none" if e is None else e.style
    shares = {} if e is None else {x: getattr(e, f"{x}_signed_share") for x in STYLES[1:]}
    told = 1.0 if e is None or not e.told_vip else e.told_vip_odds_ratio
    odds, signed = np.ones(_MOST_KINDS), np.zeros((_MOST_KINDS, 2))
    for kind, business in enumerate(demand.transactions):
        odds[kind] = ebank_odds(business, channels)
        asked = 1.0 if style == "presumptive" else odds[kind]  # who is not asked does not choose
        share = shares.get(style, 0.0)
        signed[kind] = at_odds(share, asked * told), at_odds(share, asked)
    return {
        "ebank_odds": odds,
        "style": STYLES.index(style),
        "sign_up": _law(e, "sign_up"),
        "signed_share": signed,
        "told_vip": _number(e, "told_vip", 0),
        "without_consent": int(style == "presumptive"),
        "activate_by": 0 if e is None else _ACTIVATE_BY.index(e.activate_by),
        "activate": _law(e, "activate"),
        "activate_patience": _law(e, "patience"),
    }


def process_of(demand: Demand, lobby: Lobby, rules: Rules, channels: Channels | None = None) -> Process:
    """The service process of a scenario; what is not declared has the numbers that do nothing."""
    opens = np.zeros(_MOST_KINDS, np.int64)
    opens[: len(demand.transactions)] = [x.opens_account for x in demand.transactions]
    door, seen, test = lobby.entrance, lobby.identification, lobby.touchstone
    teach, form, guide, refer = lobby.teaching, lobby.forms, lobby.guidance, lobby.referral
    rm, classes, swamped, errands = lobby.rm_service, lobby.classes, lobby.escalation, lobby.errands
    scores: dict[str, Any] = _scores(lobby)
    return Process(
        rules=rules,
        takes_number_share=_number(door, "takes_number_share", 0.0),
        asks_share=_number(door, "asks_share", 1.0),
        second_look=_number(door, "second_look", 0),
        second_look_after_min=_number(door, "second_look_after_min", 0.0),
        look=_law(door, "look"),
        look_diverts=_number(door, "second_look_diverts", 0),
        **scores,
        form_sensitivity_share=_number(seen, "form_sensitivity_share", lobby.triage.sensitivity_share),
        form_specificity_share=_number(seen, "form_specificity_share", lobby.triage.specificity_share),
        assistant_sensitivity_share=_number(lobby.assistants, "sensitivity_share", 0.0),
        assistant_specificity_share=_number(lobby.assistants, "specificity_share", 1.0),
        assistants=int(lobby.assistants is not None),
        overlooked_share_per_person=_number(seen, "overlooked_share_per_person", 0.0),
        degrees=int(lobby.tells_degrees),
        core_sensitivity_share=_number(lobby.degrees, "core_sensitivity_share", 1.0),
        core_specificity_share=_number(lobby.degrees, "core_specificity_share", 1.0),
        core_walk_in_share=_number(lobby.degrees, "core_walk_in_share", 0.0),
        test=0 if test is None else _TEST.index(test.when),
        calm_below=_number(test, "calm_below", 0),
        probe_when_rm_busy=_number(test, "probe_when_rm_busy", 0),
        test_law=_law(test, "minutes"),
        prime_pass_share=_number(test, "prime_pass_share", 1.0),
        ordinary_pass_share=_number(test, "ordinary_pass_share", 1.0),
        teaching=int(teach is not None),
        knows_share=_number(teach, "knows_share", 1.0),
        willing_share=_number(teach, "willing_share", 1.0),
        teach_below=_number(teach, "teach_below", 0),
        teach=_law(teach, "minutes"),
        forms=int(form is not None),
        help_below=_number(form, "help_below", 0),
        alone_share=_number(form, "alone_share", 0.0),
        form=_law(form, "minutes"),
        form_ratio=np.array([1.0, _number(form, "alone_ratio", 1.0), _number(form, "helped_ratio", 1.0)]),
        guidance=int(guide is not None),
        escort=_law(guide, "escort"),
        recheck=_law(guide, "recheck"),
        pick_up_patience=_law(guide, "pick_up_patience"),
        internal_phone=_number(guide, "internal_phone", 1),
        signal_reask_min=_number(guide, "signal_reask_min", 0.0),
        seats=_number(guide, "seats", NEVER_ABOVE),
        meeting_reask_min=0.0 if guide is None or guide.rm_assistant else guide.meeting_reask_min,
        own_meet_share=_number(guide, "own_meet_share", lobby.meetings.meet_share),
        referral=int(refer is not None),
        pitch=_law(refer, "pitch") if refer else Variate(CONSTANT, lobby.counters.pitch_min, 0.0, 0.0),
        noncash_pitch=_law(refer, "noncash_pitch") if refer else Variate(CONSTANT, lobby.counters.pitch_min, 0.0, 0.0),
        pitch_cap_min=_number(refer, "pitch_cap_min", 1e9),
        noncash_sensitivity_share=_number(refer, "noncash_sensitivity_share", lobby.counters.teller_sensitivity_share),
        interested_share=_number(refer, "interested_share", 0.0),
        opens=opens,
        opening_noncash_share=_number(lobby.counters, "opening_noncash_share", -1.0),
        screening=_number(rm, "screening", 0),
        screen=_law(rm, "screen"),
        accompany=_number(rm, "accompany", 0),
        card_check=int(lobby.card_application is not None),
        paperwork=_law(lobby.card_application, "paperwork"),
        check=_law(lobby.card_application, "check"),
        middle=_number(classes, "middle", 0),
        guard_min=_number(classes, "guard_min", 1e9),
        window=int(lobby.vip_service.mode == "window"),
        help_above=_number(swamped, "above", NEVER_ABOVE),
        helper_role=0 if swamped is None else _HELPERS.index(swamped.role),
        help_min=_number(swamped, "help_min", 1.0),
        errands=int(errands is not None),
        guard_share=_number(errands, "guard_share", 0.0),
        guard=_law(errands, "guard"),
        farewell=_law(errands, "farewell"),
        farewell_within_min=_number(errands, "farewell_within_min", 0.0),
        balking=int(lobby.balking is not None),
        balk_above=_number(lobby.balking, "above", NEVER_ABOVE),
        balk_share_per_person=_number(lobby.balking, "share_per_person", 0.0),
        **_ebank(demand, lobby, channels),
    )


def process_record(demand: Demand, lobby: Lobby, rules: Rules, channels: Channels | None = None) -> Any:
    """The service process as kernels read it: an ``np.record`` with the fields of ``Process``, or None."""
    return as_record(process_of(demand, lobby, rules, channels)) if lobby.has_process else None
