"""Payroll customers: drawn by law beside e-banking, read from the bank's file, named by a campaign's filter (EB13)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from book_scenarios import OUTLET_2012, TODAY, book_of, scenario
from campaign_years import guests, year
from pydantic import ValidationError
from test_book import SEEDS, of, z_of_share
from test_book_load import MAPPING, read, refused

from vipsim.customers.book import EBANK_ACTIVE, PROSPECT
from vipsim.customers.generate import generate
from vipsim.scenario.book import Laws


@pytest.mark.parametrize("seed", SEEDS)
def test_the_payroll_gap_of_2012_is_in_the_sample(seed: int) -> None:
    """CF33, CF34, EB13: 42.74 % are payroll customers, 6 % of them use e-banking, as of all customers 8.9 % do."""
    book = of(OUTLET_2012, seed)
    paid = book.payroll == 1
    uses = book.ebank == EBANK_ACTIVE
    assert abs(z_of_share(paid, 0.4274)) < 4
    assert abs(z_of_share(uses[paid], 0.06)) < 4
    assert abs(z_of_share(uses[paid], 0.089)) > 4
    assert abs(z_of_share(uses, 0.089)) < 4


def test_today_payroll_follows_age_alone() -> None:
    book = of(TODAY, 1)
    laws = scenario(TODAY).book.laws
    assert abs(z_of_share(book.payroll == 1, 0.4274)) < 4
    for band in laws.age:
        inside = (book.age >= band.from_years) & (book.age < band.to_years)
        for uses in (True, False):
            part = inside & ((book.ebank == EBANK_ACTIVE) == uses)
            assert abs(z_of_share(book.payroll[part] == 1, band.payroll_share)) < 4


def test_a_book_without_payroll_is_the_same_in_every_other_column() -> None:
    """The draw has an address of its own: nothing else moves, and prospects are never payroll customers."""
    laws = book_of(OUTLET_2012)["laws"]
    none = laws | {"age": [band | {"payroll_share": 0.0} for band in laws["age"]], "payroll_active_share": None}
    size = {"customers": 2000, "prospects": 300}
    plain, _ = generate(scenario(OUTLET_2012, laws=none, **size), 1)
    paid, _ = generate(scenario(OUTLET_2012, **size), 1)
    assert (paid.payroll[paid.stage == PROSPECT] == 0).all()
    assert paid.payroll.sum() > 500
    assert (plain.payroll == 0).all()
    for name, column in paid._asdict().items():
        assert np.array_equal(column, getattr(plain, name), equal_nan=True) != (name == "payroll"), name


def test_a_gap_that_no_population_has_is_refused() -> None:
    """Were 95 % of them users, more of the young users would be payroll customers than there are."""
    laws = book_of(OUTLET_2012)["laws"]
    with pytest.raises(ValidationError, match="payroll_active_share"):
        Laws.model_validate(laws | {"payroll_active_share": 0.95})


def test_the_banks_file_says_who_is_paid_here(tmp_path: Path) -> None:
    """A known cell stays, a blank one is drawn, a wrong one is named with its row."""
    text = "id,assets,age,pays\nA1,100.5,30,yes\nA2,0,41,no\nA3,250000,66,\n"
    mapping = MAPPING + 'payroll = "pays"\n'
    got = read(tmp_path, text, mapping)
    assert got.book.payroll[:2].tolist() == [1, 0]
    assert got.drawn["payroll"] == 1
    assert read(tmp_path).drawn["payroll"] == 3
    (problem,) = refused(tmp_path, text.replace("yes", "monthly"), mapping)
    assert "'monthly' in row 1" in problem.found


def test_the_bundle_asks_payroll_customers_only() -> None:
    """C18, EB13: a filter reads the column as any other."""
    made = year("payroll_bundle")
    asked = guests(made)["who"]
    book = made.branch.state.book
    assert asked.size > 20
    assert (book.payroll[asked] == 1).all()
    assert (book.payroll[: made.world.customers] == 0).any()
