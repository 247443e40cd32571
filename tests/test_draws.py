"""Chance: the generator against its known answers, inversion against SciPy, addresses that never meet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from math import inf

import numpy as np
import pytest
from scipy import special, stats

from vipsim import draws
from vipsim.draws import Address, Variate
from vipsim.scenario import fields

# Random123's known answers for Philox 4x32-10 (file kat_vectors): counter, key, result.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def philox_any_width(counter: tuple[int, ...], key: tuple[int, int], bits: int) -> tuple[int, ...]:
    """Philox 4xW-10 in whole numbers of Python, from the paper: W = 32 is ours, W = 64 is NumPy's."""
    m0, m1, w0, w1 = {
        32: (0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85),
        64: (0xD2E7470EE14C6C93, 0xCA5A826395121157, 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B),
    }[bits]
    low = 2**bits - 1
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1, c2, c3 = (p1 >> bits) ^ c1 ^ k0, p1 & low, (p0 >> bits) ^ c3 ^ k1, p0 & low
        k0, k1 = (k0 + w0) & low, (k1 + w1) & low
    return c0, c1, c2, c3


def ours(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """The words of ``draws.philox``."""
    plain = getattr(draws.philox, "py_func", draws.philox)
    with np.errstate(over="ignore"):
        return tuple(int(x) for x in plain(*(np.uint32(x) for x in (*counter, *key))))


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_known_answers_of_random123(counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]) -> None:
    assert ours(counter, key) == answer


def test_the_algorithm_is_numpys() -> None:
    g = np.random.default_rng(5)
    for _ in range(50):
        key64 = tuple(int(x) for x in g.integers(0, 2**64, 2, dtype=np.uint64))
        counter64 = tuple(int(x) for x in g.integers(0, 2**62, 4, dtype=np.uint64))
        numpys = np.random.Philox(key=np.array(key64, np.uint64), counter=np.array(counter64, np.uint64))
        following = (counter64[0] + 1, *counter64[1:])  # NumPy counts up before it draws
        assert tuple(int(x) for x in numpys.random_raw(4)) == philox_any_width(following, key64, 64)
        counter = tuple(int(x) for x in g.integers(0, 2**32, 4))
        key = tuple(int(x) for x in g.integers(0, 2**32, 2))
        assert ours(counter, key) == philox_any_width(counter, (key[0], key[1]), 32)


def test_an_address_fills_key_and_counter() -> None:
    words = philox_any_width((77, 12, 4 >> 1, 9), (123, 6 | 3 << 16), 32)
    first = (((words[0] << 32 | words[1]) >> 12) + 0.5) / 2**52
    second = (((words[2] << 32 | words[3]) >> 12) + 0.5) / 2**52
    assert float(draws.uniform(123, 9, 6, 3, 12, 77, 4)) == first
    assert float(draws.uniform(123, 9, 6, 3, 12, 77, 5)) == second


def test_uniforms_are_uniform_and_addresses_independent() -> None:
    u = draws.uniform(1, 0, draws.SERVICE, 0, np.arange(200)[:, None], np.arange(1000))
    assert stats.kstest(u.ravel(), "uniform").pvalue > 1e-3
    assert np.unique(u).size == u.size
    for other in (
        draws.uniform(2, 0, draws.SERVICE, 0, np.arange(200)[:, None], np.arange(1000)),
        draws.uniform(1, 1, draws.SERVICE, 0, np.arange(200)[:, None], np.arange(1000)),
        draws.uniform(1, 0, draws.PATIENCE, 0, np.arange(200)[:, None], np.arange(1000)),
        draws.uniform(1, 0, draws.SERVICE, 1, np.arange(200)[:, None], np.arange(1000)),
        draws.uniform(1, 0, draws.SERVICE, 0, np.arange(200)[:, None], np.arange(1000), 1),
    ):
        assert abs(np.corrcoef(u.ravel(), other.ravel())[0, 1]) < 4.0 / np.sqrt(u.size)


def test_one_more_id_changes_nobody_elses_draws() -> None:
    few = draws.uniform(1, 0, draws.ARRIVAL, 0, 3, np.arange(100), 2)
    more = draws.uniform(1, 0, draws.ARRIVAL, 0, 3, np.arange(101), 2)
    assert np.array_equal(few, more[:100])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 0, 0, 0, 0, 0, 0), "seed and replication"),
        ((0, 2**32, 0, 0, 0, 0, 0), "seed and replication"),
        ((0, 0, 65536, 0, 0, 0, 0), "stream and branch"),
        ((0, 0, 0, 0, -1, 0, 0), "time"),
        ((0, 0, 0, 0, 0, 2**32, 0), "id"),
    ],
)
def test_an_address_outside_its_bounds_is_refused(arguments: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draws.uniform(*arguments)


# -------------------------------------------------------------------------------------------- inversion

U = np.concatenate([[1e-15, 1e-12, 1e-9, 1e-6], np.linspace(0.001, 0.999, 999), 1.0 - np.array([1e-6, 1e-9, 1e-12])])


def triangular(low: float, mode: float, high: float) -> fields.Triangular:
    return fields.Triangular(law="triangular", low_min=low, mode_min=mode, high_min=high)


def weibull(shape: float) -> fields.Weibull:
    return fields.Weibull(law="weibull", mean_min=5.0, shape=shape)


def test_normal_quantile_is_scipys() -> None:
    assert np.array([draws.normal_quantile(u) for u in U]) == pytest.approx(special.ndtri(U), rel=1e-13, abs=1e-14)


@pytest.mark.parametrize(
    ("law", "exact"),
    [
        (fields.Exponential(law="exponential", mean_min=4.0), stats.expon(scale=4.0).isf),
        (fields.Constant(law="constant", value_min=4.0), lambda u: np.full_like(u, 4.0)),
        (fields.Never(law="never"), lambda u: np.full_like(u, inf)),
        (triangular(1.0, 2.0, 5.0), stats.triang(0.25, 1.0, 4.0).ppf),
        (triangular(1.0, 1.0, 5.0), stats.triang(0.0, 1.0, 4.0).ppf),
        (triangular(2.0, 2.0, 2.0), lambda u: np.full_like(u, 2.0)),
        (weibull(1.0), stats.weibull_min(1.0, scale=5.0).isf),
        (weibull(2.5), stats.weibull_min(2.5, scale=5.0 / special.gamma(1.4)).isf),
        (fields.Lognormal(law="lognormal", mean_min=6.0, cv=0.8),
         stats.lognorm(np.sqrt(np.log(1.64)), scale=6.0 / np.sqrt(1.64)).ppf),
        *[
            (fields.Gamma(law="gamma", mean_min=5.0, cv=cv), stats.gamma(1.0 / cv**2, scale=5.0 * cv**2).ppf)
            for cv in (0.05, 0.5, 1.0, 1.5)
        ],
    ],
)  # fmt: skip
def test_laws_invert_as_scipys(law: fields.Law, exact: object) -> None:
    values = np.array([draws.variate(law.variate(), u) for u in U])
    expected = exact(U)  # type: ignore[operator]
    far = U > 1.0 - 1e-7  # there the gamma law's distribution function cannot tell 1 - u apart any better
    assert values[~far] == pytest.approx(expected[~far], rel=1e-9)
    assert values[far] == pytest.approx(expected[far], rel=1e-5)


def test_a_law_has_the_mean_it_declares() -> None:
    u = (np.arange(200_000) + 0.5) / 200_000
    for law in (
        fields.Gamma(law="gamma", mean_min=5.0, cv=0.7),
        fields.Weibull(law="weibull", mean_min=5.0, shape=1.7),
        fields.Lognormal(law="lognormal", mean_min=5.0, cv=0.7),
        fields.Triangular(law="triangular", low_min=1.0, mode_min=4.0, high_min=10.0),
    ):
        values = np.array([draws.variate(law.variate(), x) for x in u[::10]])
        assert values.mean() == pytest.approx(law.mean(), rel=2e-3)


@pytest.mark.parametrize("mean", [1e-9, 0.01, 0.5, 1.0, 7.3, 49.9, 50.0, 130.0, 4000.0, 70000.0])
def test_poisson_is_the_smallest_count_that_reaches_u(mean: float) -> None:
    u = np.concatenate([[1e-9, 1e-6], np.linspace(0.0005, 0.9995, 400), [1.0 - 1e-9]])
    n = np.array([draws.poisson(x, mean) for x in u])
    assert np.all(stats.poisson.cdf(n, mean) >= u * (1.0 - 1e-10))
    assert np.all(stats.poisson.cdf(n - 1, mean) <= u * (1.0 + 1e-10))


def test_poisson_of_nothing_is_nothing() -> None:
    assert draws.poisson(0.9999999, 0.0) == 0


def test_category_takes_the_first_share_above_u() -> None:
    cumulative = np.array([0.2, 0.2, 0.7, 1.0])
    assert [draws.category(u, cumulative) for u in (0.0, 0.1999, 0.2, 0.69, 0.7, 1.0)] == [0, 0, 2, 2, 3, 3]


def test_a_profile_is_inverted_not_thinned() -> None:
    shares = np.array([0.5, 0.0, 0.3, 0.2])
    u = (np.arange(10_000) + 0.5) / 10_000
    times = np.array([draws.invert_profile(x, np.cumsum(shares), 30.0) for x in u])
    assert np.all(np.diff(times) > 0.0)
    counts = np.bincount((times // 30.0).astype(int), minlength=4)
    assert counts.tolist() == [5000, 0, 3000, 2000]  # the rush at the start keeps its full share
    assert draws.invert_profile(0.25, np.cumsum(shares), 30.0) == pytest.approx(15.0)


PLAIN = """
import json, sys
from vipsim import draws
from vipsim.draws import Address, Variate
a = Address(7, 3, 1)
u = [float(draws.draw(a, s, t, i, k)) for s, t, i, k in ((0, 0, 0, 0), (4, 17, 2**31 + 5, 3), (20, 700, 99, 64))]
laws = [(1, 3.0, 0.0, 0.0), (2, 4.0, 0.0, 0.0), (3, 1.2, 0.6, 0.0), (4, 3.0, 0.7, 0.0), (5, 1.0, 2.0, 6.0)]
v = [float(draws.variate(Variate(*law), x)) for law in laws for x in u]
n = [int(draws.poisson(x, m)) for x in u for m in (0.3, 20.0, 900.0)]
print(json.dumps([[x.hex() for x in u + v], n]))
"""


def test_plain_python_draws_the_same_bits() -> None:
    """Compiled and plain agree to the last bit, so that a debugger sees what the run did."""
    outputs = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, "-c", PLAIN], env=environment, capture_output=True, text=True, check=True, timeout=300
        )
        outputs.append(json.loads(done.stdout))
    assert outputs[0] == outputs[1]


def test_address_and_variate_are_plain_tuples() -> None:
    assert Address(1, 2, 3) == (1, 2, 3)
    assert Variate(draws.CONSTANT, 1.0, 0.0, 0.0)[1] == 1.0
