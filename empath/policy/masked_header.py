"""
masked_header - what a header section says to people who may see the mail but not whose it is

Fields that hosts wrote are masked as other texts are.  Of the fields with authors and readers only the addresses are
left, because names stand beside them.  Of any other field only its name is left: it may have the words of people, or,
as a signature may, a copy of other fields.
"""

import re
from collections.abc import Iterable
from typing import Final

from empath.policy.masking import masked

_BY_HOSTS: Final = frozenset({
    "arc-authentication-results", "authentication-results", "auto-submitted", "content-transfer-encoding", "date",
    "delivered-to", "in-reply-to", "message-id", "mime-version", "precedence", "received", "received-spf", "references",
    "return-path", "tls-required",
})  # fmt: skip
_OF_PEOPLE: Final = frozenset({"bcc", "cc", "from", "reply-to", "sender", "to"})
_RESENT: Final = "resent-"
_FIELD_END: Final = re.compile(r"\n(?![ \t])")
_NAME: Final = re.compile(r"([!-9;-~]+)[ \t]*:")
_BETWEEN: Final = re.compile(r"[\s<>(),;:\"]+")
_NOTHING: Final = "…"


def masked_header(lines: Iterable[str]) -> list[str]:
    """The *lines* of a header section, without their ends, masked; a field of which not all is left is one line."""
    found: list[str] = []
    for field in _FIELD_END.split("\n".join(lines)):
        found += _masked_field(field)
    return found


def _masked_field(field: str) -> list[str]:
    match = _NAME.match(field)
    if match is None:
        return [_NOTHING] if field else []
    name = match[1].lower()
    if name in _BY_HOSTS:
        return masked(field).split("\n")
    left = _NOTHING
    if name.removeprefix(_RESENT) in _OF_PEOPLE:
        left = ", ".join(part for part in _BETWEEN.split(masked(field[match.end() :])) if "@" in part)
    return [f"{masked(match[1])}: {left}"]
