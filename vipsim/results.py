"""A run on disk: one folder with its manifest, its resolved scenario and its tables, written whole or not at all.

The tables hold no time of writing and no version: the same input gives the same bytes. What differs between two
equal runs, the time they were made, stands in ``run.json`` only.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from vipsim import __version__
from vipsim.scenario.errors import InputError, StorageError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA_VERSION = 1
MANIFEST = "run.json"
SCENARIO = "scenario.resolved.toml"
RECORDS = ("visits", "contacts", "customers", "months", "staff", "half_hours", "identification", "referrals", "funnel")
TABLES = ("kpis", *RECORDS)
_VERSIONS_OF = ("numpy", "numba", "scipy", "pandas", "pyarrow", "simpy", "optuna", "pydantic", "holidays")


@dataclass(frozen=True)
class Manifest:
    """What a run was made from: enough to make it again.

    ``created`` (UTC, ISO 8601) is the only field that two equal runs differ in.
    """

    name: str
    scenario_hash: str
    data_hash: str | None
    seed: int
    replications: int
    engine: str
    twin: bool
    created: str
    schema_version: int = SCHEMA_VERSION
    vipsim: str = __version__
    versions: dict[str, str] | None = None

    @property
    def folder(self) -> str:
        """Name of the run folder: ``<name>-<hash8>``; a run of other settings takes the next (``free_place``)."""
        return f"{self.name}-{self.scenario_hash[:8]}"

    @property
    def settings(self) -> tuple[object, ...]:
        """What the tables follow from, version of the program apart: a run of the same settings may replace this."""
        return (
            self.name,
            self.scenario_hash,
            self.data_hash,
            self.seed,
            self.replications,
            self.engine,
            self.twin,
        )


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for package in _VERSIONS_OF:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


# ------------------------------------------------------------------------------------------------ writing


def write(
    parent: Path,
    manifest: Manifest,
    resolved_toml: str,
    tables: Mapping[str, pa.Table | pd.DataFrame],
    documents: Mapping[str, str] | None = None,
) -> Path:
    """Write a run folder beside its place and rename it there; a reader never sees half a run.

    Parameters
    ----------
    parent : Path
        Folder of all runs; made where it is missing.
    tables : mapping
        Name -> table; each becomes ``<name>.parquet``.
    documents : mapping, optional
        File name -> text, such as the plan of a campaign.

    Returns
    -------
    Path
        The folder: ``<name>-<hash8>``, or the first of ``<name>-<hash8>-2``, ``-3`` ... that is free. A run of the
        same settings is replaced, anything else that lies there stays.

    Raises
    ------
    StorageError
        No space, no right to write. Nothing half-written stays.
    """
    target = free_place(parent, manifest)
    beside: Path | None = None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{manifest.folder}-", dir=parent))
        os.chmod(beside, 0o755)  # mkdtemp keeps its folder private; a result is for the team
        _write_text(beside / MANIFEST, json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n")
        _write_text(beside / SCENARIO, resolved_toml)
        for name, table in tables.items():
            write_table(beside / f"{name}.parquet", table)
        for name, text in (documents or {}).items():
            _write_text(beside / name, text)
        _put_in_place(beside, target)
    except OSError as error:
        raise StorageError(storage_message(error, target)) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
    return target


def free_place(parent: Path, manifest: Manifest) -> Path:
    """The first folder of a run's name that is empty, not there yet, or holds a run of the same settings."""
    number = 1
    while True:
        place = parent / (manifest.folder if number == 1 else f"{manifest.folder}-{number}")
        if not place.exists() or _may_go(place, manifest):
            return place
        number += 1


def _may_go(place: Path, manifest: Manifest) -> bool:
    """Whether nothing is lost when a run takes this place."""
    try:
        if place.is_dir() and not any(place.iterdir()):
            return True
        return read_manifest(place).settings == manifest.settings
    except (OSError, InputError, TypeError):
        return False  # no run, or one that this version cannot read: not ours to remove


def open_parent(parent: Path) -> None:
    """Make the folder of all runs and see that it takes files: said before hours are spent, not after.

    Raises
    ------
    StorageError
        No right to write, no space, a file in the way.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=parent).close()
    except OSError as error:
        raise StorageError(storage_message(error, parent)) from error


def storage_message(error: OSError, target: Path) -> str:
    """What the disk said, in words, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{target}: no space left on the disk; nothing was written. Free some, or write elsewhere with --out DIR"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{target}: no right to write here; nothing was written. Write elsewhere with --out DIR"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"{target}: a file stands where a folder is needed; nothing was written. Write elsewhere with --out DIR"
    return f"{target}: {error.strerror or error}; nothing was written"


def write_table(path: Path, table: pa.Table | pd.DataFrame) -> None:
    """Write one Parquet file whose bytes depend on the table alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    # pandas notes its own version in the metadata: equal tables would differ after an upgrade
    arrow = arrow.replace_schema_metadata(None).combine_chunks()
    pq.write_table(arrow, path, compression="zstd", version="2.6", row_group_size=1 << 20, use_dictionary=True)
    _to_disk(path)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    _to_disk(path)


def _to_disk(path: Path) -> None:
    """A full disk may only say so when the data are flushed: ask before the folder is renamed."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _put_in_place(beside: Path, target: Path) -> None:
    """Rename a folder to its place; POSIX renames over an empty folder only, so an old one steps aside first."""
    if not target.is_dir():
        beside.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    try:
        target.rename(aside / "run")
        try:
            beside.rename(target)
        except OSError:
            (aside / "run").rename(target)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


# ------------------------------------------------------------------------------------------------ reading


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a run folder.

    Raises
    ------
    InputError
        No such folder, no manifest, or a manifest that this version does not understand.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        siblings = [str(p.parent) for p in folder.parent.glob(f"*/{MANIFEST}")] if folder.parent.is_dir() else []
        found = "a folder without run.json" if folder.is_dir() else "no such folder"
        near = did_you_mean(str(folder), siblings)
        raise InputError("a run folder", found=found, file=str(folder), suggestion=near) from None
    except (OSError, ValueError) as error:
        raise InputError("a readable run.json", found=str(error), file=str(path)) from None
    if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
        version = content.get("schema_version") if isinstance(content, dict) else None
        raise InputError(f"schema_version {SCHEMA_VERSION}", found=repr(version), file=str(path), key="schema_version")
    names = set(Manifest.__dataclass_fields__)
    missing = {"name", "scenario_hash", "seed", "replications", "engine", "created"} - set(content)
    if missing:
        raise InputError("a complete manifest", found=f"no {', '.join(sorted(missing))}", file=str(path))
    return Manifest(**{"data_hash": None, "twin": False} | {key: v for key, v in content.items() if key in names})


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """One table of a run folder.

    Raises
    ------
    InputError
        The table is missing or not Parquet.
    """
    import pandas as pd

    path = folder / f"{name}.parquet"
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0]
        raise InputError("a Parquet table of a run", found=found, file=str(path)) from None


@dataclass(frozen=True)
class Change:
    """One KPI of one replication that a second run gave differently."""

    branch: str
    replication: int
    kpi: str
    then: float
    now: float


def changes(then: pd.DataFrame, now: pd.DataFrame) -> list[Change]:
    """What differs between two KPI tables, exactly; two undefined values are equal.

    A KPI that one table lacks counts as undefined there.
    """
    import pandas as pd

    key = ["branch", "replication", "kpi"]
    both = pd.merge(then[[*key, "value"]], now[[*key, "value"]], on=key, how="outer", suffixes=("_then", "_now"))
    same = (both["value_then"] == both["value_now"]) | (both["value_then"].isna() & both["value_now"].isna())
    columns = [both.loc[~same, name].tolist() for name in (*key, "value_then", "value_now")]
    return [Change(*row) for row in zip(*columns, strict=True)]
