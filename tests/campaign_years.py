"""Years with campaigns for the tests: a small branch, run once and kept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from years import BASELINE, Year, branch

NAMES = tuple(BASELINE.campaigns)


def with_campaigns(*names: str, **changes: Any) -> Any:
    """The small branch with some campaigns on; ``changes``: campaign key with __ for dots -> value."""
    on: dict[str, Any] = {f"campaigns.{name}.on": True for name in names}
    return branch(on | {key.replace("__", "."): value for key, value in changes.items()})


@lru_cache(maxsize=32)
def year_of(scenario_json: str, replication: int = 0, engine: str = "compiled") -> Year:
    """A finished year."""
    from vipsim.scenario.schema import Scenario

    return Year(Scenario.model_validate_json(scenario_json), replication=replication, engine=engine).run()


def year(*names: str, replication: int = 0, **changes: Any) -> Year:
    """A finished year of the small branch with some campaigns on."""
    return year_of(with_campaigns(*names, **changes).model_dump_json(), replication)


def guests(made: Year, name: str | None = None) -> Any:
    """Rows of all guests, or of one campaign's."""
    campaigns = made.branch.campaigns
    rows = campaigns.guests[: campaigns.size[0]]
    return rows if name is None else rows[rows["campaign"] == made.world.campaign_names.index(name)]
