"""A study in a shared PostgreSQL, by a real server that these tests start: kept, killed, resumed, refused."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pytest
import synthetic
from test_optimise import answer, ask, text_of
from typer.testing import CliRunner

from vipsim.cli.app import app
from vipsim.optimise import read_question
from vipsim.scenario.errors import InputError, StorageError

ROOT = Path(__file__).resolve().parent.parent
RUNUSER = shutil.which("runuser", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
PASSWORD = "not-for-the-log"


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs; Debian keeps them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def why_not() -> str:
    """Why no server can be started here; empty where one can."""
    if sys.platform == "win32":
        return "starts and kills a server by signals of POSIX"
    if programs() is None:
        return "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and RUNUSER is None:
        return "PostgreSQL refuses to run as root, and there is no runuser"
    return ""


if os.environ.get("VIPSIM_REQUIRE_SERVICES"):
    assert not why_not(), why_not()
pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "runs")


@dataclass
class Server:
    """A PostgreSQL server on loopback with a folder of its own."""

    folder: Path
    port: int

    @classmethod
    def create(cls, folder: Path) -> Server:
        secret = folder / "secret"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, secret):
                shutil.chown(path, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = cls(folder, port)
        server.call("initdb", "-U", "vipsim", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync",
                    "--locale=C")  # fmt: skip
        return server

    def call(self, program: str, *arguments: str) -> None:
        found = programs()
        assert found is not None
        command = [str(found / program), "-D", str(self.folder / "data"), *arguments]
        if os.geteuid() == 0:
            command = [str(RUNUSER), "-u", "postgres", "--", *command]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", timeout=120)
        assert done.returncode == 0, Path(log.name).read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self.call("pg_ctl", "-w", "-t", "90", "-o", settings, "start")

    def stop(self) -> None:
        self.call("pg_ctl", "-w", "-t", "90", "-m", "immediate", "stop")

    def url(self, password: str = PASSWORD, scheme: str = "postgresql+psycopg", host: str = "127.0.0.1") -> str:
        return f"{scheme}://vipsim:{password}@{host}:{self.port}/postgres"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # not in a folder that only its user may enter, as pytest's own
    folder = Path(tempfile.mkdtemp(prefix="vipsim-postgres-", dir="/tmp" if os.geteuid() == 0 else None))
    made = Server.create(folder)
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)
    Path(f"{folder}.log").unlink()


def trials_in(storage: Any, name: str) -> list[tuple[Any, ...]]:
    """All that a reader sees of a stored study."""
    found = optuna.load_study(study_name=name, storage=storage).trials
    return [(trial.number, trial.params, trial.values, trial.constraints, trial.user_attrs) for trial in found]


DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import synthetic
from vipsim.optimise import optimise, read_question

if __name__ == "__main__":
    question = read_question(sys.argv[1], root=synthetic.Surface, known_kpis=synthetic.KPIS)
    optimise(question, out=Path(sys.argv[2]), replicate=synthetic.replicate, storage=sys.argv[3])
"""


def test_killed_and_resumed_it_is_the_study_of_the_journal_file(server: Server, tmp_path: Path) -> None:
    question = ask(tmp_path)
    whole = answer(question, tmp_path / "whole")
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(tests=str(Path(__file__).parent)), encoding="utf-8")
    command = [sys.executable, str(script), str(tmp_path / "study.toml"), str(tmp_path / "killed"), server.url()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SYNTHETIC_SLEEP_S": "0.1"}
    process = subprocess.Popen(command, env=environment)
    stored = optuna.storages.RDBStorage(server.url())

    def kept() -> int:
        names = [study.study_name for study in optuna.get_all_study_summaries(stored)]
        return len(trials_in(stored, question.folder_name)) if question.folder_name in names else 0

    deadline = time.monotonic() + 120.0
    while kept() < 7:  # the second batch is being written or is there: a third is to come
        assert process.poll() is None, "the driver ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(InputError, match="another driver of s-"):
        answer(question, tmp_path / "elsewhere", storage=server.url())
    process.send_signal(signal.SIGKILL)
    process.wait()
    folder = tmp_path / "killed" / question.folder_name
    assert not (folder / "recommendation.json").exists()
    before = kept()
    assert before < 30
    resumed = answer(question, tmp_path / "killed", storage=server.url(scheme="postgresql"), resume=True)
    assert text_of(resumed) == text_of(whole)
    backend = optuna.storages.journal.JournalFileBackend(str(whole.folder / "journal.log"))
    journal = trials_in(optuna.storages.JournalStorage(backend), question.folder_name)
    assert trials_in(stored, question.folder_name) == journal
    assert len(journal) > before
    stored.engine.dispose()


def test_a_server_that_goes_away_is_one_message_and_the_study_goes_on(tmp_path: Path, server: Server) -> None:
    study = synthetic.STUDY.replace("seed = 3", "seed = 4")
    question = ask(tmp_path, study)
    whole = text_of(answer(question, tmp_path / "whole"))

    stopped = []

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "search" and done >= 12 and not stopped:
            server.stop()
            stopped.append(done)

    with pytest.raises(StorageError, match=r"went away.*the same command goes on"):
        answer(question, tmp_path / "stopped", storage=server.url(), progress=stop)
    server.start()
    assert text_of(answer(question, tmp_path / "stopped", storage=server.url(), resume=True)) == whole


@pytest.mark.parametrize("what", ["wrong password", "nobody there", "no such database", "no URL", "mute"])
def test_a_server_that_refuses_is_one_message_without_the_password(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    synthetic.write_files(tmp_path)
    monkeypatch.setattr(
        "vipsim.optimise.read_question",
        lambda path, **rest: read_question(path, root=synthetic.Surface, known_kpis=synthetic.KPIS),
    )
    monkeypatch.setattr("vipsim.cli.studies.warn_of_calendar", lambda scenario: None)  # the surface has no calendar
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        if what == "mute":
            mute.listen()  # takes the connection and never says a word
            monkeypatch.setattr("vipsim.optimise.ledger.CONNECT_WITHIN_S", 2)
        absent = Server(tmp_path, mute.getsockname()[1])
        secret = "wrong-and-secret"
        url = {
            "wrong password": server.url(secret),
            "nobody there": absent.url(secret),
            "no such database": server.url() + "_nowhere",
            "no URL": f"postgresql:/vipsim:{secret}@127.0.0.1/postgres",
            "mute": absent.url(secret),
        }[what]
        begun = time.monotonic()
        command = ["optimise", str(tmp_path / "study.toml"), "--workers", "1", "--storage", url, "--json"]
        result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out")])
        assert time.monotonic() - begun < 60.0
    assert result.exit_code == 3, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("--storage: expected a database that answers, found ")
    assert secret not in result.output
    assert PASSWORD not in result.output
