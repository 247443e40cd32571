# mypy: allow-untyped-defs, allow-untyped-calls
"""The month's opening: what happens to every customer on its first day, and the dates of what may happen in it.

The book is taken block by block, and each step is a loop over the customers of a block whom it concerns. The
generator of draws then works on several customers at once, and a loop without unforeseeable branches is fast: who is
concerned is listed first. Every draw has its own address, so the order of the steps changes nothing.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import ALERT, ARRIVE, JOIN, MATURITY, NOTICE, VISIT, file
from vipsim.compiled import inlined, kernel, lean
from vipsim.customers import book as books
from vipsim.customers.assets import REOPEN, feel_markets, grow, lacks_product, reopen
from vipsim.customers.book import EBANK_ACTIVE, EXITED, EXPLORATION, NO_OWNER
from vipsim.customers.cards import (
    ACCEPTED,
    DISQUALIFIED,
    concerns_cards,
    file_card_ends,
    file_card_visit,
    level_served,
)
from vipsim.customers.lifecycle import (
    FALSE,
    ORDINARY_GROUP,
    VIP_GROUP,
    day_of_event,
    monthly_hazard,
    most_hazard,
    next_stage,
)
from vipsim.customers.ownership import (
    CENTRE,
    OF_THE_DAY,
    TARGET,
    assigned_chance,
    care_of_centre,
    centre_cares,
    follow_band,
    lowest_owned,
    may_find_owner,
    measured,
    room_left,
    seek_owner,
    set_lead_rule,
    teller_top,
)
from vipsim.customers.segments import TIME, WEALTH_PRODUCT, fen_reaching, grid_level
from vipsim.customers.state import CHANNEL_COUNT, CLASSES, assets, count, raise_relationship
from vipsim.draws import category, fill_pairs, poisson
from vipsim.outreach.dates import plan_contacts, plan_occasions, plan_reminders
from vipsim.outreach.triggers import PHASE

BLOCK = 1024  # customers taken together: their rows stay in the processor's nearest memory
VISITS_A_MONTH = 64  # numbers kept for one customer's visits of a month
_OUTFLOW, _REFERRAL = 0, 2  # numbers of the month's draws of a customer (stream LIFECYCLE)
_FALSE_ALERT, _WIN_BACK = 4, 6
_COUNT, _DAYS = 0, 2  # numbers of the draws of a customer's visits (stream VISIT_COUNT)


class Block(NamedTuple):
    """The customers of a block, lists of those whom a step concerns, and their draws: arrays of BLOCK."""

    here: np.ndarray  # int32, rows of customers with an account
    gone: np.ndarray  # int32, rows of those who have left
    total: np.ndarray  # int64, assets of those in ``here``, fen
    seekers: np.ndarray  # int32 [rows of the book], those of all blocks who are in some owner's band and have none
    worth: np.ndarray  # float64 [rows of the book], their assets that decide the band, yuan
    lacking: np.ndarray  # int32, rows of those who have no deposit or product running and have had one
    carded: np.ndarray  # int32, rows of those whom cards concern
    owned: np.ndarray  # int32, rows of those who have an owner when the month opens
    some: np.ndarray  # int32, rows whom the present step concerns
    others: np.ndarray  # int32, the same for a second list
    visits: np.ndarray  # int64, visits of each row of a list
    first: np.ndarray  # float64, uniforms of even numbers
    second: np.ndarray  # float64, those of the odd numbers after them
    rates: np.ndarray  # float64, expected visits of each row of a list


@kernel
def make_block(rows):
    """Room for one block of customers of a book of so many rows."""
    ids = np.zeros((7, BLOCK), np.int32)
    u = np.zeros((3, BLOCK))
    seekers = np.empty(rows, np.int32)
    worth = np.empty(rows)
    whole = np.zeros((2, BLOCK), np.int64)
    return Block(
        here=ids[0],
        gone=ids[1],
        total=whole[0],
        seekers=seekers,
        worth=worth,
        lacking=ids[2],
        carded=ids[3],
        owned=ids[4],
        some=ids[5],
        others=ids[6],
        visits=whole[1],
        first=u[0],
        second=u[1],
        rates=u[2],
    )


@lean
def invited_share(life):
    """Part of VIPs' threats that the rescue offer calls forth."""
    return life.offer_invites_share * life.rescue_offer_share * 100.0


@lean
def level_of(state, policy, i):
    """Grid level 1-9 of customer i."""
    have = np.float64(assets(state.book, i)) / 100.0
    return grid_level(have, state.book[i].income, policy.cuts.asset_yuan, policy.cuts.income_yuan)


@lean
def open_rows(state, agenda, policy, address, team, month, returns, cumulative, total, block):
    """The month's opening for every row of the book that the branch knows; the owners' books are counted anew."""
    rows = state.sums.next_prospect
    for product in range(CLASSES):
        state.sums.class_days[product] = 0
    for post in range(team.books.size):
        team.books[post] = 0
    state.sums.card_stock = policy.cards.stock_per_month
    state.sums.co_managed = 0
    seeking = 0
    for start in range(0, rows, BLOCK):
        here, gone, lacking, carded, owned, tired = _look(state, policy, start, min(start + BLOCK, rows), block)
        grow(state, policy.assets, policy.levels, policy.cuts, block.here, here, returns, month.days, block.total)
        _reopen(state, policy, address, month, block, lacking)
        feel_markets(state, policy.assets, block.here, here, block.total, returns, month.first_day)
        _care(state, agenda, policy, team, month, block, owned)
        _file_cards(state, agenda, policy, address, month, cumulative, total, block, carded)
        seeking = _list_seekers(state, policy, block, here, seeking)
        _file_contacts(state, agenda, policy, address, month, block, owned)
        _file_notices(state, agenda, policy, address, month, block, here, tired)
        _change_stages(state, agenda, policy, address, month, block, here)
        if total > 0.0:
            _file_visits(state, agenda, policy, address, month, cumulative, total, block, here)
        if gone > 0:
            _file_returns(state, agenda, policy, address, team, month, block, gone)
    set_lead_rule(state, policy.ownership, team)
    _seek_owners(state, agenda, policy, address, team, month, block, seeking)  # all books are counted now


@lean
def set_levels(state, policy, who, n):
    """Grid levels of the first n customers of ``who``, as they hold for the month."""
    for j in range(n):
        state.book[who[j]].level = level_of(state, policy, who[j])


@lean
def _look(state, policy, first, after, block):
    """The first look at a block's rows: who is here, who has left, whom the next steps concern; memories fade.

    Returns how many are here, have left, lack a deposit or product, are concerned by cards, have an owner, and may be
    tired of contacts. One loop, while a row is at hand: each loop of its own would fetch every row again.
    """
    book = state.book
    here = gone = lacking = carded = owned = tired = 0
    life = policy.lifecycle
    care = policy.cards.service_care
    uncourted = 1.0 - policy.response.courted_fade_per_month
    for i in range(first, after):
        stage = book[i].stage
        block.gone[gone] = i
        gone += 1 if stage == EXITED else 0
        if not EXPLORATION <= stage < EXITED:
            continue
        block.here[here] = i
        here += 1
        block.lacking[lacking] = i
        lacking += 1 if lacks_product(state, i) else 0
        block.carded[carded] = i
        carded += 1 if concerns_cards(state, policy.cards, i) else 0
        block.owned[owned] = i
        owned += 1 if book[i].owner >= 0 else 0
        _fade(state, i, life.base_strength_share[stage - EXPLORATION], life.relationship_decay_per_month, uncourted)
        served = level_served(book, i)
        if served > 0:
            raise_relationship(state, i, care[served])
        tired += 1 if book[i].contact_load > policy.hazards.fatigue_from else 0
    return here, gone, lacking, carded, owned, (tired if policy.ownership.centres == 0 else here)


@inlined
def _fade(state, i, base, decay, uncourted):
    """Customer i's relationship returns towards its base, the memory of contacts fades; a month's count begins."""
    row = state.book[i]
    row.month_contacts = 0
    for channel in range(CHANNEL_COUNT):
        row.channel_contacts[channel] = 0
    row.relationship += decay * (base - row.relationship)
    row.courted *= uncourted
    row.contact_load *= 11.0 / 12.0  # an exponential memory of one year
    row.care *= 11.0 / 12.0


@lean
def _reopen(state, policy, address, month, block, lacking):
    """Deposits and wealth products are bought by those who have held them and have none running."""
    fill_pairs(address, draws.ASSETS, month.number, REOPEN, block.lacking, lacking, block.first, block.second)
    for j in range(lacking):
        reopen(state, policy.assets, block.lacking[j], month.first_day, block.first[j], block.second[j])


@lean
def _care(state, agenda, policy, team, month, block, owned):
    """Owned customers: counted in their owner's book, extra care by level, a centre's contacts, a change of band.

    Who is served by channels only loses the owner.
    """
    book = state.book
    levels = policy.levels
    rules = policy.ownership
    perks = 0.0
    for j in range(owned):
        i = block.owned[j]
        level = book[i].level
        if levels.kept[level] == 0:
            book[i].owner = NO_OWNER
            book[i].relationship *= 1.0 - rules.transfer_loss_share
            continue
        team.books[book[i].owner] += 1
        perks += levels.perk_yuan[level]
        raise_relationship(state, i, levels.perk_care[level])
        if rules.centres > 0 and centre_cares(state, rules, i):
            care_of_centre(state, rules, policy.response.meeting_care_share, i, month.first_day)
        if rules.follow_bands:
            follow_band(state, agenda, rules, team, i, month.first_day)
    count(state, tally.PERK_YUAN, perks)


@inlined
def _within(day, first, month):
    """Whether a day lies in the month that begins on day ``first``: asked at once, a day before it being huge."""
    return np.uint64(day - first) < np.uint64(month.days)


@lean
def _earns(state, policy, i):
    """Whether customer i's margin a year reaches what an owner must be worth (S23)."""
    margin = 0.0
    for product in range(CLASSES):
        margin += np.float64(state.book[i].balance[product]) / 100.0 * policy.money.margin_per_year[product]
    return margin >= policy.ownership.profit_floor_yuan_per_year


@lean
def _file_cards(state, agenda, policy, address, month, cumulative, total, block, carded):
    """Dates of the cards' business: expiry, loss, renewal, offers that are accepted."""
    rules = policy.cards
    holding = 0
    for j in range(carded):
        block.some[holding] = block.carded[j]
        holding += 1 if state.book[block.carded[j]].card > 0 else 0
    fill_pairs(address, draws.TIER, month.number, DISQUALIFIED, block.some, holding, block.first, block.second)
    for j in range(holding):
        file_card_ends(state, agenda, rules, block.first[j], block.some[j], month)
    if total > 0.0:
        fill_pairs(address, draws.TIER, month.number, ACCEPTED, block.carded, carded, block.first, block.second)
        for j in range(carded):
            file_card_visit(
                state, agenda, rules, address, block.first[j], block.second[j], block.carded[j], month, cumulative
            )


@lean
def _list_seekers(state, policy, block, n, seeking):
    """Customers in an owner's band who have no owner join ``block.seekers``; its new length."""
    book = state.book
    rules = policy.ownership
    low, top = rules.rm_from_yuan, teller_top(rules)
    lowest = fen_reaching(lowest_owned(rules)) if rules.measure == OF_THE_DAY else np.int64(0)
    rich = 0
    for j in range(n):
        block.some[rich] = block.here[j]
        rich += 1 if block.total[j] >= lowest else 0
    for j in range(rich):
        i = block.some[j]
        if book[i].owner != NO_OWNER:
            continue
        have = measured(state, rules, i)
        block.seekers[seeking] = i
        block.worth[seeking] = have
        in_band = (have >= low) | ((have >= rules.teller_from_yuan) & (have < top))
        seeking += 1 if in_band & (policy.levels.kept[book[i].level] > 0) else 0
    return seeking


@lean
def _seek_owners(state, agenda, policy, address, team, month, block, seeking):
    """Of those listed who are to have an owner (B07) find one. No lot is drawn where no book has room."""
    rules = policy.ownership
    room = room_left(rules, team)
    hopeful = 0
    for n in range(seeking):
        block.seekers[hopeful] = block.seekers[n]
        hopeful += 1 if may_find_owner(rules, team, room, block.worth[n]) else 0
    for start in range(0, hopeful, BLOCK):
        n = min(BLOCK, hopeful - start)
        for j in range(n):
            block.some[j] = block.seekers[start + j]
        fill_pairs(address, draws.OWNERSHIP, 0, TARGET, block.some, n, block.first, block.second)
        for j in range(n):
            i = block.some[j]
            earns = rules.profit_floor_yuan_per_year <= 0.0 or _earns(state, policy, i)
            if earns and block.first[j] < assigned_chance(state, rules, i):
                seek_owner(state, agenda, address, rules, team, i, month.first_day)


@lean
def _file_notices(state, agenda, policy, address, month, block, n, tired):
    """Notices of large outflows. A customer's hazard is computed only where the draw is near enough to 1.

    Bounds of the hazard hold for who is not tired of contacts (``tired``: how many of the block are).
    """
    book = state.book
    ratios = policy.hazards
    day = month.first_day
    invited = invited_share(policy.lifecycle)
    ordinary = 1.0 - most_hazard(state, ratios, ORDINARY_GROUP, invited)
    vip = 1.0 - most_hazard(state, ratios, VIP_GROUP, invited)
    watched = state.sums.watched > 0 and state.sums.phase == tally.WINDOW  # a pilot sums everybody's chances
    safe = -1.0 if watched or tired > 0 else min(ordinary, vip)
    fill_pairs(address, draws.LIFECYCLE, month.number, _OUTFLOW, block.here, n, block.first, block.second)
    near = 0
    for j in range(n):
        block.some[near] = block.here[j]
        block.others[near] = j
        near += 1 if block.first[j] > safe else 0
    for m in range(near):
        i = block.some[m]
        u = block.first[block.others[m]]
        bound = vip if book[i].vip_group == VIP_GROUP else ordinary
        rested = book[i].contact_load <= ratios.fatigue_from
        if book[i].stage == books.NOTICE or ((u <= bound) & rested & (not watched)):
            continue
        hazard = monthly_hazard(state, ratios, i, day, month.quarter, invited)
        if watched and book[i].cohort and not book[i].lost:
            state.sums.expected[book[i].vip_group, 0] += 1.0 - exp(-hazard)
        when = day_of_event(u, hazard, month.days)
        if when >= 0:
            file(agenda, day + when, NOTICE, i, 0, 0)


@lean
def _file_contacts(state, agenda, policy, address, month, block, n):
    """False alerts, reminders and planned contacts of those of the first n owned whom the branch itself keeps."""
    book = state.book
    life = policy.lifecycle
    day = month.first_day
    owned = 0
    for j in range(n):
        block.some[owned] = block.owned[j]
        owned += 1 if 0 <= book[block.owned[j]].owner < CENTRE else 0
    fill_pairs(address, draws.LIFECYCLE, month.number, _FALSE_ALERT, block.some, owned, block.first, block.second)
    for j in range(owned):
        i = block.some[j]
        false_rate = (
            policy.hazards.monthly[book[i].vip_group]
            * (1.0 - life.declared_share)
            * life.detection_recall_share
            * (1.0 / life.detection_precision_share - 1.0)
        )
        when = day_of_event(block.first[j], false_rate, month.days)
        if when >= 0:
            file(agenda, day + when, ALERT, i, 0, FALSE)
    fill_pairs(address, draws.CONTACT, 0, PHASE, block.some, owned, block.first, block.second)
    for j in range(owned):
        i = block.some[j]
        plan_reminders(state, agenda, policy.triggers, i, day, month.days)
        plan_contacts(state, agenda, policy.triggers, i, book[i].level, block.first[j], month.number, day, month.days)
        plan_occasions(state, agenda, policy, i, month)


@lean
def _change_stages(state, agenda, policy, address, month, block, n):
    """The slow transitions of relationships, recommendations where they are ripe and strong, and maturities.

    The draws of the stages stand in ``block.second`` since the notices were drawn.
    """
    book = state.book
    day = month.first_day
    strong = policy.response.referral_from_share
    rate = policy.response.referral_per_year / 12.0
    recommending = 0
    due = 0
    for j in range(n):
        i = block.here[j]
        row = book[i]
        next_stage(state, policy.lifecycle, policy.hazards, block.second[j], i, day)
        block.some[recommending] = i
        recommending += 1 if (row.stage == books.MATURITY) & (row.relationship >= strong) else 0
        block.others[due] = i
        due += 1 if _within(row.time_maturity, day, month) | _within(row.product_maturity, day, month) else 0
    for j in range(due):
        i = block.others[j]
        for product in (TIME, WEALTH_PRODUCT):
            when = book[i].time_maturity if product == TIME else book[i].product_maturity
            if day <= when < day + month.days:
                file(agenda, when, MATURITY, i, product, 0)
    fill_pairs(address, draws.LIFECYCLE, month.number, _REFERRAL, block.some, recommending, block.first, block.second)
    for j in range(recommending):
        when = day_of_event(block.first[j], rate, month.days)
        if when >= 0:
            file(agenda, day + when, JOIN, block.some[j], month.number, 0)


@lean
def _most_visits(policy, total):
    """The largest rate of a month's visits that a customer can have: ``_visit_rate`` with every factor at its most."""
    rate = policy.visits_per_open_day * total
    rate *= max(1.0, policy.vip_visit_ratio)
    rate *= max(1.0, policy.ebank_visit_ratio)
    rate *= max(1.0, policy.channels.skilled_visit_ratio)
    most = 0.0
    for level in range(policy.levels.visits.size):
        most = max(most, policy.levels.visits[level])
    return rate * most


@lean
def _visit_rate(state, policy, total, i):
    """Expected visits of customer i in a month whose open days weigh ``total``."""
    row = state.book[i]
    rate = policy.visits_per_open_day * total
    rate *= policy.vip_visit_ratio if row.tier > 0 else 1.0
    rate *= policy.ebank_visit_ratio if row.ebank == EBANK_ACTIVE else 1.0
    rate *= policy.channels.skilled_visit_ratio if row.skilled else 1.0
    return rate * policy.levels.visits[row.level]


@lean
def _file_visits(state, agenda, policy, address, month, cumulative, total, block, n):
    """Draw the visits of a block's customers and their days; each is filed under its day."""
    fill_pairs(address, draws.VISIT_COUNT, month.number, _COUNT, block.here, n, block.first, block.second)
    home = 1.0 - _most_visits(policy, total)  # whoever draws less stays at home at any rate
    perhaps = 0
    for j in range(n):
        block.some[perhaps] = block.here[j]
        block.others[perhaps] = j
        perhaps += 1 if block.first[j] >= home else 0
    likely = 0
    for m in range(perhaps):
        j = block.others[m]
        rate = _visit_rate(state, policy, total, block.some[m])
        block.some[likely] = block.some[m]
        block.others[likely] = j
        block.rates[likely] = rate
        likely += 1 if block.first[j] >= 1.0 - rate else 0
    coming = 0
    for m in range(likely):
        visits = min(poisson(block.first[block.others[m]], block.rates[m]), VISITS_A_MONTH - 1)
        block.some[coming] = block.some[m]
        block.visits[coming] = visits
        coming += 1 if visits > 0 else 0
    k = 0
    while coming > 0:  # two visits of everybody who has so many, then the next two
        fill_pairs(address, draws.VISIT_COUNT, month.number, _DAYS + k, block.some, coming, block.first, block.second)
        left = 0
        for j in range(coming):
            i = block.some[j]
            visits = block.visits[j]
            number = month.number * VISITS_A_MONTH + k
            file(agenda, month.first_day + category(block.first[j], cumulative), VISIT, i, number, 0)
            if visits > k + 1:
                file(agenda, month.first_day + category(block.second[j], cumulative), VISIT, i, number + 1, 0)
            block.some[left] = i
            block.visits[left] = visits
            left += 1 if visits > k + 2 else 0
        coming = left
        k += 2


@lean
def _file_returns(state, agenda, policy, address, team, month, block, n):
    """Some of those who have left come back with a part of their money."""
    fill_pairs(address, draws.LIFECYCLE, month.number, _WIN_BACK, block.gone, n, block.first, block.second)
    for j in range(n):
        i = block.gone[j]
        if state.book[i].owner >= 0:
            team.books[state.book[i].owner] += 1
        state.book[i].month_start = assets(state.book, i)
        state.book[i].flow_days = 0
        when = day_of_event(block.first[j], policy.lifecycle.win_back_per_year / 12.0, month.days)
        if when >= 0:
            part = policy.response.won_share * policy.response.movable_share * block.second[j]
            back = np.int64(np.float64(state.book[i].elsewhere) * part)
            file(agenda, month.first_day + when, ARRIVE, i, 1, back)
