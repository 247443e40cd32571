"""Scenario files: read strictly, laid over each other, resolved once, hashed, written back.

Precedence is one sentence: what a file extends, then the file, then ``--set key=value``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import overload

import tomli_w
from pydantic import BaseModel

from vipsim import shipped
from vipsim.scenario.documents import Document, Origin, Tree, apply_set, lay, layers, problem_at
from vipsim.scenario.errors import InputError, Problem, did_you_mean
from vipsim.scenario.resolve import OMITTED, Root, plain_tree, validated, with_values
from vipsim.scenario.schema import Scenario
from vipsim.scenario.settings import parse_key, settings, values
from vipsim.scenario.tiers import SCHEME_KEYS
from vipsim.scenario.today import fill, policy, policy_today, take_said

__all__ = [
    "OMITTED",
    "InputError",
    "data_hash",
    "digest",
    "load",
    "origin_of",
    "policy",
    "policy_today",
    "resolved_toml",
    "run_name",
    "with_values",
]

_OWN = ("name", "title")  # a file's own, never inherited from what it extends


@overload
def load(path: str | Path, overrides: Iterable[str] = ()) -> Scenario: ...
@overload
def load(path: str | Path, overrides: Iterable[str], root: type[Root]) -> Root: ...
def load(path: str | Path, overrides: Iterable[str] = (), root: type[BaseModel] = Scenario) -> BaseModel:
    """Read a scenario file with everything it extends, check it whole, and resolve it.

    Parameters
    ----------
    path : str or Path
        A file, or ``vipsim:NAME`` for a shipped scenario.
    overrides : iterable of str
        ``key=value`` of the command line; they win over every file.
    root : type
        The schema; tests use small ones.

    Raises
    ------
    InputError
        Every fault of the files, each with file, line and key.
    """
    documents = layers(path)
    top = documents[-1]
    _refuse_study(top)
    for document in documents[:-1]:
        for key in _OWN:
            document.data.pop(key, None)
    tree = lay(documents)
    tree.data.setdefault("name", Path(top.path).stem)
    for assignment in overrides:
        apply_set(tree, assignment)
    _resolve_paths(tree, root)
    _refuse_half_schemes(documents)
    said = take_said(tree, root)
    try:
        checked = validated(tree, root)
    except InputError as error:
        if len(documents) == 1 and root is Scenario:
            raise InputError.collect(_without_a_base(error.problems, top)) from None
        raise
    return fill(checked, tree, documents, said)


_MANY = 5  # missing keys from which a file is a part of a scenario, not one with a gap


def _without_a_base(problems: list[Problem], document: Document) -> list[Problem]:
    """Faults of a file that extends nothing: one hint in place of all the keys that it lacks."""
    gone = [p for p in problems if p.found == "nothing" and p.expected.startswith("the key ")]
    if len(gone) < _MANY:
        return problems
    hint = f'write extends = "{shipped.PREFIX}baseline.toml" at the top, and below it only what differs'
    named = ", ".join(sorted((p.key for p in gone), key=lambda key: key.count("."))[:_MANY])
    found = f"{len(gone)} keys missing ({named}, ...)"
    expected = "a whole scenario, or one that extends another"
    one = Problem(expected, found, document.name, 1, "extends", hint)
    return [one, *(p for p in problems if p not in gone)]


def _refuse_half_schemes(documents: list[Document]) -> None:
    """A file that names a tier scheme gives its averaging window and cuts too: none is taken over unseen (T02, T25)."""
    found = []
    for document in documents:
        table = document.data.get("tiers")
        if not isinstance(table, dict) or "scheme" not in table:
            continue
        for key in SCHEME_KEYS:
            if key not in table:
                line = document.lines.get(("tiers", "scheme"))
                expected = f"{key} beside the scheme that it belongs to"
                found.append(Problem(expected, "nothing", document.name, line, f"tiers.{key}", ""))
    if found:
        raise InputError.collect(found)


def _refuse_study(document: Document) -> None:
    if "study" in document.data:
        raise InputError(
            "a scenario",
            found="a study",
            file=document.name,
            line=document.lines.get(("study",)),
            key="study",
            suggestion=f"use: vipsim optimise {document.name}",
        )


# ------------------------------------------------------------------------------------------------ paths


def _resolve_paths(tree: Tree, root: type[BaseModel]) -> None:
    """Make every path absolute: relative to the file that names it; a missing file is a fault of that line."""
    found: list[Problem] = []
    for key in _path_keys(root):
        path = parse_key(key)
        try:
            written = tree.value(path)
        except KeyError:
            continue
        origin = tree.origin(path) or Origin("", None, Path())
        if not isinstance(written, str) or not written:
            continue
        where = shipped.resolve(written, origin.folder).resolve()
        if not where.is_file():
            what = f"the directory {written}" if where.is_dir() else f"no such file: {written}"
            names = [p.name for p in where.parent.iterdir()] if where.parent.is_dir() else []
            found.append(problem_at(tree, path, "a file", what, _meant(where, names)))
            continue
        table = tree.value(path[:-1])
        table[path[-1]] = str(where)
    if found:
        raise InputError.collect(found)


def _meant(where: Path, names: list[str]) -> str:
    """The file of the nearest name; where none is near, what of the same kind lies there."""
    same = sorted(name for name in names if Path(name).suffix == where.suffix)
    return did_you_mean(where.name, names) or (f"there is: {', '.join(same)}" if 0 < len(same) <= 5 else "")


def _path_keys(root: type[BaseModel]) -> list[str]:
    return [setting.key for setting in settings(root) if setting.unit == "path"]


# ------------------------------------------------------------------------------------------------ the resolved form


def resolved_toml(scenario: BaseModel) -> str:
    """The complete scenario as one TOML text that extends nothing; loading it gives the same hash."""
    return tomli_w.dumps(plain_tree(scenario).data)


def digest(scenario: BaseModel) -> str:
    """SHA-256 of the canonical JSON of a scenario; a data file counts by its content, not by its place."""
    tree = plain_tree(scenario)
    for key, path in _data_files(scenario).items():
        at = parse_key(key)
        tree.value(at[:-1])[at[-1]] = _file_hash(path)
    text = json.dumps(tree.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def data_hash(scenario: BaseModel) -> str | None:
    """SHA-256 over the data files a scenario names; None where it names none."""
    found = _data_files(scenario)
    if not found:
        return None
    return hashlib.sha256("\n".join(_file_hash(path) for path in found.values()).encode()).hexdigest()


def run_name(scenario: BaseModel) -> str:
    """Name of a run folder: ``<name>-<first 8 digits of the hash>``."""
    return f"{getattr(scenario, 'name', 'scenario')}-{digest(scenario)[:8]}"


def _data_files(scenario: BaseModel) -> dict[str, Path]:
    found = {s.key: value for s, value in values(scenario) if s.unit == "path" and value}
    return {key: Path(value) for key, value in found.items()}


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError("a readable file", found=(error.strerror or "").lower(), file=str(path)) from None


def origin_of(path: str | Path, key: str) -> str:
    """``file:line`` where a scenario's value comes from; empty where it is not set (for `explain`)."""
    origin = lay(layers(path)).origin(parse_key(key))
    return f"{origin.file}:{origin.line}" if origin and origin.line else ""
