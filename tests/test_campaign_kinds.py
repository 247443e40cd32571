"""Kinds of campaigns: in the lobby, outside, by advertisement; what each leaves behind, and bad input of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from campaign_years import guests, with_campaigns, year, year_of
from years import BASELINE, branch, differing

from vipsim import simulate, tally
from vipsim.campaigns.rules import ACCEPTED, CAME, INTERESTED, LEFT, MET, REACHED
from vipsim.customers.segments import FUND
from vipsim.day import CAMPAIGN_VISIT
from vipsim.lobby.jobs import WITH_CONSENT
from vipsim.scenario import files
from vipsim.scenario.errors import InputError


def counted(made: Any, column: int) -> float:
    return float(made.branch.state.sums.tally[:, column].sum())


def visits_of(made: Any) -> Any:
    return np.concatenate(made.recorder.visits)


# ------------------------------------------------------------------------------------------------ in the lobby


def test_the_counter_drive_signs_up_as_the_counter_does() -> None:
    """C11: one sign-up for each who accepts, by the teller, with consent; the counter says who is active."""
    made, calm = year("counter_ebank"), year()
    rows = guests(made, "counter_ebank")
    signed = visits_of(made)
    signed = signed[signed["signed_up"] > 0]
    accepted = rows[rows["step"] >= ACCEPTED]
    assert accepted.size > 20
    assert (accepted["by_counter"] == 1).all()
    assert np.isin(accepted["who"], signed["who"]).all()
    assert np.unique(signed[signed["who"] >= 0]["who"]).size <= signed.size
    assert counted(made, tally.SIGN_UPS) == signed.size > counted(calm, tally.SIGN_UPS)
    assert (signed["signed_up"] == WITH_CONSENT).all()
    # who is active became so by the counter's own chance, and costs a key there
    assert counted(made, tally.EBANK_ADOPTED) > counted(calm, tally.EBANK_ADOPTED)


def test_without_a_sign_up_of_its_own_the_counter_takes_the_campaigns_minutes() -> None:
    none = {"lobby.ebank.style": "none"}
    on = {"campaigns.counter_ebank.on": True}
    made = year_of(branch(on, none).model_dump_json())
    rows = guests(made, "counter_ebank")
    assert (rows["step"] >= ACCEPTED).sum() > 20
    assert not rows["by_counter"].any()
    assert counted(made, tally.SIGN_UPS) == 0


def test_a_drive_that_nobody_takes_up_gains_exactly_nothing() -> None:
    asks = {"interest_share": 0.0, "ask_min": 0.0, "fixed_yuan": 0.0, "budget_yuan": 0.0}
    on = {f"campaigns.counter_ebank.{key}": value for key, value in asks.items()} | {"campaigns.counter_ebank.on": True}
    on |= {"lobby.ebank.style": "none"}
    own, twin = (simulate.replicate(branch(x, {"lobby.ebank.style": "none"}), 5, 0).kpis for x in (on, {}))
    assert differing(own, twin) <= {name for name in own if name.startswith("campaign_")}


def test_fund_weeks_take_the_minutes_of_the_reception_and_sell_funds() -> None:
    sells = {"campaigns__lobby_funds__sale_share": 1.0, "campaigns__lobby_funds__interest_share": 1.0}
    made, calm = year("lobby_funds", **sells), year()
    rows = guests(made, "lobby_funds")
    assert (rows["step"] >= MET).sum() > 5
    asked = rows[rows["step"] >= REACHED]
    seen = visits_of(made)
    assert np.isin(asked["who"], seen[seen["triaged"] > 0]["who"]).all()
    assert made.branch.state.sums.class_total[FUND] > calm.branch.state.sums.class_total[FUND]
    own = simulate.replicate(with_campaigns("lobby_funds"), 1, 0).kpis
    twin = simulate.replicate(branch(), 1, 0).kpis
    assert own["utilisation_lobby_manager"] > twin["utilisation_lobby_manager"]


# ------------------------------------------------------------------------------------------------ strangers


@pytest.mark.parametrize(
    ("name", "column", "low", "high"),
    [
        ("estates_elderly", "age", 60, 200),
        ("estates_luxury", "income", 300_000, np.inf),
        ("partners", "income", 70_000, np.inf),
    ],
)
def test_whom_a_campaign_meets_outside_is_of_its_kind(name: str, column: str, low: float, high: float) -> None:
    eager = {"interest_share": 1.0, "join_share": 1.0, "reach_share": 1.0}
    made = year(name, **{f"campaigns__{name}__{k}": v for k, v in eager.items()}, **{"book__prospects": 3000})
    rows = guests(made, name)
    won = rows[rows["joined"] > 0]
    assert won.size > 0
    who = won["who"][won["who"] >= 0]
    values = getattr(made.branch.state.book, column)[who]
    assert ((values >= low) & (values <= high)).all()
    assert np.unique(who).size == who.size


def test_a_kind_of_which_there_is_nobody_left_brings_nobody() -> None:
    nobody = [{"column": "age_years", "at_least": 150}]
    eager = {"interest_share": 1.0, "join_share": 1.0, "target": nobody}
    made = year("estates_elderly", **{f"campaigns__estates_elderly__{k}": v for k, v in eager.items()})
    rows = guests(made, "estates_elderly")
    assert (rows["step"] >= MET).sum() > 10
    assert rows["joined"].sum() == 0


def test_readers_of_an_advertisement_come_unannounced_and_may_be_missed() -> None:
    eager = {f"campaigns__advertising__{key}_share": 1.0 for key in ("reach", "interest", "accept")}
    made = year("advertising", book__prospects=3000, **eager)
    rows = guests(made, "advertising")
    came = visits_of(made)
    came = came[came["number"] == CAMPAIGN_VISIT]
    assert came.size == (rows["step"] >= CAME).sum() > 20
    assert not came["appointment"].any()
    assert (rows["step"] >= MET).sum() > 0
    assert (rows["lost"] == LEFT).sum() > 0
    who = rows["who"]
    assert (who >= made.world.customers).all()
    assert made.branch.state.book.income[who].min() >= 70_000
    joined = rows[rows["joined"] > 0]
    assert (made.branch.state.book.opened[joined["who"]] > 0).all()


# ------------------------------------------------------------------------------------------------ what stays


def test_training_raises_skill_by_the_minutes_done_and_not_beyond_its_limit() -> None:
    made = year("private_bank_day")
    most = 1.0 + BASELINE.campaigns["private_bank_day"].skill_share
    assert 1.0 < made.branch.state.sums.skill <= most
    assert year("private_bank_day", campaigns__private_bank_day__skill_share=0.0).branch.state.sums.skill == 1.0
    much = year("private_bank_day", campaigns__private_bank_day__skill_share=1.0)
    assert much.branch.state.sums.skill <= 1.0 + BASELINE.ownership.training_most_share
    assert year().branch.state.sums.skill == 1.0


def test_a_rating_signs_customers_who_have_an_owner() -> None:
    made = year("rating_all")
    rows = guests(made, "rating_all")
    met = rows[rows["step"] >= MET]["who"]
    book = made.branch.state.book
    assert met.size > 20
    assert counted(made, tally.SIGNED) > counted(year(), tally.SIGNED)
    assert book.signed[met].sum() > 0.2 * met.size
    none = year("rating_all", campaigns__rating_all__sign_share=0.0)
    assert counted(none, tally.SIGNED) < counted(made, tally.SIGNED)


def test_card_spending_brings_its_fee_for_each_who_takes_part() -> None:
    made = year("merchants", campaigns__merchants__care_share=0.0)
    none = year("merchants", campaigns__merchants__care_share=0.0, campaigns__merchants__fee_yuan=0.0)
    met = int((guests(made, "merchants")["step"] >= MET).sum())
    assert met > 5
    fees = BASELINE.campaigns["merchants"].fee_yuan * met
    assert counted(made, tally.FEE_YUAN) - counted(none, tally.FEE_YUAN) == pytest.approx(fees)


def test_gifts_are_given_at_the_branch_too() -> None:
    made = year("mortgage_calls", campaigns__mortgage_calls__sample_share=1.0)
    rows = guests(made, "mortgage_calls")
    gift = BASELINE.campaigns["mortgage_calls"].guest_yuan
    assert (rows["cost"][rows["step"] >= MET] == gift * 100).all()
    assert (rows["step"] >= MET).sum() > 0


def test_a_product_that_nobody_knows_yet_interests_nobody_yet() -> None:
    """Y13: introduction and growth; nothing in the first half, all in the second."""
    late = {"interest_ratio": [0.0, 0.0, 2.0, 2.0], "interest_share": 0.5}
    made = year("lobby_funds", **{f"campaigns__lobby_funds__{k}": v for k, v in late.items()})
    rows = guests(made, "lobby_funds")
    asked = rows[rows["day"] >= 0]
    rule = made.branch.campaigns.rules[0]
    half = rule.from_day + (rule.until_day + 1 - rule.from_day) // 2
    taken = asked["step"] >= INTERESTED
    assert taken.sum() > 0
    assert (asked["day"][taken] >= half).all()


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ('[campaigns.clubs]\ntarget = [{column = "tier", one_of = ["black"]}]', "columns of strangers", "'tier'"),
        ('[campaigns.advertising]\nwhere = "call"', "where = 'branch'", "'call'"),
        ("[campaigns.lobby_funds]\ninterest_ratio = [1.0, 1.0]", "4 numbers", "interest_ratio"),
        ("[campaigns.merchants]\nfee_yuan = -20000.0", "from -10000 to 10000", "-20000"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(tmp_path: Path, text: str, expected: str, found: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "vipsim:baseline.toml"\nname = "mine"\n{text}', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        files.load(path, [])
    told = " ".join(str(part) for p in caught.value.problems for part in (p.key, p.expected, p.found, p.suggestion))
    assert expected in told
    assert found in told
