"""Today's policy: the lever values that twins, run-in, run-off and gains compare with.

By default they are those of the root of ``extends``: the lowest layer that has a lever's table. ``[today]`` says
otherwise. A list of tables with levers in it (the shifts of a role) is one lever: shifts make sense together only.
"""

from __future__ import annotations

import copy
from typing import Any

from pydantic import BaseModel

from vipsim.scenario.documents import Document, Origin, Tree, problem_at
from vipsim.scenario.errors import InputError, Problem, did_you_mean
from vipsim.scenario.resolve import OMITTED, Root, plain, plain_tree, with_values
from vipsim.scenario.settings import Path, lever_values, parse_key, setting_at, settings


def lever_keys(root: type[BaseModel]) -> dict[str, bool]:
    """Key of every lever of the schema -> whether it is a list of tables with levers in it."""
    levers = [setting.key for setting in settings(root) if setting.role == "lever"]
    return {key.partition("[")[0]: "[" in key for key in levers}


def policy(scenario: BaseModel) -> dict[str, Any]:
    """The value of every lever, as ``today`` and a file hold it; "omitted" where it is not set."""
    found = {key: plain(value) for key, value in lever_values(scenario).items() if "[" not in key}
    tree = plain_tree(scenario)
    for key, is_list in lever_keys(type(scenario)).items():
        if is_list:
            try:
                found[key] = tree.value(parse_key(key))
            except KeyError:
                continue  # a section that this scenario does not have
    return found


def policy_today(scenario: Root) -> Root:
    """The same world under today's policy: the scenario with the lever values of ``today``."""
    today: dict[str, Any] = getattr(scenario, "today", {})
    present = policy(scenario)
    changes = {key: value for key, value in today.items() if present.get(key) != value}
    return with_values(scenario, changes) if changes else scenario


# ------------------------------------------------------------------------------------------------ filling it


def take_said(tree: Tree, root: type[BaseModel]) -> dict[str, Any]:
    """Take ``[today]`` out of the tree, with dotted lever keys however the files nest them.

    Raises
    ------
    InputError
        A key that is no lever.
    """
    written = tree.data.pop("today", {})
    tree.data["today"] = {}
    if not isinstance(written, dict):
        raise InputError.collect([problem_at(tree, ("today",), "a table of lever keys", repr(written))])
    levers = lever_keys(root)
    roles = {setting.key: setting.role for setting in settings(root)}
    said: dict[str, Any] = {}
    faults: list[Problem] = []

    def descend(value: Any, key: str, path: Path) -> None:
        role = _role_inside_names(root, key)
        if key in levers or role == "lever":
            said[key] = value
            tree.origins[("today", key)] = tree.origin(path) or Origin("", None, tree.origins[()].folder)
        elif key in roles or role:
            faults.append(problem_at(tree, path, "a lever", f"{key}, a {role or roles.get(key) or 'structural key'}"))
        elif isinstance(value, dict) and value:
            for name, inner in value.items():
                descend(inner, f"{key}.{name}" if key else name, (*path, name))
        else:
            whole = key.partition("[")[0]
            hint = f"give the whole list {whole}" if levers.get(whole) else did_you_mean(key, levers)
            faults.append(problem_at(tree, path, "the dotted key of a lever", key, hint))

    for name, value in written.items():
        descend(value, name, ("today", name))
    if faults:
        raise InputError.collect(faults)
    return said


def _role_inside_names(root: type[BaseModel], key: str) -> str:
    """Role of a key inside a table of names, as ``campaigns.women_day.on``; empty for all others."""
    try:
        setting = setting_at(root, parse_key(key))
    except ValueError:
        return ""
    return setting.role if setting is not None and "[" not in key else ""


def fill(scenario: Root, tree: Tree, documents: list[Document], said: dict[str, Any]) -> Root:
    """The scenario with a complete ``today``: each lever as the lowest layer has it, then what ``[today]`` says.

    Raises
    ------
    InputError
        Today's policy is no legal one; blamed on the line of ``[today]``.
    """
    root = type(scenario)
    levers = {key: _lowest(parse_key(key), documents, root, value) for key, value in policy(scenario).items()} | said
    try:
        today = policy(policy_today(scenario.model_copy(update={"today": levers})))
    except InputError as error:
        raise InputError.collect([_blame(problem, tree) for problem in error.problems]) from None
    return scenario.model_copy(update={"today": {key: today[key] for key in sorted(today)}})


def _lowest(path: Path, documents: list[Document], root: type[BaseModel], otherwise: Any) -> Any:
    """A lever in the lowest layer that has its table; left out there, an optional lever is not set today."""
    for document in documents:
        try:
            table = Tree(document.data).value(path[:-1])
        except KeyError:
            continue
        if isinstance(table, dict) and path[-1] in table:
            return copy.deepcopy(table[path[-1]])
        setting = setting_at(root, path)
        if setting is not None and not setting.required:
            return OMITTED
    return otherwise


def _blame(problem: Problem, tree: Tree) -> Problem:
    origin = tree.origins.get(("today", problem.key)) or tree.origin(("today",))
    file, line = (origin.file, origin.line) if origin else ("", None)
    return Problem(problem.expected, problem.found, file, line, f"today: {problem.key}", problem.suggestion)
