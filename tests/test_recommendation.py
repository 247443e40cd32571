"""What a recommendation says: the reason first, no sign that was not shown, no advice to look where it is worse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import synthetic

from vipsim.optimise import read_question
from vipsim.optimise.confirm import Candidate, Confirmation, Gain, Marginal, Measurement, Verdict
from vipsim.optimise.recommend import binding, words
from vipsim.optimise.study import Question
from vipsim.statistics import Summary

LEVERS: dict[str, Any] = {"desk.tellers": 2, "desk.cut_yuan": 500.0, "desk.mode": "strict"}
SHOWN, NOT_SHOWN = (300.0, 500.0), (-100.0, 900.0)


@pytest.fixture
def question(tmp_path: Path) -> Question:
    path = synthetic.write_files(tmp_path)
    return read_question(path, root=synthetic.Surface, known_kpis=synthetic.KPIS)


def gain(interval: tuple[float, float]) -> Gain:
    level = Summary(1000.0, 1.0, (999.0, 1001.0), 20)
    return Gain("value_yuan", level, level, Summary(sum(interval) / 2, 1.0, interval, 20))


def confirmation(question: Question, today_met: int = 60) -> Confirmation:
    limit = question.study.limits[0]

    def candidate(number: int, levers: dict[str, Any], met: int) -> Candidate:
        verdict = Verdict(limit, met, 60, 0.95 if met == 60 else 0.1, 0.95, 3.0)
        return Candidate(number, levers, verdicts=[verdict])

    best = candidate(5, LEVERS, 60)
    return Confirmation([candidate(0, question.today_levers, today_met), best], best, True, 1.0)


def told(
    question: Question, first: tuple[float, float], longer: tuple[float, float] | None = None, today_met: int = 60
) -> list[str]:
    found = confirmation(question, today_met)
    assert found.best is not None
    measured = Measurement([gain(first)], [], None if longer is None else gain(longer))
    return words(question, found, found.best, measured)


def test_a_gain_is_told_after_the_change(question: Question) -> None:
    said = told(question, SHOWN)
    assert said[0].startswith("Change ")
    assert said[1] == "value_yuan against today: 400  (95 % interval 300 to 500)."
    assert len(said) == 2


def test_a_limit_that_today_misses_is_the_reason_and_comes_first(question: Question) -> None:
    said = told(question, NOT_SHOWN, today_met=10)
    assert said[0] == "Today's policy was not shown to meet wait_min <= 6; this setting was."
    assert said[1] == "No gain in the objective was shown: the limits are the only reason for the change."
    assert "-100 to 900" in said[2]
    assert said[3].startswith("Change ")
    costs = told(question, (-500.0, -300.0), today_met=10)
    assert costs[1].startswith("It costs")
    assert costs[3].startswith("Change ")
    with_gain = told(question, SHOWN, today_met=10)
    assert [with_gain[0][:5], with_gain[1][:6]] == ["Today", "Change"]


@pytest.mark.parametrize(
    ("first", "longer", "says"),
    [
        (SHOWN, SHOWN, "The sign holds with a window of 24 months: 400 "),
        (SHOWN, (-500.0, -300.0), "THE SIGN DOES NOT HOLD with a window of 24 months: -400 "),
        (SHOWN, NOT_SHOWN, "With a window of 24 months: 400  (95 % interval -100 to 900). No gain is shown there."),
        (NOT_SHOWN, NOT_SHOWN, "With a window of 24 months: 400  (95 % interval -100 to 900). No gain is shown there."),
        (NOT_SHOWN, SHOWN, "With a window of 24 months: 400  (95 % interval 300 to 500). A gain is shown there."),
    ],
)
def test_a_sign_is_claimed_only_where_both_windows_show_one(
    question: Question, first: tuple[float, float], longer: tuple[float, float], says: str
) -> None:
    assert told(question, first, longer)[-1].startswith(says)


def step(value: int, interval: tuple[float, float] | None, met: float = 1.0, why: str = "") -> Marginal:
    difference = None if interval is None else Summary(sum(interval) / 2, 1.0, interval, 20)
    return Marginal("desk.tellers", value, difference, (met,), why)


@pytest.mark.parametrize(
    ("beyond", "says"),
    [
        ([], "desk.tellers = 2 is the low end of the range searched: widen it and look"),
        ([step(1, (-1.0, 5.0))], "desk.tellers = 2 is the low end of the range searched: widen it and look"),
        ([step(1, (-9.0, -5.0))], "nothing: "),
        ([step(1, (-9.0, 5.0))], "nothing: "),
        ([step(1, (1.0, 5.0), met=0.3)], "wait_min <= 6: desk.tellers = 1 would be better, and would meet it in only"),
        (
            [step(1, None, why="forbidden by the scenario's rules")],
            "desk.tellers = 2 is the low end of the range searched; 1 is forbidden by the scenario's rules",
        ),
    ],
)
def test_to_widen_a_range_is_advised_only_where_that_may_help(
    question: Question, beyond: list[Marginal], says: str
) -> None:
    found = confirmation(question)
    assert found.best is not None
    (line,) = binding(question, found, found.best, Measurement([gain(SHOWN)], beyond))
    assert line.startswith(says)
