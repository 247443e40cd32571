# mypy: allow-untyped-defs, allow-untyped-calls
"""Points of a customer: earned by the day, lapsing at every anniversary of the account, looked at only when asked for.

Nothing is done for a customer in a month: what is held on a day follows from what was held when somebody last looked
(``points`` as of ``points_day``), from the income and from the days since (K15).
"""

from __future__ import annotations

from vipsim.compiled import lean


@lean
def days_to_lapse(state, lapse_days, i, day):
    """Days until customer i's points lapse, 1 .. lapse_days."""
    return lapse_days - (day - state.book[i].opened) % lapse_days


@lean
def points_held(state, day_rate, lapse_days, i, day):
    """Points that customer i holds today; ``day_rate`` = points a day for each yuan of yearly income."""
    row = state.book[i]
    begun = day - (day - row.opened) % lapse_days  # the account's opening, or the last day on which points lapsed
    if begun > row.points_day:
        return day_rate * row.income * (day - begun)
    return row.points + day_rate * row.income * (day - row.points_day)


@lean
def give_points(state, day_rate, lapse_days, i, points, day):
    """Customer i gives points away, never more than are held; whether there were enough."""
    held = points_held(state, day_rate, lapse_days, i, day)
    if held < points:
        return False
    state.book[i].points = held - points
    state.book[i].points_day = day
    return True
