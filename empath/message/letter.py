"""
letter - the message that a program describes by its parts, RFC 2045, RFC 2046, RFC 2183 and RFC 2392

A letter is made once, and written for each recipient with the values of that one. What all copies share is encoded
once. All octets are ASCII, but for addresses beyond it in the header: so it goes over every host as it is, and its
signature holds.
"""

import html
import re
from base64 import encodebytes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.message.folding import LINE_OCTETS
from empath.message.placeholders import Placeholders
from empath.message.report.octets import quoted_printable
from empath.message.submission import with_crlf
from empath.message.written_fields import (
    FIELD_CHARACTERS,
    Mailbox,
    address_field,
    field_name,
    filename_parameter,
    text_field,
)

_TOKEN: Final = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_TYPE: Final = re.compile(rf'({_TOKEN})/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"[ !#-\[\]-~]*"))*', re.ASCII)
_TYPE_OCTETS: Final = 300
_CONTENT_ID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,200}")
_NOT_ENCODED: Final = ("multipart", "message")  # types whose parts may not be in base64, RFC 2046 §5
_CRLF: Final = b"\r\n"
_FEW: Final = 6  # one octet of so many may be beyond ASCII for quoted-printable to be the shorter encoding
_QUOTED_OCTETS: Final = 1024 * 1024  # most of a text in quoted-printable, which is slow where lines are short
_NO_VALUES: Final[Mapping[str, str]] = MappingProxyType({})
_UNDISCLOSED: Final = b"To: undisclosed-recipients:;\r\n"


class Attachment(NamedTuple):
    """A file. Shape: content_type as in the field; one with a content_id is shown within the HTML, which names it."""

    content: bytes
    content_type: str = "application/octet-stream"
    filename: str | None = None
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What a program says of a message.

    Shape: without *has_places* `{{name}}` is text like any other; most are the characters of a text with its values.
    """

    author: Mailbox
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    reply_to: Sequence[Mailbox] = ()
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)
    attachments: Sequence[Attachment] = ()
    has_places: bool = False
    most: int = 2**63


class Letter:
    """
    A message to be written for one recipient after the other.

    Raises:
        SyntaxViolation: it cannot be a message; the text says why.
    """

    def __init__(self, parts: Parts, boundary: str) -> None:
        """*boundary* is random: no line of the message begins with it."""
        self._parts = parts
        self._boundary = f"=_{boundary}"  # which neither encoding can give
        self._head = address_field("From", [parts.author])
        if parts.reply_to:
            self._head += address_field("Reply-To", parts.reply_to)
        self._to = b"".join([address_field(name, each) for name, each in (("To", parts.to), ("Cc", parts.cc)) if each])
        named = {} if parts.subject is None else {"Subject": parts.subject}
        for name, value in parts.headers.items():
            if field_name(name).lower() in map(str.lower, named):
                raise SyntaxViolation(f"{name} is given twice among the headers")
            named[name] = value
        self._fields: list[bytes | tuple[str, Placeholders]] = []
        for name, value in named.items():
            text, places = self._text(value)
            self._fields.append(text_field(name, text) if places is None else (name, places))
        self._plain = None if parts.text is None else self._text(parts.text)
        self._html = None if parts.html is None else self._text(parts.html)
        is_shown = parts.html is not None
        self._shown = [_file_part(each) for each in parts.attachments if each.content_id and is_shown]
        self._files = [_file_part(each) for each in parts.attachments if not (each.content_id and is_shown)]
        self._same: bytes | None = None  # the body, if it is the same for all
        texts = [each[1] for each in (self._plain, self._html) if each is not None]
        if not any(each.names for each in texts if each is not None):
            self._same = self._body(_NO_VALUES)

    @property
    def is_ascii(self) -> bool:
        """Whether all addresses that its header names are."""
        parts = self._parts
        return all(each.address.is_ascii for each in (parts.author, *parts.to, *parts.cc, *parts.reply_to))

    def written(self, to: Mailbox | None = None, values: Mapping[str, str] = _NO_VALUES) -> bytes:
        """
        The whole message; *to* is its recipient, where each one gets a message of its own.

        Raises:
            SyntaxViolation: a value is missing, or cannot stand where it is to.
        """
        head = self._head + (address_field("To", [to]) if to is not None else self._to or _UNDISCLOSED)
        for each in self._fields:
            head += (
                each if isinstance(each, bytes) else text_field(each[0], each[1].filled(values, most=FIELD_CHARACTERS))
            )
        body = self._body(values) if self._same is None else self._same
        return head + b"MIME-Version: 1.0\r\n" + body

    def _text(self, text: str) -> tuple[str, Placeholders | None]:
        """The text, and its placeholders if it has some."""
        places = Placeholders(text) if self._parts.has_places else None
        return text, places if places is not None and places.names else None

    def _body(self, values: Mapping[str, str]) -> bytes:
        """The header of the content, a blank line and the content."""
        texts, most = [], self._parts.most
        if self._plain is not None or self._html is None:
            text, places = self._plain or ("", None)
            texts.append(_text_part("plain", text if places is None else places.filled(values, most=most)))
        if self._html is not None:
            text, places = self._html
            shown = _text_part("html", text if places is None else places.filled(values, html.escape, most=most))
            texts.append(self._joined("related", [shown, *self._shown]))
        return self._joined("mixed", [self._joined("alternative", texts), *self._files])

    def _joined(self, subtype: str, parts: Sequence[bytes]) -> bytes:
        if len(parts) == 1:
            return parts[0]
        boundary = f"{self._boundary}.{subtype}"
        between = f"\r\n--{boundary}\r\n".encode()
        head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n'.encode()
        return head + b"".join([between + part for part in parts]) + f"\r\n--{boundary}--\r\n".encode()


def _text_part(subtype: str, text: str) -> bytes:
    try:
        octets = with_crlf(text.encode())
    except UnicodeEncodeError as exc:
        raise SyntaxViolation("a text has half of a character") from exc
    if octets.isascii() and b"\0" not in octets and not _has_long_line(octets):
        encoding = "7bit"
    elif len(octets) <= _QUOTED_OCTETS and _FEW * sum(map(len, re.findall(rb"[\x80-\xff]+", octets))) <= len(octets):
        encoding, octets = "quoted-printable", quoted_printable(octets)
    else:
        encoding, octets = "base64", _base64(octets)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + octets


def _has_long_line(octets: bytes) -> bool:
    """Whether a line has more than LINE_OCTETS, where each ends in CRLF."""
    # From the start of a line to the last line end within reach: each line that is too long is the first of a hop.
    start, reach = 0, LINE_OCTETS + len(_CRLF)
    while (line_end := octets.rfind(b"\n", start, start + reach)) >= 0:
        start = line_end + 1
    return start < len(octets)


def _file_part(file: Attachment) -> bytes:
    kind = _TYPE.fullmatch(file.content_type) if len(file.content_type) <= _TYPE_OCTETS else None
    if kind is None:
        raise SyntaxViolation(f"not a content type: {file.content_type[:100]!r}")
    if kind[1].lower() in _NOT_ENCODED:
        raise SyntaxViolation(f"{file.content_type} cannot be an attachment; use application/octet-stream")
    disposition = "inline" if file.content_id else "attachment"
    name = "" if file.filename is None else filename_parameter(file.filename)
    head = f"Content-Type: {file.content_type}\r\nContent-Transfer-Encoding: base64\r\n"
    head += f"Content-Disposition: {disposition}{name}\r\n"
    if file.content_id is not None:
        if not _CONTENT_ID.fullmatch(file.content_id):
            raise SyntaxViolation(f"not a cid: {file.content_id[:100]!r}")
        head += f"Content-ID: <{file.content_id}>\r\n"
    return f"{head}\r\n".encode() + _base64(file.content)


def _base64(octets: bytes) -> bytes:
    return encodebytes(octets).replace(b"\n", b"\r\n")
