# mypy: allow-untyped-calls
"""One replication: the branch's months and days, from the opening book to the end of the run-off.

The story: a run-in under today's policy, the opening (the cohort is fixed), the window under the scenario's policy,
a run-off under today's policy again. A month opens with one pass over the book that dates what may happen; every day
has a morning (what is dated), a lobby day with the day's outreach, an evening (effects) and a night (averages); the
month closes with re-grading and the accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from vipsim import draws
from vipsim.branch import Branch, Crew, make_branch, make_crew, with_room
from vipsim.calendar import Days, calendar_days, month_starts, weekday_numbers
from vipsim.customers.book import Book, opening
from vipsim.customers.lifecycle import observe_hazards
from vipsim.customers.ownership import Team, divide_book
from vipsim.days import next_open_days, run_compiled, run_reference
from vipsim.draws import Address
from vipsim.incentives import ask_rate
from vipsim.lobby.jobs import begin as begin_log
from vipsim.lobby.jobs import make_visits
from vipsim.lobby.params import LobbyParams, make_day_log, params
from vipsim.lobby.visits import day_weights
from vipsim.measure import Measured, kpis
from vipsim.month import Census, Month, Policy, census, close_month, fix_cohort, open_month, policy_of, team_of
from vipsim.month import terminal_value as value_of_what_stays
from vipsim.record import Recorder
from vipsim.scenario.files import policy_today
from vipsim.scenario.schema import Scenario
from vipsim.tally import RUN_IN, RUN_OFF, WINDOW

if TYPE_CHECKING:
    import pyarrow as pa

Engine = Literal["compiled", "simpy"]
_ENGINES: dict[str, Callable[..., Any]] = {"compiled": run_compiled, "simpy": run_reference}
_DO_NOT_CALL = 1  # number of the draw of a customer's wish not to be called (stream CONTACT, time 0)


@dataclass(frozen=True)
class Outcome:
    """What a replication gives: KPIs by name (nan = nothing to average), raw samples, and tables when recorded.

    ``samples``: minutes waited by class in the window, for quantiles over several replications.
    """

    kpis: dict[str, float]
    samples: dict[str, np.ndarray]
    tables: dict[str, pa.Table] = field(default_factory=dict)


class World(NamedTuple):
    """All that is the same in every replication of a scenario."""

    days: Days
    starts: np.ndarray  # int32 [months + 1]
    phases: np.ndarray  # int64 [months]
    next_open: np.ndarray
    lobby: tuple[LobbyParams, LobbyParams]  # under today's policy, under the scenario's
    policy: tuple[Policy, Policy] | None  # None: a lobby without a book
    team: tuple[Team, Team] | None
    crew: tuple[Crew, Crew]
    book: Book
    customers: int
    ids: Any


def _calendar(scenario: Scenario) -> tuple[Days, np.ndarray, np.ndarray]:
    c = scenario.calendar
    lengths = (c.run_in_months, c.window_months, c.run_off_months)
    starts = month_starts(c.start_date, sum(lengths))
    days = calendar_days(
        c.start_date,
        int(starts[-1]),
        c.country,
        weekday_numbers(c.open_weekdays),
        c.extra_open_days,
        c.extra_closed_days,
    )
    return days, starts, np.repeat((RUN_IN, WINDOW, RUN_OFF), lengths)


@lru_cache(maxsize=4)
def _opening_book(today_json: str) -> tuple[Book, Any]:
    """The opening book under today's policy: drawn or read once, copied by every replication."""
    return opening(Scenario.model_validate_json(today_json))


def _both(scenario: Scenario, today: Scenario, make: Callable[[Scenario], Any]) -> tuple[Any, Any]:
    return make(today), make(scenario)


def _lobby_of(scenario: Scenario) -> LobbyParams:
    asks = ask_rate(scenario.incentives) if scenario.incentives is not None else 0.0
    return params(scenario, ask_share=asks)


@lru_cache(maxsize=8)
def _world(scenario_json: str) -> World:
    scenario = Scenario.model_validate_json(scenario_json)
    today = policy_today(scenario)
    days, starts, phases = _calendar(scenario)
    lobby = _both(scenario, today, _lobby_of)
    has_book = scenario.book.source != "none"
    book, ids = _opening_book(today.model_dump_json())
    open_days_per_year = float(days.open.sum()) * 365.25 / days.open.size
    return World(
        days=days,
        starts=starts,
        phases=phases,
        next_open=next_open_days(days.open),
        lobby=lobby,
        policy=_both(scenario, today, lambda s: policy_of(s, open_days_per_year)) if has_book else None,
        team=_both(scenario, today, team_of) if has_book else None,
        crew=tuple(make_crew(lobby[n], s) for n, s in enumerate((today, scenario))),  # type: ignore[arg-type]
        book=book,
        customers=int(np.count_nonzero(book.is_customer())),
        ids=ids,
    )


class _Run:
    """A replication in progress."""

    def __init__(self, scenario: Scenario, world: World, address: Address, engine: Engine, record: bool) -> None:
        self.scenario = scenario
        self.world = world
        self.address = address
        self.run_days = _ENGINES[engine]
        self.branch: Branch = make_branch(world.book, world.customers, int(world.starts[-1]))
        self.visits = make_visits()
        self.recorder = Recorder(scenario, world, record)
        self.opening: Census | None = None
        self.closing: Census | None = None
        self.logs: dict[int, Any] = {}

    def month(self, index: int) -> Month:
        """The calendar month with its days' expected demand."""
        first, after = int(self.world.starts[index]), int(self.world.starts[index + 1])
        days = Days(*(column[first:after] for column in self.world.days))
        weights = np.empty(after - first)
        day_weights(self.world.lobby[0], self.address, first, days, weights)
        return Month(index, first, after - first, int(days.month[0]) // 3, weights)

    def settings(self, phase: int) -> int:
        """Which of the two policies holds: the scenario's in the window, today's before and after."""
        return 1 if phase == WINDOW else 0

    def begin(self) -> None:
        """The first day: wishes are fixed, owners found for the assigned, hazards scaled."""
        if self.world.policy is None:
            return
        state = self.branch.state
        policy, team = self.world.policy[0], self.world.team[0]  # type: ignore[index]
        address = self.address
        u = draws.uniform(
            address.seed, address.replication, draws.CONTACT, address.branch, 0, np.arange(state.book.size), _DO_NOT_CALL
        )
        state.do_not_call[:] = u < policy.outreach.do_not_call_share
        divide_book(state, address, policy.ownership, team, self.world.customers, True)
        fix_cohort(state, policy, 0)
        observe_hazards(state, policy.hazards, int(state.next_prospect[0]), 0)

    def change_policy(self, phase: int, day: int) -> None:
        """A phase begins; at the opening of the window the cohort is fixed and the hazards are scaled."""
        state = self.branch.state
        state.phase[0] = phase
        if self.world.policy is None:
            return
        today = self.world.policy[0]
        if phase == WINDOW:
            fix_cohort(state, today, day)
            observe_hazards(state, today.hazards, int(state.next_prospect[0]), day)
            self.opening = census(state, today, day)
        now = self.settings(phase)
        policy, team = self.world.policy[now], self.world.team[now]  # type: ignore[index]
        divide_book(state, self.address, policy.ownership, team, int(state.next_prospect[0]), False)

    def run_month(self, index: int) -> None:
        """Opening, days, closing."""
        world = self.world
        phase = int(world.phases[index])
        now = self.settings(phase)
        month = self.month(index)
        if index == 0:
            self.begin()
        if index == 0 or phase != world.phases[index - 1]:
            self.change_policy(phase, month.first_day)
        self.branch = with_room(self.branch)
        log = self.logs.get(now) or make_day_log(world.lobby[now])
        begin_log(log)
        if world.policy is None:
            self.visits, log = self.recorder.lobby_days(self, month, now, log)
        else:
            policy, team = world.policy[now], world.team[now]  # type: ignore[index]
            open_month(self.branch.state, self.branch.agenda, policy, self.address, team, month)
            self.visits, log = self.run_days(
                self.branch, policy, world.lobby[now], world.crew[now], team, self.address, month, world.next_open,
                self.visits, log,
            )  # fmt: skip
            close_month(self.branch.state, policy, self.address, month)
        self.logs[now] = log
        self.recorder.month(self.branch.state, phase, now, log)
        if phase == WINDOW and (index + 1 == world.phases.size or world.phases[index + 1] != WINDOW):
            self.end_window(month.first_day + month.days)

    def end_window(self, day: int) -> None:
        """The end of the window: the book is counted."""
        if self.world.policy is not None:
            self.closing = census(self.branch.state, self.world.policy[0], day)


