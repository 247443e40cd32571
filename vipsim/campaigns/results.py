"""What a replication's campaigns came to: goals (KPI25), costs and whom they are charged to (U08), tables (LG06)."""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim.campaigns import funnel
from vipsim.campaigns.rules import ACCEPTED, ASKED, CAME, MET, MOVED, STEPS, WHY, Campaigns
from vipsim.customers.state import State

_NAN = float("nan")


def guests_of(campaigns: Campaigns, c: int) -> Any:
    """Rows of the guests of campaign c."""
    rows = campaigns.guests[: campaigns.size[0]]
    return rows[rows["campaign"] == c]


def won_primes(state: State, guests: Any) -> int:
    """Prime customers won: type C before, who moved money or opened an account (C09: newly found and won)."""
    del state
    return int(((guests["prime"] > 0) & ((guests["moved"] > 0) | (guests["joined"] > 0))).sum())


def achieved(campaigns: Campaigns, state: State, c: int, campaign: Any) -> dict[str, float]:
    """Goals of a campaign and what became of them; ``goal_share`` is the lowest attainment, nan without a goal."""
    guests = guests_of(campaigns, c)
    asked = int((guests["step"] >= ASKED).sum())
    # success: money that came, an account opened; of a campaign that sells nothing, who was met
    sells = campaign.sale_share > 0.0 or campaign.join_share > 0.0
    done = (guests["moved"] > 0) | (guests["joined"] > 0) if sells else guests["step"] >= MET
    success = float(done.sum()) / asked if asked else 0.0
    customers = won_primes(state, guests)
    parts = []
    if campaign.goal_customers > 0:
        parts.append(customers / campaign.goal_customers)
    if campaign.goal_success_share > 0:
        parts.append(success / campaign.goal_success_share)
    return {
        "asked": asked,
        "came": float((guests["step"] >= CAME).sum()),
        "met": float((guests["step"] >= MET).sum()),
        "friends": float(guests["friends"].sum()),
        "joined": float(guests["joined"].sum()),
        "prime_customers_won": customers,
        "success_share": success,
        "moved_yuan": float(guests["moved"].sum()) / 100.0,
        "points_redeemed": float(guests["points"].sum()),
        "spent_yuan": float(campaigns.spent[c]),
        "goal_share": min(1.0, *parts) if len(parts) > 1 else min(1.0, parts[0]) if parts else _NAN,
    }


def campaign_kpis(campaigns: Campaigns, state: State, scenario: Any, names: tuple[str, ...]) -> dict[str, float]:
    """KPI25 and KPI26 over all campaigns that are on."""
    found = [achieved(campaigns, state, c, scenario.campaigns[name]) for c, name in enumerate(names)]
    goals = [one["goal_share"] for one in found if one["goal_share"] == one["goal_share"]]
    moved = sum(one["moved_yuan"] for one in found)
    return {
        "campaign_goal_share": float(np.mean(goals)) if goals else _NAN,
        "campaign_moved_yuan": moved,
        "campaign_cost_ratio": sum(one["spent_yuan"] for one in found) / moved if moved > 0 else _NAN,
    }


def charged(campaigns: Campaigns, c: int, campaign: Any) -> tuple[np.ndarray, float]:
    """Fen charged to each guest of campaign c, and fen spread over every customer; the sum is what was spent (U08).

    What was spent on one guest is that guest's; the rest goes to each who took part in equal parts (the first bear
    the odd fen), or where nobody did, or the rule says so, to every customer of the book.
    """
    guests = guests_of(campaigns, c)
    own: np.ndarray = guests["cost"].astype(np.int64)
    rest = round(campaigns.spent[c] * 100.0) - int(own.sum())
    took_part = np.flatnonzero(guests["step"] >= (CAME if campaign.where != "call" else ACCEPTED))
    if campaign.attribution == "everybody" or took_part.size == 0:
        return own, float(rest)
    each, odd = divmod(rest, took_part.size)
    own[took_part] += each
    own[took_part[:odd]] += 1
    return own, 0.0


def campaign_tables(branch: Any, scenario: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Tables of a recorded run: funnel, and of campaigns the guests, the evaluations and the staff minutes."""
    import pyarrow as pa

    campaigns, state = branch.campaigns, branch.state
    steps = [step for c, name in enumerate(names) for step in funnel.of_campaign(campaigns, state, c, name)]
    tables = {"funnel": funnel.table([*steps, *funnel.of_tasks(branch.funnel, state)])}
    if not names:
        return tables
    made, people = [], []
    for c, name in enumerate(names):
        campaign = scenario.campaigns[name]
        share, spread = charged(campaigns, c, campaign)
        made.append({"campaign": name, **achieved(campaigns, state, c, campaign), "spread_fen": spread})
        guests = guests_of(campaigns, c)
        people.append(
            {
                "campaign": np.array([name] * len(guests)),
                "customer": guests["who"],
                "day": guests["day"],
                "step": np.array(STEPS)[guests["step"]] if len(guests) else np.empty(0, "<U1"),
                "lost": np.array(WHY)[guests["lost"]] if len(guests) else np.empty(0, "<U1"),
                "friends": guests["friends"],
                "joined": guests["joined"],
                "points": guests["points"],
                "stake_fen": guests["stake"],
                "moved_fen": guests["moved"],
                "charged_fen": share,
            }
        )
    works = [
        {
            "campaign": names[c],
            "role": work.role,
            "people": work.people,
            "asked_min": float(campaigns.minutes[campaigns.rules[c]["first_work"] + n, 0]),
            "done_min": float(campaigns.minutes[campaigns.rules[c]["first_work"] + n, 1]),
        }
        for c, name in enumerate(names)
        for n, work in enumerate(scenario.campaigns[name].staff)
    ]
    scores = campaigns.scores[: campaigns.size[2]]
    columns = {column: np.ascontiguousarray(scores[column]) for column in scores.dtype.names if column != "campaign"}
    tables["campaigns"] = pa.Table.from_pylist(made)
    tables["campaign_guests"] = pa.table(
        {column: pa.array(np.concatenate([p[column] for p in people])) for column in people[0]}
    )
    tables["campaign_scores"] = pa.table(
        {"campaign": pa.array([names[c] for c in scores["campaign"]], pa.string()), **columns}
    )
    if works:
        tables["campaign_staff"] = pa.Table.from_pylist(works)
    return tables


__all__ = ["MOVED", "achieved", "campaign_kpis", "campaign_tables", "charged", "guests_of"]
