"""Draws of one decision for many of today's visits at once: the compiler then works on several rows together.

The same as ``draws.py`` does for one number, to the last bit.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import sqrt

import numpy as np

from vipsim import draws
from vipsim.compiled import inlined, lean
from vipsim.draws import CENTRE, EXPONENTIAL, TRIANGULAR, normal_quantile, variate

_philox = inlined(getattr(draws.philox, "py_func", draws.philox))
_open_unit = inlined(getattr(draws._open_unit, "py_func", draws._open_unit))
_log_unit = inlined(getattr(draws.log_unit, "py_func", draws.log_unit))
_central_quantile = inlined(getattr(draws.central_quantile, "py_func", draws.central_quantile))


@lean
def to_minutes(v, column, start, n):
    """Uniforms into variates of one law, in place; of the most frequent laws several at once."""
    if v.law == EXPONENTIAL:
        for i in range(np.uint64(start), np.uint64(n)):
            column[i] = -v.a * _log_unit(column[i])
    elif v.law == TRIANGULAR and v.c > v.a:
        width = v.c - v.a
        for i in range(np.uint64(start), np.uint64(n)):
            u = column[i]
            rising = v.a + sqrt(u * width * (v.b - v.a))
            falling = v.c - sqrt((1.0 - u) * width * (v.c - v.b))
            column[i] = rising if u * width < v.b - v.a else falling
    else:
        for i in range(np.uint64(start), np.uint64(n)):
            column[i] = variate(v, column[i])


@lean
def to_normals(uniforms, normals, n):
    """Standard normal quantiles of n uniforms: the middle for all at once, then the few in the tails."""
    for j in range(n):
        normals[j] = _central_quantile(uniforms[j] - 0.5)
    for j in range(n):
        if abs(uniforms[j] - 0.5) > CENTRE:
            normals[j] = normal_quantile(uniforms[j])


@lean
def uniforms(address, stream, day, field, visits, start, n):
    """The two uniforms of a block for the rows start .. n, into ``visits.first`` and ``visits.second``.

    As ``draws.pair``, pasted into the loop so that the compiler works on several rows at once.
    """
    id = visits.id
    k = visits.k
    first = visits.first
    second = visits.second
    time = np.uint32(day)
    replication = np.uint32(address.replication)
    seed = np.uint32(address.seed)
    stream_of_branch = np.uint32(stream | address.branch << 16)
    for i in range(np.uint64(start), np.uint64(n)):
        block = np.uint32((k[i] + field) >> 1)
        a, b, c, d = _philox(np.uint32(id[i]), time, block, replication, seed, stream_of_branch)
        first[i] = _open_unit(a, b)
        second[i] = _open_unit(c, d)


@lean
def list_addresses(visits, listed, m):
    """Where the draws of the first m rows listed live, side by side, for ``uniforms_listed``."""
    for j in range(np.uint64(m)):
        visits.listed_id[j] = visits.id[listed[j]]
        visits.listed_k[j] = visits.k[listed[j]]


@lean
def uniforms_listed(address, stream, day, field, visits, m):
    """As ``uniforms`` for the m rows listed last: their two uniforms each, side by side in the order of the list."""
    id = visits.listed_id
    k = visits.listed_k
    first = visits.first
    second = visits.second
    time = np.uint32(day)
    replication = np.uint32(address.replication)
    seed = np.uint32(address.seed)
    stream_of_branch = np.uint32(stream | address.branch << 16)
    for j in range(np.uint64(m)):
        block = (k[j] + np.uint32(field)) >> np.uint32(1)
        a, b, c, d = _philox(id[j], time, np.uint32(block), replication, seed, stream_of_branch)
        first[j] = _open_unit(a, b)
        second[j] = _open_unit(c, d)
