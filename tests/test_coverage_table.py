"""MODEL.md tells what is built: a line for every row of the catalogue, and whatever it names exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from vipsim.kpis import KPIS
from vipsim.scenario.schema import Scenario
from vipsim.scenario.settings import settings

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "MODEL.md"
SOURCES = ROOT.parent / "shared" / "domain"  # the catalogue itself is not shipped

# Rows of the catalogue: each group is numbered without a gap. P12 is in force today and newer than the catalogue.
LAST = {
    **{"T": 33, "S": 25, "I": 17, "L": 28, "O": 23, "M": 17, "Y": 15, "C": 24, "B": 22, "K": 24, "U": 14, "Q": 9},
    **{"D": 10, "D-": 13, "EB": 21, "LG": 9, "P": 12, "X": 8, "CF": 53, "DV": 79, "KPI": 40, "N": 41},
}
IDS = {f"{group}{n}" if group == "D-" else f"{group}{n:02}" for group, last in LAST.items() for n in range(1, last + 1)}
NEWER = {"P12"}

STATUS = ("modelled", "partly", "not yet", "not modelled")
OUT_OF_SCOPE = {"D-13", "EB19", "CF38", "CF41"}  # the catalogue calls them corporate, or context only
PIECES = ("lobby", "relationship", "incentives", "scores", "calibration", "report", "later")
NO_PIECE = {"D-1"}  # not yet, and not wanted: says why


class Line(NamedTuple):
    """One line of the coverage table."""

    id: str
    status: str
    where: list[str]
    set_by: list[str]
    checked_by: list[str]
    note: str


def named(cell: str) -> list[str]:
    """What a cell names between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def table(text: str) -> list[Line]:
    """Lines of the coverage table."""
    lines = []
    for row in re.findall(r"^\| ((?:[A-Z]+-?\d+) .*) \|$", text.partition("\n## Coverage\n")[2], re.MULTILINE):
        cells = [cell.strip() for cell in row.split(" | ")]
        if len(cells) != 6:
            raise ValueError(f"expected 6 columns, found {len(cells)}: {row}")
        name, status, where, set_by, checked_by, note = cells
        lines.append(Line(name.split()[0], status, named(where), named(set_by), named(checked_by), note))
    return lines


@lru_cache
def scenario_keys() -> frozenset[str]:
    """Every key of a scenario, and every section that has keys."""
    found = {setting.key for setting in settings(Scenario)}
    for key in list(found):
        parts = key.split(".")
        found.update(".".join(parts[:n]).removesuffix("[]") for n in range(1, len(parts)))
    return frozenset(found)


@lru_cache
def functions_in(path: Path) -> frozenset[str]:
    """Names of the tests in a file, empty where there is none."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(x.name for x in ast.walk(tree) if isinstance(x, ast.FunctionDef) and x.name.startswith("test_"))


def is_test(name: str) -> bool:
    path, _, function = name.partition("::")
    return function in functions_in(ROOT / path)


def faults_of(line: Line) -> list[str]:
    """What is wrong with one line."""
    found = [f"no row {line.id} in the catalogue"] if line.id not in IDS else []
    if line.status not in STATUS:
        found.append(f"status: expected one of {', '.join(STATUS)}, found {line.status}")
    found += [f"no module {path}" for path in line.where if not (ROOT / path).is_file()]
    found += [f"no key {key}" for key in line.set_by if key not in scenario_keys()]
    found += [f"no test {name}" for name in line.checked_by if not is_test(name)]
    if line.status in ("modelled", "partly") and not line.where:
        found.append(f"{line.status}, and no module")
    if line.status == "not modelled" and not (line.id.startswith("X") or line.id in OUT_OF_SCOPE):
        found.append("not modelled, and neither context nor out of scope")
    if line.status == "not yet" and line.id not in NO_PIECE and line.note.rpartition(":")[2].strip() not in PIECES:
        found.append("not yet, and no piece of work that brings it")
    return [f"{line.id}: {fault}" for fault in found]


def faults(lines: Iterable[Line], ids: Iterable[str] = ()) -> list[str]:
    """What is wrong with the lines, and which rows have none or several."""
    lines = list(lines)
    found = [fault for line in lines for fault in faults_of(line)]
    counts = {id: sum(line.id == id for line in lines) for id in [*ids, *(line.id for line in lines)]}
    return found + [f"{id}: {count} lines" for id, count in counts.items() if count != 1]


def unknown_names(text: str) -> list[str]:
    """Files, keys and KPIs that a text names between backticks and that do not exist."""
    tops = {key.partition(".")[0] for key in scenario_keys() if "." in key}
    found = []
    for name in named(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        is_path = re.fullmatch(r"[\w./-]+\.(py|toml|md)", name)
        if is_path and "/" in name and not (ROOT / name).is_file():
            found.append(name)
        plain = re.sub(r"^staff\.\*", "staff.teller", name)
        if not is_path and re.fullmatch(r"[a-z_]+(\.[\w\[\]]+)+", plain) and plain.partition(".")[0] in tops:
            found += [name] if plain not in scenario_keys() else []
        if re.fullmatch(r"[a-z]\w*_(yuan|share|min|index|day|score|growth|ratio)", name):
            leaves = {key.rpartition(".")[2] for key in scenario_keys()}
            found += [name] if name not in KPIS and name not in leaves else []
    return found


# ------------------------------------------------------------------------------------------------ the document


def test_every_row_has_one_line_and_what_it_names_exists() -> None:
    assert faults(table(MODEL.read_text(encoding="utf-8")), sorted(IDS)) == []


def test_the_text_names_only_files_keys_and_kpis_that_exist() -> None:
    assert unknown_names(MODEL.read_text(encoding="utf-8")) == []


def test_the_glossary_has_every_kpi() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [kpi.name for kpi in KPIS.values() if kpi.zh not in glossary or f"`{kpi.name}`" not in glossary] == []


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the catalogue is not shipped with the code")
def test_the_rows_are_those_of_the_catalogue() -> None:
    catalogue = (SOURCES / "catalogue.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([A-Z]+-?\d+) ", catalogue, re.MULTILINE)) == IDS - NEWER
    today = (SOURCES / "outlet_today.md").read_text(encoding="utf-8")
    assert all(f"| {id} |" in today for id in NEWER)


# ------------------------------------------------------------------------------------- the checker can fail

GOOD = (
    "| T02 Thresholds | modelled | `vipsim/month.py` | `tiers.standard_yuan` "
    "| `tests/test_coverage_table.py::test_the_glossary_has_every_kpi` | - |"
)


def checked(row: str, ids: Iterable[str] = ()) -> list[str]:
    return faults(table(f"\n## Coverage\n\n{row}\n"), ids)


def test_a_sound_line_passes() -> None:
    assert checked(GOOD, ["T02"]) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("T02", "T99", "T99: no row T99 in the catalogue"),
        ("modelled", "done", "T02: status: expected one of modelled, partly, not yet, not modelled, found done"),
        ("modelled", "not modelled", "T02: not modelled, and neither context nor out of scope"),
        ("modelled", "not yet", "T02: not yet, and no piece of work that brings it"),
        ("vipsim/month.py", "vipsim/year.py", "T02: no module vipsim/year.py"),
        ("`vipsim/month.py`", "-", "T02: modelled, and no module"),
        ("tiers.standard_yuan", "tiers.gold_yuan", "T02: no key tiers.gold_yuan"),
        ("_every_kpi", "_every_word", "T02: no test tests/test_coverage_table.py::test_the_glossary_has_every_word"),
        (
            "tests/test_coverage",
            "tests/test_cover",
            "T02: no test tests/test_cover_table.py::test_the_glossary_has_every_kpi",
        ),
    ],
)
def test_a_false_line_is_found(old: str, new: str, says: str) -> None:
    assert checked(GOOD.replace(old, new)) == [says]


def test_a_missing_row_a_row_twice_and_a_lost_column_are_found() -> None:
    assert checked(GOOD, ["T02", "T03"]) == ["T03: 0 lines"]
    assert checked(f"{GOOD}\n{GOOD}") == ["T02: 2 lines"]
    with pytest.raises(ValueError, match="expected 6 columns, found 5"):
        checked(GOOD.replace(" | - |", " |"))


def test_names_in_the_text_that_do_not_exist_are_found() -> None:
    text = "`vipsim/year.py` `tiers.gold_yuan` `gold_share`, but `vipsim/month.py` `staff.*.employed` `signed_share`"
    assert unknown_names(text) == ["vipsim/year.py", "tiers.gold_yuan", "gold_share"]
