"""The plan of a campaign with the numbers of a run (C09): goal, target, outline, phases, evaluation, cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from vipsim.campaigns import funnel
from vipsim.scenario.campaigns import Campaign, Condition

_TEMPLATE = Path(__file__).with_name("plan.md.j2")
_STEPS_ZH = {
    "eligible": "符合条件",
    "owned": "有人管户",
    "allowed by policy": "允许联络",
    "within capacity": "已邀约",
    "reached": "联络成功",
    "interested": "有意向",
    "accepted": "接受邀请",
    "came": "到场",
    "met": "面谈",
    "moved money": "资金转入",
    "stayed": "资金留存",
}
_CHANNELS = {
    "call": "asked by their owner, else by the managers in turn",
    "sms": "asked by message",
    "letter": "asked by letter",
    "counter": "asked when they come to the counter",
    "field": "strangers, spoken to outside the branch",
    "lobby": "asked by the lobby manager at the reception",
    "advert": "strangers who read an advertisement and come by themselves",
}
_WHERE = {
    "event": "who accepts comes to the event",
    "branch": "who accepts comes to the branch and is met there if a manager is free",
    "call": "the contact itself is what is wanted",
}


def window_start(calendar: Any) -> date:
    """First day of the decided window."""
    months = calendar.start_date.year * 12 + calendar.start_date.month - 1 + calendar.run_in_months
    return date(months // 12, months % 12 + 1, 1)


def _condition(c: Condition) -> str:
    if c.one_of:
        return f"{c.column}: {', '.join(c.one_of)}"
    low = "" if c.at_least is None else f"at least {c.at_least:,g}"
    high = "" if c.at_most is None else f"at most {c.at_most:,g}"
    return f"{c.column}: {' and '.join(part for part in (low, high) if part)}"


def _targets(c: Campaign) -> list[str]:
    if c.channel == "field":
        kind = [_condition(item) for item in c.target]
        return [*kind, f"people without an account; at most {c.list_most:,} a day"]
    lines = [_condition(item) for item in c.target] or ["every customer"]
    if c.ask_from_share > 0.0:
        lines.append(f"relationship_share: at least {c.ask_from_share:g}")
    if c.sample_share < 1.0:
        lines.append(f"of these {c.sample_share:.1%}, the segment that the book has no column for")
    return [*lines, f"at most {c.list_most:,} on a list, by {c.rank}"]


def _goals(c: Campaign, made: Mapping[str, float]) -> list[str]:
    lines = []
    if c.goal_customers:
        lines.append(f"{c.goal_customers} prime customers won; in this history {made['prime_customers_won']:.0f}")
    if c.goal_success_share:
        lines.append(f"{c.goal_success_share:.1%} of those asked succeed; in this history {made['success_share']:.1%}")
    return lines or ["no number was set"]


def _outline(c: Campaign, made: Mapping[str, float]) -> list[str]:
    lines = [_CHANNELS[c.channel], _WHERE[c.where] if c.channel != "field" else "who is interested opens an account"]
    if c.guests_most:
        lines.append(f"each may bring up to {c.guests_most} friends; {made['friends']:.0f} came")
    if c.redeem_points > 0.0:
        lines.append(f"goods of {c.redeem_yuan:,.0f} yuan for {c.redeem_points:,.0f} points each")
        lines.append(f"{made['points_redeemed']:,.0f} points were given")
    if c.product != "none":
        lines.append(f"the managers offer {c.product}")
    if c.approval_days:
        lines.append(f"approved on day {c.approval_days} of the window; nothing begins earlier")
    return lines


def _phases(c: Campaign, start: date) -> list[list[str]]:
    rows = []
    for number, phase in enumerate(c.scheduled()):
        first = max(phase.from_day, c.approval_days)
        until = (start + timedelta(phase.until_day)).isoformat()
        note = "" if first <= phase.until_day else "not approved in time"
        rows.append([str(number + 1), phase.does, (start + timedelta(first)).isoformat(), until, note])
    return rows


def _costs(c: Campaign, made: Mapping[str, float]) -> list[str]:
    moved = made["moved_yuan"]
    lines = [
        f"budget {c.budget_yuan:,.0f} yuan; spent {made['spent_yuan']:,.0f} yuan beside staff time and channels",
        f"fixed {c.fixed_yuan:,.0f}, an invitation {c.invite_yuan:,.0f}, a guest {c.guest_yuan:,.0f}, "
        f"a success {c.reward_yuan:,.0f} yuan",
        "costs that belong to nobody are charged to "
        + ("each participant" if c.attribution == "participants" else "every customer"),
    ]
    if moved > 0:
        lines.append(f"{made['spent_yuan'] / moved:.4f} yuan spent for each yuan that guests moved here")
    return lines


def plan(
    name: str,
    scenario: Any,
    tables: Mapping[str, Any],
    about: Mapping[str, Any],
    increments: Mapping[str, str] | None = None,
) -> str:
    """The plan of one campaign as Markdown.

    Parameters
    ----------
    tables : mapping
        Tables of a recorded replication (``results.campaign_tables``).
    about : mapping
        ``seed``, ``replications``, ``engine`` of the run.
    increments : mapping, optional
        KPI -> difference to the twin in words, where a twin was run.
    """
    from jinja2 import Environment, StrictUndefined

    campaign: Campaign = scenario.campaigns[name]
    steps = [s for s in funnel.from_table(tables["funnel"]) if (s.kind, s.name) == ("campaign", name)]
    made = next(row for row in tables["campaigns"].to_pylist() if row["campaign"] == name)
    staff = tables["campaign_staff"].to_pylist() if "campaign_staff" in tables else []
    reading = []
    limit = funnel.binding(steps)
    if limit is not None:
        reading.append(
            f"the limit that binds: {limit.why} ({limit.lost_people:,.0f} people, {limit.lost_yuan:,.0f} yuan at stake)"
        )
    reading += [f"against today's policy: {kpi} {text}" for kpi, text in (increments or {}).items()]
    start = window_start(scenario.calendar)
    # the text is Markdown for people of the branch, never shown as a page of a site: nothing to escape
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=False)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        name=name,
        title=campaign.title,
        title_zh=campaign.title_zh,
        goals=_goals(campaign, made),
        targets=_targets(campaign),
        outline=_outline(campaign, made),
        phases=_phases(campaign, start),
        staff=[
            [row["role"], str(row["people"]), f"{row['asked_min']:,.0f}", f"{row['done_min']:,.0f}"]
            for row in staff
            if row["campaign"] == name
        ],
        funnel=[
            [
                f"{s.step} {_STEPS_ZH[s.step]}",
                *(f"{value:,.0f}" for value in (s.people, s.yuan, s.lost_people, s.lost_yuan)),
                s.why + (" (limit)" if s.is_limit else ""),
            ]
            for s in steps
        ],
        reading=reading,
        scores=[
            [
                (scenario.calendar.start_date + timedelta(row["day"])).isoformat(),
                *(f"{row[k]:,}" for k in ("asked", "reached", "interested", "accepted", "came", "met", "moved")),
                f"{row['moved_fen'] / 100:,.0f}",
                f"{row['spent_yuan']:,.0f}",
            ]
            for row in tables["campaign_scores"].to_pylist()
            if row["campaign"] == name
        ],
        evaluate_days=campaign.evaluate_days,
        costs=_costs(campaign, made),
        **about,
    )


def plans(
    scenario: Any, tables: Mapping[str, Any], about: Mapping[str, Any], increments: Mapping[str, str] | None = None
) -> dict[str, str]:
    """File name -> plan of every campaign that is on; empty where none is."""
    if "campaigns" not in tables:
        return {}
    names = tables["campaigns"]["campaign"].to_pylist()
    return {f"plan_{name}.md": plan(name, scenario, tables, about, increments) for name in names}
