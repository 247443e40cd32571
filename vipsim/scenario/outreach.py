"""Contacts: channels, triggers, contact policy, and what a contact leads to.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from vipsim.scenario.fields import Section, fact, lever, uncertainty


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
    campaign: Trigger


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
