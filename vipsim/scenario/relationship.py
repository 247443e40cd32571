"""The relationship side of a scenario: tiers, ownership, life cycle, assets, outreach, incentives, money, service.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from vipsim.scenario.fields import Section, fact, lever, uncertainty

CLASSES = ("demand", "time_deposit", "wealth_product", "fund", "insurance_metals")


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
        if len(self.entitlement_cost_yuan_per_year) != 3:
            raise ValueError("entitlement_cost_yuan_per_year expects 3 numbers: standard, platinum, black-gold")
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


class Channel(Section):
    """What one contact through a channel takes and does (O15)."""

    minutes_min: float = fact("min", "Staff minutes of one contact with preparation and record", "N25", ge=0, le=480)
    unreached_min: float = fact("min", "Staff minutes of an attempt that reaches nobody", "N25", ge=0, le=480)
    reach_share: float = uncertainty("share", "Attempts that reach the customer", "N11, N12", ge=0, le=1)
    response_ratio: float = uncertainty(
        "ratio", "Chance of a result when reached, relative to a call", "O15, assumption", ge=0, le=3
    )
    care_ratio: float = uncertainty(
        "ratio", "Effect on the relationship, relative to a meeting", "N13, assumption", ge=0, le=1
    )
    cost_yuan: float = fact("yuan", "Cost of one contact beside staff time", "O15, assumption", ge=0)


class Trigger(Section):
    """A rule that creates outreach tasks: reason, channel, dates, rank (one mechanism for all presets)."""

    on: bool = fact("switch", "Whether the trigger is used")
    channel: Literal["phone", "sms", "visit"] = lever("choice", "Channel of the contact", "DV45")
    lead_days: int = lever("days", "Days before the dated event that the task is due", "DV48", ge=0, le=60)
    expiry_days: int = fact("days", "Days after which an undone task is dropped", "assumption", ge=1, le=365)
    sla_days: int = fact("days", "Days within which the contact counts as in time", "DV46", ge=0, le=60)
    rank_ratio: float = lever(
        "ratio", "Weight of the reason in the ranking by assets per minute", "S24, assumption", ge=0, le=100
    )


class Triggers(Section):
    """The triggers of this version."""

    lead_follow_up: Trigger
    maturity_reminder: Trigger
    contact_plan: Trigger
    outflow_alert: Trigger


class Outreach(Section):
    """Tasks, contact policy and capacity (O01-O16, M01-M03)."""

    phone: Channel
    sms: Channel
    visit: Channel
    triggers: Triggers
    plan_contacts_per_year: list[float] = lever(
        "contacts/year", "Planned contacts a year by grid level 1-9, owned customers", "S02-S17, DV43", default=...
    )
    rest_days: int = fact("days", "Least days between two contacts of one customer", "O09, assumption", ge=0, le=90)
    most_contacts_per_month: int = fact(
        "contacts", "Most contacts of one customer in a calendar month", "O09, assumption", ge=1
    )
    do_not_call_share: float = fact(
        "share", "Customers who refused calls and messages", "P-rows, assumption", ge=0, le=1
    )
    call_from_min: float = fact("min", "Calls are allowed from this minute after opening", "O03", ge=0)
    call_until_min: float = fact("min", "Calls are allowed until this minute after opening", "O03, P-rows", ge=0)
    most_attempts: int = fact("attempts", "Attempts after which an unreached customer is given up", "DV49", ge=1, le=15)
    most_contacts_per_day: int = fact("contacts", "Effective contacts one person can make a day", "N12", ge=1, le=200)
    data_lag_days: int = fact("days", "Days until a movement is seen in the customer system", "D01, DV77", ge=0, le=30)

    @model_validator(mode="after")
    def _levels(self) -> Outreach:
        plan = self.plan_contacts_per_year
        if len(plan) != 9 or min(plan) < 0 or max(plan) > 52:
            raise ValueError("plan_contacts_per_year expects 9 numbers between 0 and 52, one per grid level")
        if not self.call_from_min < self.call_until_min:
            raise ValueError("call_from_min must be before call_until_min")
        return self


class Response(Section):
    """What contacts and meetings lead to (O02-O12, N10-N13, N27)."""

    appointment_share: float = uncertainty("share", "Reached leads who agree to an appointment", "N11", ge=0, le=1)
    show_share: float = uncertainty("share", "Appointments kept", "N10", ge=0, le=1)
    appointment_days: int = fact("days", "Days from call to appointment", "assumption", ge=1, le=30)
    delay_halving_days: float = uncertainty("days", "Delay that halves a lead's appointment chance", "N11", gt=0)
    meeting_sale_share: float = uncertainty(
        "share", "Meetings that bring money from elsewhere", "N26, assumption", ge=0, le=1
    )
    call_sale_share: float = uncertainty(
        "share", "Reached calls that bring money from elsewhere", "N12, O05", ge=0, le=1
    )
    won_share: float = uncertainty(
        "share", "Part of the wealth elsewhere that a sale brings, at most", "O21, assumption", ge=0, le=1
    )
    rival_keep_share: float = uncertainty(
        "share", "Part of that money which the rival's counter-offer keeps", "N36, assumption", ge=0, le=1
    )
    ladder_share: float = uncertainty(
        "share", "Part of demand balance that a meeting moves into wealth products", "O06, assumption", ge=0, le=1
    )
    lag_days_low: int = fact("days", "Earliest arrival of money after a sale", "Y14, N27", ge=0, le=120)
    lag_days_high: int = fact("days", "Latest arrival of money after a sale", "Y14, N27", ge=0, le=120)
    hot_share: float = uncertainty(
        "share",
        "Part of the money won under a reward that leaves when its window ends",
        "model, assumption",
        ge=0,
        le=1,
    )
    hot_days: int = fact("days", "Reward window after which hot money leaves", "assumption", ge=1, le=720)
    premium_pull_ratio: float = uncertainty(
        "ratio", "Relative rise of sales to VIPs by a rate premium of 1 percentage point", "DV66, assumption", ge=0
    )
    meeting_care_share: float = uncertainty(
        "share", "Rise of relationship towards 1 by one meeting", "M11, assumption", ge=0, le=1
    )
    contact_care_share: float = uncertainty(
        "share", "Rise of relationship towards 1 by a contact with care ratio 1", "M11, assumption", ge=0, le=1
    )
    fatigue_from_per_year: float = uncertainty("contacts/year", "Contacts a year from which they annoy", "N13", gt=0)
    fatigue_share: float = uncertainty(
        "share", "Loss of response, and rise of hazard, per further contact a year", "O09, assumption", ge=0, le=1
    )
    prospect_join_share: float = uncertainty(
        "share", "Meetings with a prospect that open an account", "N10, assumption", ge=0, le=1
    )
    referral_per_year: float = uncertainty("per year", "Recommendations by a satisfied mature customer", "N19", ge=0)
    referral_from_share: float = uncertainty(
        "share", "Relationship strength from which customers recommend", "N19, C05", ge=0, le=1
    )
    referral_join_share: float = uncertainty("share", "Recommended people who become customers", "N19", ge=0, le=1)


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
    exploration_ratio: float = uncertainty("ratio", "Hazard ratio in the exploration stage", "Y02, N15", ge=1)
    decline_ratio: float = uncertainty("ratio", "Hazard ratio in the decline stage", "Y05", ge=1)
    floor_ratio: float = uncertainty(
        "ratio", "Lowest product of all ratios, relative to the opening mean", "model guard", gt=0, le=1
    )
    exploration_months: float = uncertainty("months", "Mean time from exploration to development", "N17", gt=0)
    development_months: float = uncertainty("months", "Mean time from development to maturity", "N17", gt=0)
    decline_below_share: float = uncertainty(
        "share", "Relationship strength below which a mature customer declines", "Y05, assumption", ge=0, le=1
    )
    notice_days: int = fact("days", "Days between notice and the money leaving", "Y05, N34", ge=1, le=180)
    detection_recall_share: float = uncertainty("share", "Notices that the alert finds", "M02, assumption", ge=0, le=1)
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
        "per month", "Fading of relationship without contact", "D10, assumption", ge=0, le=1
    )


class Assets(Section):
    """Product classes and flows (O06, N21, T18). Lists run: demand, time deposit, wealth product, fund, insurance."""

    return_per_year: list[float] = fact("per year", "Return of each product class to the customer", "N21 today")
    volatility_per_year: list[float] = uncertainty("per year", "Volatility of each class", "N21, S11")
    saving_share: float = uncertainty("share", "Part of income saved", "N21, assumption", ge=0, le=1)
    wallet_floor_share: float = uncertainty(
        "share", "Least part of saving that comes here", "S05-S12, assumption", ge=0, le=1
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
    product_term_days: int = fact("days", "Term of a wealth product", "O06", ge=7, le=720)
    rate_premium_share: float = lever(
        "share", "Rate premium on time deposits of VIPs, a year", "M15, DV66", ge=0, le=0.01
    )

    @model_validator(mode="after")
    def _classes(self) -> Assets:
        for name in ("return_per_year", "volatility_per_year"):
            if len(getattr(self, name)) != len(CLASSES):
                raise ValueError(f"{name} expects {len(CLASSES)} numbers: {', '.join(CLASSES)}")
        return self


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
    turnover_assets_share: float = uncertainty(
        "share", "Part of the book's assets that a leaving manager takes", "N33 today", ge=0, le=1
    )
    overtime_ratio: float = fact("ratio", "Pay of an overtime minute relative to a regular one", "N23", ge=1, le=3)
    device_yuan_per_month: float = fact("yuan/month", "Cost of one self-service machine", "assumption", ge=0)
    hiring_cost_yuan: float = fact("yuan", "Cost of filling one post", "N33, assumption", ge=0)
    terminal_months: int = fact("months", "Months of margin counted for what stays", "model", ge=0, le=60)
    month_end_deviation_share: float = fact(
        "share", "Legal month-end deviation of deposits from the daily average", "P12 today", ge=0, le=1
    )

    @model_validator(mode="after")
    def _classes(self) -> Money:
        for name in ("margin_per_year", "sale_fee_share"):
            if len(getattr(self, name)) != len(CLASSES):
                raise ValueError(f"{name} expects {len(CLASSES)} numbers: {', '.join(CLASSES)}")
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
        "share", "Change of relationship by a visit, per satisfaction above one half", "N31", ge=0, le=1
    )

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
