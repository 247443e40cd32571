# mypy: allow-untyped-defs, allow-untyped-calls
"""The days of a month: morning, lobby with outreach, evening, night; one loop, compiled or with the SimPy engine."""

from __future__ import annotations

import numpy as np

from vipsim import tally
from vipsim.campaigns.asking import plan_asking
from vipsim.campaigns.daily import campaign_evening, campaign_morning
from vipsim.campaigns.tasks import count_arrivals, count_contacts, count_meetings, count_opened, count_visits
from vipsim.campaigns.work import book_work
from vipsim.compiled import inlined, kernel
from vipsim.customers.state import count
from vipsim.day import evening, morning, night
from vipsim.lobby import fast
from vipsim.lobby.arrays import clear
from vipsim.lobby.ledger import add_day
from vipsim.lobby.online import answer_online
from vipsim.lobby.roster import assign_shifts, draw_roster, is_on_desk_duty
from vipsim.lobby.visits import add_visits, add_walk_ins
from vipsim.outreach.plan import prepare, select


@kernel
def expect_visitors(branch, lobby, crew, address, day, weight, visits):
    """Who comes to the lobby today: customers of the book, then walk-ins; the visits, all variates drawn."""
    clear(visits)
    callers = branch.callers.rows
    for n in range(branch.callers.size[0]):
        post = callers[n].owner
        callers[n].owner = crew.staff_of_post[post] if post >= 0 else -1
    visits = add_visits(
        lobby,
        address,
        day,
        branch.callers.size[0],
        callers.who,
        callers.number,
        callers.type,
        callers.vip,
        callers.signed,
        callers.owner,
        callers.appointment,
        callers.skilled,
        callers.known,
        visits,
    )
    visits = add_walk_ins(lobby, address, day, weight, visits)
    answer_questions(branch, lobby, address, day, visits)
    return visits


@kernel
def answer_questions(branch, lobby, address, day, visits):
    """The online team answers some of those who would come, from afar (EB20)."""
    if lobby.online.minutes_per_day > 0.0:
        answered, minutes = answer_online(lobby.online, address, day, visits)
        count(branch.state, tally.ANSWERED_ONLINE, np.float64(answered))
        count(branch.state, tally.ONLINE_MIN, minutes)


@kernel
def man_the_floor(branch, lobby, crew, address, day):
    """Who is on duty today; a vacant manager's post is empty."""
    draw_roster(lobby, address, day, crew.roster)
    for post in range(branch.vacant_until.size):
        member = crew.staff_of_post[post]
        if branch.vacant_until[post] > day and member >= 0:
            crew.roster.present[member] = 0
    assign_shifts(lobby, day, crew.roster)


@kernel
def plan_outreach(branch, policy, lobby, crew, team, address, day):
    """Today's outreach lists, best task first, by staff number; who is on lobby duty has none."""
    role = lobby.staffing.role
    plan = branch.plan
    if branch.funnel.counts.size > 0:
        count_opened(branch, policy, day)
    select(branch.state, branch.backlog, policy, team, day, plan)
    prepare(branch.state, branch.backlog, policy, address, plan)
    for post in range(plan.size.size):
        member = crew.staff_of_post[post]
        if member >= 0 and is_on_desk_duty(lobby, crew.roster, member):
            plan.size[post] = 0
    first = crew.tasks.first
    first[:] = 0
    if branch.campaigns.rules.size > 0:
        book_work(branch.campaigns, role, crew.roster, crew.own, day)
    for post in range(plan.size.size):
        member = crew.staff_of_post[post]
        if member >= 0:
            first[member + 1] = plan.size[post]
    for member in range(first.size - 1):
        first[member + 1] += first[member] + crew.own[member]
        crew.calls[member] = first[member] + crew.own[member]
    for n in range(branch.campaigns.size[1]):
        piece = branch.campaigns.pieces[n]
        crew.tasks.minutes[first[piece.member] + piece.place] = piece.minutes
    for post in range(plan.size.size):
        member = crew.staff_of_post[post]
        if member >= 0:
            for place in range(plan.size[post]):
                crew.tasks.minutes[crew.calls[member] + place] = plan.rows[post, place].minutes


@kernel
def open_day(branch, policy, lobby, crew, team, address, day, weight, visits):
    """Everything before the lobby of an open day; the visits."""
    count(branch.state, tally.OPEN_DAYS, 1.0)
    visits = expect_visitors(branch, lobby, crew, address, day, weight, visits)
    man_the_floor(branch, lobby, crew, address, day)
    if branch.campaigns.rules.size > 0:
        plan_asking(branch, lobby.process, policy, address, visits, day)
    plan_outreach(branch, policy, lobby, crew, team, address, day)
    return visits


@kernel
def open_lobby(branch, lobby, crew, address, day, weight, visits):
    """The same of a branch without a book: walk-ins and the roster; the visits."""
    count(branch.state, tally.OPEN_DAYS, 1.0)
    clear(visits)
    visits = add_walk_ins(lobby, address, day, weight, visits)
    answer_questions(branch, lobby, address, day, visits)
    draw_roster(lobby, address, day, crew.roster)
    return visits


@kernel
def start_day(branch, policy, team, address, day, days_left):
    """The morning of any day, open or not."""
    if branch.funnel.counts.size > 0:
        count_arrivals(branch, day)
    morning(
        branch.state,
        branch.agenda,
        branch.backlog,
        branch.page,
        branch.callers,
        policy,
        address,
        team,
        branch.vacant_until,
        day,
        days_left,
    )
    if branch.campaigns.rules.size > 0:
        campaign_morning(branch, policy, address, team, day, days_left)


@kernel
def close_day(branch, policy, lobby, crew, team, address, log, day, days_left, next_open):
    """Everything after the lobby of an open day."""
    before = branch.contacts.size[0]
    if branch.funnel.counts.size > 0:
        count_visits(branch, log)
    evening(
        branch.state,
        branch.agenda,
        branch.backlog,
        branch.plan,
        branch.contacts,
        policy,
        lobby.process,
        address,
        team,
        log,
        crew.calls,
        crew.staff_of_post,
        lobby.arrivals.slot_min,
        day,
        days_left,
        next_open,
    )
    if branch.campaigns.rules.size > 0:
        managers = team.rm_count
        campaign_evening(
            branch, lobby.process, policy, address, log, crew.tasks.first, before, managers, day, days_left
        )
    if branch.funnel.counts.size > 0:
        count_meetings(branch, log)
        count_contacts(branch, before, policy)


@inlined
def each_day(run_day, branch, policy, lobby, crew, team, address, month, next_open, visits, log):
    """A month's days on the engine ``run_day``; visits and log (both may have grown).

    Without a book ``policy`` is None, and only walk-ins come.
    """
    for d in range(month.days):
        day = month.first_day + d
        left = month.days - d
        weight = month.open_weights[d]
        if policy is not None:
            start_day(branch, policy, team, address, day, left)
        if weight > 0.0:
            if policy is None:
                visits = open_lobby(branch, lobby, crew, address, day, weight, visits)
            else:
                visits = open_day(branch, policy, lobby, crew, team, address, day, weight, visits)
            log = run_day(lobby, crew.roster, visits, crew.tasks, log, day)
            add_day(lobby, crew.roster, crew.tasks, log, crew.ledger[d])
            if policy is not None:
                close_day(branch, policy, lobby, crew, team, address, log, day, left, next_open)
        if policy is not None:
            night(branch.state, next_open.size - day)
    return visits, log


@kernel
def run_compiled(branch, policy, lobby, crew, team, address, month, next_open, visits, log):
    """A month's days with the compiled engine."""
    return each_day(fast.run_day, branch, policy, lobby, crew, team, address, month, next_open, visits, log)


def run_reference(branch, policy, lobby, crew, team, address, month, next_open, visits, log):
    """The same month with the SimPy engine; only the lobby day differs."""
    from vipsim.lobby import reference

    days = getattr(each_day, "py_func", each_day)
    return days(reference.run_day, branch, policy, lobby, crew, team, address, month, next_open, visits, log)


def next_open_days(open_days: np.ndarray) -> np.ndarray:
    """First open day from each day on, -1 where none is left: int64 [days]."""
    found = np.full(open_days.size, -1, np.int64)
    upcoming = -1
    for day in range(open_days.size - 1, -1, -1):
        if open_days[day]:
            upcoming = day
        found[day] = upcoming
    return found
