# mypy: allow-untyped-defs, allow-untyped-calls
"""Swings: lumps of money that customers of some grid levels move to and fro between here and elsewhere (S11).

A lump that leaves comes back some days later, one that comes leaves again: assets are unstable, and on average stay.
"""

from __future__ import annotations

import numpy as np

from vipsim import draws
from vipsim.agenda import SWING, file
from vipsim.compiled import kernel, lean
from vipsim.customers.book import EXITED, PROSPECT
from vipsim.customers.lifecycle import day_of_event
from vipsim.customers.segments import DEMAND
from vipsim.customers.state import ELSEWHERE, assets, bring_in, is_customer, move
from vipsim.draws import pair

LEAVES, COMES, RETURNS, LEAVES_AGAIN = range(4)  # number of a swing on the agenda
_SWING = 8  # number of the draws of a customer's month (stream ASSETS)


@kernel
def file_swings(state, agenda, flows, address, month):
    """At the month's opening: the lumps of the month, each under its day; at most one of a customer."""
    for i in range(state.sums.next_prospect):
        row = state.book[i]
        if not PROSPECT < row.stage < EXITED or row.level == 0:
            continue
        rate = flows.swings_per_year[row.level - 1] / 12.0
        if rate <= 0.0:
            continue
        u_day, u_size = pair(address, draws.ASSETS, month.number, i, _SWING)
        when = day_of_event(u_day, rate, month.days)
        if when < 0:
            continue
        number = LEAVES if u_size < 0.5 else COMES
        size = 2.0 * u_size - number  # given the direction again uniform
        amount = np.int64(np.float64(assets(state.book, i)) * flows.swing_share * size)
        file(agenda, month.first_day + when, SWING, i, number, amount)


@lean
def swing(state, agenda, flows, i, number, amount, day, days_left):
    """A lump leaves the demand deposit of customer i or comes to it, as far as there is one; its way back is filed.

    Whether money has come.
    """
    if not is_customer(state.book, i):
        return False
    if number in (COMES, RETURNS):
        moved = bring_in(state, i, DEMAND, amount, days_left)
    else:
        moved = min(amount, state.book[i].balance[DEMAND])
        move(state, i, DEMAND, -moved, ELSEWHERE, days_left)
    if moved > 0 and number <= COMES:
        file(agenda, day + flows.swing_days, SWING, i, RETURNS if number == LEAVES else LEAVES_AGAIN, moved)
    return moved > 0 and number in (COMES, RETURNS)
