"""
answers - what a filter says: a verdict, a reply for the client, or a change of the message

Each packet is read into one value.  Names, values and addresses stay octets here: who changes the message judges them.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply
from empath.smtp.milter.flags import BODY_OCTETS, Action
from empath.smtp.milter.packets import Packet, texts

_MOST_LINES: Final = 32  # of a reply, as in libmilter
_MOST_TEXT: Final = 400  # characters of one line of it
_NUMBER: Final = 4
_REPLY_LINE = re.compile(r"([45][0-9]{2})(?:[ -](.*))?", re.DOTALL)
_STATUS_AND_TEXT = re.compile(r"([45]\.[0-9]{1,3}\.[0-9]{1,3})(?: (.*))?", re.DOTALL)


class Verdict(Enum):
    """The letter of a packet that has no data."""

    CONTINUE = b"c"
    ACCEPT = b"a"
    REJECT = b"r"
    TEMPFAIL = b"t"
    DISCARD = b"d"
    SKIP = b"s"
    PROGRESS = b"p"
    SHUTDOWN = b"4"
    CONNECTION_FAILED = b"f"


@dataclass(frozen=True, slots=True)
class Replied:
    """Refuse with these words."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class FieldAdded:
    """A field at the end of the header."""

    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class FieldInserted:
    """A field at *place*, counted from 0."""

    place: int
    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class FieldChanged:
    """Another value for the field number *number* of this name, counted from 1; an empty value deletes it."""

    number: int
    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class BodyReplaced:
    """A piece of another body; several pieces make one."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class SenderChanged:
    """Another sender, with parameters of MAIL."""

    path: bytes
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class RecipientAdded:
    """One more recipient, with parameters of RCPT."""

    path: bytes
    parameters: bytes = b""


@dataclass(frozen=True, slots=True)
class RecipientDeleted:
    """One recipient less."""

    path: bytes


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Keep the message for a person to decide."""

    reason: bytes


Change: TypeAlias = (
    FieldAdded | FieldInserted | FieldChanged | BodyReplaced | SenderChanged | RecipientAdded | RecipientDeleted
    | Quarantined
)  # fmt: skip
Answer: TypeAlias = Verdict | Replied | Change

_VERDICTS: Final = {each.value: each for each in Verdict}
# The letter of each change, and what must have been agreed on for it.
_CHANGES: Final = {
    b"h": Action.ADD_FIELDS,
    b"i": Action.ADD_FIELDS,
    b"m": Action.CHANGE_FIELDS,
    b"b": Action.CHANGE_BODY,
    b"e": Action.CHANGE_SENDER,
    b"+": Action.ADD_RECIPIENTS,
    b"2": Action.ADD_RECIPIENTS_WITH_PARAMETERS,
    b"-": Action.DELETE_RECIPIENTS,
    b"q": Action.QUARANTINE,
}


def is_change(packet: Packet) -> bool:
    """Whether *packet* wants to change the message."""
    return packet.code in _CHANGES


def read_answer(packet: Packet, actions: Action) -> Answer:
    """
    Read *packet*; *actions* are those that were agreed on.

    Raises:
        SyntaxViolation: it is not an answer, or wants what was not agreed on.
    """
    code, data = packet
    verdict = _VERDICTS.get(code)
    if verdict is not None:
        return verdict
    if code == b"y":
        return Replied(_reply(data))
    needed = _CHANGES.get(code)
    if needed is None:
        raise SyntaxViolation(f"a packet of the unknown kind {code!r}")
    if needed not in actions:
        raise SyntaxViolation(f"it does what was not agreed on: {needed.name}")
    return _change(code, data)


def _change(code: bytes, data: bytes) -> Change:
    match code:
        case b"b":
            if len(data) > BODY_OCTETS:
                raise SyntaxViolation(f"a piece of a body with more than {BODY_OCTETS} octets")
            return BodyReplaced(data)
        case b"h":
            return FieldAdded(*_exactly(2, data))
        case b"i":
            return FieldInserted(_number(data), *_exactly(2, data[_NUMBER:]))
        case b"m":
            return FieldChanged(_number(data), *_exactly(2, data[_NUMBER:]))
        case b"e":
            return SenderChanged(*_one_or_two(data))
        case b"+":
            return RecipientAdded(*_exactly(1, data))
        case b"2":
            return RecipientAdded(*_one_or_two(data))
        case b"-":
            return RecipientDeleted(*_exactly(1, data))
        case _:
            return Quarantined(*_exactly(1, data))


def _exactly(count: int, data: bytes) -> list[bytes]:
    found = texts(data)
    if len(found) != count:
        raise SyntaxViolation(f"{len(found)} texts in a packet that has {count}")
    return found


def _one_or_two(data: bytes) -> list[bytes]:
    found = texts(data)
    if len(found) not in (1, 2):
        raise SyntaxViolation(f"{len(found)} texts in a packet that has one or two")
    return found


def _number(data: bytes) -> int:
    return int.from_bytes(data[:_NUMBER], "big")


def _reply(data: bytes) -> Reply:
    """
    A reply in the words of the filter.

    A percent sign comes doubled, because the function of libmilter takes a format.
    """
    [octets] = _exactly(1, data)
    lines = octets.decode("utf-8", "replace").replace("%%", "%").removesuffix("\r\n").split("\r\n")
    if len(lines) > _MOST_LINES:
        raise SyntaxViolation(f"a reply of more than {_MOST_LINES} lines")
    matches = [_REPLY_LINE.fullmatch(line) for line in lines]
    if not all(matches):
        raise SyntaxViolation(f"not a reply that refuses: {lines[0][:100]!r}")
    codes = {match[1] for match in matches if match}
    if len(codes) > 1:
        raise SyntaxViolation("a reply whose lines have different codes")
    [code] = codes
    status: EnhancedStatus | None = None
    found = []
    for match in filter(None, matches):
        text = match[2] or ""
        with_status = _STATUS_AND_TEXT.fullmatch(text)
        if with_status is not None and with_status[1][0] == code[0]:
            status, text = status or _status(with_status[1]), with_status[2] or ""
        found.append("".join(c if c.isascii() and c.isprintable() else "?" for c in text[:_MOST_TEXT]))
    return Reply(int(code), status, "\n".join(found))


def _status(text: str) -> EnhancedStatus:
    return EnhancedStatus(*map(int, text.split(".")))
