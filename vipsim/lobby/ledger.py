"""The staff-minute ledger: every member's minutes by activity and half-hour; supplied = used + idle, exactly.

Whole milliseconds are kept, so that sums are exact in any order. The last half-hour holds all that lies after closing.
Supplied minutes are the shift, and beyond it the overtime: a service finished after the shift, or staying until the
last customer has left. A service that runs into a break takes its minutes from the break.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import ceil

import numpy as np

from vipsim.compiled import lean
from vipsim.lobby.floor import BREAK, DUTY
from vipsim.lobby.jobs import FIRST_STEP, STEPS, Array
from vipsim.lobby.params import LobbyParams
from vipsim.lobby.rules import SERVE_ALL

# Columns: what the minutes were used for, then what was supplied, and how much of it was overtime.
ON_BREAK, ON_ADMIN, ON_TRAINING, AT_DESK, AT_MACHINE, AT_CASH, AT_NONCASH, IN_MEETING, ON_OUTREACH = range(9)
USED = 9  # columns below this number are uses
SUPPLIED, OVERTIME = 9, 10
COLUMNS = 11
COLUMN_NAMES = (
    "break",
    "admin",
    "training",
    "desk",
    "self_service",
    "cash",
    "noncash",
    "meeting",
    "outreach",
    "supplied",
    "overtime",
)
PER_MINUTE = 60_000  # milliseconds
_HALF_HOUR = 30 * PER_MINUTE


def paid_and_used(spent: Array) -> tuple[Array, Array]:
    """Time paid and time used of every member, breaks and overtime apart; ``spent`` = [member, column] of a ledger."""
    return (
        spent[:, SUPPLIED] - spent[:, OVERTIME] - spent[:, ON_BREAK],
        spent[:, :USED].sum(axis=1) - spent[:, ON_BREAK],
    )


def make_ledger(p: LobbyParams) -> Array:
    """An empty ledger: int64[member, half-hour, column], milliseconds; the last half-hour is after closing."""
    half_hours = ceil(p.rules.opening_min / 30.0) + 1
    return np.zeros((p.floor.staff, half_hours, COLUMNS), np.int64)


@lean
def _milliseconds(minutes):
    return np.int64(minutes * PER_MINUTE + 0.5)


@lean
def _book(ledger, closing, member, column, start, end, sign):
    """Book the milliseconds from start to end, half-hour by half-hour."""
    last = ledger.shape[1] - 1
    while start < end:
        half_hour = last
        edge = end
        if start < closing:
            half_hour = start // _HALF_HOUR
            edge = min(end, closing, (half_hour + 1) * _HALF_HOUR)
        ledger[member, half_hour, column] += sign * (edge - start)
        start = edge


@lean
def add_day(params, roster, tasks, log, ledger):
    """Book the last day of the log: shifts, blocks, steps, tasks and overtime."""
    floor = params.floor
    closing = _milliseconds(params.rules.opening_min)
    for member in range(floor.staff):
        shift = roster.shift[member]
        if shift < 0:
            continue
        for n in range(floor.segment[shift], floor.segment[shift + 1]):
            start = _milliseconds(floor.segment_start[n])
            end = _milliseconds(floor.segment_end[n])
            _book(ledger, closing, member, SUPPLIED, start, end, 1)
            if floor.segment_activity[n] != DUTY:
                _book(ledger, closing, member, ON_BREAK + floor.segment_activity[n] - BREAK, start, end, 1)
        for j in range(tasks.first[member], tasks.first[member + 1]):
            if log.started[j] == log.started[j]:
                start = _milliseconds(log.started[j])
                _book(ledger, closing, member, ON_OUTREACH, start, _milliseconds(log.started[j] + tasks.minutes[j]), 1)
        stays = params.rules.after_closing == SERVE_ALL and floor.last_duty[shift] >= params.rules.opening_min
        if stays:
            left = _milliseconds(log.closed[0])
            _book(ledger, closing, member, SUPPLIED, closing, left, 1)
            _book(ledger, closing, member, OVERTIME, closing, left, 1)
    for i in range(log.n[FIRST_STEP], log.n[STEPS]):
        step = log.steps[i]
        member = step["staff"]
        end = _milliseconds(step["end"])
        if member >= 0 and member < floor.staff:
            start = _milliseconds(step["start"])
            _book(ledger, closing, member, AT_DESK + step["station"], start, end, 1)
            _take_from_blocks(params, ledger, closing, member, roster.shift[member], start, end)
        member = step["staff2"]
        if member >= 0:  # an RM who went along to the counter, waiting for the teller included (L13)
            start = _milliseconds(step["joined"])
            _book(ledger, closing, member, IN_MEETING, start, end, 1)
            _take_from_blocks(params, ledger, closing, member, roster.shift[member], start, end)


@lean
def _take_from_blocks(params, ledger, closing, member, shift, start, end):
    """A service that runs on: out of the blocks it runs into, and beyond the shift as overtime."""
    floor = params.floor
    last = floor.segment[shift + 1] - 1
    for n in range(floor.segment[shift], last + 1):
        if floor.segment_activity[n] != DUTY:
            begins = max(start, _milliseconds(floor.segment_start[n]))
            ends = min(end, _milliseconds(floor.segment_end[n]))
            _book(ledger, closing, member, ON_BREAK + floor.segment_activity[n] - BREAK, begins, ends, -1)
    shift_end = _milliseconds(floor.segment_end[last])
    stays = params.rules.after_closing == SERVE_ALL and floor.last_duty[shift] >= params.rules.opening_min
    if end > shift_end and not stays:
        _book(ledger, closing, member, SUPPLIED, shift_end, end, 1)
        _book(ledger, closing, member, OVERTIME, shift_end, end, 1)
