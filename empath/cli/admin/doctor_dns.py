"""
doctor_dns - what the DNS says about this host and about the domains that it relays for

The checks are for a host that receives mail from the Internet, at port 25.  They give no errors: a foreign name server
may be slow, and the DNS has other names for a host behind a filter or an address translator.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from empath.config import Config
from empath.config.hosts import endpoints
from empath.mail.lookup import Absent, Addresses, Exchangers, Failed, Kind, LookupAnswer, Question
from empath.policy.health import Diagnosis, Level

if TYPE_CHECKING:
    from empath.net.resolver import Resolver

_WITHIN_S: Final = 3.0
_MOST_DOMAINS: Final = 10
_SMTP_PORT: Final = 25
_MEND_DNS: Final = "look at the name servers of /etc/resolv.conf or [dns] nameservers"
_Answers = dict[Question, LookupAnswer]


def diagnose_dns(config: Config, resolver: "Resolver") -> Iterator[Diagnosis]:
    """Look up the host name and the relay domains of *config*, all at once."""
    if all(endpoint.port != _SMTP_PORT for endpoint in endpoints(config)):
        return
    name = str(config.hostname)
    exact = [text for pattern in config.relay.domains if not (text := str(pattern)).startswith(("*", "["))]
    domains = exact[:_MOST_DOMAINS]
    questions = [Question(each, kind) for each in (name, *domains) for kind in (Kind.MX, Kind.A, Kind.AAAA)]
    answers = dict(zip(questions, resolver.look_up(questions, _WITHIN_S), strict=True))
    yield _host(name, answers)
    for domain in domains:
        yield _domain(domain, name, answers)


def _host(name: str, answers: _Answers) -> Diagnosis:
    if addresses := _addresses(name, answers):
        return Diagnosis("hostname", Level.OK, f"{name} has the address {', '.join(addresses)}")
    failed = [each for kind in (Kind.A, Kind.AAAA) if isinstance(each := answers[Question(name, kind)], Failed)]
    if failed:
        return Diagnosis("hostname", Level.WARNING, f"{name}: {_why(failed[0])}", _MEND_DNS)
    found = f"{name} has no address in the DNS: {_why(answers[Question(name, Kind.A)])}"
    remedy = "make an A or AAAA record for it, or correct hostname: other hosts refuse mail from a name without address"
    return Diagnosis("hostname", Level.WARNING, found, remedy)


def _domain(domain: str, name: str, answers: _Answers) -> Diagnosis:
    remedy = f"make an MX record for it that names {name}"
    match answers[Question(domain, Kind.MX)]:
        case Exchangers(records) if records[0].name == "":
            return Diagnosis("relay domain", Level.WARNING, f"{domain} has a null MX: it accepts no mail", remedy)
        case Exchangers(records):
            hosts = ", ".join(f"{each.preference} {each.name}" for each in records)
            is_here = any(each.name == name for each in records)
            found = f"{domain} has the MX {hosts}" + ("" if is_here else f"; {name} is not among them")
            return Diagnosis("relay domain", Level.OK, found)
        case Absent() as answer:
            if addresses := _addresses(domain, answers):
                found = f"{domain} has no MX, so mail for it goes to its address {', '.join(addresses)}"
                return Diagnosis("relay domain", Level.OK, found)
            return Diagnosis(
                "relay domain", Level.WARNING, f"{domain} has no MX and no address: {_why(answer)}", remedy
            )
        case answer:
            return Diagnosis("relay domain", Level.WARNING, f"{domain}: {_why(answer)}", _MEND_DNS)


def _addresses(name: str, answers: _Answers) -> list[str]:
    found = (answers[Question(name, kind)] for kind in (Kind.A, Kind.AAAA))
    return [address for answer in found if isinstance(answer, Addresses) for address in answer.records]


def _why(answer: LookupAnswer) -> str:
    match answer:
        case Failed(why):
            return f"the look-up failed: {why}"
        case Absent(why):
            return why
        case _:
            return "no such record"
