"""Tables of a recorded run: the staff-minute ledger, where every minute is used or idle; the files of customers."""

from __future__ import annotations

import pytest

from vipsim import simulate
from vipsim.lobby.ledger import COLUMN_NAMES, USED
from vipsim.scenario import files
from vipsim.scenario.fields import CLASSES


@pytest.fixture(scope="module")
def tables():
    scenario = files.load("vipsim:baseline.toml", ["book.customers=1500", "book.prospects=100"])
    found = simulate.replicate(scenario, 1, 0, record=True).tables
    return {name: table.to_pandas() for name, table in found.items()}


def test_supplied_is_used_or_idle(tables) -> None:
    """Uses never exceed the supply of the half-hour: what is left is idle, and it is never negative."""
    staff = tables["staff"]
    used = staff[[f"{name}_min" for name in COLUMN_NAMES[:USED]]].sum(axis=1)
    assert (staff["idle_min"] >= -1e-9).all()
    assert (abs(staff["supplied_min"] - used - staff["idle_min"]) < 1e-9).all()


def test_every_job_of_the_run_is_in_the_ledger(tables) -> None:
    staff, visits, contacts = tables["staff"], tables["visits"], tables["contacts"]
    members = staff["staff"].max() + 1
    served = visits[(visits["staff"] >= 0) & (visits["staff"] < members)]
    service = float((served["end_min"] - served["start_min"]).sum())
    along = served[served["staff2"] >= 0]  # a manager who waits and stays with the customer at the counter (L13)
    assert len(along) > 0
    service += float((along["end_min"] - along["joined_min"]).sum())
    booked = staff[["desk_min", "cash_min", "noncash_min", "meeting_min"]].to_numpy().sum()
    assert booked == pytest.approx(service, abs=2 * len(served) / 60_000)  # whole milliseconds
    head = staff["role"] == "head"  # the head also checks lists, which is no contact
    own = contacts["staff"].isin(staff["staff"][head].unique())
    assert staff["outreach_min"][~head].sum() == pytest.approx(
        contacts["minutes_min"][~own].sum(), abs=len(contacts) / 60_000
    )
    assert staff["outreach_min"][head].sum() > contacts["minutes_min"][own].sum() > 0.0


def test_the_absent_supply_nothing(tables) -> None:
    staff = tables["staff"]
    days = staff.groupby(["role", "staff"])["day"].nunique()
    open_days = tables["visits"]["day"].nunique()
    assert (days <= open_days).all()
    assert (days["teller"] < open_days).all()  # leave and sickness


def test_the_file_of_a_customer_says_what_is_held_and_who_keeps_it(tables) -> None:
    """LG04, LG05, KPI05: products and card; outflows can be counted by tier and grid level."""
    people = tables["customers"]
    held = people[[f"{name}_fen" for name in CLASSES]]
    assert (held.sum(axis=1) == people["closing_assets_fen"]).all()
    assert ((people["card"] == "none") == (people["card_expiry_day"] < 0)).all()
    assert set(people["card"]) >= {"none", "standard", "platinum"}
    cohort = people[people["cohort"] > 0]
    assert cohort["grid_level"].between(1, 9).all()
    lost = cohort.groupby("opening_tier")["lost"].mean()
    assert 0.0 < lost["ordinary"] < 0.3
    assert (people["card_fee_due_fen"] >= 0).all()
