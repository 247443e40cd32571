# mypy: allow-untyped-defs, allow-untyped-calls
"""A day of the campaigns: phases begin and end in the morning, the counters ask, events are held in the evening.

Nothing here is a pass over the book, except the list at the start of an invitation phase.
"""

from __future__ import annotations

from vipsim.campaigns.asking import is_asked_in_lobby, take_answer
from vipsim.campaigns.contact import CAMPAIGN, close, open_call
from vipsim.campaigns.contact import NOT_REACHED as RESULT_NOT_REACHED
from vipsim.campaigns.course import come_to_branch, come_to_event, hear, send_out
from vipsim.campaigns.guests import ask, end_course, give, spend
from vipsim.campaigns.meeting import be_met, money_comes
from vipsim.campaigns.rules import (
    ACCEPTED,
    ADVERT,
    ALLOWED,
    ASKED,
    CALL,
    CAME,
    EVENT,
    FIELD,
    INTERESTED,
    INVITE,
    LEFT,
    LETTER,
    MET,
    MINUTES,
    MOVED,
    NOT_REACHED,
    REACHED,
    SMS,
    STOPPED,
)
from vipsim.campaigns.strangers import be_met_as_stranger, go_outside
from vipsim.campaigns.targets import draw_list
from vipsim.campaigns.work import count_work, event_minutes, is_on
from vipsim.compiled import kernel, lean
from vipsim.day import CAMPAIGN_VISIT
from vipsim.lobby.jobs import FIRST_VISIT, SERVED, VISITS


@lean
def invite(state, agenda, backlog, campaigns, policy, address, team, p, first, day, days_left):
    """The invitations of a phase: tasks of the owners, or all messages and letters at once."""
    phase = campaigns.phases[p]
    channel = campaigns.rules[phase.campaign].channel
    for g in range(first, campaigns.size[0]):
        who = campaigns.guests[g].who
        if channel == CALL:
            open_call(state, backlog, policy, address, team, who, day, phase.until_day - day)
        elif channel in (SMS, LETTER, ADVERT):
            send_out(state, campaigns, policy, address, agenda, g, day, days_left)


@lean
def end_phase(campaigns, p):
    """An invitation phase is over: who was not asked or not reached gets no further."""
    phase = campaigns.phases[p]
    for g in range(campaigns.size[0]):
        guest = campaigns.guests[g]
        if guest.open and guest.campaign == phase.campaign and guest.phase == phase.number and guest.step < REACHED:
            by_call = campaigns.rules[phase.campaign].channel == CALL
            end_course(campaigns, g, MINUTES if by_call and guest.step < ASKED else NOT_REACHED)


@lean
def evaluate(campaigns, backlog, c, day):
    """The interim evaluation (C02): counts so far; where too few of those asked accept, the invitations stop."""
    if campaigns.size[2] >= campaigns.scores.size:
        return
    score = campaigns.scores[campaigns.size[2]]
    campaigns.size[2] += 1
    score.campaign = c
    score.day = day
    for g in range(campaigns.size[0]):
        guest = campaigns.guests[g]
        if guest.campaign != c:
            continue
        score.asked += guest.step >= ASKED
        score.reached += guest.step >= REACHED
        score.interested += guest.step >= INTERESTED
        score.accepted += guest.step >= ACCEPTED
        score.came += guest.step >= CAME
        score.met += guest.step >= MET
        score.moved += guest.step >= MOVED
        score.moved_fen += guest.moved
    score.spent_yuan = campaigns.spent[c]
    if campaigns.stopped[c] < 0 and score.accepted < campaigns.rules[c].stop_below_share * score.asked:
        stop(campaigns, backlog, c, day)
    score.stopped = campaigns.stopped[c] >= 0


@lean
def stop(campaigns, backlog, c, day):
    """Campaign c asks nobody any more; who accepted is still received."""
    campaigns.stopped[c] = day
    for n in range(backlog.size[0]):
        if backlog.rows[n].reason != CAMPAIGN:
            continue
        g = campaigns.guest_of[backlog.rows[n].who]
        if g >= 0 and campaigns.guests[g].campaign == c:
            close(backlog, n)
    for g in range(campaigns.size[0]):
        guest = campaigns.guests[g]
        if guest.campaign == c and guest.open and guest.step < REACHED:
            end_course(campaigns, g, STOPPED if guest.step < ASKED else NOT_REACHED)


@kernel
def campaign_morning(branch, policy, address, team, day, days_left):
    """The campaigns' morning: what is dated today, fixed costs, lists and invitations, the interim evaluation."""
    campaigns = branch.campaigns
    state, agenda, backlog = branch.state, branch.agenda, branch.backlog
    g = campaigns.first[day]
    while g >= 0:
        after = campaigns.guests[g].next
        if campaigns.guests[g].promised > 0:
            money_comes(state, campaigns, policy, agenda, g, day, days_left)
        else:
            come_to_branch(state, campaigns, policy, branch.callers, address, g, day)
        g = after
    for c in range(campaigns.rules.size):
        rule = campaigns.rules[c]
        if day == rule.from_day and rule.fixed_yuan > 0.0:
            spend(state, campaigns, c, rule.fixed_yuan)
        since = day - rule.from_day
        if since > 0 and since % rule.evaluate_days == 0 and day <= rule.until_day + rule.evaluate_days:
            evaluate(campaigns, backlog, c, day)
    for p in range(campaigns.phases.size):
        phase = campaigns.phases[p]
        if phase.does != INVITE or campaigns.rules[phase.campaign].channel == FIELD:
            continue
        if phase.until_day + 1 == day:
            end_phase(campaigns, p)
        if phase.from_day == day and campaigns.stopped[phase.campaign] < 0:
            first = draw_list(state, policy, campaigns, address, p, day)
            invite(state, agenda, backlog, campaigns, policy, address, team, p, first, day, days_left)


@lean
def take_answers(branch, policy, address, contacts_before, day, days_left):
    """The day's calls for campaigns: asked, and heard where they reached the customer."""
    campaigns = branch.campaigns
    for n in range(contacts_before, branch.contacts.size[0]):
        row = branch.contacts.rows[n]
        if row["reason"] != CAMPAIGN:
            continue
        g = campaigns.guest_of[row["who"]]
        if g < 0 or not ask(branch.state, campaigns, g, day):
            continue
        if row["result"] != RESULT_NOT_REACHED and campaigns.guests[g].step < REACHED:
            hear(branch.state, campaigns, policy, address, branch.agenda, g, day, days_left)


@lean
def take_visits(branch, process, policy, address, log, day, days_left):
    """The day's visits of guests: met by a manager or left without; asked in the lobby."""
    campaigns = branch.campaigns
    state, agenda = branch.state, branch.agenda
    for v in range(log.n[FIRST_VISIT], log.n[VISITS]):
        visit = log.visits[v]
        if visit["who"] < 0 or campaigns.guest_of[visit["who"]] < 0:
            continue
        g = campaigns.guest_of[visit["who"]]
        guest = campaigns.guests[g]
        if visit["number"] == CAMPAIGN_VISIT:
            if visit["rm_outcome"] != SERVED:
                end_course(campaigns, g, LEFT)
                continue
            give(state, campaigns, g, campaigns.rules[guest.campaign].guest_yuan)
            if campaigns.rules[guest.campaign].channel == ADVERT:
                be_met_as_stranger(state, campaigns, policy, address, g, day)
            else:
                be_met(state, campaigns, policy, address, agenda, g, day, days_left)
        elif guest.step == ALLOWED and is_asked_in_lobby(campaigns, guest.campaign):
            take_answer(branch, process, policy, address, g, visit, day, days_left)


@lean
def hold_events(branch, policy, address, day, days_left):
    """Today's events: guests in the order of the list, met as far as the minutes of the staff go."""
    campaigns = branch.campaigns
    state, agenda = branch.state, branch.agenda
    for p in range(campaigns.phases.size):
        phase = campaigns.phases[p]
        if phase.does != EVENT or not is_on(campaigns, p, day):
            continue
        minutes = event_minutes(campaigns, phase.campaign)
        if campaigns.rules[phase.campaign].channel == FIELD:
            if campaigns.stopped[phase.campaign] < 0:
                go_outside(state, campaigns, policy, address, agenda, p, day, minutes)
            continue
        for g in range(campaigns.size[0]):
            guest = campaigns.guests[g]
            if guest.open and guest.event == p and guest.step == ACCEPTED:
                minutes = come_to_event(state, campaigns, policy, address, agenda, g, day, days_left, minutes)


@lean
def campaign_evening(branch, process, policy, address, log, tasks_first, contacts_before, rm_count, day, days_left):
    """The campaigns' evening: work done, answers, visits, events."""
    count_work(branch.state, branch.campaigns, rm_count, log.started, tasks_first, day)
    take_answers(branch, policy, address, contacts_before, day, days_left)
    take_visits(branch, process, policy, address, log, day, days_left)
    hold_events(branch, policy, address, day, days_left)
