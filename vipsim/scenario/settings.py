"""Every setting of a scenario by its dotted key: role, unit, text, legal range, source.

Keys read as in the file: ``staff.relationship_manager.employed``; ``lobby.transactions[0].share`` is one element of
a list of tables, ``lobby.transactions[].share`` all of them; ``staff.roster.*.people`` all names of a table.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Setting:
    """One key of the schema.

    ``role`` is fact, uncertainty or lever; empty for structure (name, title) and for the parts of a law. ``low`` and
    ``high`` are the ends of the range, None where open; ``low_open``/``high_open``: the end itself is not allowed.
    """

    key: str
    role: str
    unit: str
    text: str
    source: str
    kind: str
    required: bool
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    choices: tuple[Any, ...] = ()

    def range_text(self) -> str:
        """The allowed values in words: ``a whole number from 0 to 20 people``."""
        if self.choices:
            return "one of " + ", ".join(map(repr, self.choices))
        kind, unit = self.kind, f" {self.unit}" if self.unit and self.unit not in _NO_UNITS else ""
        if self.unit == "probability" and kind == "a number":
            kind, unit = "a probability", ""
        if kind.startswith("a list") and unit:
            unit = f" ({self.unit})"
        low, high = self.low, self.high
        if low is None or high is None or self.low_open or self.high_open:
            ends = [
                "" if low is None else f"{'above' if self.low_open else 'at least'} {_plain(low)}",
                "" if high is None else f"{'below' if self.high_open else 'at most'} {_plain(high)}",
            ]
            span = " and ".join(end for end in ends if end)
        else:
            span = f"exactly {_plain(low)}" if low == high else f"from {_plain(low)} to {_plain(high)}"
        return f"{kind} {span}".rstrip() + unit


_NO_UNITS = ("switch", "choice", "text", "law")


def _plain(number: float) -> str:
    return f"{number:,.10g}".replace(",", " ") if abs(number) >= 1e5 else f"{number:.10g}"


# ------------------------------------------------------------------------------------------------ keys


def parse_key(key: str) -> Path:
    """Dotted key as a path: ``a.b[0].c`` -> ("a", "b", 0, "c").

    Raises
    ------
    ValueError
        Where the brackets hold no number.
    """
    path: list[str | int] = []
    for part in key.split("."):
        match = re.fullmatch(r"([^\[\]]+)((?:\[\d+\])*)", part.strip())
        if match is None:
            raise ValueError(f"{key!r} is not a key: expected names joined by dots, and [number] for a list's element")
        path.append(match.group(1))
        path.extend(int(index) for index in re.findall(r"\d+", match.group(2)))
    return tuple(path)


def join_key(path: Path) -> str:
    """The path as a dotted key."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


# ------------------------------------------------------------------------------------------------ the schema


def fields_of(model: type[BaseModel]) -> list[str]:
    return list(model.model_fields)


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Every setting of the schema, in the order of its definition."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        below = sections_below(field.annotation)
        if below and not role_of(field):
            for section, path in below:
                yield from settings(section, f"{key}{path}.")
        else:
            yield setting_of(key, field)


def setting_at(model: type[BaseModel], path: Path) -> Setting | None:
    """The setting that a path leads to, parts of a law included; None where there is none."""
    field = field_at(model, path)
    return None if field is None else setting_of(join_key(path), field)


def section_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The sections (several for a choice between them) that may stand at a path; empty where none may."""
    here: list[type[BaseModel]] = [model]
    names = [part for part in path if isinstance(part, str)]
    position = 0
    while position < len(names):
        name = names[position]
        fields = [section.model_fields[name] for section in here if name in section.model_fields]
        below = [pair for field in fields for pair in sections_below(field.annotation)]
        here = [section for section, _ in below]
        position += 1
        if any(where == ".*" for _, where in below):
            position += 1  # the name in a table of names
    return here


def field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    """The field that a path leads to (the list itself for one of its plain elements)."""
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return None
    for section in section_at(model, tuple(names[:-1])):
        if names[-1] in section.model_fields:
            return section.model_fields[names[-1]]
    return None


def sections_below(annotation: Any) -> list[tuple[type[BaseModel], str]]:
    """Sections inside a field's type, with how they are reached: "" direct, "[]" in a list, ".*" by name."""
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(annotation, "")]
    if origin is Annotated:
        return sections_below(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [pair for option in get_args(annotation) for pair in sections_below(option)]
    if origin in (list, tuple):
        return [(section, "[]" + path) for option in get_args(annotation) for section, path in sections_below(option)]
    if origin is dict:
        return [(section, ".*" + path) for section, path in sections_below(get_args(annotation)[1])]
    return []


def role_of(field: FieldInfo) -> str:
    return str(_extra(field).get("role", ""))


def setting_of(key: str, field: FieldInfo) -> Setting:
    """A pydantic field as a setting."""
    extra = _extra(field)
    bounds: dict[str, Any] = {}
    for item in field.metadata:
        if isinstance(item, annotated_types.Ge):
            bounds.update(low=item.ge)
        elif isinstance(item, annotated_types.Gt):
            bounds.update(low=item.gt, low_open=True)
        elif isinstance(item, annotated_types.Le):
            bounds.update(high=item.le)
        elif isinstance(item, annotated_types.Lt):
            bounds.update(high=item.lt, high_open=True)
    return Setting(
        key=key,
        role=role_of(field),
        unit=str(extra.get("unit", "")),
        text=field.description or "",
        source=str(extra.get("source", "")),
        kind=kind_of(field.annotation),
        required=field.is_required(),
        choices=choices_of(field.annotation),
        **bounds,
    )


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "date": "a date (2025-01-31)",
    "time": "a time",
    "Path": "a path",
    "Any": "a value",
}


def kind_of(annotation: Any) -> str:
    """A field's type in words: "a whole number", "a list of numbers", "a table"."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kind_of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        kinds = dict.fromkeys(kind_of(option) for option in get_args(annotation) if option is not type(None))
        return " or ".join(kinds)
    if origin in (list, tuple):
        inner = [option for option in get_args(annotation) if option is not Ellipsis]
        return f"a list of {_plural(kind_of(inner[0]))}" if inner else "a list"
    if origin is dict:
        return "a table of names"
    if origin is Literal:
        return "a choice"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a table"
    return _KINDS.get(getattr(annotation, "__name__", str(annotation)), "a value")


def _plural(kind: str) -> str:
    words = {"true or false": "true or false", "a date (2025-01-31)": "dates (2025-01-31)", "a choice": "choices"}
    return words.get(kind, re.sub(r"^an? ", "", kind) + "s")


def is_number(annotation: Any) -> bool:
    """Whether a field holds a number or numbers (a law counts: it holds minutes)."""
    origin = get_origin(annotation)
    if origin is Literal:
        return False
    if origin is not None:
        return any(is_number(option) for option in get_args(annotation) if option is not Ellipsis)
    return annotation in (int, float)


def choices_of(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return choices_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(choice for option in get_args(annotation) for choice in choices_of(option))
    return get_args(annotation) if get_origin(annotation) is Literal else ()


# ------------------------------------------------------------------------------------------------ a scenario's values


def values(scenario: BaseModel) -> Iterator[tuple[Setting, Any]]:
    """Every setting of a scenario with its value, lists of tables element by element."""
    yield from _values(scenario, ())


def _values(section: BaseModel, path: Path) -> Iterator[tuple[Setting, Any]]:
    for name, field in type(section).model_fields.items():
        here = (*path, name)
        value = getattr(section, name)
        if role_of(field) or not sections_below(field.annotation):
            yield setting_of(join_key(here), field), value
        else:
            yield from _inside(value, here)


def _inside(value: Any, path: Path) -> Iterator[tuple[Setting, Any]]:
    if isinstance(value, BaseModel):
        yield from _values(value, path)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _inside(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _inside(item, (*path, name))


def lever_values(scenario: BaseModel) -> dict[str, Any]:
    """The policy: dotted key -> value of every lever."""
    return {setting.key: value for setting, value in values(scenario) if setting.role == "lever"}
