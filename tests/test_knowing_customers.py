"""What the branch knows and offers: substitutes, saturation, whys, stages, circles; and contacts driven too hard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_year_outreach import some_customers
from years import BASELINE, Year, branch

from vipsim import agenda as dates
from vipsim import tally as t
from vipsim.customers.book import DEVELOPMENT, EXPLORATION, NOTICE
from vipsim.customers.segments import DEMAND, FUND, INSURANCE_METALS
from vipsim.day import recommend
from vipsim.draws import Address
from vipsim.loads import loads
from vipsim.outreach.dates import plan_contacts
from vipsim.outreach.response import RESULTS
from vipsim.outreach.sales import fitting, freshness, willingness
from vipsim.outreach.triggers import CONTACT_PLAN, LEAD_FOLLOW_UP, REASONS
from vipsim.scenario.errors import InputError
from vipsim.scenario.resolve import with_values


def test_after_a_loss_gold_is_shown_instead_of_funds() -> None:
    """O08: the table of substitutes, within the days that a loss is felt."""
    state, policy, _, scenario = some_customers(2)
    state.book.sales[:] = 5
    state.book.loss_day[0], state.book.loss_day[1] = -10, -10 - scenario.lifecycle.loss_days
    u = (np.arange(1000) + 0.5) / 1000
    hurt, healed = (np.bincount([fitting(policy, state, i, x, DEMAND, 0) for x in u], minlength=5) for i in (0, 1))
    assert hurt[FUND] < 0.5 * healed[FUND]
    assert hurt[INSURANCE_METALS] > 1.3 * healed[INSURANCE_METALS]


def test_a_saturated_relationship_buys_less() -> None:
    """Y06: satisfied, and nothing is missing; only in maturity, only after years."""
    state, policy, _, scenario = some_customers(2)
    state.book.stage_since[:] = -scenario.response.saturation_days
    state.book.stage_since[1] -= 1
    fresh, saturated = (willingness(policy, state, i, 0) for i in (0, 1))
    assert saturated == pytest.approx(scenario.response.saturated_ratio * fresh)
    state.book.stage[:] = DEVELOPMENT
    assert willingness(policy, state, 0, 0) == willingness(policy, state, 1, 0)


def test_who_is_known_buys_more_and_what_is_known_fades() -> None:
    """S21, D05, D10: the first contacts tell most, no number of them tells more than everything."""
    state, policy, _, scenario = some_customers(4)
    state.book.care[:] = (0.0, scenario.response.known_half_per_year, 2.0, 1e9)
    found = np.array([willingness(policy, state, i, 0) for i in range(4)])
    response = scenario.response
    half = (response.unknown_sale_ratio + response.known_sale_ratio) / 2
    assert found[0] / found[1] == pytest.approx(response.unknown_sale_ratio / half)
    assert (np.diff(found) > 0).all()
    assert found[3] / found[0] == pytest.approx(response.known_sale_ratio / response.unknown_sale_ratio)


def test_asking_whys_takes_minutes_and_messages_ask_none() -> None:
    """O22: minutes in every talk that may offer something, nothing in messages; more sales by telephone."""
    plain, asks = (some_customers(1, {"outreach.ask_whys": on})[1].triggers for on in (False, True))
    more = asks.extra_min - plain.extra_min
    assert more[CONTACT_PLAN] == BASELINE.outreach.whys_min
    assert more[LEAD_FOLLOW_UP] == 0.0  # invites, offers nothing
    by_message = {"outreach.ask_whys": True, "outreach.triggers.contact_plan.channel": "sms"}
    assert some_customers(1, by_message)[1].triggers.extra_min[CONTACT_PLAN] == plain.extra_min[CONTACT_PLAN]


def sold_by_telephone(changes: dict[str, Any]) -> tuple[int, int]:
    """Contacts of the plan that reached, and sales among them, in a year."""
    made = np.concatenate(Year(branch(changes | {"response.call_sale_share": 0.3})).run().recorder.contacts)
    plan = made[(made["reason"] == REASONS.index("contact_plan")) & (made["result"] > 0)]
    return plan.size, int((plan["result"] == RESULTS.index("sold")).sum())


def test_whys_sell_more_per_talk() -> None:
    strong = {"response.whys_sale_ratio": 2.0, "outreach.whys_min": 0.0}
    talks, sold = sold_by_telephone(strong)
    more_talks, more_sold = sold_by_telephone(strong | {"outreach.ask_whys": True})
    assert more_sold / more_talks > 1.2 * sold / talks


def test_the_plan_of_contacts_follows_the_stage() -> None:
    """Y07: rates by stage multiply those by level, and the minutes asked of managers with them."""
    ratios = [2.0, 1.0, 0.0, 1.0, 1.0]
    state, policy, *_ = some_customers(2, {"outreach.stage_plan_ratio": ratios})
    state.book.tier[:] = 0
    state.book.stage[:] = (EXPLORATION, NOTICE - 2)
    agenda = dates.make(40, 100)
    for i in range(2):
        plan_contacts(state, agenda, policy.triggers, i, 9, 0.5, 0, 0, 30)
    filed = [agenda.entries[e].who for day in range(40) for e in entries_of(agenda, day)]
    assert filed.count(0) == 4  # twice 24 a year
    assert filed.count(1) == 0
    base, more = (loads(branch({"outreach.stage_plan_ratio": [x] * 5})) for x in (1.0, 2.0))
    name = "relationship_manager"
    assert more[name].required_min > base[name].required_min
    with pytest.raises(InputError, match="5 numbers"):
        with_values(branch(), {"outreach.stage_plan_ratio": [1.0] * 4})


def entries_of(agenda: Any, day: int) -> list[int]:
    found, entry = [], int(agenda.first[day])
    while entry >= 0:
        found.append(entry)
        entry = int(agenda.entries[entry].next)
    return found


def test_the_circles_of_some_levels_join_more_often() -> None:
    """S14, S15: a recommendation by level 6 or 3 is followed more often than one by level 5."""
    joined = {}
    for level in (3, 5, 6):
        state, policy, *_ = some_customers(3000, stage=0)
        state.book.stage[:500] = 3
        state.book.level[:500] = level
        state.sums.next_prospect = state.sums.opening_customers = 500
        state.sums.pool[:] = 500
        agenda = dates.make(400, 9000)
        for i in range(500):
            recommend(state, agenda, policy, Address(1, 0, 0), i, 10)
        joined[level] = state.sums.tally[:, t.JOINED].sum()
    assert joined[3] == joined[6] > 1.2 * joined[5] > 0


# ------------------------------------------------------------------------------------------ driven too hard


def test_beyond_the_point_of_fatigue_twice_the_contacts_are_half_as_welcome() -> None:
    """O09: rest keeps interest; beyond ``fatigue_from_per_year`` each further contact lowers it."""
    state, policy, _, scenario = some_customers(3)
    limit = scenario.response.fatigue_from_per_year
    state.book.contact_load[:] = (limit, 2 * limit, 4 * limit)
    found = np.array([freshness(policy, state, i) for i in range(3)])
    assert found[0] == 1.0
    assert (np.diff(found) < 0).all()
    assert found[2] == pytest.approx(1.0 / (1.0 + 3 * limit * scenario.response.fatigue_share))


def test_contacts_without_rest_win_less_each() -> None:
    """A plan of 52 contacts a year without rest, caps or forms of patience wins less by each contact than twelve do."""
    free = {
        "outreach.rest_days": 0,
        "outreach.most_contacts_per_month": 30,
        "outreach.phone.most_per_month": 30,
        "outreach.phone.rest_days": 0,
        "response.refusal_rest_days": 0,
        "response.courted_share": 0.0,
        "response.fatigue_share": 0.2,
        "staff.relationship_manager.employed": 8,
    }
    often, seldom = ({"outreach.plan_contacts_per_year": [x] * 9} | free for x in (52.0, 12.0))
    many, sold = sold_by_telephone(often)
    few, sold_to_few = sold_by_telephone(seldom)
    assert many > 1.5 * few
    assert sold / many < 0.9 * sold_to_few / few
