"""Minutes that campaigns ask of the staff against those there are, by role, before anything runs (O16, C02)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from vipsim.calendar import calendar_days, weekday_numbers
from vipsim.campaigns.plans import window_start
from vipsim.campaigns.rules import names_on
from vipsim.scenario.campaigns import Campaign, Phase


class Need(NamedTuple):
    """Minutes of one role on an average open day of a campaign's phase."""

    campaign: str
    phase: int
    role: str
    required_min: float  # of the campaign alone
    taken_min: float  # by the lobby, the blocks and the maintenance plan
    available_min: float

    @property
    def is_short(self) -> bool:
        """Whether the campaign needs minutes that nobody has."""
        return self.required_min > 0.0 and self.required_min + self.taken_min > self.available_min

    def text(self) -> str:
        """The warning."""
        return (
            f"campaign {self.campaign}, phase {self.phase + 1}: {self.role} is asked for {self.required_min:,.0f} min "
            f"a day beside {self.taken_min:,.0f} of the day's other work; {self.available_min:,.0f} are available"
        )


def _open_days(scenario: Any, phase: Phase) -> int:
    calendar = scenario.calendar
    start = window_start(calendar) + timedelta(phase.from_day)
    days = calendar_days(
        start,
        phase.until_day - phase.from_day + 1,
        calendar.country,
        weekday_numbers(calendar.open_weekdays),
        calendar.extra_open_days,
        calendar.extra_closed_days,
    )
    return max(int(days.open.sum()), 1)


def _calls(scenario: Any, campaign: Campaign, phase: Phase) -> float:
    """Manager minutes a day of the calls to a full list, attempts that reach nobody included."""
    trigger = scenario.outreach.triggers.campaign
    channel = getattr(scenario.outreach, trigger.channel)
    misses = (1.0 - channel.reach_share) / channel.reach_share if channel.reach_share > 0.0 else 0.0
    minutes = (
        scenario.outreach.minutes_of(trigger.channel)
        + min(misses, scenario.outreach.most_attempts) * channel.unreached_min
    )
    return float(campaign.list_most * minutes / _open_days(scenario, phase))


def needs(scenario: Any, loads: Mapping[str, Any]) -> list[Need]:
    """What each phase of the campaigns that are on asks of each role; ``loads`` as ``vipsim.loads.loads`` gives them.

    A full list is assumed: what is asked at most.
    """
    found = []
    for name in names_on(scenario):
        campaign = scenario.campaigns[name]
        phases = campaign.scheduled()
        for number, phase in enumerate(phases):
            asked: dict[str, float] = {}
            if phase.does == "invite" and campaign.channel == "call":
                asked["relationship_manager"] = _calls(scenario, campaign, phase)
            for work in campaign.staff:
                if phase.does == "prepare":
                    stretch = sum(_open_days(scenario, p) for p in phases if p.does == "prepare")
                    asked[work.role] = asked.get(work.role, 0.0) + work.people * work.prepare_min / stretch
                elif phase.does == "event":
                    asked[work.role] = asked.get(work.role, 0.0) + work.people * work.event_min
            for role, minutes in asked.items():
                load = loads[role]
                found.append(Need(name, number, role, minutes, load.required_min, load.available_min))
    return found


def warnings(scenario: Any, loads: Mapping[str, Any]) -> list[str]:
    """A line for every phase that needs more minutes than exist."""
    return [need.text() for need in needs(scenario, loads) if need.is_short]
