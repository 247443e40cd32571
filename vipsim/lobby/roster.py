"""Who is in the branch today: absence, the rota, and which tellers have a special counter."""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from vipsim.compiled import kernel
from vipsim.draws import ABSENCE, draw
from vipsim.lobby.params import TELLER

_ROLE_BITS = 8  # a member's draws: id = number within the role | role << 8, so that hiring one moves nobody else's


@kernel
def draw_roster(params, address, day, roster):
    """Today's roster, into ``roster``: the rota begins with another member every day and passes over the absent."""
    s = params.staffing
    floor = params.floor
    for role in range(s.employed.size):
        n = s.employed[role]
        room = s.on_duty[role]
        for turn in range(n):
            number = (day + turn) % n
            member = s.first[role] + number
            here = room > 0
            if here and s.absence[member] > 0.0:
                here = draw(address, ABSENCE, day, number | role << _ROLE_BITS, 0) >= s.absence[member]
            if here:
                room -= 1
            roster.present[member] = 1 if here else 0
            roster.here_until[member] = floor.last_duty[member] if here else 0.0
    _open_special_counters(params, roster)
    for member in range(floor.staff):
        roster.row[member] = 2 * member + roster.special[member]
    for machine in range(floor.staff, floor.servers):
        roster.row[machine] = 2 * floor.staff


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
