"""From scenario to kernels: the lobby's numbers as scalars and arrays, resolved once per policy.

Staff are numbered relationship managers first, then lobby managers, tellers, the head and lobby assistants; machines
follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from vipsim.draws import NEVER, Variate
from vipsim.lobby.arrays import DayLog, Roster, make_log
from vipsim.lobby.floor import (
    LOBBY_ASSISTANT,
    STATIONS,
    Floor,
    Staffing,
    as_array,
    floor_of,
    staffing_of,
)
from vipsim.lobby.jobs import Array
from vipsim.lobby.online import online_team_of
from vipsim.lobby.process import process_record
from vipsim.lobby.process_hall import make_room
from vipsim.lobby.rules import Rules, class_of_line, station_of
from vipsim.records import as_record
from vipsim.scenario.demand import TYPES, Demand
from vipsim.scenario.fields import Law, stretched
from vipsim.scenario.lobby import Lobby, check_lobby
from vipsim.scenario.staff import ROLES, Serving, Staff

_OWN = ("own_only", "own_then_any", "pool")
_SHIFT_END = ("finish", "hand_over", "cut_off")
_TICKET_CLASS = ("none", "card", "known")
_UNBOUNDED = 1e6  # nod_only_above at or over this: never only a nod


class _OpeningTime(Protocol):
    @property
    def opening_min(self) -> float: ...


class LobbyScenario(Protocol):
    """The sections of a scenario that the lobby reads."""

    @property
    def calendar(self) -> _OpeningTime: ...
    @property
    def demand(self) -> Demand: ...
    @property
    def lobby(self) -> Lobby: ...
    @property
    def staff(self) -> Staff: ...


class Arrivals(NamedTuple):
    """How many come and when."""

    walk_ins_per_day: float
    customer_visits_per_year: float
    vip_visit_ratio: float
    ebank_visit_ratio: float
    type_cumulative: Array  # float64[4]: walk-ins of type A..D
    profile: Array  # float64 per slot: shares
    profile_cumulative: Array
    slot_min: float
    day_factor_cv: float


class Choices(NamedTuple):
    """What is drawn for each visit."""

    kind_cumulative: Array  # float64[class, transaction]: ordinary customers, VIPs, walk-ins
    station: Array  # int8 per transaction
    divert: Array  # float64 per transaction: a machine would do, is offered and accepted
    service_law: Array  # int64 per transaction
    service: Array  # float64[transaction, 3]
    diverts: int  # 1 = some visit may go to a machine
    may_pass_desk: int  # 1 = a visitor may go by unseen: a mere nod, or no lobby manager on duty
    triage: Variate
    machine: Variate
    meeting: Variate
    patience_vip: Variate
    patience_ordinary: Variate
    patience_machine: Variate
    patience_meeting: Variate
    triage_on: int
    ticket_class: int
    card_shown_share: float
    sensitivity_share: float
    specificity_share: float
    meet_share: float
    phone_share: float
    ask_share: float  # tellers: share of visitors they want to pitch
    ask_owned_share: float  # the same of visitors who have an owner, at most ask_share
    ask_fall_per_person: float  # part by which that falls for each who waits
    teller_sensitivity_share: float
    teller_specificity_share: float


class LobbyParams(NamedTuple):
    """All that the lobby's kernels need of a scenario and its policy."""

    arrivals: Arrivals
    choices: Choices
    rules: Rules
    floor: Floor
    staffing: Staffing
    online: Any  # np.record with the fields of online.OnlineTeam
    process: Any  # np.record with the fields of process.Process; None = every mechanism of the process is off


def _cumulative(shares: list[float]) -> Array:
    total: Array = np.cumsum(as_array(shares))
    total[-1] = 1.0
    return total


def _rules(lobby: Lobby, opening_min: float) -> Rules:
    mode = lobby.vip_service.mode
    return Rules(
        triage=int(lobby.triage.on),
        nod_min=lobby.triage.nod_min,
        nod_only_above=lobby.triage.nod_only_above,
        divert_prime=int(lobby.diversion.divert_prime),
        override_min=lobby.vip_service.override_min if mode == "override" else 0.0,
        head_start_min=lobby.vip_service.head_start_min if mode == "head_start" else 0.0,
        chat_queue_threshold=lobby.counters.chat_queue_threshold,
        pitch_min=lobby.counters.pitch_min,
        meet_first=int(lobby.meetings.meet_first),
        wait_share=lobby.meetings.wait_share,
        wait_share_fall_per_min=lobby.meetings.wait_share_fall_per_min,
        mean_meeting_min=lobby.meetings.minutes.mean(),
        own_rm_first=_OWN.index(lobby.meetings.own_rm_first),
        shift_end=_SHIFT_END.index(lobby.shift_end),
        after_closing=int(lobby.after_closing == "send_away"),
        opening_min=opening_min,
    )


def _patience(law: Law, lobby: Lobby) -> Variate:
    """Minutes that somebody is willing to wait in this hall (L24)."""
    if lobby.hall is not None and lobby.hall.wifi:
        law = stretched(law, lobby.hall.wifi_patience_ratio)
    return law.variate()


def _choices(demand: Demand, lobby: Lobby, staff: Staff, opening_min: float, asks: tuple[float, float]) -> Choices:
    t = demand.transactions
    accept = lobby.diversion.accept_share if lobby.triage.on and lobby.diversion.devices > 0 else 0.0
    led = [x.divertible_share * (x.asked_share(lobby.diversion.divert_share) * accept) for x in t]
    laws = [x.service.variate() for x in t]
    return Choices(
        kind_cumulative=np.stack([_cumulative([x.shares()[n] for x in t]) for n in range(3)]),
        station=as_array([STATIONS[x.station] for x in t], "i1"),
        divert=as_array(led),
        service_law=as_array([x.law for x in laws], "i8"),
        service=as_array([[x.a, x.b, x.c] for x in laws]),
        diverts=int(max(led) > 0.0),
        may_pass_desk=int(lobby.has_process or not _desk_never_left(lobby, staff, opening_min)),
        triage=lobby.triage.minutes.variate(),
        machine=lobby.diversion.service.variate(),
        meeting=lobby.meetings.minutes.variate(),
        patience_vip=_patience(lobby.counters.patience_vip, lobby),
        patience_ordinary=_patience(lobby.counters.patience_ordinary, lobby),
        patience_machine=_patience(lobby.diversion.patience, lobby),
        patience_meeting=_patience(lobby.meetings.patience, lobby),
        triage_on=int(lobby.triage.on),
        ticket_class=_TICKET_CLASS.index(lobby.triage.ticket_class),
        card_shown_share=lobby.triage.card_shown_share,
        sensitivity_share=lobby.triage.sensitivity_share,
        specificity_share=lobby.triage.specificity_share,
        meet_share=lobby.meetings.meet_share,
        phone_share=lobby.meetings.phone_share,
        ask_share=asks[0],
        ask_owned_share=asks[1],
        ask_fall_per_person=lobby.counters.ask_fall_share_per_person,
        teller_sensitivity_share=lobby.counters.teller_sensitivity_share,
        teller_specificity_share=lobby.counters.teller_specificity_share,
    )


def _desk_never_left(lobby: Lobby, staff: Staff, opening_min: float) -> bool:
    """Whether every visitor is surely received: no nods, no absence, no rota, no breaks at the desk."""
    if not lobby.triage.on or lobby.triage.nod_only_above < _UNBOUNDED:
        return False
    roles = [getattr(staff, name) for name in ROLES]
    desk = [role for role in roles if isinstance(role, Serving) and "desk" in role.stations and role.employed > 0]
    return all(
        role.absence_share == 0.0
        and (role.on_duty is None or role.on_duty >= role.employed)
        and all(not x.blocks and x.start_min == 0.0 and x.end_min >= opening_min for x in role.shifts)
        for role in desk
    )


def params(
    scenario: LobbyScenario,
    *,
    ask_share: float = 0.0,
    ask_owned_share: float | None = None,
    first_weekday: int = 0,
    weekend: Sequence[int] = (),
    desk_duty_share: float = 0.0,
) -> LobbyParams:
    """The lobby of a scenario as its kernels take it.

    ``ask_share`` = share of visitors whom tellers want to pitch; ``ask_owned_share`` = the same of visitors who have an
    owner, never more (None: as many); ``first_weekday`` = weekday of day 0 (0 = Monday);
    ``weekend`` = 5, 6 or both where the branch opens on Saturdays, on Sundays; ``desk_duty_share`` = part of their days
    that managers are on duty in the lobby, counted as absence of managers already (B16).

    Raises ValueError (key, expected, found) where the sections do not fit together.
    """
    demand, lobby, staff = scenario.demand, scenario.lobby, scenario.staff
    opening_min = scenario.calendar.opening_min
    check_lobby(demand, lobby, staff, opening_min)
    asks = (ask_share, ask_share if ask_owned_share is None else min(ask_share, ask_owned_share))
    arrivals = Arrivals(
        walk_ins_per_day=demand.walk_ins_per_day,
        customer_visits_per_year=demand.customer_visits_per_year,
        vip_visit_ratio=demand.vip_visit_ratio,
        ebank_visit_ratio=demand.ebank_visit_ratio,
        type_cumulative=_cumulative([getattr(demand.walk_in_share, x) for x in TYPES]),
        profile=as_array(demand.profile_share),
        profile_cumulative=_cumulative(demand.profile_share),
        slot_min=opening_min / len(demand.profile_share),
        day_factor_cv=demand.day_factor_cv,
    )
    rules = _rules(lobby, opening_min)
    return LobbyParams(
        arrivals=arrivals,
        choices=_choices(demand, lobby, staff, opening_min, asks),
        rules=rules,
        floor=floor_of(demand, lobby, staff),
        staffing=staffing_of(lobby, staff, first_weekday, weekend, desk_duty_share),
        online=as_record(online_team_of(demand, lobby)),
        process=process_record(demand, lobby, rules, getattr(scenario, "channels", None)),
    )


def make_roster(p: LobbyParams) -> Roster:
    """Room for a day's roster; until it is drawn everybody is present, in the shifts in order of the members."""
    n = p.floor.staff
    row = np.full(p.floor.servers, 2 * n, "i2")
    row[:n] = 2 * np.arange(n)
    s = p.staffing
    shift = (s.first_shift[s.role] + s.member % s.shifts[s.role]).astype("i2")
    return Roster(np.ones(n, "i1"), np.zeros(n, "i1"), row, p.floor.last_duty[shift], shift, np.ones(p.floor.servers))


def make_day_log(p: LobbyParams, visits: int = 64) -> DayLog:
    """An empty log for this lobby."""
    lines = range(p.floor.lines)
    stations, classes = [int(station_of(x)) for x in lines], [int(class_of_line(x)) for x in lines]
    room = make_room(p.floor.servers, stations, classes)
    return make_log(p.floor.servers, p.floor.pool_stations.size, stations, classes, room, visits)


__all__ = ["LOBBY_ASSISTANT", "NEVER", "LobbyParams", "LobbyScenario", "make_day_log", "make_roster", "params"]
