"""Scenario sections of the lobby: who comes (`[demand]`), what happens to them (`[lobby]`), who serves (`[staff]`).

Minutes of a day run from opening (0) to ``calendar.opening_min``. No number has a default here: values are in the
scenario files, each with its source.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator, model_validator

from vipsim.scenario import process
from vipsim.scenario.fields import Law, Section, fact, lever, uncertainty

TYPES = ("A", "B", "C", "D")
ROLES = ("relationship_manager", "lobby_manager", "teller", "head", "lobby_assistant")
Station = Literal["desk", "cash", "noncash", "rm"]

_SUM_TOLERANCE = 1e-9


def _sums_to_one(values: list[float], what: str) -> None:
    if abs(sum(values) - 1.0) > _SUM_TOLERANCE:
        raise ValueError(f"expected {what} to sum to 1, found {sum(values):.6g}")


def _never_negative(values: list[float]) -> list[float]:
    if values and min(values) < 0.0:
        raise ValueError(f"expected every factor >= 0, found {min(values):.6g}")
    return values


# -------------------------------------------------------------------------------------------- who comes


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
    service: Law = uncertainty("min", "Minutes at the station", "N03")
    opens_account: bool = fact(
        "switch", "Opens an account: e-banking can be signed with it", "EB01, I12", default=False
    )

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


# ---------------------------------------------------------------------------------------- what happens


class Triage(Section):
    """Lobby managers greet, observe and guide; both errors of their judgement have consequences."""

    on: bool = lever("switch", "Lobby managers receive visitors; off = everybody takes a ticket", "I07, L01")
    minutes: Law = uncertainty("min", "Minutes to receive one visitor", "N04")
    nod_min: float = uncertainty("min", "Minutes of a mere nod when the lobby is crowded", "I07, N04", ge=0, le=60)
    nod_only_above: float = lever(
        "people", "More than this many waiting per lobby manager on duty: only a nod", "I07", ge=0, le=1e9
    )
    ticket_class: Literal["none", "card", "known"] = fact(
        "choice",
        "Whom the ticket machine takes for prime without a manager: nobody, who shows a card, the truth",
        "I06, L11",
    )
    card_shown_share: float = uncertainty("share", "Signed customers who show their card", "I06", ge=0, le=1)
    sensitivity_share: float = uncertainty("share", "A, B, C visitors taken for prime", "N09", ge=0, le=1)
    specificity_share: float = uncertainty("share", "D visitors taken for ordinary", "N09", ge=0, le=1)


class Diversion(Section):
    """Guiding visitors whom staff take for ordinary to self-service machines."""

    devices: int = lever("devices", "Self-service machines", "DV25, L24", ge=0, le=20)
    divert_share: float = lever("share", "Divertible jobs that lobby managers try to divert", "DV18, L04", ge=0, le=1)
    accept_share: float = uncertainty("share", "Asked visitors who agree", "L04", ge=0, le=1)
    divert_prime: bool = lever("switch", "Offer machines to believed primes too", "L19")
    service: Law = uncertainty("min", "Minutes at a machine", "N03")
    patience: Law = uncertainty("min", "Minutes a visitor waits for a machine", "N06")


class VipService(Section):
    """How believed primes are served at counters (L14): exactly one of five ways."""

    mode: Literal["none", "strict", "head_start", "override", "window"] = lever(
        "choice",
        "none = one line; strict = any teller takes primes next; head_start = minutes credited; "
        "override = one counter skips the ticket machine; window = counters of their own",
        "DV13, L14",
    )
    head_start_min: float = lever("min", "Waiting minutes credited to a prime on joining", "L14, L27", ge=0, le=240)
    override_min: float = uncertainty("min", "Lobby manager's minutes to arrange an override", "L14", ge=0, le=60)
    windows: int = lever("counters", "Counters that serve only primes (mode window)", "DV13, T31", ge=1, le=5)


class Counters(Section):
    """Cash and non-cash counters: patience of those who wait and the teller's pitch after the ticket is called."""

    patience_vip: Law = uncertainty("min", "Minutes a VIP waits", "N06")
    patience_ordinary: Law = uncertainty("min", "Minutes anybody else waits", "N06")
    target_vip_min: float | None = fact(
        "min", "Wait that VIPs should not exceed; none = no target", "KPI19", ge=0, default=None
    )
    target_ordinary_min: float | None = fact("min", "The same of anybody else", "KPI19", ge=0, default=None)
    chat_queue_threshold: int = lever("people", "Tellers pitch while at most this many wait", "DV16, L16", ge=0, le=100)
    pitch_min: float = fact("min", "Minutes a pitch adds to the service", "DV17, L22", ge=0, le=10)
    teller_sensitivity_share: float = uncertainty(
        "share", "A and B visitors whom a pitching teller recognises in the system", "N09, I11", ge=0, le=1
    )
    teller_specificity_share: float = uncertainty("share", "C and D visitors not referred", "N09, I11", ge=0, le=1)
    opening_noncash_share: float | None = lever(
        "share",
        "Account openings led to the non-cash counter, the others to cash; omitted = as the transaction says",
        "I12",
        ge=0,
        le=1,
        default=None,
    )


class Meetings(Section):
    """Relationship managers' meetings with visitors taken for prime."""

    meet_share: float = uncertainty("share", "Believed primes willing to meet", "N10", ge=0, le=1)
    meet_first: bool = lever("switch", "A free RM is met before the counter business", "L07")
    wait_share: float = uncertainty(
        "share", "Willing to wait for a busy RM at an expected wait of 0", "N10", ge=0, le=1
    )
    wait_share_fall_per_min: float = uncertainty(
        "share per min", "Fall of wait_share per minute of expected wait", "N10, L08", ge=0, le=1
    )
    phone_share: float = uncertainty("share", "Unwilling visitors who leave a phone number", "N10, L10", ge=0, le=1)
    own_rm_first: Literal["own_only", "own_then_any", "pool"] = lever(
        "choice", "Whom a visitor with an RM of their own meets", "DV23, L11"
    )
    minutes: Law = uncertainty("min", "Minutes of a meeting", "N05")
    patience: Law = uncertainty("min", "Minutes in the waiting area for an RM", "N06")


class Lobby(Section):
    """The day inside the branch; the sections from ``entrance`` on are the service process, each off where left out."""

    triage: Triage
    diversion: Diversion
    vip_service: VipService
    counters: Counters
    meetings: Meetings
    shift_end: Literal["finish", "hand_over", "cut_off"] = fact(
        "choice", "What happens to the customer in hand when a member's duty ends", "model.md, mechanism 3"
    )
    after_closing: Literal["serve_all", "send_away"] = fact(
        "choice", "Those inside at closing are served (overtime), or who still waits is sent away", "model.md"
    )
    entrance: process.Entrance | None = None
    identification: process.Identification | None = None
    assistants: process.Assistants | None = None
    touchstone: process.Touchstone | None = None
    teaching: process.Teaching | None = None
    forms: process.Forms | None = None
    guidance: process.Guidance | None = None
    referral: process.Referral | None = None
    rm_service: process.RmService | None = None
    classes: process.Classes | None = None
    escalation: process.Escalation | None = None
    errands: process.Errands | None = None
    balking: process.Balking | None = None
    ebank: process.Ebank | None = None

    @property
    def has_process(self) -> bool:
        """Whether any mechanism of the service process is declared."""
        declared = any(getattr(self, name) is not None for name in PROCESS)
        return declared or self.counters.opening_noncash_share is not None


PROCESS = tuple(name for name, field in Lobby.model_fields.items() if not field.is_required())
"""Sections of the service process."""


# ------------------------------------------------------------------------------------------ who serves


class Block(Section):
    """A part of a shift not on the floor."""

    start_min: float = lever("min", "Start, minutes after opening", "DV12", ge=0)
    end_min: float = lever("min", "End, minutes after opening", "DV12", ge=0)
    activity: Literal["break", "admin", "training"] = fact("choice", "What the member does", "N24, L01")


class Shift(Section):
    """From when to when a member is in the branch, and the blocks off the floor."""

    start_min: float = lever("min", "Start, minutes after opening", "DV12", ge=0)
    end_min: float = lever("min", "End, minutes after opening", "DV12", ge=0)
    blocks: list[Block] = Field(default=[], description="Breaks, administration, training; in order, inside the shift")

    @model_validator(mode="after")
    def _ordered(self) -> Shift:
        edges = [self.start_min]
        for block in self.blocks:
            edges += [block.start_min, block.end_min]
        edges.append(self.end_min)
        if any(b < a for a, b in pairwise(edges)) or self.start_min >= self.end_min:
            raise ValueError(f"expected start_min < end_min and blocks in order between them, found {edges}")
        return self


class Role(Section):
    """One role's people: how many, who is on the floor, what they can do and what they cost."""

    employed: int = lever("people", "Members employed", "L20, DV01-DV04", ge=0, le=20)
    on_duty: int | None = lever(
        "people", "At most this many on the floor a day (rota); omitted = all", "DV03", ge=0, le=20, default=None
    )
    weekend_on_duty: int | None = lever(
        "people",
        "Members who work on each Saturday or Sunday of opening, and rest on a working day instead; "
        "omitted = weekends are staffed like all days, without days of rest",
        "DV12, L25",
        ge=0,
        le=20,
        default=None,
    )
    absence_share: float = uncertainty("share", "Days absent: annual leave, sickness", "assumption", ge=0, le=1)
    skill_cv: float = uncertainty(
        "ratio", "Spread of skill: variation between members of the minutes for the same work", "N33", ge=0, le=1
    )
    cost_yuan_per_month: float = fact("yuan per month", "Full staff cost of a member", "N23", ge=0)
    shifts: list[Shift] = Field(
        min_length=1,
        description="The n-th member on duty today works shift n modulo their number, so breaks take turns",
    )

    def on_floor(self) -> int:
        """Most members on the floor, by number employed and rota."""
        return self.employed if self.on_duty is None else min(self.employed, self.on_duty)


class Serving(Role):
    """A role whose members serve the stations named, the first before the others."""

    stations: list[Station] = fact("stations", "Stations served, the first before the others", "L01, L20", default=[])

    @field_validator("stations")
    @classmethod
    def _once(cls, values: list[Station]) -> list[Station]:
        if len(set(values)) < len(values):
            raise ValueError(f"expected every station once, found {values}")
        return values


class Tellers(Role):
    """Counter staff: some do only cash, some only non-cash business, the rest both."""

    cash_only: int = lever("people", "Tellers who do only cash business", "DV05, I12", ge=0, le=20)
    noncash_only: int = lever("people", "Tellers who do only non-cash business", "DV05, I12", ge=0, le=20)

    @model_validator(mode="after")
    def _enough(self) -> Tellers:
        if self.cash_only + self.noncash_only > self.employed:
            raise ValueError(
                f"expected cash_only + noncash_only <= employed, found {self.cash_only} + {self.noncash_only} "
                f"> {self.employed}"
            )
        return self


def _nobody() -> Serving:
    shift = Shift.model_validate({"start_min": 0.0, "end_min": 1.0})
    nobody = {"employed": 0, "absence_share": 0.0, "skill_cv": 0.0, "cost_yuan_per_month": 0.0, "shifts": [shift]}
    return Serving.model_validate(nobody)


class Staff(Section):
    """The finite staff of the branch, in the order of their numbers: RMs, lobby managers, tellers, head, assistants.

    Lobby assistants (interns, guides) serve the desk with less accuracy; left out = nobody (L21).
    """

    relationship_manager: Serving
    lobby_manager: Serving
    teller: Tellers
    head: Serving
    lobby_assistant: Serving = Field(
        default_factory=_nobody, description="Interns and guides at the desk; omitted = none"
    )


def check_lobby(demand: Demand, lobby: Lobby, staff: Staff, opening_min: float) -> None:
    """Refuse a lobby that cannot work: a station with business and nobody who could do it, a shift outside the day.

    Raises ValueError that names the key, what was expected and what was found.
    """
    serves: dict[str, int] = {"desk": 0, "cash": 0, "noncash": 0, "rm": 0}
    for name in ROLES:
        role: Role = getattr(staff, name)
        for i, shift in enumerate(role.shifts):
            if shift.end_min > opening_min:
                raise ValueError(
                    f"staff.{name}.shifts[{i}].end_min: expected at most calendar.opening_min = {opening_min:g}, "
                    f"found {shift.end_min:g}"
                )
        if isinstance(role, Serving):
            for station in role.stations:
                serves[station] += role.employed
    serves["cash"] += staff.teller.employed - staff.teller.noncash_only
    serves["noncash"] += staff.teller.employed - staff.teller.cash_only
    for item in demand.transactions:
        for place in _stations_of(item, lobby):
            if max(item.shares()) > 0.0 and serves[place] == 0:
                raise ValueError(
                    f"staff: expected somebody at station {place!r}, where demand.transactions sends "
                    f"{item.name!r}; found nobody employed who serves it"
                )
    if lobby.triage.on and serves["desk"] == 0:
        raise ValueError("staff.lobby_manager.employed: expected at least 1 while lobby.triage.on is true, found 0")
    windows = lobby.vip_service.windows
    if lobby.vip_service.mode == "window" and windows > max(staff.teller.employed, 1):
        raise ValueError(
            f"lobby.vip_service.windows: expected at most one window for each teller employed "
            f"({staff.teller.employed}), found {windows}"
        )
    _check_process(demand, lobby, staff)


def _stations_of(item: Transaction, lobby: Lobby) -> list[str]:
    """Where a transaction may be led."""
    share = lobby.counters.opening_noncash_share
    if share is None or not item.opens_account:
        return [item.station]
    return [name for name, part in (("noncash", share), ("cash", 1.0 - share)) if part > 0.0]


def _check_process(demand: Demand, lobby: Lobby, staff: Staff) -> None:
    """Refuse a service process whose parts do not fit. Nobody at the desk, or nobody to call for help, is no fault."""
    signs = lobby.ebank is not None and lobby.ebank.style != "none"
    if signs and not any(x.opens_account for x in demand.transactions):
        raise ValueError(
            "demand.transactions: expected one with opens_account = true, as lobby.ebank signs with an account "
            "opening; found none"
        )
    if lobby.referral is not None and lobby.guidance is None:
        raise ValueError(
            "lobby.guidance: expected this section, as tellers of lobby.referral call lobby managers; found nothing"
        )
    if staff.lobby_assistant.employed > 0 and lobby.assistants is None:
        raise ValueError(
            f"lobby.assistants: expected this section (how well they judge), as staff.lobby_assistant.employed = "
            f"{staff.lobby_assistant.employed}; found nothing"
        )
