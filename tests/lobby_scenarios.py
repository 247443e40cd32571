"""Lobby scenarios for the tests: the shipped reference files, and variants of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.process_scenarios import add_process
from vipsim.scenario.demand import Demand
from vipsim.scenario.lobby import Lobby
from vipsim.scenario.staff import Staff

REFERENCE = Path(__file__).resolve().parent.parent / "scenarios" / "reference"


def build(tables: dict[str, Any]) -> Any:
    """The lobby's sections of a scenario given as tables."""
    return SimpleNamespace(
        calendar=SimpleNamespace(opening_min=float(tables["calendar"]["opening_min"])),
        demand=Demand.model_validate(tables["demand"]),
        lobby=Lobby.model_validate(tables["lobby"]),
        staff=Staff.model_validate(tables["staff"]),
    )


def tables(name: str) -> dict[str, Any]:
    """A shipped reference scenario as tables."""
    return tomllib.loads((REFERENCE / f"{name}.toml").read_text(encoding="utf-8"))


def random_tables(g: np.random.Generator, whole_minutes: bool, process: bool = False) -> dict[str, Any]:
    """A random lobby in which every option is on in some draws and off in others, the service process if wanted.

    No gamma law: its inversion needs lgamma, which compiled and plain code do not give to the same last bit.
    """

    def share() -> float:
        return float(g.choice([0.0, 1.0, g.random()], p=[0.15, 0.15, 0.7]))

    def law(mean: float) -> dict[str, Any]:
        name = str(g.choice(["constant", "exponential", "lognormal", "weibull", "triangular"]))
        if whole_minutes or name == "constant":
            return (
                {"law": "constant", "value_min": float(g.integers(0, 2 * int(mean) + 2))}
                if g.random() < 0.4
                else {
                    "law": "exponential",
                    "mean_min": mean,
                }
            )
        if name == "triangular":
            return {"law": name, "low_min": 0.0, "mode_min": mean, "high_min": 2.0 * mean}
        extra = {"lognormal": {"cv": 0.8}, "weibull": {"shape": 1.5}}.get(name, {})
        return {"law": name, "mean_min": mean, **extra}

    def patience(mean: float) -> dict[str, Any]:
        return {"law": "never"} if g.random() < 0.25 else law(mean)

    opening = float(g.choice([60.0, 200.0, 480.0]))

    def shifts() -> list[dict[str, Any]]:
        out = []
        for _ in range(int(g.integers(1, 3))):
            edges = np.sort(g.integers(0, int(opening) + 1, 6)).astype(float)
            if g.random() < 0.6:
                edges[0], edges[-1] = 0.0, opening
            if edges[0] == edges[-1]:
                edges[0], edges[-1] = 0.0, opening
                edges[1:-1] = opening / 2.0
            blocks = [
                {
                    "start_min": edges[i],
                    "end_min": edges[i + 1],
                    "activity": str(g.choice(["break", "admin", "training"])),
                }
                for i in (1, 3)
            ]
            out.append({"start_min": edges[0], "end_min": edges[-1], "blocks": blocks[: int(g.integers(0, 3))]})
        return out

    def role(stations: list[str] | None, low: int, high: int) -> dict[str, Any]:
        employed = int(g.integers(low, high + 1))
        out: dict[str, Any] = {
            "employed": employed,
            "absence_share": float(g.choice([0.0, 0.2])),
            "skill_cv": float(g.choice([0.0, 0.2, 0.6])),
            "cost_yuan_per_month": 0.0,
            "shifts": shifts(),
        }
        if g.random() < 0.4:
            out["on_duty"] = int(g.integers(0, employed + 1))
        if g.random() < 0.3:
            out["weekend_on_duty"] = int(g.integers(0, employed + 1))
        if stations is not None:
            out["stations"] = stations
        return out

    tellers = role(None, 1, 5)
    cash_only = int(g.integers(0, tellers["employed"] + 1)) if g.random() < 0.5 else 0
    noncash_only = int(g.integers(0, tellers["employed"] - cash_only + 1)) if g.random() < 0.5 else 0
    rms = role(["rm"] if g.random() < 0.8 else ["rm", "desk"], 1, 4)
    managers = role(["desk"] if g.random() < 0.8 else ["desk", "cash"], 1, 3)
    weights = g.dirichlet([1.0, 1.0, 1.0])
    head = role([["rm"], ["cash", "noncash", "rm"], []][int(g.integers(0, 3))], 0, 1)
    if cash_only == tellers["employed"]:
        cash_only -= 1
    if noncash_only == tellers["employed"]:
        noncash_only -= 1
    transactions = [
        {"name": name, "share": float(w), "station": name, "divertible_share": share(), "service": law(m)}
        for name, w, m in zip(("cash", "noncash", "rm"), weights, (5.0, 9.0, 20.0), strict=True)
    ]
    transactions[-1]["share"] = 1.0 - float(weights[0]) - float(weights[1])
    for mix in ("vip_share", "walk_in_share"):
        if g.random() < 0.5:
            other = g.dirichlet([1.0, 1.0, 1.0])
            for item, w in zip(transactions, other, strict=True):
                item[mix] = float(w)
    profile = g.dirichlet(np.ones(int(g.integers(1, 9))))
    types = g.dirichlet(np.ones(4))
    found: dict[str, Any] = {
        "calendar": {"opening_min": opening},
        "demand": {
            "customer_visits_per_year": 1.0,
            "vip_visit_ratio": 1.0,
            "ebank_visit_ratio": 1.0,
            "walk_ins_per_day": float(g.uniform(5.0, 0.4 * opening)),
            "walk_in_share": dict(zip("ABCD", map(float, types), strict=True)),
            "profile_share": [float(x) for x in profile],
            "weekday_factor": [1.0] * 7,
            "month_factor": [1.0] * 12,
            "day_factor_cv": 0.0,
            "transactions": transactions,
        },
        "lobby": {
            "shift_end": str(g.choice(["finish", "hand_over", "cut_off"])),
            "after_closing": str(g.choice(["serve_all", "send_away"])),
            "triage": {
                "on": bool(g.random() < 0.75),
                "minutes": law(1.0),
                "nod_min": float(g.choice([0.0, 0.2, 1.0])),
                "nod_only_above": float(g.choice([0.0, 1.0, 2.5, 1e9])),
                "ticket_class": str(g.choice(["none", "card", "known"])),
                "card_shown_share": share(),
                "sensitivity_share": share(),
                "specificity_share": share(),
            },
            "diversion": {
                "devices": int(g.integers(0, 4)),
                "divert_share": share(),
                "accept_share": share(),
                "divert_prime": bool(g.random() < 0.3),
                "service": law(3.0),
                "patience": patience(6.0),
            },
            "vip_service": {
                "mode": str(g.choice(["none", "strict", "head_start", "override", "window"])),
                "head_start_min": float(g.choice([0.0, 5.0, 20.0])),
                "override_min": float(g.choice([0.0, 1.0])),
                "windows": min(int(g.integers(1, 4)), tellers["employed"]),
            },
            "counters": {
                "patience_vip": patience(12.0),
                "patience_ordinary": patience(20.0),
                "chat_queue_threshold": int(g.integers(0, 6)),
                "pitch_min": float(g.choice([0.0, 1.0, 1.5])),
                "teller_sensitivity_share": share(),
                "teller_specificity_share": share(),
            },
            "meetings": {
                "meet_share": share(),
                "meet_first": bool(g.random() < 0.5),
                "wait_share": share(),
                "wait_share_fall_per_min": float(g.choice([0.0, 0.03])),
                "phone_share": share(),
                "own_rm_first": str(g.choice(["own_only", "own_then_any", "pool"])),
                "minutes": law(20.0),
                "patience": patience(10.0),
            },
        },
        "staff": {
            "relationship_manager": rms,
            "lobby_manager": managers,
            "teller": {**tellers, "cash_only": cash_only, "noncash_only": noncash_only},
            "head": head,
        },
    }
    if process:
        add_process(g, found, law, patience)
    return found
