"""What is wrong with an input: one clear message with file, line, key, what was expected and what was found.

Only the standard library is used here, so that every room and the command line can raise and show these errors
without loading anything heavy.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_NEARLY_THE_SAME = 0.85  # likeness of two spellings from which one is a slip of the other


@dataclass(frozen=True)
class Problem:
    """One fault of an input file.

    Attributes
    ----------
    expected : str
        What is wanted, as a noun phrase: "a number from 0 to 1".
    found : str
        What is there instead; empty where the message says it already.
    file, line, key : str, int or None, str
        Where: path as the user gave it, line counted from 1, dotted key or column name.
    suggestion : str
        The nearest right spelling or the next step, as the user would type it.
    """

    expected: str
    found: str = ""
    file: str = ""
    line: int | None = None
    key: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.file and self.line else "")
        parts = [part for part in (where, self.key) if part]
        message = f"expected {self.expected}" + (f", found {self.found}" if self.found else "")
        if self.suggestion:
            message += f"; {self.suggestion}"
        return ": ".join([*parts, message])

    def as_dict(self) -> dict[str, str | int | None]:
        """The same, for ``--json``."""
        return {
            "file": self.file or None,
            "line": self.line,
            "key": self.key or None,
            "expected": self.expected,
            "found": self.found or None,
            "suggestion": self.suggestion or None,
        }


class InputError(Exception):
    """An input that cannot be used; carries every problem found, one line each (exit code 3).

    ``InputError("a number from 0 to 1", found="1.4", file=..., line=..., key=..., suggestion=...)`` for one problem,
    ``InputError.collect(problems)`` for several.
    """

    def __init__(
        self,
        expected: str = "",
        *,
        found: str = "",
        file: str = "",
        line: int | None = None,
        key: str = "",
        suggestion: str = "",
        problems: Iterable[Problem] = (),
    ) -> None:
        one = [Problem(expected, found, str(file), line, key, suggestion)] if expected else []
        self.problems: list[Problem] = [*one, *problems]
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[object, ...]:
        return (InputError.collect, (self.problems,))  # workers send their errors home

    @classmethod
    def collect(cls, problems: Iterable[Problem]) -> InputError:
        """All problems of one input in one error."""
        return cls(problems=problems)

    @property
    def expected(self) -> str:
        return self.problems[0].expected

    @property
    def found(self) -> str:
        return self.problems[0].found

    @property
    def file(self) -> str:
        return self.problems[0].file

    @property
    def line(self) -> int | None:
        return self.problems[0].line

    @property
    def key(self) -> str:
        return self.problems[0].key

    @property
    def suggestion(self) -> str:
        return self.problems[0].suggestion


class StorageError(Exception):
    """The disk refuses: no space, no right to write. Nothing half-written stays behind (exit code 3)."""


class WorkersLostError(Exception):
    """The workers went away before the job's end. What they gave is kept: the same command goes on (exit code 5)."""


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The known spelling nearest to ``word``; empty where none is near.

    A known word that the wrong one begins with ("wan" of "wan_yuan") is nearer than one that it merely resembles.
    """
    names = list(known)
    begins = [name for name in names if len(name) > 2 and re.match(re.escape(name) + r"[^A-Za-z0-9]", word)]
    found = difflib.get_close_matches(word, names, n=1, cutoff=_NEARLY_THE_SAME if begins else cutoff)
    return found[0] if found else max(begins, key=len, default="")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean X?`` for a misspelt word; empty where nothing is near."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else ""
