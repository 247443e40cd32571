"""``vipsim check``: say what a file is, whether it can be used, and how loaded the branch would be. Nothing runs."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from vipsim import shipped
from vipsim.cli import DONE, INVALID
from vipsim.cli.output import data, document, plain, talk
from vipsim.cli.tables import table
from vipsim.scenario import files
from vipsim.scenario.differing import moved
from vipsim.scenario.documents import read
from vipsim.scenario.errors import InputError, Problem

BOOK_SUFFIXES = (".csv", ".txt", ".parquet", ".pq")


@dataclass
class Finding:
    """What a file is and what is wrong with it."""

    file: str
    kind: str
    about: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    loads: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    layers: list[dict[str, Any]] = field(default_factory=list)


def check(names: list[str], json_output: bool) -> int:
    """Check every file; the exit code is 3 where one cannot be used."""
    found = [inspect(name, names) for name in names]
    if json_output:
        document(
            "check",
            {
                "files": [
                    {
                        "file": f.file,
                        "kind": f.kind,
                        "valid": not f.problems,
                        "about": f.about,
                        "problems": [p.as_dict() for p in f.problems],
                        "warnings": f.warnings,
                        "loads": f.loads,
                        "coverage": f.coverage,
                        "layers": f.layers,
                    }
                    for f in found
                ]
            },
        )
    else:
        for finding in found:
            _print(finding)
    return INVALID if any(finding.problems for finding in found) else DONE


def _print(finding: Finding) -> None:
    for problem in finding.problems:
        talk(str(problem))
    if finding.problems:
        count = len(finding.problems)
        talk(f"{finding.file}: {finding.kind}, {count} {'fault' if count == 1 else 'faults'}")
        return
    data(f"{finding.file}: {finding.kind}, valid")
    for line in finding.about:
        data(f"  {line}")
    if finding.loads:
        data(load_table(finding.loads))
        if finding.layers:
            data(f"  {TODAYS_BOOK}")
    if finding.layers:
        data(layer_table(finding.layers))
    if finding.coverage:
        data(coverage_table(finding.coverage))
    for warning in finding.warnings:
        talk(f"warning: {warning}")


def inspect(name: str, together: list[str]) -> Finding:
    """Find out by its content what a file is, and check it. ``together``: the other files of the command line."""
    finding = Finding(name, "unknown")
    try:
        finding.kind = _kind(name) or "unreadable"
        if finding.kind == "book":
            _check_book(finding, together)
        elif finding.kind == "study":
            _check_study(finding)
        elif finding.kind == "mapping":
            _check_mapping(finding)
        else:
            _check_scenario(finding)
    except InputError as error:
        finding.problems = error.problems
    return finding


# ------------------------------------------------------------------------------------------------ scenario


def _check_scenario(finding: Finding) -> None:
    scenario = files.load(finding.file)
    calendar, book = scenario.calendar, scenario.book
    months = (calendar.run_in_months, calendar.window_months, calendar.run_off_months)
    finding.about.append(f"{files.run_name(scenario)}" + (f": {scenario.title}" if scenario.title else ""))
    finding.about.append(
        f"from {calendar.start_date}: run-in {months[0]}, window {months[1]}, run-off {months[2]} months"
    )
    finding.about.append(_book_line(book))
    levers = files.policy(scenario)
    changed = moved(scenario.today, levers)
    finding.about.append(f"{len(levers)} levers, {len(changed)} differ from today's policy")
    finding.about += [f"  {key}: {before} today, {after} here" for key, (before, after) in changed.items()]
    if book.source == "file":
        from vipsim.customers.load import read_book

        finding.warnings += read_book(book.file, book.mapping, scenario).warnings  # refuses what cannot be used
    finding.loads, of_loads = branch_loads(scenario)
    finding.warnings += of_loads
    finding.layers = branch_layers(scenario)
    finding.coverage, uncovered = floor_coverage(scenario)
    finding.warnings += uncovered
    from vipsim.horizon import calendar_warnings

    finding.warnings += calendar_warnings(scenario)


def _book_line(book: Any) -> str:
    if book.source == "none":
        return "no book: walk-ins only"
    if book.source == "file":
        return f"book from {book.file}"
    return f"generated book of {book.customers:,} customers and {book.prospects:,} prospects"


def branch_loads(scenario: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Required against available minutes by role, and what to think of them; empty where there is no such count yet."""
    if importlib.util.find_spec("vipsim.loads") is None:
        return [], []
    loads = importlib.import_module("vipsim.loads").loads
    found = loads(scenario)
    rows = [_row(role, entry) for role, entry in found.items()]
    from vipsim.campaigns.minutes import warnings

    return rows, [*load_warnings(rows), *warnings(scenario, found)]


def branch_layers(scenario: Any) -> list[dict[str, Any]]:
    """Customers by grid level, each level landed on a post, and the work of each person a day (B21)."""
    from vipsim.loads import layers

    return [plain(layer._asdict()) for layer in layers(scenario)] if scenario.book.source != "none" else []


def layer_table(rows: list[dict[str, Any]]) -> str:
    """Customers by post and level, and the planned contacts of each person a day, as text."""
    cells = [
        [
            f"  {row['post']}",
            f"{row['level']}",
            f"{row['customers']:,}",
            *(f"{row[name]:.1f}" if row.get(name) is not None else "-" for name in ("contacts", "minutes_min")),
        ]
        for row in rows
    ]
    head = ["  post", "grid level", "customers", "a person: contacts/day", "min/day"]
    return table(head, cells, numeric=(1, 2, 3, 4))


def _row(role: str, entry: Any) -> dict[str, Any]:
    values = asdict(entry) if is_dataclass(entry) and not isinstance(entry, type) else entry
    values = values._asdict() if hasattr(values, "_asdict") else values
    if not isinstance(values, Mapping):
        raise TypeError(f"loads() of {role}: expected a mapping, found {type(values).__name__}")
    return {"role": role, **plain(values)}


TODAYS_BOOK = (
    "required minutes are those of the opening book, whose VIPs, signatures and owners are made by today's policy: "
    "another [today] alone changes them"
)

BINDS_AT = 0.70
"""A pool of people loaded less than this binds nothing (model.md: shipped branches load managers by 70-90 %)."""

TOO_MUCH = 0.90


def load_warnings(rows: list[dict[str, Any]]) -> list[str]:
    """A branch where nothing is scarce, or everything is, cannot tell a good plan from a bad one."""
    loads = {row["role"]: row["load"] for row in rows if row.get("load") is not None}
    if not loads:
        return []
    if all(load < BINDS_AT for load in loads.values()):
        return [
            f"minutes bind nothing: visits and the maintenance plan load every role below {BINDS_AT:.0%}; leads and "
            "alerts come on top, up to outreach.most_contacts_per_day of each owner. Plans may look too good"
        ]
    if all(load > TOO_MUCH for load in loads.values()):
        return [f"everything binds: every role is loaded above {TOO_MUCH:.0%}; queues will grow without end"]
    return [f"{role} is asked for {load:.0%} of its minutes" for role, load in loads.items() if load > 1.0]


def load_table(rows: list[dict[str, Any]]) -> str:
    """Required and available minutes by role, as text."""
    cells = [
        [
            f"  {row['role']}",
            *(f"{row[name]:,.0f}" if row.get(name) is not None else "-" for name in ("required_min", "available_min")),
            f"{row['load']:.0%}" if row.get("load") is not None else "-",
        ]
        for row in rows
    ]
    return table(["  role", "required min/day", "available min/day", "load"], cells, numeric=(1, 2, 3))


# ------------------------------------------------------------------------------------------------ coverage


A_DAY_MIN = 1440.0


def floor_coverage(scenario: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Fewest people on the floor by role and half-hour, as planned, and a warning for each station left alone."""
    from vipsim.calendar import weekend_of
    from vipsim.lobby.coverage import HALF_HOUR_MIN, coverage, last_ends
    from vipsim.scenario.staff import ROLES

    if scenario.calendar.opening_min > A_DAY_MIN:  # a theoretical queue has no clock
        return [], []
    opening, ends = scenario.calendar.opening_min, last_ends(scenario.staff)
    opens = [int(part) for part in scenario.calendar.opens_at.split(":")]
    rows, warnings = [], []
    kinds = [("working day", False)]
    weekend = weekend_of(scenario.calendar.open_weekdays)
    if weekend and any(getattr(scenario.staff, role).weekend_on_duty is not None for role in ROLES):
        kinds.append(("weekend", True))
    for kind, at_weekend in kinds:
        plan = coverage(scenario, weekend, at_weekend=at_weekend)
        rows += [
            {"day": kind, "role": role, "from": _clock(opens, 0), "people": counts}
            for role, counts in plan.roles.items()
            if getattr(scenario.staff, role).employed
        ]
        closed: dict[float, list[str]] = {}
        for station, counts in plan.stations.items():
            end = ends.get(station, opening)
            if end < opening:
                closed.setdefault(end, []).append(station)
            alone = [n for n, count in enumerate(counts) if count == 0 and HALF_HOUR_MIN * (n + 1) <= end]
            if alone:
                warnings.append(
                    f"station {station} is left alone on a {kind} in the half-hour from {_clock(opens, alone[0])}"
                    + (f" and {len(alone) - 1} more" if len(alone) > 1 else "")
                    + ": breaks of different shifts overlap, or too few are on duty"
                )
        warnings += [
            f"nobody serves {', '.join(stations)} on a {kind} in the last {opening - end:g} min of opening: "
            f"the last shift ends {end:g} min after opening, calendar.opening_min is {opening:g}"
            for end, stations in closed.items()
        ]
    return rows, warnings


def _clock(opens: list[int], half_hour: int) -> str:
    minute = 60 * opens[0] + opens[1] + 30 * half_hour
    return f"{minute // 60:02d}:{minute % 60:02d}"


def coverage_table(rows: list[dict[str, Any]]) -> str:
    """Fewest people on the floor, a number per half-hour, as text."""
    several = len({row["day"] for row in rows}) > 1
    lines = [f"  fewest on the floor by half-hour from {rows[0]['from']}, nobody absent"]
    width = max(len(row["role"]) for row in rows)
    for row in rows:
        kind = f"  {row['day']}" if several else ""
        lines.append(f"  {row['role']:<{width}}  {' '.join(map(str, row['people']))}{kind}")
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------ the others


def _check_study(finding: Finding) -> None:
    from vipsim.optimise.study import read_question

    question = read_question(finding.file)
    study = question.study
    finding.about.append(study.study.name + (f": {study.study.title}" if study.study.title else ""))
    finding.about.append(
        f"{study.search.trials} trials among {question.space.size:,} settings of {len(study.levers)} levers"
    )
    finding.about += [f"  {axis.key}: {axis.count} values" for axis in question.space.axes]
    finding.about += [f"  {one.direction} {one.kpi}" for one in study.objectives]
    finding.about += [f"  limit: {limit.text()}" for limit in study.limits]
    finding.loads, finding.warnings = branch_loads(question.scenario)


def _check_mapping(finding: Finding) -> None:
    from vipsim.customers.mapping import read_mapping

    mapping = read_mapping(finding.file)
    given = mapping.columns.given()
    finding.about.append(f"{len(given)} columns, money in {mapping.money_unit}")
    finding.about += [f"  {name} <- {header}" for name, header in given.items()]


def _check_book(finding: Finding, together: list[str]) -> None:
    """A book is read with the mapping, and completed by the laws of the scenario, that stand beside it."""
    from vipsim.customers.load import read_book

    kinds = {name: _kind(name) for name in together}
    mapping = next((name for name, kind in kinds.items() if kind == "mapping"), None)
    if mapping is None:
        raise InputError(
            "a column mapping beside the book",
            found="none",
            file=finding.file,
            suggestion=f"vipsim check {finding.file} mapping.toml",
        )
    scenario = next((name for name, kind in kinds.items() if kind == "scenario"), shipped.PREFIX + "baseline.toml")
    imported = read_book(finding.file, mapping, files.load(scenario))
    customers = int(imported.book.is_customer().sum())
    finding.about.append(f"{customers:,} customers, {imported.book.assets().sum() / 1e8:,.2f} million yuan")
    finding.about += [f"  {name}: drawn for {count:,} customers" for name, count in imported.drawn.items() if count]
    finding.warnings += imported.warnings


def _kind(name: str) -> str:
    """What a file is, by its content; empty where it cannot be read."""
    if Path(name).suffix.lower() in BOOK_SUFFIXES:
        return "book"
    try:
        content = read(name, path=shipped.resolve(name, Path())).data
    except InputError:
        return ""
    return "study" if "study" in content else "mapping" if "columns" in content else "scenario"
