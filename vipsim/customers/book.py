"""The customer book: one row per customer, a column per fact, money in whole fen.

Rows after the customers are prospects: people without an account, all their wealth elsewhere. Ids are text and are
kept beside the book, never in it, so that every array goes through the kernels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.customers.segments import CLASS_NAMES

PROSPECT, EXPLORATION, DEVELOPMENT, MATURITY, DECLINE, NOTICE, EXITED = range(7)
"""Stages of the relationship (Y01-Y05, catalogue 1c)."""

STAGE_NAMES = ("prospect", "exploration", "development", "maturity", "decline", "notice", "exited")

EBANK_NONE, EBANK_SIGNED, EBANK_ACTIVE = range(3)
"""States of the electronic channel (CF23, 1c)."""

NEVER = -10_000
"""The day index of what has not happened; days before the start are negative."""

NO_DAY = -1
"""The day index of a maturity or an expiry that a customer does not have."""

NO_OWNER = -1

UNKNOWN = -1
"""A whole number that the bank's file does not give and that is to be drawn; ``nan`` for real numbers."""

UNKNOWN_DAY = -(2**31)
"""A day that the bank's file does not give and that is to be drawn."""


class Book(NamedTuple):
    """The customers of a branch and its pool of prospects: arrays of equal length n.

    Days are indices of the simulated calendar: 0 is the first day, before it they are negative.
    """

    age: np.ndarray  # int16, years
    female: np.ndarray  # int8, 0 or 1
    income: np.ndarray  # float64, yuan a year
    balance: np.ndarray  # int64[n, 5], fen: demand, time, wealth product, fund, insurance and metals
    elsewhere: np.ndarray  # int64, fen at other banks
    time_term: np.ndarray  # int16, days of the time deposit's term, 0 = none
    time_maturity: np.ndarray  # int32, day on which it matures next, -1 = none
    product_maturity: np.ndarray  # int32, day on which the wealth product matures next, -1 = none
    month_average: np.ndarray  # int64[n, W], fen: daily average of month m in column m mod W; month 0 is the first
    tier: np.ndarray  # int8, 0 ordinary .. 3 black
    opening_tier: np.ndarray  # int8, the tier on day 0; fixes the cohort
    card: np.ndarray  # int8, level of the VIP card held, 0 = none
    card_expiry: np.ndarray  # int32, day, -1 = no card
    type: np.ndarray  # int8, 0..3 = A..D
    group: np.ndarray  # int8, 0 youth, 1 middle-aged and elderly, 2 investing, 3 saving
    owner: np.ndarray  # int16, index into the list of owners, -1 = none
    assigned: np.ndarray  # int8, 1 = has (or, where owner is -1, is to be given) an owner
    signed: np.ndarray  # int8, 1 = signed for the relationship service
    extra_products: np.ndarray  # int8, products held beside the balances
    ebank: np.ndarray  # int8, 0 none, 1 signed up, 2 active
    payroll: np.ndarray  # int8, 1 = the salary (or pension) is paid in here by batch (EB13)
    relationship: np.ndarray  # float64, 0..1, strength of the relationship
    stage: np.ndarray  # int8, PROSPECT .. EXITED
    stage_since: np.ndarray  # int32, day on which the stage began
    opened: np.ndarray  # int32, day on which the account was opened, -10000 = no account yet
    last_contact: np.ndarray  # int32, day of the last contact by staff, -10000 = never
    contact_load: np.ndarray  # float64, contacts a year: a count that fades within a year
    complaint_day: np.ndarray  # int32, day of an unresolved complaint
    bad_wait_day: np.ndarray  # int32, day of the last bad wait
    tier_shock_day: np.ndarray  # int32, day of the last downgrade
    ban_until: np.ndarray  # int32, day until which no card may be issued (T09)
    points: np.ndarray  # float64, points held on the first day (customers.points says what is held later)
    area: np.ndarray  # int8, part of town: place in ``book.areas``, 0 where none are declared (O10, O18)
    trade: np.ndarray  # int8, place in ``book.trades``, 0 where none are declared (O18)

    @property
    def size(self) -> int:
        """Number of rows, prospects included."""
        return int(self.age.size)

    def assets(self) -> np.ndarray:
        """Assets here of every row, fen: int64[n]."""
        total: np.ndarray = self.balance.sum(axis=1)
        return total

    def is_customer(self) -> np.ndarray:
        """Which rows have an account: bool[n]."""
        live: np.ndarray = (self.stage != PROSPECT) & (self.stage != EXITED)
        return live


_WHOLE: dict[str, type[np.signedinteger[Any]]] = {
    "age": np.int16,
    "female": np.int8,
    "time_term": np.int16,
    "tier": np.int8,
    "opening_tier": np.int8,
    "card": np.int8,
    "type": np.int8,
    "group": np.int8,
    "assigned": np.int8,
    "signed": np.int8,
    "extra_products": np.int8,
    "ebank": np.int8,
    "payroll": np.int8,
    "stage": np.int8,
    "area": np.int8,
    "trade": np.int8,
}
_DAYS = ("time_maturity", "product_maturity", "card_expiry", "stage_since", "opened", "last_contact")
_NEVER_DAYS = ("complaint_day", "bad_wait_day", "tier_shock_day", "ban_until")
_UNKNOWN_REAL = ("income", "relationship", "points")
_ZERO_REAL = ("contact_load",)


def empty(n: int, window_months: int = 3) -> Book:
    """A book of n rows of which nothing is known yet: every cell that can be drawn is marked unknown.

    Complaints, bad waits, downgrades and bans have not happened.
    """
    if n < 0:
        raise ValueError(f"expected n >= 0, got {n}")
    columns: dict[str, np.ndarray] = {name: np.full(n, UNKNOWN, dtype) for name, dtype in _WHOLE.items()}
    columns |= {name: np.full(n, UNKNOWN_DAY, np.int32) for name in _DAYS}
    columns |= {name: np.full(n, NEVER, np.int32) for name in _NEVER_DAYS}
    columns |= {name: np.full(n, np.nan) for name in _UNKNOWN_REAL}
    columns |= {name: np.zeros(n) for name in _ZERO_REAL}
    columns["balance"] = np.full((n, len(CLASS_NAMES)), UNKNOWN, np.int64)
    columns["elsewhere"] = np.full(n, UNKNOWN, np.int64)
    columns["month_average"] = np.full((n, window_months), UNKNOWN, np.int64)
    columns["owner"] = np.full(n, NO_OWNER, np.int16)
    return Book(**columns)


def copy(book: Book) -> Book:
    """A book of its own arrays: what a replication may change."""
    return Book(*(column.copy() for column in book))


def rows(book: Book, which: slice | np.ndarray) -> Book:
    """Some rows of a book (a slice gives views, a mask or indices give copies)."""
    return Book(*(column[which] for column in book))


def with_prospects(customers: Book, prospects: Book) -> Book:
    """The customers followed by a pool of prospects.

    Raises ValueError where the windows of the two books differ or a row of the pool is not a prospect.
    """
    if customers.month_average.shape[1] != prospects.month_average.shape[1]:
        raise ValueError("expected the same window of month averages in customers and prospects")
    if np.any(prospects.stage != PROSPECT):
        raise ValueError("expected only prospects in the pool")
    return Book(*(np.concatenate(pair) for pair in zip(customers, prospects, strict=True)))


def opening(scenario: Any) -> tuple[Book, np.ndarray]:
    """The book on day 0 that a scenario declares, and its ids: generated, or read from the bank's file.

    With ``book.source = "none"`` the book is empty. Raises InputError where the file cannot be used.
    """
    source = scenario.book
    if source.source == "none":
        return empty(0), np.empty(0, dtype="<U8")
    if source.source == "file":
        from vipsim.customers.load import load  # loads pandas: only where a file is read

        return load(source.file, source.mapping, scenario)
    from vipsim.customers.generate import generate

    return generate(scenario, int(source.seed))
