"""What the whole service process costs a visit, as a multiple of the simple day with the same visitors, side by side.

Two kinds of visitors: those of today's outlet (scenarios/baseline.toml, 130 a day, all of them walk-ins, since days of
a lobby alone have no book) and those of the engines' lobby day, to which the outlet's process is added: all of it but
e-banking, as nobody opens an account there. The simple day is the same lobby with every mechanism left out.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from vipsim.draws import Address
from vipsim.lobby.days import make_room, run_days
from vipsim.lobby.params import LobbyParams, params
from vipsim.scenario.files import load
from vipsim.scenario.lobby import PROCESS

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
WALK_INS_PER_DAY = 130.0
TYPES = {"A": 0.05, "B": 0.10, "C": 0.05, "D": 0.80}
ASK_SHARE = 0.3  # visitors whom tellers want to pitch
DAYS = 150


def lobbies() -> dict[str, tuple[LobbyParams, LobbyParams]]:
    """By kind of visitors: the simple day and the day with the whole process."""
    outlet = load(SCENARIOS / "baseline.toml")
    walk_ins = {"walk_ins_per_day": WALK_INS_PER_DAY, "walk_in_share": TYPES}
    demand = outlet.demand.model_validate(outlet.demand.model_dump() | walk_ins)
    with_walk_ins = outlet.model_copy(update={"demand": demand})
    nothing = outlet.lobby.model_copy(update=dict.fromkeys(PROCESS))
    simple = with_walk_ins.model_copy(update={"lobby": nothing})
    day = load(SCENARIOS / "reference" / "lobby_day.toml")
    mechanisms = {name: getattr(outlet.lobby, name) for name in PROCESS if name != "ebank"}
    full_day = day.model_copy(update={"lobby": day.lobby.model_copy(update=mechanisms)})
    return {
        "today's outlet": (params(simple, ask_share=ASK_SHARE), params(with_walk_ins, ask_share=ASK_SHARE)),
        "lobby day": (params(day), params(full_day, ask_share=ASK_SHARE)),
    }


def process(rounds: int) -> None:
    """Print nanoseconds and steps a visit of both days, and the median of the ratios of the rounds."""
    print("the whole process beside the simple day       simple: ns (steps)     process: ns (steps)    ratio (range)")
    for name, pair in lobbies().items():
        rooms = [run_days(p, Address(1, 0, 0), 0, DAYS, make_room(p, DAYS)) for p in pair]
        ns: list[list[float]] = [[], []]
        for n in range(3 * rounds):
            for i, p in enumerate(pair):
                start = time.process_time()
                rooms[i] = run_days(p, Address(1, n, 0), 0, DAYS, rooms[i])
                ns[i].append(1e9 * (time.process_time() - start) / float(rooms[i].log.n[1]))
        steps = [float(room.log.n[3]) / float(room.log.n[1]) for room in rooms]
        ratios = [full / simple for simple, full in zip(*ns, strict=True)]
        parts = "    ".join(f"{statistics.median(x):15.0f} ({s:.2f})" for x, s in zip(ns, steps, strict=True))
        print(f"{name:40s} {parts}    {statistics.median(ratios):7.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
