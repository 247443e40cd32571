"""Scenario files: layers, precedence, today's policy, resolved form and hash, positions of keys."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import small_branch
from hypothesis import given
from hypothesis import strategies as st
from small_branch import Branch, write

from vipsim import shipped
from vipsim.scenario import files, positions
from vipsim.scenario.errors import InputError
from vipsim.scenario.settings import join_key, parse_key, setting_at, settings


def load(path: Path, *overrides: str) -> Branch:
    return files.load(path, overrides, Branch)


def test_precedence_is_extends_then_file_then_set(tmp_path: Path) -> None:
    write(tmp_path)
    child = write(tmp_path, 'extends = "small.toml"\n[staff.teller]\nemployed = 5\n', "child.toml")
    assert load(tmp_path / "small.toml").staff.teller.employed == 4
    assert load(child).staff.teller.employed == 5
    assert load(child, "staff.teller.employed=6").staff.teller.employed == 6
    assert load(child).staff.lobby_manager.employed == 1  # untouched keys stay


def test_a_list_of_extends_is_laid_in_its_order(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "[staff.teller]\nemployed = 7\n", "seven.toml")
    write(tmp_path, "[staff.teller]\nemployed = 8\n", "eight.toml")
    child = write(tmp_path, 'extends = ["small.toml", "eight.toml", "seven.toml"]\n', "child.toml")
    assert load(child).staff.teller.employed == 7


def test_extends_is_relative_to_the_file_that_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    (tmp_path / "whatif").mkdir()
    write(tmp_path / "whatif", 'extends = "../small.toml"\n', "same.toml")
    monkeypatch.chdir("/")
    assert load(tmp_path / "whatif" / "same.toml").staff.teller.employed == 4


def test_arrays_and_laws_are_replaced_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path)
    text = """extends = "small.toml"
    [lobby]
    service = {law = "constant", value_min = 3.0}
    [[lobby.transactions]]
    name = "all"
    share = 1.0
    """
    child = load(write(tmp_path, text, "child.toml"))
    assert child.lobby.service.mean() == 3.0
    assert [t.name for t in child.lobby.transactions] == ["all"]
    part = load(write(tmp_path, 'extends = "small.toml"\nlobby.service.mean_min = 9.0\n', "part.toml"))
    assert part.lobby.service.mean() == 9.0


def test_name_and_title_are_the_files_own(tmp_path: Path) -> None:
    write(tmp_path)
    child = load(write(tmp_path, 'extends = "small.toml"\n', "child.toml"))
    assert (child.name, child.title) == ("child", "")


def test_set_reads_toml_and_falls_back_to_text(tmp_path: Path) -> None:
    path = write(tmp_path)
    branch = load(path, "lobby.vip_service=strict", "lobby.arrivals=[0.5, 0.5]", "lobby.transactions[1].share=0.25")
    assert branch.lobby.vip_service == "strict"
    assert branch.lobby.arrivals == [0.5, 0.5]
    assert branch.lobby.transactions[1].share == 0.25
    assert branch.lobby.transactions[0].share == 0.5


# ------------------------------------------------------------------------------------------------ today


def test_today_is_the_policy_of_the_root_of_extends(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, 'extends = "small.toml"\n[staff.teller]\nemployed = 5\n', "middle.toml")
    top = write(tmp_path, 'extends = "middle.toml"\n[lobby]\nvip_service = "strict"\n', "top.toml")
    scenario = load(top, "staff.teller.employed=9", "staff.teller.wage_yuan_per_month=15000")
    today = files.policy_today(scenario)
    assert (scenario.staff.teller.employed, scenario.lobby.vip_service) == (9, "strict")
    assert (today.staff.teller.employed, today.lobby.vip_service) == (4, "none")
    assert today.staff.teller.wage_yuan_per_month == 15000  # a fact is the world's, not the policy's
    assert today.today == scenario.today


def test_today_can_be_said_nested_or_dotted(tmp_path: Path) -> None:
    write(tmp_path)
    nested = write(tmp_path, 'extends = "small.toml"\n[today]\nstaff.teller.employed = 2\n', "nested.toml")
    dotted = write(tmp_path, 'extends = "small.toml"\n[today]\n"staff.teller.employed" = 2\n', "dotted.toml")
    for path in (nested, dotted):
        scenario = load(path)
        assert files.policy_today(scenario).staff.teller.employed == 2
        assert scenario.staff.teller.employed == 4


def test_no_change_of_policy_means_today_is_the_same_scenario(tmp_path: Path) -> None:
    scenario = load(write(tmp_path))
    assert files.policy_today(scenario) == scenario
    assert scenario.today == files.policy(scenario)
    assert scenario.today["staff.teller.employed"] == 4


def test_a_lever_that_today_does_not_set_is_not_set_today(tmp_path: Path) -> None:
    write(tmp_path)
    child = write(tmp_path, 'extends = "small.toml"\n[staff.teller]\non_duty = 2\n', "child.toml")
    scenario = load(child)
    assert scenario.today["staff.teller.on_duty"] == files.OMITTED
    assert files.policy_today(scenario).staff.teller.on_duty is None
    again = load(write(tmp_path, files.resolved_toml(scenario), "resolved.toml"))
    assert again == scenario
    grandchild = write(tmp_path, 'extends = "child.toml"\n[staff.teller]\non_duty = "omitted"\n', "grandchild.toml")
    assert load(grandchild).staff.teller.on_duty is None


def test_a_list_with_levers_in_it_is_one_lever(tmp_path: Path) -> None:
    write(tmp_path)
    text = """extends = "small.toml"
    [[lobby.transactions]]
    name = "all"
    share = 1.0
    pitch_min = 3.0
    """
    scenario = load(write(tmp_path, text, "child.toml"))
    today = files.policy_today(scenario)
    assert [t.name for t in today.lobby.transactions] == ["cash", "account"]
    assert [t.name for t in scenario.lobby.transactions] == ["all"]


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('"staff.teller.wage_yuan_per_month" = 1', "today.staff.teller.wage_yuan_per_month", "expected a lever"),
        ('"staff.teller.employd" = 1', "staff.teller.employd", "staff.teller.employed"),
        ('"staff.teller.employed" = 99', "staff.teller.employed", "10 people"),
        ('"lobby.transactions[0].pitch_min" = 1.0', "", "give the whole list lobby.transactions"),
    ],
)
def test_today_takes_levers_within_their_range_only(tmp_path: Path, line: str, key: str, says: str) -> None:
    path = write(tmp_path, small_branch.TEXT + f"[today]\n{line}\n")
    with pytest.raises(InputError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.line == small_branch.TEXT.count("\n") + 2
    assert says in str(problem)


# ------------------------------------------------------------------------------------------------ resolved form


def test_the_resolved_form_loads_to_the_same_scenario_and_hash(tmp_path: Path) -> None:
    write(tmp_path)
    child = write(tmp_path, 'extends = "small.toml"\n[staff.teller]\nemployed = 5\n', "child.toml")
    scenario = load(child)
    again = load(write(tmp_path, files.resolved_toml(scenario), "resolved.toml"))
    assert again == scenario
    assert files.digest(again) == files.digest(scenario)
    assert files.run_name(again) == f"child-{files.digest(scenario)[:8]}"


def test_every_value_moves_the_hash(tmp_path: Path) -> None:
    path = write(tmp_path)
    hashes = {files.digest(load(path))}
    for change in ("staff.teller.employed=5", "lobby.service.cv=0.7", "lobby.vip_service=strict"):
        hashes.add(files.digest(load(path, change)))
    assert len(hashes) == 4


def test_a_data_file_counts_by_content_not_by_place(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "book.csv").write_text("customer\n1\n")
        write(tmp_path / folder, small_branch.TEXT + '[book]\npath = "book.csv"\n')
    one, other = load(tmp_path / "a" / "small.toml"), load(tmp_path / "b" / "small.toml")
    assert one.book is not None
    assert one.book.path == str(tmp_path / "a" / "book.csv")
    assert files.digest(one) == files.digest(other)
    (tmp_path / "b" / "book.csv").write_text("customer\n2\n")
    assert files.digest(one) != files.digest(other)
    assert files.data_hash(one) != files.data_hash(other)


def test_with_values_checks_what_it_sets(tmp_path: Path) -> None:
    scenario = load(write(tmp_path))
    assert files.with_values(scenario, {"lobby.transactions[0].share": 0.1}).lobby.transactions[0].share == 0.1
    with pytest.raises(InputError, match="legal range"):
        files.with_values(scenario, {"staff.teller.employed": 11})
    with pytest.raises(InputError, match=r"did you mean staff\.teller\.employed"):
        files.with_values(scenario, {"staff.teler.employed": 1})
    with pytest.raises(InputError, match="did you mean employed"):
        files.with_values(scenario, {"staff.teller.employd": 1})


# ------------------------------------------------------------------------------------------------ keys


def test_keys_of_the_schema_carry_role_unit_range_and_source() -> None:
    by_key = {setting.key: setting for setting in settings(Branch)}
    employed = by_key["staff.teller.employed"]
    assert (employed.role, employed.unit, employed.low, employed.high) == ("lever", "people", 0, 10)
    assert employed.range_text() == "a whole number from 0 to 10 people"
    assert by_key["lobby.transactions[].share"].source == "N05"
    assert by_key["lobby.service"].role == "uncertainty"
    part = setting_at(Branch, ("lobby", "service", "mean_min"))
    assert part is not None
    assert part.low_open


@given(st.lists(st.one_of(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.integers(0, 99)), max_size=5))
def test_keys_survive_a_round_trip(tail: list[str | int]) -> None:
    path = ("head", *tail)
    assert parse_key(join_key(path)) == path


# ------------------------------------------------------------------------------------------------ positions

TRICKY = '''# comment = [1]
"quoted.key" = "a # no comment \\" = 1"
a.b = """
two ] lines "" \\"""
"""
c = \'\'\'it''s { raw\'\'\'
date = 1979-05-27 07:32:00
list = [ # one
  1, [2,
  3], {x = 1, y = [
  4]},
]
[table.inner] # after
k = {p.q = 1, r = "}"}
[[rows]]
v = 1
[rows.sub]
w = 2
[[rows]]
v = 3
[[rows.deep]]
z = 4
'''


def test_positions_of_a_tricky_file() -> None:
    tomllib.loads(TRICKY)
    found = positions.lines(TRICKY)
    expected = {
        ("quoted.key",): 2,
        ("a", "b"): 3,
        ("c",): 6,
        ("date",): 7,
        ("list", 0): 9,
        ("list", 1, 1): 10,
        ("list", 2, "x"): 10,
        ("list", 2, "y", 0): 11,
        ("table", "inner"): 13,
        ("table", "inner", "k", "p", "q"): 14,
        ("table", "inner", "k", "r"): 14,
        ("rows", 0, "v"): 16,
        ("rows", 0, "sub", "w"): 18,
        ("rows", 1, "v"): 20,
        ("rows", 1, "deep", 0, "z"): 22,
    }
    assert {path: found.get(path) for path in expected} == expected


def test_every_key_of_a_shipped_file_has_a_line() -> None:
    """Every leaf that tomllib reads is found by the scanner: on each shipped scenario."""

    def leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
        return [path, *(leaf for key, item in items for leaf in leaves(item, (*path, key)))]

    for path in shipped.scenarios_dir().rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        found = positions.lines(text)
        missing = [leaf for leaf in leaves(tomllib.loads(text)) if leaf and leaf not in found]
        # a table that only its sub-tables name has no line of its own
        assert [leaf for leaf in missing if isinstance(leaf[-1], int)] == []


# ------------------------------------------------------------------------------------------------ shipped scenarios


def test_shipped_scenarios_are_found_in_a_checkout_and_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped.scenarios_dir() == Path(shipped.__file__).resolve().parent.parent / "scenarios"
    assert "vipsim:reference/lobby_day.toml" in shipped.names()
    package = tmp_path / "site-packages" / "vipsim"
    (package / "shipped" / "scenarios").mkdir(parents=True)
    write(package / "shipped" / "scenarios")
    monkeypatch.setattr(shipped, "__file__", str(package / "shipped.py"))
    assert shipped.names() == ["vipsim:small.toml"]
    child = write(tmp_path, 'extends = "vipsim:small.toml"\n', "child.toml")
    assert load(child).staff.teller.employed == 4
    with pytest.raises(InputError, match=r"vipsim:smal\.toml.*did you mean vipsim:small\.toml"):
        load(write(tmp_path, 'extends = "vipsim:smal.toml"\n', "child.toml"))
