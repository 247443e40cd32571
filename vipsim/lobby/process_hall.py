"""The compiled engine's hall for the service process: its rows and its room, as arrays that never grow in a day.

A ticket's number is its visit, or the visit plus n for a second look, 2 n for a guard's question, 3 n for a farewell.
Lines and tickets: ``process_lines.py``; servers: ``process_servers.py``.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vipsim.compiled import inlined, kernel
from vipsim.lobby.jobs import DESK, NOBODY, ORDINARY, RM, Array

NO_TICKET = np.uint32(NOBODY)  # row numbers are unsigned, as in jobs.TICKET
BITS = 63  # lines that have a bit of their own: where there are more (a large staff), places are looked through
MOST_STEPS = 16  # of one visit, apart from those handed over at the end of a duty
QUEUE = 3 * DESK + ORDINARY  # the line of those who come to the desk
JOB = np.dtype(
    [
        ("key", "f8"),  # order in the line; of a second look: when the visitor joined
        ("joined", "f8"),
        ("leaves", "f8"),  # end of patience
        ("rest", "f8"),  # minutes left of a service handed over; -1 = not begun
        ("after", "u4"),  # next ticket of the line
        ("line", "u4"),
        ("visit", "u4"),  # whose ticket it is
        ("round", "i4"),  # of the day's rounds, in which the visitor joined
        ("talker", "i4"),  # who has a second look at the visitor
        ("activity", "i1"),
        ("waits", "i1"),  # in a line
        ("with_rm", "i1"),  # an RM stays with the visitor
        ("station", "i1"),  # of the line
    ],
    align=True,
)
QUEUE_ROW = np.dtype([("head", "u4"), ("tail", "u4"), ("size", "i4"), ("station", "u4"), ("cls", "u4")], align=True)
WORKER = np.dtype(
    [
        ("started", "f8"),
        ("since", "f8"),  # free since
        ("duty_end", "f8"),
        ("pace", "f8"),  # a step of m minutes takes m * pace
        ("lines", "i8"),  # served, a bit each
        ("ticket", "u4"),  # in hand
        ("task", "i4"),
        ("row", "u4"),  # of Floor: what is served
        ("first", "u4"),  # its places
        ("end", "u4"),
        ("pool", "u4"),  # servers of the same stations
        ("post", "i4"),  # the stations of the own post, a bit each
        ("on", "i1"),
        ("along", "i1"),  # an RM who stays with a customer at the counter
        ("special", "i1"),
        ("assistant", "i1"),
    ],
    align=True,
)

# Counts of a day, in ``Hall.counts``.
STEPS_SO_FAR, SOONEST, IDLE, WANTED, MANAGERS, RMS = range(6)
LOOK_HEAD, LOOK_TAIL, AGAIN, WOKE, FREED, HELPER, GONE, ROUND, HERE = range(6, 15)
LINES = 15  # IDLE, WANTED and LINES: pools with a free server, stations and lines with a ticket, a bit each

# Who has left whose patience ends at this minute (``GONE``): nobody yet, everybody, or everybody but who joined in this
# round of the minute (a minute has several rounds where services take no time).
NOBODY_YET, EVERYBODY, BUT_THIS_ROUND = range(3)


class Room(NamedTuple):
    """Arrays of the hall, kept from day to day."""

    jobs: Array  # JOB per ticket
    queues: Array  # QUEUE_ROW per line
    workers: Array  # WORKER per server
    waiting: Array  # int64 per station: tickets in its lines
    freed: Array  # int32: lobby managers whose talk has just ended
    due: Array  # float64 per second look: when it is due
    due_ticket: Array  # int32
    skipped: Array  # int32: tickets of a desk left alone
    counts: Array  # int64


class Hall(NamedTuple):
    """Everything that a day's routes touch."""

    p: object  # record of process.Process
    rows: Array  # VISIT
    chance: Array  # CHANCE
    results: Array  # RESULT
    steps: Array  # STEP
    jobs: Array
    queues: Array
    workers: Array
    waiting: Array
    end_min: Array  # pending ends of service, as in arrays.Work
    end_server: Array
    free: Array  # rings of free servers, as in arrays.Work
    idle: Array
    front: Array
    freed: Array
    due: Array
    due_ticket: Array
    counts: Array
    places: Array
    can: Array
    rank: Array
    pools_for: Array
    here_until: Array
    n: int
    first: int
    staff: int


def make_room(servers: int, line_stations: list[int], line_classes: list[int]) -> Room:
    """An empty hall for so many servers, with lines of these stations and classes."""
    queues = np.zeros(len(line_stations), QUEUE_ROW)
    queues["station"], queues["cls"] = line_stations, line_classes
    return Room(
        jobs=np.zeros(0, JOB),
        queues=queues,
        workers=np.zeros(servers, WORKER),
        waiting=np.zeros(RM + 1, np.int64),
        freed=np.zeros(servers + 1, np.int32),
        due=np.zeros(0),
        due_ticket=np.zeros(0, np.int32),
        skipped=np.zeros(0, np.int32),
        counts=np.zeros(16, np.int64),
    )


@kernel
def grow_room(room, visits):
    """The same hall with tickets for so many visits."""
    if 4 * visits <= room.jobs.size:
        return room
    size = 2 * visits
    return Room(
        np.zeros(4 * size, JOB),
        room.queues,
        room.workers,
        room.waiting,
        room.freed,
        np.zeros(2 * size),
        np.zeros(2 * size, np.int32),
        np.zeros(size, np.int32),
        room.counts,
    )


@inlined
def number_of(bit):
    """Number of the only bit set: the exponent of a float (several instructions, but no loop)."""
    return (np.float64(bit).view(np.int64) >> 52) - 1023
