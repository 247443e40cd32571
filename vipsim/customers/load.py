"""A bank's own book: what its file gives stays as it is, what it leaves out is drawn by the generator's laws."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vipsim.customers import book as books
from vipsim.customers import drawing
from vipsim.customers.book import NEVER, UNKNOWN, UNKNOWN_DAY, Book
from vipsim.customers.generate import complete, prospects
from vipsim.customers.laws import laws_of
from vipsim.customers.mapping import ASSET_COLUMNS, Mapping, read_mapping
from vipsim.customers.segments import cuts_of
from vipsim.customers.table import read_table
from vipsim.scenario.errors import InputError


class Imported(NamedTuple):
    """A bank's book as read.

    book, ids: customers of the file in its order, then the pool of prospects
    owner_codes: the file's owner of each customer, "" = nobody; array of str, empty array where not given
    drawn: column -> customers for whom it was drawn because the file does not say
    warnings: what can be read and is hardly meant
    """

    book: Book
    ids: np.ndarray
    owner_codes: np.ndarray
    drawn: dict[str, int]
    warnings: list[str]


def load(path: str | Path, mapping: str | Path | Mapping, scenario: Any) -> tuple[Book, np.ndarray]:
    """The opening book from a bank's file and its ids (as given; prospects after the customers)."""
    read = read_book(path, mapping, scenario)
    return read.book, read.ids


def read_book(path: str | Path, mapping: str | Path | Mapping, scenario: Any) -> Imported:
    """The opening book from a bank's file, with what was drawn.

    Parameters
    ----------
    path : str or Path
        CSV or Parquet (by its suffix .parquet or .pq).
    mapping : str, Path or Mapping
        Column mapping or its file.
    scenario : Scenario
        Its laws draw what the file leaves out; its calendar dates the days.

    Raises
    ------
    InputError
        Unreadable or empty file, missing column, identifying column, negative assets, ids that occur twice, a number,
        date or code that cannot be read: each with file, line and column.
    """
    chosen = mapping if isinstance(mapping, Mapping) else read_mapping(mapping)
    start = chosen.as_of_date or scenario.calendar.start_date
    names = _names_of_parts(scenario, chosen, str(mapping) if isinstance(mapping, str | Path) else "")
    table = read_table(path, chosen, start, names)
    book = _as_book(table, chosen, start, scenario.tiers.window_months)
    drawn = _unknown_cells(book, scenario.book)
    complete(laws_of(scenario), cuts_of(scenario), book, scenario.book.seed, drawing.CUSTOMERS)
    pool, pool_ids = prospects(scenario, scenario.book.seed)
    ids = table["customer_id"]
    while np.isin(pool_ids, ids).any():
        pool_ids = np.char.add("P", pool_ids)
    owners = table.get("owner", np.empty(0, dtype="<U1"))
    doubts = _doubts_of_unit(book, chosen)
    return Imported(books.with_prospects(book, pool), np.concatenate([ids, pool_ids]), owners, drawn, doubts)


def _doubts_of_unit(book: Book, mapping: Mapping) -> list[str]:
    """A warning where the mean assets of the file's customers are not those of any branch: the unit is wrong."""
    mean = float(book.assets().mean()) / 100.0
    least, most = mapping.mean_assets_least_yuan, mapping.mean_assets_most_yuan
    if least <= mean <= most:
        return []
    unit = "other" if mapping.money_unit == "other" else f"{mapping.money_unit}, {mapping.fen_per_unit / 100:g} yuan"
    return [
        f"mean assets of {mean:,.2f} yuan a customer lie outside {least:,.0f} to {most:,.0f} yuan: "
        f"is money_unit right ({unit})? Fitting bounds are mean_assets_least_yuan and mean_assets_most_yuan"
    ]


def _names_of_parts(scenario: Any, mapping: Mapping, file: str) -> dict[str, list[str]]:
    """The scenario's names of areas and trades. Raises InputError where a mapped column has no names to be read by."""
    found = {
        "area": [area.name for area in scenario.book.areas],
        "trade": [trade.name for trade in scenario.book.trades],
    }
    for column in mapping.columns.given():
        if not found.get(column, [column]):
            expected = f"no column, as the scenario names no book.{column}s"
            raise InputError(expected, found=repr(getattr(mapping.columns, column)), file=file, key=f"columns.{column}")
    return found


def _as_book(table: dict[str, np.ndarray], mapping: Mapping, start: datetime.date, window: int) -> Book:
    """A book of what the file gives; the rest stays unknown."""
    n = table["customer_id"].size
    book = books.empty(n, window)
    if "age" in table:
        book.age[:] = np.floor(table["age"])
    else:
        book.age[:] = start.year - table["birth_year"]
    if "assets" in table:
        book.balance[:, 0] = _fen(table["assets"], mapping)
    else:
        for place, name in enumerate(ASSET_COLUMNS):
            book.balance[:, place] = _fen(table[name], mapping) if name in table else 0
    if "income" in table:
        book.income[:] = table["income"] * (mapping.fen_per_unit / 100.0)
    for name, column in (("elsewhere", book.elsewhere), ("average_assets", book.month_average[:, 0])):
        if name in table:
            column[:] = _fen(table[name], mapping)
    for name in ("time_maturity", "product_maturity"):
        if name in table:  # what was due before the extract is due on the first day
            days = table[name]
            getattr(book, name)[:] = np.where(days == UNKNOWN_DAY, days, np.maximum(days, 0))
    if "opened" in table:
        book.opened[:] = np.where(table["opened"] == UNKNOWN_DAY, UNKNOWN_DAY, np.minimum(table["opened"], -1))
    if "last_contact" in table:
        days = table["last_contact"]
        book.last_contact[:] = np.where(days == UNKNOWN_DAY, NEVER, np.minimum(days, -1))
    if "owner" in table:
        book.assigned[:] = table["owner"] != ""
    for name, column in (
        ("signed", book.signed),
        ("ebank", book.ebank),
        ("payroll", book.payroll),
        ("gender", book.female),
        ("group", book.group),
        ("area", book.area),
        ("trade", book.trade),
    ):
        if name in table:
            column[:] = table[name]
    if "points" in table:
        book.points[:] = table["points"]
    if "extra_products" in table:
        count = table["extra_products"]
        book.extra_products[:] = np.where(np.isnan(count), UNKNOWN, np.minimum(count, 100.0))
    return book


def _fen(values: np.ndarray, mapping: Mapping) -> np.ndarray:
    """Whole fen, UNKNOWN where the file says nothing."""
    amounts = np.where(np.isnan(values), 0.0, values) * mapping.fen_per_unit
    return np.where(np.isnan(values), UNKNOWN, np.rint(amounts)).astype(np.int64)


def _unknown_cells(book: Book, source: Any) -> dict[str, int]:
    """How many customers' cells will be drawn, by column."""
    holds_product = (book.balance[:, 1] == UNKNOWN) | (book.balance[:, 2] > 0)
    holds_time = (book.balance[:, 1] == UNKNOWN) | (book.balance[:, 1] > 0)
    unknown = {
        "income": np.isnan(book.income),
        "product classes": book.balance[:, 1] == UNKNOWN,
        "elsewhere": book.elsewhere == UNKNOWN,
        "average_assets": book.month_average[:, 0] == UNKNOWN,
        "time_maturity": holds_time & (book.time_maturity == UNKNOWN_DAY),
        "product_maturity": holds_product & (book.product_maturity == UNKNOWN_DAY),
        "opened": book.opened == UNKNOWN_DAY,
        "last_contact": book.last_contact == UNKNOWN_DAY,
        "assigned": book.assigned == UNKNOWN,
        "signed": book.signed == UNKNOWN,
        "ebank": book.ebank == UNKNOWN,
        "payroll": book.payroll == UNKNOWN,
        "gender": book.female == UNKNOWN,
        "extra_products": book.extra_products == UNKNOWN,
        "relationship": np.isnan(book.relationship),
        "points": np.isnan(book.points),
        "area": (book.area == UNKNOWN) & bool(source.areas),
        "trade": (book.trade == UNKNOWN) & bool(source.trades),
    }
    return {name: int(cells.sum()) for name, cells in unknown.items() if cells.any()}
