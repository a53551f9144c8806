"""
reply - the answer of one SMTP host to another, RFC 5321 §4.2 and RFC 3463

A reply from the network is octets in any encoding.  `Reply.text` holds it decoded as UTF-8, with a lone surrogate for
each octet that is not UTF-8.  `escaped()` gives the only form that may enter a log, a row or a terminal.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from empath.errors import SyntaxViolation

_STATUS = re.compile(r"([245])\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})")
_PERHAPS_NOT_PRINTABLE = re.compile(r"[^ -\[\]-~]")
T = TypeVar("T")
_MAX_ESCAPED = 500  # characters of a peer's text that are kept


@dataclass(frozen=True, slots=True)
class EnhancedStatus:
    """
    Enhanced status code `class.subject.detail`, RFC 3463 §2.

    Shape: class 2, 4 or 5; subject and detail 0..999. Text form: 5 to 9 ASCII characters.
    """

    klass: int
    subject: int
    detail: int

    @classmethod
    def parse(cls, text: str) -> "EnhancedStatus":
        """
        Read exactly one code, so that `str(parse(text)) == text`.

        Raises:
            SyntaxViolation: *text* is not a `status-code` of RFC 3463 §2.
        """
        # Leading zeros are forbidden there: "5.01.1" must not pass as a second spelling of "5.1.1".
        match = _STATUS.fullmatch(text)
        if match is None:
            raise SyntaxViolation(f"not an enhanced status code: {text!r}")
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


class _once(Generic[T]):
    """As functools.cached_property, which takes a lock in Python 3.11: a microsecond for each reply."""

    def __init__(self, made: Callable[[Any], T]) -> None:
        self._made = made
        self._name = made.__name__
        self.__doc__ = made.__doc__

    def __get__(self, owner: Any, _type: type) -> T:
        if owner is None:  # asked of the class
            return self  # type: ignore[return-value]
        value = owner.__dict__[self._name] = self._made(owner)
        return value


@dataclass(frozen=True)
class Reply:
    """
    One reply, of one or more lines.

    Shape: code 200..599; enhanced of the same class or None; text without line ends, lines joined by one "\\n";
    is_from_host: the words of another host, not of this one about it.
    """

    code: int
    enhanced: EnhancedStatus | None
    text: str
    is_from_host: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, line: str) -> "Reply":
        """
        Build one of our own from `250 2.0.0 Ok` or `354 Go ahead`; more lines follow a "\\n", without codes.

        Raises:
            SyntaxViolation: no three-digit code at the start.
        """
        return _of(line)

    @_once
    def klass(self) -> int:
        """First digit of the code: 2 positive, 3 go on, 4 transient, 5 permanent (RFC 5321 §4.2.1)."""
        return self.code // 100

    @_once
    def octets(self) -> bytes:
        """The reply as it goes on the wire, each line ended by CRLF; text beyond ASCII as UTF-8."""
        status = f"{self.enhanced} " if self.enhanced else ""
        if "\n" not in self.text:
            return f"{self.code:03} {status}{self.text}\r\n".encode("utf-8", "surrogateescape")
        lead = f"{self.code:03}"
        *first, last = self.text.split("\n")
        lines = [f"{lead}-{status}{line}\r\n" for line in first] + [f"{lead} {status}{last}\r\n"]
        return "".join(lines).encode("utf-8", "surrogateescape")

    def escaped(self) -> str:
        """Code, status and text in one line of printable text, at most 500 characters; "\\" escapes the rest."""
        return self._escaped

    @_once
    def _escaped(self) -> str:  # asked for by the row, the attempt and the log
        status = f"{self.enhanced} " if self.enhanced else ""
        whole = f"{self.code:03} {status}{self.text}"
        if not whole.isascii() or not whole.isprintable() or "\\" in whole:
            whole = _PERHAPS_NOT_PRINTABLE.sub(_escape, whole)
        return whole if len(whole) <= _MAX_ESCAPED else whole[: _MAX_ESCAPED - 3] + "..."

    def __str__(self) -> str:
        return self.escaped()


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\n":
        return " "  # separator between two lines of one reply
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    octet = ord(character) - 0xDC00
    return f"\\x{octet:02x}" if 0x80 <= octet <= 0xFF else character.encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=512)
def _of(line: str) -> Reply:
    code, _, rest = line.partition(" ")
    if not (len(code) == 3 and code.isascii() and code.isdigit()):
        raise SyntaxViolation(f"not a reply: {line!r}")
    first, _, text = rest.partition(" ")
    if _STATUS.fullmatch(first):
        return Reply(int(code), EnhancedStatus.parse(first), text)
    return Reply(int(code), None, rest)
