"""
lookup - questions to the DNS and their answers

A closed set of answers: records, no such records, or a failure, which says neither.  After a failure mail waits; it
never bounces because of one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """Types of record, by their name in the DNS."""

    MX = "MX"
    A = "A"
    AAAA = "AAAA"
    PTR = "PTR"
    TXT = "TXT"

    __hash__ = str.__hash__  # Enum's own is slow Python code, which each cache look-up would run


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


@dataclass(frozen=True, slots=True)
class Addresses:
    """A or AAAA records as text in the shortest form, at least one."""

    records: tuple[str, ...]
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Texts:
    """
    PTR or TXT records, at least one.

    Shape: a PTR record is a name as in Question; a TXT record is any text, its strings joined.
    """

    records: tuple[str, ...]
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such record, RFC 2308 §2. why: `NXDOMAIN` (no such name) or `NODATA` (none of this type)."""

    why: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer: a server's error, silence or an unusable reply. why: a few words in printable ASCII."""

    why: str
    ttl_s: float = 5.0  # RFC 9520 §3.2: at least one second, so that a dead zone is not asked without end


LookupAnswer = Exchangers | Addresses | Texts | Absent | Failed
