# mypy: allow-untyped-defs, allow-untyped-calls
"""A guest is met: care, what was taught, signed or reminded of, a sale now, later or never; and the money comes."""

from __future__ import annotations

from math import log

import numpy as np

from vipsim import tally
from vipsim.agenda import HOT_LEAVE, file
from vipsim.campaigns.contact import be_courted, be_sold, be_talked_with, bring, effort, willingness
from vipsim.campaigns.guests import amount_of, date, end_course, give, lag_of
from vipsim.campaigns.rules import AT_BRANCH, AT_EVENT, MET, MOVED, NO_SALE, STRANGER
from vipsim.campaigns.targets import (
    K_EBANK,
    K_LAG,
    K_LATE,
    K_SALE,
    K_SIGN,
    K_SIZE,
    K_WHEN,
    luck_of,
)
from vipsim.compiled import lean
from vipsim.customers.assets import place
from vipsim.customers.book import EBANK_ACTIVE
from vipsim.customers.segments import DEMAND, TIME, WEALTH_PRODUCT
from vipsim.customers.state import count, is_customer, raise_relationship


@lean
def be_met(state, campaigns, policy, address, agenda, g, day, days_left):
    """Guest g was met: care, what was taught, signed or reminded of, and a sale now, later or never."""
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    i = guest.who
    row = state.book[i]
    guest.step = MET
    raise_relationship(state, i, rule.care_share)
    count(state, tally.FEE_YUAN, rule.fee_yuan)
    if rule.where == AT_EVENT or rule.where == AT_BRANCH:
        be_talked_with(state, policy, i, day)
    if rule.reminds:
        if row.time_maturity >= day:
            row.reminded |= 1 << TIME
        if row.product_maturity >= day:
            row.reminded |= 1 << WEALTH_PRODUCT
    if guest.by_counter:
        if row.ebank == EBANK_ACTIVE:
            give(state, campaigns, g, rule.reward_yuan)
    elif row.ebank != EBANK_ACTIVE and luck_of(campaigns, address, g, K_EBANK) < rule.ebank_share:
        row.ebank = EBANK_ACTIVE
        give(state, campaigns, g, rule.reward_yuan)
    if row.owner >= 0 and row.signed == 0 and luck_of(campaigns, address, g, K_SIGN) < rule.sign_share:
        row.signed = 1
        count(state, tally.SIGNED, 1.0)
    lag = lag_of(rule, luck_of(campaigns, address, g, K_LAG))
    chance = rule.sale_share * effort(state, policy) * willingness(policy, state, i, day)
    if rule.sale_share > 0.0:
        be_courted(state, policy, i)
    if luck_of(campaigns, address, g, K_SALE) < chance:
        be_sold(state, agenda, policy, i, day)
        give(state, campaigns, g, rule.reward_yuan)
        moved = np.int64(np.float64(row.balance[DEMAND]) * rule.product_share)
        buy(state, agenda, policy, rule, i, moved, day, days_left)
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
def buy(state, agenda, policy, rule, i, fen, day, days_left):
    """A buyer moves demand money into the campaign's product; the branch earns its fee."""
    if rule.product < 0 or fen <= 0:
        return
    term = rule.product_term_days if rule.product_term_days > 0 else policy.response.sold_term_days
    place(state, agenda, policy.assets, term, i, rule.product, fen, day, days_left)
    count(state, tally.FEE_YUAN, np.float64(fen) / 100.0 * policy.money.sale_fee_share[rule.product])


@lean
def money_comes(state, campaigns, policy, agenda, g, day, days_left):
    """The promised money arrives, as far as it is still there; its hot part leaves when the reward's window ends.

    Strangers put a part of it into the product that suits the people met there (C06).
    """
    guest = campaigns.guests[g]
    rule = campaigns.rules[guest.campaign]
    i = guest.who
    brought = bring(state, i, guest.promised, days_left) if is_customer(state.book, i) else np.int64(0)
    if brought <= 0:
        end_course(campaigns, g, NO_SALE)
        return
    count(state, tally.WON_FEN, np.float64(brought))
    if guest.luck >= STRANGER:
        moved = np.int64(np.float64(brought) * rule.product_share)
        buy(state, agenda, policy, rule, i, moved, day, days_left)
    guest.moved = brought
    guest.paid = 1
    guest.step = MOVED
    end_course(campaigns, g, 0)
    hot = np.int64(np.float64(brought) * rule.hot_share)
    if hot > 0:
        file(agenda, day + policy.response.hot_days, HOT_LEAVE, i, 0, hot)
