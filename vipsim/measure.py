"""From what a replication counted to its KPIs; the meanings are in ``kpis``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import tally as t
from vipsim.kpis import KPIS
from vipsim.lobby.observed import Observed, measures
from vipsim.scenario.channels import mean_saved_yuan
from vipsim.scenario.staff import ROLES

_NAN = float("nan")
_UTILISED = ("relationship_manager", "lobby_manager", "teller")


class Measured(NamedTuple):
    """What a replication leaves behind for its KPIs.

    ``tally`` float64 [3, columns]; ``observed`` the lobby's days of the window; ``minutes`` float64 [3, roles, 4] paid,
    booked, overtime, in the lobby; ``opening`` and ``closing`` census at the start and the end of the window (None: no
    book).
    """

    tally: np.ndarray
    observed: Observed
    minutes: np.ndarray
    months: tuple[int, int, int]
    opening: Any = None
    closing: Any = None
    tail: np.ndarray | None = None
    opening_assets_fen: float = 0.0
    capped_fen: float = 0.0
    lost_share: float = _NAN
    downgraded_share: float = _NAN
    ebank_active_share: float = _NAN
    terminal_yuan: float = 0.0
    special_card_share: float = _NAN
    system_users: tuple[float, float] = (0.0, 0.0)  # months of members with customers, of those who use the system
    information_share: float = _NAN
    teller_list: int = 0
    talented_tellers: int = 0
    products_per_customer: float = _NAN
    relationship_share: float = _NAN
    surveyed_share: float = _NAN


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else _NAN


def _lobby(m: Measured, w: np.ndarray, scenario: Any) -> dict[str, float]:
    counters = scenario.lobby.counters
    targets = {"vip": counters.target_vip_min, "ordinary": counters.target_ordinary_min}
    found = measures(m.observed.waits(), m.observed.counts, float(w[t.OPEN_DAYS]), targets)
    found["visits_per_day"] = _ratio(w[t.VISITS], w[t.OPEN_DAYS])
    found["meetings_per_day"] = _ratio(w[t.MEETINGS], w[t.OPEN_DAYS])
    found["vip_abandon_share"] = _ratio(w[t.ABANDONED_VIP], w[t.JOINED_VIP])
    found["ordinary_abandon_share"] = _ratio(w[t.ABANDONED_ORDINARY], w[t.JOINED_ORDINARY])
    found["identification_sensitivity"] = _ratio(w[t.PRIME_TREATED], w[t.PRIME_VISITS])
    found["identification_specificity"] = 1.0 - _ratio(w[t.ORDINARY_TREATED], w[t.ORDINARY_VISITS])
    remote = w[t.REMOTE] + w[t.ANSWERED_ONLINE]
    transactions = remote + w[t.MACHINE] + w[t.COUNTER]
    found["self_service_share"] = _ratio(remote + w[t.MACHINE], transactions)
    found["remote_share"] = _ratio(remote, transactions)
    found["online_answers_per_day"] = _ratio(w[t.ANSWERED_ONLINE], w[t.OPEN_DAYS])
    team = scenario.lobby.online_team
    supplied = team.members * team.minutes_per_day * w[t.OPEN_DAYS] if team is not None else 0.0
    found["utilisation_online_team"] = _ratio(w[t.ONLINE_MIN], supplied)
    machines = scenario.lobby.diversion.devices * m.months[1]
    lobby_cost = machines * scenario.money.device_yuan_per_month if scenario.money else _NAN
    for number, role in enumerate(ROLES):
        paid, booked, _, in_lobby = m.minutes[t.WINDOW, number]
        found[f"utilisation_{role}"] = _ratio(booked, paid)
        lobby_cost += in_lobby * _yuan_a_minute(scenario, number, paid, m.months[1])
    found["lobby_cost_per_visit_yuan"] = _ratio(lobby_cost, w[t.VISITS])
    used = [found[f"utilisation_{role}"] for role in _UTILISED if not np.isnan(found[f"utilisation_{role}"])]
    found["utilisation_max"] = max(used, default=_NAN)
    return found


def _overtime(m: Measured, scenario: Any, today: Any) -> float:
    """Pay of overtime in window and run-off: minutes at the role's cost of a paid minute, times the premium."""
    cost = 0.0
    for phase, policy in ((t.WINDOW, scenario), (t.RUN_OFF, today)):
        for n, (paid, _, over, _) in enumerate(m.minutes[phase]):
            cost += over * _yuan_a_minute(policy, n, paid, m.months[phase])
    return float(cost * scenario.money.overtime_ratio)


def _yuan_a_minute(scenario: Any, number: int, paid_min: float, months: int) -> float:
    """Cost of a paid minute of a role, given the minutes paid in so many months; 0 where nobody is."""
    terms = getattr(scenario.staff, ROLES[number])
    if paid_min <= 0.0:
        return 0.0
    return float(terms.cost_yuan_per_month * terms.employed * months / paid_min)


def _equipment_a_month(policy: Any) -> float:
    """Machines, network, telephones, the managers' assistant and the customer system of a policy, yuan a month."""
    hall = policy.lobby.hall
    guidance = policy.lobby.guidance
    monthly = policy.lobby.diversion.devices * policy.money.device_yuan_per_month
    if hall is not None and hall.wifi:
        monthly += hall.wifi_yuan_per_month
    if guidance is not None and guidance.internal_phone:
        monthly += guidance.internal_phone_yuan_per_month
    if guidance is not None and guidance.rm_assistant:
        monthly += guidance.rm_assistant_yuan_per_month
    monthly += policy.outreach.system.yuan_per_month(policy.outreach.data_lag_days)
    return float(monthly)


def _online_team_a_month(policy: Any) -> float:
    """Pay of the online team of a policy, yuan a month (EB20)."""
    team = policy.lobby.online_team
    return float(team.members * team.cost_yuan_per_month) if team is not None else 0.0


def _money(m: Measured, scenario: Any, today: Any) -> dict[str, float]:
    counted = m.tally[t.WINDOW] + m.tally[t.RUN_OFF]
    years = (m.months[1] + m.months[2]) / 12.0
    staff = counted[t.STAFF_YUAN] + counted[t.VACANCY_YUAN] + _overtime(m, scenario, today)
    equipment = _equipment_a_month(scenario) * m.months[t.WINDOW] + _equipment_a_month(today) * m.months[t.RUN_OFF]
    staff += _online_team_a_month(scenario) * m.months[t.WINDOW] + _online_team_a_month(today) * m.months[t.RUN_OFF]
    incentive = counted[t.BONUS_YUAN] + counted[t.OFFER_YUAN]
    equipment += counted[t.CENTRE_YUAN]
    service = counted[t.ENTITLEMENT_YUAN] + counted[t.PERK_YUAN]
    contact = counted[t.CONTACT_YUAN] + scenario.experience.survey_asked * scenario.experience.survey_yuan
    premium = counted[t.PREMIUM_YUAN]
    margin = counted[t.REVENUE_YUAN] + counted[t.FEE_YUAN] + counted[t.CARD_FEES_PAID_YUAN]
    breaches = counted[t.CONSENT_BREACHES]
    channel = counted[t.KEYS] * scenario.channels.usb_key_yuan
    channel += counted[t.REMOTE] * scenario.channels.remote_fee_forgone_yuan
    for phase, policy in ((t.WINDOW, scenario), (t.RUN_OFF, today)):
        channel += m.tally[phase][t.REMOTE] * mean_saved_yuan(policy.demand, policy.channels)
    cost = staff + incentive + service + contact + premium + equipment + channel
    return {
        "margin_yuan": margin,
        "terminal_value_yuan": m.terminal_yuan,
        "net_retained_value_yuan": margin - cost + m.terminal_yuan,
        "cost_total_yuan": cost,
        "cost_staff_yuan": staff,
        "cost_incentive_yuan": incentive,
        "cost_campaign_yuan": contact,
        "cost_service_yuan": service,
        "cost_premium_yuan": premium,
        "cost_equipment_yuan": equipment,
        "cost_channel_yuan": channel,
        "consent_breaches": breaches,
        "budget_used_share": (incentive + contact + service) / (scenario.money.budget_yuan_per_year * years),
        "false_vip_statements": counted[t.TOLD_VIP],
        "disappointed_customers": counted[t.DISAPPOINTED],
        "compliance_breaches": counted[t.DEPOSIT_DEVIATIONS] + counted[t.OUT_OF_HOURS] + breaches + counted[t.TOLD_VIP],
        "card_fees_yuan": counted[t.CARD_FEES_PAID_YUAN],
        "card_fees_unpaid_yuan": max(0.0, counted[t.CARD_FEES_YUAN] - counted[t.CARD_FEES_PAID_YUAN]),
        "new_assets_yuan": (counted[t.WON_FEN] - counted[t.HOT_LEFT_FEN]) / 100.0,
    }


def _book(m: Measured, w: np.ndarray, scenario: Any, today: Any) -> dict[str, float]:
    assert m.tail is not None
    days = m.tail[2]
    with_drift = m.tail[0] / days / 100.0
    retained = with_drift - m.tail[1] / days / 100.0
    opening = m.opening_assets_fen / 100.0
    closing = m.closing
    found = {
        "opening_assets_yuan": opening,
        "retained_assets_yuan": retained,
        "retained_assets_with_drift_yuan": with_drift,
        "retained_assets_capped_yuan": m.capped_fen / 100.0,
        "retained_assets_ratio": _ratio(retained, opening),
        "vip_churn_share": m.lost_share * 12.0 / m.months[1],
        "vip_downgrade_share": m.downgraded_share * 12.0 / m.months[1],
        "net_vip_growth": closing.vips - m.opening.vips,
        "vip_customers": closing.vips,
        "vip_customer_share": _ratio(closing.vips, closing.customers),
        "vip_asset_share": _ratio(closing.vip_assets_yuan, closing.assets_yuan),
        "win_back_share": _ratio(w[t.RESCUED], w[t.RESCUE_WINDOWS]),
        "maturity_kept_share": _ratio(w[t.MATURED_KEPT_FEN], w[t.MATURED_FEN]),
        "contacts_per_day": _ratio(w[t.REACHED] - w[t.MESSAGES] + w[t.MEETINGS], w[t.OPEN_DAYS]),
        "messages_per_day": _ratio(w[t.MESSAGES], w[t.OPEN_DAYS]),
        "coverage_share": _ratio(w[t.PLANNED_MADE], w[t.PLANNED]),
        "ebank_active_share": m.ebank_active_share,
        "products_per_customer": m.products_per_customer,
        "relationship_share": m.relationship_share,
        "surveyed_relationship_share": m.surveyed_share,
        "assigned_share": _ratio(closing.assigned, closing.targets),
        "signed_share": _ratio(closing.signed, closing.targets),
        "system_active_share": _ratio(m.system_users[1], m.system_users[0]),
        "information_share": m.information_share,
        "teller_list_customers": m.teller_list,
        "tellers_in_talent_pool": m.talented_tellers,
        "maintained_share": _ratio(closing.maintained, closing.targets),
        "follow_up_in_time_share": _ratio(w[t.LEADS_IN_TIME], w[t.LEADS]),
        "complaints_per_1000_visits": _ratio(1000.0 * w[t.COMPLAINTS], w[t.VISITS]),
        "processing_score_share": _ratio(w[t.SERVICE_SCORE], w[t.SERVICE_SCORED]),
        "complaints_resolved_share": _ratio(w[t.COMPLAINTS_RESOLVED], w[t.COMPLAINTS]),
        "sales_per_month": w[t.SALES] / m.months[1],
        "card_share": _ratio(closing.cards, closing.vips),
        "renewal_share": _ratio(w[t.CARDS_RENEWED], w[t.RENEWALS_DUE]),
        "upgrade_delay_days": _ratio(w[t.EXCHANGE_DAYS], w[t.CARDS_EXCHANGED]),
        "special_card_share": m.special_card_share,
        "first_contact_in_time_share": _ratio(w[t.FIRST_CONTACTS_MADE], w[t.FIRST_CONTACTS_DUE]),
        "transfers_per_month": w[t.TRANSFERS] / m.months[1],
        "expert_sessions_per_month": w[t.EXPERT_SESSIONS] / m.months[1],
    }
    found |= _money(m, scenario, today)
    return found


def _satisfaction(found: dict[str, float], scenario: Any) -> float:
    weights = scenario.experience
    return float(
        weights.contact_weight_share * found["coverage_share"]
        + weights.processing_weight_share * found["processing_score_share"]
        + weights.identification_weight_share * found["identification_sensitivity"]
    )


def _plan_score(found: dict[str, float], scenario: Any) -> float:
    """Weighted attainment: each target scores 0 at ``zero_at``, 100 at ``full_at``, straight in between."""
    total = 0.0
    for target in scenario.scorecard.targets:
        share = (found[target.kpi] - target.zero_at) / (target.full_at - target.zero_at)
        total += target.weight_share * 100.0 * min(1.0, max(0.0, share))
    return total


def kpis(m: Measured, scenario: Any, today: Any) -> dict[str, float]:
    """All KPIs of one replication, by name; nan where there is nothing to average.

    ``scenario`` holds in the window, ``today`` (the scenario under today's policy) in the run-off.
    """
    w = m.tally[t.WINDOW]
    found = dict.fromkeys(KPIS, _NAN)
    found |= _lobby(m, w, scenario)
    if m.closing is not None:
        found |= _book(m, w, scenario, today)
        found["satisfaction_index"] = _satisfaction(found, scenario)
        found["plan_score"] = _plan_score(found, scenario)
    return {name: float(value) for name, value in found.items()}
