"""A job on a Dask cluster, by a real scheduler and real workers that these tests start on loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import synthetic
from test_cli_real import SMALL
from test_optimise import answer, ask, text_of
from typer.testing import CliRunner

from vipsim import cluster, experiment
from vipsim.cli.app import app
from vipsim.scenario.errors import InputError, WorkersLostError
from vipsim.scenario.files import load

TESTS = Path(__file__).resolve().parent
WORKER = """
import sys
if sys.argv[1] == "other":
    from vipsim import compiled
    compiled.source_fingerprint = lambda: "other"
from dask.__main__ import main
sys.argv = ["dask", "worker", *sys.argv[2:]]
main()
"""
"""A worker as a process; ``other`` makes it one that has other code."""


class Dask:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]), **environment}
        self.processes: list[subprocess.Popen[bytes]] = []
        told = folder / "scheduler.json"
        self.scheduler = self._start(
            [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
             "--scheduler-file", str(told), "--no-show", "--no-jupyter", "--dashboard-address", "127.0.0.1:0"]
        )  # fmt: skip
        self.address = ""
        deadline = time.monotonic() + 120.0
        while not self.address:
            assert self.scheduler.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
            if told.exists() and told.read_text(encoding="utf-8").endswith("}"):
                self.address = json.loads(told.read_text(encoding="utf-8"))["address"]

    def worker(self, code: str = "same", threads: int = 1) -> subprocess.Popen[bytes]:
        return self._start(
            [sys.executable, "-c", WORKER, code, self.address, "--host", "127.0.0.1", "--nthreads", str(threads),
             "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder)]
        )  # fmt: skip

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, cwd=self.folder)
        self.processes.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """Two workers, one of them with two threads."""
    dask = Dask(tmp_path_factory.mktemp("dask"))
    dask.worker()
    dask.worker(threads=2)
    yield dask
    dask.stop()


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Dask]:
    """A cluster without workers yet, where a replication takes its time."""
    dask = Dask(tmp_path, SYNTHETIC_SLEEP_S="0.02")
    yield dask
    dask.stop()


def run_small(folder: Path, *arguments: str) -> Path:
    command = ["run", *SMALL, "--replications", "4", "--out", str(folder), "--json", *arguments]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return Path(json.loads(result.stdout)["results_dir"])


def test_a_run_has_the_same_bytes(two_workers: Dask, tmp_path: Path) -> None:
    """The branch itself, its staff and rooms, also where a worker has two threads."""
    here = run_small(tmp_path / "here", "--workers", "1")
    there = run_small(tmp_path / "there", "--cluster", two_workers.address)
    for path in here.glob("*.parquet"):
        assert path.read_bytes() == (there / path.name).read_bytes(), path.name


def test_a_study_has_the_same_bytes(two_workers: Dask, tmp_path: Path) -> None:
    question = ask(tmp_path)
    here = text_of(answer(question, tmp_path / "here"))
    assert text_of(answer(question, tmp_path / "there", cluster=two_workers.address)) == here


def test_an_error_of_a_worker_comes_home(two_workers: Dask, tmp_path: Path) -> None:
    path = synthetic.write_files(tmp_path).parent / "surface.toml"
    scenario = load(path, root=synthetic.Surface)
    with pytest.raises(RuntimeError, match="replication 2"):
        experiment.run(scenario, 3, 6, cluster=two_workers.address, replicate="test_experiment:failing")


def test_a_worker_killed_half_way_changes_nothing(slow: Dask, tmp_path: Path) -> None:
    question = ask(tmp_path)
    whole = text_of(answer(question, tmp_path / "whole"))
    first = slow.worker()
    slow.worker()
    killed = []

    def kill(stage: str, done: int, total: int) -> None:
        if stage == "confirmation" and done > 10 and not killed:
            first.send_signal(signal.SIGKILL)
            killed.append(done)

    assert text_of(answer(question, tmp_path / "killed", cluster=slow.address, progress=kill)) == whole
    assert killed
    assert first.wait() == -signal.SIGKILL


def test_a_cluster_that_goes_away_leaves_a_study_that_goes_on(
    slow: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ask(tmp_path)
    whole = text_of(answer(question, tmp_path / "whole"))
    worker = slow.worker()
    ended: list[subprocess.Popen[bytes]] = []

    def end(process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        ended.append(process)

    def lose_the_worker(stage: str, done: int, total: int) -> None:
        if stage == "confirmation" and done > 10 and not ended:
            end(worker)

    def lose_the_scheduler(stage: str, done: int, total: int) -> None:
        if stage == "measurement" and len(ended) == 1:
            end(slow.scheduler)

    monkeypatch.setattr(cluster, "CONNECT_WITHIN_S", 5.0)
    monkeypatch.setattr("vipsim.shards.CHECK_EVERY_S", 0.2)
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "WORKERS_WITHIN_S", 1.0)
        patch.setattr(cluster, "_check_workers", lambda client, address: client.wait_for_workers(1, timeout=60))
        with pytest.raises(WorkersLostError, match="without workers"):
            answer(question, tmp_path / "out", cluster=slow.address, progress=lose_the_worker)
    slow.worker()
    with pytest.raises(WorkersLostError, match="scheduler is gone"):
        answer(question, tmp_path / "out", cluster=slow.address, progress=lose_the_scheduler, resume=True)
    assert text_of(answer(question, tmp_path / "out", resume=True)) == whole


def test_a_worker_with_other_code_is_refused(slow: Dask) -> None:
    slow.worker("other")
    says = "this version of vipsim on every worker, found another one at tcp://127"
    with pytest.raises(InputError, match=says), cluster.open_cluster(slow.address):
        pytest.fail("opened")


def test_a_cluster_without_workers_is_said(slow: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKERS_WITHIN_S", 0.5)
    with pytest.raises(InputError, match="a cluster with workers, found none"), cluster.open_cluster(slow.address):
        pytest.fail("opened")


@pytest.mark.parametrize("what", ["nobody there", "mute", "no port", "no scheme", "no host"])
def test_an_address_where_no_scheduler_answers_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_WITHIN_S", 1.0)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        if what == "mute":
            mute.listen()  # takes the connection and never says a word
        here = f"127.0.0.1:{mute.getsockname()[1]}"
        address = {"no port": "127.0.0.1", "no scheme": f"steam://{here}", "no host": "[::1"}.get(what, here)
        begun = time.monotonic()
        command = ["run", *SMALL, "--replications", "1", "--out", str(tmp_path), "--cluster", address, "--json"]
        result = CliRunner().invoke(app, command)
        assert time.monotonic() - begun < 60.0
    assert result.exit_code == 3, result.output
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("compiling")]
    assert line.startswith(f"--cluster: expected the address of a Dask scheduler, found {address} (")
    assert json.loads(result.stdout)["error"] == "invalid input"
