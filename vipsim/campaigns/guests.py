# mypy: allow-untyped-defs, allow-untyped-calls
"""What every step of a guest's course needs: the purse of the campaign, the date of the next step, the end."""

from __future__ import annotations

import numpy as np

from vipsim import tally
from vipsim.campaigns.contact import freshness, movable_part
from vipsim.campaigns.rules import ASKED, BUDGET
from vipsim.campaigns.targets import K_INTEREST, luck_of
from vipsim.compiled import lean
from vipsim.customers.channels import at_odds
from vipsim.customers.state import count, is_customer


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
def give(state, campaigns, g, yuan):
    """A gift or reward, where the budget still allows it."""
    if yuan > 0.0 and can_spend(campaigns, campaigns.guests[g].campaign, yuan):
        spend_on(state, campaigns, g, yuan)


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
def appeal(rule, day):
    """Interest on a day relative to its best: a product new to the market, in growth, saturated, in decline (Y13)."""
    long = max(rule.until_day + 1 - rule.from_day, 1)
    quarter = min(max((day - rule.from_day) * 4 // long, 0), 3)
    return rule.interest_ratio[quarter]


@lean
def is_taken_by(state, campaigns, policy, address, g, odds, day):
    """Whether guest g is interested: less where contacts tire, more where the relationship is strong.

    ``odds`` = how much it serves what the guest came for, relative; 1 = nothing is known (EB14).
    """
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    chance = rule.interest_share * appeal(rule, day)
    if guest.who >= 0 and is_customer(state.book, guest.who):
        chance *= freshness(policy, state, guest.who) * (0.5 + state.book[guest.who].relationship)
    if odds != 1.0:
        chance = at_odds(min(chance, 1.0), odds)
    return luck_of(campaigns, address, g, K_INTEREST) < chance


@lean
def amount_of(state, policy, i, u):
    """Fen that a sale brings from elsewhere."""
    return np.int64(np.float64(state.book[i].elsewhere) * movable_part(policy) * u)


@lean
def lag_of(rule, u):
    """Days until the money of a sale arrives (N27)."""
    return rule.lag_days_low + np.int64(np.float64(rule.lag_days_high - rule.lag_days_low + 1) * u)
