"""doctor_dkim - whether all that is to sign has keys, and these have their records in the DNS"""

from collections.abc import Iterator, Sequence
from typing import Final

from empath.cli.admin.dkim import IN_FILE, PUBLISHED, UNANSWERED, keys_of, keys_of_files, record_name, records_seen
from empath.config import Config
from empath.errors import EmpathError
from empath.policy.health import Diagnosis, Level
from empath.storage.admin.records import DkimKey

_SIGN = (IN_FILE, "signing")
_SUBJECT: Final = "DKIM key"
_MEND_DNS: Final = "look at the name servers of /etc/resolv.conf or [dns] nameservers"


def diagnose_dkim(config: Config) -> Iterator[Diagnosis]:
    """Look up the records of the keys that sign, all at once. A name server may be slow, so there is no error."""
    try:
        known = keys_of(config, None)
    except EmpathError:  # the checks of the queue say more
        keys = [*keys_of_files(config)]
    else:
        keys = [key for key in known if key.state in _SIGN]
        yield from _lacking(config, keys)
    seen = records_seen(config, keys)
    for key in keys:
        found = f"{record_name(key)}: {seen[record_name(key)]}"
        if seen[record_name(key)] == PUBLISHED:
            yield Diagnosis(_SUBJECT, Level.OK, found)
        elif seen[record_name(key)].startswith(UNANSWERED):
            yield Diagnosis(_SUBJECT, Level.WARNING, found, _MEND_DNS)
        else:
            remedy = f"publish what `empath-admin dkim record {key.domain} {key.selector}` prints"
            yield Diagnosis(_SUBJECT, Level.WARNING, f"{found}; receivers take its signatures for forged", remedy)


def _lacking(config: Config, keys: Sequence[DkimKey]) -> Iterator[Diagnosis]:
    """Domains that are to sign by another setting, and of which no key signs."""
    names = {(key.domain, selector) for key in keys for selector in (key.selector, None)}
    for setting, domain, selector, consequence in _others(config):
        if (domain, selector) not in names:
            found = f"no {f'key {selector}' if selector else 'key'} of {domain} signs: {setting} has it, {consequence}"
            remedy = f"`empath-admin dkim generate {domain}` makes keys; `dkim check` has them sign once published"
            yield Diagnosis(_SUBJECT, Level.WARNING, found, remedy)


def _others(config: Config) -> Iterator[tuple[str, str, str | None, str]]:
    """Settings that name a domain which is to sign: the setting, the domain, its selector, and what comes of no key."""
    arc, dmarc, tls = config.arc, config.dmarc_reports, config.tls_reports
    if arc.domain is not None:
        yield "[arc] domain", str(arc.domain), arc.selector, "and nothing is sealed"
    if dmarc.send and dmarc.address is not None:
        yield "[dmarc_reports] address", str(dmarc.address.domain), None, "and others believe its reports by SPF alone"
    if tls.send and tls.address is not None:
        yield "[tls_reports] address", str(tls.address.domain), None, "and others take no report of TLS unsigned"
