# mypy: allow-untyped-defs, allow-untyped-calls
"""The funnel of every kind of outreach task, from the day it falls due to the money that stays, by people and yuan.

Counted in recorded replications only; elsewhere the arrays are empty. A task counts once at each step. Where the
contact itself does what is wanted (a reminder, a greeting, a sale by telephone, a rescue), nobody has to come and be
met, and the task counts there as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.agenda import ARRIVE
from vipsim.campaigns.contact import movable_part
from vipsim.campaigns.rules import ALLOWED, ASKED, CAME, ELIGIBLE, INTERESTED, MET, MOVED, OWNED, REACHED
from vipsim.compiled import lean
from vipsim.customers.book import EXITED
from vipsim.customers.state import assets, is_customer
from vipsim.day import APPOINTED_VISIT
from vipsim.lobby.jobs import FIRST_VISIT, SERVED, VISITS
from vipsim.outreach.plan import allowed_from
from vipsim.outreach.response import APPOINTED, RESULTS, SOLD, WON_BACK
from vipsim.outreach.sales import CAME_BACK
from vipsim.outreach.triggers import FOLLOW, INVITE, REASONS, SELL, TALK, WIN_BACK
from vipsim.records import rows

_NO_ANSWER = ("not_reached", "talked", "not_rescued", "refused")
NOT_SOLD = -1

COURSE = np.dtype(
    [
        ("stake", "i8"),  # fen at stake on the day of the contact
        ("had", "i8"),  # fen here then
        ("moved", "i8"),  # fen that came, or what was at stake where the contact did it
        ("who", "i4"),
        ("sales", "i4"),  # sales made to the customer before the meeting
        ("reason", "i1"),
        ("step", "i1"),  # furthest step
        ("brings", "i1"),  # 1 = money is to come, 0 = money is to stay
    ],
    align=True,
)
"""A task that led to what it was made for, and what became of it."""


class Funnel(NamedTuple):
    """Counts of a replication by reason of the task; empty where nothing is recorded."""

    counts: np.ndarray  # float64 [reasons, steps up to interested, 2]: tasks, fen at stake
    answered: np.ndarray  # int8 [results]: 1 = the contact led to what it was made for
    seen_until: np.ndarray  # int64 [1]: last day whose new tasks are counted
    courses: Any  # COURSE
    size: np.ndarray  # int64 [1]: courses used
    coming: np.ndarray  # int64 [rows of the book]: course whose appointment the customer has, -1 = none
    paying: np.ndarray  # int64 [rows of the book]: course whose money is on its way, -1 = none


def make_funnel(record: bool, book_rows: int = 0) -> Funnel:
    """Room to count in, none where nothing is recorded."""
    return Funnel(
        counts=np.zeros((len(REASONS) if record else 0, INTERESTED + 1, 2)),
        answered=np.array([name not in _NO_ANSWER for name in RESULTS], np.int8),
        seen_until=np.full(1, -1, np.int64),
        courses=rows(0, COURSE),
        size=np.zeros(1, np.int64),
        coming=np.full(book_rows if record else 0, -1, np.int64),
        paying=np.full(book_rows if record else 0, -1, np.int64),
    )


def with_room(funnel: Funnel, room: int) -> Funnel:
    """The same funnel with at least ``room`` free courses, where it counts at all."""
    used = int(funnel.size[0])
    if funnel.counts.size == 0 or funnel.courses.size - used >= room:
        return funnel
    larger = rows(2 * used + room, COURSE)
    larger[:used] = funnel.courses[:used]
    return funnel._replace(courses=larger)


@lean
def brings_money(policy, reason):
    """Whether a task is to bring money from elsewhere; all others are to keep what is here."""
    aim = policy.triggers.aim[reason]
    return aim in (SELL, FOLLOW, INVITE, WIN_BACK)


@lean
def stake_of_task(state, policy, reason, i):
    """Fen at stake in a task: what a sale could bring at most, or what the customer has here."""
    if brings_money(policy, reason):
        return np.float64(state.book[i].elsewhere) * movable_part(policy)
    return np.float64(assets(state.book, i))


@lean
def _add(counts, reason, step, stake):
    counts[reason, step, 0] += 1.0
    counts[reason, step, 1] += stake


@lean
def count_opened(branch, policy, day):
    """Before the day's plan: tasks that fell due since the last open day; whom nobody owns, whom policy forbids."""
    counts = branch.funnel.counts
    state = branch.state
    for n in range(branch.backlog.size[0]):
        row = branch.backlog.rows[n]
        if row.due <= branch.funnel.seen_until[0] or row.due > day or row.attempt != 0:
            continue
        stake = stake_of_task(state, policy, row.reason, row.who)
        _add(counts, row.reason, ELIGIBLE, stake)
        if row.post < 0:
            continue
        _add(counts, row.reason, OWNED, stake)
        if allowed_from(state, policy, row.reason, row.who, day, row.expiry + 1) <= row.expiry:
            _add(counts, row.reason, ALLOWED, stake)
    branch.funnel.seen_until[0] = day


@lean
def count_contacts(branch, before, policy):
    """After the day: the contacts made, those that reached, those that led to what they were made for."""
    counts = branch.funnel.counts
    state = branch.state
    for n in range(before, branch.contacts.size[0]):
        row = branch.contacts.rows[n]
        reason = row["reason"]
        stake = stake_of_task(state, policy, reason, row["who"])
        if row["attempt"] == 0:
            _add(counts, reason, ASKED, stake)
        if row["result"] == 0:
            continue
        _add(counts, reason, REACHED, stake)
        if branch.funnel.answered[row["result"]] or policy.triggers.aim[reason] == TALK:
            _add(counts, reason, INTERESTED, stake)
            _begin(branch, policy, reason, row["who"], row["result"], stake)


@lean
def _begin(branch, policy, reason, who, result, stake):
    """A contact led to what it was made for: done with it, or money and visits are to follow."""
    funnel = branch.funnel
    at = funnel.size[0]
    if at >= funnel.courses.size:
        return
    funnel.size[0] = at + 1
    course = funnel.courses[at]
    course.who = who
    course.reason = reason
    course.stake = np.int64(stake)
    course.had = assets(branch.state.book, who)
    course.brings = 1 if brings_money(policy, reason) else 0
    course.sales = NOT_SOLD
    course.step = MOVED
    course.moved = course.stake
    if course.brings:
        course.moved = 0
        course.step = INTERESTED if result == APPOINTED else MET
        if result == APPOINTED:
            funnel.coming[who] = at
        elif result in (SOLD, WON_BACK):
            funnel.paying[who] = at


@lean
def count_visits(branch, log):
    """Before the day's visits take effect: who came by an appointment, and how much was sold to them so far."""
    funnel = branch.funnel
    for v in range(log.n[FIRST_VISIT], log.n[VISITS]):
        visit = log.visits[v]
        who = visit["who"]
        if who >= 0 and visit["number"] == APPOINTED_VISIT and funnel.coming[who] >= 0:
            course = funnel.courses[funnel.coming[who]]
            course.step = CAME
            course.sales = branch.state.book[who].sales


@lean
def count_meetings(branch, log):
    """After the day's visits took effect: who of those was met, and bought."""
    funnel = branch.funnel
    for v in range(log.n[FIRST_VISIT], log.n[VISITS]):
        visit = log.visits[v]
        who = visit["who"]
        if who < 0 or visit["number"] != APPOINTED_VISIT or funnel.coming[who] < 0:
            continue
        course = funnel.courses[funnel.coming[who]]
        if visit["rm_outcome"] == SERVED:
            course.step = MET
            if branch.state.book[who].sales > course.sales:
                funnel.paying[who] = funnel.coming[who]
        funnel.coming[who] = -1


@lean
def count_arrivals(branch, day):
    """Before the morning: money of sales that arrives today, as far as it is still there."""
    funnel = branch.funnel
    book = branch.state.book
    entry = branch.agenda.first[day]
    while entry >= 0:
        row = branch.agenda.entries[entry]
        entry = row.next
        if row.kind != ARRIVE or funnel.paying[row.who] < 0:
            continue
        course = funnel.courses[funnel.paying[row.who]]
        funnel.paying[row.who] = -1
        there = book[row.who].stage == EXITED if row.number & CAME_BACK else is_customer(book, row.who)
        brought = min(row.amount, book[row.who].elsewhere)
        if there and brought > 0:
            course.moved = brought
            course.step = MOVED
