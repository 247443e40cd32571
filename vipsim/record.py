"""What a replication writes down: samples and counts of every visit, and the tables of a recorded run.

Tables are tidy: one row per visit step, contact, customer, month, staff member and day. Times are minutes after
opening, days count from ``calendar.start_date``, money is in fen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vipsim import tally as t
from vipsim.customers.segments import GROUP_NAMES, TIER_NAMES, TYPE_D, TYPE_NAMES
from vipsim.customers.state import State
from vipsim.lobby import observed
from vipsim.lobby.jobs import (
    ABANDONED,
    ACTIVITY_NAMES,
    BEHAVIOUR_NAMES,
    BELIEVED_BY_NAMES,
    CASH,
    CUT_OFF,
    LOST_NAMES,
    NONCASH,
    OUTCOME_NAMES,
    SERVED,
    STATION_NAMES,
    UNSERVED,
)
from vipsim.lobby.ledger import AT_DESK, COLUMN_NAMES, ON_OUTREACH, OVERTIME, PER_MINUTE, SUPPLIED, USED, paid_and_used
from vipsim.month import Month
from vipsim.outreach.response import RESULTS
from vipsim.outreach.triggers import CHANNELS, REASONS
from vipsim.scenario.fields import CLASSES
from vipsim.scenario.staff import ROLES

if TYPE_CHECKING:
    import pyarrow as pa


def _plain(rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}


class Recorder:
    """Collects one replication month by month."""

    def __init__(self, keep: bool, opens_account: np.ndarray) -> None:
        self.keep = keep
        self._opens_account = opens_account  # bool per transaction
        self.observed = observed.Observed()
        self.visits: list[np.ndarray] = []
        self.steps: list[np.ndarray] = []
        self.resources: list[np.ndarray] = []
        self.contacts: list[np.ndarray] = []
        self.months: list[dict[str, float]] = []
        self.staff: list[dict[str, np.ndarray]] = []
        self.minutes = np.zeros((len(t.PHASES), len(ROLES), 4))
        self._visits_so_far = 0
        self._lobby: Any = None

    def month(self, month: Month, phase: int, state: State, lobby: Any, crew: Any, log: Any, contacts: Any) -> None:
        """Take in a month: waits of the window, counts of visits by phase, and the rows if they are kept."""
        rows = log.visits[: log.n[1]]
        self._count_minutes(phase, lobby, crew.ledger)
        count_visits(state.sums.tally[phase], rows)
        if phase == t.WINDOW:
            self.observed.month(rows, log.steps[: log.n[3]], self._opens_account)
        if not self.keep:
            return
        self._lobby = lobby
        steps = log.steps[: log.n[3]].copy()
        steps["visit"] += self._visits_so_far
        self._visits_so_far += len(rows)
        self.visits.append(rows.copy())
        self.steps.append(steps)
        self.resources.append(_resources(lobby, steps))
        self.contacts.append(contacts.rows[: contacts.size[0]].copy())
        totals = {name: float(state.sums.tally[:, column].sum()) for name, column in t.COLUMN.items()}
        classes = {f"class_{n}_fen": int(fen) for n, fen in enumerate(state.sums.class_total)}
        self.months.append({"month": month.number, "phase": phase, **classes, **totals})
        self.staff.append(_ledger(month, lobby, crew.ledger))

    def _count_minutes(self, phase: int, lobby: Any, ledger: np.ndarray) -> None:
        """Add a month's paid, booked, overtime and lobby minutes by role."""
        spent = ledger.sum(axis=(0, 2)) / PER_MINUTE
        role = np.asarray(lobby.staffing.role)
        paid, booked = paid_and_used(spent)
        in_lobby = spent[:, AT_DESK:ON_OUTREACH].sum(axis=1)
        for column, minutes in enumerate((paid, booked, spent[:, OVERTIME], in_lobby)):
            np.add.at(self.minutes[phase, :, column], role, minutes)

    def samples(self) -> dict[str, np.ndarray]:
        """All waits of the window, minutes, by class and station."""
        return {f"{name}_wait_min": waits for name, waits in self.observed.waits().items()}

    def tables(self, state: State, ids: Any, customers: int) -> dict[str, pa.Table]:
        """The tables of the run folder."""
        import pyarrow as pa

        visits = np.concatenate(self.visits) if self.visits else np.empty(0)
        steps = np.concatenate(self.steps) if self.steps else np.empty(0)
        contacts = np.concatenate(self.contacts) if self.contacts else np.empty(0)
        return {
            "visits": _visit_table(pa, visits, steps, np.concatenate(self.resources)),
            **_lobby_tables(pa, visits, steps, self._lobby),
            "contacts": _contact_table(pa, contacts),
            "customers": _customer_table(pa, state, ids, customers),
            "staff": _staff_table(pa, self.staff),
            "months": pa.Table.from_pylist([_month_row(m, before) for m, before in _with_last(self.months)]),
        }


def _ledger(month: Month, lobby: Any, ledger: np.ndarray) -> dict[str, np.ndarray]:
    """The month's staff-minute ledger as columns: per day, member and half-hour; the absent have no rows."""
    day, member, half_hour = np.nonzero(ledger[: month.days, :, :, SUPPLIED])
    found: dict[str, np.ndarray] = {
        "day": (day + month.first_day).astype(np.int32),
        "staff": member.astype(np.int16),
        "role": np.array(ROLES)[np.asarray(lobby.staffing.role)[member]],
        "half_hour": half_hour.astype(np.int16),
    }
    cells = ledger[day, member, half_hour] / PER_MINUTE
    found |= {f"{name}_min": cells[:, column] for column, name in enumerate(COLUMN_NAMES)}
    found["idle_min"] = cells[:, SUPPLIED] - cells[:, :USED].sum(axis=1)
    return found


def _staff_table(pa: Any, months: list[dict[str, np.ndarray]]) -> pa.Table:
    return pa.table({name: pa.array(np.concatenate([m[name] for m in months])) for name in months[0]})


def count_visits(counts: np.ndarray, rows: np.ndarray) -> None:
    """Add visits (dtype RESULT) to one phase of the tally, by true type and by VIP or not."""
    prime = rows["type"] != TYPE_D
    believed = rows["believed"] > 0
    at_counter = (rows["station"] == CASH) | (rows["station"] == NONCASH)
    joined = at_counter & ~np.isnan(rows["joined"])  # who turned round at the number has not
    vip = rows["vip"] > 0
    left = joined & np.isin(rows["outcome"], (ABANDONED, UNSERVED, CUT_OFF))
    machine = rows["diverted"] > 0
    for column, which in (
        (t.WALK_INS, rows["who"] < 0),
        (t.PRIME_VISITS, prime),
        (t.PRIME_TREATED, prime & believed),
        (t.ORDINARY_VISITS, ~prime),
        (t.ORDINARY_TREATED, ~prime & believed),
        (t.JOINED_VIP, joined & vip),
        (t.JOINED_ORDINARY, joined & ~vip),
        (t.ABANDONED_VIP, left & vip),
        (t.ABANDONED_ORDINARY, left & ~vip),
        (t.MACHINE, machine),
        (t.COUNTER, at_counter & (rows["outcome"] == SERVED)),
        (t.UNSERVED, rows["outcome"] == UNSERVED),
        (t.NAME_CARDS, rows["name_card"] > 0),
        (t.TELLER_REFERRALS, rows["referred"] > 0),
        (t.MEETINGS, rows["rm_outcome"] == SERVED),
    ):
        counts[column] += np.count_nonzero(which)
    counts[t.VISITS] += len(rows)


def _with_last(months: list[dict[str, float]]) -> list[tuple[dict[str, float], dict[str, float]]]:
    return list(zip(months, [{}, *months[:-1]], strict=True))


def _month_row(totals: dict[str, float], before: dict[str, float]) -> dict[str, Any]:
    """A month's own counts from the totals so far."""
    row: dict[str, Any] = {"month": totals["month"], "phase": t.PHASES[int(totals["phase"])]}
    row |= {name: value for name, value in totals.items() if name.endswith("_fen") and name.startswith("class_")}
    row |= {name: totals[name] - before.get(name, 0.0) for name in t.COLUMN}
    return row


def _names(pa: Any, codes: np.ndarray, names: tuple[str, ...]) -> Any:
    return pa.array(np.array([*names, "none"])[codes])


def _resources(lobby: Any, steps: np.ndarray) -> np.ndarray:
    """Who did each step, in words: the role and the number within it, a machine, both members held together, or ""."""
    roles = np.asarray(lobby.staffing.role)
    seen = [np.count_nonzero(roles[:n] == role) + 1 for n, role in enumerate(roles)]
    names = [f"{ROLES[role]} {number}" for role, number in zip(roles, seen, strict=True)]
    names += [f"machine {n + 1}" for n in range(int(lobby.floor.servers) - roles.size)]
    words = np.array([*names, ""])  # the last stands for -1, nobody
    both = np.char.add(np.char.add(words[steps["staff"]], " and "), words[steps["staff2"]])
    return np.where(steps["staff2"] >= 0, both, words[steps["staff"]])


def _visit_table(pa: Any, visits: np.ndarray, steps: np.ndarray, resources: np.ndarray) -> pa.Table:
    """One row per step of a visit; the visit's own facts are repeated on each of its steps."""
    if steps.size == 0:
        return pa.table({})
    of = visits[steps["visit"]]
    columns: dict[str, Any] = {
        "visit": steps["visit"],
        "day": of["day"],
        "customer": of["who"],
        "number": of["number"],
        "type": _names(pa, of["type"], TYPE_NAMES),
        "vip": of["vip"],
        "believed_prime": of["believed"],
        "appointment": of["appointment"],
        "transaction": of["kind"],
        "arrive_min": of["arrive"],
        "station": _names(pa, steps["station"], STATION_NAMES),
        "activity": _names(pa, steps["activity"], ACTIVITY_NAMES),
        "class": steps["cls"],
        "joined_min": steps["joined"],
        "called_min": steps["called"],
        "start_min": steps["start"],
        "end_min": steps["end"],
        "staff": steps["staff"],
        "staff2": steps["staff2"],
        "resource": resources,
        "outcome": _names(pa, steps["outcome"], OUTCOME_NAMES),
        "left_min": of["left"],
        "behaviour": _names(pa, of["behaviour"], BEHAVIOUR_NAMES),
        "believed_by": _names(pa, of["believed_by"], BELIEVED_BY_NAMES),
        "lost": _names(pa, of["lost"], LOST_NAMES),
        "lead": of["lead"],
        "referred": of["referred"],
        "overtaken": of["overtaken"],
        "signed_up": of["signed_up"],
        "activated": of["activated"],
    }
    return pa.table({name: _array(pa, column) for name, column in columns.items()})


def _lobby_tables(pa: Any, visits: np.ndarray, steps: np.ndarray, lobby: Any) -> dict[str, pa.Table]:
    """An average open day by half-hour, the funnel of identification, and who found whom each day."""
    days = np.unique(visits["day"]).size
    roles = np.array(ROLES)[np.asarray(lobby.staffing.role)]
    return {
        "half_hours": pa.Table.from_pylist(observed.half_hours(steps, days, float(lobby.rules.opening_min))),
        "identification": pa.Table.from_pylist(observed.funnel(visits)),
        "referrals": pa.Table.from_pylist(observed.referrals(visits, steps, roles), schema=_referrals(pa)),
    }


def _referrals(pa: Any) -> Any:
    counts = ("found", "met_on_the_spot", "name_card_only", "telephone_left")
    who = [("day", pa.int32()), ("staff", pa.int16()), ("role", pa.string())]
    return pa.schema([*who, *((name, pa.int32()) for name in counts)])


def _array(pa: Any, column: Any) -> Any:
    return pa.array(np.ascontiguousarray(column)) if isinstance(column, np.ndarray) else column


def _contact_table(pa: Any, contacts: np.ndarray) -> pa.Table:
    if contacts.size == 0:
        return pa.table({})
    columns = _plain(contacts)
    named: dict[str, Any] = {
        "day": columns["day"],
        "customer": columns["who"],
        "staff": columns["staff"],
        "reason": _names(pa, columns["reason"], REASONS),
        "channel": _names(pa, columns["channel"], CHANNELS),
        "due_day": columns["due"],
        "attempt": columns["attempt"],
        "start_min": columns["start"],
        "minutes_min": columns["minutes"],
        "result": _names(pa, columns["result"], RESULTS),
    }
    return pa.table({name: _array(pa, column) for name, column in named.items()})


def _customer_table(pa: Any, state: State, ids: Any, customers: int) -> pa.Table:
    """Customers of the opening book and those who joined: opening and closing state."""
    rows = int(state.sums.next_prospect)
    book = state.book
    labels = [str(i) for i in ids[:customers]] + [f"prospect-{n}" for n in range(rows - customers)]
    closing = book.balance[:rows].sum(axis=1)
    columns: dict[str, Any] = {
        "id": pa.array(labels),
        "cohort": state.book.cohort[:rows],
        "opening_tier": _names(pa, book.opening_tier[:rows], TIER_NAMES),
        "opening_assets_fen": state.book.opening_assets[:rows],
        "closing_tier": _names(pa, book.tier[:rows], TIER_NAMES),
        "closing_assets_fen": closing,
        "closing_elsewhere_fen": book.elsewhere[:rows],
        "drift_fen": state.book.drift[:rows],
        "type": _names(pa, book.type[:rows], TYPE_NAMES),
        "group": _names(pa, book.group[:rows], GROUP_NAMES),
        "stage": book.stage[:rows],
        "grid_level": book.level[:rows],
        "owner_post": book.owner[:rows],
        "signed": book.signed[:rows],
        "card": _names(pa, np.where(book.card[:rows] > 0, book.card[:rows], -1), TIER_NAMES),
        "card_expiry_day": book.card_expiry[:rows],
        "card_fee_due_fen": book.fee_due[:rows],
        **{f"{name}_fen": book.balance[:rows, n] for n, name in enumerate(CLASSES)},
        "other_products": book.extra_products[:rows],
        "relationship": book.relationship[:rows],
        "last_contact_day": book.last_contact[:rows],
        "lost": state.book.lost[:rows],
    }
    return pa.table({name: _array(pa, column) for name, column in columns.items()})
