"""The ten what-ifs: every question has its files, the files of a question differ as said, the docs page names them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from years import SCENARIOS

from benchmarks.whatif import PAIRS
from vipsim.kpis import KPIS
from vipsim.scenario import files
from vipsim.scenario.settings import values

FOLDER = SCENARIOS / "whatif"
DOCS = SCENARIOS.parent / "docs" / "whatif.md"
WAITS = {7}  # shadow assessment: the rules of incentives are not there yet
NOT_ONLY_LEVERS = {8, 9}  # dates of a campaign are facts, how customers answer a pitch is an uncertainty


def differences(one: Any, other: Any) -> set[tuple[str, str]]:
    """(key, role) of every setting that differs."""
    first = {setting.key: (value, setting.role) for setting, value in values(one)}
    second = {setting.key: (value, setting.role) for setting, value in values(other)}
    keys = {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}
    return {(key, (first.get(key) or second[key])[1]) for key in keys - {"name", "title", "today"}}


def test_every_question_has_its_files_or_says_that_it_waits() -> None:
    assert set(PAIRS) == set(range(1, 11)) - WAITS
    named = {name for names, _ in PAIRS.values() for name in names}
    assert named == {path.stem for path in FOLDER.glob("[01]*.toml")}
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in named if f"`{name}`" not in text] == []
    assert "not yet" in text


@pytest.mark.parametrize("question", PAIRS)
def test_the_files_of_a_question_differ_in_what_it_asks_about(question: int) -> None:
    names, kpis = PAIRS[question]
    assert set(kpis) <= set(KPIS)
    scenarios = [files.load(FOLDER / f"{name}.toml") for name in names]
    for one, other in pairwise(scenarios):
        found = differences(one, other)
        assert found
        assert {role for _, role in found} == {"lever"} or question in NOT_ONLY_LEVERS
        assert one.today == other.today


def test_a_difference_in_a_fact_is_found() -> None:
    one = files.load(FOLDER / "01_three_rms.toml")
    other = files.load(FOLDER / "01_three_rms.toml", ["money.hiring_cost_yuan=1.0"])
    assert differences(one, other) == {("money.hiring_cost_yuan", "fact")}
