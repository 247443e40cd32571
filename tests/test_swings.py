"""Levels that differ in spread: whose strength varies most (S08), whose assets come and go in lumps (S11)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_cards import few
from test_month_reference import entries
from years import BASELINE, Year, branch, differing, kpis

from vipsim import agenda as dates
from vipsim import simulate
from vipsim.customers.book import EXITED
from vipsim.customers.segments import DEMAND, grid_levels
from vipsim.customers.swings import COMES, LEAVES, LEAVES_AGAIN, RETURNS, file_swings, swing
from vipsim.draws import Address
from vipsim.month import Month, policy_of
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values

AT = Address(1, 0, 0)
FIFTH = [1.0] * 4 + [2.0] + [1.0] * 4
EIGHTH = [1.0] * 7 + [4.0, 1.0]
LUMPS = {"assets.swings_per_year": [0.0] * 7 + [12.0, 0.0], "assets.swing_share": 0.5, "assets.swing_days": 20}


def book(**relations: Any) -> tuple[Any, np.ndarray]:
    """A generated book of 6000, and the grid level of each customer."""
    changes = {f"book.laws.relations.{name}": value for name, value in relations.items()}
    found, _ = simulate.opening(with_values(BASELINE, {"book.customers": 6000, "book.prospects": 0} | changes))
    assert BASELINE.grid is not None
    cuts = (np.array(BASELINE.grid.asset_cuts_yuan), np.array(BASELINE.grid.income_cuts_yuan))
    return found, grid_levels(found.assets() / 100.0, found.income, *cuts)


def test_level_5_varies_most_in_strength_and_nothing_else_moves() -> None:
    """S08: the logit of strength of level 5 spreads twice as far around the same middle; all others are the same."""
    (plain, level), (wide, _) = book(), book(level_spread_ratio=FIFTH)
    fifth = level == 5
    assert fifth.sum() > 200
    for name, column in plain._asdict().items():
        same = np.ones(level.size, bool) if name != "relationship" else ~fifth
        assert np.array_equal(column[same], getattr(wide, name)[same]), name
    logit = {name: np.log(b.relationship / (1.0 - b.relationship))[fifth] for name, b in (("p", plain), ("w", wide))}
    assert logit["w"].std() > 1.5 * logit["p"].std()
    assert logit["w"].mean() == pytest.approx(logit["p"].mean(), abs=0.2)


def test_level_8_had_other_assets_in_past_months() -> None:
    """S11: past months' averages lie four times as far from today's assets; the averages of all others stay."""
    (plain, level), (wide, _) = book(), book(level_variation_ratio=EIGHTH)
    eighth = level == 8
    assert eighth.sum() > 20
    assert np.array_equal(plain.month_average[~eighth], wide.month_average[~eighth])
    off = [b.month_average[eighth] / b.assets()[eighth, None] - 1.0 for b in (plain, wide)]
    assert off[1] == pytest.approx(4.0 * off[0], abs=1e-3)


def test_lumps_come_and_go_by_level_and_come_back() -> None:
    """Half of them leave first; on the day as much as there is, and as much comes back ``swing_days`` later."""
    n = 4000
    state, _ = few(n, {}, level=8, elsewhere=80_000_000)
    state.book.level[: n // 2] = 7
    flows = policy_of(with_values(BASELINE, LUMPS), 250.0).assets
    agenda = dates.make(200, 3 * n)
    file_swings(state, agenda, flows, AT, Month(3, 100, 30, 0, -1, np.ones(30)))
    filed = sorted(entries(agenda))
    assert {who >= n // 2 for _, _, who, _, _ in filed} == {True}
    assert len(filed) / (n // 2) == pytest.approx(1.0 - np.exp(-1.0), abs=0.04)  # one a month, if any
    number = np.array([entry[3] for entry in filed])
    assert np.mean(number == COMES) == pytest.approx(0.5, abs=0.05)
    amount = np.array([entry[4] for entry in filed]) / 50_000_000
    assert 0.0 <= amount.min() <= amount.max() <= 0.5
    assert amount.mean() == pytest.approx(0.25, abs=0.02)
    before = state.book.balance.copy()
    later = dates.make(200, 3 * n)
    for day, _, who, which, fen in filed:
        swing(state, later, flows, who, which, fen, day, 10)
    moved = state.book.balance[:, DEMAND] - before[:, DEMAND]
    assert np.array_equal(np.sign(moved[[entry[2] for entry in filed]]), np.where(number == COMES, 1, -1))
    back = sorted(entries(later))
    assert {(day - 20, who) for day, _, who, _, _ in back} == {(day, who) for day, _, who, _, _ in filed}
    assert {which for _, _, _, which, _ in back} == {RETURNS, LEAVES_AGAIN}
    for day, _, who, which, fen in back:
        swing(state, later, flows, who, which, fen, day, 10)
    assert np.array_equal(state.book.balance, before)
    assert state.sums.accounts.sum() == 0


def test_nobody_moves_what_is_not_there() -> None:
    state, _ = few(2, {}, level=8)
    flows = policy_of(with_values(BASELINE, LUMPS), 250.0).assets
    agenda = dates.make(200, 10)
    swing(state, agenda, flows, 0, LEAVES, 60_000_000, 10, 5)
    assert (state.book[0].balance[DEMAND], state.book[0].elsewhere) == (0, 50_000_000)
    swing(state, agenda, flows, 1, COMES, 60_000_000, 10, 5)  # nothing elsewhere
    assert entries(agenda) == {(30, dates.SWING, 0, RETURNS, 50_000_000)}
    state.book[1].stage = EXITED
    swing(state, agenda, flows, 1, LEAVES, 1_000, 10, 5)
    assert state.book[1].balance[DEMAND] == 50_000_000


def test_no_lumps_change_nothing_and_lumps_of_a_level_make_it_unstable() -> None:
    """Whole years: the months of level 8 differ more, those of other levels hardly; no fen is lost."""
    assert differing(kpis(branch(), 1), kpis(branch({"assets.swing_share": 0.9, "assets.swing_days": 5}), 1)) == set()
    spread = {}
    for name, changes in (("calm", {}), ("lumps", LUMPS | {"assets.swing_share": 1.0})):
        year = Year(branch(changes)).run()
        state = year.branch.state
        rows = state.book[: int(state.sums.opening_customers)]
        assert np.array_equal(state.book.balance.sum(axis=0), state.sums.class_total)
        assert state.sums.accounts.sum() == 0
        average = rows.month_average / np.maximum(rows.month_average.mean(axis=1, keepdims=True), 1.0)
        spread[name] = [float(average.std(axis=1)[rows.level == level].mean()) for level in (8, 5)]
    assert spread["lumps"][0] > 1.8 * spread["calm"][0]
    assert spread["lumps"][1] == pytest.approx(spread["calm"][1], rel=0.01)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"assets.swings_per_year": [1.0] * 8}, "9 numbers from 0 to 12"),
        ({"assets.swings_per_year": [13.0] * 9}, "9 numbers from 0 to 12"),
        ({"book.laws.relations.level_variation_ratio": [20.0] * 9}, "leave month_variation_share below 1"),
        ({"book.laws.relations.level_spread_ratio": [1.0] * 8}, "9"),
    ],
)
def test_levels_that_cannot_be_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        with_values(BASELINE, change)
