"""
tls_proof - whether a host proved its identity as its demand asks

The chain of a `verify` was checked by OpenSSL against the known authorities before.  Its names are compared here: a
certificate may be for the host or for the domain.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from empath.mail.printable import printable
from empath.policy.certificate_path import Certificate, is_named, read_certificate
from empath.policy.dane_match import matches
from empath.policy.tls_demand import HostDemand, TlsLevel

_NAMES_SHOWN = 3
_LONGEST_SHOWN = 255  # characters; a certificate may have any text for a name


class Proof(NamedTuple):
    """
    What a certificate proved.

    Shape: failure says why it did not prove what it had to, "" if it did; how says by what it did, "" where nothing had
    to be proved.
    """

    how: str = ""
    failure: str = ""


def prove(demand: HostDemand, chain_der: Sequence[bytes], now: float) -> Proof:
    """
    Judge the certificate of a host.

    Args:
        chain_der: what the host sent, its own certificate first.
        now: Unix seconds.
    """
    level = demand.level
    if level in (TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT):
        return Proof()
    if not chain_der:
        return Proof(failure="the host shows no certificate")
    if level is TlsLevel.FINGERPRINT:
        shown = hashlib.sha256(chain_der[0]).hexdigest()
        if shown in demand.fingerprints:
            return Proof(f"fingerprint SHA256:{shown}")
        return Proof(failure=f"the certificate has another fingerprint, SHA256:{shown}")
    if level is TlsLevel.DANE:
        found = matches(demand.records, chain_der, demand.names, now)
        return Proof(str(found)) if found else Proof(failure="the certificate matches no TLSA record")
    return _named(read_certificate(chain_der[0]), demand.names)


def _named(certificate: Certificate | None, names: Sequence[str]) -> Proof:
    if certificate is None:
        return Proof(failure="the certificate cannot be read")
    for name in names:
        if is_named(certificate, [name]) or name in certificate.addresses:
            return Proof(f"certificate for {name}")
    shown = ", ".join(printable(name[:_LONGEST_SHOWN]) for name in certificate.names[:_NAMES_SHOWN]) or "no name"
    return Proof(failure=f"the certificate is for {shown}, and not for {' or '.join(names)}")
