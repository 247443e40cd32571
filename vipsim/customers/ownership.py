# mypy: allow-untyped-defs, allow-untyped-calls
"""Ownership: which member of staff keeps which customer (B01-B11).

The head keeps the largest customers, relationship managers those above their cut (the lead manager a stated share
of the VIPs), tellers those above theirs. Within a role the owner is found by rendezvous hashing (Thaler and
Ravishankar 1998): every (customer, member) pair has a fixed draw and the highest wins, so a further manager takes
customers from all others and moves nobody else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.agenda import ASSIGN, file
from vipsim.compiled import lean
from vipsim.customers.book import NO_OWNER
from vipsim.customers.state import OWNER_PENDING, assets, count, is_customer
from vipsim.draws import draw

TARGET, _LEAD, _MEMBER = 0, 1, 2  # numbers of the draws of a customer (time 0)

POSTS = 20  # most members of a role; posts are numbered role by role, so that hiring renumbers nobody
RM_FIRST, TELLER_FIRST, HEAD_FIRST = 0, POSTS, 2 * POSTS
OWNER_POSTS = 3 * POSTS


class Team(NamedTuple):
    """The staff who may own customers: how many of each role, and the size of every member's book."""

    rm_count: int
    teller_count: int
    head_count: int
    books: np.ndarray  # int64 [OWNER_POSTS]: customers owned


@lean
def _favourite(address, i, first, members):
    """The member with the highest draw for this customer."""
    best = first
    top = -1.0
    for member in range(first, first + members):
        u = draw(address, draws.OWNERSHIP, 0, i, _MEMBER + member)
        if u > top:
            top = u
            best = member
    return best


@lean
def rightful_owner(state, address, rules, team, i):
    """Who should own customer i under the rules, NO_OWNER where nobody; caps are not looked at."""
    have = np.float64(assets(state.book, i)) / 100.0
    if have >= rules.head_from_yuan and team.head_count > 0:
        return HEAD_FIRST
    if have >= rules.rm_from_yuan:
        if team.rm_count == 0:
            return NO_OWNER  # tellers keep only those below the managers' cut
        if state.book[i].tier > 0 and team.rm_count > 1:
            if draw(address, draws.OWNERSHIP, 0, i, _LEAD) < rules.lead_share:
                return RM_FIRST
            return _favourite(address, i, RM_FIRST + 1, team.rm_count - 1)
        return _favourite(address, i, RM_FIRST, team.rm_count)
    if have >= rules.teller_from_yuan and team.teller_count > 0:
        return _favourite(address, i, TELLER_FIRST, team.teller_count)
    return NO_OWNER


@lean
def has_room(rules, team, member):
    """Whether a member's book may grow: the cap holds for relationship managers."""
    is_rm = RM_FIRST <= member < RM_FIRST + team.rm_count
    return not is_rm or team.books[member] < rules.max_book


@lean
def give(state, rules, team, i, member):
    """Make ``member`` the owner of customer i; a change of owner costs part of the relationship (B11)."""
    book = state.book
    old = book[i].owner
    if old == member:
        return
    if old >= 0:
        team.books[old] -= 1
        book[i].relationship *= 1.0 - rules.transfer_loss_share
    book[i].owner = member
    if member >= 0:
        team.books[member] += 1
        count(state, tally.ASSIGNED, 1.0)


@lean
def divide_book(state, address, rules, team, customers, first_time):
    """Divide the book under the rules: on the first day from the assigned rows, later where the policy changed.

    Owners who are no longer in the team or whose band the customer has left hand over; rows without an owner stay
    without one until the month's assignment.
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
        if np.float64(assets(book, i)) / 100.0 >= rules.teller_from_yuan:
            in_band += 1.0
        if (first_time and book[i].assigned > 0) or book[i].owner >= 0:
            member = rightful_owner(state, address, rules, team, i)
            if member != book[i].owner and member >= 0 and not has_room(rules, team, member):
                member = NO_OWNER
            if first_time and member >= 0:
                assigned += 1.0
                book[i].owner = member
                team.books[member] += 1
            elif not first_time:
                give(state, rules, team, i, member)
    if first_time:
        state.sums.opening_assigned = assigned / in_band if in_band > 0.0 else 0.0


@lean
def any_manager_has_room(rules, team):
    """Whether some relationship manager's book may grow."""
    found = False
    for member in range(RM_FIRST, RM_FIRST + team.rm_count):
        found = found or has_room(rules, team, member)
    return found


@lean
def wants_owner(state, rules, i):
    """Whether customer i is in an owner's band and has no owner."""
    have = np.float64(assets(state.book, i)) / 100.0
    return (state.book[i].owner == NO_OWNER) & (have >= rules.teller_from_yuan)


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
def seek_owner(state, agenda, address, rules, team, room, i, day):
    """At the month's start: customer i, who is to have an owner, gets one after the lag (B07).

    ``room``: whether some manager's book may grow; if none may, nobody draws lots for one.
    """
    have = np.float64(assets(state.book, i)) / 100.0
    of_head = have >= rules.head_from_yuan and team.head_count > 0
    if have >= rules.rm_from_yuan and not of_head and not room:
        return
    member = rightful_owner(state, address, rules, team, i)
    if member >= 0 and has_room(rules, team, member):
        state.book[i].owner = OWNER_PENDING
        file(agenda, day + rules.assignment_lag_days, ASSIGN, i, 0, 0)


@lean
def assign(state, address, rules, team, i):
    """The assignment of customer i takes effect."""
    if state.book[i].owner != OWNER_PENDING:
        return
    state.book[i].owner = NO_OWNER
    member = rightful_owner(state, address, rules, team, i)
    if is_customer(state.book, i) and member >= 0 and has_room(rules, team, member):
        give(state, rules, team, i, member)
