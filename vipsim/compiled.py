"""Compilation: the one decorator for every kernel, and where its machine code is kept.

Numba's disk cache looks only at the file of the function it compiles, not at the kernels that function
calls in other files. The cache directory is therefore named after a hash of the whole package and of the
versions that produce code: an edit anywhere compiles anew, and a stale kernel can never run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

_PACKAGE = Path(__file__).resolve().parent
_STALE_AFTER_S = 30 * 24 * 3600.0


@lru_cache(maxsize=1)
def package_fingerprint() -> str:
    """Hash of the package's source and of the versions behind its numbers: what a remembered result is tied to."""
    return _fingerprint(lambda path: True, sys.version, str(_PACKAGE))


@lru_cache(maxsize=1)
def source_fingerprint() -> str:
    """As ``package_fingerprint``, but the same wherever the package lies: two machines ask whether they agree."""
    return _fingerprint(lambda path: True)


def _fingerprint(counts: Callable[[Path], bool], *places: str) -> str:
    digest = hashlib.sha256()
    versions = (numba.__version__, llvmlite.__version__, np.__version__, *places)
    digest.update("\n".join(versions).encode())
    for path in filter(counts, sorted(_PACKAGE.rglob("*.py"))):
        digest.update(str(path.relative_to(_PACKAGE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


_NOT_COMPILED = (
    *("cli", "optimise", "calibrate", "report", "dashboard"),
    *("results.py", "experiment.py", "shards.py", "cluster.py"),
)


def _kernel_fingerprint() -> str:
    """As ``package_fingerprint``, of the rooms that compiled code is made of: a change elsewhere compiles nothing."""
    return _fingerprint(
        lambda path: path.relative_to(_PACKAGE).parts[0] not in _NOT_COMPILED, sys.version, str(_PACKAGE)
    )


def _cache_root() -> Path:
    root = os.environ.get("VIPSIM_CACHE_DIR")
    if root:
        return Path(root)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vipsim"


def _forget_stale(root: Path, keep: str) -> None:
    """Remove machine code of other versions of the package that nobody used for a month."""
    for folder in root.iterdir():
        old = folder.name != keep and time.time() - folder.stat().st_mtime > _STALE_AFTER_S
        if folder.is_dir() and old:
            shutil.rmtree(folder, ignore_errors=True)


def _open_cache() -> Path | None:
    """The folder of this version's machine code; None where the disk may not be written."""
    try:
        folder = _cache_root() / _kernel_fingerprint()
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _forget_stale(folder.parent, folder.name)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    return folder if os.access(folder, os.W_OK) else None


CACHE_DIR = _open_cache()
if CACHE_DIR is not None:
    numba.config.CACHE_DIR = str(CACHE_DIR)  # type: ignore[attr-defined]


def kernel(function: Any) -> Any:
    """Compile ``function`` on its first call; from the disk cache afterwards.

    No fastmath: both engines must give the same last bit. ``NUMBA_DISABLE_JIT=1`` runs the same source as
    plain Python.
    """
    return numba.njit(cache=CACHE_DIR is not None, error_model="numpy", nogil=True)(function)


def lean(function: Any) -> Any:
    """Compile a kernel that allocates nothing: no reference counts are kept of the arrays it is given.

    Counting costs more than the work in small functions of an event loop (measured: three quarters of a lobby
    day). The function may read and write arrays and records, but not make arrays or slices.
    """
    return numba.njit(cache=CACHE_DIR is not None, error_model="numpy", nogil=True, _nrt=False)(function)  # type: ignore[call-overload]


def inlined(function: Any) -> Any:
    """Compile a small function that is pasted into its callers, so that their loops can be vectorised."""
    return numba.njit(inline="always", error_model="numpy", nogil=True)(function)


def is_warm() -> bool:
    """Whether this version's machine code is on disk already (else the first run compiles)."""
    return CACHE_DIR is not None and any(CACHE_DIR.rglob("*.nbi"))
