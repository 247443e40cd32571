"""The staff-minute ledger of a recorded run: every supplied minute is used or idle, per person and half-hour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vipsim import simulate
from vipsim.scenario import files


@pytest.fixture(scope="module")
def tables():
    scenario = files.load("vipsim:baseline.toml", ["book.customers=1500", "book.prospects=100"])
    found = simulate.replicate(scenario, 1, 0, record=True).tables
    return {name: table.to_pandas() for name, table in found.items()}


def test_supplied_is_used_or_idle(tables) -> None:
    staff = tables["staff"]
    used = staff["service_min"] + staff["outreach_min"] + staff["idle_min"]
    np.testing.assert_allclose(staff["supplied_min"], used, rtol=0, atol=1e-9)
    assert (staff["idle_min"] > -1e-9).all()
    assert (staff["beyond_min"] > -1e-9).all()
    assert (staff["supplied_min"] <= 30.0).all()


def test_idle_is_what_the_gaps_between_jobs_say(tables) -> None:
    """An independent count for one member: duty minus the union of jobs, minute by minute of the busiest day."""
    staff, visits, contacts = tables["staff"], tables["visits"], tables["contacts"]
    teller = staff[staff["role"] == "teller"]["staff"].min()
    busy = teller_day = visits[visits["staff"] == teller].groupby("day").size().idxmax()
    jobs = visits[(visits["staff"] == teller) & (visits["day"] == busy)][["start_min", "end_min"]].to_numpy()
    assert len(contacts[(contacts["staff"] == teller) & (contacts["day"] == teller_day)]) == 0
    own = staff[(staff["staff"] == teller) & (staff["day"] == busy)]
    order = jobs[np.argsort(jobs[:, 0])]
    assert (order[1:, 0] >= order[:-1, 1] - 1e-9).all()  # one customer at a time
    worked = float((jobs[:, 1] - jobs[:, 0]).sum())
    assert own["service_min"].sum() + own["beyond_min"].sum() == pytest.approx(worked, abs=1e-6)


def test_every_job_of_the_run_is_in_the_ledger(tables) -> None:
    staff, visits, contacts = tables["staff"], tables["visits"], tables["contacts"]
    members = staff["staff"].max() + 1
    served = visits[(visits["staff"] >= 0) & (visits["staff"] < members)]
    service = float((served["end_min"] - served["start_min"]).sum())
    outreach = float(contacts["minutes_min"].sum())
    booked = float(staff[["service_min", "outreach_min", "beyond_min"]].to_numpy().sum())
    assert booked == pytest.approx(service + outreach, rel=1e-9)


def test_the_absent_supply_nothing(tables) -> None:
    staff: pd.DataFrame = tables["staff"]
    days = staff.groupby(["role", "staff"])["day"].nunique()
    open_days = tables["visits"]["day"].nunique()
    assert (days <= open_days).all()
    assert (days["teller"] < open_days).all()  # leave and sickness
