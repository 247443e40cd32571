"""What customers and their money do by themselves: life cycle and assets.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from math import log

from pydantic import model_validator
from scipy.special import ndtr, ndtri

from vipsim.scenario.fields import CLASSES, Section, expect_each, fact, lever, uncertainty


class Lifecycle(Section):
    """Stages, large outflows, notice and rescue (Y01-Y12, section 1c, N14-N18, N36)."""

    vip_outflow_per_year: float = uncertainty(
        "per year",
        "Observed: VIPs who take half their assets or more in a year, under today's policy",
        "N14 today",
        ge=0,
        le=1,
    )
    ordinary_outflow_per_year: float = uncertainty(
        "per year", "Observed: ordinary customers who do so in a year", "N15 today", ge=0, le=1
    )
    close_share: float = uncertainty("share", "Large outflows that close the account", "N14 today", ge=0, le=1)
    part_low_share: float = uncertainty("share", "Smallest part taken by other large outflows", "model", ge=0.5, le=1)
    part_high_share: float = uncertainty(
        "share", "Largest part taken by other large outflows", "assumption", ge=0.5, le=1
    )
    causal_share: float = uncertainty(
        "share", "Part of an observed association (its logarithm) taken as effect", "N13 today, model", ge=0, le=1
    )
    product_ratio: float = uncertainty("ratio", "Hazard ratio per product held", "N16 today", gt=0, le=1)
    maintained_ratio: float = uncertainty("ratio", "Hazard ratio of customers their owner maintains", "N16", gt=0, le=1)
    maintained_days: int = fact(
        "days", "A customer is maintained when the owner's last contact is this recent", "KPI11", ge=1
    )
    contact_effect_share: float = uncertainty("share", "Most that contacts lower the hazard", "N13 today", ge=0, le=0.5)
    contact_half_per_year: float = uncertainty(
        "contacts/year", "Meeting-equal contacts that reach half of that", "N13", gt=0
    )
    ebank_ratio: float = uncertainty("ratio", "Hazard ratio of active e-banking users", "N16, EB16", gt=0, le=1)
    complaint_ratio: float = uncertainty("ratio", "Hazard ratio after an unresolved complaint", "N16", ge=1)
    wait_ratio: float = uncertainty("ratio", "Hazard ratio after a bad wait", "N16", ge=1)
    shock_days: int = fact("days", "Days that a complaint, bad wait or downgrade weighs", "N16", ge=1)
    downgrade_ratio: float = uncertainty("ratio", "Hazard ratio after a downgrade", "T06, assumption", ge=1)
    quarter4_vip_ratio: float = uncertainty("ratio", "Hazard ratio of VIPs in the fourth quarter", "Y10, N16", ge=1)
    rival_ratio: float = uncertainty(
        "ratio", "Hazard ratio of rivals' pull in this area (1 = as observed)", "N36, X01", gt=0
    )
    relationship_ratio: float = uncertainty(
        "ratio", "Hazard ratio of relationship strength 1 against 0", "O10, assumption", gt=0, le=1
    )
    distance_ratio_per_km: float = uncertainty(
        "ratio",
        "Hazard ratio of each km between the customer's part of town (book.areas) and the branch; 1 = none",
        "O10, assumption",
        ge=1,
        le=2,
        default=1.0,
    )
    ebank_distance_share: float = uncertainty(
        "share",
        "Part of the effect of distance that is gone for who uses e-banking",
        "O10 (sign only), assumption",
        ge=0,
        le=1,
        default=0.5,
    )
    exploration_ratio: float = uncertainty("ratio", "Hazard ratio in the exploration stage", "Y02, N15", ge=1)
    decline_ratio: float = uncertainty("ratio", "Hazard ratio in the decline stage", "Y05", ge=1)
    loss_ratio: float = uncertainty("ratio", "Hazard ratio after a loss on a product", "O07, assumption", ge=1)
    loss_days: int = fact("days", "Days that a loss on a product weighs", "O07, assumption", ge=1)
    referred_ratio: float = uncertainty("ratio", "Hazard ratio of recommended customers", "N19", gt=0, le=1)
    locked_ratio: float = uncertainty(
        "ratio", "Hazard ratio where half the assets are locked in a running term", "S16, assumption", gt=0, le=1
    )
    locked_days: int = fact("days", "Days to maturity from which money is locked in", "S16, assumption", ge=1)
    floor_ratio: float = uncertainty(
        "ratio", "Lowest product of all ratios, relative to the opening mean", "model guard", gt=0, le=1
    )
    exploration_months: float = uncertainty("months", "Mean time from exploration to development", "N17", gt=0)
    development_months: float = uncertainty("months", "Mean time from development to maturity", "N17", gt=0)
    decline_below_share: float = uncertainty(
        "share", "Relationship strength below which a mature customer declines", "Y05, assumption", ge=0, le=1
    )
    notice_days: int = fact("days", "Days between notice and the money leaving", "Y05, N34", ge=1, le=180)
    declared_share: float = uncertainty(
        "share", "Notices that the customer says openly, at once", "Y05, assumption", ge=0, le=1
    )
    detection_recall_share: float = uncertainty(
        "share", "Silent notices that the alert finds", "M02, assumption", ge=0, le=1
    )
    detection_precision_share: float = uncertainty("share", "Alerts that are true", "M02, assumption", gt=0, le=1)
    rescue_share: float = uncertainty("share", "First rescue contact that keeps the money", "N18", ge=0, le=1)
    rescue_next_ratio: float = uncertainty(
        "ratio", "Success of each further rescue contact to the one before", "N18", ge=0, le=1
    )
    rescue_most: int = fact("contacts", "Most rescue contacts in one notice", "N18", ge=1, le=10)
    rescue_offer_share: float = lever("share", "Offer in a rescue, part of the assets at stake", "DV65", ge=0, le=0.01)
    offer_effect_ratio: float = uncertainty(
        "ratio", "Relative rise of rescue success by an offer of 1 % of assets", "assumption", ge=0
    )
    offer_invites_share: float = uncertainty(
        "share", "Further threats invited by an offer of 1 % of assets, per threat", "model guard, assumption", ge=0
    )
    win_back_per_year: float = uncertainty("per year", "Lost customers who come back in a year", "N18", ge=0, le=1)
    relationship_decay_per_month: float = uncertainty(
        "per month", "Part of the way to its base that a relationship goes without care", "D10, assumption", ge=0, le=1
    )
    base_strength_share: list[float] = uncertainty(
        "share",
        "Base of the relationship without care, in exploration, development, maturity, decline, notice",
        "N31, assumption",
    )

    @model_validator(mode="after")
    def _stages(self) -> Lifecycle:
        base = self.base_strength_share
        if len(base) != 5 or min(base) < 0 or max(base) > 1:
            raise ValueError("base_strength_share expects 5 shares, one for each stage")
        return self


def alert_at(life: Lifecycle, threshold_score: float) -> Lifecycle:
    """The life cycle with the outflow alert at another threshold than today's (M02, DV35).

    What the alert watches is normal among customers who are leaving and among others, with one spread: the threshold
    moves both chances along one curve, found notices and false alarms. The share of others who raise a false alarm in
    a month today follows from recall, precision and the observed rate of VIPs.
    """
    found, true = life.detection_recall_share, life.detection_precision_share
    silent = -log(1.0 - life.vip_outflow_per_year) / 12.0 * (1.0 - life.declared_share)
    if threshold_score == 0.0 or not 0.0 < found < 1.0 or silent <= 0.0:
        return life
    false = min(found * silent * (1.0 / true - 1.0), 1.0 - 1e-12)
    more = float(ndtr(ndtri(found) - threshold_score))
    more_false = float(ndtr(ndtri(false) - threshold_score)) if false > 0.0 else 0.0
    precise = more * silent / (more * silent + more_false)
    return life.model_copy(update={"detection_recall_share": more, "detection_precision_share": precise})


class Assets(Section):
    """Product classes and flows (O06, N21, T18). Lists run: demand, time deposit, wealth product, fund, insurance."""

    return_per_year: list[float] = fact("per year", "Return of each product class to the customer", "N21 today")
    volatility_per_year: list[float] = uncertainty("per year", "Volatility of each class", "N21, S11")
    saving_share: float = uncertainty("share", "Part of income saved", "N21, assumption", ge=0, le=1)
    wallet_floor_share: float = uncertainty(
        "share", "Least part of saving that comes here", "S05-S12, assumption", ge=0, le=1
    )
    stage_wallet_ratio: list[float] = uncertainty(
        "ratio",
        "Part of saving that comes here, relative, in exploration, development, maturity, decline, notice",
        "Y02-Y05",
        default=[1.0, 1.0, 1.0, 1.0, 1.0],
    )
    roll_over_share: float = uncertainty(
        "share", "Maturing money kept without a reminder", "O06, assumption", ge=0, le=1
    )
    reminded_share: float = uncertainty(
        "share", "Of the rest, part kept by a reminder in time", "O06, assumption", ge=0, le=1
    )
    premium_effect_share: float = uncertainty(
        "share", "Of the rest, part kept by a rate premium of 1 percentage point", "DV66, assumption", ge=0, le=1
    )
    leave_share: float = uncertainty(
        "share", "Part of money not rolled over that goes elsewhere", "assumption", ge=0, le=1
    )
    elsewhere_return_per_year: float = fact("per year", "Return of the wealth elsewhere", "N21 today", ge=-1, le=1)
    reopen_share: float = uncertainty(
        "share", "Customers without a running time deposit who open one, a month", "assumption", ge=0, le=1
    )
    reopen_part_share: float = uncertainty("share", "Part of demand balance put into it", "assumption", ge=0, le=1)
    loss_from_share: float = uncertainty(
        "share", "Loss of a class in a month from which its holders feel it", "O07, assumption", gt=0, le=1
    )
    loss_hold_share: float = uncertainty(
        "share", "Part of the assets in the class from which it is felt", "O07, assumption", gt=0, le=1
    )
    loss_care_share: float = uncertainty("share", "Loss of relationship by it", "O07, assumption", ge=0, le=1)
    gain_care_share: float = uncertainty(
        "share", "Rise of relationship by a gain of that size", "O07, M13, assumption", ge=0, le=1
    )
    swings_per_year: list[float] = uncertainty(
        "per year",
        "Lumps of money a year that a customer of grid level 1-9 moves away or here for some days; 0 = none",
        "S11 (sign only), assumption",
        default=[0.0] * 9,
    )
    swing_share: float = uncertainty(
        "share", "Largest lump as a part of the customer's assets here", "S11, assumption", ge=0, le=1, default=0.3
    )
    swing_days: int = fact(
        "days", "Days until a lump is back where it was", "S11, assumption", ge=1, le=365, default=30
    )
    product_term_days: int = fact("days", "Term of a wealth product", "O06", ge=7, le=720)
    rate_premium_share: float = lever(
        "share", "Rate premium on time deposits of VIPs, a year", "M15, DV66", ge=0, le=0.01
    )

    @model_validator(mode="after")
    def _classes(self) -> Assets:
        expect_each(self, CLASSES, ("return_per_year", "volatility_per_year"))
        if len(self.swings_per_year) != 9 or not all(0.0 <= rate <= 12.0 for rate in self.swings_per_year):
            raise ValueError(f"swings_per_year: expected 9 numbers from 0 to 12, found {self.swings_per_year}")
        if len(self.stage_wallet_ratio) != 5 or min(self.stage_wallet_ratio) < 0:
            raise ValueError("stage_wallet_ratio expects 5 numbers of at least 0, one for each stage")
        return self
