"""Where two settings of one branch differ: levers, which a comparison is about, and apart from them the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from vipsim.scenario.resolve import plain
from vipsim.scenario.settings import values
from vipsim.scenario.today import lever_keys, policy

SHOWN = 10
"""Settings named in a line for people; of more the number is said."""

Pairs = dict[str, tuple[Any, Any]]
"""Dotted key -> value here, value there; None where a side has no such key."""


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Pairs:
    """The keys of ``after`` whose value is another one in ``before``, in the order of the file."""
    return {key: (before.get(key), value) for key, value in after.items() if before.get(key) != value}


@dataclass(frozen=True)
class Differing:
    """What differs between two scenarios: levers (policy), and facts and uncertainties (the world).

    The policy of today (``[today]``) belongs to the world: both start from it, before the window and after.
    """

    levers: Pairs = field(default_factory=dict)
    world: Pairs = field(default_factory=dict)


def differing(base: BaseModel, other: BaseModel) -> Differing:
    """Settings that differ between two scenarios; names, titles and sources do not count.

    The facts of a campaign that one of them does not declare do not count either: its levers say that it is new.
    """
    own, theirs = policy(base), policy(other)
    levers = {key: (own.get(key), theirs.get(key)) for key in [*own, *theirs] if own.get(key) != theirs.get(key)}
    here, there = _world(base), _world(other)
    world = {
        key: (here.get(key), there.get(key))
        for key in [*here, *there]
        if here.get(key) != there.get(key) and not _new_campaign(key, base, other)
    }
    before, after = getattr(base, "today", {}), getattr(other, "today", {})
    both = {f"today.{key}": (before[key], after[key]) for key in before if key in after and before[key] != after[key]}
    return Differing(levers, world | both)


def _world(scenario: BaseModel) -> dict[str, Any]:
    lists = {key for key, is_list in lever_keys(type(scenario)).items() if is_list}
    return {
        setting.key: plain(value)
        for setting, value in values(scenario)
        if setting.role in ("fact", "uncertainty") and setting.key.partition("[")[0] not in lists
    }


def _new_campaign(key: str, base: BaseModel, other: BaseModel) -> bool:
    section, _, rest = key.partition(".")
    if section != "campaigns":
        return False
    name = rest.partition(".")[0]
    return any(name not in (getattr(one, "campaigns", None) or {}) for one in (base, other))


def in_words(pairs: Pairs, shown: int = SHOWN) -> str:
    """``key 4 -> 6; key 1 -> 2 and 3 more``; empty where nothing differs."""
    named = "; ".join(
        f"{key} {_short(before)} -> {_short(after)}" for key, (before, after) in list(pairs.items())[:shown]
    )
    return named + (f" and {len(pairs) - shown} more" if len(pairs) > shown else "")


def _short(value: Any, most: int = 40) -> str:
    if value is None or value == "omitted":
        return "not set"
    text = str(value)
    return text if len(text) <= most else text[: most - 3] + "..."
