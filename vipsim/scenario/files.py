"""Scenario files: read strictly, laid over each other, resolved once, hashed, written back.

Precedence is one sentence: what a file extends, then the file, then ``--set key=value``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli_w
from pydantic import BaseModel, ValidationError

from vipsim import shipped
from vipsim.scenario.documents import Document, Origin, Tree, apply_set, lay, layers, problem_at
from vipsim.scenario.errors import InputError, Problem, did_you_mean
from vipsim.scenario.schema import Scenario
from vipsim.scenario.settings import join_key, lever_values, parse_key, settings, values
from vipsim.scenario.translate import problems

__all__ = ["InputError", "data_hash", "digest", "load", "policy_today", "resolved_toml", "run_name", "with_values"]

Root = TypeVar("Root", bound=BaseModel)

SCHEMA_VERSION = 1
_OWN = ("name", "title")  # a file's own, never inherited from what it extends


def load(path: str | Path, overrides: Iterable[str] = (), root: type[Root] = Scenario) -> Root:  # type: ignore[assignment]
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
    today = _flat_today(tree, root)
    scenario = _validated(tree, root)
    return _with_today(scenario, tree, documents, today)


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


def _validated(tree: Tree, root: type[Root]) -> Root:
    try:
        # The JSON door is the strict one that still takes arrays for tuples and texts for dates.
        return root.model_validate_json(json.dumps(tree.data, default=str))
    except ValidationError as error:
        raise InputError.collect(problems(error, tree, root)) from None


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
            found.append(problem_at(tree, path, "a file", what, did_you_mean(where.name, names)))
            continue
        table = tree.value(path[:-1])
        table[path[-1]] = str(where)
    if found:
        raise InputError.collect(found)


def _path_keys(root: type[BaseModel]) -> list[str]:
    return [setting.key for setting in settings(root) if setting.unit == "path"]


# ------------------------------------------------------------------------------------------------ today's policy


def _flat_today(tree: Tree, root: type[BaseModel]) -> dict[str, Any]:
    """``[today]`` with dotted lever keys, however the file nests them; origins follow the new keys.

    Raises
    ------
    InputError
        A key that is no lever.
    """
    written = tree.data.pop("today", {})
    tree.data["today"] = {}
    if not isinstance(written, dict):
        raise InputError.collect([problem_at(tree, ("today",), "a table of lever keys", repr(written))])
    roles = {setting.key: setting.role for setting in settings(root)}
    flat: dict[str, Any] = {}
    faults: list[Problem] = []

    def descend(value: Any, key: str, path: tuple[str | int, ...]) -> None:
        role = roles.get(_general(key))
        if role == "lever":
            flat[key] = value
            tree.origins[("today", key)] = tree.origin(path) or Origin("", None, Path())
        elif role is not None:
            faults.append(problem_at(tree, path, "a lever", f"{key}, a {role or 'structural key'}"))
        elif isinstance(value, dict) and value:
            for name, inner in value.items():
                descend(inner, f"{key}.{name}" if key else name, (*path, name))
        else:
            levers = [k for k, r in roles.items() if r == "lever"]
            faults.append(problem_at(tree, path, "the dotted key of a lever", key, did_you_mean(key, levers)))

    descend(written, "", ("today",)) if written else None
    if faults:
        raise InputError.collect(faults)
    return flat


def _general(key: str) -> str:
    """``a[3].b`` -> ``a[].b``."""
    return "".join(part if isinstance(part, str) else "" for part in _with_brackets(key))


def _with_brackets(key: str) -> Iterable[str]:
    inside = False
    for letter in key:
        if letter == "]":
            inside = False
        if not inside:
            yield letter
        if letter == "[":
            inside = True


def _with_today(scenario: Root, tree: Tree, documents: list[Document], today: dict[str, Any]) -> Root:
    """Fill ``today``: each lever as the lowest layer sets it (the root of extends), then what ``[today]`` says."""
    policy: dict[str, Any] = {}
    for key, value in lever_values(scenario).items():
        path = parse_key(key)
        policy[key] = _plain(value)
        for document in documents:
            below = Tree(document.data)
            try:
                policy[key] = below.value(path)
            except KeyError:
                continue
            break
    policy.update(today)
    filled = scenario.model_copy(update={"today": {key: policy[key] for key in sorted(policy)}})
    try:
        policy_today(filled)
    except InputError as error:
        raise InputError.collect([_blame_today(problem, tree) for problem in error.problems]) from None
    return filled


def _blame_today(problem: Problem, tree: Tree) -> Problem:
    origin = tree.origins.get(("today", problem.key)) or tree.origin(("today",))
    file, line = (origin.file, origin.line) if origin else ("", None)
    return Problem(problem.expected, problem.found, file, line, f"today: {problem.key}", problem.suggestion)


def policy_today(scenario: Root) -> Root:
    """The same world under today's policy: the scenario with the lever values of ``today``.

    Twins, run-in, run-off and gains compare with it.
    """
    today: Mapping[str, Any] = getattr(scenario, "today", {})
    present = lever_values(scenario)
    changes = {key: value for key, value in today.items() if _plain(present.get(key)) != value}
    return with_values(scenario, changes) if changes else scenario


def with_values(scenario: Root, changes: Mapping[str, Any]) -> Root:
    """The scenario with some keys set, checked again.

    Parameters
    ----------
    changes : mapping
        Dotted key -> value, as in the file.

    Raises
    ------
    InputError
        An unknown key, or a value that the schema refuses.
    """
    tree = Tree(scenario.model_dump(mode="json", exclude_none=True))
    for key, value in changes.items():
        path = parse_key(key)
        try:
            table = tree.value(path[:-1])
            table[path[-1]] = _plain(value)
        except (KeyError, IndexError, TypeError):
            known = [setting.key for setting, _ in values(scenario)]
            raise InputError("a key of the scenario", found=key, suggestion=did_you_mean(key, known)) from None
    return _validated(tree, type(scenario))


def _plain(value: Any) -> Any:
    """A value as TOML and JSON hold it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


# ------------------------------------------------------------------------------------------------ the resolved form


def resolved_toml(scenario: BaseModel) -> str:
    """The complete scenario as one TOML text that extends nothing; loading it gives the same hash."""
    return tomli_w.dumps(scenario.model_dump(mode="json", exclude_none=True))


def digest(scenario: BaseModel) -> str:
    """SHA-256 of the canonical JSON of a scenario; a data file counts by its content, not by its place."""
    tree = Tree(scenario.model_dump(mode="json", exclude_none=True))
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


def keys(root: type[BaseModel] = Scenario) -> list[str]:
    """Every dotted key of the schema, for suggestions."""
    return [setting.key for setting in settings(root)]


def origin_of(path: str | Path, key: str) -> str:
    """``file:line`` where a scenario's value comes from; empty where it is not set (for `explain`)."""
    origin = lay(layers(path)).origin(parse_key(key))
    return f"{origin.file}:{origin.line}" if origin and origin.line else ""


__all__ += ["SCHEMA_VERSION", "join_key", "keys", "origin_of"]
