"""The search: settings proposed in batches, raced against today's policy on the same luck, told in order.

A batch is proposed, evaluated in any order, and told in the order of its trials; the sampler is seeded anew from
(seed, batch). So the answer does not depend on the number of workers, and a search that was killed is simply run
again: what it had evaluated is remembered, and it comes to the same point.

The values found here steer the search and choose a shortlist. They are the best of many noisy ones, so they flatter
(the winner's curse), and nothing of them is published.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import optuna
from optuna.study import StudyDirection
from pydantic import BaseModel
from scipy import stats

from vipsim import statistics
from vipsim.experiment import SEARCH
from vipsim.optimise.study import COMPLIANCE, Levers, Question, quiet_optuna
from vipsim.scenario.study import Limit
from vipsim.shards import Job, Runner
from vipsim.statistics import Floats

TrialProgress = Callable[[int, int], None]
"""Called with (trials done, trials to do)."""

Kpis = list[dict[str, float]]
"""KPIs by replication."""

ROOM = 0.1
"""Part of a limit that a setting keeps in hand to be called safe in the shortlist."""

REPEATED_PROPOSALS = 20
"""Proposals of known settings in a row, per place of a batch, after which the sampler has nothing new to say."""


@dataclass
class Trial:
    """One setting and what the search saw of it.

    ``gains``: per objective the mean paired difference to today, better is larger. ``shortfall``: per limit how far
    the setting is estimated to miss it, relative to the limit, 0 or less where it meets it. ``stopped``: why the race
    ended early; empty where it did not.
    """

    number: int
    levers: Levers
    scenario: BaseModel | None = field(default=None, repr=False)
    kpis: Kpis = field(default_factory=list, repr=False)
    gains: list[float] = field(default_factory=list)
    shortfall: dict[str, float] = field(default_factory=dict)
    stopped: str = ""

    @property
    def feasible(self) -> bool:
        """Whether it is estimated to meet all limits (an estimate of the search, not a statement)."""
        return all(value <= 0.0 for value in self.shortfall.values())

    @property
    def miss(self) -> float:
        """Total shortfall over the limits that it misses."""
        return sum(max(value, 0.0) for value in self.shortfall.values())


def series(kpis: Kpis, name: str, count: int | None = None) -> Floats:
    """One KPI over the replications, nan where missing."""
    return np.array([row.get(name, math.nan) for row in kpis[:count]])


def meets(limit: Limit, values: Floats) -> np.ndarray:
    """Per replication, whether it meets the limit; a replication with nothing to average does not."""
    with np.errstate(invalid="ignore"):
        return values <= limit.bound if limit.at_most is not None else values >= limit.bound


def search(
    question: Question,
    runner: Runner,
    progress: TrialProgress | None = None,
    after_batch: Callable[[optuna.Study], None] | None = None,
) -> list[Trial]:
    """Run the search of a study; trial 0 is today's policy.

    ``after_batch`` is called with the study after each batch is told (the storage keeps a copy).
    """
    return _Search(question, runner, progress, after_batch).run()


class _Search:
    def __init__(
        self,
        question: Question,
        runner: Runner,
        progress: TrialProgress | None,
        after_batch: Callable[[optuna.Study], None] | None,
    ) -> None:
        self.question = question
        self.runner = runner
        self.progress = progress
        self.after_batch = after_batch
        self.settings = question.study.search
        quiet_optuna()
        directions = [StudyDirection.MAXIMIZE] * len(question.study.objectives)  # gains: better is larger
        self.optuna = optuna.create_study(directions=directions, study_name=question.folder_name)
        self.distributions = question.space.distributions()
        self.seen: dict[tuple[object, ...], Trial] = {}
        self.trials: list[Trial] = []

    def run(self) -> list[Trial]:
        today = self._start_with_today()
        everything = self.question.space.size <= self.settings.trials
        batches = self._all_settings() if everything else self._proposals()
        for asked in batches:
            fresh = list({id(trial): trial for _, trial in asked if not trial.kpis}.values())
            self._race(fresh, today)
            for handle, trial in asked:
                self._tell(handle, trial)
            if self.after_batch is not None:
                self.after_batch(self.optuna)
            if self.progress is not None:
                self.progress(len(self.trials), self.settings.trials)
        return self.trials

    # -------------------------------------------------------------------------------------------- proposing

    def _start_with_today(self) -> Trial:
        levers = self.question.today_levers
        trial = Trial(0, levers, self.question.today)
        self._evaluate([trial], self.settings.rounds[-1])
        self.trials.append(trial)
        self._judge(trial, trial)
        if self.question.today_is_a_setting:
            self.seen[self._place(levers)] = trial
            self.optuna.enqueue_trial(dict(levers))
            self._tell(self.optuna.ask(self.distributions), trial)
        return trial

    def _all_settings(self) -> Iterator[list[tuple[optuna.Trial, Trial]]]:
        """A space no larger than the number of trials is tried whole; nothing is left to a sampler."""
        rest = [levers for levers in self.question.space.everything() if self._place(levers) not in self.seen]
        for start in range(0, len(rest), self.settings.batch):
            asked = []
            for levers in rest[start : start + self.settings.batch]:
                self.optuna.enqueue_trial(dict(levers))
                asked.append((self.optuna.ask(self.distributions), self._new(levers)))
            yield asked

    def _proposals(self) -> Iterator[list[tuple[optuna.Trial, Trial]]]:
        """Batches, until there are as many different settings as asked for.

        First the sampler's, then the neighbours of the best: a sampler that learns from densities finds the region,
        and is slow to try the one step up or down that is left.
        """
        by_sampler = round(self.settings.trials * (1.0 - self.settings.polish))
        batch = 0
        while len(self.trials) < self.settings.trials:
            wanted = min(self.settings.batch, self.settings.trials - len(self.trials))
            asked = self._neighbours(wanted) if len(self.trials) >= by_sampler else []
            if not asked:
                self.optuna.sampler = self._sampler(batch)
                asked = self._sampled(wanted)
            if all(trial.kpis or trial.stopped for _, trial in asked):  # the sampler only repeats itself
                asked = self._neighbours(wanted)
            if not asked:
                return
            yield asked
            batch += 1

    def _sampled(self, wanted: int) -> list[tuple[optuna.Trial, Trial]]:
        """New settings of the sampler, and on the way to them the known ones that it repeated.

        Steps make proposals repeat. A repeated one costs nothing: it is told what is known already, and another is
        asked for, up to a number that says the sampler has nothing new.
        """
        asked: list[tuple[optuna.Trial, Trial]] = []
        new = 0
        while new < wanted and len(asked) < wanted + REPEATED_PROPOSALS * wanted:
            handle = self.optuna.ask(self.distributions)
            levers = self.question.space.levers(handle.params)
            known = self.seen.get(self._place(levers))
            new += known is None
            asked.append((handle, known if known is not None else self._new(levers)))
        return asked

    def _neighbours(self, wanted: int) -> list[tuple[optuna.Trial, Trial]]:
        """Untried settings one step from the best feasible ones, the best one's first."""
        asked: list[tuple[optuna.Trial, Trial]] = []
        for leader in self._leaders():
            for levers in self.question.space.neighbours(leader.levers):
                if len(asked) == wanted:
                    return asked
                if self._place(levers) not in self.seen:
                    self.optuna.enqueue_trial(dict(levers))
                    asked.append((self.optuna.ask(self.distributions), self._new(levers)))
        return asked

    def _sampler(self, batch: int) -> optuna.samplers.BaseSampler:
        seed = int(np.random.SeedSequence([self.question.study.study.seed, batch]).generate_state(1)[0])
        if self.settings.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=self.settings.startup)

    def _new(self, levers: Levers) -> Trial:
        trial = Trial(len(self.trials), levers)
        self.trials.append(trial)
        self.seen[self._place(levers)] = trial
        return trial

    def _place(self, levers: Levers) -> tuple[object, ...]:
        return tuple(axis.index(levers[axis.key]) for axis in self.question.space.axes)

    # -------------------------------------------------------------------------------------------- racing

    def _race(self, trials: Sequence[Trial], today: Trial) -> None:
        """Rounds of growing replications; what is hopeless after a round runs no further."""
        leader = next(iter(self._leaders()), None)
        for trial in trials:
            trial.scenario = self.question.legal_candidate(trial.levers)
            if trial.scenario is None:
                self._forbid(trial)
        racing = [trial for trial in trials if trial.scenario is not None]
        for round_number, count in enumerate(self.settings.rounds):
            self._evaluate(racing, count)
            for trial in racing:
                self._judge(trial, today)
                if round_number < len(self.settings.rounds) - 1:
                    trial.stopped = self._hopeless(trial, leader)
            racing = [trial for trial in racing if not trial.stopped]

    def _forbid(self, trial: Trial) -> None:
        trial.stopped = "the scenario's rules forbid this combination"
        trial.gains = [0.0] * len(self.question.study.objectives)
        trial.shortfall = {"allowed": 1.0}

    def _evaluate(self, trials: Sequence[Trial], count: int) -> None:
        jobs = [Job(trial.scenario, SEARCH, count) for trial in trials if trial.scenario is not None]
        for trial, replicas in zip(trials, self.runner.run(jobs), strict=True):
            trial.kpis = [replica.kpis for replica in replicas]

    def _judge(self, trial: Trial, today: Trial) -> None:
        """Mean paired gains over today, and the estimated shortfall of each limit."""
        n = len(trial.kpis)
        trial.gains = []
        trial.shortfall = {}
        for objective, sign in zip(self.question.study.objectives, self.question.signs, strict=True):
            difference = sign * (series(trial.kpis, objective.kpi) - series(today.kpis, objective.kpi, n))
            if np.isnan(difference).any():  # nothing to average is no achievement
                trial.shortfall[f"{objective.kpi} has a value"] = 1.0
            trial.gains.append(float(np.nan_to_num(difference).mean()))
        for limit, aim in zip(self.question.study.limits, self.question.aims, strict=True):
            trial.shortfall[limit.text()] = shortfall(limit, series(trial.kpis, limit.kpi), aim)
        if COMPLIANCE in trial.kpis[0]:
            more = series(trial.kpis, COMPLIANCE) - series(today.kpis, COMPLIANCE, n)
            trial.shortfall["no more breaches than today"] = float(np.nan_to_num(more).mean())

    def _hopeless(self, trial: Trial, leader: Trial | None) -> str:
        """Why a trial need not run on; empty where it may. A heuristic: it spends no confidence."""
        confidence = self.settings.stop_confidence
        n = len(trial.kpis)
        for limit in self.question.study.limits:
            met = int(np.sum(meets(limit, series(trial.kpis, limit.kpi))))
            if statistics.binomial_upper(met, n, confidence) < limit.probability:
                return limit.text()
        if leader is None or len(self.question.study.objectives) > 1:
            return ""
        name, sign = self.question.study.objectives[0].kpi, self.question.signs[0]
        behind = sign * (series(trial.kpis, name) - series(leader.kpis, name, n))
        if np.isnan(behind).any():
            return f"{name} has no value"
        reach = float(stats.t.ppf(confidence, n - 1)) * float(behind.std(ddof=1)) / math.sqrt(n)
        return "behind the leader" if float(behind.mean()) + reach < 0.0 else ""

    def _leaders(self) -> list[Trial]:
        """Feasible trials that ran all rounds, best first; the same for a whole batch."""
        full = [trial for trial in self.trials if len(trial.kpis) == self.settings.rounds[-1] and trial.feasible]
        return sorted(full, key=lambda trial: (-trial.gains[0], trial.number))

    # -------------------------------------------------------------------------------------------- telling

    def _tell(self, handle: optuna.Trial, trial: Trial) -> None:
        for name, value in trial.shortfall.items():
            handle.set_constraint(name, value)
        handle.set_user_attr("trial", trial.number)
        handle.set_user_attr("replications", len(trial.kpis))
        handle.set_user_attr("stopped", trial.stopped)
        self.optuna.tell(handle, trial.gains)


def shortfall(limit: Limit, values: Floats, aim: float) -> float:
    """How far a KPI is estimated to miss a limit with probability ``aim``, relative to the limit; negative inside.

    A normal quantile from few replications: an estimate that steers the search, not a statement.
    """
    if np.isnan(values).any():
        return 1.0
    scale = abs(limit.bound) or 1.0
    sign = 1.0 if limit.at_most is not None else -1.0
    reach = float(stats.norm.ppf(min(aim, 0.9999))) * float(values.std(ddof=1)) if values.size > 1 else 0.0
    return float(sign * (values.mean() - limit.bound) + reach) / scale


def shortlist(question: Question, trials: Sequence[Trial]) -> list[Trial]:
    """The trials worth confirming, today's policy apart: the best by gain, one of them safe inside the limits.

    With several objectives the best are first those that no other feasible trial beats in all of them. Where too few
    seem feasible, the nearest to the limits fill up.
    """
    size = question.study.confirmation.shortlist
    full = question.study.search.rounds[-1]
    feasible = [trial for trial in trials[1:] if trial.feasible and len(trial.kpis) == full]
    ranked = sorted(feasible, key=lambda trial: (is_beaten(trial, feasible), -trial.gains[0], trial.number))
    chosen = ranked[:size]
    if len(ranked) > size and question.study.limits:
        # The best may be inside the limits by luck only: the last place goes to the best one with room to spare.
        texts = [limit.text() for limit in question.study.limits]
        room = [(trial, -max(trial.shortfall[text] for text in texts)) for trial in ranked]
        safe = next((trial for trial, spare in room if spare >= ROOM), max(room, key=lambda pair: pair[1])[0])
        if safe not in chosen:
            chosen[-1] = safe
    others = [trial for trial in trials[1:] if not trial.feasible and trial.kpis]
    others.sort(key=lambda trial: (trial.miss, -trial.gains[0], trial.number))
    return chosen + others[: size - len(chosen)]


def is_beaten(trial: Trial, rivals: Sequence[Trial]) -> bool:
    """Whether some rival is at least as good in all objectives and better in one (always False with one objective)."""
    if len(trial.gains) == 1:
        return False
    return any(
        all(a >= b for a, b in zip(rival.gains, trial.gains, strict=True)) and rival.gains != trial.gains
        for rival in rivals
    )
