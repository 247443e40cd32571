"""A lobby that cannot be: each fault is one line with file, line, key, what was expected and what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from vipsim.scenario import files
from vipsim.scenario.errors import InputError

KIND = (
    'name = "x"\nshare = {share}\nstation = "{station}"\ndivertible_share = 0.0\n'
    'service = {{law = "constant", value_min = 1.0}}'
)
SIGNAL = 'signals = [{{name = "{name}", prime_share = 0.2, ordinary_share = 0.1, seen_by = ["{eyes}"]}}]'

# what stands in the file from its fourth line on, the line of the fault, its key, and what is said of it
CASES = {
    "a route to a station that does not exist": (
        "[[demand.transactions]]\n" + KIND.format(share=1.0, station="noncashs"),
        7,
        "demand.transactions[0].station",
        ("expected one of cash, noncash, rm", "did you mean noncash?"),
    ),
    "a counter without anybody": (
        "[staff.teller]\nemployed = 0",
        5,
        "staff.teller.employed",
        ("somebody at station 'cash'", "nobody employed who serves it"),
    ),
    "a counter that all tellers leave to others": (
        "[staff.teller]\nnoncash_only = 4",
        5,
        "staff.teller.noncash_only",
        ("somebody at station 'cash'",),
    ),
    "business of managers who do not meet anybody": (
        "[staff.relationship_manager]\nstations = []\n[[demand.transactions]]\n" + KIND.format(share=1.0, station="rm"),
        5,
        "staff.relationship_manager.stations",
        ("somebody at station 'rm'", "sends 'x'"),
    ),
    "a desk without anybody": (
        "[staff.lobby_manager]\nemployed = 0",
        5,
        "staff.lobby_manager.employed",
        ("somebody at station 'desk' while lobby.triage.on",),
    ),
    "a role without shifts": ("[staff.teller]\nshifts = []", 5, "staff.teller.shifts", ("at least 1",)),
    "behaviours that do not sum": (
        "[lobby.entrance]\nasks_share = 0.5",
        5,
        "lobby.entrance.asks_share",
        ("asks_share + looks_round_share + takes_number_share to sum to 1, found 1.05",),
    ),
    "types that do not sum": (
        "[demand]\nwalk_in_share = {A = 0.0, B = 0.0, C = 0.1, D = 0.94}",
        5,
        "demand.walk_in_share",
        ("to sum to 1, found 1.04",),
    ),
    "businesses that do not sum": (
        "[[demand.transactions]]\n" + KIND.format(share=0.9, station="cash"),
        4,
        "demand.transactions",
        ("to sum to 1, found 0.9",),
    ),
    "an unknown signal": (
        "[lobby.identification]\n" + SIGNAL.format(name="safe_boks", eyes="teller"),
        5,
        "lobby.identification.signals[0].name",
        ("expected one of large_cash_or_remittance", "did you mean safe_box?"),
    ),
    "a signal that nobody can see": (
        "[lobby.identification]\n" + SIGNAL.format(name="safe_box", eyes="guard"),
        5,
        "lobby.identification.signals[0].seen_by[0]",
        ("expected one of lobby_manager, teller, noncash_teller, form",),
    ),
    "teaching minutes below zero": (
        '[lobby.teaching]\nminutes = {law = "constant", value_min = -4.0}',
        5,
        "lobby.teaching.minutes.value_min",
        ("at least 0, found -4.0",),
    ),
    "two windows from one teller": (
        '[lobby.vip_service]\nmode = "window"\nwindows = 2\n[staff.teller]\nemployed = 1',
        6,
        "lobby.vip_service.windows",
        ("at most one window for each teller employed (1), found 2",),
    ),
    "Wi-Fi that tries patience": (
        "[lobby.hall]\nwifi_patience_ratio = 0.5",
        5,
        "lobby.hall.wifi_patience_ratio",
        ("from 1 to 5", "found 0.5"),
    ),
    "more visits at weekends than there are": (
        "[demand]\nweekend_only_share = 1.2",
        5,
        "demand.weekend_only_share",
        ("from 0 to 1 share, found 1.2",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_lobby_that_cannot_be_is_one_line_that_names_it(tmp_path: Path, case: str) -> None:
    text, line, key, says = CASES[case]
    path = tmp_path / "lobby.toml"
    path.write_text(f'extends = "vipsim:baseline.toml"\nname = "lobby"\n\n{text}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        files.load(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(path), line, key)
    assert "\n" not in str(problem)
    for part in says:
        assert part in str(problem)
