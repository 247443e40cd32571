# mypy: allow-untyped-defs, allow-untyped-calls
"""Assets: what a month does to balances - saving, markets, maturities - each flow with its date and counterpart."""

from __future__ import annotations

from math import sqrt

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import MATURITY, file
from vipsim.compiled import inlined, kernel, lean
from vipsim.customers.book import EXPLORATION
from vipsim.customers.segments import DEMAND, TIME, WEALTH_PRODUCT, fen_reaching, grid_level
from vipsim.customers.state import (
    CLASSES,
    ELSEWHERE,
    HERE,
    INCOME,
    MARKET,
    assets,
    count,
    move,
    raise_relationship,
    switch,
)
from vipsim.draws import draw, normal_quantile

REOPEN = 2  # number of the month's draws of a customer (stream ASSETS)
_KEEP, _LEAVE = 0, 1  # numbers of the draws of one maturity


@kernel
def market_returns(address, flows, month):
    """The month's return of each product class, float64 [5]: one market for all customers."""
    returns = np.empty(CLASSES)
    for product in range(CLASSES):
        z = normal_quantile(draw(address, draws.ASSETS, month, product, 0))
        returns[product] = flows.return_per_year[product] / 12.0 + flows.volatility_per_year[product] / sqrt(12.0) * z
    return returns


@inlined
def _gain(have, rate):
    """What a balance gains in a month at a rate, fen."""
    return np.int64(np.float64(have) * rate)


@lean
def grow(state, flows, levels, cuts, who, n, returns, days, total):
    """A month's grid levels, market returns and saving of the first n customers of ``who``, here and elsewhere.

    Of what is saved out of income a part comes here, the rest goes elsewhere: the part that comes is the share of
    wealth already here, at least ``wallet_floor_share``, more or less by the relationship's stage (Y02-Y05); levels
    save differently (S05-S12). Money moves as by
    ``move``, counted at the end. The five classes stand in variables of their own, and no branch asks whether one is
    empty: the processor could not foresee it. The assets here then stand in ``total``, fen.
    """
    book = state.book
    sums = state.sums
    elsewhere_return = flows.elsewhere_return_per_year / 12.0
    asset_fen = (fen_reaching(cuts.asset_yuan[0]), fen_reaching(cuts.asset_yuan[1]))
    rate0 = max(returns[0], -1.0)  # a balance cannot lose more than there is
    rate1 = max(returns[1], -1.0)
    rate2 = max(returns[2], -1.0)
    rate3 = max(returns[3], -1.0)
    rate4 = max(returns[4], -1.0)
    sum0 = sum1 = sum2 = sum3 = sum4 = np.int64(0)
    all_gained_there = all_kept = all_saved = np.int64(0)
    cohort_gained = cohort_kept = np.int64(0)
    for j in range(n):
        row = book[who[j]]
        have = row.balance
        before = have[0] + have[1] + have[2] + have[3] + have[4]
        level = grid_level(before, row.income, asset_fen, cuts.income_yuan)
        gain0 = _gain(have[0], rate0)
        gain1 = _gain(have[1], rate1)
        gain2 = _gain(have[2], rate2)
        gain3 = _gain(have[3], rate3)
        gain4 = _gain(have[4], rate4)
        gained = gain0 + gain1 + gain2 + gain3 + gain4
        gained_there = np.int64(np.float64(row.elsewhere) * elsewhere_return)
        there = row.elsewhere + gained_there
        saved = np.int64(row.income * 100.0 / 12.0 * flows.saving_share * levels.saving[level])
        here = np.float64(before + gained)
        wealth = here + np.float64(there)
        wallet = max(here / wealth if wealth > 0.0 else 0.0, flows.wallet_floor_share)
        wallet = min(wallet * flows.stage_wallet_ratio[row.stage - EXPLORATION], 1.0)
        kept = np.int64(np.float64(saved) * wallet)
        have[0] += gain0 + kept
        have[1] += gain1
        have[2] += gain2
        have[3] += gain3
        have[4] += gain4
        total[j] = before + gained + kept
        row.level = level
        row.elsewhere = there + saved - kept
        row.drift += gained
        row.month_start = before
        row.flow_days = (gained + kept) * days
        inside = np.int64(row.cohort)
        sum0 += gain0
        sum1 += gain1
        sum2 += gain2
        sum3 += gain3
        sum4 += gain4
        all_gained_there += gained_there
        all_kept += kept
        all_saved += saved
        cohort_gained += gained * inside
        cohort_kept += kept * inside
    all_gained = sum0 + sum1 + sum2 + sum3 + sum4
    sums.class_total[0] += sum0 + all_kept
    sums.class_total[1] += sum1
    sums.class_total[2] += sum2
    sums.class_total[3] += sum3
    sums.class_total[4] += sum4
    sums.accounts[HERE] += all_gained + all_kept
    sums.accounts[ELSEWHERE] += all_gained_there + all_saved - all_kept
    sums.accounts[MARKET] -= all_gained + all_gained_there
    sums.accounts[INCOME] -= all_saved
    sums.cohort_fen += cohort_gained + cohort_kept
    sums.cohort_drift_fen += cohort_gained


@lean
def lacks_product(state, i):
    """Whether customer i has held a time deposit or wealth product and has none running."""
    row = state.book[i]
    deposits = (row.time_term > 0) & (row.time_maturity < 0)
    products = (row.buys_products > 0) & (row.product_maturity < 0)
    return deposits | products


@lean
def reopen(state, flows, i, day, u_deposit, u_product):
    """Who lacks a time deposit or wealth product held before may buy one from the demand balance.

    Without it every maturity would leave the mix of classes with more demand money than before.
    """
    row = state.book[i]
    deposits = row.time_term > 0 and row.time_maturity < 0
    products = row.buys_products > 0 and row.product_maturity < 0
    if deposits and u_deposit < flows.reopen_share and _buy(state, flows, i, TIME):
        row.time_maturity = day + row.time_term
    if products and u_product < flows.reopen_share and _buy(state, flows, i, WEALTH_PRODUCT):
        row.product_maturity = day + flows.product_term_days


@lean
def _buy(state, flows, i, product):
    """Put the usual part of customer i's demand balance into a product class; whether there was any."""
    part = np.int64(np.float64(state.book[i].balance[DEMAND]) * flows.reopen_part_share)
    switch(state, i, DEMAND, product, part)
    return part > 0


@lean
def feel_markets(state, flows, who, n, total, returns, day):
    """A marked loss of a class that a customer holds much of shakes trust, a marked gain strengthens it (O07, M13).

    ``total``: assets here of the first n customers of ``who``, fen.
    """
    for product in range(CLASSES):
        if abs(returns[product]) < flows.loss_from_share:
            continue
        for j in range(n):
            row = state.book[who[j]]
            if np.float64(row.balance[product]) < flows.loss_hold_share * np.float64(total[j]):
                continue
            if returns[product] < 0.0:
                row.loss_day = day
                raise_relationship(state, who[j], -flows.loss_care_share)
            else:
                raise_relationship(state, who[j], flows.gain_care_share)


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
    kept = kept_share(flows, reminded, book[i].tier > 0)
    large = amount * 2 >= assets(book, i)
    if book[i].owner >= 0:
        count(state, tally.MATURED_OWNED, 1.0)
        count(state, tally.MATURED_REMINDED, 1.0 if reminded else 0.0)
    if large and state.sums.watched and state.sums.phase == tally.WINDOW and book[i].cohort and not book[i].lost:
        state.sums.expected[book[i].vip_group, 1] += (1.0 - kept) * flows.leave_share
    u = draw(address, draws.MATURITY, day, i, product * 2 + _KEEP)
    if u < kept:
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
        if large and state.sums.phase == tally.WINDOW:
            book[i].lost = 1
        move(state, i, product, -amount, ELSEWHERE, days_left)
        count(state, tally.LEFT_FEN, np.float64(amount))
    else:
        switch(state, i, product, DEMAND, amount)
        count(state, tally.MATURED_KEPT_FEN, np.float64(amount))


@lean
def start_term(agenda, state, flows, sold_term_days, i, product, day, days_left):
    """Money has come into a class: where no term is running yet one begins."""
    row = state.book[i]
    if product == TIME and row.time_maturity < day:
        row.time_term = sold_term_days
        row.time_maturity = day + row.time_term
        file_maturity(agenda, i, TIME, row.time_maturity, day, days_left)
    elif product == WEALTH_PRODUCT:
        row.buys_products = 1
        if row.product_maturity < day:
            row.product_maturity = day + flows.product_term_days
            file_maturity(agenda, i, WEALTH_PRODUCT, row.product_maturity, day, days_left)


@lean
def place(state, agenda, flows, sold_term_days, i, product, amount, day, days_left):
    """A part of the demand balance goes into another class, on advice (O06)."""
    switch(state, i, DEMAND, product, amount)
    start_term(agenda, state, flows, sold_term_days, i, product, day, days_left)
