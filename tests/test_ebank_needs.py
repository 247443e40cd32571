"""What a visitor comes for, and what it would save, decides who takes up e-banking (EB14, EB05)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from campaign_years import guests, year
from test_cards import few
from years import BASELINE, branch, kpis

from tests.lobby_scenarios import build, tables
from tests.test_lobby_engines import differences, random_day
from vipsim.campaigns.rules import INTERESTED, REACHED
from vipsim.customers.book import EBANK_ACTIVE, EBANK_NONE
from vipsim.customers.channels import take_up_ebank, wanted
from vipsim.draws import Address
from vipsim.lobby import fast, reference
from vipsim.lobby.days import simulate_days
from vipsim.lobby.jobs import SERVED
from vipsim.lobby.params import make_day_log
from vipsim.lobby.process import process_of
from vipsim.month import policy_of
from vipsim.records import as_record
from vipsim.scenario.channels import at_odds, ebank_odds, mean_saved_yuan

AT = Address(1, 0, 0)
BANK: dict[str, Any] = {
    "style": "open",
    "sign_up": {"law": "constant", "value_min": 1.0},
    "open_signed_share": 0.3,
    "closed_signed_share": 0.7,
    "presumptive_signed_share": 0.9,
    "activate_by": "teller",
    "activate": {"law": "constant", "value_min": 1.0},
    "patience": {"law": "never"},
}


def with_business(**changes: Any) -> list[dict[str, Any]]:
    """The baseline's kinds of business, the non-cash one changed."""
    kinds = [kind.model_dump(mode="json") for kind in BASELINE.demand.transactions]
    for kind in kinds:
        if kind["name"] == "non_cash":
            kind |= changes
    return kinds


def remittance(fee_share: float, pull: float = 1.3) -> dict[str, Any]:
    """Non-cash business costs ten yuan; remotely a part of it."""
    return {
        "demand.transactions": with_business(fee_yuan=10.0),
        "channels.remote_fee_share": fee_share,
        "channels.saving_odds_ratio": pull,
    }


# ------------------------------------------------------------------------------------------ the odds


def test_odds_are_the_need_times_the_saving() -> None:
    """EB05: half of ten yuan is saved, each yuan raises the odds by three tenths."""
    scenario = branch(remittance(0.5))
    odds = {kind.name: ebank_odds(kind, scenario.channels) for kind in scenario.demand.transactions}
    assert odds["non_cash"] == pytest.approx(1.3**5)
    assert all(value == 1.0 for name, value in odds.items() if name != "non_cash")
    assert mean_saved_yuan(scenario.demand, scenario.channels) == pytest.approx(0.29 * 5.0)
    needed = branch({"demand.transactions": with_business(ebank_odds_ratio=2.0)})
    assert [ebank_odds(kind, needed.channels) for kind in needed.demand.transactions] == [1.0, 2.0, 1.0, 1.0, 1.0]


def test_without_a_number_nothing_is_moved() -> None:
    """Odds of 1 give each share to the last bit, and no fee is forgone."""
    for share in np.random.default_rng(1).random(200):
        assert at_odds(float(share), 1.0) == share
    p = process_of(BASELINE.demand, BASELINE.lobby, None, BASELINE.channels)  # type: ignore[arg-type]
    bank = BASELINE.lobby.ebank
    assert bank is not None
    assert (p.signed_share[: len(BASELINE.demand.transactions)] == bank.open_signed_share).all()
    assert (p.ebank_odds == 1.0).all()
    assert BASELINE.channels is not None
    assert mean_saved_yuan(BASELINE.demand, BASELINE.channels) == 0.0
    assert wanted(None, 3) == 1.0


# ------------------------------------------------------------------------------------------ the lobby


@pytest.mark.parametrize("style", ["open", "presumptive"])
def test_more_sign_where_it_serves_them_but_nobody_who_is_not_asked(style: str) -> None:
    """Odds four times as high; who is signed up first and told later has not chosen."""
    shares = {}
    for odds in (1.0, 4.0):
        told = tables("lobby_day")
        told["demand"]["transactions"][0] |= {"opens_account": True, "ebank_odds_ratio": odds}
        told["lobby"]["ebank"] = BANK | {"style": style}
        rows = simulate_days(build(told), AT, 8, "compiled").visits
        served = rows[(rows["station"] == 2) & (rows["outcome"] == SERVED)]
        shares[odds] = float(np.mean(served["signed_up"] > 0))
    assert shares[1.0] == pytest.approx({"open": 0.3, "presumptive": 0.9}[style], abs=0.04)
    wanted_share = {"open": at_odds(0.3, 4.0), "presumptive": 0.9}[style]
    assert shares[4.0] == pytest.approx(wanted_share, abs=0.04)


def test_both_engines_sign_the_same_people() -> None:
    """Random processes in which every kind of business has odds of its own."""
    signed = 0
    for number in range(60):
        p, roster, visits, tasks = random_day(number, True)
        a = fast.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        b = reference.run_day(p, roster, visits, tasks, make_day_log(p, 4), number)
        assert differences(a, b, tasks.minutes.size) == [], f"day {number}"
        if p.process is not None and (p.process.ebank_odds != 1.0).any():
            signed += int((a.visits[: a.n[1]]["signed_up"] > 0).sum())
    assert signed > 100


# ------------------------------------------------------------------------------------------ the customers


def test_who_needs_it_becomes_an_active_user_more_often() -> None:
    """EB14: of many who sign up, taught, at the age of 40; at odds of 1 exactly as without."""
    channels = policy_of(branch(), 250.0).channels
    users = {}
    for odds in (1.0, 3.0):
        state, _ = few(2000, {}, tier=0, ebank=EBANK_NONE, age=40)
        for i in range(2000):
            take_up_ebank(state, channels, AT, i, 0, 1, odds, 10)
        users[odds] = float(np.mean(state.book.ebank == EBANK_ACTIVE))
    assert BASELINE.channels is not None
    taught = BASELINE.channels.active_taught_share
    assert users[1.0] == pytest.approx(taught, abs=0.04)
    assert users[3.0] == pytest.approx(at_odds(taught, 3.0), abs=0.04)


def test_half_the_fee_wins_remitters_and_costs_fees() -> None:
    """EB05: a counter drive; the saving raises interest and use, and each remote transaction costs its saved fee."""
    drive = {"campaigns.counter_ebank.on": True, "channels.usb_key_yuan": 0.0}
    found, made = {}, {}
    for share in (1.0, 0.5):
        told = drive | remittance(share)
        found[share] = {name: value[0] for name, value in kpis(branch(told), 1).items()}
        made[share] = year("counter_ebank", **{key.replace(".", "__"): value for key, value in told.items()})
    asked = {share: guests(run) for share, run in made.items()}
    interest = {share: (g["step"] >= INTERESTED).sum() / (g["step"] >= REACHED).sum() for share, g in asked.items()}
    assert interest[0.5] > interest[1.0] + 0.02
    assert found[0.5]["ebank_active_share"] > found[1.0]["ebank_active_share"]
    assert found[0.5]["cost_channel_yuan"] > 5.0 * found[1.0]["cost_channel_yuan"]


def test_a_fee_policy_without_fees_changes_nothing() -> None:
    """The lever alone: where no business has a fee, half of nothing is saved."""
    plain = kpis(branch(), 1)
    half = kpis(branch({"channels.remote_fee_share": 0.5, "channels.saving_odds_ratio": 2.0}), 1)
    assert all(np.array_equal(plain[name], half[name], equal_nan=True) for name in plain)


def test_the_process_is_one_record() -> None:
    """Arrays by business go to the kernels inside the process's record."""
    p = as_record(process_of(BASELINE.demand, BASELINE.lobby, random_day(1, True)[0].rules, BASELINE.channels))
    assert wanted(p, 2) == 1.0
