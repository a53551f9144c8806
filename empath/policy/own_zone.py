"""
own_zone - the records of the DNS that a host of the Internet needs for its mail, as lines of a zone

Without forward and reverse names other hosts refuse its mail, without SPF, DKIM and DMARC they take it for spam.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from empath.policy import sts, tlsrpt

_STRING_OCTETS: Final = 255  # RFC 1035 §3.3: the length of one string of a TXT record
SMTP_PORT: Final = 25


@dataclass(frozen=True, slots=True)
class OwnZone:
    """
    What is to be published.

    Shape: hostname and domains in A-labels; addresses those from which and to which mail goes, may be empty; keys are
    selector, domain and record of each key that signs; policies and tls_reports by domain; sends_itself: mail to others
    does not go by a smarthost; public_key is the SubjectPublicKeyInfo of the certificate of port 25, in DER.
    """

    hostname: str
    domains: tuple[str, ...]
    addresses: tuple[str, ...]
    keys: tuple[tuple[str, str, str], ...]
    policies: dict[str, sts.StsPolicy]
    dmarc_reports: str | None
    tls_reports: str | None
    sends_itself: bool
    public_key: bytes


def txt_line(name: str, text: str) -> str:
    """A TXT record as a line of a zone: its strings have at most 255 octets each, RFC 6376 §3.6.2.2."""
    strings = " ".join(f'"{text[at : at + _STRING_OCTETS]}"' for at in range(0, len(text), _STRING_OCTETS))
    return f"{name}. IN TXT ( {strings} )"


def tlsa_record(public_key: bytes) -> str:
    """The record that binds a host to the key of its certificate, whoever signed it: DANE-EE(3) SPKI(1) SHA-256(1)."""
    return f"3 1 1 {hashlib.sha256(public_key).hexdigest()}"


def tlsa_name(hostname: str) -> str:
    """The name of the TLSA record of port 25, RFC 7672 §2.2."""
    return f"_{SMTP_PORT}._tcp.{hostname}"


def zone_lines(zone: OwnZone) -> Iterator[str]:
    """The records, and comments for what depends on others."""
    yield from _of_host(zone)
    for domain in zone.domains:
        yield ""
        yield from _of_domain(zone, domain)


def _of_host(zone: OwnZone) -> Iterator[str]:
    name = zone.hostname
    yield f"; {name}, the host itself"
    for address in zone.addresses:
        yield f"{name}. IN {'AAAA' if ':' in address else 'A'} {address}"
    if not zone.addresses:
        yield f"; {name}. IN A and AAAA: the addresses of this host"
    # What it says in EHLO counts for reports, which have no sender, RFC 7208 §2.4. Two records would be an error, §4.5.
    if zone.sends_itself and name not in zone.domains:
        yield txt_line(name, "v=spf1 a -all")
    yield "; Of use where the zone is signed (DNSSEC). It is of the key: renew the certificate with the same one."
    yield f"{tlsa_name(name)}. IN TLSA {tlsa_record(zone.public_key)}"
    yield "; The provider of the addresses makes these; other hosts refuse mail from an address without."
    for address in zone.addresses:
        yield f"{ip_address(address).reverse_pointer}. IN PTR {name}."
    if not zone.addresses:
        yield f"; the reverse name of each address: IN PTR {name}."


def _of_domain(zone: OwnZone, domain: str) -> Iterator[str]:
    yield f"; {domain}, a domain that it receives mail for"
    yield f"{domain}. IN MX 10 {zone.hostname}."
    if zone.sends_itself:
        yield "; Once nothing else sends mail of this domain, say -all."
        yield txt_line(domain, "v=spf1 mx ~all")
    else:
        yield "; SPF: the record that the provider of the smarthost names."
    for selector, of_domain, record in zone.keys:
        if of_domain == domain:
            yield txt_line(f"{selector}._domainkey.{domain}", record)
    reports = f"; rua=mailto:{zone.dmarc_reports}" if zone.dmarc_reports is not None else ""
    yield "; Once the reports are well, say p=quarantine, then p=reject."
    yield txt_line(f"_dmarc.{domain}", f"v=DMARC1; p=none{reports}")
    reporter = (zone.dmarc_reports or "").rpartition("@")[2]
    if reporter == domain:  # RFC 9990 §4: reports about another domain must be wanted
        for other in zone.domains:
            if other != domain:
                yield txt_line(f"{other}._report._dmarc.{domain}", "v=DMARC1")
    if zone.tls_reports is not None:
        yield txt_line(tlsrpt.record_name(domain), tlsrpt.record_of([zone.tls_reports]))
    policy = zone.policies.get(domain)
    if policy is not None:
        yield txt_line(sts.record_name(domain), sts.record_of(policy))
        yield f"; It counts once {sts.policy_url(domain)} can be read, with a certificate that everybody believes."
        yield f"{sts.policy_host(domain)}. IN CNAME {zone.hostname}."
