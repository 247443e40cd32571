"""Reminders that the customer system sends by itself (T18): no staff minutes, and the same contact policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_book import z_of_share
from test_year_outreach import some_customers
from years import BASELINE, Year, branch, differing, kpis

from vipsim import agenda as dates
from vipsim import tally
from vipsim.draws import Address
from vipsim.outreach.plan import make_plan, select
from vipsim.outreach.response import send_automatic
from vipsim.outreach.triggers import MONEY_ARRIVED, SMS, fall_due, make_backlog
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values

AT = Address(1, 0, 0)
DAY = 10
BY_SYSTEM = {"channel": "sms", "on": True, "automatic": True}
WORDS = {f"outreach.triggers.money_arrived.{name}": value for name, value in BY_SYSTEM.items()}
GREETINGS = {f"outreach.triggers.birthday.{name}": value for name, value in BY_SYSTEM.items()}
N = 2000


def sent(changes: dict[str, Any], **columns: Any) -> tuple[Any, Any, Any]:
    """A word to each of N customers falls due and is sent by the system: state, policy, backlog."""
    state, policy, team, _ = some_customers(N, WORDS | changes, **columns)
    backlog, plan, agenda = make_backlog(N), make_plan(50), dates.make(400, N)
    for i in range(N):
        fall_due(state, backlog, policy, AT, team, i, MONEY_ARRIVED, DAY, 3)
    select(state, backlog, policy, team, DAY, plan)
    assert plan.size[:20].sum() == 0  # on no manager's list
    send_automatic(state, agenda, backlog, policy, AT, DAY, np.arange(400))
    return state, policy, backlog


def test_the_system_sends_to_all_at_once_and_whoever_reads_it_feels_it() -> None:
    """Without discipline and without minutes; read by as many as the channel reaches; a message is no talk."""
    state, policy, backlog = sent({"outreach.discipline_share": 0.0, "outreach.checked_share": 0.0})
    counted = state.sums.tally[state.sums.phase]
    assert counted[tally.MESSAGES] == N
    assert counted[tally.CONTACTS] == 0
    reached = state.book.last_contact == DAY
    assert abs(z_of_share(reached, policy.triggers.reach[SMS])) < 4
    assert (state.book.last_talk < DAY).all()
    assert (state.book.relationship[reached] > 0.5).all()
    assert (state.book.relationship[~reached] == 0.5).all()
    assert (backlog.rows.attempt[:N] == -1).all()  # each once
    assert counted[tally.CONTACT_YUAN] == pytest.approx(N * policy.triggers.cost[SMS])


def test_the_contact_policy_holds_for_the_system() -> None:
    half = np.arange(N) % 2
    state, _, _ = sent({}, do_not_call=half)
    assert not np.any((state.book.last_contact == DAY) & (half > 0))
    assert np.any(state.book.last_contact == DAY)
    tired, _, _ = sent({"outreach.sms.rest_days": 5}, last_contact=DAY - 2)
    assert tired.sums.tally[tired.sums.phase, tally.MESSAGES] == 0


def test_words_when_money_comes_fall_due_in_the_year_and_off_nothing_moves() -> None:
    """Whole years: only with the trigger on."""
    plain = kpis(branch(), 1)
    off = {"outreach.triggers.money_arrived.channel": "email", "outreach.triggers.money_arrived.rank_ratio": 3.0}
    assert differing(plain, kpis(branch(off), 1)) == set()
    on = kpis(branch(WORDS), 1)
    assert on["messages_per_day"][0] > plain["messages_per_day"][0]


def test_greetings_by_the_system_take_no_minutes_of_staff() -> None:
    """The log is of what staff did: by staff a message takes minutes, and makes its sender an active user."""
    minutes = {}
    for name in (True, False):
        policy = GREETINGS | {"outreach.triggers.birthday.automatic": name}
        year = Year(branch(policy, today=policy)).run()
        table = year.recorder.tables(year.branch.state, year.world.ids, year.world.customers)["contacts"].to_pandas()
        minutes[name] = float(table.minutes_min[table.reason == "birthday"].sum())
        assert (table.reason == "contact_plan").any()
        assert year.branch.state.sums.tally[:, tally.MESSAGES].sum() > 50
    assert minutes[True] == 0.0
    assert minutes[False] > 5.0


@pytest.mark.parametrize("channel", ["phone", "visit", "letter"])
def test_what_takes_staff_is_not_automatic(channel: str) -> None:
    birthday = {"outreach.triggers.birthday.automatic": True, "outreach.triggers.birthday.channel": channel}
    with pytest.raises(InputError, match="expected false where channel is " + channel):
        with_values(BASELINE, birthday)
