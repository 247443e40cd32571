"""Segmentation: bounds belong to the upper side, the types part the customers, arrays equal the scalar rules."""

from __future__ import annotations

import book_scenarios
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipsim.customers import segments
from vipsim.customers.segments import (
    BLACK,
    INVESTING,
    MIDDLE_AGED,
    ORDINARY,
    PLATINUM,
    SAVING,
    STANDARD,
    TYPE_A,
    TYPE_B,
    TYPE_C,
    TYPE_D,
    YOUTH,
)

CUTS = np.array([20_000_000, 150_000_000, 600_000_000])  # T02, fen
ASSET_CUTS = np.array([50_000.0, 500_000.0])  # S02
INCOME_CUTS = np.array([70_000.0, 300_000.0])


@pytest.mark.parametrize(
    ("fen", "tier"),
    [
        (0, ORDINARY),
        (19_999_999, ORDINARY),
        (20_000_000, STANDARD),
        (149_999_999, STANDARD),
        (150_000_000, PLATINUM),
        (599_999_999, PLATINUM),
        (600_000_000, BLACK),
    ],
)
def test_a_customer_with_exactly_the_cut_has_the_tier(fen: int, tier: int) -> None:
    assert segments.tier_of(fen, CUTS) == tier


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_grid_level_is_three_times_the_income_row_plus_the_asset_column(row: int, column: int) -> None:
    lowest_assets = [0.0, *ASSET_CUTS][column]
    lowest_income = [0.0, *INCOME_CUTS][row]
    assert segments.grid_level(lowest_assets, lowest_income, ASSET_CUTS, INCOME_CUTS) == 3 * row + column + 1


def test_just_below_a_grid_cut_is_the_lower_cell() -> None:
    assert segments.grid_level(49_999.99, 299_999.0, ASSET_CUTS, INCOME_CUTS) == 4
    assert segments.grid_level(499_999.99, 69_999.0, ASSET_CUTS, INCOME_CUTS) == 2


@pytest.mark.parametrize(
    ("tier", "signed", "account", "total", "type"),
    [
        (1, 1, True, 20_000_000, TYPE_A),
        (1, 1, True, 1, TYPE_A),  # the window average decides what a VIP is, not today's balance
        (1, 0, True, 1, TYPE_C),  # a VIP who has not signed is still to be won
        (0, 1, True, 20_000_000, TYPE_C),  # signed once, meets the standard only with the money elsewhere
        (0, 0, False, 20_000_000, TYPE_C),
        (0, 0, True, 19_999_999, TYPE_B),
        (0, 0, True, 10_000_000, TYPE_B),
        (0, 0, True, 9_999_999, TYPE_D),
        (0, 0, False, 19_999_999, TYPE_D),  # potential needs an account: B is an existing customer (S18)
    ],
)
def test_types_in_the_documented_order(tier: int, signed: int, account: bool, total: int, type: int) -> None:
    assert segments.type_of(tier, signed, account, total, 20_000_000, 0.5) == type


@given(
    tier=st.integers(0, 3),
    signed=st.integers(0, 1),
    account=st.booleans(),
    total=st.integers(0, 10**12),
)
def test_types_part_everybody_and_targets_are_vip_b_or_c(tier: int, signed: int, account: bool, total: int) -> None:
    type = segments.type_of(tier, signed, account, total, 20_000_000, 0.5)
    assert (type == TYPE_A) == (tier >= 1 and signed == 1)
    assert (type == TYPE_C) == (type != TYPE_A and (tier >= 1 or total >= 20_000_000))
    assert segments.is_target(tier, type) == (type != TYPE_D)


@pytest.mark.parametrize(
    ("age", "balance", "group"),
    [
        (39, [100, 0, 0, 0, 0], YOUTH),
        (40, [100, 0, 0, 0, 0], MIDDLE_AGED),
        (39, [50, 50, 0, 0, 0], SAVING),
        (39, [51, 49, 0, 0, 0], YOUTH),
        (70, [40, 30, 10, 10, 10], INVESTING),
        (70, [0, 70, 30, 0, 0], INVESTING),  # investing speaks before saving
        (70, [0, 71, 29, 0, 0], SAVING),
        (20, [0, 0, 0, 0, 0], YOUTH),
    ],
)
def test_groups_from_mix_first_and_age_second(age: int, balance: list[int], group: int) -> None:
    assert segments.group_of(age, np.array(balance), 40, 0.3, 0.5) == group


def test_array_forms_equal_the_scalar_rules() -> None:
    rng = np.random.default_rng(1)
    n = 500
    fen = rng.integers(0, 10**9, n)
    balance = rng.integers(0, 1000, (n, 5)) * rng.integers(0, 2, (n, 5))
    age = rng.integers(18, 90, n)
    tier, signed, account = rng.integers(0, 2, n), rng.integers(0, 2, n), rng.integers(0, 2, n).astype(bool)
    assert segments.tiers(fen, CUTS).tolist() == [segments.tier_of(x, CUTS) for x in fen]
    levels = segments.grid_levels(fen / 1e4, fen / 2e3, ASSET_CUTS, INCOME_CUTS)
    assert levels.tolist() == [segments.grid_level(x / 1e4, x / 2e3, ASSET_CUTS, INCOME_CUTS) for x in fen]
    types = segments.types(tier, signed, account, fen, 20_000_000, 0.5)
    rows = zip(tier, signed, account, fen, strict=True)
    assert types.tolist() == [segments.type_of(*row, 20_000_000, 0.5) for row in rows]
    groups = segments.groups(age, balance, 40, 0.3, 0.5)
    assert groups.tolist() == [segments.group_of(age[i], balance[i], 40, 0.3, 0.5) for i in range(n)]


def test_cuts_of_a_scenario_are_in_fen() -> None:
    cuts = segments.cuts_of(book_scenarios.scenario())
    assert cuts.tier_fen.tolist() == CUTS.tolist()
    assert cuts.asset_yuan.tolist() == ASSET_CUTS.tolist()
    assert cuts.potential_ratio == 0.5
