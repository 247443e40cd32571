"""The benchmark's month in plain NumPy does what the compiled month does: the same book, the same dated entries."""

from __future__ import annotations

import numpy as np
from years import branch, world_of

from benchmarks import plain_month
from vipsim import simulate
from vipsim.agenda import RESIGN
from vipsim.customers.assets import market_returns
from vipsim.draws import Address
from vipsim.month import close_month, open_month

# Everybody's book is full, as at the benchmark's sizes, and nothing costs a fee: what the plain month leaves out.
LARGE = {"book.customers": 20_000, "book.prospects": 0}
FULL = {"ownership.max_book": 50, "ownership.head_from_yuan": 2e7, "cards.fee_yuan": 0.0}
EXACT = (
    *("elsewhere", "income", "drift", "month_start", "flow_days", "month_average", "tier", "card", "type", "stage"),
    *("stage_since", "time_maturity", "product_maturity", "level", "tier_shock_day", "loss_day", "below_months"),
    *("qualified_day", "assigned_day", "channel_contacts", "month_contacts"),
)
NEAR = ("relationship", "courted", "contact_load", "care")


def test_the_yardstick_makes_the_same_book_and_the_same_entries() -> None:
    world = world_of(branch(LARGE | FULL, today=FULL))
    run = simulate._Run(world, Address(1, 0, 0), "compiled", False)
    run.begin()
    policy, team = world.policy[0], world.team[0]
    state = run.branch.state
    plain = plain_month.PlainBook(state.book)
    books = np.zeros_like(team.books)
    moved = 0
    for number in range(3):
        run.branch = simulate.with_room(run.branch)
        agenda = run.branch.agenda
        month = run.month(number)
        agenda.first[:] = -1  # the days before are not simulated here
        returns = market_returns(run.address, policy.assets, number)
        entries = plain_month.open_month(
            plain, policy, state.sums, team._replace(books=books), plain_month.Addressed(), month, returns
        )
        open_month(state, agenda, policy, run.address, team, month)
        found = []
        for day, entry in enumerate(agenda.first):
            while entry >= 0:
                row = agenda.entries[entry]
                if row.kind != RESIGN:  # of the staff, not of a customer
                    found.append((int(row.kind), int(row.who), day))
                entry = row.next
        wanted = [
            (kind, int(i), int(day))
            for kind, who, days in entries
            for i, day in zip(who, days, strict=True)
            if day < agenda.first.size
        ]
        assert sorted(found) == sorted(wanted)
        assert np.array_equal(books, team.books)
        plain_month.close_month(plain, policy, month)
        close_month(state, policy, run.address, month)
        moved += int((state.book.tier != world.opening["tier"]).sum())
        for name in EXACT:
            assert np.array_equal(getattr(plain, name), state.book[name]), (number, name)
        assert np.array_equal(plain.balance.T, state.book["balance"])
        for name in NEAR:
            np.testing.assert_allclose(getattr(plain, name), state.book[name], rtol=1e-12)
    assert moved > 0
