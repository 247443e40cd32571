"""The confirmation: a shortlist re-run on fresh seeds, its limits shown, the best selected, the gain measured.

Three things are said, on one error budget (``ErrorBudget``), and together they hold with probability 1 - error:

1. Limits: a setting meets a limit with the probability asked for (exact binomial lower bounds, so nothing is assumed
   about the KPI). A setting that breaches compliance more often than today is out, whatever it earns.
2. Selection: among the settings that met all limits the best is found by the procedure of Kim and Nelson (2001),
   valid under common random numbers. Its error is shared by all pairs, not only those with the best, because which
   settings are compared is itself found in these replications.
3. Differences: simultaneous paired intervals of every setting to the chosen one.

All of it holds within the shortlist: a better setting that the search never met is not spoken of. The gain that is
published is measured once more, on seeds used for nothing else, so that having won flatters nobody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel

from vipsim import statistics
from vipsim.experiment import CONFIRMATION, MEASUREMENT
from vipsim.optimise.search import Kpis, meets, series
from vipsim.optimise.study import COMPLIANCE, Levers, Question
from vipsim.scenario.errors import InputError
from vipsim.scenario.files import with_values
from vipsim.scenario.study import LeverValue, Limit
from vipsim.shards import Job, Runner
from vipsim.statistics import Floats, Summary

StageProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verdict:
    """Whether one setting was shown to meet one limit.

    ``met`` of ``n`` replications met it; ``lower`` bounds the probability from below at ``confidence``.
    """

    limit: Limit
    met: int
    n: int
    lower: float
    confidence: float
    mean: float | None

    @property
    def shown(self) -> bool:
        return self.lower >= self.limit.probability

    @property
    def share(self) -> float:
        return self.met / self.n


@dataclass
class Candidate:
    """A setting of the shortlist and what its confirmation found. Number 0 is today's policy."""

    number: int
    levers: Levers
    kpis: Kpis = field(default_factory=list, repr=False)
    verdicts: list[Verdict] = field(default_factory=list)
    more_breaches: float = 0.0
    gap: Summary | None = None  # first objective, better is larger: this setting less the chosen one
    eliminated_at: int = 0

    @property
    def eligible(self) -> bool:
        """Shown to meet every limit, and no more compliance breaches than today."""
        return self.more_breaches <= 0.0 and all(verdict.shown for verdict in self.verdicts)

    @property
    def tied(self) -> bool:
        """Not shown to differ from the chosen setting."""
        return self.gap is not None and self.gap.ci95 is not None and self.gap.ci95[0] <= 0.0 <= self.gap.ci95[1]


@dataclass(frozen=True)
class Confirmation:
    """What the shortlist came to. ``best`` is None where no setting was shown to meet all limits.

    ``decided``: the selection procedure reached its guarantee; else the largest mean was taken when the replications
    were used up, and the ties say between which settings no difference was shown.
    """

    candidates: list[Candidate]
    best: Candidate | None
    decided: bool
    probability_best: float | None

    @property
    def today(self) -> Candidate:
        return self.candidates[0]


def confirm(
    question: Question, runner: Runner, shortlist: Sequence[tuple[int, Levers]], progress: StageProgress | None = None
) -> Confirmation:
    """Re-run today's policy and the shortlist (trial number, levers) on fresh seeds and decide."""
    candidates = [Candidate(0, question.today_levers), *(Candidate(number, levers) for number, levers in shortlist)]
    _run(question, runner, candidates, question.study.confirmation.replications, progress)
    for candidate in candidates:
        _judge(question, candidate, candidates[0])
    eligible = [candidate for candidate in candidates if candidate.eligible and _has_objective(question, candidate)]
    if not eligible:
        return Confirmation(candidates, None, True, None)
    best, decided = _select(question, runner, eligible, progress)
    common = min(len(candidate.kpis) for candidate in eligible)
    values = np.column_stack([_objective(question, candidate)[:common] for candidate in eligible])
    chance = statistics.probability_best(values, eligible.index(best), seed=question.study.study.seed)
    for candidate in candidates:
        candidate.gap = _gap(question, candidate, best)
    return Confirmation(candidates, best, decided, chance)


def _run(
    question: Question,
    runner: Runner,
    candidates: Sequence[Candidate],
    count: int,
    progress: StageProgress | None = None,
) -> None:
    scenarios = [question.today if c.number == 0 else question.candidate(c.levers) for c in candidates]
    jobs = [Job(scenario, CONFIRMATION, count) for scenario in scenarios]
    for candidate, replicas in zip(candidates, runner.run(jobs, progress), strict=True):
        candidate.kpis = [replica.kpis for replica in replicas]


def _judge(question: Question, candidate: Candidate, today: Candidate) -> None:
    for limit in question.study.limits:
        values = series(candidate.kpis, limit.kpi)
        candidate.verdicts.append(judge_limit(limit, values, question.budget.limit_confidence(limit)))
    if COMPLIANCE in candidate.kpis[0]:
        breaches = series(candidate.kpis, COMPLIANCE) - series(today.kpis, COMPLIANCE)
        candidate.more_breaches = float(np.nan_to_num(breaches).sum())


def judge_limit(limit: Limit, values: Floats, confidence: float) -> Verdict:
    """Show, or fail to show, that a KPI meets its limit often enough."""
    met = int(np.sum(meets(limit, values)))
    lower = statistics.binomial_lower(met, values.size, confidence)
    return Verdict(limit, met, values.size, lower, confidence, statistics.summarise(values).mean)


def _objective(question: Question, candidate: Candidate) -> Floats:
    """First objective by replication, turned so that larger is better."""
    return question.signs[0] * series(candidate.kpis, question.study.objectives[0].kpi)


def _has_objective(question: Question, candidate: Candidate) -> bool:
    return not bool(np.isnan(_objective(question, candidate)).any())


def _select(
    question: Question, runner: Runner, eligible: list[Candidate], progress: StageProgress | None
) -> tuple[Candidate, bool]:
    """The best of the eligible, adding replications for those still in the race until it is decided or they run out."""
    settings = question.study.confirmation
    rows = settings.replications
    while True:
        values = np.full((rows, len(eligible)), math.nan)
        for column, candidate in enumerate(eligible):
            own = _objective(question, candidate)[:rows]
            values[: own.size, column] = own
        selection = statistics.select_best(
            values,
            alpha=question.budget.selection,
            indifference=settings.indifference,
            first_stage=settings.replications,
            comparisons=question.budget.pairs,
        )
        for candidate, fell in zip(eligible, selection.eliminated_at, strict=True):
            candidate.eliminated_at = fell
        if selection.best is not None:
            return eligible[selection.best], True
        alive = [eligible[column] for column in selection.survivors]
        if rows >= settings.most:
            return max(alive, key=lambda candidate: float(_objective(question, candidate)[:rows].mean())), False
        rows = min(rows + settings.block, settings.most)
        _run(question, runner, alive, rows, progress)


def _gap(question: Question, candidate: Candidate, best: Candidate) -> Summary:
    """Simultaneous interval of this setting less the chosen one, over the replications both have."""
    common = min(len(candidate.kpis), len(best.kpis))
    own, other = _objective(question, candidate)[:common], _objective(question, best)[:common]
    return statistics.paired_difference(other, own, question.budget.interval_confidence)


# ------------------------------------------------------------------------------------------------ measuring


@dataclass(frozen=True)
class Gain:
    """One objective of the chosen setting and of today, on seeds used for nothing else.

    ``difference`` is recommended less today in the KPI's own sign; for an objective to minimise a gain is negative.
    """

    kpi: str
    today: Summary
    recommended: Summary
    difference: Summary


@dataclass(frozen=True)
class Marginal:
    """What one step of one lever, up or down, would do to the first objective, all else as recommended.

    ``difference`` is None where the lever's legal range ends or the scenario's rules forbid it (``why``). Intervals
    hold simultaneously for all steps. ``met`` is the share of replications that would meet each limit.
    """

    key: str
    value: LeverValue
    difference: Summary | None
    met: tuple[float, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Measurement:
    """Gains over today, steps of each lever, and the first objective's gain at a longer window (None: not measured)."""

    gains: list[Gain]
    marginals: list[Marginal]
    long_gain: Gain | None = None


def measure(question: Question, runner: Runner, best: Candidate, progress: StageProgress | None = None) -> Measurement:
    """Measure the chosen setting against today and against one step of each lever, on fresh seeds."""
    count = question.study.measurement.replications
    chosen = question.today if best.number == 0 else question.candidate(best.levers)
    steps = _steps(question, best, chosen)
    moved = [scenario for _, _, scenario, _ in steps if scenario is not None]
    longer = [] if best.number == 0 else _longer(question, chosen)
    jobs = [Job(scenario, MEASUREMENT, count) for scenario in (question.today, chosen, *moved, *longer)]
    results = [[replica.kpis for replica in replicas] for replicas in runner.run(jobs, progress)]
    today, recommended, rest = results[0], results[1], iter(results[2:])
    gains = [_gain_in(objective.kpi, today, recommended) for objective in question.study.objectives]
    confidence = 1.0 - 0.05 / max(len(moved), 1)  # Bonferroni: all marginal values hold together at 95 %
    name = question.study.objectives[0].kpi
    marginals = []
    for key, value, scenario, why in steps:
        if scenario is None:
            marginals.append(Marginal(key, value, None, why=why))
            continue
        kpis = next(rest)
        difference = statistics.paired_difference(series(recommended, name), series(kpis, name), confidence)
        shares = tuple(float(np.mean(meets(limit, series(kpis, limit.kpi)))) for limit in question.study.limits)
        marginals.append(Marginal(key, value, difference, shares))
    long_gain = _gain_in(name, *results[-2:]) if longer else None
    return Measurement(gains, marginals, long_gain)


def _gain_in(kpi: str, today: list[dict[str, float]], recommended: list[dict[str, float]]) -> Gain:
    before, after = series(today, kpi), series(recommended, kpi)
    difference = statistics.paired_difference(before, after)
    return Gain(kpi, statistics.summarise(before), statistics.summarise(after), difference)


def _longer(question: Question, chosen: Any) -> list[Any]:
    """Today and the chosen setting with the longer window; nothing where it is not longer than the study's."""
    months = question.study.measurement.long_window_months
    calendar = getattr(chosen, "calendar", None)
    if calendar is None or calendar.window_months >= months:
        return []
    return [with_values(scenario, {"calendar.window_months": months}) for scenario in (question.today, chosen)]


def _steps(
    question: Question, best: Candidate, chosen: BaseModel
) -> list[tuple[str, LeverValue, BaseModel | None, str]]:
    """Every lever one step up and down (choices: every other one): key, value, scenario or None, why there is none."""
    found: list[tuple[str, LeverValue, BaseModel | None, str]] = []
    for axis in question.space.axes:
        here = best.levers[axis.key]
        for value in axis.steps_from(here):
            if not question.is_legal(axis.key, value):
                found.append((axis.key, value, None, "outside the legal range"))
                continue
            try:
                found.append((axis.key, value, with_values(chosen, {axis.key: value}), ""))
            except InputError:
                found.append((axis.key, value, None, "forbidden by the scenario's rules"))
    return found
