"""
resolver - questions to the DNS, with bounds on the time and on the size of an answer

dnspython chooses the server and handles the wire format, behind the bounds of dns_exchange and dns_message.  gevent
patches sockets, so that they yield to the hub.  The exceptions of dnspython become answers here, because a name that
does not exist is not an error of ours.  The words of an answer are for the operator: they name the server that was
asked, not a Python class.

DNSSEC is validated by the name server, RFC 4035 §3.2.3: it says so by the bit AD, which counts only where nobody can
forge it, from a server on this host or one that the operator trusts.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype

# dnspython imports a record type when it meets one. That would fail once the process has changed its user.
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.OPT
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TLSA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver
import dns.tsig

from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchanger,
    Exchangers,
    Failed,
    Kind,
    LookupAnswer,
    Question,
    Security,
    Texts,
    TlsaRecord,
    TlsaRecords,
    weakest,
)
from empath.net.dns_exchange import Exchange, over_tcp, over_udp
from empath.net.dns_message import Run, TooLarge, read_message
from empath.net.resolv_conf import ResolvConf

MAX_EXCHANGERS = 100  # most records kept of one answer, the best ones
MAX_ADDRESSES = 100  # most records kept of one answer: a client is looked for among them, RFC 7208 §5.3
MAX_NAMES = 10  # most records kept of one answer: a host with more names proves nothing by them
MAX_TEXTS = 100  # most TXT records kept of one answer: those of many services stand at one name
MAX_TEXT_CHARACTERS = 8_193  # of one record, one more than SPF and DKIM read
MAX_TLSA = 50  # records kept of one answer
MAX_TLSA_OCTETS = 8_192  # of the data of one record, which may be a certificate
MAX_ALIASES = 10  # most questions for one answer where servers give an alias without its target
TIMED_OUT = "no answer in time"
_ENDLESS = "aliases without an end"
_FOREVER_S = float("inf")
_WITHOUT_SOA_S = 5.0  # RFC 2308 §5: nothing says for how long it is true; as long as a failure, RFC 9520
_PORT = 53
_NO_EDNS = (dns.rcode.FORMERR, dns.rcode.NOTIMP)  # replies of a server that does not know EDNS, RFC 6891 §7
_BOGUS = range(6, 13)  # extended errors about signatures, RFC 8914 §4.7 to §4.13
_EDNS_OCTETS = 1232  # size of a datagram that no router has to fragment; longer answers come over TCP


class Resolver(Protocol):
    """What delivery asks of the DNS."""

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """The answers, in the order of *questions*; Failed for a question not answered within *within_s* seconds."""


class DnsResolver:
    """
    Resolver over dnspython; keeps no answer.

    *nameservers* are `address` or `address:port`; none means those of the system, in the file *system*.
    """

    def __init__(
        self,
        nameservers: tuple[str, ...] = (),
        *,
        timeout_s: float = 10.0,
        try_timeout_s: float = 3.0,
        system: str = "/etc/resolv.conf",
        report: Callable[[str], object] = lambda _: None,
        run: Run = lambda work, *arguments: work(*arguments),
        with_dnssec: bool = False,
        is_trusted: Callable[[str], bool] = lambda _: False,
        only_trusted: bool = False,
    ) -> None:
        """
        Read the configuration; ask nothing yet.

        Args:
            timeout_s: for one question, over all name servers and tries.
            try_timeout_s: for one try; then the next name server is asked, or the same again.
            report: called before a question if the file cannot be used, once for each cause.
            run: reads a large answer; a process with a hub gives one that has a thread do it.
            with_dnssec: ask for validated answers, and tell the security of each.
            is_trusted: whether the server at an address may say that an answer is validated.
            only_trusted: ask no other servers.
        """
        self._run = run
        self._with_dnssec = with_dnssec
        self._is_trusted = is_trusted
        self._only_trusted = only_trusted
        self._timeout_s = timeout_s
        self._try_timeout_s = min(try_timeout_s, timeout_s)
        self._resolver = self._with(list(map(_nameserver, nameservers)))
        self._system = None if nameservers else ResolvConf(system)
        self._report = report
        self._reported = ""
        self._follow_system()

    @property
    def nameservers(self) -> tuple[str, ...]:
        """Address and port of each server that is asked, in the order of asking."""
        self._follow_system()
        return tuple(map(str, self._resolver.nameservers))

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """One after another."""
        ends_at = time.monotonic() + within_s
        return [self.ask(question, ends_at - time.monotonic()) for question in questions]

    def ask(self, question: Question, within_s: float) -> LookupAnswer:
        """Ask once, for at most *within_s* seconds and never longer than the timeout of one question."""
        ends_at = time.monotonic() + min(self._timeout_s, within_s)
        try:
            name = dns.name.from_text(question.name)
        except dns.exception.DNSException:
            return Absent("NXDOMAIN", 0)  # no such name can be in the DNS
        self._follow_system()
        self._report_trouble()
        ttl_s = _FOREVER_S
        security = Security.SECURE
        for _ in range(MAX_ALIASES):
            found = self._ask_one(name, question.kind, ends_at - time.monotonic())
            if isinstance(found, Failed):
                return found
            if isinstance(found, Absent):
                return replace(found, ttl_s=min(ttl_s, found.ttl_s), security=weakest(security, found.security))
            security = weakest(security, self._security(found.response))
            ttl_s = min([ttl_s, *(float(alias.ttl) for alias in found.chaining_result.cnames)])
            if not _is_to_be_followed(found):
                answer = _read(found, question.kind, ttl_s, security)
                if isinstance(answer, Addresses) and found.canonical_name.to_text(True).lower() != question.name:
                    return replace(answer, alias_of=found.canonical_name.to_text(True).lower())
                return answer
            name = found.canonical_name
        return Failed(_ENDLESS)

    def _security(self, response: dns.message.Message) -> Security:
        if not self._with_dnssec or response.flags & dns.flags.CD:
            return Security.UNCHECKED
        return Security.SECURE if response.flags & dns.flags.AD else Security.INSECURE

    def _ask_one(self, name: dns.name.Name, kind: Kind, lifetime_s: float) -> "dns.resolver.Answer | Absent | Failed":
        """One question, for at most *lifetime_s* seconds."""
        if lifetime_s <= 0:
            return Failed(TIMED_OUT)
        try:
            return self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False, lifetime=lifetime_s)
        except dns.resolver.NXDOMAIN as exc:
            response: dns.message.QueryMessage = exc.kwargs["responses"][name]
            absent = _absent("NXDOMAIN", response, response.resolve_chaining())
            return replace(absent, security=self._security(response))
        except dns.resolver.LifetimeTimeout as exc:
            return self._failed(exc.kwargs["errors"], TIMED_OUT)
        except dns.resolver.NoNameservers as exc:
            of_what_kind = "trusted name server" if self._only_trusted else "name server"
            return self._failed(exc.kwargs["errors"], f"no {of_what_kind} is configured")
        except dns.exception.DNSException as exc:
            return Failed(_words(exc))

    def _failed(self, errors: "Sequence[_Error]", otherwise: str) -> Failed:
        responses = [response for *_, response in errors if isinstance(response, dns.message.Message)]
        is_bogus = self._with_dnssec and any(map(_is_bogus, responses))
        return Failed(
            _reason(errors) or otherwise,
            security=Security.BOGUS if is_bogus else Security.UNCHECKED,
            is_refused=bool(responses),
        )

    def _with(self, nameservers: "list[_Nameserver]") -> dns.resolver.Resolver:
        resolver = _Resolver(configure=False)
        resolver.timeout = self._try_timeout_s
        resolver.use_edns(0, dns.flags.DO if self._with_dnssec else 0, _EDNS_OCTETS)
        if self._with_dnssec:
            # A server without a use for the signatures asks by the bit AD alone, RFC 6840 §5.7; old ones know only DO.
            resolver.set_flags(dns.flags.RD | dns.flags.AD)
        for server in nameservers:
            server.run = self._run
            server.is_trusted = self._is_trusted(server.address)
        resolver.nameservers = [each for each in nameservers if each.is_trusted or not self._only_trusted]
        return resolver

    def _follow_system(self) -> None:
        if self._system is not None and self._system.follow():
            servers = self._system.servers
            resolver = self._with(list(map(_Nameserver, servers.addresses)))
            resolver.rotate = servers.is_rotated
            self._resolver = resolver

    def _report_trouble(self) -> None:
        """A host that asks for nothing may do without the file, so its trouble counts when there is a question."""
        trouble = self._system.trouble if self._system is not None else ""
        if trouble != self._reported:
            self._reported = trouble
            if trouble:
                self._report(trouble)


class _Resolver(dns.resolver.Resolver):
    """A resolver without a domain of its own: names are always whole here."""

    def reset(self) -> None:
        """Set what dnspython sets, but for the domain. It would read that from the hostname, which can be any text."""
        self.domain = dns.name.root
        self._nameservers = []
        self.nameserver_ports = {}
        self.port = _PORT
        self.search = []
        self.use_search_by_default = False
        self.keyring = self.keyname = self.cache = self.flags = self.ndots = self.ednsoptions = None
        self.keyalgorithm = dns.tsig.default_algorithm
        self.edns = -1
        self.ednsflags = self.payload = 0
        self.retry_servfail = self.rotate = False


class _Nameserver(dns.nameserver.Do53Nameserver):
    """
    A server whose responses are answers to what it was asked.

    It is asked without EDNS for as long as it replies that it does not know EDNS, RFC 6891 §7.
    """

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return self.address if self.port == _PORT else f"{address}:{self.port}"

    run: Run
    is_trusted: bool

    def query(self, request: dns.message.QueryMessage, *args: Any, **kwargs: Any) -> dns.message.Message:
        """Ask. If the response does not answer, dnspython asks the next server."""
        response = self._ask(request, kwargs["timeout"], over_tcp if kwargs["max_size"] else over_udp)
        _check(request.question[0].name, response)
        # What a server says that is not trusted counts as not checked, whatever its bits are.
        response.flags &= ~dns.flags.CD if self.is_trusted else ~dns.flags.AD
        response.flags |= 0 if self.is_trusted else dns.flags.CD
        return response

    def _ask(self, request: dns.message.QueryMessage, timeout_s: float, exchange: Exchange) -> dns.message.Message:
        """Ask. If the server did not understand the question, ask once more in plain RFC 1035 form."""
        ends_at = time.monotonic() + timeout_s
        read = partial(read_message, run=self.run)
        response = exchange(request, (self.address, self.port), timeout_s, read)
        if response.rcode() not in _NO_EDNS or request.edns < 0:
            return response
        plain = dns.message.from_wire(request.to_wire())
        plain.use_edns(False)
        return exchange(plain, (self.address, self.port), ends_at - time.monotonic(), read)


class _Referral(dns.exception.FormError):
    """A server that does not know the zone refers to others."""


class _AnotherName(dns.exception.FormError):
    """All records of the answer belong to a name that was not asked for."""


def _check(name: dns.name.Name, response: dns.message.Message) -> None:
    """Raise for a response that is neither an error nor an answer for *name*, not even "none of this type"."""
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return
    if response.answer and all(rrset.name != name for rrset in response.answer):
        raise _AnotherName
    kinds = {rrset.rdtype for rrset in response.authority}
    is_empty = response.rcode() == dns.rcode.NOERROR and not response.answer
    if is_empty and dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds:
        raise _Referral  # RFC 2308 §2.2


def _is_to_be_followed(found: dns.resolver.Answer) -> bool:
    """
    Whether the answer is an alias alone: the server knows nothing of its target.

    That is not "none of this type". A server that has looked at the target and found nothing there says so by the SOA
    record of the target's zone, RFC 2308 §2.2.
    """
    if found.rrset is not None or not found.chaining_result.cnames:
        return False
    return not _has_zone(found.response, found.canonical_name)


def _has_zone(response: dns.message.Message, name: dns.name.Name) -> bool:
    """Whether the response has the SOA record of the zone of *name*."""
    return any(rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name) for rrset in response.authority)


def _absent(why: str, response: dns.message.Message, chain: dns.message.ChainingResult) -> Absent:
    ttl_s = float(chain.minimum_ttl)
    return Absent(why, ttl_s if _has_zone(response, chain.canonical_name) else min(ttl_s, _WITHOUT_SOA_S))


def _is_bogus(response: dns.message.Message) -> bool:
    """Whether a trusted server says that it could not validate, RFC 8914."""
    if response.flags & dns.flags.CD:
        return False
    return any(isinstance(option, dns.edns.EDEOption) and option.code in _BOGUS for option in response.options)


def _read(found: dns.resolver.Answer, kind: Kind, ttl_s: float, security: Security) -> LookupAnswer:
    if found.rrset is None:
        absent = _absent("NODATA", found.response, found.chaining_result)
        return replace(absent, ttl_s=min(ttl_s, absent.ttl_s), security=security)
    ttl_s = min(ttl_s, float(found.chaining_result.minimum_ttl))
    if kind is Kind.MX:
        # dnspython writes the root as ".", Empath as an empty name.
        records = ((r.preference, r.exchange.to_text(omit_final_dot=True).lower()) for r in found.rrset)
        named = sorted(Exchanger(preference, "" if name == "." else name) for preference, name in records)
        return Exchangers(tuple(named[:MAX_EXCHANGERS]), ttl_s, security)
    if kind is Kind.TLSA:
        associations = (TlsaRecord(r.usage, r.selector, r.mtype, r.cert) for r in found.rrset)
        small = sorted(each for each in associations if len(each.data) <= MAX_TLSA_OCTETS)
        # Records too large to keep are records all the same: TLS is demanded because of them.
        return TlsaRecords(tuple(small[:MAX_TLSA]) or (TlsaRecord(255, 255, 255, b""),), ttl_s, security)
    if kind in (Kind.PTR, Kind.CNAME):
        names = sorted(record.target.to_text(omit_final_dot=True).lower() for record in found.rrset)
        return Texts(tuple(names[:MAX_NAMES]), ttl_s, security)
    if kind is Kind.TXT:
        texts = (b"".join(record.strings)[:MAX_TEXT_CHARACTERS] for record in found.rrset)
        return Texts(tuple(sorted(text.decode(errors="replace") for text in texts)[:MAX_TEXTS]), ttl_s, security)
    return Addresses(tuple(sorted(record.address for record in found.rrset)[:MAX_ADDRESSES]), ttl_s, security)


_Error = tuple[object, ...]  # name server, whether over TCP, port, what went wrong, the response


def _reason(errors: Iterable[_Error]) -> str:
    """The last error of each name server that was asked; empty if none was asked."""
    by_server = {str(server): (error, response) for server, _is_tcp, _port, error, response in errors}
    servers: dict[tuple[bool, str], list[str]] = {}
    for server, (error, response) in by_server.items():
        words = _words(error)
        if isinstance(response, dns.message.Message) and _is_bogus(response):
            words += ", a wrong DNSSEC signature,"
        servers.setdefault((isinstance(error, OSError), words), []).append(server)
    named = ((*how, " and ".join(those)) for how, those in servers.items())
    return ", ".join(f"{s} cannot be asked: {words}" if is_ours else f"{words} from {s}" for is_ours, words, s in named)


def _words(error: object) -> str:
    """An error of dnspython or of the system, in words for people."""
    if isinstance(error, str):
        return f"response code {error}" if error.isdigit() else error  # its name, where it has one
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError):
        return str(error) if error.errno is None else os.strerror(error.errno).lower()
    return "an answer that cannot be read"


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (dns.exception.Timeout, TIMED_OUT),
    (dns.message.ChainTooLong, _ENDLESS),
    (dns.resolver.YXDOMAIN, "YXDOMAIN"),
    (dns.message.Truncated, "a truncated answer"),
    (TooLarge, "an answer that is too large"),
    (_Referral, "a referral"),
    (_AnotherName, "records of another name"),
    (EOFError, "an answer that ends early"),
)


def _nameserver(text: str) -> _Nameserver:
    address, port = text, _PORT
    if text.startswith("["):
        address, _, tail = text[1:].partition("]")
        port = int(tail.removeprefix(":") or _PORT)
    elif text.count(":") == 1:
        address, _, digits = text.partition(":")
        port = int(digits)
    return _Nameserver(address, port)
