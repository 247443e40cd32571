"""The command line around a made-up simulation: documents, tables, exit codes, folders, interruption, resumption."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from vipsim import results, shipped, statistics
from vipsim.cli import tables
from vipsim.cli.app import app
from vipsim.cli.campaigning import _increments
from vipsim.scenario.differing import in_words

ROOT = Path(__file__).resolve().parent.parent
BRANCH = 'extends = "vipsim:reference/lobby_day.toml"\nname = "desk"\n'
TABLES = ("visits", "contacts", "customers", "months", "staff")

Invoke = Callable[..., Result]


class MadeUp(ModuleType):
    """Stands for ``vipsim.simulate``: KPIs that follow from seed, replication and the number of tellers."""

    def __init__(self) -> None:
        super().__init__("vipsim.simulate")
        self.calls: list[int] = []
        self.stop_at = -1
        self.drift = 0.0

    def replicate(
        self, scenario: Any, seed: int, replication: int, *, engine: str = "compiled", record: bool = False
    ) -> SimpleNamespace:
        self.calls.append(replication)
        if replication == self.stop_at:
            raise KeyboardInterrupt
        luck = np.random.default_rng([seed, replication]).normal(size=2)
        tellers = scenario.staff.teller.employed
        kpis = {
            "net_retained_value_yuan": 1e6 * tellers + 1e5 * luck[0] + self.drift,
            "vip_wait_mean_min": 20.0 / tellers + luck[1],
            "win_back_share": float("nan"),
            "utilisation_teller": 3.0 / tellers,
        }
        return SimpleNamespace(kpis=kpis, tables={n: pa.table({"row": [1, 2]}) for n in TABLES} if record else {})


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    made_up = MadeUp()
    monkeypatch.setitem(sys.modules, "vipsim.simulate", made_up)
    return made_up


@pytest.fixture
def vipsim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """A command in a folder that holds one scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.toml").write_text(BRANCH)
    (tmp_path / "more.toml").write_text('extends = "desk.toml"\nstaff.teller.employed = 6\n')

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return invoke


def document(result: Result) -> dict[str, Any]:
    """The one JSON document on stdout, strict: no NaN, nothing beside it."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    found: dict[str, Any] = json.loads(result.stdout, parse_constant=refuse)
    assert found["schema_version"] == 1
    return found


# ------------------------------------------------------------------------------------------------ run


def test_run_prints_a_table_and_writes_a_folder(vipsim: Invoke, simulation: MadeUp) -> None:
    result = vipsim("run", "desk.toml", "--replications", "3", "--workers", "1")
    assert result.exit_code == 0
    assert re.search(r"net_retained_value_yuan +[34]\.\d\d +.*million yuan", result.stdout)
    assert re.search(r"win_back_share +- ", result.stdout)
    assert "written to" not in result.stdout
    assert "written to results/desk-" in result.stderr
    (folder,) = Path("results").iterdir()
    names = {f"{name}.parquet" for name in ("kpis", *TABLES)} | {"run.json", "scenario.resolved.toml"}
    assert {path.name for path in folder.iterdir()} == names


def test_a_year_whose_calendar_is_not_known_is_said(vipsim: Invoke, simulation: MadeUp) -> None:
    far = ["--set", "calendar.country=CN", "--set", "calendar.start_date=2049-01-01"]
    for command in (["run", "desk.toml"], ["compare", "desk.toml", "more.toml"]):
        result = vipsim(*command, "--replications", "2", "--workers", "1", *far)
        assert result.exit_code == 0, result.output
        assert "warning: desk: the make-up working days of 2049 are not known" in result.stderr
        assert "warning" not in result.stdout
    assert "make-up" not in vipsim("run", "desk.toml", "--replications", "2", "--workers", "1").stderr


def test_run_json_is_the_document_of_the_design(vipsim: Invoke, simulation: MadeUp) -> None:
    result = vipsim("run", "desk.toml", "--replications", "3", "--seed", "7", "--workers", "1", "--json")
    found = document(result)
    assert list(found) == [
        "schema_version",
        "command",
        "scenario",
        "seed",
        "replications",
        "engine",
        "results_dir",
        "kpis",
    ]
    assert (found["command"], found["seed"], found["replications"], found["engine"]) == ("run", 7, 3, "compiled")
    manifest = results.read_manifest(Path(found["results_dir"]))
    assert found["scenario"] == {"name": "desk", "hash": manifest.scenario_hash}
    wait = found["kpis"]["vip_wait_mean_min"]
    assert set(wait) == {"mean", "sd", "ci95", "n", "unit", "doubtful"}
    assert wait["ci95"][0] < wait["mean"] < wait["ci95"][1]
    nothing = {"mean": None, "sd": None, "ci95": None, "n": 0, "unit": "share", "doubtful": False}
    assert found["kpis"]["win_back_share"] == nothing


def test_run_twin_compares_with_today_on_the_same_luck(vipsim: Invoke, simulation: MadeUp) -> None:
    same = document(vipsim("run", "desk.toml", "--replications", "3", "--twin", "--workers", "1", "--json"))
    gain = same["against_today"]["net_retained_value_yuan"]
    assert (gain["mean"], gain["sd"]) == (0.0, 0.0)
    more = document(vipsim("run", "more.toml", "--replications", "3", "--twin", "--workers", "1", "--json"))
    assert more["against_today"]["net_retained_value_yuan"]["mean"] == pytest.approx(2e6)
    table = vipsim("run", "more.toml", "--replications", "3", "--twin", "--workers", "1")
    assert re.search(r"net_retained_value_yuan +\+2\.00", table.stdout)


def test_run_set_wins_over_the_file(vipsim: Invoke, simulation: MadeUp) -> None:
    found = document(vipsim("run", "more.toml", "--set", "staff.teller.employed=8", "--workers", "1", "--json"))
    assert found["kpis"]["utilisation_teller"]["mean"] == pytest.approx(3 / 8)


def test_an_interrupted_run_goes_on_where_it_stopped(vipsim: Invoke, simulation: MadeUp) -> None:
    whole = document(vipsim("run", "desk.toml", "--replications", "8", "--workers", "1", "--json"))
    shutil.rmtree("results")
    simulation.stop_at = 6
    stopped = vipsim("run", "desk.toml", "--replications", "8", "--workers", "1", "--json")
    assert stopped.exit_code == 5
    assert document(stopped)["resumable"] is True
    assert [path.name[:11] for path in Path("results").iterdir()] == [".unfinished"]
    simulation.stop_at, simulation.calls = -1, []
    again = document(vipsim("run", "desk.toml", "--replications", "8", "--workers", "1", "--json"))
    assert again == whole
    assert len(simulation.calls) < 8
    assert [path.name for path in Path("results").iterdir()] == [Path(whole["results_dir"]).name]


def test_a_run_of_another_seed_goes_beside_and_says_so(vipsim: Invoke, simulation: MadeUp) -> None:
    first = document(vipsim("run", "desk.toml", "--twin", "--workers", "1", "--json"))["results_dir"]
    other = vipsim("run", "desk.toml", "--seed", "2", "--workers", "1")
    assert f"written to {first}-2 ({first} holds another run of this scenario and stays)" in other.stderr
    again = vipsim("run", "desk.toml", "--twin", "--workers", "1")
    assert again.stderr.endswith(f"written to {first}\n")
    assert vipsim("reproduce", f"{first}-2", "--workers", "1").exit_code == 0


def test_no_right_to_write_is_said_before_anything_runs(vipsim: Invoke, simulation: MadeUp) -> None:
    Path("blocked").write_text("a file")
    result = vipsim("run", "desk.toml", "--out", "blocked", "--workers", "1")
    assert result.exit_code == 3
    assert "nothing was written" in result.stderr
    assert simulation.calls == []


# ------------------------------------------------------------------------------------------------ compare


def test_compare_shows_paired_differences(vipsim: Invoke, simulation: MadeUp) -> None:
    arguments = ("compare", "desk.toml", "more.toml", "--replications", "4", "--workers", "1")
    found = document(vipsim(*arguments, "--json"))
    gain = found["differences"]["more"]["net_retained_value_yuan"]
    assert gain["mean"] == pytest.approx(2e6)
    assert gain["sd"] == pytest.approx(0.0, abs=1e-3)
    assert set(found["scenarios"]) == {"desk", "more"}
    assert set(found["scenarios"]["desk"]["kpis"]["vip_wait_mean_min"]) == {
        "mean",
        "sd",
        "ci95",
        "n",
        "unit",
        "doubtful",
    }
    table = vipsim(*arguments).stdout
    assert re.search(r"net_retained_value_yuan +[34]\.\d\d +\+2\.00 .*million yuan +sure", table)


def test_compare_names_the_levers_and_warns_where_the_world_differs(vipsim: Invoke, simulation: MadeUp) -> None:
    arguments = ("compare", "desk.toml", "more.toml", "--replications", "4", "--workers", "1")
    same_world = vipsim(*arguments)
    assert "1 lever differs: staff.teller.employed 4 -> 6" in same_world.stdout
    assert "warning" not in same_world.stderr
    Path("more.toml").write_text('extends = "desk.toml"\nstaff.teller.employed = 6\ndemand.walk_ins_per_day = 300.0\n')
    other = vipsim(*arguments)
    assert "warning: more: 1 fact or uncertainty differs from desk" in other.stderr
    assert "not one of policy alone: demand.walk_ins_per_day 400.0 -> 300.0" in other.stderr
    found = document(vipsim(*arguments, "--json"))
    assert found["settings"]["more"]["levers"] == {"staff.teller.employed": [4, 6]}
    assert found["settings"]["more"]["world"]["demand.walk_ins_per_day"] == [400.0, 300.0]
    assert len(found["warnings"]) == 1


def test_compare_needs_two_scenarios_of_different_names(vipsim: Invoke, simulation: MadeUp) -> None:
    assert vipsim("compare", "desk.toml").exit_code == 2
    result = vipsim("compare", "desk.toml", "desk.toml")
    assert result.exit_code == 3
    assert "two named 'desk'" in result.stderr


# ------------------------------------------------------------------------------------------------ reproduce


def test_reproduce_finds_equal_runs_equal_and_others_not(vipsim: Invoke, simulation: MadeUp) -> None:
    folder = document(vipsim("run", "desk.toml", "--replications", "3", "--workers", "1", "--json"))["results_dir"]
    same = vipsim("reproduce", folder, "--workers", "1", "--json")
    assert same.exit_code == 0
    assert document(same)["identical"] is True
    simulation.drift = 1e-9
    other = vipsim("reproduce", folder, "--workers", "1", "--json")
    assert other.exit_code == 1
    changed = document(other)["differences"]
    assert {row["kpi"] for row in changed} == {"net_retained_value_yuan"}
    assert len(changed) == 3
    assert "net_retained_value_yuan" in vipsim("reproduce", folder, "--workers", "1").stdout


def test_reproduce_of_a_twin_run_compares_the_side_of_today_too(vipsim: Invoke, simulation: MadeUp) -> None:
    run = ("run", "more.toml", "--replications", "3", "--twin", "--workers", "1", "--json")
    folder = Path(document(vipsim(*run))["results_dir"])
    same = vipsim("reproduce", str(folder), "--workers", "1")
    assert (same.exit_code, "24 values" in same.stdout, "today's side included" in same.stdout) == (0, True, True)
    today = results.read_table(folder, "kpis_today")
    today.loc[0, "value"] += 1.0
    results.write_table(folder / "kpis_today.parquet", today)
    other = vipsim("reproduce", str(folder), "--workers", "1", "--json")
    assert other.exit_code == 1
    (changed,) = document(other)["differences"]
    assert (changed["table"], changed["replication"]) == ("kpis_today", 0)


def test_reproduce_refuses_an_edited_scenario(vipsim: Invoke, simulation: MadeUp) -> None:
    folder = Path(document(vipsim("run", "desk.toml", "--workers", "1", "--json"))["results_dir"])
    path = folder / "scenario.resolved.toml"
    path.write_text(path.read_text().replace("employed = 4", "employed = 5", 1))
    result = vipsim("reproduce", str(folder), "--workers", "1")
    assert result.exit_code == 3
    assert "was edited" in result.stderr


# ------------------------------------------------------------------------------------------------ check, words, init


def test_check_says_what_a_file_is_and_where_it_differs_from_today(vipsim: Invoke) -> None:
    result = vipsim("check", "more.toml")
    assert result.exit_code == 0
    assert "more.toml: scenario, valid" in result.stdout
    assert "staff.teller.employed: 4 today, 6 here" in result.stdout


def test_check_says_why_another_today_alone_asks_for_other_minutes(vipsim: Invoke) -> None:
    small = 'extends = "vipsim:baseline.toml"\nbook.customers = 2000\nbook.prospects = 200\n'
    Path("one.toml").write_text(small)
    Path("other.toml").write_text(small + "[today]\ntiers.standard_yuan = 400000.0\n")
    found = [document(vipsim("check", name, "--json"))["files"][0] for name in ("one.toml", "other.toml")]
    minutes = [{row["role"]: row["required_min"] for row in one["loads"]} for one in found]
    assert minutes[0]["relationship_manager"] != minutes[1]["relationship_manager"]
    assert "another [today] alone changes them" in vipsim("check", "one.toml").stdout
    assert "another [today]" not in vipsim("check", "desk.toml").stdout  # no book, no owners


def test_check_shows_every_fault_and_exits_with_3(vipsim: Invoke) -> None:
    Path("broken.toml").write_text(BRANCH + "[staff.teller]\nemployd = 3\n[lobby.triage]\nnod_s = 3\n")
    result = vipsim("check", "desk.toml", "broken.toml")
    assert result.exit_code == 3
    assert "desk.toml: scenario, valid" in result.stdout
    assert "broken.toml:4: staff.teller.employd: expected a key of [staff.teller]" in result.stderr
    assert "broken.toml:6: lobby.triage.nod_s: expected nod_min, in minutes, found nod_s, in seconds" in result.stderr
    found = document(vipsim("check", "desk.toml", "broken.toml", "--json"))
    assert [entry["valid"] for entry in found["files"]] == [True, False]
    assert [problem["line"] for problem in found["files"][1]["problems"]] == [4, 6]


def test_check_refuses_a_counter_without_anybody(vipsim: Invoke) -> None:
    Path("nobody.toml").write_text(BRANCH + "[staff.teller]\nemployed = 0\n")
    result = vipsim("check", "nobody.toml")
    assert result.exit_code == 3
    assert "nobody" in result.stderr


def test_run_of_a_broken_scenario_is_one_document_too(vipsim: Invoke, simulation: MadeUp) -> None:
    result = vipsim("run", "desk.toml", "--set", "staff.teller.employed=99", "--json")
    assert result.exit_code == 3
    found = document(result)
    assert found["error"] == "invalid input"
    assert found["problems"][0]["key"] == "staff.teller.employed"
    assert not Path("results").exists()


def test_a_cut_that_is_not_todays_is_said_to_the_reader_of_counts(vipsim: Invoke, simulation: MadeUp) -> None:
    Path("bar.toml").write_text('extends = "vipsim:baseline.toml"\ntiers.standard_yuan = 400000.0\n')
    few = ("--replications", "2", "--workers", "1")
    one = vipsim("run", "bar.toml", *few)
    assert "note: bar: tiers.standard_yuan 200000.0 -> 400000.0 against today; counts" in one.stderr
    both = vipsim("compare", "vipsim:baseline.toml", "bar.toml", *few)
    assert both.stderr.count("note: ") == 1
    assert len(document(vipsim("compare", "vipsim:baseline.toml", "bar.toml", *few, "--json"))["notes"]) == 1
    assert "note" not in vipsim("run", "vipsim:baseline.toml", *few).stderr
    assert "today's cut, whatever" in vipsim("explain", "vip_customers").stdout


def test_doubtful_intervals_are_marked_and_few_replications_said_once(vipsim: Invoke, simulation: MadeUp) -> None:
    assert tables.FEW == statistics.FEW
    few = vipsim("run", "desk.toml", "--replications", "5", "--workers", "1").stdout
    assert "Every interval is doubtful: 5 replications are few" in few
    assert few.count("doubtful") == 1
    rare = simulation.replicate

    def with_rare(*arguments: Any, **options: Any) -> SimpleNamespace:
        made = rare(*arguments, **options)
        made.kpis |= {"vip_churn_share": float(arguments[2] == 3), "card_share": 0.5 + 0.49 * (-1) ** arguments[2]}
        return made

    simulation.replicate = with_rare  # type: ignore[method-assign]
    found = vipsim("run", "desk.toml", "--seed", "3", "--replications", "20", "--workers", "1").stdout
    assert re.search(r"vip_churn_share .*% +doubtful", found)
    assert not re.search(r"card_share .*doubtful", found)
    assert "doubtful: too few" in found


def test_differences_of_shares_are_percentage_points(vipsim: Invoke, simulation: MadeUp) -> None:
    few = ("--replications", "2", "--workers", "1")
    twin = vipsim("run", "more.toml", "--twin", *few).stdout.partition("Against today")[2]
    assert re.search(r"utilisation_teller +-25\.00 .* % points", twin)
    both = vipsim("compare", "desk.toml", "more.toml", *few).stdout
    assert re.search(r"unit +sign\n", both)
    plan = _increments({"vip_churn_share": {"mean": 0.01, "ci95": [-0.01, 0.03], "unit": "share"}})
    assert plan["vip_churn_share"] == "+1.00 % points (95 % interval -1.00 .. +3.00)"


def test_a_twin_of_an_unchanged_policy_is_one_line(vipsim: Invoke, simulation: MadeUp) -> None:
    found = vipsim("run", "desk.toml", "--twin", "--replications", "2", "--workers", "1").stdout
    assert "Today's policy is the same as this scenario's: every difference is 0 by construction." in found
    assert "+0.00" not in found


def test_at_most_ten_settings_are_named_and_the_rest_counted() -> None:
    assert in_words({f"k{n}": (n, n + 1) for n in range(12)}).endswith("k9 9 -> 10 and 2 more")
    assert in_words({"k": (None, [1.0] * 99)}) == "k not set -> [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1..."


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("staff.teller.employed", ["lever", "people", "from 0 to 20", "value", "4"]),
        ("staff.teller", ["section", "staff.teller.employed"]),
        ("demand.transactions[0].share", ["uncertainty", "N02"]),
        ("lobby.triage.minutes.mean_min", ["mean, minutes"]),
        ("vip_wait_p90_min", ["KPI", "min", "lower", "贵宾"]),
        ("twin", ["word", "today's policy"]),
        ("nod_min", ["lobby.triage.nod_min"]),
        ("employed", ["name of several settings", "staff.head.employed"]),
    ],
)
def test_explain(vipsim: Invoke, key: str, says: list[str]) -> None:
    result = vipsim("explain", key, "--scenario", "desk.toml")
    assert result.exit_code == 0
    assert [word for word in says if word not in result.stdout] == []
    assert document(vipsim("explain", key, "--scenario", "desk.toml", "--json"))["command"] == "explain"


def test_explain_names_the_nearest(vipsim: Invoke) -> None:
    result = vipsim("explain", "staff.teler.employed", "--scenario", "desk.toml")
    assert result.exit_code == 3
    assert "did you mean staff.teller.employed" in result.stderr
    assert "vip_wait_p90_min" in vipsim("explain", "vip_wait_p9", "--scenario", "desk.toml").stderr


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("贵宾平均等候", ["vip_wait_mean_min (KPI)"]),
        ("campaigns.women_day", ["(section)", "campaigns.women_day.on: "]),
        ("cohort", ["(word)", "first day of the window", "期初客户群"]),
        ("期初客户群", ["cohort (word)"]),
        ("increment", ["(word)", "twin"]),
        ("binds", ["(word)"]),
        ("limits", ["limit, chance constraint (word)", "约束"]),
        ("load", ["(word)", "vipsim check"]),
        ("twin", ["孪生对照"]),
        ("RM", ["relationship manager (RM) (word)"]),
        ("lifecycle.causal_share", ["you may set it in your file; a study cannot search it; a calibration is meant"]),
        ("book.customers", ["you may set it in your file; a study cannot search it"]),
    ],
)
def test_explain_finds_what_the_program_itself_prints(vipsim: Invoke, key: str, says: list[str]) -> None:
    result = vipsim("explain", key)
    assert result.exit_code == 0, result.output
    assert [word for word in says if word not in result.stdout] == []


def test_the_glossary_is_shipped() -> None:
    """In a checkout it is read from docs; a wheel carries it where shipped.glossary() looks."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"]["docs/glossary.md"] == "vipsim/shipped/glossary.md"
    assert shipped.glossary().is_file()


def test_explain_proposes_only_what_is_near(vipsim: Invoke) -> None:
    for far in ("xyzzy", "dividends", "bindweed", "campaigns.mens_night_out_at_sea"):
        assert "did you mean" not in vipsim("explain", far).stderr, far
    assert "did you mean campaigns.women_day" in vipsim("explain", "campaigns.woman_day").stderr
    assert "did you mean cohort" in vipsim("explain", "cohorte").stderr


def test_schema_completes_keys_with_unit_role_and_source(vipsim: Invoke) -> None:
    schema = json.loads(vipsim("schema").stdout)
    teller = schema["$defs"]["Tellers"]["properties"]["employed"]
    assert (teller["role"], teller["unit"], teller["maximum"]) == ("lever", "people", 20)
    assert teller["source"]
    assert "extends" in schema["properties"]


def test_init_writes_a_project_once(vipsim: Invoke) -> None:
    result = vipsim("init", "mine", "--json")
    assert document(result)["files"] == sorted(path.name for path in Path("mine").iterdir())
    assert {"scenario.toml", "study.toml", "book_template.csv", "mapping.toml", "README.md"} == {
        path.name for path in Path("mine").iterdir()
    }
    again = vipsim("init", "mine")
    assert again.exit_code == 3
    assert "holds something already" in again.stderr
    Path("empty").mkdir()
    assert vipsim("init", "empty").exit_code == 0


# ------------------------------------------------------------------------------------------------ the program itself


def test_wrong_usage_is_exit_code_2(vipsim: Invoke) -> None:
    assert vipsim("run").exit_code == 2
    assert vipsim("run", "desk.toml", "--replications", "0").exit_code == 2
    assert vipsim("run", "desk.toml", "--engine", "steam").exit_code == 2
    assert vipsim("fly").exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    """What makes ``--help`` slow is imports: none of the heavy ones happen."""
    code = (
        "import sys; from vipsim.cli import main; sys.argv = ['vipsim', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'numba', 'pyarrow', 'optuna', 'scipy', 'simpy', 'vipsim.scenario.schema'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"
    for command in ("init", "check", "run", "compare", "optimise", "explain", "schema", "reproduce"):
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)
