# mypy: allow-untyped-defs, allow-untyped-calls
"""Cards: the contract behind a tier - offer, issue, exchange, renewal, yearly review and fee, ban, special quota.

The tier is the grade that the system gives by the average (T04). The card is what the customer has agreed to and
fetched; its services are those of the lower of card and tier. Whoever accepts an offer comes by appointment, and the
card is issued when a manager has served them (T05, T12). One column holds the card, so nobody has two (T10).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import CARD, file
from vipsim.compiled import lean, pasted
from vipsim.customers.book import EXITED, NO_DAY
from vipsim.customers.lifecycle import day_of_event
from vipsim.customers.segments import DEMAND, STANDARD, TYPE_C
from vipsim.customers.state import CARD_BIT, INCOME, count, is_customer, move, raise_relationship
from vipsim.draws import category, draw

APPLY, EXCHANGE, RENEW, SPECIAL, EXPIRE, DISQUALIFY = range(6)
"""Card business: the number of a dated entry. What a customer comes for is kept as this plus 1 (0 = nothing)."""

# Numbers of a month's draws of a customer (stream TIER): acceptance and day; disqualified; handing back after a fee.
ACCEPTED, DISQUALIFIED, _CANCEL = 0, 2, 4
_ELIGIBLE, _RENEW = 8, 16  # whether important enough (time 0); the renewal (time = day of expiry)
_YEAR = 365


class CardRules(NamedTuple):
    """The rules of cards as the kernels take them; levels run 0 = no card, standard, platinum, black-gold."""

    can_issue: int
    validity_days: int
    acceptance: float
    renew: np.ndarray  # float64 [2]: share who renew without and with a reminder
    renew_before_days: int
    ban_days: int
    waive_ban: int
    fee_fen: int
    fee_care: float  # fall of relationship by the fee
    fee_cancel: float  # holders who hand the card back over the fee
    special_limit: float
    special_share: float
    special_eligible: float
    disqualified_per_month: float
    stock_per_month: int
    grace_months: int
    service_yuan: np.ndarray  # float64 [4] a month
    service_care: np.ndarray  # float64 [4] a month
    roaming_yuan: float  # a month


def rules(scenario: Any) -> CardRules:
    """The sections ``cards`` and ``tiers`` of a scenario as the kernels take them."""
    cards, tiers = scenario.cards, scenario.tiers
    granted = np.array([0.0, *tiers.service_share])
    uses = np.array([[0.0, *service.uses_per_year] for service in tiers.services]).reshape(-1, 4) * granted / 12.0
    part = cards.fee_yuan / cards.fee_reference_yuan
    return CardRules(
        can_issue=int(cards.may_issue and scenario.staff.relationship_manager.employed > 0),
        validity_days=scenario.book.laws.card_validity_days,
        acceptance=cards.acceptance_share,
        renew=np.array([cards.renew_share, cards.renew_reminded_share]),
        renew_before_days=cards.renew_before_days,
        ban_days=cards.ban_days,
        waive_ban=int(cards.waive_ban),
        fee_fen=round(cards.fee_yuan * 100),
        fee_care=min(1.0, cards.fee_care_share * part),
        fee_cancel=min(1.0, cards.fee_cancel_share * part),
        special_limit=cards.special_limit_share,
        special_share=cards.special_share,
        special_eligible=cards.special_eligible_share,
        disqualified_per_month=cards.disqualified_per_year / 12.0,
        stock_per_month=cards.stock_per_month,
        grace_months=tiers.grace_months,
        service_yuan=np.array([service.use_yuan for service in tiers.services]) @ uses,
        service_care=np.array([service.care_share for service in tiers.services]) @ uses,
        roaming_yuan=tiers.roaming_yuan_per_year / 12.0,
    )


# ------------------------------------------------------------------------------------------ the card itself


@lean
def level_served(book, i):
    """Level whose services customer i has: the lower of card and tier; a special card gives its own (T06, T11)."""
    if book[i].special:
        return np.int64(book[i].card)
    return min(np.int64(book[i].card), np.int64(book[i].tier))


@lean
def has_special_room(state, rules):
    """Whether one more special card keeps to the branch's part of all cards (T11)."""
    return state.sums.special_cards + 1 <= rules.special_share * state.sums.cards


@lean
def may_have_card(state, rules, i, day):
    """Whether a first card may be issued to customer i: none held, no ban, and the branch may issue (T09, T10, T13)."""
    return rules.can_issue > 0 and state.book[i].card == 0 and day >= state.book[i].ban_until


@lean
def issue(state, rules, i, day, level):
    """Customer i gets a card; the caller has asked whether one may be issued."""
    book = state.book
    book[i].card = level
    book[i].card_expiry = day + rules.validity_days
    book[i].qualified_day = -1
    state.sums.cards += 1
    count(state, tally.CARDS_ISSUED, 1.0)


@lean
def end_card(state, rules, i, ban_until):
    """Customer i's card ends; no new one before ``ban_until``. Special cards above the limit end too (T11)."""
    book = state.book
    book[i].card = 0
    book[i].card_expiry = NO_DAY
    book[i].card_business = 0
    book[i].ban_until = max(book[i].ban_until, ban_until)
    state.sums.cards -= 1
    if book[i].special:
        book[i].special = 0
        state.sums.special_cards -= 1
    i = state.sums.next_prospect - 1
    while i >= 0 and state.sums.special_cards > rules.special_limit * state.sums.cards:
        if book[i].special:  # seldom: one card in twenty that end, and only where the whole quota is used
            book[i].special = 0
            book[i].card = 0
            book[i].card_expiry = NO_DAY
            book[i].card_business = 0
            state.sums.special_cards -= 1
            state.sums.cards -= 1
            count(state, tally.SPECIAL_WITHDRAWN, 1.0)
        i -= 1


@lean
def remind_of_card(state, i):
    """Customer i was told that the card runs out (T07): more renew who know."""
    state.book[i].reminded |= 1 << CARD_BIT


# ------------------------------------------------------------------------------------------ dates of a month


@lean
def concerns_cards(state, rules, i):
    """Whether customer i holds a card, may be offered one, or came for one in vain."""
    row = state.book[i]
    special = (row.type == TYPE_C) & (row.tier == 0) & (rules.special_share > 0.0)
    return (row.card > 0) | ((row.tier > 0) & (row.signed > 0)) | special


@lean
def _open_day(month, day):
    """The last open day of the month up to a day, else the first after it."""
    d = day - month.first_day
    while d >= 0 and month.open_weights[d] <= 0.0:
        d -= 1
    if d < 0:
        d = day - month.first_day
        while d < month.days - 1 and month.open_weights[d] <= 0.0:
            d += 1
    return month.first_day + d


@pasted
def file_card_ends(state, agenda, rules, u, i, month):
    """Date the end of holder i's card in this month: its expiry, and the loss of the right to it (T07, T20)."""
    row = state.book[i]
    if month.first_day <= row.card_expiry < month.first_day + month.days:
        file(agenda, row.card_expiry, CARD, i, EXPIRE, 0)
    when = day_of_event(u, rules.disqualified_per_month, month.days)
    if when >= 0:
        file(agenda, month.first_day + when, CARD, i, DISQUALIFY, 0)


@pasted
def file_card_visit(state, agenda, rules, address, u_accept, u_day, i, month, cumulative):
    """Date the visit that customer i makes this month for a card: renewal, exchange, an accepted offer (T01, T11)."""
    row = state.book[i]
    first = month.first_day
    due = row.card_expiry - rules.renew_before_days
    if row.card > 0 and month.number == 0:
        due = max(due, first)
    if row.card_business > 0:
        file(agenda, first + category(u_day, cumulative), CARD, i, row.card_business - 1, 0)
    elif row.card > 0 and first <= due < first + month.days:
        file(agenda, _open_day(month, due), CARD, i, RENEW, 0)
    elif u_accept >= rules.acceptance or rules.can_issue == 0 or (row.card >= row.tier and row.card > 0):
        return  # the offer is turned down, or there is nothing to offer
    else:
        day = first + category(u_day, cumulative)
        if 0 < row.card < row.tier and not row.special:
            file(agenda, day, CARD, i, EXCHANGE, 0)
        elif row.tier > 0 and row.signed and may_have_card(state, rules, i, day):
            file(agenda, day, CARD, i, APPLY, 0)
        elif _may_be_special(state, rules, address, i, day):
            file(agenda, day, CARD, i, SPECIAL, 0)


@lean
def _may_be_special(state, rules, address, i, day):
    """Whether customer i, rich but below the cut, is important enough for a special card and the quota has room."""
    row = state.book[i]
    if row.tier > 0 or row.type != TYPE_C or not may_have_card(state, rules, i, day):
        return False
    return has_special_room(state, rules) and draw(address, draws.TIER, 0, i, _ELIGIBLE) < rules.special_eligible


@lean
def comes_for_card(state, rules, address, i, business, day):
    """A dated card entry of customer i falls due; whether the customer comes to the branch for it today."""
    book = state.book
    if not is_customer(book, i):
        return False
    if business == EXPIRE:
        if book[i].card > 0 and book[i].card_expiry == day:
            if level_served(book, i) > 0:
                book[i].tier_shock_day = day  # services stop (T07)
            end_card(state, rules, i, book[i].ban_until)
            count(state, tally.CARDS_LAPSED, 1.0)
        return False
    if business == DISQUALIFY:
        if book[i].card > 0:
            end_card(state, rules, i, day + rules.ban_days)
            count(state, tally.CARDS_DISQUALIFIED, 1.0)
        return False
    if book[i].card_business == business + 1:
        return True
    if business == RENEW:
        if book[i].card == 0:
            return False
        count(state, tally.RENEWALS_DUE, 1.0)
        reminded = book[i].reminded >> CARD_BIT & 1
        book[i].reminded &= ~(1 << CARD_BIT)
        if draw(address, draws.TIER, book[i].card_expiry, i, _RENEW) >= rules.renew[reminded]:
            return False
    book[i].card_business = business + 1
    return True


@lean
def do_card_business(state, rules, i, day):
    """A manager has served customer i: the card that the customer came for is issued, exchanged or renewed (T12).

    Without a card in stock the customer comes again next month (T14).
    """
    book = state.book
    if book[i].card_business == 0:
        return
    business = book[i].card_business - 1
    if state.sums.card_stock <= 0:
        count(state, tally.CARDS_OUT_OF_STOCK, 1.0)
        return
    book[i].card_business = 0
    if business == RENEW:
        if book[i].card > 0:
            book[i].card_expiry += rules.validity_days
            state.sums.card_stock -= 1
            count(state, tally.CARDS_RENEWED, 1.0)
    elif business == EXCHANGE:
        if 0 < book[i].card < book[i].tier:
            book[i].card = book[i].tier
            book[i].card_expiry = day + rules.validity_days
            state.sums.card_stock -= 1
            count(state, tally.CARDS_EXCHANGED, 1.0)
            count(state, tally.EXCHANGE_DAYS, np.float64(day - book[i].qualified_day))
            book[i].qualified_day = -1
    elif may_have_card(state, rules, i, day):
        if business == APPLY and book[i].tier > 0:
            state.sums.card_stock -= 1
            issue(state, rules, i, day, book[i].tier)
        elif business == SPECIAL and has_special_room(state, rules):
            state.sums.card_stock -= 1
            issue(state, rules, i, day, STANDARD)
            book[i].special = 1
            state.sums.special_cards += 1
            count(state, tally.SPECIAL_ISSUED, 1.0)


# ------------------------------------------------------------------------------------------ the month's close


@lean
def note_grade(state, rules, i, earned, day):
    """The month's grade of customer i: up at once, down after the grace, with a shock where services stop (T04-T06)."""
    book = state.book
    served = level_served(book, i)
    if earned >= book[i].tier:
        book[i].below_months = 0
        if earned > book[i].tier:
            book[i].tier = earned
            count(state, tally.UPGRADES, 1.0)
    else:
        book[i].below_months += 1
        if book[i].below_months > rules.grace_months:
            book[i].below_months = 0
            book[i].tier = earned
            count(state, tally.DOWNGRADES, 1.0)
            if level_served(book, i) < served:
                book[i].tier_shock_day = day
    if book[i].tier <= book[i].card:
        book[i].qualified_day = -1
    elif book[i].qualified_day < 0:
        book[i].qualified_day = day


@lean
def _pay_fee(state, i, fen):
    """The fee leaves the demand account: income that the customer does not keep."""
    move(state, i, DEMAND, -fen, INCOME, 0)
    count(state, tally.CARD_FEES_PAID_YUAN, np.float64(fen) / 100.0)


@lean
def review_card(state, rules, address, i, earned, month):
    """The yearly review at a month's close: who holds a card below the standard cut owes the fee (T08).

    What the demand account does not hold stays due until it does. Some hand the card back, and are banned (T09).
    """
    book = state.book
    due = book[i].fee_due
    if due > 0 and book[i].balance[DEMAND] >= due:
        book[i].fee_due = 0
        _pay_fee(state, i, due)
    if book[i].card == 0 or book[i].special or earned > 0 or rules.fee_fen == 0:
        return
    issued = book[i].card_expiry - rules.validity_days
    after = month.first_day + month.days
    if (after - 1 - issued) // _YEAR == (month.first_day - 1 - issued) // _YEAR:
        return
    count(state, tally.CARD_FEES_YUAN, np.float64(rules.fee_fen) / 100.0)
    if book[i].balance[DEMAND] >= rules.fee_fen:
        _pay_fee(state, i, rules.fee_fen)
    else:
        book[i].fee_due += rules.fee_fen
    raise_relationship(state, i, -rules.fee_care)
    if draw(address, draws.TIER, month.number, i, _CANCEL) < rules.fee_cancel:
        end_card(state, rules, i, after + rules.ban_days)
        count(state, tally.CARDS_CANCELLED, 1.0)


@lean
def close_contract(state, rules, i):
    """Customer i has closed the account: the card is destroyed, and the ban begins unless waived (T09)."""
    book = state.book
    if book[i].stage == EXITED and book[i].card > 0:
        banned = book[i].ban_until if rules.waive_ban else book[i].stage_since + rules.ban_days
        end_card(state, rules, i, banned)
        count(state, tally.CARDS_CANCELLED, 1.0)
    book[i].fee_due = 0
