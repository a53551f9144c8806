"""
peer_attributes - what a trusted client says about the client behind it: XCLIENT and XFORWARD

    https://www.postfix.org/XCLIENT_README.html and https://www.postfix.org/XFORWARD_README.html

Each command has a list of `NAME=value`, with the value in xtext.  The values [UNAVAILABLE] and [TEMPUNAVAIL] say that
the client has no such attribute, or that it is not known now; here both are None.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.reply import Reply
from empath.mail.xtext import from_xtext, in_capitals
from empath.smtp.server import replies
from empath.smtp.server.events import PeerAttributes

_XTEXT: Final = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})+")
_UNKNOWN: Final = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")
_MAX_CHARACTERS: Final = 255
_PORT: Final = re.compile(r"[0-9]{1,5}")


def _address(value: str) -> str:
    """An IP address. Postfix writes IPV6: in front of an IPv6 address."""
    if "%" in value:  # a zone has a meaning on one host only, RFC 4007 §11.2
        raise SyntaxViolation("not an address of any other host")
    is_marked = value[:5].upper() == "IPV6:"
    try:
        return str(ipaddress.IPv6Address(value[5:]) if is_marked else ipaddress.ip_address(value))
    except ValueError as exc:
        raise SyntaxViolation("not an address") from exc


def _name(value: str) -> str:
    return str(Domain.parse(value))


def _port(value: str) -> str:
    if not _PORT.fullmatch(value) or int(value) > 65_535:
        raise SyntaxViolation("not a port")
    return value


def _word_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.upper() not in words:
            raise SyntaxViolation(f"not one of {', '.join(words)}")
        return value.upper()

    return read


def _text(value: str) -> str:
    if not value.isprintable() or len(value) > _MAX_CHARACTERS:
        raise SyntaxViolation("not printable, or too long")
    return value


_READERS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "NAME": _name,
        "REVERSE_NAME": _name,
        "ADDR": _address,
        "PORT": _port,
        "PROTO": _word_of("SMTP", "ESMTP", "LMTP"),
        "HELO": _text,
        "LOGIN": _text,
        "DESTADDR": _address,
        "DESTPORT": _port,
        "IDENT": _text,
        "SOURCE": _word_of("LOCAL", "REMOTE"),
    }
)
# In the order of the EHLO reply.
XCLIENT_ATTRIBUTES: Final = (
    *("NAME", "ADDR", "PROTO", "HELO", "REVERSE_NAME", "PORT", "LOGIN", "DESTADDR", "DESTPORT"),
)  # fmt: skip
XFORWARD_ATTRIBUTES: Final = ("NAME", "ADDR", "PROTO", "HELO", "SOURCE", "PORT", "IDENT")


def read_attributes(argument: str, known: tuple[str, ...]) -> PeerAttributes | Reply:
    """Read the attributes, of which *known* may come; or give the reply that refuses them: 501 5.5.4."""
    found: dict[str, str | None] = {}
    for token in argument.split():
        name, equals, value = token.partition("=")
        name = name.upper()
        if not equals or name not in known or name in found:
            return replies.BAD_ATTRIBUTE
        try:
            found[name] = _read(name, value, is_session=known == XCLIENT_ATTRIBUTES)
        except SyntaxViolation:
            return replies.BAD_ATTRIBUTE
    return MappingProxyType(found) if found else replies.ARGUMENT_NEEDED


def origin_text(attributes: PeerAttributes) -> str:
    """What XFORWARD says of a message: `name[address]` of its client, and the queue id at that host if it gives one."""
    name = attributes.get("NAME") or attributes.get("HELO") or "unknown"
    text = f"{name}[{attributes.get('ADDR') or 'unknown'}]"
    return f"{text} {attributes['IDENT']}" if attributes.get("IDENT") else text


def _read(name: str, value: str, *, is_session: bool) -> str | None:
    if value.upper() in _UNKNOWN:
        if (
            name == "ADDR" and is_session
        ):  # a client without an address would get the rights of the one that speaks for it
            raise SyntaxViolation("ADDR is an address")
        return None
    if not _XTEXT.fullmatch(value):
        raise SyntaxViolation("not xtext")
    # Content filters pass on what they have heard: ESMTPS, LMTP. Of XFORWARD nothing depends on it.
    read = _text if name == "PROTO" and not is_session else _READERS[name]
    return read(from_xtext(in_capitals(value)))
