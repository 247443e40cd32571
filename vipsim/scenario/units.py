"""Units in field names: which suffixes mean what, and which ones people write by mistake.

A field's name ends in its unit (``mean_min``, ``cut_yuan``). Comparing the stem before the unit tells a wrong unit
(``mean_s``) from a misspelt name.
"""

from __future__ import annotations

UNITS: dict[str, str] = {
    "min": "minutes",
    "days": "days",
    "day": "day",
    "months": "months",
    "month": "month",
    "quarters": "quarters",
    "years": "years",
    "year": "year",
    "date": "date",
    "yuan": "yuan",
    "km": "kilometres",
    "share": "share from 0 to 1",
    "shares": "shares from 0 to 1",
    "probability": "probability from 0 to 1",
    "ratio": "ratio",
    "factor": "factor",
    "rate": "rate",
    "points": "points",
    "score": "score",
    "index": "index",
    "cv": "standard deviation / mean",
    "per_hour": "per hour",
    "per_day": "per day",
    "per_week": "per week",
    "per_month": "per month",
    "per_quarter": "per quarter",
    "per_year": "per year",
}
"""Suffix of a field's name -> what it means. ``yuan_per_month`` and the like combine."""

FOREIGN: dict[str, str] = {
    "s": "seconds",
    "sec": "seconds",
    "secs": "seconds",
    "seconds": "seconds",
    "mins": "minutes",
    "minute": "minutes",
    "minutes": "minutes",
    "h": "hours",
    "hour": "hours",
    "hours": "hours",
    "d": "days",
    "weeks": "weeks",
    "week": "weeks",
    "pct": "percent",
    "percent": "percent",
    "pp": "percentage points",
    "fraction": "share",
    "prob": "probability",
    "p": "probability",
    "fen": "fen",
    "cny": "yuan",
    "rmb": "yuan",
    "wan": "ten thousand yuan",
    "kyuan": "thousand yuan",
    "myuan": "million yuan",
}
"""Suffixes that no field uses, but people write."""

COUNTS = frozenset(
    {"people", "devices", "counters", "count", "visits", "customers", "contacts", "attempts", "products", "seats"}
    | {"unit of the column"}
)
"""Units of counts: such a field needs no suffix."""

BARE = frozenset({"log points", "logit points", "correlation", "day of month", "KPI unit"})
"""Units of what has no unit to write: spreads of logarithms, correlations, a day of the month, a KPI's target."""


def split(name: str) -> tuple[str, str]:
    """Stem and unit of a field name; the longest suffix wins; unit is empty where the name has none.

    >>> split("mean_min"), split("cost_yuan_per_month"), split("employed")
    (('mean', 'min'), ('cost', 'yuan_per_month'), ('employed', ''))
    """
    words = name.split("_")
    for start in range(len(words)):
        unit = "_".join(words[start:])
        if _is_unit(unit):
            return "_".join(words[:start]), unit
    return name, ""


def _is_unit(text: str) -> bool:
    if text in UNITS or text in FOREIGN:
        return True
    # "yuan_per_month", "share_per_year", "contacts_per_day": a unit or a count per a time
    head, per, time = text.rpartition("_per_")
    return bool(per) and f"per_{time}" in UNITS and (head in UNITS or head in COUNTS)


def says_its_unit(key: str, unit: str) -> bool:
    """Whether a numeric setting's name tells its unit: at its end, inside (``lag_days_low``) or in its table's name.

    Counts and bare numbers need none.
    """
    if unit in COUNTS or unit in BARE:
        return True
    table, _, name = key.rpartition(".")
    return any(split(word)[1] or set(word.split("_")) & set(UNITS) for word in (name, table.rpartition(".")[2]))


def meaning(unit: str) -> str:
    """A unit suffix in words."""
    if unit in UNITS:
        return UNITS[unit]
    if unit in FOREIGN:
        return FOREIGN[unit]
    head, per, time = unit.rpartition("_per_")
    return f"{UNITS.get(head, head)} per {time}" if per else unit


def same_thing_other_unit(name: str, known: list[str]) -> str:
    """The known field that means what ``name`` means in another unit; empty where there is none.

    ``mean_s`` -> ``mean_min``; ``wait`` -> ``wait_min``; ``cut_wan`` -> ``cut_yuan``.
    """
    stem, unit = split(name)
    for field in known:
        field_stem, field_unit = split(field)
        if field_unit and field_stem == stem and field_unit != unit:
            return field
    return ""
