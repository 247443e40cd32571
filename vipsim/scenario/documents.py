"""TOML files as layers: reading one, following ``extends``, laying them over each other, remembering every line.

Precedence, lowest first: what a file ``extends`` (in the order of its list), the file, ``--set key=value``.
Tables merge key by key; arrays, laws and other tables that name their own kind are replaced as a whole.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vipsim import shipped
from vipsim.scenario import positions
from vipsim.scenario.errors import InputError, Problem, did_you_mean, nearest
from vipsim.scenario.settings import join_key, parse_key

KeyPath = tuple[str | int, ...]

KIND_KEYS = ("law",)
"""Keys that say what kind of table this is: a layer that changes one replaces the table as a whole."""


@dataclass
class Document:
    """One TOML file: values and the line of every key."""

    name: str  # as the user gave it, for messages
    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int]


@dataclass
class Origin:
    """Which file and line a value came from."""

    file: str
    line: int | None
    folder: Path  # what a relative path in this value is relative to


@dataclass
class Tree:
    """Layers laid over each other: the merged values and where each came from."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, Origin] = field(default_factory=dict)

    def origin(self, path: KeyPath) -> Origin | None:
        """Origin of the value at a path, or of the nearest table around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        return None

    def value(self, path: KeyPath) -> Any:
        """The value at a path; raises KeyError where there is none."""
        here: Any = self.data
        for part in path:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                raise KeyError(join_key(path)) from None
        return here


# ------------------------------------------------------------------------------------------------ one file


def read(name: str | Path, *, path: Path | None = None, line: int | None = None, named_in: str = "") -> Document:
    """Read one TOML file, strictly.

    ``path`` where the name is relative to something else than the working directory; ``named_in`` and ``line``
    where another file names this one.

    Raises
    ------
    InputError
        Missing, a directory, unreadable, not UTF-8, not TOML (with the line).
    """
    text = read_text(name, path=path, line=line, named_in=named_in)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        number = int(at.group(1)) if at else text.count("\n") + 1
        reason = re.sub(r" \(at .*\)$", "", str(error))
        mark, hint = _chinese_mark(text, number, str(error))
        raise InputError("TOML", found=mark or reason, file=str(name), line=number, suggestion=hint) from None
    return Document(str(name), path or Path(name), data, positions.lines(text))


_CHINESE_MARKS = str.maketrans("，。：；（）【】［］｛｝＝＃“”„‘’＂＇、．\u3000", ',.:;()[][]{}=#"""\'\'"\',. ')


def _chinese_mark(text: str, line: int, error: str) -> tuple[str, str]:
    """Which Chinese punctuation mark makes a line no TOML, with its column, and what to write; empty where none."""
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    outside = re.sub(r'"[^"]*"|\'[^\']*\'|#.*', lambda part: " " * len(part.group()), written)
    at = re.search(r"column (\d+)", error)
    first = int(at.group(1)) - 1 if at else 0
    marks = [column for column, letter in enumerate(outside) if ord(letter) in _CHINESE_MARKS]
    if not marks:
        return "", ""
    column = first if first in marks else marks[-1]
    mark = written[column]
    better = mark.translate(_CHINESE_MARKS)
    return f"the Chinese punctuation mark {mark} in column {column + 1}", f"write {better} instead"


def read_text(name: str | Path, *, path: Path | None = None, line: int | None = None, named_in: str = "") -> str:
    """The text of an input file, or an InputError that says why it cannot be read."""
    where = path or Path(name)
    blame = {"file": named_in, "line": line} if named_in else {"file": str(name), "line": None}
    try:
        raw = where.read_bytes()
    except FileNotFoundError:
        found = f"no such file: {name}" if named_in else "no such file"
        hint = _nearest_file(str(name), where, named_in)
        raise InputError("a file", found=found, suggestion=hint, **blame) from None  # type: ignore[arg-type]
    except IsADirectoryError:
        raise InputError("a file", found=f"the directory {name}", **blame) from None  # type: ignore[arg-type]
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise InputError("a readable file", found=f"{name}: {reason}", **blame) from None  # type: ignore[arg-type]
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            "a text in UTF-8",
            found=f"byte 0x{raw[error.start]:02x}",
            file=str(name),
            line=number,
            suggestion="save the file as UTF-8",
        ) from None


def _nearest_file(name: str, where: Path, named_in: str) -> str:
    """Which file was probably meant: a shipped one, or one beside it other than the file that names it."""
    known = shipped.names()
    if name.startswith(shipped.PREFIX):
        return _nearest_shipped(name, known)
    if named_in and shipped.PREFIX + where.name in known:
        return f"did you mean {shipped.PREFIX}{where.name}, the shipped one?"
    folder = where.parent
    beside = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    return did_you_mean(where.name, [other for other in beside if other != Path(named_in).name])


def _nearest_shipped(name: str, known: list[str]) -> str:
    """The shipped file of nearly the same name, in whatever folder; else what the folder holds."""
    stem = name.removeprefix(shipped.PREFIX).removesuffix(".toml")
    stems = {full.removeprefix(shipped.PREFIX).removesuffix(".toml"): full for full in known}
    last = {part.rpartition("/")[2]: full for part, full in stems.items()}
    near = last.get(nearest(stem.rpartition("/")[2], last, cutoff=0.75)) or stems.get(nearest(stem, stems, cutoff=0.9))
    if near:
        return f"did you mean {near}?"
    folder = stem.rpartition("/")[0]
    inside = [part for part in stems if part.rpartition("/")[0] == folder] or list(stems)
    folders = sorted({part.partition("/")[0] + "/" for part in stems if "/" in part}) if not folder else []
    return "shipped are: " + ", ".join([*(stems[part] for part in inside), *(shipped.PREFIX + one for one in folders)])


# ------------------------------------------------------------------------------------------------ extends


def layers(name: str | Path) -> list[Document]:
    """The file and everything it extends, lowest first.

    Raises
    ------
    InputError
        As `read`; a circle of ``extends``; an ``extends`` that is no path or list of paths.
    """
    top = str(name)
    return _layers(top, shipped.resolve(top, Path()), None, "", ())


def _layers(name: str, path: Path, line: int | None, named_in: str, trail: tuple[Path, ...]) -> list[Document]:
    document = read(name, path=path, line=line, named_in=named_in)
    real = path.resolve()
    if real in trail:
        circle = " -> ".join(p.name for p in (*trail[trail.index(real) :], real))
        raise InputError("no circle of extends", found=circle, file=named_in, line=line, key="extends")
    below = document.data.pop("extends", [])
    paths = [below] if isinstance(below, str) else below
    if not isinstance(paths, list) or not all(isinstance(p, str) for p in paths):
        raise InputError(
            "a path or a list of paths",
            found=repr(below),
            file=document.name,
            line=document.lines.get(("extends",)),
            key="extends",
        )
    found: list[Document] = []
    for index, parent in enumerate(paths):
        at = document.lines.get(("extends", index), document.lines.get(("extends",)))
        where = shipped.resolve(parent, path.parent)
        shown = parent if parent.startswith(shipped.PREFIX) else _shown(where)
        found += _layers(shown, where, at, document.name, (*trail, real))
    return [*found, document]


def _shown(path: Path) -> str:
    """A path for messages: without ``..`` and relative to the working directory where it is below it."""
    real = path.resolve()
    return str(real.relative_to(Path.cwd())) if real.is_relative_to(Path.cwd()) else str(real)


# ------------------------------------------------------------------------------------------------ laying over


def lay(documents: Iterable[Document]) -> Tree:
    """Lay the documents over each other, the first lowest."""
    tree = Tree()
    for document in documents:
        _lay(tree, tree.data, document.data, (), document)
        tree.origins[()] = Origin(document.name, None, document.path.parent)
    return tree


def _lay(tree: Tree, under: dict[str, Any], over: dict[str, Any], path: KeyPath, document: Document) -> None:
    for key, value in over.items():
        here = (*path, key)
        old = under.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and not _other_kind(old, value):
            _remember(tree, here, document)
            _lay(tree, old, value, here, document)
        elif isinstance(value, dict):
            if key in under:
                _forget(tree, here)
            _remember(tree, here, document)
            under[key] = {}
            _lay(tree, under[key], value, here, document)
        else:
            if key in under:
                _forget(tree, here)
            under[key] = copy.deepcopy(value)
            _remember_all(tree, here, value, document)


def _other_kind(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return any(key in new and key in old and new[key] != old[key] for key in KIND_KEYS)


def _forget(tree: Tree, path: KeyPath) -> None:
    for known in [known for known in tree.origins if known[: len(path)] == path]:
        del tree.origins[known]


def _remember(tree: Tree, path: KeyPath, document: Document) -> None:
    tree.origins[path] = Origin(document.name, document.lines.get(path), document.path.parent)


def _remember_all(tree: Tree, path: KeyPath, value: Any, document: Document) -> None:
    _remember(tree, path, document)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        _remember_all(tree, (*path, key), item, document)


# ------------------------------------------------------------------------------------------------ --set


def apply_set(tree: Tree, assignment: str) -> None:
    """Lay one ``key=value`` of the command line over the tree.

    The value is read as TOML (``3``, ``0.5``, ``true``, ``[1, 2]``); what is not TOML is a text.

    Raises
    ------
    InputError
        No equals sign; a list's element that is not there.
    """
    key, equals, text = assignment.partition("=")
    shown = f"--set {assignment}"
    if not equals or not key.strip():
        raise InputError("key=value", found=repr(assignment), file="--set")
    try:
        path = parse_key(key.strip())
    except ValueError as error:
        raise InputError("a dotted key", found=str(error), file=shown) from None
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    origin = Origin(shown, None, Path())
    here: Any = tree.data
    for depth, part in enumerate(path[:-1]):
        if isinstance(part, str) and isinstance(here, dict):
            if part not in here:
                here[part] = {}
                tree.origins[path[: depth + 1]] = origin
            here = here[part]
        elif isinstance(part, int) and isinstance(here, list) and part < len(here):
            here = here[part]
        else:
            raise InputError("an element that exists", file=shown, key=join_key(path[: depth + 1]))
    last = path[-1]
    if isinstance(last, int) and not (isinstance(here, list) and last < len(here)):
        raise InputError("an element that exists", file=shown, key=join_key(path))
    if isinstance(last, str) and not isinstance(here, dict):
        raise InputError("a table", found=repr(here), file=shown, key=join_key(path[:-1]))
    _forget(tree, path)
    here[last] = value
    tree.origins[path] = origin


def problem_at(tree: Tree, path: KeyPath, expected: str, found: str = "", suggestion: str = "") -> Problem:
    """A problem of the value at a path, with the file and line it came from."""
    origin = tree.origin(path)
    file, line = (origin.file, origin.line) if origin else ("", None)
    return Problem(expected, found, file, line, join_key(path), suggestion)
