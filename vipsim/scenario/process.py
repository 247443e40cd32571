"""Scenario sections of the service process in the lobby: each is one mechanism, and a section left out is switched off.

They stand under ``[lobby]`` beside triage, diversion, counters and meetings, which the simple day has too. Minutes of
a day run from opening. No number has a default here: values are in the scenario files, each with its source.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from vipsim.scenario.fields import Law, Section, fact, lever, uncertainty

SignalName = Literal[
    "large_cash_or_remittance",
    "large_foreign_remittance",
    "large_deposit_loss_report",
    "large_loan_or_repayment",
    "large_deposit_certificate",
    "buys_fund_treasury_insurance",
    "opens_securities_fx_gold",
    "safe_box",
    "shows_gold_or_vip_card",
    "asks_about_wealth",
    "upmarket_address",
    "opens_net_or_phone_bank",
    "lingers_at_brochures",
    "other_looks",
]
SIGNALS: tuple[SignalName, ...] = get_args(SignalName)
"""The fourteen signals of a prime customer, in the manual's order (I05)."""

SEEN_BY = ("lobby_manager", "teller", "noncash_teller", "form")
STYLES = ("none", "open", "closed", "presumptive")
_SUM_TOLERANCE = 1e-9


class Entrance(Section):
    """How visitors behave at the door, and the second look at those who were not received (I08)."""

    asks_share: float = uncertainty("share", "Visitors who come to ask", "I08, assumption", ge=0, le=1)
    looks_round_share: float = uncertainty(
        "share", "Visitors who look around and are approached", "I08, assumption", ge=0, le=1
    )
    takes_number_share: float = uncertainty(
        "share", "Visitors who take a number directly, unreceived", "I08, assumption", ge=0, le=1
    )
    second_look: bool = lever("switch", "A free lobby manager approaches who waits unreceived", "I08")
    second_look_after_min: float = lever("min", "Minutes of waiting before the second look", "I08", ge=0, le=240)
    look: Law = uncertainty("min", "Minutes of the second look, without help with the form", "N04")
    second_look_diverts: bool = lever(
        "switch", "Who is ordinary at the second look may be led from the line to a machine", "I08, L04", default=False
    )

    @model_validator(mode="after")
    def _whole(self) -> Entrance:
        total = self.asks_share + self.looks_round_share + self.takes_number_share
        if abs(total - 1.0) > _SUM_TOLERANCE:
            raise ValueError(
                f"expected asks_share + looks_round_share + takes_number_share to sum to 1, found {total:.6g}"
            )
        return self


class Signal(Section):
    """One visible signal of a prime customer."""

    name: SignalName = fact("choice", "Which of the fourteen signals of the manual", "I05")
    prime_share: float = uncertainty("share", "A, B, C visitors who show it", "N09", gt=0, lt=1)
    ordinary_share: float = uncertainty("share", "D visitors who show it", "N09", gt=0, lt=1)
    seen_by: list[Literal["lobby_manager", "teller", "noncash_teller", "form"]] = fact(
        "roles", "Who sees it; form = only a form filled in together shows it", "I05, L05"
    )

    @field_validator("seen_by")
    @classmethod
    def _once(cls, values: list[str]) -> list[str]:
        if len(set(values)) < len(values):
            raise ValueError(f"expected everybody once, found {values}")
        return values


class Identification(Section):
    """Signals and scores (I05): the score of a role is the log of the likelihood ratio of the signals it sees.

    No signals: the plain shares of ``triage`` and ``counters`` hold.
    """

    signals: list[Signal] = Field(default=[], description="Visible signals; empty = plain shares of both errors")
    threshold_lobby_manager_score: float = lever(
        "score", "A lobby manager takes for prime from this score on", "I05", ge=-20, le=20
    )
    threshold_teller_score: float = lever("score", "A cash teller hints from this score on", "I11", ge=-20, le=20)
    threshold_noncash_teller_score: float = lever(
        "score", "A non-cash teller hints from this score on", "I12", ge=-20, le=20
    )
    form_sensitivity_share: float = uncertainty(
        "share",
        "A, B, C visitors taken for prime with the form at hand, where no signals are declared",
        "L05",
        ge=0,
        le=1,
    )
    form_specificity_share: float = uncertainty(
        "share", "D visitors taken for ordinary with the form at hand, where no signals are declared", "L05", ge=0, le=1
    )
    overlooked_share_per_person: float = uncertainty(
        "share per person",
        "Received visitors whose signals are overlooked, for each one waiting per lobby manager on duty",
        "I07",
        ge=0,
        le=1,
        default=0.0,
    )

    @field_validator("signals")
    @classmethod
    def _names(cls, values: list[Signal]) -> list[Signal]:
        names = [x.name for x in values]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"expected every signal once, found {name!r} {names.count(name)} times")
        return values


class Degrees(Section):
    """The second answer of identification: core primes and mid/high primes are told apart (S19).

    Core primes are VIPs from the platinum tier on. They wait in the class of primes, mid/high primes in the middle
    class: behind them with managers and at counters, ahead of the ordinary. A card or a known face tells the truth.
    """

    told_apart: bool = lever("switch", "Staff who take a visitor for prime also judge the degree", "S19")
    core_sensitivity_share: float = uncertainty(
        "share", "Core primes taken for core, of those taken for prime", "S19, assumption", ge=0, le=1
    )
    core_specificity_share: float = uncertainty(
        "share", "Others taken for mid/high, of those taken for prime", "S19, assumption", ge=0, le=1
    )
    core_walk_in_share: float = uncertainty(
        "share", "Core primes among walk-ins of types A, B, C", "S19, assumption", ge=0, le=1
    )


class Assistants(Section):
    """How well lobby assistants (interns, guides) judge; who they are is ``staff.lobby_assistant`` (L21)."""

    sensitivity_share: float = uncertainty("share", "A, B, C visitors taken for prime", "L21, assumption", ge=0, le=1)
    specificity_share: float = uncertainty("share", "D visitors taken for ordinary", "L21, assumption", ge=0, le=1)


class Touchstone(Section):
    """The touchstone: requirements and benefits are told, and the reaction tells who is prime (I10, I13)."""

    when: Literal["off", "always", "calm"] = lever("choice", "When believed primes without a card are tested", "I10")
    calm_below: int = lever("people", "Calm = fewer than this many wait at the desk", "I10", ge=0, le=100)
    probe_when_rm_busy: bool = lever("switch", "Test in any case while no relationship manager is free", "I13")
    minutes: Law = uncertainty("min", "Lobby manager's minutes for the test", "N04")
    prime_pass_share: float = uncertainty("share", "A, B, C visitors who pass", "I10, assumption", ge=0, le=1)
    ordinary_pass_share: float = uncertainty("share", "D visitors who pass", "I10, assumption", ge=0, le=1)


class Teaching(Section):
    """Teaching the machines to those who agree to use one but do not know how (L04, L06)."""

    knows_share: float = uncertainty("share", "Of those who agree: know how", "L04, assumption", ge=0, le=1)
    willing_share: float = uncertainty(
        "share", "Of those who do not know how: will learn", "L04, assumption", ge=0, le=1
    )
    teach_below: int = lever("people", "Taught while fewer than this many wait at the desk", "L04", ge=0, le=100)
    minutes: Law = uncertainty("min", "Lobby manager's minutes to teach a machine", "N04")


class Forms(Section):
    """Forms filled in before the counter: with help while few wait, else alone (L05)."""

    help_below: int = lever("people", "Help while fewer than this many wait at the counter", "L05", ge=0, le=100)
    alone_share: float = uncertainty("share", "Fill in the form by themselves", "L05, assumption", ge=0, le=1)
    minutes: Law = uncertainty("min", "Lobby manager's minutes to help with a form", "N04")
    alone_ratio: float = uncertainty(
        "ratio", "Counter minutes with a form filled in alone, relative to none", "L05, assumption", gt=0, le=1
    )
    helped_ratio: float = uncertainty(
        "ratio", "Counter minutes with a form filled in with help, relative to none", "L05, assumption", gt=0, le=1
    )


class Guidance(Section):
    """Leading primes to a relationship manager: escort, pick-up, waiting area (L07-L11, L17, L18)."""

    escort: Law = uncertainty("min", "Lobby manager's minutes to lead to a manager and introduce", "N04")
    recheck: Law = uncertainty("min", "Lobby manager's minutes to meet a prime after the business", "N04")
    pick_up_patience: Law = uncertainty("min", "Minutes a prime waits to be picked up", "L08, assumption")
    internal_phone: bool = lever("switch", "Counters can telephone the lobby manager", "L18")
    internal_phone_yuan_per_month: float = fact(
        "yuan/month", "Cost of the internal lines", "L18, assumption", ge=0, default=0.0
    )
    signal_reask_min: float = uncertainty(
        "min", "More minutes of a pick-up after a mere sign of the hand", "L18, assumption", ge=0, le=60
    )
    seats: int = lever("seats", "Seats in the waiting area", "L09", ge=0, le=100)
    rm_assistant: bool = lever("switch", "An assistant or recorder takes the lobby manager's call", "L09")
    rm_assistant_yuan_per_month: float = fact(
        "yuan/month", "Cost of the assistant's or recorder's hours", "L09, assumption", ge=0, default=0.0
    )
    meeting_reask_min: float = uncertainty(
        "min", "More minutes of a meeting after waiting, without assistant or recorder", "L09, assumption", ge=0, le=60
    )
    own_meet_share: float = uncertainty(
        "share", "Willing to meet, of those who show a card and have a manager here", "L11, assumption", ge=0, le=1
    )


class Referral(Section):
    """Tellers identify after the job is done and call the lobby manager (I11, I12, L17, L22)."""

    pitch: Law = uncertainty("min", "Minutes of a cash teller's hint and pitch", "L22, assumption")
    noncash_pitch: Law = uncertainty("min", "Minutes of a non-cash teller's", "I12, assumption")
    pitch_cap_min: float = lever(
        "min",
        "Tellers end a pitch after at most so many minutes; broken off, it succeeds in proportion to the part told",
        "L22, assumption",
        ge=0,
        le=60,
    )
    noncash_sensitivity_share: float = uncertainty(
        "share", "A and B visitors recognised at the non-cash counter, where no signals are declared", "I12", ge=0, le=1
    )
    interested_share: float = uncertainty("share", "Hinted visitors who want to see a manager", "L17", ge=0, le=1)


class RmService(Section):
    """What relationship managers do before and after a meeting: screening, going along to the counter (I14, L13)."""

    screening: bool = lever("switch", "Managers find out first whether the visitor is prime", "I14")
    screen: Law = uncertainty("min", "Manager's minutes to screen a visitor", "I14, assumption")
    accompany: bool = lever("switch", "The manager stays with the customer at the counter", "L13")


class CardApplication(Section):
    """The steps of a card application on its visit: papers with the manager, then the teller checks and issues (T12).

    The customer comes by appointment; whether the manager walks along to the counter is ``rm_service.accompany``.
    Left out: the card is issued after the meeting, without minutes of its own.
    """

    paperwork: Law = uncertainty("min", "Manager's minutes for form, copy of ID, contract, filing", "T12, assumption")
    check: Law = uncertainty("min", "Teller's minutes to check data, status and level and to issue", "T12, assumption")
    special_approval_days: int = fact(
        "days", "Days until head office has decided on a special application; 0 = on the spot", "T12", ge=0, le=90
    )


class Classes(Section):
    """Three priority classes at counters, and a guard for those who wait (L15, L27)."""

    middle: bool = lever("switch", "Signed customers below VIP who show a card are called before ordinary", "L27")
    guard_min: float = lever(
        "min", "An ordinary ticket older than this goes first; 1e9 = never", "L15, L27", ge=0, le=1e9
    )


class Escalation(Section):
    """Help at the desk when it is swamped (L02)."""

    above: int = lever("people", "More than this many waiting at the desk call for help", "L02", ge=0, le=1000)
    role: Literal["relationship_manager", "teller", "head"] = lever("choice", "Who helps when idle", "L02")
    help_min: float = lever("min", "How long the helper stays at the desk", "L02", ge=1, le=480)


class Errands(Section):
    """Stepping in for guards, and farewells: what lobby managers do when nothing else waits (L03)."""

    guard_share: float = uncertainty("share", "Visitors who ask the guard something", "L03, assumption", ge=0, le=1)
    guard: Law = uncertainty("min", "Lobby manager's minutes to take over from the guard", "L03, assumption")
    farewell: Law = uncertainty("min", "Minutes of a farewell", "L03, assumption")
    farewell_within_min: float = fact("min", "Who is not thanked within so many minutes is gone", "L03", ge=0, le=10)


class Balking(Section):
    """Leaving at the sight of the ticket's number (N06): the number counts those who have left, too."""

    above: int = uncertainty("people", "Nobody minds so many tickets ahead", "N06, assumption", ge=0, le=1000)
    share_per_person: float = uncertainty(
        "share", "Share who leave, for each further ticket ahead", "N06, assumption", ge=0, le=1
    )


class Ebank(Section):
    """E-banking signed at the counter with an account opening, then activated and taught (EB01-EB06)."""

    style: Literal["none", "open", "closed", "presumptive"] = lever(
        "choice",
        "none = not offered; open = asked; closed = offered as given; presumptive = signed first, told later: a breach",
        "EB02, EB03",
    )
    sign_up: Law = uncertainty("min", "Teller's minutes for the sign-up", "EB01, assumption")
    open_signed_share: float = uncertainty("share", "Signed when asked openly", "EB02, assumption", ge=0, le=1)
    closed_signed_share: float = uncertainty("share", "Signed in the closed style", "EB02, EB07", ge=0, le=1)
    presumptive_signed_share: float = uncertainty("share", "Signed when told later", "EB03, assumption", ge=0, le=1)
    told_vip: bool = lever(
        "switch",
        "Ordinary people who open an account are told that they are VIPs: an untrue statement, and a breach",
        "EB04",
        default=False,
    )
    told_vip_odds_ratio: float = uncertainty(
        "ratio", "Odds that who is told so signs up, relative", "EB04, assumption", ge=1, le=20, default=1.5
    )
    activate_by: Literal["none", "teller", "lobby_manager"] = lever(
        "choice", "Who activates it with the customer and teaches three uses", "EB06"
    )
    activate: Law = uncertainty("min", "Minutes to activate and to teach three uses", "EB06, assumption")
    patience: Law = uncertainty("min", "Minutes a customer waits for the lobby manager to activate it", "assumption")

    @model_validator(mode="after")
    def _told_when_asked(self) -> Ebank:
        if self.told_vip and self.style not in ("open", "closed"):
            raise ValueError(
                f"expected told_vip = false where style is {self.style!r}, as nobody is told before, found true"
            )
        return self


class Hall(Section):
    """What the hall offers those who wait: Wi-Fi and an information board (L23, L24). Off: as the other numbers say."""

    wifi: bool = lever("switch", "Wi-Fi in the hall, on which e-banking can be tried at once", "L24")
    wifi_patience_ratio: float = uncertainty(
        "ratio", "Minutes that visitors are willing to wait with Wi-Fi, relative to without", "L24", ge=1, le=5
    )
    wifi_active_ratio: float = uncertainty(
        "ratio", "Odds that who signed up becomes an active user with Wi-Fi, relative to without", "L24", ge=1, le=10
    )
    wifi_yuan_per_month: float = fact("yuan/month", "Cost of the Wi-Fi", "L24", ge=0)
    information_board: bool = lever(
        "switch", "A board with the day's prices of funds; its minutes are a block of the lobby managers' shifts", "L23"
    )
    board_care_share: float = uncertainty(
        "share", "Part of the gap to a perfect relationship closed when a fund holder passes it", "L23", ge=0, le=1
    )
