"""The words every scenario section is written in: fields with a role, a unit, bounds and a source; and laws.

Roles: a *fact* is edited by people, an *uncertainty* moves only by calibration, a *lever* moves only by a study.
A field's name ends in its unit (``_min``, ``_days``, ``_yuan``, ``_share``, ``_per_year``, ...); counts of people
or devices and switches need none. ``source`` names the catalogue row or publication a number comes from; where no
source gives the number it says so with the word "assumption".
"""

from __future__ import annotations

from math import log, sqrt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import gamma as gamma_function

from vipsim import draws

ROLES = ("fact", "uncertainty", "lever")


NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
CLOCK_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d$"
PATTERNS = {
    NAME_PATTERN: "letters, digits, - and _, beginning with a letter or digit",
    CLOCK_PATTERN: "a clock time HH:MM, such as 08:30",
}
"""Forms of texts -> what they are in words, for messages."""


class Section(BaseModel):
    """A table of a scenario file: strict, immutable, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _field(role: str, unit: str, text: str, source: str, bounds: dict[str, Any]) -> Any:
    default = bounds.pop("default", ...)
    return Field(
        default,
        description=text,
        json_schema_extra={"role": role, "unit": unit, "source": source},
        **bounds,
    )


def fact(unit: str, text: str, source: str = "", **bounds: Any) -> Any:
    """A number or switch that people edit; never moved by a study or a calibration."""
    return _field("fact", unit, text, source, bounds)


def uncertainty(unit: str, text: str, source: str, **bounds: Any) -> Any:
    """A number nobody knows exactly; moved only by calibration, and it must say where it comes from."""
    return _field("uncertainty", unit, text, source, bounds)


def lever(unit: str, text: str, source: str = "", **bounds: Any) -> Any:
    """A setting that a branch may choose; ``ge`` and ``le`` are its legal range."""
    return _field("lever", unit, text, source, bounds)


# ------------------------------------------------------------------------------------------------ laws


class Never(Section):
    """Never happens: infinite patience."""

    law: Literal["never"]

    def variate(self) -> draws.Variate:
        return draws.Variate(draws.NEVER, 0.0, 0.0, 0.0)

    def mean(self) -> float:
        return float("inf")


class Constant(Section):
    """Always the same number of minutes."""

    law: Literal["constant"]
    value_min: float = Field(ge=0, description="the value, minutes")

    def variate(self) -> draws.Variate:
        return draws.Variate(draws.CONSTANT, self.value_min, 0.0, 0.0)

    def mean(self) -> float:
        return self.value_min


class Exponential(Section):
    """Exponential with a mean."""

    law: Literal["exponential"]
    mean_min: float = Field(gt=0, description="mean, minutes")

    def variate(self) -> draws.Variate:
        return draws.Variate(draws.EXPONENTIAL, self.mean_min, 0.0, 0.0)

    def mean(self) -> float:
        return self.mean_min


class Lognormal(Section):
    """Lognormal with a mean and a coefficient of variation (standard deviation / mean)."""

    law: Literal["lognormal"]
    mean_min: float = Field(gt=0, description="mean, minutes")
    cv: float = Field(gt=0, le=10, description="standard deviation / mean")

    def variate(self) -> draws.Variate:
        variance = log(1.0 + self.cv**2)
        return draws.Variate(draws.LOGNORMAL, log(self.mean_min) - variance / 2.0, sqrt(variance), 0.0)

    def mean(self) -> float:
        return self.mean_min


class Weibull(Section):
    """Weibull with a mean and a shape (1 = exponential, above 1 = hazard grows)."""

    law: Literal["weibull"]
    mean_min: float = Field(gt=0, description="mean, minutes")
    shape: float = Field(ge=0.1, le=20, description="shape")

    def variate(self) -> draws.Variate:
        scale = self.mean_min / float(gamma_function(1.0 + 1.0 / self.shape))
        return draws.Variate(draws.WEIBULL, scale, 1.0 / self.shape, 0.0)

    def mean(self) -> float:
        return self.mean_min


class Triangular(Section):
    """Triangular between low and high with its peak at the mode."""

    law: Literal["triangular"]
    low_min: float = Field(ge=0, description="smallest value, minutes")
    mode_min: float = Field(ge=0, description="most likely value, minutes")
    high_min: float = Field(ge=0, description="largest value, minutes")

    @model_validator(mode="after")
    def _ordered(self) -> Triangular:
        if not self.low_min <= self.mode_min <= self.high_min:
            raise ValueError("expected low_min <= mode_min <= high_min")
        return self

    def variate(self) -> draws.Variate:
        return draws.Variate(draws.TRIANGULAR, self.low_min, self.mode_min, self.high_min)

    def mean(self) -> float:
        return (self.low_min + self.mode_min + self.high_min) / 3.0


class Gamma(Section):
    """Gamma with a mean and a coefficient of variation."""

    law: Literal["gamma"]
    mean_min: float = Field(gt=0, description="mean, minutes")
    cv: float = Field(gt=0, le=10, description="standard deviation / mean")

    def variate(self) -> draws.Variate:
        shape = 1.0 / self.cv**2
        return draws.Variate(draws.GAMMA, shape, self.mean_min / shape, 0.0)

    def mean(self) -> float:
        return self.mean_min


Law = Annotated[Never | Constant | Exponential | Lognormal | Weibull | Triangular | Gamma, Field(discriminator="law")]


def stretched(law: Law, ratio: float) -> Law:
    """The same law with all minutes longer by a ratio."""
    minutes = {name: ratio * getattr(law, name) for name in type(law).model_fields if name.endswith("_min")}
    return law.model_copy(update=minutes)


CLASSES = ("demand", "time_deposit", "wealth_product", "fund", "insurance_metals")
"""Product classes, in the order of every list that has a number for each."""


def expect_each(section: Section, names: tuple[str, ...], fields: tuple[str, ...]) -> None:
    """Refuse lists of a section that do not hold one number for each name. Raises ValueError."""
    for field in fields:
        if len(getattr(section, field)) != len(names):
            raise ValueError(f"{field} expects {len(names)} numbers: {', '.join(names)}")
