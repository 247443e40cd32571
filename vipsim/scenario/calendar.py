"""The calendar section: when the branch is open and which months count."""

from __future__ import annotations

from datetime import date
from typing import Literal

from vipsim.scenario.fields import Section, fact

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
    opens_at: str = fact("text", "Clock time of opening, HH:MM", "L25", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
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
