"""How many come on which day: the shape of a year as declared, and the luck of a day.

The shape is a product of factors (weekday, month, named days of the month, holidays, the branch's own days), scaled
so that an average open day has 1: factors say when customers come, not how often.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from vipsim.calendar import Days
from vipsim.compiled import kernel
from vipsim.draws import DAY_FACTOR, draw, gamma_quantile
from vipsim.scenario.demand import Demand, Holidays, MonthDays

WIDE = 31
"""Days to know beyond a run's ends: a holiday that ends, a payday that moves, where the run begins."""


def expected_demand(demand: Demand, days: Days) -> NDArray[np.float64]:
    """Factor of each day, 0 where the branch is closed; not yet scaled. Days beyond the ends count as unknown."""
    found: NDArray[np.float64] = np.array(demand.weekday_factor)[days.weekday] * days.factor
    found *= np.array(demand.month_factor)[days.month]
    is_open = days.open > 0
    for window in demand.month_days:
        found[_touched(window, days)] *= window.factor
    if demand.holidays is not None:
        found *= _holiday_factors(demand.holidays, is_open)
    found[~is_open] = 0.0
    return found


def _touched(window: MonthDays, days: Days) -> list[int]:
    """Days on which a window of the month is felt: its own; the next open day where all of them are closed.

    A quiet window that falls on closed days is not made up for.
    """
    inside = np.flatnonzero((days.day >= window.from_day) & (days.day <= window.to_day))
    touched: list[int] = []
    for _, group in groupby(inside, key=lambda i: days.month_index[i]):
        own = [int(i) for i in group]
        touched += own
        if window.factor > 1.0 and not days.open[own].any():
            touched += [own[-1] + 1 + int(i) for i in np.flatnonzero(days.open[own[-1] + 1 :])[:1]]
    return touched


def _holiday_factors(holidays: Holidays, is_open: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Factors of the open days before and after each holiday, nearest first."""
    found = np.ones(is_open.size)
    for here, group in groupby(enumerate(is_open), key=itemgetter(1)):
        run = [i for i, _ in group]
        if here or len(run) < holidays.closed_days:
            continue
        before = np.flatnonzero(is_open[: run[0]])[::-1]
        after = run[-1] + 1 + np.flatnonzero(is_open[run[-1] + 1 :])
        for place, factor in zip(before, holidays.before_factor, strict=False):
            found[place] *= factor
        for place, factor in zip(after, holidays.after_factor, strict=False):
            found[place] *= factor
    return found


@kernel
def day_weights(params, address, first_day, expected, weights):
    """Demand of each day relative to an average open day, into ``weights``: as expected, times the day's luck.

    Luck is a gamma factor with mean 1 (over-dispersion). ``expected`` is 0 on closed days and begins at ``first_day``.
    """
    cv = params.arrivals.day_factor_cv
    shape = 1.0 / (cv * cv) if cv > 0.0 else 0.0
    for i in range(weights.size):
        w = expected[i]
        if cv > 0.0 and w > 0.0:
            w *= gamma_quantile(draw(address, DAY_FACTOR, first_day + i, 0, 0), shape) / shape
        weights[i] = w
