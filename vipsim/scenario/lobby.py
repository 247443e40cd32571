"""Scenario section of what happens to visitors (`[lobby]`), and whether lobby, demand and staff fit together.

Minutes of a day run from opening (0) to ``calendar.opening_min``. No number has a default here: values are in the
scenario files, each with its source.
"""

from __future__ import annotations

from typing import Literal

from vipsim.scenario import process
from vipsim.scenario.demand import Demand, Transaction
from vipsim.scenario.fields import Law, Section, fact, lever, uncertainty
from vipsim.scenario.staff import ROLES, Role, Serving, Staff


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
    ask_fall_share_per_person: float = uncertainty(
        "share per person",
        "Asking falls by this part for each visitor who waits at the counter; 0 = load acts through the threshold only",
        "O13, assumption",
        ge=0,
        le=1,
        default=0.0,
    )
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
    reserved_share: float = lever(
        "share",
        "Part of the managers present who receive no visitors that day but contact customers, in turn, rounded down",
        "DV10, O01",
        ge=0,
        le=0.9,
        default=0.0,
    )
    minutes: Law = uncertainty("min", "Minutes of a meeting", "N05")
    patience: Law = uncertainty("min", "Minutes in the waiting area for an RM", "N06")


class OnlineTeam(Section):
    """Questions answered from afar, online or by message, before anybody comes to the lobby (EB20)."""

    members: int = lever("people", "Members of the online team who work for this branch", "EB20", ge=0, le=20)
    minutes_per_day: float = fact("min", "Minutes that a member answers on an open day", "EB20, N24", ge=0, le=480)
    cost_yuan_per_month: float = fact("yuan per month", "Full cost of a member", "EB20, assumption", ge=0)
    business: list[str] = fact(
        "names", "Transactions of which an answer may save the visit", "EB20", min_length=1, max_length=32
    )
    saved_share: float = uncertainty(
        "share", "Of these visits: asked online first, and content with the answer", "EB20, assumption", ge=0, le=1
    )
    answer: Law = uncertainty("min", "Minutes of an answer", "EB20, assumption")


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
    degrees: process.Degrees | None = None
    assistants: process.Assistants | None = None
    touchstone: process.Touchstone | None = None
    teaching: process.Teaching | None = None
    forms: process.Forms | None = None
    guidance: process.Guidance | None = None
    referral: process.Referral | None = None
    rm_service: process.RmService | None = None
    card_application: process.CardApplication | None = None
    classes: process.Classes | None = None
    escalation: process.Escalation | None = None
    errands: process.Errands | None = None
    balking: process.Balking | None = None
    ebank: process.Ebank | None = None
    hall: process.Hall | None = None
    online_team: OnlineTeam | None = None

    @property
    def tells_degrees(self) -> bool:
        """Whether core primes are told from mid/high primes and go before them (S19)."""
        return self.degrees is not None and self.degrees.told_apart

    @property
    def has_process(self) -> bool:
        """Whether any mechanism of the service process is declared."""
        declared = any(getattr(self, name) is not None for name in PROCESS)
        return declared or self.counters.opening_noncash_share is not None


_BESIDE = ("hall", "online_team")
PROCESS = tuple(name for name, field in Lobby.model_fields.items() if not field.is_required() and name not in _BESIDE)
"""Sections of the service process; what the hall offers changes minutes, not steps, and an online team the visits."""


def special_approval_days(lobby: Lobby) -> int:
    """Days until head office has decided on a special card; 0 where the application's steps are left out (T12)."""
    return 0 if lobby.card_application is None else lobby.card_application.special_approval_days


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
                    f"{_who_lacks(place, staff)}: expected somebody at station {place!r}, where demand.transactions "
                    f"sends {item.name!r}; found nobody employed who serves it"
                )
    if lobby.triage.on and serves["desk"] == 0:
        raise ValueError(
            f"{_who_lacks('desk', staff)}: expected somebody at station 'desk' while lobby.triage.on is true; "
            "found nobody employed who serves it"
        )
    windows = lobby.vip_service.windows
    if lobby.vip_service.mode == "window" and windows > max(staff.teller.employed, 1):
        raise ValueError(
            f"lobby.vip_service.windows: expected at most one window for each teller employed "
            f"({staff.teller.employed}), found {windows}"
        )
    team = lobby.online_team
    names = [item.name for item in demand.transactions]
    unknown = [name for name in team.business if name not in names] if team is not None and team.members > 0 else []
    if unknown:
        raise ValueError(
            f"lobby.online_team.business: expected names of demand.transactions ({', '.join(names)}), "
            f"found {unknown[0]!r}"
        )
    _check_process(demand, lobby, staff)


def _who_lacks(station: str, staff: Staff) -> str:
    """The key to change where nobody serves a station: how many are employed, or what they do."""
    name = {"desk": "lobby_manager", "rm": "relationship_manager"}.get(station, "teller")
    if getattr(staff, name).employed == 0:
        return f"staff.{name}.employed"
    only = {"cash": "noncash_only", "noncash": "cash_only"}.get(station, "stations")
    return f"staff.{name}.{only}"


def _stations_of(item: Transaction, lobby: Lobby) -> list[str]:
    """Where a transaction may be led."""
    share = lobby.counters.opening_noncash_share
    if share is None or not item.opens_account:
        return [item.station]
    return [name for name, part in (("noncash", share), ("cash", 1.0 - share)) if part > 0.0]


def _check_process(demand: Demand, lobby: Lobby, staff: Staff) -> None:
    """Refuse a service process whose parts do not fit. Nobody at the desk, or nobody to call for help, is no fault."""
    if lobby.card_application is not None and staff.teller.employed == staff.teller.cash_only:
        raise ValueError(
            "staff.teller.cash_only: expected somebody at station 'noncash', where lobby.card_application issues "
            "cards; found nobody employed who serves it"
        )
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
