"""Whole years conserve money, customers and visitors, under random settings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from years import Year, branch

from vipsim import tally as t
from vipsim.customers.book import EXITED, EXPLORATION, NOTICE, PROSPECT
from vipsim.customers.ownership import HEAD_FIRST, RM_FIRST, TELLER_FIRST
from vipsim.customers.segments import DEMAND, TYPE_D
from vipsim.customers.state import ELSEWHERE, HERE
from vipsim.lobby.jobs import ABANDONED, NONE, SERVED, UNSERVED
from vipsim.tally import RUN_OFF, WINDOW

SEEDS = range(12)


def some_policy(seed: int) -> dict[str, Any]:
    """Random settings for a whole year, rough ones among them."""
    g = np.random.default_rng(seed)

    def share(most: float = 1.0) -> float:
        return float(g.choice([0.0, most, most * g.random()]))

    return {
        "calendar.run_in_months": int(g.integers(0, 3)),
        "calendar.window_months": int(g.integers(2, 5)),
        "calendar.run_off_months": int(g.integers(0, 3)),
        "calendar.country": str(g.choice(["CN", "none"])),
        "book.customers": int(g.integers(600, 1200)),
        "book.prospects": int(g.choice([0, 5, 300])),
        "demand.customer_visits_per_year": float(g.choice([1.0, 12.0])),
        "lifecycle.vip_outflow_per_year": share(0.8),
        "lifecycle.ordinary_outflow_per_year": share(0.8),
        "lifecycle.close_share": share(),
        "lifecycle.win_back_per_year": share(),
        "lifecycle.rescue_share": share(),
        "lifecycle.rescue_offer_share": share(0.01),
        "lifecycle.notice_days": int(g.integers(5, 90)),
        "money.turnover_per_year": share(),
        "money.turnover_assets_share": share(0.5),
        "assets.saving_share": share(),
        "assets.leave_share": share(),
        "assets.roll_over_share": share(),
        "assets.volatility_per_year": [0.0, 0.0, 0.1, float(g.choice([0.2, 5.0])), 0.3],
        "assets.product_term_days": int(g.choice([7, 30, 120])),
        "assets.elsewhere_return_per_year": float(g.choice([0.015, -0.4])),
        "assets.rate_premium_share": share(0.01),
        "response.won_share": share(),
        "response.hot_days": int(g.integers(1, 90)),
        "response.referral_per_year": share(6.0),
        "response.referral_from_share": share(),
        "response.call_sale_share": share(),
        "ownership.max_book": 50,
        "ownership.assigned_share": share(),
        "ownership.assignment_lag_days": int(g.integers(0, 61)),
        "outreach.plan_contacts_per_year": [float(x) for x in g.choice([0.0, 12.0, 52.0], 9)],
        "outreach.rest_days": int(g.integers(0, 15)),
        "staff.relationship_manager.employed": int(g.integers(1, 7)),
        "staff.teller.employed": int(g.integers(2, 5)),
        "lobby.vip_service.mode": str(g.choice(["none", "strict", "head_start", "override"])),
    }


class Watched(Year):
    """A year that keeps, month by month, what conservation is checked on."""

    def __init__(self, seed: int) -> None:
        super().__init__(branch(some_policy(seed)), seed)
        self.start = self.rows.balance.sum(axis=0)
        self.start_elsewhere = int(self.rows.elsewhere.sum())
        self.month_end: list[dict[str, Any]] = []
        self.visit_rows: list[np.ndarray] = []

    @property
    def rows(self) -> Any:
        return self.branch.state.book

    def run_month(self, index: int) -> None:
        super().run_month(index)
        state, world = self.branch.state, self.world
        rows, sums = state.book, state.sums
        log = self.logs[1 if world.phases[index] == WINDOW else 0]
        self.visit_rows.append(log.visits[: log.n[1]].copy())
        days = int(world.starts[index + 1] - world.starts[index])
        window = rows.month_average.shape[1]
        self.month_end.append({
            "balances": rows.balance.copy(),
            "elsewhere": rows.elsewhere.copy(),
            "sums": sums.copy(),
            "drift": rows.drift.copy(),
            "cohort": rows.cohort.copy(),
            "stage": rows.stage.copy(),
            "owner": rows.owner.copy(),
            "average_fen": int(rows.month_average[:, index % window][rows.stage != PROSPECT].sum()),
            "class_average_fen": float(sums.class_days.sum()) / days,
            "books": world.team[1 if world.phases[index] == WINDOW else 0].books.copy(),
        })  # fmt: skip


@lru_cache(maxsize=16)
def year(seed: int) -> Watched:
    watched = Watched(seed)
    watched.run()
    return watched


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fen_goes_from_one_account_to_another(seed: int) -> None:
    y = year(seed)
    for month in y.month_end:
        here, elsewhere = month["balances"].sum(axis=0), int(month["elsewhere"].sum())
        sums = month["sums"]
        assert sums.accounts.sum() == 0
        assert here.sum() - y.start.sum() == sums.accounts[HERE]
        assert elsewhere - y.start_elsewhere == sums.accounts[ELSEWHERE]
        assert (sums.class_total == here).all()
        assert (month["balances"] >= 0).all()
        assert (month["elsewhere"] >= 0).all()
        inside = month["cohort"] > 0
        assert sums.cohort_fen == month["balances"][inside].sum()
        assert sums.cohort_drift_fen == month["drift"][inside].sum()
        assert (month["balances"][np.isin(month["stage"], (PROSPECT, EXITED))] == 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_daily_averages_of_customers_and_of_classes_are_the_same_money(seed: int) -> None:
    """One is kept by flows and the days they count, the other by counting every night."""
    y = year(seed)
    for month in y.month_end:
        rounding = len(y.rows) + 1  # each customer's average is cut to whole fen
        assert abs(month["average_fen"] - month["class_average_fen"]) <= rounding


@pytest.mark.parametrize("seed", SEEDS)
def test_customers_are_conserved(seed: int) -> None:
    y = year(seed)
    counted = y.branch.state.sums.tally
    known = int(y.branch.state.sums.next_prospect)
    stage = y.rows.stage
    met = known - y.world.customers  # prospects whom the branch knows by now
    alive = int(np.isin(stage, range(EXPLORATION, NOTICE + 1)).sum())
    gone = int((stage == EXITED).sum())
    joined = counted[:, t.JOINED].sum() - counted[:, t.WON_BACK].sum()
    assert y.world.customers + joined == alive + gone
    assert joined <= met
    assert (stage[known:] == PROSPECT).all()
    assert counted[:, t.CLOSED].sum() - counted[:, t.WON_BACK].sum() == gone
    assert counted[:, t.RESCUED].sum() <= counted[:, t.RESCUE_CONTACTS].sum()
    in_notice = int((stage == NOTICE).sum())
    begun = int((y.world.opening.stage == NOTICE).sum())
    ended = counted[:, t.LARGE_OUTFLOWS].sum() + counted[:, t.RESCUED].sum()
    assert counted[:, t.NOTICES].sum() + begun == ended + in_notice
    assert counted[:, t.RESCUE_WINDOWS].sum() <= ended


@pytest.mark.parametrize("seed", SEEDS)
def test_every_visitor_leaves_with_exactly_one_outcome(seed: int) -> None:
    y = year(seed)
    visits = np.concatenate(y.visit_rows)
    assert np.isin(visits["outcome"], (SERVED, ABANDONED, UNSERVED, NONE)).all()
    sought = (visits["outcome"] != NONE) | (visits["rm_outcome"] != NONE)
    assert sought.all()  # nobody comes for nothing
    assert np.isfinite(visits["left"]).all()
    assert (visits["left"] >= visits["arrive"]).all()
    counted = y.branch.state.sums.tally.sum(axis=0)
    assert counted[t.VISITS] == len(visits)
    assert counted[t.WALK_INS] == (visits["who"] < 0).sum()
    assert counted[t.PRIME_VISITS] + counted[t.ORDINARY_VISITS] == len(visits)
    assert counted[t.ORDINARY_VISITS] == (visits["type"] == TYPE_D).sum()
    table = y.recorder.tables(y.branch.state, y.world.ids, y.world.customers)["visits"]
    assert len(np.unique(table["visit"].to_numpy())) == len(visits)


@pytest.mark.parametrize("seed", SEEDS)
def test_books_part_the_customers_and_caps_hold(seed: int) -> None:
    y = year(seed)
    staff = y.scenario.staff
    posts = {
        *range(RM_FIRST, RM_FIRST + staff.relationship_manager.employed),
        *range(TELLER_FIRST, TELLER_FIRST + staff.teller.employed),
        *range(HEAD_FIRST, HEAD_FIRST + staff.head.employed),
    }
    for index, month in enumerate(y.month_end):
        owner = month["owner"]
        owned = owner >= 0
        if y.world.phases[index] == WINDOW:
            assert set(owner[owned]) <= posts
            managed = owned & (owner < TELLER_FIRST)
            assert np.bincount(owner[managed], minlength=1).max() <= y.scenario.ownership.max_book
        alive = np.isin(month["stage"], range(EXPLORATION, NOTICE + 1))
        assert alive[owned].all()  # who has left has no owner
        books = np.bincount(owner[owned], minlength=month["books"].size)
        assert (month["books"] >= books).all()  # who left within the month is struck off at the next opening


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tail_is_the_cohort_on_the_last_days(seed: int) -> None:
    y = year(seed)
    tail = y.branch.state.sums.tail
    horizon = int(y.world.starts[-1])
    assert tail[2] == min(90, horizon)
    known = y.month_end[-1]
    last = known["balances"][known["cohort"] > 0].sum()
    assert 0.3 * last <= tail[0] / tail[2] <= 4.0 * last
    out = y.branch.state.sums.tally[[WINDOW, RUN_OFF]].sum(axis=0)
    assert out[t.HOT_LEFT_FEN] <= out[t.WON_FEN] + y.branch.state.sums.tally[0, t.WON_FEN]


def test_the_checks_see_one_fen_too_much() -> None:
    """The check that everything stands on, shown failing."""
    watched = Watched(0)
    watched.rows.balance[3, DEMAND] += 1
    watched.run()
    month = watched.month_end[-1]
    assert month["balances"].sum() - watched.start.sum() != month["sums"].accounts[HERE]
    assert (month["sums"].class_total != month["balances"].sum(axis=0)).any()
