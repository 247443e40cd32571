"""What the lobby's days show: the funnel loses nobody, queues add up to waits, the daily statistic to its visits."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from lobby_scenarios import build, random_tables
from test_cards import few
from years import branch

from vipsim import day
from vipsim.customers import channels
from vipsim.draws import Address
from vipsim.lobby import observed
from vipsim.lobby.days import LobbyDays, simulate_days
from vipsim.lobby.jobs import BALKED, LOST_NAMES, SERVED
from vipsim.lobby.params import params
from vipsim.month import policy_of

DAYS = 2
SEEDS = range(8)


@cache
def lobby(seed: int) -> tuple[LobbyDays, float, np.ndarray]:
    """Some days of a random lobby with a random service process: records, opening minutes, role of each member."""
    tables = random_tables(np.random.default_rng(seed), False, True)
    scenario = build(tables)
    days = simulate_days(scenario, Address(1, seed, 0), DAYS)
    return days, float(tables["calendar"]["opening_min"]), np.asarray(params(scenario).staffing.role)


@pytest.mark.parametrize("seed", SEEDS)
def test_everybody_met_a_manager_or_was_lost_somewhere(seed: int) -> None:
    visits = lobby(seed)[0].visits
    rows = observed.funnel(visits)
    for name, kind in zip("ABCD", range(4), strict=True):
        reached = {row["step"]: row["visitors"] for row in rows if row["type"] == name and row["what"] == "reached"}
        lost = {row["step"]: row["visitors"] for row in rows if row["type"] == name and row["what"] == "lost"}
        assert reached["entered"] == np.count_nonzero(visits["type"] == kind)
        assert reached["entered"] == reached["met"] + sum(lost.values())
        assert reached["believed"] <= reached["seen"] <= reached["entered"]
        assert set(lost) == set(LOST_NAMES[1:])


def test_the_funnel_sees_a_visitor_who_vanishes() -> None:
    """The check above can fail: a visitor who neither met anybody nor has a reason breaks the balance."""
    visits = lobby(0)[0].visits.copy()
    gone = np.flatnonzero((visits["lost"] > 0) & (visits["rm_outcome"] != SERVED))[0]
    visits["lost"][gone] = 0
    rows = observed.funnel(visits)
    sums = {"reached": 0, "lost": 0}
    for row in rows:
        if row["step"] in ("entered", "met"):
            sums["reached"] += row["visitors"] if row["step"] == "entered" else -row["visitors"]
        elif row["what"] == "lost":
            sums["lost"] += row["visitors"]
    assert sums["reached"] == sums["lost"] + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_queues_by_half_hour_add_up_to_the_minutes_waited(seed: int) -> None:
    days, opening, _ = lobby(seed)
    rows = observed.half_hours(days.steps, DAYS, opening)
    steps = days.steps[~np.isin(days.steps["activity"], observed._NO_LINE)]
    until = np.where(np.isnan(steps["start"]), steps["end"], steps["start"])
    waited = np.clip(np.minimum(until, opening) - steps["joined"], 0.0, None).sum()
    width = [min(30.0, opening - 30.0 * row["half_hour"]) for row in rows]
    assert sum(row["waiting_mean"] * w for row, w in zip(rows, width, strict=True)) * DAYS == pytest.approx(waited)
    inside = np.count_nonzero(steps["joined"] < opening)
    assert sum(row["joined_per_day"] for row in rows) * DAYS == pytest.approx(inside)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_daily_statistic_counts_every_visitor_found_once(seed: int) -> None:
    days, _, role = lobby(seed)
    names = np.array([f"role{n}" for n in role])
    rows = observed.referrals(days.visits, days.steps, names)
    assert len({(row["day"], row["staff"]) for row in rows}) == len(rows)
    found = sum(row["found"] for row in rows)
    believed = (days.visits["believed"] > 0) | (days.visits["referred"] > 0)
    assert 0 < found <= np.count_nonzero(believed) or not believed.any()
    for row in rows:
        assert row["met_on_the_spot"] + row["name_card_only"] <= row["found"]
        assert row["role"] == names[row["staff"]]


def test_kpis_of_waits_and_counts() -> None:
    days = lobby(1)[0]
    seen = observed.Observed()
    seen.month(days.visits, days.steps, np.zeros(days.visits["kind"].max() + 1, bool))
    found = observed.measures(seen.waits(), seen.counts, DAYS, {"vip": 5.0, "ordinary": None})
    waits = seen.waits()["vip"]
    assert found["vip_wait_p50_min"] == np.quantile(waits, 0.5)
    assert found["vip_wait_in_target_share"] == np.mean(waits <= 5.0)
    assert np.isnan(found["ordinary_wait_in_target_share"])
    assert np.isnan(found["ebank_sign_up_share"])  # no accounts are opened: nothing to average
    assert found["missed_primes_per_day"] * DAYS == seen.counts["primes"] - seen.counts["primes_believed"]
    assert 0.0 <= found["prime_met_share"] <= found["prime_seen_share"] <= 1.0
    assert seen.counts["balked"] == np.count_nonzero(days.visits["outcome"] == BALKED)


CHANNELS = SimpleNamespace(
    active_taught_share=0.6,
    active_untaught_share=0.25,
    active_decade_ratio=0.7,
    memory_half_visits=6.0,
    memory_days=365.0,
)


def test_teaching_and_youth_make_active_users() -> None:
    share = getattr(channels.active_share, "py_func", channels.active_share)
    assert share(CHANNELS, 40.0, 1) == pytest.approx(0.6)
    assert share(CHANNELS, 40.0, 0) == pytest.approx(0.25)
    odds = [share(CHANNELS, age, 1) / (1.0 - share(CHANNELS, age, 1)) for age in (30.0, 40.0, 50.0)]
    assert odds[1] / odds[0] == pytest.approx(0.7)
    assert odds[2] / odds[1] == pytest.approx(0.7)


def test_a_face_is_remembered_and_fades() -> None:
    known = getattr(channels.face_known, "py_func", channels.face_known)
    remember = getattr(channels.remember_face, "py_func", channels.remember_face)
    state = SimpleNamespace(book=[SimpleNamespace(faces=0.0, face_day=0)])
    assert known(state, CHANNELS, 0, 0) == 0.0
    for _ in range(6):
        remember(state, CHANNELS, 0, 10)
    assert known(state, CHANNELS, 0, 10) == pytest.approx(0.5)
    assert known(state, CHANNELS, 0, 10 + 365) == pytest.approx(6.0 / 2.718281828 / (6.0 / 2.718281828 + 6.0))


def policy() -> Any:
    return policy_of(branch({"channels.overtaken_care_share": 0.01, "experience.visit_care_share": 0.1}), 250.0)


def test_who_is_overtaken_resents_it_less_at_a_window() -> None:
    """L15, Q05."""
    found = []
    for overtaken, by_window in ((0, 0), (1, 0), (2, 0), (0, 2)):
        state, _ = few(1, {}, relationship=0.5)
        channels.resent_overtaking(state, policy().channels, 0, overtaken, by_window)
        found.append(state.book[0].relationship)
    assert found == pytest.approx([0.5, 0.495, 0.49, 0.497])


def test_satisfaction_with_a_wait_falls_straight_to_nothing() -> None:
    """N31: and who gives up had none."""
    assert [day.processing_score(policy(), wait, False) for wait in (0.0, 15.0, 30.0, 60.0)] == [1.0, 0.5, 0.0, 0.0]
    assert day.processing_score(policy(), 0.0, True) == 0.0


def test_service_better_or_worse_than_expected_moves_the_relationship() -> None:
    """N31, M14: of the way to 1, or of the way to 0."""
    found = []
    for surprise in (0.35, 0.0, -0.65):
        state, _ = few(1, {}, relationship=0.4)
        day._remember_service(state, policy(), 0, surprise)
        found.append(state.book[0].relationship)
    assert found == pytest.approx([0.4 + 0.035 * 0.6, 0.4, 0.4 - 0.065 * 0.4])
