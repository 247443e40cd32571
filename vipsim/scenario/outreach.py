"""Contacts: channels, triggers, contact policy, and what a contact leads to.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from vipsim.scenario.fields import CLASSES, Section, expect_each, fact, lever, uncertainty
from vipsim.scenario.system import System


class Effect(Section):
    """What somebody reached through a channel is worth, and costs beside staff time (O15)."""

    response_ratio: float = uncertainty(
        "ratio", "Chance of a result when reached, relative to a call", "O15, assumption", ge=0, le=3
    )
    care_ratio: float = uncertainty(
        "ratio", "Effect on the relationship, relative to a meeting", "N13, assumption", ge=0, le=1
    )
    fatigue_ratio: float = uncertainty(
        "ratio", "Weight of one contact in the contacts a year that tire", "O09, assumption", ge=0, le=10
    )
    cost_yuan: float = fact("yuan", "Cost of one contact beside staff time", "O15, assumption", ge=0)


class Channel(Effect):
    """What one contact through a channel takes and does (O15, O01, O17)."""

    prep_min: float = fact("min", "Staff minutes of preparation of one contact", "O01, N25", ge=0, le=240)
    minutes_min: float = fact("min", "Staff minutes of the contact itself, travel included", "N25", ge=0, le=480)
    record_min: float = fact("min", "Staff minutes of the record and the next steps", "O01, N25", ge=0, le=240)
    unreached_min: float = fact("min", "Staff minutes of an attempt that reaches nobody", "N25", ge=0, le=480)
    reach_share: float = uncertainty("share", "Attempts that reach the customer", "N11, N12", ge=0, le=1)
    rest_days: int = fact(
        "days", "Least days since the customer's last contact (talks: since the last talk)", "O09, assumption", ge=0
    )
    most_per_month: int = fact(
        "contacts", "Most contacts of one customer through it in a calendar month", "O09, assumption", ge=0
    )

    @property
    def taken_min(self) -> float:
        """Staff minutes of a contact that reaches, with preparation and record."""
        return self.prep_min + self.minutes_min + self.record_min


_SENT_BY_SYSTEM = ("sms", "email", "wechat")


class Trigger(Section):
    """A rule that creates outreach tasks: reason, channel, dates, rank (one mechanism for all presets)."""

    on: bool = fact("switch", "Whether the trigger is used")
    channel: Literal["phone", "sms", "visit", "email", "wechat", "letter"] = lever(
        "choice", "Channel of the contact", "DV45"
    )
    lead_days: int = lever(
        "days", "Days between the dated event and the task: before a maturity or expiry, after a sale or exit", "DV48",
        ge=0, le=60,
    )  # fmt: skip
    expiry_days: int = fact("days", "Days after which an undone task is dropped", "assumption", ge=1, le=365)
    rank_ratio: float = lever("ratio", "Weight of the reason in the ranking", "S24, assumption", ge=0, le=100)
    automatic: bool = lever(
        "switch", "Whether the customer system sends it by itself, at no staff minutes; messages only", "T18",
        default=False,
    )  # fmt: skip

    @model_validator(mode="after")
    def _sent(self) -> Trigger:
        if self.automatic and self.channel not in _SENT_BY_SYSTEM:
            raise ValueError(
                f"automatic: expected false where channel is {self.channel}, which takes staff; found true "
                f"(the system sends by {', '.join(_SENT_BY_SYSTEM)})"
            )
        return self


def _not_used() -> Trigger:
    return Trigger(on=False, channel="sms", lead_days=0, expiry_days=3, rank_ratio=1.0)


class LeadTrigger(Trigger):
    """The trigger of a lead from the lobby: an agreed time holds for the first contact."""

    sla_days: int = fact("days", "Days within which the contact counts as in time", "DV46", ge=0, le=60)


DATED = ("maturity_reminder", "card_expiry", "after_sale", "win_back")
"""Triggers that lie some days before or after a dated event; all others fall due at once."""


class Triggers(Section):
    """The triggers: rows of one mechanism (model: triggers and tasks)."""

    lead_follow_up: LeadTrigger
    maturity_reminder: Trigger
    contact_plan: Trigger
    outflow_alert: Trigger
    rescue: Trigger
    birthday: Trigger
    festival: Trigger
    card_expiry: Trigger
    downgrade: Trigger
    after_sale: Trigger
    threshold_near: Trigger
    complaint_recovery: Trigger
    win_back: Trigger
    campaign: Trigger
    leader_visit: Trigger
    life_event: Trigger
    money_arrived: Trigger = Field(
        default_factory=_not_used, description="a word to an owned customer whose money has come; omitted = off"
    )

    @model_validator(mode="after")
    def _dates(self) -> Triggers:
        for reason, trigger in self:
            if reason not in DATED and trigger.lead_days != 0:
                raise ValueError(
                    f"{reason}.lead_days expects 0, as its task falls due at once, found {trigger.lead_days}"
                )
        return self


class Outreach(Section):
    """Tasks, contact policy and capacity (O01-O17, M01-M17, B05)."""

    phone: Channel
    sms: Channel
    visit: Channel
    email: Channel
    wechat: Channel
    letter: Channel
    face: Effect = Field(description="A meeting in the branch; its minutes are those of lobby.meetings")
    triggers: Triggers
    ranking: Literal["gain", "rule"] = lever(
        "choice",
        "Order of the day's list: expected gain per staff minute, or assets at stake per minute (times rank_ratio)",
        "S24, O16",
    )
    plan_contacts_per_year: list[float] = lever(
        "contacts/year", "Planned contacts a year by grid level 1-9, owned customers", "S02-S17, DV43", default=...
    )
    leader_visits_per_year: list[float] = lever(
        "visits/year", "Visits a year that the head pays to owned standard, platinum, black-gold VIPs", "M17, S13"
    )
    rest_days: int = fact("days", "Least days between two talks with one customer", "O09, assumption", ge=0, le=90)
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
    data_lag_days: int = lever("days", "Days until a movement is seen in the customer system", "D01, DV77", ge=0, le=30)
    system: System
    alert_threshold_score: float = lever(
        "score",
        "Threshold of the outflow alert relative to today's, in standard deviations of what it watches: below 0 it "
        "finds more, with more false alarms",
        "M02, DV35",
        ge=-2,
        le=2,
    )
    life_events_per_year: float = uncertainty(
        "per year",
        "Promotions, births, retirements and the like of a VIP that the branch hears of",
        "M02, assumption",
        ge=0,
        le=12,
    )
    after_sale_contacts: int = lever(
        "contacts", "Contacts in the quarter after lead_days from a sale, evenly spread", "O12, DV50", ge=0, le=6
    )
    festivals: list[str] = fact("dates", "Month and day (MM-DD) of the greetings of a year, one a month", "M07")
    threshold_near_share: float = lever(
        "share", "Part of the next tier's cut from which the threshold_near trigger asks", "T05, assumption",
        ge=0.5, le=1,
    )  # fmt: skip
    threshold_every_months: int = fact("months", "Months between two such contacts", "assumption", ge=1, le=24)
    pitch_on_first_contact: bool = lever("switch", "Whether the first talk with the wary offers a product", "O04")
    firm_appointments: bool = lever("switch", "Whether an appointment is made for an exact time", "O17")
    firm_min: float = fact("min", "Staff minutes more for making an exact time", "O17, assumption", ge=0, le=60)
    ask_whys: bool = lever("switch", "Whether several whys are asked before an offer in a talk", "O22")
    whys_min: float = fact("min", "Staff minutes that the whys add to a talk", "O22, assumption", ge=0, le=60)
    stage_plan_ratio: list[float] = lever(
        "ratio",
        "Planned contacts in exploration, development, maturity, decline, notice, relative to the plan by level",
        "Y07",
    )
    change_seller_after: int = lever(
        "attempts", "Refusals in a row after which another manager offers; 0 = never", "O08", ge=0, le=5
    )
    discipline_share: float = uncertainty(
        "share", "Tasks that owners take up unchecked: distributed is not managed", "B05, L26, assumption", ge=0, le=1
    )
    unconditional_tier: int = fact(
        "count", "Tier (1-3) from which care is no matter of discipline; 4 = for nobody", "M12", ge=1, le=4
    )
    checked_share: float = lever(
        "share", "Day's tasks that the head, or the marketing supervisor, checks", "L26, O02, assumption", ge=0, le=1
    )
    check_min: float = fact(
        "min", "Minutes of the head or the marketing supervisor for one task checked", "L26, assumption", ge=0, le=30
    )

    def minutes_of(self, name: str) -> float:
        """Staff minutes of a contact through a channel that reaches, with what the system writes by itself (D04)."""
        channel: Channel = getattr(self, name)
        return channel.prep_min + channel.minutes_min + channel.record_min * self.system.record_of()

    @model_validator(mode="after")
    def _levels(self) -> Outreach:
        plan = self.plan_contacts_per_year
        if len(plan) != 9 or min(plan) < 0 or max(plan) > 52:
            raise ValueError("plan_contacts_per_year expects 9 numbers between 0 and 52, one per grid level")
        stages = self.stage_plan_ratio
        if len(stages) != 5 or min(stages) < 0 or max(stages) > 4:
            raise ValueError("stage_plan_ratio expects 5 numbers between 0 and 4, one for each stage")
        visits = self.leader_visits_per_year
        if len(visits) != 3 or min(visits) < 0 or max(visits) > 52:
            raise ValueError("leader_visits_per_year expects 3 numbers between 0 and 52, one per tier")
        if not self.call_from_min < self.call_until_min:
            raise ValueError("call_from_min must be before call_until_min")
        months = [day[:2] for day in self.festivals if _is_month_and_day(day)]
        if len(set(months)) != len(self.festivals):
            raise ValueError("festivals expects dates MM-DD, at most one a month")
        return self


def _is_month_and_day(text: str) -> bool:
    try:
        date.fromisoformat(f"2000-{text}")
    except ValueError:
        return False
    return True


class Seller(Section):
    """What a role is worth in talking with customers (N33, O11)."""

    closing_ratio: float = uncertainty(
        "ratio", "Chance of a sale or rescue relative to a relationship manager", "O11, B02, assumption", ge=0, le=3
    )
    care_ratio: float = uncertainty(
        "ratio", "Effect on the relationship relative to a relationship manager", "M17, assumption", ge=0, le=3
    )


class Sellers(Section):
    """The roles that own customers."""

    relationship_manager: Seller
    teller: Seller
    head: Seller


class Response(Section):
    """What contacts and meetings lead to (O02-O12, N10-N13, N27)."""

    appointment_share: float = uncertainty("share", "Reached leads who agree to an appointment", "N11", ge=0, le=1)
    show_share: float = uncertainty("share", "Appointments kept", "N10", ge=0, le=1)
    show_firm_share: float = uncertainty("share", "Appointments for an exact time kept", "O17, assumption", ge=0, le=1)
    appointment_days: int = fact("days", "Days from call to appointment", "assumption", ge=1, le=30)
    delay_halving_days: float = uncertainty("days", "Delay that halves a lead's appointment chance", "N11", gt=0)
    meeting_sale_share: float = uncertainty(
        "share", "Meetings that bring money from elsewhere", "N26, assumption", ge=0, le=1
    )
    call_visit_share: float = uncertainty(
        "share", "Reached calls of the contact plan that end with an appointment", "O01, N11, assumption", ge=0, le=1
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
    sellers: Sellers
    movable_share: float = uncertainty(
        "share", "Part of the wealth elsewhere that can be moved at all", "N36, assumption", ge=0, le=1
    )
    courted_share: float = uncertainty(
        "share", "Rivals' answer: loss of response by one offer, of what is left", "N36, assumption", ge=0, le=1
    )
    courted_fade_per_month: float = uncertainty("per month", "Fading of that answer", "N36, assumption", ge=0, le=1)
    sale_rest_days: int = fact("days", "Days after a sale without a further offer", "O09, assumption", ge=0, le=365)
    refusal_rest_days: int = fact(
        "days", "Days after a refusal without a further offer", "O09, assumption", ge=0, le=365
    )
    same_seller_ratio: float = uncertainty(
        "ratio", "Chance of a sale after each refusal in a row, same seller", "O08, assumption", ge=0, le=1
    )
    wary_below_share: float = uncertainty(
        "share", "Relationship strength below which a customer is wary", "O04, assumption", ge=0, le=1
    )
    pushed_ratio: float = uncertainty(
        "ratio", "Chance of a sale when the first talk with a wary customer pushes", "O04, O05", ge=0, le=1
    )
    pushed_care_share: float = uncertainty("share", "Loss of relationship by pushing", "O04, assumption", ge=0, le=1)
    fit_ratio: list[float] = uncertainty(
        "ratio", "Weight of each product class in what a customer is sold", "O06, assumption"
    )
    unlock_sales: list[int] = fact("products", "Sales before a class is offered: the ladder", "O06")
    stage_sale_ratio: list[float] = uncertainty(
        "ratio",
        "Chance of a sale in exploration, development, maturity, decline, notice",
        "Y02-Y05, Y07, assumption",
    )
    saturation_days: int = fact(
        "days", "Days in maturity after which a relationship is saturated", "Y06, assumption", ge=0, le=20_000
    )
    saturated_ratio: float = uncertainty(
        "ratio", "Chance of a sale in a saturated relationship", "Y06, assumption", ge=0, le=1
    )
    known_half_per_year: float = uncertainty(
        "contacts/year", "Contacts a year, in meetings' worth, by which half of a customer is known", "S21, assumption",
        gt=0,
    )  # fmt: skip
    unknown_sale_ratio: float = uncertainty(
        "ratio", "Chance of a sale to a customer of whom nothing is known", "D05, assumption", ge=0, le=1
    )
    known_sale_ratio: float = uncertainty(
        "ratio", "Chance of a sale to a customer of whom all is known", "D05, S21, assumption", ge=1, le=3
    )
    substitute_ratio: list[float] = uncertainty(
        "ratio", "Weight of each product class in what is shown after a loss: gold instead of funds", "O08, assumption"
    )
    whys_sale_ratio: float = uncertainty(
        "ratio", "Chance of a sale in a talk where several whys were asked", "O22, assumption", ge=1, le=3
    )
    careful_from_years: int = fact("years", "Age from which customers are careful", "S06", ge=18, le=100)
    careful_ratio: float = uncertainty(
        "ratio", "Weight of funds, insurance and metals for the careful", "S06, assumption", ge=0, le=1
    )
    vip_fit_ratio: float = uncertainty(
        "ratio", "Weight of funds, insurance and metals for VIPs", "T27, assumption", ge=0, le=10
    )
    sold_term_days: int = lever(
        "days", "Term of time deposits sold: a long one keeps the money (lock-in)", "S16", ge=30, le=1825
    )
    loss_sale_ratio: float = uncertainty(
        "ratio", "Chance of a sale within lifecycle.loss_days of a loss", "O07, assumption", ge=0, le=1
    )
    followed_share: float = uncertainty(
        "share", "Part of a loss's effect that after-sale care takes away", "O12, assumption", ge=0, le=1
    )
    followed_days: int = fact("days", "Days that after-sale care counts", "O12, assumption", ge=1, le=365)
    threshold_pull_ratio: float = uncertainty(
        "ratio", "Chance of a sale to a customer just below the next tier", "T05, assumption", ge=0, le=5
    )
    recover_share: float = uncertainty(
        "share", "Contacts after an unresolved complaint that resolve it", "N32, M10, assumption", ge=0, le=1
    )
    forgive_share: float = uncertainty(
        "share", "Contacts after a downgrade that take its shock away", "T06, assumption", ge=0, le=1
    )
    win_back_share: float = uncertainty(
        "share", "Contacts with lost customers that bring them back", "N18, assumption", ge=0, le=1
    )
    reminded_visit_share: float = uncertainty(
        "share", "Reminded customers who come to the branch", "O06, assumption", ge=0, le=1
    )
    ladder_share: float = uncertainty(
        "share",
        "Part of demand balance that advice in a meeting moves into a product that fits",
        "O06, assumption",
        ge=0,
        le=1,
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
    expert_sale_ratio: float = uncertainty(
        "ratio",
        "Chance of closing in a meeting that an expert joins, relative to one without",
        "T30, assumption",
        ge=1,
        le=3,
        default=1.0,
    )
    area_visit_ratio: float = uncertainty(
        "ratio",
        "Minutes of a manager's visit to somebody in the own part of town, relative to another; 1 = no difference",
        "O18, assumption",
        gt=0,
        le=1,
        default=1.0,
    )
    trade_closing_ratio: float = uncertainty(
        "ratio",
        "Chance of closing of a manager who contacts somebody of the own trade, relative to another",
        "O18, assumption",
        ge=1,
        le=3,
        default=1.0,
    )
    meeting_care_share: float = uncertainty(
        "share", "Rise of relationship towards 1 by one meeting", "M11, assumption", ge=0, le=1
    )
    life_event_care_ratio: float = uncertainty(
        "ratio", "Rise of relationship by a contact on a life event, relative to another contact", "M02, assumption",
        ge=1, le=10,
    )  # fmt: skip
    crowded_from: int = fact("people", "Customers of one manager from which contacts lose quality", "M16", ge=1)
    crowded_share: float = uncertainty(
        "share",
        "Loss of effect of a manager's contacts and meetings by each further book of that size; 0 = none",
        "M16, assumption",
        ge=0,
        le=5,
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

    @model_validator(mode="after")
    def _classes(self) -> Response:
        expect_each(self, CLASSES, ("fit_ratio", "unlock_sales", "substitute_ratio"))
        if min(self.substitute_ratio) < 0 or self.substitute_ratio[0] <= 0:
            raise ValueError("substitute_ratio expects numbers of at least 0, above 0 for the demand deposit")
        if min(self.fit_ratio) < 0 or min(self.unlock_sales) < 0:
            raise ValueError("fit_ratio and unlock_sales expect numbers of at least 0")
        if self.fit_ratio[0] <= 0 or self.unlock_sales[0] > 0:
            raise ValueError("fit_ratio and unlock_sales must leave the demand deposit open to everybody")
        if len(self.stage_sale_ratio) != 5 or min(self.stage_sale_ratio) < 0:
            raise ValueError("stage_sale_ratio expects 5 numbers of at least 0, one for each stage")
        return self
