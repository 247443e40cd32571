"""Campaigns in files: bad input names file, line and key; plans are written; the command line prints the funnel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from campaign_years import NAMES
from typer.testing import CliRunner

from vipsim.campaigns.minutes import needs
from vipsim.cli.app import app
from vipsim.loads import loads
from vipsim.scenario import files
from vipsim.scenario.errors import InputError, Problem

HEAD = 'extends = "vipsim:baseline.toml"\nname = "mine"\n'
SHORT = [
    "vipsim:baseline.toml",
    "--set=book.customers=500",
    "--set=book.prospects=50",
    "--set=calendar.run_in_months=0",
    "--set=calendar.window_months=3",
    "--set=calendar.run_off_months=0",
]


def faults(tmp_path: Path, text: str, *overrides: str) -> list[Problem]:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        files.load(path, overrides)
    return caught.value.problems


CASES = {
    "ends before it starts": (
        '[campaigns.women_day]\nphases = [{from_day = 60, until_day = 40, does = "invite"}]',
        4,
        "until_day at or after from_day",
        "60 to 40",
    ),
    "unknown column": (
        '[campaigns.women_day]\ntarget = [{column = "teir", at_least = 1}]',
        4,
        "tier",
        'the text "teir"',
    ),
    "unknown name in a column": (
        '[campaigns.women_day]\ntarget = [{column = "tier", one_of = ["golden"]}]',
        4,
        "one_of among ordinary, standard, platinum, black",
        "golden",
    ),
    "condition that says nothing": (
        '[campaigns.women_day]\ntarget = [{column = "age_years"}]',
        4,
        "at_least, at_most or one_of",
        "none",
    ),
    "seats below zero": ("[campaigns.women_day]\nseats = -1", 4, "from 0 to 10000", "-1"),
    "minutes below zero": ("[campaigns.women_day]\nask_min = -2.0", 4, "from 0 to 30", "-2"),
    "event without a day": (
        '[campaigns.women_day]\nphases = [{from_day = 40, until_day = 60, does = "invite"}]',
        4,
        "phases with an event",
        "none",
    ),
    "budget below what is fixed": ("[campaigns.women_day]\nbudget_yuan = 10.0", 4, "at least fixed_yuan", "10"),
    "beyond the window": (
        '[campaigns.mortgage_calls]\non = true\nphases = [{from_day = 400, until_day = 420, does = "invite"}]',
        5,
        "at most 364, the last day of the window",
        "420",
    ),
    "more people than there are": (
        '[campaigns.mortgage_calls]\non = true\nstaff = [{role = "teller", people = 12}]',
        5,
        "at most 4, as staff.teller.employed says",
        "12",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_campaign_is_refused_with_line_and_key(tmp_path: Path, case: str) -> None:
    text, line, expected, found = CASES[case]
    problem = faults(tmp_path, text)[0]
    assert (Path(problem.file).name, problem.line) == ("mine.toml", line)
    assert problem.key.startswith("campaigns.")
    assert expected in problem.expected or expected in problem.suggestion
    assert found in problem.found


def test_a_misspelt_campaign_is_one_fault_where_it_is_written(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path, "", "campaigns.counter_ebnk.on=true")
    assert (problem.file, problem.key) == ("--set campaigns.counter_ebnk.on=true", "campaigns.counter_ebnk")
    assert problem.expected.startswith("a campaign of the scenario, or the 8 keys that a new one lacks (title, ")
    assert problem.suggestion == "did you mean counter_ebank?"
    (problem,) = faults(tmp_path, "\n[campaigns.women_days]\non = true\n")
    assert (Path(problem.file).name, problem.line) == ("mine.toml", 4)
    assert problem.suggestion == "did you mean women_day?"
    result = CliRunner().invoke(app, ["run", *SHORT, "--set=campaigns.womens_day.on=true"])
    assert result.exit_code == 3


def test_a_new_campaign_that_lacks_a_key_is_told_which(tmp_path: Path) -> None:
    new = """[campaigns.spring]
on = true
title = "Spring"
list_most = 100
channel = "call"
where = "branch"
phases = [{from_day = 10, until_day = 20, does = "invite"}]
budget_yuan = 1000.0
interest_share = 0.3
"""
    (problem,) = faults(tmp_path, new)
    assert problem.key == "campaigns.spring.accept_share"
    assert problem.line == 3


def test_invitations_that_all_come_after_the_event_are_refused(tmp_path: Path) -> None:
    event = '{from_day = 66, until_day = 66, does = "event"}'
    late = f'[campaigns.women_day]\nphases = [{event}, {{from_day = 70, until_day = 80, does = "invite"}}]'
    (problem,) = faults(tmp_path, late)
    assert (problem.line, problem.key) == (4, "campaigns.women_day.phases[1].from_day")
    assert problem.expected == "invitations on or before day 66, the last day of the event"
    assert problem.found == "the first on day 70"
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + late.replace("from_day = 70", "from_day = 66"), encoding="utf-8")
    assert files.load(path).campaigns["women_day"].late_invitation() is None


def test_a_campaign_needs_a_book(tmp_path: Path) -> None:
    problems = faults(tmp_path, "", 'book={source="none"}', "campaigns.women_day.on=true")
    assert [p.key for p in problems] == ["campaigns.women_day.on"]


def test_a_lever_of_a_campaign_is_in_todays_policy(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + '[campaigns.women_day]\non = true\n[today]\n"campaigns.women_day.seats" = 12\n', "utf-8")
    scenario = files.load(path)
    today = files.policy_today(scenario)
    assert (scenario.campaigns["women_day"].on, today.campaigns["women_day"].on) == (True, False)
    assert today.campaigns["women_day"].seats == 12
    with pytest.raises(InputError, match="a fact"):
        files.load(path, ['today={"campaigns.women_day.guest_yuan"=1}'])


def test_a_plan_that_needs_more_minutes_than_exist_is_a_warning_of_check(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + "[campaigns.mortgage_calls]\non = true\nlist_most = 20000\n", "utf-8")
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 0
    assert "warning: campaign mortgage_calls, phase 2: relationship_manager is asked for" in result.output
    assert "are available" in result.output


def test_what_a_campaign_asks_of_a_role_is_counted() -> None:
    scenario = files.load("vipsim:baseline.toml", ["campaigns.women_day.on=true"])
    found = {(need.phase, need.role): need for need in needs(scenario, loads(scenario))}
    event = found[2, "relationship_manager"]
    assert event.required_min == 3 * 240.0
    assert found[1, "relationship_manager"].required_min > 0
    assert event.available_min > event.taken_min > 0


# ------------------------------------------------------------------------------------------------ the command line


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, Path]:
    out = tmp_path_factory.mktemp("runs")
    sets = ["--set=campaigns.women_day.on=true", "--set=campaigns.counter_ebank.on=true", "--out", str(out), "--twin"]
    common = [*SHORT, "--replications=2", "--workers=1", *sets]
    shown = CliRunner().invoke(app, ["run", *common])
    assert shown.exit_code == 0, shown.output
    told = CliRunner().invoke(app, ["run", *common, "--json"])
    content = json.loads(told.stdout)
    return content, shown.stdout, Path(content["results_dir"])


def test_run_prints_the_funnel_and_writes_its_table(ran: tuple[dict[str, Any], str, Path]) -> None:
    content, shown, folder = ran
    assert "The funnel of lost effect" in shown
    assert "campaign women_day" in shown
    assert "task maturity_reminder" in shown
    names = {(row["kind"], row["name"]) for row in content["funnel"]}
    assert ("campaign", "counter_ebank") in names
    assert (folder / "funnel.parquet").is_file()
    assert (folder / "campaign_guests.parquet").is_file()


def test_a_plan_in_six_parts_is_written_for_each_campaign(ran: tuple[dict[str, Any], str, Path]) -> None:
    _, _, folder = ran
    assert {path.name for path in folder.glob("plan_*.md")} == {"plan_women_day.md", "plan_counter_ebank.md"}
    text = (folder / "plan_women_day.md").read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert heads == [
        "## 1 Goal 目标",
        "## 2 Target customers 目标客户",
        "## 3 Outline 活动概要",
        "## 4 Phases 活动步骤",
        "## 5 Evaluation 效果评价",
        "## 6 Cost 成本预估",
    ]
    assert "三八妇女节" in text
    assert "against today's policy: new_assets_yuan" in text
    assert "| met 面谈 |" in text


def test_explain_says_how_to_read_the_funnel() -> None:
    shown = CliRunner().invoke(app, ["explain", "funnel"]).stdout
    assert "Nobody is lost twice" in shown
    assert "funnel.parquet" in shown


def test_explain_knows_a_campaigns_setting() -> None:
    shown = CliRunner().invoke(app, ["explain", f"campaigns.{NAMES[0]}.seats"]).stdout
    assert "Places of one event" in shown
    assert "lever" in shown
