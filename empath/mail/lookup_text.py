"""
lookup_text - answers of the DNS as text, for rows and for people

A record is written as in a zone.  What is read may have been written by hand, so it is checked.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchanger,
    Exchangers,
    Failed,
    Kind,
    LookupAnswer,
    Security,
    Texts,
    TlsaRecord,
    TlsaRecords,
)

FOUND: Final = "found"  # status of an answer with records; of another it is NXDOMAIN or NODATA
_ABSENT: Final = ("NXDOMAIN", "NODATA")
_MOST_PREFERENCE: Final = 0xFFFF
_MOST_RECORDS: Final = 1_024  # of an answer, as in net/dns_message.py
_NAME: Final = re.compile(r"[\x21-\x7e]{0,1004}")  # of at most 255 octets, each perhaps as \\DDD


def status_of(answer: LookupAnswer) -> str:
    """`found`, `NXDOMAIN`, `NODATA`, or the reason of a failure."""
    return answer.why if isinstance(answer, Absent | Failed) else FOUND


def record_texts(answer: LookupAnswer) -> list[str]:
    """Each record as a text."""
    match answer:
        case Exchangers(records):
            return [f"{preference} {name or '.'}" for preference, name in records]
        case Addresses(records) | Texts(records):
            return list(records)
        case TlsaRecords(tlsa):
            return list(map(str, tlsa))
        case _:
            return []


def read_answer(
    kind: Kind, status: str, texts: Sequence[str], *, ttl_s: float, security: Security, alias_of: str = ""
) -> LookupAnswer:
    """
    The answer that these texts stand for.

    Raises:
        SyntaxViolation: they stand for none.
    """
    if status in _ABSENT:
        return Absent(status, ttl_s, security)
    if status != FOUND or not texts:
        raise SyntaxViolation(f"not an answer of the DNS: {status}")
    if len(texts) > _MOST_RECORDS or not _NAME.fullmatch(alias_of):
        raise SyntaxViolation("not an answer of the DNS: too many records, or an odd alias")
    match kind:
        case Kind.MX:
            return Exchangers(tuple(sorted(map(_exchanger, texts))), ttl_s, security)
        case Kind.A | Kind.AAAA:
            return Addresses(tuple(_address(text, kind) for text in texts), ttl_s, security, alias_of)
        case Kind.TLSA:
            return TlsaRecords(tuple(map(_tlsa, texts)), ttl_s, security)
        case _:
            return Texts(tuple(texts), ttl_s, security)


def _exchanger(text: str) -> Exchanger:
    preference, _, name = text.partition(" ")
    if not (preference.isdecimal() and preference.isascii() and name) or int(preference) > _MOST_PREFERENCE:
        raise SyntaxViolation(f"not an MX record: {text!r}")
    if not _NAME.fullmatch(name):
        raise SyntaxViolation(f"not an MX record: {text!r}")
    return Exchanger(int(preference), "" if name == "." else name)


def _address(text: str, kind: Kind) -> str:
    try:
        return str(ipaddress.IPv4Address(text)) if kind is Kind.A else _plain_ipv6(text)
    except ValueError as exc:
        raise SyntaxViolation(f"not an address: {text!r}") from exc


def _plain_ipv6(text: str) -> str:
    address = ipaddress.IPv6Address(text)
    if address.scope_id is not None:  # an interface of this host, which no record can name
        raise SyntaxViolation(f"not an address: {text!r}")
    return str(address)


def _tlsa(text: str) -> TlsaRecord:
    try:
        *numbers, data = text.split(" ")
        usage, selector, matching = bytes(map(int, numbers))
        return TlsaRecord(usage, selector, matching, bytes.fromhex(data))
    except ValueError as exc:
        raise SyntaxViolation(f"not a TLSA record: {text!r}") from exc
