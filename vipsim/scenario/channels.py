"""What visits to the lobby leave behind: faces remembered, machines and e-banking learned, overtaking resented.

Row ids are those of the seed catalogue; "assumption" marks a number that no source gives.
"""

from __future__ import annotations

from typing import Literal

from vipsim.scenario.demand import Demand, Transaction
from vipsim.scenario.fields import Section, fact, lever, uncertainty
from vipsim.scenario.process import Hall


class Channels(Section):
    """From one visit to the next: staff memory, channel skill, e-banking, resentment (I06, L04, L15, EB06)."""

    memory_half_visits: float = uncertainty(
        "visits", "Visits received at which lobby managers know half of the faces", "I06, assumption", gt=0
    )
    memory_days: float = uncertainty(
        "days",
        "Mean time after which a visit is forgotten, rotation of lobby managers included",
        "I06, assumption",
        gt=0,
    )
    skilled_visit_ratio: float = uncertainty(
        "ratio", "Visits of a customer taught to use machines, relative to others", "L04, assumption", ge=0, le=1
    )
    active_taught_share: float = uncertainty(
        "share", "Signed up and taught three uses: become active users, at age 40", "N30", ge=0, le=1
    )
    active_untaught_share: float = uncertainty(
        "share", "Signed up and not taught: become active users, at age 40", "N30", ge=0, le=1
    )
    active_decade_ratio: float = uncertainty(
        "ratio", "Odds of becoming active with ten more years of age, relative", "EB11, N30, CF27", gt=0, le=1
    )
    usb_key_yuan: float = fact("yuan", "Cost of the key given with a sign-up", "EB04, assumption", ge=0)
    free_key: Literal["all", "vip", "nobody", "payroll", "vip_payroll"] = lever(
        "choice",
        "Who is given the key free: all, VIPs, nobody, payroll customers, or both; others pay what it costs",
        "EB04, DV75",
    )
    paid_key_ratio: float = uncertainty(
        "ratio", "Chance to become an active user of who pays for the key, relative", "EB04, assumption", ge=0, le=1
    )
    remote_fee_forgone_yuan: float = fact(
        "yuan", "Fee not earned on a remote transaction, on average", "EB05, assumption", ge=0
    )
    remote_fee_share: float = lever(
        "share",
        "Part of the counter's fee (demand.transactions[].fee_yuan) charged on the same business done remotely",
        "EB05",
        ge=0,
        le=1,
        default=1.0,
    )
    saving_odds_ratio: float = uncertainty(
        "ratio",
        "Odds of signing up, and of becoming an active user, for each yuan saved on a remote transaction, relative",
        "EB05, assumption",
        ge=1,
        le=20,
        default=1.0,
    )
    breach_complaint_share: float = uncertainty(
        "share", "Sign-ups without consent that end in a complaint", "EB03, P11, assumption", ge=0, le=1
    )
    broken_promise_care_share: float = uncertainty(
        "share",
        "Relationship lost by who was told to be a VIP and is later taken for an ordinary visitor",
        "EB04, assumption",
        ge=0,
        le=1,
        default=0.1,
    )
    overtaken_care_share: float = uncertainty(
        "share", "Relationship lost each time others are visibly called first", "L15, assumption", ge=0, le=1
    )
    window_resentment_ratio: float = uncertainty(
        "ratio", "The same for a window of their own, relative to being overtaken at one's counter", "L15", ge=0, le=1
    )
    introduced_care_share: float = uncertainty(
        "share",
        "Part of the gap to a perfect relationship closed by being led to the manager and introduced",
        "L07",
        ge=0,
        le=1,
        default=0.0,
    )
    pitch_borne_min: float = uncertainty(
        "min", "Minutes of a teller's pitch that nobody minds", "L22", ge=0, le=60, default=0.0
    )
    pitch_care_share_per_min: float = uncertainty(
        "share per min", "Relationship lost for each further minute of the pitch", "L22", ge=0, le=1, default=0.0
    )


def at_odds(share: float, ratio: float) -> float:
    """A share when its odds rise by a ratio: 0 and 1 stay, and it never passes 1."""
    return ratio * share / (1.0 + (ratio - 1.0) * share)


def saved_yuan(business: Transaction, channels: Channels) -> float:
    """What a customer saves by doing this business remotely (EB05)."""
    return business.fee_yuan * (1.0 - channels.remote_fee_share)


def ebank_odds(business: Transaction, channels: Channels | None) -> float:
    """Odds of taking up e-banking of who comes for this business, relative: the need (EB14) and the saving (EB05)."""
    if channels is None:
        return business.ebank_odds_ratio
    return float(business.ebank_odds_ratio * channels.saving_odds_ratio ** saved_yuan(business, channels))


def mean_saved_yuan(demand: Demand, channels: Channels) -> float:
    """What a policy forgoes of a remote transaction's fee, on average over the business of ordinary visits (EB05)."""
    return sum(business.share * saved_yuan(business, channels) for business in demand.transactions)


def with_hall(channels: Channels, hall: Hall | None) -> Channels:
    """Channels in this hall: with Wi-Fi more of those who sign up become active users (L24, EB06)."""
    if hall is None or not hall.wifi:
        return channels
    shares = {}
    for name in ("active_taught_share", "active_untaught_share"):
        shares[name] = at_odds(getattr(channels, name), hall.wifi_active_ratio)
    return channels.model_copy(update=shares)


def board_care_share(hall: Hall | None) -> float:
    """What the information board does to a fund holder who passes it; 0 without a board (L23)."""
    return hall.board_care_share if hall is not None and hall.information_board else 0.0
