"""
doctor_senders - whether other hosts believe mail of this one: reverse names, SPF, DMARC, and where bounces go

The records are read as those of others are: SPF is asked about the addresses that mail leaves from.  There are no
errors, because the DNS may have other names inside a network than outside.
"""

import ipaddress
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from empath.cli.admin.questions import search_all
from empath.config import Config
from empath.mail.domain import Domain
from empath.mail.lookup import Absent, Addresses, Exchangers, Failed, Kind, LookupAnswer, Question, Texts
from empath.policy.health import Diagnosis, Level
from empath.policy.routing import ListRoute, MxRoute

if TYPE_CHECKING:
    from empath.net.resolver import Resolver

Search = Generator[Question, LookupAnswer, Diagnosis]

_MOST_DOMAINS: Final = 10
_MOST_ADDRESSES: Final = 8
_OUTSIDE: Final = Domain("sender.invalid")  # stands for any domain that the configuration does not name
_MEND_DNS: Final = "look at the name servers of /etc/resolv.conf or [dns] nameservers"


def sends_itself(config: Config) -> bool:
    """Whether mail to other domains goes from this host to theirs, and not by a smarthost."""
    route = config.router.decide_for_domain(_OUTSIDE).route
    hops = [hop.route for hop in route.hops] if isinstance(route, ListRoute) else [route]
    return any(isinstance(hop, MxRoute) for hop in hops)


def diagnose_senders(
    config: Config, resolver: "Resolver", outgoing: Sequence[str], now: float, within_s: float = 5.0
) -> Iterator[Diagnosis]:
    """
    Look up what others ask about mail from the addresses *outgoing*, all at once, in *within_s* seconds. *now* is Unix
    seconds.
    """
    addresses = tuple(outgoing[:_MOST_ADDRESSES]) if sends_itself(config) else ()
    name, own = str(config.hostname), _own_domains(config)
    paths = (("SRS", config.srs.domain), ("VERP", config.verp.domain))
    returning = [(kind, str(domain)) for kind, domain in paths if domain is not None]
    searches: list[Search] = [
        *map(_reverse, addresses),
        *(
            _spf(domain, addresses, name, int(now))
            for domain in dict.fromkeys([*own, *(each for _, each in returning)])
        ),
        *([_spf(name, addresses, name, int(now), is_optional=True)] if addresses and name not in own else []),
        *map(_dmarc, own),
        *(_return_path(kind, domain, name) for kind, domain in returning),
    ]
    yield from search_all(searches, resolver, within_s)


def _own_domains(config: Config) -> list[str]:
    """The domains whose mail comes from here: those that it receives for, and those of its keys."""
    received = [text for pattern in config.relay.domains if not (text := str(pattern)).startswith(("*", "["))]
    return [*dict.fromkeys([*received, *config.dkim.sign])][:_MOST_DOMAINS]


def _reverse(address: str) -> Search:
    """The names of *address*, one of which must lead back to it."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    answer = yield Question(pointer, Kind.PTR)
    remedy = "ask the provider of the address for a reverse name that leads back to it, best the hostname"
    if isinstance(answer, Failed):
        return Diagnosis("reverse name", Level.WARNING, f"{address}: the look-up failed: {answer.why}", _MEND_DNS)
    names = answer.records if isinstance(answer, Texts) else ()
    kind = Kind.AAAA if ":" in address else Kind.A
    for name in names:
        back = yield Question(name, kind)
        if isinstance(back, Addresses) and address in back.records:
            return Diagnosis("reverse name", Level.OK, f"{address} is {name}, which leads back to it")
    lack = f"has the name {', '.join(names)}, which does not lead back to it" if names else "has no reverse name"
    return Diagnosis("reverse name", Level.WARNING, f"{address} {lack}: many hosts refuse its mail", remedy)


def _spf(domain: str, addresses: Sequence[str], hostname: str, now: int, *, is_optional: bool = False) -> Search:
    """What SPF says of mail of *domain* from each of *addresses*; without any, whether there is a record."""
    from empath.authentication.spf import Identity, SpfResult, check_host  # noqa: PLC0415 - only where something is asked

    results = {}
    identity = Identity("postmaster", domain, hostname)
    for address in addresses or ("192.0.2.1",):  # one of the examples: any will do to see the record
        verdict = yield from check_host(ipaddress.ip_address(address), identity, receiver=hostname, now=now)
        results[address] = verdict
        if verdict.result in (SpfResult.NONE, SpfResult.PERMERROR, SpfResult.TEMPERROR):
            break  # it is the same of each address
    result, reason = verdict.result, verdict.reason
    if result is SpfResult.TEMPERROR:
        return Diagnosis("SPF", Level.WARNING, f"{domain}: the look-up failed: {reason}", _MEND_DNS)
    if result is SpfResult.PERMERROR:
        return Diagnosis("SPF", Level.WARNING, f"{domain} has a record that is wrong: {reason}", "correct the record")
    if result is SpfResult.NONE:
        found = f"{domain} has no record: its mail may be taken for spam"
        if is_optional:
            return Diagnosis("SPF", Level.OK, f"{domain} has no record; one helps reports, which have no other sender")
        return Diagnosis("SPF", Level.WARNING, found, f'publish TXT "v=spf1 mx ~all" at {domain}')
    if not addresses:
        return Diagnosis("SPF", Level.OK, f"{domain} has a record; a smarthost sends its mail")
    denied = [f"{address} ({each.result})" for address, each in results.items() if each.result is not SpfResult.PASS]
    if denied:
        kinds = " ".join(f"ip{ipaddress.ip_address(each.split()[0]).version}:{each.split()[0]}" for each in denied)
        found = f"the record of {domain} does not let {', '.join(denied)} send"
        return Diagnosis("SPF", Level.WARNING, found, f"add {kinds} to it")
    return Diagnosis("SPF", Level.OK, f"{domain} lets {', '.join(addresses)} send")


def _dmarc(domain: str) -> Search:
    from empath.authentication.dmarc import DmarcResult, evaluate  # noqa: PLC0415 - as above

    verdict = yield from evaluate([domain], None, [])
    if verdict.result is DmarcResult.TEMPERROR:
        return Diagnosis("DMARC", Level.WARNING, f"{domain}: the look-up failed: {verdict.reason}", _MEND_DNS)
    if verdict.record is None:
        remedy = f'publish TXT "v=DMARC1; p=none; rua=mailto:…" at _dmarc.{domain}'
        return Diagnosis("DMARC", Level.WARNING, f"{domain} has no record: large providers refuse its mail", remedy)
    where = "" if verdict.record_of == domain else f", by the record of {verdict.record_of}"
    return Diagnosis("DMARC", Level.OK, f"{domain} asks for p={verdict.policy}{where}")


def _return_path(kind: str, domain: str, hostname: str) -> Search:
    """Whether bounces to the domain of [srs] or [verp] come here."""
    answer = yield Question(domain, Kind.MX)
    subject, remedy = f"{kind} domain", f"publish MX 10 {hostname}. at {domain}"
    if isinstance(answer, Failed):
        return Diagnosis(subject, Level.WARNING, f"{domain}: the look-up failed: {answer.why}", _MEND_DNS)
    if isinstance(answer, Exchangers) and any(each.name == hostname for each in answer.records):
        return Diagnosis(subject, Level.OK, f"bounces to {domain} come to {hostname}")
    where = "no host" if isinstance(answer, Absent) else "another host"
    return Diagnosis(subject, Level.WARNING, f"the MX of {domain} names {where}: bounces do not come back", remedy)
