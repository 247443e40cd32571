"""The generated opening book: the facts it must show, its addresses, its sums, and its plain NumPy twin."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from book_scenarios import INCOME_CUTS_YUAN, OUTLET_2012, TODAY, scenario

from vipsim.customers import book as books
from vipsim.customers.book import (
    EBANK_ACTIVE,
    EXPLORATION,
    MATURITY,
    NEVER,
    NO_OWNER,
    NOTICE,
    PROSPECT,
    Book,
)
from vipsim.customers.generate import generate
from vipsim.customers.laws import laws_of
from vipsim.customers.population import Facts, expected, solve
from vipsim.customers.segments import TYPE_A, TYPE_B, TYPE_C, TYPE_D, cuts_of, is_target
from vipsim.draws import BOOK, uniform
from vipsim.scenario.book import BookSource

SEEDS = (1, 7, 20)
CUT_YUAN = 200_000.0


def of(part: str, seed: int, n: int = 24_000) -> Book:
    """The customers of a shipped outlet, without its prospects."""
    return generate(scenario(part, customers=n, prospects=0), seed)[0]


def z_of_share(hits: np.ndarray, share: float) -> float:
    """Standard errors between an observed share and an expected one (binomial)."""
    return float((hits.mean() - share) / np.sqrt(share * (1.0 - share) / hits.size))


def z_of_ratio(part: np.ndarray, whole: np.ndarray, ratio: float) -> float:
    """Standard errors between sum(part) / sum(whole) and an expected ratio (linearised, as for a ratio estimator)."""
    observed = part.sum() / whole.sum()
    error = np.std(part - observed * whole) / np.sqrt(part.size) / whole.mean()
    return float((observed - ratio) / error)


def test_the_z_scores_can_fail() -> None:
    rng = np.random.default_rng(1)
    assert abs(z_of_share(rng.random(10_000) < 0.30, 0.30)) < 4
    assert abs(z_of_share(rng.random(10_000) < 0.33, 0.30)) > 4
    money = rng.lognormal(0.0, 2.0, 10_000)
    half = rng.random(10_000) < 0.5
    assert abs(z_of_ratio(money * half, money, 0.5)) < 4
    assert abs(z_of_ratio(money * half, money, 0.9)) > 4


# ------------------------------------------------------------------------------------ facts, without sampling noise


def test_outlet_2012_has_the_concentration_of_the_seed() -> None:
    got = expected(scenario(OUTLET_2012).book.laws, INCOME_CUTS_YUAN, CUT_YUAN)
    assert got.above_share == pytest.approx(0.0169, rel=2e-3)  # CF01
    assert got.above_assets_share == pytest.approx(0.4817, rel=2e-3)  # CF01
    assert got.mean_assets_yuan == pytest.approx(21_100, rel=0.03)  # D-3, which takes a pure lognormal


def test_outlet_of_today_has_its_mean_and_its_vips() -> None:
    got = expected(scenario(TODAY).book.laws, INCOME_CUTS_YUAN, CUT_YUAN)
    assert got.mean_assets_yuan == pytest.approx(50_000, rel=2e-3)  # N20, N37 of today
    assert got.above_share * 24_000 == pytest.approx(1_050, rel=2e-3)


@pytest.mark.parametrize("part", [TODAY, OUTLET_2012])
def test_customers_and_assets_by_age_are_those_of_the_seed(part: str) -> None:
    laws = scenario(part).book.laws
    share = [band.customer_share for band in laws.age]
    assets = expected(laws, INCOME_CUTS_YUAN, CUT_YUAN).band_assets_share
    assert sum(share[:3]) == pytest.approx(0.1992, abs=1e-4)  # CF26
    assert sum(share[3:5]) == pytest.approx(0.4146, abs=1e-4)  # CF25
    assert assets[:3].sum() == pytest.approx(0.065, rel=2e-3)
    assert assets[3:5].sum() == pytest.approx(0.4323, rel=2e-3)
    assert assets[5] == pytest.approx(0.5027, rel=2e-3)  # D-9


def test_expected_values_equal_a_large_sample() -> None:
    book = of(TODAY, 3, 400_000)
    got = expected(scenario(TODAY).book.laws, INCOME_CUTS_YUAN, CUT_YUAN)
    assets = book.assets() / 100.0
    assert abs(z_of_share(assets >= CUT_YUAN, got.above_share)) < 4
    assert abs(z_of_ratio(assets * (assets >= CUT_YUAN), assets, got.above_assets_share)) < 4
    assert abs(assets.mean() - got.mean_assets_yuan) < 4 * assets.std() / np.sqrt(assets.size)
    assert abs(z_of_share(assets + book.elsewhere / 100.0 >= CUT_YUAN, got.rich_share)) < 4


def test_solve_finds_the_laws_behind_the_facts() -> None:
    laws = scenario(TODAY).book.laws
    got = expected(laws, INCOME_CUTS_YUAN, CUT_YUAN)
    groups = (0, 0, 0, 1, 1, 2)
    shares = np.bincount(groups, got.band_assets_share).tolist()
    facts = Facts(CUT_YUAN, got.above_share, None, got.mean_assets_yuan, groups, shares)
    solved = solve(laws, INCOME_CUTS_YUAN, facts)
    assert solved.wealth.wealth_sigma == pytest.approx(laws.wealth.wealth_sigma, rel=1e-6)
    assert [band.wealth_median_yuan for band in solved.age] == pytest.approx(
        [band.wealth_median_yuan for band in laws.age], rel=1e-6
    )
    with pytest.raises(ValueError, match="exactly one"):
        solve(laws, INCOME_CUTS_YUAN, facts._replace(mean_assets_yuan=None))


# ------------------------------------------------------------------------------------ facts, in the shipped books


@pytest.mark.parametrize("seed", SEEDS)
def test_2012_in_the_sample(seed: int) -> None:
    book = of(OUTLET_2012, seed)
    assets = book.assets()
    top = assets >= np.sort(assets)[-round(0.0169 * assets.size)]
    assert abs(z_of_ratio(assets * top, assets, 0.4817)) < 4  # CF01
    assert abs(z_of_share(book.tier >= 1, 0.0169)) < 4
    assert abs(z_of_share(book.ebank == EBANK_ACTIVE, 0.089)) < 4  # CF23
    active = book.ebank == EBANK_ACTIVE
    assert abs(z_of_share(book.female[active] == 1, 0.458)) < 4  # CF30
    young = (book.age >= 18) & (book.age < 25)
    assert abs(z_of_share(young[active], 0.3382)) < 4  # CF28
    target = (book.tier >= 1) | (book.type == TYPE_B) | (book.type == TYPE_C)
    assert abs(z_of_share(book.assigned[target] == 1, 0.4079)) < 4  # CF02
    assert abs(z_of_share(book.signed[target] == 1, 0.2857)) < 4  # CF03
    assert abs(z_of_share(book.last_contact[target] >= -90, 0.24)) < 4  # CF04: under a quarter
    assert not book.assigned[~target].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_today_in_the_sample(seed: int) -> None:
    book = of(TODAY, seed)
    assets = book.assets() / 100.0
    assert abs(assets.mean() - 50_000) < 4 * assets.std() / np.sqrt(assets.size)
    assert abs(z_of_share(assets >= CUT_YUAN, 1_050 / 24_000)) < 4
    for low, high, customers, money in ((18, 40, 0.1992, 0.065), (40, 60, 0.4146, 0.4323), (60, 120, 0.3862, 0.5027)):
        inside = (book.age >= low) & (book.age < high)
        assert abs(z_of_share(inside, customers)) < 4
        assert abs(z_of_ratio(assets * inside, assets, money)) < 4
    logs = (
        np.log(book.income)
        - laws_of(scenario(TODAY)).income_mu[np.searchsorted([25, 30, 40, 50, 60], book.age, "right")]
    )
    assert logs.std() == pytest.approx(0.75, rel=0.02)


def test_wealth_is_spread_evenly_over_any_number_of_rows_and_every_mth_of_them() -> None:
    wealth = np.log(of(TODAY, 5).elsewhere + 1.0)
    whole = wealth.mean()
    for step in (2, 3, 5, 7):
        for start in range(step):
            rows = wealth[start::step]
            assert abs(rows.mean() - whole) < 4 * wealth.std() / np.sqrt(rows.size)


# --------------------------------------------------------------------------------------------------- addresses


def equal_rows(a: Book, b: Book, rows: slice, other: slice | None = None) -> bool:
    """Whether rows of two books are the same in every column."""
    pairs = zip(books.rows(a, rows), books.rows(b, other or rows), strict=True)
    return all(np.array_equal(x, y, equal_nan=True) for x, y in pairs)


def test_one_more_customer_changes_no_other_row() -> None:
    few, _ = generate(scenario(customers=500, prospects=40), 1)
    more, _ = generate(scenario(customers=501, prospects=40), 1)
    assert equal_rows(few, more, slice(0, 500))
    assert equal_rows(few, more, slice(500, 540), slice(501, 541))
    assert not equal_rows(few, more, slice(0, 499), slice(1, 500))  # the comparison can fail


def test_one_more_prospect_changes_no_other_row() -> None:
    few, _ = generate(scenario(customers=300, prospects=40), 1)
    more, _ = generate(scenario(customers=300, prospects=41), 1)
    assert equal_rows(few, more, slice(0, 340))


def test_same_seed_same_bytes_other_seed_other_people() -> None:
    first, again, other = (of(TODAY, seed, 300) for seed in (4, 4, 5))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.age, other.age)
    assert not np.array_equal(first.elsewhere, other.elsewhere)


def test_plain_numpy_draws_the_same_customers() -> None:
    made = scenario(TODAY, customers=20_000, prospects=0)
    book, _ = generate(made, 3)
    rows = np.arange(book.size)

    def uniforms(k: int) -> np.ndarray:
        if k:
            return uniform(3, 0, BOOK, 0, 0, rows, k)
        golden = (rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(12)
        return (golden * 2.0**-52 + uniform(3, 0, BOOK, 0, 0, 0, 0)) % 1.0

    plain = plain_book()
    assert np.array_equal(plain.addressed(3, BOOK, 0, rows, 7), uniforms(7))
    twin = plain.draw(laws_of(made), cuts_of(made), made.tiers.window_months, uniforms)
    for name, column in twin.items():
        mine = getattr(book, name)
        if name in ("balance", "elsewhere", "month_average"):
            # the two logarithms differ in the last bit, which may move a fen or two
            assert np.abs(mine - column).max() <= 2, name
        elif mine.dtype.kind == "f":
            assert mine == pytest.approx(column, rel=1e-12), name
        else:
            assert (mine != column).sum() <= 1, name


def plain_book() -> ModuleType:
    """The plain NumPy version, which lives beside the benchmark that needs it."""
    path = Path(__file__).parents[1] / "benchmarks" / "plain_book.py"
    spec = importlib.util.spec_from_file_location("plain_book", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -------------------------------------------------------------------------------------------- sums and sense


@pytest.mark.parametrize("part", [TODAY, OUTLET_2012])
def test_every_row_makes_sense(part: str) -> None:
    made = scenario(part, customers=20_000, prospects=2_000)
    book, ids = generate(made, 2)
    cuts = cuts_of(made)
    n = made.book.customers
    customers = books.rows(book, slice(0, n))
    products = made.book.laws.products

    assert book.size == ids.size == len(set(ids.tolist())) == 22_000
    assert (ids[0], ids[n - 1], ids[n]) == ("C0000000", "C0019999", "P0000000")
    assert all(column.shape[0] == book.size for column in book)
    assert (book.balance >= 0).all()
    assert (book.elsewhere >= 0).all()
    classes = (products.time, products.wealth_product, products.fund, products.insurance_metals)
    for column, product in enumerate(classes, start=1):
        held = customers.balance[:, column]
        assert ((held == 0) | (held >= product.minimum_yuan * 100)).all()
    assert np.array_equal(customers.time_term > 0, customers.balance[:, 1] > 0)
    assert np.array_equal(customers.time_maturity >= 0, customers.balance[:, 1] > 0)
    assert (customers.time_maturity < np.maximum(customers.time_term, 0)).all()
    assert np.array_equal(customers.product_maturity >= 0, customers.balance[:, 2] > 0)
    assert (
        np.abs(customers.month_average - customers.assets()[:, None]) <= 0.05 * customers.assets()[:, None] + 1
    ).all()
    average = customers.month_average.sum(axis=1) // 3
    assert np.array_equal(customers.tier, np.searchsorted(cuts.tier_fen, average, side="right"))
    assert np.array_equal(book.tier, book.opening_tier)
    assert np.array_equal(customers.card, np.where(customers.signed == 1, customers.tier, 0))
    assert np.array_equal(customers.card_expiry >= 0, customers.card > 0)
    assert customers.card_expiry.max() < made.book.laws.card_validity_days  # T07
    assert (customers.signed <= customers.assigned).all()
    assert np.array_equal(customers.last_contact == NEVER, customers.assigned == 0)
    assert (book.owner == NO_OWNER).all()
    assert ((customers.relationship > 0) & (customers.relationship < 1)).all()
    assert ((customers.stage >= EXPLORATION) & (customers.stage <= NOTICE)).all()
    assert (customers.stage_since <= -1).all()
    assert (customers.opened <= customers.stage_since).all()
    assert (customers.opened < -90).all()
    target = [is_target(t, k) for t, k in zip(customers.tier, customers.type, strict=True)]
    assert np.array_equal(target, customers.type != TYPE_D)
    assert np.array_equal(customers.type == TYPE_A, (customers.tier >= 1) & (customers.signed == 1))


def test_prospects_are_people_of_type_c_and_d_without_anything_here() -> None:
    pool = books.rows(generate(scenario(customers=10, prospects=5_000), 1)[0], slice(10, 5_010))
    assert (pool.stage == PROSPECT).all()
    assert set(np.unique(pool.type)) == {TYPE_C, TYPE_D}
    assert pool.assets().sum() == 0
    assert (pool.elsewhere > 0).all()
    for name in ("tier", "card", "signed", "assigned", "time_term", "extra_products"):
        assert not getattr(pool, name).any(), name
    rich = expected(scenario().book.laws, INCOME_CUTS_YUAN, CUT_YUAN).rich_share
    assert abs(z_of_share(pool.type == TYPE_C, rich)) < 4


def test_careful_customers_hold_fewer_funds() -> None:
    book = of(TODAY, 1)
    middle = (book.assets() >= 5_000_000) & (book.assets() < 50_000_000)
    old, young = middle & (book.age >= 50), middle & (book.age < 50)
    assert abs(z_of_share(book.balance[old, 3] > 0, 0.20 * 0.6)) < 4  # S06
    assert abs(z_of_share(book.balance[young, 3] > 0, 0.20)) < 4


def test_the_higher_the_income_the_more_lies_elsewhere() -> None:
    """S05, S07, S10: mean share of the wealth held here by income row, as the scenario says."""
    made = scenario(TODAY)
    book = of(TODAY, 1)
    row = np.searchsorted(made.grid.income_cuts_yuan, book.income, side="right")
    assets = book.assets()
    for number, share in enumerate(made.book.laws.wealth.wallet_share):
        here = (assets / np.maximum(assets + book.elsewhere, 1))[row == number]
        assert abs(here.mean() - share) < 4 * here.std() / np.sqrt(here.size), number
        spread = np.sqrt(share * (1.0 - share) / (made.book.laws.wealth.wallet_concentration[number] + 1.0))
        assert here.std() == pytest.approx(spread, rel=0.05), number  # S08
    assert made.book.laws.wealth.wallet_share == sorted(made.book.laws.wealth.wallet_share, reverse=True)


def test_older_accounts_are_mature_and_stronger_where_maintained() -> None:
    book = of(TODAY, 1)
    mature = book.stage == MATURITY
    assert (book.opened[mature] <= -int(24 * 365.25 / 12)).all()
    kept = mature & (book.last_contact >= -90)
    assert book.relationship[kept].mean() > book.relationship[mature & ~kept].mean() + 0.05


# ------------------------------------------------------------------------------------------------- the makers


def test_makers_of_books() -> None:
    book, _ = generate(scenario(customers=5, prospects=3), 1)
    copied = books.copy(book)
    copied.balance[0, 0] += 1
    assert copied.balance[0, 0] == book.balance[0, 0] + 1
    customers, pool = books.rows(book, slice(0, 5)), books.rows(book, slice(5, 8))
    joined = books.with_prospects(customers, pool)
    assert equal_rows(joined, book, slice(0, 8))
    assert book.is_customer().tolist() == [True] * 5 + [False] * 3
    with pytest.raises(ValueError, match="only prospects"):
        books.with_prospects(pool, customers)
    with pytest.raises(ValueError, match="same window"):
        books.with_prospects(customers, books.empty(0, 12))
    with pytest.raises(ValueError, match="n >= 0"):
        books.empty(-1)


def test_opening_without_a_book_is_empty_and_generated_follows_the_seed() -> None:
    book, ids = books.opening(scenario(source="none"))
    assert book.size == ids.size == 0
    book, _ = books.opening(scenario(customers=50, prospects=0, seed=9))
    assert equal_rows(book, generate(scenario(customers=50, prospects=0), 9)[0], slice(0, 50))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customers": 0}, "empty book"),
        ({"source": "file"}, "needs both file and mapping"),
        ({"laws": None}, "needs the sections"),
    ],
)
def test_incomplete_declarations_are_refused(change: dict[str, object], message: str) -> None:
    written = scenario().book.model_dump() | change
    with pytest.raises(ValueError, match=message):
        BookSource.model_validate(written)


def test_shares_that_do_not_sum_and_gaps_between_ages_are_refused() -> None:
    written = scenario().book.model_dump()
    written["laws"]["age"][0]["customer_share"] += 0.01
    with pytest.raises(ValueError, match="sum to 1"):
        BookSource.model_validate(written)
    written = scenario().book.model_dump()
    written["laws"]["age"][1]["from_years"] = 26
    with pytest.raises(ValueError, match="one ends at 25, the next begins at 26"):
        BookSource.model_validate(written)


def test_a_fifth_of_the_customers_brings_about_four_fifths_of_the_profit() -> None:
    """T28, soft: the margin a year of the book as it is, richest first; the seed says 20 % bring 80 %."""
    made = of(OUTLET_2012, 1)
    money = scenario(OUTLET_2012).money
    profit = np.sort(made.balance @ np.array(money.margin_per_year))[::-1]
    share = profit[: len(profit) // 5].sum() / profit.sum()
    assert 0.7 <= share <= 0.97
