"""What a run says of its campaigns: the funnel of lost effect, compact, and the plans in six parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vipsim.cli.tables import in_points, interval, number, scale_of, table

_SHORT = {
    "eligible": "eligible",
    "owned": "owned",
    "allowed by policy": "allowed",
    "within capacity": "asked",
    "reached": "reached",
    "interested": "interested",
    "accepted": "accepted",
    "came": "came",
    "met": "met",
    "moved money": "moved",
    "stayed": "stayed",
}
_INCREMENTS = (
    "new_assets_yuan",
    "retained_assets_yuan",
    "net_retained_value_yuan",
    "vip_churn_share",
    "coverage_share",
)


def funnel_content(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The funnel for the JSON document, a row per step; nothing where the run kept none."""
    return {"funnel": tables["funnel"].to_pylist()} if "funnel" in tables else {}


def funnel_text(tables: Mapping[str, Any]) -> str:
    """One line of people for every funnel, and the limit that costs most of its effect."""
    from vipsim.campaigns import funnel

    rows: list[list[str]] = []
    for (kind, name), steps in funnel.by_name(funnel.from_table(tables["funnel"])).items():
        people = {step.step: step.people for step in steps}
        cells = [f"{people[step]:,.0f}" if step in people else "" for step in _SHORT]
        limit = funnel.binding(steps)
        binds = (
            "" if limit is None else f"{limit.why}: {limit.lost_people:,.0f} people, {_yuan(limit.lost_yuan)} at stake"
        )
        rows.append([f"{kind} {name}", *cells, binds])
    head = "\nThe funnel of lost effect: people at each step, first replication (vipsim explain funnel)\n"
    return head + table(["", *_SHORT.values(), "what binds"], rows, numeric=range(1, len(_SHORT) + 1))


def _yuan(amount: float) -> str:
    factor, unit = scale_of("yuan", amount)
    return f"{number(amount, factor)} {unit}"


def plans(scenario: Any, tables: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, str]:
    """File name -> plan of every campaign that is on, with the increments where a twin was run."""
    if "campaigns" not in tables:
        return {}
    from vipsim.campaigns import plans as planning

    about = {name: content[name] for name in ("seed", "replications", "engine")}
    return planning.plans(scenario, tables, about, _increments(content.get("against_today", {})))


def _increments(differences: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for kpi in _INCREMENTS:
        if kpi in differences:
            entry = differences[kpi]
            shown: Sequence[float] = [entry["mean"], *(entry["ci95"] or ())]
            factor, unit = scale_of(entry["unit"], max(abs(v) for v in shown))
            found[kpi] = (
                f"{number(entry['mean'], factor, sign=True)} {in_points(unit)} "
                f"(95 % interval {interval(entry['ci95'], factor, sign=True)})"
            )
    return found
