"""Where the scenarios and the glossary that come with vipsim are: ``vipsim:baseline.toml`` -> a file."""

from __future__ import annotations

from pathlib import Path

PREFIX = "vipsim:"


def scenarios_dir() -> Path:
    """``scenarios/`` of a checkout or an editable install, ``vipsim/shipped/scenarios`` of a wheel."""
    package = Path(__file__).resolve().parent
    installed = package / "shipped" / "scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def glossary() -> Path:
    """``docs/glossary.md`` of a checkout or an editable install, ``vipsim/shipped/glossary.md`` of a wheel."""
    package = Path(__file__).resolve().parent
    installed = package / "shipped" / "glossary.md"
    return installed if installed.is_file() else package.parent / "docs" / "glossary.md"


def resolve(name: str, relative_to: Path) -> Path:
    """A path as a scenario writes it: ``vipsim:...`` is shipped, everything else is relative to the file naming it."""
    if name.startswith(PREFIX):
        return scenarios_dir() / name.removeprefix(PREFIX)
    return relative_to / Path(name).expanduser()


def names() -> list[str]:
    """Every shipped scenario file as ``vipsim:...``."""
    folder = scenarios_dir()
    return sorted(PREFIX + path.relative_to(folder).as_posix() for path in folder.rglob("*.toml"))
