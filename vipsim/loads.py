"""Loads: minutes required against minutes available, by role, on an average open day - before anything runs (O16).

An estimate from means: visits that the book and the walk-ins bring, the route of an average visitor, the contacts
that the plan asks for. A check, not a simulation: waits and interruptions need the days.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.customers.book import EBANK_ACTIVE, Book, opening
from vipsim.customers.segments import TYPE_D, grid_levels
from vipsim.horizon import horizon
from vipsim.scenario.files import policy_today
from vipsim.scenario.lobby import ROLES
from vipsim.scenario.schema import Scenario


class Load(NamedTuple):
    """Minutes of one role on an average open day; load = required over available, nan where nobody is there."""

    required_min: float
    available_min: float
    load: float


class _Visitors(NamedTuple):
    total: float
    prime_share: float
    signed_share: float


def loads(scenario: Scenario) -> dict[str, Load]:
    """Required and available minutes by role, under the scenario's policy.

    Raises
    ------
    InputError
        The book cannot be read.
    """
    book = opening(policy_today(scenario))[0]
    visitors = _visitors(scenario, book)
    available = {name: _available(getattr(scenario.staff, name)) for name in ROLES}
    desk, counters, meetings = _lobby(scenario, visitors)
    required = {name: _blocks(getattr(scenario.staff, name)) for name in ROLES}
    required["lobby_manager"] += desk
    required["teller"] += counters
    required["relationship_manager"] += meetings
    if scenario.outreach is not None:
        required["relationship_manager"] += _contacts(scenario, book)
    return {name: _load(required[name], available[name]) for name in ROLES}


def _load(required: float, available: float) -> Load:
    return Load(required, available, required / available if available > 0.0 else float("nan"))


def _visitors(scenario: Scenario, book: Book) -> _Visitors:
    """Visitors of an average open day, and how many of them are prime or show a card."""
    demand = scenario.demand
    days = horizon(scenario).open_days_per_year
    here = book.is_customer() if book.size else np.zeros(0, bool)
    rate = np.full(int(here.sum()), demand.customer_visits_per_year / days)
    rate[book.tier[here] > 0] *= demand.vip_visit_ratio
    rate[book.ebank[here] == EBANK_ACTIVE] *= demand.ebank_visit_ratio
    prime = book.type[here] != TYPE_D
    total = float(rate.sum()) + demand.walk_ins_per_day
    if total == 0.0:
        return _Visitors(0.0, 0.0, 0.0)
    walk_in_prime = demand.walk_ins_per_day * (1.0 - demand.walk_in_share.D)
    signed = float(rate[book.signed[here] > 0].sum()) + demand.walk_ins_per_day * demand.walk_in_share.A
    return _Visitors(total, (float(rate[prime].sum()) + walk_in_prime) / total, signed / total)


def _shifts(role: Any) -> list[tuple[float, float]]:
    """(minutes in the branch without breaks, minutes of admin and training) of each shift."""
    found = []
    for shift in role.shifts:
        off = sum(b.end_min - b.start_min for b in shift.blocks if b.activity == "break")
        booked = sum(b.end_min - b.start_min for b in shift.blocks if b.activity != "break")
        found.append((shift.end_min - shift.start_min - off, booked))
    return found


def _on_floor(role: Any) -> float:
    there = role.employed * (1.0 - role.absence_share)
    return float(there if role.on_duty is None else min(there, float(role.on_duty)))


def _available(role: Any) -> float:
    return _on_floor(role) * float(np.mean([paid for paid, _ in _shifts(role)]))


def _blocks(role: Any) -> float:
    return _on_floor(role) * float(np.mean([booked for _, booked in _shifts(role)]))


def _lobby(scenario: Scenario, visitors: _Visitors) -> tuple[float, float, float]:
    """Minutes a day at the desk, at the counters and in meetings."""
    lobby, demand = scenario.lobby, scenario.demand
    believed = 0.0
    desk = 0.0
    if lobby.triage.on:
        card = visitors.signed_share * lobby.triage.card_shown_share
        prime = max(visitors.prime_share - card, 0.0)
        believed = card + prime * lobby.triage.sensitivity_share
        believed += (1.0 - visitors.prime_share) * (1.0 - lobby.triage.specificity_share)
        override = lobby.vip_service.override_min if lobby.vip_service.mode == "override" else 0.0
        desk = visitors.total * (lobby.triage.minutes.mean() + believed * override)
    offered = 0.0
    if lobby.triage.on and lobby.diversion.devices > 0:
        asked = 1.0 if lobby.diversion.divert_prime else 1.0 - believed
        offered = asked * lobby.diversion.divert_share * lobby.diversion.accept_share
    counters = meetings = 0.0
    for item in demand.transactions:
        stays = item.share * (1.0 - item.divertible_share * offered)
        minutes = visitors.total * stays * item.service.mean()
        if item.station == "rm":
            meetings += minutes
        else:
            counters += minutes
    meetings += visitors.total * believed * lobby.meetings.meet_share * lobby.meetings.minutes.mean()
    return desk, counters, meetings


def _contacts(scenario: Scenario, book: Book) -> float:
    """Minutes a day of the contacts that the maintenance plan asks for, attempts that reach nobody included."""
    outreach, ownership, grid = scenario.outreach, scenario.ownership, scenario.grid
    assert outreach is not None
    assert ownership is not None
    assert grid is not None
    trigger = outreach.triggers.contact_plan
    channel = getattr(outreach, trigger.channel)
    yuan = book.assets() / 100.0
    owned = book.is_customer() & (book.assigned > 0) & (yuan >= ownership.rm_from_yuan)
    levels = grid_levels(
        yuan[owned], book.income[owned], np.asarray(grid.asset_cuts_yuan), np.asarray(grid.income_cuts_yuan)
    )
    wanted = np.asarray(outreach.plan_contacts_per_year)[levels - 1].sum() / horizon(scenario).open_days_per_year
    misses = (1.0 - channel.reach_share) / channel.reach_share if channel.reach_share > 0.0 else 0.0
    minutes = channel.taken_min + misses * channel.unreached_min
    return float(wanted * minutes) if trigger.on else 0.0
