"""The floors of ARCHITECTURE.md hold: imports point down or stay, and some libraries stay in their room."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vipsim"

HOMES = {
    "simpy": ("lobby/reference_floor.py",),
    "optuna": ("optimise/", "calibrate/"),
    "distributed": ("cluster.py",),
    "dask": ("cluster.py",),
}
"""Library -> the only places that may import it."""

KERNEL_MAKERS = ("vipsim.compiled.kernel", "vipsim.compiled.inlined")
"""A module that compiles kernels works on arrays: it imports one of these and no pandas."""

NETWORK = (
    "requests",
    "urllib.request",
    "urllib3",
    "http.client",
    "http.server",
    "socket",
    "ftplib",
    "aiohttp",
    "httpx",
)


class Import(NamedTuple):
    """One import statement: where it stands and what it names."""

    file: str
    line: int
    names: str


def imports_of(path: Path, package: Path) -> list[Import]:
    """Every import of a file, inside functions too; ``from a import b`` counts as ``a.b``."""
    relative = path.relative_to(package).as_posix()
    here = ["vipsim", *path.relative_to(package).with_suffix("").parts]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [Import(relative, node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [Import(relative, node.lineno, f"{module}.{alias.name}") for alias in node.names]
    return found


def all_imports(package: Path) -> list[Import]:
    return [found for path in sorted(package.rglob("*.py")) for found in imports_of(path, package)]


def floors_in(text: str) -> dict[str, int]:
    """Room -> floor, from the table of ARCHITECTURE.md."""
    rows = re.findall(r"^\| (\d) \| ((?:`\w+` ?)+)\|", text, re.MULTILINE)
    return {room: int(floor) for floor, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}


def room_of(file: str) -> str:
    """``customers/book.py`` -> customers; ``draws.py`` -> draws; the package's own files have none."""
    room = file.split("/")[0].removesuffix(".py")
    return "" if room in ("__init__", "__main__") else room


def breaches(package: Path, floors: dict[str, int]) -> list[str]:
    """Imports that point up, one line each."""
    found = []
    for item in all_imports(package):
        parts = item.names.split(".")
        if parts[0] != "vipsim" or len(parts) < 2:
            continue
        here, there = room_of(item.file), parts[1]
        if here in floors and there in floors and floors[there] > floors[here]:
            found.append(f"{item.file}:{item.line}: {here} [{floors[here]}] imports {there} [{floors[there]}]")
    return found


def strays(package: Path) -> list[str]:
    """Libraries outside their room, pandas beside kernels, network anywhere."""
    found = []
    imports = all_imports(package)
    compiled = {item.file for item in imports if item.names in KERNEL_MAKERS}
    for item in imports:
        library = item.names.split(".")[0]
        where = f"{item.file}:{item.line}"
        if library in HOMES and not item.file.startswith(HOMES[library]):
            found.append(f"{where}: {library} belongs in {' or '.join(HOMES[library])}")
        if library == "pandas" and item.file in compiled:
            found.append(f"{where}: pandas beside kernels")
        if any(item.names == name or item.names.startswith(name + ".") for name in NETWORK):
            found.append(f"{where}: {item.names} reaches for the network")
    return found


FLOORS = floors_in((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))


def test_imports_point_down() -> None:
    assert breaches(PACKAGE, FLOORS) == []


def test_libraries_stay_in_their_room() -> None:
    assert strays(PACKAGE) == []


def test_every_room_has_a_floor_and_every_floor_its_rooms() -> None:
    rooms = {room_of(path.relative_to(PACKAGE).as_posix()) for path in PACKAGE.rglob("*.py")} - {""}
    assert sorted(rooms - set(FLOORS)) == [], "rooms that ARCHITECTURE.md does not name"
    assert sorted(set(FLOORS) - rooms) == [], "rooms that ARCHITECTURE.md names and that do not exist"


# ------------------------------------------------------------------------------------------------ the test itself

TREE = {
    "draws.py": "import numpy\n",
    "customers/book.py": "from vipsim import draws\n",
    "simulate.py": "from vipsim.customers.book import Book\n",
}
MADE_UP_FLOORS = {"draws": 0, "customers": 2, "simulate": 5}


def plant(package: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    return package


def test_a_sound_tree_passes(tmp_path: Path) -> None:
    package = plant(tmp_path, TREE)
    assert breaches(package, MADE_UP_FLOORS) == []
    assert strays(package) == []


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("customers/book.py", "x = 1\nfrom vipsim import simulate\n", "customers/book.py:2: customers [2] imports sim"),
        ("draws.py", "def f():\n    import vipsim.customers.book\n", "draws.py:2: draws [0] imports customers [2]"),
        (
            "customers/book.py",
            "from ..simulate import run\n",
            "customers/book.py:1: customers [2] imports simulate [5]",
        ),
        ("customers/book.py", "from .. import simulate\n", "customers/book.py:1: customers [2] imports simulate [5]"),
    ],
)
def test_an_import_that_points_up_is_found(tmp_path: Path, file: str, text: str, says: str) -> None:
    (found,) = breaches(plant(tmp_path, TREE | {file: text}), MADE_UP_FLOORS)
    assert found.startswith(says)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("simulate.py", "import simpy\n", "simulate.py:1: simpy belongs in lobby/reference_floor.py"),
        ("simulate.py", "def f():\n    from optuna import Study\n", "simulate.py:2: optuna belongs in optimise/"),
        ("simulate.py", "from vipsim.compiled import kernel\nimport pandas as pd\n", "simulate.py:2: pandas beside"),
        ("draws.py", "from urllib.request import urlopen\n", "draws.py:1: urllib.request.urlopen reaches"),
    ],
)
def test_a_library_out_of_its_room_is_found(tmp_path: Path, file: str, text: str, says: str) -> None:
    (found,) = strays(plant(tmp_path, TREE | {file: text}))
    assert found.startswith(says)


def test_the_table_of_floors_is_read() -> None:
    assert FLOORS["cli"] == 9
    assert FLOORS["scenario"] == 1
    assert floors_in("| 3 | `lobby` `kpis` | text |\n| 4 | `month` | text |\n") == {"lobby": 3, "kpis": 3, "month": 4}
