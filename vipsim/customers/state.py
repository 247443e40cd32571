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
from vipsim.compiled import lean
from vipsim.customers.book import EXITED, NEVER, PROSPECT, Book
from vipsim.customers.segments import CLASS_NAMES, TIME, WEALTH_PRODUCT
from vipsim.records import rows

CLASSES = len(CLASS_NAMES)
HERE, ELSEWHERE, INCOME, MARKET = range(4)

CHANNEL_COUNT = 6  # channels of outreach, meetings apart
CARD_BIT = CLASSES  # bit of ``reminded``: the coming expiry of the card
OWNER_PENDING = -2  # an assignment is on the agenda


class State(NamedTuple):
    """The book of one replication, a row (dtype ``customer_dtype``) per customer, and the branch's sums."""

    book: Any
    sums: Any  # record of SUMS


_BESIDE: list[tuple[Any, ...]] = [
    ("care", "f8"),  # contacts of the last year in meetings' worth (decays)
    ("courted", "f8"),  # rivals' answer to offers made here: loss of response, 0..1 (fades)
    ("drift", "i8"),  # fen: market gains contained in the balances
    ("month_start", "i8"),  # fen at the start of the month
    ("flow_days", "i8"),  # fen x days: this month's flows weighted with the days left
    ("opening_assets", "i8"),  # fen at the opening
    ("faces", "f8"),  # visits received by lobby managers, fading; as of face_day
    ("face_day", "i4"),
    ("skilled", "i1"),  # was taught to use the machines
    ("told_vip", "i1"),  # was told to be a VIP, and has not found out yet
    ("last_talk", "i4"),  # day of the last call, visit or meeting, messages apart
    ("ask_from", "i4"),  # first day on which a further offer is made
    ("appointed", "i4"),  # day of the last appointment made
    ("loss_day", "i4"),  # day of the last loss felt on a product
    ("followed_day", "i4"),  # day of the last after-sale contact
    ("birthday", "i2"),  # day of the run's year, 0..364
    ("sales", "i2"),  # sales made to the customer so far
    ("refusals", "i1"),  # offers refused in a row
    ("seller", "i1"),  # managers passed over by changes of seller
    ("referred", "i1"),  # recommended by another customer
    ("known", "i1"),  # prospect whom somebody of the branch has met or called
    ("channel_contacts", "i1", (CHANNEL_COUNT,)),  # contacts in the present month by channel
    ("buys_products", "i1"),  # has held a wealth product
    ("month_contacts", "i2"),  # contacts in the present month
    ("reminded", "i1"),  # bit of each product class whose coming maturity the customer was reminded of, and CARD_BIT
    ("rescue_tries", "i1"),  # rescue contacts in the present notice
    ("rescue_known", "i1"),  # the present notice was detected
    ("do_not_call", "i1"),
    ("vip_group", "i1"),  # 1 = VIP in the opening book (fixed at the opening)
    ("cohort", "i1"),  # 1 = customer of the opening book
    ("lost", "i1"),  # exited or lost half the assets or more within the window
    ("level", "i1"),  # grid level 1-9 at the month's start, 0 = not known yet
    ("special", "i1"),  # the card is a special approval
    ("card_business", "i1"),  # what the customer comes for (cards.py) plus 1, 0 = nothing
    ("below_months", "i1"),  # month ends below the tier's cut, in the grace period
    ("qualified_day", "i4"),  # day since which the tier is above the card, -1 = it is not
    ("points_day", "i4"),  # day as of which points are held; what was earned since is not in them yet
    ("grown", "i1"),  # on the owner's list of customers whom a teller has raised and keeps (Y12)
    ("assigned_day", "i4"),  # day on which the owner took over, until the first contact was due; -1 = settled
    ("fee_due", "i8"),  # fen of card fees not paid yet
]
SUMS = np.dtype(
    (
        np.record,
        [
            ("class_total", "i8", (CLASSES,)),  # fen by product class
            ("class_days", "i8", (CLASSES,)),  # fen x days of the present month
            ("cohort_fen", "i8"),  # the cohort's assets
            ("cohort_drift_fen", "i8"),  # market gains contained in them
            ("accounts", "i8", (4,)),  # fen: net change of here, elsewhere, income, market
            ("hazard_mean", "f8", (2,)),  # mean hazard ratio of the opening book, ordinary and VIP
            ("hazard_level", "f8", (2,)),  # observed rate by notices, relative to that of all large outflows
            ("next_prospect", "i8"),  # row after the last one that the branch knows
            ("pool", "i8", (2,)),  # rows from which prospects are looked for: anybody, type C
            (
                "expected",
                "f8",
                (2, 2),
            ),  # chances summed in the window, by group: of notices, of maturities lost
            ("turned", "f8", (2, 2)),  # in the window, by group: notices given, chances of rescue summed
            ("watched", "i8"),  # 1 = a pilot: chances are summed
            ("group", "f8", (2,)),  # cohort's size: ordinary, VIP
            ("checked", "f8"),  # 1 = the head has checked the owners' tasks on the last open day
            ("opening_customers", "i8"),  # rows that are customers on the first day
            ("opening_assigned", "f8"),  # share of those in an owner's band who have an owner on the first day
            ("cards", "i8"),  # cards held
            ("special_cards", "i8"),  # of them special approvals
            ("card_stock", "i8"),  # cards left of this month's order
            ("lead_policy", "i8"),  # how leads without owner are distributed
            ("managers", "i8"),  # in the team at the month's start
            ("parts", "i8", (2,)),  # parts of town, trades
            ("manager_books", "i8", (20,)),  # customers of each manager at the month's start
            ("teller_lists", "i8", (2, 20)),  # customers on each teller's list: now, counted so far this month
            ("co_managed", "i8"),  # customers whom a centre keeps together with their owner, this month
            ("skill", "f8"),  # closing skill that campaigns have taught, 1 = none
            ("expert_sessions", "i8"),  # left of this month's
            ("phase", "i8"),
            ("tail", "f8", (3,)),  # fen x days of the last 90 days: cohort's assets, gains contained, days
            ("tally", "f8", (3, tally.WIDTH)),
        ],
    )
)


def customer_dtype(book: Book) -> np.dtype[Any]:
    """Row of a customer: the columns of the book and what is kept beside them, widest first so that none is padded."""
    columns: list[Any] = [(name, column.dtype, column.shape[1:]) for name, column in book._asdict().items()]
    return np.dtype(sorted([*columns, *_BESIDE], key=lambda c: -np.dtype(c[1]).itemsize), align=True)


def opening_rows(book: Book) -> Any:
    """The opening book as rows; replications copy them."""
    filled = rows(book.size, customer_dtype(book))
    for name, column in book._asdict().items():
        filled[name] = column
    filled["last_talk"] = book.last_contact
    filled["qualified_day"] = filled["assigned_day"] = -1
    for day in ("loss_day", "followed_day", "appointed"):
        filled[day] = NEVER
    filled["sales"] = (book.balance[:, 1:] > 0).sum(axis=1)  # what is held was once sold: rungs of the ladder (O06)
    filled["buys_products"] = book.balance[:, WEALTH_PRODUCT] > 0
    return filled


def begin(opening: Any, customers: int) -> State:
    """The state at the start of a replication: a copy of the opening rows, nothing counted yet.

    ``customers`` is the number of rows that are customers; the rows after them are the pool of prospects.
    """
    sums = np.zeros(1, SUMS).view(np.recarray)[0]
    sums["class_total"] = opening["balance"].sum(axis=0)
    sums["hazard_mean"] = sums["skill"] = 1.0
    sums["cards"] = np.count_nonzero(opening["card"] > 0)
    sums["hazard_level"] = 1.0
    sums["next_prospect"] = customers
    sums["opening_customers"] = customers
    sums["pool"] = customers
    if opening.size > 0:
        sums["parts"] = opening["area"].max() + 1, opening["trade"].max() + 1
    return State(opening.copy(), sums)


@lean
def count(state, column, amount):
    """Add to a column of the tally in the present phase."""
    state.sums.tally[state.sums.phase, column] += amount


@lean
def assets(book, i):
    """All assets of customer i here, fen."""
    b = book[i].balance
    return b[0] + b[1] + b[2] + b[3] + b[4]


@lean
def move(state, i, product, amount, counterpart, days_left):
    """Move ``amount`` fen (negative: out) between customer i's product class and another account.

    ``days_left`` counts the days of the month on which the new balance stands, today included; it keeps the
    month's average exact. Market gains leave with the money in proportion.
    """
    book = state.book
    if amount == 0:
        return
    if counterpart == MARKET:
        state.book[i].drift += amount
        if state.book[i].cohort:
            state.sums.cohort_drift_fen += amount
    elif amount < 0:
        before = assets(book, i)
        if before > 0:
            gone = np.int64(np.float64(state.book[i].drift) * (np.float64(-amount) / np.float64(before)))
            state.book[i].drift -= gone
            if state.book[i].cohort:
                state.sums.cohort_drift_fen -= gone
    book[i].balance[product] += amount
    if counterpart == ELSEWHERE:
        book[i].elsewhere -= amount
    state.book[i].flow_days += amount * days_left
    state.sums.class_total[product] += amount
    state.sums.accounts[HERE] += amount
    state.sums.accounts[counterpart] -= amount
    if state.book[i].cohort:
        state.sums.cohort_fen += amount


@lean
def switch(state, i, source, target, amount):
    """Move money between two product classes of one customer; the total stays."""
    state.book[i].balance[source] -= amount
    state.book[i].balance[target] += amount
    state.sums.class_total[source] -= amount
    state.sums.class_total[target] += amount


@lean
def take_out(state, i, part, days_left):
    """A part (0..1) of every product class goes elsewhere; fen gone. A part of 1 empties the account."""
    gone = np.int64(0)
    for product in range(CLASSES):
        have = state.book[i].balance[product]
        amount = have if part >= 1.0 else np.int64(np.float64(have) * part)
        move(state, i, product, -amount, ELSEWHERE, days_left)
        gone += amount
    if state.book[i].balance[TIME] == 0:
        state.book[i].time_maturity = -1
    if state.book[i].balance[WEALTH_PRODUCT] == 0:
        state.book[i].product_maturity = -1
    return gone


@lean
def bring_in(state, i, product, amount, days_left):
    """Money from elsewhere, at most what is there, into a product class; fen brought."""
    brought = min(amount, state.book[i].elsewhere)
    if brought <= 0:
        return np.int64(0)
    move(state, i, product, brought, ELSEWHERE, days_left)
    return brought


@lean
def raise_relationship(state, i, share):
    """Relationship strength moves by a share of the way to 1 (or to 0 where negative)."""
    r = state.book[i].relationship
    state.book[i].relationship = r + share * (1.0 - r) if share >= 0.0 else r * (1.0 + share)


@lean
def is_customer(book, i):
    """Whether row i holds an account (also in notice); prospects and those who left do not."""
    return PROSPECT < book[i].stage < EXITED
