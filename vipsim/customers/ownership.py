# mypy: allow-untyped-defs, allow-untyped-calls
"""Ownership: which member of staff keeps which customer (B01-B15).

Bands of assets say whose customer somebody is: a wealth centre's, the head's, the managers', the tellers'; a stated
precedence decides where bands overlap. A full book passes the customer on to the next band that takes him. Within a
role the owner is found by rendezvous hashing (Thaler and Ravishankar 1998): every (customer, member) pair has a fixed
draw and the highest with room wins, so a further manager takes customers from all others and moves nobody else.
"""

from __future__ import annotations

from math import exp
from typing import Any, NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import ASSIGN, file
from vipsim.compiled import lean
from vipsim.customers.book import NO_OWNER
from vipsim.customers.state import OWNER_PENDING, assets, count, is_customer, raise_relationship
from vipsim.draws import draw
from vipsim.scenario.channels import at_odds

TARGET, _LEAD, _MEMBER = 0, 1, 2  # numbers of the draws of a customer (time 0)

POSTS = 20  # most members of a role; posts are numbered role by role, so that hiring renumbers nobody
RM_FIRST, TELLER_FIRST, HEAD_FIRST, CENTRE = 0, POSTS, 2 * POSTS, 3 * POSTS
OWNER_POSTS = 3 * POSTS + 1
"""Posts of owners; the last one stands for the wealth centres, whose people are not the branch's."""

SUPERVISOR = CENTRE - 1
"""The marketing supervisor's tasks: the last of the heads' posts, as only the first head keeps customers (B01)."""

NOBODY, MANAGERS, TELLERS, HEAD, CENTRES = range(5)  # bands
NO_PRECEDENCE, NAMED_MEMBER, TELLER = range(3)
SHARE, TOP, EVEN = range(3)  # rules of the lead manager
OF_THE_DAY, AVERAGE = range(2)
KEPT, HANDED_OVER, CO_MANAGED = range(3)  # largest customers
ROUND_ROBIN, CLAIM, CAPACITY, NEAREST, INDUSTRY = range(5)  # who follows up a lead
AREA, TRADE = range(2)  # what a manager's patch is made of
_SCATTER = 2654435761  # 2**32 / golden ratio: neighbours in the book go to different managers (Knuth)

NEW, TRANSFER = 0, 1  # numbers of an assignment on the agenda


class Team(NamedTuple):
    """The staff who may own customers: how many of each role, and the size of every member's book."""

    rm_count: int
    teller_count: int
    head_count: int
    books: np.ndarray  # int64 [OWNER_POSTS]: customers owned
    supervisor_count: int = 0  # marketing supervisors, who keep no customers


def lobby_duty_share(scenario: Any) -> float:
    """Part of their days that managers are on duty in the lobby: of those who work there part of the time (B16)."""
    rules = scenario.ownership
    return 0.0 if rules is None else float((1.0 - rules.full_time_share) * rules.part_time_duty_share)


def as_staffed(scenario: Any) -> Any:
    """The scenario as its organisation staffs and trains it: who works as a manager, how much of the time, how well.

    Tellers who are made relationship managers work as such, and the total stays (B15). Days of lobby duty of part-time
    managers and of training are days on which nobody finds a manager (B16, B18). People of the lobby are away for their
    own training, and teach better for it (EB08).
    """
    rules = scenario.ownership
    if rules is None:
        return scenario
    scenario = _with_lobby_trained(scenario)
    away = lobby_duty_share(scenario)
    training = rules.training_days_per_year / rules.working_days_per_year
    if rules.specialists == 0 and away == 0.0 and training == 0.0:
        return scenario
    tellers, managers = scenario.staff.teller, scenario.staff.relationship_manager
    there = (1.0 - managers.absence_share) * (1.0 - away) * (1.0 - training)
    staff = scenario.staff.model_copy(
        update={
            "teller": tellers.model_copy(update={"employed": tellers.employed - rules.specialists}),
            "relationship_manager": managers.model_copy(
                update={"employed": managers.employed + rules.specialists, "absence_share": 1.0 - there}
            ),
        }
    )
    return scenario.model_copy(update={"staff": staff})


def trained_skill(rules: Any) -> float:
    """Closing skill of managers relative to untrained ones, mean of a year with the days spread over it (B18, N33).

    Managers in the professional series study for their exams beside it, in their own time (B17): the mean of both.
    """
    days, gain, most = rules.training_days_per_year, rules.training_skill_share, rules.training_most_share
    inside = _skill(days + rules.career_study_days, gain, most)
    return float((1.0 - rules.career_share) * _skill(days, gain, most) + rules.career_share * inside)


def _skill(days_per_year: float, skill_share: float, most_share: float) -> float:
    """Skill after training, relative to none: saturating, no number of days lifts it by more than ``most_share``."""
    gained = skill_share * days_per_year / 2.0
    return float(1.0 + most_share * (1.0 - exp(-gained / most_share)))


def turnover_per_year(scenario: Any) -> float:
    """Managers who leave in a year, mean over those inside and outside the professional series (B17)."""
    rules = scenario.ownership
    return float(scenario.money.turnover_per_year * (1.0 - rules.career_share * (1.0 - rules.career_turnover_ratio)))


def career_yuan_per_month(scenario: Any) -> float:
    """Cost of the professional series: its managers' exams and pay by grade, yuan a month (B17)."""
    managers = scenario.staff.relationship_manager.employed * scenario.ownership.career_share
    return float(managers * scenario.ownership.career_yuan_per_year / 12.0)


_IN_LOBBY = ("lobby_manager", "lobby_assistant")


def _with_lobby_trained(scenario: Any) -> Any:
    """The scenario after the lobby's training: learn, do, teach (EB08).

    The lobby's people are away for its days. Who is shown a machine learns it, and who activates e-banking with a lobby
    manager stays with it, at odds that rise with their skill.
    """
    rules, staff, lobby = scenario.ownership, scenario.staff, scenario.lobby
    days = rules.lobby_training_days_per_year
    trained = {name: getattr(staff, name) for name in _IN_LOBBY if getattr(staff, name).employed > 0}
    if days == 0.0 or not trained:
        return scenario
    there = 1.0 - days / rules.working_days_per_year
    roles = {
        name: role.model_copy(update={"absence_share": 1.0 - (1.0 - role.absence_share) * there})
        for name, role in trained.items()
    }
    odds = _skill(days, rules.lobby_training_skill_share, rules.lobby_training_most_share)
    changed: dict[str, Any] = {"staff": staff.model_copy(update=roles)}
    if lobby.teaching is not None:
        willing = at_odds(lobby.teaching.willing_share, odds)
        teaching = lobby.teaching.model_copy(update={"willing_share": willing})
        changed["lobby"] = lobby.model_copy(update={"teaching": teaching})
    if lobby.ebank is not None and lobby.ebank.activate_by == "lobby_manager":
        taught = at_odds(scenario.channels.active_taught_share, odds)
        changed["channels"] = scenario.channels.model_copy(update={"active_taught_share": taught})
    return scenario.model_copy(update=changed)


# ------------------------------------------------------------------------------------------ whose band


@lean
def measured(state, rules, i):
    """Assets of customer i that decide the band, yuan: of the day, or the window's average (section 8)."""
    if rules.measure == OF_THE_DAY:
        return np.float64(assets(state.book, i)) / 100.0
    total = np.int64(0)
    row = state.book[i]
    window = row.month_average.size
    for column in range(window):
        total += row.month_average[column]
    return np.float64(total) / window / 100.0


@lean
def teller_top(rules):
    """Assets up to which tellers own: the teller cut, and at least up to the managers' cut, so that no gap is left."""
    if rules.teller_from_yuan >= rules.teller_below_yuan:
        return rules.teller_below_yuan  # no band of tellers
    return max(rules.teller_below_yuan, rules.rm_from_yuan)


@lean
def band_of(rules, team, have):
    """The band that has the first claim on somebody with these assets, yuan."""
    if rules.transfer_up == HANDED_OVER and have >= rules.transfer_from_yuan:
        return CENTRES
    if have >= rules.head_from_yuan and team.head_count > 0:
        return HEAD
    of_managers = have >= rules.rm_from_yuan
    of_tellers = rules.teller_from_yuan <= have < teller_top(rules)
    if of_managers and not (of_tellers and rules.precedence == TELLER):
        return MANAGERS
    return TELLERS if of_tellers else NOBODY


@lean
def lowest_owned(rules):
    """Assets from which customers are in some owner's band, yuan."""
    if rules.teller_from_yuan < rules.teller_below_yuan:
        return min(rules.teller_from_yuan, rules.rm_from_yuan)
    return rules.rm_from_yuan


@lean
def band_of_post(post):
    """The band that an owner's post belongs to."""
    if post == CENTRE:
        return CENTRES
    if post >= HEAD_FIRST:
        return HEAD
    return TELLERS if post >= TELLER_FIRST else MANAGERS


@lean
def stays_in_band(rules, team, band, have):
    """Whether somebody with these assets is still within a band, its bounds widened by the margin of transfers."""
    high = have / (1.0 + rules.transfer_margin_share)
    low = have * (1.0 + rules.transfer_margin_share)
    above_head = high >= rules.head_from_yuan and team.head_count > 0
    above_centre = rules.transfer_up == HANDED_OVER and high >= rules.transfer_from_yuan
    if band == CENTRES:
        return rules.transfer_up == HANDED_OVER and low >= rules.transfer_from_yuan
    if above_centre:
        return False
    if band == HEAD:
        return low >= rules.head_from_yuan
    if band == MANAGERS:
        return low >= rules.rm_from_yuan and not above_head
    return high < teller_top(rules)


@lean
def has_outgrown_tellers(rules, team, have):
    """Whether somebody with these assets lies above the tellers' band and below the head's and the centres'."""
    return have >= teller_top(rules) and stays_in_band(rules, team, MANAGERS, have)


@lean
def stays_with_owner(state, rules, team, i):
    """Whether customer i stays with the present owner: within the band, or on the list of a teller (Y12)."""
    have = measured(state, rules, i)
    band = band_of_post(state.book[i].owner)
    if stays_in_band(rules, team, band, have):
        return True
    listed = band == TELLERS and rules.teller_list_most > 0 and state.book[i].grown > 0
    return listed and has_outgrown_tellers(rules, team, have)


# ------------------------------------------------------------------------------------------ which member


@lean
def has_room(state, rules, team, i, member):
    """Whether a member may own customer i: the book is below its cap, or holds the customer already."""
    if state.book[i].owner == member:
        return True
    size = team.books[member]
    if member == CENTRE:
        return size < rules.centres * rules.centre_max_book
    if member >= HEAD_FIRST:
        return size < rules.head_max_book
    if member >= TELLER_FIRST:
        return size < rules.teller_max_book
    return size < rules.max_book


@lean
def _favourite(state, address, rules, team, i, first, members):
    """Of some members with room the one with the highest draw for customer i; NO_OWNER where all are full."""
    best = np.int64(NO_OWNER)
    top = -1.0
    for member in range(first, first + members):
        if has_room(state, rules, team, i, member):
            u = draw(address, draws.OWNERSHIP, 0, i, _MEMBER + member)
            if u > top:
                top = u
                best = np.int64(member)
    return best


@lean
def _manager(state, address, rules, team, i, have):
    """The manager for customer i: the lead keeps a share of the VIPs, or the largest alone, or as many as all (B02)."""
    rest = team.rm_count
    if rest > 1 and rules.lead_rule != EVEN:
        if rules.lead_rule == SHARE and state.book[i].tier > 0:
            leads = draw(address, draws.OWNERSHIP, 0, i, _LEAD) < rules.lead_share
            rest -= 1
        elif rules.lead_rule == TOP:
            leads = have >= rules.lead_from_yuan
            rest -= 1
        else:
            leads = False
        if leads and has_room(state, rules, team, i, RM_FIRST):
            return np.int64(RM_FIRST)
    return _favourite(state, address, rules, team, i, RM_FIRST + team.rm_count - rest, rest)


@lean
def _member_of(state, address, rules, team, i, band, have):
    """The member of a band for customer i, NO_OWNER where nobody has room."""
    if band == MANAGERS:
        return _manager(state, address, rules, team, i, have)
    if band == TELLERS:
        return _favourite(state, address, rules, team, i, TELLER_FIRST, team.teller_count)
    if band == HEAD:
        return _favourite(state, address, rules, team, i, HEAD_FIRST, min(team.head_count, 1))
    return _favourite(state, address, rules, team, i, CENTRE, 1)


@lean
def rightful_owner(state, address, rules, team, i):
    """Who should own customer i under the rules, NO_OWNER where nobody; a full book passes on to the next band."""
    have = measured(state, rules, i)
    band = band_of(rules, team, have)
    if band == NOBODY:
        return np.int64(NO_OWNER)
    member = _member_of(state, address, rules, team, i, band, have)
    if member < 0 and band == CENTRES and team.head_count > 0 and have >= rules.head_from_yuan:
        band = HEAD
        member = _member_of(state, address, rules, team, i, HEAD, have)
    if member < 0 and band >= HEAD:
        band = MANAGERS
        member = _manager(state, address, rules, team, i, have)
    if member < 0 and band == MANAGERS and rules.teller_from_yuan <= have < teller_top(rules):
        member = _favourite(state, address, rules, team, i, TELLER_FIRST, team.teller_count)
    elif member < 0 and band == TELLERS and have >= rules.rm_from_yuan:
        member = _manager(state, address, rules, team, i, have)
    return member


@lean
def _in_team(team, post):
    """Whether an owner's post is manned under this policy."""
    if post == CENTRE:
        return True
    if post >= HEAD_FIRST:
        return post < HEAD_FIRST + team.head_count
    if post >= TELLER_FIRST:
        return post < TELLER_FIRST + team.teller_count
    return post < RM_FIRST + team.rm_count


# ------------------------------------------------------------------------------------------ division


@lean
def give(state, rules, team, i, member, day):
    """Make ``member`` the owner of customer i; a change of owner costs part of the relationship (B11)."""
    book = state.book
    old = book[i].owner
    if old == member:
        return
    if old >= 0:
        team.books[old] -= 1
        book[i].relationship *= 1.0 - rules.transfer_loss_share
    book[i].owner = member
    book[i].grown = 0
    if member >= 0:
        team.books[member] += 1
        book[i].assigned_day = day
        count(state, tally.ASSIGNED, 1.0)


@lean
def divide_book(state, address, rules, team, customers, first_time, day):
    """Divide the book under the rules: on the first day from the assigned rows, later where the policy changed.

    Owners who are no longer in the team or whose band the customer has left hand over; rows without an owner stay
    without one until the month's assignment. On the first day the assigned below every band are the tellers' (B03).
    """
    book = state.book
    if first_time:
        for i in range(customers):
            book[i].owner = NO_OWNER
    for post in range(team.books.size):
        team.books[post] = 0
    for i in range(customers):
        if book[i].owner >= 0:
            team.books[book[i].owner] += 1
    in_band = 0.0
    assigned = 0.0
    for i in range(customers):
        if not is_customer(book, i):
            continue
        have = measured(state, rules, i)
        if have >= lowest_owned(rules):
            in_band += 1.0
        if first_time and book[i].assigned > 0:
            member = rightful_owner(state, address, rules, team, i)
            if member < 0 and have < rules.rm_from_yuan and rules.teller_from_yuan < rules.rm_from_yuan:
                member = _favourite(state, address, rules, team, i, TELLER_FIRST, team.teller_count)
            if member >= 0:
                assigned += 1.0 if have >= lowest_owned(rules) else 0.0
                book[i].owner = member
                team.books[member] += 1
        elif book[i].owner >= 0:
            band = band_of_post(book[i].owner)
            if stays_with_owner(state, rules, team, i):
                member = _member_of(state, address, rules, team, i, band, have)
            else:
                member = rightful_owner(state, address, rules, team, i)
            if member >= 0 or not _in_team(team, book[i].owner):
                give(state, rules, team, i, member, day)
    if first_time:
        state.sums.opening_assigned = assigned / in_band if in_band > 0.0 else 0.0


@lean
def room_left(rules, team):
    """Whether some manager's book, and whether some teller's book, may grow: two bools."""
    managers = False
    for member in range(RM_FIRST, RM_FIRST + team.rm_count):
        managers = managers or team.books[member] < rules.max_book
    tellers = False
    for member in range(TELLER_FIRST, TELLER_FIRST + team.teller_count):
        tellers = tellers or team.books[member] < rules.teller_max_book
    return managers, tellers


@lean
def assigned_chance(state, rules, i):
    """Chance that customer i belongs to those who are to have an owner.

    Of the opening book only what the target lacks is still to be assigned.
    """
    if i >= state.sums.opening_customers:
        return rules.assigned_share
    open_share = state.sums.opening_assigned
    return (rules.assigned_share - open_share) / (1.0 - open_share) if open_share < 1.0 else 0.0


@lean
def may_find_owner(rules, team, room, have):
    """Whether somebody with these assets, yuan, may find an owner while managers and tellers have such ``room``."""
    managers, tellers = room
    band = band_of(rules, team, have)
    if band == MANAGERS:
        return managers or (tellers and rules.teller_from_yuan <= have < teller_top(rules))
    if band == TELLERS:
        return tellers or (managers and have >= rules.rm_from_yuan)
    return True


@lean
def seek_owner(state, agenda, address, rules, team, i, day):
    """At the month's start: customer i, who is to have an owner, gets one after the lag (B07)."""
    if rightful_owner(state, address, rules, team, i) >= 0:
        state.book[i].owner = OWNER_PENDING
        file(agenda, day + rules.assignment_lag_days, ASSIGN, i, NEW, 0)


@lean
def follow_band(state, agenda, rules, team, i, day):
    """At the month's start: an owned customer who has left the owner's band will be handed over (B03, B10, B11).

    Unless a teller has raised the customer and has room on the list of those (Y12).
    """
    if rules.teller_list_most > 0:
        _keep_list(state, rules, team, i)
    if not stays_with_owner(state, rules, team, i):
        file(agenda, day + rules.transfer_lag_days, ASSIGN, i, TRANSFER, 0)


@lean
def _keep_list(state, rules, team, i):
    """A teller's customer who has outgrown the band joins the teller's list while it has room, or leaves it."""
    book = state.book
    teller = book[i].owner - TELLER_FIRST
    if not 0 <= teller < POSTS:
        return
    have = measured(state, rules, i)
    sizes = state.sums.teller_lists
    by_far = not stays_in_band(rules, team, TELLERS, have)
    if not has_outgrown_tellers(rules, team, have):
        book[i].grown = 0
    elif not book[i].grown and by_far and sizes[0, teller] < rules.teller_list_most:
        book[i].grown = 1
        sizes[0, teller] += 1
    sizes[1, teller] += book[i].grown


@lean
def assign(state, address, rules, team, i, kind, day):
    """The assignment or transfer of customer i takes effect."""
    book = state.book
    if not is_customer(book, i):
        if book[i].owner == OWNER_PENDING:
            book[i].owner = NO_OWNER
        return
    old = book[i].owner
    if kind == TRANSFER:
        if old < 0 or stays_with_owner(state, rules, team, i):
            return
        member = rightful_owner(state, address, rules, team, i)
        if member >= 0 and member != old:
            give(state, rules, team, i, member, day)
            count(state, tally.TRANSFERS, 1.0)
    elif old == OWNER_PENDING:
        book[i].owner = NO_OWNER
        member = rightful_owner(state, address, rules, team, i)
        if member >= 0:
            give(state, rules, team, i, member, day)


@lean
def settle_first_contact(state, rules, i, day):
    """At the month's close: whether a new owner has made contact, once the agreed days are over (B07)."""
    book = state.book
    since = book[i].assigned_day
    if since >= 0 and day - since > rules.first_contact_days:
        count(state, tally.FIRST_CONTACTS_DUE, 1.0)
        if book[i].last_contact >= since:
            count(state, tally.FIRST_CONTACTS_MADE, 1.0)
        book[i].assigned_day = -1


# ------------------------------------------------------------------------------------------ centres, leads


@lean
def centre_cares(state, rules, i):
    """Whether a wealth centre contacts customer i: handed over to it, or kept together with it (B10, B13)."""
    if state.book[i].owner == CENTRE:
        return True
    if rules.transfer_up != CO_MANAGED or state.book[i].owner < 0:
        return False
    if measured(state, rules, i) < rules.transfer_from_yuan:
        return False
    if state.sums.co_managed >= rules.centres * rules.centre_max_book:
        return False
    state.sums.co_managed += 1
    return True


@lean
def care_of_centre(state, rules, meeting_care_share, i, day):
    """A month's contacts of the centre with customer i: the effect of so many meetings, by the centre's ratio (B14)."""
    book = state.book
    contacts = rules.centre_contacts_per_year / 12.0
    if contacts <= 0.0:
        return
    worth = contacts * rules.centre_care_ratio
    book[i].care += worth
    book[i].contact_load += contacts
    book[i].last_contact = day
    book[i].last_talk = day
    raise_relationship(state, i, min(1.0, meeting_care_share * worth))


@lean
def set_lead_rule(state, rules, team):
    """At the month's start: how leads without owner are distributed this month, the managers' books, tellers' lists."""
    state.sums.lead_policy = rules.lead_policy
    state.sums.managers = team.rm_count
    for member in range(POSTS):
        state.sums.teller_lists[0, member] = state.sums.teller_lists[1, member]
        state.sums.teller_lists[1, member] = 0
        state.sums.manager_books[member] = team.books[RM_FIRST + member]


@lean
def _part(state, kind, i):
    """Customer i's part of town or trade, and how many there are in the book."""
    return np.int64(state.book[i].area if kind == AREA else state.book[i].trade), state.sums.parts[kind]


@lean
def has_patch(state, kind, i, post):
    """Whether the manager at a post has customer i's part of town, or trade, in the patch (O18).

    Parts are dealt out to the managers in turn; where there are fewer parts than managers, several share one. One
    manager alone, or a book of one part, has no patches.
    """
    part, parts = _part(state, kind, i)
    managers = state.sums.managers
    member = post - RM_FIRST
    if parts < 2 or managers < 2 or not 0 <= member < managers:
        return False
    return part % managers == member if parts >= managers else member % parts == part


@lean
def lead_post(state, i, rm_count):
    """The manager who follows up the lead of customer i, who has no owner (O18, DV42); somebody must be employed.

    In turn; who claims it first, which is anybody; of two managers the one with the smaller book; or one to whose patch
    the customer's part of town or trade belongs.
    """
    if state.sums.lead_policy == ROUND_ROBIN:
        return RM_FIRST + i % rm_count
    scattered = np.int64(i) * _SCATTER
    anybody = (scattered >> 16) % rm_count
    if state.sums.lead_policy == CLAIM:
        return RM_FIRST + anybody
    if state.sums.lead_policy >= NEAREST:
        part, parts = _part(state, AREA if state.sums.lead_policy == NEAREST else TRADE, i)
        if parts >= rm_count:
            return RM_FIRST + part % rm_count
        sharing = (rm_count - 1 - part) // parts + 1  # managers of the same patch
        return RM_FIRST + part + parts * ((scattered >> 16) % sharing)
    other = (anybody + 1 + (scattered >> 40) % max(rm_count - 1, 1)) % rm_count
    books = state.sums.manager_books
    return RM_FIRST + (other if books[other] < books[anybody] else anybody)
