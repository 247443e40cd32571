"""The commands and their options. Nothing heavy is imported before a command runs: ``vipsim --help`` is instant."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vipsim.cli.guard import guarded

app = typer.Typer(
    name="vipsim",
    help="Simulate a bank branch: one lobby, one customer book, one finite staff.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Engine(StrEnum):
    """The two engines; they give the same visits."""

    compiled = "compiled"
    simpy = "simpy"


ScenarioFile = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="Scenario file, or vipsim:NAME for a shipped one.")
]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one setting; repeatable.")]
Replications = Annotated[int, typer.Option(min=1, max=1_000_000, help="Simulated histories.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Names the branch's luck.")]
EngineOption = Annotated[Engine, typer.Option(help="compiled: fast; simpy: the readable reference.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes; 0 = one per processor. The numbers stay the same.")]
Cluster = Annotated[str, typer.Option(metavar="ADDR", help="Address of a Dask cluster.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Out = Annotated[Path, typer.Option(help="Folder of the run folders.")]


def _version(wanted: bool) -> None:
    if wanted:
        from vipsim import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def vipsim(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Simulate a bank branch: one lobby, one customer book, one finite staff."""


@app.command()
@guarded("init")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty folder.")],
    json_output: Json = False,
) -> int:
    """Write a starter project that runs as it is: scenario, book template, study, readme."""
    from vipsim.cli import starter

    return starter.init(folder, json_output)


@app.command()
@guarded("check")
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scenario, study, mapping, or book.")],
    json_output: Json = False,
) -> int:
    """Validate files and say what they are and how loaded the branch would be. Nothing runs."""
    from vipsim.cli import checks

    return checks.check(files, json_output)


@app.command()
@guarded("run")
def run(
    scenario: ScenarioFile,
    replications: Replications = 10,
    seed: Seed = 1,
    engine: EngineOption = Engine.compiled,
    set_: Set = None,
    workers: Workers = 0,
    cluster: Cluster = "",
    out: Out = Path("results"),
    twin: Annotated[bool, typer.Option("--twin", help="Also run today's policy on the same random numbers.")] = False,
    json_output: Json = False,
) -> int:
    """Run a scenario and write its run folder."""
    from vipsim.cli import runs

    return runs.run(scenario, set_ or [], replications, seed, engine.value, workers, cluster, out, twin, json_output)


@app.command()
@guarded("compare")
def compare(
    scenarios: Annotated[list[str], typer.Argument(metavar="BASE OTHER...", help="Two or more scenarios.")],
    replications: Replications = 10,
    seed: Seed = 1,
    engine: EngineOption = Engine.compiled,
    set_: Set = None,
    workers: Workers = 0,
    cluster: Cluster = "",
    json_output: Json = False,
) -> int:
    """Run scenarios on the same random numbers and show how each differs from the first."""
    if len(scenarios) < 2:
        raise typer.BadParameter("expected a base and at least one other scenario")
    from vipsim.cli import runs

    return runs.compare(scenarios, set_ or [], replications, seed, engine.value, workers, cluster, json_output)


@app.command()
@guarded("optimise")
def optimise(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Study file.")],
    trials: Annotated[int | None, typer.Option(min=2, help="Settings tried, instead of the study's number.")] = None,
    set_: Set = None,
    workers: Workers = 0,
    storage: Annotated[str, typer.Option(metavar="URL", help="Database that keeps the study for a team.")] = "",
    cluster: Cluster = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Insist that there is an interrupted study to go on with.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would run; nothing runs.")] = False,
    out: Out = Path("results"),
    json_output: Json = False,
) -> int:
    """Search the levers of a study, confirm the best on fresh random numbers, and recommend."""
    from vipsim.cli import studies

    return studies.optimise(study, set_ or [], trials, workers, storage, cluster, resume, out, plan, json_output)


@app.command()
@guarded("explain")
def explain(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Setting, section, KPI or word.")],
    scenario: Annotated[str, typer.Option(help="Scenario whose values are shown.")] = "vipsim:baseline.toml",
    json_output: Json = False,
) -> int:
    """Say what a setting or a KPI means: unit, range, role, source, value."""
    from vipsim.cli import words

    return words.explain(key, scenario, json_output)


@app.command()
@guarded("schema")
def schema(json_output: Json = False) -> int:
    """Print the JSON Schema of scenario files, for completion in editors."""
    from vipsim.cli import words

    return words.schema()


@app.command()
@guarded("events")
def events(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Run folder.")],
    case: Annotated[int | None, typer.Option(min=0, help="Tell this visit as a story.")] = None,
    json_output: Json = False,
) -> int:
    """Print the visits of a run as an event log (CSV: case, activity, times, resource), or one visit as a story."""
    from vipsim.cli import words

    return words.events(result, case, json_output)


@app.command()
@guarded("reproduce")
def reproduce(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="Run folder.")],
    workers: Workers = 0,
    json_output: Json = False,
) -> int:
    """Run again what a run folder was made from, and compare every KPI exactly (exit code 1 where one differs)."""
    from vipsim.cli import runs

    return runs.reproduce(result, workers, json_output)
