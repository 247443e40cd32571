# mypy: allow-untyped-defs, allow-untyped-calls
"""The day's plan: policy first, then rank, then each owner's capacity.

A task that the contact policy does not allow today never holds capacity. What is left is ranked by expected gain per
staff minute (or by rule), and cut at what one person can do in a day; the lobby decides how much of
it is done.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.compiled import lean
from vipsim.customers.ownership import AREA, HEAD_FIRST, OWNER_POSTS, SUPERVISOR, has_patch
from vipsim.customers.state import count
from vipsim.draws import draw
from vipsim.outreach.triggers import CLOSED, LEAD_FOLLOW_UP, VISIT, concerns, drop, post_of, task_number
from vipsim.records import rows

REACH, RESULT, EXTRA, SHOW = 0, 2, 4, 6  # numbers of the draws of one attempt: two of each but the first
CHECK = -1  # stands for a task where the supervisor or the head checks the owners' lists

PLACE = np.dtype(
    [
        ("minutes", "f8"),
        ("task", "i4"),  # place in the backlog; CHECK = the supervisor or the head checks lists
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
def allowed_from(state, policy, reason, i, day, never):
    """First day on which the contact policy allows customer i's task (``never``: not before that day).

    Wishes first, then the month's caps in all and by channel, then rest: talks since the last talk, messages since
    the last contact of any kind; what is urgent need not rest (O03, O09).
    """
    outreach = policy.outreach
    triggers = policy.triggers
    row = state.book[i]
    channel = triggers.channel[reason]
    if row.do_not_call:
        return never
    if row.month_contacts >= outreach.most_contacts_per_month:
        return day + 1
    if row.channel_contacts[channel] >= triggers.most_per_month[channel]:
        return day + 1
    if triggers.urgent[reason]:
        return day
    if triggers.talk[channel]:
        return max(day, row.last_talk + max(outreach.rest_days, triggers.rest_days[channel]))
    return max(day, row.last_contact + triggers.rest_days[channel])


@lean
def _precedes(row, other):
    """Whether a task comes before another: by score, then customer, then reason."""
    if row.score != other.score:
        return row.score > other.score
    if row.who != other.who:
        return row.who < other.who
    return row.reason < other.reason


@lean
def select(state, backlog, policy, team, day, plan):
    """Fill ``plan`` with the day's best tasks of every owner; expired and pointless tasks leave the backlog.

    The customer is looked at only when the task would enter the plan, so that a long backlog costs little.
    """
    for post in range(plan.size.size):
        plan.size[post] = 0
    triggers = policy.triggers
    most = min(plan.rows.shape[1] - 1, policy.outreach.most_contacts_per_day)
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
        waits = row.ready > day or row.post < 0 or triggers.automatic[row.reason] > 0
        if waits or not _enters(backlog, plan, row, most):
            n += 1
            continue
        if not concerns(state, triggers, row.reason, row.who):
            drop(backlog, n)
            continue
        post = post_of(state, triggers, row.reason, row.who, team.rm_count, team.head_count)
        if post != row.post:  # the owner changed since: judge again, on the new owner's list
            row.post = post
            continue
        ready = allowed_from(state, policy, row.reason, row.who, day, row.expiry + 1)
        if ready > day:
            row.ready = ready
            count(state, tally.HELD_BACK, 1.0)
        else:
            _insert(backlog, plan, n, most)
        n += 1
    _keep_one_each(backlog, plan)
    _add_check(policy.outreach, team, plan)


@lean
def _add_check(outreach, team, plan):
    """The first task of the marketing supervisor, else of the head: to check the owners' lists of the day (L26, B01).

    It takes minutes for each task checked.
    """
    checker = SUPERVISOR if team.supervisor_count > 0 else HEAD_FIRST
    if (checker == HEAD_FIRST and team.head_count == 0) or outreach.checked_share <= 0.0:
        return
    tasks = 0
    for post in range(plan.size.size):
        tasks += plan.size[post]
    size = plan.size[checker]
    for place in range(size, 0, -1):
        plan.rows[checker, place].task = plan.rows[checker, place - 1].task
    plan.rows[checker, 0].task = CHECK
    plan.rows[checker, 0].minutes = outreach.check_min * outreach.checked_share * tasks
    plan.size[checker] = size + 1


@lean
def _keep_one_each(backlog, plan):
    """Of several tasks of one customer on a day only the best of the first list stays: caps and rest hold within it."""
    for post in range(plan.size.size):
        kept = 0
        for place in range(plan.size[post]):
            task = backlog.rows[plan.rows[post, place].task]
            if not _is_listed(backlog, plan, post, kept, task.who):
                plan.rows[post, kept].task = plan.rows[post, place].task
                kept += 1
        plan.size[post] = kept


@lean
def _is_listed(backlog, plan, post, places, who):
    """Whether a list before a post's, or one of its first places, has a task of this customer."""
    found = False
    for before in range(post + 1):
        for place in range(places if before == post else plan.size[before]):
            found = found or backlog.rows[plan.rows[before, place].task].who == who
    return found


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
def prepare(state, backlog, policy, address, plan):
    """Minutes of every planned attempt: known before the call, because its luck has an address.

    A manager travels less to visit somebody in the own part of town (O18).
    """
    triggers = policy.triggers
    for post in range(plan.size.size):
        for place in range(plan.size[post]):
            n = plan.rows[post, place].task
            if n == CHECK:
                continue
            reason = backlog.rows[n].reason
            channel = triggers.channel[reason]
            number = task_number(reason, backlog.rows[n].attempt, REACH)
            u = draw(address, draws.CONTACT, backlog.rows[n].due, backlog.rows[n].who, number)
            reached = u < triggers.reach[channel]
            plan.rows[post, place].reached = reached
            minutes = triggers.minutes[channel] + triggers.extra_min[reason]
            if not reached:
                minutes = triggers.unreached[channel]
            if channel == VISIT and has_patch(state, AREA, backlog.rows[n].who, post):
                minutes *= policy.response.area_visit_ratio
            plan.rows[post, place].minutes = minutes
