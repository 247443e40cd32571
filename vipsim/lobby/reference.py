"""The reference engine: the lobby day told as SimPy processes. Read this to learn what happens in a lobby.

Visitors, members of staff and one dispatcher are processes; ``reference_floor.py`` holds the lines, the servers and
the clock. Here is the visitors' story: the simple day, and the service process around it where the scenario has it.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf, isnan, nan
from types import SimpleNamespace
from typing import Any

import numpy as np

from vipsim.lobby import rules as rule
from vipsim.lobby.jobs import (
    ABANDONED,
    ACTIVATE,
    ALONE,
    BALKED,
    BY_APPOINTMENT,
    BY_ASSISTANT,
    BY_CARD,
    BY_MANAGER,
    BY_MEMORY,
    BY_SECOND_LOOK,
    BY_TELLER,
    CASH,
    CASH_BUSINESS,
    CUT_OFF,
    DESK,
    DONE,
    ERRANDS,
    ESCORT,
    FAILED,
    FAREWELL,
    FIRST_STEP,
    FIRST_VISIT,
    GUARD,
    HELP_FORM,
    HELPED,
    LEFT_WAITING,
    LOOK,
    LOOK_AND_FORM,
    LOOKS,
    MACHINE,
    MEETING,
    MIDDLE,
    NO_SEAT,
    NONCASH,
    NONCASH_BUSINESS,
    NONE,
    ORDINARY,
    PASSED,
    PICK_UP,
    PICK_UP_MISSED,
    PITCH,
    PRIME,
    RECEIVE,
    RESULT,
    RETURNED,
    RM,
    SCREEN,
    SELF_SERVICE,
    SENT_AWAY,
    SERVED,
    SIGN_UP,
    SIGNAL_MISSED,
    SKIPPED,
    STEP,
    STEPS,
    TAKES_NUMBER,
    TEACH,
    TEST,
    UNSERVED,
    VISITS,
    WITH_RM_CASH,
    WITHDRAWN,
    WOULD_NOT_WAIT,
    DayLog,
    Roster,
    Tasks,
    Visits,
    grow_log,
)
from vipsim.lobby.params import LOBBY_ASSISTANT, LobbyParams
from vipsim.lobby.process import BY_LOBBY_MANAGER, BY_TELLER_HIMSELF
from vipsim.lobby.reference_floor import (
    ARRIVAL,
    DISPATCH,
    QUEUE,
    SECOND_LOOK,
    Alarm,
    Ended,
    Floor,
    Process,
    Server,
    Ticket,
)

_TYPE_D = 3
_BUSINESS = (SELF_SERVICE, CASH_BUSINESS, NONCASH_BUSINESS)


class Day(Floor):
    """One day in the branch."""

    def __init__(self, p: LobbyParams, roster: Roster, visits: Visits, tasks: Tasks, log: DayLog, day: int) -> None:
        super().__init__(p, roster, visits, tasks, log, day)
        self.escorts: dict[int, Ticket] = {}  # of visitors led away from a line

    def newcomer(self, v: int, day: int) -> SimpleNamespace:
        """What is known of a visitor at the door."""
        visit, chance = self.visits[v], self.chances[v]
        blank: dict[str, Any] = dict.fromkeys(RESULT.names or (), 0)
        times = ("joined", "called", "start", "end", "rm_joined", "rm_called", "rm_start", "rm_end", "left")
        blank |= dict.fromkeys(times, nan) | {"teller": -1, "rm_staff": -1, "outcome": NONE, "rm_outcome": NONE}
        known = {name: getattr(visit, name) for name in blank if hasattr(visit, name)}
        result = SimpleNamespace(**(blank | known | {"day": day}))
        result.believed = 1 if visit.appointment else visit.shows_prime
        result.signals, result.behaviour = chance.signals, chance.behaviour
        if self.process is None:
            result.known = result.core = 0
        if self.process is not None and result.believed:
            result.believed_by = BY_APPOINTMENT if visit.appointment else BY_CARD
        return result

    # ------------------------------------------------------------------------------- a visitor's way

    def visitor(self, v: int) -> Process:
        """A visitor's way through the branch, from the door to the door."""
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        yield Alarm(self.env, visit.arrive, ARRIVAL + v)
        if chance.guard:
            self.errand(2, v, GUARD, inf)
        if self.rules.triage and self.managers() > 0 and not visit.appointment and chance.behaviour != TAKES_NUMBER:
            outcome, activity = yield from self.step(v, QUEUE, RECEIVE, inf)
            if outcome == UNSERVED:
                return
            if outcome == CUT_OFF and activity in (RECEIVE, TEST):  # takes a ticket, as if unseen
                result.triaged, result.believed = 0, visit.shows_prime
            if self.process is None or (outcome != SERVED and activity in (RECEIVE, TEST)):
                self.choose_way(v)
        else:
            self.choose_way(v)

        if result.diverted:
            yield from self.business(v, 3 * MACHINE + ORDINARY, visit.machine_patience_min)
        elif visit.station == RM:
            yield from self.meeting(v, self.rm_line(v), visit.patience_min)
        else:
            if result.rm_first:
                outcome = yield from self.meeting(v, self.rm_line(v), visit.meeting_patience_min)
                if outcome in (ABANDONED, UNSERVED):
                    return
            outcome = yield from self.counter(v)
            if outcome == SERVED:
                yield from self.afterwards(v)
        if isnan(result.left):
            result.left = self.env.now
            if self.process is not None and self.process.errands:
                self.errand(3, v, FAREWELL, self.process.farewell_within_min)

    def choose_way(self, v: int) -> int:
        """Where the visitor goes from the entrance; returns what the lobby manager who received goes on with."""
        visit, chance, result, p = self.visits[v], self.chances[v], self.results[v], self.process
        if result.triaged and rule.goes_to_machine(self.rules, visit.divert, result.believed):
            taught = p is not None and not chance.knows
            if not taught or rule.taught(p, chance.learns, len(self.lines[QUEUE])):
                result.diverted, result.station = 1, MACHINE
                return TEACH if taught else DONE
        if visit.station == RM:
            return DONE
        if visit.card:
            result.rm_first = 1
            return DONE
        if result.believed and visit.meets and self.rules.meet_first and self.free_rm(self.rm_line(v)):
            result.rm_first = 1
            if result.triaged and p is not None and p.guidance:
                result.escorted = 1
                return ESCORT
            return DONE
        if result.triaged and p is not None and rule.helped(p, self.at_counter(visit.station)):
            return HELP_FORM
        return DONE

    def counter(self, v: int) -> Ended:
        """The business at a counter; a visitor who is recognised while waiting may first be led to an RM (I08)."""
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        while True:
            if result.accompanied:
                line, patience = WITH_RM_CASH + visit.station - CASH, inf
            else:
                line = 3 * visit.station + int(rule.class_at_counter(result.believed, chance.middle))
                patience = visit.patience_min
            outcome = yield from self.business(v, line, patience)
            if outcome != WITHDRAWN:
                return outcome
            if result.diverted:
                return (yield from self.business(v, 3 * MACHINE + ORDINARY, visit.machine_patience_min))
            outcome = yield self.escorts.pop(v).done
            if outcome == UNSERVED:
                return UNSERVED
            outcome = yield from self.meeting(v, self.rm_line(v), visit.meeting_patience_min)
            if outcome in (ABANDONED, UNSERVED):
                return outcome

    def business(self, v: int, line: int, patience: float) -> Ended:
        """The visitor's business at a counter or a machine."""
        chance, result, p = self.chances[v], self.results[v], self.process
        station = int(rule.station_of(line))
        if p is not None and station != MACHINE:
            lines = self.lines[3 * station : 3 * station + 3]
            if p.balking and not result.believed and rule.balks(p, chance.balk, sum(len(x) for x in lines)):
                now = self.env.now
                cls = int(rule.class_of_line(line))
                result.outcome, result.left = BALKED, now
                self.steps.append((now, nan, nan, now, self.first + v, -1, -1, station, station, cls, BALKED))
                return BALKED
            if chance.alone and not result.form:
                result.form = ALONE
            result.cls = int(rule.class_of_line(line))
        result.joined = self.env.now
        outcome, _ = yield from self.step(v, line, station, patience, bool(result.accompanied) and station != MACHINE)
        return outcome

    def meeting(self, v: int, line: int, patience: float) -> Ended:
        """A meeting with an RM; it is the business itself where the business is an RM's."""
        self.results[v].rm_joined = self.env.now
        outcome, _ = yield from self.step(v, line, MEETING, patience)
        return outcome

    def afterwards(self, v: int) -> Process:
        """Business done: primes are picked up for an RM (L07-L10), e-banking is activated (EB06)."""
        visit, chance, result, p = self.visits[v], self.chances[v], self.results[v], self.process
        if ((result.believed and visit.meets) or result.signalled) and result.rm_outcome == NONE:
            if p is not None and p.guidance:
                if self.managers() == 0:
                    result.lost = SIGNAL_MISSED if result.signalled else PICK_UP_MISSED
                    return
                result.tracked = 1
                line = 3 * DESK + (PRIME if result.signalled and p.internal_phone else MIDDLE)
                outcome, _ = yield from self.step(v, line, PICK_UP, chance.pick_up_patience_min)
                if outcome == SKIPPED:
                    result.lost = SIGNAL_MISSED if result.signalled else PICK_UP_MISSED
                if outcome in (ABANDONED, UNSERVED, SKIPPED):
                    return
            yield from self.meeting_afterwards(v)
        elif self.to_be_activated(v):
            yield from self.step(v, QUEUE, ACTIVATE, chance.activate_patience_min)

    def to_be_activated(self, v: int) -> bool:
        """Whether a lobby manager should activate what was signed at the counter (EB06)."""
        result, p = self.results[v], self.process
        signed = p is not None and result.signed_up and not result.activated
        return bool(signed and p.activate_by == BY_LOBBY_MANAGER and self.managers() > 0)

    def meeting_afterwards(self, v: int) -> Process:
        """A willing prime meets a free RM, waits for one, or leaves with a name card (L08-L10)."""
        visit, result, p = self.visits[v], self.results[v], self.process
        line = self.rm_line(v)
        if not result.escorted and not self.free_rm(line):
            ahead = self.waiting_for_rm()
            seated = p is None or ahead < p.seats
            if not seated or not rule.waits_for_rm(self.rules, visit.wait_uniform, ahead, self.rms()):
                result.name_card, result.lead = 1, visit.phone
                result.lost = 0 if p is None else WOULD_NOT_WAIT if seated else NO_SEAT
                return
            result.waited = 1
        yield from self.meeting(v, line, visit.meeting_patience_min)

    def rm_line(self, v: int) -> int:
        """Line in which a visitor finds an RM."""
        visit, result = self.visits[v], self.results[v]
        owner = visit.owner
        comes = owner >= 0 and self.roster.here_until[owner] > self.env.now and self.floor.can[2 * owner, 3 * RM]
        line = rule.rm_line(self.rules, visit.appointment, result.believed, owner, bool(comes))
        return int(rule.line_of_degree(line, self.chances[v].degree))

    # ----------------------------------------------------------------------- what staff do with them

    def begin(self, server: Server, ticket: Ticket) -> float:
        """Minutes of the step that begins now, and what is decided at its start."""
        v, p = ticket.visit, self.process
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        station = int(rule.station_of(ticket.line))
        now = self.env.now
        if station == RM:
            result.rm_staff = server.number
        elif station != DESK:
            result.teller = server.number
        if ticket.rest >= 0.0:
            return ticket.rest
        if station == RM:
            result.rm_called = result.rm_start = now
            stranger = not chance.certain and not visit.appointment and visit.station != RM
            if p is not None and p.screening and stranger:
                ticket.activity = SCREEN
            return self.minutes(server, ticket)
        if station == DESK:
            if ticket.activity == RECEIVE:
                self.observe(server, v)
            elif ticket.activity == LOOK:
                about = ticket.about
                assert about is not None
                about.talker = server
                if not result.form and rule.helped(p, self.at_counter(int(rule.station_of(about.line)))):
                    ticket.activity = LOOK_AND_FORM
            return self.minutes(server, ticket)
        result.called = result.start = now
        if station != MACHINE and p is None:
            waiting = self.at_counter(station)
            if visit.pitch and rule.pitches(self.rules, visit.pitch, waiting):
                result.pitched, result.referred = 1, visit.recognised
                return float((visit.counter_min + self.rules.pitch_min) * self.roster.pace[server.number])
        return self.minutes(server, ticket)

    def observe(self, server: Server, v: int) -> None:
        """A visitor is greeted; in a crowd it is only a nod and nobody looked (I07)."""
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        if rule.only_a_nod(self.rules, len(self.lines[QUEUE]), self.managers()):
            return
        result.triaged = 1
        p = self.process
        assistant = p is not None and self.role[server.number] == LOBBY_ASSISTANT
        looks = chance.looks_assistant if assistant else visit.looks_prime
        waiting = len(self.lines[QUEUE])
        if p is not None and not chance.certain and rule.overlooked(p, chance.attention, waiting, self.managers()):
            looks = 0
        if p is not None and looks and not result.believed:
            by = BY_ASSISTANT if assistant else BY_MANAGER
            result.believed_by = by if not chance.certain else BY_MEMORY if visit.known else BY_CARD
        result.believed = looks | visit.shows_prime

    def minutes(self, server: Server, ticket: Ticket) -> float:
        """Minutes of a step with this member, at their own pace."""
        return self.drawn_minutes(ticket) * float(self.roster.pace[server.number])

    def drawn_minutes(self, ticket: Ticket) -> float:
        """Minutes of a step at the role's average pace."""
        v, p = ticket.visit, self.process
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        activity = ticket.activity
        if activity == RECEIVE:
            nod = not result.triaged
            return float(rule.triage_minutes(self.rules, visit.triage_min, nod, result.believed))
        if activity == SELF_SERVICE:
            return float(visit.machine_min)
        if activity in (CASH_BUSINESS, NONCASH_BUSINESS):
            return float(visit.counter_min if p is None else visit.counter_min * p.form_ratio[result.form])
        if activity == MEETING:
            reask = p is not None and result.waited
            return float(visit.meeting_min + p.meeting_reask_min if reask else visit.meeting_min)
        if activity == PICK_UP:
            reask = result.signalled and not p.internal_phone
            return float(chance.recheck_min + p.signal_reask_min if reask else chance.recheck_min)
        if activity == PITCH:
            cash = rule.station_of(ticket.line) == CASH
            return float(chance.pitch_min if cash else chance.noncash_pitch_min)
        if activity == LOOK_AND_FORM:
            return float(chance.look_min + chance.form_min)
        return float(getattr(chance, _MINUTES[activity]))

    def goes_on(self, server: Server, ticket: Ticket) -> tuple[Ticket, float] | None:
        """What the same member goes on with, the visitor beside; None = this member is done."""
        if self.process is None:
            return None
        if rule.station_of(ticket.line) == DESK:
            ticket, activity = self.at_desk(server, ticket)
        elif rule.station_of(ticket.line) == RM:
            activity = self.at_rm(ticket)
        else:
            activity = self.at_counter_done(ticket)
        if activity == DONE:
            return None
        ticket.activity = activity
        return ticket, self.minutes(server, ticket)

    def at_desk(self, server: Server, ticket: Ticket) -> tuple[Ticket, int]:
        """A lobby manager has done one thing with the visitor; the ticket and what comes next."""
        v, p = ticket.visit, self.process
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        done = ticket.activity
        if done == RECEIVE:
            if result.triaged and result.believed:
                free = bool(self.free_rm(self.rm_line(v)))
                if rule.tested(p, chance.certain, free, len(self.lines[QUEUE])):
                    return ticket, TEST
            return ticket, self.choose_way(v)
        if done == TEST:
            result.tested = PASSED if chance.passes else FAILED
            result.believed = chance.passes
            return ticket, self.choose_way(v)
        if done == TEACH:
            result.taught = 1
        elif done == HELP_FORM:
            result.form = HELPED
        elif done == ACTIVATE:
            result.activated = 1
        elif done == PICK_UP:
            result.picked_up = 1
            if self.free_rm(self.rm_line(v)):
                result.escorted = 1
                return ticket, ESCORT
        elif done in (LOOK, LOOK_AND_FORM):
            return self.looked(server, ticket, visit, chance, result)
        return ticket, DONE

    def looked(self, server: Server, ticket: Ticket, visit: Any, chance: Any, result: Any) -> tuple[Ticket, int]:
        """A second look is over: the form is filled in, and who is now taken for prime goes ahead (I08, L05)."""
        v, own = ticket.visit, ticket.about
        assert own is not None
        if not (own.waits and own.present):
            return ticket, DONE
        result.looked = 1
        if ticket.activity == LOOK_AND_FORM:
            result.form = HELPED
        looks = chance.looks_form if ticket.activity == LOOK_AND_FORM else visit.looks_prime
        if self.role[server.number] == LOBBY_ASSISTANT:
            looks = chance.looks_assistant
        if not looks and not result.believed and rule.led_from_line(self.process, visit.divert, chance.knows):
            self.lines[own.line].remove(own)
            result.diverted, result.station = 1, MACHINE
            self.withdraw(own)
        if not looks or result.believed:
            return ticket, DONE
        result.believed = 1
        result.believed_by = BY_SECOND_LOOK
        self.lines[own.line].remove(own)
        if visit.meets and self.rules.meet_first and self.process.guidance and self.free_rm(self.rm_line(v)):
            result.rm_first = result.escorted = 1
            self.withdraw(own)
            ticket = self.escorts[v] = self.ticket(v, v, QUEUE, ESCORT, inf)
            ticket.waits = False
            return ticket, ESCORT
        station = int(rule.station_of(own.line))
        cls = int(rule.class_at_counter(1, chance.middle))
        own.line = 3 * station + cls
        own.key = rule.ticket_key(self.rules, own.joined, station, cls)
        line = self.lines[own.line]
        line.insert(sum(1 for _ in _before(line, own.key)), own)
        self.ask(DISPATCH)
        return ticket, DONE

    def withdraw(self, own: Ticket) -> None:
        """A visitor leaves the line with the lobby manager."""
        own.talker = None
        own.waits = False
        own.turn.succeed()
        own.done.succeed(WITHDRAWN)

    def at_rm(self, ticket: Ticket) -> int:
        """An RM has screened a visitor (I14)."""
        result = self.results[ticket.visit]
        if ticket.activity != SCREEN:
            return DONE
        prime = self.visits[ticket.visit].type != _TYPE_D
        result.screened = PASSED if prime else FAILED
        if not prime:
            result.believed = 0
        return MEETING if prime else DONE

    def at_counter_done(self, ticket: Ticket) -> int:
        """First serve, then sell: the business is done, what else does the teller do (L19, EB01, I11)?"""
        v, p = ticket.visit, self.process
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        station, done = int(rule.station_of(ticket.line)), ticket.activity
        if done in _BUSINESS:
            result.end, result.outcome = self.env.now, SERVED
            if station == MACHINE:
                return DONE
            if chance.opens and p.style:
                return SIGN_UP
        elif done == SIGN_UP:
            result.signed_up = chance.signs
            if chance.signs and p.activate_by == BY_TELLER_HIMSELF:
                return ACTIVATE
        elif done == ACTIVATE:
            result.activated = 1
        elif done == PITCH:
            self.hint(v, station)
            return DONE
        wants = visit.pitch and p.referral and not result.believed and not result.screened
        if wants and rule.pitches(self.rules, visit.pitch, self.at_counter(station)):
            result.pitched = 1
            return PITCH
        return DONE

    def hint(self, v: int, station: int) -> None:
        """A teller has told of the VIP service: who is interested is signalled to the lobby manager (L17)."""
        visit, chance, result = self.visits[v], self.chances[v], self.results[v]
        if not (chance.teller if station == CASH else chance.noncash_teller):
            return
        result.hinted = 1
        if result.believed_by == 0:
            result.believed_by = BY_TELLER
        if chance.interested:
            result.signalled = result.believed = 1
        else:
            result.name_card = result.referred = 1
            result.lead = visit.phone

    def finished(self, server: Server, ticket: Ticket, outcome: int) -> int:
        """A member is done with a visitor; returns how it ended for the visitor."""
        v = ticket.visit
        visit, result = self.visits[v], self.results[v]
        station = int(rule.station_of(ticket.line))
        if ticket.line == LOOKS and ticket.about is not None:
            ticket.about.talker = None
        elif station == RM:
            if result.screened == FAILED:
                outcome = RETURNED
            result.rm_end, result.rm_outcome = self.env.now, outcome
            if visit.station == RM:
                result.outcome = outcome
            elif outcome == SERVED and result.rm_first and self.process is not None and self.process.accompany:
                result.accompanied = 1
                server.goes_along = True
        elif station != DESK:
            if ticket.activity in _BUSINESS:
                result.end, result.outcome = self.env.now, outcome
            else:
                outcome = SERVED  # the business was done
            if ticket.with_rm:
                self.leave_customer(self.servers[result.rm_staff])
        return outcome

    def given_up(self, ticket: Ticket, outcome: int) -> None:
        """A visitor leaves a line unserved: patience has ended, or the branch closes."""
        visit, result = self.visits[ticket.visit], self.results[ticket.visit]
        station = int(rule.station_of(ticket.line))
        if station == RM:
            result.rm_outcome = outcome
            if visit.station == RM or result.rm_first:
                result.outcome = outcome
            if self.process is not None:
                result.lost = LEFT_WAITING if outcome == ABANDONED else SENT_AWAY
        elif station == DESK:
            if result.outcome == NONE:
                result.outcome = outcome
            if ticket.activity in (PICK_UP, ESCORT):
                missed = SIGNAL_MISSED if result.signalled else PICK_UP_MISSED
                result.lost = SENT_AWAY if outcome == UNSERVED else missed
        else:
            if ticket.activity in _BUSINESS:
                result.outcome = outcome
            if ticket.with_rm:
                self.leave_customer(self.servers[result.rm_staff])

    def lost_where(self, v: int) -> int:
        """Where the visitor's meeting with an RM was lost."""
        r = self.results[v]
        return int(
            rule.lost_where(
                r.lost,
                r.rm_outcome == SERVED,
                r.screened == FAILED,
                r.outcome in (ABANDONED, BALKED),
                r.triaged or r.looked or r.pitched,
                r.believed_by,
                r.tested == FAILED,
                self.visits[v].meets,
                r.outcome == UNSERVED,
            )
        )

    # ------------------------------------------------------------------- second looks and errands

    def joined(self, ticket: Ticket) -> None:
        """Whoever waits at a counter and was not received may get a second look (I08)."""
        result, p = self.results[ticket.visit], self.process
        if p is None or not p.second_look or rule.station_of(ticket.line) not in (CASH, NONCASH):
            return
        if result.triaged or result.believed or result.looked or result.screened:
            return

        def due(_: Any) -> None:
            if ticket.waits and ticket.present and ticket.rest < 0.0:
                look = self.ticket(len(self.visits) + ticket.visit, ticket.visit, LOOKS, LOOK, inf)
                look.about = ticket
                self.lines[LOOKS].append(look)
                self.ask(DISPATCH)

        Alarm(self.env, float(p.second_look_after_min), SECOND_LOOK).callbacks.append(due)

    def errand(self, kind: int, v: int, activity: int, patience: float) -> None:
        """Something small for a lobby manager with nothing else to do (L03)."""
        if self.managers() > 0:
            ticket = self.ticket(kind * len(self.visits) + v, v, ERRANDS, activity, patience)
            self.lines[ERRANDS].append(ticket)
            self.ask(DISPATCH)


_MINUTES = {
    TEST: "test_min",
    TEACH: "teach_min",
    HELP_FORM: "form_min",
    ESCORT: "escort_min",
    ACTIVATE: "activate_min",
    LOOK: "look_min",
    GUARD: "guard_min",
    FAREWELL: "farewell_min",
    SIGN_UP: "sign_up_min",
    SCREEN: "screen_min",
}


def _before(line: Any, key: float) -> Generator[Ticket]:
    """Tickets of a line ahead of a key."""
    for ticket in line:
        if ticket.key > key:
            return
        yield ticket


def run_day(p: LobbyParams, roster: Roster, visits: Visits, tasks: Tasks, log: DayLog, day: int) -> DayLog:
    """One lobby day; returns the log with the day's visits and steps appended (the same as ``fast.run_day``)."""
    told = Day(p, roster, visits, tasks, log, day)
    told.env.run()
    told.turn_out(told.last)
    n_visits, n_steps = len(told.visits), len(told.steps)
    log = grow_log(log, n_visits, n_steps, tasks.minutes.size)
    first, first_step = log.n[VISITS], log.n[STEPS]
    for v, result in enumerate(told.results):
        if p.process is not None:
            result.lost = told.lost_where(v)
            result.degree = int(rule.degree_told(result.believed, told.chances[v].degree))
        log.visits[first + v] = tuple(getattr(result, name) for name in RESULT.names or ())
    log.steps[first_step : first_step + n_steps] = np.array(told.steps, STEP)
    log.started[: tasks.minutes.size] = told.task_start
    log.closed[0] = told.last
    log.n[[FIRST_VISIT, VISITS, FIRST_STEP, STEPS]] = first, first + n_visits, first_step, first_step + n_steps
    return log
