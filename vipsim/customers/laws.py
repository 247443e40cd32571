# mypy: allow-untyped-defs, allow-untyped-calls
"""The laws of the opening book as kernels read them, and the wealth of one person.

Total wealth is drawn first and split by a wallet share into assets here and elsewhere; both laws are inverted from
one uniform each. Beta quantiles are read from a table made once per scenario, so that no kernel iterates.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betaincinv, digamma, pdtr, polygamma

from vipsim.compiled import inlined, kernel
from vipsim.draws import normal_quantile
from vipsim.scenario.book import Care, Laws
from vipsim.scenario.points import rate_and_lapse

DAYS_PER_MONTH = 365.25 / 12.0
_WALLET_CELLS = 512  # table error of the wallet share below 0.001
_TILT_CELLS = 64
_MOST_EXTRA = 40  # a mean of at most 10 leaves 1e-12 above


class BookLaws(NamedTuple):
    """Numbers of ``[book.laws]`` for the kernels; one entry per age band b, asset column c, income row r."""

    band: np.ndarray  # [b] cumulative customer shares
    band_from: np.ndarray  # [b] years
    band_to: np.ndarray  # [b] years
    wealth_mu: np.ndarray  # [b] mean of log wealth, yuan
    income_mu: np.ndarray  # [b] mean of log income, yuan a year
    active: np.ndarray  # [b] share of active users of electronic channels
    signed_up: np.ndarray  # [b] the same plus those who only signed up
    payroll: np.ndarray  # [b, 2] share of payroll customers among those who do not use e-banking, among those who do
    wealth_sigma: float
    income_sigma: float
    correlation: float
    wallet: np.ndarray  # [r, cells + 1] quantiles of the wallet share
    wallet_log_mean: np.ndarray  # [r] mean of the log wallet share
    wallet_log_var: np.ndarray  # [r] its variance
    holding: np.ndarray  # [c, 4] share of holders of time, wealth product, fund, insurance and metals
    weight: np.ndarray  # [4] mean amount relative to demand
    minimum_fen: np.ndarray  # [4]
    conservative_from: int
    conservative_factor: float
    time_terms: np.ndarray  # days
    time_term: np.ndarray  # cumulative shares
    product_terms: np.ndarray
    product_term: np.ndarray
    extra: np.ndarray  # [c, most + 1] cumulative Poisson shares of the number of extra products
    care: np.ndarray  # [3, 3] VIP, target, other: signed, assigned, maintained among assigned
    care_from_fen: float
    female_active: float
    female_other: float
    card_validity: int
    tenure_mean_days: float
    exploration_days: float
    development_days: float
    decline: float
    notice: float
    decline_days: float
    notice_days: int
    strength_logit: np.ndarray  # [5] exploration .. notice
    strength_sigma: float
    maintained_lift: float
    maintained_days: int
    contacted_days: int
    month_variation: float
    window_days: float
    points_day_rate: float  # points a day for each yuan of yearly income, 0 = nobody earns any
    points_lapse_days: int
    area: np.ndarray  # cumulative shares of the parts of town, [1] where there are none
    trade: np.ndarray  # the same of trades
    level_spread: np.ndarray  # [10] by grid level: spread of strength, relative
    level_variation: np.ndarray  # [10] deviation of past months' averages, relative


def laws_of(scenario: Any) -> BookLaws:
    """The laws that a scenario declares: ``book.laws``, with lengths of stages from ``lifecycle``."""
    laws: Laws = scenario.book.laws
    wealth, products, relations, life = laws.wealth, laws.products, laws.relations, scenario.lifecycle
    classes = (products.time, products.wealth_product, products.fund, products.insurance_metals)
    shape = _wallet_shapes(laws)
    strength = np.array(relations.strength_mean_share)
    maintained_days = int(life.maintained_days)
    points_day_rate, points_lapse_days = rate_and_lapse(getattr(scenario, "points", None))
    return BookLaws(
        band=np.cumsum([band.customer_share for band in laws.age]),
        band_from=np.array([float(band.from_years) for band in laws.age]),
        band_to=np.array([float(band.to_years) for band in laws.age]),
        wealth_mu=np.log([band.wealth_median_yuan for band in laws.age]),
        income_mu=np.log([band.income_median_yuan for band in laws.age]),
        active=np.array([band.ebank_active_share for band in laws.age]),
        signed_up=np.array([band.ebank_active_share + band.ebank_signed_share for band in laws.age]),
        payroll=np.array(laws.payroll_shares()),
        wealth_sigma=float(wealth.wealth_sigma),
        income_sigma=float(wealth.income_sigma),
        correlation=float(wealth.income_correlation),
        wallet=betaincinv(shape[:, :1], shape[:, 1:], np.linspace(0.0, 1.0, _WALLET_CELLS + 1)),
        wallet_log_mean=digamma(shape[:, 0]) - digamma(shape.sum(axis=1)),
        wallet_log_var=polygamma(1, shape[:, 0]) - polygamma(1, shape.sum(axis=1)),
        holding=np.array([product.holding_share for product in classes]).T.copy(),
        weight=np.array([float(product.weight_ratio) for product in classes]),
        minimum_fen=np.array([round(product.minimum_yuan * 100) for product in classes], dtype=np.int64),
        conservative_from=products.conservative_from_years,
        conservative_factor=float(products.conservative_factor),
        time_terms=np.array(products.time_terms_days, dtype=np.int64),
        time_term=np.cumsum(products.time_term_shares),
        product_terms=np.array(products.product_terms_days, dtype=np.int64),
        product_term=np.cumsum(products.product_term_shares),
        extra=pdtr(np.arange(_MOST_EXTRA + 1), np.array(products.extra_products_mean)[:, None]),
        care=np.array([_care(c) for c in (laws.vip_care, laws.target_care, laws.other_care)]),
        care_from_fen=laws.care_from_yuan * 100.0,
        female_active=float(laws.ebank_female_share),
        female_other=float(laws.other_female_share),
        card_validity=laws.card_validity_days,
        tenure_mean_days=relations.tenure_mean_months * DAYS_PER_MONTH,
        exploration_days=life.exploration_months * DAYS_PER_MONTH,
        development_days=life.development_months * DAYS_PER_MONTH,
        decline=float(relations.decline_share),
        notice=float(relations.notice_share),
        decline_days=relations.decline_months * DAYS_PER_MONTH,
        notice_days=int(life.notice_days),
        strength_logit=np.log(strength / (1.0 - strength)),
        strength_sigma=float(relations.strength_sigma),
        maintained_lift=float(relations.maintained_lift),
        maintained_days=maintained_days,
        contacted_days=max(relations.contacted_within_days, maintained_days + 1),
        month_variation=float(relations.month_variation_share),
        window_days=scenario.tiers.window_months * DAYS_PER_MONTH,
        points_day_rate=points_day_rate,
        points_lapse_days=points_lapse_days,
        area=_cumulative(scenario.book.areas),
        trade=_cumulative(scenario.book.trades),
        level_spread=np.array([1.0, *relations.level_spread_ratio]),
        level_variation=np.array([1.0, *relations.level_variation_ratio]),
    )


def _cumulative(parts: list[Any]) -> np.ndarray:
    """Cumulative customer shares of areas or trades; where there are none, all customers are in one."""
    return np.cumsum([part.customer_share for part in parts]) if parts else np.ones(1)


def _wallet_shapes(laws: Laws) -> np.ndarray:
    """The two shape numbers of the Beta law of the wallet share, by income row: float64[3, 2]."""
    mean = np.array(laws.wealth.wallet_share)
    total = np.array(laws.wealth.wallet_concentration)
    return np.stack([mean * total, (1.0 - mean) * total], axis=1)


def _care(care: Care) -> tuple[float, float, float]:
    kept = care.maintained_share / care.assigned_share if care.assigned_share > 0 else 0.0
    return care.signed_share, care.assigned_share, kept


# ------------------------------------------------------------------------------------ one person's wealth


@inlined
def wallet_at(wallet, row, u):
    """Wallet share of income row ``row`` (0 to 2) at probability u, linear between the table's quantiles."""
    place = u * _WALLET_CELLS
    cell = int(place)
    low = wallet[row, cell]
    return low + (place - cell) * (wallet[row, cell + 1] - low)


@kernel
def income_given_assets(laws, band, assets_yuan, u):
    """Yearly income, yuan, of somebody of whom the bank knows only the assets here.

    The regression of log income on log assets, with the wallet share of the middle income row.
    """
    variance = laws.wealth_sigma * laws.wealth_sigma + laws.wallet_log_var[1]
    if assets_yuan <= 0.0:
        return exp(laws.income_mu[band] + laws.income_sigma * normal_quantile(u))
    score = (log(assets_yuan) - laws.wealth_mu[band] - laws.wallet_log_mean[1]) / sqrt(variance)
    rho = laws.correlation * laws.wealth_sigma / sqrt(variance)
    return exp(laws.income_mu[band] + laws.income_sigma * (rho * score + sqrt(1.0 - rho * rho) * normal_quantile(u)))


@kernel
def elsewhere_given_assets(laws, band, row, assets_yuan, income_yuan, u):
    """Wealth at other banks, yuan, of somebody with these assets here and this income.

    Bayes' rule over cells of the wallet share: the Beta law of the income row, weighted by the lognormal density of
    the total wealth that each share implies, given the income. Without assets here, the whole wealth is elsewhere.
    """
    rho = laws.correlation
    mean = laws.wealth_mu[band]
    if income_yuan > 0.0:
        mean += rho * laws.wealth_sigma * (log(income_yuan) - laws.income_mu[band]) / laws.income_sigma
    spread = laws.wealth_sigma * sqrt(1.0 - rho * rho)
    if assets_yuan <= 0.0:
        return exp(mean + spread * normal_quantile(u))
    base = log(assets_yuan) - mean
    total = 0.0
    for cell in range(_TILT_CELLS):
        score = (base - log(wallet_at(laws.wallet, row, (cell + 0.5) / _TILT_CELLS))) / spread
        total += exp(-0.5 * score * score)
    if total <= 0.0:  # assets so large that no share makes them likely: the law of the share alone
        return assets_yuan * (1.0 / wallet_at(laws.wallet, row, u) - 1.0)
    wanted = u * total
    share = 1.0
    for cell in range(_TILT_CELLS):
        score = (base - log(wallet_at(laws.wallet, row, (cell + 0.5) / _TILT_CELLS))) / spread
        weight = exp(-0.5 * score * score)
        if wanted <= weight or cell == _TILT_CELLS - 1:
            inside = min(max(wanted / weight, 0.0), 1.0) if weight > 0.0 else 0.5
            share = wallet_at(laws.wallet, row, min((cell + inside) / _TILT_CELLS, 1.0 - 1e-9))
            break
        wanted -= weight
    return assets_yuan * (1.0 / max(share, 1e-3) - 1.0)
