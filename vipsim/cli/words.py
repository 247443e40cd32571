"""The commands about words: explain, schema, and the visits of a run as an event log or a story."""

from __future__ import annotations

from pathlib import Path

from vipsim.cli import DONE
from vipsim.cli.output import data, document, plain
from vipsim.scenario import explain as explaining
from vipsim.scenario import files
from vipsim.scenario.schema import Scenario
from vipsim.scenario.settings import values


def explain(key: str, scenario_file: str, json_output: bool) -> int:
    """Explain a setting with its value in a scenario, a section, a KPI or a word."""
    from vipsim.kpis import KPIS

    scenario = files.load(scenario_file)
    found = {setting.key: plain(value) for setting, value in values(scenario)}
    explanation = explaining.explain(key, Scenario, KPIS, found)
    if json_output:
        document("explain", explanation.as_dict())
    else:
        data("\n".join(explanation.lines()))
    return DONE


def schema() -> int:
    """Print the JSON Schema of scenario files."""
    import json

    data(json.dumps(explaining.json_schema(Scenario), ensure_ascii=False, indent=2))
    return DONE


def events(folder: Path, case: int | None, json_output: bool) -> int:
    """Print the event log of a run, or one visit as a story."""
    from vipsim import events as logs

    if case is not None:
        told = logs.story(folder, case)
        document("events", {"case": case, "story": told.splitlines()}) if json_output else data(told)
        return DONE
    log = logs.event_log(folder)
    if json_output:
        document("events", {"events": log.astype(str).to_dict("records")})
    else:
        data(log.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S").rstrip("\n"))
    return DONE
