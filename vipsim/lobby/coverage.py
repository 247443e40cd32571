"""How many are on the floor in each half-hour, by the plan: rota, week, shifts and breaks, nobody absent.

The rota begins with another member every day and weekends are handed round from week to week, so after as many weeks
as a role has members everything has occurred; what counts is the fewest people of all these days (L01: the desk is
never left without a substitute).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from vipsim.lobby.floor import STATIONS, at_weekends, skills
from vipsim.lobby.params import LobbyScenario
from vipsim.lobby.roster import works
from vipsim.scenario.staff import ROLES, Role, Shift, Staff

HALF_HOUR_MIN = 30.0


class Coverage(NamedTuple):
    """Fewest people on the floor in each half-hour of the opening time."""

    roles: dict[str, list[int]]
    stations: dict[str, list[int]]  # stations where business is done by people; a member of two counts at both


def coverage(scenario: LobbyScenario, weekend: Sequence[int] = (), *, at_weekend: bool = False) -> Coverage:
    """The plan of a working day, or with ``at_weekend`` of the open days (5 and 6) in ``weekend``."""
    staff, opening = scenario.staff, scenario.calendar.opening_min
    edges = _edges(staff, opening)
    middles = [(a + b) / 2.0 for a, b in pairwise(edges)]
    able = skills(staff)
    roles: dict[str, list[int]] = {}
    stations = {name: [0] * len(middles) for name in _used(scenario)}
    first = 0
    for name in ROLES:
        role: Role = getattr(staff, name)
        own = able[first : first + role.employed]
        first += role.employed
        weekdays = weekend if at_weekend else range(5)
        days = [_members(role, 7 * week + d, weekend) for week in range(max(role.employed, 1)) for d in weekdays]
        roles[name] = [min(len(_there(members, role, minute)) for members in days) for minute in middles]
        for station in stations:
            number = STATIONS[station]
            for i, minute in enumerate(middles):
                stations[station][i] += min(
                    sum(number in own[member] for member in _there(members, role, minute)) for members in days
                )
    return Coverage(
        {name: _fewest(counts, middles, opening) for name, counts in roles.items()},
        {name: _fewest(counts, middles, opening) for name, counts in stations.items()},
    )


def last_ends(staff: Staff) -> dict[str, float]:
    """Station -> minute after opening at which the last shift of those who can serve it ends."""
    able = skills(staff)
    found: dict[str, float] = {}
    first = 0
    for name in ROLES:
        role: Role = getattr(staff, name)
        own = able[first : first + role.employed]
        first += role.employed
        end = max((shift.end_min for shift in role.shifts[: role.on_floor()]), default=0.0)
        for station, number in STATIONS.items():
            if any(number in member for member in own):
                found[station] = max(found.get(station, 0.0), end)
    return found


def _members(role: Role, day: int, weekend: Sequence[int]) -> list[int]:
    """Members on duty in the order of the rota, as ``roster.draw_roster`` has them; ``day`` counts from a Monday."""
    n = role.employed
    plan = (at_weekends(role), min(weekend, default=7), len(weekend))
    turns = [(day + turn) % n for turn in range(n)]
    return [number for number in turns if works(number, n, *plan, day)][: role.on_floor()]


def _there(members: list[int], role: Role, minute: float) -> list[int]:
    """Those of them who are on the floor at a minute."""
    shifts = role.shifts
    return [member for place, member in enumerate(members) if _on(shifts[place % len(shifts)], minute)]


def _on(shift: Shift, minute: float) -> bool:
    away = any(block.start_min <= minute < block.end_min for block in shift.blocks)
    return shift.start_min <= minute < shift.end_min and not away


def _edges(staff: Staff, opening: float) -> list[float]:
    """Minutes at which anything changes, and every half-hour."""
    found = {n * HALF_HOUR_MIN for n in range(ceil(opening / HALF_HOUR_MIN))} | {opening}
    for name in ROLES:
        for shift in getattr(staff, name).shifts:
            found |= {shift.start_min, shift.end_min}
            found |= {edge for block in shift.blocks for edge in (block.start_min, block.end_min)}
    return sorted(edge for edge in found if edge <= opening)


def _used(scenario: LobbyScenario) -> list[str]:
    """Stations that must never be left: the desk where visitors are received, and wherever business is done."""
    business = {item.station for item in scenario.demand.transactions if max(item.shares()) > 0.0}
    return [name for name in STATIONS if name in business or (name == "desk" and scenario.lobby.triage.on)]


def _fewest(counts: list[int], middles: list[float], opening: float) -> list[int]:
    """The fewest of each half-hour."""
    half_hours: list[list[int]] = [[] for _ in range(ceil(opening / HALF_HOUR_MIN))]
    for count, minute in zip(counts, middles, strict=True):
        half_hours[int(minute // HALF_HOUR_MIN)].append(count)
    return [min(counts) for counts in half_hours]
