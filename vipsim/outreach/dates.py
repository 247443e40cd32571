# mypy: allow-untyped-defs, allow-untyped-calls
"""The dates of outreach: which tasks of a customer fall due within a month, filed when the month opens.

Everything else falls due by an event of a day: a lead, a notice, a sale, a complaint, an exit.
"""

from __future__ import annotations

from math import floor

import numpy as np

from vipsim.agenda import TASK, file
from vipsim.compiled import lean
from vipsim.customers.segments import TIME, WEALTH_PRODUCT
from vipsim.outreach.triggers import (
    BIRTHDAY,
    CARD_EXPIRY,
    CONTACT_PLAN,
    DOWNGRADE,
    FESTIVAL,
    LEADER_VISIT,
    LIFE_EVENT,
    MATURITY_REMINDER,
    THRESHOLD_NEAR,
)

_YEAR = 365  # days after which a birthday returns
_SCATTER = 1009.0  # makes of a customer's phase in the plan another one, of life events


@lean
def plan_reminders(state, agenda, triggers, i, first_day, days):
    """File this month's reminders of maturities and of the card's expiry that lie ``lead_days`` ahead (O06, T07)."""
    row = state.book[i]
    if triggers.on[MATURITY_REMINDER]:
        lead = triggers.lead_days[MATURITY_REMINDER]
        for product in (TIME, WEALTH_PRODUCT):
            due = row.time_maturity if product == TIME else row.product_maturity
            if first_day + lead <= due < first_day + days + lead and row.balance[product] > 0:
                file(agenda, due - lead, TASK, i, MATURITY_REMINDER, min(lead, triggers.expiry_days[MATURITY_REMINDER]))
    if triggers.on[CARD_EXPIRY] and row.card > 0:
        lead = triggers.lead_days[CARD_EXPIRY]
        if first_day + lead <= row.card_expiry < first_day + days + lead:
            file(agenda, row.card_expiry - lead, TASK, i, CARD_EXPIRY, min(lead, triggers.expiry_days[CARD_EXPIRY]))


@lean
def plan_evenly(agenda, i, reason, rate, phase, expiry_days, month, first_day, days):
    """File this month's contacts of a yearly plan: evenly spread, each customer with an own phase (M01)."""
    if rate <= 0.0:
        return
    before = phase + rate * month
    first = floor(before)
    for n in range(np.int64(floor(before + rate) - first)):
        into_month = (first + 1.0 + n - before) / rate
        day = first_day + min(int(into_month * days), days - 1)
        file(agenda, day, TASK, i, reason, expiry_days)


@lean
def plan_contacts(state, agenda, triggers, i, level, phase, month, first_day, days):
    """File the contacts of the maintenance plan by level and stage (Y07), the head's visits by tier (M01, M17).

    And contacts on what happens in a VIP's life, as far as the branch hears of it (M02).
    """
    if triggers.on[CONTACT_PLAN]:
        rate = triggers.plan_per_month[level] * triggers.stage_plan[state.book[i].stage]
        plan_evenly(agenda, i, CONTACT_PLAN, rate, phase, triggers.expiry_days[CONTACT_PLAN], month, first_day, days)
    if triggers.on[LEADER_VISIT] and state.book[i].tier > 0:
        rate = triggers.visits_per_month[state.book[i].tier]
        plan_evenly(agenda, i, LEADER_VISIT, rate, phase, triggers.expiry_days[LEADER_VISIT], month, first_day, days)
    if triggers.on[LIFE_EVENT] and state.book[i].tier > 0:
        own = phase * _SCATTER - floor(phase * _SCATTER)
        rate = triggers.life_events_per_month
        plan_evenly(agenda, i, LIFE_EVENT, rate, own, triggers.expiry_days[LIFE_EVENT], month, first_day, days)


@lean
def plan_occasions(state, agenda, policy, i, month):
    """File greetings of VIPs, the call after a downgrade, and the offer just below the next tier (M07, T05-T06)."""
    triggers = policy.triggers
    row = state.book[i]
    day = month.first_day
    if row.tier > 0:
        if triggers.on[BIRTHDAY]:
            ahead = (row.birthday - day) % _YEAR
            if ahead < month.days:
                file(agenda, day + ahead, TASK, i, BIRTHDAY, triggers.expiry_days[BIRTHDAY])
        if triggers.on[FESTIVAL] and month.festival >= 0:
            file(agenda, month.festival, TASK, i, FESTIVAL, triggers.expiry_days[FESTIVAL])
    if triggers.on[DOWNGRADE] and row.tier_shock_day == day:
        file(agenda, day, TASK, i, DOWNGRADE, triggers.expiry_days[DOWNGRADE])
    every = policy.outreach.threshold_every_months
    if triggers.on[THRESHOLD_NEAR] and row.tier < policy.cuts.tier_fen.size and (i + month.number) % every == 0:
        cut = np.float64(policy.cuts.tier_fen[row.tier])
        total = np.int64(0)
        for column in range(row.month_average.size):
            total += row.month_average[column]
        average = np.float64(total) / row.month_average.size
        if policy.outreach.threshold_near_share * cut <= average < cut:
            file(agenda, day, TASK, i, THRESHOLD_NEAR, triggers.expiry_days[THRESHOLD_NEAR])
