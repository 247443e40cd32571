"""Cards: offers, exchange, renewal, review and fee; the ban, the quota and one card per person hold always."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_book import z_of_share
from test_month_reference import Pair, entries
from years import BASELINE, branch, kpis

from vipsim import agenda as dates
from vipsim import draws, tally
from vipsim import month as months
from vipsim.customers import cards
from vipsim.customers.book import EXITED, EXPLORATION, MATURITY, NOTICE
from vipsim.customers.cards import APPLY, EXCHANGE, EXPIRE, RENEW, SPECIAL
from vipsim.customers.state import ELSEWHERE, HERE, INCOME, MARKET, begin, opening_rows, take_out
from vipsim.draws import Address, pair
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values

AT = Address(1, 0, 0)
DAY = 100


def few(n: int = 1, changes: dict[str, Any] | None = None, **columns: Any) -> tuple[Any, cards.CardRules]:
    """Some mature, signed, ordinary customers with 500,000 yuan on demand, and the rules of cards."""
    from vipsim.customers.book import empty

    rows = opening_rows(empty(n))
    for name in rows.dtype.names:
        rows[name] = 0
    rows.balance[:, 0] = 50_000_000
    rows.stage[:] = MATURITY
    rows.signed[:] = 1
    rows.owner[:] = rows.card_expiry[:] = rows.qualified_day[:] = rows.assigned_day[:] = -1
    for name in ("tier_shock_day", "ban_until", "complaint_day", "bad_wait_day"):
        rows[name][:] = -10_000
    for name, value in columns.items():
        rows[name][:] = value
    state = begin(rows, n)
    state.sums.special_cards = np.count_nonzero(rows.special)
    state.sums.card_stock = 10**6
    state.sums.phase = tally.WINDOW
    return state, cards.rules(with_values(BASELINE, changes or {}))


def month(number: int = 3) -> months.Month:
    """A month of 30 days from DAY on, open every day."""
    return months.Month(number, DAY, 30, 0, -1, np.ones(30))


def counted(state: Any, column: int) -> float:
    return float(state.sums.tally[tally.WINDOW, column])


# ------------------------------------------------------------------------------------ whatever the policy


class Year:
    """Months of a small book under random settings, without a lobby: who comes for a card is served, or not."""

    def __init__(self, case: int) -> None:
        self.g = np.random.default_rng(case)
        quota = {"cards.special_share": 0.05, "cards.special_limit_share": 0.05, "cards.special_eligible_share": 1.0}
        few_people = {"book.customers": 120, "demand.customer_visits_per_year": 0.0}
        self.pair = Pair(case, **few_people | {"cards.may_issue": True, "cards.acceptance_share": 0.9} | quota)
        self.state, self.rules = self.pair.state, self.pair.policy.cards
        self.state.book.special[:] = 0
        held = self.state.book.card > 0
        self.state.book.card_expiry[:] = np.where(held, np.maximum(self.state.book.card_expiry, 0), -1)
        self.state.sums.special_cards = 0
        self.agenda = dates.make(400, 200_000)
        self.page = np.zeros(200_000, dates.ENTRY).view(np.recarray)

    def check(self) -> None:
        book, sums = self.state.book, self.state.sums
        assert sums.cards == np.count_nonzero(book.card > 0)
        assert sums.special_cards == np.count_nonzero(book.special > 0)
        assert sums.special_cards <= 0.05 * sums.cards
        assert np.array_equal(book.card > 0, book.card_expiry >= 0)
        assert np.isin(book.card, (0, 1, 2, 3)).all()
        assert not np.any((book.special > 0) & (book.card != 1))

    def serve(self, i: int, day: int) -> None:
        had, banned = int(self.state.book[i].card), int(self.state.book[i].ban_until)
        cards.do_card_business(self.state, self.rules, i, day)
        if had == 0 and self.state.book[i].card > 0:
            assert day >= banned

    def run(self, first: int, number: int) -> None:
        when = months.Month(number, first, 30, number % 4, -1, np.ones(30))
        months.open_month(self.state, self.agenda, self.pair.policy, self.pair.address, self.pair.team, when)
        for day in range(first, first + 30):
            for e in range(dates.open_day(self.agenda, day, self.page)):
                i, kind = int(self.page[e].who), int(self.page[e].kind)
                business = int(self.page[e].number)
                if kind == dates.CARD and cards.comes_for_card(
                    self.state, self.rules, self.pair.address, i, business, day
                ):
                    if self.g.random() < 0.7:  # else the manager is away
                        self.serve(i, day)
                    self.check()
            i = int(self.g.integers(0, self.state.sums.next_prospect))
            if self.state.book[i].stage in (EXPLORATION, MATURITY, NOTICE):  # somebody closes the account
                take_out(self.state, i, 1.0, 30)
                self.state.book[i].stage, self.state.book[i].stage_since = EXITED, day
                self.state.book[i].signed = self.state.book[i].tier = 0
        months.close_month(self.state, self.pair.policy, self.pair.address, when)
        self.check()


@pytest.mark.parametrize("case", range(6))
def test_quota_ban_and_one_card_hold_under_any_policy(case: int) -> None:
    year = Year(case)
    for number in range(4):
        year.run(30 * number, number)
    assert counted(year.state, tally.CARDS_CANCELLED) > 0


def test_the_whole_quota_is_used_and_special_cards_are_withdrawn_when_others_end() -> None:
    special = np.arange(100) < 5
    state, rules = few(100, {"cards.special_share": 0.05}, card=1, card_expiry=500, special=special, type=2)
    assert not cards.has_special_room(state, rules)
    cards.end_card(state, rules, 99, 0)  # 5 of 99 is above 5 %
    assert (state.sums.cards, state.sums.special_cards) == (98, 4)
    assert state.book.special.sum() == 4
    assert counted(state, tally.SPECIAL_WITHDRAWN) == 1


# ------------------------------------------------------------------------------------ offer, exchange, renewal


def visit_for_card(state: Any, agenda: Any, rules: Any, when: Any) -> None:
    """Date the month's visit of customer 0 for a card, every day being as likely."""
    u_accept, u_day = pair(AT, draws.TIER, when.number, 0, cards.ACCEPTED)
    cards.file_card_visit(state, agenda, rules, AT, u_accept, u_day, 0, when, np.cumsum(np.ones(30) / 30))


def test_a_card_comes_from_an_accepted_offer_and_a_served_visit() -> None:
    """T01, T05, T12: the tier alone gives no services; the days between are counted."""
    state, rules = few(1, {"cards.acceptance_share": 1.0}, tier=1)
    assert cards.level_served(state.book, 0) == 0
    agenda = dates.make(400, 100)
    when = month()
    visit_for_card(state, agenda, rules, when)
    ((day, kind, _, business, _),) = entries(agenda)
    assert (kind, business) == (dates.CARD, APPLY)
    assert cards.comes_for_card(state, rules, AT, 0, APPLY, day)
    assert state.book[0].card == 0  # nobody has served the customer yet
    cards.do_card_business(state, rules, 0, day)
    assert state.book[0].card == 1
    assert state.book[0].card_expiry == day + 730  # T07
    cards.note_grade(state, rules, 0, 2, day + 5)
    assert (cards.level_served(state.book, 0), state.book[0].tier) == (1, 2)
    assert cards.comes_for_card(state, rules, AT, 0, EXCHANGE, day + 17)
    cards.do_card_business(state, rules, 0, day + 17)
    assert cards.level_served(state.book, 0) == 2
    assert counted(state, tally.EXCHANGE_DAYS) == 12


def test_nobody_takes_an_offer_where_no_card_may_be_issued_or_none_is_in_stock() -> None:
    """T13, T14."""
    for changes in ({"cards.may_issue": False}, {"staff.relationship_manager.employed": 0}):
        state, rules = few(1, {"cards.acceptance_share": 1.0, **changes}, tier=1)
        agenda = dates.make(400, 100)
        visit_for_card(state, agenda, rules, month())
        assert entries(agenda) == set()
    state, rules = few(1, {}, tier=1, card_business=APPLY + 1)
    state.sums.card_stock = 0
    cards.do_card_business(state, rules, 0, DAY)
    assert (state.book[0].card, state.book[0].card_business) == (0, APPLY + 1)
    assert counted(state, tally.CARDS_OUT_OF_STOCK) == 1


@pytest.mark.parametrize(("reminded", "share"), [(False, 0.55), (True, 0.85)])
def test_holders_renew_more_often_when_reminded(reminded: bool, share: float) -> None:
    """N34; the other share is told apart, so the test can fail."""
    n = 2000
    state, rules = few(n, {}, tier=1, card=1, card_expiry=DAY + 10)
    for i in range(n):
        if reminded:
            cards.remind_of_card(state, i)
        if cards.comes_for_card(state, rules, AT, i, RENEW, DAY):
            cards.do_card_business(state, rules, i, DAY)
        cards.comes_for_card(state, rules, AT, i, EXPIRE, DAY + 10)
    renewed = state.book.card > 0
    assert abs(z_of_share(renewed, share)) < 4
    assert abs(z_of_share(renewed, 1.4 - share)) > 4
    assert np.all(state.book.card_expiry[renewed] == DAY + 10 + 730)
    assert np.all((state.book.tier_shock_day == DAY + 10) == ~renewed)  # services lost: the hazard rises (T07)
    assert counted(state, tally.RENEWALS_DUE) == n
    assert state.sums.cards == renewed.sum()


def test_special_cards_go_to_the_rich_below_the_cut_who_matter() -> None:
    """T11: services of a standard card without the tier."""
    state, rules = few(40, {"cards.special_share": 0.05}, tier=1, card=1, card_expiry=500)
    state.book[0].tier = state.book[0].card = 0
    state.book[0].type, state.book[0].owner = 2, 3
    state.sums.cards = 39
    assert cards.comes_for_card(state, rules, AT, 0, SPECIAL, DAY)
    cards.do_card_business(state, rules, 0, DAY)
    assert state.book[0].special == 1
    assert cards.level_served(state.book, 0) == 1
    cards.review_card(state, rules, AT, 0, 0, month())
    assert counted(state, tally.CARD_FEES_YUAN) == 0  # and no fee


# ------------------------------------------------------------------------------------ downgrade, fee, ban


def test_services_stop_with_the_tier_after_the_grace() -> None:
    for grace, falls_at in ((0, 1), (2, 3)):
        state, rules = few(1, {"tiers.grace_months": grace}, tier=2, card=2, card_expiry=500)
        for n in range(1, 4):
            cards.note_grade(state, rules, 0, 1, DAY + n)
            assert (cards.level_served(state.book, 0) == 1) == (n >= falls_at)
        assert state.book[0].tier_shock_day == DAY + falls_at
    state, rules = few(1, {}, tier=2, card=0)  # no card: nothing stops, so nobody is upset
    cards.note_grade(state, rules, 0, 0, DAY)
    assert state.book[0].tier_shock_day == -10_000


def accounts(state: Any) -> int:
    return int(sum(state.sums.accounts[account] for account in (HERE, ELSEWHERE, INCOME, MARKET)))


def test_the_fee_is_due_yearly_below_the_cut_and_carried_until_it_is_paid() -> None:
    """T08: a shock, a receivable, and no yuan from nowhere."""
    never = {"cards.fee_cancel_share": 0.0}
    issued = DAY + 5 - 365
    state, rules = few(1, never, tier=0, card=1, card_expiry=issued + 730, relationship=0.5)
    state.book[0].balance[0], state.sums.class_total[0] = 5_000, 5_000
    cards.review_card(state, rules, AT, 0, 0, month())
    assert state.book[0].fee_due == 10_000
    assert state.book[0].relationship == pytest.approx(0.45)
    later = months.Month(4, DAY + 30, 30, 0, -1, np.ones(30))
    cards.review_card(state, rules, AT, 0, 0, later)  # still too poor, and no second fee in the year
    state.book[0].balance[0] = state.sums.class_total[0] = 12_000
    cards.review_card(state, rules, AT, 0, 0, later)
    assert state.book[0].balance[0] == 2_000
    assert (counted(state, tally.CARD_FEES_YUAN), counted(state, tally.CARD_FEES_PAID_YUAN)) == (100, 100)
    assert accounts(state) == 0
    assert state.sums.class_total[0] == 2_000
    state, rules = few(1, never | {"cards.fee_yuan": 0.0}, card=1, card_expiry=issued + 730, relationship=0.5)
    cards.review_card(state, rules, AT, 0, 0, month())
    assert state.book[0].relationship == 0.5


def test_who_hands_the_card_back_or_leaves_is_banned_for_a_year() -> None:
    """T09: unless the branch waives it for somebody who comes back."""
    state, rules = few(1, {"cards.fee_cancel_share": 0.3, "cards.fee_yuan": 300.0}, card=1, card_expiry=DAY + 5 + 365)
    fees = 0
    while state.book[0].card:  # 90 % hand it back: the draw belongs to the month
        cards.review_card(state, rules, AT, 0, 0, month(fees))
        fees += 1
    banned = DAY + 30 + 365
    assert state.book[0].ban_until == banned
    assert not cards.may_have_card(state, rules, 0, banned - 1)
    assert cards.may_have_card(state, rules, 0, banned)
    for waived in (False, True):
        state, rules = few(1, {"cards.waive_ban": waived}, card=1, card_expiry=500, stage=EXITED, stage_since=DAY)
        cards.close_contract(state, rules, 0)
        assert state.book[0].card == 0
        assert cards.may_have_card(state, rules, 0, DAY + 364) == waived
        assert cards.may_have_card(state, rules, 0, DAY + 365)


def test_services_cost_and_care_by_level() -> None:
    """T15-T19: the package of each level, and the part of it that the policy grants."""
    rules = cards.rules(BASELINE)
    assert rules.service_yuan[1:] * 12 == pytest.approx([150.0, 1000.0, 5000.0])
    assert rules.service_yuan[0] == rules.service_care[0] == 0.0
    none = cards.rules(with_values(BASELINE, {"tiers.service_share": [0.0, 1.0, 0.5]}))
    assert none.service_yuan[1:] * 12 == pytest.approx([0.0, 1000.0, 2500.0])


def test_streams_of_a_month_do_not_meet() -> None:
    """The renewal is drawn at the day of expiry, monthly draws at the month: their numbers differ."""
    u = [draws.uniform(1, 0, draws.TIER, 0, 5, 7, k) for k in (0, 1, 2, 4, 8, 16)]
    assert len({float(x) for x in u}) == 6


# ------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        ({"tiers.standard_yuan": 1_600_000.0}, "tiers", "standard_yuan < platinum_yuan < black_yuan"),
        (
            {"tiers.standard_yuan": 150_000.0},
            "tiers.standard_yuan",
            "at least 200000, the head office's standard_floor_yuan",
        ),
        ({"cards.special_share": 0.06}, "cards.special_share", "legal range"),
        ({"cards.special_limit_share": 0.01}, "cards.special_share", "at most special_limit_share"),
        ({"cards.renew_share": 0.9}, "cards.renew_share", "at most renew_reminded_share"),
        ({"cards.fee_yuan": 400.0}, "cards.fee_yuan", "from 0 to 300"),
        ({"tiers.service_share": [1.0, 1.0]}, "tiers.service_share", "3 numbers"),
        ({"tiers.service_share": [1.0, 1.0, 1.5]}, "tiers.service_share", "shares from 0 to 1"),
    ],
)
def test_a_scheme_or_card_rule_that_cannot_hold_is_refused(change: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        with_values(BASELINE, change)
    found = [str(problem) for problem in caught.value.problems]
    assert any(says in text for text in found), found
    assert any(problem.key.startswith(key) for problem in caught.value.problems), found


def test_services_begin_step_by_step() -> None:
    """T32: until a tier's month today's part of the services holds, then the plan's."""
    none = {"tiers.service_share": [0.0, 0.0, 0.0]}
    plan = {"tiers.service_share": [1.0, 1.0, 1.0]}
    later = {name: {"tiers.service_from_month": months} for name, months in (("half", [6] * 3), ("never", [12] * 3))}
    found = {name: kpis(branch(plan | more, none), 2) for name, more in ({"all": {}} | later).items()}
    found["none"] = kpis(branch(none, none), 2)
    cost = {name: made["cost_service_yuan"] for name, made in found.items()}
    assert (cost["none"] < cost["half"]).all()
    assert (cost["half"] < cost["all"]).all()
    assert all(np.array_equal(found["never"][name], found["none"][name], equal_nan=True) for name in found["none"])
