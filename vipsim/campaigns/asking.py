# mypy: allow-untyped-defs, allow-untyped-calls
"""Campaigns inside the lobby: who is on a list and comes is asked there, by the teller or at the reception.

An e-banking drive has no sign-up of its own where the counter has one (section ``lobby.ebank``): the campaign makes
the teller offer it to everybody on the list, not only to those who open an account, and what follows - the teller's
minutes, activation, who becomes an active user - is the counter's. So nobody is asked or signed up twice (C11).
"""

from __future__ import annotations

from vipsim.campaigns.course import accept, hear
from vipsim.campaigns.guests import ask, end_course, is_taken_by
from vipsim.campaigns.rules import (
    ALLOWED,
    COUNTER,
    DECLINED,
    INTERESTED,
    LOBBY,
    NOT_INTERESTED,
    REACHED,
)
from vipsim.campaigns.targets import K_ACCEPT, K_SIGN_UP, luck_of
from vipsim.compiled import lean
from vipsim.customers.book import EBANK_ACTIVE
from vipsim.customers.channels import wanted
from vipsim.customers.state import raise_relationship
from vipsim.draws import variate
from vipsim.lobby.jobs import CASH, NONCASH, SERVED, WITH_CONSENT


@lean
def takes(state, campaigns, policy, address, g, odds, day):
    """Whether guest g is interested and accepts, asked today."""
    rule = campaigns.rules[campaigns.guests[g].campaign]
    interested = is_taken_by(state, campaigns, policy, address, g, odds, day)
    return interested and luck_of(campaigns, address, g, K_ACCEPT) < rule.accept_share


@lean
def is_asked_in_lobby(campaigns, c):
    """Whether campaign c asks customers when they come."""
    return campaigns.rules[c].channel == COUNTER or campaigns.rules[c].channel == LOBBY


@lean
def is_e_banking(campaigns, c):
    """Whether campaign c signs customers up for e-banking."""
    return campaigns.rules[c].ebank_share > 0.0


@lean
def plan_asking(branch, process, policy, address, visits, day):
    """Before the lobby opens: minutes that asking adds to today's visits of customers on a list.

    ``process`` is the lobby's service process, None where it has none; then asking and teaching are minutes at the
    counter, and ``ebank_share`` says who becomes an active user.
    """
    campaigns = branch.campaigns
    state = branch.state
    for v in range(visits.n[0]):
        who = visits.rows[v]["who"]
        if who < 0:
            continue
        g = campaigns.guest_of[who]
        if g < 0 or campaigns.guests[g].step != ALLOWED:
            continue
        c = campaigns.guests[g].campaign
        rule = campaigns.rules[c]
        if rule.channel == LOBBY:
            minutes = rule.minutes_per_guest_min if takes(state, campaigns, policy, address, g, 1.0, day) else 0.0
            visits.rows[v]["triage_min"] += rule.ask_min + minutes
        elif rule.channel == COUNTER:
            own = False
            if process is not None:
                own = is_e_banking(campaigns, c) and process.style > 0
                if own:
                    offer_e_banking(branch, process, policy, address, visits, v, g, day)
            if not own:
                minutes = rule.minutes_per_guest_min if takes(state, campaigns, policy, address, g, 1.0, day) else 0.0
                visits.rows[v]["counter_min"] += rule.ask_min + minutes


@lean
def offer_e_banking(branch, process, policy, address, visits, v, g, day):
    """The teller offers e-banking in visit v as to somebody who opens an account; who opens one is asked anyway."""
    campaigns = branch.campaigns
    state = branch.state
    chance = visits.chance[v]
    if chance["opens"] or state.book[campaigns.guests[g].who].ebank == EBANK_ACTIVE:
        return
    chance["opens"] = 1
    chance["sign_up_min"] = campaigns.rules[campaigns.guests[g].campaign].ask_min
    odds = process.ebank_odds[visits.rows[v]["kind"]]
    if takes(state, campaigns, policy, address, g, odds, day):
        chance["signs"] = WITH_CONSENT
        chance["sign_up_min"] += variate(process.sign_up, luck_of(campaigns, address, g, K_SIGN_UP))
        chance["activate_min"] = variate(process.activate, luck_of(campaigns, address, g, K_SIGN_UP + 1))
        u = luck_of(campaigns, address, g, K_SIGN_UP + 2)
        chance["activate_patience_min"] = variate(process.activate_patience, u)


@lean
def take_answer(branch, process, policy, address, g, visit, day, days_left):
    """After the lobby: what who was asked there said, as the visit shows it."""
    campaigns = branch.campaigns
    state, agenda = branch.state, branch.agenda
    rule = campaigns.rules[campaigns.guests[g].campaign]
    if rule.channel == LOBBY:
        if visit["triaged"] and ask(state, campaigns, g, day):
            hear(state, campaigns, policy, address, agenda, g, day, days_left)
        return
    at_counter = visit["station"] == CASH or visit["station"] == NONCASH
    if not at_counter or visit["outcome"] != SERVED or not ask(state, campaigns, g, day):
        return
    own = False
    if process is not None:
        own = is_e_banking(campaigns, campaigns.guests[g].campaign) and process.style > 0
    if not own:
        hear(state, campaigns, policy, address, agenda, g, day, days_left)
        return
    campaigns.guests[g].step = REACHED
    campaigns.guests[g].by_counter = 1
    if visit["signed_up"]:
        campaigns.guests[g].step = INTERESTED
        accept(state, campaigns, policy, address, agenda, g, day, days_left)
    elif is_taken_by(state, campaigns, policy, address, g, wanted(process, visit["kind"]), day):
        campaigns.guests[g].step = INTERESTED
        end_course(campaigns, g, DECLINED)
    else:
        raise_relationship(state, campaigns.guests[g].who, -rule.refused_care_share)
        end_course(campaigns, g, NOT_INTERESTED)
