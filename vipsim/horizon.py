"""The horizon of a scenario: its days, its months and the phases run-in, window, run-off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim.calendar import Days, calendar_days, month_starts, weekday_numbers
from vipsim.scenario.schema import Scenario
from vipsim.tally import RUN_IN, RUN_OFF, WINDOW

_DAYS_A_YEAR = 365.25


class Horizon(NamedTuple):
    """Days of the whole run; first day of each month and the day after the last; phase of each month."""

    days: Days
    starts: np.ndarray  # int32 [months + 1]
    phases: np.ndarray  # int64 [months]

    @property
    def open_days_per_year(self) -> float:
        """Open days in an average year of this calendar."""
        return float(self.days.open.sum()) * _DAYS_A_YEAR / self.days.open.size


def horizon(scenario: Scenario) -> Horizon:
    """The horizon that a scenario's calendar declares."""
    c = scenario.calendar
    lengths = (c.run_in_months, c.window_months, c.run_off_months)
    starts = month_starts(c.start_date, sum(lengths))
    days = calendar_days(
        c.start_date,
        int(starts[-1]),
        c.country,
        weekday_numbers(c.open_weekdays),
        c.extra_open_days,
        c.extra_closed_days,
    )
    return Horizon(days, starts, np.repeat((RUN_IN, WINDOW, RUN_OFF), lengths))
