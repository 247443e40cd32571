"""Experts behind the managers (1+N): a finite pool that lifts the closing of the meetings it joins, at a cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_book import z_of_share
from test_year_outreach import some_customers
from years import branch, differing, kpis

from vipsim import agenda as dates
from vipsim import tally
from vipsim.draws import Address
from vipsim.outreach.response import meet
from vipsim.outreach.sales import willingness

AT = Address(1, 0, 0)
DAY = 10
N = 4000
EXPERTS = {"ownership.expert_from_tier": 2, "ownership.expert_session_yuan": 300.0, "response.expert_sale_ratio": 1.6}


def meetings(sessions: int, tier: int) -> tuple[np.ndarray, Any, float]:
    """One meeting with each of N customers alike: sales, the state after it, the chance without an expert."""
    changes = EXPERTS | {"response.meeting_sale_share": 0.3}
    state, policy, _, _ = some_customers(N, changes, tier=tier, ask_from=-1, refusals=0, courted=0.0)
    chance = 0.3 * policy.closing_effort * policy.triggers.response[6] * willingness(policy, state, 0, DAY)
    state.sums.expert_sessions = sessions
    agenda = dates.make(400, 8 * N)
    before = state.book.sales.copy()
    for i in range(N):
        meet(state, agenda, policy, AT, i, 0, DAY, 20)
    return state.book.sales > before, state, chance


def test_experts_lift_the_closing_of_the_meetings_they_join() -> None:
    """T30: each of the pool's sessions by the ratio, none of the meetings after them, at a cost a session."""
    sold, state, chance = meetings(N // 2, 2)
    joined, alone = sold[: N // 2], sold[N // 2 :]
    assert abs(z_of_share(joined, 1.6 * chance)) < 4
    assert abs(z_of_share(joined, chance)) > 4  # and not as without an expert
    assert abs(z_of_share(alone, chance)) < 4
    counted = state.sums.tally.sum(axis=0)
    assert state.sums.expert_sessions == 0
    assert counted[tally.EXPERT_SESSIONS] == N // 2
    none = meetings(0, 2)[1].sums.tally.sum(axis=0)
    assert none[tally.EXPERT_SESSIONS] == 0
    assert counted[tally.CONTACT_YUAN] - none[tally.CONTACT_YUAN] == pytest.approx(300.0 * (N // 2))


def test_experts_come_for_the_upper_tiers_only() -> None:
    plain, without, _ = meetings(0, 1)
    found, state, _ = meetings(N, 1)
    assert np.array_equal(found, plain)
    assert state.sums.expert_sessions == N
    assert np.array_equal(state.sums.tally, without.sums.tally)


def test_a_pool_without_sessions_changes_nothing_and_one_without_effect_costs_only_its_sessions() -> None:
    """Whole years: a month's sessions are used up and begin anew; today's policy, which has none, keeps the run-off."""
    off, idle = (kpis(branch(changes), 1) for changes in ({}, EXPERTS))
    assert differing(off, idle) == set()
    pool = EXPERTS | {"ownership.expert_from_tier": 1, "response.expert_sale_ratio": 1.0}
    none, some = (kpis(branch(pool | {"ownership.expert_sessions_per_month": n}), 1) for n in (0, 2))
    money = {"cost_campaign_yuan", "cost_total_yuan", "net_retained_value_yuan", "budget_used_share"}
    assert differing(none, some) == {"expert_sessions_per_month"} | money
    assert none["expert_sessions_per_month"][0] == 0.0
    assert some["expert_sessions_per_month"][0] == pytest.approx(2.0, abs=0.2)  # few months have no two such meetings
    months = branch().calendar.window_months
    spent = some["cost_campaign_yuan"][0] - none["cost_campaign_yuan"][0]
    assert spent == pytest.approx(300.0 * months * some["expert_sessions_per_month"][0])
