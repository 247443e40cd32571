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
from vipsim.compiled import kernel
from vipsim.customers.book import NOTICE
from vipsim.customers.ownership import OWNER_POSTS, RM_FIRST
from vipsim.customers.state import assets, count, is_customer
from vipsim.draws import draw
from vipsim.records import rows
from vipsim.outreach.triggers import CLOSED, CONTACT_PLAN, LEAD_FOLLOW_UP, OUTFLOW_ALERT, SMS, drop

REACH, RESULT, EXTRA, SHOW = 0, 2, 4, 6  # numbers of the draws of one attempt: two of each but the first


PLACE = np.dtype(
    [
        ("score", "f8"),
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


@kernel
def task_number(reason, attempt, which):
    """Number of a draw of one attempt: (reason, attempt, which) packed without overlap."""
    return 8 + (reason * 16 + attempt) * 8 + which


@kernel
def is_pointless(state, reason, i):
    """Whether the cause of the task is gone: the customer has left, or is no longer in notice."""
    if reason == LEAD_FOLLOW_UP:
        return state.book.stage[i] > NOTICE
    return not is_customer(state.book, i)


@kernel
def is_allowed(state, outreach, reason, i, day):
    """Contact policy: wishes first, then rest days and the month's cap; a rescue need not rest (O03, O09)."""
    if state.book.do_not_call[i]:
        return False
    if state.book.month_contacts[i] >= outreach.most_contacts_per_month:
        return False
    return reason == OUTFLOW_ALERT or day - state.book.last_contact[i] >= outreach.rest_days


@kernel
def _precedes(score, who, reason, other_score, other_who, other_reason):
    if score != other_score:
        return score > other_score
    if who != other_who:
        return who < other_who
    return reason < other_reason


@kernel
def select(state, backlog, outreach, triggers, team, day, plan):
    """Fill ``plan`` with the day's best tasks of every owner; expired and pointless tasks leave the backlog."""
    plan.size[:] = 0
    most = min(plan.rows.shape[1], outreach.most_contacts_per_day)
    n = 0
    while n < backlog.size[0]:
        i = backlog.rows.who[n]
        reason = backlog.rows.reason[n]
        if backlog.rows.attempt[n] == CLOSED:
            drop(backlog, n)
            continue
        if backlog.rows.expiry[n] < day or is_pointless(state, reason, i):
            if backlog.rows.expiry[n] < day:
                count(state, tally.TASKS_DROPPED, 1.0)
                if reason == LEAD_FOLLOW_UP:
                    count(state, tally.LEADS_DROPPED, 1.0)
            drop(backlog, n)
            continue
        if backlog.rows.ready[n] > day:
            n += 1
            continue
        if not is_allowed(state, outreach, reason, i, day):
            count(state, tally.HELD_BACK, 1.0)
            n += 1
            continue
        post = state.book.owner[i]
        if post < 0:
            if reason == CONTACT_PLAN or team.rm_count == 0:
                n += 1
                continue
            post = RM_FIRST + i % team.rm_count  # nobody owns the lead: the managers take turns
        channel = triggers.channel[reason]
        stake = np.float64(state.book.elsewhere[i] if reason == LEAD_FOLLOW_UP else assets(state.book, i))
        score = triggers.rank[reason] * stake / triggers.minutes[channel]
        _insert(backlog, plan, post, n, score, most)
        n += 1


@kernel
def _insert(backlog, plan, post, n, score, most):
    """Keep the ``most`` best tasks of a post, in order."""
    size = plan.size[post]
    who = backlog.rows.who[n]
    reason = backlog.rows.reason[n]
    if size == most:
        worst = plan.rows.task[post, size - 1]
        if not _precedes(
            score, who, reason, plan.rows.score[post, size - 1], backlog.rows.who[worst], backlog.rows.reason[worst]
        ):
            return
        size -= 1
    place = size
    while place > 0:
        above = plan.rows.task[post, place - 1]
        if not _precedes(
            score, who, reason, plan.rows.score[post, place - 1], backlog.rows.who[above], backlog.rows.reason[above]
        ):
            break
        plan.rows.task[post, place] = above
        plan.rows.score[post, place] = plan.rows.score[post, place - 1]
        place -= 1
    plan.rows.task[post, place] = n
    plan.rows.score[post, place] = score
    plan.size[post] = size + 1


@kernel
def prepare(backlog, triggers, address, plan):
    """Minutes of every planned attempt: known before the call, because its luck has an address."""
    for post in range(plan.size.size):
        for place in range(plan.size[post]):
            n = plan.rows.task[post, place]
            reason = backlog.rows.reason[n]
            channel = triggers.channel[reason]
            number = task_number(reason, backlog.rows.attempt[n], REACH)
            u = draw(address, draws.CONTACT, backlog.rows.due[n], backlog.rows.who[n], number)
            reached = channel == SMS or u < triggers.reach[channel]
            plan.rows.reached[post, place] = reached
            plan.rows.minutes[post, place] = triggers.minutes[channel] if reached else triggers.unreached[channel]
