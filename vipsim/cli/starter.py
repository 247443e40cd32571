"""``vipsim init``: a starter project that runs as it is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from vipsim import results
from vipsim.cli import DONE
from vipsim.cli.output import data, document, talk
from vipsim.scenario.errors import InputError, StorageError

TEMPLATES = Path(__file__).resolve().parent.parent / "starter"


def init(folder: Path, json_output: bool) -> int:
    """Copy the starter files into a new or empty folder.

    Raises
    ------
    InputError
        The folder holds something already.
    StorageError
        No right to write, no space; nothing half-written stays.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        found = "a folder that holds something already" if folder.is_dir() else "a file"
        raise InputError("a new or empty folder", found=found, file=str(folder))
    names = sorted(path.name for path in TEMPLATES.iterdir() if path.is_file())
    beside: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        beside.chmod(0o755)
        for name in names:
            shutil.copyfile(TEMPLATES / name, beside / name)
        beside.rename(folder)
    except OSError as error:
        raise StorageError(results.storage_message(error, folder)) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
    if json_output:
        document("init", {"folder": str(folder), "files": names})
        return DONE
    for name in names:
        data(str(folder / name))
    talk(f"next: vipsim run {folder / 'scenario.toml'}   (README.md says the rest)")
    return DONE
