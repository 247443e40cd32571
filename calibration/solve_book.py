"""Solve the wealth laws of a book from facts: python calibration/solve_book.py scenarios/baseline.toml today

Prints the spread and the medians to put into the scenario file. ``today`` knows the mean and the number of VIPs (N37
of today), ``2012`` knows the number of VIPs and what they hold (CF01). Both know the assets by age (CF25-CF26).
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from vipsim.customers.population import Facts, expected, solve
from vipsim.scenario.book import BookSource

INCOME_CUTS_YUAN = (70_000.0, 300_000.0)  # S02
BY_AGE = {"group_of_band": (0, 0, 0, 1, 1, 2), "group_assets_share": (0.065, 0.4323, 0.5027)}  # CF25-CF26, D-9
FACTS = {
    "today": Facts(200_000.0, 1_050 / 24_000, None, 50_000.0, **BY_AGE),
    "2012": Facts(200_000.0, 0.0169, 0.4817, None, **BY_AGE),
}


def main() -> None:
    """Read the laws, solve, print."""
    if len(sys.argv) != 3 or sys.argv[2] not in FACTS:
        sys.exit(f"usage: python calibration/solve_book.py SCENARIO.toml {{{','.join(FACTS)}}}")
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    laws = BookSource.model_validate(tomllib.loads(text)["book"]).laws
    if laws is None:
        sys.exit("the scenario has no book.laws")
    facts = FACTS[sys.argv[2]]
    solved = solve(laws, INCOME_CUTS_YUAN, facts)
    print(f"wealth_sigma = {solved.wealth.wealth_sigma:.4f}")
    for band in solved.age:
        print(f"{band.from_years}-{band.to_years}: wealth_median_yuan = {band.wealth_median_yuan:.1f}")
    print(expected(solved, INCOME_CUTS_YUAN, facts.cut_yuan), file=sys.stderr)


if __name__ == "__main__":
    main()
