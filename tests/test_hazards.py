"""The hazard of one customer, trait by trait: what moves it, by how much; the season; who sees a notice, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_month_reference import entries
from test_year_lifecycle import in_notice, z_score
from years import branch, world_of

from vipsim import agenda as dates
from vipsim.customers.book import DECLINE, EBANK_ACTIVE, EXPLORATION, MATURITY
from vipsim.customers.lifecycle import give_notice, hazard_ratio, monthly_hazard
from vipsim.customers.segments import DEMAND
from vipsim.customers.state import State, begin
from vipsim.draws import Address
from vipsim.month import policy_of

TRAITS: dict[str, tuple[dict[str, Any], str, float, bool]] = {
    "two products more (Y08)": ({"extra_products": 2}, "product_ratio", 2.0, True),
    "the owner has talked (Y09)": ({"owner": 0, "last_talk": 0}, "maintained_ratio", 1.0, True),
    "an owner who has not talked (B05)": ({"owner": 0}, "maintained_ratio", 0.0, True),
    "active on electronic channels (EB16)": ({"ebank": EBANK_ACTIVE}, "ebank_ratio", 1.0, True),
    "the strongest tie (O10)": ({"relationship": 1.0}, "relationship_ratio", 1.0, True),
    "exploring (Y02)": ({"stage": EXPLORATION}, "exploration_ratio", 1.0, True),
    "declining (Y05)": ({"stage": DECLINE}, "decline_ratio", 1.0, True),
    "a loss (O07)": ({"loss_day": 0}, "loss_ratio", 1.0, True),
    "recommended (N19)": ({"referred": 1}, "referred_ratio", 1.0, True),
    "services stopped (T06)": ({"tier_shock_day": 0}, "downgrade_ratio", 1.0, True),
    "a complaint (N16)": ({"complaint_day": 0}, "complaint_ratio", 1.0, False),
    "a bad wait (N16)": ({"bad_wait_day": 0}, "wait_ratio", 1.0, False),
}
"""What is set, the ratio of the scenario, its power, and whether only its causal part counts."""


def one(**columns: Any) -> tuple[State, Any]:
    """A customer of 500,000 yuan on demand without any of the traits, and the policy."""
    plain = {"stage": MATURITY, "extra_products": 0, "ebank": 0, "relationship": 0.0, "owner": -1, "referred": 0}
    plain |= {"contact_load": 0.0, "care": 0.0, "time_maturity": -1, "vip_group": 1}
    plain |= dict.fromkeys(("last_talk", "loss_day", "tier_shock_day", "complaint_day", "bad_wait_day"), -10_000)
    rows = world_of(branch()).opening[:1].copy()
    rows.balance[:] = 0
    rows.balance[:, DEMAND] = 50_000_000
    for name, value in (plain | columns).items():
        rows[name][:] = value
    return begin(rows, 1), policy_of(branch(), 250.0)


@pytest.mark.parametrize("trait", TRAITS)
def test_each_trait_moves_the_hazard_by_its_ratio(trait: str) -> None:
    columns, ratio, power, causal = TRAITS[trait]
    life = branch().lifecycle
    (state, policy), (plain, _) = one(**columns), one()
    moved = hazard_ratio(state, policy.hazards, 0, 10) / hazard_ratio(plain, policy.hazards, 0, 10)
    assert moved == pytest.approx(getattr(life, ratio) ** (power * (life.causal_share if causal else 1.0)))


def test_contacts_lower_the_hazard_less_and_less() -> None:
    """N13: at most the stated part, half of it at the stated number of contacts a year."""
    life = branch().lifecycle
    found = []
    for care in (0.0, life.contact_half_per_year, 1e9):
        state, policy = one(care=care)
        found.append(hazard_ratio(state, policy.hazards, 0, 10))
    assert found[1] / found[0] == pytest.approx(1.0 - life.contact_effect_share / 2.0)
    assert found[2] / found[0] == pytest.approx(1.0 - life.contact_effect_share)


@pytest.mark.parametrize("group", [0, 1])
def test_the_fourth_quarter_is_the_vips_worst_and_the_year_stays(group: int) -> None:
    """Y10, CF10, N16."""
    life = branch().lifecycle
    state, policy = one(vip_group=group)
    state.sums.hazard_mean[:] = state.sums.hazard_level[:] = 1.0
    quarters = [monthly_hazard(state, policy.hazards, 0, 10, quarter, 0.0) for quarter in range(4)]
    assert np.mean(quarters) == pytest.approx(monthly_hazard(state, policy.hazards, 0, 10, -1, 0.0))
    season = life.quarter4_vip_ratio**life.causal_share if group else 1.0
    assert quarters[3] / quarters[0] == pytest.approx(season)


@pytest.mark.parametrize(("lag", "declared"), [(1, 0.0), (7, 0.0), (7, 1.0)])
def test_the_system_shows_a_notice_as_late_as_its_data(lag: int, declared: float) -> None:
    """D01, M02: who says so is heard the next day; of the others a share is seen, of those with an owner."""
    scenario = branch({"lifecycle.declared_share": declared})
    state, policy = in_notice(scenario, 2000)
    state.book.stage[:] = MATURITY
    state.book.owner[:] = np.arange(2000) % 2 - 1
    agenda = dates.make(200, 10_000)
    for i in range(2000):
        give_notice(state, agenda, Address(3, 0, 0), policy.lifecycle, lag, i, 10)
    alerts = [(day, who) for day, kind, who, *_ in entries(agenda) if kind == dates.ALERT]
    assert {day for day, _ in alerts} == {11 if declared else 11 + lag}
    if declared:
        assert len(alerts) == 2000
    else:
        assert all(who % 2 == 1 for _, who in alerts)
        assert abs(z_score(len(alerts), 1000, scenario.lifecycle.detection_recall_share)) < 4.0
