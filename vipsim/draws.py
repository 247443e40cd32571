# mypy: allow-untyped-defs, allow-untyped-calls
"""Chance: every draw has an address, and every variate is an inversion of one uniform.

``uniform(seed, replication, stream, branch, time, id, k)`` is a pure function of its seven whole numbers:
the counter-based generator Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC11, 2011). The address fills the generator's key and counter word by word, so no two addresses
meet: key = (seed, stream | branch << 16), counter = (id, time, k // 2, replication). One block of 128 bits
holds the uniforms of k and k + 1.

Bounds: seed, id, time, replication < 2**32; k < 2**33; stream, branch < 2**16; none negative.
"""

from __future__ import annotations

from math import exp, inf, lgamma, log, sqrt
from typing import NamedTuple

import numpy as np

from vipsim.compiled import inlined, kernel, lean

# Streams: one per kind of decision. Append only; a number is never used again for another purpose.
ARRIVAL = 0  # when a visit or walk-in comes
WALK_IN_COUNT = 1  # walk-ins of a (day, slot)
VISIT_COUNT = 2  # a customer's visits in a month
VISIT_KIND = 3  # transaction, card shown, choices of a visit
SERVICE = 4  # minutes of a visit's steps
PATIENCE = 5  # minutes a visitor waits
IDENTIFY = 6  # staff judging a visitor
DAY_FACTOR = 7  # over-dispersion of a day's demand
ABSENCE = 8  # a staff member's day
BOOK = 9  # generating the opening book
LIFECYCLE = 10  # month's transitions of a customer
OUTFLOW = 11  # size, detection and rescue of an outflow
MATURITY = 12  # what happens to maturing money
CONTACT = 13  # reach, interest, appointment, result of a contact
VISIT_RESULT = 14  # what a visit leads to: sale, complaint, lead
REFERRAL = 15  # who recommends, who is won
ASSETS = 16  # market return, saving
OWNERSHIP = 17  # who is assigned, who signs
TIER = 18  # card offers and acceptance
CAMPAIGN = 19  # invitations and response
TURNOVER = 20  # staff leaving, reward money leaving
BOOTSTRAP = 21  # resampling in statistics
SKILL = 22  # a staff member's pace, once for all days
ADOPTION = 23  # taking up e-banking after a sign-up at the counter
GUESS = 24  # what the branch guesses of a customer's wealth elsewhere
SURVEY = 25  # who answers a survey, and what

_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)
_SHIFT20 = np.uint64(20)
_SHIFT12 = np.uint64(12)
_GROUP = 16  # addresses that the compiler takes together, at most
_SQRT_HALF = 0x3FE6A09E00000000  # bits of a number just below the root of 1/2
CENTRE = 0.425  # AS 241: nearer to 1/2 than this one fraction gives the quantile
_STEP52 = 1.0 / 4503599627370496.0  # 2**-52


class Address(NamedTuple):
    """Where a replication's draws live: the same for all decisions of one simulated branch."""

    seed: int
    replication: int
    branch: int


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Philox 4x32-10: four uint32 words from a counter of four and a key of two (all uint32).

    The words stay 32 bits wide so that the compiler can work on several addresses at once.
    """
    for _ in range(10):
        p0 = _M0 * np.uint64(c0)
        p1 = _M1 * np.uint64(c2)
        c0 = np.uint32(p1 >> _SHIFT32) ^ c1 ^ k0
        c1 = np.uint32(p1 & _LOW)
        c2 = np.uint32(p0 >> _SHIFT32) ^ c3 ^ k1
        c3 = np.uint32(p0 & _LOW)
        k0 = np.uint32((np.uint64(k0) + _W0) & _LOW)
        k1 = np.uint32((np.uint64(k1) + _W1) & _LOW)
    return c0, c1, c2, c3


@kernel
def _open_unit(high, low):
    """52 random bits to the midpoint of their cell: strictly between 0 and 1."""
    return (np.float64(np.int64((np.uint64(high) << _SHIFT20) | (np.uint64(low) >> _SHIFT12))) + 0.5) * _STEP52


@kernel
def pair(address, stream, time, id, k):
    """The two uniforms of the block that holds k: of the even number and the odd one after it."""
    a, b, c, d = philox(
        np.uint32(id),
        np.uint32(time),
        np.uint32(k >> 1),
        np.uint32(address.replication),
        np.uint32(address.seed),
        np.uint32(stream | address.branch << 16),
    )
    return _open_unit(a, b), _open_unit(c, d)


@kernel
def draw(address, stream, time, id, k):
    """One uniform on (0, 1) at an address."""
    first, second = pair(address, stream, time, id, k)
    return second if k & 1 else first


_philox = inlined(getattr(philox, "py_func", philox))
_unit = inlined(getattr(_open_unit, "py_func", _open_unit))


@lean
def fill_pairs(address, stream, time, k, ids, n, first, second):
    """The two uniforms of the block that holds k, for the first n of ``ids``: into ``first`` and ``second``.

    As ``pair``, pasted into the loop so that the compiler works on several addresses at once. It does so by groups:
    where the arrays have room, the last group is filled up and its rest means nothing.
    """
    times, number = np.uint32(time), np.uint32(k >> 1)
    replication, seed = np.uint32(address.replication), np.uint32(address.seed)
    stream_of_branch = np.uint32(stream | address.branch << 16)
    for j in range(min((n + _GROUP - 1) // _GROUP * _GROUP, ids.size)):
        a, b, c, d = _philox(np.uint32(ids[j]), times, number, replication, seed, stream_of_branch)
        first[j] = _unit(a, b)
        second[j] = _unit(c, d)


def uniform(
    seed: int, replication: int, stream: int, branch: int, time: object, id: object, k: object = 0
) -> np.ndarray:
    """Uniforms on (0, 1) for one address or arrays of ``time``, ``id``, ``k`` (broadcast together).

    Raises ValueError where a part of the address is outside its bounds.
    """
    if not (0 <= seed < 2**32 and 0 <= replication < 2**32):
        raise ValueError("seed and replication must lie in 0 .. 2**32 - 1")
    if not (0 <= stream < 2**16 and 0 <= branch < 2**16):
        raise ValueError("stream and branch must lie in 0 .. 65535")
    times, ids, ks = np.broadcast_arrays(*(np.asarray(x, dtype=np.int64) for x in (time, id, k)))
    for name, part in (("time", times), ("id", ids), ("k", ks)):
        if part.size and not (part.min() >= 0 and part.max() < 2**32):
            raise ValueError(f"{name} must lie in 0 .. 2**32 - 1")
    out = np.empty(times.shape)
    _fill(Address(seed, replication, branch), stream, times.ravel(), ids.ravel(), ks.ravel(), out.reshape(-1))
    return out


@kernel
def _fill(address, stream, times, ids, ks, out):
    for i in range(out.size):
        out[i] = draw(address, stream, times[i], ids[i], ks[i])


# ------------------------------------------------------------------------------------------- inversion

NEVER, CONSTANT, EXPONENTIAL, LOGNORMAL, WEIBULL, TRIANGULAR, GAMMA = range(7)


class Variate(NamedTuple):
    """A law and its three numbers, as the kernels take it (made by ``scenario.fields.Law.variate``)."""

    law: int
    a: float
    b: float
    c: float


@kernel
def log_unit(u):
    """Natural logarithm of 0 < u < 1, as FreeBSD's e_log.c (Sun, 1993): within one unit of the last place.

    Only + - x / and the bits of u: loops over it work on several at once, and the last bit is the same everywhere.
    """
    bits = np.float64(u).view(np.int64)
    k = (bits - _SQRT_HALF) >> 52
    f = np.int64(bits - (k << 52)).view(np.float64) - 1.0
    half = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = z * (
        6.666666666666735130e-01
        + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01))
    )
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    return s * (half + (odd + even)) + k * 1.90821492927058770002e-10 - half + f + k * 6.93147180369123816490e-01


@kernel
def normal_quantile(u):
    """Inverse of the standard normal distribution; Wichura, AS 241, Applied Statistics 37 (1988), 477-484."""
    q = u - 0.5
    return central_quantile(q) if abs(q) <= CENTRE else _tail_quantile(u, q)


@kernel
def central_quantile(q):
    """``normal_quantile`` of 0.5 + q where the size of q is at most CENTRE: 85 of 100 draws."""
    r = 0.180625 - q * q
    num = (
        (
            (
                (
                    ((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                    + 45921.953931549871457
                )
                * r
                + 13731.693765509461125
            )
            * r
            + 1971.5909503065514427
        )
        * r
        + 133.14166789178437745
    ) * r + 3.387132872796366608
    den = (
        (
            (
                (
                    ((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                    + 21213.794301586595867
                )
                * r
                + 5394.1960214247511077
            )
            * r
            + 687.1870074920579083
        )
        * r
        + 42.313330701600911252
    ) * r + 1.0
    return q * num / den


@kernel
def _tail_quantile(u, q):
    r = sqrt(-log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        num = (
            (
                (
                    (
                        ((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                        + 1.27045825245236838258
                    )
                    * r
                    + 3.64784832476320460504
                )
                * r
                + 5.7694972214606914055
            )
            * r
            + 4.6303378461565452959
        ) * r + 1.42343711074968357734
        den = (
            (
                (
                    (
                        ((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                        + 0.14810397642748007459
                    )
                    * r
                    + 0.68976733498510000455
                )
                * r
                + 1.6763848301838038494
            )
            * r
            + 2.05319162663775882187
        ) * r + 1.0
    else:
        r -= 5.0
        num = (
            (
                (
                    (
                        ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                        + 0.026532189526576123093
                    )
                    * r
                    + 0.29656057182850489123
                )
                * r
                + 1.7848265399172913358
            )
            * r
            + 5.4637849111641143699
        ) * r + 6.6579046435011037772
        den = (
            (
                (
                    (
                        ((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                        + 7.868691311456132591e-4
                    )
                    * r
                    + 0.0148753612908506148525
                )
                * r
                + 0.13692988092273580531
            )
            * r
            + 0.59983220655588793769
        ) * r + 1.0
    return -num / den if q < 0.0 else num / den


@kernel
def _gamma_cdf(shape, x):
    """Regularised lower incomplete gamma function: series below shape + 1, continued fraction (Lentz) above."""
    if x <= 0.0:
        return 0.0
    front = exp(shape * log(x) - x - lgamma(shape))
    if x < shape + 1.0:
        term = 1.0 / shape
        total = term
        n = shape
        while term > total * 1e-17:
            n += 1.0
            term *= x / n
            total += term
        return total * front
    b = x + 1.0 - shape
    c = 1e300
    d = 1.0 / b
    h = d
    for i in range(1, 10000):
        an = -i * (i - shape)
        b += 2.0
        d = an * d + b
        if abs(d) < 1e-300:
            d = 1e-300
        c = b + an / c
        if abs(c) < 1e-300:
            c = 1e-300
        d = 1.0 / d
        step = d * c
        h *= step
        if abs(step - 1.0) < 1e-16:
            break
    return 1.0 - front * h


@kernel
def gamma_quantile(u, shape):
    """Inverse of the gamma distribution with unit scale.

    Start: Wilson and Hilferty, PNAS 17 (1931); then Newton's method kept inside a shrinking bracket.
    """
    z = normal_quantile(u)
    root = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * sqrt(shape))
    x = shape * root * root * root if root > 0.0 else exp((log(u) + lgamma(shape + 1.0)) / shape)
    if x <= 0.0:
        x = exp((log(u) + lgamma(shape + 1.0)) / shape)
    low = 0.0
    high = inf
    for _ in range(200):
        error = _gamma_cdf(shape, x) - u
        if error > 0.0:
            high = x
        else:
            low = x
        density = exp((shape - 1.0) * log(x) - x - lgamma(shape))
        new = x - error / density if density > 0.0 else -1.0
        if not (low < new < high):
            new = 0.5 * (low + high) if high < inf else 2.0 * x
        if abs(new - x) <= 1e-14 * x:
            return new
        x = new
    return x


@kernel
def exponential(u, mean):
    """Exponential variate with a mean, from one uniform."""
    return -mean * log_unit(u)


@kernel
def variate(v, u):
    """One variate of law ``v`` (a Variate) from one uniform; minutes where the law is of minutes."""
    law = v.law
    if law == EXPONENTIAL:  # a = mean
        return -v.a * log_unit(u)
    if law == LOGNORMAL:  # a = mean of the logarithm, b = its standard deviation
        return exp(v.a + v.b * normal_quantile(u))
    if law == CONSTANT:  # a = value
        return v.a
    if law == WEIBULL:  # a = scale, b = 1 / shape
        return v.a * exp(v.b * log(-log(u)))
    if law == TRIANGULAR:  # a = low, b = mode, c = high
        width = v.c - v.a
        if width <= 0.0:
            return v.a
        if u * width < v.b - v.a:
            return v.a + sqrt(u * width * (v.b - v.a))
        return v.c - sqrt((1.0 - u) * width * (v.c - v.b))
    if law == GAMMA:  # a = shape, b = scale
        return v.b * gamma_quantile(u, v.a)
    return inf


@kernel
def poisson(u, mean):
    """Poisson count by inversion of one uniform: the smallest n with F(n) >= u.

    Small means sum upward from 0; large ones first sum the probability below the mode, where terms are not
    lost to rounding. A sum that rounding keeps short of u ends where its terms no longer count. Raises nothing; a
    mean of 0 gives 0.
    """
    if mean <= 0.0 or u < 1.0 - mean:  # exp(-mean) >= 1 - mean: most calls end here without an exponential
        return 0
    if mean < 50.0:
        term = exp(-mean)
        total = term
        n = 0
        while total < u and (n < mean or term > 1e-17):
            n += 1
            term *= mean / n
            total += term
        return n
    n = int(mean)
    at_mode = exp(n * log(mean) - mean - lgamma(n + 1.0))
    total = at_mode
    term = at_mode
    for i in range(n, 0, -1):
        term *= i / mean
        total += term
        if term < at_mode * 1e-18:
            break
    term = at_mode
    if total < u:
        while total < u and term > at_mode * 1e-17:
            n += 1
            term *= mean / n
            total += term
        return n
    while n > 0 and total - term >= u and term > at_mode * 1e-17:
        total -= term
        term *= n / mean
        n -= 1
    return n


@kernel
def category(u, cumulative):
    """Index of the first cumulative share above u; the last index where rounding leaves none."""
    n = cumulative.size
    for i in range(n - 1):
        if u < cumulative[i]:
            return i
    return n - 1


@kernel
def invert_profile(u, cumulative, width):
    """A time whose distribution is piecewise uniform: ``cumulative`` shares at the ends of equal slots.

    Inverting the cumulative profile, instead of thinning, keeps one uniform per arrival.
    """
    slot = category(u, cumulative)
    below = cumulative[slot - 1] if slot > 0 else 0.0
    share = cumulative[slot] - below
    inside = (u - below) / share if share > 0.0 else 0.5
    return (slot + min(max(inside, 0.0), 1.0)) * width
