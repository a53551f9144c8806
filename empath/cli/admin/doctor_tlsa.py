"""doctor_tlsa - whether the TLSA records of this host are those of its certificate"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from empath.cli.admin.doctor_sts import Presented, presented_for
from empath.config import Config
from empath.config.tables.receiving import Listener
from empath.config.tables.tls import TlsMode
from empath.mail.lookup import Absent, Failed, Kind, Question, TlsaRecords
from empath.policy.health import Diagnosis, Level
from empath.policy.own_zone import SMTP_PORT, tlsa_name, tlsa_record

if TYPE_CHECKING:
    from empath.net.resolver import Resolver

_WITHIN_S: Final = 3.0


def diagnose_tlsa(config: Config, resolver: "Resolver", presented: Presented, now: float) -> Iterator[Diagnosis]:
    """Compare the records of port 25 with the certificate there. Hosts that check them go away if they differ."""
    has_tls = any(each.tls is not TlsMode.NONE and _port(each) == SMTP_PORT for each in config.listeners)
    if not has_tls or not presented:
        return
    own = presented_for(config, str(config.hostname), presented)  # a host that checks it names this one, RFC 7672 §8.1
    from empath.policy.dane_match import matches, subject_public_key_info  # noqa: PLC0415 - it loads cryptography

    name = tlsa_name(str(config.hostname))
    [answer] = resolver.look_up([Question(name, Kind.TLSA)], _WITHIN_S)
    match answer:
        case TlsaRecords(records):
            if matches(records, [own.der, *own.issuers], [str(config.hostname)], now) is not None:
                yield Diagnosis("TLSA", Level.OK, f"{name} is of {own.path}")
                return
            key = subject_public_key_info(own.der) or b""
            remedy = f"publish {tlsa_record(key)} at {name}, or remove the records"
            found = f"{name} is not of {own.path}: hosts that check it deliver nothing"
            yield Diagnosis("TLSA", Level.WARNING, found, remedy)
        case Absent():
            yield Diagnosis("TLSA", Level.OK, f"{name} has no record, so hosts do not insist on the certificate")
        case Failed(why):
            remedy = "other hosts may deliver nothing while this fails: look at the name servers of the zone"
            yield Diagnosis("TLSA", Level.WARNING, f"{name}: the look-up failed: {why}", remedy)


def _port(listener: Listener) -> int | None:
    return None if listener.endpoint is None else listener.endpoint.port
