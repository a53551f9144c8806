"""
resolver - questions to the DNS, each bounded in time and in what is taken from its answer

dnspython does the wire format; under gevent's patching its sockets yield to the hub.  What it says by an exception
becomes an answer here: a name that does not exist is no error of ours.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Protocol

import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype

# dnspython imports a record type when it meets one, which it could not once the process is another user.
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.OPT
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver

from empath.mail.lookup import Absent, Addresses, Answer, Exchanger, Exchangers, Failed, Kind, Question

MAX_RECORDS = 100  # that are taken from one answer
TIMED_OUT = "no answer in time"
_EDNS_OCTETS = 1232  # of a datagram that no router has to cut; what is longer comes over TCP


class Resolver(Protocol):
    """What delivery asks of the DNS."""

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[Answer]:
        """The answers, in the order of *questions*; what is not answered within *within_s* seconds has Failed."""


class DnsResolver:
    """
    Resolver over dnspython; keeps nothing.

    *nameservers* are `address` or `address:port`; none means those of the system, as they stand in the file *system*.
    """

    def __init__(
        self,
        nameservers: tuple[str, ...] = (),
        *,
        timeout_s: float = 10.0,
        try_timeout_s: float = 3.0,
        system: str = "/etc/resolv.conf",
    ) -> None:
        """
        Read the configuration; ask nobody yet.

        Args:
            timeout_s: for one question, over all name servers and tries.
            try_timeout_s: for one try; then the next name server is asked, or the same again.
        """
        self._timeout_s = timeout_s
        self._resolver = dns.resolver.Resolver(configure=False)
        if not nameservers:
            try:
                self._resolver.read_resolv_conf(system)
            except dns.resolver.NoResolverConfiguration:
                pass  # a host without DNS may have routes that need none; a look-up fails for the time being
        self._resolver.timeout = min(try_timeout_s, timeout_s)
        self._resolver.use_edns(0, 0, _EDNS_OCTETS)
        if nameservers:
            self._resolver.nameservers = [_nameserver(text) for text in nameservers]

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[Answer]:
        """One after another."""
        ends_at = time.monotonic() + within_s
        return [self.ask(question, ends_at - time.monotonic()) for question in questions]

    def ask(self, question: Question, within_s: float) -> Answer:
        """Ask once, for at most *within_s* seconds and never longer than the timeout of one question."""
        lifetime_s = min(self._timeout_s, within_s)
        if lifetime_s <= 0:
            return Failed(TIMED_OUT)
        try:
            name = dns.name.from_text(question.name)
        except dns.exception.DNSException:
            return Absent("NXDOMAIN", 0)  # no such name can be in the DNS
        try:
            found = self._resolver.resolve(
                name, question.kind, search=False, raise_on_no_answer=False, lifetime=lifetime_s
            )
        except dns.resolver.NXDOMAIN as exc:
            response: dns.message.QueryMessage = exc.kwargs["responses"][name]
            return Absent("NXDOMAIN", response.resolve_chaining().minimum_ttl)
        except dns.resolver.LifetimeTimeout:
            return Failed(TIMED_OUT)
        except dns.resolver.NoNameservers as exc:
            return Failed(_reason(exc.kwargs["errors"]))
        except dns.exception.DNSException as exc:
            return Failed(type(exc).__name__)
        return _read(found, question.kind)


def _read(found: dns.resolver.Answer, kind: Kind) -> Answer:
    ttl_s = float(found.chaining_result.minimum_ttl)
    if found.rrset is None:
        return Failed("lame: a referral") if _is_referral(found.response) else Absent("NODATA", ttl_s)
    if kind is Kind.MX:
        # The root is "." to dnspython, and no name to us.
        records = ((r.preference, r.exchange.to_text(omit_final_dot=True).lower()) for r in found.rrset)
        named = sorted(Exchanger(preference, "" if name == "." else name) for preference, name in records)
        return Exchangers(tuple(named[:MAX_RECORDS]), ttl_s)
    return Addresses(tuple(sorted(record.address for record in found.rrset)[:MAX_RECORDS]), ttl_s)


def _is_referral(response: dns.message.Message) -> bool:
    """A server that does not know the zone names those that might: that is no "none of this type", RFC 2308 §2.2."""
    kinds = {rrset.rdtype for rrset in response.authority}
    return not response.answer and dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds


def _reason(errors: Iterable[tuple[object, ...]]) -> str:
    """What the last name server that was asked has done wrong."""
    *_, (*_, error, _response) = [((),) * 5, *errors]
    if isinstance(error, str):
        return error  # the name of a response code
    return type(error).__name__ if isinstance(error, Exception) else "no name server is configured"


def _nameserver(text: str) -> dns.nameserver.Do53Nameserver:
    address, port = text, 53
    if text.startswith("["):
        address, _, tail = text[1:].partition("]")
        port = int(tail.removeprefix(":") or 53)
    elif text.count(":") == 1:
        address, _, digits = text.partition(":")
        port = int(digits)
    return dns.nameserver.Do53Nameserver(address, port)
