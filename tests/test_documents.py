"""The documents hold: links lead somewhere, commands exist, the cheap ones run, CI runs what the README says."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vipsim.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "results" / "README.md"])
STARTER = ROOT / "vipsim" / "starter"
CHEAP = ("init", "check", "explain", "schema")


def run_in(folder: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command as a reader would, in a folder of their own; it must succeed."""
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, (arguments, result.output, result.exception)


def blocks(path: Path, language: str = "sh") -> list[str]:
    """Fenced blocks of a document."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(path: Path) -> list[list[str]]:
    """Every ``vipsim ...`` line of a document's shell blocks, as arguments."""
    lines = [line for block in blocks(path) for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("vipsim ")]


def dead_links(path: Path) -> list[str]:
    """Relative links of a document that lead nowhere."""
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    return [link for link in local if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert dead_links(path) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("[b](b.md) [a](a.md#x) [web](https://example.org)")
    assert dead_links(tmp_path / "a.md") == ["b.md"]


def test_start_holds_two_commands_of_one_line_each() -> None:
    """The first sets up and does the main job, the second sets up and passes the tests."""
    start = re.search(r"^## Start$(.*?)(?=^## )", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert start is not None
    first, second = re.findall(r"^```sh\n(.*?)^```", start.group(1), re.MULTILINE | re.DOTALL)[:2]
    assert first.count("\n") == second.count("\n") == 1
    assert "vipsim optimise" in first
    assert "pytest" in second
    (study,) = re.findall(r"scenarios/\S+\.toml", first)
    assert (ROOT / study).is_file()


def test_ci_runs_the_tests_of_the_readme() -> None:
    tests = blocks(ROOT / "README.md")[1].strip().rpartition("&& ")[2]
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", [*DOCUMENTS, STARTER / "README.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_their_options_exist(path: Path) -> None:
    for command in commands(path):
        usage = CliRunner().invoke(app, [command[0], "--help"])
        assert usage.exit_code == 0, command
        missing = [word for word in command[1:] if word.startswith("--") and word not in usage.stdout]
        assert missing == [], command


def test_the_cheap_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the README, as its reader would."""
    cheap = [command for command in commands(ROOT / "README.md") if command[0] in CHEAP]
    assert len(cheap) >= 4
    for command in cheap:
        run_in(tmp_path, command, monkeypatch)


def test_the_starter_project_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands that check and plan run on its files."""
    run_in(tmp_path, ["init", "mine"], monkeypatch)
    harmless = [c for c in commands(tmp_path / "mine" / "README.md") if c[0] == "check" or "--plan" in c]
    assert len(harmless) >= 3
    for command in harmless:
        run_in(tmp_path / "mine", command, monkeypatch)


def test_the_scenario_of_the_readme_is_valid(tmp_path: Path) -> None:
    from vipsim.scenario import files

    (text,) = blocks(ROOT / "README.md", "toml")
    (tmp_path / "scenario.toml").write_text(text)
    assert tomllib.loads(text)["extends"] == "vipsim:baseline.toml"
    scenario = files.load(tmp_path / "scenario.toml")
    assert scenario.staff.lobby_manager.employed == 4
    assert scenario.today["staff.lobby_manager.employed"] != 4
