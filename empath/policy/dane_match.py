"""
dane_match - whether the certificate of a host matches its TLSA records, RFC 6698 §2, RFC 7671, RFC 7672 §3

THEORY
    A DANE-EE record is about the certificate of the host. The DNS vouches for it, so its names and dates do not count.
    A DANE-TA record is about an issuer that the host sends with its certificate, or that the record has in full. Each
    certificate on the way to it must be signed by the next one, be valid now, and be allowed to issue; the certificate
    of the host must have one of its names. A record may also have the bare key of an issuer that is not sent.
    One record that matches is enough, so an owner can publish the next record beside the present one.
    Of the digests of one kind of record only the strongest count, RFC 7671 §9: else it is enough to break the weaker.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from empath.mail.lookup import TlsaRecord
from empath.policy.certificate_path import Certificate, is_issued_by, is_named, is_signed_by, read_certificate
from empath.policy.dane import CERTIFICATE, DANE_EE, DANE_TA, FULL, SHA_256, is_usable

_MAX_CERTIFICATES: Final = 10  # of a chain that a host sends
_MAX_KEYS: Final = 4  # bare keys that are tried


class Match(NamedTuple):
    """
    The record that a certificate matches.

    Shape: depth is 0 for the certificate of the host, 1 for its issuer, and so on.
    """

    record: TlsaRecord
    depth: int

    def __str__(self) -> str:
        return f"TLSA {self.record.usage} {self.record.selector} {self.record.matching} at depth {self.depth}"


def matches(
    records: Iterable[TlsaRecord], chain_der: Sequence[bytes], names: Sequence[str], now: float
) -> Match | None:
    """
    The first record that the certificate of a host matches.

    Args:
        chain_der: what the host sent, its own certificate first.
        names: those that a certificate under a DANE-TA record may have.
        now: Unix seconds.
    """
    usable = _strongest([record for record in records if is_usable(record)])
    if not chain_der:
        return None
    own, *others = chain_der[:_MAX_CERTIFICATES]
    for record in usable:
        if record.usage == DANE_EE and _fits(record, own):
            return Match(record, 0)
    anchors = [record for record in usable if record.usage == DANE_TA]
    leaf = read_certificate(own) if anchors else None
    if leaf is None or not is_named(leaf, names):
        return None
    return _anchored(anchors, leaf, others, datetime.fromtimestamp(now, UTC))


def _strongest(records: Sequence[TlsaRecord]) -> list[TlsaRecord]:
    """*records* without those for whose usage and selector there is a stronger digest; a whole value is no digest."""
    best: dict[tuple[int, int], int] = {}
    for record in records:
        kind = (record.usage, record.selector)
        best[kind] = max(best.get(kind, FULL), record.matching)
    return [each for each in records if each.matching in (FULL, best[each.usage, each.selector])]


def _anchored(anchors: Sequence[TlsaRecord], leaf: Certificate, others: Sequence[bytes], now: datetime) -> Match | None:
    """Follow the issuers of *leaf* until one matches a record. Each certificate is looked at once."""
    in_full = [record.data for record in anchors if (record.selector, record.matching) == (CERTIFICATE, FULL)]
    read = filter(None, map(read_certificate, dict.fromkeys((*others, *in_full))))
    left = [certificate for certificate in read if certificate.is_valid_at(now)]
    keys = [record for record in anchors if record.selector != CERTIFICATE and record.matching == FULL]
    paths = [[leaf]] if leaf.is_valid_at(now) else []
    while paths:
        path = paths.pop()
        for record in keys[:_MAX_KEYS]:
            if is_signed_by(path[-1], record.data):
                return Match(record, len(path))
        for issuer in [each for each in left if is_issued_by(path, each)]:
            for record in anchors:
                if _fits(record, issuer.der):
                    return Match(record, len(path))
            left.remove(issuer)
            paths.append([*path, issuer])
    return None


def _fits(record: TlsaRecord, der: bytes) -> bool:
    """Whether *record* has this certificate or its key."""
    if record.selector == CERTIFICATE:
        selected: bytes | None = der
    else:
        selected = subject_public_key_info(der)
    if selected is None:
        return False
    if record.matching == FULL:
        return record.data == selected
    digest = hashlib.sha256 if record.matching == SHA_256 else hashlib.sha512
    return record.data == digest(selected).digest()


def subject_public_key_info(der: bytes) -> bytes | None:
    """
    The octets of the field subjectPublicKeyInfo as the certificate has them, RFC 5280 §4.1; None if it has none.

    They are not made anew from a key: a key of an algorithm unknown here can still be compared.
    """
    try:
        at, _ = _content(der, 0)  # Certificate
        at, _ = _content(der, at)  # TBSCertificate
        if der[at] == 0xA0:  # version, which a certificate of version 1 lacks
            at = sum(_content(der, at))
        for _ in ("serialNumber", "signature", "issuer", "validity", "subject"):
            at = sum(_content(der, at))
        start, size = _content(der, at)
    except IndexError:
        return None
    end = start + size
    return der[at:end] if end <= len(der) else None


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at *at* begins, and its size."""
    size = der[at + 1]
    if size < 0x80:
        return at + 2, size
    count = size & 0x7F
    start = at + 2 + count
    der[start - 1]
    return start, int.from_bytes(der[at + 2 : start], "big")
