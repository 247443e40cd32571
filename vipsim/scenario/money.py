"""Incentives, revenue and cost, experience of service, and the scorecard of a plan.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from vipsim.scenario.fields import CLASSES, Section, expect_each, fact, lever, uncertainty


class Incentives(Section):
    """Referral split and bonus, and how people answer (K02-K03, K12, N28)."""

    bonus_yuan: float = lever(
        "yuan", "Bonus for one closed sale, shared by introducer and seller", "K12, DV56", ge=0, le=500
    )
    referral_share: float = lever("share", "Introducer's part of the bonus", "K03, DV51", ge=0, le=1)
    reference_bonus_yuan: float = fact(
        "yuan", "Bonus at which ask rate and effort were observed", "K12, assumption", ge=0
    )
    reference_share: float = fact("share", "Referral share at which they were observed", "K03, assumption", ge=0, le=1)
    attribution: Literal["seller", "split", "owner_takes_all"] = lever(
        "choice",
        "Whose result it is when somebody else introduces an owned customer: the introducer's, shared, the owner's",
        "B08, DV52",
        default="seller",
    )
    split_owner_share: float = fact(
        "share", "Owner's part of the credit where it is split", "DV52, assumption", ge=0, le=1, default=0.5
    )
    intrinsic_yuan: float = uncertainty("yuan", "Bonus worth of the motives that are not paid", "N28, assumption", gt=0)
    ask_share: float = uncertainty(
        "share", "Visits in which a teller asks, at the reference", "O13, O23, assumption", ge=0, le=1
    )
    ask_elasticity_ratio: float = uncertainty("ratio", "Elasticity of the ask rate to own pay", "N28", ge=0, le=2)
    closing_elasticity_ratio: float = uncertainty("ratio", "Elasticity of closing effort to own pay", "N28", ge=0, le=2)


class Money(Section):
    """Margins, prices, budget (U01-U13, N22-N23)."""

    margin_per_year: list[float] = fact("per year", "Margin of each product class", "N22 today")
    sale_fee_share: list[float] = fact("share", "Fee at sale of each product class", "N22 today")
    budget_yuan_per_year: float = fact(
        "yuan/year", "Wealth expense budget: incentives, offers, services, contacts", "U01, DV78", gt=0
    )
    vacancy_months: float = fact("months", "Months a manager's post stays empty", "N33, assumption", ge=0, le=12)
    turnover_per_year: float = uncertainty("per year", "Managers who leave in a year", "N33 today", ge=0, le=1)
    burnout_ratio: float = uncertainty(
        "ratio",
        "Rise of turnover in the next month for each percentage point above burnout_from_share; 0 = none",
        "B22, assumption",
        ge=0,
        le=1,
        default=0.0,
    )
    burnout_from_share: float = uncertainty(
        "share", "Target utilisation of a manager: above it work wears out", "B22, assumption", gt=0, le=1, default=0.85
    )
    turnover_assets_share: float = uncertainty(
        "share", "Part of the book's assets that a leaving manager takes", "N33 today", ge=0, le=1
    )
    overtime_ratio: float = fact("ratio", "Pay of an overtime minute relative to a regular one", "N23", ge=1, le=3)
    device_yuan_per_month: float = fact("yuan/month", "Cost of one self-service machine", "assumption", ge=0)
    severance_months: float = fact(
        "months",
        "Months of pay for each post given up against today",
        "labour contract law, article 47; N23",
        ge=0,
        le=24,
    )
    hiring_cost_yuan: float = fact("yuan", "Cost of filling one post", "N33, assumption", ge=0)
    terminal_months: int = fact("months", "Months of margin counted for what stays", "model", ge=0, le=60)
    month_end_deviation_share: float = fact(
        "share", "Legal month-end deviation of deposits from the daily average", "P12 today", ge=0, le=1
    )

    @model_validator(mode="after")
    def _classes(self) -> Money:
        expect_each(self, CLASSES, ("margin_per_year", "sale_fee_share"))
        return self


class Experience(Section):
    """Satisfaction and complaints (Q01-Q09, N31-N32)."""

    contact_weight_share: float = fact("share", "Weight of contact in the satisfaction index", "Q01, N31", ge=0, le=1)
    processing_weight_share: float = fact("share", "Weight of processing", "Q01, N31", ge=0, le=1)
    identification_weight_share: float = fact("share", "Weight of identification", "Q01, N31", ge=0, le=1)
    wait_unbearable_min: float = uncertainty("min", "Wait at which satisfaction with processing is 0", "N31", gt=0)
    bad_wait_min: float = uncertainty("min", "Wait that weighs on the hazard", "N16", gt=0)
    complaint_share: float = uncertainty("share", "Visits with a complaint", "N32", ge=0, le=1)
    complaint_wait_ratio: float = uncertainty("ratio", "Rise of that share after a bad wait or giving up", "N32", ge=1)
    recovered_share: float = uncertainty("share", "Complaints resolved", "N32, Q03", ge=0, le=1)
    remote_per_user_per_year: float = uncertainty(
        "per year", "Transactions of an active e-banking user outside the lobby", "CF22, N02", ge=0
    )
    visit_care_share: float = uncertainty(
        "share", "Change of relationship by a visit, per satisfaction above what is expected", "N31", ge=0, le=1
    )
    expected_score_share: float = uncertainty(
        "share", "Satisfaction with processing that customers expect", "N31", ge=0, le=1
    )

    known_from_share: float = fact(
        "share",
        "What is known of a customer, as sales feel it, from which the information counts as maintained",
        "B07, KPI10, assumption",
        gt=0,
        le=1,
        default=0.5,
    )
    user_contacts_per_month: int = fact(
        "per month",
        "Contacts recorded in a month from which whoever keeps customers is an active user of the customer system",
        "B07, KPI09, assumption",
        ge=1,
        le=1000,
        default=10,
    )
    survey_asked: int = lever(
        "people", "Customers asked in a survey at the end of the window; 0 = no survey", "M06", ge=0, le=100_000
    )
    survey_response_share: float = uncertainty(
        "share", "Who answers, at middling relationship; the content answer more often", "M06, assumption", ge=0, le=1
    )
    survey_noise_share: float = uncertainty(
        "share", "Spread of an answer about what is felt", "M06, assumption", ge=0, le=1
    )
    survey_yuan: float = fact("yuan", "Cost of asking one customer", "M06, assumption", ge=0)

    @model_validator(mode="after")
    def _weights(self) -> Experience:
        total = self.contact_weight_share + self.processing_weight_share + self.identification_weight_share
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the three weights must sum to 1, they sum to {total:g}")
        return self


class Target(Section):
    """One line of the plan's scorecard (KPI rows, K01, K07)."""

    kpi: str = fact("name", "KPI scored", "section 4")
    zero_at: float = fact("KPI unit", "Value that scores 0", "assumption")
    full_at: float = fact("KPI unit", "Value that scores 100", "assumption")
    weight_share: float = fact("share", "Weight in the total", "K01, K07", ge=0, le=1)


class Scorecard(Section):
    """The plan's scorecard."""

    targets: list[Target]

    @model_validator(mode="after")
    def _weights(self) -> Scorecard:
        total = sum(t.weight_share for t in self.targets)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"weights must sum to 1, they sum to {total:g}")
        return self
