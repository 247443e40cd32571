"""A study file: which levers may move how far, what is wanted, under which limits, and how hard to look.

A lever's range must lie inside the legal range of the scenario's schema; a fact or an uncertainty is refused. All
levers are searched in steps: nobody hires 4.37 tellers or sets a share to 0.41372.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from vipsim.scenario.documents import Document, Tree, lay, problem_at, read
from vipsim.scenario.errors import InputError, Problem, did_you_mean
from vipsim.scenario.fields import NAME_PATTERN, Section
from vipsim.scenario.settings import Setting, parse_key, setting_at, settings
from vipsim.scenario.translate import problems, show

LeverValue = int | float | bool | str


def _setting(unit: str, text: str, default: Any = ..., **bounds: Any) -> Any:
    """A field of a study; not of the world, so without a role."""
    return Field(default, description=text, json_schema_extra={"unit": unit}, **bounds)


class Head(Section):
    """What is studied."""

    name: str = _setting("text", "short name, used for the result folder", pattern=NAME_PATTERN)
    title: str = _setting("text", "one line that says what is asked", "")
    scenario: str = _setting("path", "the scenario whose levers move, relative to the study file")
    seed: int = _setting("seed", "luck of the branch in all trials, never searched over", 1, ge=0, lt=2**32)
    engine: Literal["compiled", "simpy"] = _setting("choice", "engine of the lobby day", "compiled")


class Objective(Section):
    """A KPI that should become better."""

    kpi: str = _setting("KPI", "name of the KPI")
    direction: Literal["maximise", "minimise"] = _setting("choice", "which way is better", "maximise")


class LeverRange(Section):
    """How far a lever may move: from low to high in steps, or one of some choices."""

    low: int | float | None = _setting("unit of the lever", "smallest value searched", None)
    high: int | float | None = _setting("unit of the lever", "largest value searched; low + a number of steps", None)
    step: int | float | None = _setting("unit of the lever", "step; 1 for whole numbers if left out", None, gt=0)
    choices: list[LeverValue] | None = _setting("choice", "the values searched, instead of a range", None, min_length=1)

    @model_validator(mode="after")
    def _one_form(self) -> LeverRange:
        ranged = self.low is not None and self.high is not None
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.step is not None:
                raise ValueError("expected either choices or low, high and step, found both")
            if len(set(map(repr, self.choices))) < len(self.choices):
                raise ValueError("expected choices that differ, found one twice")
        elif not ranged:
            raise ValueError("expected low and high, or choices")
        return self


class Limit(Section):
    """What must hold: a KPI stays on the right side of a value in nearly every replication."""

    kpi: str = _setting("KPI", "name of the KPI; a replication with nothing to average does not meet the limit")
    at_most: float | None = _setting("unit of the KPI", "largest value allowed", None)
    at_least: float | None = _setting("unit of the KPI", "smallest value allowed", None)
    probability: float = _setting("probability", "with which a replication must meet the limit", 0.9, gt=0.0, lt=1.0)
    confidence: float = _setting("probability", "at which that is to be shown, at least", 0.95, gt=0.0, lt=1.0)

    @model_validator(mode="after")
    def _one_side(self) -> Limit:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("expected exactly one of at_most and at_least")
        return self

    @property
    def bound(self) -> float:
        value = self.at_most if self.at_most is not None else self.at_least
        assert value is not None
        return value

    def text(self) -> str:
        """The limit as people write it: ``vip_wait_p90_min <= 10``."""
        return f"{self.kpi} {'<=' if self.at_most is not None else '>='} {self.bound:g}"


class SearchSettings(Section):
    """How settings are proposed and how many replications each is worth."""

    trials: int = _setting("trials", "different settings tried, today's policy included", ge=2)
    batch: int = _setting("trials", "settings proposed at a time; part of the answer, unlike the workers", 8, ge=1)
    rounds: list[int] = _setting("replications", "replications a trial has after each round of the race", min_length=1)
    sampler: Literal["tpe", "random", "grid"] = _setting("choice", "how settings are proposed", "tpe")
    startup: int = _setting("trials", "random settings before the tpe sampler learns", 12, ge=1)
    polish: float = _setting(
        "share",
        "of the trials, the last, spent on the neighbours of the best instead of the sampler",
        0.3,
        ge=0.0,
        le=1.0,
    )
    stop_confidence: float = _setting(
        "probability", "how sure a round must be that a trial is hopeless; a heuristic", 0.99, gt=0.5, lt=1.0
    )

    @model_validator(mode="after")
    def _growing(self) -> SearchSettings:
        if self.rounds[0] < 2 or any(a >= b for a, b in zip(self.rounds, self.rounds[1:], strict=False)):
            raise ValueError(f"expected rounds that grow and start at 2 or more, found {self.rounds}")
        return self


class ConfirmationSettings(Section):
    """How the shortlist is decided on fresh seeds."""

    shortlist: int = _setting("settings", "settings re-run beside today's policy", 5, ge=1)
    replications: int = _setting("replications", "run of every setting of the shortlist", ge=2)
    most: int = _setting("replications", "at most, for those still in the race for the best place", ge=2)
    block: int = _setting("replications", "added at a time while the best is undecided", 10, ge=1)
    error: float = _setting("probability", "that any statement about the shortlist is wrong", 0.05, gt=0.0, lt=0.5)
    indifference: float = _setting("unit of the first objective", "smallest difference worth telling apart", gt=0.0)
    power: float = _setting(
        "probability", "with which a setting the search aims at should show its limits", 0.8, gt=0.0, lt=1.0
    )

    @model_validator(mode="after")
    def _ordered(self) -> ConfirmationSettings:
        if self.most < self.replications:
            raise ValueError(f"expected most >= replications, found {self.most} and {self.replications}")
        return self


class MeasurementSettings(Section):
    """How exactly the published gain and the marginal values are measured, on seeds used for nothing else."""

    replications: int = _setting("replications", "of the recommended setting, its neighbours and today", ge=2)
    long_window_months: int = _setting(
        "months", "longer window at which the sign of the gain must hold too; 0 = not looked at", 24, ge=0, le=60
    )


class Study(Section):
    """The root of a study file."""

    schema_version: Literal[1] = Field(1, description="version of the study format")
    study: Head
    objectives: list[Objective] = _setting("list", "the first decides, the others are reported", min_length=1)
    levers: dict[str, LeverRange] = _setting("table", "dotted key of a lever -> its range", min_length=1)
    limits: list[Limit] = _setting("list", "what must hold", [])
    search: SearchSettings
    confirmation: ConfirmationSettings
    measurement: MeasurementSettings


# ------------------------------------------------------------------------------------------------ reading


def load_study(path: str | Path, root: type[BaseModel], trials: int | None = None) -> tuple[Study, Document]:
    """Read a study file strictly and check its levers against the schema of its scenario.

    Parameters
    ----------
    path : str or Path
    root : type
        The scenario's schema.
    trials : int, optional
        Instead of the file's number (``--trials``).

    Raises
    ------
    InputError
        Every fault of the file: unknown keys, wrong values, a lever that is none, a range that is not legal.
    """
    document = read(path)
    if "study" not in document.data:
        raise InputError(
            "a study, with a table [study]", found="none", file=document.name, suggestion="see scenarios/studies"
        )
    if trials is not None:
        document.data.setdefault("search", {})["trials"] = trials
    _flatten_levers(document)
    tree = lay([document])
    try:
        study = Study.model_validate(document.data)
    except ValidationError as error:
        raise InputError.collect(problems(error, tree, Study)) from None
    faults = [problem for key, moved in study.levers.items() for problem in _lever_faults(key, moved, root, tree)]
    if faults:
        raise InputError.collect(faults)
    return study, document


def _flatten_levers(document: Document) -> None:
    """``[levers.staff.teller]`` and ``staff.teller.employed = {...}`` become the one key "staff.teller.employed"."""
    written = document.data.get("levers")
    if not isinstance(written, dict):
        return
    flat: dict[str, Any] = {}

    def descend(value: Any, names: tuple[str, ...]) -> None:
        inner = isinstance(value, dict) and names and not value.keys() & LeverRange.model_fields.keys()
        if isinstance(value, dict) and (inner or not names) and value:
            for name, below in value.items():
                descend(below, (*names, name))
            return
        key = ".".join(names)
        flat[key] = value
        for path, line in list(document.lines.items()):
            if path[: len(names) + 1] == ("levers", *names):
                document.lines[("levers", key, *path[len(names) + 1 :])] = line

    descend(written, ())
    document.data["levers"] = flat


def _lever_faults(key: str, moved: LeverRange, root: type[BaseModel], tree: Tree) -> list[Problem]:
    """What is wrong with one lever of the study; empty where nothing is."""
    where = ("levers", key)
    try:
        setting = setting_at(root, parse_key(key))
    except ValueError:
        setting = None
    levers = [known.key for known in settings(root) if known.role == "lever"]
    if setting is None:
        return [problem_at(tree, where, "the dotted key of a lever", f"unknown key {key}", did_you_mean(key, levers))]
    if setting.role != "lever":
        reasons = {"fact": "people edit facts, a study does not", "uncertainty": "only calibration moves it"}
        role = setting.role or "structural key"
        return [
            problem_at(
                tree, where, "a lever", f"{key}, a{'n' if role == 'uncertainty' else ''} {role}", reasons.get(role, "")
            )
        ]
    if moved.choices is not None:
        return [
            problem_at(tree, (*where, "choices"), setting.range_text() + ", the legal range of this lever", show(value))
            for value in moved.choices
            if not is_legal(setting, value)
        ]
    return _range_faults(setting, moved, tree, where)


def _range_faults(setting: Setting, moved: LeverRange, tree: Tree, where: tuple[str, str]) -> list[Problem]:
    if setting.kind not in ("a number", "a whole number"):
        return [problem_at(tree, where, f"choices, as {setting.key} is {setting.kind}", "a range")]
    found = []
    for end in ("low", "high"):
        value = getattr(moved, end)
        if not is_legal(setting, value):
            expected = setting.range_text() + ", the legal range of this lever"
            found.append(problem_at(tree, (*where, end), expected, show(value)))
    if found:
        return found
    low, high, step = moved.low, moved.high, moved.step
    assert low is not None
    assert high is not None
    if step is None and setting.kind == "a number":
        return [problem_at(tree, where, "a step, in the unit of the lever", "none")]
    if setting.kind == "a whole number" and not isinstance(step, (int, type(None))):
        return [problem_at(tree, (*where, "step"), "a whole number", show(step))]
    steps = (high - low) / (step or 1)
    if high < low:
        return [problem_at(tree, (*where, "high"), f"high at or above low ({low})", show(high))]
    if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
        reach = low + math.floor(steps) * (step or 1)
        return [
            problem_at(tree, (*where, "high"), f"low + a whole number of steps of {step}", show(high), f"try {reach:g}")
        ]
    return []


def is_legal(setting: Setting, value: Any) -> bool:
    """Whether a lever may have a value: type, range and choices of its field."""
    if setting.choices:
        return value in setting.choices
    if setting.kind == "true or false":
        return isinstance(value, bool)
    if setting.kind in ("a number", "a whole number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        if setting.kind == "a whole number" and not isinstance(value, int):
            return False
        above = setting.low is None or (value > setting.low if setting.low_open else value >= setting.low)
        below = setting.high is None or (value < setting.high if setting.high_open else value <= setting.high)
        return above and below
    return isinstance(value, str) or setting.kind not in ("a text", "a path")
