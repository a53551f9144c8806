"""
doctor_sts - whether the MTA-STS policies of this host agree with the DNS and with its certificates

A policy that is wrong keeps mail away, and only the hosts that would have sent it know. There are no errors, because
the DNS may have other names inside a network than outside.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from empath.config import Config
from empath.config.keys import KeyPath
from empath.config.tables.mta_sts import MtaSts
from empath.config.tables.tls import TlsMode
from empath.mail.domain import Domain
from empath.mail.lookup import Absent, Addresses, Exchangers, Failed, Kind, LookupAnswer, Question, Texts
from empath.policy.access import Role
from empath.policy.health import Diagnosis, Level
from empath.policy.pattern import PatternTable
from empath.policy.sts import policy_host, read_record, record_name
from empath.policy.tls_demand import StsMode

if TYPE_CHECKING:
    from empath.net.certificate import Certificate
    from empath.net.resolver import Resolver

_WITHIN_S: Final = 3.0
_SUBJECT: Final = "MTA-STS"
_MEND_DNS: Final = "look at the name servers of /etc/resolv.conf or [dns] nameservers"
Presented = Sequence[tuple[KeyPath, "Certificate"]]


def diagnose_sts(config: Config, resolver: "Resolver", presented: Presented) -> Iterator[Diagnosis]:
    """Compare each policy with the DNS, all at once, and with the certificates that this host presents."""
    asked = [question for domain in config.mta_sts for question in _questions(domain)]
    answers = dict(zip(asked, resolver.look_up(asked, _WITHIN_S), strict=True)) if asked else {}
    for domain, table in config.mta_sts.items():
        found = [*_record(domain, table, answers), *_hosts(config, domain, table, answers)]
        found += [*_certificates(config, domain, answers, presented)]
        yield from found or [Diagnosis(_SUBJECT, Level.OK, f"the policy of {domain} is published: {table.mode}")]


def _questions(domain: str) -> tuple[Question, ...]:
    host = policy_host(domain)
    return (
        *(Question(record_name(domain), Kind.TXT), Question(domain, Kind.MX)),
        *(Question(host, Kind.A), Question(host, Kind.AAAA)),
    )


def _record(domain: str, table: MtaSts, answers: dict[Question, LookupAnswer]) -> Iterator[Diagnosis]:
    name, host = record_name(domain), policy_host(domain)
    remedy = f"publish what `empath-admin tls --publish {domain}` prints"
    match answers[Question(name, Kind.TXT)]:
        case Texts(records) if (seen := read_record(records)) is not None:
            if seen != table.policy.own_id:
                yield _warn(f"{name} has the id {seen} of another policy: hosts go on with the one they know", remedy)
        case Texts():
            yield _warn(f"{name} has not exactly one record of MTA-STS: there is no policy", remedy)
        case Failed(why):
            yield _warn(f"{name}: the look-up failed: {why}", _MEND_DNS)
        case answer:
            yield _warn(f"{name} has no record ({_why(answer)}): there is no policy", remedy)
    addresses = [answers[Question(host, kind)] for kind in (Kind.A, Kind.AAAA)]
    failed = [each for each in addresses if isinstance(each, Failed)]
    if failed and not any(isinstance(each, Addresses) for each in addresses):
        yield _warn(f"{host}: the look-up failed: {failed[0].why}", _MEND_DNS)
    elif not any(isinstance(each, Addresses) and each.records for each in addresses):
        words = f"{host} has no address in the DNS ({_why(addresses[0])}): no host can read the policy"
        yield _warn(words, "make an A or AAAA record for it, with the address of [http] or of the proxy before it")


def _hosts(config: Config, domain: str, table: MtaSts, answers: dict[Question, LookupAnswer]) -> Iterator[Diagnosis]:
    if table.policy.mode is StsMode.NONE:
        return
    for name in _exchangers(domain, answers):
        if not table.policy.names(name):
            consequence = "gets no mail" if table.policy.mode is StsMode.ENFORCE else "would get no mail"
            if isinstance(answers[Question(domain, Kind.MX)], Absent):
                words = f"{domain} has no MX, so mail goes to its own address, which is not in the policy"
                remedy = "publish the MX that the policy names"
            else:
                words, remedy = (
                    f"the MX {name} of {domain} is not in the policy",
                    f'add it to mx of [mta_sts."{domain}"]',
                )
            yield _warn(f"{words}: it {consequence} from hosts that check", remedy)
    hostname = str(config.hostname)
    for_hosts = [listener for listener in config.listeners if listener.role is not Role.SUBMISSION]
    has_tls = any(listener.tls is not TlsMode.NONE for listener in for_hosts)
    if hostname in _exchangers(domain, answers) and not has_tls:
        words = f"the policy of {domain} asks for TLS of {hostname}, and no listener for other hosts offers it"
        yield _warn(f"{words}: hosts that check it go away", 'set tls = "starttls" on the listener of port 25')


def _certificates(
    config: Config, domain: str, answers: dict[Question, LookupAnswer], presented: Presented
) -> Iterator[Diagnosis]:
    """What this host presents for the policy, and for itself as an exchanger. A proxy before it has its own."""
    names = [policy_host(domain)] if config.http.has_tls else []
    hostname = str(config.hostname)
    has_mx = any(listener.tls is not TlsMode.NONE for listener in config.listeners)
    names += [hostname] if has_mx and hostname in _exchangers(domain, answers) else []
    for name in names if presented else ():
        certificate = presented_for(config, name, presented)
        if not {name, f"*.{name.partition('.')[2]}"} & {*certificate.names}:
            words = f"{certificate.path} is for {', '.join(certificate.names) or 'no name'}, not for {name}"
            yield _warn(f"{words}: hosts that check it go away", "get one for that name, and name it in [[tls.sni]]")


def presented_for(config: Config, name: str, presented: Presented) -> "Certificate":
    """The certificate of *presented* that a client gets who asks for the host *name*."""
    by_keys = dict(presented)
    pairs = [(pattern, pair.keys) for pair in config.tls.pairs for pattern in pair.names]
    keys = PatternTable(pairs).find(Domain.parse(name))
    return by_keys.get(keys or ("tls",), presented[0][1])


def _exchangers(domain: str, answers: dict[Question, LookupAnswer]) -> list[str]:
    answer = answers[Question(domain, Kind.MX)]
    if isinstance(answer, Exchangers):
        return [each.name for each in answer.records if each.name]
    return [domain] if isinstance(answer, Absent) else []  # mail goes to its address


def _why(answer: LookupAnswer) -> str:
    match answer:
        case Failed(why):
            return f"the look-up failed: {why}"
        case Absent(why):
            return why
        case _:
            return "no such record"


def _warn(found: str, remedy: str) -> Diagnosis:
    return Diagnosis(_SUBJECT, Level.WARNING, found, remedy)
