# mypy: allow-untyped-defs, allow-untyped-calls
"""Drawing the cells of a book: one pass over its rows, block by block, each cell from its own address.

A row's draws depend on the seed and the row's number alone (stream BOOK; time 0 for customers, 1 for prospects), so
one more customer changes no other row. A cell that is known already (from a bank's file) stays as it is, and what is
drawn is drawn given it. Each step is a loop over a block of rows: the generator then works on several rows at once,
and the arrays of the book are taken hold of once per block (doing it once per row costs seven times the time).
"""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from vipsim import draws
from vipsim.compiled import inlined, kernel
from vipsim.customers.book import (
    DECLINE,
    DEVELOPMENT,
    EBANK_ACTIVE,
    EBANK_NONE,
    EXPLORATION,
    MATURITY,
    NEVER,
    NO_DAY,
    NOTICE,
    PROSPECT,
    UNKNOWN,
    UNKNOWN_DAY,
)
from vipsim.customers.laws import elsewhere_given_assets, income_given_assets, wallet_at
from vipsim.customers.segments import (
    TIME,
    WEALTH_PRODUCT,
    column_of,
    grid_level,
    group_of,
    is_target,
    tier_of,
    type_of,
)
from vipsim.draws import BOOK, Address, normal_quantile, uniform

CUSTOMERS, PROSPECTS = 0, 1
"""The time word of a draw's address: rows of the two kinds never meet."""

# The k of each draw; two neighbours from an even number on cost one block of the generator. Append only.
_WEALTH, _INCOME = 0, 1
_BAND, _AGE = 2, 3
_WALLET, _TENURE = 4, 5
_EBANK, _FEMALE = 6, 7
_HOLDS = 8  # 8..11: time, wealth product, fund, insurance and metals
_AMOUNT = 12  # 12..15: their amounts
_DEMAND, _EXTRA = 16, 17
_TIME_TERM, _TIME_DAY = 18, 19
_PRODUCT_TERM, _PRODUCT_DAY = 20, 21
_CARE, _KEPT = 22, 23
_CONTACT, _CARD = 24, 25
_STAGE, _SINCE = 26, 27
_STRENGTH, _PAYROLL = 28, 29
_AREA, _TRADE = 30, 31
_MONTH = 32  # 32 + m: month m of the window

_BLOCK = 128  # rows drawn together
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio
_SHIFT12 = np.uint64(12)
_STEP52 = 2.0**-52
_YEAR_DAYS = 365.25

# The generator of ``draws.pair``, pasted into the loop over rows so that the compiler works on several rows at once.
_philox = inlined(getattr(draws.philox, "py_func", draws.philox))
_open_unit = inlined(getattr(draws._open_unit, "py_func", draws._open_unit))

_VIP, _TARGET, _OTHER, _NOBODY = range(4)  # rows of ``BookLaws.care``; the last has no care at all


def wealth_shift(address: Address, kind: int) -> float:
    """Where the evenly spread places of wealth begin: one uniform for the whole book."""
    return float(uniform(address.seed, address.replication, BOOK, address.branch, kind, 0, _WEALTH))


@kernel
def complete(laws, cuts, book, address, kind, shift):
    """Draw every unknown cell of a book in place, then classify its rows.

    ``kind`` is CUSTOMERS or PROSPECTS; ``shift`` is ``wealth_shift`` of the same address and kind.
    """
    months = book.month_average.shape[1]
    u = np.empty((_MONTH + months + months % 2, _BLOCK))
    band = np.empty(_BLOCK, np.int64)
    here = np.zeros(_BLOCK, np.int64)
    level = np.ones(_BLOCK, np.int64)
    n = book.age.size
    for first in range(0, n, _BLOCK):
        count = min(_BLOCK, n - first)
        _draw_block(address, kind, first, shift, u)
        _people(laws, book, u, first, count, band)
        if kind == PROSPECTS:
            _strangers(laws, book, u, first, count, band)
        else:
            _wealth(laws, cuts, book, u, first, count, band, here)
            _levels(cuts, book, first, count, here, level)
            _mix(laws, cuts, book, u, first, count, here)
            _maturities(laws, book, u, first, count)
            _averages(laws, cuts, book, u, first, count, here, level)
            _care(laws, cuts, book, u, first, count, here)
            _relations(laws, book, u, first, count, level)
        _classify(cuts, book, kind == CUSTOMERS, first, count, here)


@inlined
def _draw_block(address, kind, first, shift, u):
    """All draws of a block of rows: u[k, j] is draw k of row first + j.

    The place of wealth is spread evenly: row i takes frac(i x golden ratio + shift), with a shift of the seed. Any
    number of rows from 0 on, and every m-th of them, then have the spread of the law, where independent draws from so
    heavy a tail would give one person a sixth of a small branch's assets in one seed of five.
    """
    time, row = np.uint32(kind), np.uint32(first)
    seed, place = np.uint32(address.seed), np.uint32(BOOK | address.branch << 16)
    for k in range(0, u.shape[0], 2):
        for j in range(_BLOCK):
            a, b, c, d = _philox(
                row + np.uint32(j), time, np.uint32(k >> 1), np.uint32(address.replication), seed, place
            )
            u[k, j] = _open_unit(a, b)
            u[k + 1, j] = _open_unit(c, d)
    for j in range(_BLOCK):
        spread = np.float64((np.uint64(first + j) * _GOLDEN) >> _SHIFT12) * _STEP52 + shift
        u[_WEALTH, j] = min(max(spread - np.floor(spread), _STEP52), 1.0 - _STEP52)


@inlined
def _place(chance, cumulative):
    """Index of the first cumulative share above a chance; counting all is cheaper than guessing where to stop."""
    place = 0
    for k in range(cumulative.size - 1):
        place += 1 if chance >= cumulative[k] else 0
    return place


@inlined
def _people(laws, book, u, first, count, band):
    """Age, channel, payroll, gender, part of town and trade; leaves the age band of each row in ``band``."""
    bands, low, high = laws.band, laws.band_from, laws.band_to
    payroll, areas, trades = laws.payroll, laws.area, laws.trade
    for j in range(count):
        i = first + j
        if book.age[i] == UNKNOWN:
            b = _place(u[_BAND, j], bands)
            book.age[i] = int(low[b] + u[_AGE, j] * (high[b] - low[b]))
        else:
            b = _place(float(book.age[i]), high)
        band[j] = b
        if book.ebank[i] == UNKNOWN:
            chance = u[_EBANK, j]
            active = 1 if chance < laws.active[b] else 0
            # none, signed, active are 0, 1, 2: every active user has signed
            book.ebank[i] = EBANK_NONE + (1 if chance < laws.signed_up[b] else 0) + active
        if book.payroll[i] == UNKNOWN:
            uses = 1 if book.ebank[i] == EBANK_ACTIVE else 0
            book.payroll[i] = 1 if u[_PAYROLL, j] < payroll[b, uses] else 0
        if book.female[i] == UNKNOWN:
            share = laws.female_active if book.ebank[i] == EBANK_ACTIVE else laws.female_other
            book.female[i] = 1 if u[_FEMALE, j] < share else 0
        if book.area[i] == UNKNOWN:
            book.area[i] = _place(u[_AREA, j], areas)
        if book.trade[i] == UNKNOWN:
            book.trade[i] = _place(u[_TRADE, j], trades)


@inlined
def _strangers(laws, book, u, first, count, band):
    """Prospects: people like the customers, with all their wealth elsewhere and no account."""
    mu, income_mu = laws.wealth_mu, laws.income_mu
    rho = laws.correlation
    rest = sqrt(1.0 - rho * rho)
    for j in range(count):
        i = first + j
        score = normal_quantile(u[_WEALTH, j])
        book.elsewhere[i] = np.int64(exp(mu[band[j]] + laws.wealth_sigma * score) * 100.0)
        income_score = rho * score + rest * normal_quantile(u[_INCOME, j])
        book.income[i] = exp(income_mu[band[j]] + laws.income_sigma * income_score)
        book.balance[i, :] = 0
        book.month_average[i, :] = 0
        book.time_term[i] = 0
        book.time_maturity[i] = NO_DAY
        book.product_maturity[i] = NO_DAY
        book.tier[i] = 0
        book.card[i] = 0
        book.card_expiry[i] = NO_DAY
        book.assigned[i] = 0
        book.signed[i] = 0
        book.extra_products[i] = 0
        book.ebank[i] = EBANK_NONE
        book.payroll[i] = 0
        book.points[i] = 0.0
        book.relationship[i] = 0.0
        book.stage[i] = PROSPECT
        book.stage_since[i] = NEVER
        book.opened[i] = NEVER
        book.last_contact[i] = NEVER


@inlined
def _wealth(laws, cuts, book, u, first, count, band, here):
    """Income, assets here and wealth elsewhere; leaves the assets in ``here``, to be split by ``_mix``."""
    mu, income_mu, wallet, income_cuts = laws.wealth_mu, laws.income_mu, laws.wallet, cuts.income_yuan
    rho = laws.correlation
    rest = sqrt(1.0 - rho * rho)
    for j in range(count):
        i = first + j
        if book.balance[i, 0] != UNKNOWN:
            here[j] = max(book.balance[i, 0], 0) + max(book.balance[i, 1], 0) + max(book.balance[i, 2], 0)
            here[j] += max(book.balance[i, 3], 0) + max(book.balance[i, 4], 0)
            yuan = here[j] / 100.0
            if np.isnan(book.income[i]):
                book.income[i] = income_given_assets(laws, band[j], yuan, u[_INCOME, j])
            if book.elsewhere[i] == UNKNOWN:
                row = column_of(book.income[i], income_cuts) - 1
                other = elsewhere_given_assets(laws, band[j], row, yuan, book.income[i], u[_WALLET, j])
                book.elsewhere[i] = np.int64(other * 100.0)
            continue
        score = normal_quantile(u[_WEALTH, j])
        if np.isnan(book.income[i]):
            income_score = rho * score + rest * normal_quantile(u[_INCOME, j])
            book.income[i] = exp(income_mu[band[j]] + laws.income_sigma * income_score)
        row = column_of(book.income[i], income_cuts) - 1
        wealth = exp(mu[band[j]] + laws.wealth_sigma * score) * 100.0
        here[j] = np.int64(wealth * wallet_at(wallet, row, u[_WALLET, j]))
        if book.elsewhere[i] == UNKNOWN:
            book.elsewhere[i] = np.int64(wealth) - here[j]


@inlined
def _levels(cuts, book, first, count, here, level):
    """Grid levels of a block's customers, in ``level``."""
    asset_cuts, income_cuts = cuts.asset_yuan, cuts.income_yuan
    for j in range(count):
        level[j] = grid_level(here[j] / 100.0, book.income[first + j], asset_cuts, income_cuts)


@inlined
def _mix(laws, cuts, book, u, first, count, here):
    """Assets by product class: who holds what by asset column and age, amounts by exponential weights.

    The demand deposit takes what is left, so that the classes sum to the assets exactly.
    """
    balance, holding, weight, minimum = book.balance, laws.holding, laws.weight, laws.minimum_fen
    asset_cuts, income_cuts, extra = cuts.asset_yuan, cuts.income_yuan, laws.extra
    amount = np.empty(4)
    for j in range(count):
        i = first + j
        column = column_of(here[j] / 100.0, asset_cuts) - 1
        if book.extra_products[i] == UNKNOWN:
            book.extra_products[i] = _place(u[_EXTRA, j], extra[column])
        if balance[i, 1] != UNKNOWN:
            continue
        cautious = 1.0  # grid level 3, the blue Worth customers, are cautious at any age (S06)
        if book.age[i] >= laws.conservative_from or (column == 2 and book.income[i] < income_cuts[0]):
            cautious = laws.conservative_factor
        whole = 0.0
        for c in range(4):
            amount[c] = 0.0
            if u[_HOLDS + c, j] < holding[column, c] * (cautious if c > 0 else 1.0):
                amount[c] = -weight[c] * log(u[_AMOUNT + c, j])
                whole += amount[c]
        fen_per_weight = here[j] / (whole - log(u[_DEMAND, j])) if whole > 0.0 else 0.0
        rest = here[j]
        for c in range(4):
            held = np.int64(amount[c] * fen_per_weight)
            held = held if held >= minimum[c] else np.int64(0)
            balance[i, c + 1] = held
            rest -= held
        balance[i, 0] = rest


@inlined
def _maturities(laws, book, u, first, count):
    """Terms, and next maturities spread evenly over the term."""
    terms, shares = laws.time_terms, laws.time_term
    product_terms, product_shares = laws.product_terms, laws.product_term
    for j in range(count):
        i = first + j
        if book.balance[i, TIME] <= 0:
            book.time_term[i] = 0
            book.time_maturity[i] = NO_DAY
        else:
            if book.time_term[i] == UNKNOWN:
                place = _place(u[_TIME_TERM, j], shares)
                while place < terms.size - 1 and terms[place] < book.time_maturity[i]:
                    place += 1  # a known maturity excludes shorter terms
                book.time_term[i] = terms[place]
            if book.time_maturity[i] == UNKNOWN_DAY:
                book.time_maturity[i] = int(u[_TIME_DAY, j] * book.time_term[i])
        if book.balance[i, WEALTH_PRODUCT] <= 0:
            book.product_maturity[i] = NO_DAY
        elif book.product_maturity[i] == UNKNOWN_DAY:
            term = product_terms[_place(u[_PRODUCT_TERM, j], product_shares)]
            book.product_maturity[i] = int(u[_PRODUCT_DAY, j] * term)


@inlined
def _averages(laws, cuts, book, u, first, count, here, level):
    """Daily averages of the past months around today's assets, some levels' farther off, and the tier of their mean."""
    average, tier_fen = book.month_average, cuts.tier_fen
    variation = laws.level_variation
    window = average.shape[1]
    for j in range(count):
        i = first + j
        known = average[i, 0]
        total = np.int64(0)
        most = laws.month_variation * variation[level[j]]
        for m in range(window):
            if known != UNKNOWN:
                average[i, m] = known
            else:
                swing = most * (2.0 * u[_MONTH + m, j] - 1.0)
                average[i, m] = np.int64(here[j] * (1.0 + swing))
            total += average[i, m]
        book.tier[i] = tier_of(total // window, tier_fen)


@inlined
def _care(laws, cuts, book, u, first, count, here):
    """Assigned, signed, card and last contact: assigned, signed and maintained are three states (CF02-CF04)."""
    care, tier_fen = laws.care, cuts.tier_fen
    unmaintained = laws.contacted_days - laws.maintained_days
    for j in range(count):
        i = first + j
        prior = type_of(book.tier[i], 0, True, here[j] + book.elsewhere[i], tier_fen[0], cuts.potential_ratio)
        if book.tier[i] >= 1:
            plan = _VIP
        elif is_target(book.tier[i], prior):
            plan = _TARGET
        else:
            plan = _OTHER if here[j] >= laws.care_from_fen else _NOBODY
        chance = u[_CARE, j]
        if book.signed[i] == UNKNOWN:
            book.signed[i] = 0
            if plan < _NOBODY and book.assigned[i] != 0:
                # where the owner is known, the share of the signed among the assigned
                scale = care[plan, 1] if book.assigned[i] == 1 else 1.0
                book.signed[i] = 1 if chance * scale < care[plan, 0] else 0
        if book.assigned[i] == UNKNOWN:
            book.assigned[i] = 1 if plan < _NOBODY and chance < care[plan, 1] else 0
        if book.last_contact[i] == UNKNOWN_DAY:
            if book.assigned[i] == 0 or plan == _NOBODY:
                book.last_contact[i] = NEVER
            elif u[_KEPT, j] < care[plan, 2]:
                book.last_contact[i] = -1 - int(u[_CONTACT, j] * laws.maintained_days)
            else:
                book.last_contact[i] = -1 - laws.maintained_days - int(u[_CONTACT, j] * unmaintained)
        since = -book.last_contact[i]
        if since <= laws.maintained_days:  # contacts a year, as a memory of one year holds them
            book.contact_load[i] = _YEAR_DAYS / laws.maintained_days
        else:
            book.contact_load[i] = exp(-since / _YEAR_DAYS) if since < -NEVER else 0.0
        if book.tier[i] >= 1 and book.signed[i] == 1:
            book.card[i] = book.tier[i]
            book.card_expiry[i] = int(u[_CARD, j] * laws.card_validity)
        else:
            book.card[i] = 0
            book.card_expiry[i] = NO_DAY


@inlined
def _relations(laws, book, u, first, count, level):
    """Tenure, points, stage and strength; a drawn account has been open for the whole averaging window."""
    strength, spread = laws.strength_logit, laws.level_spread
    young = int(laws.exploration_days)
    grown = int(laws.exploration_days + laws.development_days)
    for j in range(count):
        i = first + j
        if book.opened[i] == UNKNOWN_DAY:
            book.opened[i] = -int(laws.window_days - laws.tenure_mean_days * log(u[_TENURE, j]))
        opened = book.opened[i]
        if np.isnan(book.points[i]):  # what was earned since they last lapsed
            book.points[i] = laws.points_day_rate * book.income[i] * (-opened % laws.points_lapse_days)
        chance = u[_STAGE, j]
        if -opened <= young:
            stage = EXPLORATION
            since = opened
        elif -opened <= grown:
            stage = DEVELOPMENT
            since = opened + young
        elif chance < laws.notice:
            stage = NOTICE
            since = max(opened + grown, -1 - int(u[_SINCE, j] * laws.notice_days))
        elif chance < laws.notice + laws.decline:
            stage = DECLINE
            since = max(opened + grown, -1 - int(u[_SINCE, j] * laws.decline_days))
        else:
            stage = MATURITY
            since = opened + grown
        book.stage[i] = stage
        book.stage_since[i] = since
        if np.isnan(book.relationship[i]):
            sigma = laws.strength_sigma * spread[level[j]]
            logit = strength[stage - EXPLORATION] + sigma * normal_quantile(u[_STRENGTH, j])
            if book.last_contact[i] >= -laws.maintained_days:
                logit += laws.maintained_lift
            book.relationship[i] = 1.0 / (1.0 + exp(-logit))


@inlined
def _classify(cuts, book, has_account, first, count, here):
    """Opening tier, type and group."""
    standard = cuts.tier_fen[0]
    for j in range(count):
        i = first + j
        book.opening_tier[i] = book.tier[i]
        total = here[j] + book.elsewhere[i]
        book.type[i] = type_of(book.tier[i], book.signed[i], has_account, total, standard, cuts.potential_ratio)
        if book.group[i] == UNKNOWN:
            book.group[i] = group_of(
                book.age[i], book.balance[i], cuts.youth_below_years, cuts.investing_share, cuts.saving_share
            )
