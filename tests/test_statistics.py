"""Is what we say of replications as sure as we say it is? Every helper is also shown failing once."""

import math

import numpy as np
import pytest
from scipy import stats

from vipsim import statistics


def within(share, expected, trials, errors=4.0):
    """Whether an observed share is within ``errors`` standard errors of the expected one."""
    return abs(share - expected) <= errors * math.sqrt(expected * (1.0 - expected) / trials)


def coverage(shrink=1.0, n=8, trials=2000, draw=np.random.Generator.standard_normal, mean=0.0, seed=1):
    """Share of experiments whose interval, shrunk by a factor around its middle, holds the true mean."""
    rng = np.random.default_rng(seed)
    held = 0
    for _ in range(trials):
        summary = statistics.summarise(draw(rng, size=n))
        half = (summary.ci95[1] - summary.ci95[0]) / 2.0 * shrink
        held += abs(summary.mean - mean) <= half
    return held / trials


def test_t_interval_covers_95_of_100_and_half_of_it_does_not():
    assert within(coverage(), 0.95, 2000)
    assert not within(coverage(shrink=0.5), 0.95, 2000)


def test_t_interval_is_too_short_for_rare_events_and_says_so():
    def exits(rng, size):
        return rng.binomial(100, 0.002, size=size) / 100.0

    assert coverage(draw=exits, mean=0.002) < 0.95 - 4.0 * math.sqrt(0.95 * 0.05 / 2000)
    rare = np.zeros(30)
    rare[0] = 1.0
    assert statistics.summarise(rare).doubtful
    assert not statistics.summarise(np.random.default_rng(2).standard_normal(50)).doubtful
    share = np.tile([0.0, 0.05, 0.1], 10) / 10
    assert not statistics.summarise(share, bounds=(0.0, 1.0)).doubtful
    assert statistics.summarise(share, bounds=(0.005, 1.0)).doubtful
    low, high = statistics.bootstrap_interval(rare)
    t_low, _ = statistics.summarise(rare).ci95
    assert t_low < 0.0 <= low < high  # the t interval holds impossible values, the bootstrap's does not


def test_what_cannot_be_said_is_none():
    assert statistics.summarise([]) == statistics.Summary(None, None, None, 0)
    assert statistics.summarise([math.nan, 3.0]) == statistics.Summary(3.0, None, None, 1)
    assert statistics.summarise([1.0, 1.0, math.nan]).ci95 == (1.0, 1.0)
    said = {"mean": 2.0, "sd": None, "ci95": None, "n": 1, "unit": "min", "doubtful": False}
    assert statistics.summarise([2.0]).as_dict("min") == said
    assert statistics.bootstrap_interval([1.0]) is None


def test_pairing_removes_shared_noise():
    rng = np.random.default_rng(3)
    shared, own = 100.0 * rng.standard_normal(20), rng.standard_normal(20)
    paired = statistics.paired_difference(shared, shared + own + 5.0)
    assert paired.ci95[0] < 5.0 < paired.ci95[1]
    assert paired.sd < 2.0
    assert statistics.summarise(shared).sd > 50.0
    assert statistics.paired_difference(shared, shared).ci95 == (0.0, 0.0)
    with pytest.raises(ValueError, match="same replications"):
        statistics.paired_difference([1.0, 2.0], [1.0])
    assert statistics.paired_difference([1.0, math.nan, 2.0], [2.0, 3.0, math.nan]).n == 1


def test_holm_and_hochberg_by_hand():
    p = [0.01, 0.04, 0.03, 0.005]
    assert statistics.holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert statistics.hochberg(p) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert statistics.holm([]) == []
    assert statistics.t_pvalue([1.0, 2.0, 3.0, 4.0]) == pytest.approx(stats.ttest_1samp([1, 2, 3, 4], 0).pvalue)
    assert statistics.t_pvalue([0.0, 0.0]) == 1.0


def test_holm_keeps_the_family_error_and_unadjusted_pvalues_do_not():
    rng = np.random.default_rng(4)
    p = rng.uniform(size=(2000, 10))
    raw = np.mean(p.min(axis=1) < 0.05)
    adjusted = np.mean([min(statistics.holm(list(row))) < 0.05 for row in p])
    exact = 1.0 - (1.0 - 0.05 / 10) ** 10
    assert within(adjusted, exact, 2000)
    assert not within(raw, exact, 2000)


def test_binomial_bounds_against_known_values():
    assert statistics.binomial_lower(10, 10, 0.95) == pytest.approx(0.05**0.1)
    assert statistics.binomial_upper(0, 10, 0.95) == pytest.approx(1.0 - 0.05**0.1)
    assert statistics.binomial_lower(0, 10, 0.95) == 0.0
    assert statistics.binomial_lower(0, 0, 0.95) == 0.0
    low = stats.binomtest(17, 20).proportion_ci(confidence_level=0.9, method="exact").low
    assert statistics.binomial_lower(17, 20, 0.95) == pytest.approx(low)
    with pytest.raises(ValueError, match="successes"):
        statistics.binomial_lower(3, 2, 0.95)
    assert statistics.replications_to_show(0.9, 0.95) == 29
    assert statistics.failures_allowed(28, 0.9, 0.95) == -1
    assert statistics.failures_allowed(29, 0.9, 0.95) == 0
    assert statistics.failures_allowed(46, 0.9, 0.95) == 1


def test_binomial_bound_is_wrong_no_more_often_than_it_says_and_a_point_estimate_is():
    rng = np.random.default_rng(5)
    true, n, trials = 0.9, 60, 4000
    met = rng.binomial(n, true, size=trials)
    error = 1.0 / math.sqrt(trials)
    assert np.mean([statistics.binomial_lower(int(m), n, 0.95) > true for m in met]) <= 0.05 + 4.0 * 0.22 * error
    assert np.mean(met / n > true) > 0.3


def test_aim_gives_the_power_asked_for():
    n, probability, confidence, power = 60, 0.9, 0.99, 0.8
    aim = statistics.probability_to_aim_at(n, probability, confidence, power)
    allowed = statistics.failures_allowed(n, probability, confidence)
    assert stats.binom.cdf(allowed, n, 1.0 - aim) == pytest.approx(power)
    assert probability < aim < 1.0
    assert statistics.probability_to_aim_at(10, probability, confidence, power) == 1.0


def test_two_stage_sample_size_reaches_its_width_and_the_first_stage_does_not():
    rng = np.random.default_rng(6)
    half, trials, held, short = 0.4, 1000, 0, 0
    for _ in range(trials):
        values = rng.standard_normal(400)
        n = statistics.replications_for(values[:10], half)
        held += abs(values[:n].mean()) <= half
        short += abs(values[:10].mean()) <= half
    assert held / trials >= 0.95 - 4.0 * math.sqrt(0.95 * 0.05 / trials)
    assert short / trials < 0.9
    with pytest.raises(ValueError, match="two replications"):
        statistics.replications_for([1.0], 0.1)
    with pytest.raises(ValueError, match="above 0"):
        statistics.replications_for([1.0, 2.0], 0.0)


# ------------------------------------------------------------------------------------------ the KN procedure


def correct_selections(alpha, lead, trials=400, k=5, n0=10, own=3.0, seed=7):
    """Share of trials in which the procedure finds the best of k columns that share most of their noise."""
    rng = np.random.default_rng(seed)
    means = np.zeros(k)
    means[2] = lead
    right, used = 0, []
    for _ in range(trials):
        values = means + 30.0 * rng.standard_normal((1500, 1)) + own * rng.standard_normal((1500, k))
        found = statistics.select_best(values, alpha=alpha, indifference=1.0, first_stage=n0)
        right += found.best == 2
        used.append(found.used)
    return right / trials, float(np.mean(used))


def test_kn_selects_the_best_as_often_as_it_says():
    # least favourable: all others exactly the indifference zone behind
    share, used = correct_selections(alpha=0.1, lead=1.0)
    assert share >= 0.9 - 4.0 * math.sqrt(0.9 * 0.1 / 400)
    assert used > 20
    # and it can fail: a lead far inside the zone is not promised to be found
    small, _ = correct_selections(alpha=0.1, lead=0.05, trials=200)
    assert small < 0.6


def test_kn_uses_the_pairing():
    rng = np.random.default_rng(8)
    own = rng.standard_normal((4000, 3))
    means = np.array([0.0, 1.0, 0.0])
    shared = statistics.select_best(
        means + own + 20.0 * rng.standard_normal((4000, 1)), alpha=0.05, indifference=1.0, first_stage=10
    )
    apart = statistics.select_best(
        means + own + 20.0 * rng.standard_normal((4000, 3)), alpha=0.05, indifference=1.0, first_stage=10
    )
    assert shared.best == 1
    assert shared.used * 20 < apart.used


def test_kn_is_resumable_and_never_looks_at_the_eliminated_again():
    rng = np.random.default_rng(9)
    values = np.array([0.0, 4.0, 4.2]) + rng.standard_normal((300, 3))
    settings = {"alpha": 0.05, "indifference": 0.5, "first_stage": 10}
    whole = statistics.select_best(values, **settings)
    fell = whole.eliminated_at[0]
    assert 0 < fell <= 15
    hidden = values.copy()
    hidden[fell:, 0] = math.nan
    assert statistics.select_best(hidden, **settings) == whole
    early = statistics.select_best(values[:12], **settings)
    assert early.best is None
    assert set(early.survivors) >= {1, 2}
    assert statistics.select_best(values[: whole.used], **settings) == whole
    with pytest.raises(ValueError, match="replications"):
        statistics.select_best(values[:5], **settings)
    assert statistics.select_best(values[:, :1], **settings).best == 0


def test_kn_stops_at_its_horizon_when_all_are_alike():
    values = np.random.default_rng(10).standard_normal((1, 2)) + np.zeros((50, 1))
    same = np.repeat(values[:, :1], 3, axis=1)
    found = statistics.select_best(same, alpha=0.05, indifference=0.1, first_stage=10)
    assert found.best == 0
    assert found.used == 10


def test_probability_of_being_best():
    rng = np.random.default_rng(11)
    shared = rng.standard_normal((40, 1))
    values = shared + np.array([0.0, 3.0, 0.0]) + 0.1 * rng.standard_normal((40, 3))
    assert statistics.probability_best(values, 1) == 1.0
    assert statistics.probability_best(values, 0) == 0.0
    twins = np.repeat(shared, 2, axis=1)
    assert statistics.probability_best(twins, 0) == 0.5
    assert statistics.probability_best(shared, 0) == 1.0
