"""
scan - the line of each key in a TOML file

The standard library's reader keeps no positions.  This one keeps only positions.  It walks text that tomllib has
already found to be TOML (v1.0.0), so it checks nothing and skips values by their shape.  It records the line of every
table header, key and list element under its path, e.g.  `("listener", 0, "role")`.
"""

import re
import tomllib
from itertools import accumulate

from empath.config.keys import KeyPath

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
# A string in triple quotes may end with up to two quotes of its own.
_SCALAR = re.compile(
    r'''"""(?:\\[\s\S]|(?!""")[\s\S])*"{3,5}'''
    r"""|'''(?:(?!''')[\s\S])*'{3,5}"""
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^,\]}\n#]+"""
)


def scan(text: str) -> dict[KeyPath, int]:
    """
    Line, counted from 1, of each header, key and list element of *text*, which must be valid TOML.

    A table that is named more than once has the line of the first time.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._counts: dict[KeyPath, int] = {}  # elements so far of each [[list of tables]]
        self._line_of = list(accumulate((c == "\n" for c in text), initial=1))

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip(_GAP) < len(self._text):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text.startswith("[", self._at):
                table = self._header(1)
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self._line_of[self._at])

    def _header(self, brackets: int) -> KeyPath:
        start = self._at
        self._at += brackets
        *parents, last = self._keys()
        end = self._at + brackets
        self._at = start  # line of the bracket of the header
        path: KeyPath = ()
        for part in parents:
            path = self._newest((*path, part))
        path = (*path, last)
        self._note(path)
        if brackets == 2:
            self._counts[path] = self._counts.get(path, 0) + 1
            path = self._newest(path)
            self._note(path)
        self._at = end
        return path

    def _newest(self, path: KeyPath) -> KeyPath:
        """What *path* means in a later header: the last element so far, if it is a list of tables."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            start = self._at
            token = self._text[start : self._skip(_KEY)]
            # The standard library knows the escapes of a quoted key.
            keys.append(next(iter(tomllib.loads(f"{token} = 0"))) if token[0] in "\"'" else token)
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        keys = self._keys()
        after = self._at
        self._at = start
        path = table
        for key in keys:
            path = (*path, key)
            self._note(path)
        self._at = after + 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self._text[self._at]
        if first == "[":
            self._list(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _list(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while self._text[self._skip(_GAP)] != "]":
            self._note((*path, index))
            self._value((*path, index))
            index += 1
            if self._text[self._skip(_GAP)] == ",":
                self._at += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._text[self._skip(_GAP)] != "}":
            self._pair(path)
            if self._text[self._skip(_GAP)] == ",":
                self._at += 1
        self._at += 1
