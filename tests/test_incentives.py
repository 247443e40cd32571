"""Incentives: effort is 1 at the reference, rises with own pay, and acts through nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from years import BASELINE, branch, differing, kpis

from vipsim.incentives import ask_rate, closing_effort, effort
from vipsim.scenario.money import Incentives

pay = st.floats(0.0, 500.0)
share = st.floats(0.0, 1.0)
elasticity = st.floats(0.01, 2.0)


def incentives(**changes: float) -> Incentives:
    assert BASELINE.incentives is not None
    return Incentives.model_validate(BASELINE.incentives.model_dump() | changes)


@given(pay, st.floats(1.0, 500.0), elasticity)
def test_effort_is_one_at_the_reference(reference: float, intrinsic: float, power: float) -> None:
    assert effort(reference, reference, intrinsic, power) == 1.0
    assert effort(reference, reference, intrinsic, 0.0) == 1.0


@given(pay, pay, st.floats(1.0, 500.0), elasticity)
def test_effort_rises_with_pay_and_never_ends(low: float, high: float, intrinsic: float, power: float) -> None:
    low, high = sorted((low, high))
    assert 0.0 < effort(low, 60.0, intrinsic, power) <= effort(high, 60.0, intrinsic, power)


@given(pay, share, share)
def test_the_split_moves_one_effort_against_the_other(bonus: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    less, more = (incentives(bonus_yuan=bonus, referral_share=s) for s in (low, high))
    assert ask_rate(less) <= ask_rate(more) <= 1.0
    assert closing_effort(less) >= closing_effort(more) > 0.0


def test_at_the_reference_people_do_as_observed() -> None:
    observed = incentives()
    assert ask_rate(observed) == pytest.approx(observed.ask_share, rel=1e-12)
    assert closing_effort(observed) == pytest.approx(1.0, rel=1e-12)


def test_effort_by_hand() -> None:
    """60 yuan, 30 % to the introducer, 60 yuan of unpaid motives; without the bonus only the motives are left."""
    nothing = incentives(bonus_yuan=0.0)
    assert ask_rate(nothing) == pytest.approx(0.3 * (60.0 / 78.0) ** 0.3)
    assert closing_effort(nothing) == pytest.approx((60.0 / 102.0) ** 0.2)


def test_a_rate_of_asking_is_at_most_one() -> None:
    assert ask_rate(incentives(ask_share=0.9, bonus_yuan=500.0, referral_share=1.0, ask_elasticity_ratio=2.0)) == 1.0


def test_a_bonus_acts_only_through_effort() -> None:
    """With elasticities of 0 a bonus costs money and changes nothing else."""
    deaf = {"incentives.ask_elasticity_ratio": 0.0, "incentives.closing_elasticity_ratio": 0.0}
    plain, paid = (kpis(branch(deaf | {"incentives.bonus_yuan": bonus}), 2) for bonus in (60.0, 500.0))
    assert differing(plain, paid) == {
        "cost_incentive_yuan",
        "cost_total_yuan",
        "budget_used_share",
        "net_retained_value_yuan",
    }
    assert (paid["cost_incentive_yuan"] > plain["cost_incentive_yuan"]).all()


def test_a_bonus_sells_more_where_sellers_listen() -> None:
    keen = {"incentives.closing_elasticity_ratio": 1.0}
    few, many = (kpis(branch(keen | {"incentives.bonus_yuan": bonus}), 4)["sales_per_month"] for bonus in (0.0, 500.0))
    assert many.mean() > 1.5 * few.mean()
