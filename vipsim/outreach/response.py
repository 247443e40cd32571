# mypy: allow-untyped-defs, allow-untyped-calls
"""Response: what a contact or a meeting leads to, decided on its date by comparing fixed draws with chances.

A funnel: reach, interest, appointment, show, sale or retention. Chances move with relationship, the seller's role,
closing effort, fatigue, delay and earlier offers; effects on the customer come only from what was done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import APPOINTMENT, ARRIVE, file
from vipsim.compiled import lean
from vipsim.customers.book import NEVER, NOTICE, PROSPECT
from vipsim.customers.lifecycle import rescue
from vipsim.customers.ownership import TRADE, has_patch
from vipsim.customers.segments import TIME, WEALTH_PRODUCT
from vipsim.customers.state import CARD_BIT, count, raise_relationship
from vipsim.draws import draw, pair
from vipsim.outreach.plan import EXTRA, REACH, RESULT, SHOW, allowed_from
from vipsim.outreach.sales import (
    CAME_BACK,
    advise,
    attention,
    effort,
    expert_ratio,
    file_after_sale,
    freshness,
    offer,
    open_account,
    push_or_wait,
    role_of,
    send_money,
    take_prospect,
    willingness,
)
from vipsim.outreach.triggers import (
    CLOSED,
    CONTACT_PLAN,
    FACE,
    FOLLOW,
    FORGIVE,
    INVITE,
    LEAD_FOLLOW_UP,
    LIFE_EVENT,
    RECOVER,
    REMIND,
    RENEW,
    RESCUE,
    SELL,
    THRESHOLD_NEAR,
    WIN_BACK,
    close,
    concerns,
    fall_due,
    task_number,
)

_MEETING = 4  # draws of a meeting (stream VISIT_RESULT): sale and size, ladder and joining, arrival of money


NOT_REACHED, TALKED, REMINDED, APPOINTED, SOLD, RESCUED, NOT_RESCUED, RECOVERED, WON_BACK = range(9)
RESULTS = (
    "not_reached",
    "talked",
    "reminded",
    "appointed",
    "sold",
    "rescued",
    "not_rescued",
    "recovered",
    "won_back",
)

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
def _seller(policy, role):
    """Closing and care of a role relative to a relationship manager."""
    sellers = policy.response.sellers
    if role == 0:
        return sellers.relationship_manager.closing_ratio, sellers.relationship_manager.care_ratio
    if role == 1:
        return sellers.teller.closing_ratio, sellers.teller.care_ratio
    return sellers.head.closing_ratio, sellers.head.care_ratio


@lean
def _feel(state, policy, channel, care_ratio, step, i, day):
    """A contact that reached: it is remembered, it tires, it strengthens the relationship (M11)."""
    triggers = policy.triggers
    row = state.book[i]
    row.contact_load += triggers.fatigue[channel]
    row.last_contact = day
    if triggers.talk[channel]:
        row.last_talk = day
    row.care += triggers.care[channel]
    raise_relationship(state, i, min(1.0, step * triggers.care[channel] * care_ratio))


@lean
def meet(state, agenda, policy, address, i, number, day, days_left):
    """What a meeting of customer (or prospect) i with a relationship manager leads to (O06, O09, M11).

    ``number`` tells the customer's meetings of one day apart.
    """
    response = policy.response
    first = number * 8 + _MEETING
    u_sale, u_size = pair(address, draws.VISIT_RESULT, day, i, first)
    u_ladder, u_lag = pair(address, draws.VISIT_RESULT, day, i, first + 2)
    closing, care = _seller(policy, 0)
    heed = attention(policy, state, state.book[i].owner)
    care *= heed
    drive = effort(state, policy) * freshness(policy, state, i) * closing * policy.triggers.response[FACE] * heed
    count(state, tally.MEETINGS_PRIME, 1.0)
    count(state, tally.CONTACT_YUAN, policy.triggers.cost[FACE])
    if state.book[i].stage == PROSPECT:
        if u_ladder >= response.prospect_join_share * drive:
            return
        open_account(state, policy, i, day)
        first_money(state, agenda, policy, i, u_sale, u_size, u_lag, day)
        return
    chance = response.meeting_sale_share * drive * willingness(policy, state, i, day)
    chance *= expert_ratio(state, policy, i)
    _feel(state, policy, FACE, care, response.meeting_care_share, i, day)
    offer(state, agenda, policy, i, chance, u_sale, u_size, u_lag, day)
    if u_ladder < chance:
        advise(state, agenda, policy, i, u_ladder / min(chance, 1.0), day, days_left)


@lean
def first_money(state, agenda, policy, i, u_class, u_size, u_lag, day):
    """A new customer brings first money: a trial, into a deposit (Y02)."""
    row = state.book[i]
    row.sales += 1
    row.ask_from = day + policy.response.sale_rest_days
    count(state, tally.SALES, 1.0)
    count(state, tally.BONUS_YUAN, policy.incentives.bonus_yuan)
    file_after_sale(agenda, policy, i, day)
    product = 0 if u_class < 0.5 else TIME
    send_money(state, agenda, policy, i, product, u_size, u_lag, 0.0, day)


@lean
def respond(state, agenda, backlog, policy, address, n, reached, post, day, next_open):
    """What the contact of task n by a post leads to (a result); the task is closed unless another attempt follows.

    ``next_open`` int32 [days]: first open day from each day on, for appointments.
    """
    triggers = policy.triggers
    i = backlog.rows[n].who
    row = state.book[i]
    reason = backlog.rows[n].reason
    aim = triggers.aim[reason]
    channel = triggers.channel[reason]
    attempt = backlog.rows[n].attempt
    due = backlog.rows[n].due
    talk = triggers.talk[channel]
    count(state, tally.CONTACTS if talk else tally.MESSAGES, 1.0)
    count(state, tally.CONTACT_YUAN, triggers.cost[channel])
    backlog.rows[n].attempt = attempt + 1
    backlog.rows[n].ready = day + 1
    if not reached:
        if attempt + 1 >= policy.outreach.most_attempts or not talk:  # nobody knows that a message was not read
            if reason == LEAD_FOLLOW_UP:
                count(state, tally.LEADS_DROPPED, 1.0)
            close(backlog, n)
        return NOT_REACHED
    count(state, tally.REACHED, 1.0)
    result = TALKED
    u_result, u_size = pair(address, draws.CONTACT, due, i, task_number(reason, attempt, RESULT))
    u_lag, u_sign = pair(address, draws.CONTACT, due, i, task_number(reason, attempt, EXTRA))
    closing, care = _seller(policy, role_of(post))
    if has_patch(state, TRADE, i, post):
        closing *= policy.response.trade_closing_ratio
    heed = attention(policy, state, post)
    care *= heed
    drive = effort(state, policy) * freshness(policy, state, i) * triggers.response[channel] * closing * heed
    willing = willingness(policy, state, i, day) if aim in (SELL, FOLLOW) else 0.0
    pushes = push_or_wait(state, policy, i) if willing > 0.0 and row.ask_from <= day else 0.0
    row.month_contacts += 1
    row.channel_contacts[channel] += 1
    step = policy.response.contact_care_share
    if reason == LIFE_EVENT:
        step *= policy.response.life_event_care_ratio
    _feel(state, policy, channel, care, step, i, day)
    if row.owner >= 0 and row.tier > 0 and not row.signed and u_sign < policy.ownership.signed_share:
        row.signed = 1
        count(state, tally.SIGNED, 1.0)
    if reason == CONTACT_PLAN:
        count(state, tally.PLANNED_MADE, min(1.0, triggers.response[channel]))
    if aim in (SELL, FOLLOW):
        if aim == FOLLOW:
            row.followed_day = day
        base = policy.response.call_sale_share
        if reason == THRESHOLD_NEAR:
            base *= policy.response.threshold_pull_ratio
        if policy.outreach.ask_whys and talk:
            base *= policy.response.whys_sale_ratio  # what is offered fits what is needed (O22)
        if row.stage != PROSPECT and pushes > 0.0:
            chance = base * drive * willing * pushes
            if offer(state, agenda, policy, i, chance, u_result, u_size, u_lag, day):
                result = SOLD
        comes = talk and u_result >= 1.0 - policy.response.call_visit_share * min(1.0, drive)
        if result == TALKED and comes and appoint(state, agenda, policy, i, reason, due, day, next_open):
            result = APPOINTED  # the aim of a call is a meeting (O01)
    elif aim == INVITE:
        delay = np.float64(day - due)
        if delay <= triggers.sla_days:
            count(state, tally.LEADS_IN_TIME, 1.0)
        chance = policy.response.appointment_share * drive * 0.5 ** (delay / policy.response.delay_halving_days)
        if u_result < chance and appoint(state, agenda, policy, i, reason, due, day, next_open):
            result = APPOINTED
    elif aim == REMIND:
        if u_result < triggers.response[channel]:  # a message is overlooked more easily than a call
            result = REMINDED
            soon = day + triggers.lead_days[reason]
            if day <= row.time_maturity <= soon:
                row.reminded |= 1 << TIME
            if day <= row.product_maturity <= soon:
                row.reminded |= 1 << WEALTH_PRODUCT
            if u_size < policy.response.reminded_visit_share:  # the reminder opens the door (O06)
                appoint(state, agenda, policy, i, reason, due, day, next_open)
    elif aim == RENEW:
        if u_result < triggers.response[channel]:
            row.reminded |= 1 << CARD_BIT
            result = REMINDED
    elif aim == FORGIVE:
        if u_result < policy.response.forgive_share * min(1.0, triggers.response[channel] * care):
            row.tier_shock_day = NEVER
            result = RECOVERED
    elif aim == RECOVER:
        if u_result < policy.response.recover_share * min(1.0, triggers.response[channel] * care):
            row.complaint_day = NEVER
            count(state, tally.COMPLAINTS_RESOLVED, 1.0)
            result = RECOVERED
    elif aim == WIN_BACK:
        if u_result < policy.response.win_back_share * drive:
            part = policy.response.won_share * policy.response.movable_share * u_size
            back = np.int64(np.float64(row.elsewhere) * part)
            file(agenda, day + policy.response.lag_days_low, ARRIVE, i, CAME_BACK, back)
            result = WON_BACK
    elif aim == RESCUE:
        kept = rescue(state, address, policy.lifecycle, drive, i)
        result = RESCUED if kept else NOT_RESCUED
        if not kept and row.stage == NOTICE and row.rescue_tries < policy.lifecycle.rescue_most:
            return result
    close(backlog, n)
    return result


@lean
def send_automatic(state, agenda, backlog, policy, address, day, next_open):
    """The messages that the customer system sends by itself today: in the owner's name, at no staff minutes (T18).

    Wishes, caps and rest days hold for them as for all contacts; they stand on nobody's list and in no log of contacts.
    """
    triggers = policy.triggers
    for n in range(backlog.size[0]):
        row = backlog.rows[n]
        if triggers.automatic[row.reason] == 0 or row.attempt == CLOSED or row.ready > day or row.expiry < day:
            continue
        if not concerns(state, triggers, row.reason, row.who):
            close(backlog, n)
            continue
        ready = allowed_from(state, policy, row.reason, row.who, day, row.expiry + 1)
        if ready > day:
            row.ready = ready
            count(state, tally.HELD_BACK, 1.0)
            continue
        u = draw(address, draws.CONTACT, row.due, row.who, task_number(row.reason, row.attempt, REACH))
        reached = u < triggers.reach[triggers.channel[row.reason]]
        respond(state, agenda, backlog, policy, address, n, reached, row.post, day, next_open)


@lean
def appoint(state, agenda, policy, i, reason, due, day, next_open):
    """An appointment some days ahead, on an open day; whether one was made. One at a time for each customer."""
    if state.book[i].appointed >= day:
        return False
    when = day + policy.response.appointment_days
    if when >= next_open.size or next_open[when] < 0:
        return False
    count(state, tally.APPOINTMENTS, 1.0)
    state.book[i].appointed = next_open[when]
    file(agenda, next_open[when], APPOINTMENT, i, reason, due)
    return True


@lean
def keeps_appointment(policy, address, i, reason, due):
    """Whether customer i comes to the appointment made for a task of day ``due``; an exact time binds more (O17)."""
    firm = policy.outreach.firm_appointments
    shows = policy.response.show_firm_share if firm else policy.response.show_share
    return draw(address, draws.CONTACT, due, i, task_number(reason, 15, SHOW)) < shows


@lean
def take_lead(state, backlog, policy, address, team, i, day):
    """A visitor left a telephone number: the managers follow up from the next day on (L26, O02).

    ``i`` is a row of the book, -1 for a walk-in of type C without account: then somebody of the finite pool.
    """
    if i < 0:
        i = take_prospect(state, policy, 1)
        if i < 0:
            return
    fall_due(
        state, backlog, policy, address, team, i, LEAD_FOLLOW_UP, day + 1, policy.triggers.expiry_days[LEAD_FOLLOW_UP]
    )
