# mypy: allow-untyped-defs, allow-untyped-calls
"""What campaigns use of outreach: contact policy, tasks of the owners, what a contact does to a customer, new accounts.

The one place where campaigns touch outreach; their calls are tasks of reason ``campaign`` like all others.
"""

from __future__ import annotations

from vipsim import tally
from vipsim.compiled import lean
from vipsim.customers.segments import DEMAND
from vipsim.customers.state import bring_in, count
from vipsim.outreach.plan import allowed_from
from vipsim.outreach.response import NOT_REACHED
from vipsim.outreach.sales import effort, file_after_sale, freshness, open_account, take_prospect, willingness
from vipsim.outreach.triggers import CAMPAIGN, FACE, SMS, close, open_task


@lean
def first_call(state, policy, i, day, never):
    """First day on which the contact policy allows a call for a campaign (``never``: not before that day)."""
    return allowed_from(state, policy, CAMPAIGN, i, day, never)


@lean
def may_be_messaged(state, policy, i, day):
    """Whether the contact policy allows a message to customer i today: wishes, caps, rest after any contact."""
    row = state.book[i]
    return (
        row.do_not_call == 0
        and row.month_contacts < policy.outreach.most_contacts_per_month
        and row.channel_contacts[SMS] < policy.triggers.most_per_month[SMS]
        and day >= row.last_contact + policy.triggers.rest_days[SMS]
    )


@lean
def open_call(state, backlog, policy, address, team, i, day, days):
    """A call for a campaign becomes a task of the owner, else of the managers in turn, for some days."""
    if policy.triggers.on[CAMPAIGN] and backlog.size[0] < backlog.rows.size:
        open_task(state, backlog, policy, address, team, i, CAMPAIGN, day, days)


@lean
def take_message(state, policy, i, day):
    """A message was read: it counts as a contact, it tires, it is remembered a little."""
    row = state.book[i]
    count(state, tally.MESSAGES, 1.0)
    count(state, tally.REACHED, 1.0)
    row.month_contacts += 1
    row.channel_contacts[SMS] += 1
    row.contact_load += policy.triggers.fatigue[SMS]
    row.care += policy.triggers.care[SMS]
    row.last_contact = day


@lean
def be_talked_with(state, policy, i, day):
    """Somebody of the branch sat down with customer i."""
    row = state.book[i]
    count(state, tally.MEETINGS_PRIME, 1.0)
    count(state, tally.CONTACT_YUAN, policy.triggers.cost[FACE])
    row.contact_load += policy.triggers.fatigue[FACE]
    row.care += policy.triggers.care[FACE]
    row.last_contact = day
    row.last_talk = day


@lean
def be_courted(state, policy, i):
    """Rivals answer an offer made here (N36)."""
    row = state.book[i]
    row.courted += policy.response.courted_share * (1.0 - row.courted)


@lean
def be_sold(state, agenda, policy, i, day):
    """A sale was made: its bonus, the rest before a further offer, after-sale care."""
    row = state.book[i]
    count(state, tally.SALES, 1.0)
    count(state, tally.BONUS_YUAN, policy.incentives.bonus_yuan)
    row.ask_from = day + policy.response.sale_rest_days
    row.refusals = 0
    row.sales = min(row.sales + 1, 10000)
    file_after_sale(agenda, policy, i, day)


@lean
def movable_part(policy):
    """Part of the wealth elsewhere that a sale brings at most."""
    return policy.response.won_share * (1.0 - policy.response.rival_keep_share) * policy.response.movable_share


@lean
def bring(state, i, amount, days_left):
    """Money from elsewhere into the demand account, at most what is there; fen brought."""
    return bring_in(state, i, DEMAND, amount, days_left)


@lean
def newcomer(state, policy, day):
    """A stranger opens an account: row of somebody of the pool, -1 where it is exhausted."""
    new = take_prospect(state, policy, 0)
    if new >= 0:
        open_account(state, policy, new, day)
    return new


@lean
def know(state, i):
    """Somebody of the pool has come to the branch's notice: nobody else meets him as a stranger."""
    state.book[i].known = 1
    state.sums.next_prospect = max(state.sums.next_prospect, i + 1)


@lean
def welcome(state, policy, i, day):
    """A known stranger opens an account."""
    open_account(state, policy, i, day)


__all__ = ["CAMPAIGN", "NOT_REACHED", "SMS", "close", "effort", "freshness", "willingness"]
