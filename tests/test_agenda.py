"""The agenda hands out every entry on its day, sorted, whatever the order of filing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vipsim import agenda as dates
from vipsim.records import rows

Entry = tuple[int, int, int, int, int]  # day, kind, who, number, amount

entries = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, 11),
        st.integers(0, 2**31 - 1),
        st.integers(0, 2**26 - 1),
        st.integers(0, 2**60),
    ),
    max_size=40,
)


def file_all(agenda: dates.Agenda, filed: list[Entry]) -> None:
    for day, kind, who, number, amount in filed:
        dates.file(agenda, day, kind, who, number, amount)


def handed_out(agenda: dates.Agenda, day: int, room: int = 100) -> list[Entry]:
    page = rows(room, dates.ENTRY)
    n = dates.open_day(agenda, day, page)
    return [(day, int(e.kind), int(e.who), int(e.number), int(e.amount)) for e in page[:n]]


@given(entries, st.randoms())
@settings(max_examples=60, deadline=None)
def test_a_day_is_sorted_and_complete_in_any_order_of_filing(filed: list[Entry], random: object) -> None:
    agenda = dates.make(10, 64)
    shuffled = list(filed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    file_all(agenda, shuffled)
    for day in range(10):
        assert dates.count(agenda, day) == sum(e[0] == day for e in filed)
        assert handed_out(agenda, day) == sorted(e for e in filed if e[0] == day)
        assert handed_out(agenda, day) == []  # a day is dealt with once
    assert agenda.state[1] == 0


@given(st.lists(entries, min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_room_grows_and_places_are_used_again(months: list[list[Entry]]) -> None:
    """Entries of later days stay while others come and go and the pool grows under them."""
    agenda = dates.make(11, 1)
    kept: list[Entry] = []
    for month in months:
        agenda = dates.with_room(agenda, len(month) + 1)
        file_all(agenda, month)
        last = (10, 3, len(kept), 0, 5)
        file_all(agenda, [last])
        kept.append(last)
        for day in range(10):
            assert handed_out(agenda, day) == sorted(e for e in month if e[0] == day)
    assert handed_out(agenda, 10) == kept
    assert agenda.state[2] == 0


def test_entries_after_the_last_day_are_forgotten() -> None:
    agenda = dates.make(3, 4)
    file_all(agenda, [(3, 0, 1, 0, 0), (99, 0, 1, 0, 0), (2, 0, 1, 0, 0)])
    assert agenda.state[1] == 1


def test_a_lost_entry_is_no_secret() -> None:
    agenda = dates.make(3, 2)
    file_all(agenda, [(0, 0, n, 0, 0) for n in range(3)])
    with pytest.raises(RuntimeError, match="1 dated events found no room"):
        dates.with_room(agenda, 10)


def test_kinds_of_a_day_are_dealt_with_money_first() -> None:
    """Maturities before departures before arrivals; visits last, so that a visitor's state is the day's."""
    order = [
        dates.MATURITY,
        dates.LEAVE,
        dates.ARRIVE,
        dates.NOTICE,
        dates.ASSIGN,
        dates.ALERT,
        dates.TASK,
        dates.VISIT,
    ]
    agenda = dates.make(1, 20)
    file_all(agenda, [(0, kind, 7, 0, 0) for kind in reversed(order)])
    assert [kind for _, kind, *_ in handed_out(agenda, 0)] == order
    assert np.all(np.diff(order) > 0)
