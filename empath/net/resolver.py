"""
resolver - which hosts take the mail of a domain

Every lookup is bounded in time and in answers.  dnspython does the wire format; under gevent's patching its sockets
yield to the hub.
"""

from dataclasses import dataclass
from typing import Protocol

import dns.exception
import dns.nameserver

# dnspython imports a record type when it meets one, which it could not once the process is another user.
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.OPT
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver

from empath.errors import EmpathError
from empath.mail.reply import Reply

_MAX_HOSTS = 100  # of one answer
_MAX_ADDRESSES = 5  # of all hosts of one attempt


class ResolutionFailed(EmpathError):
    """No host can be named; *reply* says whether that may change (4yz) or not (5yz)."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.escaped())
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Host:
    """One address to try. Shape: name in A-labels or the address itself; address IPv4 or IPv6; port 1..65535."""

    name: str
    address: str
    port: int


class Resolver(Protocol):
    """What delivery asks of the DNS."""

    def mail_hosts(self, domain: str) -> list[Host]:
        """
        Hosts of a recipient domain or address literal, in the order to try them, at port 25.

        Raises:
            ResolutionFailed: there is none, now or ever.
        """

    def addresses(self, name: str, port: int) -> list[Host]:
        """
        Hosts of one name or address, in the order to try them.

        Raises:
            ResolutionFailed: there is none, now or ever.
        """


class DnsResolver:
    """
    Resolver over dnspython.

    *nameservers* are `address` or `address:port`; none means those of the system, as they stand in the file *system*.
    """

    def __init__(
        self, nameservers: tuple[str, ...] = (), *, timeout_s: float = 10.0, system: str = "/etc/resolv.conf"
    ) -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        if not nameservers:
            try:
                self._resolver.read_resolv_conf(system)
            except dns.resolver.NoResolverConfiguration:
                pass  # a host without DNS may have routes that need none; a look-up fails for the time being
        self._resolver.lifetime = timeout_s
        self._resolver.timeout = timeout_s / 2
        if nameservers:
            self._resolver.nameservers = [_nameserver(text) for text in nameservers]

    def mail_hosts(self, domain: str) -> list[Host]:
        if domain.startswith("["):
            address = domain[1:-1].removeprefix("IPv6:")
            return [Host(domain, address, 25)]
        answer = self._ask(domain, "MX")
        exchangers = sorted((record.preference, record.exchange.to_text(omit_final_dot=True)) for record in answer)
        if exchangers and all(name in {"", "."} for _, name in exchangers):
            raise ResolutionFailed(Reply.of(f"556 5.1.10 {domain} accepts no mail"))
        hosts: list[Host] = []
        soft: ResolutionFailed | None = None
        for _, name in exchangers[:_MAX_HOSTS] or [(0, domain)]:
            try:
                hosts += self.addresses(name, 25)
            except ResolutionFailed as exc:
                soft = exc if soft is None or exc.reply.klass == 4 else soft
            if len(hosts) >= _MAX_ADDRESSES:
                break
        if not hosts:
            raise soft or ResolutionFailed(Reply.of(f"550 5.4.4 no address for {domain}"))
        return hosts[:_MAX_ADDRESSES]

    def addresses(self, name: str, port: int) -> list[Host]:
        if _is_address(name):
            return [Host(name, name, port)]
        found = [record.address for kind in ("A", "AAAA") for record in self._ask(name, kind)]
        if not found:
            raise ResolutionFailed(Reply.of(f"550 5.4.4 no address for {name}"))
        return [Host(name, address, port) for address in found[:_MAX_ADDRESSES]]

    def _ask(self, name: str, kind: str) -> list:  # type: ignore[type-arg]
        try:
            return list(self._resolver.resolve(name, kind, search=False))[:_MAX_HOSTS]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as exc:
            raise ResolutionFailed(Reply.of(f"451 4.4.3 {name}: {kind} look-up failed: {type(exc).__name__}")) from exc


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _nameserver(text: str) -> dns.nameserver.Do53Nameserver:
    address, port = text, 53
    if text.startswith("["):
        address, _, tail = text[1:].partition("]")
        port = int(tail.removeprefix(":") or 53)
    elif text.count(":") == 1:
        address, _, digits = text.partition(":")
        port = int(digits)
    return dns.nameserver.Do53Nameserver(address, port)
