"""Experiments: replications of a scenario, paired comparisons, and which random numbers serve which purpose.

Alternatives are compared replication by replication on the same seeds (common random numbers): the same customers
meet the same luck, and only the policy differs. The book is the same in all replications where the scenario's book
is fixed; what differs between replications is chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel

from vipsim import statistics
from vipsim.scenario.files import policy_today
from vipsim.shards import DEFAULT_REPLICATE, Evaluations, Job, Progress, Replicate, Runner, open_executor
from vipsim.statistics import Floats, Summary

# ---------------------------------------------------------------------------------------- which chance is for what
# A seed names the branch's luck (and a generated book); it is given by the user and never searched over. What uses
# the same seed for different purposes takes replications from different ranges, so that what was searched on some
# luck is confirmed on other luck.

RANGE_SIZE = 1_000_000  # replications in a range
RUNS = 0  # run, compare: replications 0 .. 999 999
SEARCH = 1 * RANGE_SIZE  # trials of a study
CONFIRMATION = 2 * RANGE_SIZE  # choosing within the shortlist
MEASUREMENT = 3 * RANGE_SIZE  # the published gain and marginal values of the setting that was chosen
CALIBRATION = 4 * RANGE_SIZE  # fits by simulation
CHECKING = 5 * RANGE_SIZE  # posterior-predictive checks, recovery

Record = Literal["first", "all", "none"]


# ------------------------------------------------------------------------------------------------ runs


@dataclass(frozen=True)
class Run:
    """One scenario, one seed, some replications.

    Attributes
    ----------
    kpis : DataFrame
        Tidy: replication, branch, kpi, value, unit; nan where a replication had nothing to average.
    tables : dict of replication -> name -> pyarrow.Table
        Records of the recorded replications (the first, by default).
    twin : Run or None
        The same seeds under the ``[today]`` policy.
    """

    scenario: BaseModel
    seed: int
    replications: int
    engine: str
    kpis: pd.DataFrame
    tables: dict[int, dict[str, Any]] = field(default_factory=dict)
    twin: Run | None = None

    def names(self) -> list[str]:
        """The KPIs, in the order of the model."""
        return list(dict.fromkeys(self.kpis["kpi"]))

    def values(self, kpi: str) -> Floats:
        """One KPI by replication, shape (replications,)."""
        chosen = self.kpis.loc[self.kpis["kpi"] == kpi, "value"]
        return np.asarray(chosen, dtype=np.float64)

    def units(self) -> dict[str, str]:
        return dict(zip(self.kpis["kpi"], self.kpis["unit"], strict=True))

    def summary(self) -> dict[str, Summary]:
        """Mean, spread and interval of every KPI."""
        return {name: statistics.summarise(self.values(name), bounds=bounds_of(name)) for name in self.names()}

    def differences(self) -> dict[str, Summary]:
        """This policy less today's, paired by replication; exactly 0 where the policy is today's.

        Raises ValueError where the run has no twin.
        """
        if self.twin is None:
            raise ValueError("expected a run with a twin")
        return paired(self.twin, self)


def run(
    scenario: BaseModel,
    seed: int,
    replications: int,
    *,
    engine: str = "compiled",
    workers: int = 1,
    executor: Executor | None = None,
    cluster: str = "",
    twin: bool = False,
    progress: Progress | None = None,
    record: Record = "first",
    replicate: Replicate | str = DEFAULT_REPLICATE,
    evaluations: Evaluations | None = None,
) -> Run:
    """Run a scenario; the same bytes for any number of workers.

    Parameters
    ----------
    scenario : Scenario
        As loaded from its file.
    seed, replications : int
        Replications ``0 .. replications - 1`` of the seed.
    workers, executor, cluster
        Processes on this machine, or a given executor, or the address of a Dask cluster.
    twin : bool
        Also run the scenario under its ``[today]`` policy on the same seeds.
    record : {"first", "all", "none"}
        Which replications keep their tables (visits, contacts, ...).
    evaluations : Evaluations, optional
        Memory of an interrupted job: what it holds is not run again, recorded replications apart.

    Raises ValueError for a number of replications outside 1 .. 1 000 000.
    """
    _check_count(replications)
    with open_executor(workers, executor, cluster) as open_workers:
        runner = Runner(open_workers, seed, engine=engine, replicate=replicate, evaluations=evaluations)
        policies = [scenario, policy_today(scenario)] if twin else [scenario]
        runs = _run_policies(runner, policies, replications, record, progress)
    return replace(runs[0], twin=runs[1]) if twin else runs[0]


def _check_count(replications: int) -> None:
    if not 1 <= replications <= RANGE_SIZE:
        raise ValueError(f"expected 1 to {RANGE_SIZE} replications, got {replications}")


def _run_policies(
    runner: Runner, policies: Sequence[BaseModel], replications: int, record: Record, progress: Progress | None
) -> list[Run]:
    recorded = {"first": 1, "all": replications, "none": 0}[record]
    jobs = [Job(policy, RUNS, replications, recorded) for policy in policies]
    runs = []
    for policy, replicas in zip(policies, runner.run(jobs, progress), strict=True):
        frame = kpi_table([replica.kpis for replica in replicas], branch=str(getattr(policy, "name", "")))
        tables = {replica.replication: replica.tables for replica in replicas if replica.tables}
        runs.append(Run(policy, runner.seed, replications, runner.engine, frame, tables))
    return runs


def kpi_table(rows: Sequence[dict[str, float]], branch: str) -> pd.DataFrame:
    """Tidy table of KPIs: replication, branch, kpi, value, unit."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    units = {name: unit_of(name) for name in names}
    table = [
        (number, branch, name, row.get(name, np.nan), units[name]) for number, row in enumerate(rows) for name in names
    ]
    return pd.DataFrame(table, columns=["replication", "branch", "kpi", "value", "unit"])


def unit_of(kpi: str) -> str:
    """Unit of a KPI; empty for one that the model does not know."""
    from vipsim.kpis import KPIS

    return KPIS[kpi].unit if kpi in KPIS else ""


def bounds_of(kpi: str) -> tuple[float, float]:
    """Least and greatest value of a KPI: a share lies between 0 and 1, unless it compares with something else."""
    from vipsim.kpis import OVER_ONE

    if unit_of(kpi) != "share":
        return -np.inf, np.inf
    return 0.0, np.inf if kpi.startswith(OVER_ONE) else 1.0


# ------------------------------------------------------------------------------------------------ comparisons


@dataclass(frozen=True)
class Comparison:
    """Scenarios run on the same seeds, and how each differs from the first.

    ``differences[name][kpi]`` is other less base; ``adjusted[name][kpi]`` the p-value of "no difference", adjusted by
    Holm over all KPIs and scenarios of the comparison.
    """

    base: Run
    others: dict[str, Run]
    differences: dict[str, dict[str, Summary]]
    adjusted: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Precision:
    """Run until the paired difference of a KPI is known to +- ``half_width`` (its unit) at 95 %.

    Two stages after Stein: the first ``replications`` asked for estimate the spread, the second runs what is
    missing, at most ``most`` in all. (Looking at the interval after every replication would make it too short.)
    """

    kpi: str
    half_width: float
    most: int


def compare(
    scenarios: dict[str, BaseModel],
    seed: int,
    replications: int,
    *,
    precision: Precision | None = None,
    engine: str = "compiled",
    workers: int = 1,
    executor: Executor | None = None,
    cluster: str = "",
    progress: Progress | None = None,
    record: Record = "none",
    replicate: Replicate | str = DEFAULT_REPLICATE,
    evaluations: Evaluations | None = None,
) -> Comparison:
    """Paired comparison of the first scenario with each of the others.

    ``scenarios`` maps a name as shown to a scenario; at least two. ``replications`` is the number run, or with
    ``precision`` that of the first stage (at least 2). Other parameters as in ``run``.
    """
    _check_count(replications)
    if len(scenarios) < 2:
        raise ValueError("expected a base and at least one other scenario")
    names, policies = list(scenarios), list(scenarios.values())
    memory = evaluations if evaluations is not None else Evaluations()
    with open_executor(workers, executor, cluster) as open_workers:
        runner = Runner(open_workers, seed, engine=engine, replicate=replicate, evaluations=memory)
        runs = _run_policies(runner, policies, replications, record, progress)
        if precision is not None:
            wanted = max(
                statistics.replications_for(
                    run.values(precision.kpi) - runs[0].values(precision.kpi), precision.half_width
                )
                for run in runs[1:]
            )
            if min(wanted, precision.most) > replications:
                runs = _run_policies(runner, policies, min(wanted, precision.most), record, progress)
    others = dict(zip(names[1:], runs[1:], strict=True))
    differences = {name: paired(runs[0], other) for name, other in others.items()}
    return Comparison(runs[0], others, differences, _adjusted(runs[0], others))


def paired(base: Run, other: Run) -> dict[str, Summary]:
    """Paired differences of all KPIs that both runs have."""
    shared = [name for name in base.names() if name in set(other.names())]
    return {name: statistics.paired_difference(base.values(name), other.values(name)) for name in shared}


def _adjusted(base: Run, others: dict[str, Run]) -> dict[str, dict[str, float]]:
    cells = [(name, kpi) for name, other in others.items() for kpi in base.names() if kpi in set(other.names())]
    raw = [statistics.t_pvalue(others[name].values(kpi) - base.values(kpi)) for name, kpi in cells]
    adjusted: dict[str, dict[str, float]] = {name: {} for name in others}
    for (name, kpi), p in zip(cells, statistics.holm(raw), strict=True):
        adjusted[name][kpi] = p
    return adjusted
