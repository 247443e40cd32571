"""Queueing theory in closed form, to hold the simulated lobby against. Rates per minute, service and waits in minutes.

[G] = Gross, Shortle, Thompson, Harris, Fundamentals of Queueing Theory, 4th ed., Wiley (2008).
"""

from __future__ import annotations

from math import fsum
from typing import NamedTuple


def erlang_b_blocked(offered: float, servers: int) -> float:
    """Share of visitors turned away where nobody may wait: Erlang B, the queue M/M/c/c.

    offered = arrivals per minute x mean service minutes. Recursion B(n) = a B(n-1) / (n + a B(n-1)), B(0) = 1:
    [G], section 2.6.
    """
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked


def erlang_c_waits(arrivals_per_min: float, service_min: float, servers: int) -> float:
    """Share of visitors who must wait in an M/M/c queue: Erlang C.

    [G], section 2.3, from Erlang B. Raises ValueError where the load is 1 or more: the line grows without end.
    """
    offered = arrivals_per_min * service_min
    if offered >= servers:
        raise ValueError(f"expected arrivals_per_min * service_min < servers, found {offered:g} >= {servers}")
    blocked = erlang_b_blocked(offered, servers)
    return servers * blocked / (servers - offered * (1.0 - blocked))


def erlang_c_wait(arrivals_per_min: float, service_min: float, servers: int) -> float:
    """Mean wait before service in an M/M/c queue, minutes, of all visitors: [G], section 2.3."""
    waits = erlang_c_waits(arrivals_per_min, service_min, servers)
    return waits * service_min / (servers - arrivals_per_min * service_min)


class ErlangA(NamedTuple):
    """What Erlang A says of a line that visitors leave."""

    abandon_share: float  # visitors who give up
    wait_min: float  # mean wait of all visitors, until service or giving up
    virtual_wait_min: float  # mean wait a visitor without end of patience would have


def erlang_a(arrivals_per_min: float, service_min: float, servers: int, patience_min: float) -> ErlangA:
    """An M/M/c queue with exponential patience (M/M/c+M, Erlang A).

    Birth and death of the number n inside: deaths at min(n, c) / service + max(n - c, 0) / patience. With L the mean
    line, mean wait = L / arrivals (Little) and share giving up = L / (patience x arrivals): Garnett, Mandelbaum,
    Reiman, "Designing a call center with impatient customers", MSOM 4 (2002), 208-227, section 2. Who finds m ahead in
    line waits for m + 1 departures, at rates c / service + j / patience, j = m .. 0.
    """
    weights = [1.0]
    while len(weights) <= servers or weights[-1] > 1e-18 * max(weights):
        n = len(weights)
        deaths = min(n, servers) / service_min + max(n - servers, 0) / patience_min
        weights.append(weights[-1] * arrivals_per_min / deaths)
    whole = fsum(weights)
    line = fsum((n - servers) * w for n, w in enumerate(weights) if n > servers) / whole
    virtual, departures = [], 0.0
    for n in range(servers, len(weights)):
        departures += 1.0 / (servers / service_min + (n - servers) / patience_min)
        virtual.append(weights[n] * departures)
    wait = line / arrivals_per_min
    return ErlangA(wait / patience_min, wait, fsum(virtual) / whole)


def pollaczek_khinchine_wait(arrivals_per_min: float, service_min: float, cv: float) -> float:
    """Mean wait at one server with any law of service of this mean and cv (M/G/1), minutes.

    arrivals E[S^2] / (2 (1 - load)), Pollaczek and Khinchine: [G], section 5.1. Raises ValueError where the load is
    1 or more.
    """
    load = arrivals_per_min * service_min
    if load >= 1.0:
        raise ValueError(f"expected arrivals_per_min * service_min < 1, found {load:g}")
    return arrivals_per_min * service_min**2 * (1.0 + cv**2) / (2.0 * (1.0 - load))


def cobham_waits(first_per_min: float, second_per_min: float, service_min: float, servers: int) -> tuple[float, float]:
    """Mean waits (minutes) of two classes, the first called before the second, no service interrupted (M/M/c).

    W_k = W_0 / ((1 - s_(k-1)) (1 - s_k)) with s_k = load of classes 1 .. k and W_0 = P(all busy) x service / c:
    Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954), 70-76.
    """
    until_one_is_free = erlang_c_waits(first_per_min + second_per_min, service_min, servers) * service_min / servers
    first = first_per_min * service_min / servers
    both = (first_per_min + second_per_min) * service_min / servers
    return until_one_is_free / (1.0 - first), until_one_is_free / ((1.0 - first) * (1.0 - both))
