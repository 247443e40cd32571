"""Outreach over whole runs and single tasks: the contact policy holds, capacity is for the eligible, offers rest."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from years import Year, branch, kpis

from vipsim import agenda as dates
from vipsim import tally as t
from vipsim.customers.book import MATURITY, NEVER, PROSPECT
from vipsim.customers.generate import generate
from vipsim.customers.segments import DEMAND, TIME, WEALTH_PRODUCT
from vipsim.customers.state import begin, opening_rows
from vipsim.draws import Address
from vipsim.month import policy_of, team_of
from vipsim.outreach.plan import CHECK, make_plan, select
from vipsim.outreach.sales import fitting, offer, take_prospect, willingness
from vipsim.outreach.triggers import (
    CAMPAIGN,
    CONTACT_PLAN,
    LEADER_VISIT,
    PRESETS,
    REASONS,
    TALKS,
    make_backlog,
    open_task,
    post_of,
    score_of,
)

CHANNELS = ("phone", "sms", "visit", "email", "wechat", "letter")
SEEDS = range(8)
AT = Address(1, 0, 0)


# ------------------------------------------------------------------------------------------ contact policy


def some_policy(seed: int) -> dict[str, Any]:
    """Random triggers and a random contact policy."""
    g = np.random.default_rng(seed)
    found: dict[str, Any] = {
        "calendar.run_in_months": 1,
        "calendar.window_months": 3,
        "calendar.run_off_months": 0,
        "book.customers": 500,
        "book.prospects": 60,
        "lifecycle.vip_outflow_per_year": 0.5,
        "lifecycle.ordinary_outflow_per_year": 0.5,
        "lifecycle.declared_share": float(g.random()),
        "outreach.plan_contacts_per_year": [float(x) for x in g.choice([0.0, 12.0, 52.0], 9)],
        "outreach.leader_visits_per_year": [float(x) for x in g.choice([0.0, 12.0], 3)],
        "outreach.rest_days": int(g.integers(0, 15)),
        "outreach.most_contacts_per_month": int(g.integers(1, 5)),
        "outreach.do_not_call_share": float(g.random()) / 2,
        "outreach.call_from_min": float(g.choice([0.0, 60.0])),
        "outreach.call_until_min": float(g.choice([300.0, 480.0])),
        "outreach.most_attempts": int(g.integers(1, 5)),
        "outreach.most_contacts_per_day": int(g.integers(3, 40)),
        "outreach.ranking": str(g.choice(["gain", "rule"])),
        "outreach.change_seller_after": int(g.integers(0, 3)),
        "outreach.checked_share": float(g.choice([0.0, 1.0])),
        "outreach.discipline_share": float(g.choice([0.5, 1.0])),
    }
    for channel in CHANNELS:
        found[f"outreach.{channel}.rest_days"] = int(g.integers(0, 20))
        found[f"outreach.{channel}.most_per_month"] = int(g.integers(0, 4))
    for reason in REASONS:
        found[f"outreach.triggers.{reason}.channel"] = str(g.choice(CHANNELS))
    found |= {
        "outreach.triggers.life_event.on": True,
        "outreach.triggers.money_arrived.on": True,
        "outreach.life_events_per_year": 12.0,
        "outreach.after_sale_contacts": int(g.integers(0, 7)),
        "outreach.alert_threshold_score": float(g.uniform(-2.0, 2.0)),
        "outreach.system.guess_cv": float(g.choice([0.0, 1.0])),
        "outreach.system.performance_module": bool(g.random() < 0.5),
    }
    # both policies are the random one, so that the whole run stands under it
    return found


@cache
def contacts(seed: int) -> tuple[Any, pd.DataFrame, Any]:
    """Scenario, contacts that reached, and rows of customers of a run under a random policy."""
    changes = some_policy(seed)
    scenario = branch(changes)
    today = {key: changes.get(key, value) for key, value in scenario.today.items()}
    scenario = scenario.model_copy(update={"today": today})
    year = Year(scenario, seed).run()
    table = year.recorder.tables(year.branch.state, year.world.ids, year.world.customers)["contacts"]
    frame = table.to_pandas()
    frame["month"] = np.searchsorted(year.world.starts, frame["day"], side="right")
    return scenario, frame, year


def breaches(scenario: Any, made: pd.DataFrame, refusers: np.ndarray) -> list[str]:
    """What in a list of attempts breaks the contact policy; the first contact of a customer may follow older ones."""
    outreach = scenario.outreach
    found = []
    if made["customer"].isin(refusers).any():
        found.append("somebody who refused was contacted")
    ends = made["start_min"] + made["minutes_min"]
    if (made["start_min"] < outreach.call_from_min).any() or (ends > outreach.call_until_min + 1e-9).any():
        found.append("outside calling hours")
    tries = made[~made["reason"].isin(["outflow_alert", "rescue"])]  # there each try is a contact of its own (N18)
    if (tries["attempt"] >= outreach.most_attempts).any():
        found.append("too many attempts")
    if made.groupby(["day", "staff"]).size().max() > outreach.most_contacts_per_day:
        found.append("more than one person can do in a day")
    if made.groupby(["day", "customer"]).size().max() > 1:
        found.append("two on a day")
    reached = made[made["result"] != "not_reached"].sort_values(["customer", "day"])
    if reached.groupby(["customer", "month"]).size().max() > outreach.most_contacts_per_month:
        found.append("more than the month's cap")
    by_channel = reached.groupby(["customer", "month", "channel"]).size()
    for channel, most in by_channel.groupby("channel").max().items():
        if most > getattr(outreach, str(channel)).most_per_month:
            found.append(f"more than the month's cap of {channel}")
    urgent = {preset.reason for preset in PRESETS if preset.urgent}
    talks = {channel for n, channel in enumerate(CHANNELS) if n in TALKS}
    last_any: dict[int, int] = {}
    last_talk: dict[int, int] = {}
    for row in reached.itertuples():
        rests = getattr(outreach, row.channel).rest_days
        if row.channel in talks:
            rests, last = max(rests, outreach.rest_days), last_talk.get(row.customer, NEVER)
        else:
            last = last_any.get(row.customer, NEVER)
        if row.reason not in urgent and row.day - last < rests:
            found.append(f"{row.channel} after {row.day - last} days of rest")
        last_any[row.customer] = row.day
        if row.channel in talks:
            last_talk[row.customer] = row.day
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_no_task_ever_breaks_the_contact_policy(seed: int) -> None:
    scenario, made, year = contacts(seed)
    refusers = np.flatnonzero(year.branch.state.book.do_not_call)
    assert breaches(scenario, made, refusers) == []


def test_the_check_sees_each_breach() -> None:
    scenario, made, year = contacts(0)
    refusers = np.flatnonzero(year.branch.state.book.do_not_call)
    twice = pd.concat([made, made.assign(day=made["day"])])
    assert "two on a day" in breaches(scenario, twice, refusers)
    assert "outside calling hours" in breaches(scenario, made.assign(start_min=479.9), refusers)
    assert "somebody who refused was contacted" in breaches(scenario, made, made["customer"].to_numpy()[:1])
    strict = scenario.model_copy(
        update={"outreach": scenario.outreach.model_copy(update={"rest_days": 90, "most_contacts_per_month": 0})}
    )
    assert "more than the month's cap" in breaches(strict, made, refusers)


def test_presets_of_every_kind_lead_to_contacts() -> None:
    assert sum(len(contacts(seed)[1]) for seed in SEEDS) > 500
    seen = set().union(*(contacts(seed)[1]["reason"] for seed in SEEDS))
    wanted = set(REASONS) - {"campaign", "win_back", "complaint_recovery", "festival"}  # rare, or filed by others
    assert wanted <= seen


# ------------------------------------------------------------------------------------------ the day's list


def some_customers(n: int, changes: dict[str, Any] | None = None, **columns: Any) -> tuple[Any, Any, Any, Any]:
    """A state with n customers alike whom the first manager keeps, the policy, the team, the scenario."""
    scenario = branch({"outreach.discipline_share": 1.0, "outreach.checked_share": 0.0} | (changes or {}))
    rows = np.repeat(opening_rows(generate(branch({"book.customers": 10}), 1)[0])[:1], n).view(np.recarray)
    rows.stage[:] = MATURITY
    rows.balance[:] = 10_000_000
    rows.elsewhere[:] = 100_000_000
    rows.owner[:] = rows.tier[:] = rows.do_not_call[:] = 0
    rows.relationship[:] = 0.5
    rows.last_talk[:] = rows.last_contact[:] = -100
    rows.time_maturity[:] = rows.product_maturity[:] = -1
    rows.contact_load[:] = 0.0
    for name, value in columns.items():
        rows[name][:] = value
    return begin(rows, n), policy_of(scenario, 250.0), team_of(scenario), scenario


def test_ineligible_tasks_hold_no_capacity() -> None:
    """Most tasks are of customers who may not be contacted, and rank first: the list is full of those who may."""
    state, policy, team, scenario = some_customers(300)
    barred = np.arange(300) % 6 != 0
    state.book.do_not_call[barred & (np.arange(300) % 6 == 1)] = 1
    state.book.month_contacts[barred & (np.arange(300) % 6 == 2)] = 100
    state.book.last_talk[barred & (np.arange(300) % 6 == 3)] = 9
    state.book.channel_contacts[barred & (np.arange(300) % 6 == 4)] = 100
    state.book.stage[barred & (np.arange(300) % 6 == 5)] = PROSPECT
    state.book.balance[barred] *= 10  # they would come first
    backlog, plan = make_backlog(400), make_plan(200)
    for i in range(300):
        open_task(state, backlog, policy, AT, team, i, CONTACT_PLAN, 10, 30)
    select(state, backlog, policy, team, 10, plan)
    listed = [int(backlog.rows[plan.rows[0, place].task].who) for place in range(plan.size[0])]
    assert len(listed) == scenario.outreach.most_contacts_per_day
    assert not barred[listed].any()


def test_the_head_checks_only_where_a_plan_says_so() -> None:
    for share, first in ((0.0, False), (0.5, True)):
        state, policy, team, scenario = some_customers(20, {"outreach.checked_share": share})
        backlog, plan = make_backlog(40), make_plan(200)
        for i in range(20):
            open_task(state, backlog, policy, AT, team, i, CONTACT_PLAN, 10, 30)
        select(state, backlog, policy, team, 10, plan)
        checks = plan.size[40] == 1 and plan.rows[40, 0].task == CHECK
        assert checks == first
        if first:
            assert plan.rows[40, 0].minutes == pytest.approx(20 * share * scenario.outreach.check_min)


def test_gain_ranks_the_neglected_and_the_willing_first() -> None:
    state, policy, *_ = some_customers(4)
    state.book.last_talk[1] = 5  # talked with five days ago
    state.book.courted[2] = 0.9
    state.book.ask_from[3] = 100
    scores = [score_of(state, policy, AT, CONTACT_PLAN, i, 10) for i in range(4)]
    assert scores[0] > max(scores[1:])
    state, policy, *_ = some_customers(4, {"outreach.ranking": "rule"})
    state.book.courted[2] = 0.9
    scores = [score_of(state, policy, AT, CONTACT_PLAN, i, 10) for i in range(4)]
    assert len(set(scores)) == 1


def test_who_does_a_task() -> None:
    state, policy, *_ = some_customers(1)
    triggers = policy.triggers
    assert post_of(state, triggers, CONTACT_PLAN, 0, 5, 1) == 0
    assert post_of(state, triggers, LEADER_VISIT, 0, 5, 1) == 40
    assert post_of(state, triggers, LEADER_VISIT, 0, 5, 0) == -1
    state.book.seller[0] = 2  # two refusals led to two changes (O08)
    assert post_of(state, triggers, CONTACT_PLAN, 0, 5, 1) == 2
    state.book.owner[0] = -1
    assert post_of(state, triggers, CONTACT_PLAN, 0, 5, 1) == -1
    assert post_of(state, triggers, CAMPAIGN, 0, 5, 1) in range(5)


# ------------------------------------------------------------------------------------------ offers


def make_offer(state: Any, policy: Any, u_sale: float, day: int) -> bool:
    agenda = dates.make(400, 100)
    return bool(offer(state, agenda, policy, 0, 0.5, u_sale, 0.5, 0.5, day))


def test_nobody_is_asked_again_soon() -> None:
    state, policy, _, scenario = some_customers(1)
    assert not make_offer(state, policy, 0.9, 10)
    assert state.book.ask_from[0] == 10 + scenario.response.refusal_rest_days
    courted = state.book.courted[0]
    assert not make_offer(state, policy, 0.1, 11)  # not asked at all
    assert state.book.courted[0] == courted
    day = int(state.book.ask_from[0])
    assert make_offer(state, policy, 0.1, day)
    assert state.book.ask_from[0] == day + scenario.response.sale_rest_days
    assert state.sums.tally.sum(axis=0)[t.SALES] == 1


def test_response_saturates_where_rivals_answer() -> None:
    state, policy, *_ = some_customers(1, {"response.refusal_rest_days": 0, "response.same_seller_ratio": 1.0})
    before = willingness(policy, state, 0, 0)
    for day in range(20):
        make_offer(state, policy, 0.99, day)
    assert willingness(policy, state, 0, 20) < 0.2 * before


def test_a_loss_nearly_ends_the_second_sale_and_care_helps() -> None:
    state, policy, _, scenario = some_customers(1)
    before = willingness(policy, state, 0, 0)
    state.book.loss_day[0] = -10
    alone = willingness(policy, state, 0, 0)
    assert alone == pytest.approx(scenario.response.loss_sale_ratio * before)
    state.book.followed_day[0] = -20
    assert alone < willingness(policy, state, 0, 0) < before


def test_the_ladder_opens_with_sales_and_fits_age() -> None:
    state, policy, _, scenario = some_customers(2)
    state.book.age[0], state.book.age[1] = 30, 70
    state.book.sales[:] = state.book.tier[:] = 0
    u = (np.arange(2000) + 0.5) / 2000

    def shares(i: int) -> np.ndarray:
        sold = [fitting(policy, state, i, x, DEMAND, 0) for x in u]
        return np.bincount(sold, minlength=5) / len(u)

    weights = np.array(scenario.response.fit_ratio)
    first = shares(0)
    assert first[[3, 4]].sum() == 0.0
    assert first[:3] == pytest.approx(weights[:3] / weights[:3].sum(), abs=0.002)
    state.book.sales[:] = 5
    assert shares(0) == pytest.approx(weights / weights.sum(), abs=0.002)
    assert 0.0 < shares(1)[3] < shares(0)[3]
    assert {DEMAND, TIME, WEALTH_PRODUCT} == set(np.flatnonzero(first))


def test_a_walk_in_of_type_c_is_somebody_with_the_wealth_of_type_c() -> None:
    state, policy, *_ = some_customers(40, stage=PROSPECT, elsewhere=1_000_000)
    state.sums.pool[:] = state.sums.next_prospect = 0
    state.book.elsewhere[::10] = 90_000_000
    assert [take_prospect(state, policy, 1) for _ in range(5)] == [0, 10, 20, 30, -1]
    assert [take_prospect(state, policy, 0) for _ in range(3)] == [1, 2, 3]
    assert state.sums.next_prospect == 31


# ------------------------------------------------------------------------------------------ retention


def test_more_retention_raises_the_mean_value_of_a_customer() -> None:
    """Y11, N41: five points less outflow a year, everything else equal: a customer is worth more."""
    high = {"lifecycle.vip_outflow_per_year": 0.14, "lifecycle.ordinary_outflow_per_year": 0.13}
    low = {"lifecycle.vip_outflow_per_year": 0.09, "lifecycle.ordinary_outflow_per_year": 0.08}
    value = {}
    for name, rates in (("high", high), ("low", low)):
        found = kpis(branch(rates), 3)
        value[name] = (found["margin_yuan"] + found["terminal_value_yuan"]).mean()
    assert value["low"] > 1.02 * value["high"]
