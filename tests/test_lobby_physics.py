"""What no lobby may do: lose a visitor, be in two places, serve off duty, lengthen a wait with one more desk.

Some tests look at random lobbies in which every option is on or off by chance; others at days made for one rule.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.lobby_scenarios import build, random_tables, tables
from tests.test_lobby_engines import equal_rows, random_day
from vipsim.draws import Address
from vipsim.lobby import fast
from vipsim.lobby.arrays import Roster, Tasks, make_tasks, make_visits
from vipsim.lobby.floor import DUTY
from vipsim.lobby.jobs import (
    ABANDONED,
    CASH,
    CUT_OFF,
    DESK,
    HANDED_OVER,
    MACHINE,
    NONCASH,
    ORDINARY,
    PRIME,
    RESULT,
    SERVED,
    SKIPPED,
    UNSERVED,
)
from vipsim.lobby.params import LobbyParams, make_day_log, make_roster, params
from vipsim.lobby.roster import draw_roster
from vipsim.lobby.rules import SEND_AWAY
from vipsim.lobby.visits import add_walk_ins

MINUTES = ("arrive", "triage_min", "machine_min", "counter_min", "meeting_min")


class Day(NamedTuple):
    """A day that was run: who came, and the log's rows."""

    params: LobbyParams
    roster: Roster
    came: np.ndarray  # VISIT
    tasks: Tasks
    visits: np.ndarray  # RESULT
    steps: np.ndarray  # STEP
    started: np.ndarray


def run(p: LobbyParams, roster: Roster, visits: Any, tasks: Tasks | None = None) -> Day:
    """Run one day with the compiled engine (the other is equal: test_lobby_engines)."""
    tasks = tasks or make_tasks(p.floor.staff)
    log = fast.run_day(p, roster, visits, tasks, make_day_log(p), 0)
    came = visits.rows[: visits.n[0]].copy()
    started = log.started[: tasks.minutes.size].copy()
    return Day(p, roster, came, tasks, log.visits[: log.n[1]].copy(), log.steps[: log.n[3]].copy(), started)


def walk_in_day(content: dict[str, Any], day: int, whole_minutes: bool = False, lists: Any = None) -> Day:
    """A day of walk-ins in a lobby given as tables; visits do not depend on the staff."""
    p = params(build(content))
    roster, address = make_roster(p), Address(31, 0, 0)
    draw_roster(p, address, day, roster)
    visits = add_walk_ins(p, address, day, 1.0, make_visits())
    if whole_minutes:
        for name in MINUTES:
            visits.rows[name] = np.floor(visits.rows[name])
    hours = (0.0, content["calendar"]["opening_min"])
    return run(p, roster, visits, make_tasks(p.floor.staff, lists, hours) if lists else None)


RANDOM_DAYS = range(1000, 1160)


@pytest.fixture(scope="module")
def random_days() -> list[Day]:
    """Days in random lobbies, half of them with whole minutes everywhere."""
    days = []
    for number in RANDOM_DAYS:
        p, roster, visits, tasks = random_day(number)
        days.append(run(p, roster, visits, tasks))
    return days


# ---------------------------------------------------------------------------------- in every lobby at all


def test_who_comes_in_goes_out(random_days: list[Day]) -> None:
    outcomes = set()
    for day in random_days:
        assert len(day.visits) == len(day.came)
        assert np.array_equal(day.visits["arrive"], day.came["arrive"])
        assert np.all(day.visits["left"] >= day.visits["arrive"])  # false for nan
        outcomes |= set(day.visits["outcome"].tolist())
    assert outcomes == {SERVED, ABANDONED, UNSERVED, CUT_OFF}  # how a visit may end


def test_steps_are_in_order_of_time(random_days: list[Day]) -> None:
    for day in random_days:
        s = day.steps
        staffed = s["staff"] >= 0
        assert np.all(s["joined"][staffed] <= s["called"][staffed])
        assert np.all(s["called"][staffed] <= s["start"][staffed])
        assert np.all(s["start"][staffed] <= s["end"][staffed])
        assert np.array_equal(staffed, np.isin(s["outcome"], [SERVED, HANDED_OVER, CUT_OFF]))
        left = s["outcome"] == ABANDONED  # patience ends before the call that comes in vain
        assert np.all(s["joined"][left] <= s["end"][left])
        assert np.all(s["end"][left] <= s["called"][left])
        away = np.isin(s["outcome"], [UNSERVED, SKIPPED])
        assert np.all(s["joined"][away] <= s["end"][away])
        assert np.all(np.isnan(s["start"][left | away]))


def overlaps(starts: np.ndarray, ends: np.ndarray, of: np.ndarray) -> bool:
    """Whether two intervals of the same owner have more than an end in common."""
    order = np.lexsort((ends, starts, of))
    starts, ends, of = starts[order], ends[order], of[order]
    same = of[1:] == of[:-1]
    return bool(np.any(starts[1:][same] < ends[:-1][same]))


def test_overlaps_are_seen() -> None:
    def seen(second: float, owner: int) -> bool:
        return overlaps(np.array([0.0, second]), np.array([5.0, 9.0]), np.array([1, owner]))

    assert seen(4.9, 1)
    assert not seen(5.0, 1)
    assert not seen(4.9, 2)


def test_nobody_is_in_two_places(random_days: list[Day]) -> None:
    """A visitor's steps, waiting included, follow each other between the door and the door."""
    for day in random_days:
        s = day.steps
        assert not overlaps(s["joined"], s["end"], s["visit"])
        assert np.all(s["joined"] >= day.visits["arrive"][s["visit"]])
        assert np.all(s["end"] <= day.visits["left"][s["visit"]])


def staff_time(day: Day) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(start, end, server) of all that members and machines did, outreach included."""
    s = day.steps[day.steps["staff"] >= 0]
    owner = np.repeat(np.arange(day.params.floor.staff), np.diff(day.tasks.first))
    done = ~np.isnan(day.started)
    starts = np.concatenate([s["start"], day.started[done]])
    ends = np.concatenate([s["end"], day.started[done] + day.tasks.minutes[done]])
    return starts, ends, np.concatenate([s["staff"], owner[done]])


def test_no_server_serves_two_at_once(random_days: list[Day]) -> None:
    busy = 0
    for day in random_days:
        assert not overlaps(*staff_time(day))
        busy += np.count_nonzero(~np.isnan(day.started))
    assert busy > 100  # outreach too was tested


def on_duty(day: Day, member: int, minute: float) -> bool:
    """Whether a member's shift of today puts them on the floor at a minute."""
    f, shift = day.params.floor, day.roster.shift[member]
    parts = slice(f.segment[shift], f.segment[shift + 1])
    inside = (f.segment_start[parts] <= minute) & (minute < f.segment_end[parts])
    return bool(np.any(inside & (f.segment_activity[parts] == DUTY)))


def test_the_roster_is_respected(random_days: list[Day]) -> None:
    """Nothing starts off duty, but after closing, where all are served, by those on duty till closing."""
    late = 0
    for day in random_days:
        p = day.params
        for start, _, member in zip(*staff_time(day), strict=True):
            if member >= p.floor.staff:
                continue
            assert day.roster.present[member]
            if start >= p.rules.opening_min:
                assert p.rules.after_closing != SEND_AWAY
                assert day.roster.here_until[member] >= p.rules.opening_min
                late += 1
            else:
                assert on_duty(day, int(member), float(start))
    assert late > 100


def test_outreach_ends_within_duty_and_calling_hours(random_days: list[Day]) -> None:
    made = 0
    for day in random_days:
        t = day.tasks
        owner = np.repeat(np.arange(day.params.floor.staff), np.diff(t.first))
        for task in np.flatnonzero(~np.isnan(day.started)):
            start, end = day.started[task], day.started[task] + t.minutes[task]
            assert t.call_from_min <= start
            assert end <= min(t.call_until_min, day.params.rules.opening_min)
            assert on_duty(day, owner[task], start)
            assert end == start or on_duty(day, owner[task], np.nextafter(end, start))
            made += 1
    assert made > 100


def test_who_gave_up_would_have_waited_at_least_their_patience(random_days: list[Day]) -> None:
    seen = 0
    for day in random_days:
        v = day.visits
        patience = np.where(v["station"] == MACHINE, day.came["machine_patience_min"], day.came["patience_min"])
        left = (v["outcome"] == ABANDONED) & np.isin(v["station"], [MACHINE, CASH, NONCASH]) & ~np.isnan(v["joined"])
        assert np.array_equal(v["left"][left], (v["joined"] + patience)[left])
        assert np.all(v["called"][left] >= v["left"][left])
        seen += np.count_nonzero(left)
        known = (v["outcome"] == SERVED) & np.isin(v["station"], [MACHINE, CASH, NONCASH])
        assert np.all((v["start"] - v["joined"])[known] <= patience[known] * (1 + 1e-12))
    assert seen > 100


# ----------------------------------------------------------------------------------------- one more desk


def patient_fifo() -> dict[str, Any]:
    """The engines' lobby day with one line in order of joining, and nobody who gives up."""
    content = tables("lobby_day")
    content["lobby"]["vip_service"]["mode"] = "none"
    never = {"law": "never"}
    content["lobby"]["counters"] |= {"patience_vip": never, "patience_ordinary": never}
    return content


def set_number(content: dict[str, Any], station: int, number: int) -> dict[str, Any]:
    """The same lobby with so many members or machines at a station."""
    out = deepcopy(content)
    if station == MACHINE:
        out["lobby"]["diversion"]["devices"] = number
    else:
        out["staff"]["lobby_manager" if station == DESK else "teller"]["employed"] = number
    return out


def called_at(day: Day, station: int) -> np.ndarray:
    """When each visitor is called at a station, nan who does not come there."""
    here = (day.steps["station"] == station) & (day.steps["staff"] >= 0)
    called = np.full(len(day.came), np.nan)
    called[day.steps["visit"][here]] = day.steps["called"][here]
    return called


def lengthened(few: Day, more: Day, station: int) -> int:
    """Visitors who wait longer on the second day; they join at the same minute on both."""
    assert np.array_equal(few.came, more.came)
    before, after = called_at(few, station), called_at(more, station)
    assert np.array_equal(np.isnan(before), np.isnan(after))
    return int(np.count_nonzero(after > before))


@pytest.mark.parametrize("whole_minutes", [False, True])
@pytest.mark.parametrize(("station", "numbers"), [(CASH, (4, 5, 6)), (DESK, (1, 2, 3)), (MACHINE, (1, 2, 3))])
def test_one_more_desk_lengthens_no_wait(station: int, numbers: tuple[int, ...], whole_minutes: bool) -> None:
    shortened = 0
    for number in range(8):
        days = [walk_in_day(set_number(patient_fifo(), station, n), number, whole_minutes) for n in numbers]
        for few, more in pairwise(days):
            assert lengthened(few, more, station) == 0
            shortened += lengthened(more, few, station)
    assert shortened > 50  # and one desk less does lengthen: the comparison can fail


def test_with_impatient_visitors_one_more_desk_may_lengthen_a_wait() -> None:
    """Who stays because of the new desk stands before somebody else: not a fault, and the comparison sees it."""
    content = tables("lobby_day")
    content["lobby"]["triage"]["on"] = False
    lengthened_waits = 0
    for number in range(20):
        few, more = (walk_in_day(set_number(content, CASH, n), number) for n in (4, 5))
        before, after = (d.visits["called"] - d.visits["joined"] for d in (few, more))
        lengthened_waits += np.count_nonzero(after > before)
    assert lengthened_waits > 0


# ----------------------------------------------------------------------------------------------- shift end


def handover_day(shift_end: str, after_closing: str = "serve_all", second: bool = True) -> Day:
    """One customer of 30 minutes comes at minute 10; the first teller's duty ends at 20, a colleague's never."""
    content = tables("lobby_day")
    content["lobby"]["triage"]["on"] = False
    content["lobby"] |= {"shift_end": shift_end, "after_closing": after_closing}
    content["demand"]["walk_ins_per_day"] = 0.0
    content["staff"]["teller"] |= {
        "employed": 2 if second else 1,
        "shifts": [
            {"start_min": 0.0, "end_min": 480.0, "blocks": [{"start_min": 20.0, "end_min": 60.0, "activity": "break"}]},
            {"start_min": 12.0, "end_min": 480.0},
        ],
    }
    p = params(build(content))
    visits = make_visits()
    visits.rows[0] = visits.blank[0]
    visits.rows["arrive"][0], visits.rows["counter_min"][0], visits.rows["station"][0] = 10.0, 30.0, CASH
    visits.n[:] = 1
    return run(p, make_roster(p), visits)


def parts(day: Day) -> list[tuple[float, float, int]]:
    return [(float(s["start"]), float(s["end"]), int(s["outcome"])) for s in day.steps]


def test_finish_the_customer_in_hand() -> None:
    assert parts(handover_day("finish")) == [(10.0, 40.0, SERVED)]


def test_hand_over_to_a_colleague() -> None:
    day = handover_day("hand_over")
    assert parts(day) == [(10.0, 20.0, HANDED_OVER), (20.0, 40.0, SERVED)]
    assert day.steps["staff"][0] != day.steps["staff"][1]
    assert day.visits["outcome"][0] == SERVED
    assert (day.visits["called"][0], day.visits["start"][0], day.visits["end"][0]) == (10.0, 10.0, 40.0)


def test_hand_over_waits_for_who_comes_back() -> None:
    assert parts(handover_day("hand_over", second=False)) == [(10.0, 20.0, HANDED_OVER), (60.0, 80.0, SERVED)]


def test_cut_off() -> None:
    day = handover_day("cut_off")
    assert parts(day) == [(10.0, 20.0, CUT_OFF)]
    assert (day.visits["outcome"][0], day.visits["left"][0]) == (CUT_OFF, 20.0)


def closing_day(shift_end: str, after_closing: str) -> Day:
    """One teller; customers of 30 minutes come at 460 and 465; the doors close at 480."""
    content = tables("lobby_day")
    content["lobby"]["triage"]["on"] = False
    content["lobby"] |= {"shift_end": shift_end, "after_closing": after_closing}
    content["staff"]["teller"]["employed"] = 1
    p = params(build(content))
    visits = make_visits()
    visits.rows[:2] = visits.blank[0]
    visits.rows["arrive"][:2] = [460.0, 465.0]
    visits.rows["counter_min"][:2], visits.rows["station"][:2] = 30.0, CASH
    visits.n[:] = 2
    return run(p, make_roster(p), visits)


def test_who_is_inside_at_closing_is_served_in_overtime() -> None:
    assert parts(closing_day("finish", "serve_all")) == [(460.0, 490.0, SERVED), (490.0, 520.0, SERVED)]
    assert parts(closing_day("cut_off", "serve_all")) == [(460.0, 490.0, SERVED), (490.0, 520.0, SERVED)]


@pytest.mark.parametrize(
    ("shift_end", "in_hand"),
    [("finish", (SERVED, 490.0)), ("cut_off", (CUT_OFF, 480.0)), ("hand_over", (UNSERVED, 480.0))],
)
def test_who_waits_at_closing_is_sent_away(shift_end: str, in_hand: tuple[int, float]) -> None:
    """Who is in hand is finished, cut off, or handed over to nobody and so sent away."""
    day = closing_day(shift_end, "send_away")
    assert (day.visits["outcome"][0], day.visits["left"][0]) == in_hand
    assert (day.visits["outcome"][1], day.visits["left"][1]) == (UNSERVED, 480.0)
    assert np.isnan(day.visits["called"][1])


# --------------------------------------------------------------------------------------------- VIP service


def vip_day(number: int, mode: str, whole_minutes: bool = False, **service: Any) -> Day:
    """A patient lobby day with a fifth of VIPs under one way of serving them."""
    content = patient_fifo()
    content["demand"]["walk_in_share"] = {"A": 0.2, "B": 0.0, "C": 0.0, "D": 0.8}
    content["demand"]["walk_ins_per_day"] = 430.0
    content["lobby"]["meetings"]["meet_share"] = 0.0
    content["lobby"]["vip_service"] |= {"mode": mode, **service}
    return walk_in_day(content, number, whole_minutes)


def mean_waits(days: list[Day]) -> tuple[float, float]:
    """Mean minutes of VIPs and of others at the counters."""
    rows = np.concatenate([d.visits[d.visits["station"] == CASH] for d in days])
    wait = rows["called"] - rows["joined"]
    return float(wait[rows["vip"] > 0].mean()), float(wait[rows["vip"] == 0].mean())


def test_calling_vips_first_shortens_their_wait_and_lengthens_the_others() -> None:
    none, strict = (mean_waits([vip_day(n, mode) for n in range(20)]) for mode in ("none", "strict"))
    assert strict[0] < 0.7 * none[0]
    assert strict[1] > 1.05 * none[1]
    some = mean_waits([vip_day(n, "head_start", head_start_min=5.0) for n in range(20)])
    assert strict[0] < some[0] < none[0]
    assert none[1] < some[1] < strict[1]


def test_windows_serve_only_primes() -> None:
    days = [vip_day(n, "window", windows=1) for n in range(10)]
    served = 0
    for day in days:
        special = np.flatnonzero(day.roster.special)
        assert special.size == 1
        at_window = day.steps["staff"] == special[0]
        assert np.all(day.steps["cls"][at_window] == PRIME)
        served += np.count_nonzero(at_window)
    assert served > 100
    # the other tellers see the ordinary line first, but take VIPs when it is empty
    ordinary = {int(s["cls"]) for d in days for s in d.steps[d.steps["station"] == CASH]}
    assert ordinary == {PRIME, ORDINARY}


def called_out_of_turn(day: Day, credit: float) -> int:
    """Calls at the counters while somebody waits who joined earlier, where primes count as so many minutes earlier.

    Who joins in the very minute of the call may come after it: received in no time, later in that minute.
    """
    s = day.steps[day.steps["station"] == CASH]
    key = s["joined"] - credit * (s["cls"] == PRIME)
    wrong = 0
    for n in range(len(s)):
        waits = (s["joined"] < s["called"][n]) & (s["called"] > s["called"][n])
        wrong += np.count_nonzero(key[waits] < key[n])
    return wrong


@pytest.mark.parametrize("whole_minutes", [False, True])
def test_a_head_start_is_so_many_minutes_credited(whole_minutes: bool) -> None:
    days = [vip_day(n, "head_start", whole_minutes, head_start_min=5.0) for n in range(5)]
    assert sum(called_out_of_turn(d, 5.0) for d in days) == 0
    assert sum(called_out_of_turn(d, 0.0) for d in days) > 0  # the credit is felt
    assert sum(called_out_of_turn(d, 4.0) for d in days) > 0  # and is neither less
    assert sum(called_out_of_turn(d, 6.0) for d in days) > 0  # nor more


def test_no_head_start_is_one_line_and_an_endless_one_is_strict() -> None:
    for number in range(5):
        none, strict = vip_day(number, "none"), vip_day(number, "strict")
        assert equal_rows(none.visits, vip_day(number, "head_start", head_start_min=0.0).visits, RESULT) == []
        assert equal_rows(strict.visits, vip_day(number, "head_start", head_start_min=240.0).visits, RESULT) == []
        assert equal_rows(none.visits, strict.visits, RESULT) != []


def test_random_lobbies_have_every_option() -> None:
    """The random days above mean something only if the options are there."""
    found: set[tuple[str, str]] = set()
    for number in RANDOM_DAYS:
        lobby = random_tables(np.random.default_rng(number), bool(number % 2))["lobby"]
        found |= {("mode", lobby["vip_service"]["mode"]), ("end", lobby["shift_end"])}
        found |= {("closing", lobby["after_closing"]), ("triage", str(lobby["triage"]["on"]))}
    assert len(found) == 5 + 3 + 2 + 2
