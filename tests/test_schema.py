"""Every field of the scenario says what it is; every shipped scenario is valid; sections agree with each other."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_branch
from pydantic import Field

from vipsim import shipped
from vipsim.scenario import files, units
from vipsim.scenario.errors import InputError
from vipsim.scenario.fields import Section, fact, uncertainty
from vipsim.scenario.schema import Scenario
from vipsim.scenario.settings import Setting, settings

STRUCTURE = {"schema_version", "name", "title", "sources", "today", "book.seed"}
ALL = list(settings(Scenario))
SHIPPED = [
    path
    for path in sorted(shipped.scenarios_dir().rglob("*.toml"))
    if path.parent.name not in ("parts", "studies", "berka", "campaigns")  # campaigns are parts of the baseline
    if "[columns]" not in path.read_text(encoding="utf-8")
    if path.name != "berka.toml"  # its book is not shipped; test_berka.py checks it with made-up tables
]


def faults(setting: Setting) -> list[str]:
    """What a field forgets to say of itself."""
    if setting.key in STRUCTURE:
        return []
    found = []
    if not setting.role:
        found.append(f"{setting.key} has no role")
    if not setting.text:
        found.append(f"{setting.key} has no text")
    numeric = "number" in setting.kind
    if numeric and not setting.unit:
        found.append(f"{setting.key} has no unit")
    if numeric and not units.says_its_unit(setting.key, setting.unit):
        found.append(f"{setting.key} does not end in a unit ({setting.unit})")
    if (numeric or setting.role == "uncertainty") and not setting.source:
        found.append(f"{setting.key} has no source")
    # the end of a list of tables (a shift, a break) is bounded by the opening time: a rule between sections
    bounded = (setting.low is not None and setting.high is not None) or "[]" in setting.key
    if setting.role == "lever" and setting.kind in ("a number", "a whole number") and not bounded:
        found.append(f"{setting.key} is a lever without a legal range")
    return found


def test_every_field_says_role_unit_text_and_source() -> None:
    assert [fault for setting in ALL for fault in faults(setting)] == []


def test_a_field_that_says_nothing_is_found() -> None:
    class Silent(Section):
        speed: float = Field()
        share: float = uncertainty("share", "text", "")
        tempo: float = fact("furlongs", "text", "N01")

    found = [fault for setting in settings(Silent) for fault in faults(setting)]
    assert "speed has no role" in found
    assert "speed has no unit" in found
    assert "share has no source" in found
    assert "tempo does not end in a unit (furlongs)" in found


def test_keys_are_unique() -> None:
    keys = [setting.key for setting in ALL]
    assert len(keys) == len(set(keys))
    assert len(keys) > 200


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(shipped.scenarios_dir())))
def test_every_shipped_scenario_is_valid(path: Path, tmp_path: Path) -> None:
    scenario = files.load(path)
    again = files.load(small_branch.write(tmp_path, files.resolved_toml(scenario), "resolved.toml"))
    assert again == scenario
    assert files.digest(again) == files.digest(scenario)
    root = files.policy_today(scenario)
    assert files.policy_today(root) == root


# ------------------------------------------------------------------------------------------------ between sections

LOBBY_DAY = "vipsim:reference/lobby_day.toml"


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ('calendar.start_date="2025-01-15"', "calendar.start_date", "the first day of a month"),
        ("calendar.opening_min=300.0", "staff.relationship_manager.shifts[0].end_min", "at most calendar.opening_min"),
        ("staff.teller.on_duty=0", "staff.teller.on_duty", "at least 1 person on duty"),
        ("staff.teller.employed=0", "staff.teller.employed", "nobody employed who serves it"),
        ("book.source=generated", "book.source", "needs the sections book.laws and book.segments"),
        ("demand.profile_share=[0.5, 0.4]", "demand.profile_share", "to sum to 1, found 0.9"),
    ],
)
def test_sections_that_disagree_are_refused_with_the_key(change: str, key: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        files.load(LOBBY_DAY, [change])
    found = {problem.key: str(problem) for problem in caught.value.problems}
    assert key in found
    assert says in found[key]
