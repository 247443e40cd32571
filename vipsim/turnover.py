# mypy: allow-untyped-defs, allow-untyped-calls
"""Burnout: how a full load makes the manager who bore it leave (B22)."""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim import draws
from vipsim.agenda import RESIGN, file
from vipsim.compiled import kernel
from vipsim.customers.lifecycle import day_of_event
from vipsim.customers.ownership import RM_FIRST
from vipsim.draws import draw
from vipsim.lobby.ledger import PER_MINUTE, paid_and_used
from vipsim.scenario.staff import ROLES


def burnout(policy: Any, lobby: Any, ledger: np.ndarray) -> np.ndarray:
    """Part by which each manager's turnover rises in the month after one with this ledger: float64 [managers] (B22).

    Minutes used over minutes paid, breaks apart, as in ``utilisation_relationship_manager``; each percentage point of
    a manager above ``money.burnout_from_share`` adds ``money.burnout_ratio``. Empty where nobody is worn.

    Parameters
    ----------
    ledger : int64 [days, members, half-hours, columns], milliseconds (``lobby.ledger``).
    """
    if policy.money.burnout_ratio == 0.0:
        return np.empty(0)
    managers = np.asarray(lobby.staffing.role) == ROLES.index("relationship_manager")
    spent = ledger[:, managers].sum(axis=(0, 2)) / PER_MINUTE
    paid, used = paid_and_used(spent)
    share = np.divide(used, paid, out=np.zeros(paid.size), where=paid > 0.0)  # an empty post wears nobody out
    points = 100.0 * np.maximum(share - policy.money.burnout_from_share, 0.0)
    rise: np.ndarray = policy.money.burnout_ratio * points
    return rise


@kernel
def file_worn(agenda, turnover_per_year, address, rise, month):
    """File the managers who resign this month because of last month's load: at the usual turnover they would stay.

    The draw is that of the month's opening, so that whoever leaves at any rate leaves once.
    """
    hazard = turnover_per_year / 12.0
    for member in range(rise.size):
        if rise[member] <= 0.0:
            continue
        u = draw(address, draws.TURNOVER, month.number, member, 0)
        when = day_of_event(u, hazard * (1.0 + rise[member]), month.days)
        if when >= 0 and day_of_event(u, hazard, month.days) < 0:
            file(agenda, month.first_day + when, RESIGN, RM_FIRST + member, 0, 0)
