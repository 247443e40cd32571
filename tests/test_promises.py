"""Keys for payroll customers, and ordinary people who are told that they are VIPs: they sign, and find out (EB04)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_cards import few
from test_ebank_needs import BANK
from years import BASELINE, branch, differing, kpis

from tests.lobby_scenarios import build, tables
from vipsim import tally
from vipsim.customers.channels import judge_promise, key_is_free
from vipsim.draws import Address
from vipsim.lobby.days import simulate_days
from vipsim.lobby.jobs import RESULT, SERVED
from vipsim.month import policy_of
from vipsim.records import rows
from vipsim.scenario.channels import at_odds
from vipsim.scenario.errors import InputError

TOLD = {"lobby.ebank.told_vip": True}


@pytest.mark.parametrize(("who", "given"), [("payroll", [0, 0, 1, 1, 0]), ("vip_payroll", [0, 1, 1, 1, 0])])
def test_payroll_customers_are_given_the_key(who: str, given: list[int]) -> None:
    """Ordinary customer, VIP, payroll customer, both, somebody without account."""
    state, _ = few(4, {}, tier=0, payroll=0)
    state.book.tier[1] = state.book.tier[3] = 1
    state.book.payroll[2] = state.book.payroll[3] = 1
    channels = policy_of(branch({"channels.free_key": who}), 250.0).channels
    assert [int(key_is_free(state, channels, i)) for i in (0, 1, 2, 3, -1)] == given


def test_ordinary_people_sign_more_when_told_that_they_are_vips() -> None:
    """The odds rise for them alone; VIPs are told nothing new."""
    shares = {}
    for told in (False, True):
        scenario = tables("lobby_day")
        scenario["demand"]["walk_in_share"] = {"A": 0.3, "B": 0.0, "C": 0.0, "D": 0.7}
        scenario["demand"]["transactions"][0]["opens_account"] = True
        scenario["lobby"]["ebank"] = BANK | {"told_vip": told, "told_vip_odds_ratio": 3.0}
        visits = simulate_days(build(scenario), Address(1, 0, 0), 12, "compiled").visits
        served = visits[(visits["station"] == 2) & (visits["outcome"] == SERVED)]
        for vip in (False, True):
            shares[told, vip] = float(np.mean(served["signed_up"][(served["vip"] > 0) == vip] > 0))
    assert shares[True, False] == pytest.approx(at_odds(0.3, 3.0), abs=0.05)
    assert shares[False, False] == pytest.approx(0.3, abs=0.05)
    assert shares[True, True] == pytest.approx(shares[False, True], abs=0.02)  # only the queue is another


@pytest.mark.parametrize("style", ["none", "presumptive"])
def test_who_is_not_asked_cannot_be_told(style: str) -> None:
    with pytest.raises(InputError, match="told_vip = false where style is"):
        branch(TOLD | {"lobby.ebank.style": style})


@pytest.mark.parametrize(
    ("tier", "believed", "appointment", "still_believes", "disappointed"),
    [(0, 0, 0, 0, 1), (0, 1, 0, 1, 0), (0, 0, 1, 1, 0), (1, 0, 0, 0, 0)],
    ids=["ordinary", "taken_for_prime", "appointment", "has_become_one"],
)
def test_the_expectation_is_put_to_the_test(
    tier: int, believed: int, appointment: int, still_believes: int, disappointed: int
) -> None:
    """Taken for an ordinary visitor, the relationship suffers, once."""
    state, _ = few(1, {}, tier=tier, told_vip=1, relationship=0.5)
    channels = policy_of(branch({"channels.broken_promise_care_share": 0.2}), 250.0).channels
    visit = rows(1, RESULT)[0]
    visit["believed"], visit["appointment"] = believed, appointment
    judge_promise(state, channels, 0, visit)
    assert state.book.told_vip[0] == still_believes
    assert state.sums.tally[state.sums.phase, tally.DISAPPOINTED] == disappointed
    assert state.book.relationship[0] == pytest.approx(0.5 * (1.0 - 0.2 * disappointed))


def test_each_untrue_statement_is_a_breach() -> None:
    """So no recommendation may make more of them than today, whatever they earn (EB02, EB03, P11 alike)."""
    plain, told = (kpis(branch(changes), 1) for changes in ({}, TOLD))
    assert plain["false_vip_statements"][0] == plain["disappointed_customers"][0] == 0.0
    made = told["false_vip_statements"][0]
    assert made > told["disappointed_customers"][0] > 0.0
    assert told["compliance_breaches"][0] - plain["compliance_breaches"][0] == made
    assert told["ebank_sign_up_share"][0] > plain["ebank_sign_up_share"][0]


def test_words_that_move_nobody_are_counted_and_do_nothing_else() -> None:
    """Odds of 1 and nothing to lose: the same year, with the statements counted."""
    nothing: dict[str, Any] = {"lobby.ebank.told_vip_odds_ratio": 1.0, "channels.broken_promise_care_share": 0.0}
    plain, told = (kpis(branch(nothing | changes), 1) for changes in ({}, TOLD))
    counted = {"false_vip_statements", "disappointed_customers", "compliance_breaches"}
    assert differing(plain, told) == counted
    assert differing(plain, kpis(branch(), 1)) == set()
    assert not BASELINE.lobby.ebank.told_vip  # type: ignore[union-attr]
