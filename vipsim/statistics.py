"""What a handful of replications allows to be said: intervals, paired differences, many comparisons, rare events.

Replications are independent; alternatives are paired by replication (common random numbers), so what is compared
is always the difference within a replication. ``nan`` means that a replication had nothing to average; it is left
out and counted out. Whatever cannot be said (a spread from one replication) is None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

FEW = 8
"""Replications below which an interval of values that differ is doubtful."""


@dataclass(frozen=True)
class Summary:
    """Mean over replications, spread between them, interval of the mean.

    Attributes
    ----------
    mean, sd : float or None
        In the unit of what is summarised; ``sd`` needs two replications.
    ci95 : tuple of float, or None
        Two-sided Student t interval of the mean at 95 % (or the confidence asked for).
    n : int
        Replications with a value.
    doubtful : bool
        The values are so few or so skewed that the t interval is likely too short (``t_is_doubtful``), or the interval
        leaves the range of what is measured.
    """

    mean: float | None
    sd: float | None
    ci95: tuple[float, float] | None
    n: int
    doubtful: bool = False

    def as_dict(self, unit: str = "") -> dict[str, Any]:
        """The form of the ``--json`` documents."""
        return {
            "mean": self.mean,
            "sd": self.sd,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "n": self.n,
            "unit": unit,
            "doubtful": self.doubtful,
        }


def _present(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[~np.isnan(array)]


def summarise(
    values: ArrayLike, confidence: float = 0.95, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Summary:
    """One KPI over the replications of one run.

    The t interval assumes a mean that is near normal; for rare events at few replications it is too short (95 %
    covers about 89 % at 8 replications of an exit share): ``doubtful`` says so, ``bootstrap_interval`` is the check.
    ``bounds`` are the least and the greatest value that there can be: an interval beyond them is doubtful, too.
    """
    present = _present(values)
    n = present.size
    if n == 0:
        return Summary(None, None, None, 0)
    mean = float(present.mean())
    if n == 1:
        return Summary(mean, None, None, 1)
    sd = float(present.std(ddof=1))
    half = float(stats.t.ppf(0.5 + confidence / 2.0, n - 1)) * sd / math.sqrt(n)
    beyond = sd > 0.0 and (mean - half < bounds[0] or mean + half > bounds[1])
    return Summary(mean, sd, (mean - half, mean + half), n, beyond or t_is_doubtful(present))


def paired_difference(base: ArrayLike, other: ArrayLike, confidence: float = 0.95) -> Summary:
    """``other - base`` within each replication; pairs with a missing half are left out.

    Raises ValueError where the two have not the same replications.
    """
    first, second = (np.asarray(x, dtype=np.float64).ravel() for x in (base, other))
    if first.size != second.size:
        raise ValueError(f"expected the same replications on both sides, got {first.size} and {second.size}")
    return summarise(second - first, confidence)


def t_is_doubtful(values: ArrayLike) -> bool:
    """Whether a t interval of these values is likely too short.

    Cochran's rule: the normal approximation of a mean wants n > 25 G^2, G the skewness (Cochran, Sampling
    Techniques, 3rd ed., section 2.15). Skewness is itself badly estimated from few values, so fewer than 8 that
    are not all alike are doubtful, too; so is a count of which nearly all replications saw the same number.
    """
    present = _present(values)
    n = present.size
    if n < 2 or np.ptp(present) <= 1e-12 * np.abs(present).max():  # all alike but for rounding
        return False
    _, counts = np.unique(present, return_counts=True)
    nearly_all_alike = n - int(counts.max()) < 5 and int(counts.max()) > 1
    skewness = float(stats.skew(present))
    return n < FEW or nearly_all_alike or n < 25.0 * skewness**2


def bootstrap_interval(
    values: ArrayLike, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float] | None:
    """Bias-corrected and accelerated bootstrap interval of the mean (Efron, JASA 82 (1987), 171-185).

    None below two values. All values alike give an interval of no width.
    """
    present = _present(values)
    if present.size < 2:
        return None
    if np.ptp(present) <= 1e-12 * np.abs(present).max():
        return float(present.min()), float(present.max())
    found = stats.bootstrap(
        (present,),
        np.mean,
        confidence_level=confidence,
        n_resamples=resamples,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


# ------------------------------------------------------------------------------------------ many comparisons


def t_pvalue(differences: ArrayLike) -> float:
    """Two-sided p-value of "the mean difference is 0", Student's t; 1 where all differences are 0."""
    present = _present(differences)
    if present.size < 2:
        return 1.0
    sd = float(present.std(ddof=1))
    mean = float(present.mean())
    if sd == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return float(2.0 * stats.t.sf(abs(mean) / (sd / math.sqrt(present.size)), present.size - 1))


def holm(pvalues: Sequence[float]) -> list[float]:
    """Adjusted p-values, any dependence (Holm, Scandinavian Journal of Statistics 6 (1979), 65-70)."""
    return _stepped(pvalues, down=True)


def hochberg(pvalues: Sequence[float]) -> list[float]:
    """Adjusted p-values, independent or positively dependent (Hochberg, Biometrika 75 (1988), 800-802)."""
    return _stepped(pvalues, down=False)


def _stepped(pvalues: Sequence[float], *, down: bool) -> list[float]:
    p = np.asarray(pvalues, dtype=np.float64)
    if p.size == 0:
        return []
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(p.size, 0, -1)
    stepped = np.maximum.accumulate(scaled) if down else np.minimum.accumulate(scaled[::-1])[::-1]
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


# ------------------------------------------------------------------------------------------ chances of meeting a limit


def binomial_lower(successes: int, n: int, confidence: float) -> float:
    """Exact lower bound of a probability (Clopper and Pearson, Biometrika 26 (1934), 404-413); 0 without trials."""
    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, got {successes} of {n}")
    return 0.0 if successes == 0 else float(stats.beta.ppf(1.0 - confidence, successes, n - successes + 1))


def binomial_upper(successes: int, n: int, confidence: float) -> float:
    """Exact upper bound of a probability; 1 without trials."""
    return 1.0 - binomial_lower(n - successes, n, confidence)


def failures_allowed(n: int, probability: float, confidence: float) -> int:
    """How many of n replications may miss a limit that is still shown to be met; -1 where n is too small."""
    allowed = -1
    while allowed + 1 <= n and binomial_lower(n - allowed - 1, n, confidence) >= probability:
        allowed += 1
    return allowed


def replications_to_show(probability: float, confidence: float) -> int:
    """Fewest replications, all of them meeting the limit, that show its probability: ln(1 - c) / ln p, rounded up."""
    return max(1, math.ceil(math.log(1.0 - confidence) / math.log(probability) - 1e-12))


def probability_to_aim_at(n: int, probability: float, confidence: float, power: float) -> float:
    """The true probability of meeting a limit from which n replications show it with a chance of ``power``.

    A search that aims at the limit's own probability finds settings that no confirmation can confirm.
    """
    allowed = failures_allowed(n, probability, confidence)
    if allowed < 0:
        return 1.0
    return binomial_point(n, allowed, power)


def binomial_point(n: int, failures: int, power: float) -> float:
    """The probability p at which at most ``failures`` of n misses happen with a chance of ``power``."""
    return 1.0 - float(stats.beta.ppf(1.0 - power, failures + 1, n - failures)) if failures < n else 0.0


# ------------------------------------------------------------------------------------------ how many replications


def replications_for(first: ArrayLike, half_width: float, confidence: float = 0.95) -> int:
    """How many replications give the mean an interval of +- ``half_width``, judged by a first stage.

    Stein's two stages (Annals of Mathematical Statistics 16 (1945), 243-258): the spread is estimated once, from
    the first stage, so the coverage holds for normal values; looking again and again would shorten it.
    """
    present = _present(first)
    if present.size < 2:
        raise ValueError("expected at least two replications in the first stage")
    if not half_width > 0.0:
        raise ValueError(f"expected a half width above 0, got {half_width}")
    t = float(stats.t.ppf(0.5 + confidence / 2.0, present.size - 1))
    return max(present.size, math.ceil((t * float(present.std(ddof=1)) / half_width) ** 2))


# ------------------------------------------------------------------------------------------ selecting the best


@dataclass(frozen=True)
class Selection:
    """What a selection procedure has settled so far.

    ``best`` is the selected column, None while several are left; ``survivors`` are the columns not eliminated;
    ``used`` the replications looked at; ``eliminated_at`` the replication count at which each column fell (0 = never).
    """

    best: int | None
    survivors: tuple[int, ...]
    used: int
    eliminated_at: tuple[int, ...]


def select_best(
    values: Floats, *, alpha: float, indifference: float, first_stage: int, comparisons: int | None = None
) -> Selection:
    """The KN procedure: the column with the largest mean, with probability at least 1 - alpha.

    Kim and Nelson, "A fully sequential procedure for indifference-zone selection in simulation", ACM TOMACS 11
    (2001), 251-273, with c = 1. Valid for normal values under any correlation between columns, so under common
    random numbers; the guarantee is for a best that leads by ``indifference`` or more (less does not matter).

    Parameters
    ----------
    values : array, shape (replications, columns)
        A column's rows after its elimination may be nan: they are not looked at.
    alpha : float
        Error of the selection.
    indifference : float
        Smallest difference worth telling apart, above 0, in the unit of the values.
    first_stage : int
        Replications that estimate the variances of the differences, at least 2.
    comparisons : int, optional
        Pairs that share ``alpha``; default columns - 1. All pairs, k(k-1)/2, keep the guarantee where the set to
        select from is itself found with these replications (after limits have been judged on them).

    The same rows give the same answer, so a caller adds rows and asks again until ``best`` is there.
    """
    rows, k = values.shape
    if k == 1:
        return Selection(0, (0,), min(rows, first_stage), (0,))
    if rows < first_stage or first_stage < 2:
        raise ValueError(f"expected at least {max(first_stage, 2)} replications, got {rows}")
    share = alpha / (comparisons if comparisons is not None else k - 1)
    h2 = ((2.0 * share) ** (-2.0 / (first_stage - 1)) - 1.0) * (first_stage - 1)
    stage = values[:first_stage]
    spread = np.array([[float(np.var(stage[:, i] - stage[:, j], ddof=1)) for j in range(k)] for i in range(k)])
    horizon = h2 * spread / indifference**2
    alive = list(range(k))
    fell = [0] * k
    totals = values[: first_stage - 1].sum(axis=0)
    for r in range(first_stage, rows + 1):
        totals = totals + values[r - 1]
        # W(r) of the paper times r: how far behind in total a column may lie and stay
        slack = np.maximum(0.0, indifference / 2.0 * (horizon - r))
        out = [i for i in alive if any(totals[i] < totals[j] - slack[i, j] for j in alive if j != i)]
        for i in out:
            fell[i] = r
        alive = [i for i in alive if i not in out]
        if len(alive) > 1 and r > max(math.floor(horizon[i, j]) for i in alive for j in alive if i != j):
            best = max(alive, key=lambda i: float(totals[i]))  # the last look: the largest mean wins, ties to the first
            for i in alive:
                fell[i] = r if i != best else 0
            alive = [best]
        if len(alive) == 1:
            return Selection(alive[0], tuple(alive), r, tuple(fell))
    return Selection(None, tuple(alive), rows, tuple(fell))


def probability_best(values: Floats, column: int, resamples: int = 2000, seed: int = 0) -> float:
    """Share of bootstrap resamples of the replications in which ``column`` has the largest mean.

    Rows are resampled whole, so the pairing stays. Ties count half. 1.0 where there is one column.
    """
    rows, k = values.shape
    if k == 1:
        return 1.0
    chosen = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1.0 / rows), size=resamples)
    means = chosen @ values / rows
    rival = np.delete(means, column, axis=1).max(axis=1)
    return float(np.mean(means[:, column] > rival) + 0.5 * np.mean(means[:, column] == rival))
