"""What a KPI is."""

from __future__ import annotations

from typing import Literal, NamedTuple

Direction = Literal["up", "down", "none"]


class Kpi(NamedTuple):
    """One KPI: name, unit, which way is better, what it means (English), its Chinese name, catalogue rows."""

    name: str
    unit: str
    direction: Direction
    text: str
    zh: str
    source: str
