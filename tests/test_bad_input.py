"""Bad scenario input: one clear line per fault, with file, line, key, what was expected and the nearest spelling."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from small_branch import TEXT, Branch, write

from vipsim.scenario import files
from vipsim.scenario.errors import InputError, Problem
from vipsim.scenario.settings import Setting


def faults(path: Path, *overrides: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        files.load(path, overrides, Branch)
    return caught.value.problems


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert TEXT.count(old) >= 1, f"{old!r} is not in the file"
    return write(tmp_path, TEXT.replace(old, new, 1))


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if text in line)


CASES = {
    "misspelt key": ("employed = 4", "employd = 4", "staff.teller.employd", "did you mean employed?"),
    "key of another section": (
        "employed = 4",
        'employed = 4\nvip_service = "none"',
        "staff.teller.vip_service",
        "did you mean lobby.vip_service?",
    ),
    "wrong unit": ("mean_min = 4.0", "mean_s = 240", "lobby.service.mean_s", "expected mean_min, in minutes, found"),
    "unit left out": ("wage_yuan_per_month = 14000", "wage = 14000", "staff.teller.wage", "without a unit"),
    "wrong type": ("employed = 4", 'employed = "four"', "staff.teller.employed", "a whole number from 0 to 10 people"),
    "half a person": ("employed = 4", "employed = 4.5", "staff.teller.employed", "found 4.5"),
    "lever out of its legal range": (
        "employed = 4",
        "employed = 11",
        "staff.teller.employed",
        "from 0 to 10 people, the legal range of this lever, found 11",
    ),
    "fact out of range": ("share = 0.5", "share = 1.5", "lobby.transactions[0].share", "from 0 to 1 share, found 1.5"),
    "not finite": ("mean_min = 4.0", "mean_min = inf", "lobby.service.mean_min", "a number above 0"),
    "unknown choice": ('"none"', '"stict"', "lobby.vip_service", "did you mean strict?"),
    "unknown law": ('"lognormal"', '"lognormall"', "lobby.service.law", "did you mean lognormal?"),
    "missing key": ("employed = 4\n", "", "staff.teller.employed", "expected the key employed (people employed"),
    "table missing": ('name = "cash"\n', "", "lobby.transactions[0].name", "expected the key name"),
    "no table": (
        "[staff.lobby_manager]\nemployed = 1\nwage_yuan_per_month = 12000",
        "[staff]\nlobby_manager = 3",
        "staff.lobby_manager",
        "expected a table, found 3",
    ),
    "profile that does not sum": (
        "[0.25, 0.75]",
        "[0.25, 0.65]",
        "lobby.arrivals",
        "expected arrivals that sum to 1, found a sum of 0.9",
    ),
    "list element out of range": ("[0.25, 0.75]", "[-0.25, 1.25]", "lobby.arrivals[0]", "greater than or equal to 0"),
    "unknown choice in a list": (
        'name = "small"',
        'name = "small"\ndays = ["mon", "tus"]',
        "days[1]",
        "did you mean tue?",
    ),
    "nobody at a counter": ("employed = 4", "employed = 0", "staff.teller.employed", "somebody at a counter"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_fault_is_one_line_that_names_it(tmp_path: Path, case: str) -> None:
    old, new, key, says = CASES[case]
    path = changed(tmp_path, old, new)
    (problem,) = faults(path)
    assert problem.key == key
    assert problem.file == str(path)
    assert says in str(problem)
    assert problem.line is not None
    assert abs(problem.line - line_of(old.splitlines()[0])) <= 1
    assert "\n" not in str(problem)


def test_all_faults_of_a_file_are_shown_in_order(tmp_path: Path) -> None:
    text = TEXT.replace("mean_min = 4.0", "mean_min = -4.0").replace("employed = 4", "employd = 4")
    found = faults(write(tmp_path, text.replace("share = 0.5", 'share = "half"')))
    assert [problem.key for problem in found] == [
        "lobby.service.mean_min",
        "lobby.transactions[0].share",
        "lobby.transactions[1].share",
        "staff.teller.employd",
    ]


def test_a_fault_is_blamed_on_the_layer_that_made_it(tmp_path: Path) -> None:
    below = changed(tmp_path, "employed = 4", "employed = 40")
    child = write(tmp_path, 'extends = "small.toml"\n\n[staff.lobby_manager]\nemployed = 50\n', "child.toml")
    found = faults(child)
    assert {(Path(p.file).name, p.line) for p in found} == {("child.toml", 4), ("small.toml", line_of("employed = 4"))}
    assert str(below) in {p.file for p in found}


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("staff.teller.employed=99", "--set staff.teller.employed=99: staff.teller.employed: expected a whole number"),
        ("staff.teller.employd=9", "did you mean employed?"),
        ("staff.teler.employed=4", "--set staff.teler.employed=4: staff.teler: expected a key of [staff], found"),
        ("staff.teller.employed", "expected key=value"),
        ("lobby.transactions[9].share=0.1", "expected an element that exists"),
        ("lobby.transactions[x].share=0.1", "expected a dotted key"),
        ("name.first=1", "expected a table"),
    ],
)
def test_set_errors_name_the_option(tmp_path: Path, assignment: str, says: str) -> None:
    (problem,) = faults(write(tmp_path), assignment)
    assert str(problem).startswith("--set")
    assert says in str(problem)


# ------------------------------------------------------------------------------------------------ files


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path)
    (problem,) = faults(tmp_path / "smal.toml")
    assert (problem.file, problem.found) == (str(tmp_path / "smal.toml"), "no such file")
    assert problem.suggestion == "did you mean small.toml?"


def test_missing_parent_is_blamed_on_the_line_that_extends(tmp_path: Path) -> None:
    (problem,) = faults(write(tmp_path, '\nextends = "gone.toml"\n', "child.toml"))
    assert (problem.file, problem.line) == (str(tmp_path / "child.toml"), 2)
    assert "gone.toml" in problem.found


@pytest.mark.parametrize(
    ("parent", "hint"),
    [
        ("baseline.toml", "did you mean vipsim:baseline.toml, the shipped one?"),
        ("vipsim:outlet_2012", "did you mean vipsim:outlet_2012.toml?"),
        ("vipsim:baselin.toml", "did you mean vipsim:baseline.toml?"),
        ("vipsim:women_day.toml", "did you mean vipsim:campaigns/women_day.toml?"),
        ("vipsim:foo", "shipped are: vipsim:baseline.toml, vipsim:outlet_2012.toml, vipsim:campaigns/, "),
        ("vipsim:schemes/foo", "shipped are: vipsim:schemes/bocom.toml, vipsim:schemes/cmb.toml, "),
        ("chlid.toml", ""),
    ],
)
def test_a_missing_parent_is_looked_for_among_the_shipped_files(tmp_path: Path, parent: str, hint: str) -> None:
    (problem,) = faults(write(tmp_path, f'extends = "{parent}"\n', "child.toml"))
    assert problem.line == 1
    assert problem.suggestion.startswith(hint)
    assert "child.toml" not in problem.suggestion


def test_a_shipped_name_keeps_its_prefix_on_the_command_line() -> None:
    (problem,) = faults(Path("vipsim:outlet_2012"))
    assert problem.suggestion == "did you mean vipsim:outlet_2012.toml?"


def test_a_part_of_a_scenario_that_extends_nothing_gets_one_hint(tmp_path: Path) -> None:
    path = write(tmp_path, "[staff.teller]\nemployed = 4\nskil_cv = 0.1\n", "part.toml")
    with pytest.raises(InputError) as caught:
        files.load(path)
    first, *others = caught.value.problems
    assert 'write extends = "vipsim:baseline.toml" at the top' in first.suggestion
    assert "keys missing (book, calendar, demand, lobby, " in first.found
    assert [problem.key for problem in others] == ["staff.teller.skil_cv"]


HEAD = 'extends = "vipsim:baseline.toml"\n'
IN_WORDS = {
    "a name": ('name = "我的网点"', "name", "expected letters, digits, - and _, beginning with a letter or digit"),
    "a clock time": (
        '[calendar]\nopens_at = "8.30"',
        "calendar.opens_at",
        "expected a clock time HH:MM, such as 08:30",
    ),
    "another word for until": (
        "[campaigns.women_day]\nphases = [{from_day = 1, until_day = 9, to_day = 9, does = 'event'}]",
        "campaigns.women_day.phases[0].to_day",
        "did you mean until_day?",
    ),
    "below the floor": (
        "[tiers]\nstandard_yuan = 150000.0",
        "tiers.standard_yuan",
        "standard_yuan of at least 200000, the head office's standard_floor_yuan (T03), found 150000",
    ),
    "nobody in the book": (
        "[book]\ncustomers = 0",
        "book.customers",
        "customers of at least 1, found 0, an empty book",
    ),
    "no list": ("[tiers]\nservice_share = 1.0", "tiers.service_share", "expected a list of numbers (share), found 1"),
    "too few": ("[calendar]\nopen_weekdays = []", "calendar.open_weekdays", "expected at least 1 element, found"),
}


@pytest.mark.parametrize("case", IN_WORDS)
def test_what_is_expected_is_said_in_words(tmp_path: Path, case: str) -> None:
    text, key, says = IN_WORDS[case]
    path = write(tmp_path, HEAD + text + "\n", "mine.toml")
    with pytest.raises(InputError) as caught:
        files.load(path)
    problem = next(problem for problem in caught.value.problems if problem.key == key)
    assert says in str(problem)
    assert "pattern" not in str(problem)


def test_ranges_read_as_sentences() -> None:
    share = Setting("p", "", "probability", "", "", "a number", True, 0.0, 1.0, True, True)
    assert share.range_text() == "a probability above 0 and below 1"
    assert replace(share, unit="yuan", low_open=False).range_text() == "a number at least 0 and below 1 yuan"
    assert replace(share, low=1.0, low_open=False, high_open=False).range_text() == "a probability exactly 1"


@pytest.mark.parametrize(
    ("line", "column", "mark", "better"),
    [
        ("a = 1，", 6, "，", ","),
        ("a = [1，2]", 7, "，", ","),
        ("a = “x”", 5, "“", '"'),
        ('a = "x”', 7, "”", '"'),
        ("a ＝ 1", 3, "＝", "="),
        ('a = "，“"；', 9, "；", ";"),
    ],
)
def test_chinese_punctuation_is_named_with_its_column(
    tmp_path: Path, line: str, column: int, mark: str, better: str
) -> None:
    (problem,) = faults(write(tmp_path, f"b = 1\n{line}\n"))
    assert (problem.expected, problem.line) == ("TOML", 2)
    assert problem.found == f"the Chinese punctuation mark {mark} in column {column}"
    assert problem.suggestion == f"write {better} instead"


def test_a_data_file_without_a_near_name_is_told_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "book_template.csv").write_text("x\n")
    (problem,) = faults(write(tmp_path, TEXT + '[book]\npath = "bok.csv"\n'))
    assert problem.suggestion == "there is: book_template.csv"


def test_directory_given(tmp_path: Path) -> None:
    (problem,) = faults(tmp_path)
    assert "directory" in problem.found


def test_not_toml_says_the_line(tmp_path: Path) -> None:
    (problem,) = faults(write(tmp_path, "a = 1\nb = \n"))
    assert (problem.expected, problem.line) == ("TOML", 2)


def test_key_twice_says_the_line(tmp_path: Path) -> None:
    (problem,) = faults(write(tmp_path, "a = 1\na = 2\n"))
    assert problem.line == 2


def test_not_utf8_says_the_line(tmp_path: Path) -> None:
    path = tmp_path / "gbk.toml"
    path.write_bytes(b"a = 1\n" + 'title = "网点"\n'.encode("gbk"))
    (problem,) = faults(path)
    assert (problem.expected, problem.line) == ("a text in UTF-8", 2)


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (problem,) = faults(path)
    assert problem.expected == "a readable file"
    assert "permission denied" in problem.found


def test_circle_of_extends(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "b.toml"\n', "a.toml")
    write(tmp_path, 'extends = "a.toml"\n', "b.toml")
    (problem,) = faults(tmp_path / "a.toml")
    assert problem.found == "a.toml -> b.toml -> a.toml"
    assert problem.file.endswith("b.toml")


def test_extends_must_be_paths(tmp_path: Path) -> None:
    (problem,) = faults(write(tmp_path, "extends = 3\n"))
    assert problem.expected == "a path or a list of paths"


def test_a_study_is_no_scenario(tmp_path: Path) -> None:
    (problem,) = faults(write(tmp_path, '[study]\nscenario = "small.toml"\n', "study.toml"))
    assert problem.found == "a study"
    assert problem.suggestion.startswith("use: vipsim optimise")


def test_missing_data_file_is_blamed_on_its_key(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text("x\n")
    path = write(tmp_path, TEXT + '[book]\npath = "bok.csv"\n')
    (problem,) = faults(path)
    assert (problem.key, problem.suggestion) == ("book.path", "did you mean book.csv?")
    assert problem.line == TEXT.count("\n") + 2


def test_errors_travel_between_processes() -> None:
    error = InputError("a number", found="x", file="f.toml", line=3, key="a.b")
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems
    assert str(again) == "f.toml:3: a.b: expected a number, found x"
