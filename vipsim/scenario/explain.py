"""What a setting, a KPI or a word means, in plain words: for ``vipsim explain`` and for editors (JSON Schema)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pydantic import BaseModel

from vipsim.scenario.errors import InputError, nearest
from vipsim.scenario.glossary import look_up, words
from vipsim.scenario.settings import Setting, parse_key, section_at, setting_at, settings

WHO_MOVES = {
    "fact": "you may set it in your file; a study cannot search it, and no calibration moves it",
    "uncertainty": "you may set it in your file; a study cannot search it; a calibration is meant to move it, later",
    "lever": "a study may move it within its legal range; so may people",
    "": "part of the file's structure",
}

TOPICS: dict[str, str] = {
    "scenario": "What is declared: the world (facts and uncertainties) and the policy (levers) of one branch.",
    "book": "The customers of the branch: read from the bank's own table, or generated from published shares.",
    "policy": "The settings of all levers.",
    "lever": "A number that the branch may choose. Only a study or a person moves it, within its legal range.",
    "uncertainty": "A number that nobody knows exactly. It carries its source. You may set it in your file; "
    "no study searches it; a calibration is meant to move it, later.",
    "fact": "A number that people know and set in the file. Neither a study nor a calibration moves it.",
    "today": "The policy that gains compare with: the levers of the root of extends, unless [today] says else.",
    "twin": "A second run on the same random numbers under today's policy. The difference is the headline.",
    "run": "One scenario, one seed, some replications; its results are one folder.",
    "comparison": "Scenarios run on the same random numbers, replication by replication: only the policy differs.",
    "study": "A search over levers under limits, with the winners confirmed on fresh random numbers.",
    "recommendation": "The confirmed setting of a study: gain over today with its interval, limits, what binds.",
    "replication": "One simulated history. Replications differ in chance only; the book stays the same.",
    "seed": "The number that names the branch's luck. The same seed gives the same results with any workers.",
    "extends": "Files that a scenario builds on. Precedence: what it extends, then the file, then --set key=value.",
    "run-in": "Months before the decided window, under today's policy, so that every policy starts alike.",
    "window": "The months in which the scenario's policy holds.",
    "run-off": "Months after the window, under today's policy again, in which bought assets may leave.",
    "vip": "A customer whose tier is at or above the scheme's standard cut.",
    "funnel": "The funnel of lost effect: how many people and yuan got how far, where the rest was lost, what binds.",
    "engine": "compiled: the fast default. simpy: the readable reference. Both give exactly the same visits.",
}

NEAR = 0.75
"""How alike a name must be to be proposed for a misspelt one (1 = the same): a far one only confuses."""

FUNNEL = (
    "vipsim run prints a line for every campaign that is on and every kind of outreach task; the run folder holds",
    "them as funnel.parquet (people, yuan, lost people, lost yuan, why, is_limit), from the first replication.",
    "eligible     meets the filter of the campaign, or: the task fell due",
    "owned        somebody keeps the customer, where the campaign wants that",
    "allowed      the contact policy permits a contact in time: wishes, rest days, caps, no other campaign",
    "asked        within capacity: on the list, within the owners' minutes and the budget",
    "reached      answered, read, or came to the counter",
    "interested   wants to hear more; of a task: it led to what it was made for",
    "accepted     will come, and has a seat; of a task: an appointment, counted as interested",
    "came         to the event or to the branch; a task that the contact itself did (reminder, greeting, sale by",
    "             telephone, rescue) needs no visit, and counts here and in the next step",
    "met          somebody had the minutes; the others waited and left, or the lobby missed them",
    "moved        money came; of care, reminders and rescues: the contact was made",
    "stayed       money still here on the last day of the run-off; of care: half or more of what was here",
    "Nobody is lost twice. Yuan are what is at stake: what a sale could bring at most, or, where the aim is that money",
    "stays (reminders, rescues, greetings, cards), what the customer has here;",
    "from 'moved' on they are what came and what stayed. What is lost for reasons of the branch itself (owners,",
    "policy, list, minutes, seats, budget, waits) is a limit; the limit shown binds: most yuan lost there, times the",
    "share that the later steps let through. The increment against the twin (--twin) says what would have come anyway.",
)
"""How to read the funnel of lost effect, line by line."""


class KpiText(Protocol):
    """What a KPI says of itself (kpis.Kpi)."""

    @property
    def unit(self) -> str: ...
    @property
    def direction(self) -> Any: ...
    @property
    def text(self) -> str: ...
    @property
    def zh(self) -> str: ...


@dataclass(frozen=True)
class Explanation:
    """One thing explained.

    ``what`` is setting, section, kpi or word; ``facts`` are its properties in order of reading.
    """

    key: str
    what: str
    text: str
    facts: dict[str, str] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The explanation for people."""
        width = max((len(name) for name in self.facts), default=0)
        found = [f"{self.key} ({self.what})", f"  {self.text}" if self.text else ""]
        found += [f"  {name:<{width}}  {value}" for name, value in self.facts.items() if value]
        found += [f"  {member}" for member in self.members]
        return [line for line in found if line]

    def as_dict(self) -> dict[str, Any]:
        return {"key": self.key, "what": self.what, "text": self.text, **self.facts, "members": self.members}


def explain(
    key: str, root: type[BaseModel], kpis: Mapping[str, KpiText], value_of: Mapping[str, Any] | None = None
) -> Explanation:
    """What a setting, section, KPI (by its Chinese name, too) or word of the glossary means.

    Parameters
    ----------
    key : str
        Dotted key, the last part of one where it is unambiguous, KPI name, or topic word.
    kpis : mapping
        All KPIs by name.
    value_of : mapping, optional
        Values of a scenario by key, shown beside.

    Raises
    ------
    InputError
        Nothing of that name; names the nearest ones.
    """
    if key in kpis:
        return _kpi(key, kpis[key])
    general = re.sub(r"\[\d+\]", "[]", key)
    all_settings = {setting.key: setting for setting in settings(root)}
    if general in all_settings:
        return _setting(key, all_settings[general], value_of or {})
    inside = [name for name in all_settings if name.startswith((general + ".", general + "[]."))]
    if inside and key.lower() not in TOPICS:
        return _section(key, root, [all_settings[name] for name in inside])
    word = look_up(key)
    chinese = {"Chinese": word.zh} if word is not None else {}
    if key.lower() in TOPICS:
        members = list(FUNNEL) if key.lower() == "funnel" else inside
        return Explanation(key.lower(), "word", TOPICS[key.lower()], chinese, members)
    of_name = [name for name, kpi in kpis.items() if kpi.zh == key]
    if of_name:
        return _kpi(of_name[0], kpis[of_name[0]])
    named = _named_sections(value_of or {}, all_settings)
    if key in named:
        return _section(
            key,
            root,
            [
                replace(all_settings[n], key=key + n[len(named[key]) :])
                for n in all_settings
                if n.startswith(named[key] + ".")
            ],
        )
    part = _part(key, root)
    if part is not None:
        return _setting(key, part, value_of or {})
    same_ending = [name for name in all_settings if name.endswith(("." + general, "[]." + general))]
    if word is not None:
        return Explanation(word.term, "word", word.meaning, chinese, same_ending)
    if len(same_ending) == 1:
        return _setting(same_ending[0], all_settings[same_ending[0]], value_of or {})
    if same_ending:
        return Explanation(key, "name of several settings", "", members=same_ending)
    known = [*all_settings, *named, *kpis, *TOPICS, *(name for one in words() for name in one.names())]
    chinese_names = [kpi.zh for kpi in kpis.values()]
    raise InputError("a setting, a KPI or a word", found=key, suggestion=_near(key, [*known, *chinese_names]))


def _named_sections(value_of: Mapping[str, Any], all_settings: Mapping[str, Setting]) -> dict[str, str]:
    """Sections that a scenario names itself -> their place in the schema: campaigns.women_day -> campaigns.*."""
    found: dict[str, str] = {}
    for table in {name.partition(".*.")[0] for name in all_settings if ".*." in name}:
        for key in value_of:
            if key.startswith(table + ".") and key.count(".") > table.count(".") + 1:
                name = key[len(table) + 1 :].partition(".")[0]
                found[f"{table}.{name}"] = f"{table}.*"
    return found


def _part(key: str, root: type[BaseModel]) -> Setting | None:
    try:
        return setting_at(root, parse_key(key.replace("[]", "")))
    except ValueError:
        return None


def _near(key: str, names: list[str]) -> str:
    by_ending = {name.rpartition(".")[2]: name for name in names}
    near = [nearest(key, names, cutoff=NEAR), by_ending.get(nearest(key, by_ending, cutoff=NEAR), "")]
    near += [name for name in names if key.lower() in name.lower()][:5]
    unique = list(dict.fromkeys(name for name in near if name))
    return f"did you mean {' or '.join(unique[:5])}?" if unique else "vipsim schema prints every key"


def _setting(key: str, setting: Setting, value_of: Mapping[str, Any]) -> Explanation:
    value = value_of.get(key)
    if value is None:
        ends = re.compile(re.escape(setting.key).replace(r"\[\]", r"\[\d+\]") + "$")
        found = {name: v for name, v in value_of.items() if ends.match(name)}
        value = ", ".join(f"{name} = {v}" for name, v in found.items()) if found else None
    facts = {
        "role": setting.role,
        "who moves it": WHO_MOVES[setting.role],
        "unit": setting.unit,
        "allowed": setting.range_text(),
        "source": setting.source,
        "value": "" if value is None else str(value),
    }
    return Explanation(key, "setting", setting.text, facts)


def _section(key: str, root: type[BaseModel], inside: list[Setting]) -> Explanation:
    sections = section_at(root, parse_key(key.replace("[]", "")))
    text = (sections[0].__doc__ or "").strip().splitlines()[0] if sections else ""
    return Explanation(key, "section", text, members=[f"{setting.key}: {setting.text}" for setting in inside])


def _kpi(name: str, kpi: KpiText) -> Explanation:
    return Explanation(
        name,
        "KPI",
        kpi.text,
        {
            "unit": kpi.unit,
            "better": {"up": "higher", "down": "lower"}.get(str(kpi.direction), "neither"),
            "Chinese": kpi.zh,
        },
    )


def json_schema(root: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of a scenario file, with unit, role and source of every field, for completion in editors."""
    schema = root.model_json_schema()
    # a file may leave to what it extends whatever it does not set itself: nothing is required of one file alone
    for part in (schema, *schema.get("$defs", {}).values()):
        part.pop("required", None)
    schema["properties"]["extends"] = {
        "description": "file or files that this one builds on; vipsim:NAME is a shipped scenario",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
