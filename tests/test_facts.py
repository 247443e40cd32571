"""The shipped outlets hold the facts of their sources: printed figures come back from the files, and from a run."""

from __future__ import annotations

import numpy as np
import pytest
from years import BASELINE, SCENARIOS, kpis

from vipsim.loads import loads
from vipsim.scenario import files
from vipsim.scenario.resolve import with_values
from vipsim.scenario.schema import Scenario

OF_2012: Scenario = files.load(SCENARIOS / "outlet_2012.toml")
OUTLETS = {"today": BASELINE, "2012": OF_2012}


@pytest.mark.parametrize("outlet", OUTLETS)
def test_staff_is_within_the_sources_ranges(outlet: str) -> None:
    """CF11, L20, N39: three to seven managers and tellers, about five lobby managers of whom some are on duty."""
    staff = OUTLETS[outlet].staff
    assert 3 <= staff.relationship_manager.employed <= 7
    assert 3 <= staff.teller.employed <= 7
    assert staff.lobby_manager.on_duty is not None
    assert 0.5 <= staff.lobby_manager.on_duty / staff.lobby_manager.employed <= 0.8
    if outlet == "2012":
        assert (staff.lobby_manager.employed, staff.lobby_manager.on_duty) == (5, 3)


def test_pay_is_the_sources() -> None:
    """N23: yuan a month in 2012, full cost today."""
    of_2012, today = OF_2012.staff, BASELINE.staff
    assert (of_2012.relationship_manager.cost_yuan_per_month, of_2012.teller.cost_yuan_per_month) == (12_000, 7_000)
    assert (of_2012.lobby_manager.cost_yuan_per_month, of_2012.head.cost_yuan_per_month) == (6_000, 18_000)
    assert (today.relationship_manager.cost_yuan_per_month, today.teller.cost_yuan_per_month) == (25_000, 14_000)
    assert BASELINE.money is not None
    assert BASELINE.money.overtime_ratio == 1.5


def test_administration_took_more_of_a_managers_day() -> None:
    """N24, D04: a fifth of eight hours; without systems for it as much again."""

    def admin(scenario: Scenario) -> float:
        shifts = scenario.staff.relationship_manager.shifts
        return float(np.mean([sum(b.end_min - b.start_min for b in s.blocks if b.activity == "admin") for s in shifts]))

    assert admin(BASELINE) == pytest.approx(0.2 * 480.0, abs=10.0)
    assert admin(OF_2012) > 1.5 * admin(BASELINE)


@pytest.mark.parametrize("outlet", OUTLETS)
def test_the_book_has_the_size_of_an_outlet(outlet: str) -> None:
    """CF18, D-5, N37: 41 million accounts of 1,700 outlets."""
    assert OUTLETS[outlet].book.customers == pytest.approx(41e6 / 1700, rel=0.01)


@pytest.mark.parametrize("outlet", OUTLETS)
def test_contact_weighs_more_than_processing_and_that_more_than_identification(outlet: str) -> None:
    """Q01, CF45, I02."""
    weights = OUTLETS[outlet].experience
    assert weights is not None
    assert weights.contact_weight_share > weights.processing_weight_share > weights.identification_weight_share > 0.0
    assert BASELINE.lobby.triage.sensitivity_share < BASELINE.lobby.triage.specificity_share  # I15: many are missed


@pytest.mark.parametrize("outlet", OUTLETS)
def test_managers_are_loaded_and_counters_not_overloaded(outlet: str) -> None:
    """O16, N01: something must bind; required over available minutes, before anything runs."""
    found = loads(OUTLETS[outlet])
    assert 0.7 <= found["relationship_manager"].load <= 0.9
    assert 0.5 <= found["teller"].load <= 0.9
    one = with_values(OUTLETS[outlet], {"staff.teller.employed": 2})
    assert loads(one)["teller"].load > 1.0


def test_sign_up_at_the_counter_is_the_cheapest() -> None:
    """U12, EB01: minutes of a teller against a visit; CF14, CF31: shares signed by style."""
    assert BASELINE.lobby.ebank is not None
    assert BASELINE.outreach is not None
    assert BASELINE.lobby.ebank.sign_up.mean() < BASELINE.outreach.phone.taken_min < BASELINE.outreach.visit.taken_min
    assert BASELINE.lobby.ebank.closed_signed_share == 0.74
    assert OF_2012.lobby.ebank is not None
    assert OF_2012.lobby.ebank.open_signed_share == 0.26


def test_machines_were_strange_in_2012() -> None:
    """CF44, L06: fewer agreed, fewer knew how."""
    now, then = BASELINE.lobby, OF_2012.lobby
    assert now.teaching is not None
    assert then.teaching is not None
    assert then.diversion.accept_share < now.diversion.accept_share
    assert then.teaching.knows_share < now.teaching.knows_share


def test_two_fifths_of_the_transactions_of_2012_were_off_the_counter() -> None:
    """CF22, EB10: 40.04 % with machines, counted in simulated years; most of the rest of it by few users (CF23)."""
    found = kpis(OF_2012, 2)
    assert found["self_service_share"].mean() == pytest.approx(0.4004, abs=0.01)
    assert found["ebank_active_share"].mean() == pytest.approx(0.089, abs=0.015)


def test_today_most_transactions_are_off_the_counter_as_the_trend_of_the_trade_has_it() -> None:
    """CF22, EB10: 88.68 % (2018), 89.77 % (2019), 90.29 % (2021) were observed, and it grows; 95 % is assumed."""
    found = kpis(BASELINE, 1)
    assert 0.9029 < found["self_service_share"].mean() < 0.97
    assert found["self_service_share"].mean() == pytest.approx(0.95, abs=0.01)
    assert found["remote_share"].mean() < found["self_service_share"].mean()


def test_a_rural_outlet_is_older_and_does_more_at_its_counters() -> None:
    """EB18: older customers, fewer of them on electronic channels, fewer who agree to use a machine."""
    rural = files.load(SCENARIOS / "lobby" / "rural.toml")

    def share(scenario: Scenario, of: str) -> float:
        return sum(x.customer_share * getattr(x, of) for x in scenario.book.laws.age)

    def aged(scenario: Scenario) -> float:
        return sum(x.customer_share for x in scenario.book.laws.age if x.from_years >= 50)

    assert aged(rural) > aged(BASELINE)
    assert share(rural, "ebank_active_share") < share(BASELINE, "ebank_active_share")
    here, there = kpis(rural, 1), kpis(BASELINE, 1)
    for name in ("ebank_active_share", "self_service_share", "remote_share"):
        assert here[name].mean() < there[name].mean() - 0.01, name
    assert here["utilisation_teller"].mean() > there["utilisation_teller"].mean()


def test_campaigns_have_the_funnels_of_their_sources() -> None:
    """CF17, N12, N26: 1,000 calls of which 3 % end in a deposit; a third accept an invitation to an event."""
    calls = BASELINE.campaigns["mortgage_calls"]
    assert calls.list_most == 1000
    funnel = (0.5, calls.interest_share, calls.accept_share, calls.show_share, calls.sale_share)
    assert np.cumprod(funnel)[1:] == pytest.approx([0.2, 0.12, 0.06, 0.03])
    for name in ("women_day", "vip_salon"):
        event = BASELINE.campaigns[name]
        assert event.interest_share * event.accept_share == pytest.approx(0.35)
        assert (event.show_share, event.sale_share) == (0.75, 0.15)
    assert BASELINE.campaigns["vip_salon"].guest_share == 0.6
    assert BASELINE.book.laws is not None
    paid = sum(band.customer_share * band.payroll_share for band in BASELINE.book.laws.age)
    assert paid == pytest.approx(0.4274, abs=1e-4)  # CF33


def test_the_largest_customers_of_a_private_bank_begin_where_its_source_says() -> None:
    """CF12, T24."""
    tiers = files.load(SCENARIOS / "schemes" / "cmb.toml").tiers
    assert tiers is not None
    assert (tiers.platinum_yuan, tiers.black_yuan) == (5e6, 8e6)
