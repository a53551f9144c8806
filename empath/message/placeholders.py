"""
placeholders - `{{name}}` in a text, for which each recipient has a value of its own

This is substitution and no language: a value is text, and what looks like a placeholder in it stays as it is.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from empath.errors import SyntaxViolation

NAME: Final = r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"
_PLACE: Final = re.compile(r"\{\{[ \t]*(" + NAME + r")[ \t]*\}\}")


class Placeholders:
    """A text with its placeholders. Shape: names are those that need a value."""

    __slots__ = ("_parts", "names")

    def __init__(self, text: str) -> None:
        self._parts = _PLACE.split(text)  # each second one is a name
        self.names = frozenset(self._parts[1::2])

    def filled(
        self, values: Mapping[str, str], escape: Callable[[str], str] | None = None, *, most: int = 2**63
    ) -> str:
        """
        The text with the *values* in it, each as *escape* makes it.

        Raises:
            SyntaxViolation: a name has no value, or the text would have more than *most* characters: a long value at
                many places is much more than what a client sent.
        """
        parts = self._parts[:]
        written: dict[str, str] = {}
        for name in self.names:
            value = values.get(name)
            if value is None:
                raise SyntaxViolation(f"there is no value for {{{{{name}}}}}")
            written[name] = value if escape is None else escape(value)
        for place in range(1, len(parts), 2):
            parts[place] = written[parts[place]]
        if sum(map(len, parts)) > most:
            raise SyntaxViolation(f"with its values a text has more than {most} characters")
        return "".join(parts)
