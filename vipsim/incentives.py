"""Incentives: how the pay for introducing and for closing changes what people do (K02-K03, K12, N28).

Pay acts only through effort: the introducer's part of the bonus moves the ask rate, the seller's part the closing
effort. What is not paid (``intrinsic_yuan``) works beside it, so that a bonus of 0 leaves some effort.
"""

from __future__ import annotations

from vipsim.scenario.money import Incentives


def effort(pay_yuan: float, reference_yuan: float, intrinsic_yuan: float, elasticity: float) -> float:
    """Effort relative to the reference pay: ((pay + intrinsic) / (reference + intrinsic)) ** elasticity."""
    return float(((pay_yuan + intrinsic_yuan) / (reference_yuan + intrinsic_yuan)) ** elasticity)


def credit(incentives: Incentives) -> float:
    """Part of the credit that an introducer keeps for a customer who has another owner (B08, DV52)."""
    return {"seller": 1.0, "split": 1.0 - incentives.split_owner_share, "owner_takes_all": 0.0}[incentives.attribution]


def ask_rate(incentives: Incentives, owned: bool = False) -> float:
    """Share of a teller's visits in which the teller asks, from the introducer's part of the bonus; at most 1.

    ``owned`` = the visitor has an owner, who may be given a part of the introducer's credit.
    """
    pay = incentives.bonus_yuan * incentives.referral_share * (credit(incentives) if owned else 1.0)
    reference = incentives.reference_bonus_yuan * incentives.reference_share
    lift = effort(pay, reference, incentives.intrinsic_yuan, incentives.ask_elasticity_ratio)
    return min(1.0, incentives.ask_share * lift)


def closing_effort(incentives: Incentives) -> float:
    """Closing effort of sellers relative to the reference, from the seller's part of the bonus."""
    pay = incentives.bonus_yuan * (1.0 - incentives.referral_share)
    reference = incentives.reference_bonus_yuan * (1.0 - incentives.reference_share)
    return effort(pay, reference, incentives.intrinsic_yuan, incentives.closing_elasticity_ratio)
