"""Lobby scenarios for the tests: the shipped reference files, and variants of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vipsim.scenario.lobby import Demand, Lobby, Staff

REFERENCE = Path(__file__).resolve().parent.parent / "scenarios" / "reference"


def build(tables: dict[str, Any]) -> Any:
    """The lobby's sections of a scenario given as tables."""
    return SimpleNamespace(
        calendar=SimpleNamespace(opening_min=float(tables["calendar"]["opening_min"])),
        demand=Demand.model_validate(tables["demand"]),
        lobby=Lobby.model_validate(tables["lobby"]),
        staff=Staff.model_validate(tables["staff"]),
    )


def tables(name: str) -> dict[str, Any]:
    """A shipped reference scenario as tables."""
    return tomllib.loads((REFERENCE / f"{name}.toml").read_text(encoding="utf-8"))
