"""What a replication counts while it runs, by phase; ``kpis.py`` turns the counts into KPIs.

The tally is an array [phase, column]; the columns are the constants below, and counts of people and events unless
the name ends in a unit.
"""

from __future__ import annotations

RUN_IN, WINDOW, RUN_OFF = range(3)
PHASES = ("run_in", "window", "run_off")

# fmt: off
(
    # the lobby
    OPEN_DAYS, CALENDAR_DAYS, VISITS, WALK_INS, PRIME_VISITS, PRIME_TREATED, ORDINARY_VISITS, ORDINARY_TREATED,
    JOINED_VIP, JOINED_ORDINARY, ABANDONED_VIP, ABANDONED_ORDINARY, COUNTER, MACHINE, REMOTE, MEETINGS,
    MEETINGS_PRIME, NAME_CARDS, TELLER_REFERRALS, UNSERVED, COMPLAINTS, COMPLAINTS_RESOLVED,
    SERVICE_SCORE, SERVICE_SCORED,
    # outreach
    PLANNED, PLANNED_MADE, CONTACTS, REACHED, MESSAGES, LEADS, LEADS_IN_TIME, LEADS_DROPPED, TASKS_DROPPED,
    HELD_BACK, APPOINTMENTS, APPOINTMENTS_KEPT, SALES, WON_FEN, HOT_LEFT_FEN, LADDER_FEN,
    # life cycle
    NOTICES, RESCUE_WINDOWS, RESCUED, RESCUE_CONTACTS, FALSE_ALERTS, LARGE_OUTFLOWS, CLOSED, LEFT_FEN,
    MATURED_FEN, MATURED_KEPT_FEN, REFERRALS, JOINED, WON_BACK, UPGRADES, DOWNGRADES, SIGNED, ASSIGNED,
    RESIGNATIONS, TURNOVER_FEN,
    # money
    REVENUE_YUAN, FEE_YUAN, STAFF_YUAN, VACANCY_YUAN, BONUS_YUAN, OFFER_YUAN, CONTACT_YUAN, ENTITLEMENT_YUAN,
    PREMIUM_YUAN, DEPOSIT_DEVIATIONS, OUT_OF_HOURS,
    # added later
    MATURED_OWNED, MATURED_REMINDED, CHECKS,
) = range(73)
# fmt: on

COLUMN = {
    name.lower(): value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, int) and name not in ("RUN_IN", "WINDOW", "RUN_OFF")
}
WIDTH = len(COLUMN)
