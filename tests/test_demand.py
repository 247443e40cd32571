"""Demand: the shape of a year and the luck of a day come back from simulated days; files and sections are checked."""

from __future__ import annotations

import copy
import gzip
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, tables
from vipsim.calendar import Days, calendar_days, weekday_numbers
from vipsim.draws import Address
from vipsim.horizon import horizon
from vipsim.lobby.arrays import clear, make_visits
from vipsim.lobby.demand import day_weights, expected_demand
from vipsim.lobby.params import LobbyParams, params
from vipsim.lobby.visits import add_visits, add_walk_ins
from vipsim.scenario import files
from vipsim.scenario.demand import Demand

ADDRESS = Address(1, 0, 0)
WORKDAYS = weekday_numbers(["mon", "tue", "wed", "thu", "fri"])
CALLS = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "us_bank_calls" / "bank_calls_first110.csv.gz"
SMALL = CALLS.parents[1] / "anonymous_bank" / "arrivals_6min_1999_jan_jun.csv.gz"
needs_small = pytest.mark.skipif(not SMALL.is_file(), reason=f"the arrivals of a small bank's calls are not at {SMALL}")
needs_calls = pytest.mark.skipif(not CALLS.is_file(), reason=f"the call counts of a bank are not at {CALLS}")


def lobby(**demand: Any) -> dict[str, Any]:
    """The reference lobby day with some keys of demand changed."""
    out = copy.deepcopy(tables("lobby_day"))
    out["demand"] |= demand
    return out


def section(**demand: Any) -> Demand:
    return Demand.model_validate(lobby(**demand)["demand"])


def month_days(**days: tuple[int, int, float]) -> list[dict[str, Any]]:
    return [{"name": name, "from_day": a, "to_day": b, "factor": f} for name, (a, b, f) in days.items()]


# ---------------------------------------------------------------------------------- the shape of a year


def test_factors_of_weekday_month_and_named_days_multiply() -> None:
    demand = section(
        weekday_factor=[2.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5],
        month_factor=[1.5] + [1.0] * 11,
        month_days=month_days(middle=(11, 20, 1.3), pension=(15, 15, 1.2)),
    )
    found = expected_demand(demand, calendar_days(date(2025, 1, 1), 60, "none", range(5)))
    assert found[0] == pytest.approx(1.5)  # Wednesday 1 January
    assert found[3] == 0.0  # Saturday: closed
    assert found[5] == pytest.approx(2.0 * 1.5)  # Monday 6 January
    assert found[9] == pytest.approx(1.5)  # Friday the 10th
    assert found[12] == pytest.approx(2.0 * 1.5 * 1.3)  # Monday the 13th
    assert found[14] == pytest.approx(1.5 * 1.3 * 1.2)  # the 15th
    assert found[20] == pytest.approx(1.5)  # the 21st
    assert found[33] == pytest.approx(2.0)  # Monday 3 February


def test_a_payday_on_closed_days_is_felt_on_the_next_open_day() -> None:
    """1 and 2 February 2025 are a weekend; a quiet window that falls on closed days is not made up for."""
    days = calendar_days(date(2025, 1, 1), 60, "none", range(5))
    february = 31
    paid = expected_demand(section(month_days=month_days(payday=(1, 2, 1.5))), days)
    assert paid[february + 2] == pytest.approx(1.5)  # Monday the 3rd
    assert paid[0] == paid[1] == pytest.approx(1.5)  # in January the 1st and 2nd are open
    assert paid[2] == 1.0
    quiet = expected_demand(section(month_days=month_days(quiet=(1, 2, 0.5))), days)
    assert quiet[february + 2] == 1.0
    late = expected_demand(
        section(month_days=month_days(end=(31, 31, 2.0))), calendar_days(date(2025, 5, 1), 40, "none", range(5))
    )
    assert np.flatnonzero(late > 1.0).tolist() == [32]  # 31 May is a Saturday: Monday 2 June


def test_demand_around_a_holiday() -> None:
    """National Day 2025: closed from 1 to 8 October; the Saturday after it is worked."""
    demand = section(holidays={"closed_days": 3, "before_factor": [1.2, 1.1], "after_factor": [1.5, 1.3, 1.1]})
    found = expected_demand(demand, calendar_days(date(2025, 9, 22), 25, "CN", WORKDAYS))
    september, october = found[:9], found[9:]
    assert september.tolist() == [1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.1, 1.2]  # Sunday the 28th is worked
    assert october[:8].tolist() == [0.0] * 8
    assert october[8:13].tolist() == [1.5, 1.3, 1.1, 0.0, 1.0]  # 9th, 10th, Saturday 11th, Sunday, Monday
    assert expected_demand(section(), calendar_days(date(2025, 9, 22), 25, "CN", WORKDAYS)).max() == 1.0


def test_a_weekend_is_no_holiday_where_three_closed_days_make_one() -> None:
    days = calendar_days(date(2025, 6, 9), 28, "none", WORKDAYS)
    demand = section(holidays={"closed_days": 3, "before_factor": [2.0], "after_factor": [2.0]})
    assert set(expected_demand(demand, days)) == {0.0, 1.0}
    two = section(holidays={"closed_days": 2, "before_factor": [2.0], "after_factor": [2.0]})
    assert set(expected_demand(two, days)) == {0.0, 1.0, 2.0}


@pytest.mark.parametrize("name", ["baseline", "outlet_2012"])
def test_factors_say_when_customers_come_not_how_often(name: str) -> None:
    """The first year of the window has an average of 1 over its open days; closed days have none."""
    scenario = files.load(f"vipsim:{name}.toml")
    when = horizon(scenario)
    months = scenario.calendar.run_in_months
    year = slice(when.starts[months], when.starts[months + 12])
    is_open = when.days.open[year] > 0
    assert float(when.demand[year][is_open].mean()) == pytest.approx(1.0, abs=1e-12)
    assert np.all(when.demand[year][~is_open] == 0.0)
    assert when.demand.size == when.days.open.size == when.starts[-1]


def test_a_run_that_begins_in_a_holiday_knows_of_it() -> None:
    """29 April to 1 May 2012 were off: three days, of which a run from the 1st of May on sees one."""
    changes = ["calendar.start_date=2012-05-01", "calendar.run_in_months=0"]
    scenario = files.load("vipsim:baseline.toml", changes)
    assert scenario.demand.holidays is not None
    assert scenario.demand.holidays.closed_days == 3
    when = horizon(scenario)
    assert when.days.open[:2].tolist() == [0, 1]
    assert when.demand[1] / when.demand[8] == pytest.approx(scenario.demand.holidays.after_factor[0])  # a week later


def test_flat_demand_is_exactly_one() -> None:
    scenario = files.load("vipsim:reference/lobby_day.toml")
    assert set(horizon(scenario).demand) == {1.0}


# ---------------------------------------------------------------------- what simulated days give back


def counts(p: LobbyParams, expected: np.ndarray) -> np.ndarray:
    """Walk-ins of each day."""
    weights, visits, found = np.empty(expected.size), make_visits(), []
    day_weights(p, ADDRESS, 0, expected, weights)
    for day in range(expected.size):
        clear(visits)
        visits = add_walk_ins(p, ADDRESS, day, weights[day], visits)
        found.append(int(visits.n[0]))
    return np.array(found)


def recover(found: np.ndarray, group: np.ndarray, base: np.ndarray) -> tuple[float, float]:
    """Ratio of the mean of a group of days to that of others, and its standard error."""
    a, b = found[group], found[base]
    ratio = a.mean() / b.mean()
    error = ratio * np.sqrt(a.var(ddof=1) / a.size / a.mean() ** 2 + b.var(ddof=1) / b.size / b.mean() ** 2)
    return float(ratio), float(error)


def simulated() -> tuple[np.ndarray, np.ndarray, Days]:
    """Counts of 20 years with known factors, what was expected of each day, and the days."""
    tables_ = lobby(
        walk_ins_per_day=80.0,
        day_factor_cv=0.1,
        weekday_factor=[1.3, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        month_factor=[1.2] + [1.0] * 11,
        month_days=month_days(pension=(15, 15, 1.4)),
        holidays={"closed_days": 3, "before_factor": [], "after_factor": [1.5]},
    )
    scenario = build(tables_)
    days = calendar_days(date(2004, 1, 1), 7305, "CN", WORKDAYS)
    expected = expected_demand(scenario.demand, days)
    return counts(params(scenario), expected), expected, days


def test_the_factors_come_back_from_simulated_days() -> None:
    found, expected, days = simulated()
    plain = expected == 1.0
    for group, factor in (
        (expected == 1.3, 1.3),  # Mondays
        (expected == 1.2, 1.2),  # January
        (expected == 1.4, 1.4),  # the 15th
        (expected == 1.5, 1.5),  # first days after a holiday
    ):
        assert group.sum() > 50
        ratio, error = recover(found, group, plain)
        assert error < 0.05
        assert abs(ratio - factor) < 4.0 * error
    assert np.all(found[days.open == 0] == 0)
    ratio, error = recover(found, expected == 1.3, plain)
    assert abs(ratio - 1.0) > 4.0 * error  # the comparison can fail


def test_the_profile_comes_back_from_simulated_days() -> None:
    profile = [0.05, 0.15, 0.30, 0.10, 0.0, 0.20, 0.15, 0.05]
    p = params(build(lobby(profile_share=profile)))
    visits = make_visits()
    for day in range(400):
        visits = add_walk_ins(p, ADDRESS, day, 1.0, visits)
    n = int(visits.n[0])
    slots = np.bincount((visits.rows["arrive"][:n] // 60.0).astype(int), minlength=8)
    errors = np.sqrt(np.array(profile) * n)
    assert slots[4] == 0
    assert np.all(np.abs(slots - np.array(profile) * n)[errors > 0] < 4.5 * errors[errors > 0])


# ------------------------------------------------------------------------------------- over-dispersion


def day_factor_cv(table: np.ndarray, groups: np.ndarray) -> float:
    """Variation of the factor that all slots of a day share, from counts[day, slot] of days of several groups.

    With N = Poisson(mean of the slot * G), E G = 1: cov(N_s, N_t) = m_s m_t cv^2 for different slots s, t of a day.
    Summed over all pairs: var(day) - sum of the slots' variances = cv^2 (M^2 - sum m^2). Poisson noise is in neither.
    """
    shared = size = 0.0
    for group in np.unique(groups):
        x = table[groups == group]
        mean = x.mean(axis=0)
        shared += (len(x) - 1) * (x.sum(axis=1).var(ddof=1) - x.var(axis=0, ddof=1).sum())
        size += (len(x) - 1) * (mean.sum() ** 2 - (mean**2).sum())
    return float(np.sqrt(max(shared, 0.0) / size))


def test_the_variation_of_days_comes_back_from_a_made_up_table() -> None:
    """Same schema as the call counts: slots of five minutes on 110 days, two kinds of weekday."""
    g = np.random.default_rng(5)
    groups = np.arange(110) % 2
    mean = np.linspace(50.0, 250.0, 60) * (1.0 + 0.3 * groups[:, None])
    for cv in (0.0, 0.1, 0.2):
        factor = g.gamma(1.0 / cv**2, cv**2, 110) if cv else np.ones(110)
        found = day_factor_cv(g.poisson(mean * factor[:, None]), groups)
        assert found == pytest.approx(cv, abs=4.0 * cv / np.sqrt(2 * 108) + 0.01)


def test_simulated_days_vary_as_declared() -> None:
    """Counts per slot of 1,500 days give the declared variation back; the error is that of a standard deviation."""
    p = params(build(lobby(walk_ins_per_day=120.0, day_factor_cv=0.13)))
    days, slots = 1500, p.arrivals.profile.size
    weights, visits, table = np.empty(days), make_visits(), np.zeros((days, slots))
    day_weights(p, ADDRESS, 0, np.ones(days), weights)
    for day in range(days):
        clear(visits)
        visits = add_walk_ins(p, ADDRESS, day, weights[day], visits)
        table[day] = np.bincount(
            (visits.rows["arrive"][: visits.n[0]] // p.arrivals.slot_min).astype(int), minlength=slots
        )
    assert day_factor_cv(table, np.zeros(days)) == pytest.approx(0.13, abs=4.0 * 0.13 * np.sqrt(1.0 / (2 * days)) * 1.5)
    total = table.sum(axis=1)
    assert total.var() / total.mean() == pytest.approx(1.0 + 120.0 * 0.13**2, rel=4.0 * np.sqrt(2.0 / days))


@needs_calls
def test_public_call_counts_vary_more_than_poisson() -> None:
    """What MODEL.md says of them: variance / mean about 3 in a slot, and how little of it all slots of a day share."""
    lines = gzip.decompress(CALLS.read_bytes()).decode().splitlines()[1:]
    rows = [(line.split(",")[1], int(line.split(",")[2])) for line in lines]
    names = sorted({stamp[:10] for stamp, _ in rows})
    table = np.zeros((len(names), len(rows) // len(names)))
    for i, (_, calls) in enumerate(rows):
        table[i // table.shape[1], i % table.shape[1]] = calls
    weekday = np.array([date.fromisoformat(name).weekday() for name in names])
    assert table.shape == (110, 169)
    ratio = table.var(axis=0, ddof=1) / table.mean(axis=0)
    assert float(np.median(ratio)) == pytest.approx(3.16, abs=0.01)
    assert day_factor_cv(table, np.zeros(110)) == pytest.approx(0.092, abs=0.001)
    assert day_factor_cv(table, weekday) == pytest.approx(0.063, abs=0.001)


@needs_small
def test_days_of_a_small_bank_vary_more() -> None:
    """Sunday to Thursday, without days of under 300 calls: what MODEL.md says of them."""
    lines = gzip.decompress(SMALL.read_bytes()).decode().splitlines()[1:]
    days: dict[str, list[float]] = {}
    for day, _, calls, *_ in (line.split(",") for line in lines):
        days.setdefault(day, []).append(float(calls))
    weekdays = {day: date.fromisoformat(day).weekday() for day in days}
    kept = [day for day, calls in days.items() if weekdays[day] in (6, 0, 1, 2, 3) and sum(calls) > 300]
    assert len(kept) == 126
    table = np.array([days[day] for day in kept], dtype=float)
    assert day_factor_cv(table, np.array([weekdays[day] for day in kept])) == pytest.approx(0.205, abs=0.001)


# --------------------------------------------------------------------------------------- what they want


def test_vips_and_walk_ins_come_for_other_business() -> None:
    one = lobby(walk_ins_per_day=3000.0)["demand"]["transactions"][0]
    other = one | {"name": "opening", "share": 0.2, "vip_share": 0.5, "walk_in_share": 0.7}
    first = one | {"share": 0.8, "vip_share": 0.5, "walk_in_share": 0.3}
    p = params(build(lobby(walk_ins_per_day=3000.0, transactions=[first, other])))
    visits = add_walk_ins(p, ADDRESS, 0, 1.0, make_visits())
    n, zeros = 6000, np.zeros(6000, np.int64)
    walk_ins = int(visits.n[0])
    vip = np.arange(n) % 2
    nothing = zeros.astype(float)
    visits = add_visits(
        p, ADDRESS, 0, n, np.arange(n), zeros, zeros, vip, zeros, zeros - 1, zeros, zeros, nothing, visits
    )
    rows = visits.rows[: visits.n[0]]
    customers = rows[walk_ins:]
    for found, share in ((rows[:walk_ins], 0.7), (customers[vip == 1], 0.5), (customers[vip == 0], 0.2)):
        error = np.sqrt(share * (1.0 - share) / found.size)
        assert abs(float((found["kind"] == 1).mean()) - share) < 4.0 * error


# -------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weekday_factor": [1.0]}, "at least 7"),
        ({"month_factor": [-1.0] + [1.0] * 11}, "every factor >= 0, found -1"),
        ({"third_of_month_factor": [1.0, 1.0, 1.0]}, "third_of_month_factor"),
        ({"month_days": month_days(payday=(20, 10, 1.0))}, "from_day <= to_day, found 20 > 10"),
        ({"month_days": month_days(payday=(0, 10, 1.0))}, "greater than or equal to 1"),
        ({"holidays": {"closed_days": 1, "before_factor": [], "after_factor": []}}, "greater than or equal to 2"),
        ({"holidays": {"closed_days": 3, "before_factor": [-0.1], "after_factor": []}}, "every factor >= 0"),
    ],
)
def test_faulty_demand_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        section(**changes)


def test_a_mix_of_a_class_must_be_whole() -> None:
    one = lobby()["demand"]["transactions"][0]
    with pytest.raises(ValueError, match=r"vip_share of transactions to sum to 1, found 0\.5"):
        section(transactions=[one | {"vip_share": 0.5}])
