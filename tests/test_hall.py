"""What a visit leaves behind besides the business: the hall's Wi-Fi and board, an introduction, a long pitch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from years import Year, branch

from tests.lobby_scenarios import build, tables
from vipsim.lobby.params import params
from vipsim.scenario.channels import board_care_share, with_hall
from vipsim.scenario.fields import Law, stretched
from vipsim.scenario.process import Hall

OFF = {
    "wifi": False,
    "wifi_patience_ratio": 1.5,
    "wifi_active_ratio": 2.0,
    "wifi_yuan_per_month": 300.0,
    "information_board": False,
    "board_care_share": 0.1,
}
LAWS: list[dict[str, Any]] = [
    {"law": "constant", "value_min": 3.0},
    {"law": "exponential", "mean_min": 3.0},
    {"law": "lognormal", "mean_min": 3.0, "cv": 0.7},
    {"law": "weibull", "mean_min": 3.0, "shape": 2.0},
    {"law": "triangular", "low_min": 1.0, "mode_min": 2.0, "high_min": 4.5},
    {"law": "gamma", "mean_min": 3.0, "cv": 0.7},
    {"law": "never"},
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: str(law["law"]))
def test_stretched_minutes_keep_their_law(law: dict[str, Any]) -> None:
    own = TypeAdapter(Law).validate_python(law)
    longer = stretched(own, 2.0)
    assert longer.mean() == 2.0 * own.mean()
    assert type(longer) is type(own)
    assert stretched(own, 1.0).variate() == own.variate()


def test_wifi_makes_all_who_wait_more_patient() -> None:
    of = tables("lobby_day")
    plain, off = params(build(of)), params(build(of | {"lobby": of["lobby"] | {"hall": OFF}}))
    wifi = params(build(of | {"lobby": of["lobby"] | {"hall": OFF | {"wifi": True}}}))
    assert off.choices.patience_ordinary == plain.choices.patience_ordinary
    assert wifi.process is None  # the hall changes minutes, not steps
    for name in ("patience_vip", "patience_ordinary", "patience_meeting"):
        law, longer = (getattr(p.choices, name) for p in (plain, wifi))
        assert longer.a == pytest.approx(1.5 * law.a)  # exponential and Weibull: the scale
        assert longer.b == law.b


def test_wifi_lets_more_try_ebanking_at_once() -> None:
    channels = branch().channels
    assert channels is not None
    assert with_hall(channels, None) is with_hall(channels, Hall.model_validate(OFF)) is channels
    more = with_hall(channels, Hall.model_validate(OFF | {"wifi": True}))
    for name in ("active_taught_share", "active_untaught_share"):
        odds = [getattr(x, name) / (1.0 - getattr(x, name)) for x in (channels, more)]
        assert odds[1] == pytest.approx(2.0 * odds[0])
    assert board_care_share(Hall.model_validate(OFF)) == 0.0
    assert board_care_share(Hall.model_validate(OFF | {"information_board": True})) == 0.1


def test_a_business_may_be_led_to_machines_more_often_than_others() -> None:
    of = tables("lobby_day")
    offered = of["lobby"]["diversion"]["divert_share"] * of["lobby"]["diversion"]["accept_share"]
    kind = of["demand"]["transactions"][0]
    kinds = [kind | {"name": name, "share": share} for name, share in (("a", 0.5), ("b", 0.3), ("c", 0.2))]
    usual = params(build(of | {"demand": of["demand"] | {"transactions": kinds}})).choices.divert
    assert usual == pytest.approx([kind["divertible_share"] * offered for kind in kinds])
    kinds[0] |= {"divert_ratio": 0.5}
    kinds[1] |= {"divert_ratio": 9.0}
    found = params(build(of | {"demand": of["demand"] | {"transactions": kinds}})).choices.divert
    assert found[0] == pytest.approx(0.5 * usual[0])
    accept = of["lobby"]["diversion"]["accept_share"]
    assert found[1] == pytest.approx(kinds[1]["divertible_share"] * accept)  # never more than everybody
    assert found[2:] == pytest.approx(usual[2:])


def relationships(changes: dict[str, Any]) -> np.ndarray:
    """A month of the small branch: how the customers stand to it at the end."""
    month = {"calendar.run_in_months": 0, "calendar.window_months": 1, "calendar.run_off_months": 0}
    year = Year(branch(month | {"book.customers": 3000} | changes)).run()
    found: np.ndarray = year.branch.state.book["relationship"][: year.world.customers].copy()
    return found


def test_an_introduction_and_the_board_are_liked_and_a_long_pitch_is_not() -> None:
    usual = relationships({})
    introduced = relationships({"channels.introduced_care_share": 0.5})
    pitched = relationships({"channels.pitch_care_share_per_min": 0.1})
    borne = relationships({"channels.pitch_care_share_per_min": 0.1, "channels.pitch_borne_min": 60.0})
    board = relationships({"lobby.hall.information_board": True, "lobby.hall.board_care_share": 0.1})
    assert introduced.mean() > usual.mean()
    assert board.mean() > usual.mean()
    assert pitched.mean() < usual.mean()
    assert np.array_equal(borne, usual)
