"""What must not change: a twin without a change of policy, the run-in, everybody else, and the other engine's year."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from years import BASELINE, Year, branch, differing, kpis, world_of

from vipsim import simulate
from vipsim.customers.book import EBANK_ACTIVE, MATURITY, NO_OWNER
from vipsim.scenario.files import policy_today


def same(one: pa.Table, other: pa.Table) -> bool:
    """Whether two tables hold the same, nan equal to nan."""
    return one.schema == other.schema and bool(one.to_pandas().equals(other.to_pandas()))


OTHER_POLICY: dict[str, Any] = {
    "staff.relationship_manager.employed": 2,
    "staff.teller.employed": 3,
    "lobby.vip_service.mode": "strict",
    "tiers.standard_yuan": 300_000.0,
    "ownership.rm_from_yuan": 200_000.0,
    "incentives.bonus_yuan": 300.0,
    "assets.rate_premium_share": 0.005,
    "lifecycle.rescue_offer_share": 0.005,
    "outreach.plan_contacts_per_year": [12.0] * 9,
    "outreach.triggers.contact_plan.channel": "visit",
}


def test_a_twin_without_a_change_of_policy_gains_exactly_nothing() -> None:
    scenario = branch()
    twin = policy_today(scenario)
    for replication in range(3):
        own = simulate.replicate(scenario, 5, replication).kpis
        other = simulate.replicate(twin, 5, replication).kpis
        assert differing(own, other) == set()


def test_a_twin_of_another_policy_is_not_the_same() -> None:
    """The comparison shown failing."""
    scenario = branch(OTHER_POLICY)
    own, other = (simulate.replicate(s, 5, 0).kpis for s in (scenario, policy_today(scenario)))
    assert len(differing(own, other)) > 30


def test_run_in_is_the_same_whatever_the_policy() -> None:
    first, second = (simulate.replicate(branch(c), 5, 0, record=True).tables for c in ({}, OTHER_POLICY))
    starts = world_of(branch()).starts
    for name in ("visits", "contacts"):
        before = [table.filter(pa.compute.less(table["day"], int(starts[3]))) for table in (first[name], second[name])]
        assert before[0].num_rows > 100
        assert same(before[0], before[1]), name
        assert not same(first[name], second[name])
    months = [table["months"].slice(0, 3) for table in (first, second)]
    assert months[0]["phase"].to_pylist() == ["run_in"] * 3
    assert same(months[0], months[1])


# --------------------------------------------------------------------------------------- one more who never acts


def test_one_more_prospect_changes_no_row() -> None:
    """The pool is taken from its head, so that one more person at its end whom nobody meets touches nothing."""
    tables = [simulate.replicate(branch({"book.prospects": n}), 5, 0, record=True).tables for n in (200, 201)]
    known = tables[0]["customers"].num_rows
    assert 1500 < known < 1700  # some prospects were met, the pool was not exhausted
    for name in ("customers", "visits", "contacts", "months"):
        assert same(tables[0][name], tables[1][name]), name


def _quiet_world() -> tuple[Any, simulate.World, simulate.World]:
    """A branch, and the same with one more customer who owns nothing, never comes and is nobody's.

    What couples customers is taken out: hazards are relative to the mean of the opening book (``causal_share`` and
    ``contact_effect_share`` 0 make every ratio 1), prospects are numbered after the customers (none here), and
    alerts take the managers' minutes (``detection_recall_share`` 0). Visits, plans, reminders, leads, sales,
    maturities, outflows and the staff's minutes go on; one manager has more to do than a day holds.
    """
    scenario = branch({
        "book.prospects": 0,
        "lifecycle.causal_share": 0.0,
        "lifecycle.contact_effect_share": 0.0,
        "lifecycle.detection_recall_share": 0.0,
        "demand.ebank_visit_ratio": 0.0,
        "demand.customer_visits_per_year": 3.0,
        "outreach.most_contacts_per_day": 4,
    }, today={"staff.relationship_manager.employed": 1})  # fmt: skip
    world = world_of(scenario)
    extra = world.opening[:1].copy()
    extra.balance[:] = extra.month_average[:] = 0
    extra.elsewhere[:] = extra.tier[:] = extra.assigned[:] = extra.signed[:] = extra.time_term[:] = 0
    extra.income[:] = 0.0
    extra.time_maturity[:] = extra.product_maturity[:] = -1
    extra.owner[:] = NO_OWNER
    extra.ebank[:] = EBANK_ACTIVE
    extra.stage[:] = MATURITY
    opening = np.concatenate([world.opening, extra]).view(np.recarray)
    more = world._replace(opening=opening, customers=world.customers + 1, ids=np.append(world.ids, "extra"))
    return scenario, world, more


def test_one_more_customer_who_never_acts_changes_no_other_row() -> None:
    scenario, world, more = _quiet_world()
    before, after = (Year(scenario, 5, 0, world=w).run() for w in (world, more))
    rows, others = before.branch.state.book, after.branch.state.book[:-1]
    for name in rows.dtype.names:
        assert np.array_equal(rows[name], others[name], equal_nan=rows[name].dtype.kind == "f"), name
    assert (rows.last_contact > 0).sum() > 100  # there was something that could have changed
    for name in ("visits", "contacts"):
        tables = [y.recorder.tables(y.branch.state, y.world.ids, y.world.customers)[name] for y in (before, after)]
        assert same(tables[0], tables[1]), name


def test_one_more_customer_who_does_act_changes_others() -> None:
    """The comparison shown failing: a VIP with an owner takes the manager's minutes."""
    scenario, _, more = _quiet_world()
    rich = more.opening.copy()
    owned = (rich.assigned > 0) & (rich.balance.sum(axis=1) < 400_000_000)  # beyond, the head owns them
    rich[-1] = rich[owned][np.argmax(rich[owned].balance.sum(axis=1))]
    before, after = (Year(scenario, 5, 0, world=w).run() for w in (more, more._replace(opening=rich)))
    assert (before.branch.state.book.last_contact[:-1] != after.branch.state.book.last_contact[:-1]).any()


# --------------------------------------------------------------------------------------- engines, order, processes


@pytest.mark.parametrize(
    "changes", [{}, OTHER_POLICY, {"lobby.vip_service.mode": "window", "lobby.shift_end": "hand_over"}]
)
def test_engines_agree_on_a_year_of_a_small_branch(changes: dict[str, Any]) -> None:
    scenario = branch(changes | {"book.customers": 800, "demand.customer_visits_per_year": 6.0})
    _same_year(scenario, 5, 1)


def test_engines_agree_on_the_whole_year_of_the_baseline() -> None:
    _same_year(BASELINE, 1, 0)


def _same_year(scenario: Any, seed: int, replication: int) -> None:
    fast, plain = (
        simulate.replicate(scenario, seed, replication, engine=engine, record=True) for engine in ("compiled", "simpy")
    )
    for name in ("visits", "contacts", "customers", "months"):
        assert same(fast.tables[name], plain.tables[name]), name
    assert json.dumps(fast.kpis) == json.dumps(plain.kpis)
    for name, sample in fast.samples.items():
        assert np.array_equal(sample, plain.samples[name])


_ALONE = """
import json, sys
from vipsim import simulate
from vipsim.scenario.schema import Scenario
print(json.dumps(simulate.replicate(Scenario.model_validate_json(sys.stdin.read()), 5, 2).kpis))
"""


def test_replications_do_not_know_of_each_other() -> None:
    """Forwards, backwards and alone in another process: the same bytes."""
    scenario = branch()
    forwards = [json.dumps(simulate.replicate(scenario, 5, n).kpis) for n in range(3)]
    simulate.replicate(branch(OTHER_POLICY), 5, 0)
    backwards = [json.dumps(simulate.replicate(scenario, 5, n).kpis) for n in (2, 1, 0)]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 3
    alone = subprocess.run(
        [sys.executable, "-c", _ALONE], input=scenario.model_dump_json(), capture_output=True, text=True, check=True
    )
    assert alone.stdout.strip() == forwards[2]


def test_a_record_changes_nothing() -> None:
    scenario = branch()
    recorded = simulate.replicate(scenario, 1, 0, record=True).kpis
    assert json.dumps(recorded) == json.dumps({name: float(values[0]) for name, values in kpis(scenario, 1).items()})
