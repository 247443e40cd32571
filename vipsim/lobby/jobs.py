"""The day contract: what a visit, its chances, its record and its steps are, row by row, and the words for them.

A visit is its row number; a server is a staff member's number or, after the staff, a machine's. Minutes run from
opening. The arrays that hold the rows are in ``arrays.py``.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Stations, and the three classes of a line (the middle class is for schemes with a mid tier, L27).
DESK, MACHINE, CASH, NONCASH, RM = range(5)
PRIME, MIDDLE, ORDINARY = range(3)
STATION_NAMES = ("desk", "self_service", "cash", "noncash", "relationship_manager")

# Lines: one per (station, class), one for appointments whose RM is away; second looks and errands of lobby managers;
# customers whose RM comes along to the counter; then two per staff member who is an RM. At the desk the first line is
# that of calls by telephone, the second of what is noticed on patrol, the third of those who come to the desk.
ANY_APPOINTMENT = 15
LOOKS, ERRANDS, WITH_RM_CASH, WITH_RM_NONCASH = 16, 17, 18, 19
FIRST_OWN = 20

# What is done in a step. The first five are the business of their station and the only ones of the simple day.
RECEIVE, SELF_SERVICE, CASH_BUSINESS, NONCASH_BUSINESS, MEETING = range(5)
TEST, TEACH, HELP_FORM, ESCORT, PICK_UP, ACTIVATE, LOOK, LOOK_AND_FORM, GUARD, FAREWELL = range(5, 15)
SIGN_UP, PITCH, SCREEN = range(15, 18)
DONE = -1  # the member goes on with nothing
ACTIVITY_NAMES = (
    "receive",
    "self_service",
    "cash",
    "noncash",
    "meeting",
    "test",
    "teach",
    "help_form",
    "escort",
    "pick_up",
    "activate",
    "second_look",
    "second_look_with_form",
    "guard",
    "farewell",
    "sign_up",
    "pitch",
    "screening",
)

# Outcomes of a step and of a visit. Balked = left at the sight of the ticket's number; returned = screened by an RM and
# led back; withdrawn never stands in a table.
SERVED, ABANDONED, UNSERVED, HANDED_OVER, CUT_OFF, SKIPPED, NONE, BALKED, RETURNED, WITHDRAWN = range(10)
OUTCOME_NAMES = ("served", "abandoned", "unserved", "handed_over", "cut_off", "skipped", "none", "balked", "returned")

# How a visitor comes in (I08), who took the visitor for prime first, and where a meeting was lost.
ASKS, LOOKS_ROUND, TAKES_NUMBER = range(3)
BEHAVIOUR_NAMES = ("asks", "looks_round", "takes_number")
BY_NOBODY, BY_APPOINTMENT, BY_CARD, BY_MANAGER, BY_ASSISTANT, BY_MEMORY, BY_SECOND_LOOK, BY_TELLER = range(8)
BELIEVED_BY_NAMES = (
    "nobody",
    "appointment",
    "card",
    "lobby_manager",
    "lobby_assistant",
    "memory",
    "second_look",
    "teller",
)
(
    NOT_LOST, UNSEEN, MISJUDGED, FAILED_TEST, UNWILLING, LEFT_LINE, PICK_UP_MISSED, SIGNAL_MISSED, WOULD_NOT_WAIT,
    NO_SEAT, LEFT_WAITING, SENT_AWAY, SCREENED_OUT,
) = range(13)  # fmt: skip
LOST_NAMES = (
    "not_lost",
    "unseen",
    "misjudged",
    "failed_test",
    "unwilling",
    "left_line",
    "pick_up_missed",
    "signal_missed",
    "would_not_wait",
    "no_seat",
    "left_waiting",
    "sent_away",
    "screened_out",
)
CORE, MID_HIGH = 1, 2  # degree of a prime, as staff judge it; 0 = not judged (S19)
ALONE, HELPED = 1, 2  # how a form was filled in; 0 = not
PASSED, FAILED = 1, 2  # how a test or a screening ended; 0 = none
WITH_CONSENT, WITHOUT_CONSENT = 1, 2  # how e-banking was signed; 0 = not
VISIT = np.dtype(
    [
        ("arrive", "f8"),  # minutes after opening
        ("who", "i4"),  # row of the customer in the book; -1 = walk-in
        ("number", "i4"),  # which visit of the customer, or which walk-in of its slot
        ("kind", "i2"),  # transaction
        ("owner", "i2"),  # staff number of the customer's owner; -1 = none
        ("type", "i1"),  # true type 0..3 = A..D
        ("vip", "i1"),
        ("signed", "i1"),
        ("appointment", "i1"),
        ("station", "i1"),  # where the business is done
        ("looks_prime", "i1"),  # what a lobby manager who looks concludes
        ("shows_prime", "i1"),  # what the ticket alone tells
        ("divert", "i1"),  # a machine would do, is offered and accepted
        ("meets", "i1"),  # willing to meet an RM
        ("phone", "i1"),  # would leave a phone number
        ("pitch", "i1"),  # the teller wants to pitch while fewer than so many wait; 0 = not at all
        ("recognised", "i1"),  # a pitching teller would refer
        ("skilled", "i1"),  # was taught to use machines on an earlier visit
        ("known", "i1"),  # a face that lobby managers know
        ("may_be_prime", "i1"),  # somebody may take the visitor for prime
        ("may_meet", "i1"),  # a meeting with an RM may come
        ("card", "i1"),  # comes by appointment for a card, to the manager and then to the counter; 2 = approved (T12)
        ("core", "i1"),  # a core prime in truth
        ("wait_uniform", "f8"),  # willing to wait for an RM where below the share
        ("triage_min", "f8"),
        ("machine_min", "f8"),
        ("counter_min", "f8"),
        ("meeting_min", "f8"),
        ("patience_min", "f8"),  # at the counter, or for business with an RM
        ("machine_patience_min", "f8"),
        ("meeting_patience_min", "f8"),  # in the waiting area
    ],
    align=True,
)

# What else chance decides about a visit where the service process is on (one row per row of VISIT).
CHANCE = np.dtype(
    [
        ("balk", "f8"),  # leaves at the sight of the number where below the share
        ("attention", "f8"),  # the signals are overlooked where below a share that grows with the line
        ("look_min", "f8"),
        ("test_min", "f8"),
        ("teach_min", "f8"),
        ("form_min", "f8"),
        ("escort_min", "f8"),
        ("recheck_min", "f8"),
        ("pick_up_patience_min", "f8"),
        ("pitch_min", "f8"),  # at the cash counter
        ("noncash_pitch_min", "f8"),
        ("sign_up_min", "f8"),
        ("activate_min", "f8"),
        ("activate_patience_min", "f8"),
        ("screen_min", "f8"),
        ("guard_min", "f8"),
        ("farewell_min", "f8"),
        ("signals", "u2"),  # a bit for each of the fourteen signals shown
        ("behaviour", "i1"),
        ("certain", "i1"),  # a card or a known face: no judgement needed
        ("looks_assistant", "i1"),  # what a lobby assistant who looks concludes
        ("looks_form", "i1"),  # what a lobby manager concludes with the form at hand
        ("passes", "i1"),  # the touchstone test
        ("knows", "i1"),  # how to use a machine
        ("learns", "i1"),  # would be taught
        ("alone", "i1"),  # fills in the form alone
        ("middle", "i1"),  # shows the card of the middle class
        ("teller", "i1"),  # a cash teller would hint
        ("noncash_teller", "i1"),
        ("interested", "i1"),  # in an RM after a hint
        ("opens", "i1"),  # an account
        ("signs", "i1"),  # e-banking, in the style of the branch: WITH_CONSENT, WITHOUT_CONSENT, 0
        ("guard", "i1"),  # asks the guard something
        ("degree", "i1"),  # CORE or MID_HIGH: what staff who take the visitor for prime conclude; 0 = they do not ask
    ],
    align=True,
)
RESULT = np.dtype(
    [
        ("arrive", "f8"),
        ("joined", "f8"),  # the counter's line
        ("called", "f8"),  # called - joined = the wait, of those who left too (virtual)
        ("start", "f8"),
        ("end", "f8"),
        ("rm_joined", "f8"),
        ("rm_called", "f8"),
        ("rm_start", "f8"),
        ("rm_end", "f8"),
        ("left", "f8"),  # out of the branch
        ("day", "i4"),
        ("who", "i4"),
        ("number", "i4"),
        ("kind", "i2"),
        ("owner", "i2"),
        ("teller", "i2"),  # server of the last counter step; -1 = none
        ("rm_staff", "i2"),
        ("type", "i1"),
        ("vip", "i1"),
        ("signed", "i1"),
        ("appointment", "i1"),
        ("triaged", "i1"),  # a lobby manager looked (no mere nod)
        ("believed", "i1"),  # taken for prime
        ("diverted", "i1"),  # to a machine
        ("station", "i1"),  # where the business went
        ("outcome", "i1"),  # of the business
        ("rm_outcome", "i1"),  # of the meeting; NONE = no meeting sought
        ("rm_first", "i1"),  # met the RM before the counter
        ("waited", "i1"),  # sat in the waiting area for an RM
        ("name_card", "i1"),  # left with an RM's name card
        ("lead", "i1"),  # and left a phone number
        ("pitched", "i1"),
        ("referred", "i1"),  # the teller refers the visitor: a task for tomorrow
        # The service process; all 0 where it is off.
        ("signals", "u2"),  # shown, a bit each
        ("overtaken", "i2"),  # times that others were called first who had come later, at an ordinary counter
        ("overtaken_by_window", "i2"),  # the same at a window for primes, which is less visible
        ("behaviour", "i1"),
        ("known", "i1"),  # a face that lobby managers know
        ("believed_by", "i1"),  # who first took the visitor for prime
        ("looked", "i1"),  # had a second look while waiting
        ("tested", "i1"),  # PASSED, FAILED
        ("taught", "i1"),  # a machine
        ("form", "i1"),  # ALONE, HELPED
        ("escorted", "i1"),  # to an RM
        ("tracked", "i1"),  # waited to be picked up after the business
        ("picked_up", "i1"),
        ("hinted", "i1"),  # by a teller
        ("signalled", "i1"),  # the teller called the lobby manager
        ("screened", "i1"),  # PASSED, FAILED
        ("accompanied", "i1"),  # to the counter, by the RM
        ("signed_up", "i1"),  # WITH_CONSENT, WITHOUT_CONSENT
        ("activated", "i1"),  # and taught three uses
        ("cls", "i1"),  # class at the counter, as the visitor joined
        ("lost", "i1"),  # where the meeting with an RM was lost
        ("core", "i1"),  # a core prime in truth
        ("degree", "i1"),  # CORE, MID_HIGH: of whom staff took for prime; 0 = not, or not judged
    ],
    align=True,
)
STEP = np.dtype(
    [
        ("joined", "f8"),
        ("called", "f8"),
        ("start", "f8"),
        ("end", "f8"),
        ("visit", "i4"),  # row of DayLog.visits
        ("staff", "i2"),  # server; -1 = nobody
        ("staff2", "i2"),  # a second member held together; -1 = none
        ("station", "i1"),
        ("activity", "i1"),
        ("cls", "i1"),
        ("outcome", "i1"),
    ],
    align=True,
)

# Rows of the compiled engine's own room. Row numbers are unsigned, because Numba then need not ask whether an index
# counts from the end; NOBODY stands for no row.
NOBODY = 0xFFFFFFFF
LANES = 8  # ends of service that the processor compares at once
TICKET = np.dtype(
    [
        ("key", "f8"),  # order in the line
        ("joined", "f8"),
        ("leaves", "f8"),  # end of patience
        ("rest", "f8"),  # minutes left of a service handed over; -1 = not begun
        ("after", "u4"),  # next ticket of the line
        ("line", "u4"),
    ],
    align=True,
)
LINE = np.dtype([("head", "u4"), ("tail", "u4"), ("station", "u4"), ("cls", "u4")], align=True)
SERVER = np.dtype(
    [
        ("started", "f8"),
        ("since", "f8"),  # free since
        ("duty_end", "f8"),
        ("pace", "f8"),  # a service of m minutes takes m * pace
        ("visit", "u4"),  # in hand
        ("task", "i4"),  # in hand; -1 = none
        ("first", "u4"),  # its places: lines in order of rank
        ("end", "u4"),
        ("pool", "u4"),  # servers of the same stations
        ("station", "u4"),  # of the step in hand
        ("cls", "u4"),
        ("on", "i1"),  # on duty
    ],
    align=True,
)
PLACE = np.dtype([("line", "u4"), ("rank", "i4")], align=True)
FIRST_VISIT, VISITS, FIRST_STEP, STEPS = range(4)
