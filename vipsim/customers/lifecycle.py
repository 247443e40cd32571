# mypy: allow-untyped-defs, allow-untyped-calls
"""Life cycle: how likely a customer is to take the money away, and what becomes of a notice.

Competing observations (N14, N17, N36, the month's outflows) describe the same money, so there is one hazard: of a
large outflow (half the assets or more, Y05). It is a product of ratios, each 1 for an unremarkable customer. The
ratios are discounted from association to effect (``causal_share``), have a floor, and are divided by their mean
over the opening book, so that the book as it is, under today's policy, reproduces the observed yearly rate.
"""

from __future__ import annotations

import math
from math import exp, log
from typing import NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import ALERT, LEAVE, file
from vipsim.compiled import kernel, lean
from vipsim.customers.assets import kept_share
from vipsim.customers.book import DECLINE, DEVELOPMENT, EBANK_ACTIVE, EXITED, EXPLORATION, MATURITY, NO_OWNER, NOTICE
from vipsim.customers.segments import TIME, WEALTH_PRODUCT
from vipsim.customers.state import CLASSES, State, assets, count, take_out
from vipsim.draws import draw, pair
from vipsim.scenario.book import MOST_PARTS
from vipsim.scenario.lifecycle import Lifecycle
from vipsim.scenario.outreach import Response

VIP_GROUP, ORDINARY_GROUP = 1, 0
FALSE, SEEN, DECLARED = range(3)  # amount of an alert on the agenda
MOST_PRODUCTS = 12
_ROUNDING = 1.0 + 1e-9  # a bound holds however its factors were rounded

# Numbers of the draws of one notice (stream OUTFLOW, time = day of the notice).
_DETECT, _CLOSE, _RESCUE = 0, 2, 4
_EPOCH = 1 << 16  # days of notices given before the start are negative, an address is not


class HazardRatios(NamedTuple):
    """Ratios of the hazard as used: discounted to their causal part."""

    products: np.ndarray  # float64 [MOST_PRODUCTS + 1] by products held beyond the first
    maintained: float
    contact_effect: float  # most that contacts lower the hazard, share
    contact_half: float  # yearly contacts that reach half of it
    fatigue_from: float
    fatigue: float
    ebank: float
    complaint: float
    wait: float
    downgrade: float
    quarter4: float  # of VIPs, relative to the year's mean
    other_quarters: float
    rival: float
    relationship: float
    exploration: float
    decline: float
    loss: float
    referred: float
    locked: float
    floor: float
    most: float  # the largest product of these ratios, fatigue apart
    maintained_days: int
    shock_days: int
    loss_days: int
    locked_days: int
    leave_exploration: float  # chance a month
    leave_development: float
    level: np.ndarray  # float64 [10, MOST_PARTS, 2] by grid level (0 = not known yet), area, use of e-banking
    monthly: np.ndarray  # float64 [2] observed hazard a month: ordinary, VIP


def hazard_ratios(life: Lifecycle, response: Response) -> HazardRatios:
    """The ratios that the kernels use, from the scenario's associations."""

    def causal(ratio: float) -> float:
        return float(ratio**life.causal_share)

    season = causal(life.quarter4_vip_ratio)
    season_mean = (3.0 + season) / 4.0
    yearly = (life.ordinary_outflow_per_year, life.vip_outflow_per_year)
    found = HazardRatios(
        products=np.array([causal(life.product_ratio) ** n for n in range(MOST_PRODUCTS + 1)]),
        maintained=causal(life.maintained_ratio),
        contact_effect=life.contact_effect_share,
        contact_half=life.contact_half_per_year,
        fatigue_from=response.fatigue_from_per_year,
        fatigue=response.fatigue_share,
        ebank=causal(life.ebank_ratio),
        complaint=life.complaint_ratio,  # what is suffered is no label that targeting confounds: in full
        wait=life.wait_ratio,
        downgrade=causal(life.downgrade_ratio),
        quarter4=season / season_mean,
        other_quarters=1.0 / season_mean,
        rival=life.rival_ratio,
        relationship=causal(life.relationship_ratio),
        exploration=causal(life.exploration_ratio),
        decline=causal(life.decline_ratio),
        loss=causal(life.loss_ratio),
        referred=causal(life.referred_ratio),
        locked=causal(life.locked_ratio),
        floor=life.floor_ratio,
        most=0.0,
        maintained_days=life.maintained_days,
        shock_days=life.shock_days,
        loss_days=life.loss_days,
        locked_days=life.locked_days,
        leave_exploration=1.0 - exp(-1.0 / life.exploration_months),
        leave_development=1.0 - exp(-1.0 / life.development_months),
        level=np.ones((10, MOST_PARTS, 2)),  # policy_of puts in those of [grid]
        monthly=np.array([-log(1.0 - rate) / 12.0 for rate in yearly]),
    )
    raised = (
        found.maintained,
        found.ebank,
        found.complaint,
        found.wait,
        found.downgrade,
        found.relationship,
        found.loss,
        found.referred,
        found.locked,
    )
    stage = max(1.0, found.exploration, found.decline)
    most = float(found.products.max()) * stage * math.prod(max(1.0, ratio) for ratio in raised)
    return found._replace(most=most * _ROUNDING)


@lean
def products_held(book, i):
    """Number of products customer i holds: product classes with money, and others."""
    held = np.int64(book[i].extra_products)
    for product in range(CLASSES):
        held += 1 if book[i].balance[product] > 0 else 0
    return held


@lean
def is_maintained(book, i, day, maintained_days):
    """Whether the owner has spoken with the customer recently: assigned is not managed, a message is no talk."""
    return book[i].owner >= 0 and day - book[i].last_talk <= maintained_days


@lean
def hazard_ratio(state, ratios, i, day):
    """Product of the ratios of customer i on a day, season and rivals apart; 1 = an unremarkable customer."""
    book = state.book
    extra = min(max(products_held(book, i) - 1, 0), MOST_PRODUCTS)
    ratio = ratios.products[extra]
    if is_maintained(book, i, day, ratios.maintained_days):
        ratio *= ratios.maintained
    care = state.book[i].care
    ratio *= 1.0 - ratios.contact_effect * care / (care + ratios.contact_half)
    tiring = book[i].contact_load - ratios.fatigue_from
    if tiring > 0.0:
        ratio *= 1.0 + ratios.fatigue * tiring
    if book[i].ebank == EBANK_ACTIVE:
        ratio *= ratios.ebank
    if day - book[i].complaint_day <= ratios.shock_days:
        ratio *= ratios.complaint
    if day - book[i].bad_wait_day <= ratios.shock_days:
        ratio *= ratios.wait
    if day - book[i].tier_shock_day <= ratios.shock_days:
        ratio *= ratios.downgrade
    if day - book[i].loss_day <= ratios.loss_days:
        ratio *= ratios.loss
    if book[i].referred:
        ratio *= ratios.referred
    if book[i].time_maturity - day > ratios.locked_days and 2 * book[i].balance[TIME] >= assets(book, i):
        ratio *= ratios.locked
    ratio *= 1.0 - (1.0 - ratios.relationship) * book[i].relationship
    ratio *= ratios.level[book[i].level, book[i].area, 1 if book[i].ebank == EBANK_ACTIVE else 0]
    if book[i].stage == EXPLORATION:
        ratio *= ratios.exploration
    elif book[i].stage == DECLINE:
        ratio *= ratios.decline
    return ratio


@lean
def monthly_hazard(state, ratios, i, day, quarter, invited):
    """Hazard of a large outflow in the month of ``day``, per month.

    ``quarter`` 0-3, -1 for the year's mean; ``invited`` is the part of threats that an offer itself calls forth,
    among VIPs. The rivals' pull is no part of the opening mean: the observed rates are those of a pull of 1.
    """
    group = state.book[i].vip_group
    mean = state.sums.hazard_mean[group]
    ratio = max(hazard_ratio(state, ratios, i, day) / mean, ratios.floor)
    if group == VIP_GROUP:
        if quarter >= 0:
            ratio *= ratios.quarter4 if quarter == 3 else ratios.other_quarters
        ratio *= 1.0 + invited
    return ratio * state.sums.hazard_level[group] * ratios.rival * ratios.monthly[group]


@lean
def most_hazard(state, ratios, group, invited):
    """What ``monthly_hazard`` of a customer of a group cannot exceed, unless contacts have made the customer tired."""
    ratio = max(ratios.most / state.sums.hazard_mean[group], ratios.floor)
    if group == VIP_GROUP:
        ratio *= max(1.0, ratios.quarter4, ratios.other_quarters) * (1.0 + invited)
    return ratio * state.sums.hazard_level[group] * ratios.rival * ratios.monthly[group] * _ROUNDING


@lean
def leaving_rate(state, flows, reminders, i):
    """Expected yearly outflow of customer i's maturing money, as a part of the assets here.

    ``reminders``: the share of the owned customers' maturities that are reminded of in time.
    """
    row = state.book[i]
    have = np.float64(assets(state.book, i))
    reminded = reminders if row.owner >= 0 else 0.0
    vip = row.tier > 0
    leaves = (1.0 - reminded) * (1.0 - kept_share(flows, False, vip)) + reminded * (1.0 - kept_share(flows, True, vip))
    rate = 0.0
    for product in (TIME, WEALTH_PRODUCT):
        part = np.float64(row.balance[product]) / have if have > 0.0 else 0.0
        if part > 0.0:
            term = row.time_term if product == TIME else flows.product_term_days
            rate += part * leaves * flows.leave_share * 365.25 / max(term, 1)
    return rate


@kernel
def observe_hazards(state, policy, level, customers, day):
    """Scale the hazards: ratios are divided by their mean over the opening book and multiplied by ``level``.

    The level (float64 [2], ordinary and VIP) is found by a pilot (``simulate``), so that under today's policy
    notices less rescues, and maturities that take half the assets, together reproduce the observed yearly rates
    (N14, N15). Weights are equal: the rates count customers.
    """
    total = np.zeros(2)
    people = np.zeros(2)
    for i in range(customers):
        row = state.book[i]
        if EXPLORATION <= row.stage <= DECLINE:
            total[row.vip_group] += hazard_ratio(state, policy.hazards, i, day)
            people[row.vip_group] += 1.0
    for group in range(2):
        if people[group] > 0.0:
            state.sums.hazard_mean[group] = total[group] / people[group]
        state.sums.hazard_level[group] = level[group]


def better_level(level: np.ndarray, state: State, life: Lifecycle, window_months: int) -> np.ndarray:
    """The level of hazards at which a pilot's window would have shown the observed rates: float64 [2].

    Of the cohort's outflows the pilot gives the expectation, not the count: the sum of everybody's chances, day by
    day, while not lost yet. It has the mean of the count and little of its noise.
    """
    sums = state.sums
    found = level.copy()
    for group, yearly in enumerate((life.ordinary_outflow_per_year, life.vip_outflow_per_year)):
        notices, matured = sums.expected[group]
        if notices <= 0.0:
            continue
        wanted = sums.group[group] * (1.0 - (1.0 - yearly) ** (window_months / 12.0))
        given, turned = sums.turned[group]
        by_notice = notices * (1.0 - (min(turned / given, 0.9) if given > 0.0 else 0.0))
        found[group] = level[group] * max((wanted - matured) / by_notice, 0.0)
    return found


@lean
def day_of_event(u, hazard, days):
    """Day within the month (0 ..) on which an event of this monthly hazard falls; -1: not this month."""
    if u <= 1.0 - hazard or u <= exp(-hazard):  # exp(-x) >= 1 - x: most calls need no exponential
        return -1
    return min(int(-log(u) / hazard * days), days - 1)


@lean
def give_notice(state, agenda, address, life, lag_days, i, day):
    """Customer i decides to take the money away: the date of leaving is set; some say so, the alert may see others.

    Who says so is heard whoever the owner is; the customer system sees only what owners look at (Y05, M02).
    """
    book = state.book
    book[i].stage = NOTICE
    book[i].stage_since = day
    state.book[i].rescue_tries = 0
    state.book[i].rescue_known = 0
    count(state, tally.NOTICES, 1.0)
    if state.sums.phase == tally.WINDOW:
        state.sums.turned[book[i].vip_group, 0] += 1.0
    file(agenda, day + life.notice_days, LEAVE, i, 0, 0)
    u_detect, u_declare = pair(address, draws.OUTFLOW, _EPOCH + day, i, _DETECT)
    if u_declare < life.declared_share:
        file(agenda, day + 1, ALERT, i, 0, DECLARED)
    elif book[i].owner >= 0 and u_detect < life.detection_recall_share:
        file(agenda, day + 1 + lag_days, ALERT, i, 0, SEEN)


@lean
def resume_notices(state, agenda, life, customers):
    """On the first day: customers of the opening book who are in notice leave when their notice runs out."""
    for i in range(customers):
        row = state.book[i]
        if row.stage == NOTICE:
            row.stage_since = min(max(row.stage_since, 1 - life.notice_days), 0)
            file(agenda, row.stage_since + life.notice_days, LEAVE, i, 0, 0)


@lean
def leave(state, address, life, i, day, days_left):
    """The notice of customer i runs out: the money leaves unless a rescue kept it. Fen gone."""
    book = state.book
    if book[i].stage != NOTICE or book[i].stage_since != day - life.notice_days:
        return np.int64(0)
    u_close, u_part = pair(address, draws.OUTFLOW, _EPOCH + book[i].stage_since, i, _CLOSE)
    part = life.part_low_share + (life.part_high_share - life.part_low_share) * u_part
    closing = u_close < life.close_share
    gone = take_out(state, i, 1.0 if closing else part, days_left)
    count(state, tally.LARGE_OUTFLOWS, 1.0)
    count(state, tally.LEFT_FEN, np.float64(gone))
    if state.book[i].rescue_known:
        count(state, tally.RESCUE_WINDOWS, 1.0)
    if state.sums.phase == tally.WINDOW:
        state.book[i].lost = 1
    book[i].stage_since = day
    if closing:
        count(state, tally.CLOSED, 1.0)
        book[i].stage = EXITED
        book[i].owner = NO_OWNER
        book[i].signed = 0
        book[i].tier = 0
    else:
        book[i].stage = DECLINE
    return gone


@lean
def rescue(state, address, life, effort, i):
    """One rescue contact with a customer in notice; whether it keeps the money (N18).

    Further tries succeed less often; an offer and closing effort help; luck belongs to (notice, try).
    """
    book = state.book
    tries = state.book[i].rescue_tries
    if book[i].stage != NOTICE or tries >= life.rescue_most:
        return False
    state.book[i].rescue_tries = tries + 1
    count(state, tally.RESCUE_CONTACTS, 1.0)
    chance = life.rescue_share * effort
    for _ in range(tries):
        chance *= life.rescue_next_ratio
    chance *= 1.0 + life.offer_effect_ratio * life.rescue_offer_share * 100.0
    if state.sums.phase == tally.WINDOW:
        state.sums.turned[book[i].vip_group, 1] += min(chance, 1.0)
    if draw(address, draws.OUTFLOW, _EPOCH + book[i].stage_since, i, _RESCUE + tries) >= chance:
        return False
    book[i].stage = MATURITY if book[i].relationship >= life.decline_below_share else DEVELOPMENT
    count(state, tally.RESCUED, 1.0)
    count(state, tally.RESCUE_WINDOWS, 1.0)
    offer = life.rescue_offer_share * np.float64(assets(book, i)) / 100.0
    count(state, tally.OFFER_YUAN, offer)
    return True


@lean
def next_stage(state, life, ratios, u, i, day):
    """The month's slow transition between exploration, development, maturity and decline (section 1c)."""
    book = state.book
    stage = book[i].stage
    weak = book[i].relationship < life.decline_below_share
    explored = (stage == EXPLORATION) & (u < ratios.leave_exploration)
    developed = (stage == DEVELOPMENT) & (u < ratios.leave_development)
    declined = (stage == MATURITY) & weak
    recovered = (stage == DECLINE) & (not weak)
    if explored | developed | declined | recovered:  # asked at once: no branch that the processor cannot foresee
        new = MATURITY if developed else DECLINE if declined else DEVELOPMENT
        book[i].stage = new
        book[i].stage_since = day
