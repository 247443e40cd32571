"""A survey sees satisfaction through noise and through who answers; keys that cost; lectures that lock money in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from campaign_years import guests, year
from test_cards import few
from years import BASELINE, Year, branch, kpis

from vipsim import tally
from vipsim.campaigns.rules import MET
from vipsim.customers.book import EBANK_ACTIVE, EBANK_NONE
from vipsim.customers.channels import key_is_free, take_up_ebank
from vipsim.customers.segments import TIME
from vipsim.customers.survey import said
from vipsim.draws import Address
from vipsim.month import policy_of

AT = Address(1, 0, 0)
IDS = np.arange(20_000)
FELT = np.random.default_rng(1).beta(6.0, 4.0, IDS.size)


def survey(asked: int = IDS.size, answers: float = 0.25, noise: float = 0.2) -> np.ndarray:
    terms = SimpleNamespace(survey_response_share=answers, survey_noise_share=noise)
    return said(FELT, IDS, asked, terms, AT, 100)


def test_few_answer_and_the_content_more_often() -> None:
    """M06: what is observed lies above what is felt, and is less sure the fewer are asked."""
    exact = survey(noise=0.0)
    assert exact.size / IDS.size == pytest.approx(0.25 * (0.5 + FELT.mean()), rel=0.05)
    assert np.isin(exact, FELT).all()
    assert exact.mean() > FELT.mean() + 0.01
    noisy = survey()
    assert noisy.size == exact.size
    assert 0.0 <= noisy.min() <= noisy.max() <= 1.0
    assert noisy.std() > 1.2 * exact.std()
    assert abs(survey(100).mean() - exact.mean()) > abs(noisy.mean() - exact.mean())
    assert survey(asked=0).size == 0
    assert survey(asked=10**6).size == noisy.size


def test_a_survey_costs_and_changes_nobody() -> None:
    """Nothing but the observed number and its cost moves."""
    plain, asked = kpis(branch(), 2), kpis(branch({"experience.survey_asked": 1000}), 2)
    assert np.isnan(plain["surveyed_relationship_share"]).all()
    assert BASELINE.experience is not None
    cost = 1000 * BASELINE.experience.survey_yuan
    assert asked["cost_campaign_yuan"] - plain["cost_campaign_yuan"] == pytest.approx([cost, cost])
    moved = {name for name in plain if not np.array_equal(plain[name], asked[name], equal_nan=True)}
    money = {"cost_campaign_yuan", "cost_total_yuan", "net_retained_value_yuan", "budget_used_share"}
    assert moved == money | {"surveyed_relationship_share"}
    gap = asked["surveyed_relationship_share"] - asked["relationship_share"]
    assert (np.abs(gap) < 0.15).all()
    assert (gap != 0.0).all()


# ------------------------------------------------------------------------------------------ keys


@pytest.mark.parametrize(("who", "given"), [("all", [1, 1, 1]), ("vip", [0, 1, 0]), ("nobody", [0, 0, 0])])
def test_who_is_given_the_key(who: str, given: list[int]) -> None:
    """EB04, DV75: ordinary customer, VIP, somebody without account."""
    state, _ = few(2, {}, tier=0)
    state.book.tier[1] = 1
    channels = policy_of(branch({"channels.free_key": who}), 250.0).channels
    assert [int(key_is_free(state, channels, i)) for i in (0, 1, -1)] == given


def test_who_pays_for_the_key_uses_it_less() -> None:
    """EB04: of many who sign up, taught, at the age of 40."""
    users = {}
    for who in ("all", "nobody"):
        state, _ = few(2000, {}, tier=0, ebank=EBANK_NONE, age=40)
        channels = policy_of(branch({"channels.free_key": who, "channels.paid_key_ratio": 0.5}), 250.0).channels
        for i in range(2000):
            take_up_ebank(state, channels, AT, i, 0, 1, 1.0, 10)
        users[who] = np.mean(state.book.ebank == EBANK_ACTIVE)
    assert BASELINE.channels is not None
    assert users["all"] == pytest.approx(BASELINE.channels.active_taught_share, abs=0.05)
    assert users["nobody"] == pytest.approx(users["all"] / 2, abs=0.05)


def test_only_keys_that_are_given_cost() -> None:
    counted = {}
    for who in ("all", "nobody"):
        made = Year(branch({"channels.free_key": who})).run()
        counted[who] = made.branch.state.sums.tally[tally.WINDOW].copy()
    assert counted["all"][tally.KEYS] == counted["all"][tally.SIGN_UPS] > 0
    assert counted["nobody"][tally.SIGN_UPS] > counted["nobody"][tally.KEYS] == 0


# ------------------------------------------------------------------------------------------ lectures


def lectures(**changes: Any) -> Any:
    sure = {f"campaigns__wealth_lectures__{name}": 1.0 for name in ("interest_share", "accept_share", "show_share")}
    sure |= {"campaigns__wealth_lectures__sale_share": 1.0, "campaigns__wealth_lectures__product_share": 0.9}
    return year("wealth_lectures", **sure, **changes)


def test_lectures_sell_long_terms_that_lock_money_in() -> None:
    """S16: who had no running deposit and bought at the lecture holds one for three years; a short one ends earlier."""
    made = {days: lectures(campaigns__wealth_lectures__product_term_days=days) for days in (0, 1095)}
    locked = {}
    for days, run in made.items():
        rows = guests(run)
        bought = rows[(rows["step"] >= MET) & (rows["who"] >= 0)]["who"]
        assert bought.size > 5
        book = run.branch.state.book
        locked[days] = int((book.time_term[bought] == 1095).sum())
        assert (book.balance[bought, TIME] >= 0).all()
    assert locked[1095] > locked[0]
