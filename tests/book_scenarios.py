"""The part of a scenario that the book reads, from the shipped parts: for tests that need no lobby."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from vipsim.scenario.book import BookSource

PARTS = Path(__file__).parents[1] / "scenarios" / "parts"
TODAY, OUTLET_2012 = "book.toml", "book_2012.toml"
INCOME_CUTS_YUAN = (70_000.0, 300_000.0)


def scenario(part: str = TODAY, **book: Any) -> Any:
    """A stand-in scenario: the shipped book with some keys changed, head office's cuts (T02), the grid of S02."""
    with (PARTS / part).open("rb") as file:
        written = tomllib.load(file)["book"]
    return SimpleNamespace(
        book=BookSource.model_validate(written | book),
        tiers=SimpleNamespace(standard_yuan=2e5, platinum_yuan=1.5e6, black_yuan=6e6, window_months=3),
        grid=SimpleNamespace(asset_cuts_yuan=[5e4, 5e5], income_cuts_yuan=list(INCOME_CUTS_YUAN)),
        lifecycle=SimpleNamespace(exploration_months=6.0, development_months=18.0, notice_days=30, maintained_days=90),
    )
