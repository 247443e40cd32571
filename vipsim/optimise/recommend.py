"""The recommendation: what the confirmation and the measurement allow to be said, as one JSON document and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vipsim import statistics
from vipsim.experiment import unit_of
from vipsim.optimise.confirm import Candidate, Confirmation, Gain, Marginal, Measurement, Verdict
from vipsim.optimise.search import Trial, meets, series
from vipsim.optimise.study import Axis, Question
from vipsim.scenario.study import Limit
from vipsim.statistics import Summary

NEAR = 0.1
"""A KPI whose mean lies within a tenth of its limit is called near it (words only; nothing is decided by it)."""


def document(
    question: Question, trials: Sequence[Trial], confirmation: Confirmation, measurement: Measurement | None
) -> dict[str, Any]:
    """The result of a study as one JSON document (``vipsim optimise --json``).

    ``recommendation`` is null where no setting was shown to meet all limits; ``blocking`` and ``nearest`` then say
    which limit blocks and which setting comes nearest.
    """
    best = confirmation.best
    found: dict[str, Any] = {
        "schema_version": 1,
        "command": "optimise",
        "study": {"name": question.study.study.name, "hash": question.digest, "seed": question.study.study.seed},
        "recommendation": None,
        "shortlist": [_candidate(question, candidate, best) for candidate in confirmation.candidates],
        "trials": len(trials),
        "infeasible": sum(not trial.feasible for trial in trials),
    }
    if best is not None and measurement is not None:
        found["recommendation"] = _recommendation(question, trials, confirmation, best, measurement)
    else:
        found.update(_no_setting(question, trials, confirmation))
    return found


def _recommendation(
    question: Question, trials: Sequence[Trial], confirmation: Confirmation, best: Candidate, measurement: Measurement
) -> dict[str, Any]:
    return {
        "levers": best.levers,
        "is_today": best.number == 0,
        "objective": {gain.kpi: _gain(gain) for gain in measurement.gains},
        "limits": [_verdict(verdict) for verdict in best.verdicts],
        "probability_best": confirmation.probability_best,
        "longer_window": _longer(question, measurement),
        "tied": [c.number for c in confirmation.candidates if c is not best and c.eligible and c.tied],
        "marginal": [_marginal(question, marginal) for marginal in measurement.marginals],
        "binding": binding(question, confirmation, best, measurement),
        "guarantee": _guarantee(question, confirmation),
        "words": words(question, confirmation, best, measurement),
    }


def _longer(question: Question, measurement: Measurement) -> dict[str, Any] | None:
    """The gain at the longer window; whether its sign is the same, null where either was not shown to have one."""
    gain = measurement.long_gain
    if gain is None:
        return None
    first, later = _sign(measurement.gains[0].difference), _sign(gain.difference)
    same = first == later if first and later else None
    return {"months": question.study.measurement.long_window_months, "kpi": gain.kpi, "same_sign": same} | _gain(gain)


def _sign(difference: Summary) -> int:
    """1 or -1 where the interval shows a sign, 0 where it includes 0 or is not known."""
    if difference.ci95 is None:
        return 0
    low, high = difference.ci95
    return 1 if low > 0.0 else -1 if high < 0.0 else 0


def _gain(gain: Gain) -> dict[str, Any]:
    ci = gain.difference.ci95
    return {
        "today": gain.today.mean,
        "recommended": gain.recommended.mean,
        "gain": gain.difference.mean,
        "ci95": None if ci is None else list(ci),
        "n": gain.difference.n,
        "unit": unit_of(gain.kpi),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    side = "at_most" if verdict.limit.at_most is not None else "at_least"
    return {
        "kpi": verdict.limit.kpi,
        side: verdict.limit.bound,
        "mean": verdict.mean,
        "required_probability": verdict.limit.probability,
        "probability": verdict.share,
        "probability_lower": verdict.lower,
        "confidence": verdict.confidence,
        "n": verdict.n,
        "shown": verdict.shown,
    }


def _candidate(question: Question, candidate: Candidate, best: Candidate | None) -> dict[str, Any]:
    gap = candidate.gap
    name = question.study.objectives[0].kpi
    return {
        "trial": candidate.number,
        "is_today": candidate.number == 0,
        "levers": candidate.levers,
        "eligible": candidate.eligible,
        "objective": {name: statistics.summarise(series(candidate.kpis, name)).mean},
        "behind_recommended": None
        if gap is None or candidate is best
        else {"mean": gap.mean, "interval": None if gap.ci95 is None else list(gap.ci95)},
        "tied": candidate is not best and candidate.eligible and candidate.tied,
        "limits": [_verdict(verdict) for verdict in candidate.verdicts],
        "more_breaches_than_today": candidate.more_breaches,
        "n": len(candidate.kpis),
    }


def _marginal(question: Question, marginal: Marginal) -> dict[str, Any]:
    difference = marginal.difference
    return {
        "lever": marginal.key,
        "value": marginal.value,
        "gain": None if difference is None else difference.mean,
        "interval": None if difference is None or difference.ci95 is None else list(difference.ci95),
        "limits_met": {limit.text(): share for limit, share in zip(question.study.limits, marginal.met, strict=False)},
        "why": marginal.why,
    }


def _is_gain(question: Question, marginal: Marginal) -> bool:
    """Whether a step was shown to better the first objective."""
    difference = marginal.difference
    if difference is None or difference.ci95 is None:
        return False
    return min(question.signs[0] * end for end in difference.ci95) > 0.0


# ------------------------------------------------------------------------------------------------ in words


def _guarantee(question: Question, confirmation: Confirmation) -> str:
    sure, zone = 1.0 - question.budget.error, question.study.confirmation.indifference
    unit = unit_of(question.study.objectives[0].kpi)
    within = f"Within the shortlist of {len(confirmation.candidates)} settings, today's included"
    if confirmation.decided:
        return (
            f"{within}, all of this holds with probability {sure:g}: the limits are met as stated, and no other "
            f"setting that meets them is better by {zone:g} {unit} or more."
        )
    return (
        f"{within}, the limits are met as stated with probability {sure:g}. The replications were used up before the "
        f"best was decided to {zone:g} {unit}: the setting with the largest mean is shown; see the ties."
    )


def binding(question: Question, confirmation: Confirmation, best: Candidate, measurement: Measurement) -> list[str]:
    """What holds the recommendation back: limits that are near or keep out something better, ends of ranges."""
    found = []
    better = [c for c in confirmation.candidates if c.gap is not None and (c.gap.mean or 0.0) > 0.0]
    gaining = [marginal for marginal in measurement.marginals if _is_gain(question, marginal)]
    for place, (limit, verdict) in enumerate(zip(question.study.limits, best.verdicts, strict=True)):
        if verdict.mean is not None and abs(verdict.mean - limit.bound) <= NEAR * (abs(limit.bound) or 1.0):
            found.append(f"{limit.text()}: the mean is {verdict.mean:.4g}")
        found.extend(
            f"{limit.text()}: {marginal.key} = {marginal.value} would be better, and would meet it in only "
            f"{marginal.met[place]:.0%} of the replications"
            for marginal in gaining
            if marginal.met[place] < limit.probability
        )
        missed = sum(not candidate.verdicts[place].shown for candidate in better)
        if missed:
            found.append(f"{limit.text()}: not shown for {missed} of {len(better)} better settings of the shortlist")
    for axis in question.space.axes:
        index = axis.index(best.levers[axis.key])
        if index is not None and not axis.choices and axis.count > 1 and index in (0, axis.count - 1):
            found.extend(_end_of_range(question, axis, index, measurement))
    return found or ["nothing: no limit is near, and no step past the end of a range searched is better"]


def _end_of_range(question: Question, axis: Axis, index: int, measurement: Measurement) -> list[str]:
    """What to do about a lever at the end of its range, by what the step beyond it was seen to do; nothing if worse."""
    here, beyond = axis.value(index), axis.value(index - 1 if index == 0 else index + 1)
    said = f"{axis.key} = {here} is the {'low' if index == 0 else 'high'} end of the range searched"
    step = next((m for m in measurement.marginals if m.key == axis.key and m.value == beyond), None)
    if step is None:
        return [f"{said}: widen it and look"]
    if step.difference is None:
        return [f"{said}; {beyond} is {step.why}"]
    better = question.signs[0] * (step.difference.mean or 0.0) > 0.0
    return [f"{said}: widen it and look"] if better and _keeps(question, step) else []


def _keeps(question: Question, marginal: Marginal) -> bool:
    """Whether a step would meet every limit in as many replications as are asked for."""
    return all(share >= limit.probability for share, limit in zip(marginal.met, question.study.limits, strict=False))


def words(question: Question, confirmation: Confirmation, best: Candidate, measurement: Measurement) -> list[str]:
    """The recommendation in sentences: why, what to change, what it brings."""
    if best.number == 0:
        said = ["Today's policy is the best of the shortlist: keep it."]
    else:
        said = _change(question, confirmation, best, measurement)
    ties = [candidate for candidate in confirmation.candidates if candidate is not best and candidate.eligible]
    tied = [str(candidate.number) for candidate in ties if candidate.tied]
    if tied:
        said.append(f"No difference to the recommended setting was shown for trial {', '.join(tied)} (0 is today).")
    for marginal in measurement.marginals:
        if _keeps(question, marginal) and _is_gain(question, marginal):
            said.append(f"{marginal.key} = {marginal.value} would be better still: " + _where(question, marginal))
    return said


def _change(question: Question, confirmation: Confirmation, best: Candidate, measurement: Measurement) -> list[str]:
    """The reason first, and that no gain was shown where none was: a change for a limit is no order for a gain."""
    first = measurement.gains[0]
    missed = [verdict.limit.text() for verdict in confirmation.today.verdicts if not verdict.shown]
    changes = "; ".join(
        f"{key}: {question.today_levers[key]} -> {value}"
        for key, value in best.levers.items()
        if value != question.today_levers[key]
    )
    change = f"Change {changes}." if changes else "Change nothing among the study's levers."
    why = [f"Today's policy was not shown to meet {' and '.join(missed)}; this setting was."] if missed else []
    brings = [f"{first.kpi} against today: {_amount(first)}."]
    shown = question.signs[0] * _sign(first.difference)
    if shown > 0:
        said = [*why, change, *brings]
    elif shown < 0:
        said = [*why, "It costs: the interval shows that the objective is worse than today's.", *brings, change]
    else:
        only = ": the limits are the only reason for the change." if missed else "."
        said = [*why, f"No gain in the objective was shown{only}", *brings, change]
    return [*said, *_longer_words(question, measurement)]


def _longer_words(question: Question, measurement: Measurement) -> list[str]:
    """What the longer window shows; a sign is spoken of only where both intervals show one."""
    gain, longer = measurement.long_gain, _longer(question, measurement)
    if gain is None or longer is None or gain.difference.mean is None:
        return []
    found = f"with a window of {longer['months']} months: {_amount(gain)}."
    if longer["same_sign"] is not None:
        return [f"{'The sign holds' if longer['same_sign'] else 'THE SIGN DOES NOT HOLD'} {found}"]
    sign = question.signs[0] * _sign(gain.difference)
    return [f"W{found[1:]} {'A gain' if sign > 0 else 'A loss' if sign < 0 else 'No gain'} is shown there."]


def _amount(gain: Gain) -> str:
    """A difference with its unit and interval: ``371,214 yuan (95 % interval -12,000 to 754,428)``."""
    mean, ends = gain.difference.mean, gain.difference.ci95
    if mean is None:
        return "not known"
    large = max(abs(mean), *(abs(end) for end in ends or ())) >= 100.0
    size, *shown = (f"{value:,.0f}" if large else f"{value:.4g}" for value in (mean, *(ends or ())))
    return f"{size} {unit_of(gain.kpi)}" + (f" (95 % interval {' to '.join(shown)})" if shown else "")


def _where(question: Question, marginal: Any) -> str:
    """What to do about a better neighbour: it lies outside the range searched, or the search was too short."""
    searched = question.study.levers[marginal.key]
    if searched.choices is not None:
        outside = marginal.value not in searched.choices
    else:
        assert searched.low is not None
        assert searched.high is not None
        outside = not searched.low <= marginal.value <= searched.high
    return "widen the range searched." if outside else "give the search more trials."


# ------------------------------------------------------------------------------------------------ no setting


def _no_setting(question: Question, trials: Sequence[Trial], confirmation: Confirmation) -> dict[str, Any]:
    """Which limit blocks, and the setting that comes nearest."""
    nearest = min(confirmation.candidates, key=_distance)
    blocking = _blocking(question, trials, nearest)
    return {"blocking": blocking, "nearest": _candidate(question, nearest, None)}


def _distance(candidate: Candidate) -> tuple[float, float, int]:
    """How far from eligible: breaches first, then the probability missing over all limits."""
    missing = sum(max(v.limit.probability - v.lower, 0.0) for v in candidate.verdicts)
    return max(candidate.more_breaches, 0.0), missing, candidate.number


def _blocking(question: Question, trials: Sequence[Trial], nearest: Candidate) -> dict[str, Any]:
    missed = [verdict for verdict in nearest.verdicts if not verdict.shown]
    if not missed:
        return {
            "limit": "compliance_breaches no more than today",
            "why": f"the nearest setting has {nearest.more_breaches:g} more breaches than today",
        }
    worst = min(missed, key=lambda verdict: verdict.lower - verdict.limit.probability)
    limit = worst.limit
    tried = [trial for trial in trials if trial.kpis]
    met = sum(_met_at_all(trial, limit) for trial in tried)
    why = (
        f"{limit.text()} held in {worst.met} of {worst.n} replications of the nearest setting (mean "
        f"{'none' if worst.mean is None else format(worst.mean, '.4g')}), which shows a probability of "
        f"{worst.lower:.3f}; "
        f"{limit.probability:g} was asked for. {met} of {len(tried)} trials met it in every replication."
    )
    if worst.share >= limit.probability:
        why += " It may well hold: more replications in [confirmation] could show it."
    return {"limit": limit.text(), "why": why, **_verdict(worst)}


def _met_at_all(trial: Trial, limit: Limit) -> bool:
    return bool(meets(limit, series(trial.kpis, limit.kpi)).all())
