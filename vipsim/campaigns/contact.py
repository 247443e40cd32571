# mypy: allow-untyped-defs, allow-untyped-calls
"""What campaigns use of outreach: the contact policy, tasks of the owners, how tired a customer is, new accounts.

The one place where campaigns touch outreach; their calls are tasks of reason ``campaign`` like all others.
"""

from __future__ import annotations

from vipsim.compiled import lean
from vipsim.customers.state import bring_in
from vipsim.outreach.plan import allowed_from
from vipsim.outreach.response import NOT_REACHED, freshness, open_account, take_prospect
from vipsim.outreach.triggers import CAMPAIGN, close, open_task


@lean
def first_allowed(state, policy, i, day, never):
    """First day on which the contact policy allows a contact for a campaign (``never``: not before that day)."""
    return allowed_from(state, policy.outreach, CAMPAIGN, i, day, never)


@lean
def open_call(state, backlog, policy, team, i, day, days):
    """A call for a campaign becomes a task of the owner, else of the managers in turn, for some days."""
    if policy.triggers.on[CAMPAIGN]:
        open_task(state, backlog, policy.triggers, team.rm_count, i, CAMPAIGN, day, days)


@lean
def bring(state, i, amount, days_left):
    """Money from elsewhere into the demand account, at most what is there; fen brought."""
    return bring_in(state, i, amount, days_left)


@lean
def newcomer(state, day):
    """A stranger opens an account: row of the next prospect of the pool, -1 where it is exhausted."""
    new = take_prospect(state)
    if new >= 0:
        open_account(state, new, day)
    return new


__all__ = ["CAMPAIGN", "NOT_REACHED", "bring", "close", "first_allowed", "freshness", "newcomer", "open_call"]
