# mypy: allow-untyped-defs, allow-untyped-calls
"""One day of the customers' side: what falls due in the morning, what the lobby and the contacts did by evening.

Only customers to whom something happens are touched; nothing here is a pass over the book.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim import agenda as dates
from vipsim import draws, tally
from vipsim.agenda import file
from vipsim.compiled import kernel, lean
from vipsim.customers.assets import mature, start_term
from vipsim.customers.book import EXITED, EXPLORATION, NOTICE
from vipsim.customers.cards import SPECIAL, comes_for_card, do_card_business
from vipsim.customers.channels import (
    face_known,
    judge_promise,
    key_is_free,
    remember_face,
    resent_overtaking,
    resent_pitch,
    resents_breach,
    take_up_ebank,
    wanted,
)
from vipsim.customers.lifecycle import DECLARED, FALSE, give_notice, leave
from vipsim.customers.ownership import assign
from vipsim.customers.segments import FUND, PLATINUM, TYPE_C
from vipsim.customers.state import CLASSES, ELSEWHERE, bring_in, count, is_customer, move, raise_relationship
from vipsim.customers.swings import swing
from vipsim.draws import pair
from vipsim.lobby.jobs import (
    ABANDONED,
    CASH,
    FIRST_STEP,
    FIRST_VISIT,
    NONCASH,
    PITCH,
    RECEIVE,
    SERVED,
    STEPS,
    UNSERVED,
    VISITS,
    WITH_CONSENT,
    WITHOUT_CONSENT,
)
from vipsim.lobby.visits import WALK_IN
from vipsim.month_opening import VISITS_A_MONTH
from vipsim.outreach.plan import CHECK
from vipsim.outreach.response import (
    first_money,
    keeps_appointment,
    meet,
    note_contact,
    respond,
    send_automatic,
    take_lead,
)
from vipsim.outreach.sales import CAME_BACK, open_account, take_prospect
from vipsim.outreach.triggers import (
    COMPLAINT_RECOVERY,
    MONEY_ARRIVED,
    OUTFLOW_ALERT,
    RESCUE_CALL,
    WIN_BACK_CALL,
    concerns,
    fall_due,
)
from vipsim.records import rows

_JOIN = 0  # draws of a recommendation: joining, size; sale, arrival (stream REFERRAL)
APPOINTED_VISIT = (1 << 20) + VISITS_A_MONTH - 1  # number of a visit by appointment, apart from all others
_CARD_VISIT = APPOINTED_VISIT - 1  # number of a visit for a card
CAMPAIGN_VISIT = APPOINTED_VISIT - 2  # number of a visit that a campaign brought
_FETCH_VISIT = APPOINTED_VISIT - 3  # number of a visit for a card that head office has approved
_FOR_CARD, _FOR_APPROVED = 2, 3  # appointments for a card, as lobby.visits takes them
WITH_HEAD_OFFICE = 8  # card business of who waits for head office's decision; above all of customers.cards, plus 1
_COMPLAINT = 0  # draws of a visit's complaint: made, resolved (stream VISIT_RESULT)


CALLER = np.dtype(
    [(name, "i8") for name in ("who", "number", "type", "vip", "signed", "owner", "appointment")]
    + [("skilled", "i8"), ("known", "f8")]  # taught to use machines; chance that lobby managers know the face
)


class Callers(NamedTuple):
    """Customers of the book who come today, as the lobby wants them; ``size[0]`` rows are used."""

    rows: Any  # CALLER; owner = post, -1 = none
    size: np.ndarray  # int64 [1]


def make_callers(capacity: int) -> Callers:
    """Room for the visits of one day."""
    return Callers(rows(capacity, CALLER), np.zeros(1, np.int64))


@lean
def call_in(state, callers, policy, i, number, appointment, day):
    """Customer i comes today."""
    book = state.book
    n = callers.size[0]
    row = callers.rows[n]
    row.who = i
    row.number = number
    row.type = book[i].type
    row.vip = (1 if book[i].tier > 0 else 0) + (1 if book[i].tier >= PLATINUM else 0)  # 2 = a core prime (S19)
    row.signed = book[i].signed
    row.owner = book[i].owner if book[i].owner >= 0 else -1
    row.appointment = appointment
    row.skilled = book[i].skilled
    row.known = face_known(state, policy.channels, i, day)
    callers.size[0] = n + 1


@lean
def money_arrives(state, agenda, policy, i, amount, number, day, days_left):
    """Money won earlier arrives in the product sold, its fee is booked; who had left opens a new relationship."""
    book = state.book
    came_back = number & CAME_BACK
    product = number >> 1
    if came_back:
        if book[i].stage != EXITED:
            return
        open_account(state, policy, i, day)
        count(state, tally.WON_BACK, 1.0)
    elif not is_customer(book, i):
        return
    brought = bring_in(state, i, product, amount, days_left)
    count(state, tally.WON_FEN, np.float64(brought))
    count(state, tally.FEE_YUAN, np.float64(brought) / 100.0 * policy.money.sale_fee_share[product])
    start_term(agenda, state, policy.assets, policy.response.sold_term_days, i, product, day, days_left)


@lean
def hot_money_leaves(state, i, amount, days_left):
    """Money that only a reward attracted leaves, from the demand account first, as far as it is there."""
    if not is_customer(state.book, i):
        return
    left = amount
    for product in range(CLASSES):
        gone = min(left, state.book[i].balance[product])
        if gone > 0:
            move(state, i, product, -gone, ELSEWHERE, days_left)
            count(state, tally.HOT_LEFT_FEN, np.float64(gone))
            left -= gone


@lean
def recommend(state, agenda, policy, address, i, day):
    """A satisfied customer recommends the branch: a prospect of the finite pool may open an account (Y15, N19)."""
    count(state, tally.REFERRALS, 1.0)
    u_join, u_size = pair(address, draws.REFERRAL, day, i, _JOIN)
    join = policy.response.referral_join_share * policy.levels.referral[state.book[i].level]
    if u_join >= join:  # the circles of some levels listen more (S14, S15)
        return
    new = take_prospect(state, policy, 0)
    if new < 0:
        return
    open_account(state, policy, new, day)
    state.book[new].referred = 1
    u_sale, u_lag = pair(address, draws.REFERRAL, day, i, _JOIN + 2)
    first_money(state, agenda, policy, new, u_sale, u_size, u_lag, day)


@lean
def resign(state, policy, team, post, days_left):
    """A manager leaves: relationships suffer, part of the book's assets follows, more where the tie is close (N33)."""
    count(state, tally.RESIGNATIONS, 1.0)
    count(state, tally.VACANCY_YUAN, policy.money.hiring_cost_yuan)
    saved = policy.money.vacancy_months * policy.rm_yuan_per_month
    count(state, tally.VACANCY_YUAN, -saved)
    for i in range(state.sums.next_prospect):
        if state.book[i].owner != post or not is_customer(state.book, i):
            continue
        part = min(1.0, policy.money.turnover_assets_share * (0.5 + state.book[i].relationship))
        state.book[i].relationship *= 1.0 - policy.ownership.transfer_loss_share
        for product in range(CLASSES):
            gone = np.int64(np.float64(state.book[i].balance[product]) * part)
            move(state, i, product, -gone, ELSEWHERE, days_left)
            count(state, tally.TURNOVER_FEN, np.float64(gone))


@lean
def alert(state, backlog, policy, address, team, i, kind, day):
    """An outflow in the making: said by the customer, or shown by the system, where some alarms are false (M02)."""
    if kind == FALSE:
        count(state, tally.FALSE_ALERTS, 1.0)
    elif state.book[i].stage != NOTICE:
        return
    else:
        state.book[i].rescue_known = 1
    reason = RESCUE_CALL if kind == DECLARED else OUTFLOW_ALERT
    fall_due(state, backlog, policy, address, team, i, reason, day, policy.triggers.expiry_days[reason])


@lean
def fetch_special(state, callers, policy, i, approved, day):
    """Head office has approved customer i's special card, who comes to fetch it (T12).

    A month that merely begins while head office decides brings no visit.
    """
    if approved and is_customer(state.book, i) and state.book[i].card_business == WITH_HEAD_OFFICE:
        state.book[i].card_business = SPECIAL + 1
        call_in(state, callers, policy, i, _FETCH_VISIT, _FOR_APPROVED, day)


@lean
def serve_for_card(state, agenda, policy, visit, i, day, next_open):
    """A manager has served customer i: the card is issued, or a special application goes to head office (T12).

    Where the counter issues cards, the teller must have served the customer too.
    """
    business = state.book[i].card_business
    came_for_card = visit["number"] == _CARD_VISIT or visit["number"] == _FETCH_VISIT
    if business == 0 or business == WITH_HEAD_OFFICE or (came_for_card and visit["outcome"] != SERVED):
        return
    decided = day + policy.special_approval_days
    if business != SPECIAL + 1 or decided == day or visit["number"] == _FETCH_VISIT:
        do_card_business(state, policy.cards, i, day)
        return
    state.book[i].card_business = WITH_HEAD_OFFICE
    if decided < next_open.size and next_open[decided] >= 0:
        file(agenda, next_open[decided], dates.CARD, i, WITH_HEAD_OFFICE - 1, 1)


@lean
def deal_with(state, agenda, backlog, page, n, callers, policy, address, team, vacant_until, day, days_left):
    """Deal with the day's entries in their order."""
    word_days = policy.triggers.expiry_days[MONEY_ARRIVED]
    for e in range(n):
        kind = page[e].kind
        i = page[e].who
        amount = page[e].amount
        if kind == dates.MATURITY:
            mature(state, agenda, address, policy.assets, i, page[e].number, day, days_left)
        elif kind == dates.LEAVE:
            leave(state, address, policy.lifecycle, i, day, days_left)
            if state.book[i].stage == EXITED and policy.triggers.on[WIN_BACK_CALL]:
                expiry = policy.triggers.expiry_days[WIN_BACK_CALL]
                file(agenda, day + policy.triggers.lead_days[WIN_BACK_CALL], dates.TASK, i, WIN_BACK_CALL, expiry)
        elif kind == dates.ARRIVE:
            money_arrives(state, agenda, policy, i, amount, page[e].number, day, days_left)
            fall_due(state, backlog, policy, address, team, i, MONEY_ARRIVED, day, word_days)
        elif kind == dates.HOT_LEAVE:
            hot_money_leaves(state, i, amount, days_left)
        elif kind == dates.JOIN:
            if is_customer(state.book, i):
                recommend(state, agenda, policy, address, i, day)
        elif kind == dates.NOTICE:
            if EXPLORATION <= state.book[i].stage < NOTICE:
                give_notice(state, agenda, address, policy.lifecycle, policy.outreach.data_lag_days, i, day)
        elif kind == dates.ASSIGN:
            assign(state, address, policy.ownership, team, i, page[e].number, day)
        elif kind == dates.ALERT:
            alert(state, backlog, policy, address, team, i, amount, day)
        elif kind == dates.TASK:
            fall_due(state, backlog, policy, address, team, i, page[e].number, day, amount)
        elif kind == dates.RESIGN:
            if i < team.rm_count and vacant_until[i] <= day:
                vacant_until[i] = day + np.int64(policy.money.vacancy_months * 30.4)
                resign(state, policy, team, i, days_left)
        elif kind == dates.VISIT:
            if is_customer(state.book, i):
                call_in(state, callers, policy, i, page[e].number, 0, day)
        elif kind == dates.CARD:
            if page[e].number == WITH_HEAD_OFFICE - 1:
                fetch_special(state, callers, policy, i, amount, day)
            elif comes_for_card(state, policy.cards, address, i, page[e].number, day):
                call_in(state, callers, policy, i, _CARD_VISIT, _FOR_CARD, day)
        elif kind == dates.SWING:
            if swing(state, agenda, policy.assets, i, page[e].number, amount, day, days_left):
                fall_due(state, backlog, policy, address, team, i, MONEY_ARRIVED, day, word_days)
        elif keeps_appointment(policy, address, i, page[e].number, amount) and state.book[i].stage < EXITED:
            count(state, tally.APPOINTMENTS_KEPT, 1.0)
            call_in(state, callers, policy, i, APPOINTED_VISIT, 1, day)


@kernel
def morning(state, agenda, backlog, page, callers, policy, address, team, vacant_until, day, days_left):
    """Deal with everything dated today, money first; customers who come are put on the list of callers."""
    callers.size[0] = 0
    n = dates.open_day(agenda, day, page)
    deal_with(state, agenda, backlog, page, n, callers, policy, address, team, vacant_until, day, days_left)


@lean
def processing_score(policy, wait, gave_up):
    """Satisfaction with processing, 1 (no wait) to 0 (a wait that nobody bears, or giving up) (N31)."""
    if gave_up:
        return 0.0
    return max(0.0, 1.0 - wait / policy.experience.wait_unbearable_min)


@lean
def was_told_vip(process, visit):
    """Whether an ordinary person who signed up in this visit was told to be a VIP; ``process`` None = no sign-up."""
    if process is None:
        return False
    opener = process.opens[visit["kind"]] > 0 and not visit["appointment"]
    return process.told_vip > 0 and opener and visit["signed_up"] == WITH_CONSENT and visit["vip"] == 0


@lean
def absorb_channels(state, policy, process, address, visit, slot_min, day):
    """What a visit leaves behind: a face, a machine learned, e-banking, resentment (section ``channels``)."""
    channels = policy.channels
    i = np.int64(visit["who"])
    id, number = visit_address(visit, slot_min)
    if i >= 0 and state.book[i].told_vip:
        judge_promise(state, channels, i, visit)
    if was_told_vip(process, visit):
        count(state, tally.TOLD_VIP, 1.0)
        if i >= 0:
            state.book[i].told_vip = 1
    if visit["signed_up"]:
        count(state, tally.SIGN_UPS, 1.0)
        if key_is_free(state, channels, i):
            count(state, tally.KEYS, 1.0)
        if visit["signed_up"] == WITHOUT_CONSENT:
            count(state, tally.CONSENT_BREACHES, 1.0)
            if resents_breach(channels, address, id, number, day):
                count(state, tally.COMPLAINTS, 1.0)
                if i >= 0:
                    state.book[i].complaint_day = day
    if i < 0:
        return
    if visit["triaged"] or visit["looked"]:
        remember_face(state, channels, i, day)
    if state.book[i].balance[FUND] > 0:
        raise_relationship(state, i, policy.board_care_share)
    if visit["escorted"] and visit["rm_outcome"] == SERVED:
        raise_relationship(state, i, channels.introduced_care_share)
    if visit["taught"]:
        state.book[i].skilled = 1
    if visit["signed_up"]:
        odds = wanted(process, visit["kind"])
        take_up_ebank(state, channels, address, i, number, visit["activated"], odds, day)
    resent_overtaking(state, channels, i, visit["overtaken"], visit["overtaken_by_window"])


@lean
def visit_address(visit, slot_min):
    """(id, number) of a visit's draws: a walk-in is known by the slot of arrival and the number within it."""
    if visit["who"] >= 0:
        return np.int64(visit["who"]), np.int64(visit["number"]) % VISITS_A_MONTH
    return WALK_IN + np.int64(visit["number"]), np.int64(visit["arrive"] / slot_min)


@lean
def complain(state, backlog, policy, address, team, id, number, i, bad, day):
    """A visit may end in a complaint, more often after a bad wait; one that is not resolved weighs on (N32, Q03).

    It also calls for a contact (M10).
    """
    chance = policy.experience.complaint_share * (policy.experience.complaint_wait_ratio if bad else 1.0)
    u_made, u_resolved = pair(address, draws.VISIT_RESULT, day, id, number * 8 + _COMPLAINT)
    if u_made >= chance:
        return
    count(state, tally.COMPLAINTS, 1.0)
    if u_resolved < policy.experience.recovered_share:
        count(state, tally.COMPLAINTS_RESOLVED, 1.0)
    elif i >= 0:
        state.book[i].complaint_day = day
        expiry = policy.triggers.expiry_days[COMPLAINT_RECOVERY]
        fall_due(state, backlog, policy, address, team, i, COMPLAINT_RECOVERY, day + 1, expiry)


@lean
def absorb_visit(state, agenda, backlog, policy, process, address, team, visit, slot_min, day, days_left, next_open):
    """What one visit does to the customer and to the list of leads."""
    i = np.int64(visit["who"])
    number = visit["number"] % VISITS_A_MONTH
    if visit["station"] == CASH or visit["station"] == NONCASH:
        gave_up = visit["outcome"] == ABANDONED or visit["outcome"] == UNSERVED
        wait = visit["called"] - visit["joined"]
        score = processing_score(policy, wait, gave_up)
        count(state, tally.SERVICE_SCORE, score)
        count(state, tally.SERVICE_SCORED, 1.0)
        bad = gave_up or wait > policy.experience.bad_wait_min
        if i >= 0:
            _remember_service(state, policy, i, score - policy.experience.expected_score_share)
            if bad:
                state.book[i].bad_wait_day = day
        id, place = visit_address(visit, slot_min)
        complain(state, backlog, policy, address, team, id, place, i, bad, day)
    absorb_channels(state, policy, process, address, visit, slot_min, day)
    if visit["rm_outcome"] == SERVED:
        if i >= 0 and visit["number"] == CAMPAIGN_VISIT:
            pass  # the campaign says what the meeting leads to
        elif i >= 0:
            meet(state, agenda, policy, address, i, number, day, days_left)
            serve_for_card(state, agenda, policy, visit, i, day, next_open)
        elif visit["type"] == TYPE_C:
            new = take_prospect(state, policy, 1)
            if new >= 0:
                meet(state, agenda, policy, address, new, 0, day, days_left)
    elif (visit["lead"] or visit["referred"]) and (i >= 0 or visit["type"] == TYPE_C):
        take_lead(state, backlog, policy, address, team, i, day)


@lean
def _remember_service(state, policy, i, surprise):
    """Service better or worse than expected moves the relationship (N31)."""
    raise_relationship(state, i, policy.experience.visit_care_share * surprise)


@lean
def absorb_desk_wait(state, policy, visit, wait, day):
    """The wait for the lobby manager adds to the wait at the counter: in the score, and as a bad wait (N31, N16)."""
    at_counter = visit["station"] == CASH or visit["station"] == NONCASH
    if not at_counter or not wait > 0.0:  # nobody there: no wait
        return
    gave_up = visit["outcome"] == ABANDONED or visit["outcome"] == UNSERVED
    counter = visit["called"] - visit["joined"]
    before = processing_score(policy, counter, gave_up)
    change = processing_score(policy, counter + wait, gave_up) - before
    count(state, tally.SERVICE_SCORE, change)
    i = np.int64(visit["who"])
    if i >= 0:
        _remember_service(state, policy, i, change)
        if counter + wait > policy.experience.bad_wait_min:
            state.book[i].bad_wait_day = day


@lean
def evening(
    state,
    agenda,
    backlog,
    plan,
    contacts,
    policy,
    process,
    address,
    team,
    log,
    tasks_first,
    staff_of_post,
    slot_min,
    day,
    days_left,
    next_open,
):
    """After closing: visits and contacts take effect on their customers, in the order of arrival and of rank."""
    for v in range(log.n[FIRST_VISIT], log.n[VISITS]):
        visit = log.visits[v]
        absorb_visit(state, agenda, backlog, policy, process, address, team, visit, slot_min, day, days_left, next_open)
    for s in range(log.n[FIRST_STEP], log.n[STEPS]):
        if log.steps[s]["activity"] == RECEIVE:
            visit = log.visits[log.steps[s]["visit"]]
            absorb_desk_wait(state, policy, visit, log.steps[s]["called"] - log.steps[s]["joined"], day)
        elif log.steps[s]["activity"] == PITCH:
            who = np.int64(log.visits[log.steps[s]["visit"]]["who"])
            resent_pitch(state, policy.channels, who, log.steps[s]["end"] - log.steps[s]["start"])
    state.sums.checked = 0.0
    for post in range(plan.size.size):
        member = staff_of_post[post]
        if member < 0:
            continue
        for place in range(plan.size[post]):
            start = log.started[tasks_first[member] + place]
            if not np.isnan(start):
                n = plan.rows[post, place].task
                if n == CHECK:
                    state.sums.checked = 1.0
                    count(state, tally.CHECKS, 1.0)
                    continue
                if start < policy.outreach.call_from_min or start > policy.outreach.call_until_min:
                    count(state, tally.OUT_OF_HOURS, 1.0)
                if concerns(state, policy.triggers, backlog.rows[n].reason, backlog.rows[n].who):
                    reached = plan.rows[post, place].reached
                    attempt = backlog.rows[n].attempt
                    minutes = plan.rows[post, place].minutes
                    outcome = respond(state, agenda, backlog, policy, address, n, reached, post, day, next_open)
                    note_contact(contacts, backlog, policy.triggers, n, attempt, day, start, minutes, member, outcome)
    if policy.triggers.any_automatic:
        send_automatic(state, agenda, backlog, policy, address, day, next_open)


@lean
def night(state, days_from_end):
    """The day's balances enter the month's daily averages, and the cohort's into the last 90 days."""
    for product in range(CLASSES):
        state.sums.class_days[product] += state.sums.class_total[product]
    if days_from_end <= 90:
        state.sums.tail[0] += np.float64(state.sums.cohort_fen)
        state.sums.tail[1] += np.float64(state.sums.cohort_drift_fen)
        state.sums.tail[2] += 1.0
    count(state, tally.CALENDAR_DAYS, 1.0)
