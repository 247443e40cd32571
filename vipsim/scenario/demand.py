"""Scenario section of who comes (`[demand]`): visits of the book, walk-ins, their business, and when they come.

Values are in the scenario files, each with its source; where a number has a default, it switches something off.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from vipsim.scenario.fields import Law, Section, fact, uncertainty

TYPES = ("A", "B", "C", "D")

_SUM_TOLERANCE = 1e-9


def _sums_to_one(values: list[float], what: str) -> None:
    if abs(sum(values) - 1.0) > _SUM_TOLERANCE:
        raise ValueError(f"expected {what} to sum to 1, found {sum(values):.6g}")


def _never_negative(values: list[float]) -> list[float]:
    if values and min(values) < 0.0:
        raise ValueError(f"expected every factor >= 0, found {min(values):.6g}")
    return values


class WalkInShare(Section):
    """Types of walk-ins without an account here: A = a VIP, B = potential, C = rich elsewhere, D = ordinary."""

    A: float = uncertainty("share", "Walk-ins of type A (a VIP: reference scenarios without a book)", "N08", ge=0, le=1)
    B: float = uncertainty("share", "Walk-ins of type B (potential)", "N08", ge=0, le=1)
    C: float = uncertainty("share", "Walk-ins of type C (meets the standard, banks elsewhere)", "N08", ge=0, le=1)
    D: float = uncertainty("share", "Walk-ins of type D (ordinary)", "N08", ge=0, le=1)

    @model_validator(mode="after")
    def _whole(self) -> WalkInShare:
        _sums_to_one([self.A, self.B, self.C, self.D], "walk_in_share")
        return self


class Transaction(Section):
    """One kind of business: its share of visits, the station that does it and how long it takes there."""

    name: str = fact("text", "What the customer comes for", "N02")
    share: float = uncertainty("share", "Share of the visits of customers below the standard cut", "N02", ge=0, le=1)
    vip_share: float | None = uncertainty(
        "share", "Share of the visits of VIPs; omitted = share", "N02", ge=0, le=1, default=None
    )
    walk_in_share: float | None = uncertainty(
        "share", "Share of the visits of walk-ins without an account; omitted = share", "N02", ge=0, le=1, default=None
    )
    station: Literal["cash", "noncash", "rm"] = fact("choice", "Where it is done when not on a machine", "N02, L06")
    divertible_share: float = uncertainty("share", "Share that a machine could do", "N02, L04, L06", ge=0, le=1)
    divert_ratio: float = fact(
        "ratio",
        "How often lobby managers try to divert this business, relative to lobby.diversion.divert_share",
        "L06",
        ge=0,
        le=10,
        default=1.0,
    )
    service: Law = uncertainty("min", "Minutes at the station", "N03")
    opens_account: bool = fact(
        "switch", "Opens an account: e-banking can be signed with it", "EB01, I12", default=False
    )
    ebank_odds_ratio: float = uncertainty(
        "ratio",
        "Odds that who comes for this business signs up for e-banking, and that who signed becomes an active user, "
        "relative to the shares given; 1 = as they",
        "EB14, assumption",
        ge=0,
        le=20,
        default=1.0,
    )
    fee_yuan: float = fact(
        "yuan", "Fee of this business at the counter", "EB05, assumption", ge=0, le=1000, default=0.0
    )

    def asked_share(self, divert_share: float) -> float:
        """Divertible jobs of this kind that lobby managers try to divert, where they try so many on the whole."""
        return min(1.0, divert_share * self.divert_ratio)

    def shares(self) -> tuple[float, float, float]:
        """Share of the visits of ordinary customers, of VIPs, of walk-ins."""
        vip = self.share if self.vip_share is None else self.vip_share
        return self.share, vip, self.share if self.walk_in_share is None else self.walk_in_share


class MonthDays(Section):
    """Named days of every month with a demand of their own: payday, pension day, the middle of the month."""

    name: str = fact("text", "Why more or fewer come", "N01")
    from_day: int = uncertainty("day of month", "First day of the month", "N01", ge=1, le=31)
    to_day: int = uncertainty("day of month", "Last day of the month; 31 = to its end", "N01", ge=1, le=31)
    factor: float = uncertainty("factor", "Demand on these days", "N01", ge=0, le=10)

    @model_validator(mode="after")
    def _ordered(self) -> MonthDays:
        if self.from_day > self.to_day:
            raise ValueError(f"expected from_day <= to_day, found {self.from_day} > {self.to_day}")
        return self


class Holidays(Section):
    """Before and after a holiday: who cannot come on closed days comes on the days around them."""

    closed_days: int = uncertainty("days", "So many closed days in a row are a holiday", "assumption", ge=2, le=31)
    before_factor: list[float] = uncertainty(
        "factor", "Demand of the last open day before a holiday, the one before it, ...", "assumption", max_length=5
    )
    after_factor: list[float] = uncertainty(
        "factor", "Demand of the first open day after a holiday, the second, ...", "assumption", max_length=5
    )

    @field_validator("before_factor", "after_factor")
    @classmethod
    def _factors(cls, values: list[float]) -> list[float]:
        return _never_negative(values)


class Demand(Section):
    """Visits: customers of the book at a rate of their own, and walk-ins without an account."""

    customer_visits_per_year: float = uncertainty(
        "visits per year", "Visits of an ordinary customer without active e-banking", "N01", ge=0, le=365
    )
    vip_visit_ratio: float = uncertainty("ratio", "A VIP's visits relative to an ordinary customer's", "N08", ge=0)
    ebank_visit_ratio: float = uncertainty("ratio", "Visits of an active e-bank user relative to others", "N30", ge=0)
    walk_ins_per_day: float = uncertainty("visits per day", "Walk-ins on an average open day", "N01", ge=0)
    walk_in_share: WalkInShare
    profile_share: list[float] = uncertainty(
        "share", "Share of a day's arrivals by equal slot of the opening time", "N01", min_length=1
    )
    weekday_factor: list[float] = uncertainty(
        "factor", "Demand by weekday, Monday first", "N01", min_length=7, max_length=7
    )
    month_factor: list[float] = uncertainty(
        "factor", "Demand by month, January first", "N01", min_length=12, max_length=12
    )
    month_days: list[MonthDays] = Field(
        default=[], description="Named days of every month with a demand of their own; overlapping ones multiply"
    )
    holidays: Holidays | None = Field(None, description="Demand around holidays; omitted = as on other days")
    day_factor_cv: float = uncertainty(
        "ratio", "Over-dispersion: variation of the gamma factor of a day (mean 1)", "us_bank_calls", ge=0, le=3
    )
    weekend_only_share: float = uncertainty(
        "share",
        "Visits that can be made only at weekends (work far away); lost while the branch is closed then",
        "L25",
        ge=0,
        le=1,
        default=0.0,
    )
    transactions: list[Transaction] = Field(min_length=1, description="Kinds of business; shares sum to 1")

    @field_validator("profile_share")
    @classmethod
    def _profile(cls, values: list[float]) -> list[float]:
        if min(values) < 0.0:
            raise ValueError(f"expected profile_share >= 0, found {min(values):.6g}")
        _sums_to_one(values, "profile_share")
        return values

    @field_validator("weekday_factor", "month_factor")
    @classmethod
    def _factors(cls, values: list[float]) -> list[float]:
        return _never_negative(values)

    @field_validator("transactions")
    @classmethod
    def _transactions(cls, values: list[Transaction]) -> list[Transaction]:
        for n, name in enumerate(("share", "vip_share", "walk_in_share")):
            _sums_to_one([x.shares()[n] for x in values], f"the {name} of transactions")
        names = [x.name for x in values]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"expected every transaction once, found {name!r} {names.count(name)} times")
        return values
