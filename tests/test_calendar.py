"""Days: open or closed, and their place in week, month and year."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from vipsim.calendar import DayRule, calendar_days, month_starts, unannounced_years, weekday_numbers
from vipsim.horizon import calendar_warnings, horizon, reached_share
from vipsim.scenario import files
from vipsim.scenario.calendar import read_own_days
from vipsim.scenario.errors import InputError

WORKDAYS = weekday_numbers(["monday", "tuesday", "wednesday", "thursday", "friday"])


def open_dates(start: date, days: int, **rules: object) -> set[date]:
    found = calendar_days(start, days, **rules)  # type: ignore[arg-type]
    return {start + timedelta(days=int(i)) for i in np.flatnonzero(found.open)}


def test_place_in_week_month_and_year() -> None:
    days = calendar_days(date(2024, 2, 28), 4)  # a leap year: 28, 29 February, 1, 2 March
    assert days.weekday.tolist() == [2, 3, 4, 5]
    assert days.month.tolist() == [1, 1, 2, 2]
    assert days.month_index.tolist() == [0, 0, 1, 1]
    assert days.day.tolist() == [28, 29, 1, 2]
    assert days.open.tolist() == [1, 1, 1, 1]


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert calendar_days(date(2024, 12, 31), 2).month_index.tolist() == [0, 1]


def test_china_closes_on_holidays_and_opens_on_make_up_days() -> None:
    """State Council notice on the holidays of 2025: 1 to 8 October off, worked on 28 September and 11 October."""
    found = open_dates(date(2025, 9, 27), 16, country="CN", open_weekdays=WORKDAYS)
    assert found == {date(2025, 9, 28), date(2025, 9, 29), date(2025, 9, 30), *(date(2025, 10, d) for d in (9, 10, 11))}
    plain = open_dates(date(2025, 9, 27), 16, open_weekdays=WORKDAYS)
    assert {date(2025, 10, d) for d in range(1, 9) if date(2025, 10, d).weekday() < 5} < plain
    assert date(2025, 9, 28) not in plain


@pytest.mark.parametrize(
    ("year", "open_days", "made_up"),
    [
        (2012, 249, ["01-21", "01-29", "03-31", "04-01", "04-28", "09-29"]),
        (2025, 248, ["01-26", "02-08", "04-27", "09-28", "10-11"]),
        (2026, 248, ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]),
        (2027, 248, []),
    ],
)
def test_chinas_working_days_of_a_year(year: int, open_days: int, made_up: list[str]) -> None:
    """State Council notices on the holidays of 2012, 2025, 2026; of 2027 only the holidays by law are known yet."""
    found = open_dates(date(year, 1, 1), (date(year + 1, 1, 1) - date(year, 1, 1)).days, country="CN",
                       open_weekdays=WORKDAYS)  # fmt: skip
    assert len(found) == open_days
    assert sorted(f"{d:%m-%d}" for d in found if d.weekday() >= 5) == made_up


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2012, 1, 1), date(2012, 1, 3)),
        (date(2012, 1, 22), date(2012, 1, 28)),  # Spring Festival
        (date(2012, 9, 30), date(2012, 10, 7)),  # middle of autumn and National Day
        (date(2025, 1, 28), date(2025, 2, 4)),
        (date(2026, 2, 15), date(2026, 2, 23)),
        (date(2026, 10, 1), date(2026, 10, 7)),
        (date(2027, 10, 1), date(2027, 10, 3)),
    ],
)
def test_chinas_long_holidays_close_the_branch(first: date, last: date) -> None:
    days = (last - first).days + 1
    assert open_dates(first, days, country="CN", open_weekdays=WORKDAYS) == set()
    around = open_dates(first - timedelta(days=3), days + 6, country="CN", open_weekdays=WORKDAYS)
    assert around != set()


def test_a_day_off_for_a_day_worked_in_the_year_before() -> None:
    """3 January 2012 was off for Saturday 31 December 2011, also when the run begins in 2012."""
    assert open_dates(date(2012, 1, 1), 4, country="CN", open_weekdays=WORKDAYS) == {date(2012, 1, 4)}
    assert open_dates(date(2011, 12, 31), 1, country="CN", open_weekdays=WORKDAYS) == {date(2011, 12, 31)}


def test_extra_days_have_the_last_word() -> None:
    sunday, monday = date(2025, 6, 8), date(2025, 6, 9)
    found = open_dates(
        date(2025, 6, 7), 4, open_weekdays=WORKDAYS, extra_open_days=[sunday], extra_closed_days=[monday]
    )
    assert found == {sunday, date(2025, 6, 10)}
    holiday = date(2025, 10, 1)
    assert open_dates(holiday, 1, country="CN", open_weekdays=WORKDAYS, extra_open_days=[holiday]) == {holiday}


def test_the_branchs_own_days_have_the_last_word_of_all() -> None:
    monday, tuesday, saturday = date(2025, 6, 9), date(2025, 6, 10), date(2025, 6, 14)
    own = {monday: DayRule(False), tuesday: DayRule(None, 1.5), saturday: DayRule(True, 0.5)}
    days = calendar_days(monday, 6, "CN", WORKDAYS, extra_open_days=[monday], own_days=own)
    assert days.open.tolist() == [0, 1, 1, 1, 1, 1]
    assert days.factor.tolist() == [1.0, 1.5, 1.0, 1.0, 1.0, 0.5]


def write(folder: Path, text: str) -> str:
    file = folder / "days.csv"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_a_file_of_the_branchs_own_days(tmp_path: Path) -> None:
    file = write(tmp_path, "\ufeffdate,state,factor\n2026-02-14,open,0.5\n2026-03-02, closed ,\n\n2026-05-06,,1.25\n")
    assert read_own_days(file) == {
        date(2026, 2, 14): DayRule(True, 0.5),
        date(2026, 3, 2): DayRule(False, 1.0),
        date(2026, 5, 6): DayRule(None, 1.25),
    }
    assert read_own_days(write(tmp_path, "date,state\n2026-02-14,open\n")) == {date(2026, 2, 14): DayRule(True)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date,state\n14.02.2026,open\n", "days.csv:2: date: expected a date like 2026-02-14, found '14.02.2026'"),
        ("date,state\n2026-02-30,open\n", "days.csv:2: date: expected a date like 2026-02-14, found '2026-02-30'"),
        ("date,state\n2026-02-14,opne\n",
         "days.csv:2: state: expected open, closed or nothing, found 'opne'; did you mean open?"),
        ("date,factor\n2026-02-14,-1\n", "days.csv:2: factor: expected a number of at least 0, found '-1'"),
        ("date,factor\n2026-02-14,much\n", "days.csv:2: factor: expected a number of at least 0, found 'much'"),
        ("date,factor\n2026-02-14,inf\n", "days.csv:2: factor: expected a number of at least 0, found 'inf'"),
        ("date,state\n2026-02-14,open\n2026-02-14,closed\n",
         "days.csv:3: date: expected every date once, found 2026-02-14 twice"),
        ("date,state\n2026-02-14\n", "days.csv:2: expected 2 cells, found 1"),
        ("date,stat\n", "days.csv:1: expected the columns date, state, factor, found date, stat; did you mean state?"),
        ("state,factor\n", "days.csv:1: expected the columns date, state, factor, found state, factor"),
        ("", "days.csv:1: expected the columns date, state, factor, found an empty file"),
    ],
)  # fmt: skip
def test_a_faulty_file_of_days_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_own_days(write(tmp_path, text))
    assert str(error.value).endswith(message)


def test_all_faults_of_a_file_of_days_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_own_days(write(tmp_path, "date,state\nx,open\n2026-02-14,shut\n"))
    assert [(p.line, p.key) for p in error.value.problems] == [(2, "date"), (3, "state")]


def test_a_scenario_finds_its_file_of_days_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "date,state,factor\n2026-01-12,closed,\n2026-01-20,,2.0\n")
    plain = "extends = 'vipsim:baseline.toml'\n[calendar]\nrun_in_months = 0\nstart_date = 2026-01-01\n"
    (tmp_path / "own.toml").write_text(plain + "override_file = 'days.csv'\n", encoding="utf-8")
    (tmp_path / "plain.toml").write_text(plain, encoding="utf-8")
    own, usual = (horizon(files.load(tmp_path / f"{name}.toml")) for name in ("own", "plain"))
    assert (own.days.open[11], usual.days.open[11]) == (0, 1)
    ratio = own.demand[19] / own.demand[20] / (usual.demand[19] / usual.demand[20])
    assert ratio == pytest.approx(2.0)
    (tmp_path / "none.toml").write_text(plain + "override_file = 'dais.csv'\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"none.toml:5: calendar.override_file: .*did you mean days.csv"):
        files.load(tmp_path / "none.toml")


def test_a_day_both_open_and_closed_is_refused() -> None:
    day = date(2025, 6, 8)
    with pytest.raises(ValueError, match="2025-06-08"):
        calendar_days(date(2025, 6, 1), 30, extra_open_days=[day], extra_closed_days=[day])


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match=r"calendar\.country.*'XX'"):
        calendar_days(date(2025, 6, 1), 30, country="XX")


def test_a_year_that_is_not_announced_is_said() -> None:
    """No year far ahead has make-up days; a run that ends in one, or has its window there, says so."""
    assert unannounced_years("CN", date(2024, 7, 1), date(2026, 12, 31)) == []
    assert unannounced_years("CN", date(2048, 12, 31), date(2049, 1, 1)) == [2048, 2049]
    assert unannounced_years("none", date(2048, 12, 31), date(2049, 1, 1)) == []
    ends = files.load("vipsim:baseline.toml", ["calendar.start_date=2025-10-01"])
    assert calendar_warnings(ends, window_only=True) == []
    far = ["calendar.start_date=2048-10-01"]  # window 2049, run-off in the first quarter of 2050
    said = calendar_warnings(files.load("vipsim:baseline.toml", far))
    assert [warning.split(" are not known")[0] for warning in said] == [
        f"the make-up working days of {year}" for year in (2048, 2049, 2050)
    ]
    assert len(calendar_warnings(files.load("vipsim:baseline.toml", far), window_only=True)) == 1


def test_a_year_of_which_the_branch_names_days_is_known(tmp_path: Path) -> None:
    days = write(tmp_path, "date,state\n2049-01-30,open\n")
    far = ["calendar.start_date=2048-10-01", "calendar.extra_open_days=[2048-10-10]"]
    said = calendar_warnings(files.load("vipsim:baseline.toml", [*far, f"calendar.override_file={days!r}"]))
    assert len(said) == 1
    assert "2050" in said[0]


def test_who_can_come_only_at_weekends() -> None:
    """Lost while the branch is closed then; else all their visits fall on its weekends, and no others change (L25)."""
    closed = "calendar.open_weekdays=['monday', 'tuesday', 'wednesday', 'thursday', 'friday']"
    saturday = closed.replace("]", ", 'saturday']")
    only = "demand.weekend_only_share=0.2"
    usual, fewer = (horizon(files.load("vipsim:baseline.toml", [closed, *more])) for more in ([], [only]))
    assert fewer.demand == pytest.approx(0.8 * usual.demand)
    usual, more = (horizon(files.load("vipsim:baseline.toml", [saturday, *own])) for own in ([], [only]))
    year = slice(usual.starts[3], usual.starts[15])
    there = usual.days.weekday[year] == 5
    assert more.demand[year].sum() == pytest.approx(usual.demand[year].sum())
    assert more.demand[year][~there] == pytest.approx(0.8 * usual.demand[year][~there])
    gained = more.demand[year][there] - 0.8 * usual.demand[year][there]
    assert gained.sum() == pytest.approx(0.2 * usual.demand[year].sum())
    assert reached_share(files.load("vipsim:baseline.toml", [closed, only])) == 0.8
    assert reached_share(files.load("vipsim:baseline.toml", [saturday, only])) == 1.0


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
