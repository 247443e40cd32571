# mypy: allow-untyped-defs, allow-untyped-calls
"""Between the days: what a month's opening and closing do to every customer.

The opening (``month_opening``) credits markets and savings, lets relationships fade, and draws the dates of what may
happen in the month: notices, visits, reminders, planned contacts, recommendations. The closing takes averages,
re-grades tiers and counts revenue and cost. Both are one pass over the book; nothing else is.
"""

from __future__ import annotations

from math import exp, floor
from typing import Any, NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import RESIGN, file
from vipsim.compiled import inlined, kernel, lean, pasted
from vipsim.customers import cards as card_rules
from vipsim.customers.assets import market_returns
from vipsim.customers.book import EBANK_ACTIVE, EXITED, EXPLORATION, PROSPECT
from vipsim.customers.cards import close_contract, level_served, note_grade, review_card
from vipsim.customers.lifecycle import (
    VIP_GROUP,
    HazardRatios,
    day_of_event,
    hazard_ratios,
    is_maintained,
    leaving_rate,
    monthly_hazard,
)
from vipsim.customers.ownership import (
    OWNER_POSTS,
    RM_FIRST,
    Team,
    career_yuan_per_month,
    settle_first_contact,
    trained_skill,
    turnover_per_year,
)
from vipsim.customers.segments import (
    DEMAND,
    TIME,
    Cuts,
    cuts_of,
    is_target,
    levels_of,
    planned_contacts,
    tier_of,
    type_of,
)
from vipsim.customers.state import CLASSES, assets, count
from vipsim.draws import draw
from vipsim.incentives import ask_rate, closing_effort
from vipsim.month_opening import make_block, open_rows
from vipsim.outreach import triggers as trigger_rules
from vipsim.records import as_record
from vipsim.scenario.channels import board_care_share, with_hall
from vipsim.scenario.lobby import special_approval_days
from vipsim.scenario.views import view


class Policy(NamedTuple):
    """A scenario's settings of the relationship side, as the kernels read them (``policy_of``)."""

    cards: Any
    levels: Any
    ownership: Any
    outreach: Any
    triggers: Any
    response: Any
    lifecycle: Any
    hazards: HazardRatios
    assets: Any
    incentives: Any
    money: Any
    experience: Any
    channels: Any
    board_care_share: float
    special_approval_days: int
    cuts: Cuts
    closing_effort: float
    ask_rate: float
    visits_per_open_day: float
    vip_visit_ratio: float
    ebank_visit_ratio: float
    staff_yuan_per_month: float
    rm_yuan_per_month: float


class Month(NamedTuple):
    """One calendar month of a replication."""

    number: int  # 0, 1, ... from the start of the run
    first_day: int
    days: int
    quarter: int  # 0..3
    festival: int  # day of the month's greetings, -1 = none
    open_weights: np.ndarray  # float64 [days] expected demand of each day relative to an average open day


class ViewedOutreach(NamedTuple):
    """The outreach settings that the plan reads."""

    threshold_near_share: float
    threshold_every_months: int
    pitch_on_first_contact: int
    firm_appointments: int
    ask_whys: int
    change_seller_after: int
    discipline_share: float
    unconditional_tier: int
    checked_share: float
    check_min: float
    rest_days: int
    most_contacts_per_month: int
    most_contacts_per_day: int
    most_attempts: int
    data_lag_days: int
    call_from_min: float
    call_until_min: float
    do_not_call_share: float


def policy_of(scenario: Any, open_days_per_year: float) -> Any:
    """The settings of one policy as a record (fields as ``Policy``).

    ``open_days_per_year`` spreads yearly visits over the days on which the branch is open.
    """
    outreach = scenario.outreach
    staff = scenario.staff
    levels = levels_of(scenario)
    plan = {"plan_contacts_per_year": planned_contacts(scenario)}
    hazards = hazard_ratios(scenario.lifecycle, scenario.response)
    return as_record(
        Policy(
            cards=card_rules.rules(scenario),
            levels=levels,
            ownership=view(scenario.ownership),
            outreach=ViewedOutreach(*(getattr(outreach, name) for name in ViewedOutreach._fields)),
            triggers=trigger_rules.rules(scenario.model_copy(update={"outreach": outreach.model_copy(update=plan)})),
            response=view(scenario.response),
            lifecycle=view(trigger_rules.watching(scenario)),
            hazards=hazards._replace(level=levels.hazard, most=hazards.most * float(levels.hazard.max())),
            assets=view(scenario.assets),
            incentives=view(scenario.incentives),
            money=view(scenario.money.model_copy(update={"turnover_per_year": turnover_per_year(scenario)})),
            experience=view(scenario.experience),
            channels=view(with_hall(scenario.channels, scenario.lobby.hall)),
            board_care_share=board_care_share(scenario.lobby.hall),
            special_approval_days=special_approval_days(scenario.lobby),
            cuts=cuts_of(scenario),
            closing_effort=closing_effort(scenario.incentives) * trained_skill(scenario.ownership),
            ask_rate=ask_rate(scenario.incentives),
            visits_per_open_day=scenario.demand.customer_visits_per_year / open_days_per_year,
            vip_visit_ratio=scenario.demand.vip_visit_ratio,
            ebank_visit_ratio=scenario.demand.ebank_visit_ratio,
            staff_yuan_per_month=sum(role.employed * role.cost_yuan_per_month for _, role in staff)
            + career_yuan_per_month(scenario),
            rm_yuan_per_month=staff.relationship_manager.cost_yuan_per_month,
        )
    )


@kernel
def open_month(state, agenda, policy, address, team, month):
    """The month's opening: one pass over the book, and the managers who resign."""
    total = month.open_weights.sum()
    cumulative = np.cumsum(month.open_weights)
    if total > 0.0:
        cumulative /= total
    returns = market_returns(address, policy.assets, month.number)
    block = make_block(state.book.size)
    open_rows(state, agenda, policy, address, team, month, returns, cumulative, total, block)
    for member in range(team.rm_count):
        u = draw(address, draws.TURNOVER, month.number, member, 0)
        when = day_of_event(u, policy.money.turnover_per_year / 12.0, month.days)
        if when >= 0:
            file(agenda, month.first_day + when, RESIGN, RM_FIRST + member, 0, 0)
    state.sums.expert_sessions = policy.ownership.expert_sessions_per_month
    count(state, tally.STAFF_YUAN, policy.staff_yuan_per_month)
    count(state, tally.ENTITLEMENT_YUAN, policy.cards.roaming_yuan)
    count(state, tally.CENTRE_YUAN, policy.ownership.centres * policy.ownership.centre_yuan_per_year / 12.0)


@inlined
def _day_average(flow_days, days):
    """Whole fen that flows weighted with their days make on the average day, rounded down.

    Real numbers divide faster, and whole ones below 2**53 (fen x days) come out the same.
    """
    return np.int64(floor(np.float64(flow_days) / days))


@pasted
def regrade(state, policy, address, i, month):
    """Re-grade customer i by the window average, and review the card (T02, T04-T08).

    Of somebody who has left only the averages go on, and the contract ends.
    """
    book = state.book
    window = book.month_average.shape[1]
    flows = _day_average(book[i].flow_days, month.days)
    book[i].month_average[month.number % window] = book[i].month_start + flows
    if book[i].stage == EXITED:
        close_contract(state, policy.cards, i)
        return
    total = np.int64(0)
    for column in range(window):
        total += book[i].month_average[column]
    cuts = policy.cuts.tier_fen  # compared with the sum of the window: a division would cost as much as all the rest
    earned = tier_of(total, (cuts[0] * window, cuts[1] * window, cuts[2] * window))
    if (earned > 0) | (book[i].tier > 0) | (book[i].card > 0) | (book[i].fee_due > 0):
        note_grade(state, policy.cards, i, earned, month.first_day + month.days)
        review_card(state, policy.cards, address, i, earned, month)
    book[i].type = type_of(
        book[i].tier,
        book[i].signed,
        True,
        assets(book, i) + book[i].elsewhere,
        policy.cuts.tier_fen[0],
        policy.cuts.potential_ratio,
    )


@lean
def close_month(state, policy, address, month):
    """The month's closing: averages and tiers of every customer, revenue and yearly costs of the branch."""
    premium = 0.0
    entitlement = 0.0
    remote = 0.0
    remote_of_one = policy.experience.remote_per_user_per_year / 12.0
    for i in range(state.sums.next_prospect):
        stage = state.book[i].stage
        if not EXPLORATION <= stage <= EXITED:
            continue
        regrade(state, policy, address, i, month)
        if stage == EXITED:
            continue
        settle_first_contact(state, policy.ownership, i, month.first_day + month.days)
        entitlement += policy.cards.service_yuan[level_served(state.book, i)]
        if state.book[i].tier > 0:
            premium += np.float64(state.book[i].balance[TIME]) / 100.0 * policy.assets.rate_premium_share / 12.0
        remote += remote_of_one if state.book[i].ebank == EBANK_ACTIVE else 0.0
    count(state, tally.ENTITLEMENT_YUAN, entitlement)
    count(state, tally.PREMIUM_YUAN, premium)
    count(state, tally.REMOTE, remote)
    for product in range(CLASSES):
        average = np.float64(state.sums.class_days[product]) / np.float64(month.days) / 100.0
        count(state, tally.REVENUE_YUAN, average * policy.money.margin_per_year[product] / 12.0)
    deposits = np.float64(state.sums.class_total[DEMAND] + state.sums.class_total[TIME])
    average = np.float64(state.sums.class_days[DEMAND] + state.sums.class_days[TIME]) / np.float64(month.days)
    if average > 0.0 and (deposits - average) / average > policy.money.month_end_deviation_share:
        count(state, tally.DEPOSIT_DEVIATIONS, 1.0)


@lean
def terminal_value(state, policy, day):
    """Margin of what stays over ``terminal_months``, with each customer's present attrition, yuan.

    The expected loss of a large outflow is its hazard times the part it takes on average; maturing money leaves at
    its expected rate, with as many reminders in time as the run has had.
    """
    life = policy.lifecycle
    part = life.close_share + (1.0 - life.close_share) * (life.part_low_share + life.part_high_share) / 2.0
    owned = reminded = 0.0
    for phase in range(state.sums.tally.shape[0]):
        owned += state.sums.tally[phase, tally.MATURED_OWNED]
        reminded += state.sums.tally[phase, tally.MATURED_REMINDED]
    reminders = reminded / owned if owned > 0.0 else 0.0
    value = 0.0
    for i in range(state.sums.next_prospect):
        if not PROSPECT < state.book[i].stage < EXITED:
            continue
        yearly = 0.0
        for product in range(CLASSES):
            yearly += np.float64(state.book[i].balance[product]) / 100.0 * policy.money.margin_per_year[product]
        hazard = monthly_hazard(state, policy.hazards, i, day, -1, 0.0)
        matures = leaving_rate(state, policy.assets, reminders, i) / 12.0
        stays = 1.0
        for _ in range(policy.money.terminal_months):
            stays *= max(0.0, 1.0 - (1.0 - exp(-hazard)) * part - matures)
            value += yearly / 12.0 * stays
    return value


class Census(NamedTuple):
    """Counts of the book on one day."""

    customers: float
    vips: float
    targets: float
    assigned: float
    signed: float
    maintained: float
    assets_yuan: float
    vip_assets_yuan: float
    cards: float  # VIPs who hold a card


@lean
def graded(state, policy, i):
    """Tier of customer i's window average under a policy's cuts, whatever card is held."""
    row = state.book[i]
    window = row.month_average.size
    total = np.int64(0)
    for column in range(window):
        total += row.month_average[column]
    return tier_of(total // window, policy.cuts.tier_fen)


@lean
def census(state, policy, day):
    """Count the book by one policy's cuts (today's, so that a policy cannot win by moving them).

    Customers, VIPs, target customers (VIP, B or C) and who keeps them (CF02-CF04).
    """
    book = state.book
    customers = vips = targets = assigned = signed = maintained = here = vip_here = cards = 0.0
    for i in range(state.sums.next_prospect):
        row = book[i]
        if not PROSPECT < row.stage < EXITED:
            continue
        have = np.float64(assets(book, i)) / 100.0
        customers += 1.0
        here += have
        tier = graded(state, policy, i)
        wealth = assets(book, i) + row.elsewhere
        kind = type_of(tier, row.signed, True, wealth, policy.cuts.tier_fen[0], policy.cuts.potential_ratio)
        if tier > 0:
            vips += 1.0
            vip_here += have
            cards += 1.0 if row.card > 0 else 0.0
        if is_target(tier, kind):
            targets += 1.0
            assigned += 1.0 if row.owner >= 0 else 0.0
            signed += 1.0 if row.signed > 0 else 0.0
            maintained += 1.0 if is_maintained(book, i, day, policy.lifecycle.maintained_days) else 0.0
    return Census(customers, vips, targets, assigned, signed, maintained, here, vip_here, cards)


@lean
def fix_cohort(state, policy, day):
    """The opening: from today the customers of the book are the cohort, with their tiers and assets as they are."""
    book = state.book
    state.sums.cohort_fen = 0
    state.sums.cohort_drift_fen = 0
    for group in range(2):
        state.sums.group[group] = 0.0
    for i in range(state.sums.next_prospect):
        inside = PROSPECT < book[i].stage < EXITED
        state.book[i].cohort = 1 if inside else 0
        state.book[i].drift = 0
        state.book[i].lost = 0
        book[i].opening_tier = book[i].tier
        state.book[i].vip_group = VIP_GROUP if book[i].tier > 0 else 0
        state.book[i].opening_assets = assets(book, i)
        if inside:
            state.sums.group[book[i].vip_group] += 1.0
            state.sums.cohort_fen += assets(book, i)


def team_of(scenario: Any) -> Team:
    """The staff who may own customers."""
    staff = scenario.staff
    return Team(
        rm_count=staff.relationship_manager.employed,
        teller_count=staff.teller.employed,
        head_count=staff.head.employed,
        books=np.zeros(OWNER_POSTS, np.int64),
    )
