"""Posts: a professional series keeps managers and costs, a full load wears them out, results may be the owner's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_month_reference import entries
from years import BASELINE, Year, branch, differing, kpis

from vipsim import agenda as dates
from vipsim import draws, tally
from vipsim.customers.ownership import trained_skill, turnover_per_year
from vipsim.draws import Address
from vipsim.incentives import ask_rate, credit
from vipsim.lobby.ledger import COLUMNS, IN_MEETING, ON_BREAK, OVERTIME, PER_MINUTE, SUPPLIED
from vipsim.month import Month, policy_of
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values
from vipsim.scenario.schema import Scenario
from vipsim.simulate import _lobby_of
from vipsim.tally import WINDOW
from vipsim.turnover import burnout, file_worn

SHORT: dict[str, Any] = {"book.customers": 400, "book.prospects": 50, "calendar.window_months": 3}


def resignations(year: Year) -> float:
    return float(year.branch.state.sums.tally[:, tally.RESIGNATIONS].sum())


# ------------------------------------------------------------------------------------------ professional series


def test_a_series_raises_skill_keeps_managers_and_costs() -> None:
    """B17: half of five managers; study of five days lifts skill by a bit less than 5 %, turnover falls by 15 %."""
    half = with_values(BASELINE, {"ownership.career_share": 0.5})
    before, after = (policy_of(s, 250.0) for s in (BASELINE, half))
    assert after.closing_effort / before.closing_effort == pytest.approx(1.0 + 0.2 * (1 - np.exp(-0.25)) / 2)
    assert after.money.turnover_per_year == pytest.approx(0.18 * 0.85)
    assert after.staff_yuan_per_month - before.staff_yuan_per_month == pytest.approx(2.5 * 1000.0)
    most = with_values(BASELINE, {"ownership.career_share": 1.0, "ownership.training_days_per_year": 40.0})
    assert trained_skill(most.ownership) < 1.2


def test_without_a_series_nothing_of_it_acts() -> None:
    others = {"ownership.career_study_days": 40.0, "ownership.career_turnover_ratio": 0.0}
    quiet = with_values(BASELINE, others | {"ownership.career_yuan_per_year": 90_000.0})
    plain, same = (policy_of(s, 250.0) for s in (BASELINE, quiet))
    for name in ("closing_effort", "staff_yuan_per_month"):
        assert plain[name] == same[name]
    assert plain.money.turnover_per_year == same.money.turnover_per_year == 0.18


def test_a_series_that_nobody_leaves_has_no_resignations() -> None:
    """In the window, where the policy holds; before and after, today's managers leave as ever."""
    everybody = {"money.turnover_per_year": 1.0, "ownership.career_turnover_ratio": 0.0}
    today, kept = (Year(branch(SHORT | everybody | {"ownership.career_share": s})).run() for s in (0.0, 1.0))
    of_window = [float(y.branch.state.sums.tally[WINDOW, tally.RESIGNATIONS]) for y in (today, kept)]
    assert of_window[0] > 0.0
    assert of_window[1] == 0.0


# ------------------------------------------------------------------------------------------ load


def a_month(used_min: list[float], lobby: Any, overtime_min: float = 0.0) -> np.ndarray:
    """A ledger of one day: managers with 400 paid minutes and a break of 60, so many of them used."""
    ledger = np.zeros((31, lobby.floor.staff, 2, COLUMNS), np.int64)
    for member, used in enumerate(used_min):
        ledger[3, member, 0, SUPPLIED] = (460.0 + overtime_min) * PER_MINUTE
        ledger[3, member, 0, OVERTIME] = overtime_min * PER_MINUTE
        ledger[3, member, 0, ON_BREAK] = 60 * PER_MINUTE
        ledger[3, member, 1, IN_MEETING] = used * PER_MINUTE
    return ledger


def test_a_load_above_the_target_raises_turnover_by_the_point() -> None:
    """B22, by hand: of five posts one is used 95 %, one 90 %, one 50 %, two are empty; 10 + 5 points of 85 % on."""
    tired = with_values(BASELINE, {"money.burnout_ratio": 0.04})
    policy, lobby = policy_of(tired, 250.0), _lobby_of(tired)
    worn = burnout(policy, lobby, a_month([380.0, 360.0, 200.0], lobby))
    assert worn == pytest.approx([0.4, 0.2, 0.0, 0.0, 0.0])
    assert worn.mean() == pytest.approx(0.04 * 15.0 / 5)
    assert burnout(policy, lobby, a_month([340.0] * 5, lobby)) == pytest.approx(np.zeros(5), abs=1e-12)
    assert burnout(policy, lobby, a_month([440.0] * 5, lobby, 60.0)) == pytest.approx([0.04 * 25.0] * 5)  # overtime
    assert burnout(policy_of(BASELINE, 250.0), lobby, a_month([440.0] * 5, lobby)).size == 0


def test_who_leaves_is_who_was_overloaded() -> None:
    """B22: of 6000 months those without a rise file nobody; the others' filed and usual leavers make their hazard."""
    months, turnover = 6000, 0.6
    rise = np.array([0.0, 1.0, 4.0])
    left = np.zeros(3)
    at_any_rate = np.zeros(3)
    for number in range(months):
        month, address = Month(number, 0, 30, 0, -1, np.ones(30)), Address(3, 0, 0)
        agenda = dates.make(31, 10)
        file_worn(agenda, turnover, address, rise, month)
        for _, kind, member, _, _ in entries(agenda):
            assert kind == dates.RESIGN
            left[member] += 1
        for member in range(3):
            u = float(draws.uniform(3, 0, draws.TURNOVER, 0, number, member, 0))
            at_any_rate[member] += u > np.exp(-turnover / 12.0)
    assert left[0] == 0
    for member in (1, 2):
        chance = 1.0 - np.exp(-turnover / 12.0 * (1.0 + rise[member]))
        found = (left[member] + at_any_rate[member]) / months
        assert abs(found - chance) < 4 * np.sqrt(chance * (1.0 - chance) / months)
        assert abs(at_any_rate[member] / months - chance) > 4 * np.sqrt(chance * (1.0 - chance) / months)


def test_more_managers_leave_where_the_load_wears_them_out() -> None:
    """Managers who are never idle, as the target is close to nothing; without the ratio the target does nothing."""
    low = {"money.burnout_from_share": 0.01}
    calm, same, tired = (Year(branch(SHORT | change)).run() for change in ({}, low, low | {"money.burnout_ratio": 1.0}))
    assert resignations(calm) == resignations(same)
    assert np.array_equal(calm.branch.state.sums.tally, same.branch.state.sums.tally)
    assert resignations(tired) > resignations(calm)


# ------------------------------------------------------------------------------------------ whose result


def paid(**changes: Any) -> Any:
    return with_values(BASELINE, {f"incentives.{name}": value for name, value in changes.items()}).incentives


def test_the_credit_that_an_introducer_keeps() -> None:
    """B08, by hand: 18 yuan of the bonus and 60 of motives; split leaves 9 of the 18, the owner's rule none."""
    assert [credit(paid(attribution=x)) for x in ("seller", "split", "owner_takes_all")] == [1.0, 0.5, 0.0]
    asks = [ask_rate(paid(attribution=x), owned=True) for x in ("seller", "split", "owner_takes_all")]
    assert asks == pytest.approx([0.3, 0.3 * (69.0 / 78.0) ** 0.3, 0.3 * (60.0 / 78.0) ** 0.3])
    assert {ask_rate(paid(attribution=x)) for x in ("seller", "split", "owner_takes_all")} == {ask_rate(paid())}
    deaf = paid(attribution="owner_takes_all", ask_elasticity_ratio=0.0)
    assert ask_rate(deaf, owned=True) == ask_rate(deaf)


def test_tellers_ask_owned_customers_less_and_others_as_before() -> None:
    """The same luck: whoever is asked under the owner's rule is asked under the seller's; strangers are asked alike."""
    keen = {"incentives.ask_elasticity_ratio": 2.0, "incentives.intrinsic_yuan": 5.0, "incentives.ask_share": 0.6}
    before, after = (
        _lobby_of(branch(keen | {"incentives.attribution": x})).choices for x in ("seller", "owner_takes_all")
    )
    assert before.ask_owned_share == before.ask_share == after.ask_share == pytest.approx(0.6)
    assert after.ask_owned_share == pytest.approx(0.6 * (5.0 / 23.0) ** 2)
    few, many = (referrals(branch(SHORT | keen | {"incentives.attribution": x})) for x in ("owner_takes_all", "seller"))
    assert few["owned"] < many["owned"]
    assert few["strangers"] == many["strangers"] > 0


def referrals(scenario: Scenario) -> dict[str, int]:
    """Visitors of the window's first month whom a teller asked, by whether they have an owner."""
    year = Year(scenario)
    first = int(np.argmax(year.world.phases == WINDOW))
    for index in range(first + 1):
        year.run_month(index)
    log = year.logs[1]
    rows = log.visits[: log.n[1]]
    asked = rows["pitched"] > 0
    return {"owned": int((asked & (rows["owner"] >= 0)).sum()), "strangers": int((asked & (rows["who"] < 0)).sum())}


def test_the_sellers_rule_is_todays() -> None:
    """Nobody is asked more or less, and the owner's part of a split that does not hold does nothing."""
    plain = kpis(branch(SHORT), 1)
    assert differing(plain, kpis(branch(SHORT | {"incentives.split_owner_share": 0.9}), 1)) == set()


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="owner_takes_all"):
        with_values(BASELINE, {"incentives.attribution": "owner"})
    with pytest.raises(InputError):
        with_values(BASELINE, {"ownership.career_share": 1.5})
    with pytest.raises(InputError):
        with_values(BASELINE, {"money.burnout_from_share": 0.0})
    assert turnover_per_year(BASELINE) == 0.18
