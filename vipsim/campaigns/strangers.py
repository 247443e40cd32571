# mypy: allow-untyped-defs, allow-untyped-calls
"""Strangers: friends whom guests bring, people met outside, readers of an advertisement; some open an account.

All come from the one finite pool of prospects; a campaign with a target meets only people of that kind (C06-C08).
"""

from __future__ import annotations

from vipsim.campaigns.contact import effort, know, newcomer, welcome
from vipsim.campaigns.guests import (
    amount_of,
    ask,
    can_spend,
    date,
    end_course,
    give,
    is_taken_by,
    lag_of,
)
from vipsim.campaigns.rules import (
    ACCEPTED,
    DECLINED,
    INTERESTED,
    MET,
    NO_SALE,
    NO_SHOW,
    NOT_INTERESTED,
    NOT_REACHED,
    REACHED,
    STRANGER,
)
from vipsim.campaigns.targets import (
    K_ACCEPT,
    K_FRIEND,
    K_JOIN,
    K_JOIN_LAG,
    K_JOIN_SIZE,
    K_REACH,
    K_SHOW,
    add_guest,
    is_eligible,
    luck_of,
)
from vipsim.compiled import lean
from vipsim.customers.book import PROSPECT
from vipsim.customers.segments import TYPE_C

OWN = 3  # number of the draws of a stranger who is the guest; friends are 0, 1


@lean
def bring_friends(state, campaigns, policy, address, agenda, g, day, minutes):
    """Friends who come along (C04, C05): each may be met and may open an account; minutes of the staff left."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    for friend in range(rule.guests_most):
        if luck_of(campaigns, address, g, K_FRIEND + friend) >= rule.guest_share:
            continue
        guest.friends += 1
        give(state, campaigns, g, rule.guest_yuan)
        if minutes < rule.minutes_per_guest_min:
            continue
        minutes -= rule.minutes_per_guest_min
        new = win_stranger(state, campaigns, policy, address, agenda, g, friend, day)
        if new >= 0:
            give(state, campaigns, g, rule.reward_yuan)
    return minutes


@lean
def wants_account(state, campaigns, policy, address, g, friend):
    """Whether a stranger who was met opens an account (C06, N19)."""
    rule = campaigns.rules[campaigns.guests[g].campaign]
    return luck_of(campaigns, address, g, K_JOIN + friend) < rule.join_share * effort(state, policy)


@lean
def win_stranger(state, campaigns, policy, address, agenda, g, friend, day):
    """A stranger who was met may open an account and bring money; row of the new customer, -1 = none (C06, N19)."""
    guest = campaigns.guests[g]
    if not wants_account(state, campaigns, policy, address, g, friend):
        return -1
    if friend == OWN:
        new = somebody_like(state, campaigns, policy, address, guest.campaign, day)
    else:
        new = newcomer(state, policy, day)
    if new < 0:
        return -1
    guest.joined += 1
    promise_first_money(state, campaigns, policy, address, g, new, friend, day)
    return new


@lean
def promise_first_money(state, campaigns, policy, address, g, new, friend, day):
    """What a new customer will bring, and when."""
    rule = campaigns.rules[campaigns.guests[g].campaign]
    amount = amount_of(state, policy, new, luck_of(campaigns, address, g, K_JOIN_SIZE + friend))
    if amount > 0:
        lag = lag_of(rule, luck_of(campaigns, address, g, K_JOIN_LAG + friend))
        promise_of_stranger(state, campaigns, g, new, amount, day + lag)


@lean
def somebody_like(state, campaigns, policy, address, c, day):
    """The next of the pool who is of the kind that campaign c meets; opens an account; -1 = nobody left (C06)."""
    rule = campaigns.rules[c]
    if rule.first_filter == rule.last_filter:
        return newcomer(state, policy, day)
    i = max(campaigns.pool[c], state.sums.opening_customers)
    while i < state.book.size:
        fits = state.book[i].stage == PROSPECT and state.book[i].known == 0
        if fits and is_eligible(state, policy, campaigns, address, c, i, day):
            break
        i += 1
    campaigns.pool[c] = i + 1
    if i >= state.book.size:
        return -1
    know(state, i)
    welcome(state, policy, i, day)
    return i


@lean
def promise_of_stranger(state, campaigns, g, new, amount, day):
    """Money of a friend is a guest's course of its own, begun at the meeting."""
    guest = campaigns.guests[g]
    if guest.who < 0 or guest.who == new:  # the stranger is the guest
        guest.who = new
        guest.promised = amount
        guest.stake = amount
        guest.prime = state.book[new].type == TYPE_C
        date(campaigns, g, day)
        return
    if campaigns.size[0] >= campaigns.guests.size:
        return
    other = add_guest(campaigns, guest.campaign, guest.phase, STRANGER + campaigns.size[3], -1, amount, 0)
    campaigns.size[3] += 1
    row = campaigns.guests[other]
    row.who = new
    row.step = MET
    row.day = day
    row.promised = amount
    row.joined = 1
    row.prime = state.book[new].type == TYPE_C
    date(campaigns, other, day)


@lean
def be_met_as_stranger(state, campaigns, policy, address, g, day):
    """Somebody who came for an advertisement was met: opens an account, or not (C24)."""
    guest = campaigns.guests[g]
    guest.step = MET
    if wants_account(state, campaigns, policy, address, g, OWN):
        welcome(state, policy, guest.who, day)
        guest.joined += 1
        give(state, campaigns, g, campaigns.rules[guest.campaign].reward_yuan)
        promise_first_money(state, campaigns, policy, address, g, guest.who, OWN, day)
    if guest.promised == 0:
        end_course(campaigns, g, NO_SALE)


@lean
def go_outside(state, campaigns, policy, address, agenda, p, day, minutes):
    """Outside work (C06, C07): as many strangers as the minutes allow are spoken to; each may come and join."""
    phase = campaigns.phases[p]
    c = phase.campaign
    rule = campaigns.rules[c]
    while minutes >= rule.minutes_per_guest_min and campaigns.taken[p] < rule.list_most:
        if campaigns.size[0] >= campaigns.guests.size or not can_spend(campaigns, c, rule.invite_yuan):
            return
        minutes -= max(rule.minutes_per_guest_min, 1.0)
        g = add_guest(campaigns, c, phase.number, STRANGER + day * 4096 + campaigns.taken[p], -1, 0, 0)
        campaigns.taken[p] += 1
        guest = campaigns.guests[g]
        ask(state, campaigns, g, day)
        if luck_of(campaigns, address, g, K_REACH) >= rule.reach_share:
            end_course(campaigns, g, NOT_REACHED)
            continue
        guest.step = REACHED
        if not is_taken_by(state, campaigns, policy, address, g, 1.0, day):
            end_course(campaigns, g, NOT_INTERESTED)
            continue
        guest.step = INTERESTED
        if luck_of(campaigns, address, g, K_ACCEPT) >= rule.accept_share:
            end_course(campaigns, g, DECLINED)
            continue
        guest.step = ACCEPTED
        if luck_of(campaigns, address, g, K_SHOW) >= rule.show_share:
            end_course(campaigns, g, NO_SHOW)
            continue
        guest.step = MET
        give(state, campaigns, g, rule.guest_yuan)
        if win_stranger(state, campaigns, policy, address, agenda, g, OWN, day) < 0:
            end_course(campaigns, g, NO_SALE)
        else:
            give(state, campaigns, g, rule.reward_yuan)
            if guest.promised == 0:
                end_course(campaigns, g, NO_SALE)


__all__ = ["be_met_as_stranger", "bring_friends", "go_outside"]
