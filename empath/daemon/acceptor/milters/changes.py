"""
changes - the changes that a filter wants, as edits of the message

The edits are those of modules, so both are judged by the same rules.  A filter names recipients as the client gave
them: what it deletes is whatever an alias made of one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from empath.daemon.process.turns import let_others_run
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.envelope import Recipient
from empath.mail.printable import printable
from empath.modules.edits import (
    AddField,
    ChangeField,
    Discard,
    Edit,
    Hold,
    InsertField,
    Redirect,
    ReplaceBody,
    SetSender,
    WrongEdit,
)
from empath.policy.recipients import folded
from empath.smtp.milter.answers import (
    BodyReplaced,
    Change,
    FieldAdded,
    FieldChanged,
    FieldInserted,
    Quarantined,
    RecipientAdded,
    RecipientDeleted,
    SenderChanged,
)
from empath.smtp.server.content import ChunkReader
from empath.smtp.server.parameters import read_notify, read_original_recipient

_MOST_REASON: Final = 200
_NO_REASON: Final = "no reason given"
_NO_RECIPIENT: Final = "no recipient left"
Given = Mapping[str, Sequence[Address]]
"""Recipients as the client gave them, and the addresses to which their mail goes."""


class Wanted(NamedTuple):
    """What a filter wants. Shape: added has what it asks for new recipients; given are those that it left."""

    edits: list[Edit]
    added: Mapping[Address, Recipient]
    given: Given


def edits_of(
    changes: Iterable[Change],
    recipients: Sequence[Address],
    given: Given,
    *,
    keeps_blanks: bool,
    body_octets: int,
    line_octets: int | None,
) -> Wanted:
    """
    The edits for *changes*. Values of fields have their leading blank if the filter *keeps_blanks*; a body has at most
    *body_octets*, and lines of at most *line_octets*.

    Raises:
        WrongEdit: a change is not possible.
    """
    edits: list[Edit] = []
    pieces: list[bytes] = []
    envelope = _Envelope(recipients, given)
    for change in changes:
        match change:
            case FieldAdded(name, value):
                edits.append(AddField(_name(name), _value(value, keeps_blanks=keeps_blanks)))
            case FieldInserted(place, name, value):
                edits.append(InsertField(place, _name(name), _value(value, keeps_blanks=keeps_blanks)))
            case FieldChanged(number, name, value):
                text = _value(value, keeps_blanks=keeps_blanks) if value else ""
                edits.append(ChangeField(number, _name(name), text))
            case BodyReplaced(octets):
                pieces.append(octets)
            case SenderChanged(path):
                edits.append(SetSender(_path(path)))
            case RecipientAdded(path, parameters):
                envelope.add(_path(path), parameters.decode("utf-8", "replace"))
            case RecipientDeleted(path):
                envelope.delete(_path(path))
            case Quarantined(reason):
                edits.append(Hold(printable(reason.decode("utf-8", "replace"))[:_MOST_REASON] or _NO_REASON))
    if any(isinstance(change, BodyReplaced) for change in changes):
        edits.append(ReplaceBody(_body(pieces, body_octets, line_octets)))
    if envelope.is_changed:
        left = tuple(map(str, envelope.recipients))
        edits.append(Redirect(left) if left else Discard(_NO_RECIPIENT))
    return Wanted(edits, envelope.added, envelope.given)


class _Envelope:
    """The recipients, while a filter adds and deletes some."""

    def __init__(self, recipients: Sequence[Address], given: Given) -> None:
        self._before = list(recipients)
        self._left = dict.fromkeys(recipients)
        self.added: dict[Address, Recipient] = {}
        self.given = dict(given)
        self._uses = Counter(target for targets in given.values() for target in targets)
        self._by_letters: dict[str, list[str]] = {}
        for path in given:
            self._by_letters.setdefault(folded(path), []).append(path)

    @property
    def recipients(self) -> list[Address]:
        """Those that are left."""
        return [*self._left]

    @property
    def is_changed(self) -> bool:
        """Whether they are others than before."""
        return self.recipients != self._before

    def add(self, path: str, parameters: str) -> None:
        """Add one, with *parameters* of RCPT; those that are no matter of notices are left out."""
        address = _address(path)
        notify = original = None
        try:
            for parameter in parameters.split():
                key, _, value = parameter.partition("=")
                if key.upper() == "NOTIFY":
                    notify = read_notify(value)
                elif key.upper() == "ORCPT":
                    original = read_original_recipient(value)
        except SyntaxViolation as exc:
            raise WrongEdit(f"{path}: {exc}") from exc
        self._left[address] = None
        self.added[address] = Recipient(address, notify, original)

    def delete(self, path: str) -> None:
        """
        Delete one; one that is not there is gone already. Where none is written as *path* is, one counts that aliases
        would take for the same: some filters write addresses in lower case.
        """
        targets = self.given.pop(self._spelling(path), None)
        if targets is None:
            try:
                self._left.pop(Address.parse(path, is_lenient=True), None)
            except SyntaxViolation:
                pass
            return
        self._uses.subtract(targets)
        for target in targets:
            if not self._uses[target]:
                self._left.pop(target, None)

    def _spelling(self, path: str) -> str:
        """*path* as the client wrote it, if it did in other letters."""
        if path in self.given:
            return path
        return next((each for each in self._by_letters.get(folded(path), ()) if each in self.given), path)


def _body(pieces: Iterable[bytes], body_octets: int, line_octets: int | None) -> tuple[bytes, ...]:
    """The body in lines that end in CRLF, as those of clients."""
    reader, found = ChunkReader(body_octets, line_octets), []
    for piece in pieces:
        found.append(reader.feed(piece, is_last=False))
        let_others_run()
    found.append(reader.feed(b"", is_last=True))
    if reader.refusal is not None:
        raise WrongEdit(f"the body that it gives cannot be taken: {reader.refusal}")
    return tuple(filter(None, found))


def _name(octets: bytes) -> str:
    return octets.decode("ascii", "replace")


def _value(octets: bytes, *, keeps_blanks: bool) -> str:
    text = octets.decode("utf-8", "surrogateescape")
    return text if keeps_blanks else f" {text}"


def _path(octets: bytes) -> str:
    try:
        text = octets.decode()
    except UnicodeDecodeError as exc:
        raise WrongEdit("an address that it gives is not UTF-8") from exc
    return text.strip().removeprefix("<").removesuffix(">")


def _address(path: str) -> Address:
    try:
        return Address.parse(path, is_lenient=True)
    except SyntaxViolation as exc:
        raise WrongEdit(str(exc)) from exc
