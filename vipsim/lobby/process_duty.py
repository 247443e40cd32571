"""Members come and go in the service process: duty begins and ends, the desk is left alone.

Apart from the event loop because it is rare; told in the order of ``reference_floor.py``.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from math import inf, nan

import numpy as np

from vipsim.compiled import lean
from vipsim.lobby.jobs import CUT_OFF, DESK, ERRANDS, HANDED_OVER, LOOKS, RM, SKIPPED
from vipsim.lobby.process_ends import called_in_vain, finished
from vipsim.lobby.process_hall import MANAGERS, NO_TICKET, RMS
from vipsim.lobby.process_lines import note_step, pop, push_front
from vipsim.lobby.process_servers import set_free, unset_end, unset_free
from vipsim.lobby.process_visitor import proceed
from vipsim.lobby.rules import FINISH, HAND_OVER, SERVE_ALL, colleague_line


@lean
def _proceed(hall, t, outcome, now):
    proceed(hall, t, outcome, now)


@lean
def change_duty(hall, floor, roster, skipped, changed, last, now):
    """Duty begins and ends, by member; returns how many changes are over and the last minute of a service."""
    rules = hall.p.rules
    count = hall.counts
    jobs = hall.jobs
    while changed < floor.change_min.size and floor.change_min[changed] == now:
        s = np.uint32(floor.change_staff[changed])
        shift = floor.change_shift[changed]
        until = floor.change_until[changed]
        changed += 1
        if roster.shift[s] != shift:
            continue  # absent, or in another shift today
        worker = hall.workers[s]
        if until >= 0.0:
            worker["on"] = 1
            worker["duty_end"] = until
            count[MANAGERS] += worker["post"] >> DESK & 1
            count[RMS] += worker["post"] >> RM & 1
            set_free(hall, s, now)
            continue
        if now >= rules.opening_min and rules.after_closing == SERVE_ALL:
            continue  # stays until no customer is inside
        worker["on"] = 0
        count[MANAGERS] -= worker["post"] >> DESK & 1
        count[RMS] -= worker["post"] >> RM & 1
        unset_free(hall, s)
        t = worker["ticket"]
        if t == NO_TICKET or rules.shift_end == FINISH:
            continue
        end = unset_end(hall, s)
        last = max(last, now)
        line = jobs[t]["line"]
        hands_over = rules.shift_end == HAND_OVER and line != LOOKS and line != ERRANDS
        started = worker["started"]
        note_step(hall, t, started, started, now, s, HANDED_OVER if hands_over else CUT_OFF)
        worker["ticket"] = NO_TICKET
        if hands_over:
            jobs[t]["joined"] = now
            jobs[t]["leaves"] = inf
            jobs[t]["rest"] = end - now
            jobs[t]["line"] = colleague_line(line)
            push_front(hall, t)
        else:
            outcome = finished(hall, s, t, CUT_OFF, now)
            _proceed(hall, t, outcome, now)
    if count[MANAGERS] == 0 and hall.waiting[DESK] > 0:  # nobody left at the desk
        n = 0
        for line in range(3 * DESK, 3 * DESK + 3):
            while hall.queues[line]["head"] != NO_TICKET:
                t = pop(hall, line)
                if jobs[t]["leaves"] <= now:
                    called_in_vain(hall, t, now, jobs[t]["leaves"])
                else:
                    note_step(hall, t, nan, nan, now, -1, SKIPPED)
                    skipped[n] = t
                    n += 1
        for i in range(n):
            _proceed(hall, np.uint32(skipped[i]), SKIPPED, now)
    return changed, last
