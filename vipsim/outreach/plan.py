# mypy: allow-untyped-defs, allow-untyped-calls
"""The day's plan: policy first, then rank, then each owner's capacity.

A task that the contact policy does not allow today never holds capacity. What is left is ranked by the assets at
stake per staff minute, weighted by reason, and cut at what one person can do in a day; the lobby decides how much of
it is done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.compiled import lean
from vipsim.customers.book import NOTICE
from vipsim.customers.ownership import OWNER_POSTS
from vipsim.customers.state import count, is_customer
from vipsim.draws import draw
from vipsim.outreach.triggers import CLOSED, LEAD_FOLLOW_UP, OUTFLOW_ALERT, SMS, drop, post_of
from vipsim.records import rows

REACH, RESULT, EXTRA, SHOW = 0, 2, 4, 6  # numbers of the draws of one attempt: two of each but the first


PLACE = np.dtype(
    [
        ("minutes", "f8"),
        ("task", "i4"),  # place in the backlog
        ("reached", "i1"),
    ],
    align=True,
)


class DayPlan(NamedTuple):
    """Tasks for today by owner's post, best first."""

    rows: Any  # PLACE [posts, most]
    size: np.ndarray  # int64 [posts]


def make_plan(most: int) -> DayPlan:
    """Room for ``most`` tasks of every post."""
    return DayPlan(rows((OWNER_POSTS, most), PLACE), np.zeros(OWNER_POSTS, np.int64))


@lean
def task_number(reason, attempt, which):
    """Number of a draw of one attempt: (reason, attempt, which) packed without overlap."""
    return 8 + (reason * 16 + attempt) * 8 + which


@lean
def is_pointless(state, reason, i):
    """Whether the cause of the task is gone: the customer has left, or is no longer in notice."""
    if reason == LEAD_FOLLOW_UP:
        return state.book[i].stage > NOTICE
    return not is_customer(state.book, i)


@lean
def allowed_from(state, outreach, reason, i, day, never):
    """First day on which the contact policy allows customer i's task (``never``: not before that day).

    Wishes first, then the month's cap and rest days; a rescue need not rest (O03, O09).
    """
    if state.book[i].do_not_call:
        return never
    if state.book[i].month_contacts >= outreach.most_contacts_per_month:
        return day + 1
    if reason == OUTFLOW_ALERT:
        return day
    return max(day, state.book[i].last_contact + outreach.rest_days)


@lean
def _precedes(row, other):
    """Whether a task comes before another: by score, then customer, then reason."""
    if row.score != other.score:
        return row.score > other.score
    if row.who != other.who:
        return row.who < other.who
    return row.reason < other.reason


@lean
def select(state, backlog, outreach, rm_count, day, plan):
    """Fill ``plan`` with the day's best tasks of every owner; expired and pointless tasks leave the backlog.

    The customer is looked at only when the task would enter the plan, so that a long backlog costs little.
    """
    for post in range(plan.size.size):
        plan.size[post] = 0
    most = min(plan.rows.shape[1], outreach.most_contacts_per_day)
    n = 0
    while n < backlog.size[0]:
        row = backlog.rows[n]
        if row.attempt == CLOSED:
            drop(backlog, n)
            continue
        if row.expiry < day:
            count(state, tally.TASKS_DROPPED, 1.0)
            if row.reason == LEAD_FOLLOW_UP:
                count(state, tally.LEADS_DROPPED, 1.0)
            drop(backlog, n)
            continue
        if row.ready > day or row.post < 0 or not _enters(backlog, plan, row, most):
            n += 1
            continue
        if is_pointless(state, row.reason, row.who):
            drop(backlog, n)
            continue
        post = post_of(state, row.reason, row.who, rm_count)
        if post != row.post:  # the owner changed since: judge again, on the new owner's list
            row.post = post
            continue
        ready = allowed_from(state, outreach, row.reason, row.who, day, row.expiry + 1)
        if ready > day:
            row.ready = ready
            count(state, tally.HELD_BACK, 1.0)
        else:
            _insert(backlog, plan, n, most)
        n += 1


@lean
def _enters(backlog, plan, row, most):
    """Whether a task is among the ``most`` best of its post so far."""
    size = plan.size[row.post]
    return size < most or _precedes(row, backlog.rows[plan.rows[row.post, size - 1].task])


@lean
def _insert(backlog, plan, n, most):
    """Put task n in its place on its post's list; the last one falls off a full list."""
    row = backlog.rows[n]
    post = row.post
    place = min(plan.size[post], most - 1)
    plan.size[post] = place + 1
    while place > 0 and _precedes(row, backlog.rows[plan.rows[post, place - 1].task]):
        plan.rows[post, place].task = plan.rows[post, place - 1].task
        place -= 1
    plan.rows[post, place].task = n


@lean
def prepare(backlog, triggers, address, plan):
    """Minutes of every planned attempt: known before the call, because its luck has an address."""
    for post in range(plan.size.size):
        for place in range(plan.size[post]):
            n = plan.rows[post, place].task
            reason = backlog.rows[n].reason
            channel = triggers.channel[reason]
            number = task_number(reason, backlog.rows[n].attempt, REACH)
            u = draw(address, draws.CONTACT, backlog.rows[n].due, backlog.rows[n].who, number)
            reached = channel == SMS or u < triggers.reach[channel]
            plan.rows[post, place].reached = reached
            plan.rows[post, place].minutes = triggers.minutes[channel] if reached else triggers.unreached[channel]
