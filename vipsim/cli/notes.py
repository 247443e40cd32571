"""What has to be known to read the numbers of one scenario, in a line each."""

from __future__ import annotations

from typing import Any

from vipsim.scenario import files
from vipsim.scenario.differing import in_words, moved

_CUTS = ("tiers.standard_yuan", "tiers.platinum_yuan", "tiers.black_yuan")


def cut_notes(scenario: Any) -> list[str]:
    """A line where the scenario's tier cuts are not today's: KPIs that count VIPs go by today's; else nothing."""
    levers = files.policy(scenario)
    cuts = moved(scenario.today, {key: levers[key] for key in _CUTS if key in levers})
    if not cuts:
        return []
    return [
        f"{scenario.name}: {in_words(cuts)} against today; counts and shares of VIPs go by today's cut (vip_customers, "
        "vip_churn_share ...), waits and the tier after a downgrade by the scenario's (vipsim explain vip_customers)"
    ]
