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
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from vipsim import draws
from vipsim import tally as t
from vipsim.branch import Branch, Crew, make_branch, make_crew, with_room
from vipsim.calendar import Days, weekend_of
from vipsim.campaigns.results import campaign_kpis, campaign_tables
from vipsim.campaigns.rules import Campaigns, fresh, make_campaigns, names_on
from vipsim.campaigns.tasks import make_funnel
from vipsim.customers.book import EBANK_ACTIVE, EXITED, PROSPECT, Book, opening
from vipsim.customers.lifecycle import better_level, observe_hazards, resume_notices
from vipsim.customers.ownership import Team, as_staffed, divide_book, lobby_duty_share
from vipsim.customers.state import opening_rows
from vipsim.customers.survey import said
from vipsim.customers.swings import file_swings
from vipsim.days import (
    next_open_days,
    run_compiled,
    run_reference,
)
from vipsim.draws import Address
from vipsim.horizon import horizon
from vipsim.incentives import ask_rate
from vipsim.lobby.arrays import begin as begin_log
from vipsim.lobby.arrays import make_visits
from vipsim.lobby.demand import day_weights
from vipsim.lobby.params import LobbyParams, make_day_log, params
from vipsim.measure import Measured, kpis
from vipsim.month import Census, Month, census, close_month, fix_cohort, open_month, policy_of, team_of
from vipsim.month import terminal_value as value_of_what_stays
from vipsim.month_opening import set_levels
from vipsim.outreach.triggers import PHONE
from vipsim.record import Recorder
from vipsim.scenario.files import policy_today
from vipsim.scenario.schema import Scenario
from vipsim.scenario.staff import ROLES
from vipsim.tally import WINDOW
from vipsim.turnover import burnout, file_worn
from vipsim.upkeep import information_share, raised_by_tellers, system_users

if TYPE_CHECKING:
    import pyarrow as pa

Engine = Literal["compiled", "simpy"]
_ENGINES: dict[str, Callable[..., Any]] = {"compiled": run_compiled, "simpy": run_reference}
_DO_NOT_CALL, _BIRTHDAY = 1, 2  # numbers of the draws of a customer's wish and birthday (stream CONTACT, time 0)
_PILOT = 4_000_000_000  # replication of the pilot, apart from all others
_START = np.array([0.9, 0.9])  # level of hazards from which the pilot starts


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
    demand: np.ndarray  # float64 [days]: expected, relative to an average open day
    next_open: np.ndarray
    lobby: tuple[LobbyParams, LobbyParams]  # under today's policy, under the scenario's
    has_book: bool  # False: a lobby without a book, the next two are empty
    policy: tuple[Any, ...]  # records, fields as month.Policy
    stages: tuple[Any, ...]  # the scenario's policy in each month of the window: services begin step by step (T32)
    team: tuple[Team, ...]
    crew: tuple[Crew, Crew]
    opens_account: np.ndarray  # bool per transaction
    opening: Any  # rows of the opening book
    customers: int
    ids: Any
    campaigns: Campaigns  # of the window, before anything happened
    campaign_names: tuple[str, ...]
    festivals: frozenset[str]  # MM-DD
    first_date: date
    change_yuan: float  # cost of going from today's staff to the scenario's
    level: np.ndarray  # float64 [2]: mean hazard ratio that the opening book gets, ordinary and VIP
    today: Scenario  # the scenario under today's policy, as staffed


@lru_cache(maxsize=4)
def _opening_book(today_json: str) -> tuple[Book, Any]:
    """The opening book under today's policy: drawn or read once, copied by every replication."""
    return opening(Scenario.model_validate_json(today_json))


def _both(scenario: Scenario, today: Scenario, make: Callable[[Scenario], Any]) -> tuple[Any, Any]:
    return make(today), make(scenario)


def _team_of(scenario: Scenario) -> Team:
    """Who may own customers, and the marketing supervisors, who check what owners do."""
    return team_of(scenario)._replace(supervisor_count=scenario.staff.marketing_supervisor.employed)


def _lobby_of(scenario: Scenario) -> LobbyParams:
    pay = scenario.incentives
    asks, of_owned = (ask_rate(pay), ask_rate(pay, owned=True)) if pay is not None else (0.0, 0.0)
    calendar = scenario.calendar
    first = calendar.start_date.weekday()
    weekend = weekend_of(calendar.open_weekdays)
    duty = lobby_duty_share(scenario)
    return params(
        scenario,
        ask_share=asks,
        ask_owned_share=of_owned,
        first_weekday=first,
        weekend=weekend,
        desk_duty_share=duty,
    )


@lru_cache(maxsize=8)
def _world(scenario_json: str) -> World:
    scenario = Scenario.model_validate_json(scenario_json)
    declared = policy_today(scenario)
    change = _cost_of_change(scenario, declared) if scenario.book.source != "none" else 0.0
    scenario, today = as_staffed(scenario), as_staffed(declared)
    level = _level(today.model_dump_json()) if scenario.book.source != "none" else _START
    return _build(scenario, today, level, change)


@lru_cache(maxsize=8)
def _level(today_json: str) -> np.ndarray:
    """The level of hazards at which the window under today's policy shows the observed rates, by one pilot run."""
    today = Scenario.model_validate_json(today_json)
    run = _Run(_build(today, today, _START, 0.0), Address(today.book.seed, _PILOT, 0), "compiled", False)
    run.branch.state.sums.watched = 1
    months = today.calendar.run_in_months + today.calendar.window_months
    for index in range(months):
        run.run_month(index)
    assert today.lifecycle is not None
    return better_level(_START, run.branch.state, today.lifecycle, today.calendar.window_months)


def _build(scenario: Scenario, today: Scenario, level: np.ndarray, change_yuan: float) -> World:
    days, starts, phases, demand = when = horizon(scenario)
    lobby = _both(scenario, today, _lobby_of)
    has_book = scenario.book.source != "none"
    book, ids = _opening_book(today.model_dump_json())
    next_open = next_open_days(days.open)
    window = int(starts[scenario.calendar.run_in_months])
    return World(
        days=days,
        starts=starts,
        phases=phases,
        demand=demand,
        next_open=next_open,
        lobby=lobby,
        has_book=has_book,
        policy=_both(scenario, today, lambda s: policy_of(s, when.open_days_per_year)) if has_book else (),
        stages=_stages(scenario, today, when.open_days_per_year) if has_book else (),
        team=_both(scenario, today, _team_of) if has_book else (),
        crew=tuple(make_crew(lobby[n], s) for n, s in enumerate((today, scenario))),  # type: ignore[arg-type]
        opens_account=np.array([x.opens_account for x in scenario.demand.transactions]),
        opening=opening_rows(book),
        customers=int(np.count_nonzero(book.is_customer())),
        ids=ids,
        campaigns=make_campaigns(scenario, window, next_open, book.size),
        campaign_names=tuple(names_on(scenario)),
        festivals=frozenset(scenario.outreach.festivals if scenario.outreach else ()),
        first_date=scenario.calendar.start_date,
        change_yuan=change_yuan,
        level=level,
        today=today,
    )


def _stages(scenario: Scenario, today: Scenario, open_days_per_year: float) -> tuple[Any, ...]:
    """The scenario's policy in each month of the window: before a tier's services begin, today's part of them holds."""
    assert scenario.tiers is not None
    assert today.tiers is not None
    made: dict[tuple[float, ...], Any] = {}
    found = []
    for month in range(scenario.calendar.window_months):
        both = zip(scenario.tiers.service_share, today.tiers.service_share, strict=True)
        begins = scenario.tiers.service_from_month
        share = tuple(new if month >= begins[tier] else old for tier, (new, old) in enumerate(both))
        if share not in made:
            tiers = scenario.tiers.model_copy(update={"service_share": list(share)})
            made[share] = policy_of(scenario.model_copy(update={"tiers": tiers}), open_days_per_year)
        found.append(made[share])
    return tuple(found)


def _cost_of_change(scenario: Scenario, today: Scenario) -> float:
    """Severance for posts given up against today, hiring for posts added, yuan.

    As declared: who moves from the counter to another post is neither dismissed nor hired (B15).
    """
    assert scenario.money is not None
    cost = 0.0
    for role in ROLES:
        more = getattr(scenario.staff, role).employed - getattr(today.staff, role).employed
        pay = getattr(today.staff, role).cost_yuan_per_month
        cost += more * scenario.money.hiring_cost_yuan if more > 0 else -more * pay * scenario.money.severance_months
    return cost


class _Run:
    """A replication in progress."""

    def __init__(self, world: World, address: Address, engine: Engine, record: bool) -> None:
        self.world = world
        self.address = address
        self.run_days = _ENGINES[engine]
        funnel = make_funnel(record, world.opening.size)
        self.branch: Branch = make_branch(
            world.opening, world.customers, int(world.starts[-1]), fresh(world.campaigns), funnel
        )
        self.visits = make_visits()
        self.recorder = Recorder(record, world.opens_account)
        self.opening: Census | None = None
        self.closing: Census | None = None
        self.turnover_rise = np.empty(0)  # of each manager, by last month's load
        self.users = np.zeros(2)  # months of members with customers, of those who use the customer system
        self.upkeep: dict[str, Any] = {}  # of the book at the end of the window
        self.downgraded = 0
        self.ebank_active = 0
        self.products = np.nan  # held by a customer at the end of the window, mean
        self.felt: tuple[np.ndarray, np.ndarray, int] = (np.empty(0, np.int64), np.empty(0), 0)
        self.logs: dict[int, Any] = {}

    def month(self, index: int) -> Month:
        """The calendar month with its days' expected demand."""
        first, after = int(self.world.starts[index]), int(self.world.starts[index + 1])
        weights = np.empty(after - first)
        day_weights(self.world.lobby[0], self.address, first, self.world.demand[first:after], weights)
        dates = [self.world.first_date + timedelta(days=day) for day in range(first, after)]
        greetings = [day for day, when in enumerate(dates, first) if when.isoformat()[5:] in self.world.festivals]
        quarter = int(self.world.days.month[first]) // 3
        return Month(index, first, after - first, quarter, max(greetings, default=-1), weights)

    def begin(self) -> None:
        """The first day: wishes are fixed, owners found for the assigned, hazards scaled."""
        policy, team = self.world.policy[0], self.world.team[0]
        state, a = self.branch.state, self.address
        rows = np.arange(state.book.size)
        u = draws.uniform(a.seed, a.replication, draws.CONTACT, a.branch, 0, rows, _DO_NOT_CALL)
        state.book.do_not_call[:] = u < policy.outreach.do_not_call_share
        u = draws.uniform(a.seed, a.replication, draws.CONTACT, a.branch, 0, rows, _BIRTHDAY)
        state.book.birthday[:] = (u * 365).astype(np.int16)
        state.book.care[:] = state.book.contact_load * policy.triggers.care[PHONE]  # past contacts were calls
        divide_book(state, a, policy.ownership, team, self.world.customers, True, 0)
        set_levels(state, policy, np.arange(self.world.customers), self.world.customers)
        fix_cohort(state, policy, 0)
        resume_notices(state, self.branch.agenda, policy.lifecycle, self.world.customers)
        observe_hazards(state, policy, self.world.level, int(state.sums.next_prospect), 0)

    def change_policy(self, phase: int, day: int) -> None:
        """A phase begins; at the opening of the window the cohort is fixed and the hazards are scaled."""
        state = self.branch.state
        today = self.world.policy[0]
        if phase == WINDOW:
            fix_cohort(state, today, day)
            observe_hazards(state, today, self.world.level, int(state.sums.next_prospect), day)
            self.opening = census(state, today, day)
            state.sums.tally[WINDOW, t.VACANCY_YUAN] += self.world.change_yuan
        now = _policy_in(phase)
        policy, team = self.world.policy[now], self.world.team[now]
        divide_book(state, self.address, policy.ownership, team, int(state.sums.next_prospect), False, day)

    def run_month(self, index: int) -> None:
        """Opening, days, closing."""
        world = self.world
        phase = int(world.phases[index])
        now = _policy_in(phase)
        month = self.month(index)
        state = self.branch.state
        state.sums.phase = phase
        policy: Any = None
        if world.has_book:
            policy = world.policy[0] if now == 0 else world.stages[index - int(np.argmax(world.phases == WINDOW))]
        log = self.logs.get(now) or make_day_log(world.lobby[now])
        begin_log(log)
        self.branch.contacts.size[0] = 0
        world.crew[now].ledger[:] = 0
        if world.has_book:
            if index == 0:
                self.begin()
            if index == 0 or phase != world.phases[index - 1]:
                self.change_policy(phase, month.first_day)
            self.branch = with_room(self.branch)
            open_month(state, self.branch.agenda, policy, self.address, world.team[now], month)
            if self.turnover_rise.any():
                usual = policy.money.turnover_per_year
                file_worn(self.branch.agenda, usual, self.address, self.turnover_rise, month)
            if policy.assets.swings_per_year.any():
                file_swings(state, self.branch.agenda, policy.assets, self.address, month)
        self.visits, log = self.run_days(
            self.branch,
            policy,
            world.lobby[now],
            world.crew[now],
            world.team[now] if world.has_book else None,
            self.address,
            month,
            world.next_open,
            self.visits,
            log,
        )
        if world.has_book:
            close_month(state, policy, self.address, month)
            self.turnover_rise = burnout(policy, world.lobby[now], world.crew[now].ledger)
            if phase == WINDOW:
                least = world.today.experience.user_contacts_per_month  # type: ignore[union-attr]
                posts, books = world.crew[now].staff_of_post, world.team[now].books
                self.users += system_users(self.branch.contacts, posts, books, least)
        self.logs[now] = log
        self.recorder.month(month, phase, state, world.lobby[now], world.crew[now], log, self.branch.contacts)
        last = index + 1 == world.phases.size
        if world.has_book and phase == WINDOW and (last or world.phases[index + 1] != WINDOW):
            self.closing = census(state, world.policy[0], month.first_day + month.days)
            self.upkeep = self._upkeep()
            rows = int(state.sums.next_prospect)
            here = (state.book.stage[:rows] > PROSPECT) & (state.book.stage[:rows] < EXITED)
            self.ebank_active = int(np.count_nonzero(here & (state.book.ebank[:rows] == EBANK_ACTIVE)))
            held = np.count_nonzero(state.book.balance[:rows] > 0, axis=1) + state.book.extra_products[:rows]
            self.products = float(held[here].mean()) if here.any() else np.nan
            self.felt = (np.flatnonzero(here), state.book.relationship[:rows][here], month.first_day + month.days)
            self.downgraded = int(
                np.count_nonzero((state.book.tier < state.book.opening_tier) & (state.book.cohort > 0))
            )

    def _upkeep(self) -> dict[str, Any]:
        """What is known of the target customers, and whom tellers have raised, at the end of the window (B07, Y12)."""
        state, today = self.branch.state, self.world.today
        assert today.experience is not None
        assert today.ownership is not None
        known = information_share(state, self.world.policy[0], today.experience.known_from_share)
        listed, talented = raised_by_tellers(state, today.ownership.talent_from_customers)
        return {"information_share": known, "teller_list": listed, "talented_tellers": talented}

    def outcome(self, scenario: Scenario) -> Outcome:
        """KPIs, samples and tables at the end."""
        state, world = self.branch.state, self.world
        samples = self.recorder.samples()
        observed = self.recorder.observed
        lengths = scenario.calendar
        months = (lengths.run_in_months, lengths.window_months, lengths.run_off_months)
        measured = Measured(state.sums.tally, observed, self.recorder.minutes, months)
        if world.has_book:
            measured = measured._replace(**self._book_side(months), **self._feelings(scenario.experience))
        tables = self.recorder.tables(state, world.ids, world.customers) if self.recorder.keep else {}
        found = kpis(measured, scenario, world.today)
        if world.campaign_names:
            found |= campaign_kpis(self.branch.campaigns, state, scenario, world.campaign_names)
        if tables and world.has_book:
            tables |= campaign_tables(self.branch, scenario, world.campaign_names)
        return Outcome(found, samples, tables)

    def _feelings(self, experience: Any) -> dict[str, Any]:
        """What customers feel at the end of the window, and what a survey would say of it (M06)."""
        ids, felt, day = self.felt
        answers = said(felt, ids, experience.survey_asked, experience, self.address, day)
        mean = {"relationship_share": felt, "surveyed_share": answers}
        return {name: float(values.mean()) if values.size else np.nan for name, values in mean.items()}

    def _book_side(self, months: tuple[int, int, int]) -> dict[str, Any]:
        state, policy = self.branch.state, self.world.policy[0]
        rows = int(state.sums.next_prospect)
        book = state.book
        cohort = state.book.cohort[:rows] > 0
        vip = cohort & (book.opening_tier[:rows] > 0)
        vips = max(int(np.count_nonzero(vip)), 1)
        last = [(sum(months) - 1 - n) % book.month_average.shape[1] for n in range(min(3, sum(months)))]
        average = book.month_average[:rows, :][:, last].mean(axis=1) - state.book.drift[:rows]
        capped = np.minimum(average, state.book.opening_assets[:rows])[cohort].sum()
        end = int(self.world.starts[-1])
        return {
            **self.upkeep,
            "system_users": (float(self.users[0]), float(self.users[1])),
            "opening": self.opening,
            "closing": self.closing,
            "tail": state.sums.tail,
            "opening_assets_fen": float(state.book.opening_assets[:rows][cohort].sum()),
            "capped_fen": float(capped),
            "lost_share": float(np.count_nonzero(vip & (state.book.lost[:rows] > 0))) / vips,
            "downgraded_share": self.downgraded / vips,
            "ebank_active_share": self.ebank_active / max(self.closing.customers, 1.0) if self.closing else np.nan,
            "products_per_customer": self.products,
            "special_card_share": state.sums.special_cards / max(int(state.sums.cards), 1),
            "terminal_yuan": float(value_of_what_stays(state, policy, end)),
        }


def _policy_in(phase: int) -> int:
    """Which of the two policies holds: the scenario's in the window, today's before and after."""
    return 1 if phase == WINDOW else 0


def replicate(
    scenario: Scenario, seed: int, replication: int, *, engine: Engine = "compiled", record: bool = False
) -> Outcome:
    """Simulate one replication of a scenario.

    Parameters
    ----------
    seed, replication : int
        Together the address of all luck; the same pair gives the same bytes on either engine.
    engine : {"compiled", "simpy"}
    record : bool
        Also give the tables visits, contacts, customers, months, staff.

    Raises
    ------
    InputError
        The book of the scenario cannot be read.
    """
    world = _world(scenario.model_dump_json())
    run = _Run(world, Address(seed, replication, 0), engine, record)
    for index in range(world.phases.size):
        run.run_month(index)
    return run.outcome(as_staffed(scenario))
