"""The simulated lobby against queueing theory, and against another program on the engines' lobby day.

Days are independent, so a mean over days has a standard error computed from them; simulation and theory may differ
by at most 4 of them. Scenarios are the shipped ones, run as a user runs them.
"""

from __future__ import annotations

import json
from math import exp, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tests import theory
from tests.lobby_scenarios import REFERENCE
from tests.test_lobby_engines import equal_rows
from vipsim.cli.app import app
from vipsim.draws import Address
from vipsim.lobby.days import simulate_days
from vipsim.lobby.jobs import ABANDONED, CASH, MACHINE, RESULT, SERVED, STEP
from vipsim.scenario.files import load
from vipsim.simulate import replicate

SEED = 20250101
WARM_UP_MIN, LAST_MIN = 3000.0, 18000.0  # of a day of 20,000 minutes: who arrives between these counts
SERVERS, SERVICE_MIN = 5, 5.0  # mm5.toml and two_class.toml
LIMIT = 4.0


# ------------------------------------------------------------------------------------------ the formulas


def test_erlang_b_at_hand_values() -> None:
    assert theory.erlang_b_blocked(1.0, 1) == pytest.approx(1 / 2)
    assert theory.erlang_b_blocked(2.0, 2) == pytest.approx(2 / 5)  # 2 / (1 + 2 + 2)
    assert theory.erlang_b_blocked(10.0, 10) == pytest.approx(0.2146, abs=5e-5)  # the printed tables


def test_erlang_c_at_hand_values() -> None:
    assert theory.erlang_c_waits(0.5, 1.0, 1) == pytest.approx(0.5)  # one server: the load
    assert theory.erlang_c_waits(1.0, 1.0, 2) == pytest.approx(1 / 3)
    # Gross et al., section 2.3, the eye clinic: 6 an hour, 20 minutes, 3 doctors: line 8/9, wait 4/27 hour
    assert theory.erlang_c_wait(0.1, 20.0, 3) == pytest.approx(60 * 4 / 27)
    with pytest.raises(ValueError, match="found 3 >= 3"):
        theory.erlang_c_waits(1.0, 3.0, 3)


def test_erlang_a_at_hand_values() -> None:
    # Patience as long as service: the number inside is Poisson, as if everybody were served at once.
    a = theory.erlang_a(1.0, 1.0, 1, 1.0)
    assert a.abandon_share == pytest.approx(exp(-1))  # E max(N - 1, 0) = E N - 1 + P(N = 0)
    assert a.wait_min == pytest.approx(exp(-1))
    # Its two ends: no patience is Erlang B, endless patience is Erlang C.
    assert theory.erlang_a(0.8, 5.0, 5, 1e-9).abandon_share == pytest.approx(theory.erlang_b_blocked(4.0, 5))
    patient = theory.erlang_a(0.8, 5.0, 5, 1e9)
    assert patient.wait_min == pytest.approx(theory.erlang_c_wait(0.8, 5.0, 5), rel=1e-6)
    assert patient.virtual_wait_min == pytest.approx(patient.wait_min, rel=1e-6)


def test_pollaczek_khinchine_at_hand_values() -> None:
    assert theory.pollaczek_khinchine_wait(0.5, 1.0, 1.0) == pytest.approx(theory.erlang_c_wait(0.5, 1.0, 1))
    assert theory.pollaczek_khinchine_wait(0.5, 1.0, 0.0) == pytest.approx(0.5)  # constant service: half of it
    with pytest.raises(ValueError, match="found 1"):
        theory.pollaczek_khinchine_wait(0.5, 2.0, 0.0)


def test_cobham_at_hand_values() -> None:
    first, second = theory.cobham_waits(0.25, 0.25, 1.0, 1)
    assert (first, second) == pytest.approx((2 / 3, 4 / 3))
    # Kleinrock's conservation law: the mean over classes is that of one line, however many servers.
    first, second = theory.cobham_waits(0.2, 0.6, 5.0, 5)
    assert 0.25 * first + 0.75 * second == pytest.approx(theory.erlang_c_wait(0.8, 5.0, 5))


# ------------------------------------------------------------------------------------------- estimation


def ratio(totals: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Mean per visitor over independent days, and its standard error.

    totals, counts: one number a day. Ratio estimator (Cochran, Sampling Techniques, 3rd ed., 1977, section 6.4): days
    with more visitors count more, because their mean of means would not be the mean over visitors.
    """
    mean = totals.sum() / counts.sum()
    residuals = totals - mean * counts
    return float(mean), float(residuals.std(ddof=1) / counts.mean() / sqrt(len(counts)))


def errors_apart(estimate: tuple[float, float], expected: float, expected_error: float = 0.0) -> float:
    """Difference between a simulated and an expected value in (combined) standard errors."""
    return abs(estimate[0] - expected) / sqrt(estimate[1] ** 2 + expected_error**2)


def by_day(day: np.ndarray, values: np.ndarray, which: np.ndarray) -> tuple[float, float]:
    """``ratio`` of the values of those chosen."""
    return ratio(np.bincount(day[which], values[which]), np.bincount(day[which]))


@pytest.fixture(scope="module")
def steps_of() -> Any:
    """Columns of the visits table of one recorded replication of a shipped reference scenario; one run per name."""
    known: dict[str, dict[str, np.ndarray]] = {}

    def run(name: str) -> dict[str, np.ndarray]:
        if name not in known:
            outcome = replicate(load(REFERENCE / f"{name}.toml"), SEED, 0, record=True)
            columns = (
                "day",
                "vip",
                "arrive_min",
                "station",
                "joined_min",
                "called_min",
                "start_min",
                "end_min",
                "outcome",
            )
            table = outcome.tables["visits"].select(columns)
            known[name] = {c: table.column(c).to_numpy(zero_copy_only=False) for c in columns}
        return known[name]

    return run


def counted(steps: dict[str, np.ndarray]) -> np.ndarray:
    """Who comes neither in the empty beginning of a day nor close to its end."""
    return (steps["arrive_min"] >= WARM_UP_MIN) & (steps["arrive_min"] < LAST_MIN)


def test_mmc_waits_as_erlang_c_says(steps_of: Any) -> None:
    s = steps_of("mm5")
    wait = s["called_min"] - s["joined_min"]
    found = by_day(s["day"], wait, counted(s))
    expected = theory.erlang_c_wait(0.85, SERVICE_MIN, SERVERS)
    assert errors_apart(found, expected) < LIMIT
    share = by_day(s["day"], (wait > 0.0).astype(float), counted(s))
    assert errors_apart(share, theory.erlang_c_waits(0.85, SERVICE_MIN, SERVERS)) < LIMIT
    assert found[1] < 0.03 * expected  # sharp enough to mean something


def test_mmc_with_patience_as_erlang_a_says(steps_of: Any) -> None:
    s = steps_of("mm5_patience")
    expected = theory.erlang_a(1.1, SERVICE_MIN, SERVERS, 10.0)
    gave_up = s["outcome"] == "abandoned"
    waited = np.where(gave_up, s["end_min"], s["start_min"]) - s["joined_min"]
    virtual = s["called_min"] - s["joined_min"]
    for values, theirs in (
        (gave_up.astype(float), expected.abandon_share),
        (waited, expected.wait_min),
        (virtual, expected.virtual_wait_min),
    ):
        found = by_day(s["day"], values, counted(s))
        assert errors_apart(found, theirs) < LIMIT
        assert found[1] < 0.01 * theirs


def test_mg1_waits_as_pollaczek_and_khinchine_say(steps_of: Any) -> None:
    s = steps_of("mg1")
    found = by_day(s["day"], s["called_min"] - s["joined_min"], counted(s))
    expected = theory.pollaczek_khinchine_wait(0.2, 4.0, 0.8)
    assert errors_apart(found, expected) < LIMIT
    assert found[1] < 0.05 * expected


def test_two_classes_wait_as_cobham_says(steps_of: Any) -> None:
    s = steps_of("two_class")
    wait = s["called_min"] - s["joined_min"]
    expected = theory.cobham_waits(0.17, 0.68, SERVICE_MIN, SERVERS)
    for vip, theirs in ((1, expected[0]), (0, expected[1])):
        found = by_day(s["day"], wait, counted(s) & (s["vip"] == vip))
        assert errors_apart(found, theirs) < LIMIT
        assert found[1] < 0.03 * theirs


def test_the_bank_office_is_what_one_finds_by_hand(steps_of: Any) -> None:
    """Half to the machine (Pollaczek-Khinchine), half to four tellers: load, and a wait between two known ones."""
    s = steps_of("bank_office")
    wait, minutes = s["called_min"] - s["joined_min"], s["end_min"] - s["start_min"]
    inside = counted(s)
    machine, tellers = inside & (s["station"] == "self_service"), inside & (s["station"] == "cash")
    chosen = by_day(s["day"], (s["station"] == "self_service").astype(float), machine | tellers)
    assert errors_apart(chosen, 0.5) < LIMIT
    assert errors_apart(by_day(s["day"], minutes, machine), 3.1 / 3.0) < LIMIT
    assert errors_apart(by_day(s["day"], minutes, tellers), 6.5) < LIMIT
    cv = (0.19 / 18.0) ** 0.5 / (3.1 / 3.0)  # of a triangular law: Law, Simulation Modeling and Analysis
    assert errors_apart(by_day(s["day"], wait, machine), theory.pollaczek_khinchine_wait(0.375, 3.1 / 3.0, cv)) < LIMIT
    most = theory.erlang_c_wait(0.375, 6.5, 4)
    mean, error = by_day(s["day"], wait, tellers)
    assert 0.5 * most < mean - LIMIT * error < mean + LIMIT * error < most


def test_a_wrong_theory_is_refused(steps_of: Any) -> None:
    """The comparison can fail: a tenth of load more, another law of service, the other class."""
    s = steps_of("mm5_patience")
    found = by_day(s["day"], (s["outcome"] == "abandoned").astype(float), counted(s))
    assert errors_apart(found, theory.erlang_a(1.12, SERVICE_MIN, SERVERS, 10.0).abandon_share) > LIMIT
    s = steps_of("mg1")
    found = by_day(s["day"], s["called_min"] - s["joined_min"], counted(s))
    assert errors_apart(found, theory.pollaczek_khinchine_wait(0.2, 4.0, 1.0)) > LIMIT
    s = steps_of("two_class")
    found = by_day(s["day"], s["called_min"] - s["joined_min"], counted(s) & (s["vip"] == 0))
    assert errors_apart(found, theory.erlang_c_wait(0.85, SERVICE_MIN, SERVERS)) > LIMIT


def test_the_standard_error_covers() -> None:
    """Of many estimates the share within two standard errors is about 95 %, and bad errors would be seen."""
    g = np.random.default_rng(5)
    apart = []
    for _ in range(2000):
        counts = g.poisson(200, 30).astype(float)
        rate = g.gamma(25.0, 1 / 25.0, 30)  # days differ more than visitors alone would
        totals = counts * rate
        apart.append(errors_apart(ratio(totals, counts), 1.0))
    assert 0.93 < np.mean(np.array(apart) < 2.04) < 0.97
    assert not 0.93 < np.mean(np.array(apart) < 2.04 / 1.5) < 0.97


# ---------------------------------------------------------------------------------- days without a book


@pytest.mark.parametrize("name", sorted(path.stem for path in REFERENCE.glob("*.toml")))
def test_reference_scenarios_pass_check_and_run(name: str, tmp_path: Path) -> None:
    path = str(REFERENCE / f"{name}.toml")
    checked = CliRunner().invoke(app, ["check", path])
    assert checked.exit_code == 0, checked.output
    short = ["--replications=1", "--workers=1", "--set=demand.walk_ins_per_day=50.0"]
    ran = CliRunner().invoke(app, ["run", path, *short, f"--out={tmp_path}", "--json"])
    assert ran.exit_code == 0, ran.output
    assert (Path(json.loads(ran.stdout)["results_dir"]) / "visits.parquet").is_file()


def test_days_of_the_lobby_are_the_days_of_a_replication(steps_of: Any) -> None:
    days = simulate_days(load(REFERENCE / "mm5_patience.toml"), Address(SEED, 0, 0), 3)
    s = steps_of("mm5_patience")
    first = s["day"] < 3
    for name in ("joined", "called", "start", "end"):
        assert np.array_equal(days.steps[name], s[f"{name}_min"][first], equal_nan=True)


@pytest.mark.parametrize("name", sorted({path.stem for path in REFERENCE.glob("*.toml")} - {"lobby_day"}))
def test_queues_of_theory_are_the_same_on_both_engines(name: str) -> None:
    scenario = load(REFERENCE / f"{name}.toml")
    a, b = (simulate_days(scenario, Address(4, 0, 0), 1, engine) for engine in ("compiled", "simpy"))
    assert equal_rows(a.visits, b.visits, RESULT) == []
    assert equal_rows(a.steps, b.steps, STEP) == []


def test_lobby_days_are_the_same_on_both_engines() -> None:
    scenario = load(REFERENCE / "lobby_day.toml")
    a, b = (simulate_days(scenario, Address(4, 1, 0), 5, engine) for engine in ("compiled", "simpy"))
    assert len(a.visits) > 1500
    assert equal_rows(a.visits, b.visits, RESULT) == []
    assert equal_rows(a.steps, b.steps, STEP) == []


# -------------------------------------------------------------------------------- the engines' lobby day

# (value, standard error) of the C program of the same test problem: ten independent runs (seeds 101 to 110) of 40,000
# days each, mean over the runs and standard deviation of their means / sqrt(10). Waits in minutes, of those served.
C_PROGRAM = {
    "visitors a day": (399.9701075, 0.0376933),
    "VIP wait": (0.6922672, 0.0004554),
    "ordinary wait": (2.1667354, 0.0010260),
    "abandonment": (0.0716402, 0.0000328),
    "RM wait": (0.6632172, 0.0049036),
    "machine wait": (0.0179061, 0.0000384),
}
BATCHES, DAYS = 20, 1000


def totals_of_a_batch(visits: np.ndarray) -> dict[str, tuple[float, int]]:
    """(total, count) per measure of the visits of some days."""
    at_counter = visits["station"] == CASH
    served = at_counter & (visits["outcome"] == SERVED)
    met = visits["rm_outcome"] == SERVED
    wait, rm_wait = visits["called"] - visits["joined"], visits["rm_called"] - visits["rm_joined"]
    machine = visits["station"] == MACHINE
    vip = visits["vip"] > 0
    return {
        "visitors a day": (len(visits), DAYS),
        "VIP wait": (wait[served & vip].sum(), np.count_nonzero(served & vip)),
        "ordinary wait": (wait[served & ~vip].sum(), np.count_nonzero(served & ~vip)),
        "abandonment": (
            np.count_nonzero(at_counter & (visits["outcome"] == ABANDONED)),
            np.count_nonzero(at_counter),
        ),
        "RM wait": (rm_wait[met].sum(), np.count_nonzero(met)),
        "machine wait": (wait[machine].sum(), np.count_nonzero(machine)),
    }


def test_the_lobby_day_agrees_with_the_c_program() -> None:
    scenario = load(REFERENCE / "lobby_day.toml")
    batches = [
        totals_of_a_batch(simulate_days(scenario, Address(SEED, 0, 0), DAYS, first_day=DAYS * n).visits)
        for n in range(BATCHES)
    ]
    apart = {}
    for name, (value, error) in C_PROGRAM.items():
        totals, counts = np.array([b[name] for b in batches], dtype=float).T
        apart[name] = errors_apart(ratio(totals, counts), value, error)
    assert max(apart.values()) < LIMIT, apart
    vip = np.array([b["VIP wait"] for b in batches], dtype=float).T
    assert errors_apart(ratio(*vip), 1.03 * C_PROGRAM["VIP wait"][0]) > LIMIT  # three hundredths would be seen
