# mypy: allow-untyped-defs, allow-untyped-calls
"""Response: what a contact or a meeting leads to, decided on its date by comparing fixed draws with chances.

A funnel: reach, interest, appointment, show, sale or retention. Chances move with relationship, closing effort,
fatigue and delay; effects on the customer come only from what was done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import APPOINTMENT, ARRIVE, HOT_LEAVE, file
from vipsim.compiled import lean
from vipsim.customers.assets import climb_ladder
from vipsim.customers.book import EXPLORATION, NO_OWNER, NOTICE, PROSPECT
from vipsim.customers.lifecycle import rescue
from vipsim.customers.segments import TIME, WEALTH_PRODUCT
from vipsim.customers.state import count, raise_relationship
from vipsim.draws import draw, pair
from vipsim.outreach.plan import EXTRA, RESULT, SHOW, task_number
from vipsim.outreach.triggers import (
    CONTACT_PLAN,
    LEAD_FOLLOW_UP,
    MATURITY_REMINDER,
    OUTFLOW_ALERT,
    SMS,
    close,
    open_task,
)

_MEETING = 4  # draws of a meeting (stream VISIT_RESULT): sale and size, ladder and joining, arrival of money


NOT_REACHED, TALKED, REMINDED, APPOINTED, SOLD, RESCUED, NOT_RESCUED = range(7)
RESULTS = ("not_reached", "talked", "reminded", "appointed", "sold", "rescued", "not_rescued")

CONTACT = np.dtype(
    [
        ("start", "f8"),  # minute of the day
        ("minutes", "f8"),
        ("day", "i4"),
        ("due", "i4"),
        ("who", "i4"),
        ("staff", "i2"),
        ("reason", "i1"),
        ("channel", "i1"),
        ("attempt", "i1"),
        ("result", "i1"),
    ],
    align=True,
)


class ContactLog(NamedTuple):
    """The contacts of a month; the first ``size[0]`` rows are used."""

    rows: np.ndarray  # CONTACT
    size: np.ndarray  # int64 [1]


@lean
def note_contact(log, backlog, triggers, n, attempt, day, start, minutes, staff, result):
    """Write a contact down (O01: record at once)."""
    at = log.size[0]
    if at >= log.rows.size:
        return
    reason = backlog.rows[n].reason
    row = log.rows[at]
    row["start"] = start
    row["minutes"] = minutes
    row["day"] = day
    row["due"] = backlog.rows[n].due
    row["who"] = backlog.rows[n].who
    row["staff"] = staff
    row["reason"] = reason
    row["channel"] = triggers.channel[reason]
    row["attempt"] = attempt
    row["result"] = result
    log.size[0] = at + 1


@lean
def freshness(policy, state, i):
    """Response of a customer who is contacted often, relative to a rested one (O09)."""
    tiring = state.book[i].contact_load - policy.response.fatigue_from_per_year
    return 1.0 / (1.0 + policy.response.fatigue_share * tiring) if tiring > 0.0 else 1.0


@lean
def win(state, agenda, policy, i, chance, u_sale, u_size, u_lag, day):
    """A sale that may bring money from elsewhere: it arrives later, and its hot part leaves again later still.

    What a rate premium adds to sales is the part that the premium attracted; of that, ``hot_share`` leaves when
    the reward window ends. Whether the sale was made.
    """
    response = policy.response
    pull = 0.0
    if state.book[i].tier > 0:
        pull = response.premium_pull_ratio * policy.assets.rate_premium_share * 100.0
    if u_sale >= chance * (1.0 + pull):
        return False
    part = response.won_share * u_size * (1.0 - response.rival_keep_share)
    amount = np.int64(np.float64(state.book[i].elsewhere) * part)
    count(state, tally.SALES, 1.0)
    count(state, tally.BONUS_YUAN, policy.incentives.bonus_yuan)
    if amount <= 0:
        return True
    lag = response.lag_days_low + int((response.lag_days_high - response.lag_days_low + 1) * u_lag)
    file(agenda, day + lag, ARRIVE, i, 0, amount)
    hot = np.int64(np.float64(amount) * response.hot_share * pull / (1.0 + pull))
    if hot > 0:
        file(agenda, day + lag + response.hot_days, HOT_LEAVE, i, 0, hot)
    return True


@lean
def open_account(state, i, day):
    """A prospect becomes a customer."""
    book = state.book
    book[i].stage = EXPLORATION
    book[i].stage_since = day
    book[i].opened = day
    book[i].owner = NO_OWNER
    count(state, tally.JOINED, 1.0)


@lean
def meet(state, agenda, policy, address, i, number, day, days_left):
    """What a meeting of customer (or prospect) i with a relationship manager leads to (O06, O09, M11).

    ``number`` tells the customer's meetings of one day apart.
    """
    response = policy.response
    book = state.book
    first = number * 8 + _MEETING
    u_sale, u_size = pair(address, draws.VISIT_RESULT, day, i, first)
    u_ladder, u_lag = pair(address, draws.VISIT_RESULT, day, i, first + 2)
    effort = policy.closing_effort * freshness(policy, state, i)
    count(state, tally.MEETINGS_PRIME, 1.0)
    if book[i].stage == PROSPECT:
        if u_ladder >= response.prospect_join_share * effort:
            return
        open_account(state, i, day)
        win(state, agenda, policy, i, 1.0, u_sale, u_size, u_lag, day)
        return
    state.book[i].care += 1.0
    book[i].contact_load += 1.0
    book[i].last_contact = day
    book[i].last_talk = day
    raise_relationship(state, i, response.meeting_care_share)
    chance = response.meeting_sale_share * effort * (0.5 + book[i].relationship)
    win(state, agenda, policy, i, chance, u_sale, u_size, u_lag, day)
    if u_ladder < chance:
        moved = climb_ladder(state, agenda, policy.assets, i, response.ladder_share, day, days_left)
        count(state, tally.FEE_YUAN, np.float64(moved) / 100.0 * policy.money.sale_fee_share[WEALTH_PRODUCT])


@lean
def respond(state, agenda, backlog, policy, address, n, reached, day, next_open):
    """What the contact of task n leads to (a result); the task is closed unless another attempt follows.

    ``next_open`` int32 [days]: first open day from each day on, for appointments.
    """
    book = state.book
    triggers = policy.triggers
    i = backlog.rows[n].who
    reason = backlog.rows[n].reason
    channel = triggers.channel[reason]
    attempt = backlog.rows[n].attempt
    due = backlog.rows[n].due
    count(state, tally.MESSAGES if channel == SMS else tally.CONTACTS, 1.0)
    count(state, tally.CONTACT_YUAN, triggers.cost[channel])
    backlog.rows[n].attempt = attempt + 1
    backlog.rows[n].ready = day + 1
    if not reached:
        if attempt + 1 >= policy.outreach.most_attempts:
            if reason == LEAD_FOLLOW_UP:
                count(state, tally.LEADS_DROPPED, 1.0)
            close(backlog, n)
        return NOT_REACHED
    count(state, tally.REACHED, 1.0)
    result = TALKED
    u_result, u_size = pair(address, draws.CONTACT, due, i, task_number(reason, attempt, RESULT))
    u_lag, u_sign = pair(address, draws.CONTACT, due, i, task_number(reason, attempt, EXTRA))
    effort = policy.closing_effort * freshness(policy, state, i) * triggers.response[channel]
    book[i].contact_load += 1.0
    state.book[i].month_contacts += 1
    book[i].last_contact = day
    if channel != SMS:
        book[i].last_talk = day
    state.book[i].care += triggers.care[channel]
    raise_relationship(state, i, policy.response.contact_care_share * triggers.care[channel])
    if book[i].owner >= 0 and book[i].tier > 0 and not book[i].signed and u_sign < policy.ownership.signed_share:
        book[i].signed = 1
        count(state, tally.SIGNED, 1.0)
    if reason == LEAD_FOLLOW_UP:
        delay = np.float64(day - due)
        if delay <= triggers.sla_days[reason]:
            count(state, tally.LEADS_IN_TIME, 1.0)
        chance = policy.response.appointment_share * effort * 0.5 ** (delay / policy.response.delay_halving_days)
        if u_result < chance:
            when = day + policy.response.appointment_days
            count(state, tally.APPOINTMENTS, 1.0)
            if when < next_open.size and next_open[when] >= 0:
                file(agenda, next_open[when], APPOINTMENT, i, 0, due)
            result = APPOINTED
    elif reason == MATURITY_REMINDER:
        if u_result >= triggers.response[channel]:  # a message is overlooked more easily than a call
            close(backlog, n)
            return TALKED
        result = REMINDED
        soon = day + triggers.lead_days[reason]
        if day <= book[i].time_maturity <= soon:
            state.book[i].reminded |= 1 << TIME
        if day <= book[i].product_maturity <= soon:
            state.book[i].reminded |= 1 << WEALTH_PRODUCT
    elif reason == CONTACT_PLAN:
        count(state, tally.PLANNED_MADE, 1.0)
        chance = policy.response.call_sale_share * effort * (0.5 + book[i].relationship)
        if win(state, agenda, policy, i, chance, u_result, u_size, u_lag, day):
            result = SOLD
    elif reason == OUTFLOW_ALERT:
        kept = rescue(state, address, policy.lifecycle, effort, i)
        result = RESCUED if kept else NOT_RESCUED
        if not kept and book[i].stage == NOTICE and state.book[i].rescue_tries < policy.lifecycle.rescue_most:
            return result
    close(backlog, n)
    return result


@lean
def keeps_appointment(policy, address, i, due):
    """Whether customer i comes to the appointment made in following up the lead of day ``due``."""
    return draw(address, draws.CONTACT, due, i, task_number(LEAD_FOLLOW_UP, 15, SHOW)) < policy.response.show_share


@lean
def take_lead(state, backlog, triggers, rm_count, i, day):
    """A visitor left a telephone number: the managers follow up from the next day on (L26, O02).

    ``i`` is a row of the book, -1 for a walk-in without account: then the next prospect of the finite pool.
    """
    if i < 0:
        i = take_prospect(state)
        if i < 0:
            return
    if triggers.on[LEAD_FOLLOW_UP]:
        open_task(state, backlog, triggers, rm_count, i, LEAD_FOLLOW_UP, day + 1, triggers.expiry_days[LEAD_FOLLOW_UP])


@lean
def take_prospect(state):
    """The next person of the pool of prospects, -1 when it is exhausted."""
    i = state.sums.next_prospect
    if i >= state.book.stage.size:
        return -1
    state.sums.next_prospect = i + 1
    return i
