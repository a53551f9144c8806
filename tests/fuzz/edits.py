"""
edits - any edits of a module on a message

The first turn is the header section. Each further one is an edit: the letter of its kind, and its text, where a line
feed separates two values.

Promises: an edit is applied or it is a WrongEdit, which leaves the message as it was; a message keeps a recipient, each
one once; the fields of a module are whole lines of printable ASCII, those of a filter whole fields; Received fields are
never changed or removed; and a header section that changes still consists of whole fields.
"""

from empath.mail.address import Address
from empath.message.edited_header import EditedHeader
from empath.message.fields import Fields
from empath.modules.edits import (
    MAX_RECIPIENTS,
    AddField,
    AddRecipient,
    ChangeField,
    Discard,
    Edit,
    Edited,
    Hold,
    InsertField,
    Redirect,
    RemoveField,
    RemoveRecipient,
    ReplaceBody,
    ReplaceField,
    SetRoute,
    SetSender,
    WrongEdit,
    folded_field,
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
    is_of_filter = any(turn[:1] in (b"i", b"c", b"s", b"b") for turn in turns)
    edited = Edited([_FIRST], EditedHeader(header), folded_field if is_of_filter else None)
    reached: list[str] = []
    for turn in turns:
        edit = _edit(turn.decode("utf-8", "replace"))
        before = _state(edited)
        try:
            edited.apply(edit)
            reached.append(type(edit).__name__)
        except WrongEdit:
            reached.append("wrong")
        assert reached[-1] != "wrong" or before == _state(edited)
        _judge(edited, header, is_of_filter=is_of_filter)
    return reached


def _state(edited: Edited) -> tuple[object, ...]:
    return ([*edited.recipients], edited.header.fields, edited.route, edited.order, edited.sender, edited.body)


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
        case "i":
            return InsertField(len(value) % 7, name, value)
        case "c":
            return ChangeField(len(value) % 3, name, value)
        case "s":
            return SetSender(rest)
        case "b":
            return ReplaceBody((rest.encode(),))
        case _:
            return Discard(rest)


def _judge(edited: Edited, header: bytes, *, is_of_filter: bool) -> None:
    assert 0 < len(edited.recipients) == len({*edited.recipients}) <= MAX_RECIPIENTS
    for field in (*edited.header.above, *edited.header.below):
        *lines, last = field.split(b"\r\n")
        assert last == b""
        assert b":" in lines[0]
        assert all(line.startswith((b" ", b"\t")) for line in lines[1:])
        assert is_of_filter or (len(lines) == 1 and field.isascii() and lines[0].decode().isprintable())
    if edited.header.is_content_changed:
        left = iter(_received(Fields(edited.header.content)))
        assert all(field in left for field in _received(Fields.of(header)))  # a filter may add some
        assert all(octets.endswith(b"\r\n") for octets in edited.header.content)


def _received(fields: Fields) -> list[bytes]:
    return [octets for name, octets in zip(fields.names, fields.octets, strict=True) if name == b"received"]
