"""Queueing theory: what a lobby with one pool of staff must come to. Rates are per minute, waits in minutes."""

from __future__ import annotations

from math import log, sqrt


def erlang_b(offered: float, servers: int) -> float:
    """Share of arrivals lost in an M/M/c/c system offered ``offered`` erlangs.

    The recursion of Jagerman; Gross, Shortle, Thompson, Harris, Fundamentals of Queueing Theory (4th ed., 2008),
    section 2.5, eq. 2.49.
    """
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = offered * blocked / (c + offered * blocked)
    return blocked


def erlang_c(offered: float, servers: int) -> float:
    """Share of arrivals that wait in an M/M/c queue, from the Erlang B share; the same book, section 2.5, eq. 2.53."""
    blocked = erlang_b(offered, servers)
    return blocked / (1.0 - offered / servers * (1.0 - blocked))


def erlang_c_wait(arrivals: float, service_min: float, servers: int) -> float:
    """Mean wait before service in an M/M/c queue; the same book, section 2.3."""
    offered = arrivals * service_min
    return erlang_c(offered, servers) * service_min / (servers - offered)


def erlang_a(arrivals: float, service_min: float, servers: int, patience_min: float) -> tuple[float, float]:
    """Share who abandon an M/M/c+M queue, and mean time in line of all arrivals.

    Birth-and-death steady state; Mandelbaum and Zeltyn, "Service engineering in action: the Palm/Erlang-A queue"
    (2007), section 4: share abandoning = mean line / (patience x arrivals); Little's law for the time.
    """
    weight, total, line = 1.0, 1.0, 0.0
    for inside in range(1, 4000):
        leaving = min(inside, servers) / service_min + max(inside - servers, 0) / patience_min
        weight *= arrivals / leaving
        total += weight
        line += max(inside - servers, 0) * weight
    line /= total
    return line / patience_min / arrivals, line / arrivals


def pollaczek_khinchine_wait(arrivals: float, service_min: float, cv: float) -> float:
    """Mean wait in an M/G/1 queue; Gross et al., section 5.1, eq. 5.3 (Pollaczek 1930, Khinchine 1932)."""
    load = arrivals * service_min
    return load * service_min * (1.0 + cv * cv) / (2.0 * (1.0 - load))


def cobham_waits(arrivals: list[float], service_min: float, servers: int) -> list[float]:
    """Mean wait by class, first class first, in a non-preemptive M/M/c queue with one service law.

    Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954), 70-76, eq. 5.
    """
    offered = sum(arrivals) * service_min
    ahead = erlang_c(offered, servers) * service_min / servers
    waits, before = [], 0.0
    for rate in arrivals:
        after = before + rate * service_min / servers
        waits.append(ahead / ((1.0 - before) * (1.0 - after)))
        before = after
    return waits


def lognormal_cv(sigma: float) -> float:
    """Coefficient of variation of a lognormal whose logarithm has this standard deviation."""
    from math import exp

    return sqrt(exp(sigma * sigma) - 1.0)


def lognormal_sigma(cv: float) -> float:
    """Standard deviation of the logarithm of a lognormal with this coefficient of variation."""
    return sqrt(log(1.0 + cv * cv))
