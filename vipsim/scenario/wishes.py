"""Rules between sections, refused with the exact key: several at once, each with what was expected and found."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


class Wish(NamedTuple):
    """A rule that a scenario breaks: the path of the key to blame, what the rule expects, what stands there."""

    path: tuple[str | int, ...]
    expected: str
    found: str
    suggestion: str = ""


def refuse(wishes: list[Wish], title: str) -> None:
    """Raise the validator's own error for all broken rules; do nothing where there is none."""
    if not wishes:
        return
    raise ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(
                type=PydanticCustomError(
                    "wish",
                    "expected {expected}, found {found}",
                    {"expected": wish.expected, "found": wish.found, "suggestion": wish.suggestion},
                ),
                loc=wish.path,
                input=None,
            )
            for wish in wishes
        ],
    )
