"""A bank's customer file as checked columns: every fault with its row, line and column, before anything is drawn.

The only room that uses pandas.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vipsim.customers.book import UNKNOWN, UNKNOWN_DAY
from vipsim.customers.mapping import ASSET_COLUMNS, Mapping
from vipsim.customers.privacy import identifying_header, identifying_text, identifying_values
from vipsim.scenario.errors import InputError, Problem, did_you_mean

_SHOWN = 5  # rows named per fault; a file with one wrong unit would name all of them
_MONEY = ("assets", *ASSET_COLUMNS, "income", "elsewhere", "average_assets")
_NUMBERS = (*_MONEY, "age", "birth_year", "extra_products", "points")
_DATES = ("time_maturity", "product_maturity", "opened", "last_contact")
_CODES = ("gender", "signed", "ebank", "payroll", "group")
_PARTS = ("area", "trade")
_REQUIRED = frozenset({"customer_id", "assets", *ASSET_COLUMNS, "age", "birth_year"})
_OLDEST_AGE = 120


def read_table(
    path: str | Path, mapping: Mapping, start: datetime.date, names: dict[str, list[str]]
) -> dict[str, np.ndarray]:
    """The mapped columns of a file, checked: vipsim's column name -> array, one entry per row of the file.

    Numbers are float64 in the file's own unit with nan where unknown, dates are days from ``start`` with UNKNOWN_DAY,
    codes int64 with UNKNOWN, ids and owners text. ``names``: those that the scenario gives to areas and trades.
    """
    frame = _frame(Path(path), mapping)
    faults = _Faults(str(path), is_text=not _is_parquet(Path(path)))
    columns = mapping.columns.given()
    _check_columns(frame, columns, faults)
    faults.stop()
    _check_privacy(frame, columns, faults)
    faults.stop()
    if frame.empty:
        raise InputError("at least one customer", found="an empty book", file=str(path))
    table: dict[str, np.ndarray] = {}
    for name, header in columns.items():
        text = frame[header]
        if name in _NUMBERS:
            table[name] = _numbers(text, name, mapping, faults)
        elif name in _DATES:
            table[name] = _days(text, mapping, start, faults)
        elif name in _CODES:
            table[name] = _codes(text, mapping.codes.table(name), mapping, faults)
        elif name in _PARTS:
            table[name] = _codes(text, mapping.codes.parts(name, names[name]), mapping, faults)
        else:
            table[name] = _texts(text, mapping)
    _check_values(table, columns, start, frame.index, faults)
    faults.stop()
    return table


# --------------------------------------------------------------------------------------------- the file


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _frame(path: Path, mapping: Mapping) -> pd.DataFrame:
    """The whole file as a table; CSV as text, so that every fault can be shown as it stands there."""
    file = str(path)
    if not path.is_file():
        near = did_you_mean(path.name, [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else [])
        raise InputError("a file", found="a directory" if path.is_dir() else "no such file", file=file, suggestion=near)
    try:
        if _is_parquet(path):
            return pd.read_parquet(path).reset_index(drop=True)
        frame = pd.read_csv(
            path,
            sep=mapping.separator,
            encoding="utf-8-sig" if mapping.encoding.lower().replace("-", "") == "utf8" else mapping.encoding,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
        )
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}"
        hint = 'write encoding = "gb18030" into the mapping if the file comes from a Chinese Excel'
        raise InputError(f"a text in {mapping.encoding}", found=found, file=file, suggestion=hint) from None
    except LookupError:
        raise InputError("a known encoding", found=repr(mapping.encoding), file=file, key="encoding") from None
    except pd.errors.EmptyDataError:
        raise InputError("at least one customer", found="an empty file", file=file) from None
    except (pd.errors.ParserError, ValueError) as error:
        kind = "Parquet" if _is_parquet(path) else "CSV"
        raise InputError(f"a {kind} table", found=str(error).splitlines()[0], file=file) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError("a readable file", found=reason, file=file) from None
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes surplus cells for row names
        raise InputError("as many cells in a row as in the header", found="more", file=file, line=2)
    return frame[(frame != "").any(axis=1)]  # rows keep their number in the file


@dataclass
class _Faults:
    """Faults of a file, collected so that a user sees them together."""

    file: str
    is_text: bool
    problems: list[Problem] = field(default_factory=list)

    def column(self, expected: str, found: str, header: str, suggestion: str = "") -> None:
        """A fault of a whole column."""
        self.problems.append(Problem(expected, found, self.file, 1 if self.is_text else None, header, suggestion))

    def rows(self, wrong: np.ndarray, rows: pd.Index, shown: Any, expected: str, header: str, hint: str = "") -> None:
        """A fault of the rows marked in ``wrong``; the first few are named, the rest counted.

        A row's number counts customers from 1; its line in a CSV file is one more, for the header.
        """
        places = np.flatnonzero(wrong)
        for place in places[:_SHOWN]:
            number = int(rows[place]) + 1
            found = f"{shown(place)} in row {number}"
            if places.size > _SHOWN and place == places[_SHOWN - 1]:
                found += f" (and {places.size - _SHOWN} more rows)"
            line = number + 1 if self.is_text else None
            self.problems.append(Problem(expected, found, self.file, line, header, hint))

    def stop(self) -> None:
        """Raise what was found so far."""
        if self.problems:
            raise InputError.collect(self.problems)


def _check_columns(frame: pd.DataFrame, columns: dict[str, str], faults: _Faults) -> None:
    present = [str(header) for header in frame.columns]
    for name, header in columns.items():
        if header not in present:
            hint = did_you_mean(header, present) or f"the file has: {', '.join(present[:12])}"
            faults.column(f"the column {header!r} ({name})", "no such column", header, hint)


def _check_privacy(frame: pd.DataFrame, columns: dict[str, str], faults: _Faults) -> None:
    """Refuse columns that identify people. Only their headers are named, never a cell."""
    numeric = {header for name, header in columns.items() if name in _NUMBERS}
    ids = columns["customer_id"]
    for header in frame.columns:
        what = "" if header == ids == "客户" else identifying_header(str(header))
        by = "its header"
        if not what:
            by = "its values"
            cells = _cells(frame[header])
            if header == ids:
                what = identifying_values(cells)
            else:  # a number is what a column of numbers is for; what else stands there is a text
                what = identifying_text(_no_numbers(cells) if header in numeric else cells)
        if what:
            hint = "take the column out of the file; ids must be pseudonyms"
            faults.column("no column that identifies people", f"{what}, by {by}", str(header), hint)


def _cells(column: pd.Series) -> list[str]:
    """Cells as texts; whole numbers of a Parquet column with blanks without their decimals."""
    filled = column.dropna()
    if filled.dtype.kind == "f":
        filled = filled[np.isfinite(filled)]
        return [f"{value:.0f}" if value == np.floor(value) else repr(float(value)) for value in filled]
    return filled.astype(str).tolist()


def _no_numbers(cells: list[str]) -> list[str]:
    """Cells that hold more than digits and the marks of a number."""
    if re.fullmatch(r"[\s\d.,+-]*", "\n".join(cells)):
        return []
    return [cell for cell in cells if not re.fullmatch(r"[\s\d.,+-]*", cell)]


# --------------------------------------------------------------------------------------------- the values


def _blank(text: pd.Series, mapping: Mapping) -> np.ndarray:
    """Which cells hold nothing."""
    if text.dtype.kind in "iufbM":
        return text.isna().to_numpy()
    stripped = text.fillna("").astype(str).str.strip()
    blank: np.ndarray = stripped.isin(["", *mapping.unknown]).to_numpy()
    return blank


def _texts(text: pd.Series, mapping: Mapping) -> np.ndarray:
    found = text.fillna("").astype(str).str.strip()
    return np.array(found.where(~found.isin(mapping.unknown), "").tolist(), dtype=np.str_)


def _numbers(text: pd.Series, name: str, mapping: Mapping, faults: _Faults) -> np.ndarray:
    blank = _blank(text, mapping)
    plain = text
    if text.dtype.kind not in "iufb":
        plain = text.fillna("").astype(str).str.strip()
        if mapping.thousands:
            plain = plain.str.replace(mapping.thousands, "", regex=False)
    values = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    values[blank] = np.nan
    wrong = ~np.isfinite(values) & ~blank
    faults.rows(wrong, text.index, lambda place: repr(text.iloc[place]), "a number", str(text.name))
    if name in _REQUIRED:
        faults.rows(blank, text.index, lambda place: "nothing", "a number", str(text.name))
    values[wrong] = np.nan
    return values


def _days(text: pd.Series, mapping: Mapping, start: datetime.date, faults: _Faults) -> np.ndarray:
    """Days from the start, UNKNOWN_DAY where blank."""
    blank = _blank(text, mapping)
    given = text if text.dtype.kind == "M" else text.where(~blank, None)
    dates = pd.to_datetime(given, format=None if text.dtype.kind == "M" else mapping.date_format, errors="coerce")
    wrong = dates.isna().to_numpy() & ~blank
    expected = f"a date like {start.strftime(mapping.date_format)}"
    faults.rows(wrong, text.index, lambda place: repr(text.iloc[place]), expected, str(text.name))
    days = np.full(len(text), UNKNOWN_DAY, dtype=np.int64)
    known = ~blank & ~wrong
    since = (dates[known].dt.normalize() - pd.Timestamp(start)).dt.days
    days[known] = since.to_numpy()
    return days


def _codes(text: pd.Series, table: dict[str, int], mapping: Mapping, faults: _Faults) -> np.ndarray:
    blank = _blank(text, mapping)
    words = text.astype(str).str.strip().str.lower()
    numbers = words.map(table)
    wrong = numbers.isna().to_numpy() & ~blank
    expected = "one of " + ", ".join(table)
    hint = "add the code to the mapping's [codes]"
    faults.rows(wrong, text.index, lambda place: repr(text.iloc[place]), expected, str(text.name), hint)
    found: np.ndarray = numbers.fillna(UNKNOWN).to_numpy(dtype=np.int64, copy=True)
    found[blank] = UNKNOWN
    return found


def _check_values(
    table: dict[str, np.ndarray], columns: dict[str, str], start: datetime.date, rows: pd.Index, faults: _Faults
) -> None:
    """Rules of single values and of ids; ``rows`` are the rows' numbers in the file."""
    ids = table["customer_id"]

    def refuse(name: str, wrong: np.ndarray, expected: str) -> None:
        values = table[name]
        faults.rows(wrong, rows, lambda place: f"{values[place]:g} of {str(ids[place])!r}", expected, columns[name])

    faults.rows(ids == "", rows, lambda place: "nothing", "a customer id", columns["customer_id"])
    _check_twice(ids, columns["customer_id"], rows, faults)
    for name in (*_MONEY, "extra_products", "points"):
        if name in table:
            with np.errstate(invalid="ignore"):
                refuse(name, table[name] < 0, f"{name} of at least 0")
    if "age" in table:
        with np.errstate(invalid="ignore"):
            refuse("age", (table["age"] < 0) | (table["age"] > _OLDEST_AGE), f"an age from 0 to {_OLDEST_AGE}")
    if "birth_year" in table:
        year = table["birth_year"]
        with np.errstate(invalid="ignore"):
            wrong = (year < start.year - _OLDEST_AGE) | (year > start.year) | (year != np.floor(year))
        refuse("birth_year", wrong & ~np.isnan(year), f"a year from {start.year - _OLDEST_AGE} to {start.year}")
    for name in ("opened", "last_contact"):
        if name in table:
            late = table[name] > 0
            days = table[name]

            def shown(place: int, days: np.ndarray = days) -> str:
                return f"{start + datetime.timedelta(days=int(days[place]))} of {str(ids[place])!r}"

            faults.rows(late, rows, shown, f"a date not after {start}", columns[name])


def _check_twice(ids: np.ndarray, header: str, rows: pd.Index, faults: _Faults) -> None:
    _, first, count = np.unique(ids, return_index=True, return_counts=True)
    for place in np.sort(first[count > 1])[:_SHOWN]:
        where = [int(row) + 1 for row in rows[ids == ids[place]]]
        listed = ", ".join(map(str, where[:10]))
        line = where[1] + 1 if faults.is_text else None
        found = f"{str(ids[place])!r} in rows {listed}"
        faults.problems.append(Problem("ids that occur once", found, faults.file, line, header))
