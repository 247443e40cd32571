"""The root of a scenario: all sections of the declared world and policy, and the rules between sections."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from vipsim.scenario.book import BookSource
from vipsim.scenario.calendar import Calendar
from vipsim.scenario.fields import Section
from vipsim.scenario.lobby import Demand, Lobby, Staff, check_lobby
from vipsim.scenario.relationship import (
    Assets,
    Experience,
    Grid,
    Incentives,
    Lifecycle,
    Money,
    Outreach,
    Ownership,
    Response,
    Scorecard,
    Tiers,
)
from vipsim.scenario.wishes import Wish, refuse


RELATIONSHIP = (
    "tiers",
    "grid",
    "ownership",
    "outreach",
    "response",
    "lifecycle",
    "assets",
    "incentives",
    "money",
    "experience",
    "scorecard",
)
"""Sections of the relationship side: all there where there is a book, absent in a lobby-only scenario."""


class Scenario(Section):
    """One branch: calendar, demand, lobby, staff, book and the relationship side.

    ``today`` holds the value of every lever under today's policy; loading a file fills it from the root of
    ``extends`` and the file's ``[today]``.
    """

    schema_version: Literal[1] = Field(1, description="version of the scenario format")
    name: str = Field(description="short name, used for result folders", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    title: str = Field("", description="one line that says what this scenario is")
    sources: dict[str, str] = Field({}, description="short key -> full reference of a source that fields cite")
    today: dict[str, Any] = Field({}, description="dotted lever key -> value under today's policy")
    calendar: Calendar
    demand: Demand
    lobby: Lobby
    staff: Staff
    book: BookSource
    tiers: Tiers | None = None
    grid: Grid | None = None
    ownership: Ownership | None = None
    outreach: Outreach | None = None
    response: Response | None = None
    lifecycle: Lifecycle | None = None
    assets: Assets | None = None
    incentives: Incentives | None = None
    money: Money | None = None
    experience: Experience | None = None
    scorecard: Scorecard | None = None

    @model_validator(mode="after")
    def _between_sections(self) -> Scenario:
        refuse(list(self.wishes()), "Scenario")
        return self

    def wishes(self) -> list[Wish]:
        """What the sections ask of each other and do not get."""
        found: list[Wish] = []
        if self.calendar.start_date.day != 1:
            found.append(Wish(("calendar", "start_date"), "the first day of a month", str(self.calendar.start_date)))
        if self.book.source != "none":
            missing = [name for name in RELATIONSHIP if getattr(self, name) is None]
            found += [Wish((name,), f"the section [{name}], because there is a book", "nothing") for name in missing]
        try:
            check_lobby(self.demand, self.lobby, self.staff, self.calendar.opening_min)
        except ValueError as error:
            key, _, rest = str(error).partition(": ")
            found.append(Wish(tuple(key.split(".")), rest, "a lobby that cannot work"))
        return found
