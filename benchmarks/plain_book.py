"""The laws of the opening book in plain NumPy, column by column: what the compiled pass is measured against.

Written for clarity of the laws, not for speed, but without loops over customers. Given the same uniforms it draws the
same customers (tests compare them); the benchmark feeds it NumPy's own generator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from vipsim.customers import segments
from vipsim.customers.book import DECLINE, DEVELOPMENT, EXPLORATION, MATURITY, NEVER, NOTICE
from vipsim.customers.laws import BookLaws
from vipsim.customers.segments import Cuts

Uniforms = Callable[[int], np.ndarray]
"""k -> float64[n]: draw k of every customer."""


def addressed(seed: int, stream: int, time: int, ids: np.ndarray, k: int) -> np.ndarray:
    """Addressed uniforms, Philox 4x32-10 in plain NumPy: as ``vipsim.draws.uniform`` for branch and replication 0."""
    return addressed_pair(seed, stream, time, ids, k)[k % 2]


def addressed_pair(seed: int, stream: int, time: int, ids: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The two arrays of uniforms of the block that holds k: of the even number and the odd one after it."""
    low, m0, m1 = np.uint64(0xFFFFFFFF), np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
    c0, c1 = ids.astype(np.uint64), np.full(ids.size, time, np.uint64)
    c2, c3 = np.full(ids.size, k // 2, np.uint64), np.zeros(ids.size, np.uint64)
    k0, k1 = seed, stream
    for _ in range(10):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1 = (p1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0), p1 & low
        c2, c3 = (p0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1), p0 & low
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return _unit(c0, c1), _unit(c2, c3)


def _unit(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return (((high << np.uint64(20)) | (low >> np.uint64(12))).astype(np.float64) + 0.5) * 2.0**-52


def draw(laws: BookLaws, cuts: Cuts, window: int, u: Uniforms) -> dict[str, np.ndarray]:
    """The columns of a book of customers, drawn from uniforms; the number of customers is that of the uniforms."""
    out: dict[str, np.ndarray] = {}
    band = np.minimum(np.searchsorted(laws.band, u(2), side="right"), laws.band.size - 1)
    out["age"] = (laws.band_from[band] + u(3) * (laws.band_to[band] - laws.band_from[band])).astype(np.int16)
    channel = u(6)
    out["ebank"] = np.where(channel < laws.active[band], 2, np.where(channel < laws.signed_up[band], 1, 0))
    out["female"] = (u(7) < np.where(out["ebank"] == 2, laws.female_active, laws.female_other)).astype(np.int8)

    score = ndtri(u(0))
    income_score = laws.correlation * score + np.sqrt(1.0 - laws.correlation**2) * ndtri(u(1))
    out["income"] = np.exp(laws.income_mu[band] + laws.income_sigma * income_score)
    row = np.searchsorted(cuts.income_yuan, out["income"], side="right")
    wealth = np.exp(laws.wealth_mu[band] + laws.wealth_sigma * score) * 100.0
    grid = np.linspace(0.0, 1.0, laws.wallet.shape[1])
    wallet = np.empty(score.size)
    wallet_u = u(4)
    for r in range(3):
        inside = row == r
        wallet[inside] = np.interp(wallet_u[inside], grid, laws.wallet[r])
    here = (wealth * wallet).astype(np.int64)
    out["elsewhere"] = wealth.astype(np.int64) - here

    column = np.searchsorted(cuts.asset_yuan, here / 100.0, side="right")
    out["extra_products"] = np.empty(here.size, dtype=np.int64)
    extra_u = u(17)
    for c in range(3):
        inside = column == c
        out["extra_products"][inside] = np.searchsorted(laws.extra[c], extra_u[inside], side="right")
    careful = (out["age"] >= laws.conservative_from) | ((column == 2) & (row == 0))
    factor = np.where(careful, laws.conservative_factor, 1.0)
    amount = np.zeros((score.size, 4))
    for c in range(4):
        holds = u(8 + c) < laws.holding[column, c] * (factor if c > 0 else 1.0)
        amount[:, c] = np.where(holds, -laws.weight[c] * np.log(u(12 + c)), 0.0)
    whole = amount[:, 0] + amount[:, 1] + amount[:, 2] + amount[:, 3] - np.log(u(16))
    held = (amount * (here / whole)[:, None]).astype(np.int64)
    held[held < laws.minimum_fen] = 0
    out["balance"] = np.column_stack([here - held.sum(axis=1), held])

    term = laws.time_terms[np.minimum(np.searchsorted(laws.time_term, u(18), side="right"), laws.time_terms.size - 1)]
    out["time_term"] = np.where(held[:, 0] > 0, term, 0)
    out["time_maturity"] = np.where(held[:, 0] > 0, (u(19) * term).astype(np.int64), -1)
    place = np.minimum(np.searchsorted(laws.product_term, u(20), side="right"), laws.product_terms.size - 1)
    out["product_maturity"] = np.where(held[:, 1] > 0, (u(21) * laws.product_terms[place]).astype(np.int64), -1)

    swing = [here * (1.0 + laws.month_variation * (2.0 * u(32 + m) - 1.0)) for m in range(window)]
    out["month_average"] = np.column_stack(swing).astype(np.int64)
    average = out["month_average"].sum(axis=1) // window
    out["tier"] = np.searchsorted(cuts.tier_fen, average, side="right")

    total = here + out["elsewhere"]
    target = (out["tier"] >= 1) | (total >= cuts.potential_ratio * cuts.tier_fen[0])
    plan = np.select([out["tier"] >= 1, target, here >= laws.care_from_fen], [0, 1, 2], default=3)
    care = np.vstack([laws.care, np.zeros((1, 3))])[plan]
    chance = u(22)
    out["signed"] = (chance < care[:, 0]).astype(np.int8)
    out["assigned"] = (chance < care[:, 1]).astype(np.int8)
    kept, ago = u(23) < care[:, 2], u(24)
    recent = -1 - (ago * laws.maintained_days).astype(np.int64)
    earlier = -1 - laws.maintained_days - (ago * (laws.contacted_days - laws.maintained_days)).astype(np.int64)
    out["last_contact"] = np.where(out["assigned"] == 1, np.where(kept, recent, earlier), NEVER)
    maintained = out["last_contact"] >= -laws.maintained_days
    faded = np.where(out["assigned"] == 1, np.exp(out["last_contact"] / 365.25), 0.0)
    out["contact_load"] = np.where(maintained, 365.25 / laws.maintained_days, faded)
    has_card = (out["tier"] >= 1) & (out["signed"] == 1)
    out["card"] = np.where(has_card, out["tier"], 0)
    out["card_expiry"] = np.where(has_card, (u(25) * laws.card_validity).astype(np.int64), -1)

    out["opened"] = -(laws.window_days - laws.tenure_mean_days * np.log(u(5))).astype(np.int64)
    young, grown = int(laws.exploration_days), int(laws.exploration_days + laws.development_days)
    fate, since = u(26), u(27)
    conditions = [
        -out["opened"] <= young,
        -out["opened"] <= grown,
        fate < laws.notice,
        fate < laws.notice + laws.decline,
    ]
    out["stage"] = np.select(conditions, [EXPLORATION, DEVELOPMENT, NOTICE, DECLINE], default=MATURITY)
    mature = out["opened"] + grown
    choices = [
        out["opened"],
        out["opened"] + young,
        np.maximum(mature, -1 - (since * laws.notice_days).astype(np.int64)),
        np.maximum(mature, -1 - (since * laws.decline_days).astype(np.int64)),
    ]
    out["stage_since"] = np.select(conditions, choices, default=mature)
    logit = laws.strength_logit[out["stage"] - EXPLORATION] + laws.strength_sigma * ndtri(u(28))
    out["relationship"] = 1.0 / (1.0 + np.exp(-(logit + np.where(maintained, laws.maintained_lift, 0.0))))

    prime = (out["tier"] >= 1) | (total >= cuts.tier_fen[0])
    out["type"] = np.select(
        [has_card, prime, total >= cuts.potential_ratio * cuts.tier_fen[0]],
        [segments.TYPE_A, segments.TYPE_C, segments.TYPE_B],
        default=segments.TYPE_D,
    )
    invested = held[:, 1] + held[:, 2] + held[:, 3]
    out["group"] = np.select(
        [
            (here > 0) & (invested >= cuts.investing_share * here),
            (here > 0) & (held[:, 0] >= cuts.saving_share * here),
            out["age"] < cuts.youth_below_years,
        ],
        [segments.INVESTING, segments.SAVING, segments.YOUTH],
        default=segments.MIDDLE_AGED,
    )
    return out
