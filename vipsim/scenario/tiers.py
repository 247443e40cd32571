"""Who is a VIP and how the book is divided: tier scheme, cards, income x asset grid, owners.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from vipsim.scenario.fields import Section, expect_each, fact, lever, uncertainty

LEVELS = ("standard", "platinum", "black-gold")
SCHEME_KEYS = ("standard_yuan", "platinum_yuan", "black_yuan", "window_months")
"""What a file must give beside the name of a tier scheme."""

GRID_LEVELS = tuple(f"level {n}" for n in range(1, 10))


class Service(Section):
    """One service of the package: what a use costs and how often each card level uses it (T15-T19, T30)."""

    name: str = fact("text", "What the service is", "T15-T19")
    use_yuan: float = fact("yuan", "Cost of one use to the branch", "T15, U04, assumption", ge=0)
    uses_per_year: list[float] = fact(
        "uses/year", "Uses a year by a holder of a standard, platinum, black-gold card; 0 = not entitled", "T15"
    )
    care_share: float = uncertainty(
        "share", "Rise of relationship towards 1 by one use", "T15 (sign only), assumption", ge=0, le=1
    )

    @model_validator(mode="after")
    def _uses(self) -> Service:
        expect_each(self, LEVELS, ("uses_per_year",))
        if min(self.uses_per_year) < 0.0:
            raise ValueError(f"uses_per_year: expected numbers from 0 on, found {min(self.uses_per_year):g}")
        return self


class Tiers(Section):
    """Tier scheme: cut-offs on window-average assets, re-grade rule, services by level (T01-T06, T15-T19, T22-T26)."""

    scheme: str = fact("text", "Name of the tier scheme; a file that names one gives its window too", "T02, T22-T26")
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
    grace_months: int = lever(
        "months", "Month ends below the cut that a VIP may have before the tier falls", "T06 (none)", ge=0, le=12
    )
    services: list[Service] = Field(description="services that card holders of a level are entitled to")
    service_share: list[float] = lever(
        "share", "Part of the services granted to standard, platinum, black-gold cards", "T15, T17", default=...
    )
    service_from_month: list[int] = lever(
        "months",
        "Months of the window until the part granted to standard, platinum, black-gold cards holds; before, today's",
        "T32",
        default=...,
    )
    roaming_yuan_per_year: float = fact(
        "yuan/year", "Cost of serving other branches' VIPs here: who serves pays", "T19, assumption", ge=0
    )

    @model_validator(mode="after")
    def _cuts(self) -> Tiers:
        if not self.standard_yuan < self.platinum_yuan < self.black_yuan:
            raise ValueError("expected standard_yuan < platinum_yuan < black_yuan")
        for name in ("standard", "platinum", "black"):
            cut, floor = getattr(self, f"{name}_yuan"), getattr(self, f"{name}_floor_yuan")
            if cut < floor:
                raise ValueError(
                    f"expected {name}_yuan of at least {floor:.10g}, the head office's {name}_floor_yuan (T03), "
                    f"found {cut:.10g}"
                )
        expect_each(self, LEVELS, ("service_share", "service_from_month"))
        if not all(0 <= month <= 120 for month in self.service_from_month):
            raise ValueError(f"service_from_month: expected months from 0 to 120, found {self.service_from_month}")
        if not all(0.0 <= share <= 1.0 for share in self.service_share):
            raise ValueError(f"service_share: expected shares from 0 to 1, found {self.service_share}")
        return self


class Cards(Section):
    """The VIP card: offer, exchange, validity, yearly review, ban, special approvals, stock (T01, T05-T14, T20)."""

    may_issue: bool = fact("switch", "First-level sub-branch, which may issue cards (it needs a manager too)", "T13")
    acceptance_share: float = uncertainty(
        "share",
        "Signed VIPs without the card of their tier who accept its offer, a month",
        "T01, assumption",
        ge=0,
        le=1,
    )
    renew_share: float = uncertainty("share", "Holders not reminded who renew in time", "N34", ge=0, le=1)
    renew_reminded_share: float = uncertainty("share", "Reminded holders who renew in time", "N34", ge=0, le=1)
    renew_before_days: int = fact(
        "days", "Days before expiry at which a holder renews or lets it lapse", "T07, assumption", ge=1, le=30
    )
    ban_days: int = fact("days", "Days without a new card after the contract ended", "T09", ge=0, le=3660)
    waive_ban: bool = lever("switch", "No ban for somebody who closed the account and comes back", "T09")
    fee_yuan: float = lever(
        "yuan", "Fee of a holder whose average is below the standard cut at the yearly review", "T08", ge=0, le=300
    )
    fee_reference_yuan: float = fact("yuan", "Fee for which the two next shares hold", "T08", gt=0)
    fee_care_share: float = uncertainty(
        "share", "Fall of relationship by the fee, in proportion to it", "T08 (sign only), assumption", ge=0, le=0.3
    )
    fee_cancel_share: float = uncertainty(
        "share", "Charged holders who hand the card back, in proportion to the fee", "T08-T09, assumption", ge=0, le=0.3
    )
    special_limit_share: float = fact("share", "Head office's limit of special cards of all cards", "T11", ge=0, le=1)
    special_share: float = lever("share", "Part of all cards that may be special approvals", "T11, DV33", ge=0, le=0.05)
    special_eligible_share: float = uncertainty(
        "share", "Rich customers below the cut (type C) who are important enough", "T11, assumption", ge=0, le=1
    )
    disqualified_per_year: float = uncertainty(
        "per year", "Holders whose card is taken away for overdraft or arrears", "T20, assumption", ge=0, le=1
    )
    stock_per_month: int = fact("per month", "Cards ordered for a month; who gets none waits", "T14, assumption", ge=0)

    @model_validator(mode="after")
    def _shares(self) -> Cards:
        if self.renew_share > self.renew_reminded_share:
            raise ValueError("renew_share: expected at most renew_reminded_share")
        if self.special_share > self.special_limit_share:
            raise ValueError(
                f"special_share: expected at most special_limit_share, {self.special_limit_share:g} (T11), "
                f"found {self.special_share:g}"
            )
        return self


class Grid(Section):
    """Income x asset grid, level = 3 (I - 1) + C, and what a level means for care, growth, loyalty (S01-S17)."""

    asset_cuts_yuan: list[float] = lever("yuan", "Two asset cuts between columns C1, C2, C3", "S02, T23", default=...)
    income_cuts_yuan: list[float] = lever("yuan/year", "Two income cuts between rows I1, I2, I3", "S02", default=...)
    contact_plan: Literal["levels", "value"] = lever(
        "choice", "Whose contact plan holds: outreach's nine levels, or the four groups of the value model", "S01, S03"
    )
    value_from_column: int = fact("count", "Asset column from which the current value is high", "S01", ge=2, le=3)
    value_from_row: int = fact("count", "Income row from which the growth value is high", "S01", ge=2, le=3)
    value_contacts_per_year: list[float] = lever(
        "contacts/year",
        "Planned contacts by value: both low, current high, growth high, both high",
        "S01, DV43",
        default=...,
    )
    perk_yuan_per_year: list[float] = lever(
        "yuan/year", "Extra care budget of an owned customer by grid level 1-9", "S13-S15", default=...
    )
    perk_care_share: float = uncertainty(
        "share", "Rise of relationship towards 1 by 100 yuan of extra care", "S14 (sign only), assumption", ge=0, le=0.3
    )
    outflow_ratio: list[float] = uncertainty(
        "ratio", "Hazard of a large outflow by grid level 1-9, relative", "S05-S12 (signs only), assumption"
    )
    saving_ratio: list[float] = uncertainty(
        "ratio", "Saving out of income by grid level 1-9, relative", "S05-S12 (signs only), assumption"
    )
    referral_ratio: list[float] = uncertainty(
        "ratio",
        "Chance that somebody recommended joins, by the recommender's grid level 1-9, relative",
        "S14, S15 (signs only), Q08, assumption",
    )
    serve_level1: Literal["full", "channel_only", "drop"] = lever(
        "choice", "Treatment of level 1: like all, by channels only, or given up", "S04, T29, DV34"
    )
    channel_visit_ratio: float = uncertainty(
        "ratio", "Visits of customers who are served by channels only", "S04, assumption", ge=0, le=1
    )
    channel_outflow_ratio: float = uncertainty(
        "ratio", "Hazard ratio of customers who are served by channels only", "T29 (sign only), assumption", ge=1, le=20
    )
    dropped_outflow_ratio: float = uncertainty(
        "ratio", "Hazard ratio of customers who are given up", "S04 (sign only), assumption", ge=1, le=20
    )

    @model_validator(mode="after")
    def _cuts(self) -> Grid:
        for name in ("asset_cuts_yuan", "income_cuts_yuan"):
            cuts = getattr(self, name)
            if len(cuts) != 2 or not 0 < cuts[0] < cuts[1]:
                raise ValueError(f"{name} expects two rising numbers above 0")
        expect_each(self, GRID_LEVELS, ("perk_yuan_per_year", "outflow_ratio", "saving_ratio", "referral_ratio"))
        expect_each(self, ("both low", "current high", "growth high", "both high"), ("value_contacts_per_year",))
        for name, most in (("value_contacts_per_year", 52.0), ("perk_yuan_per_year", 100_000.0)):
            if not all(0.0 <= x <= most for x in getattr(self, name)):
                raise ValueError(f"{name}: expected numbers from 0 to {most:g}, found {getattr(self, name)}")
        for name in ("outflow_ratio", "saving_ratio", "referral_ratio"):
            if min(getattr(self, name)) <= 0.0:
                raise ValueError(f"{name}: expected numbers above 0, found {min(getattr(self, name)):g}")
        return self


class Ownership(Section):
    """Who keeps whom: bands with a precedence, the lead's share, caps, lags, transfers, centres (B01-B16)."""

    measure: Literal["day", "average"] = fact(
        "choice", "Assets that decide the band: of the day, or averaged over tiers.window_months", "B04, section 8"
    )
    head_from_yuan: float = lever(
        "yuan", "Assets from which the head owns a customer in person", "B04, N40", ge=10_000, le=50_000_000
    )
    rm_from_yuan: float = lever(
        "yuan", "Named cut: assets from which relationship managers own a customer", "B04, T25", ge=10_000, le=500_000
    )
    teller_from_yuan: float = lever(
        "yuan", "Assets from which tellers own a customer", "B03, assumption", ge=10_000, le=500_000
    )
    teller_below_yuan: float = lever(
        "yuan", "Teller cut: assets below which tellers own a customer", "B03, DV30", ge=10_000, le=500_000
    )
    precedence: Literal["none", "named_member", "teller"] = lever(
        "choice",
        "Who goes first where the bands of tellers and managers overlap; a gap is the tellers'",
        "section 8, B03-B04",
    )
    lead_rule: Literal["share", "top", "even"] = lever(
        "choice",
        "The lead manager keeps a share of the VIPs, the largest customers alone, or as many as all",
        "B02, T25",
    )
    lead_share: float = lever(
        "share", "Share of the managers' VIPs kept by the lead manager", "B02, CF47", ge=0, le=0.6
    )
    lead_from_yuan: float = lever(
        "yuan", "Assets from which a customer is the lead manager's alone", "B04, T25, DV31", ge=300_000, le=1_000_000
    )
    max_book: int = lever("customers", "Largest book of one manager", "DV41, N40", ge=50, le=2000)
    teller_max_book: int = fact("customers", "Largest book of one teller", "N40, assumption", ge=0, le=20_000)
    head_max_book: int = fact("customers", "Largest book of the head", "N40, assumption", ge=0, le=20_000)
    profit_floor_yuan_per_year: float = lever(
        "yuan/year", "Margin a customer must earn to be given an owner", "S23", ge=0, le=5000
    )
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
    first_contact_days: int = fact(
        "days", "Days in which a new owner should make contact", "B07, assumption", ge=1, le=90
    )
    follow_bands: bool = lever("switch", "Customers who leave their owner's band are handed over", "B03, B10")
    teller_list_most: int = lever(
        "customers",
        "Customers who have outgrown the tellers' band whom the teller who raised them keeps; 0 = all are handed up",
        "Y12, KPI37",
        ge=0,
        le=1000,
        default=0,
    )
    talent_from_customers: int = fact(
        "customers", "VIPs of a teller from which the teller joins the pool of future managers", "Y12, KPI37",
        ge=1, le=1000, default=50,
    )  # fmt: skip
    transfer_margin_share: float = fact(
        "share",
        "Part by which assets must pass a band's bound before a customer is handed over",
        "assumption",
        ge=0,
        le=1,
    )
    transfer_lag_days: int = fact("days", "Days that a transfer takes to be approved", "B11, assumption", ge=0, le=60)
    transfer_loss_share: float = uncertainty(
        "share", "Relationship strength lost when the owner changes", "B11, N33", ge=0, le=1
    )
    lead_policy: Literal["round_robin", "claim", "capacity", "nearest", "industry"] = lever(
        "choice",
        "Who follows up a lead without owner: managers in turn, who claims it, who has room, by area, by trade",
        "O18, DV42",
    )
    centres: int = lever("count", "Wealth centres that the branch has a part in", "B14, CF09", ge=0, le=5)
    centre_yuan_per_year: float = fact("yuan/year", "Fixed cost of one centre to the branch", "B14, assumption", ge=0)
    centre_max_book: int = fact("customers", "Customers that one centre can keep", "B14, assumption", ge=0, le=20_000)
    centre_contacts_per_year: float = fact(
        "contacts/year", "Contacts of a centre with each of its customers", "B14, assumption", ge=0, le=52
    )
    centre_care_ratio: float = uncertainty(
        "ratio",
        "Effect of such a contact relative to a meeting: more skill, less proximity",
        "B10, assumption",
        ge=0,
        le=2,
    )
    transfer_up: Literal["none", "hand_over", "co_manage"] = lever(
        "choice", "Largest customers: kept, handed over to a centre, or kept together with it", "B10, B12-B13"
    )
    transfer_from_yuan: float = lever(
        "yuan", "Assets from which a customer goes to a centre", "B10, T24, DV32", ge=1_000_000, le=10_000_000
    )
    specialists: int = lever(
        "people", "Tellers who become relationship managers; the number of staff stays", "B15", ge=0, le=10
    )
    full_time_share: float = lever("share", "Managers without duty in the lobby", "B16", ge=0, le=1)
    part_time_duty_share: float = fact(
        "share", "Part of the day that the other managers are on lobby duty", "B16, assumption", ge=0, le=1
    )
    expert_sessions_per_month: int = lever(
        "per month",
        "Meetings a month that experts of other lines can join, shared by the managers; 0 = no experts",
        "T30",
        ge=0,
        le=1000,
        default=0,
    )
    expert_from_tier: int = lever(
        "count", "Tier (1-3) from which an expert joins a meeting", "T30, assumption", ge=1, le=3, default=3
    )
    expert_session_yuan: float = fact(
        "yuan", "Cost of one meeting with an expert", "T30, assumption", ge=0, default=0.0
    )
    training_days_per_year: float = lever("days", "Days of training of a manager in a year", "B18", ge=0, le=40)
    training_skill_share: float = uncertainty("share", "Rise of closing skill by one day", "B18, N33", ge=0, le=0.1)
    training_most_share: float = uncertainty("share", "Most that training can raise it", "N33", gt=0, le=1)
    lobby_training_days_per_year: float = lever(
        "days",
        "Days in a year on which somebody of the lobby learns, practises and is examined in e-banking and machines",
        "EB08, B18",
        ge=0,
        le=40,
        default=0.0,
    )
    lobby_training_skill_share: float = uncertainty(
        "share", "Rise by one day of the odds that teaching succeeds", "EB08, assumption", ge=0, le=1, default=0.0
    )
    lobby_training_most_share: float = uncertainty(
        "share", "Most that training can raise them", "EB08, assumption", gt=0, le=10, default=1.0
    )
    working_days_per_year: int = fact("days", "Working days of a member in a year", "N24", ge=200, le=300)
    career_share: float = lever(
        "share", "Managers in a professional series: exams, competition for posts", "B17", ge=0, le=1, default=0.0
    )
    career_study_days: float = uncertainty(
        "days",
        "Days of training that a year's study for the exams is worth",
        "B17, assumption",
        ge=0,
        le=40,
        default=5.0,
    )
    career_turnover_ratio: float = uncertainty(
        "ratio", "Turnover in the series relative to outside it", "B17, N33, assumption", ge=0, le=1, default=0.7
    )
    career_yuan_per_year: float = fact(
        "yuan/year", "Cost of a manager in the series: exams, pay by grade", "B17, assumption", ge=0, default=12_000.0
    )

    @model_validator(mode="after")
    def _bands(self) -> Ownership:
        if self.rm_from_yuan > self.head_from_yuan:
            raise ValueError("rm_from_yuan must not exceed head_from_yuan")
        if self.teller_from_yuan > self.teller_below_yuan:
            raise ValueError("teller_from_yuan must not exceed teller_below_yuan")
        low, high = sorted((self.teller_below_yuan, self.rm_from_yuan))
        if self.teller_from_yuan < self.teller_below_yuan and low < high and self.precedence == "none":
            what = "overlap" if low == self.rm_from_yuan else "leave a gap"
            raise ValueError(
                f"precedence: expected named_member or teller where the bands {what}, "
                f"found none for {low:g} to {high:g}"
            )
        if self.teller_list_most > 0 and not self.follow_bands:
            raise ValueError(
                "teller_list_most: expected 0 where follow_bands is false, as nobody is handed up then, "
                f"found {self.teller_list_most}"
            )
        if self.transfer_up != "none" and self.centres == 0:
            raise ValueError(f"centres: expected at least 1 where transfer_up is {self.transfer_up}, found 0")
        return self
