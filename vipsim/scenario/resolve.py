"""From merged values to a checked scenario, and from one scenario to another with some keys set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vipsim.scenario.documents import Tree
from vipsim.scenario.errors import InputError, did_you_mean
from vipsim.scenario.settings import parse_key, values
from vipsim.scenario.translate import problems

Root = TypeVar("Root", bound=BaseModel)

OMITTED = "omitted"
"""The value that takes a key away: TOML has no null, and a layer or ``[today]`` may have to say "not set"."""


def validated(tree: Tree, root: type[Root]) -> Root:
    """The scenario that merged values declare.

    Raises
    ------
    InputError
        Every fault, each with the file and line it came from.
    """
    for name, value in tree.data.items():
        if name != "today":
            _drop_omitted(value)
    try:
        # The JSON door is the strict one that still takes arrays for tuples and texts for dates.
        return root.model_validate_json(json.dumps(tree.data, default=str))
    except ValidationError as error:
        raise InputError.collect(problems(error, tree, root)) from None


def with_values(scenario: Root, changes: Mapping[str, Any]) -> Root:
    """The scenario with some keys set, checked again.

    Parameters
    ----------
    changes : mapping
        Dotted key -> value, as in the file; "omitted" takes the key away.

    Raises
    ------
    InputError
        An unknown key, or a value that the schema refuses.
    """
    tree = plain_tree(scenario)
    for key, value in changes.items():
        path = parse_key(key)
        try:
            table = tree.value(path[:-1])
            table[path[-1]] = plain(value)
        except (KeyError, IndexError, TypeError):
            known = [setting.key for setting, _ in values(scenario)]
            raise InputError("a key of the scenario", found=key, suggestion=did_you_mean(key, known)) from None
    return validated(tree, type(scenario))


def plain_tree(scenario: BaseModel) -> Tree:
    """A scenario as the values of one file."""
    return Tree(scenario.model_dump(mode="json", exclude_none=True))


def plain(value: Any) -> Any:
    """A value as TOML and JSON hold it."""
    if value is None:
        return OMITTED
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _drop_omitted(value: Any) -> None:
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if item == OMITTED]:
            del value[key]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _drop_omitted(item)
