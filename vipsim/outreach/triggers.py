# mypy: allow-untyped-defs, allow-untyped-calls
"""Triggers: the one mechanism that creates outreach tasks, and the backlog of those not done yet.

A task is (customer, reason, day it fell due, attempt); that is also the address of its luck. Presets differ only in
data: the condition that files them, channel, dates and rank (scenario section ``outreach.triggers``).
"""

from __future__ import annotations

from math import floor
from typing import Any, NamedTuple

import numpy as np

from vipsim import tally
from vipsim.agenda import TASK, file
from vipsim.compiled import lean
from vipsim.customers.ownership import RM_FIRST
from vipsim.customers.segments import TIME, WEALTH_PRODUCT
from vipsim.customers.state import assets, count
from vipsim.records import rows

LEAD_FOLLOW_UP, MATURITY_REMINDER, CONTACT_PLAN, OUTFLOW_ALERT, CAMPAIGN = range(5)
REASONS = ("lead_follow_up", "maturity_reminder", "contact_plan", "outflow_alert", "campaign")
CLOSED = -1
PHASE = 0  # number of the draw of a customer's place in the plan (stream CONTACT, time 0)


TASK_ROW = np.dtype(
    [
        ("who", "i4"),  # row of the book
        ("due", "i4"),  # day on which it first fell due
        ("ready", "i4"),  # earliest day of the next attempt
        ("expiry", "i4"),  # last day
        ("score", "f8"),  # rank: assets at stake per staff minute, when the task was opened
        ("post", "i2"),  # owner's post when the task was last looked at
        ("reason", "i1"),
        ("attempt", "i1"),  # attempts made; CLOSED = dealt with
    ],
    align=True,
)


class Backlog(NamedTuple):
    """Open tasks in no particular order; the first ``size[0]`` rows are used."""

    rows: Any  # TASK_ROW
    size: np.ndarray  # int64 [1]


class Rules(NamedTuple):
    """The triggers of a policy as arrays over reasons."""

    on: np.ndarray  # int8
    channel: np.ndarray  # int8: phone, sms, visit
    lead_days: np.ndarray  # int32
    expiry_days: np.ndarray  # int32
    sla_days: np.ndarray  # int32
    rank: np.ndarray  # float64
    minutes: np.ndarray  # float64 [channel] of a contact that reaches
    unreached: np.ndarray  # float64 [channel]
    reach: np.ndarray  # float64 [channel]
    care: np.ndarray  # float64 [channel]
    response: np.ndarray  # float64 [channel]: chance of a result relative to a call
    cost: np.ndarray  # float64 [channel]
    plan_per_month: np.ndarray  # float64 [10] by grid level 1-9


PHONE, SMS, VISIT = range(3)
CHANNELS = ("phone", "sms", "visit")


def rules(outreach: Any) -> Rules:
    """The outreach section of a scenario as the kernels take it."""
    triggers = [getattr(outreach.triggers, reason) for reason in REASONS]
    channels = [getattr(outreach, channel) for channel in CHANNELS]
    return Rules(
        on=np.array([t.on for t in triggers], np.int8),
        channel=np.array([CHANNELS.index(t.channel) for t in triggers], np.int8),
        lead_days=np.array([t.lead_days for t in triggers], np.int32),
        expiry_days=np.array([t.expiry_days for t in triggers], np.int32),
        sla_days=np.array([t.sla_days for t in triggers], np.int32),
        rank=np.array([t.rank_ratio for t in triggers]),
        minutes=np.array([c.minutes_min for c in channels]),
        unreached=np.array([c.unreached_min for c in channels]),
        reach=np.array([c.reach_share for c in channels]),
        care=np.array([c.care_ratio for c in channels]),
        response=np.array([c.response_ratio for c in channels]),
        cost=np.array([c.cost_yuan for c in channels]),
        plan_per_month=np.array([0.0, *outreach.plan_contacts_per_year]) / 12.0,
    )


def make_backlog(capacity: int) -> Backlog:
    """An empty backlog."""
    return Backlog(rows(capacity, TASK_ROW), np.zeros(1, np.int64))


def with_room(backlog: Backlog, room: int) -> Backlog:
    """The same backlog with at least ``room`` free places."""
    capacity = backlog.rows.size
    if capacity - int(backlog.size[0]) >= room:
        return backlog
    larger = rows(2 * capacity + room, TASK_ROW)
    larger[:capacity] = backlog.rows
    return Backlog(larger, backlog.size)


@lean
def post_of(state, reason, i, rm_count):
    """Who does a task: the owner; leads and alerts of customers without one go to the managers in turn; -1 nobody."""
    owner = state.book[i].owner
    if owner >= 0:
        return owner
    if reason == CONTACT_PLAN or rm_count == 0:
        return -1
    return RM_FIRST + i % rm_count


@lean
def add(backlog, who, reason, day, expiry_days, score, post):
    """Open a task on a day. The caller has made room."""
    n = backlog.size[0]
    row = backlog.rows[n]
    row.who = who
    row.reason = reason
    row.due = day
    row.ready = day
    row.expiry = day + expiry_days
    row.attempt = 0
    row.score = score
    row.post = post
    backlog.size[0] = n + 1


@lean
def drop(backlog, n):
    """Take task n off: the last one takes its place."""
    last = backlog.size[0] - 1
    backlog.rows[n] = backlog.rows[last]
    backlog.size[0] = last


@lean
def close(backlog, n):
    """Mark task n as dealt with; the next day's selection drops it, so that places stay valid within a day."""
    backlog.rows[n].attempt = CLOSED


@lean
def plan_reminders(state, agenda, triggers, i, first_day, days):
    """File this month's reminders of maturities that lie ``lead_days`` ahead (O06)."""
    if not triggers.on[MATURITY_REMINDER]:
        return
    lead = triggers.lead_days[MATURITY_REMINDER]
    for product in (TIME, WEALTH_PRODUCT):
        due = state.book[i].time_maturity if product == TIME else state.book[i].product_maturity
        if due < first_day + lead or due >= first_day + days + lead or state.book[i].balance[product] <= 0:
            continue
        file(agenda, due - lead, TASK, i, MATURITY_REMINDER, lead)


@lean
def plan_contacts(agenda, triggers, i, level, phase, month, first_day, days):
    """File this month's contacts of the maintenance plan (M01): evenly spread, each customer with an own phase."""
    if not triggers.on[CONTACT_PLAN]:
        return
    rate = triggers.plan_per_month[level]
    if rate <= 0.0:
        return
    before = phase + rate * month
    first = floor(before)
    for n in range(np.int64(floor(before + rate) - first)):
        into_month = (first + 1.0 + n - before) / rate
        day = first_day + min(int(into_month * days), days - 1)
        file(agenda, day, TASK, i, CONTACT_PLAN, triggers.expiry_days[CONTACT_PLAN])


@lean
def open_task(state, backlog, triggers, rm_count, who, reason, day, expiry_days):
    """A task falls due: it joins the backlog, ranked by assets at stake per staff minute, weighted by reason (S24)."""
    stake = np.float64(state.book[who].elsewhere if reason == LEAD_FOLLOW_UP else assets(state.book, who))
    score = triggers.rank[reason] * stake / triggers.minutes[triggers.channel[reason]]
    add(backlog, who, reason, day, expiry_days, score, post_of(state, reason, who, rm_count))
    if reason == CONTACT_PLAN:
        count(state, tally.PLANNED, 1.0)
    elif reason == LEAD_FOLLOW_UP:
        count(state, tally.LEADS, 1.0)
