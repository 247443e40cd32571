"""Campaigns: every preset runs, people, yuan and minutes are conserved, policy holds, chance is kept apart."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from campaign_years import NAMES, guests, with_campaigns, year, year_of
from years import BASELINE, SCENARIOS, Year, branch, differing

from vipsim import simulate, tally
from vipsim.campaigns import funnel
from vipsim.campaigns.results import charged
from vipsim.campaigns.rules import (
    ACCEPTED,
    ALLOWED,
    ASKED,
    BUDGET,
    CAME,
    LIMITS,
    MET,
    MOVED,
    REACHED,
    SEATS,
    STOPPED,
    WHY,
)
from vipsim.campaigns.targets import draw_list
from vipsim.customers import segments
from vipsim.customers.book import EXITED, PROSPECT, STAGE_NAMES
from vipsim.day import CAMPAIGN_VISIT
from vipsim.outreach.triggers import PRESETS, REASONS, TALKS
from vipsim.scenario import campaigns as declared

AROUND: dict[str, Any] = {"book__prospects": 2000}
LETTER: dict[str, Any] = {
    "campaigns.festival_care.on": True,
    "campaigns.festival_care.invite_yuan": 0.0,
    "campaigns.festival_care.reach_share": 0.0,
}


def everything() -> Any:
    """A year with all campaigns on, and people around whom they can find."""
    return year(*NAMES, **AROUND)


def steps_of(made: Any) -> list[funnel.Step]:
    names = made.world.campaign_names
    return [
        s for c, name in enumerate(names) for s in funnel.of_campaign(made.branch.campaigns, made.branch.state, c, name)
    ]


# ------------------------------------------------------------------------------------------------ presets


@pytest.mark.parametrize("rank", ["tier", "assets"])
def test_a_limited_issue_is_offered_tier_by_tier(rank: str) -> None:
    """T16: the list is the book by tier, within a tier by assets, cut where it is full; or by assets alone."""
    changes = {"campaigns__limited_issue__rank": rank, "campaigns__limited_issue__channel": "letter"}
    made = Year(with_campaigns("limited_issue", **changes))
    made.begin()
    book, campaigns = made.branch.state.book, made.branch.campaigns
    have = book.balance.sum(axis=1)
    rich = have >= 100 * BASELINE.campaigns["limited_issue"].target[0].at_least
    asked = np.flatnonzero((book.stage > PROSPECT) & (book.stage < EXITED) & (book.do_not_call == 0) & rich)
    book.tier[asked[np.argmin(have[asked])]] = 1  # past averages decide the tier, not what is here today
    first = -book.tier[asked] if rank == "tier" else np.zeros(asked.size)
    expected = asked[np.lexsort((-have[asked], first))]
    vips = np.count_nonzero(book.tier[asked] > 0)
    campaigns.rules[0].list_most = vips + 5
    draw_list(made.branch.state, made.world.policy[1], campaigns, made.address, 0, 1)
    assert campaigns.guests[: campaigns.size[0]]["who"].tolist() == expected[: vips + 5].tolist()


def test_every_file_of_the_folder_is_a_campaign_of_the_baseline_that_is_off() -> None:
    assert {path.stem for path in (SCENARIOS / "campaigns").glob("*.toml")} == set(NAMES)
    assert not any(campaign.on for campaign in BASELINE.campaigns.values())
    assert all(campaign.title_zh for campaign in BASELINE.campaigns.values())


def test_the_columns_of_a_filter_hold_the_names_of_the_book() -> None:
    assert declared.CODED["tier"] == segments.TIER_NAMES
    assert declared.CODED["type"] == segments.TYPE_NAMES
    assert declared.CODED["group"] == segments.GROUP_NAMES
    assert declared.CODED["stage"] == STAGE_NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_asks_people_and_spends_within_its_budget(name: str) -> None:
    made = everything()
    c = made.world.campaign_names.index(name)
    assert (guests(made, name)["step"] >= ASKED).sum() > 0
    assert 0.0 <= made.branch.campaigns.spent[c] <= BASELINE.campaigns[name].budget_yuan


def test_campaigns_that_are_off_cost_nothing_and_change_nothing() -> None:
    without = branch().model_copy(update={"campaigns": {}, "today": {}})
    assert simulate.replicate(branch(), 3, 1).kpis == pytest.approx(simulate.replicate(without, 3, 1).kpis, nan_ok=True)
    made = year()
    assert sum(column.size for column in (made.branch.campaigns.guests, made.branch.campaigns.first)) == 0


# ------------------------------------------------------------------------------------------------ conservation


def rising(steps: Iterable[funnel.Step]) -> list[str]:
    """Steps of a funnel with more people or yuan than the step before, or that do not say who was lost."""
    found = []
    for rows in funnel.by_name(steps).values():
        for before, step in pairwise(rows):
            if step.people > before.people or step.yuan > before.yuan + 1e-6:
                found.append(f"{step.name} {step.step}")
            if step.people + step.lost_people != pytest.approx(before.people):
                found.append(f"{step.name} {step.step} loses people")
            if step.yuan + step.lost_yuan != pytest.approx(before.yuan):
                found.append(f"{step.name} {step.step} loses yuan")
            if step.lost_people > 0 and not step.why:
                found.append(f"{step.name} {step.step} does not say why")
    return found


def test_a_funnel_never_rises_and_nobody_is_lost_twice() -> None:
    made = everything()
    steps = [*steps_of(made), *funnel.of_tasks(made.branch.funnel, made.branch.state)]
    assert len(funnel.by_name(steps)) >= len(NAMES) + 3
    assert rising(steps) == []


def test_a_rising_funnel_is_found() -> None:
    one = funnel.Step("task", "x", "reached", 5.0, 10.0, 0.0, 0.0, "", False)
    two = funnel.Step("task", "x", "interested", 6.0, 10.0, 0.0, 0.0, "", False)
    assert rising([one, two]) == ["x interested", "x interested loses people"]


def test_every_guest_is_still_open_or_lost_for_a_reason_or_paid() -> None:
    made = everything()
    rows = guests(made)
    done = rows[rows["open"] == 0]
    assert np.all((done["lost"] > 0) | (done["paid"] > 0))
    here = rows[(rows["open"] == 1) & (rows["who"] >= 0) & (rows["step"] < MET)]
    assert here.size == 0  # at the end of the run nobody waits for an event or an answer
    assert np.all(rows["moved"] <= np.maximum(rows["promised"], 0))
    assert np.all((rows["moved"] > 0) == (rows["paid"] > 0))


def test_nobody_is_on_two_lists_at_once() -> None:
    made = everything()
    rows = guests(made)
    still = rows[(rows["open"] == 1) & (rows["who"] >= 0) & (rows["luck"] == rows["who"])]
    assert np.unique(still["who"]).size == still.size
    for g, who in zip(np.flatnonzero(guests(made)["open"] == 1), rows["who"][rows["open"] == 1], strict=True):
        if who >= 0 and rows["luck"][g] == who:
            assert made.branch.campaigns.guest_of[who] == g


def test_what_was_spent_is_charged_to_the_last_fen() -> None:
    made = everything()
    for c, name in enumerate(made.world.campaign_names):
        share, spread = charged(made.branch.campaigns, c, BASELINE.campaigns[name])
        assert share.sum() + spread == round(made.branch.campaigns.spent[c] * 100.0)
        assert np.all(share >= 0)
    spent = float(made.branch.campaigns.spent.sum())
    calm = year(**AROUND)
    column = tally.CONTACT_YUAN
    more = made.branch.state.sums.tally[:, column].sum() - calm.branch.state.sums.tally[:, column].sum()
    assert more == pytest.approx(spent, rel=0.25)  # the rest: calls made for campaigns instead of others


def test_minutes_of_campaigns_are_in_the_ledger() -> None:
    """Staff work done lies within the minutes booked as outreach, and less is done than was asked."""
    on = {f"campaigns.{name}.on": True for name in NAMES}
    made = year_of(branch(on, {"outreach.checked_share": 0.0}).model_dump_json())  # checks of the head are no contacts
    minutes = made.branch.campaigns.minutes
    assert np.all(minutes[:, 1] <= minutes[:, 0] + 1e-6)
    assert minutes[:, 1].sum() > 0.5 * minutes[:, 0].sum()
    table = made.recorder.tables(made.branch.state, made.world.ids, made.world.customers)["staff"].to_pandas()
    used = table[[c for c in table.columns if c.endswith("_min") and c not in ("supplied_min", "overtime_min")]]
    assert np.allclose(used.sum(axis=1), table["supplied_min"])
    contacts = np.concatenate(made.recorder.contacts)
    booked = table["outreach_min"].sum()
    assert booked == pytest.approx(contacts["minutes"].sum() + minutes[:, 1].sum(), rel=1e-3)


def test_an_event_meets_no_more_guests_than_its_staff_has_minutes() -> None:
    made = year("women_day", campaigns__women_day__list_most=200, campaigns__women_day__accept_share=1.0)
    rows = guests(made, "women_day")
    work = made.branch.campaigns.minutes
    rule = BASELINE.campaigns["women_day"]
    asked_event = sum(w.people * w.event_min for w in rule.staff)
    met = int((rows["step"] >= MET).sum())
    assert met * rule.minutes_per_guest_min <= asked_event
    assert work[:, 1].sum() > 0.0


# ------------------------------------------------------------------------------------------------ chance and policy


def test_a_campaign_without_effect_gains_exactly_nothing() -> None:
    """Letters that nobody reads, at no cost: asked are many, and the twin is the same to the last bit."""
    for replication in range(2):
        own = simulate.replicate(branch(LETTER), 5, replication)
        twin = simulate.replicate(branch(), 5, replication)
        campaign = {name for name in own.kpis if name.startswith("campaign_")}
        assert differing(own.kpis, twin.kpis) <= campaign
    assert (guests(year_of(branch(LETTER).model_dump_json()), "festival_care")["step"] == ASKED).sum() > 10


def test_a_campaign_with_effect_is_not_its_twin() -> None:
    """The comparison shown failing."""
    read = {"campaigns.festival_care.reach_share": 0.9, "campaigns.festival_care.care_share": 0.9}
    own = simulate.replicate(branch(LETTER | read), 5, 0).kpis
    twin = simulate.replicate(branch(), 5, 0).kpis
    assert sum(own[name] != twin[name] for name in twin if not name.startswith("campaign_")) > 3


def test_both_engines_give_the_same_year_of_campaigns() -> None:
    short = {
        "calendar.run_in_months": 0,
        "calendar.window_months": 3,
        "calendar.run_off_months": 1,
        "book.customers": 400,
    }
    on = {f"campaigns.{name}.on": True for name in ("women_day", "mortgage_calls", "counter_ebank")}
    scenario = branch(on | short)
    one, other = (simulate.replicate(scenario, 2, 0, engine=e, record=True) for e in ("compiled", "simpy"))
    assert one.kpis == pytest.approx(other.kpis, nan_ok=True, rel=0, abs=0)
    for name in ("funnel", "campaign_guests", "campaign_scores", "campaign_staff"):
        assert one.tables[name].equals(other.tables[name])


def too_close(contacts: Any, rest_days: int, most_a_month: int, starts: Any) -> list[tuple[int, int]]:
    """(customer, day) of contacts that reached somebody who should have been left alone; alerts may not wait."""
    reached = contacts[contacts["result"] > 0]
    talks = np.isin(reached["channel"], TALKS)
    waits = ~np.isin(reached["reason"], [n for n, preset in enumerate(PRESETS) if preset.urgent])
    found = []
    for who in np.unique(reached["who"]):
        own = reached["who"] == who
        order = np.argsort(reached["day"][own & talks], kind="stable")
        days, may_not = reached["day"][own & talks][order], waits[own & talks][order]
        close = (np.diff(days) < rest_days) & may_not[1:]
        found += [(int(who), int(day)) for day in days[1:][close]]
        days = reached["day"][own]
        months = np.searchsorted(starts, days, side="right")
        found += [(int(who), -1) for n in np.unique(months, return_counts=True)[1] if n > most_a_month]
    return found


@pytest.mark.parametrize("replication", range(2))
def test_calls_for_campaigns_never_break_the_contact_policy(replication: int) -> None:
    made = year(*NAMES, replication=replication)
    contacts = np.concatenate(made.recorder.contacts)
    assert (contacts["reason"] == REASONS.index("campaign")).sum() > 100
    outreach = made.scenario.outreach
    assert too_close(contacts, outreach.rest_days, outreach.most_contacts_per_month, made.world.starts) == []
    assert not made.branch.state.book.do_not_call[np.unique(contacts["who"])].any()


def test_two_contacts_within_the_rest_days_are_found() -> None:
    rows = np.zeros(2, np.dtype([("who", "i4"), ("day", "i4"), ("result", "i1"), ("reason", "i1"), ("channel", "i1")]))
    rows["result"], rows["day"] = 1, (3, 8)
    assert too_close(rows, 7, 4, np.array([0, 31])) == [(0, 8)]


def test_who_wants_no_contact_is_on_no_list() -> None:
    made = everything()
    rows = guests(made)
    rows = rows[(rows["who"] >= 0) & (rows["luck"] == rows["who"])]
    assert not made.branch.state.book.do_not_call[rows["who"]].any()


# ------------------------------------------------------------------------------------------------ the rules


def test_the_list_is_the_filter() -> None:
    made = year("symposium", campaigns__symposium__list_most=100_000)
    eligible = made.branch.campaigns.wide[0, 0, 0]
    assert (made.branch.state.book.tier[guests(made, "symposium")["who"]] >= 0).all()
    assert eligible >= guests(made, "symposium").size > 0
    women = year("women_day")
    assert (women.branch.state.book.female[guests(women, "women_day")["who"]] == 1).all()


def test_a_budget_stops_invitations() -> None:
    made = year("festival_care", campaigns__festival_care__budget_yuan=600.0)
    rows = guests(made, "festival_care")
    assert (rows["step"] >= ASKED).sum() == 20  # thirty yuan each
    assert (rows["lost"] == BUDGET).sum() > 0
    assert made.branch.campaigns.spent[0] == 600.0


def test_seats_are_kept() -> None:
    made = year("symposium", campaigns__symposium__seats=2, campaigns__symposium__accept_share=1.0)
    rows = guests(made, "symposium")
    assert (rows["event"] >= 0).sum() <= 2
    if (rows["lost"] == SEATS).any():
        assert (rows["event"] >= 0).sum() == 2


def test_a_bad_interim_evaluation_stops_a_campaign() -> None:
    made = year(
        "mortgage_calls",
        campaigns__mortgage_calls__stop_below_share=0.9,
        campaigns__mortgage_calls__sample_share=1.0,
    )
    campaigns = made.branch.campaigns
    rows = guests(made, "mortgage_calls")
    assert campaigns.stopped[0] > 0
    assert (rows["lost"] == STOPPED).sum() > 0
    later = np.concatenate(made.recorder.contacts)
    later = later[(later["reason"] == REASONS.index("campaign")) & (later["day"] > campaigns.stopped[0])]
    assert later.size == 0
    scores = campaigns.scores[: campaigns.size[2]]
    assert np.all(np.diff(scores["day"]) == BASELINE.campaigns["mortgage_calls"].evaluate_days)


def test_nothing_begins_before_the_approval() -> None:
    made = year("mortgage_calls", campaigns__mortgage_calls__approval_days=30)
    first = made.world.campaigns.phases["from_day"].min()
    window = made.world.starts[3]
    assert first == window + 30
    assert (guests(made, "mortgage_calls")["day"] >= first).sum() > 0


def test_visits_of_a_campaign_pass_through_the_lobby() -> None:
    made = year("mortgage_calls", campaigns__mortgage_calls__sample_share=1.0)
    rows = guests(made, "mortgage_calls")
    came = int((rows["step"] >= CAME).sum())
    visits = np.concatenate(made.recorder.visits)
    brought = visits[(visits["appointment"] > 0) & (visits["number"] == CAMPAIGN_VISIT)]
    assert brought.size == came > 5
    assert (rows["step"] >= MET).sum() == (brought["rm_outcome"] == 0).sum()


def test_late_money_comes_after_the_lag_and_fades() -> None:
    """N27: nothing before two weeks; of the late effect about half within the half-life after it."""
    made = year(
        "mortgage_calls",
        campaigns__mortgage_calls__sample_share=1.0,
        campaigns__mortgage_calls__sale_share=0.0,
        campaigns__mortgage_calls__late_share=1.0,
        campaigns__mortgage_calls__show_share=1.0,
    )
    rows = guests(made, "mortgage_calls")
    rows = rows[rows["promised"] > 0]
    wait = rows["due"] - rows["day"]
    assert rows.size > 30
    assert wait.min() >= 14
    beyond = wait - 4 - 28  # the visit, and the middle of the lag
    assert 0.3 < (beyond < 60).mean() < 0.7


def test_e_bank_users_are_won_at_the_counter_and_take_the_tellers_minutes() -> None:
    made, calm = year("counter_ebank"), year()
    assert (made.branch.state.book.ebank == 2).sum() > (calm.branch.state.book.ebank == 2).sum()
    rows = guests(made, "counter_ebank")
    assert (rows["step"] >= ACCEPTED).sum() > 20


def test_reminded_maturities_stay_more_often() -> None:
    own = simulate.replicate(with_campaigns("maturity_programme"), 1, 0).kpis
    assert own["maturity_kept_share"] > simulate.replicate(branch(), 1, 0).kpis["maturity_kept_share"] - 0.02
    made = year("maturity_programme")
    assert (guests(made, "maturity_programme")["step"] >= REACHED).sum() > 100


def test_friends_and_strangers_who_open_accounts_come_from_the_pool() -> None:
    made, calm = year("vip_salon", "community_visits", "referral_mgm"), year()
    joined = int(guests(made)["joined"][guests(made)["luck"] < (1 << 30)].sum())
    strangers = guests(made, "community_visits")
    assert (strangers["step"] > ALLOWED).all()
    assert made.branch.state.sums.next_prospect >= calm.world.customers + joined


# ------------------------------------------------------------------------------------------------ what binds


def test_the_binding_limit_is_a_limit_and_the_costliest() -> None:
    made = year("festival_care", campaigns__festival_care__budget_yuan=600.0)
    limit = funnel.binding(s for s in steps_of(made) if s.name == "festival_care")
    assert limit is not None
    assert limit.why in {WHY[reason] for reason in LIMITS}
    assert limit.why == "budget"


def test_the_table_gives_the_funnel_back() -> None:
    steps = steps_of(everything())
    assert funnel.from_table(funnel.table(steps)) == steps
    assert [s.step for s in steps if s.name == "women_day"][MOVED] == "moved money"
