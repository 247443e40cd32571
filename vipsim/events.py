"""The event log of a run, one row per step of a visit as in process mining; and a visit told as a story.

A case is a visit, an activity is a step, a resource is a member of staff or a machine; times are clock times of the
scenario's calendar. Made from the visits of a run folder (``visits.parquet``): nothing is simulated here.
"""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vipsim import results
from vipsim.scenario import files
from vipsim.scenario.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("case", "activity", "start_timestamp", "timestamp", "resource", "outcome", "type", "class")
_CLASSES = ("prime", "middle", "ordinary")

_TOLD = {
    "receive": "is received at the door by {who}",
    "self_service": "uses {who}",
    "cash": "is served at the cash counter by {who}",
    "noncash": "is served at the non-cash counter by {who}",
    "meeting": "meets {who}",
    "test": "hears from {who} what a wealth account asks and offers, and the reaction tells",
    "teach": "is taught the machine by {who}",
    "help_form": "fills in the form with help of {who}",
    "escort": "is led to a relationship manager and introduced by {who}",
    "pick_up": "is met after the business by {who}",
    "activate": "has e-banking activated and learns three uses with {who}",
    "second_look": "is approached while waiting by {who}",
    "second_look_with_form": "is approached while waiting, and helped with the form, by {who}",
    "guard": "asks the guard; {who} takes over",
    "farewell": "is thanked by {who}",
    "sign_up": "signs up for e-banking with {who}",
    "pitch": "is told of the relationship managers by {who}",
    "screening": "is asked about plans and means by {who}",
}
_LOST = {
    "unseen": "Nobody had looked who this was.",
    "misjudged": "Staff had taken the visitor for ordinary.",
    "failed_test": "The reaction to the bar of a wealth account spoke against it.",
    "unwilling": "The visitor did not want to meet anybody.",
    "left_line": "The wait at the counter was too long.",
    "pick_up_missed": "Nobody came after the business to look for a relationship manager.",
    "signal_missed": "The teller's sign was not seen in time.",
    "would_not_wait": "No relationship manager was free, and the visitor would not wait.",
    "no_seat": "No relationship manager was free, and no seat in the waiting area.",
    "left_waiting": "The wait for the relationship manager was too long.",
    "sent_away": "The branch closed.",
    "screened_out": "The relationship manager led the visitor back to the counters.",
}


def event_log(folder: Path) -> pd.DataFrame:
    """The event log of a run folder: columns ``COLUMNS``, ordered by time within each visit.

    Each visit begins with ``arrive``; ``leave`` is its end, but for a farewell at the door. Between them one row per
    step: who gave up waiting has a row without resource whose outcome says so.

    Raises
    ------
    InputError
        The folder has no visits, or they cannot be read.
    """
    import pandas as pd

    visits = results.read_table(folder, "visits")
    if visits.empty:
        raise InputError("a run with visits", found="an empty table", file=str(folder / "visits.parquet"))
    scenario: Any = files.load(folder / results.SCENARIO)
    first, opens = scenario.calendar.start_date, scenario.calendar.opens_at

    def clock(day: Any, minutes: Any) -> Any:
        return pd.to_datetime(_opening(first, opens)) + pd.to_timedelta(day, "D") + pd.to_timedelta(minutes, "min")

    begun = visits["start_min"].fillna(visits["joined_min"])
    steps = pd.DataFrame(
        {
            "case": visits["visit"],
            "activity": visits["activity"],
            "start_timestamp": clock(visits["day"], begun),
            "timestamp": clock(visits["day"], visits["end_min"]),
            "resource": visits["resource"].str.replace("_", " "),
            "outcome": visits["outcome"],
            "type": visits["type"],
            "class": np.array(_CLASSES)[visits["class"]],
            "order": 1,
        }
    )
    once = visits.drop_duplicates("visit")
    ends = []
    for activity, minutes, order in (("arrive", "arrive_min", 0), ("leave", "left_min", 2)):
        at = clock(once["day"], once[minutes])
        rows = {"case": once["visit"], "activity": activity, "start_timestamp": at, "timestamp": at, "resource": ""}
        ends.append(pd.DataFrame({**rows, "outcome": "", "type": once["type"], "class": "", "order": order}))
    whole = pd.concat([steps, *ends], ignore_index=True)
    whole = whole.sort_values(["case", "timestamp", "order", "start_timestamp"], kind="stable")
    return whole[list(COLUMNS)].reset_index(drop=True)


def story(folder: Path, case: int) -> str:
    """One visit in words: when what happened, with whom, and how a meeting was lost where it was.

    Raises
    ------
    InputError
        No visit of that number in the run.
    """
    log = event_log(folder)
    own = log[log["case"] == case]
    if own.empty:
        last = int(log["case"].max())
        raise InputError(f"a visit from 0 to {last}", found=str(case), file=str(folder / "visits.parquet"), key="case")
    facts = results.read_table(folder, "visits")
    fact = facts[facts["visit"] == case].iloc[0]
    transactions: Any = files.load(folder / results.SCENARIO)
    business = transactions.demand.transactions[int(fact["transaction"])].name
    who = "A customer" if fact["customer"] >= 0 else "A walk-in without account"
    day = own["timestamp"].iloc[0]
    lines = [f"{day:%A %d %B %Y}. {who} of type {fact['type']} comes for: {business}.", ""]
    for row in own.itertuples():
        lines.append(f"{row.start_timestamp:%H:%M}  {_sentence(row)}")
    if fact["lost"] == "misjudged" and fact["type"] == "D":
        lines += ["", "Staff had taken the visitor for ordinary, rightly."]
    elif fact["lost"] in _LOST:
        lines += ["", f"No meeting with a relationship manager. {_LOST[fact['lost']]}"]
    if fact["lead"]:
        lines.append("A telephone number was left: a task for tomorrow.")
    return "\n".join(lines)


def _sentence(row: Any) -> str:
    """One step in words."""
    if row.activity == "arrive":
        return "comes in"
    if row.activity == "leave":
        return "leaves"
    minutes = (row.timestamp - row.start_timestamp).total_seconds() / 60.0
    if not row.resource:
        ended = {"abandoned": "gives up", "unserved": "is sent away", "balked": "turns round", "skipped": "goes on"}
        return f"waits {minutes:.0f} min to be called ({row.activity}) and {ended.get(row.outcome, row.outcome)}"
    told = _TOLD.get(row.activity, row.activity + " with {who}").format(who=row.resource)
    ended = {"cut_off": ", cut off at the end of duty", "handed_over": ", handed over to a colleague"}
    return f"{told} ({minutes:.0f} min){ended.get(row.outcome, '')}"


def _opening(first: date, opens_at: str) -> datetime:
    return datetime.combine(first, time.fromisoformat(opens_at))
