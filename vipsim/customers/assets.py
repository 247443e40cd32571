# mypy: allow-untyped-defs, allow-untyped-calls
"""Assets: what a month does to balances - saving, markets, maturities - each flow with its date and counterpart."""

from __future__ import annotations

from math import sqrt

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import MATURITY, file
from vipsim.compiled import kernel, lean
from vipsim.customers.segments import DEMAND, TIME, WEALTH_PRODUCT
from vipsim.customers.state import CLASSES, ELSEWHERE, HERE, INCOME, MARKET, assets, count, move, switch
from vipsim.draws import draw, normal_quantile

_KEEP, _LEAVE = 0, 1  # numbers of the draws of one maturity


@kernel
def market_returns(address, flows, month):
    """The month's return of each product class, float64 [5]: one market for all customers."""
    returns = np.empty(CLASSES)
    for product in range(CLASSES):
        z = normal_quantile(draw(address, draws.ASSETS, month, product, 0))
        returns[product] = flows.return_per_year[product] / 12.0 + flows.volatility_per_year[product] / sqrt(12.0) * z
    return returns


@lean
def credit_returns(state, i, returns, elsewhere_return, days):
    """Credit a month's market returns to customer i on the month's first day; here and elsewhere."""
    book = state.book
    total = np.int64(0)
    for product in range(CLASSES):
        have = book[i].balance[product]
        if have > 0:
            gain = max(np.int64(np.float64(have) * returns[product]), -have)
            book[i].balance[product] = have + gain
            state.sums.class_total[product] += gain
            total += gain
    book[i].drift += total  # as ``move`` would do for each class, on the month's first day
    book[i].flow_days += total * days
    state.sums.accounts[HERE] += total
    state.sums.accounts[MARKET] -= total
    if book[i].cohort:
        state.sums.cohort_fen += total
        state.sums.cohort_drift_fen += total
    gain = np.int64(np.float64(book[i].elsewhere) * elsewhere_return)
    book[i].elsewhere += gain
    state.sums.accounts[ELSEWHERE] += gain
    state.sums.accounts[MARKET] -= gain


@lean
def save(state, flows, i, days):
    """A month's saving out of income, on its first day: a part comes here, the rest goes elsewhere (S05-S12).

    The part that comes here is the share of wealth already here, at least ``wallet_floor_share``.
    """
    book = state.book
    saved = np.int64(book[i].income * 100.0 / 12.0 * flows.saving_share)
    here = np.float64(assets(book, i))
    total = here + np.float64(book[i].elsewhere)
    wallet = max(here / total if total > 0.0 else 0.0, flows.wallet_floor_share)
    kept = np.int64(np.float64(saved) * wallet)
    move(state, i, DEMAND, kept, INCOME, days)
    book[i].elsewhere += saved - kept
    state.sums.accounts[ELSEWHERE] += saved - kept
    state.sums.accounts[INCOME] -= saved - kept


@lean
def reopen(state, address, flows, i, month, day):
    """A customer without a running time deposit may put part of the demand balance into one."""
    book = state.book
    if book[i].time_term <= 0 or book[i].time_maturity >= 0 or book[i].balance[DEMAND] <= 0:
        return
    if draw(address, draws.ASSETS, month, i, 2) < flows.reopen_share:
        part = np.int64(np.float64(book[i].balance[DEMAND]) * flows.reopen_part_share)
        switch(state, i, DEMAND, TIME, part)
        book[i].time_maturity = day + book[i].time_term


@lean
def kept_share(flows, reminded, is_vip):
    """Chance that maturing money is rolled over: without help, then by a reminder, then by the rate premium."""
    left = 1.0 - flows.roll_over_share
    if reminded:
        left *= 1.0 - flows.reminded_share
    if is_vip:
        left *= 1.0 - min(1.0, flows.premium_effect_share * flows.rate_premium_share * 100.0)
    return 1.0 - left


@lean
def file_maturity(agenda, i, product, due, day, days_left):
    """A new term that ends within the month is dated at once; the month's opening dates all later ones."""
    if due < day + days_left:
        file(agenda, due, MATURITY, i, product, 0)


@lean
def mature(state, agenda, address, flows, i, product, day, days_left):
    """A time deposit or wealth product of customer i matures: rolled over, moved to demand, or gone (O06)."""
    book = state.book
    amount = book[i].balance[product]
    due = book[i].time_maturity if product == TIME else book[i].product_maturity
    if amount <= 0 or due != day:
        return
    reminded = state.book[i].reminded >> product & 1
    state.book[i].reminded &= ~(1 << product)
    count(state, tally.MATURED_FEN, np.float64(amount))
    u = draw(address, draws.MATURITY, day, i, product * 2 + _KEEP)
    if u < kept_share(flows, reminded, book[i].tier > 0):
        if product == TIME:
            book[i].time_maturity = day + book[i].time_term
            file_maturity(agenda, i, product, book[i].time_maturity, day, days_left)
        else:
            book[i].product_maturity = day + flows.product_term_days
            file_maturity(agenda, i, product, book[i].product_maturity, day, days_left)
        count(state, tally.MATURED_KEPT_FEN, np.float64(amount))
        return
    if product == TIME:
        book[i].time_maturity = -1
    else:
        book[i].product_maturity = -1
    if draw(address, draws.MATURITY, day, i, product * 2 + _LEAVE) < flows.leave_share:
        if amount * 2 >= assets(book, i) and state.sums.phase == tally.WINDOW:
            book[i].lost = 1
        move(state, i, product, -amount, ELSEWHERE, days_left)
        count(state, tally.LEFT_FEN, np.float64(amount))
    else:
        switch(state, i, product, DEMAND, amount)
        count(state, tally.MATURED_KEPT_FEN, np.float64(amount))


@lean
def climb_ladder(state, agenda, flows, i, part, day, days_left):
    """After advice, a part of the demand balance moves into a wealth product (O06); fen moved."""
    book = state.book
    amount = np.int64(np.float64(book[i].balance[DEMAND]) * part)
    if amount <= 0:
        return np.int64(0)
    switch(state, i, DEMAND, WEALTH_PRODUCT, amount)
    if book[i].product_maturity < day:
        book[i].product_maturity = day + flows.product_term_days
        file_maturity(agenda, i, WEALTH_PRODUCT, book[i].product_maturity, day, days_left)
    count(state, tally.LADDER_FEN, np.float64(amount))
    return amount
