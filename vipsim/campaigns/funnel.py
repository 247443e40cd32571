"""The funnel of lost effect: people and yuan at every step from who was eligible to what stayed, and what binds.

One row per step of every campaign and every kind of outreach task. A step is a part of the one before it: nobody is
lost twice. Limits are what the branch sets itself (owners, policy, lists, minutes, seats, budget, waits); the rest is
the customers' answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vipsim.campaigns.rules import (
    ALLOWED,
    ASKED,
    CAME,
    ELIGIBLE,
    INTERESTED,
    LEFT,
    LIMITS,
    LIST,
    MET,
    MINUTES,
    MOVED,
    NO_OWNER,
    NO_SALE,
    NO_SHOW,
    NOT_INTERESTED,
    NOT_REACHED,
    NOT_STAYED,
    ON_THE_WAY,
    OWNED,
    POLICY,
    REACHED,
    STAYED,
    STEPS,
    STRANGER,
    WHY,
    Campaigns,
)
from vipsim.campaigns.tasks import Funnel
from vipsim.customers.state import State
from vipsim.outreach.triggers import CAMPAIGN, REASONS


@dataclass(frozen=True)
class Step:
    """One step of one funnel: who is still there, who was lost on the way to it, and mostly why."""

    kind: str  # campaign or task
    name: str
    step: str
    people: float
    yuan: float
    lost_people: float
    lost_yuan: float
    why: str
    is_limit: bool


Losses = dict[int, tuple[float, float]]
"""Reason -> people and yuan lost for it."""


def steps_of(kind: str, name: str, levels: Sequence[tuple[int, float, float]], losses: dict[int, Losses]) -> list[Step]:
    """The rows of one funnel from (step, people, yuan) in order; ``losses[step]`` says why people did not get there.

    Yuan fall with people: what a later measurement adds is cut off, so that nothing is lost twice.
    """
    found: list[Step] = []
    before: tuple[float, float] | None = None
    for number, people, yuan in levels:
        if before is not None:
            people, yuan = min(people, before[0]), min(yuan, before[1])
        lost = (0.0, 0.0) if before is None else (before[0] - people, before[1] - yuan)
        reasons = losses.get(number, {})
        why = max(reasons, key=lambda r: (reasons[r][1], reasons[r][0]), default=0) if lost[0] > 0 else 0
        found.append(Step(kind, name, STEPS[number], people, yuan, *lost, WHY[why], why in LIMITS))
        before = (people, yuan)
    return found


def _stayed(state: State, guests: Any, here: np.ndarray) -> np.ndarray:
    """Fen of each guest or task that stayed to the end of the run: of the money that came, or that was here."""
    who = np.maximum(guests["who"], 0)
    rows = state.book
    kept = np.array([int(rows[i]["balance"].sum()) for i in who]) if who.size else np.zeros(0, np.int64)
    stays: np.ndarray = np.where(
        here, np.minimum(guests["had"], kept), np.clip(kept - guests["had"], 0, guests["moved"])
    )
    return np.where(guests["who"] >= 0, stays, 0)


def of_campaign(campaigns: Campaigns, state: State, c: int, name: str) -> list[Step]:
    """The funnel of campaign number c."""
    guests = campaigns.guests[: campaigns.size[0]]
    guests = guests[guests["campaign"] == c]
    here = bool(campaigns.rules[c]["stake"])
    step = guests["step"].astype(int)
    stake = guests["stake"] / 100.0
    moved = guests["moved"] / 100.0
    stays = _stayed(state, guests, np.full(len(guests), here)) / 100.0
    if here:  # what could go: who was met counts as moved, the money shows in what stayed
        step = np.where(step == MET, MOVED, step)
        moved = stake
    is_stranger = guests["luck"] >= STRANGER
    strangers = (float(is_stranger.sum()), float(stake[is_stranger].sum()))
    levels: list[tuple[int, float, float]] = []
    for number in (ELIGIBLE, OWNED, ALLOWED):
        people, fen = campaigns.wide[c, number]
        levels.append((number, people + strangers[0], fen / 100.0 + strangers[1]))
    for number in range(ASKED, MOVED):
        levels.append((number, float((step >= number).sum()), float(stake[step >= number].sum())))
    levels.append((MOVED, float((step >= MOVED).sum()), float(moved[step >= MOVED].sum())))
    kept = (step >= MOVED) & (stays > 0.5 * moved)
    levels.append((STAYED, float(kept.sum()), float(stays[kept].sum())))
    losses: dict[int, Losses] = {OWNED: {NO_OWNER: (1.0, 1.0)}, ALLOWED: {POLICY: (1.0, 1.0)}}
    beyond = (levels[ALLOWED][1] - len(guests), levels[ALLOWED][2] - float(stake.sum()))
    losses[ASKED] = {LIST: (max(beyond[0], 0.0), max(beyond[1], 0.0))}
    reasons = np.where((guests["open"] > 0) & (step < MOVED), ON_THE_WAY, guests["lost"])
    for number in range(ASKED, STAYED):
        for why in np.unique(reasons[step == number - 1]):
            which = (step == number - 1) & (reasons == why)
            losses.setdefault(number, {})[int(why)] = (float(which.sum()), float(stake[which].sum()))
    losses[STAYED] = {NOT_STAYED: (1.0, 1.0)}
    return steps_of("campaign", name, levels, losses)


def of_tasks(funnel: Funnel, state: State) -> list[Step]:
    """The funnels of all kinds of outreach tasks that fell due; calls for campaigns are told by the campaigns."""
    found = []
    for reason in range(funnel.counts.shape[0]):
        if funnel.counts[reason, ELIGIBLE, 0] > 0 and reason != CAMPAIGN:
            found += _of_task(funnel, state, reason)
    return found


def _of_task(funnel: Funnel, state: State, reason: int) -> list[Step]:
    """The funnel of one kind of task: counted up to the answer, then the courses that the answers began."""
    numbers = np.flatnonzero(funnel.courses.reason[: funnel.size[0]] == reason)
    courses = funnel.courses[numbers]
    step = courses["step"].astype(int)
    stake, moved = courses["stake"] / 100.0, courses["moved"] / 100.0
    stays = _stayed(state, courses, courses["brings"] == 0) / 100.0
    counted = funnel.counts[reason]
    levels = [(number, counted[number, 0], counted[number, 1] / 100.0) for number in range(INTERESTED + 1)]
    for number in (CAME, MET):
        levels.append((number, float((step >= number).sum()), float(stake[step >= number].sum())))
    kept = (step >= MOVED) & (stays > 0.5 * moved)
    levels.append((MOVED, float((step >= MOVED).sum()), float(moved[step >= MOVED].sum())))
    levels.append((STAYED, float(kept.sum()), float(stays[kept].sum())))
    who = courses["who"]
    comes, pays = funnel.coming[who] == numbers, funnel.paying[who] == numbers
    last = int(funnel.seen_until[0])
    comes &= np.array([int(state.book[i]["appointed"]) > last for i in who], bool)
    reasons = {
        CAME: np.where(comes, ON_THE_WAY, NO_SHOW),
        MET: np.full(len(courses), LEFT),
        MOVED: np.where(pays, ON_THE_WAY, NO_SALE),
    }
    losses: dict[int, Losses] = {n: {why: (1.0, 1.0)} for n, why in _ALWAYS.items()}
    for number, before in ((CAME, INTERESTED), (MET, CAME), (MOVED, MET)):
        for why in np.unique(reasons[number][step == before]):
            which = (step == before) & (reasons[number] == why)
            losses.setdefault(number, {})[int(why)] = (float(which.sum()), float(stake[which].sum()))
    return steps_of("task", REASONS[reason], levels, losses)


_ALWAYS = {
    OWNED: NO_OWNER,
    ALLOWED: POLICY,
    ASKED: MINUTES,
    REACHED: NOT_REACHED,
    INTERESTED: NOT_INTERESTED,
    STAYED: NOT_STAYED,
}
"""Steps of a task at which people are lost for one reason only."""


def binding(steps: Iterable[Step]) -> Step | None:
    """The limit of one funnel that costs most: yuan lost there, times what the later steps would have let through."""
    rows = list(steps)
    best, most = None, 0.0
    for place, step in enumerate(rows):
        passes = rows[-1].people / step.people if step.people > 0 else 0.0
        weight = step.lost_yuan * passes + 1e-9 * step.lost_people
        if step.is_limit and weight > most:
            best, most = rows[place], weight
    return best


def by_name(steps: Iterable[Step]) -> dict[tuple[str, str], list[Step]]:
    """Rows of each funnel under (kind, name), order kept."""
    found: dict[tuple[str, str], list[Step]] = {}
    for step in steps:
        found.setdefault((step.kind, step.name), []).append(step)
    return found


def table(steps: Sequence[Step]) -> Any:
    """The funnel as an Arrow table: a row per step."""
    import pyarrow as pa

    columns = ("kind", "name", "step", "people", "yuan", "lost_people", "lost_yuan", "why", "is_limit")
    return pa.table({column: [getattr(step, column) for step in steps] for column in columns})


def from_table(arrow: Any) -> list[Step]:
    """The rows of a funnel table."""
    return [Step(**row) for row in arrow.to_pylist()]
