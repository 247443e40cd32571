"""Burnout: how a full load raises the turnover of managers (B22)."""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim.lobby.ledger import PER_MINUTE, paid_and_used
from vipsim.scenario.staff import ROLES


def burnout(policy: Any, lobby: Any, ledger: np.ndarray) -> float:
    """Part by which the next month's turnover rises after a month with this ledger (B22).

    Every manager's minutes used over minutes paid, breaks apart, as in ``utilisation_relationship_manager``; each
    percentage point above ``money.burnout_from_share`` adds ``money.burnout_ratio``. The mean over the posts: as many
    leave as if each had a hazard of his own, but who leaves need not be who was overloaded.

    Parameters
    ----------
    ledger : int64 [days, members, half-hours, columns], milliseconds (``lobby.ledger``).
    """
    if policy.money.burnout_ratio == 0.0:
        return 0.0
    managers = np.asarray(lobby.staffing.role) == ROLES.index("relationship_manager")
    if not managers.any():
        return 0.0
    spent = ledger[:, managers].sum(axis=(0, 2)) / PER_MINUTE
    paid, used = paid_and_used(spent)
    share = np.divide(used, paid, out=np.zeros(paid.size), where=paid > 0.0)  # an empty post wears nobody out
    points = 100.0 * np.maximum(share - policy.money.burnout_from_share, 0.0)
    return float(policy.money.burnout_ratio * points.mean())


def worn(policy: Any, rise: float) -> Any:
    """The policy with turnover raised by this part; the policy itself where nothing rises."""
    if rise == 0.0:
        return policy
    policy = policy.copy()
    policy.money.turnover_per_year *= 1.0 + rise
    return policy
