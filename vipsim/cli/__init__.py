"""The command line: ``vipsim init, check, run, compare, optimise, explain, schema, reproduce``.

Exit codes: 0 done, 1 `reproduce` found other numbers, 2 wrong usage, 3 invalid input or a disk that refuses,
4 no feasible setting, 5 interrupted or without workers, and resumable.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

DONE, DIFFERS, USAGE, INVALID, INFEASIBLE, INTERRUPTED = 0, 1, 2, 3, 4, 5


def main() -> None:
    """Entry point of the console script."""
    from vipsim.cli.app import app

    signal.signal(signal.SIGTERM, _stop)  # a batch system's "please stop" is handled as Ctrl-C is
    try:
        app()
    except SystemExit as ending:
        sys.exit(INTERRUPTED if ending.code == 128 + signal.SIGINT else ending.code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
