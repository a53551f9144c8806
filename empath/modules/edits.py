"""
edits - what a module or a filter may change of a message, and the message after the changes

Edits are gathered from MAIL to the end of data and applied once, in their order.  They are pure values: the acceptor
reads, routes and stores what they give.  Those of EDITS are for modules; filters that speak the milter protocol have
InsertField, ChangeField, SetSender and ReplaceBody, too.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from empath.errors import SyntaxViolation
from empath.mail.address import Address, ReversePath
from empath.message.edited_header import EditedHeader
from empath.message.folding import folded_line
from empath.policy.routing import MaildirRoute, parse_route, route_text

MAX_EDITS: Final = 1000  # of one message
MAX_RECIPIENTS: Final = 1000  # of one message after its edits
_LINE_OCTETS: Final = 998  # RFC 5322 §2.1.1
_MAX_REASON: Final = 200
_NAME = re.compile(r"[!-9;-~]+", re.ASCII)
_PROTECTED: Final = frozenset({"received"})  # a loop is found by them


@dataclass(frozen=True, slots=True)
class AddRecipient:
    """Deliver to *address*, too."""

    address: str


@dataclass(frozen=True, slots=True)
class RemoveRecipient:
    """Do not deliver to *address*."""

    address: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Deliver to *addresses* in place of all recipients."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddField:
    """Add a header field above the content, below Received. The content stays as received."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class RemoveField:
    """Take out every field of this name. The content is written anew."""

    name: str


@dataclass(frozen=True, slots=True)
class ReplaceField:
    """Put *value* in place of the fields of this name, or at the top. The content is written anew."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Send all recipients by this route, written as in [routes]. It lasts as long as the message."""

    route: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Queue the message as held, for a person to decide."""

    reason: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Take the message and cancel it: the client hears 250, no one gets the mail, and the audit says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class InsertField:
    """Add a field as number *place* of the header, see `EditedHeader.insert`."""

    place: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ChangeField:
    """Put *value* in place of field number *number* of this name, from 1; an empty value removes it."""

    number: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SetSender:
    """Send reports to *address*; empty for nowhere."""

    address: str


@dataclass(frozen=True, slots=True)
class ReplaceBody:
    """Put the *pieces* of another body in place of the body."""

    pieces: tuple[bytes, ...]


Edit: TypeAlias = (
    AddRecipient | RemoveRecipient | Redirect | AddField | RemoveField | ReplaceField | SetRoute | Hold | Discard
    | InsertField | ChangeField | SetSender | ReplaceBody
)  # fmt: skip
EDITS: Final = (AddRecipient, RemoveRecipient, Redirect, AddField, RemoveField, ReplaceField, SetRoute, Hold, Discard)


class WrongEdit(SyntaxViolation):
    """An edit cannot be applied. The text says why."""


@dataclass(slots=True)
class Edited:
    """
    A message with edits, in progress.

    Shape: recipients in their order; route is written as `route_text` does; sender and body are None where nothing
    changes them. Of Hold and Discard, the first counts. make_field writes a field from its name and value.
    """

    recipients: list[Address]
    header: EditedHeader
    make_field: Callable[[str, str], bytes] | None = None
    route: str | None = None
    order: Hold | Discard | None = None
    sender: ReversePath | None = None
    body: tuple[bytes, ...] | None = None

    def apply(self, edit: Edit) -> None:
        """
        Apply one edit.

        Raises:
            WrongEdit: it is not possible. The message is as before.
        """
        _hold_types(edit)
        match edit:
            case AddRecipient(text):
                self._deliver_to(self.recipients, [text])
            case RemoveRecipient(text):
                address = _address(text)
                self._deliver_to([each for each in self.recipients if each != address], [])
            case Redirect(texts):
                self._deliver_to([], texts)
            case AddField(name, value):
                self.header.append(self._field(name, value))
            case InsertField(place, name, value):
                self.header.insert(place, self._field(name, value))
            case ChangeField(number, name, value):
                self.header.change(number, _changeable(name), self._field(name, value) if value else b"")
            case RemoveField(name):
                self.header.replace_all(_changeable(name), b"")
            case ReplaceField(name, value):
                self.header.replace_all(_changeable(name), self._field(name, value))
            case SetRoute(text):
                self.route = _route(text)
            case SetSender(text):
                self.sender = _sender(text)
            case ReplaceBody(pieces):
                self.body = pieces
            case Hold(reason) | Discard(reason):
                if not reason.isprintable() or not 0 < len(reason) <= _MAX_REASON:
                    raise WrongEdit(f"a reason is one line of at most {_MAX_REASON} characters")
                self.order = self.order or edit

    def _field(self, name: str, value: str) -> bytes:
        return (self.make_field or one_line_field)(name, value)

    def _deliver_to(self, kept: list[Address], more: Iterable[str]) -> None:
        recipients = list(dict.fromkeys([*kept, *map(_address, more)]))
        if not recipients:
            raise WrongEdit("no recipient would be left; use Discard")
        if len(recipients) > MAX_RECIPIENTS:
            raise WrongEdit(f"a message has at most {MAX_RECIPIENTS} recipients")
        self.recipients = recipients


def _changeable(name: str) -> bytes:
    """The name of fields that may be replaced or removed, in lower case."""
    if not _NAME.fullmatch(name) or name.lower() in _PROTECTED:
        raise WrongEdit(f"the field {name!r} cannot be replaced or removed")
    return name.lower().encode()


def _hold_types(edit: Edit) -> None:
    """A module is code of others, and nothing checks what it gives an edit."""
    if not isinstance(edit, EDITS):
        return
    for name in edit.__dataclass_fields__:
        value = getattr(edit, name)
        texts = value if isinstance(edit, Redirect) and isinstance(value, tuple | list) else (value,)
        if not all(isinstance(text, str) for text in texts):
            raise WrongEdit(f"{name} has something other than text")


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except SyntaxViolation as exc:
        raise WrongEdit(str(exc)) from exc


def _route(text: str) -> str:
    try:
        route = parse_route(text)
    except SyntaxViolation as exc:
        raise WrongEdit(str(exc)) from exc
    if isinstance(route, MaildirRoute) and not route.path.startswith("/"):
        raise WrongEdit(f"the path of a Maildir begins with a slash: {text!r}")
    return route_text(route)


def _sender(text: str) -> ReversePath:
    try:
        return ReversePath.parse(text, is_lenient=True)
    except SyntaxViolation as exc:
        raise WrongEdit(str(exc)) from exc


def one_line_field(name: str, value: str) -> bytes:
    """
    The field that a module writes.

    Raises:
        WrongEdit: it is not one line of printable ASCII.
    """
    line = f"{name}: {value}"
    if not _NAME.fullmatch(name) or not value.isascii() or not value.isprintable() or len(line) > _LINE_OCTETS:
        raise WrongEdit(f"the field {name[:100]!r} is not one line of printable ASCII, at most {_LINE_OCTETS} octets")
    return f"{line}\r\n".encode()


def folded_field(name: str, value: str) -> bytes:
    """
    The field that a filter writes. *value* has all that stands behind the colon, with line feeds at its folds.

    Lines of it that would begin a field of their own or are too long are folded, and empty ones are left out.

    Raises:
        WrongEdit: its name is none, or it has a NUL.
    """
    first, *rest = value.replace("\r\n", "\n").replace("\r", " ").split("\n")
    folds = [line if line.startswith((" ", "\t")) else f"\t{line}" for line in rest if line.strip(" \t")]
    lines = [line.encode("utf-8", "surrogateescape") for line in (f"{name}:{first}", *folds)]
    if not _NAME.fullmatch(name) or len(name) >= _LINE_OCTETS or "\0" in value:
        raise WrongEdit(f"the field {name[:100]!r} has a name or a NUL that no field may have")
    return b"".join(part + b"\r\n" for line in lines for part in folded_line(line))
