"""What the lobby's days show: waits by class and station, the funnel of identification, queues by half-hour, referrals.

Plain array operations on the records of a month (``jobs.RESULT``, ``jobs.STEP``); minutes throughout. A wait runs from
joining a line to being called; who gave up waits until called in vain, who was sent away until then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim.lobby.jobs import (
    BALKED,
    BY_APPOINTMENT,
    BY_NOBODY,
    BY_TELLER,
    CASH,
    CORE,
    DESK,
    FAREWELL,
    GUARD,
    LOOK,
    LOOK_AND_FORM,
    LOST_NAMES,
    MACHINE,
    MEETING,
    NONCASH,
    NONE,
    NOT_LOST,
    RECEIVE,
    SCREEN,
    SERVED,
    STATION_NAMES,
    WITHOUT_CONSENT,
    Array,
)
from vipsim.scenario.demand import TYPES

_TYPE_D = TYPES.index("D")
WAITS = ("vip", "core", "middle", "ordinary", "desk", "cash", "noncash", "self_service", "relationship_manager")
COUNTS = (
    "visits",
    "received",
    "primes",
    "primes_seen",
    "primes_believed",
    "primes_met",
    "ordinary_met",
    "core_primes",
    "core_seen",
    "taken_for_core",
    "meetings_wasted_min",
    "joined",
    "balked",
    "overtaken",
    "openings",
    "sign_ups",
    "without_consent",
    "activated",
    "referred",
    "referred_on_the_spot",
    "leads",
)


class Observed:
    """Waits and counts of the window's lobby days, month by month."""

    def __init__(self) -> None:
        self._waits: dict[str, list[Array]] = {name: [] for name in WAITS}
        self.counts = dict.fromkeys(COUNTS, 0.0)

    def month(self, visits: Array, steps: Array, opens_account: Array) -> None:
        """Take in a month: RESULT and STEP rows, and which transactions open an account (bool per kind)."""
        for name, waits in _waits(visits, steps).items():
            self._waits[name].append(waits)
        for name, number in _counts(visits, steps, opens_account).items():
            self.counts[name] += number

    def waits(self) -> dict[str, Array]:
        """All waits so far, by class (true class) and by station."""
        return {name: np.concatenate(parts) if parts else np.empty(0) for name, parts in self._waits.items()}


def _known(waits: Array) -> Array:
    found: Array = waits[~np.isnan(waits)]
    return found


def _waits(visits: Array, steps: Array) -> dict[str, Array]:
    called = np.where(np.isnan(visits["called"]), visits["left"], visits["called"])  # sent away: waited till then
    wait = called - visits["joined"]
    station = visits["station"]
    at_counter = (station == CASH) | (station == NONCASH)
    vip = visits["vip"] > 0
    middle = ~vip & (visits["signed"] > 0)
    meeting = (visits["rm_outcome"] != NONE) & (visits["appointment"] == 0)
    rm_called = np.where(np.isnan(visits["rm_called"]), visits["left"], visits["rm_called"])
    desk = steps[(steps["station"] == DESK) & (steps["activity"] == RECEIVE)]
    return {
        "vip": _known(wait[at_counter & vip]),
        "core": _known(wait[at_counter & (visits["core"] > 0)]),
        "middle": _known(wait[at_counter & middle]),
        "ordinary": _known(wait[at_counter & ~vip]),
        "desk": _known(desk["called"] - desk["joined"]),
        "cash": _known(wait[station == CASH]),
        "noncash": _known(wait[station == NONCASH]),
        "self_service": _known(wait[station == MACHINE]),
        "relationship_manager": _known((rm_called - visits["rm_joined"])[meeting]),
    }


def seen(visits: Array) -> Array:
    """Visitors whom staff looked at with an eye to who they are: at the desk, while they waited, at a counter."""
    found: Array = (visits["triaged"] > 0) | (visits["looked"] > 0) | (visits["hinted"] > 0) | (visits["pitched"] > 0)
    found |= visits["believed_by"] != BY_NOBODY
    return found


def _counts(visits: Array, steps: Array, opens_account: Array) -> dict[str, float]:
    prime = visits["type"] != _TYPE_D
    met = visits["rm_outcome"] == SERVED
    by_manager = (steps["activity"] == MEETING) | (steps["activity"] == SCREEN)
    ours = steps[by_manager & ~np.isnan(steps["start"])]
    wasted = ours[~prime[ours["visit"]] & (visits["appointment"][ours["visit"]] == 0)]
    opens = opens_account[visits["kind"]] & (visits["outcome"] == SERVED) & (visits["appointment"] == 0)
    referred = (visits["hinted"] > 0) | (visits["referred"] > 0)
    at_counter = (visits["station"] == CASH) | (visits["station"] == NONCASH)
    received = (visits["triaged"] > 0) | (visits["looked"] > 0)
    graded = bool(np.any(visits["degree"] > 0))  # where core primes are not told apart nobody is taken for one
    numbers = {
        "visits": np.ones(visits.size, bool),
        "received": received,
        "primes": prime,
        "primes_seen": prime & seen(visits),
        "primes_believed": prime & (visits["believed"] > 0),
        "primes_met": prime & met,
        "ordinary_met": ~prime & met,
        "core_primes": (visits["core"] > 0) & graded,
        "core_seen": (visits["core"] > 0) & (visits["degree"] == CORE),
        "taken_for_core": visits["degree"] == CORE,
        "joined": at_counter & ~np.isnan(visits["joined"]),
        "balked": visits["outcome"] == BALKED,
        "openings": opens,
        "sign_ups": visits["signed_up"] > 0,
        "without_consent": visits["signed_up"] == WITHOUT_CONSENT,
        "activated": visits["activated"] > 0,
        "referred": referred,
        "referred_on_the_spot": referred & met,
        "leads": (visits["lead"] > 0) | (visits["referred"] > 0),
    }
    found = {name: float(np.count_nonzero(which)) for name, which in numbers.items()}
    found["overtaken"] = float(visits["overtaken"].sum() + visits["overtaken_by_window"].sum())
    found["meetings_wasted_min"] = float((wasted["end"] - wasted["start"]).sum())
    return found


def measures(
    waits: dict[str, Array], counts: dict[str, float], open_days: float, targets: dict[str, float | None]
) -> dict[str, float]:
    """KPIs of the lobby by name; nan where there is nothing to average. ``targets``: minutes by class, or None."""
    found: dict[str, float] = {}
    for name, values in waits.items():
        known = values.size > 0
        found[f"{name}_wait_mean_min"] = float(values.mean()) if known else np.nan
        found[f"{name}_wait_p50_min"] = float(np.quantile(values, 0.5)) if known else np.nan
        found[f"{name}_wait_p90_min"] = float(np.quantile(values, 0.9)) if known else np.nan
        target = targets.get(name)
        if name in targets:
            within = known and target is not None
            found[f"{name}_wait_in_target_share"] = float(np.mean(values <= target)) if within else np.nan

    def share(part: str, whole: str) -> float:
        return counts[part] / counts[whole] if counts[whole] > 0.0 else np.nan

    def per_day(name: str) -> float:
        return counts[name] / open_days if open_days > 0.0 else np.nan

    found["received_share"] = share("received", "visits")
    found["missed_primes_per_day"] = per_day("primes") - per_day("primes_believed")
    found["prime_seen_share"] = share("primes_seen", "primes")
    found["core_identified_share"] = share("core_seen", "core_primes")
    found["core_right_share"] = share("core_seen", "taken_for_core")
    found["prime_met_share"] = share("primes_met", "primes")
    found["wasted_meeting_min_per_day"] = per_day("meetings_wasted_min")
    found["balk_share"] = counts["balked"] / (counts["balked"] + counts["joined"]) if counts["joined"] > 0.0 else np.nan
    found["overtaken_per_visit"] = share("overtaken", "joined")
    found["ebank_sign_up_share"] = share("sign_ups", "openings")
    found["ebank_activated_share"] = share("activated", "sign_ups")
    found["teller_referrals_per_day"] = per_day("referred")
    found["referred_on_the_spot_share"] = share("referred_on_the_spot", "referred")
    found["leads_per_day"] = per_day("leads")
    return found


# ------------------------------------------------------------------------------------------------ tables


def funnel(visits: Array) -> list[dict[str, Any]]:
    """How far visitors of each true type came, and where the meeting of the others was lost (KPI16): rows."""
    rows = []
    for number, name in enumerate(TYPES):
        of = visits[visits["type"] == number]
        met = of["rm_outcome"] == SERVED
        for step, which in (
            ("entered", np.ones(of.size, bool)),
            ("seen", seen(of)),
            ("believed", of["believed"] > 0),
            ("met", met),
        ):
            rows.append({"type": name, "what": "reached", "step": step, "visitors": int(np.count_nonzero(which))})
        for reason, lost in enumerate(LOST_NAMES):
            if reason != NOT_LOST:
                gone = int(np.count_nonzero((of["lost"] == reason) & ~met))
                rows.append({"type": name, "what": "lost", "step": lost, "visitors": gone})
    return rows


_NO_LINE = (LOOK, LOOK_AND_FORM, GUARD, FAREWELL)  # these come to the visitor, who does not queue for them


def half_hours(steps: Array, days: int, opening_min: float) -> list[dict[str, Any]]:
    """An average day by half-hour and station: who joined, mean number waiting, mean wait of those who joined: rows.

    Who has left is no longer counted as waiting, however long the ticket stays in the line.
    """
    rows = []
    edges = np.arange(0.0, opening_min, 30.0)
    for station, name in enumerate(STATION_NAMES):
        own = steps[(steps["station"] == station) & ~np.isin(steps["activity"], _NO_LINE)]
        until = np.where(np.isnan(own["start"]), own["end"], own["start"])
        wait = until - own["joined"]
        for n, start in enumerate(edges):
            end = min(start + 30.0, opening_min)
            inside = np.clip(np.minimum(until, end) - np.maximum(own["joined"], start), 0.0, None)
            joined = (own["joined"] >= start) & (own["joined"] < end)
            some = np.any(joined)
            rows.append(
                {
                    "station": name,
                    "half_hour": n,
                    "joined_per_day": np.count_nonzero(joined) / max(days, 1),
                    "waiting_mean": float(inside.sum()) / (end - start) / max(days, 1),
                    "wait_mean_min": float(wait[joined].mean()) if some else None,
                }
            )
    return rows


def referrals(visits: Array, steps: Array, roles: Array) -> list[dict[str, Any]]:
    """The daily statistic of who found prime visitors (L26, KPI17): rows of day, staff number and role.

    ``roles``: the role of each staff number. Who found: the teller who hinted, else who received or looked first.
    """
    finder = np.full(visits.size, -1)
    at_desk = steps[(steps["station"] == DESK) & (steps["staff"] >= 0)][::-1]
    finder[at_desk["visit"]] = at_desk["staff"]  # the first step stands last here, and holds
    by_teller = (visits["believed_by"] == BY_TELLER) | (visits["referred"] > 0)
    finder = np.where(by_teller, visits["teller"], finder)
    found = (finder >= 0) & (finder < len(roles)) & ((visits["believed"] > 0) | by_teller)
    found &= visits["believed_by"] != BY_APPOINTMENT
    own = visits[found]
    keys, place = np.unique(np.stack([own["day"], finder[found]], axis=1), axis=0, return_inverse=True)
    place = place.reshape(-1)
    met = own["rm_outcome"] == SERVED

    def times(which: Array) -> Array:
        return np.bincount(place, weights=which, minlength=len(keys)).astype(int)

    columns = (times(np.ones(own.size)), times(met), times((own["name_card"] > 0) & ~met), times(own["lead"] > 0))
    return [
        {
            "day": int(day),
            "staff": int(staff),
            "role": str(roles[staff]),
            "found": int(columns[0][n]),
            "met_on_the_spot": int(columns[1][n]),
            "name_card_only": int(columns[2][n]),
            "telephone_left": int(columns[3][n]),
        }
        for n, (day, staff) in enumerate(keys)
    ]
