"""Run folders: whole or absent, the same bytes for the same run, clear words when the disk refuses."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from vipsim import results
from vipsim.scenario.errors import InputError, StorageError

MANIFEST = results.Manifest(
    name="small",
    scenario_hash="0123456789abcdef",
    data_hash=None,
    seed=1,
    replications=2,
    engine="compiled",
    twin=False,
    created="2025-01-01T00:00:00+00:00",
    versions=results.versions(),
)


def kpis(value: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "replication": [0, 1, 0, 1],
            "branch": "small",
            "kpi": ["a", "a", "b", "b"],
            "value": [value, 2.0, np.nan, 0.5],
            "unit": "min",
        }
    )


def write(parent: Path, manifest: results.Manifest = MANIFEST, value: float = 1.0) -> Path:
    tables = {"kpis": kpis(value), "visits": pa.table({"visit": [1, 2], "start": [0.5, None]})}
    return results.write(parent, manifest, 'name = "small"\n', tables)


def test_a_run_folder_holds_manifest_scenario_and_tables(tmp_path: Path) -> None:
    folder = write(tmp_path / "results")
    assert folder.name == "small-01234567"
    assert {p.name for p in folder.iterdir()} == {
        "run.json",
        "scenario.resolved.toml",
        "kpis.parquet",
        "visits.parquet",
    }
    assert results.read_manifest(folder) == MANIFEST
    pd.testing.assert_frame_equal(results.read_table(folder, "kpis"), kpis(), check_dtype=False)
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]  # nothing left beside


def test_equal_runs_have_equal_bytes_but_for_the_time(tmp_path: Path) -> None:
    one = write(tmp_path / "one")
    other = write(tmp_path / "other", replace(MANIFEST, created="2031-12-31T00:00:00+00:00"))
    for name in ("kpis.parquet", "visits.parquet", "scenario.resolved.toml"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    differing = {
        key
        for key, value in json.loads((one / "run.json").read_text()).items()
        if value != json.loads((other / "run.json").read_text())[key]
    }
    assert differing == {"created"}


def test_the_tables_name_no_pandas_version(tmp_path: Path) -> None:
    folder = write(tmp_path)
    assert b"pandas" not in (folder / "kpis.parquet").read_bytes()


def test_an_existing_folder_is_replaced_whole(tmp_path: Path) -> None:
    first = write(tmp_path)
    (first / "note.txt").write_text("of the old run")
    second = write(tmp_path, value=9.0)
    assert second == first
    assert not (second / "note.txt").exists()
    assert results.read_table(second, "kpis")["value"][0] == 9.0
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"replications": 3}, {"twin": True}, {"engine": "simpy"}, {"data_hash": "f0"}]
)
def test_a_run_of_other_settings_goes_beside_and_nothing_is_lost(tmp_path: Path, other: dict[str, Any]) -> None:
    first, changed = write(tmp_path), replace(MANIFEST, **other)
    second = write(tmp_path, changed, value=9.0)
    third = write(tmp_path, replace(changed, replications=50), value=7.0)
    assert [folder.name for folder in (first, second, third)] == [MANIFEST.folder + end for end in ("", "-2", "-3")]
    assert write(tmp_path, changed, value=9.0) == second  # the same settings find their own folder again
    kept = [results.read_table(folder, "kpis")["value"][0] for folder in (first, second, third)]
    assert kept == [1.0, 9.0, 7.0]


def test_a_folder_that_is_no_run_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / MANIFEST.folder).mkdir()
    (tmp_path / MANIFEST.folder / "thesis.txt").write_text("mine")
    assert write(tmp_path).name == MANIFEST.folder + "-2"
    assert (tmp_path / MANIFEST.folder / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EACCES, "no right to write"),
        (errno.EROFS, "no right to write"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_disk_that_refuses_leaves_the_old_run_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    old = write(tmp_path)

    def refuse(path: Path, table: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(results, "write_table", refuse)
    with pytest.raises(StorageError, match=says):
        write(tmp_path, value=9.0)
    assert [p.name for p in tmp_path.iterdir()] == [old.name]
    assert results.read_table(old, "kpis")["value"][0] == 1.0


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        write(tmp_path / "results")


def test_a_rename_that_fails_puts_the_old_run_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = write(tmp_path)
    rename = Path.rename
    calls = []

    def fail_second(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_second)
    with pytest.raises(StorageError):
        write(tmp_path, value=9.0)
    assert results.read_table(old, "kpis")["value"][0] == 1.0
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "a run folder"),
        ("{", "a readable run.json"),
        ("[]", "schema_version 1"),
        ('{"schema_version": 7}', "schema_version 1"),
        ('{"schema_version": 1}', "a complete manifest"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, content: str | None, expected: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError) as caught:
        results.read_manifest(tmp_path)
    assert caught.value.expected == expected


def test_changes_are_exact_and_undefined_equals_undefined() -> None:
    assert results.changes(kpis(), kpis()) == []
    (change,) = results.changes(kpis(), kpis(np.nextafter(1.0, 2.0)))
    assert (change.kpi, change.replication, change.then) == ("a", 0, 1.0)
    missing = results.changes(kpis(), kpis().iloc[1:])
    assert [(c.kpi, c.replication) for c in missing] == [("a", 0)]


def test_a_table_that_is_missing_or_torn_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        results.read_table(folder, "months")
    (folder / "kpis.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(InputError, match="a Parquet table"):
        results.read_table(folder, "kpis")
