"""Loads: minutes required against minutes available, by role, on an average open day - before anything runs (O16).

An estimate from means: visits that the book and the walk-ins bring, the route of an average visitor, the contacts
that the plan asks for. A check, not a simulation: waits and interruptions need the days.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.calendar import weekend_of
from vipsim.customers.book import EBANK_ACTIVE, Book, opening
from vipsim.customers.ownership import as_staffed
from vipsim.customers.segments import TYPE_D, grid_levels, planned_contacts
from vipsim.horizon import horizon, reached_share
from vipsim.scenario.files import policy_today
from vipsim.scenario.schema import Scenario
from vipsim.scenario.staff import ROLES

_FIVE_DAYS = 5.0  # days of a working week


class Load(NamedTuple):
    """Minutes of one role on an average open day; load = required over available, nan where nobody is there."""

    required_min: float
    available_min: float
    load: float


class Layer(NamedTuple):
    """One grid level landed on one post (B21): customers with an owner, contacts and minutes of a person a day.

    ``contacts``, ``minutes_min``: planned contacts of an average open day, and their minutes, of each person; nan where
    nobody of the branch has the post.
    """

    post: str
    level: int
    customers: int
    contacts: float
    minutes_min: float


class _Visitors(NamedTuple):
    total: float
    prime_share: float
    signed_share: float
    classes: tuple[float, float, float]  # ordinary customers, VIPs, walk-ins; they sum to total


def loads(scenario: Scenario) -> dict[str, Load]:
    """Required and available minutes by role, under the scenario's policy.

    Raises
    ------
    InputError
        The book cannot be read.
    """
    book = opening(policy_today(scenario))[0]
    scenario = as_staffed(scenario)
    visitors = _visitors(scenario, book)
    weekend = len(weekend_of(scenario.calendar.open_weekdays))
    available = {name: _available(getattr(scenario.staff, name), weekend) for name in ROLES}
    desk, counters, meetings = _lobby(scenario, visitors)
    required = {name: _blocks(getattr(scenario.staff, name), weekend) for name in ROLES}
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
    reached = reached_share(scenario)
    rate *= reached
    walk_ins = demand.walk_ins_per_day * reached
    total = float(rate.sum()) + walk_ins
    if total == 0.0:
        return _Visitors(0.0, 0.0, 0.0, (0.0, 0.0, 0.0))
    walk_in_prime = walk_ins * (1.0 - demand.walk_in_share.D)
    signed = float(rate[book.signed[here] > 0].sum()) + walk_ins * demand.walk_in_share.A
    vips = float(rate[book.tier[here] > 0].sum())
    classes = (float(rate.sum()) - vips, vips, walk_ins)
    return _Visitors(total, (float(rate[prime].sum()) + walk_in_prime) / total, signed / total, classes)


def _shifts(role: Any) -> list[tuple[float, float]]:
    """(minutes in the branch without breaks, minutes of admin and training) of each shift."""
    found = []
    for shift in role.shifts:
        off = sum(b.end_min - b.start_min for b in shift.blocks if b.activity == "break")
        booked = sum(b.end_min - b.start_min for b in shift.blocks if b.activity != "break")
        found.append((shift.end_min - shift.start_min - off, booked))
    return found


def _on_floor(role: Any, weekend_days: int) -> float:
    """Members on the floor on an average open day; who works at weekends too still works five days a week."""
    there = role.employed * (1.0 - role.absence_share)
    if role.weekend_on_duty is not None and role.weekend_on_duty > 0:
        there *= _FIVE_DAYS / (_FIVE_DAYS + weekend_days)
    return float(min(there, role.on_floor()))


def _available(role: Any, weekend_days: int) -> float:
    return _on_floor(role, weekend_days) * float(np.mean([paid for paid, _ in _shifts(role)]))


def _blocks(role: Any, weekend_days: int) -> float:
    return _on_floor(role, weekend_days) * float(np.mean([booked for _, booked in _shifts(role)]))


def _lobby(scenario: Scenario, visitors: _Visitors) -> tuple[float, float, float]:
    """Minutes a day at the desk, at the counters and in meetings; what is done only in calm minutes is left out."""
    lobby, demand = scenario.lobby, scenario.demand
    believed = 0.0
    desk = 0.0
    received = 1.0 if lobby.entrance is None else 1.0 - lobby.entrance.takes_number_share
    if lobby.triage.on:
        card = visitors.signed_share * lobby.triage.card_shown_share
        prime = max(visitors.prime_share - card, 0.0)
        believed = card + prime * lobby.triage.sensitivity_share
        believed += (1.0 - visitors.prime_share) * (1.0 - lobby.triage.specificity_share)
        override = lobby.vip_service.override_min if lobby.vip_service.mode == "override" else 0.0
        desk = visitors.total * (received * lobby.triage.minutes.mean() + believed * override)
    offered = 0.0
    if lobby.triage.on and lobby.diversion.devices > 0:
        asked = 1.0 if lobby.diversion.divert_prime else 1.0 - believed
        offered = received * asked * lobby.diversion.accept_share
    counters = meetings = 0.0
    for item in demand.transactions:
        come = sum(visits * share for visits, share in zip(visitors.classes, item.shares(), strict=True))
        led = item.divertible_share * item.asked_share(lobby.diversion.divert_share) * offered
        minutes = come * (1.0 - led) * item.service.mean()
        if item.station == "rm":
            meetings += minutes
        else:
            counters += minutes
    met = visitors.total * believed * lobby.meetings.meet_share
    meetings += met * lobby.meetings.minutes.mean()
    more = _process(scenario, visitors, offered, met, counters)
    return desk + more[0], counters + more[1], meetings + more[2]


def _process(
    scenario: Scenario, visitors: _Visitors, offered: float, met: float, counters: float
) -> tuple[float, float, float]:
    """What the service process adds a day: minutes at the desk, at the counters, of relationship managers."""
    lobby = scenario.lobby
    desk = tellers = managers = 0.0
    come = [
        (item, sum(visits * share for visits, share in zip(visitors.classes, item.shares(), strict=True)))
        for item in scenario.demand.transactions
    ]
    if lobby.teaching is not None:
        share = lobby.diversion.divert_share
        led = offered * sum(visits * item.divertible_share * item.asked_share(share) for item, visits in come)
        taught = (1.0 - lobby.teaching.knows_share) * lobby.teaching.willing_share
        desk += led * taught * lobby.teaching.minutes.mean()
    if lobby.guidance is not None:
        desk += met * (lobby.guidance.escort.mean() + lobby.guidance.recheck.mean())
    if lobby.ebank is not None and lobby.ebank.style != "none":
        opened = sum(visits for item, visits in come if item.opens_account)
        signed = opened * float(getattr(lobby.ebank, f"{lobby.ebank.style}_signed_share"))
        tellers += opened * lobby.ebank.sign_up.mean()
        tellers += signed * lobby.ebank.activate.mean() if lobby.ebank.activate_by == "teller" else 0.0
        desk += signed * lobby.ebank.activate.mean() if lobby.ebank.activate_by == "lobby_manager" else 0.0
    if lobby.rm_service is not None:
        managers += met * lobby.rm_service.screen.mean() if lobby.rm_service.screening else 0.0
        each = counters / visitors.total if visitors.total > 0.0 else 0.0
        managers += met * each if lobby.rm_service.accompany else 0.0
    return desk, tellers, managers


def _contacts(scenario: Scenario, book: Book) -> float:
    """Minutes a day of the contacts that the maintenance plan asks for, attempts that reach nobody included."""
    ownership = scenario.ownership
    assert ownership is not None
    yuan = book.assets() / 100.0
    owned = book.is_customer() & (book.assigned > 0) & (yuan >= ownership.rm_from_yuan)
    _, daily = _planned(scenario, book, owned)
    return float(daily.sum() * _minutes_of_contact(scenario))


def _planned(scenario: Scenario, book: Book, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grid level of some customers, and the contacts that the plan asks for on an average open day, by stage too."""
    outreach, grid = scenario.outreach, scenario.grid
    assert outreach is not None
    assert grid is not None
    yuan = book.assets()[which] / 100.0
    levels = grid_levels(yuan, book.income[which], np.asarray(grid.asset_cuts_yuan), np.asarray(grid.income_cuts_yuan))
    by_stage = np.array([0.0, *outreach.stage_plan_ratio, 0.0])[book.stage[which]]
    yearly = np.asarray(planned_contacts(scenario))[levels - 1] * by_stage
    on = 1.0 if outreach.triggers.contact_plan.on else 0.0
    return levels, on * yearly / horizon(scenario).open_days_per_year


def _minutes_of_contact(scenario: Scenario) -> float:
    """Minutes of a planned contact that reaches, with the attempts before it that do not."""
    outreach = scenario.outreach
    assert outreach is not None
    name = outreach.triggers.contact_plan.channel
    channel = getattr(outreach, name)
    misses = (1.0 - channel.reach_share) / channel.reach_share if channel.reach_share > 0.0 else 0.0
    return float(outreach.minutes_of(name) + misses * channel.unreached_min)


_CENTRES, _HEAD, _MANAGERS, _TELLERS = "wealth_centre", "head", "relationship_manager", "teller"


def layers(scenario: Scenario) -> list[Layer]:
    """The planner's step before anything runs (B21, O16): customers by level, each landed on the post that owns it.

    By the bands of ownership alone, as if no book were full; contacts rolled up into the work of each person a day.
    """
    if scenario.outreach is None or scenario.ownership is None:
        return []
    book = opening(policy_today(scenario))[0]
    scenario = as_staffed(scenario)
    owned = book.is_customer() & (book.assigned > 0)
    levels, daily = _planned(scenario, book, owned)
    post = _posts(scenario, book, owned)
    minutes = _minutes_of_contact(scenario)
    found = []
    for name in (_CENTRES, _HEAD, _MANAGERS, _TELLERS):
        people = 0 if name == _CENTRES else getattr(scenario.staff, name).employed
        for level in range(1, 10):
            which = (post == name) & (levels == level)
            if which.any():
                each = float(daily[which].sum()) / people if people else float("nan")
                found.append(Layer(name, level, int(which.sum()), each, each * minutes))
    return found


def _posts(scenario: Scenario, book: Book, owned: np.ndarray) -> np.ndarray:
    """Post that has the first claim on each of some customers; those below every band are the tellers' (B03)."""
    rules = scenario.ownership
    assert rules is not None
    yuan = book.assets()[owned] / 100.0 if rules.measure == "day" else book.month_average[owned].mean(axis=1) / 100.0
    below = rules.teller_below_yuan
    top = max(below, rules.rm_from_yuan) if rules.teller_from_yuan < below else below
    of_tellers = (yuan >= rules.teller_from_yuan) & (yuan < top)
    nobody = _TELLERS if rules.teller_from_yuan < rules.rm_from_yuan else ""
    post = np.full(yuan.size, nobody, dtype=object)
    managers = (yuan >= rules.rm_from_yuan) & ~(of_tellers & (rules.precedence == "teller"))
    post[of_tellers] = _TELLERS
    post[managers] = _MANAGERS
    if scenario.staff.head.employed > 0:
        post[yuan >= rules.head_from_yuan] = _HEAD
    if rules.transfer_up == "hand_over":
        post[yuan >= rules.transfer_from_yuan] = _CENTRES
    return post
