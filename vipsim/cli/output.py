"""What the command line says: data on stdout, talk and progress on stderr, one JSON document with ``--json``."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

SCHEMA_VERSION = 1


def document(command: str, content: Mapping[str, Any]) -> None:
    """Print the one JSON document of a command."""
    whole = {"schema_version": SCHEMA_VERSION, "command": command, **content}
    print(json.dumps(plain(whole), ensure_ascii=False, indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """A value as JSON has it: what is undefined becomes null, arrays become lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def data(text: str) -> None:
    """Print what was asked for."""
    print(text)


def talk(text: str) -> None:
    """Say something to the person, not to the pipe."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr where that is a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def say_if_compiling() -> None:
    """The first run after an installation or an edit compiles for some minutes: say so."""
    from vipsim.compiled import is_warm

    if not is_warm():
        talk("compiling: some minutes, at the first run only")


def warn_of_calendar(scenario: Any) -> None:
    """Say where the days that count stand on a calendar that is not known yet."""
    from vipsim.horizon import calendar_warnings

    for warning in calendar_warnings(scenario, window_only=True):
        talk(f"warning: {scenario.name}: {warning}")
