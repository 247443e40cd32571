"""Transaction points: earned by the day, lapsing, redeemed in a campaign and never below zero (C21, K15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book_scenarios import TODAY, scenario
from campaign_years import guests, with_campaigns, year
from test_book_load import MAPPING, read, refused
from test_cards import few
from years import BASELINE, branch, differing, kpis

from vipsim import tally
from vipsim.campaigns.results import achieved, guests_of
from vipsim.campaigns.rules import ALLOWED, BUDGET, CAME, MET, NO_POINTS, STAFF
from vipsim.customers.book import PROSPECT
from vipsim.customers.generate import generate
from vipsim.customers.points import days_to_lapse, give_points, points_held
from vipsim.scenario.errors import InputError
from vipsim.scenario.points import Points, rate_and_lapse

RATE, LAPSE = 0.5, 100  # points a day for each yuan of income; days
NAME = "point_redemption"


class Diary:
    """Points as a clerk would keep them: written down every day."""

    def __init__(self, opened: int, income: float, held: float = 0.0) -> None:
        self.opened, self.income, self.day, self.held = opened, income, 0, held

    def on(self, day: int) -> float:
        while self.day < day:
            self.day += 1
            self.held += RATE * self.income
            if (self.day - self.opened) % LAPSE == 0:
                self.held = 0.0
        return self.held


@pytest.mark.parametrize("opened", [-1, -37, -100, -250])
def test_points_are_those_of_a_diary_kept_day_by_day(opened: int) -> None:
    """Looked at on some days only, with what was given in between: the same balance, and looking changes nothing."""
    state, _ = few(1, {}, income=8.0, opened=opened, points=120.0)
    diary = Diary(opened, 8.0, 120.0)
    for day in (0, 1, 30, 63, 64, 99, 100, 180, 299, 300, 301, 420):
        assert points_held(state, RATE, LAPSE, 0, day) == pytest.approx(diary.on(day))
        assert points_held(state, RATE, LAPSE, 0, day) == pytest.approx(diary.held)
        assert days_to_lapse(state, LAPSE, 0, day) == LAPSE - (day - opened) % LAPSE
        if day % 3 == 0:
            taken = 0.4 * diary.held
            assert give_points(state, RATE, LAPSE, 0, taken, day)
            diary.held -= taken


def test_a_balance_is_never_below_zero_and_nothing_is_lost() -> None:
    """Many customers give random amounts on random days, as far as they have them."""
    g = np.random.default_rng(3)
    n = 60
    income, opened = g.uniform(0.0, 20.0, n), -g.integers(1, 400, n)
    state, _ = few(n, {}, income=income, opened=opened)
    diaries = [Diary(int(opened[i]), float(income[i])) for i in range(n)]
    given = refused_gifts = 0
    for day in np.sort(g.integers(0, 500, 150)):
        for i in range(n):
            wanted = float(g.uniform(0.0, 500.0))
            had = diaries[i].on(int(day))
            if give_points(state, RATE, LAPSE, i, wanted, int(day)):
                diaries[i].held -= wanted
                given += 1
            else:
                assert had < wanted
                refused_gifts += 1
            assert state.book.points[i] >= 0.0
            assert points_held(state, RATE, LAPSE, i, int(day)) == pytest.approx(diaries[i].held, abs=1e-6)
    assert min(given, refused_gifts) > 500


# ------------------------------------------------------------------------------------------ the book


def with_points(points: Points | None) -> Any:
    made = scenario(TODAY, customers=1500, prospects=200)
    made.points = points
    return made


def test_the_opening_book_holds_what_was_earned_since_points_lapsed() -> None:
    """Nobody without the section, prospects never; nothing else of the book moves."""
    told = Points(points_per_yuan=1.0, card_spend_share=0.2, lapse_months=24)
    rate, lapse = rate_and_lapse(told)
    assert lapse == 730
    earned, none = (generate(with_points(points), 1)[0] for points in (told, None))
    here = earned.stage != PROSPECT
    days = -earned.opened[here].astype(np.int64) % lapse
    assert earned.points[here] == pytest.approx(rate * earned.income[here] * days)
    assert (earned.points[~here] == 0.0).all()
    assert earned.points[here].max() <= earned.income[here].max() * 0.2 * 2.0
    assert (none.points == 0.0).all()
    for name, column in none._asdict().items():
        assert np.array_equal(column, getattr(earned, name), equal_nan=True) != (name == "points"), name


def test_the_banks_file_says_how_many_points_are_held(tmp_path: Path) -> None:
    text = "id,assets,age,score\nA1,100.5,30,1200\nA2,0,41,0\nA3,250000,66,\n"
    mapping = MAPPING + 'points = "score"\n'
    got = read(tmp_path, text, mapping)
    assert got.book.points[:2].tolist() == [1200.0, 0.0]
    assert got.drawn["points"] == 1
    (problem,) = refused(tmp_path, text.replace("1200", "-5"), mapping)
    assert problem.expected == "points of at least 0"


# ------------------------------------------------------------------------------------------ the campaign


def redemption(**changes: Any) -> Any:
    sure = {f"campaigns__{NAME}__{key}": 1.0 for key in ("reach_share", "interest_share", "accept_share", "show_share")}
    return year(NAME, **sure | {f"campaigns__{NAME}__{key}": value for key, value in changes.items()})


def test_guests_give_points_for_goods_within_minutes_and_budget() -> None:
    """Only who holds enough is asked; each who is met gives the price once, and the goods are the campaign's cost."""
    made = redemption()
    campaign = BASELINE.campaigns[NAME]
    rows = guests_of(made.branch.campaigns, 0)
    met = rows[rows["step"] >= MET]
    assert met.size > 20
    assert (met["points"] == campaign.redeem_points).all()
    assert (rows[rows["step"] < MET]["points"] == 0.0).all()
    spent = made.branch.campaigns.spent[0]
    cost = float(rows["cost"].sum()) / 100.0 + campaign.fixed_yuan
    assert spent == pytest.approx(cost)
    assert met.size * campaign.redeem_yuan < spent <= campaign.budget_yuan
    book, rule = made.branch.state.book, made.branch.campaigns.rules[0]
    end = int(made.world.starts[-1])
    held = [points_held(made.branch.state, rule.points_day_rate, rule.points_lapse_days, i, end) for i in met["who"]]
    assert min(held) >= 0.0
    assert (book.points[: made.world.customers] >= 0.0).all()
    found = achieved(made.branch.campaigns, made.branch.state, 0, campaign)
    assert found["points_redeemed"] == met.size * campaign.redeem_points


def test_recording_takes_the_managers_minutes() -> None:
    """The longer a deduction takes to record, the fewer guests the minutes of the day suffice for."""
    met = {}
    for minutes in (0.0, 27.0):
        rows = guests(redemption(redeem_min=minutes))
        met[minutes] = int((rows["step"] >= MET).sum())
        assert ((rows["lost"] == STAFF).sum() > 0) == (minutes > 0.0)
    assert met[27.0] * 30.0 <= 2 * 2 * 180.0
    assert met[27.0] < 0.5 * met[0.0]


def test_an_empty_purse_and_lapsed_points_end_a_course() -> None:
    poor = guests(redemption(budget_yuan=700.0))
    assert (poor["lost"] == BUDGET).sum() > 0
    assert (poor["points"] > 0).sum() * 20.0 <= 200.0
    lapsing = guests(redemption(target=[{"column": "points_lapse_days", "at_most": 14}]))
    assert lapsing.size > 0
    assert ((lapsing["lost"] == NO_POINTS) & (lapsing["step"] == CAME)).sum() > 0
    assert (lapsing["points"] == 0.0).all()


def test_who_holds_too_little_is_not_asked() -> None:
    rows = guests(redemption(redeem_points=200_000.0))
    many = guests(redemption())
    assert rows.size < 0.5 * many.size
    assert (many["step"] >= ALLOWED).all()


def test_redemption_raises_the_relationship_and_costs_what_it_spends() -> None:
    """The effect against the same year without the campaign."""
    made, calm = redemption(care_share=0.5), year()
    who = guests(made)
    met = who[who["step"] >= MET]["who"]
    assert made.branch.state.book.relationship[met].mean() > calm.branch.state.book.relationship[met].mean() + 0.02
    spent = (run.branch.state.sums.tally[:, tally.CONTACT_YUAN].sum() for run in (made, calm))
    assert next(spent) - next(spent) > 0.5 * made.branch.campaigns.spent[0]


def test_points_that_nobody_redeems_change_nothing() -> None:
    """With and without the section, no campaign: the same year in every number."""
    none = branch().model_copy(update={"points": None})
    assert differing(kpis(branch(), 1), kpis(none, 1)) == set()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"redeem_points": 0.0}, "redeem_yuan = 0 where redeem_points is 0"),
        ({"where": "branch"}, "where = 'event' and another channel than 'field'"),
    ],
)
def test_a_redemption_that_cannot_be_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        with_campaigns(NAME, **{f"campaigns__{NAME}__{key}": value for key, value in changes.items()})


def test_points_must_be_earned_where_they_are_redeemed() -> None:
    told = with_campaigns(NAME).model_copy(update={"points": None})
    (wish,) = told.wishes()
    assert wish.path == ("points",)
    assert wish.expected == f"the section [points], as campaigns.{NAME} redeems them"
