# mypy: allow-untyped-defs, allow-untyped-calls
"""The agenda: everything that has a date, filed under its day.

A calendar queue over whole days: one linked list per day in flat arrays. The order in which entries were filed
never matters, because a day is handed out sorted by (kind, customer, number).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.compiled import kernel, lean
from vipsim.records import rows

# Kinds, in the order in which one day's entries are dealt with.
MATURITY = 0  # a time deposit or wealth product matures; number = product class
LEAVE = 1  # a notice runs out
ARRIVE = 2  # money won earlier arrives; amount; number = 1 for who had left, plus 2 times the product class
HOT_LEAVE = 3  # money won under a reward leaves again; amount
JOIN = 4  # a recommended prospect decides
NOTICE = 5  # a customer decides to take the money away
ASSIGN = 6  # a customer gets an owner
ALERT = 7  # an outflow in the making shows; amount = false alarm, seen by the system, said by the customer
TASK = 8  # an outreach task falls due; number = reason, amount = days until it is dropped
RESIGN = 9  # a relationship manager leaves; customer = staff member
VISIT = 10  # a customer comes; number = count within the month
APPOINTMENT = 11  # a customer comes by appointment; number = reason, amount = day of the task
CARD = 12  # a card runs out, or its holder comes for it; number = card business
SWING = 13  # a lump of money leaves or comes for some days; amount; number = customers.swings

_FREE, _USED, _LOST = 0, 1, 2


ENTRY = np.dtype(
    [
        ("amount", "i8"),  # fen or a count
        ("next", "i4"),  # next entry of the day; of a free entry: the next free one
        ("who", "i4"),
        ("number", "i4"),
        ("kind", "i1"),
    ],
    align=True,
)


class Agenda(NamedTuple):
    """Entries in a pool; ``first[day]`` starts a day's list, -1 ends it."""

    first: np.ndarray  # int32 [days]
    entries: Any  # rows of ENTRY
    state: np.ndarray  # int64 [3]: first free entry, entries used, entries lost for want of room


def _pool(capacity: int) -> Any:
    entries = rows(capacity, ENTRY)
    entries["next"] = np.arange(1, capacity + 1)
    entries["next"][-1] = -1
    return entries


def make(days: int, capacity: int) -> Agenda:
    """An empty agenda for ``days`` days."""
    return Agenda(np.full(days, -1, np.int32), _pool(capacity), np.zeros(3, np.int64))


def with_room(agenda: Agenda, room: int) -> Agenda:
    """The same agenda with at least ``room`` free entries. Raises RuntimeError if entries were lost before."""
    if agenda.state[_LOST]:
        raise RuntimeError(f"{agenda.state[_LOST]} dated events found no room on the agenda")
    capacity = agenda.entries.size
    if capacity - agenda.state[_USED] >= room:
        return agenda
    entries = _pool(2 * capacity + room)
    entries[:capacity] = agenda.entries
    entries["next"][-1] = agenda.state[_FREE]  # the old free list follows the new entries
    agenda.state[_FREE] = capacity
    return Agenda(agenda.first, entries, agenda.state)


@lean
def file(agenda, day, kind, who, number, amount):
    """File an entry under a day; days after the last one are forgotten, days before 0 are an error of the caller."""
    if day >= agenda.first.size:
        return
    entry = agenda.state[_FREE]
    if entry < 0:
        agenda.state[_LOST] += 1
        return
    agenda.state[_FREE] = agenda.entries[entry].next
    agenda.state[_USED] += 1
    row = agenda.entries[entry]
    row.kind = kind
    row.who = who
    row.number = number
    row.amount = amount
    row.next = agenda.first[day]
    agenda.first[day] = entry


@lean
def count(agenda, day):
    """Number of entries filed under a day."""
    n = 0
    entry = agenda.first[day]
    while entry >= 0:
        n += 1
        entry = agenda.entries[entry].next
    return n


@kernel
def open_day(agenda, day, page):
    """Move a day's entries to ``page`` (rows of ENTRY), sorted by kind, customer, number; how many there are."""
    n = count(agenda, day)
    key = np.empty(n, np.int64)
    found = np.empty(n, np.int32)
    entry = agenda.first[day]
    for i in range(n):
        row = agenda.entries[entry]
        found[i] = entry
        key[i] = (np.int64(row.kind) << 58) | (np.int64(row.who) << 26) | np.int64(row.number)
        after = row.next
        row.next = agenda.state[_FREE]
        agenda.state[_FREE] = entry
        entry = after
    agenda.first[day] = -1
    agenda.state[_USED] -= n
    order = np.argsort(key, kind="mergesort")
    for i in range(n):
        page[i] = agenda.entries[found[order[i]]]
    for i in range(1, n):  # entries alike in kind, customer and number: smaller amount first
        j = i
        while j > 0 and key[order[i]] == key[order[j - 1]] and page[j].amount < page[j - 1].amount:
            page[j].amount, page[j - 1].amount = page[j - 1].amount, page[j].amount
            j -= 1
    return n
