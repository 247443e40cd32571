"""Visitors come in order of minute, those of one minute in order of row, whichever way they are put in order."""

from __future__ import annotations

import numpy as np
import pytest

from vipsim.lobby.arrays import grow_visits, make_visits
from vipsim.lobby.visits import arrange

SLOTS = 8


def minutes_of_arrival(case: str, n: int) -> np.ndarray:
    """Minutes of n arrivals in the order of their rows."""
    g = np.random.default_rng(n)
    if case == "slot by slot":
        return np.sort(g.integers(0, SLOTS, n)) * 60.0 + g.random(n) * 60.0
    if case == "two at one minute":
        found = minutes_of_arrival("slot by slot", n)
        if n > 1:
            found[n // 2 - 1] = found[n // 2]
        return found
    if case == "whole minutes":
        return np.floor(minutes_of_arrival("slot by slot", n))
    if case == "customers, then walk-ins":
        return np.concatenate([g.random(n // 3) * 480.0, minutes_of_arrival("slot by slot", n - n // 3)])
    return np.zeros(n) if case == "all at opening" else g.random(n) * 480.0


@pytest.mark.parametrize(
    "case",
    ["slot by slot", "two at one minute", "whole minutes", "customers, then walk-ins", "all at opening", "no order"],
)
@pytest.mark.parametrize("n", [0, 1, 2, 31, 32, 33, 64, 400, 3000])
def test_order_of_arrival(case: str, n: int) -> None:
    minutes = minutes_of_arrival(case, n)
    visits = grow_visits(make_visits(), n)
    visits.n[0] = n
    visits.rows["arrive"][:n] = minutes
    arrange(visits)
    expected = np.argsort(minutes, kind="stable")
    assert np.array_equal(visits.order[:n], expected)
    assert np.array_equal(visits.minute[:n], minutes[expected])
