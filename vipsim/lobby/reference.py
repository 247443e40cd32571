"""The reference engine: the lobby day told as SimPy processes. Read this to learn what happens in a lobby.

Visitors, members of staff and one dispatcher are processes. What happens at the same minute has a declared order,
given to SimPy as priorities: ends of service (by server), reneging, duty changes (by member), the desk left alone,
closing, arrivals (by visit), sending away, and last of all the dispatcher, who looks at everything once.

Nothing is drawn here and no logarithm is taken: minutes and choices come with the visits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf, isnan, nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import simpy
from simpy.events import EventPriority

from vipsim.lobby import rules as rule
from vipsim.lobby.jobs import (
    ABANDONED,
    CASH,
    CUT_OFF,
    DESK,
    FIRST_STEP,
    FIRST_VISIT,
    HANDED_OVER,
    MACHINE,
    NONCASH,
    NONE,
    ORDINARY,
    RESULT,
    RM,
    SERVED,
    SKIPPED,
    STEP,
    STEPS,
    UNSERVED,
    VISIT,
    VISITS,
    DayLog,
    Roster,
    Tasks,
    Visits,
    grow_log,
)
from vipsim.lobby.params import LobbyParams

Process = Generator[simpy.Event, Any, None]

# Priorities of what happens at the same minute; SimPy's own events (0 and 1) come before all.
_APART = 1_000_000_000
END, RENEGE, DUTY, DESK_LEFT, CLOSING, ARRIVAL, SENDING, DISPATCH = (_APART * i for i in range(1, 9))


class Alarm(simpy.Event):
    """An event that happens by itself after some minutes, in its place among those of the same minute."""

    def __init__(self, env: simpy.Environment, minutes: float, priority: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, EventPriority(priority), minutes)


@dataclass
class Ticket:
    """A visitor's place in a line. Who gives up leaves the ticket in the line: its number is called in vain."""

    visit: int
    line: int
    joined: float
    key: float
    leaves: float
    turn: simpy.Event  # called to a server
    done: simpy.Event  # the server has finished; the value is the outcome
    present: bool = True
    rest: float = -1.0  # minutes left of a service handed over


@dataclass
class Server:
    """A member of staff or a machine."""

    number: int
    row: int
    on: bool = False
    since: float = -1.0  # free since
    duty_end: float = 0.0
    ticket: Ticket | None = None
    task: int = -1
    service: simpy.Process | None = None
    leftovers: list[int] = field(default_factory=list)  # own outreach tasks not yet taken up

    @property
    def busy(self) -> bool:
        return self.ticket is not None or self.task >= 0


class Day:
    """One day in the branch."""

    def __init__(self, p: LobbyParams, roster: Roster, visits: Visits, tasks: Tasks, log: DayLog, day: int) -> None:
        self.env = simpy.Environment()
        self.rules, self.floor, self.roster, self.tasks = p.rules, p.floor, roster, tasks
        self.visits = [
            SimpleNamespace(**dict(zip(VISIT.names or (), row.item(), strict=True)))
            for row in visits.rows[: visits.n[0]]
        ]
        self.results = [self.newcomer(visit, day) for visit in self.visits]
        self.steps: list[tuple[Any, ...]] = []
        self.first = int(log.n[VISITS])
        self.task_start = [nan] * tasks.minutes.size
        self.lines: list[deque[Ticket]] = [deque() for _ in range(p.floor.lines)]
        self.servers = [Server(s, int(roster.row[s])) for s in range(p.floor.servers)]
        self.closed = False
        self.last = self.rules.opening_min  # the last customer's last minute
        self.asked: set[int] = set()
        for server in self.servers[: p.floor.staff]:
            if roster.present[server.number]:
                self.env.process(self.duty(server))
        for server in self.servers[p.floor.staff :]:
            server.on = True
        for v in range(len(self.visits)):
            self.env.process(self.visitor(v))
        self.env.process(self.closing())
        if tasks.minutes.size:
            for server in self.servers[: p.floor.staff]:
                server.leftovers = list(range(int(tasks.first[server.number]), int(tasks.first[server.number + 1])))
            self.env.process(self.calling_hours())

    @staticmethod
    def newcomer(visit: SimpleNamespace, day: int) -> SimpleNamespace:
        """What is known of a visitor at the door."""
        known = {name: getattr(visit, name) for name in RESULT.names or () if hasattr(visit, name)}
        times = ("joined", "called", "start", "end", "rm_joined", "rm_called", "rm_start", "rm_end", "left")
        flags = ("triaged", "diverted", "rm_first", "waited", "name_card", "lead", "pitched", "referred")
        blank = {**dict.fromkeys(times, nan), **dict.fromkeys(flags, 0), "teller": -1, "rm_staff": -1}
        believed = 1 if visit.appointment else visit.shows_prime
        return SimpleNamespace(**known, **blank, day=day, believed=believed, outcome=NONE, rm_outcome=NONE)

    # -------------------------------------------------------------------------------------- visitors

    def visitor(self, v: int) -> Process:
        """A visitor's way through the branch, from the door to the door."""
        visit, result = self.visits[v], self.results[v]
        yield Alarm(self.env, visit.arrive, ARRIVAL + v)
        if self.rules.triage and self.managers() > 0 and not visit.appointment:
            outcome = yield from self.step(v, 3 * DESK + ORDINARY, inf)
            if outcome == UNSERVED:
                return
            if outcome == CUT_OFF:  # takes a ticket, as if unseen
                result.triaged, result.believed = 0, visit.shows_prime

        if result.triaged and rule.goes_to_machine(self.rules, visit.divert, result.believed):
            result.diverted, result.station = 1, MACHINE
            yield from self.business(v, 3 * MACHINE + ORDINARY, visit.machine_patience_min)
        elif visit.station == RM:
            yield from self.meeting(v, self.rm_line(v), visit.patience_min)
        else:
            if result.believed and visit.meets and self.rules.meet_first and self.free_rm(self.rm_line(v)):
                result.rm_first = 1
                outcome = yield from self.meeting(v, self.rm_line(v), visit.meeting_patience_min)
                if outcome in (ABANDONED, UNSERVED):
                    return
            line = 3 * visit.station + int(rule.class_of(result.believed))
            outcome = yield from self.business(v, line, visit.patience_min)
            if outcome == SERVED and result.believed and visit.meets and not result.rm_first:
                yield from self.meeting_afterwards(v)
        if isnan(result.left):
            result.left = self.env.now

    def business(self, v: int, line: int, patience: float) -> Generator[simpy.Event, Any, int]:
        """The visitor's business at a counter or a machine."""
        result = self.results[v]
        result.joined = self.env.now
        outcome: int = yield from self.step(v, line, patience)
        result.outcome = outcome
        if outcome in (SERVED, CUT_OFF):
            result.end = self.env.now
        return outcome

    def meeting(self, v: int, line: int, patience: float) -> Generator[simpy.Event, Any, int]:
        """A meeting with an RM; it is the business itself where the business is an RM's."""
        visit, result = self.visits[v], self.results[v]
        result.rm_joined = self.env.now
        outcome: int = yield from self.step(v, line, patience)
        result.rm_outcome = outcome
        if outcome in (SERVED, CUT_OFF):
            result.rm_end = self.env.now
        if visit.station == RM or (result.rm_first and outcome in (ABANDONED, UNSERVED)):
            result.outcome = outcome
        return outcome

    def meeting_afterwards(self, v: int) -> Process:
        """Business done, a willing prime meets a free RM, waits for one, or leaves with a name card (L08-L10)."""
        visit, result = self.visits[v], self.results[v]
        line = self.rm_line(v)
        if not self.free_rm(line):
            rms = sum(server.on and self.can(server, 3 * RM) for server in self.servers)
            ahead = sum(self.present(waiting) for waiting in range(3 * RM, len(self.lines)))
            if not rule.waits_for_rm(self.rules, visit.wait_uniform, ahead, rms):
                result.name_card, result.lead = 1, visit.phone
                return
            result.waited = 1
        yield from self.meeting(v, line, visit.meeting_patience_min)

    def step(self, v: int, line: int, patience: float) -> Generator[simpy.Event, Any, int]:
        """One step: take a ticket, wait, be served; returns how it ended for the visitor."""
        now = self.env.now
        key = rule.ticket_key(self.rules, now, int(rule.station_of(line)), int(rule.class_of_line(line)))
        ticket = Ticket(v, line, now, key, now + patience, self.env.event(), self.env.event())
        self.lines[line].append(ticket)
        self.ask(DISPATCH)
        if self.closed:
            self.ask(SENDING)
        if patience < inf:
            yield ticket.turn | Alarm(self.env, patience, RENEGE)
            if not ticket.turn.triggered:
                ticket.present = False
                self.results[v].left = self.env.now
                return ABANDONED
        outcome: int = yield ticket.done
        return outcome

    def rm_line(self, v: int) -> int:
        """Line in which a visitor finds an RM."""
        visit, result = self.visits[v], self.results[v]
        owner = visit.owner
        comes = owner >= 0 and self.roster.here_until[owner] > self.env.now and self.can(self.servers[owner], 3 * RM)
        return int(rule.rm_line(self.rules, visit.appointment, result.believed, owner, bool(comes)))

    # ----------------------------------------------------------------------------------------- staff

    def duty(self, server: Server) -> Process:
        """A member comes on duty and goes off: at breaks, at the end of the shift, after closing when all are out."""
        floor = self.floor
        changes = [
            (Alarm(self.env, float(floor.change_min[i]), DUTY + server.number), float(floor.change_until[i]))
            for i in range(floor.change_min.size)
            if floor.change_staff[i] == server.number and floor.change_shift[i] == self.roster.shift[server.number]
        ]
        for alarm, until in changes:
            yield alarm
            if until >= 0.0:
                server.on, server.duty_end = True, until
                if not server.busy:
                    server.since = self.env.now
                self.ask(DISPATCH)
            elif self.env.now < self.rules.opening_min or self.rules.after_closing == rule.SEND_AWAY:
                server.on = False
                if server.ticket is not None and self.rules.shift_end != rule.FINISH:
                    assert server.service is not None
                    server.service.interrupt()
            self.ask(DESK_LEFT)

    def serve(self, server: Server, ticket: Ticket, minutes: float) -> Process:
        """A server works for a visitor, unless the member's duty ends first and the customer is not finished."""
        started, end = self.env.now, self.env.now + minutes
        outcome = SERVED
        try:
            yield Alarm(self.env, minutes, END + server.number)
        except simpy.Interrupt:
            outcome = HANDED_OVER if self.rules.shift_end == rule.HAND_OVER else CUT_OFF
        now = self.env.now
        self.last = max(self.last, now)
        self.record(ticket, started, started, now, server.number, outcome)
        server.ticket, server.since = None, now
        if outcome == HANDED_OVER:
            ticket.joined, ticket.leaves, ticket.rest = now, inf, end - now
            ticket.line = int(rule.colleague_line(ticket.line))
            self.lines[ticket.line].appendleft(ticket)
            if self.closed:
                self.ask(SENDING)
        else:
            ticket.done.succeed(outcome)
        self.ask(DISPATCH)

    def call(self, server: Server, task: int) -> Process:
        """An idle member does one outreach task."""
        self.task_start[task] = self.env.now
        yield Alarm(self.env, float(self.tasks.minutes[task]), END + server.number)
        server.task, server.since = -1, self.env.now
        self.ask(DISPATCH)

    def minutes(self, server: Server, ticket: Ticket) -> float:
        """Minutes of the service that begins now, and what is decided at its start: nod, belief, pitch."""
        visit, result = self.visits[ticket.visit], self.results[ticket.visit]
        station = int(rule.station_of(ticket.line))
        now = self.env.now
        if station == RM:
            result.rm_staff = server.number
        elif station != DESK:
            result.teller = server.number
        if ticket.rest >= 0.0:
            return ticket.rest
        if station == DESK:
            waiting = sum(len(self.lines[3 * DESK + cls]) for cls in range(3))
            nod = rule.only_a_nod(self.rules, waiting, self.managers())
            if not nod:
                result.triaged, result.believed = 1, visit.looks_prime | visit.shows_prime
            return float(rule.triage_minutes(self.rules, visit.triage_min, nod, result.believed))
        if station == RM:
            result.rm_called = result.rm_start = now
            return float(visit.meeting_min)
        result.called = result.start = now
        if station == MACHINE:
            return float(visit.machine_min)
        waiting = sum(self.present(3 * station + cls) for cls in range(3))
        if visit.pitch and rule.pitches(self.rules, 1, waiting):
            result.pitched, result.referred = 1, visit.recognised
            return float(visit.counter_min + self.rules.pitch_min)
        return float(visit.counter_min)

    # ------------------------------------------------------------------- the dispatcher and the clock

    def ask(self, what: int) -> None:
        """Ask for a look at the end of this minute: by the dispatcher, at the desk, or to send away. Once is enough."""
        if what not in self.asked:
            self.asked.add(what)
            look = {DISPATCH: self.dispatch, DESK_LEFT: self.desk_left, SENDING: self.send_away}[what]
            self.env.process(self.look(what, look))

    def look(self, what: int, look: Any) -> Process:
        yield Alarm(self.env, 0.0, what)
        self.asked.discard(what)
        look()

    def dispatch(self) -> None:
        """Free servers, longest idle first, each take their best ticket, or else an outreach task that fits."""
        free = sorted((s for s in self.servers if s.on and not s.busy), key=lambda s: (s.since, s.number))
        for server in free:
            ticket = self.next_ticket(server)
            if ticket is not None:
                begun = ticket.rest >= 0.0  # by a colleague, who handed over what was left
                minutes = self.minutes(server, ticket)
                if not begun:
                    minutes /= float(self.roster.speed[server.number])
                server.ticket = ticket
                if not ticket.turn.triggered:
                    ticket.turn.succeed()
                server.service = self.env.process(self.serve(server, ticket, minutes))
                continue
            for task in server.leftovers:
                hours = (self.tasks.call_from_min, self.tasks.call_until_min)
                if rule.task_fits(self.env.now, float(self.tasks.minutes[task]), server.duty_end, *hours):
                    server.leftovers.remove(task)
                    server.task = task
                    self.env.process(self.call(server, task))
                    break

    def next_ticket(self, server: Server) -> Ticket | None:
        """Best ticket of the server's lines (rank, key, visit) whose owner is there; the others are called off."""
        floor, row = self.floor, server.row
        while True:
            fronts = [
                (int(floor.places[n]["rank"]), ticket.key, ticket.visit, ticket)
                for n in range(floor.row_first[row], floor.row_first[row + 1])
                if (line := self.lines[floor.places[n]["line"]])
                for ticket in (line[0],)
            ]
            if not fronts:
                return None
            ticket: Ticket = min(fronts, key=lambda x: x[:3])[3]
            self.lines[ticket.line].popleft()
            if ticket.present:
                return ticket
            self.called_in_vain(ticket, self.env.now)

    def called_in_vain(self, ticket: Ticket, now: float) -> None:
        """The visitor has left: the wait until this call is the virtual wait."""
        self.record(ticket, now, nan, ticket.leaves, -1, ABANDONED)
        self.note_call(ticket, now)

    def note_call(self, ticket: Ticket, called: float) -> None:
        result = self.results[ticket.visit]
        if rule.station_of(ticket.line) == RM:
            if result.rm_staff < 0:
                result.rm_called = called
        elif result.teller < 0:
            result.called = called

    def desk_left(self) -> None:
        """Nobody left at the desk: who waits there takes a ticket."""
        if self.managers() > 0:
            return
        for line in range(3 * DESK, 3 * DESK + 3):
            while self.lines[line]:
                ticket = self.lines[line].popleft()
                self.record(ticket, nan, nan, self.env.now, -1, SKIPPED)
                ticket.done.succeed(SKIPPED)

    def closing(self) -> Process:
        """The doors close: all are served, or who still waits is sent away."""
        yield Alarm(self.env, self.rules.opening_min, CLOSING)
        if self.rules.after_closing == rule.SEND_AWAY:
            self.closed = True
            self.ask(SENDING)

    def calling_hours(self) -> Process:
        """The minute from which customers may be called."""
        yield Alarm(self.env, self.tasks.call_from_min, CLOSING)
        self.ask(DISPATCH)

    def send_away(self) -> None:
        """Everybody who still waits leaves unserved."""
        self.turn_out(self.env.now)

    def turn_out(self, now: float) -> None:
        for line in self.lines:
            while line:
                ticket = line.popleft()
                if ticket.leaves <= now:
                    self.called_in_vain(ticket, now)
                    continue
                self.record(ticket, nan, nan, now, -1, UNSERVED)
                self.note_call(ticket, nan)
                visit, result = self.visits[ticket.visit], self.results[ticket.visit]
                if rule.station_of(ticket.line) == RM:
                    result.rm_outcome = UNSERVED
                    if visit.station == RM or result.rm_first:
                        result.outcome = UNSERVED
                else:
                    result.outcome = UNSERVED
                result.left = now
                if not ticket.turn.triggered:
                    ticket.turn.succeed()
                ticket.done.succeed(UNSERVED)

    # --------------------------------------------------------------------------------------- counting

    def can(self, server: Server, line: int) -> bool:
        return bool(self.floor.can[server.row, line])

    def managers(self) -> int:
        """Lobby managers on duty."""
        return sum(server.on and self.can(server, 3 * DESK + ORDINARY) for server in self.servers)

    def free_rm(self, line: int) -> bool:
        """Whether an RM who serves the line is on duty and free."""
        return any(server.on and not server.busy and self.can(server, line) for server in self.servers)

    def present(self, line: int) -> int:
        """Visitors of a line who are still there."""
        return sum(ticket.present for ticket in self.lines[line])

    def record(self, ticket: Ticket, called: float, start: float, end: float, staff: int, outcome: int) -> None:
        station, cls = int(rule.station_of(ticket.line)), int(rule.class_of_line(ticket.line))
        times = (ticket.joined, called, start, end)
        self.steps.append((*times, self.first + ticket.visit, staff, -1, station, cls, outcome))


def run_day(p: LobbyParams, roster: Roster, visits: Visits, tasks: Tasks, log: DayLog, day: int) -> DayLog:
    """One lobby day; returns the log with the day's visits and steps appended (the same as ``fast.run_day``)."""
    told = Day(p, roster, visits, tasks, log, day)
    told.env.run()
    told.turn_out(told.last)
    n_visits, n_steps = len(told.visits), len(told.steps)
    log = grow_log(log, n_visits, n_steps, tasks.minutes.size)
    first, first_step = log.n[VISITS], log.n[STEPS]
    for v, result in enumerate(told.results):
        log.visits[first + v] = tuple(getattr(result, name) for name in RESULT.names or ())
    log.steps[first_step : first_step + n_steps] = np.array(told.steps, STEP)
    log.started[: tasks.minutes.size] = told.task_start
    log.closed[0] = told.last
    log.n[[FIRST_VISIT, VISITS, FIRST_STEP, STEPS]] = first, first + n_visits, first_step, first_step + n_steps
    return log


__all__ = ["CASH", "NONCASH", "Day", "run_day"]
