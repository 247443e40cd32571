"""From a study file to a confirmed recommendation: search on some luck, decide on other luck, measure on fresh luck."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from vipsim.optimise.confirm import confirm, measure
from vipsim.optimise.ledger import open_ledger
from vipsim.optimise.recommend import document
from vipsim.optimise.search import search, shortlist
from vipsim.optimise.study import Question, read_question
from vipsim.scenario.errors import InputError
from vipsim.scenario.files import resolved_toml
from vipsim.shards import DEFAULT_REPLICATE, Evaluations, Replicate, Runner, open_executor, writing_to

__all__ = ["Plan", "Question", "StudyResult", "optimise", "plan", "read_question"]

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, to do); stages are search (trials), confirmation, measurement (replications)."""


@dataclass(frozen=True)
class StudyResult:
    """What a study came to: the JSON document and where everything lies. Infeasible is exit code 4."""

    document: dict[str, Any]
    folder: Path

    @property
    def feasible(self) -> bool:
        return self.document["recommendation"] is not None


@dataclass(frozen=True)
class Plan:
    """What a study would run. Nothing runs; the search may stop early, so these are upper ends."""

    settings: int  # different settings of the space
    trials: int
    search_replications: int
    confirmation_replications: int
    measurement_replications: int
    aims: dict[str, float]  # limit -> probability that the search aims at
    folder: Path

    @property
    def replications(self) -> int:
        return self.search_replications + self.confirmation_replications + self.measurement_replications

    def seconds(self, seconds_per_replication: float, workers: int) -> float:
        """Estimated wall-clock time at most, from the cost of one replication."""
        return self.replications * seconds_per_replication / workers

    def as_dict(self) -> dict[str, Any]:
        return {
            "settings": self.settings,
            "trials": self.trials,
            "replications": {
                "search": self.search_replications,
                "confirmation": self.confirmation_replications,
                "measurement": self.measurement_replications,
                "total": self.replications,
            },
            "aims": self.aims,
            "results_dir": str(self.folder),
        }


def plan(question: Question, out: Path = Path("results")) -> Plan:
    """What a study would run, at most."""
    study = question.study
    trials = min(study.search.trials, question.space.size + (not question.today_is_a_setting))
    settings = min(study.confirmation.shortlist + 1, trials)
    steps = sum(len(axis.choices) - 1 if axis.choices else 2 for axis in question.space.axes)
    aims = {limit.text(): aim for limit, aim in zip(study.limits, question.aims, strict=True)}
    return Plan(
        question.space.size,
        trials,
        trials * study.search.rounds[-1],
        settings * study.confirmation.most,
        (2 + steps) * study.measurement.replications,
        aims,
        out / question.folder_name,
    )


def optimise(
    question: Question,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    cluster: str = "",
    storage: str = "",
    resume: bool = False,
    out: Path = Path("results"),
    progress: Progress | None = None,
    replicate: Replicate | str = DEFAULT_REPLICATE,
) -> StudyResult:
    """Search, confirm and measure; the same document for any number of workers, interrupted or not.

    Parameters
    ----------
    question : Question
        From ``read_question``.
    workers, executor, cluster
        Who runs the replications (``shards.open_executor``).
    storage : str
        URL of a database (``postgresql+psycopg://...``) that keeps the Optuna study for a team; a journal file in
        the result folder where left out. One driver owns the study; others read.
    resume : bool
        Insist that there is something to go on with. What an earlier run of the same study evaluated is used anyway.
    out : Path
        Folder of results; the study's own is ``<name>-<hash8>``.
    progress : callable, optional
    replicate : callable, optional
        A replication, importable by name; the model's own where left out.

    Raises
    ------
    InputError
        Nothing to resume; another driver owns the study; the storage holds a different study.
    StorageError
        No space, or no right to write; the database went away.
    WorkersLostError
        The workers went away. What was evaluated is kept.
    KeyboardInterrupt
        Passed on. What was evaluated is kept, and the same call goes on from there.
    """
    folder = out / question.folder_name
    record = folder / "evaluations.jsonl"
    if resume and not record.exists():
        raise InputError("a study that was begun", found=f"nothing in {folder}", suggestion="run it without --resume")

    def stage(name: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(name, done, total) if progress is not None else None

    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "scenario.resolved.toml", resolved_toml(question.scenario))
        _write(folder / "study.json", _text(question.study.model_dump(mode="json")))
    with (
        _sole_driver(folder),
        open_ledger(question, folder, storage) as ledger,
        open_executor(workers, executor, cluster) as open_workers,
        closing(Evaluations(record)) as evaluations,
    ):
        runner = Runner(
            open_workers,
            question.study.study.seed,
            engine=question.study.study.engine,
            replicate=replicate,
            evaluations=evaluations,
        )
        trials = search(question, runner, stage("search"), ledger.keep)
        chosen = [(trial.number, trial.levers) for trial in shortlist(question, trials)]
        confirmation = confirm(question, runner, chosen, stage("confirmation"))
        best = confirmation.best
        measurement = None if best is None else measure(question, runner, best, stage("measurement"))
        result = document(question, trials, confirmation, measurement)
        with writing_to(folder):
            _write(folder / "recommendation.json", _text(result))
    return StudyResult(result, folder)


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Write beside and rename into place: a reader never sees half a file."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------------------------------------ one driver


@contextmanager
def _sole_driver(folder: Path) -> Iterator[None]:
    """Own a study's folder; the system gives the lock back even when the driver is killed."""
    with writing_to(folder):
        lock = (folder / "driver.lock").open("a+")
    with lock as file:
        if not _lock(file):
            raise InputError("a study that nobody else is running", found=f"another driver in {folder}")
        yield


def _lock(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
