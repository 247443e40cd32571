# mypy: allow-untyped-defs, allow-untyped-calls
"""Segmentation: how the branch tells its customers apart - tier, grid level, type A-D, group.

The scalar rules are kernels, so that the opening book, the month's re-grade and the scores share one definition.
The array forms below them are for tables and reports. Every bound is inclusive from below: a customer with exactly
the standard cut is a standard customer (catalogue S02, section 8).
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

import numpy as np

from vipsim.compiled import inlined, kernel
from vipsim.scenario.book import MOST_PARTS

ORDINARY, STANDARD, PLATINUM, BLACK = range(4)
"""Tiers (T02, T04): index 0 is below the standard cut; a VIP is anybody from STANDARD up (T01)."""

TYPE_A, TYPE_B, TYPE_C, TYPE_D = range(4)
"""Types (S18): A prime and signed, B below the cut with potential, C prime but not won, D ordinary."""

YOUTH, MIDDLE_AGED, INVESTING, SAVING = range(4)
"""Groups (S20): youth, middle-aged and elderly, investing, saving."""

TIER_NAMES = ("ordinary", "standard", "platinum", "black")
TYPE_NAMES = ("A", "B", "C", "D")
GROUP_NAMES = ("youth", "middle_aged_elderly", "investing", "saving")

DEMAND, TIME, WEALTH_PRODUCT, FUND, INSURANCE_METALS = range(5)
"""Product classes: the columns of ``Book.balance``."""

_ROUNDING_FEN = 1e-4  # yuan times 100 is a whole sum but for rounding

CLASS_NAMES = ("demand", "time", "wealth_product", "fund", "insurance_metals")


class Cuts(NamedTuple):
    """The thresholds of a policy, as the kernels take them.

    tier_fen: int64[3], lowest window-average assets of standard, platinum and black, fen (T02)
    asset_yuan: float64[2], lower bounds of the grid's columns C2 and C3, yuan (S02)
    income_yuan: float64[2], lower bounds of the grid's rows I2 and I3, yuan a year (S02)
    potential_ratio: total wealth, as a ratio of the standard cut, from which a customer below the cut is type B
    youth_below_years: age below which a customer without a marked mix is youth (S20)
    investing_share: share of wealth products, funds, insurance and metals from which a customer is investing
    saving_share: share of time deposits from which a customer is saving
    wealthy_fen: total wealth of type C among who walks in: head office's lowest standard cut, whatever the branch's own
    """

    tier_fen: np.ndarray
    asset_yuan: np.ndarray
    income_yuan: np.ndarray
    potential_ratio: float
    youth_below_years: int
    investing_share: float
    saving_share: float
    wealthy_fen: int


def cuts_of(scenario: Any) -> Cuts:
    """The thresholds that a scenario declares: sections ``tiers``, ``grid`` and ``book.segments``."""
    tiers, grid, rules = scenario.tiers, scenario.grid, scenario.book.segments
    lowest = (tiers.standard_yuan, tiers.platinum_yuan, tiers.black_yuan)
    return Cuts(
        tier_fen=np.array([round(cut * 100) for cut in lowest], dtype=np.int64),
        asset_yuan=np.array(grid.asset_cuts_yuan, dtype=np.float64),
        income_yuan=np.array(grid.income_cuts_yuan, dtype=np.float64),
        potential_ratio=float(rules.potential_ratio),
        youth_below_years=int(rules.youth_below_years),
        investing_share=float(rules.investing_share),
        saving_share=float(rules.saving_share),
        wealthy_fen=round(tiers.standard_floor_yuan * 100),
    )


class LevelRules(NamedTuple):
    """What a grid level means for its customers, by level 0-9 (0 = not known yet): arrays of 10, as kernels take them.

    hazard: relative hazard of a large outflow, discounted to its causal part (S05-S12); by part of town too, whoever
        uses e-banking apart, as distance matters less then (O10): [level, area, 0 or 1 = active on e-banking]
    referral: chance that somebody recommended joins, relative, by the level of who recommends (S14, S15)
    saving: relative saving (S05-S12)
    visits: visits relative to others' (S04)
    perk_yuan, perk_care: extra care of an owned customer a month, and its rise of relationship (S13-S15)
    kept: 1 = may have an owner and contacts (S04)
    """

    hazard: np.ndarray
    referral: np.ndarray
    saving: np.ndarray
    visits: np.ndarray
    perk_yuan: np.ndarray
    perk_care: np.ndarray
    kept: np.ndarray


def levels_of(scenario: Any) -> LevelRules:
    """The care policy by level that a scenario declares: section ``grid``."""
    grid = scenario.grid
    kept, visits = np.ones(10, np.int8), np.ones(10)
    hazard = np.array([1.0, *grid.outflow_ratio]) ** scenario.lifecycle.causal_share
    if grid.serve_level1 != "full":
        kept[1], visits[1] = 0, grid.channel_visit_ratio
        hazard[1] *= grid.dropped_outflow_ratio if grid.serve_level1 == "drop" else grid.channel_outflow_ratio
    perks = np.array([0.0, *grid.perk_yuan_per_year]) / 12.0
    return LevelRules(
        hazard=hazard[:, None, None] * _of_distance(scenario),
        referral=np.array([1.0, *grid.referral_ratio]),
        saving=np.array([1.0, *grid.saving_ratio]),
        visits=visits,
        perk_yuan=perks,
        perk_care=np.minimum(perks / 100.0 * grid.perk_care_share, 1.0),
        kept=kept,
    )


def _of_distance(scenario: Any) -> np.ndarray:
    """Relative hazard by part of town, of who does not use e-banking and of who does: float64 [MOST_PARTS, 2] (O10)."""
    life = scenario.lifecycle
    found = np.ones((MOST_PARTS, 2))
    for n, area in enumerate(scenario.book.areas):
        km = area.distance_km * np.array([1.0, 1.0 - life.ebank_distance_share])
        found[n] = life.distance_ratio_per_km ** (life.causal_share * km)
    return found


def planned_contacts(scenario: Any) -> list[float]:
    """Contacts a year by grid level 1-9: the plan's own nine numbers, or four by value (S01, S03)."""
    grid = scenario.grid
    if grid.contact_plan == "levels":
        return list(scenario.outreach.plan_contacts_per_year)
    of_value = grid.value_contacts_per_year
    return [
        of_value[2 * (row >= grid.value_from_row) + (column >= grid.value_from_column)]
        for row in (1, 2, 3)
        for column in (1, 2, 3)
    ]


# ------------------------------------------------------------------------------------------ scalar rules


@inlined
def tier_of(average_fen, tier_fen):
    """Tier of a window-average of assets, fen: how many of the rising cuts it reaches (T02, T04)."""
    return (
        (1 if average_fen >= tier_fen[0] else 0)
        + (1 if average_fen >= tier_fen[1] else 0)
        + (1 if average_fen >= tier_fen[2] else 0)
    )


@kernel
def fen_reaching(yuan):
    """The smallest whole sum, fen, that reaches a cut in yuan."""
    return np.int64(ceil(yuan * 100.0 - _ROUNDING_FEN))


@inlined
def column_of(value, cuts):
    """Column or row of the 3x3 grid, 1 to 3: the lower bound belongs to the upper cell (S02)."""
    return 1 + (1 if value >= cuts[0] else 0) + (1 if value >= cuts[1] else 0)


@inlined
def grid_level(assets_here, income_yuan, asset_cuts, income_cuts):
    """Level 1 to 9 of the 3x3 grid: 3 * (I - 1) + C, with assets here and their cuts in one unit (S02, S03)."""
    return 3 * (column_of(income_yuan, income_cuts) - 1) + column_of(assets_here, asset_cuts)


@inlined
def type_of(tier, signed, has_account, total_fen, standard_fen, potential_ratio):
    """Type A to D, asked in the order A, C, B, D, so that the four types part the customers without overlap.

    A: a VIP who has signed. C: meets the standard without being A - a VIP who has not signed, or anybody whose
    total wealth (here and elsewhere) reaches the standard cut, with or without an account. B: has an account and a
    total wealth of at least ``potential_ratio`` of the cut. D: everybody else. Source: S18 and the definitions of
    MODEL.md; someone whose main bank is elsewhere but who is rich enough is C, not B.
    """
    vip = tier >= 1
    rich = vip | (total_fen >= standard_fen)
    middling = has_account & (total_fen >= potential_ratio * standard_fen)
    below = TYPE_B if middling else TYPE_D  # chosen, not branched: the processor could not foresee the type
    return TYPE_A if vip & (signed > 0) else TYPE_C if rich else below


@inlined
def is_target(tier, type):
    """Whether a customer belongs to the care plan: VIP, or type B or C."""
    return tier >= 1 or TYPE_B <= type <= TYPE_C


@inlined
def group_of(age, balance, youth_below_years, investing_share, saving_share):
    """Group of a customer from age and mix of assets here (S20): the mix speaks first, age where it says nothing."""
    total = balance[0] + balance[1] + balance[2] + balance[3] + balance[4]
    if total > 0:
        if balance[2] + balance[3] + balance[4] >= investing_share * total:
            return INVESTING
        if balance[1] >= saving_share * total:
            return SAVING
    return YOUTH if age < youth_below_years else MIDDLE_AGED


# -------------------------------------------------------------------------------------------- array forms


@kernel
def tiers(average_fen, tier_fen):
    """Tiers of many customers: int8[n] from window averages int64[n], fen."""
    out = np.empty(average_fen.size, np.int8)
    for i in range(out.size):
        out[i] = tier_of(average_fen[i], tier_fen)
    return out


@kernel
def grid_levels(assets_yuan, income_yuan, asset_cuts, income_cuts):
    """Grid levels 1 to 9 of many customers: int8[n] from assets here and income, yuan."""
    out = np.empty(assets_yuan.size, np.int8)
    for i in range(out.size):
        out[i] = grid_level(assets_yuan[i], income_yuan[i], asset_cuts, income_cuts)
    return out


@kernel
def types(tier, signed, has_account, total_fen, standard_fen, potential_ratio):
    """Types A to D (0 to 3) of many customers: int8[n]."""
    out = np.empty(tier.size, np.int8)
    for i in range(out.size):
        out[i] = type_of(tier[i], signed[i], has_account[i], total_fen[i], standard_fen, potential_ratio)
    return out


@kernel
def groups(age, balance, youth_below_years, investing_share, saving_share):
    """Groups (0 to 3) of many customers: int8[n] from ages and balances int64[n, 5]."""
    out = np.empty(age.size, np.int8)
    for i in range(out.size):
        out[i] = group_of(age[i], balance[i], youth_below_years, investing_share, saving_share)
    return out
