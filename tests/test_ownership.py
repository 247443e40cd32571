"""Ownership: bands, precedence, the lead's share, caps, transfers, centres; whatever the policy, the book is parted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_branch import write
from test_book import z_of_share
from test_cards import few
from test_month_reference import Pair, entries
from years import BASELINE, SCENARIOS, Year, branch, kpis

from vipsim import agenda as dates
from vipsim import month as months
from vipsim import simulate, tally
from vipsim.customers import ownership as owners
from vipsim.customers.book import EXITED
from vipsim.customers.ownership import CENTRE, HEAD_FIRST, RM_FIRST, TELLER_FIRST
from vipsim.customers.segments import planned_contacts
from vipsim.draws import Address
from vipsim.scenario import files
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values
from vipsim.scenario.schema import Scenario

AT = Address(1, 0, 0)
OVERLAP = {
    "ownership.teller_from_yuan": 20_000.0,
    "ownership.rm_from_yuan": 50_000.0,
    "ownership.teller_below_yuan": 200_000.0,
    "ownership.precedence": "named_member",
}


def rules_of(changes: dict[str, Any]) -> tuple[Any, owners.Team]:
    scenario = with_values(BASELINE, changes)
    return months.policy_of(scenario, 250.0).ownership, months.team_of(scenario)


def owner_of(yuan: float, changes: dict[str, Any] | None = None, full: tuple[int, ...] = (), **columns: Any) -> int:
    """The rightful owner of one customer with these assets; the members ``full`` have no room."""
    rules, team = rules_of(changes or {})
    state, _ = few(1, {}, **columns)
    state.book[0].balance[0] = round(yuan * 100)
    for member in full:
        team.books[member] = 10**6
    return int(owners.rightful_owner(state, AT, rules, team, 0))


# ------------------------------------------------------------------------------------ whatever the policy


@pytest.mark.parametrize("case", range(10))
def test_the_book_is_parted_and_no_book_is_above_its_cap(case: int) -> None:
    """Every customer has one owner of the team or none, the books sum to the owned, and the caps hold."""
    pair = Pair(case, **{"staff.relationship_manager.employed": 1 + case % 4, "ownership.max_book": 50})
    state, rules, team = pair.state, pair.policy.ownership, pair.team
    state.book.assigned[:] = 1
    known = int(state.sums.next_prospect)
    for first_time in (True, False):
        owners.divide_book(state, AT, rules, team, known, first_time, 0)
        owner = state.book.owner[:known]
        here = (state.book.stage[:known] > 0) & (state.book.stage[:known] < 6)
        owned = owner[here & (owner >= 0)]
        assert np.array_equal(np.bincount(owned, minlength=team.books.size), team.books)
        assert team.books.sum() == owned.size
        managers = (owned < TELLER_FIRST) & (owned >= RM_FIRST + team.rm_count)
        tellers = (owned >= TELLER_FIRST) & (owned < HEAD_FIRST) & (owned >= TELLER_FIRST + team.teller_count)
        assert not np.any(managers | tellers)
        assert team.books[:TELLER_FIRST].max() <= 50
        assert team.books[TELLER_FIRST:HEAD_FIRST].max() <= rules.teller_max_book
        assert team.books[HEAD_FIRST] <= rules.head_max_book
        assert team.books[CENTRE] <= rules.centres * rules.centre_max_book


# ------------------------------------------------------------------------------------ bands (B03, B04, T25, section 8)


def test_bands_and_their_precedence() -> None:
    band = owners.band_of_post
    for yuan, wanted in (
        (19_999, None),
        (20_000, owners.TELLERS),
        (49_999, owners.TELLERS),
        (50_000, owners.MANAGERS),
        (199_999, owners.MANAGERS),
        (6_000_000, owners.HEAD),
    ):
        found = owner_of(yuan, OVERLAP)
        assert (band(found) if found >= 0 else None) == wanted, yuan
    teller_first = OVERLAP | {"ownership.precedence": "teller"}
    assert band(owner_of(199_999, teller_first)) == owners.TELLERS
    assert band(owner_of(200_000, teller_first)) == owners.MANAGERS
    gap = OVERLAP | {"ownership.rm_from_yuan": 300_000.0}
    assert band(owner_of(299_999, gap)) == owners.TELLERS  # a gap is the tellers'
    assert band(owner_of(300_000, gap)) == owners.MANAGERS


def test_a_full_book_passes_the_customer_on() -> None:
    """Section 8: tellers own those below the teller cut whom no manager can take; nobody is given to a full book."""
    managers = tuple(range(20))
    assert owners.band_of_post(owner_of(100_000, OVERLAP, managers)) == owners.TELLERS
    assert owner_of(300_000, OVERLAP, managers) == -1
    assert owners.band_of_post(owner_of(9_000_000, OVERLAP, (HEAD_FIRST,))) == owners.MANAGERS
    favourite = owner_of(100_000, OVERLAP)
    assert owner_of(100_000, OVERLAP, (favourite,)) not in (favourite, -1)


def test_the_lead_keeps_a_share_or_the_largest_or_as_many_as_all() -> None:
    """B02: 40 % of the VIPs and the other 60 % in equal parts; or from 500,000 yuan on alone."""
    n = 3000
    for rule, share in (("share", 0.4), ("even", 0.2), ("top", 0.0)):
        rules, team = rules_of({"ownership.lead_share": 0.4, "ownership.lead_rule": rule, "ownership.max_book": 2000})
        state, _ = few(n, {}, tier=1)
        state.book.balance[:, 0] = 30_000_000
        found = np.array([owners.rightful_owner(state, AT, rules, team, i) for i in range(n)])
        assert set(found) <= set(range(5))
        if share:
            assert abs(z_of_share(found == RM_FIRST, share)) < 4
            assert abs(z_of_share(found == RM_FIRST, share + 0.1)) > 4
        else:
            assert not np.any(found == RM_FIRST)
        for member in range(1, 5):
            assert abs(z_of_share(found == member, (1.0 - share) / 4.0)) < 4
    assert owner_of(500_000, {"ownership.lead_rule": "top"}) == RM_FIRST


def test_the_band_follows_the_average_where_the_scheme_says_so() -> None:
    changes = OVERLAP | {"ownership.measure": "average"}
    rules, team = rules_of(changes)
    state, _ = few(1, {})
    state.book[0].month_average[:] = 3_000_000
    assert owners.band_of_post(owners.rightful_owner(state, AT, rules, team, 0)) == owners.TELLERS


# ------------------------------------------------------------------------------------ transfers, centres (B10-B14)


def test_an_owner_keeps_a_customer_within_the_margin_and_hands_over_beyond_it() -> None:
    rules, team = rules_of(OVERLAP)
    for yuan, owner, stays in (
        (199_999 * 1.2, TELLER_FIRST, True),
        (200_001 * 1.2, TELLER_FIRST, False),
        (50_001 / 1.2, RM_FIRST, True),
        (49_999 / 1.2, RM_FIRST, False),
        (6_000_001 / 1.2, HEAD_FIRST, True),
        (5_999_999 / 1.2, HEAD_FIRST, False),
        (6_000_001 * 1.2, RM_FIRST, False),
    ):
        assert owners.stays_in_band(rules, team, owners.band_of_post(owner), yuan) == stays, (yuan, owner)
    state, _ = few(1, {}, owner=TELLER_FIRST, relationship=0.5)
    team.books[TELLER_FIRST] = 1
    owners.assign(state, AT, rules, team, 0, owners.TRANSFER, 30)  # 500,000 yuan: outgrown the tellers (B03)
    assert owners.band_of_post(state.book[0].owner) == owners.MANAGERS
    assert state.book[0].relationship == pytest.approx(0.35)  # B11, N33
    assert team.books[TELLER_FIRST] == 0
    assert state.sums.tally[tally.WINDOW, tally.TRANSFERS] == 1
    settled = owners.settle_first_contact
    settled(state, rules, 0, 30 + 14)
    assert state.sums.tally[tally.WINDOW, tally.FIRST_CONTACTS_DUE] == 0
    settled(state, rules, 0, 30 + 15)
    assert state.sums.tally[tally.WINDOW, tally.FIRST_CONTACTS_DUE] == 1
    assert state.sums.tally[tally.WINDOW, tally.FIRST_CONTACTS_MADE] == 0


def test_a_new_target_customer_gets_an_owner_after_the_lag() -> None:
    """B07, DV40: the lag is counted from the month's start; who leaves meanwhile gets none."""
    for lag in (0, 30):
        rules, team = rules_of({"ownership.assignment_lag_days": lag})
        state, _ = few(1, {}, owner=owners.NO_OWNER)
        agenda = dates.make(400, 10)
        owners.seek_owner(state, agenda, AT, rules, team, 0, 60)
        assert entries(agenda) == {(60 + lag, dates.ASSIGN, 0, owners.NEW, 0)}
        assert state.book[0].owner == owners.OWNER_PENDING
        owners.assign(state, AT, rules, team, 0, owners.NEW, 60 + lag)
        assert state.book[0].owner == owners.rightful_owner(state, AT, rules, team, 0) >= 0
        assert state.book[0].assigned_day == 60 + lag
    state.book[0].owner, state.book[0].stage = owners.OWNER_PENDING, EXITED
    owners.assign(state, AT, rules, team, 0, owners.NEW, 90)
    assert state.book[0].owner == owners.NO_OWNER


def test_the_largest_go_to_a_centre_or_are_kept_together_with_it() -> None:
    up = {"ownership.centres": 1, "ownership.transfer_up": "hand_over", "ownership.transfer_from_yuan": 5_000_000.0}
    assert owner_of(5_000_000, up) == CENTRE
    assert owner_of(4_999_999, up) != CENTRE
    assert owner_of(5_000_000, up, (CENTRE,)) != CENTRE  # no place left: the branch keeps the customer
    assert owner_of(5_000_000) < TELLER_FIRST
    both = up | {"ownership.transfer_up": "co_manage", "ownership.centre_max_book": 1}
    rules, _ = rules_of(both)
    state, _ = few(2, {}, owner=RM_FIRST, relationship=0.5)
    state.book.balance[:, 0] = 600_000_000
    assert owners.centre_cares(state, rules, 0)
    assert not owners.centre_cares(state, rules, 1)  # one place
    owners.care_of_centre(state, rules, 0.1, 0, 60)
    assert state.book[0].owner == RM_FIRST
    assert state.book[0].care == pytest.approx(0.8)  # one contact a month, worth 0.8 of a meeting
    assert state.book[0].relationship == pytest.approx(0.54)


# ------------------------------------------------------------------------------------ staff, leads, plans


def test_specialists_come_from_the_counter_and_the_total_stays() -> None:
    """B15: in the lobby, in the team and in the cost."""
    moved = owners.as_staffed(with_values(BASELINE, {"ownership.specialists": 2}))
    assert (moved.staff.teller.employed, moved.staff.relationship_manager.employed) == (2, 7)
    assert months.team_of(moved).rm_count == 7
    before, after = (months.policy_of(s, 250.0).staff_yuan_per_month for s in (BASELINE, moved))
    assert after - before == pytest.approx(2 * (25_000 - 14_000))
    lobby = simulate._lobby_of(moved)
    assert lobby.floor.staff == simulate._lobby_of(BASELINE).floor.staff
    assert owners.as_staffed(BASELINE) is BASELINE


def test_training_and_lobby_duty_cost_days_and_training_saturates() -> None:
    """B16, B18: five days of 250 are 2 % of the time; a day lifts skill by 2 %, never by more than 20 %."""
    trained = with_values(BASELINE, {"ownership.training_days_per_year": 5.0})
    assert owners.as_staffed(trained).staff.relationship_manager.absence_share == pytest.approx(1 - 0.92 * 0.98)
    part_time = with_values(BASELINE, {"ownership.full_time_share": 0.5})
    assert owners.as_staffed(part_time).staff.relationship_manager.absence_share == pytest.approx(1 - 0.92 * 0.75)
    effort = [months.policy_of(s, 250.0).closing_effort for s in (BASELINE, trained)]
    assert effort[1] / effort[0] == pytest.approx(1.0443, abs=1e-3)
    most = with_values(BASELINE, {"ownership.training_days_per_year": 40.0})
    assert 1.15 < owners.trained_skill(most.ownership) < 1.2
    assert owners.trained_skill(BASELINE.ownership) == 1.0


def test_the_lobby_learns_does_and_teaches() -> None:
    """EB08: five days of 250 are 2 % of the lobby's time; who is taught learns at better odds, to a limit."""

    def trained(days: float, **changes: Any) -> Scenario:
        return owners.as_staffed(
            with_values(
                BASELINE,
                {
                    "ownership.lobby_training_days_per_year": days,
                    "ownership.lobby_training_skill_share": 0.1,
                    "ownership.lobby_training_most_share": 0.5,
                }
                | changes,
            )
        )

    def odds(found: Scenario) -> np.ndarray:
        assert found.lobby.teaching is not None
        assert found.channels is not None
        share = np.array([found.lobby.teaching.willing_share, found.channels.active_taught_share])
        return share / (1.0 - share)

    assert BASELINE.channels is not None
    assert BASELINE.ownership is not None
    five = trained(5.0)
    assert five.staff.lobby_manager.absence_share == pytest.approx(1 - 0.92 * 0.98)
    assert five.staff.lobby_assistant == BASELINE.staff.lobby_assistant  # nobody employed
    assert five.staff.relationship_manager == BASELINE.staff.relationship_manager
    assert odds(five) / odds(BASELINE) == pytest.approx(1.0 + 0.5 * (1.0 - np.exp(-0.5)))
    assert five.channels is not None
    assert five.channels.active_untaught_share == BASELINE.channels.active_untaught_share
    most = odds(trained(40.0)) / odds(BASELINE)
    assert np.all((most > 1.45) & (most < 1.5))
    tellers = trained(5.0, **{"lobby.ebank.activate_by": "teller"})  # who were not trained
    assert tellers.channels == BASELINE.channels
    gone = BASELINE.staff.lobby_manager.model_copy(update={"employed": 0})
    rules = BASELINE.ownership.model_copy(update={"lobby_training_days_per_year": 5.0})
    empty = BASELINE.model_copy(
        update={"ownership": rules, "staff": BASELINE.staff.model_copy(update={"lobby_manager": gone})}
    )
    assert owners.as_staffed(empty) is empty  # nobody to train
    assert owners.as_staffed(BASELINE) is BASELINE
    assert trained(0.0).lobby == BASELINE.lobby


def test_a_trained_lobby_makes_more_active_users_and_is_there_less() -> None:
    """EB08 in whole years, with numbers large enough to see."""
    changes = {
        "ownership.lobby_training_skill_share": 1.0,
        "ownership.lobby_training_most_share": 10.0,
        "channels.active_taught_share": 0.2,
    }
    plain, trained = (
        kpis(branch(changes | {"ownership.lobby_training_days_per_year": days}), 2) for days in (0.0, 40.0)
    )
    assert np.all(trained["ebank_active_share"] > plain["ebank_active_share"])
    assert np.all(trained["utilisation_lobby_manager"] != plain["utilisation_lobby_manager"])
    assert np.all(trained["desk_wait_mean_min"] > plain["desk_wait_mean_min"])


def test_leads_without_owner_are_distributed_by_the_rule() -> None:
    """O18: in turn, by claim, or to the smaller of two books; always to a manager of the team."""
    n = 3000
    state, _ = few(1, {})
    found = {}
    for policy in ("round_robin", "claim", "capacity"):
        rules, team = rules_of({"ownership.lead_policy": policy})
        team.books[:5] = (500, 100, 300, 200, 400)
        owners.set_lead_rule(state, rules, team)
        found[policy] = np.array([owners.lead_post(state, i, 5) for i in range(n)])
        assert set(found[policy]) <= set(range(5))
        assert owners.lead_post(state, 7, 1) == RM_FIRST
    assert found["round_robin"][:6].tolist() == [0, 1, 2, 3, 4, 0]
    assert all(abs(z_of_share(found["claim"] == member, 0.2)) < 4 for member in range(5))
    counts = np.bincount(found["capacity"], minlength=5)
    assert counts.argsort().tolist() == [0, 4, 2, 3, 1]  # the fullest book gets the fewest
    assert counts[0] == 0


def test_the_value_model_plans_contacts_for_four_groups() -> None:
    """S01: both low, current high, growth high, both high, as unions of cells of the grid."""
    scenario = with_values(
        BASELINE, {"grid.contact_plan": "value", "grid.value_contacts_per_year": [1.0, 2.0, 3.0, 4.0]}
    )
    assert planned_contacts(scenario) == [1, 1, 2, 3, 3, 4, 3, 3, 4]
    assert BASELINE.outreach is not None
    assert planned_contacts(BASELINE) == BASELINE.outreach.plan_contacts_per_year


def test_the_outlet_of_2012_opens_with_its_three_states() -> None:
    """CF02-CF04 in the branch itself: owners found by the rules, counted among target customers on the first day."""
    scenario = with_values(files.load(SCENARIOS / "outlet_2012.toml"), {"book.customers": 12_000, "book.prospects": 0})
    year = Year(scenario)
    year.begin()
    found = months.census(year.branch.state, year.world.policy[0], 0)
    n = found.targets
    for count, share in ((found.assigned, 0.4079), (found.signed, 0.2857)):
        assert abs(count / n - share) < 4 * np.sqrt(share * (1 - share) / n)
    assert found.maintained / n < 0.25 + 4 * np.sqrt(0.25 * 0.75 / n)


# ------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("change", "key", "says"),
    [
        (OVERLAP | {"ownership.precedence": "none"}, "ownership.precedence", "where the bands overlap"),
        (
            OVERLAP | {"ownership.teller_below_yuan": 40_000.0, "ownership.precedence": "none"},
            "ownership.precedence",
            "leave a gap",
        ),
        ({"ownership.teller_from_yuan": 300_000.0}, "ownership.teller_from_yuan", "must not exceed teller_below_yuan"),
        ({"ownership.head_from_yuan": 40_000.0}, "ownership.rm_from_yuan", "must not exceed head_from_yuan"),
        ({"ownership.transfer_up": "hand_over"}, "ownership.centres", "at least 1 where transfer_up is hand_over"),
        ({"ownership.specialists": 4}, "ownership.specialists", "at most 3, the tellers who can be spared"),
        (
            {
                "ownership.lobby_training_days_per_year": 3.0,
                "lobby.teaching": "omitted",
                "lobby.ebank": "omitted",
            },
            "ownership.lobby_training_days_per_year",
            "expected 0, as nobody teaches",
        ),
        ({"grid.outflow_ratio": [1.0] * 8}, "grid.outflow_ratio", "9 numbers"),
        ({"outreach.triggers.birthday.lead_days": 3}, "outreach.triggers.birthday", "birthday.lead_days expects 0"),
        ({"grid.perk_yuan_per_year": [-1.0] * 9}, "grid.perk_yuan_per_year", "numbers from 0"),
    ],
)
def test_bands_and_levels_that_cannot_hold_are_refused(change: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        with_values(BASELINE, change)
    found = [str(problem) for problem in caught.value.problems]
    assert any(says in text for text in found), found
    assert any(problem.key == key for problem in caught.value.problems), [p.key for p in caught.value.problems]


def test_a_scheme_without_its_window_is_refused(tmp_path: Path) -> None:
    """The base's window must not be taken over unseen: file, line and key are named."""
    text = (
        'extends = "vipsim:baseline.toml"\n\n[tiers]\nscheme = "mine"\nstandard_yuan = 300000.0\n'
        "platinum_yuan = 2000000.0\nblack_yuan = 8000000.0\n"
    )
    path = write(tmp_path, text, "mine.toml")
    with pytest.raises(InputError) as caught:
        files.load(path)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line, problem.file) == ("tiers.window_months", 4, str(path))
    sound: Scenario = files.load(write(tmp_path, text + "window_months = 12\n", "mine.toml"))
    assert sound.tiers is not None
    assert (sound.tiers.scheme, sound.tiers.window_months) == ("mine", 12)
