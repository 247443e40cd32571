# mypy: allow-untyped-defs, allow-untyped-calls
"""Everything about the customers that changes in a replication, and the one way to move money.

Money is integer fen. Every fen moves between four accounts: here (the branch's products), elsewhere (the customers'
wealth at rivals), income (saved by customers), market (gains and losses). ``move`` is the only function that
changes a balance, so the totals kept here always equal the sums over the book.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import tally
from vipsim.compiled import kernel
from vipsim.customers import book as books
from vipsim.customers.book import EXITED, PROSPECT, Book
from vipsim.customers.segments import CLASS_NAMES, DEMAND, TIME, WEALTH_PRODUCT

CLASSES = len(CLASS_NAMES)
HERE, ELSEWHERE, INCOME, MARKET = range(4)

OWNER_PENDING = -2  # an assignment is on the agenda


class State(NamedTuple):
    """The book of one replication with what is kept beside it; rows as in the book."""

    book: Book
    care: np.ndarray  # float64: contacts of the last year in meetings' worth (decays)
    reminded: np.ndarray  # int8: bit of each product class whose coming maturity the customer was reminded of
    rescue_tries: np.ndarray  # int8: rescue contacts in the present notice
    rescue_known: np.ndarray  # int8: the present notice was detected
    month_contacts: np.ndarray  # int16: contacts in the present month
    do_not_call: np.ndarray  # int8
    drift: np.ndarray  # int64 fen: market gains contained in the balances
    month_start: np.ndarray  # int64 fen at the start of the month
    flow_days: np.ndarray  # int64 fen x days: this month's flows weighted with the days left
    group: np.ndarray  # int8: 1 = VIP in the opening book, 0 = not (fixed at the opening)
    cohort: np.ndarray  # int8: 1 = customer of the opening book
    opening_assets: np.ndarray  # int64 fen at the opening
    lost: np.ndarray  # int8: exited or lost half the assets or more within the window
    visits: np.ndarray  # int16: visits in the present month
    class_total: np.ndarray  # int64 [5] fen
    class_days: np.ndarray  # int64 [5] fen x days of the present month
    cohort_total: np.ndarray  # int64 [2] fen: cohort's assets, market gains contained in them
    accounts: np.ndarray  # int64 [4] fen: net change of here, elsewhere, income, market
    hazard_mean: np.ndarray  # float64 [2]: mean hazard ratio of the opening book, ordinary and VIP
    next_prospect: np.ndarray  # int64 [1]
    tail: np.ndarray  # float64 [3] fen x days: cohort's assets, gains contained, days of the last 90 days
    tally: np.ndarray  # float64 [3, columns]
    phase: np.ndarray  # int64 [1]


def begin(book: Book, customers: int) -> State:
    """The state at the start of a replication: a copy of the book, nothing counted yet.

    ``customers`` is the number of rows that are customers; the rows after them are the pool of prospects.
    """
    rows = book.age.size
    copied = books.copy(book)

    def zeros(dtype: Any) -> np.ndarray:
        return np.zeros(rows, dtype)

    state = State(
        book=copied,
        care=np.where(copied.owner >= 0, copied.contact_load * 0.5, 0.0) * 1.0,
        reminded=zeros(np.int8),
        rescue_tries=zeros(np.int8),
        rescue_known=zeros(np.int8),
        month_contacts=zeros(np.int16),
        do_not_call=zeros(np.int8),
        drift=zeros(np.int64),
        month_start=zeros(np.int64),
        flow_days=zeros(np.int64),
        group=zeros(np.int8),
        cohort=zeros(np.int8),
        opening_assets=zeros(np.int64),
        lost=zeros(np.int8),
        visits=zeros(np.int16),
        class_total=copied.balance.sum(axis=0),
        class_days=np.zeros(CLASSES, np.int64),
        cohort_total=np.zeros(2, np.int64),
        accounts=np.zeros(4, np.int64),
        hazard_mean=np.ones(2),
        next_prospect=np.array([customers], np.int64),
        tail=np.zeros(3),
        tally=np.zeros((3, tally.WIDTH)),
        phase=np.zeros(1, np.int64),
    )
    return state


@kernel
def count(state, column, amount):
    """Add to a column of the tally in the present phase."""
    state.tally[state.phase[0], column] += amount


@kernel
def assets(book, i):
    """All assets of customer i here, fen."""
    b = book.balance
    return b[i, 0] + b[i, 1] + b[i, 2] + b[i, 3] + b[i, 4]


@kernel
def move(state, i, product, amount, counterpart, days_left):
    """Move ``amount`` fen (negative: out) between customer i's product class and another account.

    ``days_left`` counts the days of the month on which the new balance stands, today included; it keeps the
    month's average exact. Market gains leave with the money in proportion.
    """
    book = state.book
    if amount == 0:
        return
    if counterpart == MARKET:
        state.drift[i] += amount
        if state.cohort[i]:
            state.cohort_total[1] += amount
    elif amount < 0:
        before = assets(book, i)
        if before > 0:
            gone = np.int64(np.float64(state.drift[i]) * (np.float64(-amount) / np.float64(before)))
            state.drift[i] -= gone
            if state.cohort[i]:
                state.cohort_total[1] -= gone
    book.balance[i, product] += amount
    if counterpart == ELSEWHERE:
        book.elsewhere[i] -= amount
    state.flow_days[i] += amount * days_left
    state.class_total[product] += amount
    state.accounts[HERE] += amount
    state.accounts[counterpart] -= amount
    if state.cohort[i]:
        state.cohort_total[0] += amount


@kernel
def switch(state, i, source, target, amount):
    """Move money between two product classes of one customer; the total stays."""
    state.book.balance[i, source] -= amount
    state.book.balance[i, target] += amount
    state.class_total[source] -= amount
    state.class_total[target] += amount


@kernel
def take_out(state, i, part, days_left):
    """A part (0..1) of every product class goes elsewhere; fen gone. A part of 1 empties the account."""
    gone = np.int64(0)
    for product in range(CLASSES):
        have = state.book.balance[i, product]
        amount = have if part >= 1.0 else np.int64(np.float64(have) * part)
        move(state, i, product, -amount, ELSEWHERE, days_left)
        gone += amount
    if state.book.balance[i, TIME] == 0:
        state.book.time_maturity[i] = -1
    if state.book.balance[i, WEALTH_PRODUCT] == 0:
        state.book.product_maturity[i] = -1
    return gone


@kernel
def bring_in(state, i, amount, days_left):
    """Money from elsewhere, at most what is there, into the demand account; fen brought."""
    brought = min(amount, state.book.elsewhere[i])
    if brought <= 0:
        return np.int64(0)
    move(state, i, DEMAND, brought, ELSEWHERE, days_left)
    return brought


@kernel
def raise_relationship(state, i, share):
    """Relationship strength moves by a share of the way to 1 (or to 0 where negative)."""
    r = state.book.relationship[i]
    state.book.relationship[i] = r + share * (1.0 - r) if share >= 0.0 else r * (1.0 + share)


@kernel
def is_customer(book, i):
    """Whether row i holds an account (also in notice); prospects and those who left do not."""
    return PROSPECT < book.stage[i] < EXITED
