"""
authres - the field Authentication-Results, RFC 8601: written by this host, and told from those that others wrote

Values are foreign text.  What is not a plain word is quoted, so that a stranger cannot write a result into the field
of this host.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain

FIELD_NAME: Final = b"authentication-results"
_MAX_VALUE: Final = 300
_LINE: Final = 78
_MOST_BEFORE: Final = 8_192  # octets of a field in which the name must stand
# A token, or an address as RFC 8601 §2.2 has it in a pvalue.
_PLAIN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+|[A-Za-z0-9!#$%&'*+\-.^_`{|}~=]*@[A-Za-z0-9.-]+")
_NOT_PRINTABLE: Final = re.compile(r"[^\x20-\x7e]")
_BACKSLASH: Final = ord("\\")
_QUOTE: Final = ord('"')
_NEXT: Final = ";\r\n\t"  # between two results
_IN_COMMENT: Final = "()"
_IN_QUOTES: Final = '"'
_BRACKETS: Final = {ord("("): 1, ord(")"): -1}
_BLANKS: Final = b" \t\r\n"
_NO_BLANKS: Final = str.maketrans("", "", _BLANKS.decode())
_ID: Final = re.compile(rb'[^\x00-\x20\x7f"(),/:;<=>?@\[\\\]]+')
_DIGITS: Final = re.compile(rb"[0-9]*")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)


class MethodResult(NamedTuple):
    """
    One result, RFC 8601 §2.2.

    Shape: method and result are words of the registry; comment and reason any text, empty for none; properties are
    pairs such as ("smtp.mailfrom", "a@b.example"), with any text as the value.
    """

    method: str
    result: str
    comment: str = ""
    reason: str = ""
    properties: Sequence[tuple[str, str]] = ()

    @property
    def words(self) -> list[str]:
        """Its words as they stand in the field."""
        method, result, comment, reason, properties = self
        found = [f"{method}={result}"]
        if comment:
            found.append(f"({_escaped(_printable(comment), _IN_COMMENT)})")
        if reason:
            found.append(f"reason={_quoted(reason)}")
        for name, value in properties:
            is_plain = len(value) <= _MAX_VALUE and _PLAIN.fullmatch(value)
            found.append(f"{name}={value if is_plain else _quoted(value)}")
        return found


def results_field(authserv_id: str, results: Iterable[MethodResult]) -> bytes:
    """The field of the host *authserv_id*, with its line end."""
    found = [_folded(each.words) for each in results]
    if not found:
        return f"Authentication-Results: {authserv_id}; none\r\n".encode()
    return (_NEXT.join([f"Authentication-Results: {authserv_id}", *found]) + "\r\n").encode()


def _folded(words: Sequence[str]) -> str:
    """*words* with a fold before each that a line has no room for; the line begins with a tab."""
    line = " ".join(words)
    if len(line) < _LINE:
        return line
    line, *others = words
    lines = []
    for word in others:
        if len(line) + 1 + len(word) < _LINE:
            line = f"{line} {word}"
        else:
            lines.append(line)
            line = f" {word}"
    return "\r\n\t".join([*lines, line])


def authserv_id(value: bytes) -> str | None:
    """
    Whose a field is by its *value*, None where it does not say: a name of the DNS in A-labels, without a trailing dot,
    any other one in lower case.

    The version and anything else behind the name do not matter: a reader might overlook them. But a method with its
    result is no name: some hosts leave theirs out, and a reader may take what they say for ours. Neither is what does
    not end within the first octets: a megabyte of blanks or comments there is no work of a host.
    """
    value = value[:_MOST_BEFORE]
    at = _after_blanks(value)
    match = _ID.match(value, at)
    if match is not None:
        return None if _is_before_result(value, match.end()) else _one_spelling(match[0])
    match = _QUOTED.match(value, at)
    return None if match is None else _one_spelling(_QUOTED_PAIR.sub(rb"\1", match[1]))


def says(field: bytes, method: str, result: str) -> bool:
    """Whether a *field* of a trusted host has this result; text in quotes and comments says nothing."""
    return re.search(rb";\s*%b\s*=\s*%b(?![\w-])" % (method.encode(), result.encode()), _bare(field)) is not None


def _one_spelling(name: bytes) -> str:
    text = name.decode(errors="replace").translate(_NO_BLANKS)
    try:
        return str(Domain.parse(text))
    except SyntaxViolation:
        return text.lower()


def _bare(value: bytes) -> bytes:
    """*value* without quoted text and comments."""
    found = bytearray()
    depth, is_quoted, is_escaped = 0, False, False
    for octet in value:
        if is_escaped:
            is_escaped = False
        elif octet == _BACKSLASH and (depth or is_quoted):
            is_escaped = True
        elif octet == _QUOTE and not depth:
            is_quoted = not is_quoted
        elif octet in _BRACKETS and not is_quoted:
            depth = max(0, depth + _BRACKETS[octet])
        elif not depth and not is_quoted:
            found.append(octet)
    return bytes(found)


def _is_before_result(value: bytes, at: int) -> bool:
    """Whether an equals sign stands at *at*, perhaps behind the version of a method (RFC 8601 §2.2), or may do so."""
    at = _after_blanks(value, at)
    if value[at : at + 1] == b"/":
        digits = _DIGITS.match(value, _after_blanks(value, at + 1))
        at = at if digits is None else _after_blanks(value, digits.end())
    return at >= _MOST_BEFORE or value[at : at + 1] == b"="


def _after_blanks(value: bytes, at: int = 0) -> int:
    """Where the first thing from *at* on is that is no blank and no comment; comments may be nested to any depth."""
    depth = 0
    while at < len(value):
        octet = value[at : at + 1]
        if octet == b"(":
            depth += 1
        elif depth and octet == b")":
            depth -= 1
        elif depth and octet == b"\\":
            at += 1
        elif not depth and octet not in _BLANKS:
            break
        at += 1
    return at


def _printable(text: str) -> str:
    return text[:_MAX_VALUE] if text.isascii() and text.isprintable() else _NOT_PRINTABLE.sub("?", text[:_MAX_VALUE])


def _quoted(text: str) -> str:
    return f'"{_escaped(_printable(text), _IN_QUOTES)}"'


def _escaped(text: str, signs: str) -> str:
    """*text* with a backslash before each backslash and each of *signs*."""
    text = text.replace("\\", "\\\\")
    for sign in signs:
        text = text.replace(sign, f"\\{sign}")
    return text
