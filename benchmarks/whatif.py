"""The what-if pairs, answered: python -m benchmarks.whatif [replications] [number ...]

Runs every pair of scenarios/whatif on the same random numbers and prints the table of docs/whatif.md: for each
question the KPIs it is about, the first file's mean, and the difference with its 95 % interval.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vipsim import experiment
from vipsim.cli.tables import interval, number, scale_of
from vipsim.kpis import KPIS
from vipsim.scenario import files

FOLDER = Path(__file__).resolve().parents[1] / "scenarios" / "whatif"
SEED = 1
MONEY = ("net_retained_value_yuan", "retained_assets_yuan")
PAIRS: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    1: (("01_three_rms", "01_five_rms"), (*MONEY, "vip_churn_share", "utilisation_relationship_manager")),
    2: (
        ("02_three_on_duty", "02_four_on_duty"),
        ("net_retained_value_yuan", "identification_sensitivity", "self_service_share", "vip_churn_share"),
    ),
    3: (
        ("03_override", "03_window"),
        ("vip_wait_p90_min", "ordinary_wait_p90_min", "complaints_per_1000_visits", "net_retained_value_yuan"),
    ),
    4: (("04_lead_forty", "04_equal"), (*MONEY, "maintained_share", "coverage_share")),
    5: (("05_assigned_41", "05_assigned_80"), (*MONEY, "vip_churn_share", "maintained_share")),
    6: (
        ("06_no_split", "06_split_30", "06_split_50"),
        ("net_retained_value_yuan", "new_assets_yuan", "cost_incentive_yuan", "ordinary_wait_mean_min"),
    ),
    8: (
        ("08_mortgage_calls", "08_maturity_reminders"),
        ("new_assets_yuan", "retained_assets_yuan", "maturity_kept_share", "coverage_share", "vip_churn_share"),
    ),
    9: (
        ("09_closed_pitch", "09_open_pitch"),
        ("self_service_share", "net_retained_value_yuan", "visits_per_day", "ordinary_wait_mean_min"),
    ),
    10: (("10_bar_200k", "10_bar_500k"), (*MONEY, "vip_churn_share", "vip_wait_mean_min")),
}
"""Question of the catalogue -> the files, the first is the base, and the KPIs it asks about."""


def differences(folder: Path, names: tuple[str, ...], kpis: tuple[str, ...], replications: int) -> list[str]:
    """Cells of a table: for every file after the first and every KPI, the first's mean and the paired difference."""
    made = experiment.compare({name: files.load(folder / f"{name}.toml") for name in names}, SEED, replications)
    base = made.base.summary()
    rows = []
    for other in names[1:]:
        for kpi in kpis:
            change = made.differences[other][kpi]
            ends = change.ci95 or ()
            unit = KPIS[kpi].unit
            factor, shown = scale_of(unit, max(abs(v) for v in (base[kpi].mean, change.mean, *ends)))
            shown = "%, points" if shown == "%" else shown
            cells = (
                number(base[kpi].mean, factor),
                number(change.mean, factor, sign=True),
                interval(ends, factor, sign=True),
                shown,
            )
            rows.append(f"`{kpi}` | {' | '.join(cells)} |")
    return rows


def answer(question: int, replications: int) -> list[str]:
    """Rows of the table for one question."""
    names, kpis = PAIRS[question]
    rows = differences(FOLDER, names, kpis, replications)
    others = [other for other in names[1:] for _ in kpis]
    return [f"| {question} | {other} less {names[0]} | {row}" for other, row in zip(others, rows, strict=True)]


def main(arguments: list[str]) -> None:
    """Print the table."""
    replications = int(arguments[0]) if arguments else 20
    chosen = [int(word) for word in arguments[1:]] or list(PAIRS)
    print(f"{replications} replications, seed {SEED}\n")
    print("| # | difference | KPI | first file | difference | 95 % interval | unit |")
    print("|---|---|---|---:|---:|---|---|")
    for question in chosen:
        print("\n".join(answer(question, replications)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
