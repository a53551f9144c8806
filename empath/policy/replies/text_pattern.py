"""
text_pattern - regular expressions over replies, whose search takes a bounded time

THEORY
    A host chooses the text of its replies, so no pattern may be slow on any text.  Python's `re` is quick to start and
    needs no library, but tries alternatives one after another: `(a+)+b` takes for ever.  So a pattern is read here
    first, and written anew with bounds.  A quantifier repeats one character or class, at most 64 times, and never a
    group; `*` is `{0,64}`.  Then the number of ways to match from one place is a product and sum over the pattern,
    which is computed, and bounded.  The time is at most that number times the length of the text: linear.

    The forms: characters, `.`, `[a-z]`, `[^a-z]`, `\\d \\s \\w \\b` and their opposites, `\\` before punctuation, `|`,
    `(…)` and `(?:…)`, `? * + {2} {2,5}`, `^` and `$`.  Case does not count.
"""

import re
from functools import lru_cache
from typing import Final

from empath.errors import SyntaxViolation

MOST_CHARACTERS: Final = 600  # of a pattern
MOST_WAYS: Final = 5_000  # to match from one place of a text
MOST_REPEATS: Final = 64
_MOST_NESTED: Final = 8
_MOST_KEPT: Final = 1024  # as many as a long list of rules has
_CLASS_ESCAPES: Final = frozenset("dDsSwW")
_BOUNDARIES: Final = frozenset("bB")
_QUANTIFIERS: Final = frozenset("?*+{")
_COUNT = re.compile(r"\{(\d{1,3})(?:(,)(\d{1,3}))?\}")


@lru_cache(_MOST_KEPT)
def compile_text(text: str) -> re.Pattern[str]:
    """
    Read a pattern, and give an expression for `search` in one line of printable text. Rules are read again when one of
    them is edited; the patterns of the others are kept.

    Raises:
        SyntaxViolation: *text* is not a pattern, or its search could take too long.
    """
    if not text or len(text) > MOST_CHARACTERS or not text.isprintable():
        raise SyntaxViolation(f"a text pattern has 1 to {MOST_CHARACTERS} printable characters")
    reader = _PatternReader(text)
    written, ways = reader.alternatives(0)
    if reader.is_left:
        raise reader.error("a ) without its (")
    if ways > MOST_WAYS:
        raise SyntaxViolation(f"the text pattern {text!r} can match in too many ways: use fewer of * + {{}}")
    try:
        return re.compile(written, re.IGNORECASE)
    except re.error as exc:  # such as a range whose end comes before its beginning
        raise SyntaxViolation(f"the text pattern {text!r} cannot be read: {exc.msg}") from exc


class _PatternReader:
    """Reads a pattern from left to right; each method gives what is written for `re`, and the number of ways."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    @property
    def is_left(self) -> bool:
        return self._place < len(self._text)

    def error(self, what: str) -> SyntaxViolation:
        return SyntaxViolation(f"the text pattern {self._text!r} has {what}, at character {self._place + 1}")

    def alternatives(self, depth: int) -> tuple[str, int]:
        """Up to the end, or the `)` that closes the group."""
        written, ways = self._sequence(depth)
        while self._is_at("|"):
            self._place += 1
            more, more_ways = self._sequence(depth)
            written, ways = f"{written}|{more}", ways + more_ways
        return written, ways

    def _is_at(self, character: str) -> bool:
        return self._text.startswith(character, self._place)

    def _sequence(self, depth: int) -> tuple[str, int]:
        parts = []
        ways = 1
        while self.is_left and self._text[self._place] not in "|)":
            written, more_ways = self._piece(depth)
            parts.append(written)
            ways *= more_ways
        return "".join(parts), ways

    def _piece(self, depth: int) -> tuple[str, int]:
        """One atom with its quantifier."""
        character = self._text[self._place]
        is_group = character == "("
        if character in _QUANTIFIERS:
            raise self.error(f"a {character} without anything to repeat")
        if is_group:
            atom, ways = self._group(depth)
        else:
            atom, ways = self._one(character), 1
        if not self.is_left or self._text[self._place] not in _QUANTIFIERS:
            return atom, ways
        if character in "^$" or atom in (r"\b", r"\B"):
            raise self.error("a quantifier after something that has no length")
        least, most = self._quantifier()
        if is_group and (least, most) != (0, 1):
            raise self.error("a repeated group, whose search could take too long; only ? may follow a group")
        return f"{atom}{{{least},{most}}}", ways + 1 if is_group else most - least + 1

    def _group(self, depth: int) -> tuple[str, int]:
        if depth == _MOST_NESTED:
            raise self.error(f"more than {_MOST_NESTED} groups in each other")
        self._place += 3 if self._is_at("(?:") else 1
        written, ways = self.alternatives(depth + 1)
        if not self._is_at(")"):
            raise self.error("a ( without its )")
        self._place += 1
        return f"(?:{written})", ways

    def _one(self, character: str) -> str:
        """What matches one character, or a place."""
        self._place += 1
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape(_CLASS_ESCAPES | _BOUNDARIES)
        return character if character in ".^$" else re.escape(character)

    def _escape(self, letters: frozenset[str]) -> str:
        if not self.is_left:
            raise self.error("a \\ at its end")
        character = self._text[self._place]
        if character.isalnum() and character not in letters:
            raise self.error(f"an unknown escape, \\{character}")
        self._place += 1
        return f"\\{character}" if character.isalnum() else re.escape(character)

    def _set(self) -> str:
        """A class of characters; the `[` has been read."""
        parts = ["["]
        if self._is_at("^"):
            self._place += 1
            parts.append("^")
        first = len(parts)
        while not self._is_at("]"):
            if not self.is_left:
                raise self.error("a [ without its ]")
            character = self._text[self._place]
            self._place += 1
            if character == "\\":
                parts.append(self._escape(_CLASS_ESCAPES))
            elif character == "-" and len(parts) > first and not self._is_at("]") and parts[-1] != "-":
                parts.append("-")  # a range
            else:
                parts.append(re.escape(character))
        self._place += 1
        if len(parts) == first:
            raise self.error("an empty class; write \\] for the bracket")
        return "".join(parts) + "]"

    def _quantifier(self) -> tuple[int, int]:
        """The least and the greatest number of repeats."""
        character = self._text[self._place]
        if character == "{":
            match = _COUNT.match(self._text, self._place)
            if match is None:
                raise self.error("a { that is not {2} or {2,5}")
            self._place = match.end()
            least = int(match[1])
            most = int(match[3]) if match[2] else least
        else:
            self._place += 1
            least, most = {"?": (0, 1), "*": (0, MOST_REPEATS), "+": (1, MOST_REPEATS)}[character]
        if not least <= most <= MOST_REPEATS:
            raise self.error(f"a number of repeats that is not within 0 to {MOST_REPEATS}")
        if self.is_left and self._text[self._place] in _QUANTIFIERS:
            raise self.error("a second quantifier")
        return least, most
