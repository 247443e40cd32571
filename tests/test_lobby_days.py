"""The lobby's physics: visitors, minutes and chance are conserved; levers do what their names say."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, tables
from tests.test_lobby_engines import equal_rows, random_day
from vipsim.draws import Address
from vipsim.lobby import fast, ledger
from vipsim.lobby.arrays import Visits, make_tasks, make_visits
from vipsim.lobby.days import simulate_days
from vipsim.lobby.floor import BREAK, DUTY, TELLER
from vipsim.lobby.jobs import ABANDONED, CASH, NONE, RESULT, RM, SERVED, SKIPPED, UNSERVED
from vipsim.lobby.params import LobbyParams, make_day_log, make_roster, params
from vipsim.lobby.roster import draw_roster
from vipsim.lobby.rules import SERVE_ALL
from vipsim.lobby.visits import add_visits, add_walk_ins, arrange

ADDRESS = Address(1, 0, 0)


def lobby(**changes: Any) -> dict[str, Any]:
    """The reference lobby day with some keys changed, written as ``lobby__diversion__devices=2``."""
    out = copy.deepcopy(tables("lobby_day"))
    for key, value in changes.items():
        *path, last = key.split("__")
        table = out
        for part in path:
            table = table[part]
        table[last] = value
    return out


def walk_ins(p: LobbyParams, day: int = 0, weight: float = 1.0) -> Visits:
    return add_walk_ins(p, ADDRESS, day, weight, make_visits())


# ---------------------------------------------------------------------------------------- conservation


@pytest.mark.parametrize("number", range(60, 100))
def test_every_visitor_leaves_once_and_holds_one_server_at_a_time(number: int) -> None:
    p, roster, visits, tasks = random_day(number)
    log = fast.run_day(p, roster, visits, tasks, make_day_log(p), 0)
    rows, steps = log.visits[: log.n[1]], log.steps[: log.n[3]]
    assert rows.size == visits.n[0]
    assert np.all(rows["outcome"] != NONE)
    assert np.all(rows["left"] >= rows["arrive"])
    assert np.all(steps["end"] >= steps["joined"])
    for v in range(rows.size):
        own = steps[steps["visit"] == v]
        assert np.all(own["joined"][1:] >= own["end"][:-1])
        assert own["end"][-1] == rows["left"][v]
    worked = steps[steps["staff"] >= 0]
    for server in np.unique(worked["staff"]):
        own = np.sort(worked[worked["staff"] == server], order=["start", "end"])
        assert np.all(own["start"][1:] >= own["end"][:-1])
    assert np.all((rows["lead"] == 0) | (rows["name_card"] == 1))
    assert np.all((rows["name_card"] == 0) | (rows["rm_outcome"] == NONE))


@pytest.mark.parametrize("number", range(40))
def test_minutes_supplied_are_minutes_used_and_idle_exactly(number: int) -> None:
    """Idle time is measured here from the gaps between what a member did; the ledger never sees them."""
    p, roster, visits, tasks = random_day(number)
    log = fast.run_day(p, roster, visits, tasks, make_day_log(p), 0)
    book = ledger.make_ledger(p)
    ledger.add_day(p, roster, tasks, log, book)
    steps = log.steps[: log.n[3]]
    closing = round(p.rules.opening_min * ledger.PER_MINUTE)

    def ms(minutes: float) -> int:
        return int(minutes * ledger.PER_MINUTE + 0.5)

    for member in range(p.floor.staff):
        if not roster.present[member]:
            assert book[member].sum() == 0
            continue
        parts = range(p.floor.segment[roster.shift[member]], p.floor.segment[roster.shift[member] + 1])
        work = [(ms(x["start"]), ms(x["end"])) for x in steps if x["staff"] == member]
        for j in range(tasks.first[member], tasks.first[member + 1]):
            if np.isfinite(log.started[j]):
                work.append((ms(log.started[j]), ms(log.started[j] + tasks.minutes[j])))
        work.sort()
        assert all(b[0] >= a[1] for a, b in pairwise(work))  # one thing at a time
        start, end = ms(p.floor.segment_start[parts[0]]), ms(p.floor.segment_end[parts[-1]])
        if p.rules.after_closing == SERVE_ALL and p.floor.last_duty[roster.shift[member]] >= p.rules.opening_min:
            end = ms(log.closed[0])
        end = max([end, *(b for _, b in work)])
        last = max(end, closing) + 1
        state = np.zeros(last, np.int8) if last < 5_000_000 else None
        if state is None:  # a very long overtime: only the totals
            continue
        state[start:end] = 1  # idle
        for n in parts:
            if p.floor.segment_activity[n] != DUTY:
                activity = 2 + p.floor.segment_activity[n] - BREAK
                state[ms(p.floor.segment_start[n]) : ms(p.floor.segment_end[n])] = activity
        for a, b in work:
            state[a:b] = 9
        half_hours = book.shape[1] - 1
        for h in range(half_hours + 1):
            a = h * 30 * ledger.PER_MINUTE
            part = (
                state[min(a, closing) : min(a + 30 * ledger.PER_MINUTE, closing)] if h < half_hours else state[closing:]
            )
            row = book[member, h]
            assert row[ledger.SUPPLIED] == np.count_nonzero(part)
            assert row[: ledger.USED].sum() == np.count_nonzero(part > 1)
            assert row[ledger.SUPPLIED] - row[: ledger.USED].sum() == np.count_nonzero(part == 1)
            assert row[:3].tolist() == [np.count_nonzero(part == x) for x in (2, 3, 4)]


def test_one_more_customer_changes_no_other_visit() -> None:
    p = params(build(lobby()))
    few, more = make_visits(), make_visits()
    ones = np.ones(30, np.int64)
    who = np.arange(30) * 7
    arguments = (who, 0 * ones, 3 * ones, 0 * ones, 0 * ones, -ones, 0 * ones, 0 * ones, 0.0 * ones)
    few = add_visits(p, ADDRESS, 5, 29, *arguments, few)
    more = add_visits(p, ADDRESS, 5, 30, *arguments, more)
    assert few.n[0] == 29
    assert more.n[0] == 30
    assert few.rows[:29].tobytes() == more.rows[:29].tobytes()


def test_more_walk_ins_leave_those_who_come_anyway_alone() -> None:
    p = params(build(lobby()))
    few, more = walk_ins(p), walk_ins(p, weight=1.3)
    key = ["arrive", "number", "counter_min", "patience_min", "type"]
    known = {tuple(row) for row in more.rows[: more.n[0]][key].tolist()}
    assert more.n[0] > few.n[0]
    assert all(tuple(row) in known for row in few.rows[: few.n[0]][key].tolist())


def test_one_more_teller_lengthens_no_wait_without_patience() -> None:
    """First come, first served, infinite patience, common draws: more servers never hurt anybody."""

    def waits(tellers: int) -> np.ndarray:
        never = {"law": "never"}
        changed = lobby(
            staff__teller__employed=tellers,
            lobby__vip_service__mode="none",
            lobby__counters__patience_vip=never,
            lobby__counters__patience_ordinary=never,
            lobby__diversion__divert_share=0.0,
        )
        result = simulate_days(build(changed), ADDRESS, 10)
        return result.visits["called"] - result.visits["joined"]

    few, more = waits(5), waits(6)
    assert np.all(more <= few + 1e-9)
    assert more.sum() < few.sum()


# ----------------------------------------------------------------------------------------------- rules


def test_arrivals_come_in_order_whatever_the_order_of_rows() -> None:
    g = np.random.default_rng(3)
    for n in (0, 1, 2, 50, 700):
        visits = make_visits(max(n, 1))
        visits.n[:] = n
        visits.rows["arrive"][:n] = np.floor(g.random(n) * g.choice([5.0, 480.0]))
        arrange(visits)
        expected = np.argsort(visits.rows["arrive"][:n], kind="stable")
        assert visits.order[:n].tolist() == expected.tolist()


@pytest.mark.parametrize("mode", ["none", "strict", "head_start", "override", "window"])
def test_vip_service_helps_vips_and_costs_others(mode: str) -> None:
    changed = lobby(
        lobby__vip_service={"mode": mode, "head_start_min": 8.0, "override_min": 0.5, "windows": 1},
        demand__walk_in_share={"A": 0.25, "B": 0.0, "C": 0.0, "D": 0.75},
        lobby__meetings__meet_share=0.0,
    )
    v = simulate_days(build(changed), ADDRESS, 60).visits
    at_counter = v["station"] == CASH
    wait = v["called"] - v["joined"]
    vip, ordinary = (float(wait[at_counter & (v["vip"] == x)].mean()) for x in (1, 0))
    if mode == "none":
        assert vip == pytest.approx(ordinary, rel=0.15)
    else:
        assert vip < 0.85 * ordinary


def test_a_head_start_of_nothing_is_no_priority() -> None:
    none = simulate_days(build(lobby(lobby__vip_service__mode="none")), ADDRESS, 10)
    start = simulate_days(build(lobby(lobby__vip_service__mode="head_start")), ADDRESS, 10)
    assert equal_rows(none.visits, start.visits, RESULT) == []


def test_a_window_serves_only_primes_and_never_takes_the_last_teller() -> None:
    changed = lobby(lobby__vip_service__mode="window", lobby__vip_service__windows=3)
    result = simulate_days(build(changed), ADDRESS, 10)
    first_teller = 4  # after two RMs and two lobby managers
    for teller in (0, 1, 2):
        served = result.visits[result.visits["teller"] == first_teller + teller]
        assert served.size > 0
        assert np.all(served["believed"] == 1)
    p = params(build(lobby(lobby__vip_service__mode="window", lobby__vip_service__windows=4)))
    roster = make_roster(p)
    draw_roster(p, ADDRESS, 0, roster)
    assert roster.special[p.staffing.role == TELLER].sum() == 3


def test_who_is_sent_away_at_closing_is_unserved_at_closing() -> None:
    changed = lobby(lobby__after_closing="send_away", staff__teller__employed=1)
    result = simulate_days(build(changed), ADDRESS, 5)
    unserved = result.steps[result.steps["outcome"] == UNSERVED]
    assert unserved.size > 0
    assert np.all(unserved["end"] >= 480.0)
    assert np.all(unserved["joined"] <= unserved["end"])
    kept = simulate_days(build(lobby(staff__teller__employed=1)), ADDRESS, 5)
    assert np.all(kept.visits["outcome"] != UNSERVED)


def test_nobody_at_the_desk_sends_those_who_wait_to_the_ticket_machine() -> None:
    lunch = [{"start_min": 0.0, "end_min": 480.0, "blocks": [
        {"start_min": 200.0, "end_min": 230.0, "activity": "break"}]}]  # fmt: skip
    changed = lobby(staff__lobby_manager__shifts=lunch, lobby__triage__minutes={"law": "constant", "value_min": 2.3})
    result = simulate_days(build(changed), ADDRESS, 10)
    skipped = result.steps[result.steps["outcome"] == SKIPPED]
    assert skipped.size > 0
    assert np.all(skipped["end"] == 200.0)
    v = result.visits
    during = (v["arrive"] > 202.5) & (v["arrive"] < 230.0)
    assert np.all(v["triaged"][during] == 0)
    assert np.all(v["diverted"][during] == 0)


def test_errors_of_identification_have_the_declared_shares() -> None:
    changed = lobby(
        lobby__triage__sensitivity_share=0.55,
        lobby__triage__specificity_share=0.92,
        demand__walk_in_share={"A": 0.1, "B": 0.2, "C": 0.1, "D": 0.6},
    )
    v = simulate_days(build(changed), ADDRESS, 50).visits
    assert np.all(v["triaged"] == 1)
    prime = v["type"] < 3
    assert float(v["believed"][prime].mean()) == pytest.approx(0.55, abs=4.0 * np.sqrt(0.25 / prime.sum()))
    assert float(v["believed"][~prime].mean()) == pytest.approx(0.08, abs=4.0 * np.sqrt(0.08 / (~prime).sum()))


def test_tellers_refer_whom_their_screen_shows() -> None:
    changed = lobby(
        lobby__counters__teller_sensitivity_share=1.0,
        lobby__counters__teller_specificity_share=1.0,
        lobby__counters__chat_queue_threshold=2,
        lobby__counters__pitch_min=1.0,
        demand__walk_in_share={"A": 0.1, "B": 0.2, "C": 0.2, "D": 0.5},
    )
    p = params(build(changed), ask_share=1.0)
    log = fast.run_day(p, make_roster(p), walk_ins(p), make_tasks(p.floor.staff), make_day_log(p), 0)
    v = log.visits[: log.n[1]]
    asked = v[v["pitched"] == 1]
    assert 0 < asked.size < (v["station"] == CASH).sum()  # not in front of a long line
    assert np.array_equal(asked["referred"] == 1, asked["type"] < 2)
    assert np.all(v["referred"][v["pitched"] == 0] == 0)
    plain = params(build(changed))
    quiet = fast.run_day(plain, make_roster(plain), walk_ins(plain), make_tasks(8), make_day_log(plain), 0)
    assert quiet.visits["pitched"][: quiet.n[1]].sum() == 0


def test_idle_members_do_their_outreach_in_calling_hours_only() -> None:
    p = params(build(lobby(lobby__meetings__meet_share=0.0)))
    tasks = make_tasks(p.floor.staff, {0: [30.0, 500.0, 20.0], 1: [45.0] * 12}, (60.0, 300.0))
    log = fast.run_day(p, make_roster(p), walk_ins(p), tasks, make_day_log(p), 0)
    started = log.started[: tasks.minutes.size]
    assert started[:3].tolist() == pytest.approx([60.0, np.nan, 90.0], nan_ok=True)  # 500 minutes fit nowhere
    assert started[3:8].tolist() == [60.0, 105.0, 150.0, 195.0, 240.0]
    assert np.all(np.isnan(started[8:]))


def test_an_own_rm_serves_own_customers_and_appointments_first() -> None:
    changed = lobby(
        demand__walk_ins_per_day=0.0,
        lobby__meetings={
            "meet_share": 1.0, "meet_first": True, "wait_share": 1.0, "wait_share_fall_per_min": 0.0,
            "phone_share": 1.0,
            "own_rm_first": "own_only", "minutes": {"law": "constant", "value_min": 20.0}, "patience": {"law": "never"},
        },
    )  # fmt: skip
    p = params(build(changed))
    n = 40
    zeros, ones = np.zeros(n, np.int64), np.ones(n, np.int64)
    owner = np.arange(n) % 2
    expected = (np.arange(n) < 6) * 1
    visits = add_visits(
        p, ADDRESS, 1, n, np.arange(n), zeros, zeros, ones, zeros, owner, expected, zeros, 0.0 * zeros, make_visits()
    )
    log = fast.run_day(p, make_roster(p), visits, make_tasks(p.floor.staff), make_day_log(p), 0)
    v = log.visits[:n]
    met = v["rm_outcome"] == SERVED
    assert met.sum() > 20
    assert np.array_equal(v["rm_staff"][met], v["owner"][met])
    assert np.all(v["station"][v["appointment"] == 1] == RM)
    assert np.all(v["believed"][v["appointment"] == 1] == 1)


# -------------------------------------------------------------------------------------- days and roster


def test_roster_rota_and_absence() -> None:
    p = params(build(lobby(staff__teller__employed=4, staff__teller__on_duty=3, staff__teller__absence_share=0.1)))
    roster = make_roster(p)
    tellers = p.staffing.role == TELLER
    present = []
    for day in range(4000):
        draw_roster(p, ADDRESS, day, roster)
        present.append(roster.present[tellers].copy())
    days = np.array(present)
    expected = sum(min(k, 3) * w for k, w in zip(range(5), [0.0001, 0.0036, 0.0486, 0.2916, 0.6561], strict=True))
    assert days.sum(1).max() == 3
    assert float(days.sum(1).mean()) == pytest.approx(expected, abs=0.03)
    assert np.all(np.abs(days.mean(0) - expected / 4) < 0.03)  # the rota treats everybody alike


def test_hiring_an_rm_moves_nobody_elses_absence() -> None:
    def tellers_present(rms: int) -> list[list[int]]:
        p = params(build(lobby(staff__relationship_manager__employed=rms, staff__teller__absence_share=0.3)))
        roster = make_roster(p)
        out = []
        for day in range(50):
            draw_roster(p, ADDRESS, day, roster)
            out.append(roster.present[p.staffing.role == TELLER].tolist())
        return out

    assert tellers_present(2) == tellers_present(5)


# ------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"demand__profile_share": [0.5, 0.4]}, "profile_share to sum to 1, found 0.9"),
        ({"demand__walk_in_share": {"A": 0.1, "B": 0.1, "C": 0.1, "D": 0.1}}, "walk_in_share to sum to 1, found 0.4"),
        ({"staff__teller__cash_only": 5}, "cash_only \\+ noncash_only <= employed"),
        ({"staff__teller__employed": 0}, "somebody at station 'cash'.*'counter'"),
        ({"staff__lobby_manager__employed": 0}, "staff.lobby_manager.employed: expected somebody at station 'desk'"),
        ({"staff__teller__shifts": [{"start_min": 0.0, "end_min": 500.0}]}, "shifts.0..end_min: expected at most"),
        ({"staff__teller__shifts": [{"start_min": 9.0, "end_min": 5.0}]}, "start_min < end_min"),
        ({"staff__relationship_manager__stations": ["rm", "rm"]}, "every station once"),
        ({"lobby__vip_service__mode": "magic"}, "none.*strict"),
        ({"staff__teller__employed": 21}, "less than or equal to 20"),
    ],
)  # fmt: skip
def test_a_lobby_that_cannot_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        params(build(lobby(**changes)))


def test_outcomes_are_numbered_as_documented() -> None:
    assert (SERVED, ABANDONED, UNSERVED) == (0, 1, 2)
