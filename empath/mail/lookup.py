"""
lookup - questions to the DNS and their answers

A closed set of answers: records, no such records, or a failure, which says neither.  After a failure mail waits; it
never bounces because of one.  Each answer tells what is known of its DNSSEC.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """Types of record, by their name in the DNS."""

    MX = "MX"
    A = "A"
    AAAA = "AAAA"
    PTR = "PTR"
    TXT = "TXT"
    TLSA = "TLSA"
    CNAME = "CNAME"

    __hash__ = str.__hash__  # Enum's own is slow Python code, which each cache look-up would run


class Security(StrEnum):
    """What a validating resolver says of an answer, RFC 4035 §4.3."""

    SECURE = "secure"  # all of it has been validated
    INSECURE = "insecure"  # not signed, or not by a chain from a trust anchor
    BOGUS = "bogus"  # it is signed, and the signatures are wrong: always a failure
    UNCHECKED = "unchecked"  # no resolver that is trusted was asked about it

    @property
    def known(self) -> str | None:
        """The word for it, None for UNCHECKED."""
        return None if self is Security.UNCHECKED else self.value


_WEAKNESS: Final = (Security.SECURE, Security.INSECURE, Security.UNCHECKED, Security.BOGUS)


def weakest(*each: Security) -> Security:
    """The security of what was found in several steps."""
    return max(each, key=_WEAKNESS.index)


class Question(NamedTuple):
    """One look-up. Shape: name in A-labels, lower case, without the trailing dot."""

    name: str
    kind: Kind


class Exchanger(NamedTuple):
    """An MX record, RFC 5321 §5.1. Shape: preference 0..65535, lower is better; name as in Question, "" is the root."""

    preference: int
    name: str


@dataclass(frozen=True, slots=True)
class Exchangers:
    """MX records, best first, at least one. ttl_s: seconds for which they may be kept."""

    records: tuple[Exchanger, ...]
    ttl_s: float
    security: Security = Security.UNCHECKED


@dataclass(frozen=True, slots=True)
class Addresses:
    """
    A or AAAA records as text in the shortest form, at least one.

    Shape: alias_of is the name at the end of a chain of aliases, "" without aliases.
    """

    records: tuple[str, ...]
    ttl_s: float
    security: Security = Security.UNCHECKED
    alias_of: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """
    PTR, CNAME or TXT records, at least one.

    Shape: a PTR or CNAME record is a name as in Question; a TXT record is any text, its strings joined.
    """

    records: tuple[str, ...]
    ttl_s: float
    security: Security = Security.UNCHECKED


class TlsaRecord(NamedTuple):
    """A TLSA record, RFC 6698 §2.1. Shape: usage, selector and matching are 0..255; data as in the record."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()}"


@dataclass(frozen=True, slots=True)
class TlsaRecords:
    """TLSA records, at least one."""

    records: tuple[TlsaRecord, ...]
    ttl_s: float
    security: Security = Security.UNCHECKED


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such record, RFC 2308 §2. why: `NXDOMAIN` (no such name) or `NODATA` (none of this type)."""

    why: str
    ttl_s: float
    security: Security = Security.UNCHECKED


@dataclass(frozen=True, slots=True)
class Failed:
    """
    No answer: a server's error, silence or an unusable reply. why: a few words in printable ASCII.

    is_refused: a server answered, and said that it cannot; the reason may be a signature that is wrong.
    """

    why: str
    ttl_s: float = 5.0  # RFC 9520 §3.2: at least one second, so that a dead zone is not asked without end
    security: Security = Security.UNCHECKED
    is_refused: bool = field(default=False, compare=False)


LookupAnswer = Exchangers | Addresses | Texts | TlsaRecords | Absent | Failed
