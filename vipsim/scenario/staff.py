"""Scenario section of who serves (`[staff]`): the roles, their people, rota, shifts and stations.

Minutes of a day run from opening (0) to ``calendar.opening_min``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator, model_validator

from vipsim.scenario.fields import Section, fact, lever, uncertainty

ROLES = ("relationship_manager", "lobby_manager", "teller", "head", "lobby_assistant", "marketing_supervisor")
Station = Literal["desk", "cash", "noncash", "rm"]


class Block(Section):
    """A part of a shift not on the floor."""

    start_min: float = lever("min", "Start, minutes after opening", "DV12", ge=0)
    end_min: float = lever("min", "End, minutes after opening", "DV12", ge=0)
    activity: Literal["break", "admin", "training"] = fact("choice", "What the member does", "N24, L01")


class Shift(Section):
    """From when to when a member is in the branch, and the blocks off the floor."""

    start_min: float = lever("min", "Start, minutes after opening", "DV12", ge=0)
    end_min: float = lever("min", "End, minutes after opening", "DV12", ge=0)
    blocks: list[Block] = Field(default=[], description="Breaks, administration, training; in order, inside the shift")

    @model_validator(mode="after")
    def _ordered(self) -> Shift:
        edges = [self.start_min]
        for block in self.blocks:
            edges += [block.start_min, block.end_min]
        edges.append(self.end_min)
        if any(b < a for a, b in pairwise(edges)) or self.start_min >= self.end_min:
            raise ValueError(f"expected start_min < end_min and blocks in order between them, found {edges}")
        return self


class Role(Section):
    """One role's people: how many, who is on the floor, what they can do and what they cost."""

    employed: int = lever("people", "Members employed", "L20, DV01-DV04", ge=0, le=20)
    on_duty: int | None = lever(
        "people", "At most this many on the floor a day (rota); omitted = all", "DV03", ge=0, le=20, default=None
    )
    weekend_on_duty: int | None = lever(
        "people",
        "Members who work on each Saturday or Sunday of opening, and rest on a working day instead; "
        "omitted = weekends are staffed like all days, without days of rest",
        "DV12, L25",
        ge=0,
        le=20,
        default=None,
    )
    absence_share: float = uncertainty("share", "Days absent: annual leave, sickness", "assumption", ge=0, le=1)
    skill_cv: float = uncertainty(
        "ratio", "Spread of skill: variation between members of the minutes for the same work", "N33", ge=0, le=1
    )
    cost_yuan_per_month: float = fact("yuan per month", "Full staff cost of a member", "N23", ge=0)
    shifts: list[Shift] = Field(
        min_length=1,
        description="The n-th member on duty today works shift n modulo their number, so breaks take turns",
    )

    def on_floor(self) -> int:
        """Most members on the floor, by number employed and rota."""
        return self.employed if self.on_duty is None else min(self.employed, self.on_duty)


class Serving(Role):
    """A role whose members serve the stations named, the first before the others."""

    stations: list[Station] = fact("stations", "Stations served, the first before the others", "L01, L20", default=[])

    @field_validator("stations")
    @classmethod
    def _once(cls, values: list[Station]) -> list[Station]:
        if len(set(values)) < len(values):
            raise ValueError(f"expected every station once, found {values}")
        return values


class Tellers(Role):
    """Counter staff: some do only cash, some only non-cash business, the rest both."""

    cash_only: int = lever("people", "Tellers who do only cash business", "DV05, I12", ge=0, le=20)
    noncash_only: int = lever("people", "Tellers who do only non-cash business", "DV05, I12", ge=0, le=20)

    @model_validator(mode="after")
    def _enough(self) -> Tellers:
        if self.cash_only + self.noncash_only > self.employed:
            raise ValueError(
                f"expected cash_only + noncash_only <= employed, found {self.cash_only} + {self.noncash_only} "
                f"> {self.employed}"
            )
        return self


def _nobody() -> Serving:
    shift = Shift.model_validate({"start_min": 0.0, "end_min": 1.0})
    nobody = {"employed": 0, "absence_share": 0.0, "skill_cv": 0.0, "cost_yuan_per_month": 0.0, "shifts": [shift]}
    return Serving.model_validate(nobody)


class Staff(Section):
    """The finite staff of the branch, in the order of their numbers: as in ``ROLES``.

    Lobby assistants (interns, guides) serve the desk with less accuracy; left out = nobody (L21). The marketing
    supervisor checks the owners' lists of tasks in the head's stead; left out = nobody (B01).
    """

    relationship_manager: Serving
    lobby_manager: Serving
    teller: Tellers
    head: Serving
    lobby_assistant: Serving = Field(
        default_factory=_nobody, description="Interns and guides at the desk; omitted = none"
    )
    marketing_supervisor: Serving = Field(
        default_factory=_nobody,
        description="Who checks the owners' tasks in the head's stead (outreach.checked_share); omitted = none",
    )
