"""The generated opening book: how many customers and prospects, their ids, and the pass that draws them."""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim.customers import book as books
from vipsim.customers import drawing
from vipsim.customers.book import Book
from vipsim.customers.laws import BookLaws, laws_of
from vipsim.customers.segments import Cuts, cuts_of
from vipsim.draws import Address


def generate(scenario: Any, seed: int) -> tuple[Book, np.ndarray]:
    """The generated opening book of a scenario, prospects last, and its ids.

    Parameters
    ----------
    scenario : Scenario
        Its ``book``, ``tiers``, ``grid`` and ``lifecycle`` are read.
    seed : int
        Which book; the same seed gives the same bytes.

    Returns
    -------
    Book, ndarray of str
        Ids are C0000000, C0000001, ... for customers and P0000000, ... for prospects.
    """
    source = scenario.book
    book = books.empty(source.customers + source.prospects, scenario.tiers.window_months)
    laws, cuts = laws_of(scenario), cuts_of(scenario)
    complete(laws, cuts, books.rows(book, slice(0, source.customers)), seed, drawing.CUSTOMERS)
    complete(laws, cuts, books.rows(book, slice(source.customers, book.size)), seed, drawing.PROSPECTS)
    return book, np.concatenate([row_ids("C", source.customers), row_ids("P", source.prospects)])


def prospects(scenario: Any, seed: int) -> tuple[Book, np.ndarray]:
    """The pool of prospects alone, for a book whose customers come from a file, and its ids."""
    pool = books.empty(scenario.book.prospects, scenario.tiers.window_months)
    complete(laws_of(scenario), cuts_of(scenario), pool, seed, drawing.PROSPECTS)
    return pool, row_ids("P", pool.size)


def complete(laws: BookLaws, cuts: Cuts, book: Book, seed: int, kind: int) -> None:
    """Draw every unknown cell of a book in place; ``kind`` is ``drawing.CUSTOMERS`` or ``drawing.PROSPECTS``.

    What may be known: age, income, assets (total in the first class, or by class), elsewhere, maturities, the first
    month average, signed, assigned, ebank, female, opened, last contact, extra products, relationship, group,
    area, trade.
    """
    address = Address(seed, 0, 0)
    drawing.complete(laws, cuts, book, address, kind, drawing.wealth_shift(address, kind))


def row_ids(letter: str, n: int) -> np.ndarray:
    """Ids of n generated rows: a letter and seven digits (more where seven do not suffice), array of str."""
    width = max(7, len(str(max(n - 1, 0))))
    codes = np.empty((n, width + 1), dtype=np.uint32)
    codes[:, 0] = ord(letter)
    number = np.arange(n, dtype=np.uint32)
    for place in range(width, 0, -1):
        number, digit = np.divmod(number, np.uint32(10))
        codes[:, place] = digit + np.uint32(ord("0"))
    return codes.view(f"<U{width + 1}").reshape(n)
