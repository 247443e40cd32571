"""The reference engine: the lobby day told as SimPy processes. Read this to learn what happens in a lobby.

Visitors, members of staff and one dispatcher are processes; ``reference_floor.py`` holds the lines, the servers and
the clock, ``reference_staff.py`` what staff do. Here is the visitors' story: the simple day, and the service process
around it where the scenario has it.
"""

from __future__ import annotations

from math import inf, isnan, nan
from types import SimpleNamespace
from typing import Any

import numpy as np

from vipsim.lobby import rules as rule
from vipsim.lobby.arrays import DayLog, Roster, Tasks, Visits, grow_log
from vipsim.lobby.jobs import (
    ABANDONED,
    ACTIVATE,
    ALONE,
    BALKED,
    BY_APPOINTMENT,
    BY_CARD,
    CASH,
    CASH_BUSINESS,
    CUT_OFF,
    DESK,
    DONE,
    ERRANDS,
    ESCORT,
    FAREWELL,
    FIRST_STEP,
    FIRST_VISIT,
    GUARD,
    HELP_FORM,
    LOOK,
    LOOKS,
    MACHINE,
    MEETING,
    MIDDLE,
    NO_SEAT,
    NONCASH,
    NONCASH_BUSINESS,
    NONE,
    ORDINARY,
    PICK_UP,
    PICK_UP_MISSED,
    PRIME,
    RECEIVE,
    RESULT,
    RM,
    SELF_SERVICE,
    SERVED,
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
)
from vipsim.lobby.params import LobbyParams
from vipsim.lobby.process import BY_LOBBY_MANAGER
from vipsim.lobby.reference_floor import (
    ARRIVAL,
    DISPATCH,
    QUEUE,
    SECOND_LOOK,
    Alarm,
    Ended,
    Process,
    Ticket,
)
from vipsim.lobby.reference_staff import Work

_TYPE_D = 3
_BUSINESS = (SELF_SERVICE, CASH_BUSINESS, NONCASH_BUSINESS)


class Day(Work):
    """One day in the branch."""

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
