# mypy: allow-untyped-defs, allow-untyped-calls
"""The course of a guest up to the meeting: asked, reached, interested, accepted, came; every step by one fixed draw.

A guest is a customer of the book on the list of one campaign, or a stranger (``strangers``). What a meeting leads to
stands in ``meeting``. Effects come from what happened only: who was not reached is as before.
"""

from __future__ import annotations

import numpy as np

from vipsim.campaigns.contact import SMS as MESSAGE
from vipsim.campaigns.contact import know, take_message
from vipsim.campaigns.guests import ask, can_spend, date, end_course, give, is_taken_by, spend_on
from vipsim.campaigns.meeting import be_met
from vipsim.campaigns.rules import (
    ACCEPTED,
    ADVERT,
    AT_BRANCH,
    AT_EVENT,
    BUDGET,
    CAME,
    DECLINED,
    EVENT,
    INTERESTED,
    NO_POINTS,
    NO_SHOW,
    NOT_INTERESTED,
    NOT_REACHED,
    REACHED,
    SEATS,
    SMS,
    STAFF,
)
from vipsim.campaigns.strangers import bring_friends
from vipsim.campaigns.targets import K_ACCEPT, K_DAY, K_REACH, K_SHOW, luck_of
from vipsim.compiled import lean
from vipsim.customers.book import PROSPECT
from vipsim.customers.points import give_points
from vipsim.customers.state import is_customer, raise_relationship
from vipsim.day import CAMPAIGN_VISIT, call_in


@lean
def send_out(state, campaigns, policy, address, agenda, g, day, days_left):
    """A message, a letter or an advertisement goes to guest g; only a message counts as a contact."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    cost = policy.triggers.cost[MESSAGE] if rule.channel == SMS else 0.0
    if not can_spend(campaigns, guest.campaign, cost + rule.invite_yuan):
        end_course(campaigns, g, BUDGET)
        return
    ask(state, campaigns, g, day)
    spend_on(state, campaigns, g, cost)
    if luck_of(campaigns, address, g, K_REACH) >= rule.reach_share:
        end_course(campaigns, g, NOT_REACHED)
        return
    if rule.channel == SMS:
        take_message(state, policy, guest.who, day)
    hear(state, campaigns, policy, address, agenda, g, day, days_left)


@lean
def hear(state, campaigns, policy, address, agenda, g, day, days_left):
    """Guest g was reached: interested or not, accepts or not, and when to come."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    guest.step = REACHED
    if not is_taken_by(state, campaigns, policy, address, g, 1.0, day):
        if guest.who >= 0:
            raise_relationship(state, guest.who, -rule.refused_care_share)
        end_course(campaigns, g, NOT_INTERESTED)
        return
    guest.step = INTERESTED
    if luck_of(campaigns, address, g, K_ACCEPT) >= rule.accept_share:
        end_course(campaigns, g, DECLINED)
        return
    accept(state, campaigns, policy, address, agenda, g, day, days_left)


@lean
def accept(state, campaigns, policy, address, agenda, g, day, days_left):
    """Guest g accepts: a seat at the event, a day for the branch, or it is done with the contact."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    if rule.where == AT_EVENT:
        event = seat_at(campaigns, guest.campaign, day)
        if event < 0:
            end_course(campaigns, g, SEATS)
            return
        campaigns.taken[event] += 1
        guest.event = event
        guest.step = ACCEPTED
    elif rule.where == AT_BRANCH:
        guest.step = ACCEPTED
        when = day + rule.visit_after_days
        if rule.channel == ADVERT:  # readers come one by one while it runs
            span = np.float64(max(rule.until_day - day, 0))
            when += np.int64(span * luck_of(campaigns, address, g, K_DAY))
        if when >= campaigns.next_open.size or campaigns.next_open[when] < 0:
            end_course(campaigns, g, NO_SHOW)
            return
        date(campaigns, g, campaigns.next_open[when])
    else:
        guest.step = CAME
        give(state, campaigns, g, rule.guest_yuan)
        bring_friends(state, campaigns, policy, address, agenda, g, day, np.inf)
        be_met(state, campaigns, policy, address, agenda, g, day, days_left)


@lean
def seat_at(campaigns, c, day):
    """The next event of campaign c after today with a free place, -1 where there is none."""
    found = -1
    for p in range(campaigns.phases.size):
        phase = campaigns.phases[p]
        free = campaigns.taken[p] < campaigns.rules[c].seats
        if phase.campaign != c or phase.does != EVENT or phase.from_day <= day or not free:
            continue
        if campaigns.next_open[phase.from_day] < 0:
            continue
        if found < 0 or phase.from_day < campaigns.phases[found].from_day:
            found = p
    return found


@lean
def come_to_branch(state, campaigns, policy, callers, address, g, day):
    """The day of the visit: guest g comes or does not; who comes is a visitor like all others.

    A reader of an advertisement comes unannounced: whether the lobby recognises him decides who meets him (C24).
    """
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    full = callers.size[0] >= callers.rows.size
    reads = rule.channel == ADVERT and state.book[guest.who].stage == PROSPECT
    there = reads or (rule.channel != ADVERT and is_customer(state.book, guest.who))
    if full or not there or luck_of(campaigns, address, g, K_SHOW) >= rule.show_share:
        end_course(campaigns, g, NO_SHOW)
        return
    guest.step = CAME
    if reads:
        know(state, guest.who)
    call_in(state, callers, policy, guest.who, CAMPAIGN_VISIT, 0 if reads else 1, day)


@lean
def redeem(state, campaigns, g, day):
    """Guest g gives points for the goods, which the campaign pays for and a manager records (C21); whether it did."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    if not can_spend(campaigns, guest.campaign, rule.redeem_yuan):
        end_course(campaigns, g, BUDGET)
        return False
    if not give_points(state, rule.points_day_rate, rule.points_lapse_days, guest.who, rule.redeem_points, day):
        end_course(campaigns, g, NO_POINTS)
        return False
    spend_on(state, campaigns, g, rule.redeem_yuan)
    guest.points = rule.redeem_points
    return True


@lean
def come_to_event(state, campaigns, policy, address, agenda, g, day, days_left, minutes):
    """The day of the event: guest g comes or does not, is met as far as the staff's minutes go; minutes left."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    if not is_customer(state.book, guest.who) or luck_of(campaigns, address, g, K_SHOW) >= rule.show_share:
        end_course(campaigns, g, NO_SHOW)
        return minutes
    guest.step = CAME
    give(state, campaigns, g, rule.guest_yuan)
    takes = rule.minutes_per_guest_min + rule.redeem_min
    if minutes < takes:
        end_course(campaigns, g, STAFF)
        return minutes
    if rule.redeem_points > 0.0 and not redeem(state, campaigns, g, day):
        return minutes
    minutes = bring_friends(state, campaigns, policy, address, agenda, g, day, minutes - takes)
    be_met(state, campaigns, policy, address, agenda, g, day, days_left)
    return minutes
