"""Random service processes for the tests: every mechanism is on in some draws and off in others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from vipsim.scenario.process import SEEN_BY, SIGNALS

Law = Callable[[float], dict[str, Any]]


def random_signals(g: np.random.Generator) -> list[dict[str, Any]]:
    """Some of the fourteen signals, seen by some."""
    names = g.permutation(SIGNALS)[: int(g.integers(0, 15))]
    return [
        {
            "name": str(name),
            "prime_share": float(g.uniform(0.1, 0.6)),
            "ordinary_share": float(g.uniform(0.01, 0.2)),
            "seen_by": [x for x in SEEN_BY if g.random() < 0.6],
        }
        for name in names
    ]


def add_process(g: np.random.Generator, tables: dict[str, Any], law: Law, patience: Law) -> None:
    """Add random sections of the service process to a random lobby."""
    lobby, staff = tables["lobby"], tables["staff"]

    def share() -> float:
        return float(g.choice([0.0, 1.0, g.random()], p=[0.1, 0.2, 0.7]))

    def few() -> int:
        return int(g.integers(0, 8))

    def flag() -> bool:
        return bool(g.random() < 0.6)

    ways = g.dirichlet(np.ones(3))
    later = g.spawn(1)[0]  # for what was added later, so that the other draws stay
    sections: dict[str, dict[str, Any]] = {
        "entrance": {
            "asks_share": float(ways[0]),
            "looks_round_share": float(ways[1]),
            "takes_number_share": 1.0 - float(ways[0]) - float(ways[1]),
            "second_look": flag(),
            "second_look_after_min": float(g.choice([0.0, 1.0, 4.0])),
            "look": law(2.0),
            "second_look_diverts": bool(later.random() < 0.6),
        },
        "identification": {
            "signals": random_signals(g),
            "threshold_lobby_manager_score": float(g.uniform(-1.0, 2.0)),
            "threshold_teller_score": float(g.uniform(-1.0, 2.0)),
            "threshold_noncash_teller_score": float(g.uniform(-1.0, 2.0)),
            "form_sensitivity_share": share(),
            "form_specificity_share": share(),
            "overlooked_share_per_person": float(later.choice([0.0, 0.2, 1.0])),
        },
        "touchstone": {
            "when": str(g.choice(["off", "always", "calm"])),
            "calm_below": few(),
            "probe_when_rm_busy": flag(),
            "minutes": law(2.0),
            "prime_pass_share": share(),
            "ordinary_pass_share": share(),
        },
        "teaching": {
            "knows_share": share(),
            "willing_share": share(),
            "teach_below": few(),
            "minutes": law(3.0),
        },
        "forms": {
            "help_below": few(),
            "alone_share": share(),
            "minutes": law(1.0),
            "alone_ratio": 0.75,
            "helped_ratio": 0.5,
        },
        "guidance": {
            "escort": law(1.0),
            "recheck": law(1.0),
            "pick_up_patience": patience(4.0),
            "internal_phone": flag(),
            "signal_reask_min": 2.0,
            "seats": few(),
            "rm_assistant": flag(),
            "meeting_reask_min": 3.0,
            "own_meet_share": share(),
        },
        "referral": {
            "pitch": law(1.0),
            "noncash_pitch": law(3.0),
            "pitch_cap_min": float(g.choice([0.0, 2.0, 60.0])),
            "noncash_sensitivity_share": share(),
            "interested_share": share(),
        },
        "rm_service": {"screening": flag(), "screen": law(4.0), "accompany": flag()},
        "classes": {"middle": flag(), "guard_min": float(g.choice([1e9, 5.0, 15.0]))},
        "escalation": {
            "above": int(g.integers(0, 5)),
            "role": str(g.choice(["relationship_manager", "teller", "head"])),
            "help_min": float(g.choice([5.0, 20.0])),
        },
        "errands": {
            "guard_share": share(),
            "guard": law(1.0),
            "farewell": law(1.0),
            "farewell_within_min": float(g.choice([0.0, 1.0, 5.0])),
        },
        "balking": {"above": few(), "share_per_person": float(g.choice([0.02, 0.2]))},
        "ebank": {
            "style": str(g.choice(["none", "open", "closed", "presumptive"])),
            "sign_up": law(2.0),
            "open_signed_share": share(),
            "closed_signed_share": share(),
            "presumptive_signed_share": share(),
            "activate_by": str(g.choice(["none", "teller", "lobby_manager"])),
            "activate": law(3.0),
            "patience": patience(6.0),
        },
    }
    lobby["triage"]["on"] = True
    lobby |= {name: told for name, told in sections.items() if g.random() < 0.75}
    if later.random() < 0.5:
        lobby["degrees"] = {
            "told_apart": bool(later.random() < 0.8),
            "core_sensitivity_share": float(later.choice([0.0, 0.6, 1.0])),
            "core_specificity_share": float(later.choice([0.0, 0.6, 1.0])),
            "core_walk_in_share": float(later.choice([0.0, 0.5])),
        }
    if later.random() < 0.5 and staff["teller"]["cash_only"] < staff["teller"]["employed"]:
        lobby["card_application"] = {
            "paperwork": {"law": "exponential", "mean_min": 9.0},
            "check": {"law": "exponential", "mean_min": 4.0},
            "special_approval_days": 7,
        }
    lobby["counters"]["ask_fall_share_per_person"] = float(later.choice([0.0, 0.1, 0.5]))
    if "guidance" not in lobby:
        lobby.pop("referral", None)
    if staff["head"]["employed"] == 0 and lobby.get("escalation", {}).get("role") == "head":
        lobby.pop("escalation")
    for item in tables["demand"]["transactions"]:
        item["opens_account"] = item["name"] != "rm" and (item["name"] == "noncash" or flag())
        item["ebank_odds_ratio"] = float(later.choice([0.2, 1.0, 5.0]))
    if lobby.get("ebank", {}).get("style") in ("open", "closed"):
        lobby["ebank"]["told_vip"] = bool(later.random() < 0.5)
    both = staff["teller"]["employed"] > max(staff["teller"]["cash_only"], staff["teller"]["noncash_only"])
    if both and g.random() < 0.5:
        lobby["counters"]["opening_noncash_share"] = share()
    if g.random() < 0.4:
        lobby["assistants"] = {"sensitivity_share": share(), "specificity_share": share()}
        staff["lobby_assistant"] = {**staff["lobby_manager"], "employed": int(g.integers(1, 3)), "stations": ["desk"]}
        staff["lobby_assistant"].pop("on_duty", None)
