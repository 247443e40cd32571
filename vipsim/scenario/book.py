"""The ``[book]`` section: where the opening book of customers comes from and the laws that draw it.

With ``source = "generated"`` every column is drawn; with ``source = "file"`` the bank's own columns are read through a
mapping and only the columns it does not give are drawn, by the same laws; with ``source = "none"`` there is no book.
Drawn parameters (medians, spread) are solved from the published facts by ``calibration/solve_book.py``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from vipsim.scenario.fields import Section, fact, uncertainty

MOST_PARTS = 8  # of the town or of trades: kernels keep tables of fixed length

Share = Annotated[float, Field(ge=0, le=1)]
ASSUMPTION = "assumption"
_SUM_TOLERANCE = 1e-6


def _sums_to_one(name: str, shares: list[float]) -> None:
    if abs(sum(shares) - 1.0) > _SUM_TOLERANCE:
        raise ValueError(f"{name}: expected shares that sum to 1, got a sum of {sum(shares):.6g}")


class AgeBand(Section):
    """People of one age band: how many, how rich, how far on electronic channels."""

    from_years: int = fact("years", "lowest age of the band", "CF25-CF28", ge=0, le=110)
    to_years: int = fact("years", "age below which the band ends", "CF25-CF28", ge=1, le=120)
    customer_share: float = fact("share", "share of the customers in this band", "CF25-CF26", ge=0, le=1)
    wealth_median_yuan: float = uncertainty(
        "yuan", "median of a person's total wealth, here and elsewhere", "solved from N20, N37, CF25-CF26", gt=0
    )
    income_median_yuan: float = uncertainty("yuan a year", "median of a person's yearly income", "N20", gt=0)
    ebank_active_share: float = uncertainty(
        "share", "share of the band that uses electronic channels", "CF23, CF27-CF28", ge=0, le=1
    )
    ebank_signed_share: float = uncertainty(
        "share", "share of the band that signed up but does not use them", "N30", ge=0, le=1
    )
    payroll_share: float = uncertainty(
        "share",
        "share of the band whose salary or pension is paid in here by batch",
        "CF33, assumption",
        ge=0,
        le=1,
        default=0.0,
    )

    @model_validator(mode="after")
    def _sound(self) -> AgeBand:
        if self.from_years >= self.to_years:
            raise ValueError("expected from_years < to_years")
        if self.ebank_active_share + self.ebank_signed_share > 1.0:
            raise ValueError("expected ebank_active_share + ebank_signed_share <= 1")
        return self


class Wealth(Section):
    """How wealth and income spread, and which part of a person's wealth lies with this bank.

    Total wealth is lognormal around its band's median; the wallet share is a Beta by income row of the 3x3 grid.
    """

    wealth_sigma: float = uncertainty(
        "log points", "standard deviation of log total wealth inside an age band", "N20", gt=0, le=4
    )
    income_sigma: float = uncertainty(
        "log points", "standard deviation of log yearly income inside an age band", "N20", gt=0, le=3
    )
    income_correlation: float = uncertainty(
        "correlation", "correlation of log income and log total wealth inside an age band", "N20", ge=-0.99, le=0.99
    )
    wallet_share: list[Annotated[float, Field(gt=0, lt=1)]] = uncertainty(
        "share",
        "mean share of total wealth held here, for income rows I1, I2, I3",
        "N20, S05, S07, S10 (signs only), assumption",
        min_length=3,
        max_length=3,
    )
    wallet_concentration: list[Annotated[float, Field(ge=1, le=200)]] = uncertainty(
        "count",
        "sum of the two shape numbers of the Beta law of the wallet share, for income rows I1, I2, I3",
        ASSUMPTION,
        min_length=3,
        max_length=3,
    )


class Product(Section):
    """One product class: who holds it and how much."""

    holding_share: list[Share] = uncertainty(
        "share",
        "share of customers that hold it, for asset columns C1, C2, C3",
        "S05-S12 (signs only), assumption",
        min_length=3,
        max_length=3,
    )
    weight_ratio: float = uncertainty(
        "ratio", "mean amount held by a holder, as a ratio of the demand deposit", ASSUMPTION, gt=0, le=100
    )
    minimum_yuan: float = fact("yuan", "smallest amount that can be held", ASSUMPTION, ge=0)


class Products(Section):
    """What assets here consist of; the rest is demand deposits."""

    time: Product
    wealth_product: Product
    fund: Product
    insurance_metals: Product
    conservative_from_years: int = fact("years", "age from which customers invest conservatively", "S06", ge=0, le=120)
    conservative_factor: float = uncertainty(
        "factor",
        "factor on holding wealth products, funds, insurance and metals among conservative customers and grid level 3",
        "S06 (sign only), assumption",
        ge=0,
        le=1,
    )
    time_terms_days: list[Annotated[int, Field(ge=1, le=3660)]] = fact(
        "days", "terms of time deposits, rising", ASSUMPTION, min_length=1
    )
    time_term_shares: list[Share] = uncertainty("share", "share of holders with each term", ASSUMPTION, min_length=1)
    product_terms_days: list[Annotated[int, Field(ge=1, le=3660)]] = fact(
        "days", "terms of wealth products, rising", ASSUMPTION, min_length=1
    )
    product_term_shares: list[Share] = uncertainty("share", "share of holders with each term", ASSUMPTION, min_length=1)
    extra_products_mean: list[Annotated[float, Field(ge=0, le=10)]] = uncertainty(
        "count",
        "mean number of products held beside balances (cards, payroll, loans), for asset columns C1, C2, C3",
        "Y08 (sign only), assumption",
        min_length=3,
        max_length=3,
    )

    @model_validator(mode="after")
    def _sound(self) -> Products:
        for name in ("time", "product"):
            days: list[int] = getattr(self, f"{name}_terms_days")
            shares: list[float] = getattr(self, f"{name}_term_shares")
            if len(days) != len(shares):
                raise ValueError(f"expected as many {name}_term_shares as {name}_terms_days")
            if any(a >= b for a, b in pairwise(days)):
                raise ValueError(f"expected rising {name}_terms_days")
            _sums_to_one(f"{name}_term_shares", shares)
        return self


class Care(Section):
    """How far a class of customers is cared for on the first day: three separate states (CF02-CF04, B05)."""

    assigned_share: float = fact("share", "share with an owner", "CF02", ge=0, le=1)
    signed_share: float = fact("share", "share signed for the relationship service", "CF03", ge=0, le=1)
    maintained_share: float = fact("share", "share in contact with its owner as planned", "CF04", ge=0, le=1)

    @model_validator(mode="after")
    def _nested(self) -> Care:
        if max(self.signed_share, self.maintained_share) > self.assigned_share:
            raise ValueError("expected signed_share and maintained_share not above assigned_share")
        return self


class Relations(Section):
    """Stage, strength and past contacts on the first day; the lengths of stages stand in ``[lifecycle]``."""

    tenure_mean_months: float = uncertainty(
        "months", "mean time since the account was opened, beyond the averaging window", ASSUMPTION, gt=0
    )
    decline_share: float = uncertainty(
        "share", "share of older customers in decline", "N17 (4 of 65 months)", ge=0, le=1
    )
    notice_share: float = uncertainty("share", "share of older customers in notice", "N17 (1 of 65 months)", ge=0, le=1)
    decline_months: float = uncertainty("months", "longest time since decline began", "N17", gt=0)
    strength_mean_share: list[Annotated[float, Field(gt=0, lt=1)]] = uncertainty(
        "share",
        "central relationship strength in exploration, development, maturity, decline, notice",
        "N31 (0.65 overall), assumption",
        min_length=5,
        max_length=5,
    )
    strength_sigma: float = uncertainty(
        "logit points", "standard deviation of the logit of relationship strength", ASSUMPTION, ge=0, le=3
    )
    maintained_lift: float = uncertainty(
        "logit points",
        "shift of the logit of relationship strength where an owner keeps contact",
        "M11 (sign only)",
        ge=0,
        le=3,
    )
    contacted_within_days: int = fact(
        "days", "longest time since the last contact of an assigned customer who is not maintained", ASSUMPTION, ge=2
    )
    month_variation_share: float = uncertainty(
        "share", "largest deviation of a past month's daily average from today's assets", ASSUMPTION, ge=0, lt=1
    )

    level_spread_ratio: list[Annotated[float, Field(ge=0, le=5)]] = uncertainty(
        "ratio",
        "Spread of relationship strength by grid level 1-9, relative to strength_sigma",
        "S08 (sign only), assumption",
        min_length=9,
        max_length=9,
        default=[1.0] * 9,
    )
    level_variation_ratio: list[Annotated[float, Field(ge=0, le=20)]] = uncertainty(
        "ratio",
        "Deviation of past months' averages by grid level 1-9, relative to month_variation_share",
        "S11 (sign only), assumption",
        min_length=9,
        max_length=9,
        default=[1.0] * 9,
    )

    @model_validator(mode="after")
    def _sound(self) -> Relations:
        if max(self.level_variation_ratio) * self.month_variation_share >= 1.0:
            raise ValueError(
                "level_variation_ratio: expected numbers that leave month_variation_share below 1, "
                f"found {max(self.level_variation_ratio):g} times {self.month_variation_share:g}"
            )
        if self.decline_share + self.notice_share > 1.0:
            raise ValueError("expected decline_share + notice_share <= 1")
        return self


class SegmentRules(Section):
    """Where type B and the groups begin; they hold for every source of the book."""

    potential_ratio: float = uncertainty(
        "ratio",
        "total wealth, as a ratio of the standard cut, from which a customer below the cut has potential (type B)",
        "S18 gives no number, assumption",
        gt=0,
        le=1,
    )
    youth_below_years: int = fact(
        "years", "age below which a customer is in the youth group", "S20, CF26", ge=0, le=120
    )
    investing_share: float = fact(
        "share",
        "share of wealth products, funds, insurance and metals that makes a customer investing",
        "S20",
        gt=0,
        le=1,
    )
    saving_share: float = fact("share", "share of time deposits that makes a customer saving", "S20", gt=0, le=1)


class Laws(Section):
    """The laws that draw a customer, or the columns that the bank's file leaves out."""

    wealth: Wealth
    products: Products
    relations: Relations
    vip_care: Care = Field(description="customers at or above the standard cut")
    target_care: Care = Field(description="types B and C below the cut")
    other_care: Care = Field(description="other customers whose assets here reach care_from_yuan")
    care_from_yuan: float = fact(
        "yuan", "assets here from which other customers may have an owner", "N37, B04", ge=0, le=1_000_000
    )
    ebank_female_share: float = fact(
        "share", "share of women among active users of electronic channels", "CF30", ge=0, le=1
    )
    other_female_share: float = fact("share", "share of women among the others", ASSUMPTION, ge=0, le=1)
    payroll_active_share: float | None = fact(
        "share",
        "payroll customers who use electronic channels; omitted = as others of their age",
        "CF34, EB13",
        ge=0,
        le=1,
        default=None,
    )
    card_validity_days: int = fact("days", "validity of a VIP card", "T07", ge=1, le=3660)
    age: list[AgeBand] = Field(min_length=1, description="age bands, rising and without gaps")

    @model_validator(mode="after")
    def _bands(self) -> Laws:
        for low, high in pairwise(self.age):
            if low.to_years != high.from_years:
                raise ValueError(
                    f"expected age bands without gap or overlap: one ends at {low.to_years}, "
                    f"the next begins at {high.from_years}"
                )
        _sums_to_one("customer_share of the age bands", [band.customer_share for band in self.age])
        for band, shares in zip(self.age, self.payroll_shares(), strict=True):
            if not 0.0 <= min(shares) <= max(shares) <= 1.0:
                raise ValueError(
                    f"payroll_active_share: expected a share that leaves 0 to 1 payroll customers among users and "
                    f"others from {band.from_years} years on, found {shares[1]:.3g} and {shares[0]:.3g}"
                )
        return self

    def payroll_shares(self) -> list[tuple[float, float]]:
        """Payroll customers among those who do not use e-banking and among those who do, by age band (Bayes' rule).

        ``payroll_active_share`` scales the use of every band alike, so that payroll is drawn after e-banking and moves
        nothing else.
        """
        payroll = sum(band.customer_share * band.payroll_share for band in self.age)
        used = sum(band.customer_share * band.payroll_share * band.ebank_active_share for band in self.age)
        scale = 1.0
        if self.payroll_active_share is not None and used > 0.0:
            scale = self.payroll_active_share * payroll / used
        found = []
        for band in self.age:
            active, share = band.ebank_active_share, band.payroll_share
            others = share * (1.0 - scale * active) / (1.0 - active) if active < 1.0 else 0.0
            found.append((others, share * scale))
        return found


class Area(Section):
    """A part of town: who lives there, and how far it is to the branch."""

    name: str = fact("text", "What the part of town is called; a bank's file may name it", "O10, O18")
    customer_share: float = fact("share", "Share of the customers who live there", "O10, O18, assumption", ge=0, le=1)
    distance_km: float = fact("km", "Distance from there to the branch", "O10, assumption", ge=0, le=200)


class Trade(Section):
    """A line of business that customers work in."""

    name: str = fact("text", "What the trade is called; a bank's file may name it", "O18")
    customer_share: float = fact("share", "Share of the customers who work in it", "O18, assumption", ge=0, le=1)


class BookSource(Section):
    """Where the opening book comes from."""

    source: Literal["none", "generated", "file"] = fact(
        "choice", "generated, read from a file, or no book at all", "N37"
    )
    customers: int = fact("customers", "customers to generate", "N37", ge=0, le=50_000_000, default=0)
    prospects: int = fact(
        "customers", "people without an account who could be won: a finite pool", "1c", ge=0, default=0
    )
    seed: int = fact(
        "", "seed of the generated book and of drawn columns; a bank has one book", ge=0, lt=2**32, default=1
    )
    file: str = fact("path", "the bank's book, CSV or Parquet", default="")
    mapping: str = fact("path", "TOML file that maps the bank's columns to vipsim's", default="")
    segments: SegmentRules | None = None
    laws: Laws | None = None
    areas: list[Area] = Field(
        default=[], max_length=MOST_PARTS, description="parts of town; none = nobody is nearer than another"
    )
    trades: list[Trade] = Field(
        default=[], max_length=MOST_PARTS, description="trades of the customers; none = not known"
    )

    @model_validator(mode="after")
    def _parted(self) -> BookSource:
        for name, parts in (("areas", self.areas), ("trades", self.trades)):
            if parts:
                _sums_to_one(f"customer_share of {name}", [part.customer_share for part in parts])
            names = [part.name.strip().lower() for part in parts]
            if len(set(names)) < len(names):
                raise ValueError(f"{name}: expected every name once, found {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _complete(self) -> BookSource:
        if self.source == "none":
            return self
        if self.laws is None or self.segments is None:
            raise ValueError(f'source = "{self.source}" needs the sections book.laws and book.segments')
        if self.source == "generated" and self.customers < 1:
            raise ValueError(f"expected customers of at least 1, found {self.customers}, an empty book")
        if self.source == "file" and not (self.file and self.mapping):
            raise ValueError('source = "file" needs both file and mapping')
        return self
