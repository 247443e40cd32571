# mypy: allow-untyped-defs, allow-untyped-calls
"""The funnel of every kind of outreach task: opened, owned, allowed, made, reached, answered, by people and by yuan.

Counted in recorded replications only; elsewhere the arrays are empty. A task counts once at each step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim.campaigns.contact import movable_part
from vipsim.campaigns.rules import ALLOWED, ASKED, ELIGIBLE, INTERESTED, OWNED, REACHED
from vipsim.compiled import lean
from vipsim.customers.state import assets
from vipsim.outreach.plan import allowed_from
from vipsim.outreach.response import RESULTS
from vipsim.outreach.triggers import LEAD_FOLLOW_UP, REASONS, TALK

_NO_ANSWER = ("not_reached", "talked", "not_rescued", "refused")


class Funnel(NamedTuple):
    """Counts of a replication by reason of the task; empty where nothing is recorded."""

    counts: np.ndarray  # float64 [reasons, steps up to interested, 2]: tasks, fen at stake
    answered: np.ndarray  # int8 [results]: 1 = the contact led to what it was made for
    seen_until: np.ndarray  # int64 [1]: last day whose new tasks are counted


def make_funnel(record: bool) -> Funnel:
    """Room to count in, none where nothing is recorded."""
    return Funnel(
        counts=np.zeros((len(REASONS) if record else 0, INTERESTED + 1, 2)),
        answered=np.array([name not in _NO_ANSWER for name in RESULTS], np.int8),
        seen_until=np.full(1, -1, np.int64),
    )


@lean
def stake_of_task(state, policy, reason, i):
    """Fen at stake in a task: what a lead could bring, what a customer has here."""
    if reason == LEAD_FOLLOW_UP:
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
