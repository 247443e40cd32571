"""The root of a scenario: all sections of the declared world and policy, and the rules between sections."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from vipsim.scenario.book import BookSource
from vipsim.scenario.calendar import Calendar
from vipsim.scenario.channels import Channels
from vipsim.scenario.fields import Section
from vipsim.scenario.lifecycle import Assets, Lifecycle
from vipsim.scenario.lobby import ROLES, Demand, Lobby, Staff, check_lobby
from vipsim.scenario.money import Experience, Incentives, Money, Scorecard
from vipsim.scenario.outreach import Outreach, Response
from vipsim.scenario.settings import parse_key
from vipsim.scenario.tiers import Grid, Ownership, Tiers
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
    "channels",
    "scorecard",
)
"""Sections about customers of the book: all of them, or none where there is no book."""


class Scenario(Section):
    """One branch: calendar, demand, lobby, staff, book and the relationship side.

    ``today`` holds the value of every lever under today's policy; loading a file fills it from the root of
    ``extends`` and the file's ``[today]``. The sections from ``tiers`` on are required unless
    ``book.source = "none"`` (a lobby with walk-ins only).
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
    channels: Channels | None = None
    scorecard: Scorecard | None = None

    @model_validator(mode="after")
    def _between_sections(self) -> Scenario:
        refuse(self.wishes(), "Scenario")
        return self

    def wishes(self) -> list[Wish]:
        """What the sections ask of each other and do not get."""
        return [*self._calendar_wishes(), *self._lobby_wishes(), *self._book_wishes()]

    def _calendar_wishes(self) -> list[Wish]:
        found = []
        start = self.calendar.start_date
        if start.day != 1:
            found.append(Wish(("calendar", "start_date"), "the first day of a month", str(start)))
        twice = set(self.calendar.extra_open_days) & set(self.calendar.extra_closed_days)
        if twice:
            day = str(min(twice))
            found.append(Wish(("calendar", "extra_closed_days"), "days that are not in extra_open_days too", day))
        return found

    def _lobby_wishes(self) -> list[Wish]:
        """The lobby's own rules about staff, stations and the opening time, blamed on the key they name."""
        idle = [name for name in ROLES if getattr(self.staff, name).employed and getattr(self.staff, name).on_duty == 0]
        if idle:
            somebody = "at least 1 person on duty, as people are employed"
            return [Wish(("staff", name, "on_duty"), somebody, "0", "employ nobody instead") for name in idle]
        try:
            check_lobby(self.demand, self.lobby, self.staff, self.calendar.opening_min)
        except ValueError as error:
            named = re.match(r"([a-z_][\w.\[\]]*): (?:expected )?", str(error))
            path = parse_key(named.group(1)) if named else ("staff",)
            said = str(error)[named.end() if named else 0 :]
            expected, _, found = said.rpartition(", found ") if ", found " in said else said.rpartition("; found ")
            return [Wish(path, expected or said, found if expected else "")]
        return []

    def _book_wishes(self) -> list[Wish]:
        if self.book.source == "none":
            return []
        missing = [name for name in RELATIONSHIP if getattr(self, name) is None]
        return [
            Wish((name,), f"the section [{name}], as book.source is {self.book.source!r}", "nothing")
            for name in missing
        ]
