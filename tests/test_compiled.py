"""Machine code is kept per room: an edit compiles anew what stands on it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
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


def _shifted(value: int, by: int) -> int:
    return value * 3 + by


def _calls(widths: np.ndarray) -> int:
    return _callee(widths[0]["narrow"], 1) + _callee(widths[0]["wide"], 2) + _callee(7, widths[0]["narrow"])


_callee = compiled.lean(_shifted)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_kernel_is_compiled_once_for_constants_and_all_widths_of_integers() -> None:
    row = np.zeros(1, [("narrow", np.int8), ("wide", np.int64)])
    row["narrow"], row["wide"] = -5, 2**40
    plain = numba.njit(_shifted)
    expected = sum(_shifted(*pair) for pair in ((-5, 1), (2**40, 2), (7, -5)))
    assert compiled.kernel(_calls)(row) == expected
    assert len(_callee.signatures) == 1
    variants = numba.njit(lambda widths: plain(widths[0]["narrow"], 1) + plain(widths[0]["wide"], 2))
    assert variants(row) == expected - _shifted(7, -5)
    assert len(plain.signatures) == 2  # without it there is one for each: the day this fails it can go
