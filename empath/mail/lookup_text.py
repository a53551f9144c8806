"""
lookup_text - answers of the DNS as text, for rows and for people

A record is written as in a zone.  What is read may have been written by hand, so it is checked.
"""

import ipaddress
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
    match kind:
        case Kind.MX:
            return Exchangers(tuple(map(_exchanger, texts)), ttl_s, security)
        case Kind.A | Kind.AAAA:
            return Addresses(tuple(map(_address, texts)), ttl_s, security, alias_of)
        case Kind.TLSA:
            return TlsaRecords(tuple(map(_tlsa, texts)), ttl_s, security)
        case _:
            return Texts(tuple(texts), ttl_s, security)


def _exchanger(text: str) -> Exchanger:
    preference, _, name = text.partition(" ")
    if not (preference.isdecimal() and preference.isascii() and name) or int(preference) > _MOST_PREFERENCE:
        raise SyntaxViolation(f"not an MX record: {text!r}")
    return Exchanger(int(preference), "" if name == "." else name)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise SyntaxViolation(f"not an address: {text!r}") from exc


def _tlsa(text: str) -> TlsaRecord:
    try:
        usage, selector, matching, data = text.split(" ")
        return TlsaRecord(int(usage), int(selector), int(matching), bytes.fromhex(data))
    except ValueError as exc:
        raise SyntaxViolation(f"not a TLSA record: {text!r}") from exc
