"""Where each key of a TOML file stands: path of the key -> line, for messages that name the line.

``tomllib`` reads the values and refuses what is not TOML; it does not tell positions, and neither does tomlkit.
This scanner runs after it, so it may take well-formed text for granted, and only walks keys.
"""

from __future__ import annotations

import tomllib

Path = tuple[str | int, ...]


def lines(text: str) -> dict[Path, int]:
    """Line (from 1) of every table, key and array element of a well-formed TOML text.

    >>> lines("a = 1\\n[b]\\nc = [10, 20]\\n")[("b", "c", 1)]
    3
    """
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.line = 1
        self.found: dict[Path, int] = {}
        self.array_length: dict[Path, int] = {}  # tables in each [[array of tables]] so far

    def run(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip_blank()
            if self.at >= len(self.text):
                return self.found
            if self.text.startswith("[[", self.at):
                self._step(2)
                table = self._through_arrays(self._key())
                index = self.array_length.get(table, 0)
                self.array_length[table] = index + 1
                self._note(table)
                table = (*table, index)
                self._note(table)
                self._step(2)
            elif self.text[self.at] == "[":
                self._step()
                table = self._through_arrays(self._key())
                self._note(table)
                self._step()
            else:
                self._pair(table)

    def _through_arrays(self, keys: list[str]) -> Path:
        """A header's path, where an array of tables on the way stands for its last element."""
        path: Path = ()
        for depth, key in enumerate(keys):
            path = (*path, key)
            if depth < len(keys) - 1 and path in self.array_length:
                path = (*path, self.array_length[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        path = table
        line = self.line
        for key in self._key():
            path = (*path, key)
            self.found.setdefault(path, line)
        self._skip_spaces()
        self._step()  # the equals sign
        self._skip_spaces()
        self._value(path)

    def _value(self, path: Path) -> None:
        start = self.text[self.at]
        if start in "\"'":
            self._string()
        elif start == "[":
            self._step()
            index = 0
            while True:
                self._skip_blank(also=",")
                if self.text[self.at] == "]":
                    break
                self.found[(*path, index)] = self.line
                self._value((*path, index))
                index += 1
            self._step()
        elif start == "{":
            self._step()
            while True:
                self._skip_blank(also=",")
                if self.text[self.at] == "}":
                    break
                self._pair(path)
            self._step()
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self._step()

    def _key(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip_spaces()
            if self.text[self.at] in "\"'":
                start = self.at
                self._string()
                keys.append(tomllib.loads(f"k = {self.text[start : self.at]}")["k"])
            else:
                start = self.at
                while self.text[self.at].isalnum() or self.text[self.at] in "_-":
                    self._step()
                keys.append(self.text[start : self.at])
            self._skip_spaces()
            if self.text[self.at] != ".":
                return keys
            self._step()

    def _string(self) -> None:
        quote = self.text[self.at]
        end = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self._step(len(end))
        while not self.text.startswith(end, self.at):
            self._step(2 if quote == '"' and self.text[self.at] == "\\" else 1)
        self._step(len(end))
        while len(end) == 3 and self.at < len(self.text) and self.text[self.at] == quote:
            self._step()  # up to two quotes may stand before the closing three

    def _skip_spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self._step()

    def _skip_blank(self, also: str = "") -> None:
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                while self.at < len(self.text) and self.text[self.at] != "\n":
                    self._step()
            elif self.text[self.at] in " \t\n" + also:
                self._step()
            else:
                return

    def _step(self, count: int = 1) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def _note(self, path: Path) -> None:
        self.found.setdefault(path, self.line)
