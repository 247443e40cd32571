# mypy: allow-untyped-defs, allow-untyped-calls
"""The agenda: everything that has a date, filed under its day.

A calendar queue over whole days: one linked list per day in flat arrays. The order in which entries were filed
never matters, because a day is handed out sorted by (kind, customer, number).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim.compiled import kernel

# Kinds, in the order in which one day's entries are dealt with.
MATURITY = 0  # a time deposit or wealth product matures; number = product class
LEAVE = 1  # a notice runs out
ARRIVE = 2  # money won earlier arrives; amount
HOT_LEAVE = 3  # money won under a reward leaves again; amount
JOIN = 4  # a recommended prospect decides
NOTICE = 5  # a customer decides to take the money away
ASSIGN = 6  # a customer gets an owner
ALERT = 7  # the customer system shows an outflow in the making
TASK = 8  # an outreach task falls due; number = reason, amount = days until it is dropped
RESIGN = 9  # a relationship manager leaves; customer = staff member
VISIT = 10  # a customer comes; number = count within the month
APPOINTMENT = 11  # a customer comes by appointment

_FREE, _USED, _LOST = 0, 1, 2


class Agenda(NamedTuple):
    """Entries in a pool of ``capacity``; ``first[day]`` starts a day's list, -1 ends it."""

    first: np.ndarray  # int32 [days]
    next: np.ndarray  # int32 [capacity]; of a free entry: the next free one
    kind: np.ndarray  # int8 [capacity]
    who: np.ndarray  # int32 [capacity]
    number: np.ndarray  # int32 [capacity]
    amount: np.ndarray  # int64 [capacity], fen or a count
    state: np.ndarray  # int64 [3]: first free entry, entries used, entries lost for want of room


def make(days: int, capacity: int) -> Agenda:
    """An empty agenda for ``days`` days."""
    agenda = Agenda(
        np.full(days, -1, np.int32),
        np.arange(1, capacity + 1, dtype=np.int32),
        np.zeros(capacity, np.int8),
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.int64),
        np.zeros(3, np.int64),
    )
    agenda.next[-1] = -1
    return agenda


def with_room(agenda: Agenda, room: int) -> Agenda:
    """The same agenda with at least ``room`` free entries. Raises RuntimeError if entries were lost before."""
    if agenda.state[_LOST]:
        raise RuntimeError(f"{agenda.state[_LOST]} dated events found no room on the agenda")
    capacity = agenda.next.size
    if capacity - agenda.state[_USED] >= room:
        return agenda
    larger = make(agenda.first.size, 2 * capacity + room)
    larger.first[:] = agenda.first
    for name in ("next", "kind", "who", "number", "amount"):
        getattr(larger, name)[:capacity] = getattr(agenda, name)
    larger.state[:] = agenda.state
    larger.next[-1] = agenda.state[_FREE]  # the old free list follows the new entries
    larger.state[_FREE] = capacity
    return larger


@kernel
def file(agenda, day, kind, who, number, amount):
    """File an entry under a day; days after the last one are forgotten, days before 0 are an error of the caller."""
    if day >= agenda.first.size:
        return
    entry = agenda.state[_FREE]
    if entry < 0:
        agenda.state[_LOST] += 1
        return
    agenda.state[_FREE] = agenda.next[entry]
    agenda.state[_USED] += 1
    agenda.kind[entry] = kind
    agenda.who[entry] = who
    agenda.number[entry] = number
    agenda.amount[entry] = amount
    agenda.next[entry] = agenda.first[day]
    agenda.first[day] = entry


@kernel
def take(agenda, day, entries):
    """Take a day's entries off the agenda into ``entries`` (int32), sorted; how many there are.

    The entries' fields stay readable until the next call of ``file``'s caller reuses them: read them before
    filing, or use ``copy_day``.
    """
    n = 0
    entry = agenda.first[day]
    while entry >= 0:
        entries[n] = entry
        n += 1
        entry = agenda.next[entry]
    for i in range(n):
        agenda.next[entries[i]] = agenda.state[_FREE]
        agenda.state[_FREE] = entries[i]
    agenda.state[_USED] -= n
    agenda.first[day] = -1
    return n


class Today(NamedTuple):
    """One day's entries, copied out and sorted; the agenda may be filled while they are dealt with."""

    kind: np.ndarray
    who: np.ndarray
    number: np.ndarray
    amount: np.ndarray


def today(capacity: int) -> Today:
    """Room for the entries of one day."""
    return Today(
        np.zeros(capacity, np.int8),
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.int64),
    )


@kernel
def count(agenda, day):
    """Number of entries filed under a day."""
    n = 0
    entry = agenda.first[day]
    while entry >= 0:
        n += 1
        entry = agenda.next[entry]
    return n


@kernel
def open_day(agenda, day, page):
    """Move a day's entries to ``page`` (a Today), sorted by kind, customer, number; how many there are."""
    n = count(agenda, day)
    key = np.empty(n, np.int64)
    entries = np.empty(n, np.int32)
    take(agenda, day, entries)
    for i in range(n):
        e = entries[i]
        key[i] = (np.int64(agenda.kind[e]) << 58) | (np.int64(agenda.who[e]) << 26) | np.int64(agenda.number[e])
    order = np.argsort(key, kind="mergesort")
    for i in range(n):
        e = entries[order[i]]
        page.kind[i] = agenda.kind[e]
        page.who[i] = agenda.who[e]
        page.number[i] = agenda.number[e]
        page.amount[i] = agenda.amount[e]
    for i in range(1, n):  # entries alike in kind, customer and number: smaller amount first
        j = i
        while (
            j > 0
            and page.kind[j] == page.kind[j - 1]
            and page.who[j] == page.who[j - 1]
            and page.number[j] == page.number[j - 1]
            and page.amount[j] < page.amount[j - 1]
        ):
            page.amount[j], page.amount[j - 1] = page.amount[j - 1], page.amount[j]
            j -= 1
    return n
