"""The commands that simulate: run, compare, reproduce."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vipsim import __version__, results
from vipsim.cli import DIFFERS, DONE, campaigning
from vipsim.cli.notes import cut_notes
from vipsim.cli.output import data, document, progress, say_if_compiling, talk, warn_of_calendar
from vipsim.cli.tables import doubt, in_points, interval, kpi_rows, mark, number, scale_of, table
from vipsim.scenario import files
from vipsim.scenario.differing import Pairs, differing, in_words, moved
from vipsim.scenario.errors import InputError

if TYPE_CHECKING:
    from vipsim.experiment import Comparison, Run
    from vipsim.scenario.schema import Scenario
    from vipsim.shards import Evaluations
    from vipsim.statistics import Summary

SURE = 0.05
"""Holm-adjusted p-value below which a difference is marked."""


def default_workers(replications: int) -> int:
    """One process per processor this program may use; never more than there is work."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, replications))


# ------------------------------------------------------------------------------------------------ run


def run(
    scenario_file: str,
    overrides: list[str],
    replications: int,
    seed: int,
    engine: str,
    workers: int,
    cluster: str,
    out: Path,
    twin: bool,
    json_output: bool,
) -> int:
    """Run a scenario, write its folder, print its KPIs."""
    from vipsim import experiment

    scenario = files.load(scenario_file, overrides)
    manifest = manifest_of(scenario, seed, replications, engine, twin)
    warn_of_calendar(scenario)
    say_if_compiling()
    with remembered(out, manifest) as memory, progress(scenario.name) as tell:
        made = experiment.run(
            scenario,
            seed,
            replications,
            engine=engine,
            workers=workers or default_workers(replications),
            cluster=cluster,
            twin=twin,
            progress=tell,
            record="first",
            evaluations=memory,
        )
        content = run_content(made, manifest, None)
        tables = tables_of(made)
        plans = campaigning.plans(scenario, tables, content)
        folder = results.write(out, manifest, files.resolved_toml(scenario), tables, plans)
    content["results_dir"] = str(folder)
    notes = cut_notes(scenario)
    content |= {"notes": notes} if notes else {}
    content |= campaigning.funnel_content(tables)
    if json_output:
        document("run", content)
        return DONE
    talk(f"{manifest.name}: {replications} replications, seed {seed}, engine {engine}")
    for note in notes:
        talk(f"note: {note}")
    data(table(["KPI", "mean", "95% interval", "unit", ""], kpi_rows(content["kpis"])) + doubt(content["kpis"]))
    if twin and not moved(scenario.today, files.policy(scenario)):
        data("\nToday's policy is the same as this scenario's: every difference is 0 by construction.")
    elif twin:
        data("\nAgainst today's policy on the same random numbers (this scenario less today):")
        change = content["against_today"]
        data(table(["KPI", "difference", "95% interval", "unit", ""], kpi_rows(change, sign=True)) + doubt(change))
    if "funnel" in content:
        data(campaigning.funnel_text(tables))
    for name in plans:
        talk(f"plan of the campaign: {folder / name}")
    talk(f"written to {folder}{_beside(folder, manifest)}")
    return DONE


def _beside(folder: Path, manifest: results.Manifest) -> str:
    """Why a run folder has a number: a run of this scenario with other settings lies beside it."""
    if folder.name == manifest.folder:
        return ""
    return f" ({folder.parent / manifest.folder} holds another run of this scenario and stays)"


def manifest_of(scenario: Scenario, seed: int, replications: int, engine: str, twin: bool) -> results.Manifest:
    """The manifest of a run about to be made."""
    return results.Manifest(
        name=scenario.name,
        scenario_hash=files.digest(scenario),
        data_hash=files.data_hash(scenario),
        seed=seed,
        replications=replications,
        engine=engine,
        twin=twin,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=results.versions(),
    )


@contextmanager
def remembered(out: Path, manifest: results.Manifest) -> Iterator[Evaluations]:
    """Memory of an interrupted run: replications that are done are found again by the same command.

    It lies hidden beside the run folders and goes when the run is written.

    Raises
    ------
    StorageError
        No right to write there, or no space: said before anything is simulated.
    """
    from vipsim.shards import Evaluations

    results.open_parent(out)
    path = out / f".unfinished-{manifest.folder}-{manifest.seed}-{manifest.engine}.jsonl"
    with closing(Evaluations(path)) as memory:
        if len(memory):
            talk(f"going on with an interrupted run: {len(memory)} replications are done")
        yield memory
    path.unlink(missing_ok=True)


def tables_of(made: Run) -> dict[str, Any]:
    """The tables of a run folder: KPIs of all replications, records of the first."""
    tables: dict[str, Any] = {"kpis": made.kpis}
    if made.twin is not None:
        tables["kpis_today"] = made.twin.kpis
    for recorded in list(made.tables.values())[:1]:
        tables.update(recorded)
    return tables


def summary_entry(summary: Summary, unit: str) -> dict[str, Any]:
    """One KPI in a JSON document."""
    return summary.as_dict(unit)


def kpis_content(summaries: Mapping[str, Summary], units: Mapping[str, str]) -> dict[str, Any]:
    return {name: summary_entry(summary, units.get(name, "")) for name, summary in summaries.items()}


def run_content(made: Run, manifest: results.Manifest, folder: Path | None) -> dict[str, Any]:
    """The JSON document of ``run``."""
    content: dict[str, Any] = {
        "scenario": {"name": manifest.name, "hash": manifest.scenario_hash},
        "seed": manifest.seed,
        "replications": manifest.replications,
        "engine": manifest.engine,
        "results_dir": None if folder is None else str(folder),
        "kpis": kpis_content(made.summary(), made.units()),
    }
    if made.twin is not None:
        content["today"] = kpis_content(made.twin.summary(), made.twin.units())
        content["against_today"] = kpis_content(made.differences(), made.units())
    return content


# ------------------------------------------------------------------------------------------------ compare


def compare(
    scenario_files: list[str],
    overrides: list[str],
    replications: int,
    seed: int,
    engine: str,
    workers: int,
    cluster: str,
    json_output: bool,
) -> int:
    """Run several scenarios on the same random numbers and print how each differs from the first."""
    from vipsim import experiment

    scenarios: dict[str, Any] = {}
    for name in scenario_files:
        scenario = files.load(name, overrides)
        if scenario.name in scenarios:
            raise InputError(
                "scenarios of different names",
                found=f"two named {scenario.name!r}",
                file=name,
                key="name",
                suggestion="give each its own name",
            )
        scenarios[scenario.name] = scenario
        warn_of_calendar(scenario)
    say_if_compiling()
    with progress("comparing") as tell:
        made = experiment.compare(
            scenarios,
            seed,
            replications,
            engine=engine,
            workers=workers or default_workers(replications),
            cluster=cluster,
            progress=tell,
        )
    content = compare_content(made, scenarios)
    if json_output:
        document("compare", content)
        return DONE
    talk(f"{replications} replications, seed {seed}, engine {engine}; same random numbers for every scenario")
    for warning in content["warnings"]:
        talk(f"warning: {warning}")
    for note in content["notes"]:
        talk(f"note: {note}")
    for name in made.others:
        data(difference_table(content, made.base.scenario, name))
    return DONE


def compare_content(made: Comparison, scenarios: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON document of ``compare``."""
    base, others = next(iter(scenarios)), made.others
    units = made.base.units()
    each = {base: made.base, **others}
    apart = {name: differing(scenarios[base], scenarios[name]) for name in others}
    differences: dict[str, Any] = {}
    for name in others:
        differences[name] = kpis_content(made.differences[name], units)
        for kpi, entry in differences[name].items():
            entry["p_holm"] = made.adjusted[name].get(kpi)
    return {
        "base": base,
        "seed": made.base.seed,
        "replications": made.base.replications,
        "engine": made.base.engine,
        "scenarios": {
            name: {
                "scenario": {"name": name, "hash": files.digest(scenarios[name])},
                "kpis": kpis_content(one.summary(), one.units()),
            }
            for name, one in each.items()
        },
        "differences": differences,
        "settings": {name: {"levers": one.levers, "world": one.world} for name, one in apart.items()},
        "notes": [note for scenario in scenarios.values() for note in cut_notes(scenario)],
        "warnings": [world_warning(base, name, one.world) for name, one in apart.items() if one.world],
    }


def world_warning(base: str, other: str, world: Pairs) -> str:
    """Two scenarios in different worlds differ for two reasons at once: say so, and which settings they are."""
    count = "1 fact or uncertainty differs" if len(world) == 1 else f"{len(world)} facts and uncertainties differ"
    return f"{other}: {count} from {base}, so that the difference is not one of policy alone: {in_words(world)}"


def _levers_line(base: str, other: str, levers: Mapping[str, Any]) -> str:
    if not levers:
        return f"no lever differs between {other} and {base}\n"
    count = "1 lever differs" if len(levers) == 1 else f"{len(levers)} levers differ"
    return f"{count}: {in_words(dict(levers))}\n"


def difference_table(content: Mapping[str, Any], base: Any, other: str) -> str:
    """Base, difference, interval and mark of every KPI, for one alternative."""
    from vipsim.cli.tables import grouped

    base_kpis = content["scenarios"][content["base"]]["kpis"]
    found = content["differences"][other]
    rows: list[list[str]] = []
    for title, names in grouped(found):
        rows.append([title])
        for name in names:
            level, change = base_kpis[name]["mean"], found[name]["mean"]
            sizes = [abs(v) for v in (level, change, *(found[name]["ci95"] or ())) if v is not None and v == v]
            factor, unit = scale_of(found[name]["unit"], max(sizes, default=0.0))
            unit = in_points(unit)
            p = found[name]["p_holm"]
            sure = "sure" if p is not None and p < SURE else ""
            rows.append(
                [
                    "  " + name,
                    number(level, factor),
                    number(change, factor, sign=True),
                    interval(found[name]["ci95"], factor, sign=True),
                    unit,
                    sure,
                    mark(found[name], found),
                ]
            )
    head = f"\n{other} less {content['base']} (sure: Holm-adjusted p below {SURE} over all KPIs and scenarios)\n"
    head += _levers_line(content["base"], other, content["settings"][other]["levers"])
    header = ["KPI", content["base"], "difference", "95% interval", "unit", "sign", ""]
    return head + table(header, rows, numeric=(1, 2, 3)) + doubt(found)


# ------------------------------------------------------------------------------------------------ reproduce


def reproduce(folder: Path, workers: int, json_output: bool) -> int:
    """Run again what a manifest names, and compare the KPIs value by value; of a twin run, today's side too."""
    from vipsim import experiment

    manifest = results.read_manifest(folder)
    then = {name: results.read_table(folder, name) for name in ("kpis", *(["kpis_today"] if manifest.twin else []))}
    scenario = files.load(folder / results.SCENARIO)
    _same_input(scenario, manifest, folder)
    say_if_compiling()
    with progress(manifest.name) as tell:
        made = experiment.run(
            scenario,
            manifest.seed,
            manifest.replications,
            engine=manifest.engine,
            workers=workers or default_workers(manifest.replications),
            twin=manifest.twin,
            progress=tell,
            record="none",
        )
    now = {"kpis": made.kpis} | ({} if made.twin is None else {"kpis_today": made.twin.kpis})
    found = [(name, change) for name in then for change in results.changes(then[name], now[name])]
    values = sum(map(len, then.values()))
    today = {"vipsim": __version__, **results.versions()}
    before = {"vipsim": manifest.vipsim, **(manifest.versions or {})}
    moved = {name: [before.get(name), today.get(name)] for name in today if before.get(name) != today.get(name)}
    if json_output:
        rows = [{"table": name, **vars(change)} for name, change in found]
        document("reproduce", {"result": str(folder), "identical": not found, "differences": rows, "versions": moved})
        return DIFFERS if found else DONE
    for name, (old, new) in moved.items():
        talk(f"{name}: {old} then, {new} now")
    if not found:
        both = ", today's side included" if manifest.twin else ""
        data(f"identical: {values} values of {manifest.replications} replications{both}")
        return DONE
    rows_text = [
        [c.kpi + (" (today)" if name == "kpis_today" else ""), str(c.replication), repr(c.then), repr(c.now)]
        for name, c in found
    ]
    data(table(["KPI", "replication", "then", "now"], rows_text, numeric=(1, 2, 3)))
    talk(f"{len(found)} of {values} values differ")
    return DIFFERS


def _same_input(scenario: Scenario, manifest: results.Manifest, folder: Path) -> None:
    if files.digest(scenario) == manifest.scenario_hash:
        return
    if files.data_hash(scenario) != manifest.data_hash:
        raise InputError(
            "the data file of the run", found="a file with other content", file=str(folder), key="data_hash"
        )
    raise InputError(
        f"the scenario of the run (hash {manifest.scenario_hash[:8]})",
        found=f"another one (hash {files.digest(scenario)[:8]})",
        file=str(folder / results.SCENARIO),
        suggestion="the file was edited, or this version of vipsim reads it differently",
    )
