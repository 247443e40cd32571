"""How fast a book is generated: python -m benchmarks.book

Ratios to the same laws in plain NumPy, growth from 100,000 to 1,000,000 customers, and the peak memory of a process
that generates 1,000,000. Compilation is outside the clock. Ratios, not times, are what to compare between machines.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import plain_book
from vipsim.customers import book as books
from vipsim.customers.generate import complete, generate, laws_of
from vipsim.customers.segments import cuts_of
from vipsim.draws import BOOK
from vipsim.scenario import files

ROUNDS = 5
BASELINE = Path(__file__).parents[1] / "scenarios" / "baseline.toml"


def scenario(customers: int) -> Any:
    """The shipped outlet of today with another number of customers and no prospects."""
    return files.load(BASELINE, [f"book.customers={customers}", "book.prospects=0"])


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of some rounds."""
    best = np.inf
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return float(best)


def peak_mb(customers: int) -> float:
    """Peak memory of a fresh process that generates a book, MB (interpreter, libraries and compiled code included)."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_of, (customers,))


def _peak_of(customers: int) -> float:
    generate(scenario(customers), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 if sys.platform == "linux" else 1024.0**2)


def main() -> None:
    """Print the table."""
    small, large = scenario(100_000), scenario(1_000_000)
    laws, cuts, window = laws_of(large), cuts_of(large), large.tiers.window_months
    n = large.book.customers
    generate(scenario(1_000), 1)  # compile

    def fill() -> None:
        complete(laws, cuts, books.empty(n, window), 1, 0)

    def plain() -> None:
        rng = np.random.default_rng(1)
        plain_book.draw(laws, cuts, window, lambda k: rng.random(n))

    def plain_addressed() -> None:
        rows = np.arange(n)
        plain_book.draw(laws, cuts, window, lambda k: plain_book.addressed(1, BOOK, 0, rows, k))

    whole, hundred = seconds(lambda: generate(large, 1)), seconds(lambda: generate(small, 1))
    pass_only = seconds(fill)
    numpy, addressed = seconds(plain), seconds(plain_addressed)
    print(f"{'1,000,000 customers':<48}{'CPU s':>8}{'x compiled':>12}")
    for name, took in (
        ("compiled pass, addressed draws", pass_only),
        ("the same with ids, as generate() gives it", whole),
        ("plain NumPy, its own generator (no addresses)", numpy),
        ("plain NumPy, addressed draws: the same book", addressed),
    ):
        print(f"{name:<48}{took:>8.3f}{took / pass_only:>12.1f}")
    print(f"1,000,000 against 100,000 customers: {whole / hundred:.1f} times the time (10 = linear)")
    print(f"peak memory of a process with 1,000,000 customers: {peak_mb(n):,.0f} MB")


if __name__ == "__main__":
    main()
