"""The service process in the lobby: both engines tell it alike, every branch is reached, nobody is lost or doubled."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, random_tables, tables
from tests.test_lobby_engines import differences, equal_rows, random_day
from vipsim.draws import Address
from vipsim.lobby import fast, reference
from vipsim.lobby.arrays import DayLog
from vipsim.lobby.days import Engine, simulate_days
from vipsim.lobby.jobs import (
    ABANDONED,
    ACTIVITY_NAMES,
    BALKED,
    BELIEVED_BY_NAMES,
    CUT_OFF,
    FAREWELL,
    GUARD,
    LOST_NAMES,
    MACHINE,
    OUTCOME_NAMES,
    RESULT,
    RETURNED,
    RM,
    SERVED,
    STEP,
    UNSERVED,
)
from vipsim.lobby.ledger import SUPPLIED, USED, add_day, make_ledger
from vipsim.lobby.params import make_day_log
from vipsim.lobby.process import process_of
from vipsim.lobby.process_hall import BITS
from vipsim.records import as_record

DAYS = 400


@lru_cache(maxsize=DAYS)
def day(number: int) -> tuple[Any, DayLog]:
    """A random day with a service process, told by the compiled engine."""
    p, roster, visits, tasks = random_day(number, True)
    return (p, roster, visits, tasks), fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)


def rows_of(log: DayLog) -> tuple[np.ndarray, np.ndarray]:
    return log.visits[: log.n[1]], log.steps[: log.n[3]]


@pytest.mark.parametrize("block", range(8))
def test_engines_tell_the_process_alike(block: int) -> None:
    for number in range(block * 50, block * 50 + 50):
        (p, roster, visits, tasks), a = day(number)
        b = reference.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        assert differences(a, b, tasks.minutes.size) == [], f"day {number}"


def test_engines_tell_the_process_alike_with_more_lines_than_bits() -> None:
    """Of a large staff each has lines of an own: the compiled engine then looks through the places of a server."""
    for number in range(30):
        p, roster, visits, tasks = random_day(number, True, many_staff=True)
        assert p.floor.lines > BITS
        a = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        b = reference.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        assert differences(a, b, tasks.minutes.size) == [], f"day {number}"


def test_random_days_reach_every_branch() -> None:
    """What no random day does cannot be compared: each activity and its ends, each flag, each loss of a meeting."""
    seen: set[tuple[str, Any]] = set()
    flags = (
        "behaviour",
        "known",
        "looked",
        "tested",
        "taught",
        "form",
        "escorted",
        "tracked",
        "picked_up",
        "hinted",
        "signalled",
        "screened",
        "accompanied",
        "signed_up",
        "activated",
        "cls",
        "name_card",
        "referred",
        "waited",
        "diverted",
        "core",
        "degree",
    )
    overtaken = by_window = helpers = led_from_line = 0
    for number in range(DAYS):
        (p, *_), log = day(number)
        rows, steps = rows_of(log)
        for name in flags:
            seen |= {(name, int(x)) for x in np.unique(rows[name])}
        seen |= {("lost", LOST_NAMES[x]) for x in np.unique(rows["lost"])}
        seen |= {("believed by", BELIEVED_BY_NAMES[x]) for x in np.unique(rows["believed_by"])}
        for activity, outcome in np.unique(steps[["activity", "outcome"]]):
            seen.add((ACTIVITY_NAMES[activity], OUTCOME_NAMES[outcome]))
        seen |= {("staff2", int(x)) for x in np.unique(steps["staff2"] >= 0)}
        led_from_line += int(np.count_nonzero((rows["looked"] > 0) & (rows["diverted"] > 0)))
        overtaken += int(rows["overtaken"].sum())
        by_window += int(rows["overtaken_by_window"].sum())
        role = np.append(p.staffing.role, [-1] * (p.floor.servers - p.floor.staff))
        at_desk = steps[(steps["station"] == 0) & (steps["staff"] >= 0)]
        own = p.floor.can[2 * np.minimum(at_desk["staff"], p.floor.staff), 2] > 0
        helpers += int(np.count_nonzero(~own & (role[at_desk["staff"]] != 1)))
    wanted = {(name, x) for name in flags for x in (0, 1)}
    wanted |= {(name, 2) for name in ("behaviour", "tested", "form", "screened", "signed_up", "cls", "degree")}
    wanted |= {("lost", x) for x in LOST_NAMES} | {("believed by", x) for x in BELIEVED_BY_NAMES}
    wanted |= {(x, "served") for x in ACTIVITY_NAMES} | {("staff2", 1)}
    for activity in ("receive", "test", "escort", "pick_up", "cash", "noncash", "meeting", "sign_up", "screening"):
        wanted.add((activity, "handed_over"))
    for activity in ("receive", "test", "second_look", "cash", "meeting", "screening", "pitch", "sign_up", "help_form"):
        wanted.add((activity, "cut_off"))
    wanted |= {("cash", "balked"), ("noncash", "balked"), ("pick_up", "abandoned"), ("activate", "abandoned")}
    wanted |= {("pick_up", "skipped"), ("receive", "skipped")}
    assert wanted - seen == set()
    assert min(overtaken, by_window, helpers, led_from_line) > 0


def test_a_process_of_which_nothing_is_declared_is_the_simple_day() -> None:
    """Two event loops, one day: with every mechanism off the long one gives what the short one gives."""
    of_the_process = set(RESULT.names or ()) - _SIMPLE
    for number in range(200):
        g = np.random.default_rng(number)
        told = build(random_tables(g, bool(number % 2)))
        p, roster, visits, tasks = random_day(number)
        p = p._replace(choices=p.choices._replace(ask_share=0.0))
        visits.rows["pitch"] = 0
        neutral = p._replace(process=as_record(process_of(told.demand, told.lobby, p.rules)))
        visits = visits._replace(chance=np.zeros(visits.rows.size, visits.chance.dtype))
        visits.chance["knows"] = 1
        a = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        b = fast.run_day(neutral, roster, visits, tasks, make_day_log(p, 4), number)
        found = [x for x in equal_rows(*(rows_of(log)[0] for log in (a, b)), RESULT) if x not in of_the_process]
        assert found == [], f"day {number}"
        assert equal_rows(*(rows_of(log)[1] for log in (a, b)), STEP) == [], f"day {number}"


_SIMPLE = frozenset(
    name
    for name in RESULT.names or ()
    if name not in ("signals", "overtaken", "overtaken_by_window", "behaviour", "known", "believed_by", "looked")
    if name not in ("tested", "taught", "form", "escorted", "tracked", "picked_up", "hinted", "signalled", "screened")
    if name not in ("accompanied", "signed_up", "activated", "cls", "lost", "core", "degree")
)


# --------------------------------------------------------------------------------------- conservation


def test_every_visitor_ends_in_one_way() -> None:
    """Entered = done at a counter, a machine or with an RM + balked, gave up, sent away or cut off (section 1b)."""
    ways = np.zeros(6, np.int64)
    entered = 0
    for number in range(DAYS):
        rows, _ = rows_of(day(number)[1])
        entered += rows.size
        done = np.isin(rows["outcome"], (SERVED, RETURNED))
        ways[0] += np.count_nonzero(done & np.isin(rows["station"], (2, 3)))
        ways[1] += np.count_nonzero(done & (rows["station"] == MACHINE))
        ways[2] += np.count_nonzero(done & (rows["station"] == RM))
        ways[3] += np.count_nonzero(rows["outcome"] == BALKED)
        ways[4] += np.count_nonzero(rows["outcome"] == ABANDONED)
        ways[5] += np.count_nonzero(np.isin(rows["outcome"], (UNSERVED, CUT_OFF)))
        assert not np.isnan(rows["left"]).any()
        assert np.all(rows["left"] >= rows["arrive"])
    assert ways.sum() == entered
    assert ways.min() > 0


def test_a_lead_has_one_owner() -> None:
    """Who met an RM is the RM's; a name card or a form makes a task for tomorrow: never both."""
    leads = 0
    for number in range(DAYS):
        rows, _ = rows_of(day(number)[1])
        met = rows["rm_outcome"] == SERVED
        lead = (rows["lead"] > 0) | (rows["referred"] > 0)
        leads += int(lead.sum())
        assert not np.any(met & lead)
    assert leads > 100


def test_nobody_holds_two_servers_except_with_an_rm_at_the_counter() -> None:
    for number in range(DAYS):
        _, log = day(number)
        _, steps = rows_of(log)
        busy = steps[(steps["staff"] >= 0) & ~np.isin(steps["activity"], (GUARD, FAREWELL))]
        _assert_apart(busy["visit"], busy["start"], busy["end"])
        along = steps[steps["staff2"] >= 0]
        served = steps[steps["staff"] >= 0]
        who = np.concatenate([served["staff"], along["staff2"]])
        start = np.concatenate([served["start"], along["joined"]])
        end = np.concatenate([served["end"], along["end"]])
        _assert_apart(who, start, end)
        assert np.all(np.isin(along["station"], (2, 3)))


def _assert_apart(who: np.ndarray, start: np.ndarray, end: np.ndarray) -> None:
    order = np.lexsort((end, start, who))
    same = who[order][1:] == who[order][:-1]
    assert np.all(start[order][1:][same] >= end[order][:-1][same])


def test_minutes_supplied_are_used_or_idle() -> None:
    """For each member and half-hour, RMs who go along to a counter included."""
    along = 0
    for number in range(DAYS):
        (p, roster, _, tasks), log = day(number)
        ledger = make_ledger(p)
        add_day(p, roster, tasks, log, ledger)
        idle = ledger[:, :, SUPPLIED] - ledger[:, :, :USED].sum(axis=2)
        assert idle.min() >= 0, f"day {number}"
        along += int((rows_of(log)[1]["staff2"] >= 0).sum())
    assert along > 20


# ------------------------------------------------------------------------- what each mechanism does


def lobby_with(number_of_days: int = 60, engine: Engine = "compiled", **sections: Any) -> np.ndarray:
    """Visits of the reference lobby with some sections declared, all true types and an RM business among them."""
    told = tables("lobby_day")
    told["demand"]["walk_in_share"] = {"A": 0.1, "B": 0.1, "C": 0.1, "D": 0.7}
    told["demand"]["transactions"][0]["opens_account"] = True
    told["lobby"]["triage"] |= {"sensitivity_share": 0.5, "specificity_share": 0.9}
    told["lobby"]["diversion"]["divert_prime"] = False
    told["lobby"] |= sections
    return simulate_days(build(told), Address(5, 0, 0), number_of_days, engine).visits


ENTRANCE = {
    "asks_share": 0.2,
    "looks_round_share": 0.3,
    "takes_number_share": 0.5,
    "second_look": True,
    "second_look_after_min": 1.0,
    "look": {"law": "constant", "value_min": 1.0},
}
GUIDANCE = {
    "escort": {"law": "constant", "value_min": 1.0},
    "recheck": {"law": "constant", "value_min": 1.0},
    "pick_up_patience": {"law": "exponential", "mean_min": 3.0},
    "internal_phone": True,
    "signal_reask_min": 2.0,
    "seats": 5,
    "rm_assistant": False,
    "meeting_reask_min": 3.0,
    "own_meet_share": 0.5,
}


PLAIN = {
    "signals": [],
    "threshold_lobby_manager_score": 0.0,
    "threshold_teller_score": 0.0,
    "threshold_noncash_teller_score": 0.0,
    "form_sensitivity_share": 1.0,
    "form_specificity_share": 1.0,
}


def sensitivity(rows: np.ndarray) -> float:
    return float(np.mean(rows["believed"][rows["type"] != 3] > 0))


def test_who_takes_a_number_is_found_by_a_second_look() -> None:
    without = lobby_with(entrance=ENTRANCE | {"second_look": False})
    looked = lobby_with(entrance=ENTRANCE)
    assert np.mean(without["triaged"]) == pytest.approx(0.5, abs=0.03)
    assert without["looked"].sum() == 0
    assert sensitivity(looked) > sensitivity(without) + 0.02
    assert {BELIEVED_BY_NAMES[x] for x in np.unique(looked["believed_by"])} >= {"lobby_manager", "second_look"}


def test_an_ordinary_visitor_may_be_led_from_the_line_to_a_machine() -> None:
    led = {"devices": 2, "divert_share": 1.0, "accept_share": 1.0, "divert_prime": False}
    led |= {"service": {"law": "constant", "value_min": 2.0}, "patience": {"law": "never"}}
    stay, leave = (
        lobby_with(entrance=ENTRANCE | {"second_look_diverts": diverts}, diversion=led) for diverts in (False, True)
    )
    assert not np.any((stay["looked"] > 0) & (stay["diverted"] > 0))
    gone = (leave["looked"] > 0) & (leave["diverted"] > 0)
    assert gone.sum() > 20
    assert not np.any(leave["believed"][gone])
    assert np.all(leave["station"][gone] == MACHINE)
    assert leave["diverted"].mean() > stay["diverted"].mean()
    sections = {"entrance": ENTRANCE | {"second_look_diverts": True}, "diversion": led, "guidance": GUIDANCE}
    sections["identification"] = PLAIN | {"overlooked_share_per_person": 0.1}
    told = [lobby_with(4, engine, **sections) for engine in ("compiled", "simpy")]
    assert np.count_nonzero((told[0]["looked"] > 0) & (told[0]["diverted"] > 0)) > 10
    assert equal_rows(told[0], told[1], RESULT) == []


def test_signals_are_overlooked_the_more_the_more_wait() -> None:
    found = [
        sensitivity(lobby_with(identification=PLAIN | {"overlooked_share_per_person": share}))
        for share in (0.0, 0.3, 1.0)
    ]
    assert found[0] > found[1] + 0.005
    assert found[1] > found[2] + 0.005


def test_the_touchstone_trades_sensitivity_for_specificity() -> None:
    test = {
        "when": "always",
        "calm_below": 0,
        "probe_when_rm_busy": False,
        "minutes": {"law": "constant", "value_min": 0.5},
        "prime_pass_share": 0.9,
        "ordinary_pass_share": 0.3,
    }
    without, tested = lobby_with(touchstone=test | {"when": "off"}), lobby_with(touchstone=test)
    wrong = [np.mean(rows["believed"][rows["type"] == 3] > 0) for rows in (without, tested)]
    assert wrong[1] == pytest.approx(0.3 * wrong[0], rel=0.15)
    assert sensitivity(tested) == pytest.approx(0.9 * sensitivity(without), rel=0.05)


def test_screening_reveals_the_truth_and_saves_meetings() -> None:
    rm = {"screening": True, "screen": {"law": "constant", "value_min": 2.0}, "accompany": False}
    rows = lobby_with(rm_service=rm)
    assert np.all(rows["type"][rows["rm_outcome"] == SERVED] != 3)
    assert np.all(rows["type"][rows["rm_outcome"] == RETURNED] == 3)
    assert np.count_nonzero(rows["rm_outcome"] == RETURNED) > 10


def test_pick_up_may_be_missed_and_seats_are_finite() -> None:
    rows = lobby_with(guidance=GUIDANCE)
    lost = {LOST_NAMES[x] for x in np.unique(rows["lost"])}
    assert {"pick_up_missed"} <= lost
    none = lobby_with(guidance=GUIDANCE | {"seats": 0})
    assert not np.any(none["waited"])
    assert np.any(none["lost"] == LOST_NAMES.index("no_seat"))


def test_forms_shorten_the_counter() -> None:
    form = {
        "help_below": 0,
        "alone_share": 1.0,
        "minutes": {"law": "constant", "value_min": 1.0},
        "alone_ratio": 0.5,
        "helped_ratio": 0.5,
    }
    without, filled = lobby_with(forms=form | {"alone_ratio": 1.0}), lobby_with(forms=form)

    def mean(rows: np.ndarray) -> float:
        at_counter = (rows["station"] == 2) & (rows["outcome"] == SERVED)
        return float(np.mean((rows["end"] - rows["start"])[at_counter]))

    assert mean(filled) == pytest.approx(0.5 * mean(without), rel=0.05)


def test_long_numbers_turn_people_away() -> None:
    rows = lobby_with(balking={"above": 2, "share_per_person": 0.2})
    assert np.mean(rows["outcome"] == BALKED) > 0.02
    assert not np.any(rows["believed"][rows["outcome"] == BALKED])


def test_only_the_presumptive_style_breaks_consent() -> None:
    bank: dict[str, Any] = {
        "sign_up": {"law": "constant", "value_min": 1.0},
        "open_signed_share": 0.3,
        "closed_signed_share": 0.7,
        "presumptive_signed_share": 0.9,
        "activate_by": "teller",
        "activate": {"law": "constant", "value_min": 1.0},
        "patience": {"law": "never"},
    }
    for style, share, breach in (("open", 0.3, 0), ("closed", 0.7, 0), ("presumptive", 0.9, 1)):
        rows = lobby_with(10, ebank=bank | {"style": style})
        served = rows[(rows["station"] == 2) & (rows["outcome"] == SERVED)]
        assert np.mean(served["signed_up"] > 0) == pytest.approx(share, abs=0.04)
        assert np.all(served["activated"] == (served["signed_up"] > 0))
        assert np.any(served["signed_up"] == 2) == bool(breach)


def test_signals_are_shown_as_often_as_declared_and_judged_as_computed() -> None:
    """Frequencies of each signal by true type, and the lobby manager's two errors, against the enumerated sets."""
    signals = [
        {"name": "safe_box", "prime_share": 0.3, "ordinary_share": 0.05, "seen_by": ["lobby_manager"]},
        {"name": "asks_about_wealth", "prime_share": 0.4, "ordinary_share": 0.1, "seen_by": ["lobby_manager"]},
        {"name": "upmarket_address", "prime_share": 0.6, "ordinary_share": 0.1, "seen_by": ["form"]},
    ]
    seen = {
        "signals": signals,
        "threshold_lobby_manager_score": 0.5,
        "threshold_teller_score": 20.0,
        "threshold_noncash_teller_score": 20.0,
        "form_sensitivity_share": 0.0,
        "form_specificity_share": 1.0,
    }
    rows = lobby_with(identification=seen)
    for prime, which in ((True, rows["type"] != 3), (False, rows["type"] == 3)):
        for signal in signals:
            bit = 1 << ["safe_box", "asks_about_wealth", "upmarket_address"].index(signal["name"])
            number = {1: 7, 2: 9, 4: 10}[bit]
            share = signal["prime_share" if prime else "ordinary_share"]
            assert np.mean((rows["signals"][which] >> number & 1) > 0) == pytest.approx(share, abs=0.015)
    # one of the two visible signals suffices: log(0.4/0.1) + log(0.7/0.95) = 1.08, log(0.3/0.05) + log(0.6/0.9) = 1.39
    assert sensitivity(rows) == pytest.approx(1 - 0.7 * 0.6, abs=0.015)
    assert np.mean(rows["believed"][rows["type"] == 3] > 0) == pytest.approx(1 - 0.95 * 0.9, abs=0.01)


def test_an_old_ordinary_ticket_goes_first() -> None:
    """A starvation guard shortens the longest waits of ordinary customers in front of strict priority (L15)."""
    free, guarded = (
        lobby_with(classes={"middle": False, "guard_min": minutes}, counters=PATIENT) for minutes in (1e9, 20.0)
    )
    waits = [(r["called"] - r["joined"])[(r["cls"] == 2) & (r["station"] == 2)] for r in (free, guarded)]
    assert np.nanquantile(waits[1], 0.999) < np.nanquantile(waits[0], 0.999)
    assert guarded["overtaken"].sum() < free["overtaken"].sum()


PATIENT = {
    "patience_vip": {"law": "never"},
    "patience_ordinary": {"law": "never"},
    "chat_queue_threshold": 0,
    "pitch_min": 0.0,
    "teller_sensitivity_share": 0.0,
    "teller_specificity_share": 1.0,
}

# ------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"entrance": ENTRANCE | {"asks_share": 0.5}}, "takes_number_share to sum to 1, found 1.3"),
        ({"guidance": GUIDANCE | {"seats": -1}}, "greater than or equal to 0"),
        ({"guidance": GUIDANCE | {"escort": {"law": "constant", "value_min": -1.0}}}, "greater than or equal to 0"),
        (
            {"teaching": {"minutes": {"law": "constant", "value_min": -4.0}}},
            "greater than or equal to 0",
        ),
        ({"vip_service": {"mode": "window", "head_start_min": 0.0, "override_min": 0.0, "windows": 5}}, "one window"),
    ],
)
def test_a_process_that_cannot_be_is_refused(sections: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        lobby_with(1, **sections)
