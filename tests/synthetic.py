"""A cheap branch with known answers: a response surface whose noise is shared under common random numbers.

Expected value: 1000 - 10 (tellers - best_tellers)^2 - (cut - best_cut)^2 / 100 (+ bonus of the mode). What is shared
by all settings of a replication has a standard deviation of 50, what is a setting's own one of ``own_noise``.
"""

import os
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import Field

from vipsim.scenario.fields import Section, fact, lever, uncertainty

KPIS = ("value_yuan", "cost_yuan", "wait_min", "compliance_breaches", "rare_share")


class Desk(Section):
    tellers: int = lever("people", "tellers employed", ge=0, le=12)
    cut_yuan: float = lever("yuan", "a threshold", ge=0, le=1000)
    mode: Literal["none", "strict", "window"] = lever("choice", "how VIPs are served")
    opened: bool = lever("switch", "open on Saturday", default=True)
    rent_yuan: float = fact("yuan", "rent", ge=0)
    patience_min: float = uncertainty("min", "patience", "assumption", gt=0)


class World(Section):
    best_tellers: float = fact("people", "where the value is largest")
    best_cut_yuan: float = fact("yuan", "where the value is largest")
    own_noise: float = fact("yuan", "noise of a setting's own", ge=0)
    wait_noise: float = fact("min", "noise of the wait", ge=0)
    breach_tellers: int = fact("people", "from so many tellers on, one breach a year")


class Surface(Section):
    name: str
    title: str = ""
    today: dict[str, Any] = Field({})
    desk: Desk
    world: World


SURFACE = """
name = "surface"
[desk]
tellers = 4
cut_yuan = 300.0
mode = "none"
opened = true
rent_yuan = 10.0
patience_min = 5.0
[world]
best_tellers = 7
best_cut_yuan = 500.0
own_noise = 5.0
wait_noise = 0.5
breach_tellers = 99
"""

STUDY = """
[study]
name = "s"
scenario = "surface.toml"
seed = 3
[[objectives]]
kpi = "value_yuan"
[levers]
desk.tellers = {low = 2, high = 10}
"desk.cut_yuan" = {low = 100, high = 900, step = 50}
desk.mode = {choices = ["none", "strict", "window"]}
[[limits]]
kpi = "wait_min"
at_most = 6.0
[search]
trials = 30
batch = 6
rounds = [3, 6]
startup = 10
[confirmation]
shortlist = 3
replications = 60
most = 80
indifference = 3.0
[measurement]
replications = 20
"""

MODE_BONUS = {"none": 0.0, "strict": 20.0, "window": 10.0}


@dataclass
class Outcome:
    kpis: dict[str, float]
    tables: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)


def expected_value(desk: Desk, world: World) -> float:
    spread = 10.0 * (desk.tellers - world.best_tellers) ** 2 + (desk.cut_yuan - world.best_cut_yuan) ** 2 / 100.0
    return 1000.0 - spread + MODE_BONUS[desk.mode]


def replicate(scenario, seed, replication, *, engine="compiled", record=False):
    """One replication of the surface."""
    desk, world = scenario.desk, scenario.world
    time.sleep(float(os.environ.get("SYNTHETIC_SLEEP_S", "0")))
    shared = np.random.default_rng([seed, replication]).standard_normal(3)
    setting = zlib.crc32(desk.model_dump_json().encode())
    own = np.random.default_rng([seed, replication, setting]).standard_normal()
    kpis = {
        "value_yuan": expected_value(desk, world) + 50.0 * shared[0] + world.own_noise * own,
        "cost_yuan": 100.0 * desk.tellers,
        # mean 30 / tellers, all of the noise shared: at 6 tellers and a limit of 6 it is met if noise < 1
        "wait_min": 30.0 / desk.tellers + world.wait_noise * shared[1] if desk.tellers else float("nan"),
        "compliance_breaches": float(desk.tellers >= world.breach_tellers),
        "rare_share": float(shared[2] > 1.5),
    }
    tables = {"visits": {"replication": replication}} if record else {}
    return Outcome(kpis, tables)


def write_files(folder, study=STUDY, surface=SURFACE):
    """The two files in a folder; the study's path."""
    (folder / "surface.toml").write_text(surface)
    path = folder / "study.toml"
    path.write_text(study)
    return path
