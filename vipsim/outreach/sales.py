# mypy: allow-untyped-defs, allow-untyped-calls
"""Sales: who may be offered something, with what chance, which product fits, and when the money comes.

An offer is answered once: after a sale or a refusal the customer is left alone for a while. Wealth elsewhere is
finite, only a part of it can move, and rivals answer what is courted here (N36). Products come by a ladder: funds,
insurance and metals only after earlier sales (O06).
"""

from __future__ import annotations

import numpy as np

from vipsim import tally
from vipsim.agenda import ARRIVE, HOT_LEAVE, TASK, file
from vipsim.compiled import lean
from vipsim.customers.assets import place
from vipsim.customers.book import EXPLORATION, MATURITY, NEVER, NO_OWNER, NOTICE
from vipsim.customers.ownership import POSTS, RM_FIRST
from vipsim.customers.segments import DEMAND, WEALTH_PRODUCT
from vipsim.customers.state import CLASSES, count, raise_relationship
from vipsim.outreach.triggers import AFTER_SALE

_QUARTER = 91  # days
CAME_BACK = 1  # an arrival's number: 1 for who had left, plus 2 times the product class


@lean
def role_of(post):
    """Seller's role of a post: 0 relationship manager, 1 teller, 2 head."""
    return post // POSTS


@lean
def effort(state, policy):
    """Closing effort: pay and training of the policy, and what campaigns have taught the managers since (B18, C15)."""
    return policy.closing_effort * state.sums.skill


@lean
def familiarity(policy, state, i):
    """Chance of a sale by how well the branch knows customer i: style, needs, plans (S21, D05, D10).

    Knowledge grows with contacts and fades without: ``care`` counts the last year's in meetings' worth.
    """
    response = policy.response
    care = state.book[i].care
    known = care / (care + response.known_half_per_year)
    return response.unknown_sale_ratio + (response.known_sale_ratio - response.unknown_sale_ratio) * known


@lean
def attention(policy, state, post):
    """Effect of a contact by the owner at a post relative to one from a book of usual size (M16).

    Minutes apart: whoever keeps too many knows none of them well.
    """
    response = policy.response
    if post < RM_FIRST or post >= RM_FIRST + POSTS:
        return 1.0
    beyond = state.sums.manager_books[post - RM_FIRST] / response.crowded_from - 1.0
    return 1.0 / (1.0 + response.crowded_share * beyond) if beyond > 0.0 else 1.0


@lean
def freshness(policy, state, i):
    """Response of a customer who is contacted often, relative to a rested one (O09)."""
    tiring = state.book[i].contact_load - policy.response.fatigue_from_per_year
    return 1.0 / (1.0 + policy.response.fatigue_share * tiring) if tiring > 0.0 else 1.0


@lean
def willingness(policy, state, i, day):
    """Chance of a sale to customer i relative to an unremarkable one.

    Relationship and its stage (Y03, Y07), saturation (Y06), what is known (S21), rivals' answer to earlier offers, a
    loss felt lately (O07), refusals of the same seller (O08).
    """
    response = policy.response
    row = state.book[i]
    ratio = (0.5 + row.relationship) * (1.0 - row.courted)
    if EXPLORATION <= row.stage <= NOTICE:
        ratio *= response.stage_sale_ratio[row.stage - EXPLORATION]
        if row.stage == MATURITY and day - row.stage_since > response.saturation_days:
            ratio *= response.saturated_ratio  # satisfied, and nothing is missing
        ratio *= familiarity(policy, state, i)
    if day - row.loss_day <= policy.lifecycle.loss_days:
        followed = response.followed_share if day - row.followed_day <= response.followed_days else 0.0
        ratio *= 1.0 - (1.0 - response.loss_sale_ratio) * (1.0 - followed)
    for _ in range(row.refusals):
        ratio *= response.same_seller_ratio
    return ratio


@lean
def expert_ratio(state, policy, i):
    """Chance of closing in a meeting of a manager with customer i, relative to one without an expert (T30, 1+N).

    The managers share a pool of experts: one joins customers from a tier on while the month's sessions last, and each
    session costs.
    """
    rules = policy.ownership
    if state.sums.expert_sessions <= 0 or state.book[i].tier < rules.expert_from_tier:
        return 1.0
    state.sums.expert_sessions -= 1
    count(state, tally.EXPERT_SESSIONS, 1.0)
    count(state, tally.CONTACT_YUAN, rules.expert_session_yuan)
    return policy.response.expert_sale_ratio


@lean
def fitting(policy, state, i, u, lowest, day):
    """Product class that customer i is sold, ``lowest`` or above: by age, tier and earlier sales, the ladder (O06).

    After a loss lately felt another product than before is shown: the table of substitutes (O08).
    """
    response = policy.response
    row = state.book[i]
    hurt = day - row.loss_day <= policy.lifecycle.loss_days
    rich = response.vip_fit_ratio if row.tier > 0 else 1.0
    if row.age >= response.careful_from_years:
        rich *= response.careful_ratio
    total = 0.0
    for product in range(lowest, CLASSES):
        if row.sales >= response.unlock_sales[product]:
            weight = response.fit_ratio[product] * (rich if product > WEALTH_PRODUCT else 1.0)
            total += weight * (response.substitute_ratio[product] if hurt else 1.0)
    left = u * total
    found = lowest
    for product in range(lowest, CLASSES):
        if row.sales >= response.unlock_sales[product]:
            weight = response.fit_ratio[product] * (rich if product > WEALTH_PRODUCT else 1.0)
            weight *= response.substitute_ratio[product] if hurt else 1.0
            if left >= 0.0 and weight > 0.0:
                found = product
            left -= weight
    return found


@lean
def offer(state, agenda, policy, i, chance, u_sale, u_size, u_lag, day):
    """An offer to customer i; whether it was taken. Nobody is asked again soon, and rivals answer.

    What a rate premium adds to sales is the part that the premium attracted; of that, ``hot_share`` leaves when
    the reward window ends.
    """
    response = policy.response
    row = state.book[i]
    if day < row.ask_from:
        return False
    pull = 0.0
    if row.tier > 0:
        pull = response.premium_pull_ratio * policy.assets.rate_premium_share * 100.0
    chance *= 1.0 + pull
    row.courted += response.courted_share * (1.0 - row.courted)
    if u_sale >= chance:
        row.ask_from = day + response.refusal_rest_days
        row.refusals = min(row.refusals + 1, 100)
        most = policy.outreach.change_seller_after
        if most > 0 and row.refusals >= most:
            row.refusals = 0
            row.seller = (row.seller + 1) % 3  # A, B, C (O08)
        return False
    row.ask_from = day + response.sale_rest_days
    row.refusals = 0
    u_class = u_sale / min(chance, 1.0)  # given the sale again uniform
    product = fitting(policy, state, i, u_class, DEMAND, day)
    row.sales = min(row.sales + 1, 10000)
    count(state, tally.SALES, 1.0)
    count(state, tally.BONUS_YUAN, policy.incentives.bonus_yuan)
    file_after_sale(agenda, policy, i, day)
    send_money(state, agenda, policy, i, product, u_size, u_lag, pull, day)
    return True


@lean
def send_money(state, agenda, policy, i, product, u_size, u_lag, pull, day):
    """Money of a sale comes from the movable wealth elsewhere, weeks later; its hot part leaves again (N27, Y14)."""
    response = policy.response
    part = response.won_share * u_size * (1.0 - response.rival_keep_share) * response.movable_share
    amount = np.int64(np.float64(state.book[i].elsewhere) * part)
    if amount <= 0:
        return
    lag = response.lag_days_low + int((response.lag_days_high - response.lag_days_low + 1) * u_lag)
    file(agenda, day + lag, ARRIVE, i, 2 * product, amount)
    hot = np.int64(np.float64(amount) * response.hot_share * pull / (1.0 + pull))
    if hot > 0:
        file(agenda, day + lag + response.hot_days, HOT_LEAVE, i, 0, hot)


@lean
def file_after_sale(agenda, policy, i, day):
    """After-sale care falls due some days after the sale, and again within the quarter from then on (O12, DV50)."""
    triggers = policy.triggers
    if triggers.on[AFTER_SALE]:
        first = day + triggers.lead_days[AFTER_SALE]
        for n in range(triggers.after_sale_contacts):
            later = _QUARTER * n // triggers.after_sale_contacts
            file(agenda, first + later, TASK, i, AFTER_SALE, triggers.expiry_days[AFTER_SALE])


@lean
def advise(state, agenda, policy, i, u, day, days_left):
    """Advice in a meeting moves a part of the demand balance into a product that fits; its fee is booked (O06, N22)."""
    product = fitting(policy, state, i, u, DEMAND + 1, day)
    part = np.int64(np.float64(state.book[i].balance[DEMAND]) * policy.response.ladder_share)
    if part <= 0:
        return
    place(state, agenda, policy.assets, policy.response.sold_term_days, i, product, part, day, days_left)
    count(state, tally.LADDER_FEN, np.float64(part))
    count(state, tally.FEE_YUAN, np.float64(part) / 100.0 * policy.money.sale_fee_share[product])


@lean
def push_or_wait(state, policy, i):
    """Whether a talk offers something: wary customers are not pushed in the first talk, or resent it (O04).

    Returns the ratio of the chance: 0 = nothing is offered.
    """
    row = state.book[i]
    first = row.last_talk <= NEVER // 2
    if not first or row.relationship >= policy.response.wary_below_share:
        return 1.0
    if not policy.outreach.pitch_on_first_contact:
        return 0.0
    raise_relationship(state, i, -policy.response.pushed_care_share)
    return policy.response.pushed_ratio


@lean
def open_account(state, policy, i, day):
    """A prospect becomes a customer."""
    row = state.book[i]
    row.stage = EXPLORATION
    row.stage_since = day
    row.opened = day
    row.owner = NO_OWNER
    row.known = 1
    row.relationship = max(row.relationship, policy.lifecycle.base_strength_share[0])
    count(state, tally.JOINED, 1.0)


@lean
def take_prospect(state, policy, wealthy):
    """Somebody of the pool whom nobody has met, -1 when there is nobody; ``wealthy``: of type C (S18).

    Who walks in does not depend on the branch's own cut: type C's wealth is that of head office's lowest standard.
    """
    sort = 1 if wealthy else 0
    i = state.sums.pool[sort]
    n = state.book.size
    while i < n:
        row = state.book[i]
        if row.known == 0 and (wealthy == 0 or row.elsewhere >= policy.cuts.wealthy_fen):
            break
        i += 1
    state.sums.pool[sort] = i
    if i >= n:
        return -1
    state.book[i].known = 1
    state.sums.next_prospect = max(state.sums.next_prospect, i + 1)
    return i
