"""The marketing supervisor (B01): checks the owners' tasks in the head's stead, with minutes and pay of his own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_ownership import rules_of
from years import BASELINE, Year, branch

from vipsim import tally
from vipsim.customers.ownership import HEAD_FIRST, SUPERVISOR
from vipsim.month import policy_of
from vipsim.outreach import plan as plans
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values
from vipsim.scenario.staff import ROLES

POST: dict[str, Any] = {
    "employed": 1,
    "absence_share": 0.0,
    "skill_cv": 0.0,
    "cost_yuan_per_month": 20_000.0,
    "shifts": [{"start_min": 0.0, "end_min": 480.0}],
}
ALL_CHECKED = {"outreach.checked_share": 1.0, "outreach.check_min": 3.0, "staff.head.absence_share": 0.5}


@pytest.mark.parametrize(("supervisors", "heads", "post"), [(0, 1, HEAD_FIRST), (1, 1, SUPERVISOR), (2, 0, SUPERVISOR)])
def test_the_supervisor_checks_in_the_heads_stead(supervisors: int, heads: int, post: int) -> None:
    """The check stands first on the list of one of them, with minutes for each task of the day."""
    team = rules_of({})[1]._replace(supervisor_count=supervisors, head_count=heads)
    outreach = policy_of(with_values(BASELINE, ALL_CHECKED), 250.0).outreach
    plan = plans.make_plan(10)
    plan.size[0], plan.size[HEAD_FIRST] = 5, 2
    plans._add_check(outreach, team, plan)
    assert plan.rows[post, 0].task == plans.CHECK
    assert plan.rows[post, 0].minutes == pytest.approx(3.0 * 7)
    assert plan.size.sum() == 8
    nobody = team._replace(supervisor_count=0, head_count=0)
    plans._add_check(outreach, nobody, plan)
    assert plan.size.sum() == 8


def test_a_supervisor_frees_the_head_and_checks_on_more_days() -> None:
    """Whole years, with a head who is often away: more days are checked, fewer tasks are lost, and the post costs."""
    found = {}
    for name, staff in (("head", {}), ("supervisor", {"staff.marketing_supervisor": POST})):
        year = Year(branch(ALL_CHECKED | staff)).run()
        counted = year.branch.state.sums.tally[tally.WINDOW]
        found[name] = year.outcome(year.scenario).kpis | {
            "checks": counted[tally.CHECKS] / counted[tally.OPEN_DAYS],
            "planned": counted[tally.PLANNED_MADE],
        }
    head, supervisor = found["head"], found["supervisor"]
    assert head["checks"] < 0.65
    assert supervisor["checks"] > 0.9
    assert supervisor["utilisation_head"] < head["utilisation_head"]
    assert supervisor["utilisation_marketing_supervisor"] > 0.05
    assert np.isnan(head["utilisation_marketing_supervisor"])
    assert supervisor["coverage_share"] > head["coverage_share"]
    months = BASELINE.calendar.window_months
    assert supervisor["cost_staff_yuan"] - head["cost_staff_yuan"] == pytest.approx(20_000.0 * months, rel=0.2)


def test_nobody_employed_is_nobody() -> None:
    assert ROLES[-1] == "marketing_supervisor"  # numbers of the others stay
    assert BASELINE.staff.marketing_supervisor.employed == 0
    many = with_values(BASELINE, {"staff.head.employed": 20})
    assert many.staff.head.employed == 20
    with pytest.raises(InputError, match="at most 19"):
        with_values(BASELINE, {"staff.head.employed": 20, "staff.marketing_supervisor": POST})
