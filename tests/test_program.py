"""The program as a process: interrupted by Ctrl-C or a batch system, read by a pipe, run from a wheel."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
SLOW = """
import os, signal, sys, time

signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it, and so would we
from types import ModuleType, SimpleNamespace

def replicate(scenario, seed, replication, *, engine="compiled", record=False):
    time.sleep(600.0 if replication >= int(os.environ.get("HELD_FROM", "1000")) else 0.1)
    return SimpleNamespace(kpis={"visits_per_day": float(replication)}, tables={})

made_up = ModuleType("vipsim.simulate")
made_up.replicate = replicate
sys.modules["vipsim.simulate"] = made_up
from vipsim.cli import main
main()
"""
"""The command line around a simulation that takes a tenth of a second a replication, and at one may stand still."""


def started(folder: Path, *arguments: str, held_from: int = 1000) -> subprocess.Popen[str]:
    (folder / "desk.toml").write_text('extends = "vipsim:reference/lobby_day.toml"\nname = "desk"\n')
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "HELD_FROM": str(held_from)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(pattern: str, folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a file that matches holds three lines: three replications are done."""
    deadline = time.monotonic() + 300.0
    while time.monotonic() < deadline:
        found = list(folder.glob(pattern))
        if found and found[0].read_text().count("\n") >= 3:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(f"{pattern} did not grow")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_nothing_half_and_goes_on(tmp_path: Path, stop: signal.Signals) -> None:
    arguments = ("run", "desk.toml", "--replications", "12", "--workers", "1", "--json")
    first = started(tmp_path, *arguments, held_from=5)
    wait_for("results/.unfinished-*.jsonl", tmp_path, first)
    first.send_signal(stop)
    out, err = first.communicate(timeout=300)
    assert first.returncode == 5
    assert json.loads(out)["resumable"] is True
    assert "goes on" in err
    assert "Traceback" not in err
    assert list((tmp_path / "results").glob("desk-*")) == []
    second = started(tmp_path, *arguments)
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0
    assert re.search(r"going on with an interrupted run: \d+ replications", err)
    assert json.loads(out)["kpis"]["visits_per_day"]["n"] == 12
    assert list((tmp_path / "results").glob(".*")) == []


def test_no_colour_and_no_bar_where_there_is_no_terminal(tmp_path: Path) -> None:
    process = started(tmp_path, "run", "desk.toml", "--replications", "2", "--workers", "1")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "\x1b" not in out + err
    assert "\r" not in out + err


def test_a_reader_that_stops_reading_is_no_crash() -> None:
    command = f"{sys.executable} -m vipsim schema | head -n 1"
    done = subprocess.run(["bash", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{"
    assert "Traceback" not in done.stderr
