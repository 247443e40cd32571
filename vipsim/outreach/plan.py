# mypy: allow-untyped-defs, allow-untyped-calls
"""The day's plan: policy first, then rank, then each owner's capacity.

A task that the contact policy does not allow today never holds capacity. What is left is ranked by the assets at
stake per staff minute, weighted by reason, and cut at what one person can do in a day; the lobby decides how much of
it is done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.compiled import kernel
from vipsim.customers.book import NOTICE
from vipsim.customers.ownership import OWNER_POSTS, RM_FIRST
from vipsim.customers.state import assets, count, is_customer
from vipsim.draws import draw
from vipsim.outreach.triggers import CLOSED, CONTACT_PLAN, LEAD_FOLLOW_UP, OUTFLOW_ALERT, SMS, drop

REACH, RESULT, EXTRA, SHOW = 0, 2, 4, 6  # numbers of the draws of one attempt: two of each but the first


class DayPlan(NamedTuple):
    """Tasks for today by owner's post, best first."""

    task: np.ndarray  # int32 [posts, most]: place in the backlog
    score: np.ndarray  # float64 [posts, most]
    minutes: np.ndarray  # float64 [posts, most]
    reached: np.ndarray  # int8 [posts, most]
    size: np.ndarray  # int64 [posts]


def make_plan(most: int) -> DayPlan:
    """Room for ``most`` tasks of every post."""
    return DayPlan(
        np.zeros((OWNER_POSTS, most), np.int32),
        np.zeros((OWNER_POSTS, most)),
        np.zeros((OWNER_POSTS, most)),
        np.zeros((OWNER_POSTS, most), np.int8),
        np.zeros(OWNER_POSTS, np.int64),
    )


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
    if state.do_not_call[i]:
        return False
    if state.month_contacts[i] >= outreach.most_contacts_per_month:
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
    most = min(plan.task.shape[1], outreach.most_contacts_per_day)
    n = 0
    while n < backlog.state[0]:
        i = backlog.who[n]
        reason = backlog.reason[n]
        if backlog.attempt[n] == CLOSED:
            drop(backlog, n)
            continue
        if backlog.expiry[n] < day or is_pointless(state, reason, i):
            if backlog.expiry[n] < day:
                count(state, tally.TASKS_DROPPED, 1.0)
                if reason == LEAD_FOLLOW_UP:
                    count(state, tally.LEADS_DROPPED, 1.0)
            drop(backlog, n)
            continue
        if backlog.ready[n] > day:
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
    who = backlog.who[n]
    reason = backlog.reason[n]
    if size == most:
        worst = plan.task[post, size - 1]
        if not _precedes(
            score, who, reason, plan.score[post, size - 1], backlog.who[worst], backlog.reason[worst]
        ):
            return
        size -= 1
    place = size
    while place > 0:
        above = plan.task[post, place - 1]
        if not _precedes(
            score, who, reason, plan.score[post, place - 1], backlog.who[above], backlog.reason[above]
        ):
            break
        plan.task[post, place] = above
        plan.score[post, place] = plan.score[post, place - 1]
        place -= 1
    plan.task[post, place] = n
    plan.score[post, place] = score
    plan.size[post] = size + 1


@kernel
def prepare(backlog, triggers, address, plan):
    """Minutes of every planned attempt: known before the call, because its luck has an address."""
    for post in range(plan.size.size):
        for place in range(plan.size[post]):
            n = plan.task[post, place]
            reason = backlog.reason[n]
            channel = triggers.channel[reason]
            number = task_number(reason, backlog.attempt[n], REACH)
            u = draw(address, draws.CONTACT, backlog.due[n], backlog.who[n], number)
            reached = channel == SMS or u < triggers.reach[channel]
            plan.reached[post, place] = reached
            plan.minutes[post, place] = triggers.minutes[channel] if reached else triggers.unreached[channel]
