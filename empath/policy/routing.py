"""
routing - the kinds of routes, and how each is written

A route is read once from its text and says two things: what to do, and by which key the queue groups the recipients
with the same next hop (the destination).  Which route a recipient has is decided in router.py.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, assert_never

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.endpoint import MAX_SOCKET_PATH_OCTETS, host_and_port
from empath.mail.protocol import Protocol

_HOST = re.compile(r"(smtp|lmtp)://(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/?#@]+))(?::([0-9]{1,5}))?")
_SOCKET = re.compile(r"(smtp|lmtp):(/[^/].*)", re.DOTALL)
TRANSPORT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # of a table in the configuration
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SMTP_PORT: Final = 25
_DEFAULT_PORTS: Final = {Protocol.SMTP: _SMTP_PORT, Protocol.LMTP: 24}  # the second by the registry of IANA
_FORMS: Final = (
    "smtp://host:port, lmtp://host:port, smtp:/path, lmtp:/path, mx, maildir:path, pipe:name or discard:"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """
    Over SMTP or LMTP to one host, without an MX look-up.

    Shape: host is an IPv4 address, an IPv6 address without brackets, or a domain name; port 1..65535.
    """

    host: str
    port: int = _SMTP_PORT
    protocol: Protocol = Protocol.SMTP

    def destination(self, domain: str) -> str:
        """`smtp:host:port`, an IPv6 address in brackets: all domains of one next hop share a queue key."""
        return f"{self.protocol}:{host_and_port(self.host, self.port)}"


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """
    Over SMTP or LMTP to a UNIX socket of this host.

    Shape: path absolute, without control characters, at most 107 octets.
    """

    path: str
    protocol: Protocol

    def destination(self, domain: str) -> str:
        """`lmtp:/path` or `smtp:/path`."""
        return f"{self.protocol}:{self.path}"


@dataclass(frozen=True, slots=True)
class MxRoute:
    """Over SMTP to the hosts that the domain's MX records name, RFC 5321 §5.1."""

    def destination(self, domain: str) -> str:
        """The recipient domain itself, an address literal with its brackets."""
        return domain


@dataclass(frozen=True, slots=True)
class MaildirRoute:
    """Into a Maildir. Shape: path as written, not empty, without control characters; absolute once configured."""

    path: str

    def destination(self, domain: str) -> str:
        """`maildir:path`."""
        return f"maildir:{self.path}"


@dataclass(frozen=True, slots=True)
class PipeRoute:
    """To a program. Shape: name is that of its table in [pipes]."""

    name: str

    def destination(self, domain: str) -> str:
        """`pipe:name`."""
        return f"pipe:{self.name}"


@dataclass(frozen=True, slots=True)
class DiscardRoute:
    """Accepted, recorded as delivered, and kept nowhere."""

    def destination(self, domain: str) -> str:
        """`discard:`."""
        return "discard:"


Route = SmtpRoute | SocketRoute | MxRoute | MaildirRoute | PipeRoute | DiscardRoute
NO_ROUTE: Final = "no-route:"  # destination of the mail that no route takes


def destination_of(route: Route | None, domain: str) -> str:
    """The key under which mail for *domain* waits; mail without a route has one of its own."""
    return NO_ROUTE if route is None else route.destination(domain)


def parse_route(text: str) -> Route:
    """
    Read `smtp://host`, `smtp://host:port`, `smtp:/path`, these with `lmtp`, `mx`, `maildir:path`, `pipe:name` or
    `discard:`.

    Raises:
        SyntaxViolation: *text* is none of them, or its host or port is wrong.
    """
    if text == "mx":
        return MxRoute()
    if text == "discard:":
        return DiscardRoute()
    if text.startswith(("smtp:", "lmtp:")):
        return _parse_socket(text) if _SOCKET.fullmatch(text) else _parse_host(text)
    scheme, _, path = text.partition(":")
    if scheme == "pipe" and TRANSPORT_NAME.fullmatch(path):
        return PipeRoute(path)
    if scheme != "maildir" or not path or _CONTROL.search(path):
        raise SyntaxViolation(f"not a route: {text!r} ({_FORMS})")
    return MaildirRoute(path)


def _parse_socket(text: str) -> SocketRoute:
    scheme, _, path = text.partition(":")
    if _CONTROL.search(path):
        raise SyntaxViolation(f"not a path: {path!r}")
    if len(path.encode()) > MAX_SOCKET_PATH_OCTETS:
        raise SyntaxViolation(f"the path of a UNIX socket has at most {MAX_SOCKET_PATH_OCTETS} octets: {path!r}")
    return SocketRoute(path, Protocol(scheme))


def _parse_host(text: str) -> SmtpRoute:
    match = _HOST.fullmatch(text)
    if match is None:
        raise SyntaxViolation(
            f"not a route: {text!r} (use e.g. smtp://192.0.2.1:25, smtp://[2001:db8::1]:25 or lmtp:/path)"
        )
    scheme, in_brackets, plain, digits = match.groups()
    protocol = Protocol(scheme)
    port = int(digits) if digits else _DEFAULT_PORTS[protocol]
    if not 1 <= port <= 65535:
        raise SyntaxViolation(f"a port is 1 to 65535: {text!r}")
    try:
        if in_brackets:
            return SmtpRoute(str(ipaddress.IPv6Address(in_brackets)), port, protocol)
        return SmtpRoute(str(ipaddress.IPv4Address(plain)), port, protocol)
    except ipaddress.AddressValueError as exc:
        if in_brackets:
            raise SyntaxViolation(f"not an IPv6 address: {text!r}") from exc
    return SmtpRoute(str(Domain.parse(plain)), port, protocol)


def route_text(route: Route) -> str:
    """*route* as `parse_route` reads it."""
    match route:
        case SmtpRoute(host, port, protocol):
            return f"{protocol}://{host_and_port(host, port)}"
        case SocketRoute(path, protocol):
            return f"{protocol}:{path}"
        case MxRoute():
            return "mx"
        case MaildirRoute(path):
            return f"maildir:{path}"
        case PipeRoute(name):
            return f"pipe:{name}"
        case DiscardRoute():
            return "discard:"
        case _:
            assert_never(route)
