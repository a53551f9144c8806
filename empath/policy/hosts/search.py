"""
search - which hosts take the mail of a domain, and in which order, RFC 5321 §5

THEORY
    A search asks questions, learns the answers, and asks more, until it is over; its driver asks the DNS.
    Exchangers are handled by preference, several of one preference at once, because this host rules out its equals.
    The search stops when an attempt has enough hosts, so a hundred exchangers do not cost a hundred look-ups.
    If all addresses found are of one family, a few more names are looked up for the other: a host without IPv6 must not
    end without any address because the best exchangers have only IPv6.

RULES
    Doubt dominates: mail bounces only if every look-up had an answer.
    An error in a next hop that the operator has fixed is not a fault of the mail: it waits (4.3.5).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, zip_longest
from typing import Final, NamedTuple

from empath.mail.endpoint import UnixSocket, host_and_port
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
    weakest,
)
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.policy.access import Network
from empath.policy.hosts.addresses import is_host_name, is_within, known, literal_of
from empath.policy.routing import MxRoute, SmtpRoute, SocketRoute

MAX_HOSTS: Final = 5  # addresses of one attempt

_NAMES_AT_ONCE: Final = 8  # with two questions each
_NAMES_FOR_OTHER_FAMILY: Final = 5  # once there are hosts enough of one
_MAX_USABLE: Final = 200  # addresses that one search keeps to draw from
_NAMES_SHOWN: Final = 3

Random = Callable[[], float]  # 0.0 <= x < 1.0


class HostLookups(NamedTuple):
    """
    The look-ups that led to a host, as far as the demand for TLS depends on them.

    Shape: exchangers is the security of the MX records, SECURE where the operator names the host; addresses that of the
    host's addresses; alias_of is the name where the aliases of the host end, "" without aliases; domain is that whose
    mail the host takes, "" where the operator names the host.
    """

    exchangers: Security = Security.UNCHECKED
    addresses: Security = Security.UNCHECKED
    alias_of: str = ""
    domain: str = ""

    @property
    def security(self) -> Security:
        """The security of all that led to the host."""
        if self.addresses is Security.UNCHECKED:
            return self.addresses
        return weakest(self.exchangers, self.addresses)


@dataclass(frozen=True, slots=True)
class Host:
    """
    One address to try.

    Shape: name in A-labels or the address itself; address IPv4 or IPv6, port 1..65535, or the path of a UNIX socket and
    0; preference is that of the MX record (0 where there is none), None for a host that the operator named itself or by
    its domain; is_best: no exchanger of the domain is preferred to it; is_tls: TLS begins with the connection; dnssec
    is the word for the security of its look-ups, None for unchecked ones.
    """

    name: str
    address: str
    port: int
    preference: int | None = field(default=None, compare=False)
    is_best: bool = field(default=True, compare=False)
    protocol: Protocol = Protocol.SMTP
    lookups: HostLookups = field(default=HostLookups(), compare=False)
    is_tls: bool = False
    dnssec: str | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dnssec", self.lookups.security.known)

    @property
    def is_socket(self) -> bool:
        """Whether it is a UNIX socket on this host."""
        return not self.port

    @property
    def peer(self) -> str:
        """Address and port, or `unix:path`."""
        return str(UnixSocket(self.address)) if self.is_socket else host_and_port(self.address, self.port)


def socket_host(route: SocketRoute) -> Host:
    """The one host of a route to a UNIX socket."""
    return Host(route.path, route.path, 0, protocol=route.protocol)


@dataclass(frozen=True, slots=True)
class NoHost:
    """
    No host can be tried; *reply* says whether that may change (4yz) or not (5yz).

    security is that of all look-ups together, BOGUS if a signature is wrong.
    """

    reply: Reply
    security: Security = field(default=Security.UNCHECKED, compare=False)


@dataclass(frozen=True, slots=True)
class HostRules:
    """
    Names and addresses of this host, and the networks that it allows.

    Shape: own_names in A-labels, lower case; own_addresses in the shortest form, those of the interfaces included;
    listeners are address and port, the address may be the unspecified one; allowed networks get mail although they are
    not public; mx_port 1..65535 is the port of hosts which the DNS names.
    """

    own_names: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()
    listeners: frozenset[tuple[str, int]] = frozenset()
    allowed: tuple[Network, ...] = ()
    mx_port: int = 25


class Verdict(StrEnum):
    """Whether an address may be used."""

    USABLE = "usable"
    OWN = "own"  # an address of this host: mail would come back
    REFUSED = "refused"  # not public, and not allowed


@dataclass(frozen=True, slots=True)
class Found:
    """An address with the exchanger that led to it."""

    preference: int
    name: str
    address: str


class HostSearch:
    """
    The search for the hosts of one next hop.

    `wanted` are the questions to ask now, empty when the search is over; `learn` takes the answers; `hosts` is the
    result.
    """

    def __init__(self, route: SmtpRoute | MxRoute, domain: str, rules: HostRules, random: Random | None = None) -> None:
        """
        Begin a search. *domain* is the recipient's, or an address literal; a route may name another one. *random* draws
        which of very many equal exchangers are looked up at all; without it they are sorted by name.
        """
        self.wanted: tuple[Question, ...] = ()
        self.exchangers: tuple[Exchanger, ...] = ()  # best first; the name itself where it has no MX
        self.answers: dict[Question, LookupAnswer] = {}
        self.literal: str | None = None  # the address, where it was given and not looked up
        self.loop_at: int | None = None  # the preference that is ourselves; it and all worse ones are dropped
        self.is_fixed = isinstance(route, SmtpRoute)  # the operator names the host
        self._is_ours = self.is_fixed or (isinstance(route, MxRoute) and route.domain is not None)
        self._rules = rules
        self._random = random
        self._domain = domain = route.destination(domain) if isinstance(route, MxRoute) else domain
        self._is_tls = isinstance(route, SmtpRoute) and route.tls
        self._port = route.port if isinstance(route, SmtpRoute) else rules.mx_port
        self._protocol = route.protocol if isinstance(route, SmtpRoute) else Protocol.SMTP
        self._no_mail: Reply | None = None  # said by the MX records themselves
        self._usable: list[Found] = []
        self._seen: set[str] = set()  # addresses of `_usable`
        self._names_since_enough = 0
        self._next = 0  # the first of `exchangers` whose preference was not looked at
        if isinstance(route, SmtpRoute):
            self._domain = route.host
            self._begin_with(route.host)
        elif domain.startswith("["):
            self._begin_with(domain)
        else:
            self.wanted = (Question(domain, Kind.MX),)

    def learn(self, answers: Sequence[LookupAnswer]) -> None:
        """Take the answers to `wanted`, in its order."""
        asked, self.wanted = self.wanted, ()
        self.answers.update(zip(asked, answers, strict=True))
        if asked[0].kind is Kind.MX:
            self._read_exchangers(answers[0])
        else:
            self._weigh(asked, answers)
        self._go_on()

    def hosts(self, random: Random) -> tuple[Host, ...] | NoHost:
        """At most five hosts in the order to try them. Equals are drawn anew at each call."""
        if not self._usable:
            known_of = (answer.security for answer in self.answers.values())
            return NoHost(self._refusal(), weakest(Security.SECURE, *known_of) if self.answers else Security.UNCHECKED)
        if len(self._usable) == 1:
            return (self._host(self._usable[0]),)
        chosen = _capped([found for group in self._groups() for found in _mixed(group, random)])
        return tuple(map(self._host, chosen))

    def judge(self, address: str) -> tuple[Verdict, str]:
        """Whether an address may be used, and the reason in one word."""
        canonical, version, flaw = known(address)
        rules = self._rules
        if self.is_fixed:
            # The operator chose this address, so it may be private; only a listener of this host is refused.
            return (Verdict.OWN, "listener") if self._is_listener(canonical, version, flaw) else (Verdict.USABLE, "")
        if canonical in rules.own_addresses:
            return Verdict.OWN, "interface"
        if flaw and not (is_within(canonical, rules.allowed) or is_within(address, rules.allowed)):
            return Verdict.REFUSED, flaw
        return Verdict.USABLE, ""

    def is_own_name(self, name: str) -> bool:
        """Whether an exchanger of this name is ourselves, whatever its address. A fixed route is judged by address."""
        return not self.is_fixed and name in self._rules.own_names

    def _begin_with(self, name: str) -> None:
        """Begin with the only host: an address needs no look-up, a name needs no MX."""
        self.exchangers = (Exchanger(0, name),)
        self.literal = literal_of(name)
        if self.literal is not None:
            self._next = 1
            self._keep(Found(0, name, self.literal))
        else:
            self._go_on()

    def _read_exchangers(self, answer: LookupAnswer) -> None:
        match answer:
            case Exchangers(records):
                named = tuple(record for record in records if record.name)
                if not named:  # RFC 7505 §3; a dot among others is neither a null MX nor a host
                    self._no_mail = Reply.of(f"556 5.1.10 {self._domain} accepts no mail")
                best = {name: preference for preference, name in reversed(named)}  # the better one of a repeated name
                self.exchangers = tuple(self._ordered(best))
            case Absent():
                self.exchangers = (Exchanger(0, self._domain),)
            case _:  # its address might be a web server's, which would make this mail bounce
                self._no_mail = _failed(self._domain, Kind.MX, answer)

    def _ordered(self, best: dict[str, int]) -> Iterator[Exchanger]:
        names = sorted(best)
        if (random := self._random) is not None:
            names.sort(key=lambda _: random())
        names.sort(key=best.__getitem__)
        return (Exchanger(best[name], name) for name in names)

    def _go_on(self) -> None:
        """Want the addresses of the next names of one preference, unless the search is over."""
        while not self.wanted and self._next < len(self.exchangers) and self.loop_at is None and not self._is_enough():
            preference = self.exchangers[self._next].preference
            group = [name for least, name in self.exchangers[self._next :] if least == preference]
            if any(map(self.is_own_name, group)):
                self.loop_at = preference
                return
            group = group[:_NAMES_AT_ONCE]
            self._next += len(group)
            self.wanted = tuple(
                Question(name, kind) for name in group if is_host_name(name) for kind in (Kind.A, Kind.AAAA)
            )

    def _weigh(self, asked: Sequence[Question], answers: Sequence[LookupAnswer]) -> None:
        preference = self.exchangers[self._next - 1].preference
        for question, answer in zip(asked, answers, strict=True):
            if isinstance(answer, Addresses):
                for address in answer.records:
                    self._keep(Found(preference, question.name, address))
        if self.loop_at is not None:
            self._usable = [found for found in self._usable if found.preference < self.loop_at]
        if len(self._usable) >= MAX_HOSTS:
            self._names_since_enough += len({question.name for question in asked})

    def _keep(self, found: Found) -> None:
        verdict, _ = self.judge(found.address)
        if verdict is Verdict.OWN:
            self.loop_at = found.preference
        elif verdict is Verdict.USABLE and found.address not in self._seen and len(self._seen) < _MAX_USABLE:
            self._seen.add(found.address)
            self._usable.append(found)

    def _is_enough(self) -> bool:
        if len(self._usable) < MAX_HOSTS:
            return False
        versions = {known(found.address).version for found in self._usable}
        return len(versions) > 1 or self._names_since_enough > _NAMES_FOR_OTHER_FAMILY

    def _is_listener(self, canonical: str, version: int, flaw: str) -> bool:
        listeners, port = self._rules.listeners, self._port
        is_here = flaw in ("loopback", "unspecified") or canonical in self._rules.own_addresses
        return (canonical, port) in listeners or (is_here and ("0.0.0.0" if version == 4 else "::", port) in listeners)

    def _host(self, found: Found) -> Host:
        preference = None if self._is_ours else found.preference
        is_best = found.preference == self.exchangers[0].preference
        lookups = self._lookups(found)
        return Host(found.name, found.address, self._port, preference, is_best, self._protocol, lookups, self._is_tls)

    def _lookups(self, found: Found) -> HostLookups:
        addresses = self.answers.get(Question(found.name, Kind.AAAA if ":" in found.address else Kind.A))
        if not isinstance(addresses, Addresses):
            return HostLookups()  # the address was given
        exchangers, domain = Security.SECURE, ""
        if not self.is_fixed:
            exchangers, domain = self.answers[Question(self._domain, Kind.MX)].security, self._domain
        return HostLookups(exchangers, addresses.security, addresses.alias_of, domain)

    def _groups(self) -> Iterator[list[Found]]:
        for preference in sorted({found.preference for found in self._usable}):
            yield [found for found in self._usable if found.preference == preference]

    def _refusal(self) -> Reply:
        reply = self._reason()
        if self._is_ours and reply.klass == 5:
            return Reply.of(f"451 4.3.5 next hop {self._domain}: {reply.text}")
        return reply

    def _reason(self) -> Reply:
        if self._no_mail is not None:
            return self._no_mail
        if self.loop_at is not None:
            if self.loop_at == self.exchangers[0].preference:
                return Reply.of(f"550 5.4.6 mail for {self._domain} loops back to myself")
            return Reply.of(f"451 4.4.4 unable to find primary relay for {self._domain}")
        for question, answer in self.answers.items():
            if isinstance(answer, Failed):
                return _failed(*question, answer)
        names = [name for _, name in self.exchangers]
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", ..." if len(names) > _NAMES_SHOWN else "")
        for address in self._addresses():
            return Reply.of(f"550 5.4.4 no address on the Internet for {shown}: {address} is {self.judge(address)[1]}")
        return Reply.of(f"550 5.4.4 no address for {shown}")

    def _addresses(self) -> Iterator[str]:
        if self.literal is not None:
            yield self.literal
        for answer in self.answers.values():
            if isinstance(answer, Addresses):
                yield from answer.records


def _failed(name: str, kind: Kind, answer: LookupAnswer) -> Reply:
    why = answer.why if isinstance(answer, Failed) else "an answer to another question"
    return Reply.of(f"451 4.4.3 {name}: {kind} look-up failed: {why}")


def _mixed(group: list[Found], random: Random) -> Iterator[Found]:
    """Equals in any order, the families by turns."""
    drawn = sorted(group, key=lambda _: random())
    first = known(drawn[0].address).version
    same = [found for found in drawn if known(found.address).version == first]
    other = [found for found in drawn if known(found.address).version != first]
    return (found for found in chain.from_iterable(zip_longest(same, other)) if found is not None)


def _capped(ordered: list[Found]) -> list[Found]:
    """The first five, but of either family two, so that neither hides the other."""
    if len(ordered) <= MAX_HOSTS:
        return ordered
    families: dict[int, list[Found]] = {4: [], 6: []}
    for found in ordered:
        families[known(found.address).version].append(found)
    fewer, more = sorted(families.values(), key=len)
    fewer = fewer[: MAX_HOSTS // 2]
    kept = {id(found) for found in fewer + more[: MAX_HOSTS - len(fewer)]}
    return [found for found in ordered if id(found) in kept]
