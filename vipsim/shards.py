"""Work that can be sent anywhere: shards of replications, the workers that take them, and what is remembered.

A shard is a scenario as text, a seed and a block of replications: never a live object. What it gives depends on
nothing else, so any executor with the interface of ``concurrent.futures`` may run it, in any order, anywhere, and
the merged result has the same bytes. Every replication's KPIs are remembered under a content hash; a job that was
interrupted finds them again.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from pydantic import BaseModel

from vipsim.cluster import ClusterExecutor, open_cluster
from vipsim.compiled import is_warm, package_fingerprint, source_fingerprint
from vipsim.scenario.errors import InputError, StorageError, WorkersLostError
from vipsim.scenario.files import digest

DEFAULT_REPLICATE = "vipsim.simulate:replicate"


class Outcome(Protocol):
    """What one replication gives (see ``simulate.Outcome``)."""

    @property
    def kpis(self) -> Mapping[str, float]: ...
    @property
    def tables(self) -> Mapping[str, Any]: ...


class Replicate(Protocol):
    """One replication of a scenario: a pure function of its arguments, importable by its name."""

    def __call__(
        self, scenario: Any, seed: int, replication: int, *, engine: str = ..., record: bool = ...
    ) -> Outcome: ...


@dataclass(frozen=True)
class Shard:
    """A block of replications of one scenario, as plain words and numbers."""

    scenario: str  # JSON of the resolved scenario
    scenario_type: str  # where its class is found, "package.module:Name"
    replicate: str  # where the function is found
    engine: str
    seed: int
    first: int
    count: int
    record: bool = False
    source: str = field(default_factory=source_fingerprint)  # of the code that asks


@dataclass(frozen=True)
class Replica:
    """One replication's result on its way home."""

    replication: int
    kpis: dict[str, float]
    tables: dict[str, Any] = field(default_factory=dict)


def name_of(thing: Any) -> str:
    """``package.module:Name`` of a class or function that another process can import.

    Raises ValueError for what has no such name (a lambda, a function inside a function).
    """
    if isinstance(thing, str):
        return thing
    if "<" in thing.__qualname__:
        raise ValueError(f"{thing.__qualname__} cannot be sent to a worker: expected a function of a module")
    return f"{thing.__module__}:{thing.__qualname__}"


def _find(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


@lru_cache(maxsize=4)
def _scenario(scenario_type: str, text: str) -> BaseModel:
    """The scenario of a shard; kept, because the shards of one setting come one after another."""
    model: type[BaseModel] = _find(scenario_type)
    return model.model_validate_json(text)


_one_at_a_time = threading.Lock()
"""The staff's ledger and the rooms of a scenario are used again by the next replication of a process. Workers that
are threads (Dask's are, if asked for) take turns; several processes use several processors."""


def run_shard(shard: Shard) -> list[Replica]:
    """Run a shard where the worker is.

    Raises InputError where the worker has another version of the code: its numbers would be others.
    """
    if shard.source != source_fingerprint():
        raise InputError("this version of vipsim on every worker", found="another one", key="--cluster")
    with _one_at_a_time:
        return _run_shard(shard)


def _run_shard(shard: Shard) -> list[Replica]:
    scenario = _scenario(shard.scenario_type, shard.scenario)
    replicate: Replicate = _find(shard.replicate)
    replicas = []
    for replication in range(shard.first, shard.first + shard.count):
        outcome = replicate(scenario, shard.seed, replication, engine=shard.engine, record=shard.record)
        kpis = {name: float(value) for name, value in outcome.kpis.items()}
        replicas.append(Replica(replication, kpis, dict(outcome.tables) if shard.record else {}))
    return replicas


# ------------------------------------------------------------------------------------------------ workers


class SerialExecutor(Executor):
    """Runs each task at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it.

    A killed parent cannot say goodbye: its workers would wait for work for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def _ready() -> bool:
    return True


@contextmanager
def open_executor(workers: int = 1, executor: Executor | None = None, cluster: str = "") -> Iterator[Executor]:
    """The workers of a job: a given executor (left open), a Dask cluster by address, processes, or this process.

    Processes are spawned, so the same code runs on every system; where they cannot start (a notebook without a main
    module, a system that forbids it) the job runs in this process, with a warning and the same result.
    """
    if workers < 1:
        raise ValueError(f"expected at least one worker, got {workers}")
    if executor is not None:
        yield executor
    elif cluster:
        with open_cluster(cluster) as open_workers:
            yield open_workers
    elif workers == 1:
        yield SerialExecutor()
    else:
        pool = _start_processes(workers)
        try:
            yield pool or SerialExecutor()
        except BrokenProcessPool:
            raise WorkersLostError("a worker process was ended from outside, perhaps for want of memory") from None
        finally:
            if pool is not None:
                pool.shutdown(wait=True, cancel_futures=True)


def _start_processes(workers: int) -> ProcessPoolExecutor | None:
    pool = None
    try:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
        pool.submit(_ready).result()
    except (BrokenProcessPool, OSError, ImportError, RuntimeError) as error:
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        warnings.warn(f"worker processes cannot start here ({error}); running in this process", stacklevel=3)
        return None
    return pool


# ------------------------------------------------------------------------------------------------ memory


@contextmanager
def writing_to(place: Path) -> Iterator[None]:
    """Turn what the disk refuses (no space, no right) into one message that says where."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write to {place}: {error.strerror or error}") from error


def cut_torn_line(path: Path) -> None:
    """Cut off the last line of an append-only file where a kill left it unfinished; the next line would join it."""
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with path.open("rb+") as file:
                file.truncate(whole)


class Evaluations:
    """KPIs of every replication run so far, by content hash: in memory, and in an append-only file if given one.

    One JSON line per replication. A job that was killed may leave a torn last line, which is cut off on
    opening. One process writes.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._known: dict[tuple[str, int], dict[str, float]] = {}
        self._file = None
        if path is not None:
            with writing_to(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._load(path)
                self._file = path.open("a", encoding="utf-8")

    def _load(self, path: Path) -> None:
        cut_torn_line(path)
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                kpis = {name: math.nan if value is None else value for name, value in entry["kpis"].items()}
                self._known[entry["key"], entry["replication"]] = kpis

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str, replication: int) -> dict[str, float] | None:
        return self._known.get((key, replication))

    def add(self, key: str, replication: int, kpis: Mapping[str, float]) -> None:
        self._known[key, replication] = dict(kpis)
        if self._file is not None:
            plain = {name: None if math.isnan(value) else value for name, value in kpis.items()}
            with writing_to(Path(self._file.name)):
                self._file.write(json.dumps({"key": key, "replication": replication, "kpis": plain}) + "\n")
                self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def content_key(scenario: BaseModel, seed: int, engine: str, replicate: str) -> str:
    """Hash of all that a replication's result depends on, its number apart: scenario, data, seed, engine, code."""
    parts = (digest(scenario), name_of(type(scenario)), str(seed), engine, replicate, package_fingerprint())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# ------------------------------------------------------------------------------------------------ running

Progress = Callable[[int, int], None]
"""Called with (replications done, replications to do)."""


@dataclass(frozen=True)
class Job:
    """Replications ``first .. first + count - 1`` of one scenario; the first ``recorded`` of them keep their tables."""

    scenario: BaseModel
    first: int
    count: int
    recorded: int = 0


class Runner:
    """Runs jobs on some workers with one seed and engine, and runs nothing twice."""

    def __init__(
        self,
        executor: Executor,
        seed: int,
        *,
        engine: str = "compiled",
        replicate: Replicate | str = DEFAULT_REPLICATE,
        evaluations: Evaluations | None = None,
        block: int = 2,
    ) -> None:
        self.executor = executor
        self.seed = seed
        self.engine = engine
        self.replicate = name_of(replicate)
        self.evaluations = evaluations if evaluations is not None else Evaluations()
        self.block = block
        self._keys: dict[str, str] = {}

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[list[Replica]]:
        """Results per job and replication, in the order asked. Only what is not remembered is run; tables are not."""
        keys = [self._key(job.scenario) for job in jobs]
        tasks: dict[tuple[str, int], Shard] = {}
        for job, key in zip(jobs, keys, strict=True):
            for number in range(job.count):
                place = (key, job.first + number)
                record = number < job.recorded or (place in tasks and tasks[place].record)
                if record or self.evaluations.get(*place) is None:
                    tasks[place] = self._shard(job.scenario, job.first + number, record)
        tables = self._run_tasks(tasks, progress)
        results = []
        for job, key in zip(jobs, keys, strict=True):
            places = [(key, number) for number in range(job.first, job.first + job.count)]
            results.append([Replica(place[1], self._kpis(place), tables.get(place, {})) for place in places])
        return results

    def _key(self, scenario: BaseModel) -> str:
        text = scenario.model_dump_json()
        if text not in self._keys:
            self._keys[text] = content_key(scenario, self.seed, self.engine, self.replicate)
        return self._keys[text]

    def _kpis(self, place: tuple[str, int]) -> dict[str, float]:
        known = self.evaluations.get(*place)
        assert known is not None
        return known

    def _shard(self, scenario: BaseModel, first: int, record: bool) -> Shard:
        text, kind = scenario.model_dump_json(), name_of(type(scenario))
        return Shard(text, kind, self.replicate, self.engine, self.seed, first, 1, record)

    def _run_tasks(
        self, tasks: Mapping[tuple[str, int], Shard], progress: Progress | None
    ) -> dict[tuple[str, int], dict[str, Any]]:
        """Run single replications, neighbours joined to shards, and remember their KPIs; tables come back."""
        shards: list[tuple[str, Shard]] = []
        for (key, replication), task in tasks.items():
            before = shards[-1][1] if shards and shards[-1][0] == key else None
            joins = before is not None and before.first + before.count == replication and before.record == task.record
            if before is not None and joins and before.count < self.block:
                shards[-1] = (key, replace(before, count=before.count + 1))
            else:
                shards.append((key, task))
        tables: dict[tuple[str, int], dict[str, Any]] = {}
        done = 0
        for key, replicas in collect(self.executor, shards):
            for replica in replicas:
                self.evaluations.add(key, replica.replication, replica.kpis)
                if replica.tables:
                    tables[key, replica.replication] = replica.tables
            done += len(replicas)
            if progress is not None:
                progress(done, len(tasks))
        return tables


def collect(executor: Executor, shards: Sequence[tuple[str, Shard]]) -> Iterator[tuple[str, list[Replica]]]:
    """Results as they come, each with its shard's label; on Ctrl-C or an error what has not begun is cancelled."""
    rest = list(shards)
    if rest and not isinstance(executor, SerialExecutor) and not is_warm():
        label, first = rest.pop(0)  # compile once here; the workers load the machine code from the disk
        yield label, run_shard(first)
    if isinstance(executor, SerialExecutor):
        for label, shard in rest:
            yield label, run_shard(shard)
        return
    futures = {executor.submit(run_shard, shard): label for label, shard in rest}
    finished: SimpleQueue[Future[Any]] = SimpleQueue()
    try:
        for future in futures:
            future.add_done_callback(finished.put)
        for _ in futures:
            future = _next_of(finished, executor)
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


CHECK_EVERY_S = 5.0
"""How often a driver that waits looks whether its cluster is still there."""


def _next_of(finished: SimpleQueue[Future[Any]], executor: Executor) -> Future[Any]:
    """The next finished task; raises WorkersLostError where nobody is left who could finish one."""
    while True:
        try:
            return finished.get(timeout=CHECK_EVERY_S)
        except Empty:
            if isinstance(executor, ClusterExecutor):
                executor.check()
