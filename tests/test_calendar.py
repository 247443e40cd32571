"""Days: open or closed, and their place in week, month and year."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from vipsim.calendar import calendar_days, month_starts, weekday_numbers

WORKDAYS = weekday_numbers(["monday", "tuesday", "wednesday", "thursday", "friday"])


def open_dates(start: date, days: int, **rules: object) -> set[date]:
    found = calendar_days(start, days, **rules)  # type: ignore[arg-type]
    return {start + timedelta(days=int(i)) for i in np.flatnonzero(found.open)}


def test_place_in_week_month_and_year() -> None:
    days = calendar_days(date(2024, 2, 28), 4)  # a leap year: 28, 29 February, 1, 2 March
    assert days.weekday.tolist() == [2, 3, 4, 5]
    assert days.month.tolist() == [1, 1, 2, 2]
    assert days.month_index.tolist() == [0, 0, 1, 1]
    assert days.third.tolist() == [2, 2, 0, 0]
    assert days.open.tolist() == [1, 1, 1, 1]


def test_thirds_of_a_month() -> None:
    third = calendar_days(date(2025, 1, 1), 31).third
    assert [int(np.count_nonzero(third == n)) for n in range(3)] == [10, 10, 11]
    assert third[[9, 10, 19, 20, 30]].tolist() == [0, 1, 1, 2, 2]


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert calendar_days(date(2024, 12, 31), 2).month_index.tolist() == [0, 1]


def test_china_closes_on_holidays_and_opens_on_make_up_days() -> None:
    """State Council notice on the holidays of 2025: 1 to 8 October off, worked on 28 September and 11 October."""
    found = open_dates(date(2025, 9, 27), 16, country="CN", open_weekdays=WORKDAYS)
    assert found == {date(2025, 9, 28), date(2025, 9, 29), date(2025, 9, 30), *(date(2025, 10, d) for d in (9, 10, 11))}
    plain = open_dates(date(2025, 9, 27), 16, open_weekdays=WORKDAYS)
    assert {date(2025, 10, d) for d in range(1, 9) if date(2025, 10, d).weekday() < 5} < plain
    assert date(2025, 9, 28) not in plain


def test_china_in_2025_has_so_many_working_days() -> None:
    """261 Mondays to Fridays, 18 of them off, and 5 days made up at weekends."""
    found = open_dates(date(2025, 1, 1), 365, country="CN", open_weekdays=WORKDAYS)
    assert len(found) == 248


def test_extra_days_have_the_last_word() -> None:
    sunday, monday = date(2025, 6, 8), date(2025, 6, 9)
    found = open_dates(
        date(2025, 6, 7), 4, open_weekdays=WORKDAYS, extra_open_days=[sunday], extra_closed_days=[monday]
    )
    assert found == {sunday, date(2025, 6, 10)}
    holiday = date(2025, 10, 1)
    assert open_dates(holiday, 1, country="CN", open_weekdays=WORKDAYS, extra_open_days=[holiday]) == {holiday}


def test_a_day_both_open_and_closed_is_refused() -> None:
    day = date(2025, 6, 8)
    with pytest.raises(ValueError, match="2025-06-08"):
        calendar_days(date(2025, 6, 1), 30, extra_open_days=[day], extra_closed_days=[day])


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match=r"calendar\.country.*'XX'"):
        calendar_days(date(2025, 6, 1), 30, country="XX")


def test_no_days() -> None:
    assert calendar_days(date(2025, 6, 1), 0, country="CN").open.shape == (0,)


def test_weekday_numbers() -> None:
    assert weekday_numbers(["monday", "Sunday"]) == {0, 6}


def test_month_starts() -> None:
    assert month_starts(date(2024, 1, 1), 3).tolist() == [0, 31, 60, 91]
    assert month_starts(date(2025, 11, 1), 3).tolist() == [0, 30, 61, 92]
    assert month_starts(date(2025, 11, 1), 0).tolist() == [0]
    with pytest.raises(ValueError, match=r"calendar\.start_date.*2025-11-02"):
        month_starts(date(2025, 11, 2), 3)
