"""Ablation: each mechanism of the relationship side switched off in the window, and what it does to the KPIs.

    python benchmarks/ablation.py [replications] [name of a case ...]

Prints a table in Markdown: differences to the outlet of today on the same random numbers, with standard errors. A
mechanism that moves nothing is wrong or superfluous; docs/ablation.md is such a table.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from vipsim import shipped, simulate
from vipsim.outreach.triggers import REASONS
from vipsim.scenario import files
from vipsim.scenario.resolve import with_values
from vipsim.scenario.schema import Scenario

COLUMNS = (  # KPI, heading, divisor
    ("retained_assets_yuan", "retained, million yuan", 1e6),
    ("new_assets_yuan", "new money, million yuan", 1e6),
    ("net_retained_value_yuan", "net value, million yuan", 1e6),
    ("vip_churn_share", "VIP churn, points", 0.01),
    ("coverage_share", "coverage, points", 0.01),
    ("satisfaction_index", "satisfaction, points", 0.01),
    ("utilisation_relationship_manager", "RM load, points", 0.01),
)

_OFF_TODAY = ("campaign", "life_event", "money_arrived")
_NO_PLAN = {"outreach.triggers.contact_plan.on": False}
CASES: dict[str, dict[str, Any]] = {
    "no relationship managers": {"staff.relationship_manager.employed": 0},
    "two relationship managers": {"staff.relationship_manager.employed": 2},
    "eight relationship managers": {"staff.relationship_manager.employed": 8},
    "no head": {"staff.head.employed": 0},
    "one lobby manager": {"staff.lobby_manager.employed": 1, "staff.lobby_manager.on_duty": 1},
    "two tellers": {"staff.teller.employed": 2},
    "tellers keep customers up to 500,000": {
        "ownership.rm_from_yuan": 500_000.0,
        "ownership.teller_below_yuan": 500_000.0,
    },
    "no outreach": {f"outreach.triggers.{reason}.on": False for reason in REASONS},
    **{f"no {reason}": {f"outreach.triggers.{reason}.on": False} for reason in REASONS if reason not in _OFF_TODAY},
    "life events as well": {"outreach.triggers.life_event.on": True},
    "a word when money has come": {"outreach.triggers.money_arrived.on": True},
    "plan: three times the contacts": {
        "outreach.plan_contacts_per_year": [0.0, 12.0, 36.0, 3.0, 12.0, 36.0, 6.0, 18.0, 52.0]
    },
    "ranked by rule": {"outreach.ranking": "rule"},
    "nobody checks": {"outreach.checked_share": 0.0},
    "perfect discipline": {"outreach.discipline_share": 1.0},
    "exact appointments": {"outreach.firm_appointments": True},
    "pushing in the first talk": {"outreach.pitch_on_first_contact": True},
    "change of seller after 2": {"outreach.change_seller_after": 2},
    "no sales": {"response.meeting_sale_share": 0.0, "response.call_sale_share": 0.0},
    "no cooldown": {"response.sale_rest_days": 0, "response.refusal_rest_days": 0},
    "rivals do not answer": {"response.courted_share": 0.0},
    "no fatigue": {"response.fatigue_share": 0.0},
    "products without a ladder": {"response.unlock_sales": [0, 0, 0, 0, 0]},
    "sold for five years": {"response.sold_term_days": 1825},
    "no effect of waits": {
        "lifecycle.wait_ratio": 1.0,
        "experience.visit_care_share": 0.0,
        "experience.complaint_wait_ratio": 1.0,
    },
    "no effect of losses": {
        "lifecycle.loss_ratio": 1.0,
        "response.loss_sale_ratio": 1.0,
        "assets.loss_care_share": 0.0,
    },
    "relationship without effect on leaving": {"lifecycle.relationship_ratio": 1.0},
    "no fading": {"lifecycle.relationship_decay_per_month": 0.0},
    "no fourth quarter": {"lifecycle.quarter4_vip_ratio": 1.0},
    "no resignations": {"money.turnover_per_year": 0.0},
    "nobody recommends": {"response.referral_per_year": 0.0},
    "nobody comes back": {"lifecycle.win_back_per_year": 0.0, "response.win_back_share": 0.0},
}


def measure(scenario: Scenario, replications: int) -> dict[str, np.ndarray]:
    """KPIs of some replications: name -> float64 [replications]."""
    runs = [simulate.replicate(scenario, 7, n).kpis for n in range(replications)]
    return {name: np.array([run[name] for run in runs]) for name, _, _ in COLUMNS}


def row(name: str, found: dict[str, np.ndarray], base: dict[str, np.ndarray]) -> str:
    """One line of the table: mean difference and its standard error."""
    cells = []
    for kpi, _, unit in COLUMNS:
        change = (found[kpi] - base[kpi]) / unit
        error = change.std(ddof=1) / np.sqrt(change.size) if change.size > 1 else float("nan")
        cells.append("-" if np.isnan(change).any() else f"{change.mean():+.2f} ± {error:.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def main(replications: int, names: list[str]) -> None:
    """Print the table."""
    today = files.load(shipped.scenarios_dir() / "baseline.toml")
    base = measure(today, replications)
    print(f"| switched off or changed | {' | '.join(heading for _, heading, _ in COLUMNS)} |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    levels = [f"{base[kpi].mean() / unit:.2f}" for kpi, _, unit in COLUMNS]
    print(f"| *the outlet of today* | {' | '.join(levels)} |", flush=True)
    for name in names or CASES:
        # a mechanism of the world is off under today's policy as well; a policy only in the window
        found = measure(with_values(today, CASES[name]), replications)
        print(row(name, found, base), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8, sys.argv[2:])
