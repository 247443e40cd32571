"""How people behave in the lobby: scalar rules, written once and called by both engines.

Only + - x / and comparisons, so that both engines give the same last bit.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import NamedTuple

from vipsim.compiled import kernel
from vipsim.lobby.jobs import (
    ANY_APPOINTMENT,
    CASH,
    DESK,
    ERRANDS,
    FAILED_TEST,
    FIRST_OWN,
    LEFT_LINE,
    MID_HIGH,
    MIDDLE,
    MISJUDGED,
    NONCASH,
    NOT_LOST,
    ORDINARY,
    PRIME,
    RM,
    SCREENED_OUT,
    SENT_AWAY,
    UNSEEN,
    UNWILLING,
    WITH_RM_CASH,
)

FINISH, HAND_OVER, CUT_OFF_RULE = range(3)
SERVE_ALL, SEND_AWAY = range(2)
NO_PRIORITY, STRICT, HEAD_START, OVERRIDE, WINDOW = range(5)
OWN_ONLY, OWN_THEN_ANY, POOL = range(3)
GUARDED = 8  # ranks by which a ticket that is too old goes ahead of its line's


class Rules(NamedTuple):
    """The numbers behind the rules; minutes, shares and people as in the scenario."""

    triage: int
    nod_min: float
    nod_only_above: float
    divert_prime: int
    override_min: float  # 0 unless the mode is override
    head_start_min: float  # 0 unless the mode is head start
    chat_queue_threshold: int
    pitch_min: float
    meet_first: int
    wait_share: float
    wait_share_fall_per_min: float
    mean_meeting_min: float
    own_rm_first: int
    shift_end: int
    after_closing: int
    opening_min: float


@kernel
def only_a_nod(rules, waiting, managers):
    """Whether a visitor called to the desk gets a mere nod: too many wait per lobby manager on duty (I07)."""
    return waiting > rules.nod_only_above * managers


@kernel
def triage_minutes(rules, triage_min, nod, prime):
    """A lobby manager's minutes for a visitor; arranging an override for a believed prime takes longer (L14)."""
    if nod:
        return rules.nod_min
    return triage_min + rules.override_min if prime else triage_min


@kernel
def goes_to_machine(rules, divert, believed):
    """Whether a visitor just received is led to a machine (L04)."""
    return divert and (rules.divert_prime or not believed)


@kernel
def class_of(believed):
    """Class in which a visitor waits."""
    return PRIME if believed else ORDINARY


@kernel
def ticket_key(rules, joined, station, cls):
    """Order in a line and between lines of the same rank: time of joining less the minutes credited (L14)."""
    credited = cls == PRIME and station >= CASH and station <= NONCASH
    return joined - rules.head_start_min if credited else joined


@kernel
def pitches(rules, wants, waiting):
    """Whether a teller does pitch who wants to while fewer than ``wants`` wait: never in front of a long line (L16)."""
    return waiting < wants and waiting <= rules.chat_queue_threshold


@kernel
def waits_for_rm(rules, uniform, ahead, managers):
    """Whether a visitor is willing to wait for a busy RM: less so, the longer it will take (L08)."""
    if managers <= 0:
        return False
    expected = ahead * rules.mean_meeting_min / managers
    return uniform < rules.wait_share - rules.wait_share_fall_per_min * expected


@kernel
def rm_line(rules, appointment, believed, owner, owner_comes):
    """Line of a visitor who wants an RM: the own RM's, or the line of all (L11).

    ``owner_comes`` = the owner is an RM who is on duty later today.
    """
    if appointment:
        return FIRST_OWN + 2 * owner if owner_comes else ANY_APPOINTMENT
    if believed and owner_comes and rules.own_rm_first != POOL:
        return FIRST_OWN + 2 * owner + 1
    return 3 * RM + class_of(believed)


@kernel
def colleague_line(line):
    """Line in which a colleague finds a customer handed over."""
    if line < FIRST_OWN:
        return line
    return ANY_APPOINTMENT if (line - FIRST_OWN) % 2 == 0 else 3 * RM + PRIME


@kernel
def station_of(line):
    """Station of a line."""
    if line < ANY_APPOINTMENT:
        return line // 3
    if line < WITH_RM_CASH:
        return DESK if line > ANY_APPOINTMENT else RM
    return CASH + line - WITH_RM_CASH if line < FIRST_OWN else RM


@kernel
def class_of_line(line):
    """Class of a line; appointments, own customers of an RM and who comes with an RM are primes."""
    if line < ANY_APPOINTMENT:
        return line % 3
    return PRIME if line == ANY_APPOINTMENT or line > ERRANDS else ORDINARY


@kernel
def task_fits(now, minutes, duty_end, call_from_min, call_until_min):
    """Whether an outreach task started now ends within the duty interval and the calling hours (O03)."""
    return now >= call_from_min and now + minutes <= call_until_min and now + minutes <= duty_end


# ------------------------------------------------------------------------------------- the service process
# ``p`` is the record of process.Process.


@kernel
def class_at_counter(believed, middle):
    """Class in which a visitor waits at the counters: the middle class shows a card of its own (L27)."""
    if not believed:
        return ORDINARY
    return MIDDLE if middle else PRIME


@kernel
def line_of_degree(line, degree):
    """Line of managers for a believed prime: mid/high primes stand behind the core primes (S19)."""
    return 3 * RM + MIDDLE if degree == MID_HIGH and line == 3 * RM + PRIME else line


@kernel
def degree_told(believed, degree):
    """Degree on record at the end of the day: of whom staff took for prime."""
    return degree if believed else 0


@kernel
def led_from_line(p, divert, knows):
    """Whether an ordinary visitor is led from the line to a machine after a second look (I08, L04)."""
    return p.look_diverts and divert and knows


@kernel
def overlooked(p, uniform, waiting, managers):
    """Whether the signals of a visitor being received are overlooked: the more so, the more wait (I07)."""
    return uniform * managers < p.overlooked_share_per_person * waiting


@kernel
def tested(p, certain, rm_free, waiting):
    """Whether a lobby manager tests a believed prime with the touchstone (I10, I13)."""
    if certain:
        return False
    if p.test == 1 or (p.test == 2 and waiting < p.calm_below):
        return True
    return p.probe_when_rm_busy and not rm_free


@kernel
def taught(p, learns, waiting):
    """Whether who does not know the machine is taught: willing, and few wait at the desk (L04)."""
    return learns and waiting < p.teach_below


@kernel
def helped(p, waiting):
    """Whether a lobby manager helps with the form: while few wait at the counter (L05)."""
    return p.forms and waiting < p.help_below


@kernel
def balks(p, uniform, ahead):
    """Whether a visitor leaves at the sight of the number: so many tickets are ahead, gone or not (N06)."""
    return uniform < p.balk_share_per_person * (ahead - p.balk_above)


@kernel
def rank_now(p, rank, station, cls, waited):
    """Rank of a line at this minute: an ordinary ticket that is too old goes first (L15)."""
    guarded = cls == ORDINARY and station >= CASH and station <= NONCASH and waited >= p.guard_min
    return rank - GUARDED if guarded else rank


@kernel
def lost_where(lost, met, screened_out, gave_up, seen, believed_by, test_failed, meets, sent_away):
    """Where a visitor's meeting with an RM was lost, told at the end of the day; NOT_LOST if there was one."""
    told = LEFT_LINE if gave_up else UNWILLING  # the reasons from the last to the first: values chosen, no branches
    told = told if meets else UNWILLING
    told = FAILED_TEST if test_failed else told
    unseen = MISJUDGED if seen else UNSEEN
    told = told if believed_by else unseen
    told = SENT_AWAY if sent_away else told
    told = told if lost == NOT_LOST else lost
    told = SCREENED_OUT if screened_out else told
    return NOT_LOST if met else told
