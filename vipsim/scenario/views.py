"""Scenario sections as kernels read them: a named tuple with the same field names, numbers and arrays only.

``view(section)`` turns a section into such a tuple: switches and choices become whole numbers (a choice its place
in the field's list of choices), lists become float arrays, nested sections nested tuples. Text and laws are left
out: laws have ``variate()``.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, Literal, get_args, get_origin

import numpy as np

from vipsim.scenario.fields import Section


def _number(section: Section, name: str) -> Any:
    value = getattr(section, name)
    annotation = type(section).model_fields[name].annotation
    if isinstance(value, Section):
        return view(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, list):
        return np.asarray(value, dtype=np.float64)
    if get_origin(annotation) is Literal:
        return get_args(annotation).index(value)
    raise TypeError(f"{type(section).__name__}.{name} has no numeric view")


def view(section: Section) -> Any:
    """A section as a named tuple of numbers. Raises TypeError for text."""
    names = list(type(section).model_fields)
    kind = namedtuple(type(section).__name__ + "View", names)  # type: ignore[misc]
    return kind(*(_number(section, name) for name in names))
