"""What single levers of the service process do on the same days: minutes saved, minutes taken, who serves whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lobby_scenarios import build, tables
from tests.test_lobby_process import GUIDANCE
from vipsim.draws import Address
from vipsim.lobby.days import LobbyDays, make_room, run_days
from vipsim.lobby.jobs import DESK, MEETING, PASSED, PICK_UP, PITCH, STEPS, TEACH, VISITS
from vipsim.lobby.params import params

DAYS = 20
REFERRAL: dict[str, Any] = {
    "pitch": {"law": "exponential", "mean_min": 3.0},
    "noncash_pitch": {"law": "exponential", "mean_min": 3.0},
    "pitch_cap_min": 60.0,
    "noncash_sensitivity_share": 0.9,
    "interested_share": 1.0,
}
TEACHING: dict[str, Any] = {
    "knows_share": 0.0,
    "willing_share": 1.0,
    "teach_below": 100,
    "minutes": {"law": "constant", "value_min": 2.0},
}


def days_with(asks: float = 0.0, staff: dict[str, Any] | None = None, **sections: Any) -> LobbyDays:
    """Days of the reference lobby with some sections declared; tellers ask with a chance, all true types come."""
    told = tables("lobby_day")
    told["demand"]["walk_in_share"] = {"A": 0.1, "B": 0.1, "C": 0.1, "D": 0.7}
    told["lobby"]["triage"] |= {"sensitivity_share": 0.5, "specificity_share": 0.9}
    told["lobby"]["counters"] |= {"teller_sensitivity_share": 0.9, "chat_queue_threshold": 100}
    told["lobby"]["diversion"]["divert_prime"] = False
    told["lobby"] |= sections
    for role, terms in (staff or {}).items():
        told["staff"][role] |= terms
    p = params(build(told), ask_share=asks)
    log = run_days(p, Address(5, 0, 0), 0, DAYS, make_room(p, DAYS)).log
    return LobbyDays(log.visits[: log.n[VISITS]], log.steps[: log.n[STEPS]])


def minutes(days: LobbyDays, activity: int) -> np.ndarray:
    """Minutes of the steps of one activity that began."""
    steps = days.steps[(days.steps["activity"] == activity) & ~np.isnan(days.steps["start"])]
    found: np.ndarray = steps["end"] - steps["start"]
    return found


def test_a_telephone_saves_asking_again() -> None:
    """L18, DV24, D09: who was signalled by hand is asked again at the pick-up."""
    by_hand, by_phone = (
        days_with(1.0, guidance=GUIDANCE | {"internal_phone": phone}, referral=REFERRAL) for phone in (False, True)
    )
    assert set(minutes(by_phone, PICK_UP).round(9)) == {1.0}
    assert set(minutes(by_hand, PICK_UP).round(9)) == {1.0, 3.0}


def test_an_assistant_saves_asking_again_in_meetings() -> None:
    """L09, DV09, D09."""
    length = {"minutes": {"law": "constant", "value_min": 25.0}}
    meetings = tables("lobby_day")["lobby"]["meetings"] | length
    found = [
        set(minutes(days_with(guidance=GUIDANCE | {"rm_assistant": there}, meetings=meetings), MEETING).round(9))
        for there in (False, True)
    ]
    assert found == [{25.0, 28.0}, {25.0}]


def test_a_capped_pitch_is_shorter_and_the_line_behind_it_too() -> None:
    """L22, Q09, DV17."""
    long, short = (days_with(1.0, guidance=GUIDANCE, referral=REFERRAL | {"pitch_cap_min": cap}) for cap in (60.0, 1.0))
    assert minutes(long, PITCH).mean() > 2.5
    assert minutes(short, PITCH).max() == pytest.approx(1.0)
    waits = [np.nanmean(days.visits["called"] - days.visits["joined"]) for days in (long, short)]
    assert waits[1] < waits[0]


def test_a_pitch_that_is_broken_off_succeeds_in_proportion_to_what_was_told() -> None:
    """L22: a cap is no free lunch. Of pitches of 4 minutes a cap of 1 minute leaves a quarter of the hints."""
    pitch = {"law": "constant", "value_min": 4.0}
    of = REFERRAL | {"pitch": pitch, "noncash_pitch": pitch}
    whole, quarter = (days_with(1.0, guidance=GUIDANCE, referral=of | {"pitch_cap_min": cap}) for cap in (60.0, 1.0))
    share, few = (days.visits["hinted"].sum() / days.visits["pitched"].sum() for days in (whole, quarter))
    n = int(quarter.visits["pitched"].sum())
    assert n > 500
    assert few == pytest.approx(share / 4.0, abs=4.0 * np.sqrt(share / 4.0 * (1.0 - share / 4.0) / n))


def test_teaching_takes_the_lobby_managers_minutes_only_while_few_wait() -> None:
    """L04, DV19."""
    always, calm, never = (days_with(teaching=TEACHING | {"teach_below": below}) for below in (100, 1, 0))
    taught = [np.count_nonzero(days.visits["taught"]) for days in (always, calm, never)]
    assert taught[0] > taught[1] > taught[2] == 0
    assert minutes(always, TEACH).sum() == pytest.approx(2.0 * taught[0])


def test_a_swamped_desk_is_helped_by_managers() -> None:
    """L02, DV21."""
    one = {"lobby_manager": {"employed": 1}}
    alone = days_with(staff=one)
    helped = days_with(staff=one, escalation={"above": 3, "role": "relationship_manager", "help_min": 20.0})
    waits = []
    for days in (alone, helped):
        desk = days.steps[days.steps["station"] == DESK]
        waits.append(np.nanmean(desk["called"] - desk["joined"]))
    assert waits[1] < 0.8 * waits[0]


def test_the_touchstone_is_put_in_any_case_while_no_manager_is_free() -> None:
    """I13, DV15."""
    test = {
        "when": "off",
        "calm_below": 0,
        "minutes": {"law": "constant", "value_min": 0.5},
        "prime_pass_share": 0.9,
        "ordinary_pass_share": 0.3,
    }
    never, busy = (days_with(touchstone=test | {"probe_when_rm_busy": probe}) for probe in (False, True))
    assert not never.visits["tested"].any()
    assert 0 < np.count_nonzero(busy.visits["tested"]) < np.count_nonzero(busy.visits["triaged"])
    assert np.any(busy.visits["tested"] == PASSED)


def test_a_manager_who_comes_along_is_held_at_the_counter() -> None:
    """L13, DV22."""
    service = {"screening": False, "screen": {"law": "constant", "value_min": 2.0}}
    meetings = tables("lobby_day")["lobby"]["meetings"] | {"meet_first": True}
    alone, along = (
        days_with(rm_service=service | {"accompany": accompany}, meetings=meetings) for accompany in (False, True)
    )
    assert not np.any(alone.steps["staff2"] >= 0)
    held = along.steps[along.steps["staff2"] >= 0]
    assert held.size == np.count_nonzero(along.visits["accompanied"]) > 0
