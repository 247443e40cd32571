"""From the validator's errors to problems a person can act on: file, line, key, expected, found, nearest spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from vipsim.scenario import units
from vipsim.scenario.documents import Tree, problem_at
from vipsim.scenario.errors import Problem, nearest
from vipsim.scenario.fields import PATTERNS
from vipsim.scenario.settings import (
    Path,
    Setting,
    field_at,
    join_key,
    section_at,
    sections_below,
    setting_at,
    settings,
)

_BOUND_ERRORS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of"})

_LENGTHS = frozenset({"too_short", "too_long", "string_too_short", "string_too_long"})
_SAME_WORDS = {"to": "until", "till": "until", "end": "until", "begin": "from", "start": "from", "since": "from"}


def problems(error: ValidationError, tree: Tree, model: type[BaseModel]) -> list[Problem]:
    """Every fault of a scenario, by file and line.

    A misspelt key is one fault, not two: the missing key that it stands for is left out.
    """
    found: list[Problem] = []
    meant: set[str] = set()
    missing: list[tuple[Path, Problem]] = []
    for item in error.errors(include_url=False):
        path = data_path(item["loc"], tree.data)
        if item["type"] == "extra_forbidden":
            problem, replacement = _unknown_key(path, tree, model)
            found.append(problem)
            meant.add(replacement)
        elif item["type"] in ("missing", "union_tag_not_found"):
            missing.append((path, _missing(path, item, tree, model)))
        else:
            found.append(_wrong_value(path, item, tree, model))
    missing = [(path, problem) for path, problem in missing if join_key(path) not in meant]
    misspelt = _misspelt_names([path for path, _ in missing], tree, model)
    found += [_unknown_name(path, gone, tree) for path, gone in misspelt.items()]
    found += [problem for path, problem in missing if path[:-1] not in misspelt]
    return sorted(set(found), key=lambda p: (p.file, p.line or 0, p.key))


def data_path(loc: tuple[int | str, ...], data: Any) -> Path:
    """The validator's location as a path in the data: tags of unions are left out."""
    path: list[str | int] = []
    here = data
    for depth, part in enumerate(loc):
        last = depth == len(loc) - 1
        inside = part in here if isinstance(here, Mapping) else isinstance(here, list) and isinstance(part, int)
        if inside:
            here = here[part]
        elif not (last and isinstance(here, Mapping) and isinstance(part, str)):
            continue
        path.append(part)
    return tuple(path)


# ------------------------------------------------------------------------------------------------ the cases


def _unknown_key(path: Path, tree: Tree, model: type[BaseModel]) -> tuple[Problem, str]:
    """An unknown key and the key it probably stands for."""
    table, name = path[:-1], str(path[-1])
    known = _known(table, tree, model)
    in_table = f"a key of [{join_key(table)}]" if table else "a key of a scenario"
    other_unit = units.same_thing_other_unit(name, known)
    unit, written = units.split(other_unit)[1], units.split(name)[1]
    if other_unit and units.meaning(unit) != units.meaning(written):
        expected = f"{other_unit}, in {units.meaning(unit)}"
        found = f"{name}, in {units.meaning(written)}" if written else f"{name}, without a unit"
        better = f"write {other_unit}" + (" and convert the value" if written else "")
        return problem_at(tree, path, expected, found, better), join_key((*table, other_unit))
    first, _, rest = name.partition("_")
    same = f"{_SAME_WORDS.get(first, '')}_{rest}"
    near = same if same in known else nearest(name, known)
    if near:
        return problem_at(tree, path, in_table, f"unknown key {name!r}", f"did you mean {near}?"), join_key(
            (*table, near)
        )
    elsewhere = _elsewhere(name, model)
    if elsewhere:
        return problem_at(tree, path, in_table, f"unknown key {name!r}", f"did you mean {elsewhere}?"), elsewhere
    hint = f"its keys: {', '.join(known)}" if 0 < len(known) <= 12 else ""
    return problem_at(tree, path, in_table, f"unknown key {name!r}", hint), ""


def _misspelt_names(missing: list[Path], tree: Tree, model: type[BaseModel]) -> dict[Path, list[str]]:
    """Tables in a table of names (campaigns) that are hardly meant as new ones, and the keys that each lacks.

    Somebody who declares a new one gives most of its keys; somebody who changes a known one gives one or two.
    """
    found: dict[Path, list[str]] = {}
    for path in missing:
        table = path[:-1]
        if len(table) > 1 and any(where == ".*" for where in _ways(table[:-1], model)):
            found.setdefault(table, []).append(str(path[-1]))
    needed = {table: sum(_is_needed(section) for section in section_at(model, table)) for table in found}
    return {table: gone for table, gone in found.items() if 2 * len(gone) > needed[table]}


def _ways(table: Path, model: type[BaseModel]) -> list[str]:
    field = field_at(model, table)
    return [] if field is None else [where for _, where in sections_below(field.annotation)]


def _is_needed(section: type[BaseModel]) -> int:
    return sum(field.is_required() for field in section.model_fields.values())


def _unknown_name(path: Path, gone: list[str], tree: Tree) -> Problem:
    """One line for a table of an unknown name, at the place where it is written."""
    around, name = join_key(path[:-1]), str(path[-1])
    known = [other for other in tree.value(path[:-1]) if other != name]
    thing = around.rpartition(".")[2].removesuffix("s")
    keys = f"the {len(gone)} keys that a new one lacks ({', '.join(gone)})"
    expected = f"a {thing} of the scenario, or {keys}"
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}" if 0 < len(known) <= 12 else ""
    return problem_at(tree, path, expected, f"unknown {thing} {name!r}", hint)


def _known(table: Path, tree: Tree, model: type[BaseModel]) -> list[str]:
    """Names allowed in a table; of a choice between sections, those of the one that its kind names."""
    sections = section_at(model, table)
    try:
        written = tree.value(table)
    except KeyError:
        written = {}
    fitting = [section for section in sections if _fits(section, written)] or sections
    return list(dict.fromkeys(name for section in fitting for name in section.model_fields))


def _fits(section: type[BaseModel], written: Any) -> bool:
    law = section.model_fields.get("law")
    if law is None or not isinstance(written, dict):
        return True
    return written.get("law") in getattr(law.annotation, "__args__", ())


def _elsewhere(name: str, model: type[BaseModel]) -> str:
    """The dotted key of the same or nearly the same name in another section."""
    by_name: dict[str, str] = {}
    for setting in settings(model):
        by_name.setdefault(setting.key.rpartition(".")[2], setting.key)
    near = name if name in by_name else nearest(name, by_name, cutoff=0.8)
    if near:
        return by_name[near]
    other = units.same_thing_other_unit(name, list(by_name))
    return by_name.get(other, "")


def _missing(path: Path, item: Any, tree: Tree, model: type[BaseModel]) -> Problem:
    if item["type"] == "union_tag_not_found":
        path = (*path, str(item["ctx"]["discriminator"]).strip("'"))
    setting = setting_at(model, path)
    what = f"the key {path[-1]}"
    if setting is not None:
        about = "; ".join(part for part in (setting.text, setting.range_text()) if part)
        what += f" ({about})"
    return problem_at(tree, path, what, "nothing")


def _wrong_value(path: Path, item: Any, tree: Tree, model: type[BaseModel]) -> Problem:
    kind, context = item["type"], item.get("ctx", {})
    setting = setting_at(model, path)
    value = show(item.get("input"))
    if kind == "union_tag_invalid":
        tag = str(context["discriminator"]).strip("'")
        tags = [t.strip().strip("'") for t in str(context["expected_tags"]).split(",")]
        near = nearest(str(context["tag"]), tags)
        return problem_at(
            tree,
            (*path, tag),
            f"one of {', '.join(tags)}",
            repr(context["tag"]),
            f"did you mean {near}?" if near else "",
        )
    if kind in _BOUND_ERRORS:
        in_list = setting is None or (setting.low is None and setting.high is None)
        return problem_at(tree, path, _noun(item["msg"]) if in_list else _allowed(setting), value)  # type: ignore[arg-type]
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        near = nearest(str(item.get("input")), choices)
        expected = f"one of {', '.join(choices)}" if choices else str(context.get("expected", item["msg"]))
        return problem_at(tree, path, expected, value, f"did you mean {near}?" if near else "")
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern", ""))
        return problem_at(tree, path, PATTERNS.get(pattern, f"a text of the form {pattern}"), value)
    if kind in _LENGTHS:
        return problem_at(tree, path, _length(kind, context), value)
    if kind == "value_error" or kind == "assertion_error":
        return _said_by_section(path, str(context.get("error", item["msg"])), tree)
    if kind == "wish":
        return problem_at(tree, path, str(context["expected"]), str(context["found"]), str(context["suggestion"]))
    if setting is not None and kind.endswith(("_type", "_parsing", "finite_number", "int_from_float")):
        return problem_at(tree, path, setting.range_text(), value)
    if kind == "model_type" or kind == "model_attributes_type":
        return problem_at(tree, path, "a table", value)
    return problem_at(tree, path, _noun(item["msg"]), value)


def _length(kind: str, context: Mapping[str, Any]) -> str:
    """How many elements or characters are wanted, in words."""
    least, most = context.get("min_length"), context.get("max_length")
    what = "character" if kind.startswith("string") else "element"
    number = least if least is not None else most
    return f"{'at least' if least is not None else 'at most'} {number} {what}{'' if number == 1 else 's'}"


def _allowed(setting: Setting) -> str:
    ending = ", the legal range of this lever" if setting.role == "lever" else ""
    return setting.range_text() + ending


def _said_by_section(path: Path, message: str, tree: Tree) -> Problem:
    """A rule between the keys of one section, in the section's own words; blamed on the first key it names."""
    try:
        table = tree.value(path)
    except KeyError:
        table = {}
    named = [word for word in re.findall(r"[a-z][a-z0-9_]*", message) if isinstance(table, dict) and word in table]
    expected, comma, found = message.removeprefix("Value error, ").removeprefix("expected ").rpartition(", found ")
    if not comma:
        expected, found = found, ""
    return problem_at(tree, (*path, named[0]) if named else path, expected, found)


def _noun(message: str) -> str:
    """``Input should be a valid date`` -> ``a valid date``."""
    return re.sub(r"^.*?should (be|have) ", "", message)


def show(value: Any) -> str:
    """A found value as the file would write it, short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = f'the text "{value}"'
    elif isinstance(value, list):
        text = f"a list of {len(value)}"
    elif isinstance(value, Mapping):
        text = "a table"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
