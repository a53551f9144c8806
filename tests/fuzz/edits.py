"""
edits - any edits of a module on a message

The first turn is the header section. Each further one is an edit: the letter of its kind, and its text, where a line
feed separates two values.

Promises: an edit is applied or it is a WrongEdit, which leaves the message as it was; a message keeps a recipient, each
one once; added fields are whole lines of printable ASCII; Received fields are never touched; and a header section that
changes still consists of whole fields.
"""

from empath.mail.address import Address
from empath.message.fields import Fields
from empath.modules.edits import (
    MAX_RECIPIENTS,
    AddField,
    AddRecipient,
    Discard,
    Edit,
    Edited,
    Hold,
    Redirect,
    RemoveField,
    RemoveRecipient,
    ReplaceField,
    SetRoute,
    WrongEdit,
)
from tests.fuzz.case import Case

_FIRST = Address.parse("first@d.test")


def check(case: Case) -> list[str]:
    """
    Apply the edits.

    Raises:
        AssertionError: a promise is broken.
    """
    header, *turns = case.turns
    if header and not header.endswith(b"\r\n"):
        header += b"\r\n"
    edited, reached = Edited([_FIRST], header), []
    for turn in turns:
        edit = _edit(turn.decode("utf-8", "replace"))
        before = _state(edited)
        try:
            edited.apply(edit)
            reached.append(type(edit).__name__)
        except WrongEdit:
            reached.append("wrong")
        assert reached[-1] != "wrong" or before == _state(edited)
        _judge(edited, header)
    return reached


def _state(edited: Edited) -> tuple[object, ...]:
    header = None if edited.header is None else b"".join(edited.header.octets)
    return ([*edited.recipients], edited.added_fields, header, edited.route, edited.order)


def _edit(text: str) -> Edit:
    kind, rest = text[:1], text[1:]
    name, _, value = rest.partition("\n")
    match kind:
        case "a":
            return AddRecipient(rest)
        case "r":
            return RemoveRecipient(rest)
        case "d":
            return Redirect(tuple(rest.split("\n")))
        case "f":
            return AddField(name, value)
        case "x":
            return RemoveField(rest)
        case "p":
            return ReplaceField(name, value)
        case "t":
            return SetRoute(rest)
        case "h":
            return Hold(rest)
        case _:
            return Discard(rest)


def _judge(edited: Edited, header: bytes) -> None:
    assert 0 < len(edited.recipients) == len({*edited.recipients}) <= MAX_RECIPIENTS
    *lines, last = edited.added_fields.split(b"\r\n")
    assert last == b""
    assert all(line.isascii() and line.decode().isprintable() and b": " in line for line in lines)
    if edited.header is not None:
        assert _received(Fields.of(header)) == _received(edited.header)
        assert all(octets.endswith(b"\r\n") for octets in edited.header.octets)


def _received(fields: Fields) -> list[bytes]:
    return [octets for name, octets in zip(fields.names, fields.octets, strict=True) if name == b"received"]
