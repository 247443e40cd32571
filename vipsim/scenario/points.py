"""Points of customers (`[points]`): one for each yuan spent by card, which lapse after some months (K15, C21).

Where the section is left out nobody earns any. Row ids are those of the seed catalogue; "assumption" marks a number
that no source gives.
"""

from __future__ import annotations

from vipsim.scenario.fields import Section, fact, uncertainty

_YEAR_DAYS = 365.25


class Points(Section):
    """Transaction points (交易积分): earned evenly, counted anew when they lapse."""

    points_per_yuan: float = fact("points", "Points for each yuan spent by card", "K15, DV60", ge=0, le=3)
    card_spend_share: float = uncertainty(
        "share", "Part of a customer's income spent by this bank's card", "K15, CF39, assumption", ge=0, le=1
    )
    lapse_months: int = fact(
        "months",
        "Months from the account's opening after which points lapse, again and again",
        "K15, DV62",
        ge=1,
        le=120,
    )

    def day_rate(self) -> float:
        """Points that a yuan of yearly income brings a day."""
        return self.points_per_yuan * self.card_spend_share / _YEAR_DAYS

    def lapse_days(self) -> int:
        """Days after which points lapse."""
        return round(self.lapse_months * _YEAR_DAYS / 12.0)


def rate_and_lapse(points: Points | None) -> tuple[float, int]:
    """Points a day for a yuan of yearly income, and the days after which they lapse; (0, 1) where nobody earns any."""
    return (points.day_rate(), points.lapse_days()) if points is not None else (0.0, 1)
