"""KPI tables for people: grouped, in units that are read at a glance, with intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

FEW = 8
"""Replications below which every interval is doubtful (statistics.FEW, which loads NumPy)."""

GROUPS: tuple[tuple[str, str], ...] = (
    ("Assets kept and value", r"(opening|retained|new)_assets|net_retained|margin_|terminal_"),
    ("Customers", r"vip_(churn|downgrade|customer|asset)|net_vip|win_back|maturity_|assigned_|signed_|maintained_"),
    ("Cards, products, owners", r"card_(?!fees)|renewal_|upgrade_|special_card|products_|first_contact|transfers_"),
    ("Lobby", r"visits_|(vip|ordinary)_wait_|\w+_abandon|balk_|overtaken_|self_service_share|lobby_cost_"),
    ("Waits by line", r"\w+_wait_"),
    ("Identification", r"identification_|received_|prime_|missed_|wasted_|leads_|teller_referrals_|referred_"),
    ("Staff and outreach", r"utilisation_|contacts_|messages_|meetings_|sales_|coverage_|follow_up_"),
    ("Service", r"satisfaction_|complaints_|ebank_"),
    ("Money and rules", r"cost_|campaign_|budget_|compliance_|plan_|card_fees|consent_"),
)
"""Heading and the pattern of the KPI names under it; the first that matches wins, the rest stands under Others."""


def grouped(names: Iterable[str]) -> list[tuple[str, list[str]]]:
    """KPI names under their headings, order kept."""
    groups: dict[str, list[str]] = {title: [] for title, _ in GROUPS}
    others: list[str] = []
    for name in names:
        title = next((title for title, pattern in GROUPS if re.match(pattern, name)), "")
        (groups[title] if title else others).append(name)
    return [(title, members) for title, members in [*groups.items(), ("Others", others)] if members]


def scale_of(unit: str, largest: float) -> tuple[float, str]:
    """Factor and unit to show values in: shares as percent, large sums in thousand or million yuan."""
    if unit in ("share", "probability"):
        return 100.0, "%"
    if unit.startswith("yuan"):
        for factor, word in ((1e9, "billion"), (1e6, "million"), (1e3, "thousand")):
            if largest >= 10 * factor or (factor == 1e6 and largest >= factor):
                return 1 / factor, f"{word} {unit}"
    return 1.0, unit


def decimals(*shown: float | None) -> int:
    """Decimals that show the largest of some numbers with about four digits."""
    size = max((abs(value) for value in shown if value is not None and math.isfinite(value)), default=0.0)
    return 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 or size == 0 else 3


def number(value: float | None, factor: float = 1.0, *, sign: bool = False, digits: int | None = None) -> str:
    """A number with about four digits; a dash where it is undefined."""
    if value is None or not math.isfinite(value):
        return "-"
    shown = value * factor
    return f"{shown:{'+' if sign else ''},.{decimals(shown) if digits is None else digits}f}"


def kpi_rows(kpis: Mapping[str, Mapping[str, Any]], *, sign: bool = False) -> list[list[str]]:
    """Rows of name, mean, interval, unit, mark under headings, from the ``kpis`` of a JSON document.

    ``sign``: they are differences, those of shares in percentage points.
    """
    rows: list[list[str]] = []
    for title, names in grouped(kpis):
        rows.append([title])
        for name in names:
            entry = kpis[name]
            factor, unit = _shown_in(entry)
            rows.append(
                [
                    "  " + name,
                    number(entry["mean"], factor, sign=sign),
                    interval(entry["ci95"], factor, sign=sign),
                    in_points(unit) if sign else unit,
                    mark(entry, kpis),
                ]
            )
    return rows


def in_points(unit: str) -> str:
    """The unit of a difference: shares differ by percentage points."""
    return "% points" if unit == "%" else unit


def mark(entry: Mapping[str, Any], among: Mapping[str, Mapping[str, Any]]) -> str:
    """The word beside a doubtful interval; none where all of them rest on few replications: one line says that."""
    return "doubtful" if entry.get("doubtful") and not _few(among) else ""


def doubt(kpis: Mapping[str, Mapping[str, Any]]) -> str:
    """The line under a table that says why intervals are doubtful; empty where none is."""
    if not any(entry.get("doubtful") for entry in kpis.values()):
        return ""
    if _few(kpis):
        most = max(entry["n"] for entry in kpis.values())
        return f"\nEvery interval is doubtful: {most} replications are few; take {FEW} or more (--replications)."
    return (
        "\ndoubtful: too few, too rare or too skewed values for this interval, or it leaves the range of a share; more "
        "replications help."
    )


def _few(kpis: Mapping[str, Mapping[str, Any]]) -> bool:
    return max((entry["n"] for entry in kpis.values()), default=0) < FEW


def _shown_in(entry: Mapping[str, Any]) -> tuple[float, str]:
    values = [entry["mean"], *(entry["ci95"] or ())]
    return scale_of(
        str(entry["unit"]), max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    )


def interval(
    ends: Sequence[float | None] | None, factor: float = 1.0, *, sign: bool = False, digits: int | None = None
) -> str:
    """``low .. high``; empty where one replication gives no interval."""
    if not ends or any(end is None or not math.isfinite(end) for end in ends):
        return ""
    if digits is None:
        digits = decimals(*(end * factor for end in ends if end is not None))
    return " .. ".join(number(end, factor, sign=sign, digits=digits) for end in ends)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = (1, 2)) -> str:
    """Aligned columns of plain text; a row with one cell is a heading."""
    full = [list(header), *(list(row) for row in rows if len(row) > 1)]
    widths = [max(len(row[column]) for row in full) for column in range(len(header))]
    align: list[Callable[[str, int], str]] = [
        str.rjust if column in numeric else str.ljust for column in range(len(header))
    ]
    lines = []
    for row in [list(header), ["-" * width for width in widths], *rows]:
        if len(row) == 1:
            lines.append(row[0])
        else:
            cells = (align[column](cell, widths[column]) for column, cell in enumerate(row))
            lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
