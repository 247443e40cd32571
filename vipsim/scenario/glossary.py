"""The field's words as docs/glossary.md tells them: term, Chinese term, meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from vipsim import shipped


@dataclass(frozen=True)
class Word:
    """One line of the glossary."""

    term: str
    zh: str
    meaning: str

    def names(self) -> list[str]:
        """What the line is found by, lower case: each term, without what stands in brackets, and what stands there."""
        parts = re.split(r"[,;、;,]", self.term + "," + self.zh)
        bare = [re.sub(r"[(\(].*", "", part) for part in parts]
        inside = re.findall(r"[(\(](.*?)[)\)]", self.term + self.zh)
        return [name.strip().lower() for name in (*bare, *inside) if name.strip()]


@cache
def words() -> tuple[Word, ...]:
    """Every line of the glossary's tables of words (three columns), in its order."""
    found = []
    for line in shipped.glossary().read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[0] != "term" and set(cells[0]) != {"-"}:
            found.append(Word(*cells))
    return tuple(found)


def look_up(name: str) -> Word | None:
    """The line of a word, English or Chinese, singular or plural; None where the glossary has none."""
    wanted = name.strip().lower()
    for word in words():
        if wanted in word.names() or (wanted.endswith("s") and wanted[:-1] in word.names()):
            return word
    return None
