"""
submission - the text that a local program hands over, and the addresses in its header

A program of this host ends its lines as it likes and may leave the recipients to the header, as `sendmail -t` takes
them.  The header is read once, field by field; nothing of it is changed but the line ends.
"""

import re
from email.header import Header
from typing import Final

from empath.errors import SyntaxViolation
from empath.message.mailbox_list import mailboxes

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_MBOX: Final = b"From "
_RECIPIENTS: Final = (b"to", b"cc", b"bcc")
_NOT_IN_QUOTES: Final = re.compile(r'[\x00-\x1f\x7f"\\]')
_RESENT: Final = tuple(b"resent-" + name for name in _RECIPIENTS)


def with_crlf(text: bytes) -> bytes:
    """*text* with CRLF at the end of each line, the last one included; empty text stays empty."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if lines and not lines.endswith(b"\n"):
        lines += b"\n"
    return lines.replace(b"\n", b"\r\n")


def before_lone_dot(text: bytes) -> bytes:
    """*text* up to a line that holds a single dot, which ends it for a program that speaks as a person types."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.rstrip(b"\r\n") == b".":
            return b"".join(lines[:number])
    return text


def display_name(octets: bytes) -> str:
    """
    A name as the From field has it: a quoted string, or encoded words (RFC 2047) for what is not ASCII; "" for none.

    *octets* are UTF-8, else taken for ISO 8859-1: programs pass names in the encoding of their own.
    """
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("iso-8859-1")
    text = _NOT_IN_QUOTES.sub(" ", text).strip()
    if not text.isascii():
        return Header(text, "utf-8").encode(linesep="\r\n")
    return f'"{text}"' if text else ""


class LocalHeader:
    """The header of *content*, whose lines end in CRLF. Shape: names in lower case, values unfolded."""

    def __init__(self, content: bytes) -> None:
        self._fields: list[tuple[bytes, str]] = []
        self.is_headerless = False
        lines = content.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
        if lines and lines[0].startswith((_MBOX, b">" + _MBOX)):
            del lines[0]
        unfolded: list[list[bytes]] = []
        for line in lines:
            if line[:1] in (b" ", b"\t") and unfolded:
                unfolded[-1].append(line)
            else:
                unfolded.append([line])
        for line in map(b"".join, unfolded):
            match = _FIELD.fullmatch(line)
            if match is None:
                if self._fields:  # a stray line such as `X Mailer: y`, which does not end the header for most readers
                    continue
                self.is_headerless = bool(line)
                break
            self._fields.append((match[1].lower(), match[2].decode("utf-8", "replace").strip()))

    def has(self, name: bytes) -> bool:
        """Whether there is a field *name*, given in lower case."""
        return any(name == known for known, _ in self._fields)

    def addresses(self, name: bytes) -> list[str]:
        """
        The addresses of all fields *name* as text.

        Raises:
            SyntaxViolation: a field holds something that is not a list of addresses.
        """
        found: list[str] = []
        for known, value in self._fields:
            if known == name:
                try:
                    found += mailboxes(value)
                except SyntaxViolation as exc:
                    raise SyntaxViolation(f"{name.decode().title()} is not a list of addresses: {exc}") from exc
        return found

    def recipients(self) -> list[str]:
        """
        The addresses of To, Cc and Bcc as text; of the Resent fields alone where there is one of them.

        Raises:
            SyntaxViolation: a field holds something that is not a list of addresses.
        """
        names = _RESENT if any(self.has(name) for name in _RESENT) else _RECIPIENTS
        return [each for name in names for each in self.addresses(name)]
