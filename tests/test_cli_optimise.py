"""``vipsim optimise`` around a made-up simulation: recommendation, plan, no feasible setting, resumption."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from test_cli import Invoke, MadeUp, document, simulation, vipsim

__all__ = ["simulation", "vipsim"]

STUDY = """\
[study]
name = "tellers"
scenario = "desk.toml"

[[objectives]]
kpi = "net_retained_value_yuan"

[levers]
staff.teller.employed = {low = 2, high = 6}

[[limits]]
kpi = "vip_wait_mean_min"
at_most = 9.0
probability = 0.8

[search]
trials = 5
batch = 2
rounds = [2, 4]
sampler = "grid"

[confirmation]
shortlist = 2
replications = 40
most = 60
indifference = 50000.0

[measurement]
replications = 6
"""


@pytest.fixture
def study(vipsim: Invoke, simulation: MadeUp) -> Path:
    Path("study.toml").write_text(STUDY)
    return Path("study.toml")


def test_optimise_recommends_what_is_best(vipsim: Invoke, study: Path) -> None:
    found = document(vipsim("optimise", str(study), "--workers", "1", "--json"))
    best = found["recommendation"]
    assert best["levers"] == {"staff.teller.employed": 6}
    gain = best["objective"]["net_retained_value_yuan"]
    assert gain["gain"] == pytest.approx(2e6)
    assert set(gain) >= {"today", "recommended", "gain", "ci95"}
    assert {"limits", "probability_best"} <= set(best)
    assert {"shortlist", "trials", "infeasible"} <= set(found)
    assert found["command"] == "optimise"
    assert (Path(found["results_dir"]) / "recommendation.json").is_file()


def test_optimise_tells_people_what_to_change(vipsim: Invoke, study: Path) -> None:
    result = vipsim("optimise", str(study), "--workers", "1")
    assert result.exit_code == 0
    assert re.search(r"staff\.teller\.employed +4 +6", result.stdout)
    assert re.search(r"net_retained_value_yuan .*\+2\.00 .*million yuan", result.stdout)
    assert re.search(r"vip_wait_mean_min <= 9 ", result.stdout)
    assert "What binds:" in result.stdout
    assert "search ..." in result.stderr


def test_plan_says_what_would_run_and_runs_nothing(vipsim: Invoke, study: Path, simulation: MadeUp) -> None:
    found = document(vipsim("optimise", str(study), "--plan", "--json"))
    assert found["plan"]["trials"] == 5
    assert found["plan"]["replications"]["search"] == 20
    assert "5 trials" in vipsim("optimise", str(study), "--plan").stdout
    assert simulation.calls == []
    assert not Path("results").exists()


def test_no_feasible_setting_is_exit_code_4_and_names_the_limit(vipsim: Invoke, study: Path) -> None:
    study.write_text(STUDY.replace("at_most = 9.0", "at_most = 0.5"))
    result = vipsim("optimise", str(study), "--workers", "1", "--json")
    assert result.exit_code == 4
    assert "vip_wait_mean_min <= 0.5" in result.stderr
    assert "nearest setting: staff.teller.employed = " in result.stderr
    found = document(result)
    assert (found["recommendation"], found["error"]) == (None, "no feasible setting")


def test_a_stopped_study_comes_to_the_same_answer(vipsim: Invoke, study: Path, simulation: MadeUp) -> None:
    arguments = ("optimise", str(study), "--workers", "1", "--json")
    whole = document(vipsim(*arguments))
    shutil.rmtree("results")
    simulation.stop_at = 1_000_002
    stopped = vipsim(*arguments)
    assert stopped.exit_code == 5
    simulation.stop_at = -1
    assert document(vipsim(*arguments, "--resume")) == whole


def test_resume_needs_something_to_resume(vipsim: Invoke, study: Path) -> None:
    result = vipsim("optimise", str(study), "--resume", "--workers", "1")
    assert result.exit_code == 3
    assert "run it without --resume" in result.stderr


def test_check_describes_a_study_and_refuses_a_fact(vipsim: Invoke, study: Path) -> None:
    result = vipsim("check", str(study))
    assert result.exit_code == 0
    assert "study.toml: study, valid" in result.stdout
    assert "limit: vip_wait_mean_min <= 9" in result.stdout
    study.write_text(
        STUDY.replace("staff.teller.employed = {low = 2, high = 6}", "demand.walk_ins_per_day = {low = 2, high = 6}")
    )
    refused = vipsim("check", str(study))
    assert refused.exit_code == 3
    assert "study.toml:9:" in refused.stderr
    assert "demand.walk_ins_per_day" in refused.stderr
    run = vipsim("run", str(study))
    assert run.exit_code == 3
    assert "use: vipsim optimise study.toml" in run.stderr
