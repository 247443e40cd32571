"""How a command ends: every foreseen failure becomes one clear message and its exit code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import typer

from vipsim.cli import INFEASIBLE, INTERRUPTED, INVALID
from vipsim.cli.output import document, talk
from vipsim.scenario.errors import InputError, StorageError, WorkersLostError

P = ParamSpec("P")


class NotFeasibleError(Exception):
    """A study without any setting that keeps its limits; carries what to print and the JSON content."""

    def __init__(self, message: str, content: dict[str, Any]) -> None:
        super().__init__(message)
        self.content = content


def guarded(command: str) -> Callable[[Callable[P, int | None]], Callable[P, None]]:
    """Decorator of a command: turns what went wrong into a message on stderr, a document and an exit code."""

    def decorate(function: Callable[P, int | None]) -> Callable[P, None]:
        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
            as_json = bool(kwargs.get("json_output"))
            try:
                code = function(*args, **kwargs)
            except InputError as error:
                for problem in error.problems:
                    talk(str(problem))
                if as_json:
                    document(command, {"error": "invalid input", "problems": [p.as_dict() for p in error.problems]})
                raise typer.Exit(INVALID) from None
            except StorageError as error:
                talk(str(error))
                if as_json:
                    document(command, {"error": "storage", "message": str(error)})
                raise typer.Exit(INVALID) from None
            except WorkersLostError as error:
                talk(f"{error}; what was done is kept. The same command goes on where this one stopped.")
                if as_json:
                    document(command, {"error": "workers lost", "message": str(error), "resumable": True})
                raise typer.Exit(INTERRUPTED) from None
            except NotFeasibleError as error:
                talk(str(error))
                if as_json:
                    document(command, {**error.content, "error": "no feasible setting"})
                raise typer.Exit(INFEASIBLE) from None
            except KeyboardInterrupt:
                talk("interrupted; nothing half-written. The same command goes on where this one stopped.")
                if as_json:
                    document(command, {"error": "interrupted", "resumable": True})
                raise typer.Exit(INTERRUPTED) from None
            if code:
                raise typer.Exit(code)

        return wrapped

    return decorate
