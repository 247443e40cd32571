"""From scenario to kernels: who serves which line in which order, who is when on the floor, how many and how fast.

Staff are numbered relationship managers first, then lobby managers, tellers, the head and lobby assistants; machines
follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p, sqrt
from typing import Any, NamedTuple

import numpy as np

from vipsim.lobby.jobs import (
    ANY_APPOINTMENT,
    CASH,
    DESK,
    ERRANDS,
    FIRST_OWN,
    LOOKS,
    MACHINE,
    MIDDLE,
    NONCASH,
    ORDINARY,
    PLACE,
    PRIME,
    RM,
    WITH_RM_CASH,
    Array,
)
from vipsim.lobby.process_hall import BITS
from vipsim.lobby.rules import station_of
from vipsim.scenario.demand import Demand
from vipsim.scenario.lobby import Lobby
from vipsim.scenario.staff import ROLES, Role, Serving, Staff

DUTY, BREAK, ADMIN, TRAINING = range(4)
_ACTIVITY = {"break": BREAK, "admin": ADMIN, "training": TRAINING}
STATIONS = {"desk": DESK, "cash": CASH, "noncash": NONCASH, "rm": RM}
RELATIONSHIP_MANAGER, LOBBY_MANAGER, TELLER, HEAD, LOBBY_ASSISTANT, SUPERVISOR = range(len(ROLES))


class Floor(NamedTuple):
    """Who serves which line in which order, and when members come and go."""

    staff: int
    servers: int
    lines: int
    places: Array  # PLACE: lines in order of rank, row after row; equal ranks compare keys
    row_first: Array  # uint32[row + 1]: row 2s = member s, 2s + 1 = member s with a special counter, last = machine
    can: Array  # int8[row, line]
    rank: Array  # int32[row, line]: of the lines served, as in places
    serves: Array  # int64[row]: the lines served, a bit for each of the first BITS
    pool: Array  # uint32[row]: servers of the same stations make a pool
    pool_stations: Array  # int64[pool]: a bit per station served
    pools_for: Array  # int64: pools (a bit each) that serve a station of a set (a bit each)
    only_pool: Array  # int64: number of the pool of a set of one; -1 where there are more
    change_min: Array  # float64: duty begins or ends, in order of time and member; only in the shift worked today
    change_staff: Array  # int32
    change_shift: Array  # int32
    change_until: Array  # float64: end of the interval that begins; -1 = one ends
    last_duty: Array  # float64 per shift: end of the last duty interval
    segment: Array  # int32[shift + 1]: first segment of each shift; shifts of all roles, one role after the other
    segment_start: Array  # float64
    segment_end: Array  # float64
    segment_activity: Array  # int8: DUTY, BREAK, ADMIN, TRAINING


class Staffing(NamedTuple):
    """Who may be absent and how many are on the floor."""

    role: Array  # int8 per member
    member: Array  # int32: number within the role
    absence: Array  # float64
    unwell: Array  # float64: absence without lobby duty; between the two a manager is at the desk (B16)
    desk_row: int  # row of Floor that a manager on lobby duty serves; -1 = there is no desk
    first: Array  # int32 per role: first member
    employed: Array  # int32 per role
    on_duty: Array  # int32 per role
    weekend: Array  # int32 per role: who work on an open Saturday or Sunday; -1 = staffed like other days
    weekend_first: int  # first weekday of the weekend on which the branch opens, 5 or 6; 7 = none
    weekend_days: int
    first_shift: Array  # int32 per role
    shifts: Array  # int32 per role
    skill: Array  # float64 per role: standard deviation of the logarithm of a member's minutes
    first_weekday: int  # of day 0
    multi: Array  # int8 per member: both counters
    specials: int  # windows, or 1 for the counter that skips the ticket machine
    spare: int  # tellers who must stay beside the windows
    reserved: float  # part of the relationship managers present who receive nobody


def as_array(values: list[Any], dtype: str = "f8") -> Array:
    """A column for the kernels."""
    return np.array(values, dtype=dtype)


# Lines at the desk in order of rank: calls by telephone, who comes to the desk, who is noticed on patrol, second looks,
# errands (L03, L17, L18, I08).
_AT_DESK = (3 * DESK + PRIME, 3 * DESK + ORDINARY, 3 * DESK + MIDDLE, LOOKS, ERRANDS)


def _counter_ranks(stations: list[int], lobby: Lobby, special: bool) -> list[tuple[int, int]]:
    """(rank, line) of a member at the counters, by VIP service: the heart of L14 as data.

    A middle class (L27), or mid/high primes (S19), go just ahead of the ordinary, and primes never behind them where
    they share a line;
    who comes with an RM goes ahead of all, so that no RM waits long at a counter (L13).
    """
    mode = lobby.vip_service.mode
    if mode == "strict":
        ranks = {PRIME: 0, ORDINARY: 2}
    elif mode == "override" and special:
        ranks = {PRIME: 0, ORDINARY: 1}
    elif mode == "window" and special:
        ranks = {PRIME: 0}
    elif mode == "window":
        ranks = {PRIME: 1, ORDINARY: 0}
    else:
        ranks = {PRIME: 0, ORDINARY: 0}
    middle = lobby.classes is not None and lobby.classes.middle
    three = middle or lobby.tells_degrees
    if three and not middle and ranks[PRIME] == ranks.get(ORDINARY):
        ranks[MIDDLE] = ranks[PRIME]  # one line, or a head start: the clock alone decides
    elif three and ORDINARY in ranks:
        prime, ordinary = 2 * ranks[PRIME], 2 * ranks[ORDINARY]
        ranks = {PRIME: ordinary - 1 if prime == ordinary else prime, MIDDLE: ordinary - 1, ORDINARY: ordinary}
    elif three:
        ranks[MIDDLE] = 1
    found = [(rank, 3 * station + cls) for station in stations for cls, rank in ranks.items()]
    if lobby.rm_service is not None and lobby.rm_service.accompany:
        found += [(-2, WITH_RM_CASH + station - CASH) for station in stations]
    return found


def _meeting_ranks(member: int, managers: list[int], own: str, degrees: bool) -> list[tuple[int, int]]:
    """(rank, line) of an RM: own appointments, own customers, then those of all; core primes before others (S19)."""
    lines = [(0, FIRST_OWN + 2 * member), (0, ANY_APPOINTMENT), (1, FIRST_OWN + 2 * member + 1)]
    lines += [(2, 3 * RM + PRIME), (4, 3 * RM + ORDINARY)]
    if degrees:
        lines.append((3, 3 * RM + MIDDLE))
    if own == "own_then_any":
        lines += [(2, FIRST_OWN + 2 * other + 1) for other in managers if other != member]
    return lines


def skills(staff: Staff) -> list[list[int]]:
    """Stations of every member, in the order of their numbers."""
    found: list[list[int]] = []
    for name in ROLES:
        role = getattr(staff, name)
        if isinstance(role, Serving):
            found += [[STATIONS[x] for x in role.stations]] * role.employed
        else:
            both = role.employed - role.cash_only - role.noncash_only
            found += [[CASH]] * role.cash_only + [[NONCASH]] * role.noncash_only + [[CASH, NONCASH]] * both
    return found


def _serving_rows(demand: Demand, lobby: Lobby, staff: Staff) -> list[list[tuple[int, int]]]:
    """(rank, line) per row of Floor.serves; only lines that somebody may join."""
    used = {DESK, RM} | {STATIONS[x.station] for x in demand.transactions if max(x.shares()) > 0.0}
    if lobby.counters.opening_noncash_share is not None:
        used |= {CASH, NONCASH}
    if lobby.card_application is not None:
        used.add(NONCASH)
    able = [[x for x in own if x in used] for own in skills(staff)]
    managers = [s for s, own in enumerate(able) if RM in own]
    rows: list[list[tuple[int, int]]] = []
    for s, own in enumerate(able):
        for special in (False, True):
            row: list[tuple[int, int]] = []
            counters = [x for x in own if x in (CASH, NONCASH)]
            order = list(dict.fromkeys(CASH if x == NONCASH else x for x in own))  # both counters count as one
            for place, station in enumerate(order):
                if station == DESK:
                    lines = list(enumerate(_AT_DESK)) if lobby.has_process else [(0, 3 * DESK + ORDINARY)]
                elif station == RM:
                    lines = _meeting_ranks(s, managers, lobby.meetings.own_rm_first, lobby.tells_degrees)
                else:
                    lines = _counter_ranks(counters, lobby, special)
                row += [(10 * place + rank, line) for rank, line in lines]
            rows.append(sorted(row))
    rows.append([(0, 3 * MACHINE + ORDINARY)])
    if lobby.meetings.reserved_share > 0.0:  # who is kept free for contacts serves no line (DV10)
        rows.append([])
    if lobby.has_process:  # who helps out at the desk (L02) leaves looks and errands to the lobby managers
        rows.append([(0, 3 * DESK + ORDINARY)])
    return rows


def _segments(staff: Staff) -> list[list[tuple[float, float, int]]]:
    """(start, end, activity) of each shift, without gaps; the shifts of one role after those of the other."""
    out = []
    for name in ROLES:
        for shift in getattr(staff, name).shifts:
            parts: list[tuple[float, float, int]] = []
            now = shift.start_min
            for block in (b for b in shift.blocks if b.end_min > b.start_min):
                parts += [(now, block.start_min, DUTY), (block.start_min, block.end_min, _ACTIVITY[block.activity])]
                now = block.end_min
            parts.append((now, shift.end_min, DUTY))
            out.append([x for x in parts if x[1] > x[0]])
    return out


def _shifts_of(staff: Staff) -> list[range]:
    """Numbers of the shifts that each member may work, by number of the member."""
    first, out = 0, []
    for name in ROLES:
        role = getattr(staff, name)
        out += [range(first, first + len(role.shifts))] * role.employed
        first += len(role.shifts)
    return out


def floor_of(demand: Demand, lobby: Lobby, staff: Staff) -> Floor:
    rows = _serving_rows(demand, lobby, staff)
    segments, shifts_of = _segments(staff), _shifts_of(staff)
    n_staff = len(shifts_of)
    lines = FIRST_OWN + 2 * n_staff
    places = np.array([(line, rank) for row in rows for rank, line in row], PLACE)
    can = np.zeros((len(rows), lines), "i1")
    ranks = np.zeros((len(rows), lines), "i4")
    stations = [0] * len(rows)
    for r, row in enumerate(rows):
        for rank, line in reversed(row):
            can[r, line] = 1
            ranks[r, line] = rank
            stations[r] |= 1 << int(station_of(line))
    pools = sorted(set(stations))
    sets = range(1 << (RM + 1))
    only_pool = np.full(1 << len(pools), -1, "i8")
    only_pool[[1 << n for n in range(len(pools))]] = range(len(pools))
    pools_for = [sum(1 << n for n, served in enumerate(pools) if served & wanted) for wanted in sets]
    changes: list[tuple[float, int, int, float]] = []
    for s, own in enumerate(shifts_of):
        for shift in own:
            for start, end, activity in segments[shift]:
                if activity == DUTY:
                    changes += [(start, s, shift, end), (end, s, shift, -1.0)]
    changes.sort()
    duty_ends = [[end for _, end, activity in parts if activity == DUTY] for parts in segments]
    flat = [x for parts in segments for x in parts]
    return Floor(
        staff=n_staff,
        servers=n_staff + lobby.diversion.devices,
        lines=lines,
        places=places,
        row_first=as_array([0, *np.cumsum([len(row) for row in rows])], "u4"),
        can=can,
        rank=ranks,
        serves=as_array([sum(1 << n for n in range(min(lines, BITS)) if row[n]) for row in can], "i8"),
        pool=as_array([pools.index(x) for x in stations], "u4"),
        pool_stations=as_array(pools, "i8"),
        pools_for=as_array(pools_for, "i8"),
        only_pool=only_pool,
        change_min=as_array([x[0] for x in changes]),
        change_staff=as_array([x[1] for x in changes], "i4"),
        change_shift=as_array([x[2] for x in changes], "i4"),
        change_until=as_array([x[3] for x in changes]),
        last_duty=as_array([max(ends, default=0.0) for ends in duty_ends]),
        segment=as_array([0, *np.cumsum([len(parts) for parts in segments])], "i4"),
        segment_start=as_array([x[0] for x in flat]),
        segment_end=as_array([x[1] for x in flat]),
        segment_activity=as_array([x[2] for x in flat], "i1"),
    )


def at_weekends(role: Role) -> int:
    """Members who work on each open day of the weekend; -1 = it is staffed like other days."""
    return -1 if role.weekend_on_duty is None else min(role.employed, role.weekend_on_duty)


def staffing_of(
    lobby: Lobby, staff: Staff, first_weekday: int, weekend: Sequence[int], desk_duty_share: float = 0.0
) -> Staffing:
    roles: list[Role] = [getattr(staff, name) for name in ROLES]
    employed = [role.employed for role in roles]
    shifts = [len(role.shifts) for role in roles]
    mode = lobby.vip_service.mode
    absence = np.repeat(as_array([role.absence_share for role in roles]), employed)
    unwell = absence.copy()
    if desk_duty_share > 0.0:
        managers = slice(0, employed[RELATIONSHIP_MANAGER])
        there = 1.0 - desk_duty_share
        unwell[managers] = np.maximum(1.0 - (1.0 - absence[managers]) / there, 0.0) if there > 0.0 else 0.0
    desk = [member for member, own in enumerate(skills(staff)) if own == [DESK]]
    return Staffing(
        role=np.repeat(np.arange(len(roles)), employed).astype("i1"),
        member=as_array([i for n in employed for i in range(n)], "i4"),
        absence=absence,
        unwell=unwell,
        desk_row=2 * desk[0] if desk else -1,
        first=as_array([0, *np.cumsum(employed)[:-1]], "i4"),
        employed=as_array(employed, "i4"),
        on_duty=as_array([role.on_floor() for role in roles], "i4"),
        weekend=as_array([at_weekends(role) for role in roles], "i4"),
        weekend_first=min(weekend, default=7),
        weekend_days=len(weekend),
        first_shift=as_array([0, *np.cumsum(shifts)[:-1]], "i4"),
        shifts=as_array(shifts, "i4"),
        skill=as_array([sqrt(log1p(role.skill_cv**2)) for role in roles]),
        first_weekday=first_weekday,
        multi=as_array([int(CASH in own and NONCASH in own) for own in skills(staff)], "i1"),
        specials={"window": lobby.vip_service.windows, "override": 1}.get(mode, 0),
        spare=int(mode == "window"),
        reserved=lobby.meetings.reserved_share,
    )
