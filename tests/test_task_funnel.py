"""The funnel of outreach tasks to its end: who came, was met, moved money and stayed, against the run's own logs."""

from __future__ import annotations

from typing import Any

import numpy as np
from campaign_years import year, year_of
from years import branch

from vipsim import tally
from vipsim.campaigns import funnel
from vipsim.campaigns.rules import CAME, MET, MOVED
from vipsim.day import APPOINTED_VISIT
from vipsim.lobby.jobs import SERVED
from vipsim.outreach.triggers import REASONS

TO_THE_END = ["eligible", "owned", "allowed by policy", "within capacity", "reached", "interested"]
TO_THE_END += ["came", "met", "moved money", "stayed"]


def tasks_of(made: Any) -> dict[str, list[funnel.Step]]:
    steps = funnel.of_tasks(made.branch.funnel, made.branch.state)
    return {name: rows for (_, name), rows in funnel.by_name(steps).items()}


def courses_of(made: Any, *reasons: str) -> Any:
    rows = made.branch.funnel.courses[: made.branch.funnel.size[0]]
    return rows[np.isin(rows["reason"], [REASONS.index(reason) for reason in reasons])] if reasons else rows


def test_every_kind_of_task_is_told_to_the_end() -> None:
    found = tasks_of(year())
    assert {"contact_plan", "lead_follow_up", "maturity_reminder", "birthday"} <= set(found)
    assert all([step.step for step in rows] == TO_THE_END for rows in found.values())
    plan = {step.step: step for step in found["contact_plan"]}
    assert plan["interested"].people > plan["met"].people > plan["moved money"].people > 0
    assert plan["met"].lost_people > 0 or plan["came"].lost_people > 0


def test_visits_and_money_of_tasks_are_those_of_the_logs() -> None:
    """Nobody comes, is met or pays in the funnel without a visit or an arrival in the branch."""
    made = year()
    rows = courses_of(made)
    visits = np.concatenate(made.recorder.visits)
    kept = visits[visits["number"] == APPOINTED_VISIT]
    came = rows[(rows["sales"] >= 0) & (rows["step"] >= CAME)]
    assert 0 < came.size <= kept.size
    assert np.isin(came["who"], kept["who"]).all()
    met = came[came["step"] >= MET]
    assert 0 < met.size <= (kept["rm_outcome"] == SERVED).sum()
    assert (came["step"] == CAME).sum() <= (kept["rm_outcome"] != SERVED).sum()
    won = made.branch.state.sums.tally[:, tally.WON_FEN].sum()
    brought = rows[(rows["brings"] == 1) & (rows["step"] == MOVED)]
    assert 0 < brought["moved"].sum() <= won
    assert (brought["moved"] > 0).all()


def test_where_nothing_is_sold_no_task_moves_money() -> None:
    changes = {"response.meeting_sale_share": 0.0, "response.call_sale_share": 0.0, "response.win_back_share": 0.0}
    made = year_of(branch(changes).model_dump_json())
    brought = courses_of(made, "contact_plan", "threshold_near", "after_sale", "win_back")
    assert brought.size > 0
    assert not (brought["step"] >= MOVED).any()


def test_nothing_is_counted_where_nothing_is_recorded() -> None:
    from vipsim.campaigns.tasks import make_funnel

    empty = make_funnel(False, 1000)
    assert sum(column.size for column in (empty.counts, empty.courses, empty.coming, empty.paying)) == 0
