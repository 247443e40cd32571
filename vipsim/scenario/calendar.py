"""The calendar section: when the branch is open and which months count; and the branch's own file of days."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Literal

from vipsim.calendar import DayRule
from vipsim.scenario.documents import read_text
from vipsim.scenario.errors import InputError, Problem, did_you_mean
from vipsim.scenario.fields import CLOCK_PATTERN, Section, fact

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Calendar(Section):
    """Open days, opening minutes and the phases run-in, window, run-off (catalogue groups L, D; row L25)."""

    start_date: date = fact("date", "First simulated day; a first of a month, since months are calendar months", "L25")
    country: Literal["CN", "none"] = fact(
        "choice", "Whose public holidays and make-up working days hold; none = only open_weekdays", "L25"
    )
    open_weekdays: list[Weekday] = fact("days of week", "Weekdays on which the branch opens", "L25", min_length=1)
    extra_open_days: list[date] = fact("date", "Days on which the branch opens against the rule", "L25", default=[])
    extra_closed_days: list[date] = fact("date", "Days on which the branch closes against the rule", "L25", default=[])
    override_file: str | None = fact(
        "path",
        "Table of days of the branch's own (date, state, factor), which has the last word; omitted = none",
        "L25, N01",
        default=None,
    )
    opens_at: str = fact("text", "Clock time of opening, HH:MM", "L25", pattern=CLOCK_PATTERN)
    opening_min: float = fact(
        "min",
        "Minutes from opening to closing of the doors; more than a day only in a theoretical queue",
        "L25",
        gt=0,
        le=200_000,
    )
    run_in_months: int = fact("months", "Months before the window, under today's policy", "assumption", ge=0, le=36)
    window_months: int = fact("months", "Months decided by the policy", "assumption", ge=1, le=60)
    run_off_months: int = fact(
        "months", "Months after the window, under today's policy again", "assumption", ge=0, le=36
    )


COLUMNS = ("date", "state", "factor")
STATES = {"open": True, "closed": False, "": None}


def read_own_days(name: str) -> dict[date, DayRule]:
    """The branch's own days from a CSV file with the columns date, state and factor.

    ``state`` is open, closed or empty (as weekdays and holidays have it); ``factor`` multiplies the demand of the
    day, empty = 1. Dates are written 2026-02-14.

    Raises
    ------
    InputError
        Every fault of the file, each with its line and column.
    """
    rows = csv.reader(StringIO(read_text(name, path=Path(name)), newline=""))
    header = [column.strip().lower() for column in next(rows, [])]
    wrong = [column for column in header if column not in COLUMNS]
    if wrong or "date" not in header or len(set(header)) < len(header):
        raise InputError(
            "the columns date, state, factor",
            found=", ".join(header) or "an empty file",
            file=name,
            line=1,
            suggestion=did_you_mean(wrong[0], COLUMNS) if wrong else "",
        )
    days: dict[date, DayRule] = {}
    problems: list[Problem] = []
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        line = rows.line_num
        if len(cells) != len(header):
            problems.append(Problem(f"{len(header)} cells", str(len(cells)), name, line))
            continue
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
        found = _own_day(row, days, name, line)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            days[found[0]] = found[1]
    if problems:
        raise InputError.collect(problems)
    return days


def _own_day(row: dict[str, str], known: dict[date, DayRule], name: str, line: int) -> tuple[date, DayRule] | Problem:
    """One row of the file, or what is wrong with it."""
    try:
        day = date.fromisoformat(row["date"])
    except ValueError:
        return Problem("a date like 2026-02-14", repr(row["date"]), name, line, "date")
    if day in known:
        return Problem("every date once", f"{day} twice", name, line, "date")
    state = row.get("state", "").lower()
    if state not in STATES:
        return Problem(
            "open, closed or nothing", repr(state), name, line, "state", did_you_mean(state, ("open", "closed"))
        )
    text = row.get("factor", "")
    try:
        factor = float(text or "1")
    except ValueError:
        factor = -1.0
    if not (isfinite(factor) and factor >= 0.0):
        return Problem("a number of at least 0", repr(text), name, line, "factor")
    return day, DayRule(STATES[state], factor)
