"""The preset pairs of the lobby, answered: python -m benchmarks.lobby_pairs [replications]

Runs the pairs of docs/lobby.md on the same random numbers and prints their tables: the first file's mean of each KPI,
and the second less the first with its 95 % interval.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.whatif import differences

FOLDER = Path(__file__).resolve().parents[1] / "scenarios" / "lobby"
REPLICATIONS = 30
PAIRS: dict[tuple[str, str], tuple[str, ...]] = {
    ("override", "vip_window"): (
        "vip_wait_mean_min",
        "vip_wait_p50_min",
        "vip_wait_p90_min",
        "vip_wait_in_target_share",
        "ordinary_wait_mean_min",
        "ordinary_wait_p90_min",
        "ordinary_abandon_share",
        "overtaken_per_visit",
        "identification_sensitivity",
        "satisfaction_index",
        "vip_churn_share",
        "net_retained_value_yuan",
    ),
    ("three_on_duty", "four_on_duty"): (
        "received_share",
        "identification_sensitivity",
        "missed_primes_per_day",
        "prime_met_share",
        "desk_wait_mean_min",
        "self_service_share",
        "ordinary_wait_p90_min",
        "utilisation_lobby_manager",
        "leads_per_day",
        "retained_assets_yuan",
        "net_retained_value_yuan",
    ),
    ("keep_in_lobby", "push_ebank"): (
        "self_service_share",
        "ebank_active_share",
        "ebank_sign_up_share",
        "visits_per_day",
        "ordinary_wait_mean_min",
        "ordinary_wait_p90_min",
        "vip_wait_p90_min",
        "identification_sensitivity",
        "missed_primes_per_day",
        "prime_met_share",
        "utilisation_teller",
        "utilisation_lobby_manager",
        "cost_channel_yuan",
        "retained_assets_yuan",
        "net_retained_value_yuan",
    ),
    ("weekdays", "saturdays"): (
        "visits_per_day",
        "vip_wait_mean_min",
        "vip_wait_in_target_share",
        "ordinary_wait_mean_min",
        "ordinary_wait_p90_min",
        "ordinary_abandon_share",
        "prime_met_share",
        "vip_churn_share",
        "retained_assets_yuan",
        "net_retained_value_yuan",
    ),
}
"""The two files, the first is the base -> the KPIs that the page tells."""


def main(arguments: list[str]) -> None:
    """Print the tables."""
    replications = int(arguments[0]) if arguments else REPLICATIONS
    for names, kpis in PAIRS.items():
        print(f"{names[1]} less {names[0]}, {replications} replications\n")
        print("| KPI | first | difference | 95 % interval | unit |")
        print("|---|---:|---:|---|---|")
        print("\n".join(f"| {row}" for row in differences(FOLDER, names, kpis, replications)), flush=True)
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
