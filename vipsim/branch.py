# mypy: allow-untyped-defs, allow-untyped-calls
"""The branch of one replication: its customers, its dates, its tasks and the desks its staff work at."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import agenda as dates
from vipsim.agenda import Agenda
from vipsim.campaigns import tasks as task_funnel
from vipsim.campaigns.rules import MOST_PIECES, Campaigns
from vipsim.campaigns.tasks import Funnel
from vipsim.customers.ownership import HEAD_FIRST, OWNER_POSTS, POSTS, RM_FIRST, SUPERVISOR, TELLER_FIRST
from vipsim.customers.state import State, begin
from vipsim.day import Callers, make_callers
from vipsim.lobby.arrays import Roster, Tasks
from vipsim.lobby.ledger import make_ledger
from vipsim.lobby.params import LobbyParams, make_roster
from vipsim.outreach import triggers
from vipsim.outreach.plan import DayPlan, make_plan
from vipsim.outreach.response import CONTACT, ContactLog
from vipsim.outreach.triggers import Backlog
from vipsim.records import rows

_MOST_DAYS = 31
_MOST_CONTACTS_A_MONTH = OWNER_POSTS * 31 * 25
_MOST_TASKS = 200  # places in one person's day plan; the scenario's limit is below (outreach.most_contacts_per_day)


class Branch(NamedTuple):
    """What changes during a replication."""

    state: State
    agenda: Agenda
    page: Any  # rows of agenda.ENTRY
    callers: Callers
    backlog: Backlog
    plan: DayPlan
    contacts: ContactLog
    vacant_until: np.ndarray  # int64 [posts]: day until which a manager's post is empty
    campaigns: Campaigns
    funnel: Funnel


class Crew(NamedTuple):
    """The staff of one policy: the day's roster, their outreach lists, and where each owner's post is found."""

    roster: Roster
    tasks: Tasks
    own: np.ndarray  # int64 [staff]: pieces of campaign work, which stand first in a member's tasks
    calls: np.ndarray  # int64 [staff]: where the member's contacts begin, after them
    staff_of_post: np.ndarray  # int64 [OWNER_POSTS]: staff number, -1 = nobody
    ledger: np.ndarray  # int64 [days of a month, staff, half-hours, columns]: lobby.ledger of each day, milliseconds


def make_branch(opening: Any, customers: int, days: int, campaigns: Campaigns, funnel: Funnel) -> Branch:
    """The branch at the start: nothing dated, nothing to do."""
    room = max(4096, 2 * opening.size)
    return Branch(
        state=begin(opening, customers),
        agenda=dates.make(days, room),
        page=rows(room, dates.ENTRY),
        callers=make_callers(room),
        backlog=triggers.make_backlog(room),
        plan=make_plan(_MOST_TASKS),
        contacts=ContactLog(np.zeros(_MOST_CONTACTS_A_MONTH, CONTACT), np.zeros(1, np.int64)),
        vacant_until=np.zeros(POSTS, np.int64),
        campaigns=campaigns,
        funnel=funnel,
    )


def with_room(branch: Branch) -> Branch:
    """The branch with room for another month: entries that one month can file, and a day's worth of them."""
    room = max(2048, 2 * int(branch.state.sums.next_prospect))
    agenda = dates.with_room(branch.agenda, room)
    page, callers = branch.page, branch.callers
    if agenda.entries.size > page.size:
        page, callers = rows(agenda.entries.size, dates.ENTRY), make_callers(agenda.entries.size)
    backlog = triggers.with_room(branch.backlog, room)
    funnel = task_funnel.with_room(branch.funnel, _MOST_CONTACTS_A_MONTH)
    return branch._replace(agenda=agenda, page=page, callers=callers, backlog=backlog, funnel=funnel)


def make_crew(lobby: LobbyParams, scenario: Any) -> Crew:
    """The staff of a policy, everybody present."""
    staff = scenario.staff
    first_teller = staff.relationship_manager.employed + staff.lobby_manager.employed
    starts = {
        RM_FIRST: (0, staff.relationship_manager.employed),
        TELLER_FIRST: (first_teller, staff.teller.employed),
        HEAD_FIRST: (first_teller + staff.teller.employed, staff.head.employed),
    }
    if staff.marketing_supervisor.employed > 0:
        starts[SUPERVISOR] = (lobby.floor.staff - staff.marketing_supervisor.employed, 1)
    staff_of_post = np.full(OWNER_POSTS, -1, np.int64)
    for post, (number, employed) in starts.items():
        staff_of_post[post : post + employed] = np.arange(number, number + employed)
    members = lobby.floor.staff
    calls = scenario.outreach  # None in a lobby without a book: nobody to call
    hours = (float(calls.call_from_min), float(calls.call_until_min)) if calls else (0.0, 0.0)
    most = OWNER_POSTS * _MOST_TASKS + members * MOST_PIECES
    tasks = Tasks(np.zeros(members + 1, np.int64), np.zeros(most), *hours)
    ledger = np.zeros((_MOST_DAYS, *make_ledger(lobby).shape), np.int64)
    none = np.zeros(members, np.int64)
    return Crew(make_roster(lobby), tasks, none, none.copy(), staff_of_post, ledger)
