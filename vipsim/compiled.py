"""Compilation: the decorators for every kernel, and where its machine code is kept.

Numba's disk cache looks only at the file of the function it compiles, not at the kernels that function
calls in other files. Machine code is therefore kept per room (a folder or a file of the package) under a hash of
that room, of every room it imports, and of the versions that produce code: an edit compiles anew whatever stands
on it, and a stale kernel can never run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

_PACKAGE = Path(__file__).resolve().parent
_HERE = (sys.version, str(_PACKAGE))
_STALE_AFTER_S = 30 * 24 * 3600.0


@cache
def package_fingerprint() -> str:
    """Hash of the package's source and of the versions behind its numbers: what a remembered result is tied to."""
    return _fingerprint(_rooms(), *_HERE)


@cache
def source_fingerprint() -> str:
    """As ``package_fingerprint``, but the same wherever the package lies: two machines ask whether they agree."""
    return _fingerprint(_rooms())


@cache
def _rooms() -> dict[str, list[Path]]:
    """Source files of every room of the package, by the room's name."""
    rooms: dict[str, list[Path]] = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        rooms.setdefault(path.relative_to(_PACKAGE).parts[0].removesuffix(".py"), []).append(path)
    return rooms


@cache
def _source(path: Path) -> bytes:
    return path.read_bytes()


def _fingerprint(names: Iterable[str], *places: str) -> str:
    digest = hashlib.sha256()
    versions = (numba.__version__, llvmlite.__version__, np.__version__, *places)
    digest.update("\n".join(versions).encode())
    for name in sorted(names):
        for path in _rooms()[name]:
            digest.update(str(path.relative_to(_PACKAGE)).encode())
            digest.update(_source(path))
    return digest.hexdigest()[:16]


_IMPORT = re.compile(rb"^\s*(?:from vipsim\.(\w+)|from vipsim import ([\w ,]+)|import vipsim\.(\w+))", re.MULTILINE)


def _imported(room: str) -> set[str]:
    """Rooms that a room's files name in their imports."""
    found = set()
    for path in _rooms()[room]:
        for one, several, other in _IMPORT.findall(_source(path)):
            names = [x.split()[0] for x in several.decode().split(",")] if several else [(one or other).decode()]
            found.update(names)
    return found & set(_rooms())


def _below(room: str) -> set[str]:
    """A room and every room it imports, directly or through others."""
    found: set[str] = set()
    left = [room]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _imported(name)
    return found


def _cache_root() -> Path:
    root = os.environ.get("VIPSIM_CACHE_DIR")
    if root:
        return Path(root)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vipsim"


def _forget_stale(root: Path) -> None:
    """Remove machine code of other versions of the package that nobody used for a month."""
    for folder in root.iterdir():
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _STALE_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _cache_of(room: str) -> Path | None:
    """The folder of a room's machine code; None where the disk may not be written."""
    below = _below(room) if room in _rooms() else _rooms()  # a kernel outside the package may call any
    try:
        folder = _cache_root() / f"{room}-{_fingerprint(below, *_HERE)}"
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _forget_stale(folder.parent)
    except (OSError, RuntimeError):  # RuntimeError: no home directory is known
        return None
    return folder if os.access(folder, os.W_OK) else None


def _compiled(function: Any, **options: Any) -> Any:
    package, _, rest = function.__module__.partition(".")
    folder = _cache_of(rest.partition(".")[0] if package == "vipsim" else "outside")
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # read when the decorator is applied
    options |= {"cache": folder is not None, "no_cfunc_wrapper": True}  # nobody calls kernels from C
    return _without_variants(numba.njit(error_model="numpy", nogil=True, **options)(function))


def _without_variants(compiled: Any) -> Any:
    """Let other kernels hand whole numbers to this one as 64 bits, whatever they hold.

    Numba compiles a callee anew for every constant and every width of integer that it is given: that was half of all
    compilation. The general version is no slower; pasted into its caller, it knows the constants as well.
    """
    if not hasattr(compiled, "get_call_template"):  # NUMBA_DISABLE_JIT leaves plain Python
        return compiled
    exact = compiled.get_call_template

    def widened(args: Any, keywords: Any) -> Any:
        return exact([_widened(kind) for kind in args], {name: _widened(kind) for name, kind in keywords.items()})

    compiled.get_call_template = widened  # what the type inference of a caller asks
    return compiled


def _widened(kind: Any) -> Any:
    """The type in which an argument is handed on: signed integers as int64, constants as their type."""
    types: Any = numba.types
    kind = types.unliteral(kind)
    return types.int64 if isinstance(kind, types.Integer) and kind.signed else kind


def kernel(function: Any) -> Any:
    """Compile ``function`` on its first call; from the disk cache afterwards.

    No fastmath: both engines must give the same last bit. ``NUMBA_DISABLE_JIT=1`` runs the same source as
    plain Python.
    """
    return _compiled(function)


def lean(function: Any) -> Any:
    """Compile a kernel that allocates nothing: no reference counts are kept of the arrays it is given.

    Counting costs more than the work in small functions of an event loop (measured: three quarters of a lobby
    day). The function may read and write arrays and records, but not make arrays or slices.
    """
    return _compiled(function, _nrt=False)


def pasted(function: Any) -> Any:
    """As ``lean``, and machine code pastes it into its callers: for functions that are given many arrays.

    An array goes to a function as seven numbers; a score of arrays through a chain of small functions cost more than
    what they did (measured on the service process).
    """
    return _compiled(function, _nrt=False, forceinline=True)


def inlined(function: Any) -> Any:
    """Compile a small function that is pasted into its callers, so that their loops can be vectorised."""
    return numba.njit(inline="always", error_model="numpy", nogil=True)(function)


def is_warm() -> bool:
    """Whether this version's machine code is on disk already (else the first run compiles)."""
    folders = [_cache_of(room) for room in ("month", "days")]  # the rooms at the top: no kernel stands above them
    return all(folder is not None and any(folder.rglob("*.nbi")) for folder in folders)
