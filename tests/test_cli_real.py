"""The command line around the real model, on a small book and one month: same bytes with any workers, reproducible."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from vipsim import events, results
from vipsim.cli.app import app

SMALL = [
    "vipsim:baseline.toml",
    "--set=book.customers=500",
    "--set=book.prospects=50",
    "--set=calendar.run_in_months=0",
    "--set=calendar.window_months=1",
    "--set=calendar.run_off_months=0",
]


def run(folder: Path, *arguments: str) -> Path:
    """Run the small branch into a folder; the run folder."""
    result = CliRunner().invoke(app, ["run", *SMALL, "--out", str(folder), "--json", *arguments])
    assert result.exit_code == 0, result.output
    return Path(json.loads(result.stdout)["results_dir"])


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("one"), "--replications", "3", "--workers", "1")


def test_a_run_folder_holds_every_table(one_worker: Path) -> None:
    assert {path.stem for path in one_worker.glob("*.parquet")} == set(results.TABLES)
    kpis = results.read_table(one_worker, "kpis")
    assert list(kpis.columns) == ["replication", "branch", "kpi", "value", "unit"]
    assert sorted(kpis["replication"].unique()) == [0, 1, 2]


def test_two_workers_give_the_same_bytes(one_worker: Path, tmp_path: Path) -> None:
    two = run(tmp_path, "--replications", "3", "--workers", "2")
    for path in one_worker.glob("*.parquet"):
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name


def test_another_seed_gives_another_branch_year(one_worker: Path, tmp_path: Path) -> None:
    other = run(tmp_path, "--replications", "1", "--workers", "1", "--seed", "2")
    assert (one_worker / "visits.parquet").read_bytes() != (other / "visits.parquet").read_bytes()


def test_reproduce_finds_the_same_numbers(one_worker: Path) -> None:
    result = CliRunner().invoke(app, ["reproduce", str(one_worker), "--workers", "1", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["identical"] is True


def test_a_twin_without_a_change_of_policy_gains_exactly_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["run", *SMALL, "--out", str(tmp_path), "--replications", "2", "--workers", "1", "--twin", "--json"]
    )
    gains = json.loads(result.stdout)["against_today"]
    assert {name: entry["mean"] for name, entry in gains.items() if entry["mean"] not in (0.0, None)} == {}


def test_both_engines_write_the_same_visits(one_worker: Path, tmp_path: Path) -> None:
    reference = run(tmp_path, "--replications", "1", "--engine", "simpy")
    for name in ("visits", "contacts", "customers"):
        assert (reference / f"{name}.parquet").read_bytes() == (one_worker / f"{name}.parquet").read_bytes(), name


def test_visits_become_an_event_log(one_worker: Path) -> None:
    """One case per visit from arrival to leaving, times in order, every step of the run exactly once."""
    log = events.event_log(one_worker)
    visits = results.read_table(one_worker, "visits")
    assert log["case"].nunique() == visits["visit"].nunique()
    assert len(log) == len(visits) + 2 * visits["visit"].nunique()
    cases = log.groupby("case")
    assert (cases["activity"].first() == "arrive").all()
    assert set(cases["activity"].last()) <= {"leave", "farewell", "guard"}
    assert (cases["activity"].agg(lambda steps: (steps == "leave").sum()) == 1).all()
    assert (log["start_timestamp"] <= log["timestamp"]).all()
    assert (cases["timestamp"].diff().dropna() >= pd.Timedelta(0)).all()
    served = log[log["outcome"] == "served"]
    assert (served["resource"] != "").all()
    printed = CliRunner().invoke(app, ["events", str(one_worker)])
    assert printed.exit_code == 0
    assert printed.stdout.splitlines()[0] == ",".join(events.COLUMNS)
    assert len(printed.stdout.splitlines()) == len(log) + 1


def test_a_visit_is_told_as_a_story(one_worker: Path) -> None:
    visits = results.read_table(one_worker, "visits")
    case = int(visits["visit"].value_counts().index[0])  # the visit of most steps
    told = CliRunner().invoke(app, ["events", str(one_worker), "--case", str(case)])
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert "comes in" in told.stdout
    assert sum(":" in line[:3] or line[2:3] == ":" for line in lines) == np.count_nonzero(visits["visit"] == case) + 2
    missing = CliRunner().invoke(app, ["events", str(one_worker), "--case", "999999999"])
    assert missing.exit_code == 3
    assert "expected a visit from 0 to" in missing.stderr
