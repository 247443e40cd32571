"""A small scenario schema: enough of every kind of field to test the files without the whole branch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from vipsim.scenario.fields import Law, Section, fact, lever, uncertainty
from vipsim.scenario.wishes import Wish, refuse

TEXT = """\
name = "small"
title = "two desks"

[lobby]
service = {law = "lognormal", mean_min = 4.0, cv = 0.8}
vip_service = "none"
arrivals = [0.25, 0.75]

[[lobby.transactions]]
name = "cash"
share = 0.5

[[lobby.transactions]]
name = "account"
share = 0.5

[staff.teller]
employed = 4
wage_yuan_per_month = 14000

[staff.lobby_manager]
employed = 1
wage_yuan_per_month = 12000
"""


class Transaction(Section):
    name: str
    share: float = fact("share", "share of visits", "N05", ge=0, le=1)
    pitch_min: float | None = lever("min", "minutes of a pitch; left out = none", "L22", ge=0, le=10, default=None)


class Lobby(Section):
    service: Law = uncertainty("min", "minutes at the counter", "N03")
    vip_service: Literal["none", "strict", "head_start"] = lever("choice", "what VIPs get at the counter", "L14")
    arrivals: list[Annotated[float, Field(ge=0)]] = fact("share", "share of the day's visits by half of the day", "N01")
    transactions: list[Transaction]

    @model_validator(mode="after")
    def _whole(self) -> Lobby:
        total = sum(self.arrivals)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"expected arrivals that sum to 1, found a sum of {total:g}")
        return self


class Role(Section):
    employed: int = lever("people", "people employed", "DV01", ge=0, le=10)
    on_duty: int | None = lever("people", "most people on the floor; left out = all", "DV03", ge=0, default=None)
    wage_yuan_per_month: float = fact("yuan/month", "full cost of one person", "N23", ge=0)


class Staff(Section):
    teller: Role
    lobby_manager: Role


class Book(Section):
    path: str = fact("path", "file of the customers")


class Branch(Section):
    """The small root."""

    name: str
    title: str = ""
    days: list[Literal["mon", "tue"]] = fact("days of week", "open weekdays", default=["mon"])
    today: dict[str, Any] = Field({})
    lobby: Lobby
    staff: Staff
    book: Book | None = None

    @model_validator(mode="after")
    def _between(self) -> Branch:
        if self.staff.teller.employed == 0:
            refuse([Wish(("staff", "teller", "employed"), "somebody at a counter", "nobody")], "Branch")
        return self


def write(folder: Path, text: str = TEXT, name: str = "small.toml") -> Path:
    """A scenario file in a folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
