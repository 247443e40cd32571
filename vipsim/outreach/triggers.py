# mypy: allow-untyped-defs, allow-untyped-calls
"""Triggers: the one mechanism that creates outreach tasks, and the backlog of those not done yet.

A task is (customer, reason, day it fell due, attempt); that is also the address of its luck. A preset is a row: what
the contact aims at, whom it concerns, who does it (``PRESETS``), and channel, dates and rank (scenario section
``outreach.triggers``). The dates of a month are set in ``dates.py``.
"""

from __future__ import annotations

from math import exp
from typing import Any, NamedTuple

import numpy as np

from vipsim import draws, tally
from vipsim.compiled import lean
from vipsim.customers.book import EXITED, NOTICE
from vipsim.customers.ownership import HEAD_FIRST, RM_FIRST, lead_post
from vipsim.customers.segments import TIME, WEALTH_PRODUCT
from vipsim.customers.state import CHANNEL_COUNT, assets, count, is_customer
from vipsim.draws import draw, normal_quantile
from vipsim.records import rows
from vipsim.scenario.lifecycle import alert_at

# What a contact aims at.
TALK, SELL, INVITE, REMIND, RESCUE, FOLLOW, FORGIVE, RENEW, RECOVER, WIN_BACK = range(10)
# Whom it concerns: customers, also prospects, customers in notice, those who have left.
CUSTOMERS, ALSO_PROSPECTS, IN_NOTICE, LEFT = range(4)
# Who does it: the owner and nobody else; the owner, else a manager; the head.
OWNER, ANYBODY, HEAD = range(3)


class Preset(NamedTuple):
    """One row of the mechanism."""

    reason: str
    aim: int
    whom: int
    by: int
    urgent: bool = False  # rest days do not hold it back


PRESETS = (
    Preset("lead_follow_up", INVITE, ALSO_PROSPECTS, ANYBODY),
    Preset("maturity_reminder", REMIND, CUSTOMERS, ANYBODY),
    Preset("contact_plan", SELL, CUSTOMERS, OWNER),
    Preset("outflow_alert", RESCUE, CUSTOMERS, ANYBODY, True),
    Preset("rescue", RESCUE, IN_NOTICE, ANYBODY, True),
    Preset("birthday", TALK, CUSTOMERS, OWNER),
    Preset("festival", TALK, CUSTOMERS, OWNER),
    Preset("card_expiry", RENEW, CUSTOMERS, ANYBODY),
    Preset("downgrade", FORGIVE, CUSTOMERS, OWNER),
    Preset("after_sale", FOLLOW, CUSTOMERS, OWNER),
    Preset("threshold_near", SELL, CUSTOMERS, OWNER),
    Preset("complaint_recovery", RECOVER, CUSTOMERS, ANYBODY, True),
    Preset("win_back", WIN_BACK, LEFT, ANYBODY),
    Preset("campaign", TALK, ALSO_PROSPECTS, ANYBODY),
    Preset("leader_visit", TALK, CUSTOMERS, HEAD),
    Preset("life_event", TALK, CUSTOMERS, OWNER),
    Preset("money_arrived", TALK, CUSTOMERS, OWNER),
)
REASONS = tuple(preset.reason for preset in PRESETS)
(
    LEAD_FOLLOW_UP, MATURITY_REMINDER, CONTACT_PLAN, OUTFLOW_ALERT, RESCUE_CALL, BIRTHDAY, FESTIVAL, CARD_EXPIRY,
    DOWNGRADE, AFTER_SALE, THRESHOLD_NEAR, COMPLAINT_RECOVERY, WIN_BACK_CALL, CAMPAIGN, LEADER_VISIT,
    LIFE_EVENT, MONEY_ARRIVED,
) = range(len(PRESETS))  # fmt: skip
CLOSED = -1
_TAKEN_UP = 2  # number of the draw of the owner's discipline (task_number, attempt 15)
PHASE = 0  # number of the draw of a customer's place in the plan (stream CONTACT, time 0)

PHONE, SMS, VISIT, EMAIL, WECHAT, LETTER = range(CHANNEL_COUNT)
FACE = CHANNEL_COUNT  # a meeting in the branch
CHANNELS = ("phone", "sms", "visit", "email", "wechat", "letter", "face")
TALKS = (PHONE, VISIT, FACE)  # a conversation; all others are messages


TASK_ROW = np.dtype(
    [
        ("who", "i4"),  # row of the book
        ("due", "i4"),  # day on which it first fell due
        ("ready", "i4"),  # earliest day of the next attempt
        ("expiry", "i4"),  # last day
        ("score", "f8"),  # rank per staff minute, when the task was opened
        ("post", "i2"),  # doer's post when the task was last looked at
        ("reason", "i1"),
        ("attempt", "i1"),  # attempts made; CLOSED = dealt with
    ],
    align=True,
)


class Backlog(NamedTuple):
    """Open tasks in no particular order; the first ``size[0]`` rows are used."""

    rows: Any  # TASK_ROW
    size: np.ndarray  # int64 [1]


class Rules(NamedTuple):
    """The triggers of a policy as arrays over reasons, and its channels."""

    on: np.ndarray  # int8
    channel: np.ndarray  # int8
    aim: np.ndarray  # int8
    whom: np.ndarray  # int8
    by: np.ndarray  # int8
    urgent: np.ndarray  # int8
    automatic: np.ndarray  # int8: sent by the customer system, at no staff minutes
    any_automatic: int
    lead_days: np.ndarray  # int32
    expiry_days: np.ndarray  # int32
    sla_days: int  # of a lead
    rank: np.ndarray  # float64
    of_here: np.ndarray  # float64: expected gain of a contact, yuan per yuan of assets here
    of_movable: np.ndarray  # float64: per yuan of wealth elsewhere that can be moved
    of_maturing: np.ndarray  # float64: per yuan that matures within lead_days
    by_gain: int  # 1 = ranked by expected gain
    minutes: np.ndarray  # float64 [channel but meetings] of a contact that reaches, with preparation and record
    unreached: np.ndarray  # float64 [channel but meetings]
    reach: np.ndarray  # float64 [channel but meetings]
    care: np.ndarray  # float64 [channel]
    response: np.ndarray  # float64 [channel]: chance of a result relative to a call
    fatigue: np.ndarray  # float64 [channel]
    rest_days: np.ndarray  # int32 [channel but meetings]
    most_per_month: np.ndarray  # int32 [channel but meetings]
    cost: np.ndarray  # float64 [channel]
    talk: np.ndarray  # int8 [channel]: a conversation
    plan_per_month: np.ndarray  # float64 [10] by grid level 1-9
    visits_per_month: np.ndarray  # float64 [4] the head's visits by tier
    life_events_per_month: float  # of a VIP
    after_sale_contacts: int  # in the quarter after a sale
    guess_sigma: float  # spread of the logarithm of the guess of wealth elsewhere
    seen_share: float  # part of it that is seen, of signed customers
    extra_min: np.ndarray  # float64 [reason]: minutes more, for an exact time, for several whys
    stage_plan: np.ndarray  # float64 [7] by stage: planned contacts relative to the plan by level


def rules(scenario: Any) -> Rules:
    """The outreach section of a scenario as the kernels take it."""
    outreach = scenario.outreach
    triggers = [getattr(outreach.triggers, reason) for reason in REASONS]
    channels = [getattr(outreach, channel) for channel in CHANNELS]
    called = channels[:FACE]  # a meeting is no task: minutes, reach and rest are the lobby's
    gains = np.array([expected_gain(scenario, preset) for preset in PRESETS])
    return Rules(
        on=np.array([t.on for t in triggers], np.int8),
        channel=np.array([CHANNELS.index(t.channel) for t in triggers], np.int8),
        aim=np.array([p.aim for p in PRESETS], np.int8),
        whom=np.array([p.whom for p in PRESETS], np.int8),
        by=np.array([p.by for p in PRESETS], np.int8),
        urgent=np.array([p.urgent for p in PRESETS], np.int8),
        automatic=np.array([t.automatic for t in triggers], np.int8),
        any_automatic=int(any(t.automatic and t.on for t in triggers)),
        lead_days=np.array([t.lead_days for t in triggers], np.int32),
        expiry_days=np.array([t.expiry_days for t in triggers], np.int32),
        sla_days=outreach.triggers.lead_follow_up.sla_days,
        rank=np.array([t.rank_ratio for t in triggers]),
        of_here=gains[:, 0],
        of_movable=gains[:, 1],
        of_maturing=gains[:, 2],
        by_gain=int(outreach.ranking == "gain"),
        minutes=np.array([outreach.minutes_of(name) for name in CHANNELS[:FACE]]),
        unreached=np.array([c.unreached_min for c in called]),
        reach=np.array([c.reach_share for c in called]),
        care=np.array([c.care_ratio for c in channels]),
        response=np.array([c.response_ratio for c in channels]),
        fatigue=np.array([c.fatigue_ratio for c in channels]),
        rest_days=np.array([c.rest_days for c in called], np.int32),
        most_per_month=np.array([c.most_per_month for c in called], np.int32),
        cost=np.array([c.cost_yuan for c in channels]),
        talk=np.array([n in TALKS for n in range(len(CHANNELS))], np.int8),
        plan_per_month=np.array([0.0, *outreach.plan_contacts_per_year]) / 12.0,
        stage_plan=np.array([0.0, *outreach.stage_plan_ratio, 0.0]),
        visits_per_month=np.array([0.0, *outreach.leader_visits_per_year]) / 12.0,
        life_events_per_month=outreach.life_events_per_year / 12.0,
        after_sale_contacts=outreach.after_sale_contacts,
        guess_sigma=outreach.system.sigma(),
        seen_share=outreach.system.seen_share(),
        extra_min=np.array([_extra_min(outreach, p) for p in PRESETS]),
    )


def _extra_min(outreach: Any, preset: Preset) -> float:
    """Minutes more of one contact that reaches: an exact time (O17), several whys before an offer (O22)."""
    if preset.aim == INVITE:
        return float(outreach.firm_min) if outreach.firm_appointments else 0.0
    talks = CHANNELS.index(getattr(outreach.triggers, preset.reason).channel) in TALKS
    asks = outreach.ask_whys and talks and preset.aim in (SELL, FOLLOW)
    return float(outreach.whys_min) if asks else 0.0


def watching(scenario: Any) -> Any:
    """The life cycle with the alert's recall and precision at the threshold of the policy (M02)."""
    return alert_at(scenario.lifecycle, scenario.outreach.alert_threshold_score)


def expected_gain(scenario: Any, preset: Preset) -> tuple[float, float, float]:
    """Assets that a contact which reaches keeps or wins, by the means of the scenario: for the ranking only (S24).

    Yuan per yuan of assets here, of movable wealth elsewhere, and of money that matures soon.
    """
    life, response, flows = watching(scenario), scenario.response, scenario.assets
    channel = getattr(scenario.outreach, getattr(scenario.outreach.triggers, preset.reason).channel)
    monthly = life.vip_outflow_per_year / 12.0
    takes = life.close_share + (1.0 - life.close_share) * (life.part_low_share + life.part_high_share) / 2.0
    is_talk = CHANNELS.index(getattr(scenario.outreach.triggers, preset.reason).channel) in TALKS
    kept = monthly * takes * (1.0 - life.maintained_ratio**life.causal_share) * life.maintained_days / 30.0
    here = kept if is_talk else kept * channel.care_ratio
    won = response.won_share / 2.0 * (1.0 - response.rival_keep_share)
    effect = channel.response_ratio
    movable = maturing = 0.0
    if preset.aim in (SELL, FOLLOW):
        movable = response.call_sale_share * effect * won
    elif preset.aim == INVITE:
        movable = response.appointment_share * effect * response.show_share * response.meeting_sale_share * won
    elif preset.aim == REMIND:
        maturing = (1.0 - flows.roll_over_share) * min(effect, 1.0) * flows.reminded_share * flows.leave_share
    elif preset.aim == RESCUE:
        sure = 1.0 if preset.whom == IN_NOTICE else life.detection_precision_share
        here += sure * takes * life.rescue_share * effect
    elif preset.aim == FORGIVE:
        here += monthly * takes * (life.downgrade_ratio**life.causal_share - 1.0) * response.forgive_share * 3.0
    elif preset.aim == RECOVER:
        here += monthly * takes * (life.complaint_ratio**life.causal_share - 1.0) * response.recover_share * 3.0
    elif preset.aim == WIN_BACK:
        movable = response.win_back_share * effect * won
    return here, movable, maturing


def make_backlog(capacity: int) -> Backlog:
    """An empty backlog."""
    return Backlog(rows(capacity, TASK_ROW), np.zeros(1, np.int64))


def with_room(backlog: Backlog, room: int) -> Backlog:
    """The same backlog with at least ``room`` free places."""
    capacity = backlog.rows.size
    if capacity - int(backlog.size[0]) >= room:
        return backlog
    larger = rows(2 * capacity + room, TASK_ROW)
    larger[:capacity] = backlog.rows
    return Backlog(larger, backlog.size)


@lean
def concerns(state, triggers, reason, i):
    """Whether the cause of a task still holds for customer i."""
    whom = triggers.whom[reason]
    stage = state.book[i].stage
    if whom == ALSO_PROSPECTS:
        return stage <= NOTICE
    if whom == IN_NOTICE:
        return stage == NOTICE
    if whom == LEFT:
        return stage == EXITED
    return is_customer(state.book, i)


@lean
def post_of(state, triggers, reason, i, rm_count, head_count):
    """Who does a task; -1 nobody.

    The head visits; else the owner, or after refusals the next manager (O08); others' leads and alerts go to the
    managers in turn (O18).
    """
    if triggers.by[reason] == HEAD:
        return HEAD_FIRST if head_count > 0 else -1
    owner = state.book[i].owner
    if owner >= 0:
        if triggers.aim[reason] == SELL and owner < RM_FIRST + rm_count and state.book[i].seller > 0:
            return RM_FIRST + (owner - RM_FIRST + state.book[i].seller) % rm_count
        return owner
    if triggers.by[reason] == OWNER or rm_count == 0:
        return -1
    return lead_post(state, i, rm_count)


@lean
def add(backlog, who, reason, day, expiry_days, score, post):
    """Open a task on a day. The caller has made room."""
    n = backlog.size[0]
    row = backlog.rows[n]
    row.who = who
    row.reason = reason
    row.due = day
    row.ready = day
    row.expiry = day + expiry_days
    row.attempt = 0
    row.score = score
    row.post = post
    backlog.size[0] = n + 1


@lean
def drop(backlog, n):
    """Take task n off: the last one takes its place."""
    last = backlog.size[0] - 1
    backlog.rows[n] = backlog.rows[last]
    backlog.size[0] = last


@lean
def close(backlog, n):
    """Mark task n as dealt with; the next day's selection drops it, so that places stay valid within a day."""
    backlog.rows[n].attempt = CLOSED


@lean
def maturing_yuan(state, i, day, until):
    """Money of customer i that matures from a day until another, yuan."""
    row = state.book[i]
    fen = np.int64(0)
    if day <= row.time_maturity <= until:
        fen += row.balance[TIME]
    if day <= row.product_maturity <= until:
        fen += row.balance[WEALTH_PRODUCT]
    return np.float64(fen) / 100.0


@lean
def guessed_elsewhere(state, policy, address, i):
    """Wealth elsewhere, yuan, as the branch knows it: guessed, apart from what the system shows (D02, D07, D08)."""
    triggers = policy.triggers
    real = np.float64(state.book[i].elsewhere) / 100.0
    sigma = triggers.guess_sigma
    if sigma <= 0.0:
        return real
    z = normal_quantile(draw(address, draws.GUESS, 0, i, 0))
    guessed = real * exp(sigma * z - 0.5 * sigma * sigma)
    seen = triggers.seen_share if state.book[i].signed else 0.0
    return seen * real + (1.0 - seen) * guessed


@lean
def score_of(state, policy, address, reason, i, day):
    """Rank of a task: expected gain per staff minute, or by rule assets at stake per minute; times the reason's weight.

    A customer talked with lately gains less by one more talk; who may not be offered anything yet, or was courted
    much, gains nothing by an offer, or less (S24, O09).
    """
    triggers = policy.triggers
    row = state.book[i]
    channel = triggers.channel[reason]
    here = np.float64(assets(state.book, i)) / 100.0
    there = guessed_elsewhere(state, policy, address, i)
    aim = triggers.aim[reason]
    if triggers.by_gain == 0:
        stake = there if aim in (INVITE, WIN_BACK) else here
        return triggers.rank[reason] * stake / triggers.minutes[channel]
    neglected = min(1.0, (day - row.last_talk) / policy.lifecycle.maintained_days)
    gain = triggers.of_here[reason] * here * (1.0 if aim in (RESCUE, RECOVER) else neglected)
    if row.ask_from <= day:
        willing = (0.5 + row.relationship) * (1.0 - row.courted)
        gain += triggers.of_movable[reason] * there * policy.response.movable_share * willing
    if triggers.of_maturing[reason] > 0.0:
        gain += triggers.of_maturing[reason] * maturing_yuan(state, i, day, day + triggers.lead_days[reason])
    reach = triggers.reach[channel]
    minutes = reach * triggers.minutes[channel] + (1.0 - reach) * triggers.unreached[channel]
    return triggers.rank[reason] * gain * reach / max(minutes, 0.1)


@lean
def task_number(reason, attempt, which):
    """Number of a draw of one attempt (stream CONTACT): (reason, attempt, which) packed without overlap."""
    return 8 + (np.int64(reason) * 16 + attempt) * 8 + which


@lean
def is_taken_up(state, policy, address, who, reason, day):
    """Whether the owner takes a task up at all: distributed is not managed (B05).

    Checking helps, as far as the head found time for it on the last open day (L26, O02).
    """
    outreach = policy.outreach
    managed = outreach.discipline_share
    managed += (1.0 - managed) * outreach.checked_share * state.sums.checked
    if state.book[who].tier >= outreach.unconditional_tier:  # care of the top tier is unconditional (M12)
        managed = 1.0
    return managed >= 1.0 or draw(address, draws.CONTACT, day, who, task_number(reason, 15, _TAKEN_UP)) < managed


@lean
def fall_due(state, backlog, policy, address, team, who, reason, day, expiry_days):
    """A dated task falls due: it joins the backlog if its trigger is on, its cause holds and the owner takes it up.

    What the system sends by itself needs nobody's discipline (T18).
    """
    if policy.triggers.on[reason] == 0 or not concerns(state, policy.triggers, reason, who):
        return
    if policy.triggers.automatic[reason] or is_taken_up(state, policy, address, who, reason, day):
        open_task(state, backlog, policy, address, team, who, reason, day, expiry_days)
        return
    count(state, tally.TASKS_DROPPED, 1.0)
    if reason == CONTACT_PLAN:
        count(state, tally.PLANNED, 1.0)
    elif reason == LEAD_FOLLOW_UP:
        count(state, tally.LEADS, 1.0)
        count(state, tally.LEADS_DROPPED, 1.0)


@lean
def open_task(state, backlog, policy, address, team, who, reason, day, expiry_days):
    """A task falls due: it joins the backlog with its rank. The caller has made room.

    Also the door for campaigns: reason CAMPAIGN, any customer or known prospect.
    """
    triggers = policy.triggers
    score = score_of(state, policy, address, reason, who, day)
    post = post_of(state, triggers, reason, who, team.rm_count, team.head_count)
    add(backlog, who, reason, day, expiry_days, score, post)
    if reason == CONTACT_PLAN:
        count(state, tally.PLANNED, 1.0)
    elif reason == LEAD_FOLLOW_UP:
        count(state, tally.LEADS, 1.0)
