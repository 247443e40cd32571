"""Every KPI is a number on the baseline, moves the way it should, and is empty where there is nothing to average."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from years import BASELINE, SCENARIOS, branch, kpis, world_of

from vipsim import simulate
from vipsim.kpis import KPIS
from vipsim.outreach.triggers import REASONS
from vipsim.scenario import files
from vipsim.scenario.resolve import with_values

REPLICATIONS = 3
UP, DOWN = 1, -1

RIVALS = {"lifecycle.rival_ratio": 3.0}
MANAGERS = {"staff.relationship_manager.employed": 9}
TELLERS = {"staff.teller.employed": 2}
NO_PLAN = {"outreach.triggers.contact_plan.on": False}
BONUS = {"incentives.bonus_yuan": 500.0}
CUT = {"tiers.standard_yuan": 400_000.0}
NO_SALES = {"response.call_sale_share": 0.0, "response.meeting_sale_share": 0.0}
ONE_AT_THE_DESK = {"staff.lobby_manager.employed": 1, "staff.lobby_manager.on_duty": 1}
ONE_MANAGER = {"staff.relationship_manager.employed": 1}
PATIENT_CROWD = ONE_MANAGER | {
    "lobby.meetings.minutes": {"law": "constant", "value_min": 200.0},
    "lobby.meetings.patience": {"law": "never"},
    "lobby.meetings.wait_share": 1.0,
    "lobby.meetings.wait_share_fall_per_min": 0.0,
}
SLOW_MACHINE = {"lobby.diversion.devices": 1, "lobby.diversion.service": {"law": "constant", "value_min": 60.0}}
SCEPTICS = {"lobby.identification.threshold_lobby_manager_score": 20.0}
OPTIMISTS = {"lobby.identification.threshold_lobby_manager_score": -20.0}
UNSEEN = {
    "lobby.entrance.asks_share": 0.0,
    "lobby.entrance.looks_round_share": 0.0,
    "lobby.entrance.takes_number_share": 1.0,
    "lobby.entrance.second_look": False,
}
TELLERS_FIRST = {
    "ownership.teller_from_yuan": 20_000.0,
    "ownership.teller_below_yuan": 500_000.0,
    "ownership.precedence": "teller",
}
PREMIUM = {"assets.rate_premium_share": 0.005}

NOBODY_THERE = {
    "core_identified_share",
    "core_right_share",
    "utilisation_lobby_assistant",
    "utilisation_marketing_supervisor",
    "utilisation_online_team",
    "campaign_goal_share",
    "campaign_cost_ratio",
    "campaign_moved_yuan",
}
"""KPIs of what the baseline lacks: degrees of primes, lobby assistants, a supervisor, an online team, campaigns."""

NOT_ASKED = {"surveyed_relationship_share"}
"""KPIs of a survey, which the baseline does not make (tests/test_survey.py)."""

EMPTIED = {
    "lifecycle.vip_outflow_per_year": 0.6,
    "lifecycle.part_low_share": 1.0,
    "lifecycle.part_high_share": 1.0,
    "assets.saving_share": 0.0,
}

EXPECTED: dict[str, tuple[dict[str, Any], int]] = {
    "opening_assets_yuan": ({"calendar.run_in_months": 0}, DOWN),  # three months of saving less
    "retained_assets_yuan": (RIVALS, DOWN),
    "retained_assets_capped_yuan": (RIVALS, DOWN),
    "retained_assets_with_drift_yuan": ({"assets.return_per_year": [0.3] * 5}, UP),
    "retained_assets_ratio": (RIVALS, DOWN),
    "new_assets_yuan": (NO_SALES, DOWN),
    "net_retained_value_yuan": (RIVALS, DOWN),
    "margin_yuan": (RIVALS, DOWN),
    "terminal_value_yuan": (RIVALS, DOWN),
    "vip_churn_share": (RIVALS, UP),
    "vip_downgrade_share": (RIVALS, UP),
    "net_vip_growth": (RIVALS, DOWN),
    "vip_customers": (RIVALS, DOWN),
    "vip_customer_share": (CUT, DOWN),
    "vip_asset_share": ({"lifecycle.vip_outflow_per_year": 0.5}, DOWN),
    "win_back_share": ({"lifecycle.rescue_share": 0.8}, UP),
    "maturity_kept_share": ({"assets.roll_over_share": 0.95}, UP),
    "visits_per_day": ({"demand.customer_visits_per_year": 2.0}, UP),
    "vip_wait_mean_min": (TELLERS, UP),
    "vip_wait_p90_min": (TELLERS, UP),
    "ordinary_wait_mean_min": (TELLERS, UP),
    "ordinary_wait_p90_min": (TELLERS, UP),
    "vip_abandon_share": (TELLERS, UP),
    "ordinary_abandon_share": (TELLERS, UP),
    "identification_sensitivity": (SCEPTICS, DOWN),
    "identification_specificity": (OPTIMISTS, DOWN),
    "self_service_share": ({"lobby.diversion.devices": 0}, DOWN),
    "utilisation_relationship_manager": (NO_PLAN, DOWN),
    "utilisation_lobby_manager": ({"staff.lobby_manager.employed": 1, "staff.lobby_manager.on_duty": 1}, UP),
    "utilisation_teller": (TELLERS, UP),
    "utilisation_head": ({"ownership.head_from_yuan": 1_000_000.0}, UP),
    "utilisation_max": (TELLERS, UP),
    "meetings_per_day": ({"lobby.meetings.meet_share": 0.9}, UP),
    "contacts_per_day": (NO_PLAN, DOWN),
    "messages_per_day": ({"outreach.triggers.birthday.on": False}, DOWN),
    "coverage_share": (MANAGERS, UP),
    "assigned_share": ({"ownership.assigned_share": 1.0}, UP),
    "relationship_share": ({"lifecycle.relationship_decay_per_month": 0.5}, DOWN),
    "signed_share": ({"ownership.signed_share": 0.0}, DOWN),
    "maintained_share": (MANAGERS, UP),
    "system_active_share": ({"outreach.discipline_share": 0.0, "outreach.checked_share": 0.0}, DOWN),
    "information_share": (NO_PLAN, DOWN),
    "teller_list_customers": ({"ownership.teller_from_yuan": 20_000.0, "ownership.teller_list_most": 50}, UP),
    "tellers_in_talent_pool": (TELLERS_FIRST | {"ownership.talent_from_customers": 1}, UP),
    "card_share": ({"cards.acceptance_share": 0.0}, DOWN),
    "renewal_share": ({"cards.renew_share": 0.1, "cards.renew_reminded_share": 0.2}, DOWN),
    "upgrade_delay_days": ({"cards.acceptance_share": 0.2}, UP),
    "special_card_share": ({"cards.special_share": 0.05}, UP),
    "card_fees_yuan": ({"cards.fee_yuan": 200.0}, UP),
    "card_fees_unpaid_yuan": (EMPTIED, UP),  # who is left without a yuan owes the fee
    "first_contact_in_time_share": ({"ownership.first_contact_days": 60}, UP),
    "transfers_per_month": ({"ownership.head_from_yuan": 1_000_000.0}, UP),  # more cross the bound
    "expert_sessions_per_month": ({"ownership.expert_sessions_per_month": 10, "ownership.expert_from_tier": 1}, UP),
    "follow_up_in_time_share": (MANAGERS, UP),
    "satisfaction_index": (MANAGERS, UP),
    "processing_score_share": (TELLERS, DOWN),
    "complaints_per_1000_visits": ({"experience.complaint_share": 0.02}, UP),
    "products_per_customer": ({"assets.reopen_share": 0.0}, DOWN),
    "complaints_resolved_share": ({"experience.recovered_share": 0.2}, DOWN),
    "sales_per_month": (NO_SALES, DOWN),
    "cost_total_yuan": (MANAGERS, UP),
    "cost_staff_yuan": (MANAGERS, UP),
    "cost_incentive_yuan": (BONUS, UP),
    "cost_campaign_yuan": (NO_PLAN, DOWN),
    "cost_service_yuan": (CUT, DOWN),
    "cost_premium_yuan": (PREMIUM, UP),
    "cost_equipment_yuan": ({"lobby.diversion.devices": 6}, UP),
    "budget_used_share": (BONUS, UP),
    "compliance_breaches": ({"money.month_end_deviation_share": 0.0}, UP),
    "plan_score": (RIVALS, DOWN),
    "vip_wait_p50_min": (TELLERS, UP),
    "core_wait_mean_min": (TELLERS, UP),
    "core_wait_p50_min": (TELLERS, UP),
    "core_wait_p90_min": (TELLERS, UP),
    "middle_wait_mean_min": (TELLERS, UP),
    "middle_wait_p50_min": (TELLERS, UP),
    "middle_wait_p90_min": (TELLERS, UP),
    "ordinary_wait_p50_min": (TELLERS, UP),
    "cash_wait_mean_min": (TELLERS, UP),
    "cash_wait_p50_min": (TELLERS, UP),
    "cash_wait_p90_min": (TELLERS, UP),
    "noncash_wait_mean_min": (TELLERS, UP),
    "noncash_wait_p50_min": (TELLERS, UP),
    "noncash_wait_p90_min": (TELLERS, UP),
    "vip_wait_in_target_share": (TELLERS, DOWN),
    "ordinary_wait_in_target_share": (TELLERS, DOWN),
    "desk_wait_mean_min": (ONE_AT_THE_DESK, UP),
    "self_service_wait_mean_min": (SLOW_MACHINE, UP),
    "relationship_manager_wait_mean_min": (ONE_MANAGER, UP),
    "desk_wait_p50_min": (ONE_AT_THE_DESK, UP),
    "self_service_wait_p50_min": (SLOW_MACHINE, UP),
    "relationship_manager_wait_p50_min": (PATIENT_CROWD, UP),
    "desk_wait_p90_min": (ONE_AT_THE_DESK, UP),
    "self_service_wait_p90_min": (SLOW_MACHINE, UP),
    "relationship_manager_wait_p90_min": (ONE_MANAGER, UP),
    "received_share": (UNSEEN, DOWN),
    "prime_seen_share": (UNSEEN, DOWN),
    "prime_met_share": ({"lobby.meetings.meet_share": 0.9}, UP),
    "missed_primes_per_day": (SCEPTICS, UP),
    "wasted_meeting_min_per_day": (OPTIMISTS, UP),
    "balk_share": ({"lobby.balking.above": 0}, UP),
    "overtaken_per_visit": ({"lobby.vip_service.mode": "strict"}, UP),
    "remote_share": ({"experience.remote_per_user_per_year": 20.0}, DOWN),
    "online_answers_per_day": ({"lobby.online_team.members": 1}, UP),
    "lobby_cost_per_visit_yuan": ({"staff.teller.cost_yuan_per_month": 20_000.0}, UP),
    "leads_per_day": ({"lobby.meetings.phone_share": 0.0}, DOWN),
    "teller_referrals_per_day": ({"incentives.ask_share": 0.9}, UP),
    "referred_on_the_spot_share": ({"lobby.referral.interested_share": 0.9}, UP),
    "ebank_sign_up_share": ({"lobby.ebank.open_signed_share": 0.9}, UP),
    "ebank_activated_share": ({"lobby.ebank.activate_by": "none"}, DOWN),
    "ebank_active_share": ({"lobby.ebank.style": "none"}, DOWN),
    "consent_breaches": ({"lobby.ebank.style": "presumptive"}, UP),
    "false_vip_statements": ({"lobby.ebank.told_vip": True}, UP),
    "disappointed_customers": ({"lobby.ebank.told_vip": True}, UP),
    "cost_channel_yuan": ({"channels.usb_key_yuan": 100.0}, UP),
}

WOMEN_DAY = {"campaigns.women_day.on": True}
OF_CAMPAIGNS = {
    "campaign_goal_share": ({"campaigns.women_day.goal_customers": 1000}, DOWN),
    "campaign_moved_yuan": ({"campaigns.women_day.sale_share": 1.0}, UP),
    "campaign_cost_ratio": ({"campaigns.women_day.sale_share": 1.0}, DOWN),
}
"""Empty where no campaign is on: they are tried with one, and with another share of meetings that sell."""

DEGREES: dict[str, Any] = {"lobby.degrees.told_apart": True}
OF_DEGREES = {
    "core_identified_share": ({"lobby.degrees.core_sensitivity_share": 0.3}, DOWN),
    "core_right_share": ({"lobby.degrees.core_specificity_share": 0.5}, DOWN),
}
"""Empty where core and mid/high primes are not told apart."""


def test_every_kpi_has_an_expectation() -> None:
    assert (
        set(EXPECTED)
        | set(OF_CAMPAIGNS)
        | set(OF_DEGREES)
        | {
            "utilisation_lobby_assistant",
            "utilisation_marketing_supervisor",
            "utilisation_online_team",
        }
        == set(KPIS) - NOT_ASKED
    )


def test_every_kpi_is_a_number_on_the_baseline() -> None:
    found = kpis(BASELINE, 1)
    assert set(found) == set(KPIS)
    assert {name for name, values in found.items() if not np.isfinite(values).all()} == NOBODY_THERE | NOT_ASKED
    shares = [name for name, kpi in KPIS.items() if kpi.unit == "share" and not name.startswith(("retained", "budget"))]
    assert [name for name in shares if name not in NOBODY_THERE | NOT_ASKED and not 0.0 <= found[name][0] <= 1.0] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_kpi_moves_the_way_it_should(name: str) -> None:
    changes, direction = EXPECTED[name]
    change = kpis(with_values(BASELINE, changes), REPLICATIONS)[name] - kpis(BASELINE, REPLICATIONS)[name]
    assert change.mean() * direction > 0.0
    assert (change * direction >= 0.0).sum() >= REPLICATIONS - 1


@pytest.mark.parametrize("name", OF_CAMPAIGNS)
def test_a_kpi_of_campaigns_moves_the_way_it_should(name: str) -> None:
    changes, direction = OF_CAMPAIGNS[name]
    one, other = (kpis(with_values(BASELINE, WOMEN_DAY | more), REPLICATIONS)[name] for more in (changes, {}))
    assert (one - other).mean() * direction > 0.0


@pytest.mark.parametrize("name", OF_DEGREES)
def test_a_kpi_of_degrees_moves_the_way_it_should(name: str) -> None:
    changes, direction = OF_DEGREES[name]
    one, other = (kpis(with_values(BASELINE, DEGREES | more), 1)[name] for more in (changes, {}))
    assert (one - other).mean() * direction > 0.0


def test_a_policy_pays_for_its_window_and_todays_for_the_run_off() -> None:
    """Machines given up come back in the run-off; who moves from the counter is neither dismissed nor hired (B15).

    Internal lines and an assistant have their price (L09, L18).
    """
    assert BASELINE.money is not None
    assert BASELINE.lobby.diversion.devices == 3
    months = BASELINE.calendar.window_months, BASELINE.calendar.run_off_months
    for devices in (0, 6):
        cost = kpis(branch({"lobby.diversion.devices": devices}), 1)["cost_equipment_yuan"][0]
        wanted = (devices * months[0] + 3 * months[1]) * BASELINE.money.device_yuan_per_month
        assert cost == pytest.approx(wanted + sum(months) * 60.0)
    assisted = kpis(branch({"lobby.guidance.rm_assistant": True}), 1)["cost_equipment_yuan"][0]
    machines = 3 * sum(months) * BASELINE.money.device_yuan_per_month
    assert assisted == pytest.approx(machines + sum(months) * 60.0 + months[0] * 1500.0)
    moved = world_of(branch({"ownership.specialists": 2}))
    assert moved.change_yuan == 0.0
    dismissed = world_of(branch({"staff.teller.employed": 2})).change_yuan
    assert dismissed == 2 * BASELINE.staff.teller.cost_yuan_per_month * BASELINE.money.severance_months


def test_remote_transactions_are_off_the_counter_and_cost_their_fee() -> None:
    """EB05, EB10, EB17, U11: a remote transaction is the cheapest, and no lobby is open for it."""
    fee, key = "channels.remote_fee_forgone_yuan", "channels.usb_key_yuan"
    one, two = (kpis(branch({fee: price, key: 0.0}), 1) for price in (0.1, 0.2))
    assert two["cost_channel_yuan"] == pytest.approx(2.0 * one["cost_channel_yuan"])
    none = kpis(branch({"experience.remote_per_user_per_year": 0.0}), 1)
    assert none["self_service_share"][0] < 0.3 < one["self_service_share"][0]
    assert BASELINE.channels is not None
    visit = kpis(BASELINE, REPLICATIONS)["lobby_cost_per_visit_yuan"]
    assert (visit > 10.0 * BASELINE.channels.remote_fee_forgone_yuan).all()


def test_a_kpi_with_nothing_to_average_is_empty() -> None:
    found = kpis(branch({"staff.relationship_manager.employed": 0}), 1)
    assert math.isnan(found["utilisation_relationship_manager"][0])
    found = kpis(branch({"outreach.plan_contacts_per_year": [0.0] * 9}), 1)
    assert math.isnan(found["coverage_share"][0])
    assert math.isnan(found["satisfaction_index"][0])
    quiet = {"lifecycle.detection_recall_share": 0.0, "outreach.triggers.outflow_alert.on": False}
    quiet |= {"book.laws.relations.notice_share": 0.0, "lifecycle.declared_share": 0.0}
    assert math.isnan(kpis(branch(quiet), 1)["win_back_share"][0])
    nobody_comes: dict[str, Any] = {"demand.customer_visits_per_year": 0.0, "demand.walk_ins_per_day": 0.0}
    nobody_comes |= {f"outreach.triggers.{reason}.on": False for reason in REASONS}  # nor by appointment
    nobody_comes |= {"cards.may_issue": False, "cards.renew_share": 0.0, "cards.renew_reminded_share": 0.0}
    nobody_comes["calendar.run_in_months"] = 0
    found = kpis(branch(nobody_comes), 1)
    waits = [name for name in KPIS if "_wait_" in name or "_abandon_" in name or "identification" in name]
    assert all(math.isnan(found[name][0]) for name in waits)
    assert found["visits_per_day"][0] == 0.0


def test_a_lobby_without_a_book_has_the_kpis_of_the_lobby_only() -> None:
    scenario = files.load(SCENARIOS / "reference" / "lobby_day.toml")
    found = simulate.replicate(scenario, 1, 0).kpis
    assert set(found) == set(KPIS)
    assert found["visits_per_day"] > 0.0
    assert math.isfinite(found["ordinary_wait_mean_min"])
    money = [name for name, kpi in KPIS.items() if kpi.unit == "yuan"]
    assert all(math.isnan(found[name]) for name in money)


def test_money_adds_up() -> None:
    found = kpis(BASELINE, REPLICATIONS)
    parts = ("staff", "incentive", "campaign", "service", "premium", "equipment", "channel")
    assert found["cost_total_yuan"] == pytest.approx(sum(found[f"cost_{part}_yuan"] for part in parts))
    value = found["margin_yuan"] - found["cost_total_yuan"] + found["terminal_value_yuan"]
    assert found["net_retained_value_yuan"] == pytest.approx(value)
    assert found["retained_assets_ratio"] == pytest.approx(found["retained_assets_yuan"] / found["opening_assets_yuan"])
