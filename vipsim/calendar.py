"""Days: when the branch is open, and where each day stands in its week, month and year.

Day 0 is the start date. The public holidays and make-up working days of a country come from the ``holidays``
package, which is slow to import and therefore imported only when a country is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class DayRule(NamedTuple):
    """What the branch itself says of a day, against the rule: open or closed (None = as the rule), and its demand."""

    open: bool | None = None
    factor: float = 1.0


class Days(NamedTuple):
    """A run of calendar days, one element a day."""

    open: NDArray[np.int8]  # 1 = the branch opens
    weekday: NDArray[np.int8]  # 0 = Monday
    day: NDArray[np.int8]  # day of the month, from 1
    month: NDArray[np.int8]  # 0 = January
    month_index: NDArray[np.int32]  # calendar months since the start date's
    factor: NDArray[np.float64]  # demand of the day as the branch's own file has it; 1 = as the profile


def _is_working_day(days: Sequence[date], country: str, open_weekdays: frozenset[int]) -> NDArray[np.bool_]:
    """Weekdays of opening; a country's public holidays close the branch, its make-up working days open it."""
    regular: NDArray[np.bool_] = np.array([d.weekday() in open_weekdays for d in days], dtype=bool)
    if country == "none" or not days:
        return regular
    import holidays

    try:
        calendar = holidays.country_holidays(country, years=range(days[0].year, days[-1].year + 1))
    except NotImplementedError as error:
        raise ValueError(f"calendar.country: expected a country code or 'none', found {country!r}") from error
    closed: NDArray[np.bool_] = np.array([d in calendar for d in days], dtype=bool)
    made_up: NDArray[np.bool_] = np.array([d in calendar.weekend_workdays for d in days], dtype=bool)
    return (regular & ~closed) | made_up


def unannounced_years(country: str, first: date, last: date) -> list[int]:
    """Years between two days whose make-up working days the ``holidays`` package does not know (yet).

    China's are announced in November for the next year; until then only the holidays by law are known, without the
    days off that are worked for on Saturdays and Sundays. Empty where no country is named.
    """
    if country == "none":
        return []
    import holidays

    years = range(first.year, last.year + 1)
    known = {day.year for day in holidays.country_holidays(country, years=years).weekend_workdays}
    return [year for year in years if year not in known]


def weekday_numbers(names: Iterable[str]) -> frozenset[int]:
    """Numbers 0 (Monday) to 6 of weekdays named by their first three letters."""
    return frozenset(WEEKDAYS.index(name[:3].lower()) for name in names)


def weekend_of(names: Iterable[str]) -> list[int]:
    """Saturday (5) and Sunday (6), where they are among the weekdays of opening."""
    return sorted(weekday_numbers(names) & {5, 6})


def calendar_days(
    start: date,
    days: int,
    country: str = "none",
    open_weekdays: Iterable[int] = range(7),
    extra_open_days: Iterable[date] = (),
    extra_closed_days: Iterable[date] = (),
    own_days: Mapping[date, DayRule] | None = None,
) -> Days:
    """The ``days`` days from ``start``: open or closed, and their place in week, month and year.

    The extra days come after weekdays and holidays, ``own_days`` (the branch's override file) after these. Raises
    ValueError for an unknown country or a day that is both extra open and extra closed.
    """
    opened, closed = frozenset(extra_open_days), frozenset(extra_closed_days)
    if both := sorted(opened & closed):
        raise ValueError(f"calendar: expected {both[0]} in one of extra_open_days and extra_closed_days, found in both")
    dates = [start + timedelta(days=i) for i in range(days)]
    is_open = _is_working_day(dates, country, frozenset(open_weekdays))
    factor = np.ones(days)
    for i, d in enumerate(dates):
        if d in closed:
            is_open[i] = False
        elif d in opened:
            is_open[i] = True
        rule = own_days.get(d) if own_days else None
        if rule is not None:
            factor[i] = rule.factor
            if rule.open is not None:
                is_open[i] = rule.open
    return Days(
        open=is_open.astype(np.int8),
        weekday=np.array([d.weekday() for d in dates], dtype=np.int8),
        day=np.array([d.day for d in dates], dtype=np.int8),
        month=np.array([d.month - 1 for d in dates], dtype=np.int8),
        month_index=np.array([12 * (d.year - start.year) + d.month - start.month for d in dates], dtype=np.int32),
        factor=factor,
    )


def month_starts(start: date, months: int) -> NDArray[np.int32]:
    """Day index of the first day of each month and, last, of the day after the last month (length months + 1).

    Raises ValueError where ``start`` is not the first of a month: months of a run are whole calendar months.
    """
    if start.day != 1:
        raise ValueError(f"calendar.start_date: expected the first of a month, found {start}")
    first = 12 * start.year + start.month - 1
    firsts = [date((first + i) // 12, (first + i) % 12 + 1, 1) for i in range(months + 1)]
    return np.array([(d - start).days for d in firsts], dtype=np.int32)
