"""The staff-minute ledger: what became of every minute, per day, member and half-hour.

Supplied minutes are those of duty (in the branch, not on a break, not booked for administration or training). They
are used for service or outreach, or idle: supplied = service + outreach + idle, exactly. Work outside duty - a
customer in hand when the duty ends, the last customers after closing - is kept apart as ``beyond``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim.lobby.params import ADMIN, BREAK, DUTY, TRAINING
from vipsim.scenario.lobby import ROLES

HALF_HOUR_MIN = 30.0
COLUMNS = ("supplied", "service", "outreach", "idle", "admin", "break", "beyond")


def _overlap(start: Any, end: Any, low: float, high: float) -> Any:
    """Minutes that the intervals share with [low, high)."""
    return np.maximum(np.minimum(end, high) - np.maximum(start, low), 0.0)


def staff_ledger(
    lobby: Any, present: np.ndarray, service: dict[str, np.ndarray], outreach: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The ledger of some days as columns.

    Parameters
    ----------
    lobby : LobbyParams
        The staff and their shifts.
    present : int8 [days, staff]
        Who was in the branch.
    service, outreach : dict of arrays ``day``, ``staff``, ``start``, ``end``
        Intervals of work; days index ``present``.

    Returns
    -------
    dict
        ``day``, ``staff``, ``role``, ``half_hour`` and minutes by ``COLUMNS``; absent members have no rows.
    """
    floor = lobby.floor
    days, members = present.shape
    last = max(
        [float(floor.segment_end.max(initial=0.0)), *(float(w["end"].max(initial=0.0)) for w in (service, outreach))]
    )
    slots = max(int(np.ceil(last / HALF_HOUR_MIN)), 1)
    minutes = {name: np.zeros((days, members, slots)) for name in COLUMNS}
    for member in range(members):
        here = present[:, member] > 0
        work = {name: _of_member(done, member) for name, done in (("service", service), ("outreach", outreach))}
        for slot in range(slots):
            low, high = slot * HALF_HOUR_MIN, (slot + 1) * HALF_HOUR_MIN
            in_slot = {name: (day, _overlap(start, end, low, high)) for name, (day, start, end) in work.items()}
            on_duty = {name: np.zeros(days) for name in work}
            for part in range(floor.segment[member], floor.segment[member + 1]):
                begin, finish = max(floor.segment_start[part], low), min(floor.segment_end[part], high)
                if finish <= begin:
                    continue
                column = {DUTY: "supplied", BREAK: "break", ADMIN: "admin", TRAINING: "admin"}[
                    int(floor.segment_activity[part])
                ]
                minutes[column][here, member, slot] += finish - begin
                if column == "supplied":
                    for name, (day, start, end) in work.items():
                        np.add.at(on_duty[name], day, _overlap(start, end, begin, finish))
            for name, (day, shared) in in_slot.items():
                minutes[name][:, member, slot] = on_duty[name]
                np.add.at(minutes["beyond"][:, member, slot], day, shared)
                minutes["beyond"][:, member, slot] -= on_duty[name]
    minutes["idle"] = minutes["supplied"] - minutes["service"] - minutes["outreach"]
    day, member, slot = np.nonzero(np.broadcast_to(present[:, :, None] > 0, (days, members, slots)))
    found = {
        "day": day.astype(np.int32),
        "staff": member.astype(np.int16),
        "role": np.array(ROLES)[np.asarray(lobby.staffing.role)[member]],
        "half_hour": slot.astype(np.int16),
    }
    return found | {f"{name}_min": minutes[name][day, member, slot] for name in COLUMNS}


def _of_member(work: dict[str, np.ndarray], member: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    own = work["staff"] == member
    return work["day"][own], work["start"][own], work["end"][own]
