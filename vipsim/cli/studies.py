"""The command that searches: optimise, and its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vipsim.cli import DONE
from vipsim.cli.guard import NotFeasibleError
from vipsim.cli.output import data, document, plain, progress, say_if_compiling, talk, warn_of_calendar
from vipsim.cli.runs import default_workers
from vipsim.cli.tables import interval, number, scale_of, table


def optimise(
    study_file: str,
    overrides: list[str],
    trials: int | None,
    workers: int,
    storage: str,
    cluster: str,
    resume: bool,
    out: Path,
    plan_only: bool,
    json_output: bool,
) -> int:
    """Search the levers of a study and print the confirmed recommendation.

    Raises
    ------
    NotFeasibleError
        No setting was shown to keep the limits: names the limit that blocks and the nearest setting.
    """
    from vipsim import optimise as searching

    question = searching.read_question(study_file, trials=trials, overrides=overrides)
    if plan_only:
        return _plan(searching.plan(question, out), question.study.study.name, json_output)
    warn_of_calendar(question.scenario)
    say_if_compiling()
    with stages() as tell:
        result = searching.optimise(
            question,
            workers=workers or default_workers(question.study.search.batch),
            cluster=cluster,
            storage=storage,
            resume=resume,
            out=out,
            progress=tell,
        )
    found = {**result.document, "results_dir": str(result.folder)}
    if not result.feasible:
        raise NotFeasibleError(no_setting(found), found)
    if json_output:
        document("optimise", found)
        return DONE
    data("\n".join(recommendation(found, question.today_levers)))
    talk(f"written to {result.folder}")
    return DONE


def _plan(plan: Any, name: str, json_output: bool) -> int:
    content = plain(plan.as_dict())
    if json_output:
        document("optimise", {"plan": content})
        return DONE
    counts = content["replications"]
    data(f"{name}: {content['trials']} trials among {content['settings']:,} settings; nothing has run")
    rows = [[f"  {stage}", f"{count:,}"] for stage, count in counts.items()]
    data(table(["  stage", "replications at most"], rows, numeric=(1,)))
    for limit, aim in content["aims"].items():
        data(f"  {limit}: the search aims at probability {aim:.3f}, so that the confirmation can show the limit")
    data(f"  results would lie in {content['results_dir']}")
    return DONE


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Progress of a search: a line for each stage, a bar inside where stderr is a terminal."""
    open_bar: list[Any] = []
    current = ""

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal current
        if stage != current:
            close()
            current = stage
            talk(f"{stage} ...")
            bar = progress(stage)
            open_bar.append((bar, bar.__enter__()))
        open_bar[-1][1](done, total)

    def close() -> None:
        while open_bar:
            open_bar.pop()[0].__exit__(None, None, None)

    try:
        yield tell
    finally:
        close()


# ------------------------------------------------------------------------------------------------ for people


def recommendation(found: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """The recommendation as people read it: what to change, what it brings, what holds it back."""
    best = found["recommendation"]
    lines = [
        *best["words"],
        "",
        table(["lever", "today", "recommended", ""], _levers(best["levers"], today), numeric=(1, 2)),
    ]
    rows = []
    for kpi, gain in best["objective"].items():
        sizes = [abs(v) for v in (gain["today"], gain["recommended"], gain["gain"]) if v is not None]
        factor, unit = scale_of(gain.get("unit", ""), max(sizes, default=0.0))
        cells = [
            number(gain["today"], factor),
            number(gain["recommended"], factor),
            number(gain["gain"], factor, sign=True),
        ]
        rows.append([kpi, *cells, interval(gain["ci95"], factor, sign=True), unit])
    header = ["objective", "today", "recommended", "gain", "95% interval", "unit"]
    lines += ["", table(header, rows, numeric=(1, 2, 3, 4))]
    if best["limits"]:
        lines += ["", table(["limit", "mean", "met with probability", "asked", "shown"], _limits(best["limits"]))]
    lines += ["", f"probability of being the best of the shortlist: {number(best['probability_best'])}"]
    if best.get("marginal"):
        lines += ["", "One step of each lever from here:", _marginals(best["marginal"])]
    lines += ["", "What binds:", *(f"  {line}" for line in best["binding"])]
    return [*lines, "", best["guarantee"]]


def _levers(levers: Mapping[str, Any], today: Mapping[str, Any]) -> list[list[str]]:
    """Rows of lever, today, recommended, and a mark where they differ."""
    return [
        [key, str(today.get(key)), str(value), "" if value == today.get(key) else "change"]
        for key, value in levers.items()
    ]


def _limits(limits: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    rows = []
    for limit in limits:
        sign, bound = ("<=", limit["at_most"]) if "at_most" in limit else (">=", limit["at_least"])
        shown = "yes" if limit["shown"] else "no"
        reached = f"{number(limit['probability'])} (at least {number(limit['probability_lower'])})"
        rows.append(
            [
                f"{limit['kpi']} {sign} {bound:g}",
                number(limit["mean"]),
                reached,
                f"{limit['required_probability']:g}",
                shown,
            ]
        )
    return rows


def _marginals(marginals: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    sizes = [abs(one["gain"]) for one in marginals if one["gain"] is not None]
    factor, unit = scale_of("yuan", max(sizes, default=0.0))  # one unit, so that the rows can be compared
    for one in marginals:
        met = f"{min(one['limits_met'].values()):.0%}" if one["limits_met"] else ""
        rows.append([
            f"  {one['lever']} = {one['value']}",
            number(one["gain"], factor, sign=True, digits=1),
            interval(one["interval"], factor, sign=True, digits=1),
            unit,
            met,
            one["why"] or "",
        ])  # fmt: skip
    return table(["  change", "gain", "simultaneous interval", "", "limits met", ""], rows)


def no_setting(found: Mapping[str, Any]) -> str:
    """Which limit blocks, and the setting that comes nearest."""
    nearest = found["nearest"]
    levers = ", ".join(f"{key} = {value}" for key, value in nearest["levers"].items())
    return (
        f"no setting was shown to keep the limits. What blocks: {found['blocking']['limit']}. "
        f"{found['blocking']['why']}\n"
        f"The nearest setting: {levers}"
    )
