"""Who is in the branch today: absence, the rota, shifts, pace, and which tellers have a special counter."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import exp

from vipsim.compiled import kernel
from vipsim.draws import ABSENCE, SKILL, draw, normal_quantile
from vipsim.lobby.floor import RELATIONSHIP_MANAGER, TELLER

_ROLE_BITS = 8  # a member's draws: id = number within the role | role << 8, so that hiring one moves nobody else's


@kernel
def draw_roster(params, address, day, roster):
    """Today's roster, into ``roster``: the rota begins with another member every day and passes over the absent."""
    s = params.staffing
    for role in range(s.employed.size):
        n = s.employed[role]
        room = s.on_duty[role]
        for turn in range(n):
            number = (day + turn) % n
            member = s.first[role] + number
            here = room > 0 and works(
                number, n, s.weekend[role], s.weekend_first, s.weekend_days, day + s.first_weekday
            )
            on_desk_duty = False
            if here and s.absence[member] > 0.0:
                u = draw(address, ABSENCE, day, number | role << _ROLE_BITS, 0)
                here = u >= s.absence[member]
                on_desk_duty = not here and u >= s.unwell[member] and s.desk_row >= 0
            if here:
                room -= 1
            roster.present[member] = 1 if here or on_desk_duty else 0
            roster.row[member] = s.desk_row if on_desk_duty else 2 * member
            roster.pace[member] = 1.0
            if s.skill[role] > 0.0:
                roster.pace[member] = _pace(address, s.skill[role], number | role << _ROLE_BITS)
    assign_shifts(params, day, roster)
    _open_special_counters(params, roster)
    floor = params.floor
    for member in range(floor.staff):
        roster.row[member] += roster.special[member]
    for machine in range(floor.staff, floor.servers):
        roster.row[machine] = 2 * floor.staff
    if s.reserved > 0.0:
        _keep_free(params, day, roster)


@kernel
def _keep_free(params, day, roster):
    """Some of the relationship managers at their posts receive nobody today: contacts are not disturbed (DV10).

    The first in the order of the rota, so that all have their turn; at least one receives.
    """
    s = params.staffing
    n = s.employed[RELATIONSHIP_MANAGER]
    free = 0
    for number in range(n):
        free += at_own_post(params, roster, s.first[RELATIONSHIP_MANAGER] + number)
    free = int(s.reserved * free)
    for turn in range(n):
        member = s.first[RELATIONSHIP_MANAGER] + (day + turn) % n
        if free > 0 and at_own_post(params, roster, member):
            roster.row[member] = 2 * params.floor.staff + 1
            roster.here_until[member] = 0.0  # the own customers meet somebody else
            free -= 1


@kernel
def is_on_desk_duty(params, roster, member):
    """Whether a manager is on duty in the lobby today instead of the own post (B16)."""
    row = roster.row[member]
    return roster.present[member] == 1 and row // 2 != member and row < 2 * params.floor.staff


@kernel
def at_own_post(params, roster, member):
    """1 for a member who is present and serves the own lines, else 0."""
    return 1 if roster.present[member] == 1 and roster.row[member] // 2 == member else 0


@kernel
def works(number, members, at_weekend, weekend_first, weekend_days, day):
    """Whether the week's plan has a member at work: five days a week, of which some are at the weekend (L25, N24).

    Each open day of the weekend has ``at_weekend`` places, handed round the members from week to week; whoever has
    one rests on a working day of the same week. ``day`` counts from a Monday. A make-up working day is no weekend.
    """
    if at_weekend < 0:
        return True
    weekday = day % 7
    places = at_weekend * weekend_days
    place = (number - day // 7 * places) % members
    is_weekend = weekend_first <= weekday < weekend_first + weekend_days
    while place < places:
        if is_weekend:
            if place // at_weekend == weekday - weekend_first:
                return True
        elif (place + place // members) % 5 == weekday:
            return False
        place += members
    return not is_weekend


@kernel
def _pace(address, sigma, id):
    """A member's pace, the same on all days; lognormal with mean 1: the role's minutes stay (N33)."""
    z = normal_quantile(draw(address, SKILL, 0, id, 0))
    return exp(sigma * z - 0.5 * sigma * sigma)


@kernel
def assign_shifts(params, day, roster):
    """Shifts of those present: the n-th of a role, in the order of the rota, works shift n modulo their number.

    So the breaks of one role take turns among whoever is there: with shifts that break at different times the floor
    is never empty while two are present (L01). A manager on lobby duty is not here for customers who ask for him (B16).
    """
    s = params.staffing
    for role in range(s.employed.size):
        n = s.employed[role]
        turn_of_shift = 0
        for turn in range(n):
            member = s.first[role] + (day + turn) % n
            if roster.present[member]:
                shift = s.first_shift[role] + turn_of_shift % s.shifts[role]
                turn_of_shift += 1
                roster.shift[member] = shift
                own_post = roster.row[member] // 2 == member
                roster.here_until[member] = params.floor.last_duty[shift] if own_post else 0.0
            else:
                roster.shift[member] = -1
                roster.here_until[member] = 0.0


@kernel
def _open_special_counters(params, roster):
    """Windows, or the counter that skips the ticket machine: the first tellers present, all-rounders before others.

    Windows never take the last teller: somebody serves the ordinary line.
    """
    s = params.staffing
    tellers = 0
    for member in range(params.floor.staff):
        roster.special[member] = 0
        if s.role[member] == TELLER and roster.present[member]:
            tellers += 1
    open = min(s.specials, max(tellers - s.spare, 0))
    for skill in (1, 0):
        for member in range(params.floor.staff):
            if open > 0 and s.role[member] == TELLER and roster.present[member] and s.multi[member] == skill:
                roster.special[member] = 1
                open -= 1
