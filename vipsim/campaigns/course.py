# mypy: allow-untyped-defs, allow-untyped-calls
"""The course of a guest: asked, reached, interested, accepted, came, met, moved money; every step by one fixed draw.

A guest is a customer of the book on the list of one campaign, or a stranger met outside. Effects come from what
happened only: who was not reached is as before.
"""

from __future__ import annotations

from math import log

import numpy as np

from vipsim import tally
from vipsim.agenda import HOT_LEAVE, file
from vipsim.campaigns.contact import SMS as MESSAGE
from vipsim.campaigns.contact import (
    be_courted,
    be_sold,
    be_talked_with,
    bring,
    freshness,
    movable_part,
    newcomer,
    take_message,
    willingness,
)
from vipsim.campaigns.rules import (
    ACCEPTED,
    ASKED,
    AT_BRANCH,
    AT_EVENT,
    BUDGET,
    CAME,
    DECLINED,
    EVENT,
    INTERESTED,
    MET,
    MOVED,
    NO_SALE,
    NO_SHOW,
    NOT_INTERESTED,
    NOT_REACHED,
    REACHED,
    SEATS,
    SMS,
    STAFF,
    STRANGER,
)
from vipsim.campaigns.targets import (
    K_ACCEPT,
    K_EBANK,
    K_FRIEND,
    K_INTEREST,
    K_JOIN,
    K_JOIN_LAG,
    K_JOIN_SIZE,
    K_LAG,
    K_LATE,
    K_REACH,
    K_SALE,
    K_SHOW,
    K_SIZE,
    K_WHEN,
    add_guest,
    luck_of,
)
from vipsim.compiled import lean
from vipsim.customers.assets import place
from vipsim.customers.book import EBANK_ACTIVE
from vipsim.customers.segments import DEMAND, TIME, WEALTH_PRODUCT
from vipsim.customers.state import count, is_customer, raise_relationship
from vipsim.day import CAMPAIGN_VISIT, call_in


@lean
def can_spend(campaigns, c, yuan):
    """Whether the budget of campaign c allows another expense."""
    return campaigns.spent[c] + yuan <= campaigns.rules[c].budget_yuan


@lean
def spend(state, campaigns, c, yuan):
    """Spend of the campaign's budget."""
    campaigns.spent[c] += yuan
    count(state, tally.CONTACT_YUAN, yuan)


@lean
def spend_on(state, campaigns, g, yuan):
    """Spend on one guest, whose cost it is (U08)."""
    spend(state, campaigns, campaigns.guests[g].campaign, yuan)
    campaigns.guests[g].cost += np.int64(round(yuan * 100.0))


@lean
def end_course(campaigns, g, why):
    """Guest g gets no further; the customer is free for another campaign."""
    guest = campaigns.guests[g]
    guest.open = 0
    guest.lost = why
    if guest.who >= 0 and campaigns.guest_of[guest.who] == g:
        campaigns.guest_of[guest.who] = -1


@lean
def date(campaigns, g, day):
    """Something happens to guest g on a day; beyond the run it never happens."""
    guest = campaigns.guests[g]
    guest.due = day
    if day < campaigns.first.size:
        guest.next = campaigns.first[day]
        campaigns.first[day] = g


@lean
def ask(state, campaigns, g, day):
    """Guest g is asked, as far as the budget goes; whether it did."""
    guest = campaigns.guests[g]
    cost = campaigns.rules[guest.campaign].invite_yuan
    if guest.step >= ASKED:
        return True
    if not can_spend(campaigns, guest.campaign, cost):
        end_course(campaigns, g, BUDGET)
        return False
    spend_on(state, campaigns, g, cost)
    guest.step = ASKED
    guest.day = day
    return True


@lean
def send_out(state, campaigns, policy, address, agenda, g, day, days_left):
    """A message or a letter goes to guest g; a message counts as a contact, a letter does not."""
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
def is_taken_by(state, campaigns, policy, address, g):
    """Whether guest g is interested: less where contacts tire, more where the relationship is strong."""
    guest = campaigns.guests[g]
    chance = campaigns.rules[guest.campaign].interest_share
    if guest.who >= 0:
        chance *= freshness(policy, state, guest.who) * (0.5 + state.book[guest.who].relationship)
    return luck_of(campaigns, address, g, K_INTEREST) < chance


@lean
def hear(state, campaigns, policy, address, agenda, g, day, days_left):
    """Guest g was reached: interested or not, accepts or not, and when to come."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    guest.step = REACHED
    if not is_taken_by(state, campaigns, policy, address, g):
        if guest.who >= 0:
            raise_relationship(state, guest.who, -rule.refused_care_share)
        end_course(campaigns, g, NOT_INTERESTED)
        return
    guest.step = INTERESTED
    if luck_of(campaigns, address, g, K_ACCEPT) >= rule.accept_share:
        end_course(campaigns, g, DECLINED)
        return
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
        if when >= campaigns.next_open.size or campaigns.next_open[when] < 0:
            end_course(campaigns, g, NO_SHOW)
            return
        date(campaigns, g, campaigns.next_open[when])
    else:
        guest.step = CAME
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
    """The day of the visit: guest g comes or does not; who comes is a visitor like all others."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    full = callers.size[0] >= callers.rows.size
    if full or not is_customer(state.book, guest.who) or luck_of(campaigns, address, g, K_SHOW) >= rule.show_share:
        end_course(campaigns, g, NO_SHOW)
        return
    guest.step = CAME
    call_in(state, callers, policy, guest.who, CAMPAIGN_VISIT, 1, day)


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
    if minutes < rule.minutes_per_guest_min:
        end_course(campaigns, g, STAFF)
        return minutes
    minutes = bring_friends(state, campaigns, policy, address, agenda, g, day, minutes - rule.minutes_per_guest_min)
    be_met(state, campaigns, policy, address, agenda, g, day, days_left)
    return minutes


@lean
def give(state, campaigns, g, yuan):
    """A gift or reward, where the budget still allows it."""
    if yuan > 0.0 and can_spend(campaigns, campaigns.guests[g].campaign, yuan):
        spend_on(state, campaigns, g, yuan)


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
def win_stranger(state, campaigns, policy, address, agenda, g, friend, day):
    """A stranger who was met may open an account and bring money; row of the new customer, -1 = none (C06, N19)."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    if luck_of(campaigns, address, g, K_JOIN + friend) >= rule.join_share * policy.closing_effort:
        return -1
    new = newcomer(state, policy, day)
    if new < 0:
        return -1
    guest.joined += 1
    amount = amount_of(state, policy, new, luck_of(campaigns, address, g, K_JOIN_SIZE + friend))
    if amount > 0:
        lag = lag_of(rule, luck_of(campaigns, address, g, K_JOIN_LAG + friend))
        promise_of_stranger(state, campaigns, g, new, amount, day + lag)
    return new


@lean
def promise_of_stranger(state, campaigns, g, new, amount, day):
    """Money of a friend is a guest's course of its own, begun at the meeting."""
    guest = campaigns.guests[g]
    if guest.who < 0:  # the stranger is the guest
        guest.who = new
        guest.promised = amount
        guest.stake = amount
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
    row.prime = 1
    date(campaigns, other, day)


@lean
def amount_of(state, policy, i, u):
    """Fen that a sale brings from elsewhere."""
    return np.int64(np.float64(state.book[i].elsewhere) * movable_part(policy) * u)


@lean
def lag_of(rule, u):
    """Days until the money of a sale arrives (N27)."""
    return rule.lag_days_low + np.int64(np.float64(rule.lag_days_high - rule.lag_days_low + 1) * u)


@lean
def be_met(state, campaigns, policy, address, agenda, g, day, days_left):
    """Guest g was met: care, what was taught or reminded of, and a sale now, later or never."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    i = guest.who
    guest.step = MET
    raise_relationship(state, i, rule.care_share)
    if rule.where == AT_EVENT or rule.where == AT_BRANCH:
        be_talked_with(state, policy, i, day)
    if rule.reminds:
        if state.book[i].time_maturity >= day:
            state.book[i].reminded |= 1 << TIME
        if state.book[i].product_maturity >= day:
            state.book[i].reminded |= 1 << WEALTH_PRODUCT
    if state.book[i].ebank != EBANK_ACTIVE and luck_of(campaigns, address, g, K_EBANK) < rule.ebank_share:
        state.book[i].ebank = EBANK_ACTIVE
        give(state, campaigns, g, rule.reward_yuan)
    lag = lag_of(rule, luck_of(campaigns, address, g, K_LAG))
    chance = rule.sale_share * policy.closing_effort * willingness(policy, state, i, day)
    if rule.sale_share > 0.0:
        be_courted(state, policy, i)
    if luck_of(campaigns, address, g, K_SALE) < chance:
        be_sold(state, agenda, policy, i, day)
        give(state, campaigns, g, rule.reward_yuan)
        buy(state, agenda, policy, rule, i, day, days_left)
    elif luck_of(campaigns, address, g, K_LATE) < rule.late_share:
        lag += np.int64(-rule.half_life_days * log(luck_of(campaigns, address, g, K_WHEN)) / log(2.0))
    else:
        end_course(campaigns, g, NO_SALE)
        return
    amount = amount_of(state, policy, i, luck_of(campaigns, address, g, K_SIZE))
    if amount <= 0:
        end_course(campaigns, g, NO_SALE)
        return
    guest.promised = amount
    date(campaigns, g, day + lag)


@lean
def buy(state, agenda, policy, rule, i, day, days_left):
    """A buyer moves part of the demand balance into the campaign's product; the branch earns its fee."""
    if rule.product < 0 or rule.product_share <= 0.0:
        return
    moved = np.int64(np.float64(state.book[i].balance[DEMAND]) * rule.product_share)
    if moved <= 0:
        return
    place(state, agenda, policy.assets, policy.response.sold_term_days, i, rule.product, moved, day, days_left)
    count(state, tally.FEE_YUAN, np.float64(moved) / 100.0 * policy.money.sale_fee_share[rule.product])


@lean
def money_comes(state, campaigns, policy, agenda, g, day, days_left):
    """The promised money arrives, as far as it is still there; its hot part leaves when the reward's window ends."""
    guest = campaigns.guests[g]
    i = guest.who
    brought = bring(state, i, guest.promised, days_left) if is_customer(state.book, i) else np.int64(0)
    if brought <= 0:
        end_course(campaigns, g, NO_SALE)
        return
    count(state, tally.WON_FEN, np.float64(brought))
    guest.moved = brought
    guest.paid = 1
    guest.step = MOVED
    end_course(campaigns, g, 0)
    hot = np.int64(np.float64(brought) * campaigns.rules[guest.campaign].hot_share)
    if hot > 0:
        file(agenda, day + policy.response.hot_days, HOT_LEAVE, i, 0, hot)


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
        guest.prime = 1
        ask(state, campaigns, g, day)
        if luck_of(campaigns, address, g, K_REACH) >= rule.reach_share:
            end_course(campaigns, g, NOT_REACHED)
            continue
        guest.step = REACHED
        if not is_taken_by(state, campaigns, policy, address, g):
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
        if win_stranger(state, campaigns, policy, address, agenda, g, 3, day) < 0:
            end_course(campaigns, g, NO_SALE)
        else:
            give(state, campaigns, g, rule.reward_yuan)
            if guest.promised == 0:
                end_course(campaigns, g, NO_SALE)


@lean
def counter_minutes(state, campaigns, policy, address, g):
    """Minutes that asking guest g adds to a counter service, and teaching, where the guest will accept."""
    rule = campaigns.rules[campaigns.guests[g].campaign]
    accepts = is_taken_by(state, campaigns, policy, address, g)
    if accepts and luck_of(campaigns, address, g, K_ACCEPT) < rule.accept_share:
        return rule.ask_min + rule.minutes_per_guest_min
    return rule.ask_min
