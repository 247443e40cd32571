"""Parts of town and trades: leads go to the manager of the patch (O18); distance counts for less than the tie (O10)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_book import z_of_share
from test_book_load import GOOD, MAPPING, refused
from test_book_load import read as read_small
from test_hazards import one
from test_month_reference import Pair
from test_ownership import rules_of
from test_year_outreach import some_customers
from years import BASELINE, branch, differing, kpis

from vipsim import agenda as dates
from vipsim import simulate
from vipsim.customers import ownership as owners
from vipsim.customers.book import EBANK_ACTIVE
from vipsim.customers.lifecycle import hazard_ratio
from vipsim.customers.ownership import AREA, HEAD_FIRST, TELLER_FIRST, TRADE
from vipsim.draws import Address
from vipsim.month import policy_of
from vipsim.outreach import plan as plans
from vipsim.outreach.response import respond
from vipsim.outreach.triggers import LEAD_FOLLOW_UP, VISIT, Backlog, make_backlog, open_task
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values

AT = Address(1, 0, 0)
AREAS = [
    {"name": "old town", "customer_share": 0.5, "distance_km": 1.0},
    {"name": "east", "customer_share": 0.3, "distance_km": 4.0},
    {"name": "hills", "customer_share": 0.2, "distance_km": 12.0},
]
TRADES = [{"name": name, "customer_share": 0.25} for name in ("farming", "shops", "works", "offices")]
TOWN: dict[str, Any] = {"book.areas": AREAS, "book.trades": TRADES}
FAR = TOWN | {"lifecycle.distance_ratio_per_km": 1.05, "lifecycle.ebank_distance_share": 0.5}


# ------------------------------------------------------------------------------------------ the book


def test_areas_and_trades_are_drawn_by_their_shares_and_move_nothing_else() -> None:
    """Where none are declared all are alike; drawing them draws nothing else anew."""
    sizes = {"book.customers": 4000, "book.prospects": 200}
    (plain, _), (town, _) = (simulate.opening(with_values(BASELINE, sizes | more)) for more in ({}, TOWN))
    assert not plain.area.any()
    assert not plain.trade.any()
    for column, parts in (("area", AREAS), ("trade", TRADES)):
        found = getattr(town, column)
        for n, part in enumerate(parts):
            assert abs(z_of_share(found == n, part["customer_share"])) < 4  # type: ignore[arg-type]
    assert abs(np.corrcoef(town.area, town.trade)[0, 1]) < 0.05
    for name, column in plain._asdict().items():
        if name not in ("area", "trade"):
            assert np.array_equal(column, getattr(town, name), equal_nan=column.dtype.kind == "f")


PLACES = "id,assets,age,where,works\nA1,100,30,Old Town,1\nA2,0,41,,2\nA3,2500,66,HILLS,1\n"
BY_PLACE = MAPPING + 'area = "where"\ntrade = "works"\n[codes.trade]\n"1" = "shops"\n"2" = "works"\n'


def test_a_banks_file_may_name_area_and_trade(tmp_path: Path) -> None:
    got = read_small(tmp_path, PLACES, BY_PLACE, areas=AREAS, trades=TRADES)
    assert got.book.area[[0, 2]].tolist() == [0, 2]
    assert got.book.trade[:3].tolist() == [1, 2, 1]
    assert 0 <= got.book.area[1] < 3
    assert got.drawn["area"] == 1
    assert "trade" not in got.drawn
    assert "area" not in read_small(tmp_path, GOOD, MAPPING).drawn


def test_wrong_areas_are_named(tmp_path: Path) -> None:
    (nameless,) = refused(tmp_path, PLACES, BY_PLACE)
    assert (nameless.key, "names no book.areas" in str(nameless)) == ("columns.area", True)
    with pytest.raises(InputError) as caught:
        read_small(tmp_path, PLACES.replace("HILLS", "hill"), BY_PLACE, areas=AREAS, trades=TRADES)
    (problem,) = caught.value.problems
    assert "'hill' in row 3" in str(problem)
    with pytest.raises(InputError, match=r"codes\.trade") as caught:
        read_small(tmp_path, PLACES, BY_PLACE.replace('"2" = "works"', '"2" = "wroks"'), areas=AREAS, trades=TRADES)
    assert "works" in str(caught.value)


# ------------------------------------------------------------------------------------------ leads (O18)


@pytest.mark.parametrize(("policy", "kind"), [("nearest", AREA), ("industry", TRADE)])
@pytest.mark.parametrize("managers", [1, 2, 3, 5, 9])
def test_a_lead_goes_to_a_manager_of_the_patch(policy: str, kind: int, managers: int) -> None:
    """However many managers there are: the one who gets it has the patch, and all managers get some."""
    rules, _ = rules_of(TOWN | {"ownership.lead_policy": policy})
    state, _, team, _ = some_customers(4000, TOWN)
    state.sums.parts[:] = 3, 4
    team = team._replace(rm_count=managers)
    owners.set_lead_rule(state, rules, team)
    state.book.area[:] = np.arange(4000) % 3
    state.book.trade[:] = np.arange(4000) % 4
    found = np.array([owners.lead_post(state, i, managers) for i in range(4000)])
    parts = 3 if kind == AREA else 4
    assert set(found) == set(range(min(managers, 9) if managers > parts else min(managers, parts)))
    if managers > 1:
        assert all(owners.has_patch(state, kind, i, found[i]) for i in range(4000))
    strangers = (TELLER_FIRST, HEAD_FIRST, managers)
    assert not any(owners.has_patch(state, kind, 0, post) for post in strangers)
    alone = [m for m in range(managers) if owners.has_patch(state, kind, 0, m)]
    assert len(alone) == (0 if managers == 1 else max(1, math.ceil(managers / parts)))


def lead_of(changes: dict[str, Any], area: int, trade: int) -> tuple[Any, Any, Any, Backlog]:
    """A customer without owner of whom a visit falls due to manager 0 of five, whose patches are area 0 and trade 0."""
    visit = {"outreach.triggers.lead_follow_up.channel": "visit", "outreach.visit.reach_share": 1.0}
    state, policy, team, _ = some_customers(1, TOWN | visit | changes, owner=-1, area=area, trade=trade)
    state.sums.parts[:] = 3, 4
    owners.set_lead_rule(state, policy.ownership, team)
    backlog = make_backlog(10)
    open_task(state, backlog, policy, AT, team, 0, LEAD_FOLLOW_UP, 10, 30)
    backlog.rows[0].post = 0
    return state, policy, team, backlog


def test_a_visit_in_the_own_part_of_town_takes_less() -> None:
    minutes = {}
    for ratio in (1.0, 0.6):
        for area in (0, 1):
            state, policy, _, backlog = lead_of({"response.area_visit_ratio": ratio}, area, 1)
            plan = plans.make_plan(10)
            plan.size[0] = 1
            plans.prepare(state, backlog, policy, AT, plan)
            minutes[ratio, area] = float(plan.rows[0, 0].minutes)
            whole = policy.triggers.minutes[VISIT] + policy.triggers.extra_min[LEAD_FOLLOW_UP]
    assert minutes[1.0, 0] == minutes[1.0, 1] == minutes[0.6, 1] == pytest.approx(whole)
    assert minutes[0.6, 0] == pytest.approx(0.6 * whole)


def test_a_manager_of_the_trade_closes_better() -> None:
    """By the ratio: appointments of 3000 leads contacted by the manager of the trade, and by another."""
    made = {}
    n = 3000
    for ratio, trade in ((1.0, 0), (1.5, 0), (1.5, 1)):
        changes = {"response.trade_closing_ratio": ratio, "response.appointment_share": 0.3}
        state, policy, team, _ = some_customers(n, TOWN | changes, owner=-1, trade=trade)
        state.sums.parts[:] = 3, 4
        owners.set_lead_rule(state, policy.ownership, team)
        backlog = make_backlog(n)
        agenda = dates.make(400, 8 * n)
        next_open = np.arange(400)
        for i in range(n):
            open_task(state, backlog, policy, AT, team, i, LEAD_FOLLOW_UP, 10, 30)
            respond(state, agenda, backlog, policy, AT, i, True, 0, 10, next_open)
        made[ratio, trade] = float(np.mean(state.book.appointed > 0))
    assert made[1.0, 0] == made[1.5, 1]
    assert made[1.5, 0] == pytest.approx(1.5 * made[1.0, 0], rel=0.12)


# ------------------------------------------------------------------------------------------ distance (O10)


def test_distance_raises_the_hazard_and_ebanking_takes_part_of_it_away() -> None:
    life = with_values(BASELINE, FAR).lifecycle
    assert life is not None
    policy = policy_of(branch(FAR), 250.0)
    found = {}
    for ebank in (0, EBANK_ACTIVE):
        for area in range(3):
            state, _ = one(area=area, ebank=ebank)
            found[area, ebank] = hazard_ratio(state, policy.hazards, 0, 10)
    for ebank, km in ((0, 11.0), (EBANK_ACTIVE, 5.5)):
        assert found[2, ebank] / found[0, ebank] == pytest.approx(1.05 ** (km * life.causal_share))
    tie, _ = one(relationship=1.0)
    weak, _ = one()
    effect = hazard_ratio(weak, policy.hazards, 0, 10) / hazard_ratio(tie, policy.hazards, 0, 10)
    assert effect > found[2, 0] / found[0, 0] > found[2, EBANK_ACTIVE] / found[0, EBANK_ACTIVE] > 1.0


@pytest.mark.parametrize("case", range(3))
def test_the_month_with_distance_equals_the_reference(case: int) -> None:
    pair = Pair(case, **FAR | {"lifecycle.relationship_ratio": 0.3})
    assert pair.state.book.area.max() == 2
    pair.open()
    assert pair.differences() == []


def test_who_lives_far_leaves_more_often_and_the_whole_book_as_often_as_observed() -> None:
    """A year of the small branch: the level is that of the observed rates whatever the distances."""
    plain, far = kpis(branch(TOWN), 2), kpis(branch(FAR), 2)
    assert differing(plain, far) != set()
    assert far["retained_assets_ratio"] == pytest.approx(plain["retained_assets_ratio"], abs=0.02)


def test_a_town_without_ratios_changes_nothing() -> None:
    assert differing(kpis(branch(), 1), kpis(branch(TOWN), 1)) == set()


# ------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"ownership.lead_policy": "nearest"}, "ownership.lead_policy", "book.areas names none"),
        ({"ownership.lead_policy": "industry"}, "ownership.lead_policy", "book.trades names none"),
        (
            FAR | {"lifecycle.distance_ratio_per_km": 1.2},
            "lifecycle.distance_ratio_per_km",
            "below that of the relation",
        ),
        ({"book.areas": AREAS[:2]}, "book", "customer_share of areas: expected shares that sum to 1"),
        ({"book.trades": TRADES[:2] * 2}, "book", "trades: expected every name once"),
    ],
)
def test_a_town_that_cannot_be_is_refused(change: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        with_values(BASELINE, change)
    found = [(problem.key, str(problem)) for problem in caught.value.problems]
    assert any(says in text for _, text in found), found
    assert any((where or "").startswith(key) for where, _ in found), found
