"""Who is a VIP and how the book is divided: tier scheme, income x asset grid, owners.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from pydantic import model_validator

from vipsim.scenario.fields import Section, expect_each, fact, lever, uncertainty


class Tiers(Section):
    """Tier scheme: cut-offs on window-average assets, re-grade rule, entitlement cost (T01-T08)."""

    standard_floor_yuan: float = fact("yuan", "Head office's lowest allowed standard cut", "T02, T03", ge=0)
    platinum_floor_yuan: float = fact("yuan", "Head office's lowest allowed platinum cut", "T02, T03", ge=0)
    black_floor_yuan: float = fact("yuan", "Head office's lowest allowed black-gold cut", "T02, T03", ge=0)
    standard_yuan: float = lever(
        "yuan", "Window-average assets from which a customer is a standard VIP", "T02, DV26", ge=0, le=2_000_000
    )
    platinum_yuan: float = lever(
        "yuan", "Window-average assets from which a customer is a platinum VIP", "T02, DV27", ge=0, le=10_000_000
    )
    black_yuan: float = lever(
        "yuan", "Window-average assets from which a customer is a black-gold VIP", "T02, DV28", ge=0, le=50_000_000
    )
    window_months: int = fact("months", "Months averaged for the tier (3 or 12)", "T02, T25, section 8", ge=1, le=12)
    acceptance_share: float = uncertainty(
        "share", "Customers who accept a higher card when they qualify, a month", "T01, assumption", ge=0, le=1
    )
    entitlement_cost_yuan_per_year: list[float] = fact(
        "yuan/year", "Cost of the services of standard, platinum, black-gold VIPs", "T15, U04, assumption"
    )

    entitlement_care_share: float = uncertainty(
        "share", "Monthly rise of relationship towards 1 by a VIP's services", "T15, assumption", ge=0, le=1
    )

    @model_validator(mode="after")
    def _cuts(self) -> Tiers:
        if not self.standard_yuan < self.platinum_yuan < self.black_yuan:
            raise ValueError("expected standard_yuan < platinum_yuan < black_yuan")
        for name in ("standard", "platinum", "black"):
            if getattr(self, f"{name}_yuan") < getattr(self, f"{name}_floor_yuan"):
                raise ValueError(f"{name}_yuan is below the head office's {name}_floor_yuan (T03)")
        expect_each(self, ("standard", "platinum", "black-gold"), ("entitlement_cost_yuan_per_year",))
        return self


class Grid(Section):
    """Income x asset grid: level = 3 (I - 1) + C (S02-S17)."""

    asset_cuts_yuan: list[float] = fact("yuan", "Two asset cuts between columns C1, C2, C3", "S02, T23")
    income_cuts_yuan: list[float] = fact("yuan/year", "Two income cuts between rows I1, I2, I3", "S02")

    @model_validator(mode="after")
    def _cuts(self) -> Grid:
        for name in ("asset_cuts_yuan", "income_cuts_yuan"):
            cuts = getattr(self, name)
            if len(cuts) != 2 or not 0 < cuts[0] < cuts[1]:
                raise ValueError(f"{name} expects two rising numbers above 0")
        return self


class Ownership(Section):
    """Who keeps whom (B01-B11, CF02-CF04)."""

    rm_from_yuan: float = lever(
        "yuan", "Assets from which relationship managers own a customer", "B03-B04, N37", ge=10_000, le=500_000
    )
    teller_from_yuan: float = lever(
        "yuan", "Assets from which tellers own a customer, below the managers' cut", "B03, DV30", ge=10_000, le=500_000
    )
    head_from_yuan: float = fact("yuan", "Assets from which the head owns a customer in person", "B04, N40", ge=0)
    lead_share: float = lever(
        "share", "Share of the managers' VIPs kept by the lead manager", "B02, CF47", ge=0, le=0.6
    )
    max_book: int = lever("customers", "Largest book of one manager", "DV41, N40", ge=50, le=2000)
    assigned_share: float = lever(
        "share", "Target share of customers in the owners' bands who have an owner", "B06-B07, DV38", ge=0, le=1
    )
    signed_share: float = uncertainty(
        "share",
        "Reached contacts of an unsigned VIP with the owner that end with a signature",
        "B07, DV39, assumption",
        ge=0,
        le=1,
    )
    assignment_lag_days: int = lever("days", "Days from new target customer to owner", "B07, DV40", ge=0, le=60)
    transfer_loss_share: float = uncertainty(
        "share", "Relationship strength lost when the owner changes", "B11, N33", ge=0, le=1
    )

    @model_validator(mode="after")
    def _bands(self) -> Ownership:
        if self.teller_from_yuan > self.rm_from_yuan:
            raise ValueError("teller_from_yuan must not exceed rm_from_yuan: the bands would leave a gap")
        if self.rm_from_yuan > self.head_from_yuan:
            raise ValueError("rm_from_yuan must not exceed head_from_yuan")
        return self
