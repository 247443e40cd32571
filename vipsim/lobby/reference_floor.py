"""The floor of the reference engine: lines, servers, the dispatcher and the clock; the visitors' story is reference.py.

What happens at the same minute has a declared order, given to SimPy as priorities: ends of service (by server),
reneging, duty changes (by member), the desk left alone, closing, arrivals (by visit), visitors due for a second look,
the end of a helper's time, sending away, and last of all the dispatcher, who looks at everything once.

Nothing is drawn here and no logarithm is taken: minutes and choices come with the visits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf, nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import simpy
from simpy.events import EventPriority

from vipsim.lobby import rules as rule
from vipsim.lobby.arrays import DayLog, Roster, Tasks, Visits
from vipsim.lobby.jobs import (
    ABANDONED,
    CASH,
    CHANCE,
    CUT_OFF,
    DESK,
    ERRANDS,
    FIRST_OWN,
    HANDED_OVER,
    LOOKS,
    NONCASH,
    ORDINARY,
    RM,
    SERVED,
    SKIPPED,
    UNSERVED,
    VISIT,
    VISITS,
)
from vipsim.lobby.params import LobbyParams

Process = Generator[simpy.Event, Any, None]
Ended = Generator[simpy.Event, Any, int]
"""A part of a visit that tells how it ended."""

# Priorities of what happens at the same minute; SimPy's own events (0 and 1) come before all.
_APART = 1_000_000_000
END, RENEGE, DUTY, DESK_LEFT, CLOSING, ARRIVAL, SECOND_LOOK, HELP_OVER, SENDING, DISPATCH = (
    _APART * i for i in range(1, 11)
)
QUEUE = 3 * DESK + ORDINARY  # the line of those who come to the desk


class Alarm(simpy.Event):
    """An event that happens by itself after some minutes, in its place among those of the same minute."""

    def __init__(self, env: simpy.Environment, minutes: float, priority: int) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, EventPriority(priority), minutes)


@dataclass
class Ticket:
    """A visitor's place in a line. Who gives up leaves the ticket in the line: its number is called in vain.

    Second looks and errands are tickets too, which a lobby manager takes up while the visitor is elsewhere.
    """

    number: int
    visit: int
    line: int
    activity: int
    joined: float
    key: float
    leaves: float
    turn: simpy.Event  # called to a server
    done: simpy.Event  # the server has finished; the value is the outcome
    waits: bool = True  # in a line
    present: bool = True
    rest: float = -1.0  # minutes left of a service handed over
    with_rm: bool = False  # an RM stays with the visitor (L13)
    about: Ticket | None = None  # of a second look: the ticket of the visitor who waits
    talker: Server | None = None  # who has a second look at the visitor
    ended: bool = False  # a second look that ended because the visitor was called


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
    goes_along: bool = False  # an RM who stays with a customer at the counter
    service: simpy.Process | None = None
    leftovers: list[int] = field(default_factory=list)  # own outreach tasks not yet taken up

    @property
    def busy(self) -> bool:
        return self.ticket is not None or self.task >= 0 or self.goes_along


class Floor:
    """Lines and servers of one day; ``reference.Day`` tells what visitors do."""

    def __init__(self, p: LobbyParams, roster: Roster, visits: Visits, tasks: Tasks, log: DayLog, day: int) -> None:
        self.env = simpy.Environment()
        self.rules, self.process, self.floor = p.rules, p.process, p.floor
        self.role = [int(x) for x in p.staffing.role] + [-1] * (p.floor.servers - p.floor.staff)
        self.roster, self.tasks = roster, tasks
        self.visits = _told(visits.rows[: visits.n[0]], VISIT)
        chance = visits.chance[: visits.n[0]] if p.process is not None else np.zeros(visits.n[0], CHANCE)
        self.chances = _told(chance, CHANCE)
        self.results = [self.newcomer(v, day) for v in range(len(self.visits))]
        self.steps: list[tuple[Any, ...]] = []
        self.first = int(log.n[VISITS])
        self.task_start = [nan] * tasks.minutes.size
        self.lines: list[deque[Ticket]] = [deque() for _ in range(p.floor.lines)]
        self.servers = [Server(s, int(roster.row[s])) for s in range(p.floor.servers)]
        self.helper: Server | None = None
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

    # What the story adds.
    def newcomer(self, v: int, day: int) -> SimpleNamespace:
        raise NotImplementedError

    def visitor(self, v: int) -> Process:
        raise NotImplementedError

    def begin(self, server: Server, ticket: Ticket) -> float:
        raise NotImplementedError

    def goes_on(self, server: Server, ticket: Ticket) -> tuple[Ticket, float] | None:
        raise NotImplementedError

    def finished(self, server: Server, ticket: Ticket, outcome: int) -> int:
        raise NotImplementedError

    def given_up(self, ticket: Ticket, outcome: int) -> None:
        raise NotImplementedError

    # ---------------------------------------------------------------------------------------- tickets

    def ticket(self, number: int, v: int, line: int, activity: int, patience: float) -> Ticket:
        """A new ticket of a line, not yet in it."""
        now = self.env.now
        key = rule.ticket_key(self.rules, now, int(rule.station_of(line)), int(rule.class_of_line(line)))
        return Ticket(number, v, line, activity, now, key, now + patience, self.env.event(), self.env.event())

    def step(
        self, v: int, line: int, activity: int, patience: float, with_rm: bool = False
    ) -> Generator[simpy.Event, Any, tuple[int, int]]:
        """One step: take a ticket, wait, be served; returns how it ended for the visitor, and in which activity."""
        ticket = self.ticket(v, v, line, activity, patience)
        ticket.with_rm = with_rm
        self.lines[line].append(ticket)
        self.ask(DISPATCH)
        if self.closed:
            self.ask(SENDING)
        self.joined(ticket)
        if patience < inf:
            yield ticket.turn | Alarm(self.env, patience, RENEGE)
            if not ticket.turn.triggered:
                ticket.present = False
                self.given_up(ticket, ABANDONED)
                self.results[v].left = self.env.now
                return ABANDONED, ticket.activity
        outcome: int = yield ticket.done
        return outcome, ticket.activity

    def joined(self, ticket: Ticket) -> None:
        """Something follows from a place in a line (the story says what)."""

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
        """A server works for a visitor, step by step, unless the member's duty ends first."""
        while True:
            started, end = self.env.now, self.env.now + minutes
            outcome = SERVED
            try:
                yield Alarm(self.env, minutes, END + server.number)
            except simpy.Interrupt:
                hands_over = self.rules.shift_end == rule.HAND_OVER and ticket.line not in (LOOKS, ERRANDS)
                outcome = HANDED_OVER if hands_over else CUT_OFF
            if ticket.ended:
                return
            self.last = max(self.last, self.env.now)
            self.record(ticket, started, started, self.env.now, server.number, outcome)
            if outcome != SERVED:
                break
            server.ticket = None  # who received a visitor at the desk may be the free RM, too
            following = self.goes_on(server, ticket)
            if following is None:
                break
            ticket, minutes = following
            ticket.joined = self.env.now
            server.ticket = ticket
        now = self.env.now
        server.ticket, server.since = None, now
        if outcome == HANDED_OVER:
            ticket.joined, ticket.leaves, ticket.rest, ticket.waits = now, inf, end - now, True
            ticket.line = int(rule.colleague_line(ticket.line))
            self.lines[ticket.line].appendleft(ticket)
            if self.closed:
                self.ask(SENDING)
        else:
            ticket.done.succeed(self.finished(server, ticket, outcome))
        self.ask(DISPATCH)

    def end_talk(self, server: Server) -> None:
        """The visitor was called in the middle of a second look: the manager is free, the effect is lost."""
        talk = server.ticket
        assert talk is not None
        talk.ended = True
        self.last = max(self.last, self.env.now)
        self.record(talk, talk.joined, talk.joined, self.env.now, server.number, CUT_OFF)
        server.ticket, server.since = None, self.env.now
        self.ask(DISPATCH)

    def call(self, server: Server, task: int) -> Process:
        """An idle member does one outreach task."""
        self.task_start[task] = self.env.now
        yield Alarm(self.env, float(self.tasks.minutes[task]), END + server.number)
        server.task, server.since = -1, self.env.now
        self.ask(DISPATCH)

    def leave_customer(self, server: Server) -> None:
        """An RM who went along to the counter is free again."""
        server.goes_along, server.since = False, self.env.now
        self.ask(DISPATCH)

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
        for server in self.free():
            ticket = self.next_ticket(server)
            if ticket is not None:
                self.overtake(server, ticket)
                if ticket.talker is not None:
                    self.end_talk(ticket.talker)
                    ticket.talker = None
                minutes = self.begin(server, ticket)
                server.ticket, ticket.waits = ticket, False
                if ticket.line in (LOOKS, ERRANDS):
                    ticket.joined = self.env.now
                if not ticket.turn.triggered:
                    ticket.turn.succeed()
                server.service = self.env.process(self.serve(server, ticket, minutes))
                continue
            if server is self.helper:
                continue
            for task in server.leftovers:
                hours = (self.tasks.call_from_min, self.tasks.call_until_min)
                if rule.task_fits(self.env.now, float(self.tasks.minutes[task]), server.duty_end, *hours):
                    server.leftovers.remove(task)
                    server.task = task
                    self.env.process(self.call(server, task))
                    break
        if self.process is not None:
            self.escalate()

    def free(self) -> list[Server]:
        """Free servers, longest idle first."""
        return sorted((s for s in self.servers if s.on and not s.busy), key=lambda s: (s.since, s.number))

    def escalate(self) -> None:
        """The desk is swamped: an idle member of the named role helps out there for some minutes (L02)."""
        if self.helper is not None or len(self.lines[QUEUE]) <= self.process.help_above:
            return
        for server in self.free():
            if self.role[server.number] == self.process.helper_role and not self.can(server, QUEUE):
                self.helper = server
                server.row = self.floor.row_first.size - 2
                Alarm(self.env, float(self.process.help_min), HELP_OVER).callbacks.append(self.help_is_over)
                self.ask(DISPATCH)
                return

    def help_is_over(self, _: Any) -> None:
        assert self.helper is not None
        self.helper.row = int(self.roster.row[self.helper.number])
        self.helper = None
        self.ask(DISPATCH)

    def next_ticket(self, server: Server) -> Ticket | None:
        """Best ticket of the server's lines (rank, key, number) whose owner is there; the others are called off."""
        floor, row = self.floor, server.row
        while True:
            fronts = [
                (self.rank(int(floor.places[n]["rank"]), ticket), ticket.key, ticket.number, ticket)
                for n in range(floor.row_first[row], floor.row_first[row + 1])
                if (line := self.lines[floor.places[n]["line"]])
                for ticket in (line[0],)
            ]
            if not fronts:
                return None
            ticket: Ticket = min(fronts, key=lambda x: x[:3])[3]
            self.lines[ticket.line].popleft()
            ticket.waits = False
            if ticket.line == LOOKS:
                about = ticket.about
                assert about is not None
                if about.waits and about.present and about.rest < 0.0:
                    return ticket
            elif ticket.line == ERRANDS:
                if ticket.leaves >= self.env.now:
                    return ticket
            elif ticket.present:
                return ticket
            else:
                self.called_in_vain(ticket, self.env.now)

    def rank(self, rank: int, ticket: Ticket) -> int:
        if self.process is None:
            return rank
        station, cls = int(rule.station_of(ticket.line)), int(rule.class_of_line(ticket.line))
        return int(rule.rank_now(self.process, rank, station, cls, self.env.now - ticket.joined))

    def overtake(self, server: Server, ticket: Ticket) -> None:
        """Those of a lower class who came earlier see it (L15)."""
        station, cls = int(rule.station_of(ticket.line)), int(rule.class_of_line(ticket.line))
        if self.process is None or station not in (CASH, NONCASH):
            return
        window = self.process.window and server.number < self.floor.staff and self.roster.special[server.number]
        for line in range(3 * station + cls + 1, 3 * station + 3):
            for other in self.lines[line]:
                if other.present and other.joined < ticket.joined:
                    result = self.results[other.visit]
                    result.overtaken += 0 if window else 1
                    result.overtaken_by_window += 1 if window else 0

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
        """Nobody left at the desk: who waits there takes a ticket, or is met by nobody."""
        if self.managers() > 0:
            return
        for line in range(3 * DESK, 3 * DESK + 3):
            while self.lines[line]:
                ticket = self.lines[line].popleft()
                ticket.waits = False
                if not ticket.present:
                    self.called_in_vain(ticket, self.env.now)
                    continue
                self.record(ticket, nan, nan, self.env.now, -1, SKIPPED)
                if not ticket.turn.triggered:
                    ticket.turn.succeed()
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
                ticket.waits = False
                if ticket.line in (LOOKS, ERRANDS):
                    continue
                if ticket.leaves <= now:
                    self.called_in_vain(ticket, now)
                    continue
                self.record(ticket, nan, nan, now, -1, UNSERVED)
                self.note_call(ticket, nan)
                self.given_up(ticket, UNSERVED)
                self.results[ticket.visit].left = now
                if not ticket.turn.triggered:
                    ticket.turn.succeed()
                ticket.done.succeed(UNSERVED)

    # --------------------------------------------------------------------------------------- counting

    def can(self, server: Server, line: int) -> bool:
        return bool(self.floor.can[server.row, line])

    def managers(self) -> int:
        """Members on duty whose post is the desk."""
        staff = self.servers[: self.floor.staff]
        return sum(s.on and bool(self.floor.can[self.roster.row[s.number], QUEUE]) for s in staff)

    def rms(self) -> int:
        """Members on duty who meet customers."""
        staff = self.servers[: self.floor.staff]
        return sum(s.on and bool(self.floor.can[self.roster.row[s.number], 3 * RM]) for s in staff)

    def free_rm(self, line: int) -> bool:
        """Whether an RM who serves the line is on duty and free."""
        return any(server.on and not server.busy and self.can(server, line) for server in self.servers)

    def present(self, *lines: int) -> int:
        """Visitors of some lines who are still there."""
        return sum(ticket.present for line in lines for ticket in self.lines[line])

    def at_counter(self, station: int) -> int:
        """Visitors who wait at a counter."""
        return self.present(3 * station, 3 * station + 1, 3 * station + 2)

    def waiting_for_rm(self) -> int:
        """Visitors who wait for an RM."""
        return self.present(3 * RM, 3 * RM + 1, 3 * RM + 2, 15, *range(FIRST_OWN, len(self.lines)))

    def record(self, ticket: Ticket, called: float, start: float, end: float, staff: int, outcome: int) -> None:
        station, cls = int(rule.station_of(ticket.line)), int(rule.class_of_line(ticket.line))
        rm = self.results[ticket.visit].rm_staff if ticket.with_rm else -1
        times = (ticket.joined, called, start, end)
        self.steps.append((*times, self.first + ticket.visit, staff, rm, station, ticket.activity, cls, outcome))


def _told(rows: Any, dtype: np.dtype[Any]) -> list[SimpleNamespace]:
    return [SimpleNamespace(**dict(zip(dtype.names or (), row.item(), strict=True))) for row in rows]
