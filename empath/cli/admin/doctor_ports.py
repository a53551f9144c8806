"""
doctor_ports - whether the service is reached at its addresses in the DNS, relays for nobody, and gets out by port 25

The connections are made from this host itself: an address translator that does not lead back looks like a closed port.
"""

import ipaddress
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from empath.config import Config
from empath.config.hosts import own_greetings
from empath.config.tables.receiving import Listener
from empath.config.tables.tls import TlsMode
from empath.mail.endpoint import Endpoint
from empath.mail.lookup import Addresses, Failed, Kind, Question
from empath.mail.printable import printable
from empath.policy.health import Diagnosis, Level
from empath.policy.hosts.addresses import is_address, is_within
from empath.policy.own_zone import SMTP_PORT

if TYPE_CHECKING:
    from empath.net.resolver import Resolver

_ONE_S: Final = 4.0  # for one connection, besides the time that a listener lets a stranger wait
_DNS_S: Final = 3.0
_MOST_PROBES: Final = 6
_MEND_DNS: Final = "look at the name servers of /etc/resolv.conf or [dns] nameservers"
_STRANGER: Final = "relay-test@example.com"  # a domain that takes no mail


def _open_listeners(config: Config) -> list[tuple[Listener, Endpoint]]:
    """The listeners that clients reach without a proxy, and not from this host only."""
    found = [(each, each.endpoint) for each in config.listeners if each.endpoint is not None]
    return [
        (listener, endpoint)
        for listener, endpoint in found
        if not listener.proxy_protocol and not ipaddress.ip_address(endpoint.host).is_loopback
    ]


def diagnose_ports(config: Config, addresses: Sequence[str], ends_at: float) -> Iterator[Diagnosis]:
    """Whether the service answers at the *addresses* that the DNS gives for the hostname; *ends_at* is monotonic."""
    from empath.net.smtp_probe import ProbeTarget, greeting_of  # noqa: PLC0415 - slow to load

    for (address, port), listener in [*_reached(config, addresses).items()][:_MOST_PROBES]:
        target = ProbeTarget(Endpoint(address, port), is_tls=listener.tls is TlsMode.IMPLICIT)
        where = str(target.address)
        try:
            line = printable(greeting_of(target, _left(config, listener, ends_at)).decode("ascii", "replace"))
        except OSError as exc:
            found = f"{where} cannot be reached from here: {exc.strerror or exc}"
            remedy = "try from outside: a router may lead others here and not this host; else open the port there"
            yield Diagnosis("port", Level.WARNING, found, remedy)
        else:
            if any(name in line.lower() for name in own_greetings(config)):
                yield Diagnosis("port", Level.OK, f"{where} answers as this host")
            else:
                found = f"at {where} another server answers: {line[:80]}"
                remedy = "correct the address of hostname in the DNS, or what leads the port elsewhere"
                yield Diagnosis("port", Level.WARNING, found, remedy)


def _reached(config: Config, addresses: Sequence[str]) -> dict[tuple[str, int], Listener]:
    """
    By address and port the listener that clients reach there: one of the same family, else another, to which a router
    may lead.
    """
    found: dict[tuple[str, int], Listener] = {}
    for address in addresses:
        version = ipaddress.ip_address(address).version
        listeners = sorted(
            _open_listeners(config), key=lambda each: ipaddress.ip_address(each[1].host).version != version
        )
        for listener, endpoint in listeners:
            found.setdefault((address, endpoint.port), listener)
    return found


def diagnose_relaying(config: Config, interfaces: frozenset[str], ends_at: float) -> Iterator[Diagnosis]:
    """Ask each listener, as a stranger from an address of this host that is no client of ours, to relay a mail."""
    from empath.net.smtp_probe import ProbeTarget, reply_to_relaying  # noqa: PLC0415 - slow to load

    for listener, endpoint in _open_listeners(config)[:_MOST_PROBES]:
        address = _outside(config, endpoint, interfaces)
        if address is None:
            found = f"{endpoint} cannot be asked: no address of this host is outside of [relay] networks"
            yield Diagnosis("open relay", Level.OK, found)
            continue
        target = ProbeTarget(Endpoint(address, endpoint.port), is_tls=listener.tls is TlsMode.IMPLICIT)
        try:
            reply = reply_to_relaying(target, _STRANGER, _left(config, listener, ends_at))
        except OSError as exc:
            found = f"{target.address} does not answer a stranger: {exc.strerror or exc}"
            yield Diagnosis("open relay", Level.WARNING, found, "see the log: perhaps a limit is reached")
            continue
        words = printable(reply.decode("ascii", "replace"))[:80]
        if reply.startswith(b"2"):
            found = f"{target.address} takes mail of strangers to strangers: {words}"
            remedy = "narrow [relay] networks and domains at once: spammers find it within hours"
            yield Diagnosis("open relay", Level.ERROR, found, remedy)
        else:
            yield Diagnosis("open relay", Level.OK, f"{target.address} relays nothing for {address}: {words}")


def _outside(config: Config, endpoint: Endpoint, interfaces: frozenset[str]) -> str | None:
    """An address at which *endpoint* listens, and whose own connections are those of a stranger."""
    bound = ipaddress.ip_address(endpoint.host)
    trusted = [*config.relay.networks]
    for text in sorted(interfaces):
        address = ipaddress.ip_address(text)
        if address.is_link_local or is_within(text, trusted):
            continue
        if address == bound or (bound.is_unspecified and bound.version == address.version):
            return text
    return None


def _left(config: Config, listener: Listener, ends_at: float) -> float:
    """Seconds for one connection: a stranger waits for the greeting, and for the look-ups before it."""
    wanted = _ONE_S + listener.greet_delay_s + config.timeouts.look_up_s
    return max(0.01, min(wanted, ends_at - time.monotonic()))


def diagnose_way_out(host: str, resolver: "Resolver", port: int = SMTP_PORT) -> Diagnosis:
    """Whether a connection to port 25 of *host*, outside, is let through: many providers close it."""
    from empath.net.smtp_probe import ProbeTarget, greeting_of  # noqa: PLC0415 - slow to load

    remedy = "ask your provider to open outgoing port 25, or route mail to a smarthost at port 587"
    questions = [Question(host, kind) for kind in (Kind.A, Kind.AAAA)]
    answers = [] if is_address(host) else resolver.look_up(questions, _DNS_S)
    found = [each for answer in answers if isinstance(answer, Addresses) for each in answer.records]
    address = host if is_address(host) else next(iter(found), None)
    failed = [answer for answer in answers if isinstance(answer, Failed)]
    if address is None and failed:
        return Diagnosis("way out", Level.WARNING, f"{host}: the look-up failed: {failed[0].why}", _MEND_DNS)
    if address is None:
        return Diagnosis("way out", Level.WARNING, f"{host} has no address in the DNS", "name another host")
    target = ProbeTarget(Endpoint(address, port), is_tls=False)
    try:
        line = greeting_of(target, _ONE_S)
    except OSError as exc:
        return Diagnosis("way out", Level.WARNING, f"{host}:{port}: {exc.strerror or exc}", remedy)
    words = printable(line.decode("ascii", "replace"))[:80]
    return Diagnosis("way out", Level.OK, f"{host}:{port} answers: {words}")
