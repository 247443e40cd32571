"""The online team: questions answered from afar before anybody comes to the lobby (EB20).

Whoever is answered does not come. The team's minutes of a day are finite: customers of the book are answered before
strangers, and who finds no minutes left comes as before. Without a team nothing is drawn.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vipsim.compiled import kernel
from vipsim.draws import CONSTANT, SERVICE, VISIT_KIND, Variate, draw, variate
from vipsim.lobby.jobs import Array
from vipsim.scenario.demand import Demand
from vipsim.scenario.lobby import Lobby

_ASKS = 18  # VISIT_KIND: whether this visitor asks online first and is content with the answer
_ANSWER = 17  # SERVICE: minutes of the answer
_MOST_KINDS = 32


class OnlineTeam(NamedTuple):
    """The team as the kernels take it."""

    minutes_per_day: float  # of all members; 0 = no team
    saved: Array  # float64[32] per transaction: visits that an answer would save
    answer: Variate


def online_team_of(demand: Demand, lobby: Lobby) -> OnlineTeam:
    """The online team of a scenario; one without members answers nobody."""
    team = lobby.online_team
    if team is None:
        return OnlineTeam(0.0, np.zeros(_MOST_KINDS), Variate(CONSTANT, 0.0, 0.0, 0.0))
    saved = np.zeros(_MOST_KINDS)
    for kind, item in enumerate(demand.transactions):
        saved[kind] = team.saved_share if item.name in team.business else 0.0
    return OnlineTeam(team.members * team.minutes_per_day, saved, team.answer.variate())


@kernel
def answer_online(team: Any, address: Any, day: int, visits: Any) -> tuple[int, float]:
    """Answer the questions of those who would come today and take them off the visits.

    Returns how many were answered, and in how many minutes. An appointment is no question.
    """
    left = team.minutes_per_day
    answered = 0
    last = visits.n[0]
    i = 0
    while i < last:
        row = visits.rows[i]
        id = visits.id[i]
        k = visits.k[i]
        saved = 0.0 if row["appointment"] else team.saved[row["kind"]]
        minutes = 0.0
        asks = saved > 0.0 and draw(address, VISIT_KIND, day, id, k + _ASKS) < saved
        if asks:
            minutes = variate(team.answer, draw(address, SERVICE, day, id, k + _ANSWER))
        if not asks or minutes > left:
            i += 1
            continue
        left -= minutes
        answered += 1
        last -= 1
        visits.rows[i] = visits.rows[last]  # the order of rows does not matter: the last takes the place
        visits.id[i] = visits.id[last]
        visits.k[i] = visits.k[last]
        if visits.chance.size > 0:
            visits.chance[i] = visits.chance[last]
    visits.n[0] = last
    visits.n[1] = last
    return answered, team.minutes_per_day - left
