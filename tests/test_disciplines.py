"""Priority at the counter against Ciw, another simulation library, where there is no closed form (L14).

Ciw (Palmer, Knight, Harper, Hawa, "Ciw: An open-source discrete event simulation library", Journal of Simulation 13,
2019) runs the same queue with its own clock, its own random numbers and a discipline of a few lines. Both sides give
one mean and one 90th percentile per run and class; they may differ by at most 4 standard errors of the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import sqrt
from typing import Any

import ciw
import numpy as np
import pytest

from tests import theory
from tests.lobby_scenarios import REFERENCE
from vipsim.draws import Address
from vipsim.lobby.days import simulate_days
from vipsim.scenario.files import load

VIP_PER_MIN, ORDINARY_PER_MIN, SERVICE_MIN, TELLERS, HEAD_START_MIN = 0.17, 0.68, 5.0, 5, 10.0  # the scenarios'
WARM_UP_MIN, LAST_MIN = 1500.0, 11500.0  # who arrives between these minutes of a run counts
RUNS = 24
LIMIT = 4.0
MEASURES = ("VIP mean", "VIP p90", "ordinary mean", "ordinary p90")


# ------------------------------------------------------------------------------------- the queue in Ciw


def order_of_arrival(waiting: list[Any], now: float) -> Any:
    """The first who came."""
    return min(waiting, key=lambda visitor: visitor.arrival_date)


def head_start(waiting: list[Any], now: float) -> Any:
    """The first who came, a VIP counted as if come earlier."""
    return min(waiting, key=lambda visitor: visitor.arrival_date - HEAD_START_MIN * (visitor.customer_class == "VIP"))


class WithWindow(ciw.Node):  # type: ignore[misc]
    """Counters of which the first serves VIPs only; the others serve ordinary visitors first, VIPs after them."""

    freed = None  # the server who has just finished

    def begin_service_if_possible_release(self, next_individual: Any, newly_free_server: Any) -> None:
        self.freed = newly_free_server
        newly_free_server.free_since = self.now
        super().begin_service_if_possible_release(next_individual, newly_free_server)
        self.freed = None

    def choose_next_customer(self) -> Any:
        waiting = [x for x in self.all_individuals if not x.server]
        if self.freed is None:  # somebody has come: nobody who waits longer could be served by who is free
            newest = max(waiting, key=lambda x: x.arrival_date)
            return newest if self.find_free_server(newest) else None
        wanted = ("VIP",) if self.freed.id_number == 1 else ("ordinary", "VIP")
        for name in wanted:
            of_class = [x for x in waiting if x.customer_class == name]
            if of_class:
                return order_of_arrival(of_class, self.now)
        return None

    def find_free_server(self, ind: Any) -> Any:
        able = [x for x in self.servers if not x.busy and (x.id_number > 1 or ind.customer_class == "VIP")]
        return min(able, key=lambda server: getattr(server, "free_since", 0.0), default=None)  # longest idle


def measured(vip: np.ndarray, wait: np.ndarray) -> list[float]:
    """The four measures of one run."""
    return [f(wait[vip == cls]) for cls in (1, 0) for f in (np.mean, lambda x: np.quantile(x, 0.9))]


@lru_cache
def with_ciw(discipline: Callable[[list[Any], float], Any], node: type | None = None) -> np.ndarray:
    """Measures of every run with Ciw, float64[run, measure]."""
    network = ciw.create_network(
        arrival_distributions={
            "VIP": [ciw.dists.Exponential(VIP_PER_MIN)],
            "ordinary": [ciw.dists.Exponential(ORDINARY_PER_MIN)],
        },
        service_distributions={x: [ciw.dists.Exponential(1.0 / SERVICE_MIN)] for x in ("VIP", "ordinary")},
        number_of_servers=[TELLERS],
        service_disciplines=[discipline],
    )
    runs = []
    for seed in range(RUNS):
        ciw.seed(seed)
        q = ciw.Simulation(network, node_class=node)
        q.simulate_until_max_time(LAST_MIN + 500.0)
        records = [r for r in q.get_all_records() if WARM_UP_MIN <= r.arrival_date < LAST_MIN]
        vip = np.array([r.customer_class == "VIP" for r in records])
        runs.append(measured(vip, np.array([r.waiting_time for r in records])))
    return np.array(runs)


# ------------------------------------------------------------------------------------ the queue in vipsim


@lru_cache
def with_vipsim(name: str) -> np.ndarray:
    """Measures of every day of a shipped reference scenario, float64[day, measure]."""
    visits = simulate_days(load(REFERENCE / f"{name}.toml"), Address(20250101, 0, 0), RUNS).visits
    inside = (visits["arrive"] >= WARM_UP_MIN) & (visits["arrive"] < LAST_MIN)
    wait = visits["called"] - visits["joined"]
    days = [inside & (visits["day"] == day) for day in range(RUNS)]
    return np.array([measured(visits["vip"][day], wait[day]) for day in days])


def errors_apart(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """Difference of the means over runs in standard errors of the difference, by measure."""
    error = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
    return dict(zip(MEASURES, np.abs(a.mean(axis=0) - b.mean(axis=0)) / error, strict=True))


def test_ciw_itself_agrees_with_theory() -> None:
    """Erlang C for one line in order of arrival: the queue above is written rightly before a discipline is."""
    runs = with_ciw(order_of_arrival)
    expected = theory.erlang_c_wait(VIP_PER_MIN + ORDINARY_PER_MIN, SERVICE_MIN, TELLERS)
    for column in (0, 2):
        error = runs[:, column].std(ddof=1) / sqrt(RUNS)
        assert abs(runs[:, column].mean() - expected) < LIMIT * error


DISCIPLINES = {"two_class_head_start": (head_start, None), "two_class_window": (order_of_arrival, WithWindow)}


@pytest.mark.parametrize("name", DISCIPLINES)
def test_waits_are_those_of_the_same_queue_in_ciw(name: str) -> None:
    ours, theirs = with_vipsim(name), with_ciw(*DISCIPLINES[name])
    apart = errors_apart(ours, theirs)
    assert max(apart.values()) < LIMIT, apart


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("two_class_head_start", "two_class"),  # primes first, whoever waits how long
        ("two_class_window", "two_class"),
        ("two_class_window", "two_class_head_start"),
    ],
)
def test_a_wrong_discipline_is_refused(name: str, wrong: str) -> None:
    apart = errors_apart(with_vipsim(wrong), with_ciw(*DISCIPLINES[name]))
    assert max(apart.values()) > LIMIT, apart
