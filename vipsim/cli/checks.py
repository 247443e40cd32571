"""``vipsim check``: say what a file is, whether it can be used, and how loaded the branch would be. Nothing runs."""

from __future__ import annotations

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
from vipsim.scenario.documents import read
from vipsim.scenario.errors import InputError, Problem
from vipsim.scenario.settings import lever_values

BOOK_SUFFIXES = (".csv", ".parquet", ".xlsx")


@dataclass
class Finding:
    """What a file is and what is wrong with it."""

    file: str
    kind: str
    about: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    loads: list[dict[str, Any]] = field(default_factory=list)


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
    for warning in finding.warnings:
        talk(f"warning: {warning}")


def inspect(name: str, together: list[str]) -> Finding:
    """Find out by its content what a file is, and check it. ``together``: the other files of the command line."""
    finding = Finding(name, "unknown")
    try:
        if Path(name).suffix.lower() in BOOK_SUFFIXES:
            finding.kind = "book"
            _check_book(finding, together)
            return finding
        content = read(name, path=shipped.resolve(name, Path())).data
        if "study" in content:
            finding.kind = "study"
            _check_study(finding)
        elif "columns" in content:
            finding.kind = "mapping"
            _check_mapping(finding)
        else:
            finding.kind = "scenario"
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
    levers = lever_values(scenario)
    moved = [key for key, value in levers.items() if scenario.today.get(key) != plain_value(value)]
    finding.about.append(f"{len(levers)} levers, {len(moved)} differ from today's policy")
    finding.about += [f"  {key}: {scenario.today.get(key)} today, {plain_value(levers[key])} here" for key in moved]
    if book.source == "file":
        from vipsim.customers.book import opening

        opening(scenario)  # reads the bank's file and refuses what cannot be used
    finding.loads, finding.warnings = branch_loads(scenario)


def plain_value(value: Any) -> Any:
    """A lever's value as ``today`` holds it."""
    return value.model_dump(mode="json", exclude_none=True) if hasattr(value, "model_dump") else plain(value)


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
    from vipsim.loads import loads  # type: ignore[import-not-found]

    rows = [_row(role, entry) for role, entry in loads(scenario).items()]
    return rows, load_warnings(rows)


def _row(role: str, entry: Any) -> dict[str, Any]:
    values = asdict(entry) if is_dataclass(entry) and not isinstance(entry, type) else entry
    values = values._asdict() if hasattr(values, "_asdict") else values
    if not isinstance(values, Mapping):
        raise TypeError(f"loads() of {role}: expected a mapping, found {type(values).__name__}")
    return {"role": role, **plain(values)}


BINDS_AT = 0.70
"""A pool of people loaded less than this binds nothing (model.md: shipped branches load managers by 70-90 %)."""

TOO_MUCH = 0.90


def load_warnings(rows: list[dict[str, Any]]) -> list[str]:
    """A branch where nothing is scarce, or everything is, cannot tell a good plan from a bad one."""
    loads = {row["role"]: row["load"] for row in rows if row.get("load") is not None}
    if not loads:
        return []
    if all(load < BINDS_AT for load in loads.values()):
        return [f"nothing binds: every role is loaded below {BINDS_AT:.0%}; any plan will look good"]
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


# ------------------------------------------------------------------------------------------------ the others


def _check_study(finding: Finding) -> None:
    from vipsim.scenario.schema import Scenario
    from vipsim.scenario.study import load_study

    study, document_ = load_study(finding.file, Scenario)
    scenario_file = study.study.scenario
    where = shipped.resolve(scenario_file, document_.path.parent)
    files.load(scenario_file if scenario_file.startswith(shipped.PREFIX) else where)
    finding.about.append(f"{study.study.name}: {study.study.title}")
    finding.about.append(f"{len(study.levers)} levers, {len(study.limits)} limits, {study.search.trials} trials")
    finding.about += [f"  {key}" for key in study.levers]


def _check_mapping(finding: Finding) -> None:
    raise InputError("a scenario, a study or a book", found="a column mapping", file=finding.file)


def _check_book(finding: Finding, together: list[str]) -> None:
    raise InputError("a scenario or a study", found="a book", file=finding.file)
