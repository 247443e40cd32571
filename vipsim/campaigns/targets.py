# mypy: allow-untyped-defs, allow-untyped-calls
"""The list of a campaign: one pass over the book at the start of a phase, in which the contact policy speaks first.

Who matches the filter is eligible; whom nobody owns or the contact policy forbids never holds a place on the list.
"""

from __future__ import annotations

import numpy as np

from vipsim import draws
from vipsim.campaigns.contact import first_call, may_be_messaged, movable_part
from vipsim.campaigns.rules import (
    ADVERT,
    ALLOWED,
    CALL,
    COLUMNS,
    COUNTER,
    ELIGIBLE,
    LETTER,
    LOBBY,
    OWNED,
)
from vipsim.compiled import kernel, lean
from vipsim.customers.book import EXITED, NO_OWNER, PROSPECT
from vipsim.customers.points import days_to_lapse, points_held
from vipsim.customers.segments import DEMAND, FUND, INSURANCE_METALS, TIME, TYPE_C, WEALTH_PRODUCT, grid_level
from vipsim.customers.state import assets
from vipsim.draws import draw

_TIER, _TYPE, _GROUP, _STAGE, _EBANK, _LEVEL, _AGE, _FEMALE, _OWNED, _SIGNED, _ASSETS, _INCOME = range(12)
_DEMAND, _TIME, _PRODUCT, _FUND, _METALS, _RELATIONSHIP, _EXTRA, _MATURITY, _BIRTHDAY, _CONTACT, _OPENED = range(12, 23)
_PAYROLL, _POINTS, _LAPSE = 23, 24, 25
assert len(COLUMNS) == 26  # the numbers above are the places of the names

_BY_LOT, _BY_TIER = 1, 2  # campaigns.*.rank; 0 = by assets
_A_TIER_FEN = 1e15  # more than anybody has, and whole fen stay exact in a real number
_DAYS_A_YEAR = 365
_NEVER_DUE = 1e9

# Numbers of a guest's draws (stream CAMPAIGN, time = the campaign's key, id = the guest's luck): 64 for each phase.
K_REACH, K_INTEREST, K_ACCEPT, K_SHOW, K_SALE, K_SIZE, K_LAG, K_LATE, K_WHEN, K_RANK, K_EBANK = range(11)
K_FRIEND = 12  # 12 + friend: comes
K_SIGN, K_DAY = 14, 15
K_JOIN, K_JOIN_SIZE, K_JOIN_LAG = 16, 20, 24  # + friend; friend 3 = the guest, where a stranger
K_SIGN_UP = 28  # minutes of the sign-up at the counter, of the activation, patience until it
K_A_PHASE = 64
_K_SAMPLE = 1 << 20


@lean
def luck_of(campaigns, address, g, which):
    """One of guest g's draws."""
    guest = campaigns.guests[g]
    key = campaigns.rules[guest.campaign].key
    return draw(address, draws.CAMPAIGN, key, guest.luck, guest.phase * K_A_PHASE + which)


@lean
def days_to_birthday(state, i, day):
    """Days from today to customer i's birthday (M07)."""
    return (state.book[i].birthday - day) % _DAYS_A_YEAR


@lean
def days_to_maturity(book, i, day):
    """Days from today to the next maturity of a time deposit or wealth product that holds money."""
    ahead = _NEVER_DUE
    if book[i].balance[TIME] > 0 and book[i].time_maturity >= day:
        ahead = np.float64(book[i].time_maturity - day)
    if book[i].balance[WEALTH_PRODUCT] > 0 and book[i].product_maturity >= day:
        ahead = min(ahead, np.float64(book[i].product_maturity - day))
    return ahead


@lean
def value_of(state, policy, rule, i, column, day):
    """What a column of the filter holds for customer i today; money in yuan."""
    row = state.book[i]
    if column == _TIER:
        return np.float64(row.tier)
    if column == _TYPE:
        return np.float64(row.type)
    if column == _GROUP:
        return np.float64(row.group)
    if column == _STAGE:
        return np.float64(row.stage)
    if column == _EBANK:
        return np.float64(row.ebank)
    if column == _LEVEL:
        have = np.float64(assets(state.book, i)) / 100.0
        return np.float64(grid_level(have, row.income, policy.cuts.asset_yuan, policy.cuts.income_yuan))
    if column == _AGE:
        return np.float64(row.age)
    if column == _FEMALE:
        return np.float64(row.female)
    if column == _OWNED:
        return 1.0 if row.owner > NO_OWNER else 0.0
    if column == _SIGNED:
        return np.float64(row.signed)
    if column == _ASSETS:
        return np.float64(assets(state.book, i)) / 100.0
    if column == _INCOME:
        return row.income
    if column == _DEMAND:
        return np.float64(row.balance[DEMAND]) / 100.0
    if column == _TIME:
        return np.float64(row.balance[TIME]) / 100.0
    if column == _PRODUCT:
        return np.float64(row.balance[WEALTH_PRODUCT]) / 100.0
    if column == _FUND:
        return np.float64(row.balance[FUND]) / 100.0
    if column == _METALS:
        return np.float64(row.balance[INSURANCE_METALS]) / 100.0
    if column == _RELATIONSHIP:
        return row.relationship
    if column == _EXTRA:
        return np.float64(row.extra_products)
    if column == _MATURITY:
        return days_to_maturity(state.book, i, day)
    if column == _BIRTHDAY:
        return np.float64(days_to_birthday(state, i, day))
    if column == _CONTACT:
        return np.float64(day - row.last_contact)
    if column == _PAYROLL:
        return np.float64(row.payroll)
    if column == _POINTS:
        return points_held(state, rule.points_day_rate, rule.points_lapse_days, i, day)
    if column == _LAPSE:
        return np.float64(days_to_lapse(state, rule.points_lapse_days, i, day))
    return np.float64(day - row.opened)


@lean
def is_eligible(state, policy, campaigns, address, c, i, day):
    """Whether customer i meets all conditions of campaign c, and belongs to its segment."""
    rule = campaigns.rules[c]
    for n in range(rule.first_filter, rule.last_filter):
        condition = campaigns.filters[n]
        value = value_of(state, policy, rule, i, condition.column, day)
        if not condition.low <= value <= condition.high:
            return False
        if condition.names and not condition.names >> np.int64(value) & 1:
            return False
    if rule.sample_share < 1.0:
        return draw(address, draws.CAMPAIGN, rule.key, i, _K_SAMPLE) < rule.sample_share
    return True


@lean
def stake_of(state, policy, rule, i):
    """Fen at stake: what a sale could bring at most, or what the customer has here."""
    if rule.stake:
        return assets(state.book, i)
    return np.int64(np.float64(state.book[i].elsewhere) * movable_part(policy))


@lean
def is_allowed(state, policy, rule, i, day, until):
    """Whether the contact policy lets customer i be asked in the phase.

    Messages go out on the first day, calls have the whole phase. A letter or an advertisement disturbs nobody, and to
    the branch the customer came by himself: there only the wish not to be approached counts.
    """
    if rule.channel in (ADVERT, COUNTER, LETTER, LOBBY):
        return state.book[i].do_not_call == 0
    if rule.channel == CALL:
        return first_call(state, policy, i, day, until + 1) <= until
    return may_be_messaged(state, policy, i, day)


@lean
def is_addressed(state, rule, i):
    """Whether a campaign may be meant for row i at all: customers, or for an advertisement people nobody knows yet."""
    if rule.channel == ADVERT:
        return state.book[i].stage == PROSPECT and state.book[i].known == 0
    return PROSPECT < state.book[i].stage < EXITED


@kernel
def draw_list(state, policy, campaigns, address, p, day):
    """Begin an invitation phase: the best of those whom policy allows become guests; returns the first new guest."""
    phase = campaigns.phases[p]
    c = phase.campaign
    rule = campaigns.rules[c]
    rows = state.book.size if rule.channel == ADVERT else state.sums.next_prospect
    who = np.empty(rows, np.int32)
    order = np.empty(rows)
    n = 0
    for i in range(rows):
        if not is_addressed(state, rule, i):
            continue
        if not is_eligible(state, policy, campaigns, address, c, i, day):
            continue
        stake = np.float64(stake_of(state, policy, rule, i))
        campaigns.wide[c, ELIGIBLE, 0] += 1.0
        campaigns.wide[c, ELIGIBLE, 1] += stake
        if rule.needs_owner and state.book[i].owner <= NO_OWNER:
            continue
        campaigns.wide[c, OWNED, 0] += 1.0
        campaigns.wide[c, OWNED, 1] += stake
        if campaigns.guest_of[i] >= 0 or not is_allowed(state, policy, rule, i, day, phase.until_day):
            continue
        campaigns.wide[c, ALLOWED, 0] += 1.0
        campaigns.wide[c, ALLOWED, 1] += stake
        who[n] = i
        order[n] = -np.float64(assets(state.book, i))
        if rule.rank == _BY_LOT:
            order[n] = draw(address, draws.CAMPAIGN, rule.key, i, phase.number * K_A_PHASE + K_RANK)
        elif rule.rank == _BY_TIER:
            order[n] -= _A_TIER_FEN * state.book[i].tier
        n += 1
    best = np.argsort(order[:n], kind="mergesort")
    first = campaigns.size[0]
    taken = min(n, rule.list_most, campaigns.guests.size - first)
    for place in range(taken):
        i = who[best[place]]
        add_guest(campaigns, c, phase.number, i, i, stake_of(state, policy, rule, i), assets(state.book, i))
        campaigns.guests[first + place].prime = state.book[i].type == TYPE_C
    return first


@lean
def add_guest(campaigns, c, phase, luck, who, stake, had):
    """Put a person on the list of a campaign."""
    g = campaigns.size[0]
    guest = campaigns.guests[g]
    guest.campaign = c
    guest.phase = phase
    guest.luck = luck
    guest.who = who
    guest.stake = stake
    guest.had = had
    guest.day = -1
    guest.due = -1
    guest.next = -1
    guest.event = -1
    guest.step = ALLOWED
    guest.open = 1
    if who >= 0:
        campaigns.guest_of[who] = g
    campaigns.size[0] = g + 1
    return g
