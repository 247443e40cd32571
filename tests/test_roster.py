"""Who is on the floor: breaks in turns, the floor never empty while two are there, weekends, pace, coverage."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, tables
from tests.test_lobby_engines import differences
from vipsim.cli.checks import coverage_table, floor_coverage
from vipsim.draws import Address
from vipsim.lobby import fast, reference
from vipsim.lobby.arrays import Roster, make_tasks, make_visits
from vipsim.lobby.coverage import coverage
from vipsim.lobby.days import simulate_days
from vipsim.lobby.floor import DUTY, LOBBY_MANAGER, TELLER
from vipsim.lobby.jobs import DESK, MACHINE, SKIPPED
from vipsim.lobby.params import LobbyParams, make_day_log, make_roster, params
from vipsim.lobby.roster import assign_shifts, draw_roster
from vipsim.lobby.visits import add_walk_ins
from vipsim.scenario import files

ADDRESS = Address(1, 0, 0)
NO_BREAK = [{"start_min": 0.0, "end_min": 480.0, "blocks": []}]


def shifts(*lunches: tuple[float, float]) -> list[dict[str, Any]]:
    """One shift of the whole day for each lunch."""
    return [
        {"start_min": 0.0, "end_min": 480.0, "blocks": [{"start_min": a, "end_min": b, "activity": "break"}]}
        for a, b in lunches
    ]


def lobby(**changes: Any) -> dict[str, Any]:
    """The reference lobby day with some keys changed, written as ``staff__teller__employed=2``."""
    out = copy.deepcopy(tables("lobby_day"))
    for key, value in changes.items():
        *path, last = key.split("__")
        table = out
        for part in path:
            table = table[part]
        table[last] = value
    return out


def on_floor(p: LobbyParams, roster: Roster, role: int, minute: float) -> int:
    """Members of a role on the floor at a minute."""
    f, count = p.floor, 0
    for member in np.flatnonzero((p.staffing.role == role) & (roster.present > 0)):
        parts = slice(f.segment[roster.shift[member]], f.segment[roster.shift[member] + 1])
        inside = (f.segment_start[parts] <= minute) & (minute < f.segment_end[parts])
        count += bool(np.any(inside & (f.segment_activity[parts] == DUTY)))
    return count


# ---------------------------------------------------------------------------------------------- breaks


@pytest.mark.parametrize("name", ["baseline", "outlet_2012"])
def test_the_desk_is_never_left_while_two_are_there(name: str) -> None:
    """Every day of two years, with absence."""
    p = params(files.load(f"vipsim:{name}.toml"))
    roster = make_roster(p)
    two = alone = 0
    for day in range(730):
        draw_roster(p, ADDRESS, day, roster)
        there = int(roster.present[p.staffing.role == LOBBY_MANAGER].sum())
        fewest = min(on_floor(p, roster, LOBBY_MANAGER, minute) for minute in np.arange(0.5, 480.0, 5.0))
        assert fewest >= there // 2
        two += there >= 2
        alone += there == 1 and fewest == 0
    assert two > 600
    assert name != "baseline" or alone > 0  # one alone must eat: the comparison can fail


def test_members_with_fixed_shifts_would_leave_the_desk() -> None:
    """The fault that is cured: members 0 and 2 share a lunch where a member's number decides the shift."""
    p = params(files.load("vipsim:baseline.toml"))
    roster = make_roster(p)
    draw_roster(p, ADDRESS, 2, roster)
    managers = np.flatnonzero(p.staffing.role == LOBBY_MANAGER)
    roster.present[managers] = [1, 0, 1]
    assign_shifts(p, 2, roster)
    assert on_floor(p, roster, LOBBY_MANAGER, 200.0) == 1
    roster.shift[managers] = make_roster(p).shift[managers]  # by number
    assert on_floor(p, roster, LOBBY_MANAGER, 200.0) == 0


def test_breaks_rotate_among_the_members() -> None:
    """Over the days everybody has the early lunch as often as everybody else."""
    p = params(build(lobby(staff__teller__shifts=shifts((180.0, 220.0), (230.0, 270.0)))))
    roster, early = make_roster(p), np.zeros(4)
    tellers = p.staffing.role == TELLER
    for day in range(40):
        draw_roster(p, ADDRESS, day, roster)
        own = roster.shift[tellers] - p.staffing.first_shift[TELLER]
        assert sorted(own.tolist()) == [0, 0, 1, 1]
        early += own == 0
    assert early.tolist() == [20.0] * 4


def test_nobody_passes_an_unmanned_desk_of_two() -> None:
    """No visitor of the baseline's lobby skips the desk while two managers are on duty."""
    changed = lobby(
        staff__lobby_manager__employed=3,
        staff__lobby_manager__on_duty=2,
        staff__lobby_manager__shifts=shifts((180.0, 220.0), (230.0, 270.0)),
    )
    days = simulate_days(build(changed), ADDRESS, 6)
    at_desk = days.steps[days.steps["station"] == DESK]
    assert not np.any(at_desk["outcome"] == SKIPPED)
    assert np.all(days.visits["triaged"] == 1)
    changed["staff"]["lobby_manager"]["shifts"] = shifts((180.0, 220.0))
    together = simulate_days(build(changed), ADDRESS, 6)
    assert not np.all(together.visits["triaged"] == 1)


def test_the_vacant_and_the_absent_have_no_shift() -> None:
    p = params(build(lobby(staff__teller__absence_share=0.5)))
    roster = make_roster(p)
    for day in range(30):
        draw_roster(p, ADDRESS, day, roster)
        assert np.array_equal(roster.shift < 0, roster.present == 0)
        assert np.array_equal(roster.here_until > 0.0, roster.present == 1)


# -------------------------------------------------------------------------------------------- weekends


@pytest.mark.parametrize(("employed", "at_weekend"), [(4, 2), (5, 3), (3, 3), (2, 1), (1, 1), (6, 0)])
@pytest.mark.parametrize("weekend", [[5, 6], [5], [6]])
def test_everybody_works_five_days_a_week_whatever_the_weekend(
    employed: int, at_weekend: int, weekend: list[int]
) -> None:
    """Places at weekends are filled, handed round fairly, and made up for on a working day of the same week."""
    changes = {"staff__teller__employed": employed, "staff__teller__weekend_on_duty": at_weekend}
    p = params(build(lobby(**changes)), first_weekday=0, weekend=weekend)
    roster, there = make_roster(p), np.zeros((7 * employed, employed))
    for day in range(7 * employed):
        draw_roster(p, ADDRESS, day, roster)
        there[day] = roster.present[p.staffing.role == TELLER]
    weeks = there.reshape(employed, 7, employed)
    for weekday in weekend:
        assert np.all(weeks[:, weekday].sum(axis=1) == at_weekend)
    assert np.all(weeks[:, weekend].sum(axis=(0, 1)) == at_weekend * len(weekend))  # in so many weeks all alike
    opened = [*range(5), *weekend]
    assert np.all(weeks[:, opened].sum(axis=1) == 5.0)


def test_a_made_up_working_day_is_no_weekend() -> None:
    """Without opening at weekends, a Saturday on which the branch works for a holiday has everybody there."""
    p = params(build(lobby(staff__teller__weekend_on_duty=1)), first_weekday=0)
    roster = make_roster(p)
    draw_roster(p, ADDRESS, 5, roster)
    assert roster.present[p.staffing.role == TELLER].tolist() == [1] * 4


def test_weekends_are_counted_from_the_first_day_of_the_run() -> None:
    p = params(build(lobby(staff__teller__weekend_on_duty=1)), first_weekday=2, weekend=[5, 6])  # from a Wednesday
    roster, there = make_roster(p), []
    for day in range(14):
        draw_roster(p, ADDRESS, day, roster)
        there.append(int(roster.present[p.staffing.role == TELLER].sum()))
    assert there[3:5] == there[10:12] == [1, 1]
    assert there[5:10] == [3, 3, 4, 4, 4]  # who worked a day of the weekend rests on a day of the week


# ----------------------------------------------------------------------------------------------- pace


def test_without_a_spread_of_skill_everybody_is_exactly_average() -> None:
    p = params(build(tables("lobby_day")))
    roster = make_roster(p)
    roster.pace[:] = np.nan
    draw_roster(p, ADDRESS, 0, roster)
    assert np.all(roster.pace[: p.floor.staff] == 1.0)
    assert np.all(make_roster(p).pace == 1.0)  # machines included


def test_the_spread_of_skill_comes_back() -> None:
    """Pace over 4,000 replications of four tellers: mean 1, variation as declared; the same on every day."""
    p = params(build(lobby(staff__teller__skill_cv=0.2)))
    roster, found = make_roster(p), []
    tellers = np.flatnonzero(p.staffing.role == TELLER)
    for replication in range(4000):
        draw_roster(p, Address(1, replication, 0), 0, roster)
        found.append(roster.pace[tellers].copy())
        assert np.all(roster.pace[np.flatnonzero(p.staffing.role == LOBBY_MANAGER)] == 1.0)
    minutes = np.concatenate(found)
    assert abs(float(minutes.mean()) - 1.0) < 4.0 * 0.2 / np.sqrt(minutes.size)
    assert float(minutes.std()) == pytest.approx(0.2, abs=4.0 * 0.2 * np.sqrt(0.6 / minutes.size))
    draw_roster(p, ADDRESS, 0, roster)
    first = roster.pace.copy()
    draw_roster(p, ADDRESS, 17, roster)
    assert np.array_equal(roster.pace, first)
    assert len(set(first[tellers])) == 4


def test_hiring_moves_nobody_elses_pace() -> None:
    def tellers_pace(rms: int) -> list[float]:
        p = params(build(lobby(staff__relationship_manager__employed=rms, staff__teller__skill_cv=0.3)))
        roster = make_roster(p)
        draw_roster(p, ADDRESS, 0, roster)
        return [float(x) for x in roster.pace[np.flatnonzero(p.staffing.role == TELLER)]]

    assert tellers_pace(2) == tellers_pace(5)


def test_a_faster_member_needs_fewer_minutes_on_both_engines() -> None:
    """Minutes of every step are the drawn minutes times the pace of who serves; machines keep theirs."""
    p = params(build(tables("lobby_day")))
    visits = add_walk_ins(p, ADDRESS, 0, 1.0, make_visits())
    roster, tasks = make_roster(p), make_tasks(p.floor.staff)
    roster.pace[: p.floor.staff] = np.linspace(0.5, 2.0, p.floor.staff)
    log = fast.run_day(p, roster, visits, tasks, make_day_log(p), 0)
    assert differences(log, reference.run_day(p, roster, visits, tasks, make_day_log(p), 0), 0) == []
    steps = log.steps[: log.n[3]]
    checked = 0
    for step in steps[np.isfinite(steps["start"])]:
        visit = visits.rows[step["visit"]]
        drawn = ("triage_min", "machine_min", "counter_min", "counter_min", "meeting_min")[step["station"]]
        expected = float(visit[drawn]) * float(roster.pace[step["staff"]])
        assert step["end"] - step["start"] == pytest.approx(expected, abs=1e-9)
        checked += step["station"] != MACHINE
    assert checked > 500


# -------------------------------------------------------------------------------------------- coverage


def test_coverage_counts_the_fewest_of_each_half_hour() -> None:
    plan = coverage(files.load("vipsim:baseline.toml"))
    assert plan.roles["lobby_manager"] == [2] * 6 + [1, 1, 1] + [2] * 7
    assert plan.roles["teller"] == [4] * 6 + [2, 2, 2, 2] + [4] * 6
    assert plan.stations == {
        "desk": plan.roles["lobby_manager"],
        "cash": plan.roles["teller"],
        "noncash": plan.roles["teller"],
    }


def test_coverage_is_what_draw_roster_does_without_absence() -> None:
    scenario = build(lobby(
        staff__teller__employed=5, staff__teller__on_duty=3, staff__teller__cash_only=1, staff__teller__noncash_only=2,
        staff__teller__weekend_on_duty=4,
        staff__teller__shifts=shifts((60.0, 95.0), (100.0, 130.0)) + NO_BREAK,
    ))  # fmt: skip
    p = params(scenario, weekend=[6])
    roster = make_roster(p)
    fewest, on_sunday = np.full(16, 99), np.full(16, 99)
    for day in range(35):
        draw_roster(p, ADDRESS, day, roster)
        if day % 7 == 5:
            continue  # closed
        plan = on_sunday if day % 7 == 6 else fewest
        for minute in np.arange(0.5, 480.0):
            half_hour = int(minute // 30)
            plan[half_hour] = min(plan[half_hour], on_floor(p, roster, TELLER, minute))
    assert coverage(scenario, [6]).roles["teller"] == fewest.tolist()
    assert coverage(scenario, [6], at_weekend=True).roles["teller"] == on_sunday.tolist()


def test_a_station_left_alone_is_warned_of() -> None:
    said = floor_coverage(files.load("vipsim:baseline.toml"))
    assert said[1] == []
    assert "lobby_manager         2 2 2 2 2 2 1 1 1 2" in coverage_table(said[0])
    overrides = ["staff.lobby_manager.on_duty=1"]
    rows, warnings = floor_coverage(files.load("vipsim:baseline.toml", overrides))
    assert len(rows) == 4
    assert len(warnings) == 1
    assert warnings[0].startswith("station desk is left alone on a working day in the half-hour from 12:00")
    weekend = ['calendar.open_weekdays=["monday", "saturday"]', "staff.teller.weekend_on_duty=1"]
    rows, warnings = floor_coverage(files.load("vipsim:baseline.toml", weekend))
    assert len(rows) == 8
    assert [warning.split(" in the")[0] for warning in warnings] == [
        "station cash is left alone on a weekend",
        "station noncash is left alone on a weekend",
    ]


def test_opening_longer_than_the_shifts_is_named_as_the_cause() -> None:
    longer = ['calendar.opens_at="08:30"', "calendar.opening_min=540.0"]
    (warning,) = floor_coverage(files.load("vipsim:baseline.toml", longer))[1]
    assert warning.startswith("nobody serves desk, cash, noncash on a working day in the last 60 min of opening: ")
    assert "the last shift ends 480 min after opening, calendar.opening_min is 540" in warning
    both = floor_coverage(files.load("vipsim:baseline.toml", [*longer, "staff.lobby_manager.on_duty=1"]))[1]
    assert [line.split(" on a ")[0] for line in both] == [
        "station desk is left alone",
        "nobody serves desk, cash, noncash",
    ]
    assert "half-hour from 11:30 and 1 more" in both[0]


def test_a_theoretical_queue_has_no_clock() -> None:
    assert floor_coverage(files.load("vipsim:reference/mm5.toml")) == ([], [])
