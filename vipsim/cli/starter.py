"""``vipsim init``: a starter project that runs as it is."""

from __future__ import annotations

import shutil
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
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copyfile(TEMPLATES / name, folder / name)
    except OSError as error:
        for name in names:
            (folder / name).unlink(missing_ok=True)
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        raise StorageError(results.storage_message(error, folder)) from error
    if json_output:
        document("init", {"folder": str(folder), "files": names})
        return DONE
    for name in names:
        data(str(folder / name))
    talk(f"next: vipsim run {folder / 'scenario.toml'}   (README.md says the rest)")
    return DONE
