"""Layers landed on posts (B21): the planner's table agrees with the rules of ownership and with the loads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from test_ownership import AT, OVERLAP
from years import SCENARIOS, branch

from vipsim import month as months
from vipsim import simulate
from vipsim.cli.checks import check
from vipsim.customers import ownership as owners
from vipsim.customers.state import begin, opening_rows
from vipsim.loads import layers, loads
from vipsim.scenario.schema import Scenario

NO_CAPS: dict[str, Any] = {
    "ownership.max_book": 2000,
    "ownership.teller_max_book": 20_000,
    "ownership.head_max_book": 20_000,
    "book.customers": 400,
    "book.prospects": 0,
}
CENTRE = {"ownership.centres": 1, "ownership.centre_max_book": 9000, "ownership.transfer_up": "hand_over"}
POSTS = ("relationship_manager", "teller", "head", "wealth_centre")


@pytest.mark.parametrize(
    "rules",
    [
        {},
        OVERLAP,
        OVERLAP | {"ownership.precedence": "teller"},
        CENTRE | {"ownership.transfer_from_yuan": 1_000_000.0, "ownership.head_from_yuan": 500_000.0},
        OVERLAP | {"ownership.measure": "average", "ownership.head_from_yuan": 300_000.0},
    ],
)
def test_each_layer_lands_on_the_post_of_its_owner(rules: dict[str, Any]) -> None:
    """As the branch itself divides the book on its first day, where no book is full."""
    scenario: Scenario = branch(NO_CAPS | rules, today=rules)
    book, _ = simulate.opening(scenario)
    state = begin(opening_rows(book), book.size)
    policy, team = months.policy_of(scenario, 250.0), months.team_of(scenario)
    owners.divide_book(state, AT, policy.ownership, team, book.size, True, 0)
    owner = state.book.owner
    found = layers(scenario)
    for number, post in enumerate(POSTS):
        counted = sum(layer.customers for layer in found if layer.post == post)
        assert counted == np.count_nonzero((owner >= 0) & (owner // owners.POSTS == number)), post
    assert len({(layer.post, layer.level) for layer in found}) == len(found) > 3
    assert all(np.isnan(layer.contacts) == (layer.post == "wealth_centre") for layer in found)


def test_the_work_of_the_layers_is_the_plans() -> None:
    """Contacts of the head and the managers roll up to the minutes that ``loads`` asks of the managers."""
    plan = {"outreach.plan_contacts_per_year": [6.0] * 9}
    with_plan, without = branch(plan), branch({"outreach.plan_contacts_per_year": [0.0] * 9})
    more = loads(with_plan)["relationship_manager"].required_min - loads(without)["relationship_manager"].required_min
    rolled = sum(layer.minutes_min * getattr(with_plan.staff, layer.post).employed for layer in layers(with_plan))
    assert rolled == pytest.approx(more)
    assert all(layer.contacts == 0.0 for layer in layers(without))


def test_check_shows_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SCENARIOS / "baseline.toml")
    assert check([path], False) == 0
    assert "grid level" in capsys.readouterr().out
    assert check([path], True) == 0
    (found,) = json.loads(capsys.readouterr().out)["files"]
    assert {row["post"] for row in found["layers"]} == {"head", "relationship_manager"}
