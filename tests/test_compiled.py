"""Machine code is kept per room: an edit compiles anew what stands on it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from vipsim import compiled


def test_a_room_stands_on_what_it_imports_directly_or_not() -> None:
    assert {"lobby", "outreach", "customers", "draws", "compiled"} <= compiled._below("days")
    assert "customers" not in compiled._below("lobby")
    assert "lobby" not in compiled._below("month")
    assert not {"cli", "optimise", "experiment", "results"} & compiled._below("days")


@pytest.mark.parametrize(
    ("edited", "stale"), [("outreach", {"outreach", "month", "day", "days"}), ("lobby", {"lobby", "day", "days"})]
)
def test_an_edit_makes_stale_what_stands_on_it(edited: str, stale: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = ("draws", "customers", "outreach", "lobby", "month", "day", "days")

    def prints() -> dict[str, str]:
        return {room: compiled._fingerprint(compiled._below(room)) for room in kernels}

    before = prints()
    path = compiled._rooms()[edited][-1]
    source = compiled._source
    monkeypatch.setattr(compiled, "_source", lambda p: source(p) + (b"\n# edited" if p == path else b""))
    after = prints()
    assert {room for room in kernels if before[room] != after[room]} == stale


def test_where_nothing_may_be_written_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("VIPSIM_CACHE_DIR", str(blocked))
    compiled._cache_of.cache_clear()
    try:
        assert compiled._cache_of("days") is None
        assert not compiled.is_warm()
    finally:
        compiled._cache_of.cache_clear()
