"""Core and mid/high primes: the second answer of identification, its errors, and who waits behind whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.test_lobby_levers import days_with
from vipsim.lobby.days import LobbyDays
from vipsim.lobby.jobs import CORE, MID_HIGH, MIDDLE, ORDINARY, PRIME, SERVED

STRICT = {"mode": "strict", "head_start_min": 0.0, "override_min": 0.0, "windows": 1}
BUSY = {"teller": {"employed": 3, "absence_share": 0.0}}


def told_apart(sensitivity: float, specificity: float) -> LobbyDays:
    shares: dict[str, Any] = {
        "told_apart": True,
        "core_sensitivity_share": sensitivity,
        "core_specificity_share": specificity,
    }
    return days_with(vip_service=STRICT, staff=BUSY, degrees=shares | {"core_walk_in_share": 0.5})


def test_core_primes_are_called_before_mid_high_primes_and_these_before_the_ordinary() -> None:
    """S19: one class for all believed primes becomes two, of which the first waits less than before."""
    rows = told_apart(1.0, 1.0).visits
    at_counter = rows[~np.isnan(rows["called"]) & (rows["diverted"] == 0)]
    waits = [np.mean((x := at_counter[at_counter["cls"] == cls])["called"] - x["joined"]) for cls in range(3)]
    assert waits[PRIME] < 0.8 * waits[MIDDLE] < 0.8 * waits[ORDINARY]
    believed = at_counter["believed"] > 0
    assert set(at_counter["cls"][believed & (at_counter["core"] > 0)]) == {PRIME}
    assert set(at_counter["cls"][believed & (at_counter["core"] == 0)]) == {MIDDLE}
    alike = days_with(vip_service=STRICT, staff=BUSY).visits
    assert set(alike["cls"]) | {0} == {0}  # the simple day has no such column
    assert set(alike["degree"]) == {0}


def test_managers_meet_core_primes_first() -> None:
    """S19: among who waits for a manager, mid/high primes are met behind core primes."""
    rows = told_apart(1.0, 1.0).visits
    met = rows[(rows["rm_outcome"] == SERVED) & (rows["appointment"] == 0)]
    waits = [np.mean((x := met[met["degree"] == d])["rm_called"] - x["rm_joined"]) for d in (CORE, MID_HIGH)]
    assert waits[0] < waits[1]


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.6, 0.9), (0.3, 0.5)])
def test_the_degree_is_mistaken_as_often_as_declared(sensitivity: float, specificity: float) -> None:
    rows = told_apart(sensitivity, specificity).visits
    judged = rows[(rows["degree"] > 0) & (rows["signed"] == 0)]  # a card would tell the truth
    core = judged["core"] > 0
    assert core.sum() > 200
    assert np.mean(judged["degree"][core] == CORE) == pytest.approx(sensitivity, abs=0.08)
    assert np.mean(judged["degree"][~core] == MID_HIGH) == pytest.approx(specificity, abs=0.08)
    assert set(rows["degree"][rows["believed"] == 0]) == {0}
