"""The month's opening and closing in plain NumPy: what vipsim's compiled pass is measured against.

The same rules on the same columns, one array operation after another, with NumPy's own generator or with draws that
have addresses as vipsim's have (``Addressed``); with these it makes the same book and the same dated entries, which
``tests/test_plain_month.py`` holds. It is written as a careful user of NumPy would: a column an array, rules applied
to those whom they concern. What it leaves out, because nobody can meet it here: the search for an owner whose book has
room (all books are full at these sizes), wealth centres, levels served by channels only, a floor of profit, special
cards, fees and their sequels.

At 1,000,000 customers vipsim's month took a fifth of the time of this one with the same addresses (ratios 4.3
to 5.5, seen on a machine shared with others), and a third of the time of this one with NumPy's generator (2.6 to 3.6).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.plain_book import addressed_pair
from vipsim import draws
from vipsim.agenda import ALERT, ASSIGN, CARD, JOIN, MATURITY, NOTICE, TASK, VISIT
from vipsim.customers import cards as card_rules
from vipsim.customers.assets import REOPEN
from vipsim.customers.lifecycle import MOST_PRODUCTS
from vipsim.customers.ownership import CENTRE
from vipsim.outreach import triggers as reasons

CLASSES = 5
_VISITS_A_MONTH = 64  # numbers kept for one customer's visits of a month
_ROUNDING = 1e-17

Entries = list[tuple[int, np.ndarray, np.ndarray]]
"""Dated entries: kind, rows, days, one triple for each rule that dates some."""


class PlainBook:
    """The columns of a book as separate arrays; balances as one array for each product class."""

    def __init__(self, rows: Any) -> None:
        for name in rows.dtype.names:
            setattr(self, name, np.ascontiguousarray(rows[name]))
        self.balance = np.ascontiguousarray(rows["balance"].T)


class Own:
    """NumPy's own generator: draws without addresses."""

    def __init__(self, month: int) -> None:
        self.generator = np.random.default_rng(month)

    def pair(self, stream: int, time: int, who: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Two uniforms for each of some customers."""
        return self.generator.random(who.size), self.generator.random(who.size)

    def first(self, stream: int, time: int, who: np.ndarray, k: int) -> np.ndarray:
        """One uniform for each of some customers."""
        return self.generator.random(who.size)


class Addressed:
    """The draws at the addresses that vipsim gives them (seed 1, replication 0)."""

    def pair(self, stream: int, time: int, who: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The two uniforms of the block that holds k, for each of some customers."""
        return addressed_pair(1, stream, time, who, k)

    def first(self, stream: int, time: int, who: np.ndarray, k: int) -> np.ndarray:
        """Draw k (even) for each of some customers."""
        return addressed_pair(1, stream, time, who, k)[0]


Chance = Own | Addressed


def _event(u: np.ndarray, hazard: Any, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of some have an event of a monthly hazard, and on which day of the month."""
    met = np.flatnonzero(u > np.exp(-hazard))
    rate = hazard[met] if isinstance(hazard, np.ndarray) else hazard
    return met, np.minimum((-np.log(u[met]) / rate * days).astype(np.int64), days - 1)


def _within(due: np.ndarray, first: int, after: int) -> np.ndarray:
    return (due >= first) & (due < after)


def _poisson(u: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Poisson counts by inversion of one uniform each."""
    count = np.zeros(mean.size, np.int64)
    term = np.exp(-mean)
    total = term.copy()
    left = np.flatnonzero(total < u)
    while left.size:
        count[left] += 1
        term[left] *= mean[left] / count[left]
        total[left] += term[left]
        left = left[(total[left] < u[left]) & (term[left] > _ROUNDING)]
    return count


def open_month(
    book: Any, policy: Any, sums: Any, team: Any, chance: Chance, month: Any, returns: np.ndarray
) -> Entries:
    """Markets, saving, fading, care, hazards, stages, plans, cards and visits of one month; what is dated in it."""
    entries: Entries = []
    who = np.flatnonzero((book.stage > 0) & (book.stage < 6))
    _grow(book, policy, month, returns, who)
    _reopen(book, policy, chance, month, who)
    _fade(book, policy, who)
    _feel_markets(book, policy.assets, month, returns, who)
    owned = who[book.owner[who] >= 0]
    _care(book, policy, team, month, owned, entries)
    _cards(book, policy.cards, chance, month, who, entries)
    _seek(book, policy.ownership, sums, chance, who)
    _contacts(book, policy, chance, month, owned[book.owner[owned] < CENTRE], entries)
    u_stage = _notices(book, policy, sums, chance, month, who, entries)
    _stages(book, policy, chance, month, who, u_stage, entries)
    _visits(book, policy, chance, month, who, entries)
    return entries


def _grow(book: Any, policy: Any, month: Any, returns: np.ndarray, who: np.ndarray) -> None:
    flows = policy.assets
    before = book.balance.sum(axis=0)
    yuan = before / 100.0
    cuts = policy.cuts
    row = (book.income >= cuts.income_yuan[0]).astype(np.int8) + (book.income >= cuts.income_yuan[1])
    column = (yuan >= cuts.asset_yuan[0]).astype(np.int8) + (yuan >= cuts.asset_yuan[1])
    book.level[who] = (3 * row + column + 1)[who]
    here = np.zeros(before.size, bool)
    here[who] = True
    gained = np.zeros(before.size, np.int64)
    for product in range(CLASSES):
        gain = np.where(here, (book.balance[product] * returns[product]).astype(np.int64), 0)
        gain = np.maximum(gain, -book.balance[product])
        book.balance[product] += gain
        gained += gain
    there = book.elsewhere + (book.elsewhere * (flows.elsewhere_return_per_year / 12.0)).astype(np.int64)
    saved = (book.income * 100.0 / 12.0 * flows.saving_share * policy.levels.saving[book.level]).astype(np.int64)
    have = (before + gained).astype(np.float64)
    total = have + there
    wallet = np.maximum(np.divide(have, total, out=np.zeros_like(have), where=total > 0), flows.wallet_floor_share)
    wallet = np.minimum(wallet * flows.stage_wallet_ratio[np.clip(book.stage - 1, 0, 4)], 1.0)
    kept = (saved * wallet).astype(np.int64)
    book.balance[0] += np.where(here, kept, 0)
    book.elsewhere = np.where(here, there + saved - kept, book.elsewhere)
    book.drift += gained
    book.month_start = np.where(here, before, book.month_start)
    book.flow_days = np.where(here, (gained + kept) * month.days, book.flow_days)


def _reopen(book: Any, policy: Any, chance: Chance, month: Any, who: np.ndarray) -> None:
    flows = policy.assets
    deposits = (book.time_term > 0) & (book.time_maturity < 0)
    products = (book.buys_products > 0) & (book.product_maturity < 0)
    lacking = who[(deposits | products)[who]]
    u, v = chance.pair(draws.ASSETS, month.number, lacking, REOPEN)
    for product, wants, luck in ((1, deposits, u), (2, products, v)):
        buyer = lacking[wants[lacking] & (luck < flows.reopen_share)]
        part = (book.balance[0][buyer] * flows.reopen_part_share).astype(np.int64)
        buyer, part = buyer[part > 0], part[part > 0]
        book.balance[0][buyer] -= part
        book.balance[product][buyer] += part
        if product == 1:
            book.time_maturity[buyer] = month.first_day + book.time_term[buyer]
        else:
            book.product_maturity[buyer] = month.first_day + flows.product_term_days


def _raise(book: Any, who: np.ndarray, share: Any) -> None:
    book.relationship[who] += share * (1.0 - book.relationship[who])


def _fade(book: Any, policy: Any, who: np.ndarray) -> None:
    life = policy.lifecycle
    book.month_contacts[who] = 0
    book.channel_contacts[who] = 0
    base = life.base_strength_share[np.clip(book.stage[who] - 1, 0, 4)]
    strength = book.relationship[who]
    strength += life.relationship_decay_per_month * (base - strength)
    served = np.minimum(book.card[who], np.where(book.special[who] > 0, book.card[who], book.tier[who]))
    strength += policy.cards.service_care[served] * (1.0 - strength)
    book.relationship[who] = strength
    book.courted[who] *= 1.0 - policy.response.courted_fade_per_month
    book.contact_load[who] *= 11.0 / 12.0
    book.care[who] *= 11.0 / 12.0


def _feel_markets(book: Any, flows: Any, month: Any, returns: np.ndarray, who: np.ndarray) -> None:
    if np.abs(returns).max() < flows.loss_from_share:
        return
    have = book.balance.sum(axis=0) * flows.loss_hold_share
    for product in range(CLASSES):
        if abs(returns[product]) < flows.loss_from_share:
            continue
        holder = who[(book.balance[product] >= have)[who]]
        if returns[product] < 0:
            book.loss_day[holder] = month.first_day
            book.relationship[holder] *= 1.0 - flows.loss_care_share
        else:
            _raise(book, holder, flows.gain_care_share)


def _care(book: Any, policy: Any, team: Any, month: Any, owned: np.ndarray, entries: Entries) -> None:
    rules, levels = policy.ownership, policy.levels
    team.books[:] = np.bincount(book.owner[owned], minlength=team.books.size)
    _raise(book, owned, levels.perk_care[book.level[owned]])
    have = book.balance.sum(axis=0)[owned] / 100.0
    high, low = have / (1.0 + rules.transfer_margin_share), have * (1.0 + rules.transfer_margin_share)
    owner = book.owner[owned]
    above = high >= rules.head_from_yuan
    top = max(rules.teller_below_yuan, rules.rm_from_yuan)
    if rules.teller_from_yuan >= rules.teller_below_yuan:
        top = rules.teller_below_yuan
    stays = np.where(
        owner >= 40, low >= rules.head_from_yuan,
        np.where(owner < 20, (low >= rules.rm_from_yuan) & ~above, high < top),
    )  # fmt: skip
    if rules.follow_bands:
        moving = owned[~stays]
        entries.append((ASSIGN, moving, np.full(moving.size, month.first_day + rules.transfer_lag_days)))


def _cards(book: Any, rules: Any, chance: Chance, month: Any, who: np.ndarray, entries: Entries) -> None:
    first, after = month.first_day, month.first_day + month.days
    special = (book.type == 2) & (book.tier == 0) & (rules.special_share > 0.0)
    some = who[((book.card > 0) | ((book.tier > 0) & (book.signed > 0)) | special)[who]]
    card, tier = book.card[some], book.tier[some]
    held = card > 0
    expiry = book.card_expiry[some]
    ends = held & _within(expiry, first, after)
    entries.append((CARD, some[ends], expiry[ends]))
    holder = some[held]
    met, when = _event(
        chance.first(draws.TIER, month.number, holder, card_rules.DISQUALIFIED),
        rules.disqualified_per_month,
        month.days,
    )
    entries.append((CARD, holder[met], first + when))
    u, v = chance.pair(draws.TIER, month.number, some, card_rules.ACCEPTED)
    weights = np.cumsum(month.open_weights) / month.open_weights.sum()
    day = first + np.searchsorted(weights, v, side="right")
    due = expiry - rules.renew_before_days
    if month.number == 0:
        due = np.maximum(due, first)
    comes = book.card_business[some] > 0
    renews = ~comes & held & _within(due, first, after)
    free = ~comes & ~renews & (u < rules.acceptance)
    exchange = free & held & (card < tier) & (book.special[some] == 0)
    may = (card == 0) & (day >= book.ban_until[some])
    applies = free & ~exchange & (tier > 0) & (book.signed[some] > 0) & may
    rich = np.flatnonzero(free & ~exchange & ~applies & (tier == 0) & (book.type[some] == 2) & may)
    chosen = rich[chance.first(draws.TIER, 0, some[rich], card_rules._ELIGIBLE) < rules.special_eligible]
    for chosen_rows in (np.flatnonzero(comes | exchange | applies), chosen):
        entries.append((CARD, some[chosen_rows], day[chosen_rows]))
    open_days = np.flatnonzero(month.open_weights > 0)
    last = open_days[np.maximum(np.searchsorted(open_days, due[renews] - first, side="right") - 1, 0)]
    entries.append((CARD, some[renews], first + last))


def _seek(book: Any, rules: Any, sums: Any, chance: Chance, who: np.ndarray) -> np.ndarray:
    have = book.balance.sum(axis=0)[who] / 100.0
    wanting = who[(book.owner[who] == -1) & (have >= min(rules.rm_from_yuan, rules.teller_from_yuan))]
    share = sums.opening_assigned
    lacking = (rules.assigned_share - share) / (1.0 - share) if share < 1.0 else 0.0
    wanted = np.where(wanting < sums.opening_customers, lacking, rules.assigned_share)
    return wanting[chance.first(draws.OWNERSHIP, 0, wanting, 0) < wanted]


def _evenly(rate: np.ndarray, phase: np.ndarray, month: Any) -> tuple[np.ndarray, np.ndarray]:
    """Contacts of a yearly plan that fall into a month: which of some, on which day of the month."""
    before = phase + rate * month.number
    first = np.floor(before)
    planned = (np.floor(before + rate) - first).astype(np.int64)
    who = np.repeat(np.arange(rate.size), planned)
    n = np.arange(who.size) - np.repeat(np.cumsum(planned) - planned, planned)
    into = (first[who] + 1.0 + n - before[who]) / rate[who]
    return who, np.minimum((into * month.days).astype(np.int64), month.days - 1)


def _contacts(book: Any, policy: Any, chance: Chance, month: Any, owned: np.ndarray, entries: Entries) -> None:
    life, triggers = policy.lifecycle, policy.triggers
    day, after = month.first_day, month.first_day + month.days
    false_rate = policy.hazards.monthly[book.vip_group[owned]] * (
        (1.0 - life.declared_share) * life.detection_recall_share * (1.0 / life.detection_precision_share - 1.0)
    )
    met, when = _event(chance.first(draws.LIFECYCLE, month.number, owned, 4), false_rate, month.days)
    entries.append((ALERT, owned[met], day + when))
    lead = triggers.lead_days[reasons.MATURITY_REMINDER]
    for product, due in ((1, book.time_maturity[owned]), (2, book.product_maturity[owned])):
        told = _within(due, day + lead, after + lead) & (book.balance[product][owned] > 0)
        entries.append((TASK, owned[told], due[told] - lead))
    lead = triggers.lead_days[reasons.CARD_EXPIRY]
    due = book.card_expiry[owned]
    told = (book.card[owned] > 0) & _within(due, day + lead, after + lead)
    entries.append((TASK, owned[told], due[told] - lead))
    phase = chance.first(draws.CONTACT, 0, owned, reasons.PHASE)
    rate = triggers.plan_per_month[book.level[owned]] * triggers.stage_plan[book.stage[owned]]
    some, when = _evenly(rate, phase, month)
    entries.append((TASK, owned[some], day + when))
    tier = book.tier[owned]
    vip = np.flatnonzero(triggers.visits_per_month[tier] * (tier > 0) > 0.0)
    some, when = _evenly(triggers.visits_per_month[tier[vip]], phase[vip], month)
    entries.append((TASK, owned[vip[some]], day + when))
    vips = owned[tier > 0]
    ahead = (book.birthday[vips] - day) % 365
    entries.append((TASK, vips[ahead < month.days], day + ahead[ahead < month.days]))
    if month.festival >= 0:
        entries.append((TASK, vips, np.full(vips.size, month.festival)))
    fell = owned[book.tier_shock_day[owned] == day]
    entries.append((TASK, fell, np.full(fell.size, day)))
    rules = policy.outreach
    asked = owned[(tier < 3) & ((owned + month.number) % rules.threshold_every_months == 0)]
    cut = policy.cuts.tier_fen[book.tier[asked]].astype(np.float64)
    average = book.month_average[asked].sum(axis=1) / book.month_average.shape[1]
    near = asked[(rules.threshold_near_share * cut <= average) & (average < cut)]
    entries.append((TASK, near, np.full(near.size, day)))


def _hazard(book: Any, policy: Any, sums: Any, month: Any, i: np.ndarray) -> np.ndarray:
    ratios, day = policy.hazards, month.first_day
    have = book.balance[:, i]
    held = book.extra_products[i] + (have > 0).sum(axis=0) - 1
    ratio = ratios.products[np.clip(held, 0, MOST_PRODUCTS)]
    talked = (book.owner[i] >= 0) & (day - book.last_talk[i] <= ratios.maintained_days)
    ratio *= np.where(talked, ratios.maintained, 1.0)
    care = book.care[i]
    ratio *= 1.0 - ratios.contact_effect * care / (care + ratios.contact_half)
    ratio *= 1.0 + ratios.fatigue * np.maximum(book.contact_load[i] - ratios.fatigue_from, 0.0)
    ratio *= np.where(book.ebank[i] == 2, ratios.ebank, 1.0)
    ratio *= np.where(day - book.complaint_day[i] <= ratios.shock_days, ratios.complaint, 1.0)
    ratio *= np.where(day - book.bad_wait_day[i] <= ratios.shock_days, ratios.wait, 1.0)
    ratio *= np.where(day - book.tier_shock_day[i] <= ratios.shock_days, ratios.downgrade, 1.0)
    ratio *= np.where(day - book.loss_day[i] <= ratios.loss_days, ratios.loss, 1.0)
    ratio *= np.where(book.referred[i] > 0, ratios.referred, 1.0)
    locked = (book.time_maturity[i] - day > ratios.locked_days) & (2 * have[1] >= have.sum(axis=0))
    ratio *= np.where(locked, ratios.locked, 1.0)
    ratio *= 1.0 - (1.0 - ratios.relationship) * book.relationship[i]
    ratio *= ratios.level[book.level[i], book.area[i], (book.ebank[i] == 2).astype(np.int8)]
    ratio *= np.where(book.stage[i] == 1, ratios.exploration, 1.0)
    ratio *= np.where(book.stage[i] == 4, ratios.decline, 1.0)
    group = book.vip_group[i]
    ratio = np.maximum(ratio / sums.hazard_mean[group], ratios.floor)
    season = ratios.quarter4 if month.quarter == 3 else ratios.other_quarters
    life = policy.lifecycle
    season *= 1.0 + life.offer_invites_share * life.rescue_offer_share * 100.0
    ratio = np.where(group == 1, ratio * season, ratio)
    return np.asarray(ratio * sums.hazard_level[group] * ratios.rival * ratios.monthly[group])


def _notices(
    book: Any, policy: Any, sums: Any, chance: Chance, month: Any, who: np.ndarray, entries: Entries
) -> np.ndarray:
    u, u_stage = chance.pair(draws.LIFECYCLE, month.number, who, 0)
    near = np.flatnonzero((book.stage[who] != 5) & (u > 0.9))  # nobody's hazard reaches a tenth
    met, when = _event(u[near], _hazard(book, policy, sums, month, who[near]), month.days)
    entries.append((NOTICE, who[near[met]], month.first_day + when))
    return u_stage


def _stages(
    book: Any, policy: Any, chance: Chance, month: Any, who: np.ndarray, u: np.ndarray, entries: Entries
) -> None:
    ratios, day, after = policy.hazards, month.first_day, month.first_day + month.days
    stage = book.stage[who]
    weak = book.relationship[who] < policy.lifecycle.decline_below_share
    new = stage.copy()
    new[(stage == 1) & (u < ratios.leave_exploration)] = 2
    new[(stage == 2) & (u < ratios.leave_development)] = 3
    new[(stage == 3) & weak] = 4
    new[(stage == 4) & ~weak] = 2
    moved = new != stage
    book.stage_since[who[moved]] = day
    book.stage[who] = new
    for due in (book.time_maturity, book.product_maturity):
        mature = who[_within(due[who], day, after)]
        entries.append((MATURITY, mature, due[mature]))
    strong = who[(new == 3) & (book.relationship[who] >= policy.response.referral_from_share)]
    u = chance.first(draws.LIFECYCLE, month.number, strong, 2)
    met, when = _event(u, policy.response.referral_per_year / 12.0, month.days)
    entries.append((JOIN, strong[met], day + when))


def _visits(book: Any, policy: Any, chance: Chance, month: Any, who: np.ndarray, entries: Entries) -> None:
    weights = np.cumsum(month.open_weights) / month.open_weights.sum()
    rate = np.full(who.size, policy.visits_per_open_day * month.open_weights.sum())
    rate *= np.where(book.tier[who] > 0, policy.vip_visit_ratio, 1.0)
    rate *= np.where(book.ebank[who] == 2, policy.ebank_visit_ratio, 1.0)
    rate *= np.where(book.skilled[who] > 0, policy.channels.skilled_visit_ratio, 1.0)
    rate *= policy.levels.visits[book.level[who]]
    u = chance.first(draws.VISIT_COUNT, month.number, who, 0)
    likely = np.flatnonzero(u >= 1.0 - rate)
    visits = np.minimum(_poisson(u[likely], rate[likely]), _VISITS_A_MONTH - 1)
    coming, visits = who[likely[visits > 0]], visits[visits > 0]
    k = 0
    while coming.size:
        u, v = chance.pair(draws.VISIT_COUNT, month.number, coming, 2 + k)
        entries.append((VISIT, coming, month.first_day + np.searchsorted(weights, u, side="right")))
        more = visits > k + 1
        entries.append((VISIT, coming[more], month.first_day + np.searchsorted(weights, v[more], side="right")))
        coming, visits = coming[visits > k + 2], visits[visits > k + 2]
        k += 2


def close_month(book: Any, policy: Any, month: Any) -> float:
    """Averages, re-grading, cards, types, first contacts and the month's costs, yuan."""
    here = (book.stage > 0) & (book.stage < 6)
    after = month.first_day + month.days
    window = book.month_average.shape[1]
    book.month_average[:, month.number % window] = book.month_start + book.flow_days // month.days
    average = book.month_average.sum(axis=1) // window
    cuts = policy.cuts.tier_fen
    earned = (average >= cuts[0]).astype(np.int8) + (average >= cuts[1]) + (average >= cuts[2])
    served = np.where(book.special > 0, book.card, np.minimum(book.card, book.tier))
    falls = here & (earned < book.tier)
    book.below_months = np.where(falls, book.below_months + 1, 0)
    falls &= book.below_months > policy.cards.grace_months
    book.below_months[falls] = 0
    book.tier = np.where(here & (falls | (earned > book.tier)), earned, book.tier)
    now = np.where(book.special > 0, book.card, np.minimum(book.card, book.tier))
    book.tier_shock_day[falls & (now < served)] = after
    above = book.tier > book.card
    book.qualified_day = np.where(above, np.where(book.qualified_day < 0, after, book.qualified_day), -1)
    pays = (book.fee_due > 0) & (book.balance[0] >= book.fee_due)
    book.balance[0][pays] -= book.fee_due[pays]
    book.fee_due[pays] = 0
    review = here & (book.card > 0) & (book.special == 0) & (earned == 0)
    issued = book.card_expiry - policy.cards.validity_days
    review &= (after - 1 - issued) // 365 != (month.first_day - 1 - issued) // 365
    total = book.balance.sum(axis=0) + book.elsewhere
    kind = np.full(total.size, 3, np.int8)
    kind[total >= policy.cuts.potential_ratio * cuts[0]] = 1
    kind[(book.tier > 0) | (total >= cuts[0])] = 2
    kind[(book.tier > 0) & (book.signed > 0)] = 0
    book.type = np.where(here, kind, book.type)
    settled = here & (book.assigned_day >= 0) & (after - book.assigned_day > policy.ownership.first_contact_days)
    made = np.count_nonzero(settled & (book.last_contact >= book.assigned_day))
    book.assigned_day[settled] = -1
    cost = policy.cards.service_yuan[now][here].sum()
    premium = book.balance[1][here & (book.tier > 0)].sum() / 100.0 * policy.assets.rate_premium_share / 12.0
    remote = np.count_nonzero(here & (book.ebank == 2)) * policy.experience.remote_per_user_per_year / 12.0
    return float(cost + premium + remote + made + np.count_nonzero(review))
