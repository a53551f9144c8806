"""
reading - from the body of a request to the messages that it asks for

What is wrong with the whole request is refused as a whole; what is wrong with one recipient is the result of that one.
"""

import os
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from empath.daemon.httpd.injection.injector import Item, Result
from empath.daemon.process.module_calls.metadata import Metadata
from empath.errors import SyntaxViolation
from empath.mail.address import NULL_PATH, Address, ForwardPath, ReversePath
from empath.mail.identity import Timestamp
from empath.mail.timing import Hold
from empath.message.letter import Attachment, Letter, Parts
from empath.message.submission import LocalHeader, with_crlf
from empath.message.written_fields import Mailbox
from empath.policy.router import ROUTE_KEY

_NAMED: Final = re.compile(r'(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>]*))<([^<>]*)>', re.DOTALL)
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_LATEST: Final = 1e11  # Unix seconds; every limit of a hold is nearer
_PARTS: Final = ("from_", "cc", "bcc", "reply_to", "subject", "text", "html", "headers", "attachments", "variables")
_HEADER_END: Final = re.compile(rb"\r?\n\r?\n")
_BOUNDARY_OCTETS: Final = 12


def messages_of(request: Any, most: int = 2**63) -> tuple[ReversePath, list[Item]]:
    """
    The reverse-path and the messages that *request*, a MessageRequest, asks for; *most* are the octets of a message.

    Raises:
        SyntaxViolation: the request as a whole is wrong.
    """
    if request.recipients and (request.to or request.cc or request.bcc):
        raise SyntaxViolation("give either recipients, of whom each gets a message of its own, or to, cc and bcc")
    if request.raw is not None or request.raw_base64 is not None:
        return _raw_messages(request)
    if request.from_ is None:
        raise SyntaxViolation("from is missing")
    if not (request.recipients or request.to or request.cc or request.bcc):
        raise SyntaxViolation("there are no recipients: give to, cc, bcc or recipients")
    author = mailbox_of("from", request.from_)
    to, cc, bcc, reply_to = (
        [mailbox_of(name, each) for each in getattr(request, name)] for name in ("to", "cc", "bcc", "reply_to")
    )
    parts = Parts(
        author,
        to,
        cc,
        reply_to,
        request.subject,
        request.text,
        request.html,
        request.headers,
        [_attachment(each) for each in request.attachments],
        has_places=request.variables is not None or any(each.variables for each in request.recipients),
        most=most,
    )
    letter = Letter(parts, os.urandom(_BOUNDARY_OCTETS).hex())
    sender = ReversePath(author.address) if request.sender is None else reverse_path_of("sender", request.sender)
    values, metadata = _texts(request.variables or {}), metadata_of(request.metadata)
    needs_utf8 = not (letter.is_ascii and _is_ascii(sender.address))
    if request.recipients:
        return sender, [_own_message(letter, each, values, metadata, needs_utf8) for each in request.recipients]
    addresses = [each.address for each in (*to, *cc, *bcc)]
    needs_utf8 = needs_utf8 or not all(map(_is_ascii, addresses))
    return sender, [
        Item(_open(addresses), lambda: iter([letter.written(values=values)]), needs_utf8, metadata=metadata)
    ]


def _own_message(letter: Letter, given: Any, values: Mapping[str, str], metadata: str, needs_utf8: bool) -> Item:
    try:
        to = mailbox_of("to", given.to)
    except SyntaxViolation:
        return Item([(None, Result(given.to if isinstance(given.to, str) else given.to.address))], tuple)
    own = {**values, **_texts(given.variables)} if given.variables else values
    if given.metadata is not None:
        metadata = metadata_of(given.metadata)
    needs_utf8 = needs_utf8 or not to.address.is_ascii
    return Item(_open([to.address]), lambda: iter([letter.written(to, own)]), needs_utf8, metadata=metadata)


def _raw_messages(request: Any) -> tuple[ReversePath, list[Item]]:
    given = [name for name in _PARTS if getattr(request, name)]
    if given or None not in (request.raw, request.raw_base64):
        other = given[0].strip("_") if given else "raw_base64"
        raise SyntaxViolation(f"{other} has no place beside raw: the message is sent as it is, to the addresses in to")
    if any(each.variables for each in request.recipients):
        raise SyntaxViolation("variables have no place beside raw: the message is sent as it is")
    try:
        octets = request.raw.encode() if request.raw is not None else _decoded("raw_base64", request.raw_base64)
    except UnicodeEncodeError as exc:
        raise SyntaxViolation("raw has half of a character") from exc
    header = header_of(octets)
    given_to = [*request.to, *(each.to for each in request.recipients)]
    addresses = [mailbox_of("to", each).address for each in given_to] or recipients_of(header)
    sender = author_of(header) if request.sender is None else reverse_path_of("sender", request.sender)
    metadata = metadata_of(request.metadata)
    if not request.recipients:
        return sender, [raw_item(addresses, [octets], header, sender, metadata)]
    return sender, [
        raw_item([address], [octets], header, sender, metadata if each.metadata is None else metadata_of(each.metadata))
        for address, each in zip(addresses, request.recipients, strict=True)
    ]


def raw_item(
    addresses: Sequence[Address], pieces: Iterable[bytes], header: bytes, sender: ReversePath, metadata: str
) -> Item:
    """A message that is sent as it is."""
    needs_utf8 = not (header.isascii() and all(map(_is_ascii, (*addresses, sender.address))))
    return Item(_open(addresses), lambda: pieces, needs_utf8, metadata=metadata)


def header_of(octets: bytes) -> bytes:
    """The header section at the beginning of *octets*, with CRLF at the end of each line."""
    end = _HEADER_END.search(octets)
    return with_crlf(octets if end is None else octets[: end.start()])


def recipients_of(header: bytes) -> list[Address]:
    """
    The addresses in To, Cc and Bcc.

    Raises:
        SyntaxViolation: there are none, or one is none.
    """
    found = [_address("to", each) for each in LocalHeader(header).recipients()]
    if not found:
        raise SyntaxViolation("there are no recipients: give to, or an address in the header")
    return found


def author_of(header: bytes) -> ReversePath:
    """
    The address in From.

    Raises:
        SyntaxViolation: there is none, or more than one.
    """
    found = LocalHeader(header).addresses(b"from")
    if len(found) != 1:
        raise SyntaxViolation("give the sender: From in the header has no address, or several")
    return ReversePath(_address("from", found[0]))


def mailbox_of(where: str, given: Any) -> Mailbox:
    """
    An address with or without a name, as text or as a MailboxBody.

    Raises:
        SyntaxViolation: it is none; the text begins with *where*.
    """
    if not isinstance(given, str):
        return Mailbox(_address(where, given.address), given.name)
    named = _NAMED.fullmatch(given.strip())
    if named is None:
        return Mailbox(_address(where, given.strip()))
    quoted, plain, address = named.groups()
    return Mailbox(_address(where, address.strip()), plain.strip() if quoted is None else _PAIR.sub(r"\1", quoted))


def reverse_path_of(where: str, text: str) -> ReversePath:
    """
    A reverse-path; empty, or `<>`, for the null path.

    Raises:
        SyntaxViolation: it is none.
    """
    return NULL_PATH if text in ("", "<>") else ReversePath(_address(where, text))


def hold_of(given: str | float | None) -> Hold | None:
    """
    The instant of the first attempt, as ISO 8601 with its offset from UTC or in Unix seconds.

    Raises:
        SyntaxViolation: it is none.
    """
    if given is None:
        return None
    try:
        if isinstance(given, str) and not given.isascii():
            raise SyntaxViolation(f"send_at is no instant: {given[:50]!r}")
        if isinstance(given, str) and not given.replace(".", "", 1).isdecimal():
            at = datetime.fromisoformat(given)
            if at.tzinfo is None:
                raise SyntaxViolation("send_at needs an offset from UTC, such as the Z of 2026-12-24T08:00:00Z")
            seconds = at.timestamp()
        else:
            seconds = float(given)
    except (ValueError, OverflowError) as exc:
        raise SyntaxViolation(f"send_at is no instant: {str(given)[:50]!r}") from exc
    if not 0 <= seconds < _LATEST:
        raise SyntaxViolation(f"send_at is no instant: {str(given)[:50]!r}")
    return Hold(until=Timestamp(seconds))


def metadata_of(given: dict[str, Any]) -> str:
    """
    The JSON that the queue keeps.

    Raises:
        SyntaxViolation: it is too large, or has a key of Empath.
    """
    if ROUTE_KEY in given:
        raise SyntaxViolation(f"metadata: {ROUTE_KEY} is a key of Empath")
    metadata = Metadata()
    metadata.value = given
    metadata.keep()
    return metadata.text


def _address(where: str, text: str) -> Address:
    try:
        return Address.parse(text)
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"{where}: {exc}") from exc


def _attachment(given: Any) -> Attachment:
    return Attachment(_decoded("attachments", given.content), given.content_type, given.filename, given.cid)


def _decoded(where: str, text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)  # many encoders break lines, RFC 2045 §6.8
    except ValueError as exc:
        raise SyntaxViolation(f"{where}: this is not base64") from exc


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _open(addresses: Iterable[Address]) -> list[tuple[ForwardPath | None, Result]]:
    return [(ForwardPath(address), Result(str(address))) for address in addresses]


def _is_ascii(address: Address | None) -> bool:
    return address is None or address.is_ascii
