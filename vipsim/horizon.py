"""The horizon of a scenario: its days, its months and the phases run-in, window, run-off."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from vipsim.calendar import (
    DayRule,
    Days,
    calendar_days,
    month_starts,
    unannounced_years,
    weekday_numbers,
    weekend_of,
)
from vipsim.lobby.demand import WIDE, expected_demand
from vipsim.scenario.calendar import Calendar, read_own_days
from vipsim.scenario.schema import Scenario
from vipsim.tally import RUN_IN, RUN_OFF, WINDOW

_DAYS_A_YEAR = 365.25
_MONTHS_A_YEAR = 12


class Horizon(NamedTuple):
    """Days of the whole run; first day of each month and the day after the last; phase of each month; demand."""

    days: Days
    starts: np.ndarray  # int32 [months + 1]
    phases: np.ndarray  # int64 [months]
    demand: np.ndarray  # float64 [days]: expected, relative to an average open day; 0 = closed

    @property
    def open_days_per_year(self) -> float:
        """Open days in an average year of this calendar."""
        return float(self.days.open.sum()) * _DAYS_A_YEAR / self.days.open.size


def horizon(scenario: Scenario) -> Horizon:
    """The horizon that a scenario's calendar declares.

    Raises
    ------
    InputError
        The branch's own file of days cannot be read.
    """
    c = scenario.calendar
    lengths = (c.run_in_months, c.window_months, c.run_off_months)
    starts = month_starts(c.start_date, max(sum(lengths), c.run_in_months + _MONTHS_A_YEAR))
    own = read_own_days(c.override_file) if c.override_file else {}
    wide = _days(c, own, c.start_date - timedelta(days=WIDE), int(starts[-1]) + 2 * WIDE)
    demand = expected_demand(scenario.demand, wide)[WIDE:-WIDE]
    year = slice(starts[c.run_in_months], starts[c.run_in_months + _MONTHS_A_YEAR])
    total = demand[year].sum()
    mean = total / wide.open[WIDE:-WIDE][year].sum() if total > 0.0 else 1.0  # the window's first year has mean 1
    if share := scenario.demand.weekend_only_share:
        at_weekends = np.isin(wide.weekday[WIDE:-WIDE], weekend_of(c.open_weekdays))
        demand = _with_weekend_only(share, demand, at_weekends, year)
    starts = starts[: sum(lengths) + 1]
    run = int(starts[-1])
    phases = np.repeat((RUN_IN, WINDOW, RUN_OFF), lengths)
    return Horizon(_days(c, own, c.start_date, run), starts, phases, demand[:run] / mean)


def _with_weekend_only(share: float, demand: np.ndarray, at_weekends: np.ndarray, year: slice) -> np.ndarray:
    """Demand where this share of the visits can be made only on the weekends on which the branch opens (L25).

    They spread over the year like the other visits of a weekend, and are lost where it is closed on all of them.
    """
    theirs = np.where(at_weekends, demand, 0.0)
    there = theirs[year].sum()
    lifted = theirs * (demand[year].sum() / there) if there > 0.0 else theirs
    found: np.ndarray = (1.0 - share) * demand + share * lifted
    return found


def reached_share(scenario: Scenario) -> float:
    """Part of the visits that the opening days allow: less than 1 where some could come only at weekends (L25)."""
    return 1.0 if weekend_of(scenario.calendar.open_weekdays) else 1.0 - scenario.demand.weekend_only_share


def calendar_warnings(scenario: Scenario, *, window_only: bool = False) -> list[str]:
    """What the calendar does not know: years of the run (or of its window) without announced make-up working days.

    A year of which the branch's own file or its extra days name a day counts as known.
    """
    c = scenario.calendar
    lengths = (c.run_in_months, c.window_months, c.run_off_months)
    starts = month_starts(c.start_date, sum(lengths))
    first, last = (c.run_in_months, c.run_in_months + c.window_months) if window_only else (0, sum(lengths))
    own = read_own_days(c.override_file) if c.override_file else {}
    told = {day.year for day in [*own, *c.extra_open_days, *c.extra_closed_days]}
    run = (c.start_date + timedelta(days=int(starts[first])), c.start_date + timedelta(days=int(starts[last]) - 1))
    return [
        f"the make-up working days of {year} are not known: its holidays are those of the law, without the days off "
        f"that are worked for at weekends; give them in calendar.override_file once they are announced"
        for year in unannounced_years(c.country, *run)
        if year not in told
    ]


def _days(c: Calendar, own: dict[date, DayRule], start: date, days: int) -> Days:
    return calendar_days(
        start, days, c.country, weekday_numbers(c.open_weekdays), c.extra_open_days, c.extra_closed_days, own
    )
