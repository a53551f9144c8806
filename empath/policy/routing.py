"""
routing - the kinds of routes, and how each is written

A route is read once from its text and says two things: what to do, and by which key the queue groups the recipients
with the same next hop (the destination).  Which route a recipient has is decided in router.py.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.mail.endpoint import MAX_SOCKET_PATH_OCTETS, host_and_port
from empath.mail.protocol import Protocol
from empath.mail.url import parse_secure_url

_HOST = re.compile(r"(smtps?|lmtp)://(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/?#@]+))(?::([0-9]{1,5}))?")
_SOCKET = re.compile(r"(smtp|lmtp):(/[^/].*)", re.DOTALL)
TRANSPORT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # of a table in the configuration
_LISTED = re.compile(r"(backup +)?([^ ].*?)(?:\*([1-9][0-9]{0,3}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SMTP_PORT: Final = 25
_DEFAULT_PORTS: Final = {Protocol.SMTP: _SMTP_PORT, Protocol.LMTP: 24}  # the second by the registry of IANA
_SMTPS: Final = "smtps"
_SMTPS_PORT: Final = 465
_MX_OF: Final = "smtp+mx://"
_MOST_LISTED: Final = 20
_REPORTS: Final = "reports:"
FEEDBACK: Final = "feedback:"  # destination of reports about mail that went out
_FORMS: Final = (
    "smtp://host:port, smtps://host:port, lmtp://host:port, smtp:/path, lmtp:/path, mx, smtp+mx://domain, maildir:path,"
    " pipe:name, webhook:name, https://host/path, discard:, reports: or"
    " feedback:"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """
    Over SMTP or LMTP to one host, without an MX look-up.

    Shape: host is an IPv4 address, an IPv6 address without brackets, or a domain name; port 1..65535. tls: TLS begins
    with the connection, RFC 8314 §3.3; then protocol is SMTP.
    """

    host: str
    port: int = _SMTP_PORT
    protocol: Protocol = Protocol.SMTP
    tls: bool = False

    @property
    def scheme(self) -> str:
        """`smtp`, `smtps` or `lmtp`."""
        return _SMTPS if self.tls else str(self.protocol)

    def destination(self, domain: str) -> str:
        """`smtp:host:port`, an IPv6 address in brackets: all domains of one next hop share a queue key."""
        return f"{self.scheme}:{host_and_port(self.host, self.port)}"


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
    """
    Over SMTP to the hosts that MX records name, RFC 5321 §5.1.

    Shape: domain in A-labels is the one whose records count; None: that of the recipient.
    """

    domain: str | None = None

    def destination(self, domain: str) -> str:
        """The domain whose records count: a recipient's own one, an address literal with its brackets."""
        return domain if self.domain is None else self.domain


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
class WebhookRoute:
    """To an HTTP endpoint. Shape: name is that of its table in [webhooks], or its URL."""

    name: str

    @property
    def is_url(self) -> bool:
        """Whether there is no table."""
        return "://" in self.name

    def destination(self, domain: str) -> str:
        """`webhook:name`, or the URL."""
        return self.name if self.is_url else f"webhook:{self.name}"


@dataclass(frozen=True, slots=True)
class DiscardRoute:
    """Accepted, recorded as delivered, and kept nowhere."""

    def destination(self, domain: str) -> str:
        """`discard:`."""
        return "discard:"


@dataclass(frozen=True, slots=True)
class FeedbackRoute:
    """Read as a report about mail that went out, and kept as that."""

    def destination(self, domain: str) -> str:
        """`feedback:`."""
        return FEEDBACK


@dataclass(frozen=True, slots=True)
class ReportsRoute:
    """To the rows that keep reports of other hosts: of DMARC, and about TLS."""

    def destination(self, domain: str) -> str:
        """`reports:`."""
        return _REPORTS


HostRoute = SmtpRoute | SocketRoute | MxRoute


@dataclass(frozen=True, slots=True)
class ListedRoute:
    """An entry of a list. Shape: weight is 1..9999, the share of the mail that goes there first."""

    route: HostRoute
    weight: int = 1


@dataclass(frozen=True, slots=True)
class ListRoute:
    """
    To one of several next hops.

    Shape: hops is not empty; an MxRoute for the recipient's domain is the only one of them. backups get the mail while
    no hop gives a session.
    """

    hops: tuple[ListedRoute, ...]
    backups: tuple[ListedRoute, ...] = ()

    def destination(self, domain: str) -> str:
        """The keys of the hops, with commas: weights and backups may change, and mail stays where it waits."""
        return ",".join(hop.route.destination(domain) for hop in self.hops)


Route = (
    SmtpRoute | SocketRoute | MxRoute | ListRoute | MaildirRoute | PipeRoute | WebhookRoute | DiscardRoute
    | FeedbackRoute | ReportsRoute
)  # fmt: skip
NO_ROUTE: Final = "no-route:"  # destination of the mail that no route takes


def destination_of(route: Route | None, domain: str) -> str:
    """The key under which mail for *domain* waits; mail without a route has one of its own."""
    return NO_ROUTE if route is None else route.destination(domain)


def parse_route(text: str) -> Route:
    """
    Read `smtp://host`, `smtp://host:port`, `smtp:/path`, these with `lmtp`, `smtps://host:port`, `mx`,
    `smtp+mx://domain`, `maildir:path`, `pipe:name`, `webhook:name`, `https://host/path`, `discard:`, `feedback:`,
    `reports:`, or the entries of a list with commas and blanks between them.

    Raises:
        SyntaxViolation: *text* is none of them, or its host or port is wrong.
    """
    if text == "mx":
        return MxRoute()
    if text == "discard:":
        return DiscardRoute()
    if text == FEEDBACK:
        return FeedbackRoute()
    if text == _REPORTS:
        return ReportsRoute()
    if ", " in text and not text.startswith("maildir:"):
        return parse_route_list(text.split(", "))
    if text.startswith(_MX_OF):
        return MxRoute(str(Domain.parse(text.removeprefix(_MX_OF))))
    if text.startswith(("smtp:", "smtps:", "lmtp:")):
        return _parse_socket(text) if _SOCKET.fullmatch(text) else _parse_host(text)
    scheme, _, path = text.partition(":")
    if scheme == "pipe" and TRANSPORT_NAME.fullmatch(path):
        return PipeRoute(path)
    if scheme == "webhook" and TRANSPORT_NAME.fullmatch(path):
        return WebhookRoute(path)
    if scheme in ("https", "http"):
        parse_secure_url(text)
        return WebhookRoute(text)
    if scheme != "maildir" or not path or _CONTROL.search(path):
        raise SyntaxViolation(f"not a route: {text!r} ({_FORMS})")
    return MaildirRoute(path)


def parse_route_list(entries: Sequence[str]) -> Route:
    """
    Read a list of routes to hosts. `*3` behind one is its weight, `backup` before one keeps it for a time when no other
    gives a session. A single entry without both is the route itself.

    Raises:
        SyntaxViolation: an entry is no such route, or the list makes no sense.
    """
    if not 0 < len(entries) <= _MOST_LISTED:
        raise SyntaxViolation(f"a list of routes has 1 to {_MOST_LISTED} entries, not {len(entries)}")
    hops: list[ListedRoute] = []
    backups: list[ListedRoute] = []
    for text in entries:
        match = _LISTED.fullmatch(text.strip(" "))
        if match is not None and "://" in match[2] and "*" in match[2]:
            raise SyntaxViolation(f"a weight is a whole number from 1 to 9999: {text!r}")
        route = parse_route(match[2]) if match is not None else None
        if match is None or not isinstance(route, HostRoute):
            raise SyntaxViolation(f"not a route to a host, so no entry of a list: {text!r}")
        if any(route == each.route for each in (*hops, *backups)):
            raise SyntaxViolation(f"is in the list twice: {text!r}")
        (backups if match[1] else hops).append(ListedRoute(route, int(match[3] or 1)))
    if not hops:
        raise SyntaxViolation("a list of routes needs one that is not a backup")
    if MxRoute() in {each.route for each in backups} or (len(hops) > 1 and MxRoute() in {each.route for each in hops}):
        raise SyntaxViolation('"mx" can only be the first of a list whose other entries are backups')
    if len(entries) == 1 and hops[0].weight == 1:
        return hops[0].route
    return ListRoute(tuple(hops), tuple(backups))


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
    if "*" in match[0]:
        raise SyntaxViolation(f"a weight needs a list of routes: {text!r}")
    scheme, in_brackets, plain, digits = match.groups()
    is_tls = scheme == _SMTPS
    protocol = Protocol.SMTP if is_tls else Protocol(scheme)
    port = int(digits) if digits else _SMTPS_PORT if is_tls else _DEFAULT_PORTS[protocol]
    if not 1 <= port <= 65535:
        raise SyntaxViolation(f"a port is 1 to 65535: {text!r}")
    try:
        if in_brackets:
            return SmtpRoute(str(ipaddress.IPv6Address(in_brackets)), port, protocol, is_tls)
        return SmtpRoute(str(ipaddress.IPv4Address(plain)), port, protocol, is_tls)
    except ipaddress.AddressValueError as exc:
        if in_brackets:
            raise SyntaxViolation(f"not an IPv6 address: {text!r}") from exc
    return SmtpRoute(str(Domain.parse(plain)), port, protocol, is_tls)


def route_text(route: Route) -> str:
    """*route* as `parse_route` reads it."""
    match route:
        case SmtpRoute(host, port):
            return f"{route.scheme}://{host_and_port(host, port)}"
        case SocketRoute(path, protocol):
            return f"{protocol}:{path}"
        case MxRoute(None):
            return "mx"
        case MxRoute(domain):
            return f"{_MX_OF}{domain}"
        case ListRoute():
            return ", ".join(route_entries(route))
        case MaildirRoute(path):
            return f"maildir:{path}"
        case PipeRoute(name):
            return f"pipe:{name}"
        case WebhookRoute():
            return route.destination("")
        case DiscardRoute():
            return "discard:"
        case FeedbackRoute():
            return FEEDBACK
        case ReportsRoute():
            return _REPORTS
        case _:
            assert_never(route)


def route_entries(route: ListRoute) -> list[str]:
    """The entries of a list as `parse_route_list` reads them."""
    return [
        f"{prefix}{route_text(each.route)}" + (f"*{each.weight}" if each.weight != 1 else "")
        for prefix, listed in (("", route.hops), ("backup ", route.backups))
        for each in listed
    ]


def single_routes(route: Route) -> tuple[Route, ...]:
    """*route* itself, or those of a list."""
    return tuple(each.route for each in (*route.hops, *route.backups)) if isinstance(route, ListRoute) else (route,)
