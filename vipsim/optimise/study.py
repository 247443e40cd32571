"""A study made ready: its scenario, today's policy, the space of settings, and what its confirmation can show."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import BaseModel

from vipsim import shipped, statistics
from vipsim.scenario.documents import Document
from vipsim.scenario.errors import InputError, did_you_mean
from vipsim.scenario.files import digest, load, policy_today, with_values
from vipsim.scenario.schema import Scenario
from vipsim.scenario.settings import Setting, join_key, lever_values, parse_key, setting_at
from vipsim.scenario.study import LeverRange, LeverValue, Limit, Study, is_legal, load_study

Levers = dict[str, LeverValue]
"""Dotted key -> value, in the order of the study file."""

COMPLIANCE = "compliance_breaches"
"""The KPI that may never be worse than today's in a recommendation."""


@dataclass(frozen=True)
class Axis:
    """One lever of a study and the values it may take, counted from 0."""

    key: str
    unit: str
    low: float
    step: float
    count: int
    whole: bool
    choices: tuple[LeverValue, ...] = ()

    @classmethod
    def of(cls, key: str, moved: LeverRange, setting: Setting) -> Axis:
        if moved.choices is not None:
            return cls(key, setting.unit, 0, 1, len(moved.choices), False, tuple(moved.choices))
        low, high, step = moved.low or 0, moved.high or 0, moved.step or 1
        return cls(key, setting.unit, low, step, round((high - low) / step) + 1, setting.kind == "a whole number")

    def value(self, index: int) -> LeverValue:
        """The value at a place; places outside ``0 .. count - 1`` continue the range."""
        if self.choices:
            return self.choices[index]
        # Rounded at the twelfth digit: 0.1 + 2 * 0.1 is 0.3 in every file that names it.
        return round(self.low + index * self.step) if self.whole else float(f"{self.low + index * self.step:.12g}")

    def index(self, value: LeverValue) -> int | None:
        """The place of a value; None where the study does not search it."""
        if self.choices:
            return self.choices.index(value) if value in self.choices else None
        if isinstance(value, (bool, str)):
            return None
        place = round((value - self.low) / self.step)
        near = abs(value - (self.low + place * self.step)) <= 1e-9 * max(1.0, abs(value))
        return place if near and 0 <= place < self.count else None

    def steps_from(self, here: LeverValue) -> list[LeverValue]:
        """One step up and one down from a value, also past the searched range; every other choice of choices."""
        if self.choices:
            return [choice for choice in self.choices if choice != here]
        assert not isinstance(here, str)
        ends = (here + self.step, here - self.step)
        return [round(end) if self.whole else float(f"{end:.12g}") for end in ends]

    def distribution(self) -> BaseDistribution:
        if self.choices:
            return CategoricalDistribution(self.choices)
        high = self.value(self.count - 1)
        assert not isinstance(high, str)
        if self.whole:
            return IntDistribution(int(self.low), int(high), step=int(self.step))
        return FloatDistribution(float(self.low), float(high), step=float(self.step))


@dataclass(frozen=True)
class Space:
    """All settings of a study."""

    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        return math.prod(axis.count for axis in self.axes)

    def levers(self, params: Mapping[str, LeverValue]) -> Levers:
        """A proposal as a setting: each value on its step exactly."""
        found: Levers = {}
        for axis in self.axes:
            place = axis.index(params[axis.key])
            assert place is not None, f"{axis.key} = {params[axis.key]} is off the steps"
            found[axis.key] = axis.value(place)
        return found

    def contains(self, levers: Mapping[str, LeverValue]) -> bool:
        return all(axis.index(levers[axis.key]) is not None for axis in self.axes)

    def neighbours(self, levers: Mapping[str, LeverValue]) -> Iterator[Levers]:
        """Settings one step up or down in one lever, or with another choice; none for a setting off the steps."""
        if not self.contains(levers):
            return
        for axis in self.axes:
            here = axis.index(levers[axis.key])
            assert here is not None
            places = range(axis.count) if axis.choices else (here + 1, here - 1)
            for place in places:
                if place != here and 0 <= place < axis.count:
                    yield {**{a.key: levers[a.key] for a in self.axes}, axis.key: axis.value(place)}

    def everything(self) -> Iterator[Levers]:
        """Every setting, the last lever fastest."""
        for places in itertools.product(*(range(axis.count) for axis in self.axes)):
            yield {axis.key: axis.value(place) for axis, place in zip(self.axes, places, strict=True)}

    def distributions(self) -> dict[str, BaseDistribution]:
        return {axis.key: axis.distribution() for axis in self.axes}


@dataclass(frozen=True)
class Question:
    """What is asked: a study read and checked, with the scenario it moves."""

    study: Study
    scenario: BaseModel
    document: Document

    @cached_property
    def today(self) -> BaseModel:
        """The scenario under today's policy: what every gain compares with."""
        return policy_today(self.scenario)

    @cached_property
    def today_levers(self) -> Levers:
        """The study's levers as they are set today."""
        values = lever_values(self.today)
        return {key: values[key] for key in self.study.levers}

    @cached_property
    def today_is_a_setting(self) -> bool:
        """Whether today's policy is one of the study's settings (not where the scenario changes other levers, too)."""
        return self.space.contains(self.today_levers) and self.candidate(self.today_levers) == self.today

    @cached_property
    def space(self) -> Space:
        axes = []
        for key, moved in self.study.levers.items():
            setting = setting_at(type(self.scenario), parse_key(key))
            assert setting is not None  # load_study has checked it
            axes.append(Axis.of(key, moved, setting))
        return Space(tuple(axes))

    @cached_property
    def digest(self) -> str:
        """Hash of the study and its scenario: the same question has the same name."""
        text = json.dumps([self.study.model_dump(mode="json"), digest(self.scenario)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def folder_name(self) -> str:
        return f"{self.study.study.name}-{self.digest[:8]}"

    def candidate(self, levers: Mapping[str, LeverValue]) -> BaseModel:
        """The scenario with the levers set."""
        return with_values(self.scenario, levers)

    def legal_candidate(self, levers: Mapping[str, LeverValue]) -> BaseModel | None:
        """The scenario with the levers set, or None where the scenario's rules forbid that combination."""
        try:
            return self.candidate(levers)
        except InputError:
            return None

    def is_legal(self, key: str, value: LeverValue) -> bool:
        setting = setting_at(type(self.scenario), parse_key(key))
        return setting is not None and is_legal(setting, value)

    @property
    def signs(self) -> list[float]:
        """+1 for an objective to maximise, -1 for one to minimise."""
        return [1.0 if objective.direction == "maximise" else -1.0 for objective in self.study.objectives]

    @cached_property
    def budget(self) -> ErrorBudget:
        return ErrorBudget.of(self.study)

    @cached_property
    def aims(self) -> list[float]:
        """Per limit the probability the search aims at, so that the confirmation can show the one asked for."""
        n, power = self.study.confirmation.replications, self.study.confirmation.power
        return [
            statistics.probability_to_aim_at(n, limit.probability, self.budget.limit_confidence(limit), power)
            for limit in self.study.limits
        ]


@dataclass(frozen=True)
class ErrorBudget:
    """How the one error of a confirmation is shared by all that it says.

    Half goes to the limits (each limit of each setting of the shortlist an equal part), a quarter to the selection
    of the best, a quarter to the simultaneous intervals of the differences. By Bonferroni's inequality all of it
    holds together with probability 1 - error at least, whatever the dependence.
    """

    error: float
    settings: int
    limits: int

    @classmethod
    def of(cls, study: Study) -> ErrorBudget:
        return cls(study.confirmation.error, study.confirmation.shortlist + 1, len(study.limits))

    @property
    def pairs(self) -> int:
        return self.settings * (self.settings - 1) // 2

    @property
    def selection(self) -> float:
        return self.error / 4.0

    @property
    def interval_confidence(self) -> float:
        """Of one pairwise interval, so that all of them hold together."""
        return 1.0 - self.error / 4.0 / self.pairs

    def limit_confidence(self, limit: Limit) -> float:
        """Of one statement that one setting meets one limit; never below what the limit itself asks for."""
        return max(limit.confidence, 1.0 - self.error / 2.0 / (self.settings * max(self.limits, 1)))


# ------------------------------------------------------------------------------------------------ reading


def read_question(
    path: str | Path,
    *,
    trials: int | None = None,
    overrides: Iterable[str] = (),
    root: type[BaseModel] = Scenario,
    known_kpis: Iterable[str] | None = None,
    load_scenario: Callable[..., BaseModel] = load,
) -> Question:
    """Read a study file and the scenario it names, and check all that can be checked before anything runs.

    ``overrides`` are ``key=value`` laid over the scenario; ``known_kpis`` the names a study may use (the model's if
    left out).

    Raises InputError.
    """
    study, document = load_study(path, root, trials)
    where = shipped.resolve(study.study.scenario, Path(document.path).parent)
    scenario = load_scenario(where, overrides, root)
    question = Question(study, scenario, document)
    _check_kpis(question, known_kpis)
    _check_power(question)
    _check_grid(question)
    return question


def _refuse(question: Question, path: tuple[str | int, ...], expected: str, found: str, suggestion: str = "") -> None:
    lines = question.document.lines
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)
    key = join_key(path)
    raise InputError(expected, found=found, file=question.document.name, line=line, key=key, suggestion=suggestion)


def _check_kpis(question: Question, known: Iterable[str] | None) -> None:
    if known is None:
        from vipsim.kpis import KPIS

        known = KPIS
    names = list(known)
    for section in ("objectives", "limits"):
        for place, item in enumerate(getattr(question.study, section)):
            if item.kpi not in names:
                hint = did_you_mean(item.kpi, names)
                _refuse(question, (section, place, "kpi"), "the name of a KPI", f'"{item.kpi}"', hint)


def _check_power(question: Question) -> None:
    """Refuse a confirmation too small to show a limit even where every replication meets it."""
    n = question.study.confirmation.replications
    for limit in question.study.limits:
        confidence = question.budget.limit_confidence(limit)
        if statistics.failures_allowed(n, limit.probability, confidence) < 0:
            needed = statistics.replications_to_show(limit.probability, confidence)
            _refuse(
                question,
                ("confirmation", "replications"),
                f"at least {needed} replications, to show {limit.text()} with probability {limit.probability:g} for "
                f"{question.budget.settings} settings and {question.budget.limits} limits at error "
                f"{question.budget.error:g}",
                str(n),
                "or a smaller shortlist, fewer limits, a lower probability",
            )


def _check_grid(question: Question) -> None:
    search = question.study.search
    if search.sampler == "grid" and question.space.size > search.trials:
        found = f"{search.trials} for a grid of {question.space.size} settings"
        _refuse(question, ("search", "trials"), "as many trials as the grid has settings", found, 'or sampler = "tpe"')


def quiet_optuna() -> None:
    """Optuna's own log lines would mix with the progress of the study."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
