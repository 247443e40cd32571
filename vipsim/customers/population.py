"""What the laws of the book imply for a very large branch: means and shares without sampling noise.

Used to solve the laws' parameters from published facts (``solve``) and to test that the shipped parameters still
give those facts. Everything is an integral over the score of log wealth; the wallet share is integrated in closed
form (incomplete Beta functions).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import root
from scipy.special import betainc, ndtr

from vipsim.scenario.book import Laws

_SCORES = np.linspace(-9.0, 11.0, 2001)  # standard normal scores: up to 11, since wealth weights them by exp(2 z)
_WEIGHTS = np.exp(-0.5 * _SCORES**2) / np.sqrt(2.0 * np.pi) * (_SCORES[1] - _SCORES[0])


class Expected(NamedTuple):
    """Population values of the laws.

    mean_assets_yuan: mean assets here per customer
    mean_wealth_yuan: mean total wealth per customer
    above_share: share of customers with assets here of at least the cut
    above_assets_share: their share of all assets here
    band_assets_share: [b] share of assets here by age band
    income_row_share: [3] share of customers in income rows I1, I2, I3
    rich_share: share of customers whose total wealth reaches the cut
    """

    mean_assets_yuan: float
    mean_wealth_yuan: float
    above_share: float
    above_assets_share: float
    band_assets_share: np.ndarray
    income_row_share: np.ndarray
    rich_share: float


def expected(laws: Laws, income_cuts_yuan: Sequence[float], cut_yuan: float) -> Expected:
    """Population values of the laws for a cut of assets here, yuan."""
    wealth = laws.wealth
    means = np.array(wealth.wallet_share)
    a = means * np.array(wealth.wallet_concentration)
    b = (1.0 - means) * np.array(wealth.wallet_concentration)
    rho = wealth.income_correlation
    shares = np.array([band.customer_share for band in laws.age])
    band_assets = np.empty(shares.size)
    above = above_assets = rich = total_wealth = 0.0
    rows = np.zeros(3)
    for index, band in enumerate(laws.age):
        person = np.exp(np.log(band.wealth_median_yuan) + wealth.wealth_sigma * _SCORES)
        below = [
            ndtr((np.log(cut / band.income_median_yuan) / wealth.income_sigma - rho * _SCORES) / np.sqrt(1 - rho**2))
            for cut in income_cuts_yuan
        ]
        row = np.stack([below[0], below[1] - below[0], 1.0 - below[1]])
        least = np.minimum(cut_yuan / person, 1.0)  # wallet share that just reaches the cut
        reach = np.stack([1.0 - betainc(a[r], b[r], least) for r in range(3)])
        amount = np.stack([means[r] * (1.0 - betainc(a[r] + 1.0, b[r], least)) for r in range(3)])
        band_assets[index] = shares[index] * (_WEIGHTS * person * (row * means[:, None]).sum(axis=0)).sum()
        above += shares[index] * (_WEIGHTS * (row * reach).sum(axis=0)).sum()
        above_assets += shares[index] * (_WEIGHTS * person * (row * amount).sum(axis=0)).sum()
        rich += shares[index] * _WEIGHTS[person >= cut_yuan].sum()
        total_wealth += shares[index] * (_WEIGHTS * person).sum()
        rows += shares[index] * (_WEIGHTS * row).sum(axis=1)
    mean = band_assets.sum()
    return Expected(
        mean_assets_yuan=float(mean),
        mean_wealth_yuan=float(total_wealth),
        above_share=float(above),
        above_assets_share=float(above_assets / mean),
        band_assets_share=band_assets / mean,
        income_row_share=rows,
        rich_share=float(rich),
    )


class Facts(NamedTuple):
    """What a branch knows of its book: from these the spread and the medians of wealth are solved.

    cut_yuan, above_share: assets here of at least the cut, and the share of customers who have them
    above_assets_share: their share of all assets; or None where mean_assets_yuan is known instead
    mean_assets_yuan: mean assets here; or None
    group_of_band: [b] which group of age bands each band belongs to; bands of one group share a median
    group_assets_share: share of all assets by group
    """

    cut_yuan: float
    above_share: float
    above_assets_share: float | None
    mean_assets_yuan: float | None
    group_of_band: Sequence[int]
    group_assets_share: Sequence[float]


def with_wealth(laws: Laws, sigma: float, medians_yuan: Sequence[float]) -> Laws:
    """The same laws with another spread of wealth and another median per age band."""
    wealth = laws.wealth.model_copy(update={"wealth_sigma": float(sigma)})
    pairs = zip(laws.age, medians_yuan, strict=True)
    age = [band.model_copy(update={"wealth_median_yuan": float(median)}) for band, median in pairs]
    return laws.model_copy(update={"wealth": wealth, "age": age})


def solve(laws: Laws, income_cuts_yuan: Sequence[float], facts: Facts, start_sigma: float = 2.0) -> Laws:
    """The laws with spread and medians of wealth such that the population has the facts.

    Raises ValueError where no solution is found, or where not exactly one of the two facts beside the share is given.
    """
    if (facts.above_assets_share is None) == (facts.mean_assets_yuan is None):
        raise ValueError("expected exactly one of above_assets_share and mean_assets_yuan")
    group = np.array(facts.group_of_band)
    wanted = np.array(facts.group_assets_share)

    def laws_at(x: np.ndarray) -> Laws:
        return with_wealth(laws, float(np.exp(x[0])), np.exp(x[1:])[group].tolist())

    def misses(x: np.ndarray) -> Any:
        got = expected(laws_at(x), income_cuts_yuan, facts.cut_yuan)
        groups = np.bincount(group, got.band_assets_share)
        if facts.mean_assets_yuan is not None:
            second = np.log(got.mean_assets_yuan / facts.mean_assets_yuan)
        else:
            second = np.log(got.above_assets_share / (facts.above_assets_share or np.nan))
        return np.concatenate([[np.log(got.above_share / facts.above_share), second], np.log(groups / wanted)[:-1]])

    # Of two spreads with the same share above the cut the wider one is meant: start near the published 2.08 (N20).
    start = np.concatenate([[np.log(start_sigma)], np.full(wanted.size, np.log(facts.cut_yuan / 20.0))])
    found = root(misses, start, tol=1e-12)
    if not found.success or np.abs(misses(found.x)).max() > 1e-8:
        raise ValueError(f"no wealth law gives these facts: {found.message}")
    return laws_at(found.x)
