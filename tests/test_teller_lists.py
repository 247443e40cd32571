"""Customers whom a teller has raised and keeps (Y12), and the four rates of the head's target (B07)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_cards import few
from test_month_reference import Pair, entries
from test_ownership import AT, OVERLAP, rules_of
from years import BASELINE, branch, differing, kpis

from vipsim import agenda as dates
from vipsim.customers import ownership as owners
from vipsim.customers.ownership import MANAGERS, TELLER_FIRST
from vipsim.outreach.response import CONTACT, ContactLog
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values
from vipsim.upkeep import information_share, raised_by_tellers, system_users

TELLERS = {"ownership.teller_from_yuan": 20_000.0, "ownership.teller_below_yuan": 50_000.0}


def months_of(most: int, yuan: list[float], months: int = 1) -> tuple[Any, Any, set[int]]:
    """Customers of one teller with these assets after some months' starts: state, team, who will be handed up."""
    rules, team = rules_of(OVERLAP | {"ownership.teller_list_most": most})
    state, _ = few(len(yuan), {}, owner=TELLER_FIRST)
    state.book.balance[:, 0] = np.array(yuan) * 100
    handed: set[int] = set()
    for month in range(months):
        agenda = dates.make(2000, 100)
        for i in range(len(yuan)):
            owners.follow_band(state, agenda, rules, team, i, 30 * month)
        owners.set_lead_rule(state, rules, team)
        handed = {entry[2] for entry in entries(agenda)}
    return state, team, handed


def test_a_teller_keeps_those_raised_up_to_the_cap() -> None:
    """Y12: of four who have passed 200,000 by the margin two stay; who only nears it, or is the head's, as before."""
    yuan = [300_000.0, 100_000.0, 300_000.0, 210_000.0, 300_000.0, 300_000.0, 8_000_000.0]
    assert months_of(0, yuan)[2] == {0, 2, 4, 5, 6}
    for months in (1, 5):
        state, _, handed = months_of(2, yuan, months)
        assert handed == {4, 5, 6}
        assert state.book.grown.tolist() == [1, 0, 1, 0, 0, 0, 0]
        assert state.sums.teller_lists[0, 0] == 2
    assert raised_by_tellers(state, 50) == (2, 0)


def test_the_list_is_kept_when_the_policy_changes_and_given_up_with_it() -> None:
    state, team, _ = months_of(2, [300_000.0, 300_000.0])
    keeping = rules_of(OVERLAP | {"ownership.teller_list_most": 2})[0]
    owners.assign(state, AT, keeping, team, 0, owners.TRANSFER, 30)
    owners.divide_book(state, AT, keeping, team, 2, False, 60)
    assert np.all(state.book.owner >= TELLER_FIRST)
    state.book[0].balance[0] = 3_000_000  # back below the band's top: off the list, still the teller's
    agenda = dates.make(200, 10)
    owners.follow_band(state, agenda, keeping, team, 0, 90)
    assert (state.book[0].grown, entries(agenda)) == (0, set())
    ended = rules_of(OVERLAP)[0]
    owners.divide_book(state, AT, ended, team, 2, False, 120)
    assert owners.band_of_post(state.book[1].owner) == MANAGERS
    assert state.book[1].grown == 0


@pytest.mark.parametrize("case", range(6))
def test_lists_equal_the_reference(case: int) -> None:
    """The month's opening with lists, some of them full, against the same in plain Python."""
    changes = {"ownership.teller_list_most": 2 + case, "ownership.follow_bands": True}
    pair = Pair(case, **changes)
    state = pair.state
    listed = (state.book.owner == TELLER_FIRST) & (np.arange(state.book.size) % 3 == 0)
    state.book.grown[:] = listed
    for row, c in zip(state.book, pair.plain.people, strict=True):
        c["grown"] = int(row.grown)
    state.sums.teller_lists[0, 0] = pair.plain.teller_lists[0][0] = case
    pair.open()
    assert pair.differences() == []


def test_lists_off_change_nothing_and_on_keep_customers_with_tellers() -> None:
    plain, off, on = (
        kpis(branch(changes), 1)
        for changes in (
            TELLERS,
            TELLERS | {"ownership.teller_list_most": 0},
            TELLERS | {"ownership.teller_list_most": 20},
        )
    )
    assert differing(plain, off) == set()
    assert plain["teller_list_customers"][0] == 0.0
    assert on["teller_list_customers"][0] > 0.0
    assert on["transfers_per_month"][0] < plain["transfers_per_month"][0]


def test_a_list_where_nobody_is_handed_up_is_refused() -> None:
    with pytest.raises(InputError, match="teller_list_most"):
        with_values(BASELINE, {"ownership.teller_list_most": 5, "ownership.follow_bands": False})


# ------------------------------------------------------------------------------------------ the four rates (B07)


def test_an_active_user_records_enough_contacts() -> None:
    """KPI09: of three members with customers one has recorded three contacts, one of them a single one."""
    log = ContactLog(np.zeros(10, CONTACT), np.array([5]))
    log.rows["staff"][:5] = (4, 4, 4, 2, 9)
    log.rows["staff"][5:] = 2  # of another month
    staff_of_post, books = np.array([2, 4, 6, -1, 9]), np.array([10, 5, 1, 7, 0])
    assert system_users(log, staff_of_post, books, 3).tolist() == [3.0, 1.0]
    assert system_users(log, staff_of_post, books, 1).tolist() == [3.0, 2.0]


def test_information_is_what_contacts_have_told_of_target_customers() -> None:
    """KPI10: who is told half by one contact a year; who is no target customer does not count."""
    pair = Pair(1)
    state, policy = few(4, {})[0], pair.policy
    state.book.month_average[:3] = 50_000_000
    state.book.balance[3], state.book.elsewhere[3] = 0, 0
    half = policy.response.known_half_per_year
    state.book.care[:] = (half, 0.9 * half, 3.0 * half, 0.0)
    assert information_share(state, policy, 0.5) == pytest.approx(2 / 3)
    assert information_share(state, policy, 0.75) == pytest.approx(1 / 3)
    state.book.stage[:] = 6
    assert np.isnan(information_share(state, policy, 0.5))
