"""Theory through the public scenario interface: reference scenarios give textbook values within 4 standard errors.

Seeds are fixed, so that a test passes or fails for good. Days are independent and long; what happens in the first
hours of a day, which begins empty, is not counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import theory
from tests.lobby_scenarios import build, tables
from vipsim.draws import Address
from vipsim.lobby.days import LobbyDays, simulate_days
from vipsim.lobby.jobs import ABANDONED, CASH, MACHINE, NONE, RM, SERVED

WARM_UP_MIN = 2000.0


def z_score(values: NDArray[np.float64], expected: float, expected_se: float = 0.0) -> float:
    """Distance of the mean of independent values from what is expected, in standard errors."""
    se = np.hypot(values.std(ddof=1) / np.sqrt(values.size), expected_se)
    return float((values.mean() - expected) / se)


def per_day(day: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float64]:
    """Mean of values on each day."""
    return np.bincount(day, weights=values) / np.bincount(day)


def run(name: str, days: int, seed: int = 11) -> LobbyDays:
    """Days of a shipped reference scenario."""
    return simulate_days(build(tables(name)), Address(seed, 0, 0), days)


def counted(result: LobbyDays) -> NDArray[Any]:
    """Visits after the warm-up."""
    return result.visits[result.visits["arrive"] > WARM_UP_MIN]


def test_the_helper_fails_on_a_wrong_value() -> None:
    values = np.random.default_rng(1).normal(2.0, 1.0, 1000)
    assert abs(z_score(values, 2.0)) < 4.0
    assert abs(z_score(values, 2.3)) > 4.0


def test_theory_agrees_with_itself() -> None:
    assert theory.erlang_b(1.0, 1) == pytest.approx(0.5)
    assert theory.erlang_c_wait(0.1, 7.0, 1) == pytest.approx(0.7 * 7.0 / 0.3)
    assert theory.pollaczek_khinchine_wait(0.1, 7.0, 1.0) == pytest.approx(theory.erlang_c_wait(0.1, 7.0, 1))
    first, second = theory.cobham_waits([0.06, 0.14], 12.0, 3)
    assert 0.3 * first + 0.7 * second == pytest.approx(theory.erlang_c_wait(0.2, 12.0, 3))  # conservation law
    patient = theory.erlang_a(0.3, 12.0, 5, 1e7)
    assert patient[1] == pytest.approx(theory.erlang_c_wait(0.3, 12.0, 5), rel=1e-4)


def test_mm5_waits_as_erlang_c() -> None:
    visits = counted(run("mm5", 120))
    assert np.all(visits["outcome"] == SERVED)
    waits = per_day(visits["day"], visits["called"] - visits["joined"])
    expected = theory.erlang_c_wait(0.3, 12.0, 5)
    assert abs(z_score(waits, expected)) < 4.0
    assert abs(z_score(waits, expected * 1.1)) > 4.0  # the test would see an error of 10 %


def test_mm5_with_patience_abandons_as_erlang_a() -> None:
    result = run("mm5_patience", 60)
    visits = counted(result)
    abandon, in_line = theory.erlang_a(0.5, 12.0, 5, 20.0)
    assert abs(z_score(per_day(visits["day"], visits["outcome"] == ABANDONED), abandon)) < 4.0
    until = np.where(visits["outcome"] == ABANDONED, visits["left"], visits["called"])
    assert abs(z_score(per_day(visits["day"], until - visits["joined"]), in_line)) < 4.0
    assert abs(z_score(per_day(visits["day"], until - visits["joined"]), in_line * 1.05)) > 4.0


def test_virtual_wait_of_who_left_is_longer_than_the_patience() -> None:
    visits = run("mm5_patience", 2).visits
    left = visits[visits["outcome"] == ABANDONED]
    assert left.size > 100
    assert np.all(left["called"] >= left["left"])


def test_mg1_waits_as_pollaczek_khinchine() -> None:
    visits = counted(run("mg1", 400))
    waits = per_day(visits["day"], visits["called"] - visits["joined"])
    assert abs(z_score(waits, theory.pollaczek_khinchine_wait(0.1, 7.0, 1.2))) < 4.0
    assert abs(z_score(waits, theory.pollaczek_khinchine_wait(0.1, 7.0, 1.0))) > 4.0


def test_two_classes_wait_as_cobham() -> None:
    visits = counted(run("two_class", 150))
    vip, ordinary = theory.cobham_waits([0.06, 0.14], 12.0, 3)
    for flag, expected in ((1, vip), (0, ordinary)):
        own = visits[visits["vip"] == flag]
        assert abs(z_score(per_day(own["day"], own["called"] - own["joined"]), expected)) < 4.0


# The same lobby day simulated by an independent C program (a hand-written event loop with another random number
# generator): 40 batches of 50,000 days; mean and standard error of the batches' values. Waits in minutes, of the
# served; abandoned as a share of those who joined the counter's line.
LOBBY_DAY = {
    "visits a day": (399.997882, 0.016640),
    "vip wait": (0.692271, 0.000183),
    "ordinary wait": (2.166810, 0.000601),
    "abandoned": (0.071668, 0.000018),
    "rm wait": (0.661573, 0.001865),
    "machine wait": (0.017972, 0.000021),
}


def lobby_day_values(result: LobbyDays) -> dict[str, float]:
    """The statistics by which engines of the lobby day are compared."""
    v = result.visits
    wait = v["called"] - v["joined"]
    served = (v["station"] == CASH) & (v["outcome"] == SERVED)
    met = v["rm_outcome"] != NONE
    steps = result.steps
    return {
        "visits a day": v.size / np.unique(v["day"]).size,
        "vip wait": float(wait[served & (v["vip"] == 1)].mean()),
        "ordinary wait": float(wait[served & (v["vip"] == 0)].mean()),
        "abandoned": float((v["outcome"] == ABANDONED).sum() / (steps["station"] == CASH).sum()),
        "rm wait": float((v["rm_called"] - v["rm_joined"])[met].mean()),
        "machine wait": float(wait[v["station"] == MACHINE].mean()),
    }


def test_lobby_day_agrees_with_the_engines_reference_values() -> None:
    scenario = build(tables("lobby_day"))
    batches = [lobby_day_values(simulate_days(scenario, Address(5, r, 0), 500)) for r in range(40)]
    for name, (expected, se) in LOBBY_DAY.items():
        values = np.array([x[name] for x in batches])
        assert abs(z_score(values, expected, se)) < 4.0, name
        assert abs(z_score(values, expected * 1.25, se)) > 4.0, name  # and would see an error of 25 %


def test_lobby_day_all_visitors_are_served_or_leave() -> None:
    result = simulate_days(build(tables("lobby_day")), Address(5, 0, 0), 50)
    assert np.all(np.isin(result.visits["outcome"], (SERVED, ABANDONED)))
    assert np.all(result.visits["rm_outcome"][result.visits["vip"] == 0] == NONE)
    assert np.count_nonzero(result.steps["station"] == RM) > 0
