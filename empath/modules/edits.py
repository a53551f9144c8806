"""
edits - what a module may change of a message, and the message after the changes

Edits are gathered from MAIL to the end of data and applied once, in their order.  They are pure values: the acceptor
reads, routes and stores what they give.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.fields import Fields
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


Edit: TypeAlias = (
    AddRecipient | RemoveRecipient | Redirect | AddField | RemoveField | ReplaceField | SetRoute | Hold | Discard
)  # fmt: skip
EDITS: Final = (AddRecipient, RemoveRecipient, Redirect, AddField, RemoveField, ReplaceField, SetRoute, Hold, Discard)


class WrongEdit(SyntaxViolation):
    """An edit cannot be applied. The text says why."""


@dataclass(slots=True)
class Edited:
    """
    A message with edits, in progress.

    Shape: recipients in their order; added_fields are whole fields with their CRLF; header is None while nothing of the
    content changes; route is written as `route_text` does. Of Hold and Discard, the first counts.
    """

    recipients: list[Address]
    original_header: bytes
    added_fields: bytes = b""
    header: Fields | None = None
    route: str | None = None
    order: Hold | Discard | None = field(default=None)

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
                self.added_fields += _field(name, value)
            case RemoveField(name):
                self._replace(name, b"")
            case ReplaceField(name, value):
                self._replace(name, _field(name, value))
            case SetRoute(text):
                self.route = _route(text)
            case Hold(reason) | Discard(reason):
                if not reason.isprintable() or not 0 < len(reason) <= _MAX_REASON:
                    raise WrongEdit(f"a reason is one line of at most {_MAX_REASON} characters")
                self.order = self.order or edit

    def _deliver_to(self, kept: list[Address], more: Iterable[str]) -> None:
        recipients = list(dict.fromkeys([*kept, *map(_address, more)]))
        if not recipients:
            raise WrongEdit("no recipient would be left; use Discard")
        if len(recipients) > MAX_RECIPIENTS:
            raise WrongEdit(f"a message has at most {MAX_RECIPIENTS} recipients")
        self.recipients = recipients

    def _replace(self, name: str, new: bytes) -> None:
        if not _NAME.fullmatch(name) or name.lower() in _PROTECTED:
            raise WrongEdit(f"the field {name!r} cannot be replaced or removed")
        known = self.header or Fields.of(self.original_header)
        wanted = name.lower().encode()
        if wanted not in known:
            if new:
                self.header = Fields([new, *known.octets])
            return
        place = known.names.index(wanted)
        kept = [octets for found, octets in zip(known.names, known.octets, strict=True) if found != wanted]
        self.header = Fields([*kept[:place], *([new] if new else []), *kept[place:]])


def _hold_types(edit: Edit) -> None:
    """A module is code of others, and nothing checks what it gives an edit."""
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


def _field(name: str, value: str) -> bytes:
    line = f"{name}: {value}"
    if not _NAME.fullmatch(name) or not value.isascii() or not value.isprintable() or len(line) > _LINE_OCTETS:
        raise WrongEdit(f"the field {name[:100]!r} is not one line of printable ASCII, at most {_LINE_OCTETS} octets")
    return f"{line}\r\n".encode()
