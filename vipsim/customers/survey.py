"""The satisfaction survey: what customers say, which is not all that they feel (M06)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from vipsim import draws
from vipsim.draws import Address

_ASKED, _ANSWERS, _NOISE = 0, 2, 4  # numbers of a customer's draws (stream SURVEY)


def said(
    relationship: np.ndarray, ids: np.ndarray, asked: int, experience: Any, address: Address, day: int
) -> np.ndarray:
    """Answers to a survey on a day, shares from 0 to 1; nobody's feelings change by being asked.

    Parameters
    ----------
    relationship : float64 [n]
        What customers feel.
    ids : int64 [n]
        Their rows in the book, the addresses of their luck.
    asked : int
        How many of them are asked, at random.
    experience : Experience
        Share of answers at middling relationship (the content answer more often), and the spread of an answer.

    Returns
    -------
    float64 [answers]
    """

    def u(which: int) -> np.ndarray:
        return draws.uniform(address.seed, address.replication, draws.SURVEY, address.branch, day, ids, which)

    chosen = np.argsort(u(_ASKED), kind="stable")[: min(asked, ids.size)]
    willing = u(_ANSWERS)[chosen] < experience.survey_response_share * (0.5 + relationship[chosen])
    spread = experience.survey_noise_share * ndtri(u(_NOISE)[chosen][willing])
    answers: np.ndarray = np.clip(relationship[chosen][willing] + spread, 0.0, 1.0)
    return answers
