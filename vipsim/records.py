"""Records: many numbers behind one pointer.

A kernel that takes a named tuple of two hundred numbers is compiled with two hundred arguments, and so is every
function it calls; a structured record is one pointer. Settings and rows of customers therefore go to the kernels as
records, read by the same names.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def _spec(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return np.dtype((np.record, [(name, *_column(item)) for name, item in value._asdict().items()]))
    return np.dtype(np.int64) if isinstance(value, (int, np.integer)) else np.dtype(np.float64)


def _column(value: Any) -> tuple[Any, ...]:
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape
    return (_spec(value),)


def _fill(record: Any, value: Any) -> None:
    for name, item in value._asdict().items():
        if hasattr(item, "_asdict"):
            _fill(record[name], item)
        else:
            record[name] = item


def as_record(value: Any) -> Any:
    """A named tuple of numbers, arrays of fixed length and such tuples, as one ``np.record``."""
    record = np.zeros(1, _spec(value)).view(np.recarray)[0]
    _fill(record, value)
    return record


def rows(count: int | tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Zeroed rows that are read by field name, in kernels and in plain Python: ``rows.age[i]``."""
    return np.zeros(count, dtype).view(np.recarray)
