"""The root of a scenario: all sections of the declared world and policy, and the rules between sections."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from vipsim.scenario.book import BookSource
from vipsim.scenario.calendar import Calendar
from vipsim.scenario.campaigns import Campaign
from vipsim.scenario.channels import Channels
from vipsim.scenario.demand import Demand
from vipsim.scenario.fields import NAME_PATTERN, Section
from vipsim.scenario.lifecycle import Assets, Lifecycle
from vipsim.scenario.lobby import Lobby, check_lobby
from vipsim.scenario.money import Experience, Incentives, Money, Scorecard
from vipsim.scenario.outreach import Outreach, Response
from vipsim.scenario.points import Points
from vipsim.scenario.settings import parse_key
from vipsim.scenario.staff import ROLES, Staff
from vipsim.scenario.tiers import Cards, Grid, Ownership, Tiers
from vipsim.scenario.wishes import Wish, refuse

RELATIONSHIP = (
    "tiers",
    "cards",
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
    name: str = Field(description="short name, used for result folders", pattern=NAME_PATTERN)
    title: str = Field("", description="one line that says what this scenario is")
    sources: dict[str, str] = Field({}, description="short key -> full reference of a source that fields cite")
    today: dict[str, Any] = Field({}, description="dotted lever key -> value under today's policy")
    calendar: Calendar
    demand: Demand
    lobby: Lobby
    staff: Staff
    book: BookSource
    tiers: Tiers | None = None
    cards: Cards | None = None
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
    points: Points | None = Field(None, description="Points that customers earn; omitted = nobody earns any")
    campaigns: dict[str, Campaign] = Field({}, description="Campaigns by name; each is run where its switch is on")

    @model_validator(mode="after")
    def _between_sections(self) -> Scenario:
        refuse(self.wishes(), "Scenario")
        return self

    def wishes(self) -> list[Wish]:
        """What the sections ask of each other and do not get."""
        return [*self._calendar_wishes(), *self._lobby_wishes(), *self._book_wishes(), *self._campaign_wishes()]

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
        found = [
            Wish((name,), f"the section [{name}], as book.source is {self.book.source!r}", "nothing")
            for name in missing
        ]
        if self.ownership is not None:
            tellers = self.staff.teller
            free = tellers.employed - max(1, tellers.cash_only + tellers.noncash_only)
            if self.ownership.specialists > max(free, 0):
                wanted = f"at most {max(free, 0)}, the tellers who can be spared at the counters"
                found.append(Wish(("ownership", "specialists"), wanted, str(self.ownership.specialists)))
            found += self._patch_wishes(self.ownership)
            if self.staff.marketing_supervisor.employed > 0 and self.staff.head.employed == 20:
                wanted = "at most 19 where there is a marketing supervisor"
                found.append(Wish(("staff", "head", "employed"), wanted, "20"))
            days = self.ownership.lobby_training_days_per_year
            if days > 0.0 and self.lobby.teaching is None and self.lobby.ebank is None:
                nobody = "0, as nobody teaches where neither [lobby.teaching] nor [lobby.ebank] is declared"
                found.append(Wish(("ownership", "lobby_training_days_per_year"), nobody, f"{days:g}"))
        return found

    def _patch_wishes(self, rules: Ownership) -> list[Wish]:
        """Leads by patch need patches; distance counts for less than the tie (O10, O18)."""
        found = []
        for policy, key, parts in (
            ("nearest", "areas", len(self.book.areas)),
            ("industry", "trades", len(self.book.trades)),
        ):
            if rules.lead_policy == policy and parts < 2:
                wanted = f"another policy, as book.{key} names {parts or 'none'}"
                found.append(Wish(("ownership", "lead_policy"), wanted, policy))
        km = [area.distance_km for area in self.book.areas]
        if self.lifecycle is not None and km:
            effect = self.lifecycle.distance_ratio_per_km ** (max(km) - min(km))
            strongest = 1.0 / self.lifecycle.relationship_ratio
            if effect > 1.0 and effect >= strongest:
                wanted = (
                    f"an effect over {max(km) - min(km):g} km below that of the relationship (1 / relationship_ratio = "
                    f"{strongest:.3g})"
                )
                at = f"{self.lifecycle.distance_ratio_per_km:g}, an effect of {effect:.3g}"
                found.append(Wish(("lifecycle", "distance_ratio_per_km"), wanted, at))
        return found

    def _campaign_wishes(self) -> list[Wish]:
        """Who is invited can still come; one that is on lies within the window and asks for people that there are."""
        late = [(name, campaign, campaign.late_invitation()) for name, campaign in self.campaigns.items()]
        found = [
            Wish(
                ("campaigns", name, "phases", n, "from_day"),
                f"invitations on or before day {campaign.last_event_day()}, the last day of the event",
                f"the first on day {min(p.from_day for p in campaign.scheduled() if p.does == 'invite')}",
            )
            for name, campaign, n in late
            if n is not None
        ]
        on = {name: campaign for name, campaign in self.campaigns.items() if campaign.on}
        if on and self.book.source == "none":
            name = next(iter(on))
            return [*found, Wish(("campaigns", name, "on"), "false, as book.source is 'none'", "true")]
        last = _days_of_window(self.calendar) - 1
        for name, campaign in on.items():
            if campaign.redeem_points > 0.0 and self.points is None:
                found.append(Wish(("points",), f"the section [points], as campaigns.{name} redeems them", "nothing"))
            for n, phase in enumerate(campaign.scheduled()):
                if phase.until_day > last:
                    expected = f"at most {last}, the last day of the window"
                    path = ("campaigns", name, "phases", n, "until_day")
                    found.append(Wish(path, expected, str(phase.until_day)))
            for n, work in enumerate(campaign.staff):
                employed = getattr(self.staff, work.role).employed
                if work.people > employed:
                    expected = f"at most {employed}, as staff.{work.role}.employed says"
                    found.append(Wish(("campaigns", name, "staff", n, "people"), expected, str(work.people)))
        return found


def _days_of_window(calendar: Calendar) -> int:
    """Days of the decided window."""
    months = calendar.start_date.year * 12 + calendar.start_date.month - 1 + calendar.run_in_months
    after = months + calendar.window_months
    return (date(after // 12, after % 12 + 1, 1) - date(months // 12, months % 12 + 1, 1)).days
