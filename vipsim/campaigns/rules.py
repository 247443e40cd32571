"""Campaigns as kernels take them: settings as rows, and what changes in a replication.

Only campaigns that are on are here; where none is, every array is empty and no day does anything for them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, get_args
from zlib import crc32

import numpy as np

from vipsim.customers.ownership import trained_skill
from vipsim.records import rows
from vipsim.scenario.campaigns import CODED, Campaign, Column
from vipsim.scenario.fields import CLASSES
from vipsim.scenario.points import rate_and_lapse
from vipsim.scenario.staff import ROLES

PREPARE, INVITE, EVENT = range(3)
DOES = ("prepare", "invite", "event")
CALL, SMS, LETTER, COUNTER, FIELD, LOBBY, ADVERT = range(7)
CHANNELS = ("call", "sms", "letter", "counter", "field", "lobby", "advert")
AT_EVENT, AT_BRANCH, AT_ONCE = range(3)
WHERE = ("event", "branch", "call")
COLUMNS: tuple[str, ...] = get_args(Column)

# Steps of the funnel, each a part of the one before.
ELIGIBLE, OWNED, ALLOWED, ASKED, REACHED, INTERESTED, ACCEPTED, CAME, MET, MOVED, STAYED = range(11)
STEPS = (
    "eligible",
    "owned",
    "allowed by policy",
    "within capacity",
    "reached",
    "interested",
    "accepted",
    "came",
    "met",
    "moved money",
    "stayed",
)

# Why somebody got no further.
(
    NOT_LOST,
    NO_OWNER,
    POLICY,
    LIST,
    MINUTES,
    BUDGET,
    STOPPED,
    NOT_REACHED,
    NOT_INTERESTED,
    DECLINED,
    SEATS,
    NO_SHOW,
    LEFT,
    STAFF,
    NO_SALE,
    NOT_STAYED,
    ON_THE_WAY,
    NO_POINTS,
) = range(18)
WHY = (
    "",
    "nobody owns the customer",
    "contact policy",
    "length of the list",
    "minutes or daily contacts of the owners",
    "budget",
    "stopped by evaluation",
    "not reached",
    "not interested",
    "declined",
    "seats",
    "did not come",
    "met by no manager",
    "minutes of the staff",
    "moved nothing",
    "went again",
    "still on the way at the end",
    "too few points",
)
LIMITS = frozenset({NO_OWNER, POLICY, LIST, MINUTES, BUDGET, STOPPED, SEATS, LEFT, STAFF})
"""Reasons that the branch sets itself; the others are the customers' answer."""

CURVE = 4  # stretches of a campaign in which interest may differ

# fmt: off
_COUNTED = (
    "key", "list_most", "rank", "stake", "channel", "where", "visit_after_days", "seats",
    "guests_most", "reminds", "product", "evaluate_days", "lag_days_low", "lag_days_high",
    "first_filter", "last_filter", "first_work", "last_work", "from_day", "until_day", "needs_owner",
    "product_term_days", "points_lapse_days",
)
_MEASURED = (
    "sample_share", "block_min", "minutes_per_guest_min", "ask_min", "guest_share", "fixed_yuan",
    "invite_yuan", "guest_yuan", "reward_yuan", "budget_yuan", "reach_share", "interest_share",
    "accept_share", "show_share", "sale_share", "join_share", "late_share", "half_life_days",
    "hot_share", "care_share", "refused_care_share", "ebank_share", "product_share",
    "stop_below_share", "sign_share", "fee_yuan", "skill_share", "skill_most",
    "redeem_points", "redeem_yuan", "redeem_min", "points_day_rate",
)
# fmt: on
RULE = np.dtype(
    [(name, "i8") for name in _COUNTED] + [(name, "f8") for name in _MEASURED] + [("interest_ratio", "f8", (CURVE,))],
    align=True,
)
PHASE = np.dtype([(name, "i8") for name in ("campaign", "number", "from_day", "until_day", "does")])
CONDITION = np.dtype([("column", "i8"), ("low", "f8"), ("high", "f8"), ("names", "i8")], align=True)
WORK = np.dtype([("role", "i8"), ("people", "i8"), ("prepare_min", "f8"), ("event_min", "f8")], align=True)
GUEST = np.dtype(
    [
        ("stake", "i8"),  # fen at stake when the list was drawn
        ("had", "i8"),  # fen here then
        ("promised", "i8"),  # fen on their way
        ("moved", "i8"),  # fen that came
        ("cost", "i8"),  # fen spent on this guest
        ("points", "f8"),  # redeemed
        ("luck", "i8"),  # id of the guest's draws: row of the book, or a stranger's number
        ("who", "i4"),  # row of the book, -1 = a stranger without account
        ("day", "i4"),  # day of the invitation, -1 = not yet
        ("due", "i4"),  # day on which something happens to the guest, -1 = nothing
        ("next", "i4"),  # next guest of that day
        ("campaign", "i2"),
        ("phase", "i2"),
        ("event", "i2"),  # phase of the event the guest has a seat at
        ("friends", "i1"),  # friends who came along
        ("step", "i1"),  # furthest step of the funnel
        ("lost", "i1"),  # why no further
        ("open", "i1"),  # 1 = still on the way
        ("paid", "i1"),  # 1 = the money came
        ("joined", "i1"),  # accounts opened: the stranger's own and those of friends
        ("prime", "i1"),  # type C before, so far not won
        ("by_counter", "i1"),  # 1 = signed up as the counter signs up, which says who becomes an active user
    ],
    align=True,
)
PIECE = np.dtype(
    [
        ("minutes", "f8"),
        ("member", "i4"),
        ("place", "i4"),
        ("campaign", "i4"),
        ("work", "i4"),
        ("person", "i4"),
        ("does", "i4"),
    ]
)
SCORE = np.dtype(
    [("campaign", "i4"), ("day", "i4"), ("stopped", "i4")]
    + [(name, "i8") for name in ("asked", "reached", "interested", "accepted", "came", "met", "moved")]
    + [("moved_fen", "i8"), ("spent_yuan", "f8")],
    align=True,
)
STRANGER = 1 << 30  # luck of strangers counts from here, apart from every row of the book
MOST_PIECES = 64  # pieces of campaign work in one member's day


class Campaigns(NamedTuple):
    """The campaigns of a replication; all arrays are empty where none is on."""

    rules: Any  # RULE [campaigns]
    phases: Any  # PHASE, days of the run
    filters: Any  # CONDITION
    works: Any  # WORK
    guests: Any  # GUEST
    size: np.ndarray  # int64 [4]: guests, pieces, scores, strangers
    guest_of: np.ndarray  # int32 [rows of the book]: guest that a customer is at present, -1 = none
    first: np.ndarray  # int32 [days]: first guest to whom something happens that day
    wide: np.ndarray  # float64 [campaigns, 3, 2]: eligible, owned, allowed: people and fen at stake
    spent: np.ndarray  # float64 [campaigns]: yuan
    stopped: np.ndarray  # int64 [campaigns]: day of the stop, -1 = none
    taken: np.ndarray  # int64 [phases]: seats taken at an event
    pool: np.ndarray  # int64 [campaigns]: row from which strangers of the kind are looked for
    left_min: np.ndarray  # float64 [works, people]: preparation not done yet
    minutes: np.ndarray  # float64 [works, 2]: minutes asked of the staff, minutes done
    pieces: Any  # PIECE: today's campaign work
    next_open: np.ndarray  # int64 [days]: first open day from each day on, -1 = none
    scores: Any  # SCORE: interim evaluations


def names_on(scenario: Any) -> list[str]:
    """Names of the campaigns that are on, in the order of the file; none in a lobby without a book."""
    if scenario.book.source == "none":
        return []
    return [name for name, campaign in scenario.campaigns.items() if campaign.on]


def key_of(name: str) -> int:
    """The time part of a campaign's draws: follows its name, so that no other campaign moves its luck."""
    return crc32(name.encode()) & 0x7FFFFFFF


def _rule(
    name: str,
    c: Campaign,
    start: int,
    filters: int,
    works: int,
    skill_most: float,
    conditions: int,
    earning: tuple[float, int],
) -> dict[str, Any]:
    begins = [max(p.from_day, c.approval_days) for p in c.scheduled()]
    special: dict[str, Any] = {
        "key": key_of(name),
        "rank": ("assets", "random", "tier").index(c.rank),
        "stake": int(c.stake == "here"),
        "channel": CHANNELS.index(c.channel),
        "where": WHERE.index(c.where),
        "reminds": int(c.reminds),
        "product": CLASSES.index(c.product) if c.product != "none" else -1,
        "first_filter": filters,
        "last_filter": filters + conditions,
        "first_work": works,
        "last_work": works + len(c.staff),
        "from_day": start + min(begins),
        "until_day": start + c.last_day(),
        "needs_owner": int(c.owned_only),
        "skill_most": skill_most,
        "guest_share": c.friend_share(),
        "care_share": c.gift_care_share(),
        "points_day_rate": earning[0],
        "points_lapse_days": earning[1],
    }
    return {n: special[n] if n in special else getattr(c, n) for n in RULE.names or ()}


def _filled(dtype: np.dtype[Any], items: list[dict[str, Any]]) -> Any:
    out = rows(len(items), dtype)
    for n, item in enumerate(items):
        for name, value in item.items():
            out[name][n] = value
    return out


def _condition(c: Any) -> dict[str, Any]:
    names = 0
    for name in c.one_of:
        names |= 1 << CODED[c.column].index(name)
    low = -np.inf if c.at_least is None else c.at_least
    high = np.inf if c.at_most is None else c.at_most
    return {"column": COLUMNS.index(c.column), "low": low, "high": high, "names": names}


def _conditions(c: Campaign) -> list[dict[str, Any]]:
    """The filter: what the target says, the relationship from which customers are asked (DV36), points to redeem."""
    found = [_condition(item) for item in c.target]
    if c.ask_from_share > 0.0:
        strong = {"column": COLUMNS.index("relationship_share"), "low": c.ask_from_share, "high": np.inf, "names": 0}
        found.append(strong)
    if c.redeem_points > 0.0:
        holds = {"column": COLUMNS.index("points"), "low": c.redeem_points, "high": np.inf, "names": 0}
        found.append(holds)
    return found


def make_campaigns(scenario: Any, start: int, next_open: np.ndarray, book_rows: int) -> Campaigns:
    """Campaigns of a scenario at the start of a replication; ``start`` is the first day of the window."""
    days = next_open.size
    on = [(name, scenario.campaigns[name]) for name in names_on(scenario)]
    rules: list[dict[str, Any]] = []
    phases: list[dict[str, Any]] = []
    filters: list[dict[str, Any]] = []
    works: list[dict[str, Any]] = []
    room = scores = 0
    training = scenario.ownership
    earning = rate_and_lapse(scenario.points)
    skill_most = (1.0 + training.training_most_share) / trained_skill(training) if training else 1.0
    for number, (name, c) in enumerate(on):
        conditions = _conditions(c)
        rules.append(_rule(name, c, start, len(filters), len(works), skill_most, len(conditions), earning))
        for place, p in enumerate(c.scheduled()):
            first = max(p.from_day, c.approval_days)
            if first <= p.until_day:
                ends = {"from_day": start + first, "until_day": start + p.until_day}
                phases.append({"campaign": number, "number": place, "does": DOES.index(p.does), **ends})
                if p.does == "invite" or c.channel == "field":
                    room += min(c.list_most, book_rows) * (1 + c.guests_most)
        filters += conditions
        works += [
            {"role": ROLES.index(w.role), "people": w.people, "prepare_min": w.prepare_min, "event_min": w.event_min}
            for w in c.staff
        ]
        scores += (days - start) // c.evaluate_days + 2
    n = len(on)
    most_people = max((w["people"] for w in works), default=0)
    left = np.zeros((len(works), most_people))
    for place, w in enumerate(works):
        left[place, : w["people"]] = w["prepare_min"]
    staff = sum(getattr(scenario.staff, role).employed for role in ROLES)
    return Campaigns(
        rules=_filled(RULE, rules),
        phases=_filled(PHASE, phases),
        filters=_filled(CONDITION, filters),
        works=_filled(WORK, works),
        guests=rows(room, GUEST),
        size=np.zeros(4, np.int64),
        guest_of=np.full(book_rows if n else 0, -1, np.int32),
        first=np.full(days if n else 0, -1, np.int32),
        wide=np.zeros((n, 3, 2)),
        spent=np.zeros(n),
        stopped=np.full(n, -1, np.int64),
        taken=np.zeros(len(phases), np.int64),
        pool=np.zeros(n, np.int64),
        left_min=left,
        minutes=np.zeros((len(works), 2)),
        pieces=rows(staff * MOST_PIECES if n else 0, PIECE),
        next_open=next_open,
        scores=rows(scores, SCORE),
    )


def fresh(campaigns: Campaigns) -> Campaigns:
    """The campaigns as they are before a replication; what changes is the replication's own."""
    return Campaigns(*(column.copy() for column in campaigns))
