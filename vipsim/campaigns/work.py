# mypy: allow-untyped-defs, allow-untyped-calls
"""Staff minutes of campaigns: pieces of work on the lists of those who take part, before the day's other outreach.

They are booked like every other task: a visitor comes first, an idle member takes the next piece, and the ledger
holds what was done. Preparation that found no time stays for the next day of the phase; an event does not wait.
"""

from __future__ import annotations

from vipsim.campaigns.rules import EVENT, FIELD, INVITE, MOST_PIECES, PREPARE
from vipsim.compiled import lean
from vipsim.scenario.staff import ROLES

MANAGER = ROLES.index("relationship_manager")


@lean
def is_on(campaigns, p, day):
    """Whether phase p has work today: an event on its first open day only, outside work on every open day."""
    phase = campaigns.phases[p]
    if phase.does == EVENT and campaigns.rules[phase.campaign].channel != FIELD:
        return campaigns.next_open[phase.from_day] == day
    return phase.from_day <= day <= phase.until_day


@lean
def open_days_left(campaigns, p, day):
    """Open days of a phase from today on."""
    n = 0
    for d in range(day, min(campaigns.phases[p].until_day + 1, campaigns.next_open.size)):
        if campaigns.next_open[d] == d:
            n += 1
    return max(n, 1)


@lean
def book_work(campaigns, role, roster, own, day):
    """Cut today's campaign work into pieces for the first members present; ``own`` counts each member's pieces."""
    for member in range(own.size):
        own[member] = 0
    campaigns.size[1] = 0
    for p in range(campaigns.phases.size):
        phase = campaigns.phases[p]
        c = phase.campaign
        if phase.does == INVITE or not is_on(campaigns, p, day) or campaigns.stopped[c] >= 0:
            continue
        for w in range(campaigns.rules[c].first_work, campaigns.rules[c].last_work):
            work = campaigns.works[w]
            person = 0
            for member in range(role.size):
                if role[member] != work.role or not roster.present[member] or person >= work.people:
                    continue
                minutes = work.event_min
                if phase.does == PREPARE:
                    minutes = campaigns.left_min[w, person] / open_days_left(campaigns, p, day)
                campaigns.minutes[w, 0] += minutes
                add_pieces(campaigns, own, member, c, w, person, phase.does, minutes)
                person += 1


@lean
def add_pieces(campaigns, own, member, c, w, person, does, minutes):
    """Pieces of at most ``block_min`` minutes on a member's list."""
    while minutes > 1e-9 and own[member] < MOST_PIECES:
        length = min(minutes, campaigns.rules[c].block_min)
        minutes -= length
        piece = campaigns.pieces[campaigns.size[1]]
        piece.minutes = length
        piece.member = member
        piece.place = own[member]
        piece.campaign = c
        piece.work = w
        piece.person = person
        piece.does = does
        own[member] += 1
        campaigns.size[1] += 1


@lean
def count_work(state, campaigns, rm_count, started, first, day):
    """After the day: what was done of the pieces; the rest of the preparation stays.

    Managers learn by preparation where it is training (C15): by the minutes done, of all managers, to a limit (B18).
    """
    for n in range(campaigns.size[1]):
        piece = campaigns.pieces[n]
        at = started[first[piece.member] + piece.place]
        if at != at:  # not begun
            piece.minutes = 0.0
            continue
        campaigns.minutes[piece.work, 1] += piece.minutes
        if piece.does == PREPARE:
            campaigns.left_min[piece.work, piece.person] -= piece.minutes
            rule = campaigns.rules[piece.campaign]
            if rule.skill_share > 0.0 and campaigns.works[piece.work].role == MANAGER:
                part = piece.minutes / campaigns.works[piece.work].prepare_min / max(rm_count, 1)
                state.sums.skill = min(state.sums.skill + rule.skill_share * part, max(rule.skill_most, 1.0))


@lean
def event_minutes(campaigns, c):
    """Minutes that the staff gave to today's event of campaign c."""
    total = 0.0
    for n in range(campaigns.size[1]):
        piece = campaigns.pieces[n]
        if piece.campaign == c and piece.does == EVENT:
            total += piece.minutes
    return total
