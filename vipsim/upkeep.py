"""Upkeep of the book as a head reads it: who uses the customer system, what is known, whom tellers raise (B07, Y12)."""

from __future__ import annotations

from typing import Any

import numpy as np

from vipsim.customers.book import EXITED, PROSPECT
from vipsim.customers.ownership import HEAD_FIRST, POSTS, TELLER_FIRST


def system_users(contacts: Any, staff_of_post: np.ndarray, books: np.ndarray, least: int) -> np.ndarray:
    """Members who keep customers, and those of them who recorded ``least`` contacts in the month: float64 [2].

    Parameters
    ----------
    contacts : ContactLog
        The month's contacts, by staff number.
    staff_of_post : int64 [posts]
        Staff number of each owner's post, -1 where nobody is.
    books : int64 [posts]
        Customers of each post.
    """
    posts = np.flatnonzero((books[: staff_of_post.size] > 0) & (staff_of_post[: books.size] >= 0))
    keepers = np.unique(staff_of_post[posts])
    made = contacts.rows["staff"][: contacts.size[0]]
    active = [member for member in keepers if np.count_nonzero(made == member) >= least]
    return np.array([keepers.size, len(active)], dtype=np.float64)


def information_share(state: Any, policy: Any, known_from_share: float) -> float:
    """Target customers (VIP, B or C, by the policy's cuts) of whom enough is known; nan where there are none.

    What is known comes by contacts and fades without them: the same number by which sales depend on it (D05, S21).
    """
    book = state.book[: int(state.sums.next_prospect)]
    here = (book["stage"] > PROSPECT) & (book["stage"] < EXITED)
    vip = book["month_average"].mean(axis=1) >= policy.cuts.tier_fen[0]
    wealth = book["balance"].sum(axis=1) + book["elsewhere"]
    target = here & (vip | (wealth >= policy.cuts.potential_ratio * policy.cuts.tier_fen[0]))
    if not target.any():
        return float("nan")
    care = book["care"][target]
    return float(np.mean(care / (care + policy.response.known_half_per_year) >= known_from_share))


def raised_by_tellers(state: Any, talent_from: int) -> tuple[int, int]:
    """Customers on the lists of the tellers who raised them, and tellers who keep at least so many VIPs (Y12)."""
    book = state.book[: int(state.sums.next_prospect)]
    owner = book["owner"]
    of_tellers = (owner >= TELLER_FIRST) & (owner < HEAD_FIRST)
    vips = np.bincount(owner[of_tellers & (book["tier"] > 0)] - TELLER_FIRST, minlength=POSTS)
    listed = np.count_nonzero(of_tellers & (book["grown"] > 0))
    return int(listed), int(np.count_nonzero(vips >= talent_from))
