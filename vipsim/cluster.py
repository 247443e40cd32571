"""Workers of a Dask cluster, found by the address of its scheduler."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from vipsim.compiled import source_fingerprint
from vipsim.scenario.errors import InputError, WorkersLostError

CONNECT_WITHIN_S = 10.0
WORKERS_WITHIN_S = 60.0
"""How long a cluster may be without any worker: batch systems start them one by one, and restart them."""


class ClusterExecutor(Executor):
    """The workers of a Dask cluster behind the interface of ``concurrent.futures``."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._workers = client.get_executor(pure=False)
        self._alone_since: float | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._workers.submit(fn, *args, **kwargs)
        return future

    def check(self) -> None:
        """Called while nothing comes back. Raises WorkersLostError where nobody is left who could answer."""
        if self._client.status == "closed":
            raise WorkersLostError("the cluster's scheduler is gone")
        if self._client.scheduler_info()["workers"]:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > WORKERS_WITHIN_S:
            raise WorkersLostError(f"the cluster has been without workers for {WORKERS_WITHIN_S:.0f} s")


@contextmanager
def open_cluster(address: str) -> Iterator[ClusterExecutor]:
    """Connect to the scheduler of a cluster whose workers have this version of vipsim.

    A worker that dies is no matter: its replications are run by another.

    Raises
    ------
    InputError
        No such scheduler, no workers, workers with another version, or the extra ``cluster`` is not installed.
    WorkersLostError
        The scheduler, or worker after worker at the same shard, went away before the job's end.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        suggestion = 'install "vipsim[cluster]"'
        raise InputError("Dask", found=str(error), key="--cluster", suggestion=suggestion) from None
    _quiet()
    try:
        _ask(address)
        client = Client(address, timeout=CONNECT_WITHIN_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError, AssertionError, ImportError) as error:
        found = f"{address} ({_first_line(error) or 'no answer'})"
        suggestion = "start one with: dask scheduler"
        raise InputError(
            "the address of a Dask scheduler", found=found, key="--cluster", suggestion=suggestion
        ) from None
    with client:
        _check_workers(client, address)
        try:
            yield ClusterExecutor(client)
        except (KilledWorker, CancelledError) as error:
            reason = "a replication ended one worker after another" if isinstance(error, KilledWorker) else ""
            raise WorkersLostError(reason or "the cluster's scheduler is gone") from None


def _ask(address: str) -> None:
    """Raise an error of the system or of the address where no scheduler answers in time.

    A client would wait for ever at a port that takes connections and says nothing.
    """
    from distributed.core import rpc

    async def identity() -> Any:
        async with rpc(address) as scheduler:  # type: ignore[no-untyped-call]
            return await scheduler.identity()

    async def in_time() -> Any:
        return await asyncio.wait_for(identity(), CONNECT_WITHIN_S)

    with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own in this one
        kind = thread.submit(lambda: asyncio.run(in_time())).result()["type"]
    if kind != "Scheduler":
        raise ValueError(f"a {kind.lower()}")


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_WITHIN_S)
    except TimeoutError:
        suggestion = f"start some with: dask worker {address} --nthreads 1"
        raise InputError("a cluster with workers", found="none", key="--cluster", suggestion=suggestion) from None
    here = source_fingerprint()
    for worker, there in client.run(source_fingerprint, on_error="return").items():
        if there != here:
            found = f"another one at {worker}" if isinstance(there, str) else f"{worker}: {there!r}"
            suggestion = "install the same version of vipsim and of its libraries everywhere"
            raise InputError(
                "this version of vipsim on every worker", found=found, key="--cluster", suggestion=suggestion
            )


def _quiet() -> None:
    """Dask's log lines would mix with the job's own; what matters comes as an error."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0]
