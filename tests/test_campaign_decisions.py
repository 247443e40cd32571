"""Decisions of a campaign that a study can search: reward, friends, whom, when, how long; and what a meeting costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from campaign_years import guests, year
from years import BASELINE, Year, branch

from vipsim import tally
from vipsim.campaigns.rules import make_campaigns
from vipsim.scenario.documents import Tree
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values
from vipsim.scenario.schema import Scenario
from vipsim.scenario.study import LeverRange, _lever_faults

LEVERS = ("guests_most", "ask_from_share", "start_shift_days", "length_ratio", "reward_yuan", "invite_yuan")
PULL = {"campaigns__referral_mgm__reward_pull_ratio": 2.0, "campaigns__referral_mgm__budget_yuan": 1e6}
ASK_ALL = {"campaigns__referral_mgm__ask_from_share": 0.0, "campaigns__referral_mgm__accept_share": 1.0}


def friends(reward_yuan: float, **changes: Any) -> int:
    """Friends who came in a year of the referral campaign, by the reward of a success."""
    made = year("referral_mgm", campaigns__referral_mgm__reward_yuan=reward_yuan, **PULL, **ASK_ALL, **changes)
    return int(guests(made)["friends"].sum())


def test_a_reward_brings_more_friends() -> None:
    """DV59: through one parameter, which at 0 leaves the gift a mere cost."""
    none, some, much = (friends(yuan) for yuan in (0.0, 100.0, 1000.0))
    assert 0 < none < some < much
    flat = {"campaigns__referral_mgm__guest_share": 0.3}
    still = {key: value for key, value in PULL.items() if "budget" in key}
    indifferent = [
        year("referral_mgm", campaigns__referral_mgm__reward_yuan=yuan, campaigns__referral_mgm__reward_pull_ratio=0.0,
             **flat, **still, **ASK_ALL)
        for yuan in (0.0, 1000.0)
    ]  # fmt: skip
    assert np.array_equal(*(guests(made)["friends"] for made in indifferent))


def test_twice_the_reward_is_less_than_twice_as_good() -> None:
    campaign = BASELINE.campaigns["referral_mgm"]
    share = [campaign.model_copy(update={"reward_yuan": yuan}).friend_share() for yuan in (0.0, 100.0, 200.0, 1e6)]
    assert share[0] == campaign.guest_share
    assert share[1] == pytest.approx(campaign.guest_share * (1.0 + campaign.reward_pull_ratio / 2.0))
    assert 0.0 < share[2] - share[1] < share[1] - share[0]
    assert share[3] == pytest.approx(campaign.guest_share * (1.0 + campaign.reward_pull_ratio), rel=1e-3)
    assert campaign.friend_share() == pytest.approx(0.15, abs=0.005)  # what the preset held before gifts pulled
    unmoved = campaign.model_copy(update={"reward_pull_ratio": 0.0, "reward_yuan": 1e6})
    assert unmoved.friend_share() == campaign.guest_share


def test_a_larger_gift_is_worth_more_where_its_size_counts() -> None:
    """DV73: gifts for birthdays and festivals, by tier with a campaign for each."""
    campaign = BASELINE.campaigns["birthday_care"]
    assert campaign.gift_care_share() == campaign.care_share > 0.0  # the preset: size moves nothing
    counts = campaign.model_copy(update={"gift_half_yuan": 50.0})
    share = [counts.model_copy(update={"invite_yuan": yuan}).gift_care_share() for yuan in (0.0, 50.0, 200.0)]
    assert share == pytest.approx([0.0, campaign.care_share / 2, campaign.care_share * 0.8])
    on = {"campaigns.birthday_care.on": True, "campaigns.birthday_care.gift_half_yuan": 50.0}
    rule = make_campaigns(branch(on | {"campaigns.birthday_care.invite_yuan": 50.0}), 0, np.arange(400), 10).rules[0]
    assert rule.care_share == pytest.approx(campaign.care_share / 2)


def test_only_the_satisfied_are_asked() -> None:
    """DV36: a lever beside the target; the higher, the fewer are eligible."""
    rules = {}
    for share in (0.0, 0.7):
        scenario = branch({"campaigns.referral_mgm.on": True, "campaigns.referral_mgm.ask_from_share": share})
        rules[share] = make_campaigns(scenario, 0, np.arange(400), 10).filters
    assert rules[0.7].size == rules[0.0].size + 1
    assert rules[0.7][-1].low == 0.7
    with pytest.raises(InputError, match="strangers have no relationship"):
        with_values(branch(), {"campaigns.clubs.ask_from_share": 0.5})


def days_of(**changes: Any) -> list[tuple[int, int]]:
    campaign = BASELINE.campaigns["women_day"].model_copy(update=changes)
    return [(phase.from_day, phase.until_day) for phase in campaign.scheduled()]


def test_a_campaign_is_moved_and_stretched_as_a_whole() -> None:
    """DV67, DV69: when it is run and how long it takes."""
    written = [(phase.from_day, phase.until_day) for phase in BASELINE.campaigns["women_day"].phases]
    first = min(begin for begin, _ in written)
    assert days_of() == written
    assert days_of(start_shift_days=14) == [(begin + 14, end + 14) for begin, end in written]
    assert days_of(length_ratio=2.0) == [(2 * begin - first, 2 * end - first) for begin, end in written]
    scenario = branch({"campaigns.women_day.on": True, "campaigns.women_day.start_shift_days": 14})
    plain = branch({"campaigns.women_day.on": True})
    later, then = (make_campaigns(s, 0, np.arange(400), 10) for s in (scenario, plain))
    assert np.array_equal(later.phases["from_day"], then.phases["from_day"] + 14)
    assert later.rules[0].until_day == then.rules[0].until_day + 14


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"campaigns.women_day.start_shift_days": -300}, "first day of at least 0"),
        ({"campaigns.women_day.start_shift_days": 350, "campaigns.women_day.on": True}, "last day of the window"),
    ],
)
def test_a_campaign_moved_out_of_the_window_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        with_values(branch(), changes)


@pytest.mark.parametrize("name", LEVERS)
def test_a_study_may_search_it(name: str) -> None:
    moved = LeverRange.model_validate({"choices": [1]})
    assert _lever_faults(f"campaigns.referral_mgm.{name}", moved, Scenario, Tree({})) == []


def test_a_meeting_costs_what_it_says() -> None:
    """O15: the channel ``face`` holds what a meeting is worth and costs; minutes are the lobby's, and no key of it."""
    costs = {"outreach.face.cost_yuan": 10.0}
    free, dear = (year_with(changes) for changes in ({}, costs))
    spent = dear[tally.CONTACT_YUAN] - free[tally.CONTACT_YUAN]
    assert dear[tally.MEETINGS_PRIME] > 0
    assert spent == pytest.approx(10.0 * dear[tally.MEETINGS_PRIME])
    with pytest.raises(InputError, match="prep_min"):
        with_values(branch(), {"outreach.face.prep_min": 3.0})


def year_with(changes: dict[str, Any]) -> np.ndarray:
    """Tally of the window of a year."""
    made = Year(branch(changes)).run()
    found: np.ndarray = made.branch.state.sums.tally[tally.WINDOW].copy()
    return found
