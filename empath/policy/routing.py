"""
routing - where the mail of a domain goes next

A route is read once from its text and says two things: what to do, and by which key the queue groups the recipients
with the same next hop (the destination).  Routing is computed when mail is accepted and again when it is leased, so
that queued mail follows a changed table.
"""

import hashlib
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, assert_never

from empath.errors import SyntaxViolation
from empath.mail.domain import AddressLiteral, Domain
from empath.mail.endpoint import host_and_port
from empath.policy.pattern import DomainPattern, PatternTable

_SMTP = re.compile(r"smtp://(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/?#@]+))(?::([0-9]{1,5}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SMTP_PORT = 25


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """
    Over SMTP to one host, without an MX look-up.

    Shape: host is an IPv4 address, an IPv6 address without brackets, or a domain name; port 1..65535.
    """

    host: str
    port: int = _SMTP_PORT

    def destination(self, domain: str) -> str:
        """`smtp:host:port`, an IPv6 address in brackets: all domains of one next hop share a queue key."""
        return f"smtp:{host_and_port(self.host, self.port)}"


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
class DiscardRoute:
    """Accepted, recorded as delivered, and kept nowhere."""

    def destination(self, domain: str) -> str:
        """`discard:`."""
        return "discard:"


Route = SmtpRoute | MxRoute | MaildirRoute | DiscardRoute
NO_ROUTE: Final = "no-route:"  # destination of the mail that no route takes


def destination_of(route: Route | None, domain: str) -> str:
    """The key under which mail for *domain* waits; mail without a route has one of its own."""
    return NO_ROUTE if route is None else route.destination(domain)


def parse_route(text: str) -> Route:
    """
    Read `smtp://host`, `smtp://host:port`, `mx`, `maildir:path` or `discard:`.

    Raises:
        SyntaxViolation: *text* is none of them, or its host or port is wrong.
    """
    if text == "mx":
        return MxRoute()
    if text == "discard:":
        return DiscardRoute()
    if text.startswith("smtp:"):
        return _parse_smtp(text)
    scheme, _, path = text.partition(":")
    if scheme != "maildir" or not path or _CONTROL.search(path):
        raise SyntaxViolation(f"not a route: {text!r} (smtp://host:port, mx, maildir:path or discard:)")
    return MaildirRoute(path)


def _parse_smtp(text: str) -> SmtpRoute:
    match = _SMTP.fullmatch(text)
    if match is None:
        raise SyntaxViolation(f"not a route: {text!r} (use e.g. smtp://192.0.2.1:25 or smtp://[2001:db8::1]:25)")
    in_brackets, plain, digits = match.groups()
    port = int(digits) if digits else _SMTP_PORT
    if not 1 <= port <= 65535:
        raise SyntaxViolation(f"a port is 1 to 65535: {text!r}")
    try:
        if in_brackets:
            return SmtpRoute(str(ipaddress.IPv6Address(in_brackets)), port)
        return SmtpRoute(str(ipaddress.IPv4Address(plain)), port)
    except ipaddress.AddressValueError as exc:
        if in_brackets:
            raise SyntaxViolation(f"not an IPv6 address: {text!r}") from exc
    return SmtpRoute(str(Domain.parse(plain)), port)


def route_text(route: Route) -> str:
    """*route* as `parse_route` reads it."""
    match route:
        case SmtpRoute(host, port):
            return f"smtp://{host_and_port(host, port)}"
        case MxRoute():
            return "mx"
        case MaildirRoute(path):
            return f"maildir:{path}"
        case DiscardRoute():
            return "discard:"
        case _:
            assert_never(route)


class RouteTable:
    """The routes by domain pattern. Immutable; two tables of the same entries are equal."""

    __slots__ = ("_table", "entries")

    def __init__(self, entries: Iterable[tuple[DomainPattern, Route]]) -> None:
        self.entries = tuple(entries)
        self._table = PatternTable(self.entries)

    def find(self, domain: Domain | AddressLiteral) -> Route | None:
        """The route of the most exact pattern that fits; None when mail for *domain* has nowhere to go."""
        return self._table.find(domain)

    def digest(self) -> str:
        """Hexadecimal SHA-256 of the entries: the same in every process for the same table."""
        text = "\n".join(f"{pattern} = {route_text(route)}" for pattern, route in self.entries)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RouteTable) and self.entries == other.entries

    def __hash__(self) -> int:
        return hash(self.entries)
