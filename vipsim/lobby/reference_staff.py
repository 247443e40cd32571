"""The reference engine, second half: what staff do with visitors, told as methods of the day.

Minutes of a step, what is decided at its start and at its end, and what the same member goes on with. The visitors'
own way is in ``reference.py``.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

from vipsim.lobby import rules as rule
from vipsim.lobby.arrays import DayLog, Roster, Tasks, Visits
from vipsim.lobby.jobs import (
    ABANDONED,
    ACTIVATE,
    BALKED,
    BY_ASSISTANT,
    BY_CARD,
    BY_MANAGER,
    BY_MEMORY,
    BY_SECOND_LOOK,
    BY_TELLER,
    CASH,
    CASH_BUSINESS,
    DESK,
    DONE,
    ESCORT,
    FAILED,
    FAREWELL,
    GUARD,
    HELP_FORM,
    HELPED,
    LEFT_WAITING,
    LOOK,
    LOOK_AND_FORM,
    LOOKS,
    MACHINE,
    MEETING,
    NONCASH_BUSINESS,
    NONE,
    PASSED,
    PICK_UP,
    PICK_UP_MISSED,
    PITCH,
    RECEIVE,
    RETURNED,
    RM,
    SCREEN,
    SELF_SERVICE,
    SENT_AWAY,
    SERVED,
    SIGN_UP,
    SIGNAL_MISSED,
    TEACH,
    TEST,
    UNSERVED,
    WITHDRAWN,
)
from vipsim.lobby.params import LOBBY_ASSISTANT, LobbyParams
from vipsim.lobby.process import BY_TELLER_HIMSELF
from vipsim.lobby.reference_floor import (
    DISPATCH,
    QUEUE,
    Floor,
    Server,
    Ticket,
)

_TYPE_D = 3
_BUSINESS = (SELF_SERVICE, CASH_BUSINESS, NONCASH_BUSINESS)


class Work(Floor):
    """The work of one day; ``reference.Day`` tells where visitors go."""

    def __init__(self, p: LobbyParams, roster: Roster, visits: Visits, tasks: Tasks, log: DayLog, day: int) -> None:
        super().__init__(p, roster, visits, tasks, log, day)
        self.escorts: dict[int, Ticket] = {}  # of visitors led away from a line

    # What the story adds.
    def choose_way(self, v: int) -> int:
        raise NotImplementedError

    def rm_line(self, v: int) -> int:
        raise NotImplementedError

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
