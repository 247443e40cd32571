"""The month's opening and closing in plain NumPy: what vipsim's compiled pass is measured against.

The same rules on the same columns, one array operation after another, with NumPy's own generator or with draws that
have addresses as vipsim's have (``Addressed``). It keeps no agenda and no tally, so it does a little less work; it is a
yardstick, not a second implementation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.plain_book import addressed_pair
from vipsim import draws
from vipsim.customers.lifecycle import MOST_PRODUCTS


class PlainBook:
    """The columns of a book as separate arrays."""

    def __init__(self, rows: Any) -> None:
        for name in rows.dtype.names:
            setattr(self, name, np.ascontiguousarray(rows[name]))
        self.open_assets = self.balance.sum(axis=1)


class Own:
    """NumPy's own generator: draws without addresses."""

    def __init__(self, size: int) -> None:
        self.generator, self.size = np.random.default_rng(1), size

    def uniform(self, stream: int, k: int) -> np.ndarray:
        """A uniform for every customer: float64[size]."""
        return self.generator.random(self.size)

    def poisson(self, mean: np.ndarray) -> np.ndarray:
        """A Poisson count for every customer."""
        return self.generator.poisson(mean)


class Addressed:
    """The draws of one month at the addresses that vipsim gives them; both halves of a block are used."""

    def __init__(self, size: int, month: int) -> None:
        self.ids, self.month = np.arange(size), month
        self.block = (-1, -1)

    def uniform(self, stream: int, k: int) -> np.ndarray:
        """Draw k of a stream for every customer: float64[size]."""
        if (stream, k // 2) != self.block:
            self.block, self.pair = (stream, k // 2), addressed_pair(1, stream, self.month, self.ids, k)
        return self.pair[k % 2]

    def poisson(self, mean: np.ndarray) -> np.ndarray:
        """A Poisson count for every customer by inversion of one uniform."""
        u = self.uniform(draws.VISIT_COUNT, 0)
        count = np.zeros(mean.size, np.int64)
        term = np.exp(-mean)
        total = term.copy()
        left = np.flatnonzero(total < u)
        while left.size:
            count[left] += 1
            term[left] *= mean[left] / count[left]
            total[left] += term[left]
            left = left[(total[left] < u[left]) & (term[left] > 1e-17)]
        return count


Chance = Own | Addressed


def open_month(book: Any, policy: Any, chance: Chance, day: int, days: int, weight: float) -> dict[str, Any]:
    """Markets, saving, fading, hazards, stages, plans and visits of one month; what falls due."""
    life, flows, ratios = policy.lifecycle, policy.assets, policy.hazards
    here = (book.stage > 0) & (book.stage < 6)
    returns = flows.return_per_year / 12 + flows.volatility_per_year / np.sqrt(12) * np.random.default_rng(
        day
    ).standard_normal(5)
    gain = (book.balance * returns).astype(np.int64)
    book.balance += gain
    book.drift += gain.sum(axis=1)
    book.open_assets = book.balance.sum(axis=1)
    book.elsewhere += (book.elsewhere * (flows.elsewhere_return_per_year / 12)).astype(np.int64)
    saved = (book.income * 100 / 12 * flows.saving_share).astype(np.int64)
    total = book.open_assets + book.elsewhere
    wallet = np.maximum(np.where(total > 0, book.open_assets / np.maximum(total, 1), 0), flows.wallet_floor_share)
    kept = (saved * wallet).astype(np.int64)
    book.balance[:, 0] += np.where(here, kept, 0)
    book.elsewhere += saved - kept
    reopens = (book.time_term > 0) & (book.time_maturity < 0) & (chance.uniform(draws.ASSETS, 2) < flows.reopen_share)
    part = np.where(reopens, (book.balance[:, 0] * flows.reopen_part_share).astype(np.int64), 0)
    book.balance[:, 0] -= part
    book.balance[:, 1] += part
    book.time_maturity = np.where(reopens, day + book.time_term, book.time_maturity)
    book.relationship *= 1 - life.relationship_decay_per_month
    book.relationship = np.where(
        book.tier > 0,
        book.relationship + policy.tiers.entitlement_care_share * (1 - book.relationship),
        book.relationship,
    )
    book.contact_load *= 11 / 12
    book.care *= 11 / 12
    held = np.minimum(book.extra_products + (book.balance > 0).sum(axis=1) - 1, MOST_PRODUCTS)
    ratio = ratios.products[np.maximum(held, 0)] * ratios.rival
    ratio = np.where(
        (book.owner >= 0) & (day - book.last_contact <= ratios.maintained_days), ratio * ratios.maintained, ratio
    )
    ratio *= 1 - ratios.contact_effect * book.care / (book.care + ratios.contact_half)
    ratio *= 1 + ratios.fatigue * np.maximum(book.contact_load - ratios.fatigue_from, 0)
    ratio = np.where(book.ebank == 2, ratio * ratios.ebank, ratio)
    ratio = np.where(day - book.complaint_day <= ratios.shock_days, ratio * ratios.complaint, ratio)
    ratio = np.where(day - book.bad_wait_day <= ratios.shock_days, ratio * ratios.wait, ratio)
    ratio = np.where(day - book.tier_shock_day <= ratios.shock_days, ratio * ratios.downgrade, ratio)
    ratio *= 1 - (1 - ratios.relationship) * book.relationship
    ratio = np.where(book.stage == 1, ratio * ratios.exploration, ratio)
    ratio = np.where(book.stage == 4, ratio * ratios.decline, ratio)
    hazard = np.maximum(ratio, ratios.floor) * ratios.monthly[book.vip_group]
    when = (-np.log(chance.uniform(draws.LIFECYCLE, 0)) / hazard * days).astype(np.int64)
    notices = np.flatnonzero(here & (when < days))
    u = chance.uniform(draws.LIFECYCLE, 1)
    stage = book.stage.copy()
    stage[(book.stage == 1) & (u < ratios.leave_exploration)] = 2
    stage[(book.stage == 2) & (u < ratios.leave_development)] = 3
    weak = book.relationship < life.decline_below_share
    stage[(book.stage == 3) & weak] = 4
    stage[(book.stage == 4) & ~weak] = 2
    book.stage = stage
    rate = np.where(book.tier > 0, policy.vip_visit_ratio, 1.0) * np.where(
        book.ebank == 2, policy.ebank_visit_ratio, 1.0
    )
    visits = chance.poisson(rate * policy.visits_per_open_day * weight)
    yuan = book.balance.sum(axis=1) / 100
    column = 1 + (yuan >= policy.cuts.asset_yuan[0]) + (yuan >= policy.cuts.asset_yuan[1])
    row = (book.income >= policy.cuts.income_yuan[0]).astype(np.int64) + (book.income >= policy.cuts.income_yuan[1])
    planned = policy.triggers.plan_per_month[3 * row + column] * (book.owner >= 0)
    due = np.floor(chance.uniform(draws.CONTACT, 0) + planned).astype(np.int64)
    alerts = np.flatnonzero((book.owner >= 0) & (chance.uniform(draws.LIFECYCLE, 4) < 0.01))
    mature = (book.time_maturity >= day) & (book.time_maturity < day + days)
    mature |= (book.product_maturity >= day) & (book.product_maturity < day + days)
    referrals = np.flatnonzero(
        (book.stage == 3) & (book.relationship > 0.7) & (chance.uniform(draws.LIFECYCLE, 2) < 0.013)
    )
    return {
        "notices": notices,
        "visits": visits,
        "due": due,
        "alerts": alerts,
        "mature": mature,
        "referrals": referrals,
    }


def close_month(book: Any, policy: Any, chance: Chance, month: int, days: int) -> float:
    """Averages, re-grading, types and the month's costs."""
    n = book.age.size
    book.month_average[:, month % book.month_average.shape[1]] = book.month_start + book.flow_days // days
    average = book.month_average.sum(axis=1) // book.month_average.shape[1]
    earned = sum((average >= cut).astype(np.int8) for cut in policy.cuts.tier_fen)
    rise = (earned > book.tier) & (chance.uniform(draws.TIER, 0) < policy.tiers.acceptance_share)
    fall = earned < book.tier
    book.tier = np.where(rise | fall, earned, book.tier).astype(np.int8)
    book.tier_shock_day = np.where(fall, month * 30, book.tier_shock_day)
    total = book.balance.sum(axis=1) + book.elsewhere
    standard = policy.cuts.tier_fen[0]
    kind = np.full(n, 3, np.int8)
    kind[total >= policy.cuts.potential_ratio * standard] = 1
    kind[(book.tier > 0) | (total >= standard)] = 2
    kind[(book.tier > 0) & (book.signed > 0)] = 0
    book.type = kind
    cost = np.where(book.tier > 0, policy.tiers.entitlement_cost_yuan_per_year[np.maximum(book.tier - 1, 0)] / 12, 0.0)
    return float(cost.sum() + (book.balance[:, 1] * (book.tier > 0)).sum() * policy.assets.rate_premium_share / 1200)
