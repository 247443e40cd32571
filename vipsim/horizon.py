"""The horizon of a scenario: its days, its months and the phases run-in, window, run-off."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from vipsim.calendar import DayRule, Days, calendar_days, month_starts, weekday_numbers
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
    starts = starts[: sum(lengths) + 1]
    run = int(starts[-1])
    phases = np.repeat((RUN_IN, WINDOW, RUN_OFF), lengths)
    return Horizon(_days(c, own, c.start_date, run), starts, phases, demand[:run] / mean)


def _days(c: Calendar, own: dict[date, DayRule], start: date, days: int) -> Days:
    return calendar_days(
        start, days, c.country, weekday_numbers(c.open_weekdays), c.extra_open_days, c.extra_closed_days, own
    )
