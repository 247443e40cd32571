"""Campaigns: whom they are for, by which steps they run, what they take of the staff, cost and lead to (C01-C24).

One section for every kind of campaign; a preset is a table of numbers (``scenarios/campaigns/``), never code. Days
count from the first day of the window. Row ids are those of the seed catalogue; "assumption" marks a number that no
source gives.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from vipsim.scenario.fields import Section, fact, lever, uncertainty

CODED: dict[str, tuple[str, ...]] = {
    "tier": ("ordinary", "standard", "platinum", "black"),
    "type": ("A", "B", "C", "D"),
    "group": ("youth", "middle_aged_elderly", "investing", "saving"),
    "stage": ("prospect", "exploration", "development", "maturity", "decline", "notice", "exited"),
    "ebank": ("none", "signed", "active"),
}
"""Columns of the book that hold names, and the names in the order of their numbers."""

Column = Literal[
    "tier",
    "type",
    "group",
    "stage",
    "ebank",
    "level",
    "age_years",
    "female",
    "owned",
    "signed",
    "assets_yuan",
    "income_yuan",
    "demand_yuan",
    "time_yuan",
    "wealth_product_yuan",
    "fund_yuan",
    "insurance_metals_yuan",
    "relationship_share",
    "extra_products",
    "maturity_days",
    "birthday_days",
    "contact_days",
    "opened_days",
    "payroll",
    "points",
    "points_lapse_days",
]
OF_STRANGERS = ("age_years", "female", "income_yuan", "type")
"""Columns that tell one stranger from another."""

Role = Literal["relationship_manager", "lobby_manager", "teller", "head"]


class Condition(Section):
    """One condition on a column of the book, ends included; all conditions of a filter must hold (C10)."""

    column: Column = fact(
        "choice", "Column of the book; maturity, birthday, lapse: days to go; contact, opened: days since"
    )
    at_least: float | None = fact("unit of the column", "Smallest value", "C10", default=None)
    at_most: float | None = fact("unit of the column", "Largest value", "C10", default=None)
    one_of: list[str] = fact("names", "Names, for a column that holds names", "C10", default=[])

    @model_validator(mode="after")
    def _sayable(self) -> Condition:
        names = CODED.get(self.column, ())
        if self.one_of and not names:
            raise ValueError(f"expected at_least or at_most, as column {self.column} holds numbers, found one_of")
        unknown = [name for name in self.one_of if name not in names]
        if unknown:
            raise ValueError(f"expected one_of among {', '.join(names)}, found {unknown[0]!r}")
        if not self.one_of and self.at_least is None and self.at_most is None:
            raise ValueError("expected at_least, at_most or one_of beside column, found none of them")
        return self


class Phase(Section):
    """A stretch of days of a campaign and what is done in it (C09)."""

    from_day: int = fact("day", "First day, 0 = first day of the window", "C09", ge=0, le=3650)
    until_day: int = fact("day", "Last day", "C09", ge=0, le=3650)
    does: Literal["prepare", "invite", "event"] = fact(
        "choice", "Preparation, invitations, or the event: on the first open day from from_day (field: every open day)"
    )

    @model_validator(mode="after")
    def _forward(self) -> Phase:
        if self.until_day < self.from_day:
            raise ValueError(f"expected until_day at or after from_day, found {self.from_day} to {self.until_day}")
        return self


class Work(Section):
    """Staff minutes of one role, booked in the one ledger before that day's other outreach."""

    role: Role = fact("choice", "Role whose members work for the campaign")
    people: int = fact("people", "Members who take part, the first who are present", "C04", ge=1, le=20)
    prepare_min: float = fact("min", "Minutes of each in all preparation phases", "N25", ge=0, le=20000, default=0.0)
    event_min: float = fact("min", "Minutes of each on a day of the event", "N25", ge=0, le=600, default=0.0)


class Campaign(Section):
    """One campaign, from the list to what stayed (C01-C24)."""

    on: bool = lever("switch", "Whether the campaign is run in the window", "C20")
    title: str = fact("text", "One line that says what it is")
    title_zh: str = fact("text", "Its Chinese name", default="")
    goal_customers: int = fact("people", "Goal: prime customers newly found or won", "C09, KPI25", ge=0, default=0)
    goal_success_share: float = fact("share", "Goal: successes of those invited", "C09, KPI25", ge=0, le=1, default=0.0)

    target: list[Condition] = Field(default=[], description="Conditions that a target meets, all of them (C10)")
    sample_share: float = fact(
        "share",
        "Part of those who meet them that belongs to a segment the book has no column for (mortgage)",
        "C02",
        gt=0,
        le=1,
        default=1.0,
    )
    ask_from_share: float = lever(
        "share",
        "Relationship strength from which customers are asked, beside target; 0 = all",
        "C05, DV36",
        ge=0,
        le=1,
        default=0.0,
    )
    owned_only: bool = fact(
        "switch", "Only customers who have an owner; else the managers take those without in turn", "B05", default=False
    )
    list_most: int = lever("people", "Most people on one phase's list", "C02", ge=0, le=100_000)
    rank: Literal["assets", "random", "tier"] = fact(
        "choice", "Who comes first where the list is full; within a tier by assets", "T16", default="assets"
    )
    stake: Literal["elsewhere", "here"] = fact(
        "choice", "Money at stake in the funnel: what could come, or what could go", default="elsewhere"
    )

    channel: Literal["call", "sms", "letter", "counter", "field", "lobby", "advert"] = lever(
        "choice",
        "How people are asked: by their owner (as outreach.triggers.campaign says), by message, by letter, at the "
        "counter, strangers outside the branch, by the lobby manager at the reception, strangers by an advertisement",
        "C02, C03, C04, C06, C11, C24",
    )
    where: Literal["event", "branch", "call"] = fact(
        "choice", "What who accepts does: comes to the event, comes to the branch, or it is done with the contact"
    )
    visit_after_days: int = fact(
        "days", "Days from acceptance to the visit of the branch", "C02", ge=1, le=60, default=3
    )
    phases: list[Phase] = Field(min_length=1, max_length=60, description="Phases of the campaign (C09)")
    start_shift_days: int = lever(
        "days", "Days by which all phases begin later, below 0 earlier", "DV67", ge=-365, le=365, default=0
    )
    length_ratio: float = lever(
        "ratio", "Days from the first day to each other day, relative to phases", "DV69", ge=0.25, le=4, default=1.0
    )
    staff: list[Work] = Field(default=[], max_length=8, description="Staff minutes by role (N25)")
    block_min: float = fact(
        "min",
        "Length of one piece of campaign work; a visitor waits for its end",
        "assumption",
        ge=5,
        le=240,
        default=30.0,
    )
    minutes_per_guest_min: float = fact(
        "min", "Staff minutes that a guest takes; 0 = no guest waits for staff", "N25", ge=0, le=480, default=0.0
    )
    ask_min: float = fact(
        "min",
        "Minutes that asking adds to a counter service or to the reception",
        "EB02, C03",
        ge=0,
        le=30,
        default=0.0,
    )
    seats: int = lever("people", "Places of one event", "C04, N26", ge=0, le=10_000, default=10_000)
    guests_most: int = lever("people", "Friends that one guest may bring", "C04, DV71", ge=0, le=2, default=0)
    guest_share: float = uncertainty(
        "share", "Chance of each friend to come where none is rewarded", "N26", ge=0, le=1, default=0.0
    )
    reward_pull_ratio: float = uncertainty(
        "ratio",
        "Most by which reward_yuan raises the chance of a friend to come, relative; 0 = the gift moves nobody",
        "DV59, Ryu and Feick 2007 for the form; assumption",
        ge=0,
        le=5,
        default=0.0,
    )
    reward_half_yuan: float = uncertainty(
        "yuan", "Reward that raises it by half of that", "DV59, assumption", gt=0, default=100.0
    )

    redeem_points: float = fact(
        "points",
        "Points that a guest gives for the goods; only who holds them is asked. 0 = nothing is redeemed",
        "C21",
        ge=0,
        le=1e7,
        default=0.0,
    )
    redeem_yuan: float = fact("yuan", "Cost of the goods", "C21, N35", ge=0, le=100_000, default=0.0)
    redeem_min: float = fact(
        "min",
        "Minutes of recording a deduction, beside minutes_per_guest_min",
        "C21, assumption",
        ge=0,
        le=60,
        default=0.0,
    )
    fixed_yuan: float = fact("yuan", "Venue, speaker, prizes, advertising", "C01, U13", ge=0, default=0.0)
    invite_yuan: float = lever(
        "yuan", "Cost of one invitation beside the channel's, such as a gift with the letter", "U13, DV73", ge=0,
        le=1000, default=0.0,
    )  # fmt: skip
    gift_half_yuan: float = uncertainty(
        "yuan",
        "Gift with an invitation (invite_yuan) at which half of care_share is reached; 0 = its size moves nothing",
        "DV73, assumption",
        ge=0,
        le=10_000,
        default=0.0,
    )
    guest_yuan: float = fact("yuan", "Gift and catering of one guest", "C01, U13", ge=0, default=0.0)
    reward_yuan: float = lever("yuan", "Reward of one success", "C05, U13", ge=0, le=10_000, default=0.0)
    budget_yuan: float = lever("yuan", "Cap: nothing is begun that would exceed it", "U02", ge=0, le=10_000_000)
    attribution: Literal["participants", "everybody"] = fact(
        "choice",
        "Who bears costs that belong to nobody: each participant, or every customer",
        "U08",
        default="participants",
    )

    reach_share: float = uncertainty(
        "share", "Messages, letters or outside contacts that are noticed", "O15, assumption", ge=0, le=1, default=1.0
    )
    interest_share: float = uncertainty(
        "share", "Interested of those reached, at middling relationship", "N12", ge=0, le=1
    )
    interest_ratio: list[float] = uncertainty(
        "ratio",
        "Interest in the four quarters of the campaign's days: introduction, growth, saturation, decline",
        "Y13, assumption",
        default=[1.0, 1.0, 1.0, 1.0],
    )
    accept_share: float = uncertainty("share", "Who accept, of those interested", "N12, N26", ge=0, le=1)
    show_share: float = uncertainty("share", "Who come, of those who accepted", "N26", ge=0, le=1, default=1.0)
    sale_share: float = uncertainty("share", "Who move money, of those met", "N26", ge=0, le=1, default=0.0)
    join_share: float = uncertainty("share", "Who open an account, of strangers met", "N19", ge=0, le=1, default=0.0)
    late_share: float = uncertainty(
        "share", "Who move money later, of those met who did not at once", "N27, assumption", ge=0, le=1, default=0.0
    )
    lag_days_low: int = fact("days", "Earliest arrival of the money", "N27", ge=0, le=365, default=14)
    lag_days_high: int = fact("days", "Latest arrival of the money of a sale", "N27", ge=0, le=365, default=42)
    half_life_days: float = uncertainty("days", "Half-life of the late effect", "N27", gt=0, default=60.0)
    hot_share: float = uncertainty(
        "share", "Part of the money that leaves when its reward ends", "model, assumption", ge=0, le=1, default=0.0
    )

    care_share: float = uncertainty(
        "share", "Rise of relationship towards 1 of who took part", "C01, assumption", ge=0, le=1, default=0.0
    )
    refused_care_share: float = uncertainty(
        "share",
        "Fall of relationship of who was asked and is not interested",
        "C05, assumption",
        ge=0,
        le=1,
        default=0.0,
    )
    reminds: bool = fact("switch", "Who accepts counts as reminded of a coming maturity", "O06, C12", default=False)
    ebank_share: float = uncertainty(
        "share", "Who become active on electronic channels, of those met", "N30", ge=0, le=1, default=0.0
    )
    sign_share: float = uncertainty(
        "share",
        "Owned customers met who sign for the relationship service",
        "C23, B06, assumption",
        ge=0,
        le=1,
        default=0.0,
    )
    fee_yuan: float = fact(
        "yuan",
        "Fee income by each who takes part: card spending (C19); below 0 = fees forgone (C18)",
        "C18, C19, assumption",
        ge=-10_000,
        le=10_000,
        default=0.0,
    )
    skill_share: float = uncertainty(
        "share",
        "Rise of the managers' closing skill when all of them have done all preparation, which is training",
        "C15, B18, assumption",
        ge=0,
        le=1,
        default=0.0,
    )
    product: Literal["none", "time_deposit", "wealth_product", "fund", "insurance_metals"] = fact(
        "choice", "Product class that a buyer moves demand money into", "C01", default="none"
    )
    product_term_days: int = lever(
        "days",
        "Term of the time deposits sold: a long one keeps the money; 0 = as response.sold_term_days",
        "S16",
        ge=0,
        le=1825,
        default=0,
    )
    product_share: float = uncertainty(
        "share", "Part of the demand balance that a buyer moves", "C01, assumption", ge=0, le=1, default=0.0
    )

    approval_days: int = fact(
        "days", "Days of the window before approval: no phase begins earlier", "C20", ge=0, default=0
    )
    evaluate_days: int = fact("days", "Days between interim evaluations", "C02, KPI25", ge=1, le=365, default=10)
    stop_below_share: float = lever(
        "share",
        "Invitations stop where successes of those asked are below this; 0 = never",
        "C02",
        ge=0,
        le=1,
        default=0.0,
    )

    @model_validator(mode="after")
    def _whole(self) -> Campaign:
        if len(self.interest_ratio) != 4 or min(self.interest_ratio) < 0:
            raise ValueError("interest_ratio expects 4 numbers of at least 0, one for each quarter of the campaign")
        hidden = [item.column for item in self.target if item.column not in OF_STRANGERS]
        if self.channel in ("field", "advert") and hidden:
            raise ValueError(f"expected target columns of strangers ({', '.join(OF_STRANGERS)}), found {hidden[0]!r}")
        if self.channel in ("field", "advert") and self.ask_from_share > 0.0:
            raise ValueError(
                f"expected ask_from_share = 0, as strangers have no relationship yet, found {self.ask_from_share:g}"
            )
        begins = min(phase.from_day for phase in self.scheduled())
        if begins < 0:
            raise ValueError(f"expected a first day of at least 0 after start_shift_days, found {begins}")
        if self.channel == "advert" and self.where != "branch":
            raise ValueError(
                f"expected where = 'branch', as readers of an advertisement come there, found {self.where!r}"
            )
        self._redeems_soundly()
        kinds = {phase.does for phase in self.phases}
        if (self.where == "event" or self.channel == "field") and "event" not in kinds:
            raise ValueError("expected phases with an event, as people are to come to one, found none")
        if self.channel != "field" and "invite" not in kinds:
            raise ValueError("expected phases with invitations, found none")
        if self.fixed_yuan > self.budget_yuan:
            raise ValueError(
                f"expected budget_yuan of at least fixed_yuan, found {self.budget_yuan:g} < {self.fixed_yuan:g}"
            )
        if self.lag_days_low > self.lag_days_high:
            raise ValueError(
                f"expected lag_days_low <= lag_days_high, found {self.lag_days_low} > {self.lag_days_high}"
            )
        return self

    def late_invitation(self) -> int | None:
        """Place of the first phase of invitations where all of them come after the last day of the event; else None."""
        phases = self.scheduled()
        if self.where != "event" or self.channel == "field":
            return None
        last = self.last_event_day()
        invited = [n for n, phase in enumerate(phases) if phase.does == "invite"]
        return invited[0] if all(phases[n].from_day > last for n in invited) else None

    def last_event_day(self) -> int:
        """Last day of the last phase with an event. Raises ValueError where there is none."""
        return max(phase.until_day for phase in self.scheduled() if phase.does == "event")

    def _redeems_soundly(self) -> None:
        """Goods go for points, in the branch's own time, to customers (C21). Raises ValueError."""
        if self.redeem_points == 0.0:
            for name in ("redeem_yuan", "redeem_min"):
                if getattr(self, name) > 0.0:
                    raise ValueError(f"expected {name} = 0 where redeem_points is 0, found {getattr(self, name):g}")
        elif self.where != "event" or self.channel == "field":
            raise ValueError(
                "expected where = 'event' and another channel than 'field', as redeem_points are deducted there, "
                f"found {self.where!r} and {self.channel!r}"
            )

    def scheduled(self) -> list[Phase]:
        """The phases as they are run: moved by ``start_shift_days``, stretched by ``length_ratio`` (DV67, DV69)."""
        first = min(phase.from_day for phase in self.phases)

        def moved(day: int) -> int:
            return first + self.start_shift_days + round((day - first) * self.length_ratio)

        ends = [(phase, moved(phase.from_day), moved(phase.until_day)) for phase in self.phases]
        return [phase.model_copy(update={"from_day": begin, "until_day": end}) for phase, begin, end in ends]

    def friend_share(self) -> float:
        """Chance of each friend to come: a reward pulls, twice the reward less than twice as much (DV59)."""
        pull = self.reward_pull_ratio * self.reward_yuan / (self.reward_yuan + self.reward_half_yuan)
        return min(self.guest_share * (1.0 + pull), 1.0)

    def gift_care_share(self) -> float:
        """Rise of relationship of who took part: where the gift's size counts, each further yuan less (DV73)."""
        gift = self.invite_yuan + self.gift_half_yuan
        return self.care_share * (self.invite_yuan / gift if self.gift_half_yuan > 0.0 else 1.0)

    def last_day(self) -> int:
        """Last day of the last phase, approval waited for."""
        return max(phase.until_day for phase in self.scheduled())
