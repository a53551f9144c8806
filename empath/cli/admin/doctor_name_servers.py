"""doctor_name_servers - whether each name server answers, and validates where that is asked for"""

from collections.abc import Iterator
from typing import Final

from empath.config import Config
from empath.mail.lookup import Failed, Kind, Question, Security
from empath.policy.health import Diagnosis, Level

_WITHIN_S: Final = 3.0
_SYSTEM: Final = "/etc/resolv.conf"


def diagnose_name_servers(config: Config) -> Iterator[Diagnosis]:
    """Ask each name server by itself: one that is silent holds up every question that comes to it."""
    from empath.net.parallel import ask_each  # noqa: PLC0415 - slow to load
    from empath.net.resolv_conf import ResolvConf  # noqa: PLC0415 - slow to load
    from empath.net.resolver import DnsResolver  # noqa: PLC0415 - slow to load

    system = ResolvConf(_SYSTEM)
    if not config.dns.nameservers:
        system.follow()
    servers = tuple(map(str, config.dns.nameservers)) or system.servers.addresses
    is_checked = config.dns.dnssec != "off"
    resolvers = [
        DnsResolver(
            (each,), timeout_s=_WITHIN_S, try_timeout_s=_WITHIN_S, with_dnssec=is_checked, is_trusted=lambda _: True
        )
        for each in servers
    ]
    answers = ask_each(resolvers, Question(str(config.hostname), Kind.A), _WITHIN_S)
    for server, answer in zip(servers, answers, strict=True):
        if isinstance(answer, Failed):
            remedy = "mend it, or take it out of [dns] nameservers or /etc/resolv.conf"
            yield Diagnosis("name server", Level.WARNING, f"{server}: {answer.why}", remedy)
        elif is_checked and answer.security is Security.UNCHECKED:
            found = f"{server} answers, and does not validate DNSSEC, which [dns] dnssec asks for"
            yield Diagnosis(
                "name server", Level.WARNING, found, "name one that validates, such as unbound on this host"
            )
        else:
            yield Diagnosis("name server", Level.OK, f"{server} answers")
