"""
written_fields - fields of a header made from text that a program gives, RFC 5322 §2.2 and RFC 2047

Nothing is cut or dropped: what cannot be a field is refused with a sentence. So no value can end its field and begin
another one.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.folding import LINE_OCTETS

FIELD_CHARACTERS: Final = 100_000  # of a text; headers have fewer octets
_FOLD_OCTETS: Final = 76
_ENCODED_OCTETS: Final = 45  # of one encoded word, which has at most 75 characters
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NAME: Final = re.compile(r"[!-9;-~]{1,76}")
_ENCODED_WORD: Final = "=?"
# Fields whose values are ids, addresses and words with a meaning: RFC 2047 §5 allows no encoded words in them.
_STRUCTURED: Final = frozenset(
    {
        "message-id", "in-reply-to", "references", "date", "auto-submitted", "precedence", "list-unsubscribe",
        "list-unsubscribe-post", "list-subscribe", "list-help", "list-post", "list-owner", "list-archive",
    }
)  # fmt: skip
_OWN: Final = frozenset(  # fields with a key of their own in a request, or that belong to a mail server
    {
        "from", "to", "cc", "bcc", "subject", "reply-to", "sender", "received", "return-path", "delivered-to",
        "dkim-signature", "mime-version", "authentication-results", "resent-bcc", "x-empath-expanded",
    }
)  # fmt: skip


class Mailbox(NamedTuple):
    """An address and the name that people see, "" for none."""

    address: Address
    name: str = ""


def text_field(name: str, text: str) -> bytes:
    """
    One field: as it is where it is ASCII, else in encoded words, which fields other than text cannot have.

    Raises:
        SyntaxViolation: it has a control character, or a word that is too long for a line, or is too long.
    """
    if len(text) > FIELD_CHARACTERS:
        raise SyntaxViolation(f"{name} has more than {FIELD_CHARACTERS} characters")
    refuse_controls(name, text)
    is_text = name.lower() not in _STRUCTURED
    if not is_text and not text.isascii():
        raise SyntaxViolation(f"{name} can have ASCII only; write names of hosts with xn-- and URLs with %")
    if is_text and (not text.isascii() or _ENCODED_WORD in text):
        return f"{name}: {_encoded_words(text)}\r\n".encode()
    if len(name) + len(text) < _FOLD_OCTETS:
        return f"{name}: {text}\r\n".encode()
    lines = [f"{name}:"]
    for word in text.split(" "):
        if word and len(lines[-1]) + len(word) >= _FOLD_OCTETS and " " in lines[-1].strip():
            lines.append("")
        lines[-1] += f" {word}"
    if max(map(len, lines)) > LINE_OCTETS:
        raise SyntaxViolation(f"{name} has a word of more than {LINE_OCTETS} characters")
    return ("\r\n".join(lines) + "\r\n").encode()


def address_field(name: str, mailboxes: Sequence[Mailbox]) -> bytes:
    """
    One field of addresses; with an address beyond ASCII it is UTF-8 (RFC 6532).

    Raises:
        SyntaxViolation: a name has a control character.
    """
    written = []
    for mailbox in mailboxes:
        refuse_controls(name, mailbox.name)
        address = mailbox.address
        written.append(f"{_phrase(mailbox.name)} <{address}>" if mailbox.name else str(address))
    return (f"{name}: " + ",\r\n ".join(written) + "\r\n").encode()


def field_name(name: str) -> str:
    """
    The name of a field that a program may give itself.

    Raises:
        SyntaxViolation: it is none, or Empath writes this field.
    """
    if not _NAME.fullmatch(name):
        raise SyntaxViolation(f"not the name of a field: {name[:100]!r}")
    if name.lower() in _OWN or name.lower().startswith("content-"):
        raise SyntaxViolation(f"{name} cannot be given among the headers")
    return name


def filename_parameter(name: str) -> str:
    """
    The parameter with the name of a file, on a line of its own: in quotes, or as RFC 2231 encodes it.

    Raises:
        SyntaxViolation: it has a control character, or is too long.
    """
    refuse_controls("filename", name)
    if len(name.encode()) > 255:
        raise SyntaxViolation("a filename has at most 255 octets")
    if name.isascii() and _ENCODED_WORD not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n filename="{escaped}"'
    return f";\r\n filename*=utf-8''{quote(name, safe='')}"


def refuse_controls(what: str, text: str) -> None:
    """
    Refuse *text* that could break a line.

    Raises:
        SyntaxViolation: it has a control character.
    """
    if _CONTROL.search(text):
        raise SyntaxViolation(f"{what} has a control character")


def _phrase(name: str) -> str:
    if not name.isascii() or _ENCODED_WORD in name or len(name) > _FOLD_OCTETS:
        return _encoded_words(name)
    if _ATOMS.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded_words(text: str) -> str:
    words, start, octets = [], 0, 0
    for place, character in enumerate(text):
        size = len(character.encode())
        if octets + size > _ENCODED_OCTETS:
            words.append(text[start:place])
            start, octets = place, 0
        octets += size
    words.append(text[start:])
    return "\r\n ".join([f"=?utf-8?B?{b64encode(word.encode()).decode()}?=" for word in words])
