"""Chance: the generator against its published answers, addresses, and every inversion against SciPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from vipsim import draws
from vipsim.draws import (
    Address,
    category,
    draw,
    exponential,
    gamma_quantile,
    invert_profile,
    normal_quantile,
    pair,
    philox,
    poisson,
    uniform,
    variate,
)
from vipsim.scenario.fields import Constant, Exponential, Gamma, Lognormal, Never, Triangular, Weibull

STREAMS = {name: n for name, n in vars(draws).items() if name.isupper() and type(n) is int and not name.startswith("_")}
LAWS = {"NEVER", "CONSTANT", "EXPONENTIAL", "LOGNORMAL", "WEIBULL", "TRIANGULAR", "GAMMA"}
TAILS = [1e-300, 1e-100, 1e-30, 1e-15, 1e-10, 1e-6]
# Both tails as far as a uniform of 52 bits goes (and lower ones further), the middle, and the joints of AS 241.
MIDDLE = [1e-3, 0.05, 0.075, 0.0750001, 0.25, 0.5, 0.75, 0.925, 0.9250001, 0.99]
UNIFORMS = np.array([*TAILS, 2.0**-53, *MIDDLE, 1 - 1e-6, 1 - 1e-10, 1 - 1e-14, 1 - 2.0**-53])

# -------------------------------------------------------------------------------------- the generator


@pytest.mark.parametrize(
    ("words", "answer"),
    [  # kat_vectors of Random123 1.09, philox4x32 10: counter of four, key of two
        ([0] * 6, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 6, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_philox_gives_the_published_answers(words: list[int], answer: list[int]) -> None:
    assert list(philox(*(np.uint32(w) for w in words))) == answer


def plain_philox(counter: list[int], key: list[int], bits: int, multipliers: list[int], weyl: list[int]) -> list[int]:
    """Philox 4 x bits, 10 rounds, in whole numbers without end: Salmon et al., SC11 (2011), section 3.2."""
    low = 2**bits - 1
    a, b, c, d = counter
    for n in range(10):
        keys = [(k + n * w) & low for k, w in zip(key, weyl, strict=True)]
        p, q = a * multipliers[0], c * multipliers[1]
        a, b, c, d = (q >> bits) ^ b ^ keys[0], q & low, (p >> bits) ^ d ^ keys[1], p & low
    return [a, b, c, d]


def test_philox_is_numpys_but_for_the_size_of_its_words() -> None:
    """One plain text of the algorithm gives NumPy's Philox with words of 64 bits, and ours with words of 32."""
    g = np.random.default_rng(1)
    for _ in range(20):
        wide = [int(x) for x in g.integers(0, 2**64, 6, dtype=np.uint64)]
        words = np.array(wide, dtype=np.uint64)
        bits = np.random.Philox(counter=words[:4], key=words[4:]).random_raw(4)
        following = [wide[0] + 1, *wide[1:4]]  # NumPy counts one up before its first block
        large = [0xD2E7470EE14C6C93, 0xCA5A826395121157], [0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B]
        assert [int(x) for x in bits] == plain_philox(following, wide[4:], 64, *large)

        narrow = [int(x) for x in g.integers(0, 2**32, 6)]
        small = [0xD2511F53, 0xCD9E8D57], [0x9E3779B9, 0xBB67AE85]
        ours = philox(*(np.uint32(x) for x in narrow))
        assert [int(x) for x in ours] == plain_philox(narrow[:4], narrow[4:], 32, *small)


# ------------------------------------------------------------------------------------------- addresses


def test_streams_have_numbers_of_their_own() -> None:
    streams = {name: n for name, n in STREAMS.items() if name not in LAWS}
    assert len(streams) > 15
    assert sorted(streams.values()) == list(range(len(streams)))


def test_a_uniform_is_the_first_or_second_half_of_its_block() -> None:
    seed, replication, stream, branch, time, id, k = 7, 2**32 - 1, 5, 65535, 3, 2**32 - 1, 9
    counter = [id, time, k // 2, replication]
    words = philox(*(np.uint32(x) for x in (*counter, seed, stream | branch << 16)))
    cell = (int(words[2]) << 20) | (int(words[3]) >> 12)  # k is odd: the second half
    assert uniform(seed, replication, stream, branch, time, id, k) == (cell + 0.5) / 2**52
    address = Address(seed, replication, branch)
    both = pair(address, stream, time, id, k)
    assert both == (draw(address, stream, time, id, k - 1), draw(address, stream, time, id, k))
    assert both == pair(address, stream, time, id, k - 1)
    assert list(uniform(seed, replication, stream, branch, time, id, [k - 1, k])) == list(both)


@pytest.mark.parametrize("n", [0, 1, 16, 17, 40])
def test_pairs_drawn_together_are_those_drawn_alone(n: int) -> None:
    ids = np.arange(40, dtype=np.int32)[::-1].copy()
    first, second = np.full((2, 40), -1.0)
    draws.fill_pairs(Address(7, 3, 2), draws.LIFECYCLE, 5, 4, ids, n, first, second)
    for k, filled in ((4, first), (5, second)):
        assert np.array_equal(filled[:n], uniform(7, 3, draws.LIFECYCLE, 2, 5, ids[:n], k))


def test_one_more_customer_changes_no_other_draw() -> None:
    few = uniform(1, 0, draws.LIFECYCLE, 0, np.arange(30)[:, None], np.arange(100), 2)
    more = uniform(1, 0, draws.LIFECYCLE, 0, np.arange(31)[:, None], np.arange(101), 2)
    assert few.shape == (30, 100)
    assert np.array_equal(few, more[:30, :100])


def test_no_two_addresses_share_a_draw() -> None:
    """A change of any part of an address gives another draw; all lie strictly between 0 and 1."""
    grid = [
        uniform(seed, replication, stream, branch, np.arange(8)[:, None, None], np.arange(8)[:, None], np.arange(8))
        for seed in (0, 1, 2**32 - 1)
        for replication in (0, 1)
        for stream in (0, 1, 2)
        for branch in (0, 1)
    ]
    values = np.concatenate([g.ravel() for g in grid])
    assert len(np.unique(values)) == values.size == 36 * 512
    assert values.min() > 0.0
    assert values.max() < 1.0


@pytest.mark.parametrize(
    ("part", "wrong"),
    [(part, -1) for part in ("seed", "replication", "stream", "branch", "time", "id", "k")]
    + [(part, 2**32) for part in ("seed", "replication", "time", "id", "k")]
    + [(part, 2**16) for part in ("stream", "branch")],
)
def test_an_address_outside_its_bounds_is_refused(part: str, wrong: int) -> None:
    good = {"seed": 0, "replication": 0, "stream": 0, "branch": 0, "time": 0, "id": 0, "k": 0}
    uniform(**good)
    with pytest.raises(ValueError, match=part):
        uniform(**good | {part: wrong})


def test_no_draws_for_nobody() -> None:
    assert uniform(0, 0, 0, 0, 0, np.empty(0, dtype=int)).shape == (0,)


# ------------------------------------------------------------------- the draws as a sample, and its tests

RARE = 1e-4  # fixed seeds: a p-value below it is a fault, not chance


def fits(values: np.ndarray, law: stats.rv_continuous) -> bool:
    """Whether a sample may come from a law: Kolmogorov and Smirnov."""
    return bool(stats.kstest(values, law.cdf).pvalue > RARE)


def independent(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether pairs of uniforms fill the unit square evenly: chi-square over 16 x 16 cells."""
    cells = np.histogram2d(a, b, bins=16, range=[[0, 1], [0, 1]])[0].ravel()
    return bool(stats.chisquare(cells).pvalue > RARE)


def test_neighbouring_addresses_are_independent() -> None:
    n = np.arange(20000)

    def at(stream: int = 3, time: int = 5, k: int = 4, shift: int = 0, seed: int = 1) -> np.ndarray:
        return uniform(seed, 0, stream, 0, time, n + shift, k)

    first = at()
    assert fits(first, stats.uniform())
    for other in (at(stream=4), at(time=6), at(k=5), at(k=6), at(shift=1), at(seed=2)):
        assert independent(first, other)


def test_the_helpers_see_what_is_wrong() -> None:
    u = uniform(1, 0, 0, 0, 0, np.arange(20000))
    assert not independent(u, u)
    assert not independent(u, np.roll(u, 1) * 0.1 + u * 0.9)
    minutes = sample(Exponential(law="exponential", mean_min=4.0), u)
    assert fits(minutes, stats.expon(scale=4.0))
    assert not fits(minutes, stats.expon(scale=4.2))  # a twentieth too long
    assert not fits(minutes, stats.gamma(1.1, scale=4.0 / 1.1))  # the right mean, the wrong law


# ------------------------------------------------------------------------------------------------- laws


def sample(law: object, u: np.ndarray) -> np.ndarray:
    """Variates of a law, one per uniform."""
    v = law.variate()  # type: ignore[attr-defined]
    return np.array([variate(v, x) for x in u])


def test_normal_quantiles_are_scipys() -> None:
    np.testing.assert_allclose([normal_quantile(u) for u in UNIFORMS], stats.norm.ppf(UNIFORMS), rtol=1e-13, atol=1e-16)


def weibull(mean: float, shape: float) -> stats.rv_continuous:
    return stats.weibull_min(shape, scale=mean / stats.weibull_min(shape).mean())


# Exponential and Weibull take the uniform from above: u = share who last longer.
@pytest.mark.parametrize(
    ("law", "quantile"),
    [
        (Exponential(law="exponential", mean_min=4.0), stats.expon(scale=4.0).isf),
        (Weibull(law="weibull", mean_min=7.0, shape=1.5), weibull(7.0, 1.5).isf),
        (Weibull(law="weibull", mean_min=7.0, shape=0.5), weibull(7.0, 0.5).isf),
        (Weibull(law="weibull", mean_min=7.0, shape=20.0), weibull(7.0, 20.0).isf),
        (Triangular(law="triangular", low_min=2.0, mode_min=3.0, high_min=9.0), stats.triang(1 / 7, 2.0, 7.0).ppf),
        (Triangular(law="triangular", low_min=0.0, mode_min=0.0, high_min=9.0), stats.triang(0.0, 0.0, 9.0).ppf),
        (Triangular(law="triangular", low_min=0.0, mode_min=9.0, high_min=9.0), stats.triang(1.0, 0.0, 9.0).ppf),
    ],
)
def test_laws_are_scipys(law: object, quantile: object) -> None:
    expected = quantile(UNIFORMS)  # type: ignore[operator]
    near_zero = 1e-14 if isinstance(law, Triangular) else 0.0  # high - (high - x) loses what is far below high
    np.testing.assert_allclose(sample(law, UNIFORMS), expected, rtol=1e-12, atol=near_zero)


@pytest.mark.parametrize("cv", [0.05, 0.8, 3.0, 10.0])
def test_lognormal_is_scipys(cv: float) -> None:
    """The mean and coefficient of variation are those asked for, not the logarithm's."""
    sigma = np.sqrt(np.log1p(cv**2))
    law = stats.lognorm(sigma, scale=4.0 / np.exp(sigma**2 / 2))
    assert law.mean() == pytest.approx(4.0)
    assert law.std() == pytest.approx(4.0 * cv)
    ours = sample(Lognormal(law="lognormal", mean_min=4.0, cv=cv), UNIFORMS)
    np.testing.assert_allclose(ours, law.ppf(UNIFORMS), rtol=1e-11)


REACHABLE = UNIFORMS[UNIFORMS >= 2.0**-53]  # a draw is never nearer to 0 or 1


@pytest.mark.parametrize("shape", [0.01, 0.1, 0.5, 0.99, 1.0, 1.5, 4.0, 30.0, 400.0, 10_000.0])
def test_gamma_quantiles_are_scipys(shape: float) -> None:
    inner = np.linspace(0.001, 0.999, 301)
    ours = np.array([gamma_quantile(u, shape) for u in inner])
    np.testing.assert_allclose(ours, stats.gamma.ppf(inner, shape), rtol=1e-11, atol=1e-300)
    # In the tails a quantile is as good as its probability: rounding of F is all that lies between.
    ours = np.array([gamma_quantile(u, shape) for u in REACHABLE])
    back = stats.gamma.cdf(ours, shape)
    known = ours > 0.0  # of small shapes the low quantiles lie below the smallest number
    np.testing.assert_allclose(back[known], REACHABLE[known], rtol=1e-10, atol=1e-15 * max(shape, 10.0))
    assert np.all(stats.gamma.ppf(REACHABLE[~known], shape) == 0.0)


def test_gamma_has_the_mean_and_variation_asked_for() -> None:
    law = Gamma(law="gamma", mean_min=5.0, cv=0.4)
    inner = np.linspace(0.001, 0.999, 99)
    np.testing.assert_allclose(sample(law, inner), stats.gamma(6.25, scale=0.8).ppf(inner), rtol=1e-11)


def test_laws_without_chance() -> None:
    assert set(sample(Constant(law="constant", value_min=3.5), UNIFORMS)) == {3.5}
    assert set(sample(Never(law="never"), UNIFORMS)) == {np.inf}
    assert set(sample(Triangular(law="triangular", low_min=2.0, mode_min=2.0, high_min=2.0), UNIFORMS)) == {2.0}
    assert exponential(0.5, 2.0) == pytest.approx(2.0 * np.log(2.0))


def test_means_of_laws_are_their_samples() -> None:
    u = (np.arange(200_000) + 0.5) / 200_000  # a grid: the mean of the quantiles is the mean of the law
    for law in (
        Exponential(law="exponential", mean_min=4.0),
        Lognormal(law="lognormal", mean_min=4.0, cv=0.8),
        Weibull(law="weibull", mean_min=7.0, shape=1.5),
        Triangular(law="triangular", low_min=2.0, mode_min=3.0, high_min=9.0),
        Gamma(law="gamma", mean_min=5.0, cv=0.4),
    ):
        assert sample(law, u).mean() == pytest.approx(law.mean(), rel=1e-4)


# -------------------------------------------------------------------------------- counts and categories


@pytest.mark.parametrize("mean", [1e-9, 0.01, 0.7, 5.0, 49.9, 50.0, 50.1, 333.3, 17_000.0, 1e6])
def test_poisson_counts_are_scipys(mean: float) -> None:
    u = np.concatenate([uniform(3, 0, 0, 0, 0, np.arange(2000)), [1e-6, 1e-3, 0.999, 1 - 1e-6]])
    assert np.array_equal([poisson(x, mean) for x in u], stats.poisson.ppf(u, mean))


@pytest.mark.parametrize("mean", [*np.linspace(0.01, 120.0, 97), 400.0, 5000.0, 17_000.0, 1e6])
def test_the_rarest_poisson_counts_are_as_rare_as_they_should_be(mean: float) -> None:
    """To the last uniform: what rounding loses of a sum must not send the count to the end of the loop."""
    for tail in (2.0**-53, 1e-15, 1e-14, 1e-13, 1e-12, 1e-10):
        lost = 4e-15 * max(mean, 40.0)  # of a probability, by rounding of lgamma and of the sum
        law = stats.poisson(mean)
        high, low = poisson(1.0 - tail, mean), poisson(tail, mean)
        assert law.isf(tail + lost) <= high
        assert low <= law.ppf(tail + lost)
        assert law.pmf([low, high]).min() > 1e-22


def test_nobody_comes_at_a_mean_of_zero() -> None:
    assert poisson(0.999999, 0.0) == 0
    assert poisson(0.5, -1.0) == 0


def test_category_is_the_first_cumulative_share_above() -> None:
    cumulative = np.array([0.2, 0.2, 0.7, 1.0])  # the second never comes
    u = [1e-9, np.nextafter(0.2, 0), 0.2, 0.5, 0.7, 1 - 2.0**-53]
    assert [category(x, cumulative) for x in u] == [0, 0, 2, 2, 3, 3]
    assert category(0.9999, np.array([0.3, 0.9])) == 1  # rounding leaves none: the last


def test_times_of_a_profile_follow_its_cumulative_shares() -> None:
    shares = np.array([0.1, 0.0, 0.6, 0.3])
    cumulative = np.cumsum(shares)
    u = np.sort(uniform(5, 0, 0, 0, 0, np.arange(5000)))
    times = np.array([invert_profile(x, cumulative, 30.0) for x in u])
    back = np.interp(times, np.arange(5) * 30.0, np.concatenate([[0.0], cumulative]))
    np.testing.assert_allclose(back, u, atol=1e-12)
    assert np.all(np.diff(times) >= 0.0)
    assert not np.any((times > 30.0) & (times < 60.0))  # nobody comes in the empty slot
    assert invert_profile(0.1, cumulative, 30.0) == 60.0
    assert invert_profile(1 - 2.0**-53, cumulative, 30.0) <= 120.0


# ------------------------------------------------------------------------ the same source, not compiled

PRINT_DRAWS = """
import numpy as np
from vipsim import draws
from vipsim.draws import Address, Variate
address = Address(2025, 7, 3)
laws = [Variate(draws.EXPONENTIAL, 4.0, 0.0, 0.0), Variate(draws.LOGNORMAL, 1.1, 0.6, 0.0)]
laws += [Variate(draws.WEIBULL, 5.0, 0.7, 0.0), Variate(draws.TRIANGULAR, 1.0, 2.0, 9.0)]
laws += [Variate(draws.GAMMA, shape, 2.0, 0.0) for shape in (0.01, 0.3, 1.0, 6.0, 300.0)]
laws += [Variate(draws.CONSTANT, 2.5, 0.0, 0.0), Variate(draws.NEVER, 0.0, 0.0, 0.0)]
cumulative = np.array([0.2, 0.5, 1.0])
for id in (0, 1, 77, 2**31, 2**32 - 1):
    for k in (0, 1, 6):
        u = draws.draw(address, draws.SERVICE, 400, id, k)
        out = [u, *draws.pair(address, draws.SERVICE, 400, id, k)]
        out += [draws.variate(law, u) for law in laws]
        out += [draws.poisson(u, mean) for mean in (0.3, 20.0, 120.0)]
        out += [draws.category(u, cumulative), draws.invert_profile(u, cumulative, 30.0)]
        print(*(float(x).hex() for x in out))
print(*(x.hex() for x in draws.uniform(9, 0, 1, 0, 5, np.arange(6), 3).tolist()))
"""


def printed(**environment: str) -> list[list[float]]:
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-c", PRINT_DRAWS],
        env=os.environ | {"PYTHONPATH": str(root)} | environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    return [[float.fromhex(x) for x in line.split()] for line in done.stdout.splitlines()]


def test_compiled_and_plain_draws_are_the_same() -> None:
    """To the last bit, but for gamma: its lgamma is another in each, and rounds otherwise."""
    compiled, plain = printed(), printed(NUMBA_DISABLE_JIT="1")
    assert compiled[-1] == plain[-1]
    compiled, plain = (np.array(x[:-1]) for x in (compiled, plain))
    assert compiled.shape == (15, 19)
    gamma = np.arange(7, 12)
    assert np.array_equal(np.delete(compiled, gamma, axis=1), np.delete(plain, gamma, axis=1))
    np.testing.assert_allclose(compiled[:, gamma], plain[:, gamma], rtol=1e-11)
