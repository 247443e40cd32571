"""The part of a scenario that the book reads, with some keys changed: for tests that need no lobby."""

from __future__ import annotations

import datetime
import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vipsim.scenario import files
from vipsim.scenario.book import BookSource
from vipsim.scenario.schema import Scenario

SCENARIOS = Path(__file__).parents[1] / "scenarios"
TODAY, OUTLET_2012 = "baseline.toml", "outlet_2012.toml"
START = datetime.date(2026, 1, 1)
INCOME_CUTS_YUAN = (70_000.0, 300_000.0)  # S02


@cache
def baseline() -> Scenario:
    return files.load(SCENARIOS / TODAY)


@cache
def book_of(outlet: str) -> dict[str, Any]:
    """The section [book] of a shipped outlet as it is written."""
    path = SCENARIOS / outlet
    if not path.is_file():  # the outlet of 2012 before it is joined with its other sections
        path = SCENARIOS / "parts" / "book_2012.toml"
    with path.open("rb") as file:
        written: dict[str, Any] = tomllib.load(file)["book"]
    return written


def scenario(outlet: str = TODAY, **book: Any) -> Any:
    """A stand-in scenario: a shipped book with some keys changed, and what the book reads of the baseline."""
    base = baseline()
    return SimpleNamespace(
        book=BookSource.model_validate(book_of(outlet) | book),
        tiers=base.tiers,
        grid=base.grid,
        lifecycle=base.lifecycle,
        calendar=SimpleNamespace(start_date=START),
    )
