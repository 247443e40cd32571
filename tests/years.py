"""Whole years of small branches for the tests: the baseline with a small book, run once and kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vipsim import simulate
from vipsim.draws import Address
from vipsim.scenario import files
from vipsim.scenario.resolve import with_values
from vipsim.scenario.schema import Scenario

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
BASELINE: Scenario = files.load(SCENARIOS / "baseline.toml")
SMALL: dict[str, Any] = {"book.customers": 1500, "book.prospects": 200}


def branch(changes: dict[str, Any] | None = None, today: dict[str, Any] | None = None) -> Scenario:
    """The small branch with some settings changed; ``today`` changes today's policy as well (levers)."""
    today = today or {}
    scenario = with_values(BASELINE, SMALL | today | (changes or {}))
    return scenario.model_copy(update={"today": scenario.today | today})


@lru_cache(maxsize=64)
def _kpis(scenario_json: str, seed: int, replications: int) -> dict[str, np.ndarray]:
    scenario = Scenario.model_validate_json(scenario_json)
    runs = [simulate.replicate(scenario, seed, n).kpis for n in range(replications)]
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def kpis(scenario: Scenario, replications: int = 4, seed: int = 1) -> dict[str, np.ndarray]:
    """KPIs of some replications: name -> float64 [replications]."""
    return _kpis(scenario.model_dump_json(), seed, replications)


def gain(scenario: Scenario, kpi: str, *, base: Scenario | None = None, replications: int = 4) -> np.ndarray:
    """Change of a KPI against another scenario (default: the small branch as it is), per replication."""
    return kpis(scenario, replications)[kpi] - kpis(base or branch(), replications)[kpi]


def world_of(scenario: Scenario) -> simulate.World:
    """What is the same in every replication of a scenario."""
    return simulate._world(scenario.model_dump_json())


class Year(simulate._Run):
    """A replication that tests can look into: state, agenda and logs stay at hand."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 1,
        replication: int = 0,
        engine: Any = "compiled",
        world: simulate.World | None = None,
    ) -> None:
        super().__init__(world or world_of(scenario), Address(seed, replication, 0), engine, True)
        self.scenario = scenario

    @property
    def months(self) -> int:
        """Months of the horizon."""
        return int(self.world.phases.size)

    def run(self) -> Year:
        """All months."""
        for index in range(self.months):
            self.run_month(index)
        return self


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """KPIs of which two runs give different numbers; undefined equals undefined."""
    return {name for name in one if not np.array_equal(one[name], other[name], equal_nan=True)}
