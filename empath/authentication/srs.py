"""
srs - the sender of forwarded mail as an address of this host, and back: Sender Rewriting Scheme

THEORY
    A forwarder that keeps the reverse-path fails SPF, so it gives an address of its own that has the first one in it.
    The day and a keyed hash stand in it, too: without them anyone could send through this host to anyone.  A second
    forwarder names the first one and adds its own hash (SRS1), and a third replaces the second, so that the address
    does not grow.  The way back leads to the first forwarder, which checks its own hash.  It gets its address back with
    the separator that it had: to a host that writes `SRS0+`, `SRS0=` may be somebody else.

RULES
    The hash has one length, and is compared whole and in constant time.
    Hosts on the way may change the case of a local part, so case makes no difference.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.authentication.keyed_hash import is_keyed, keyed_hash

MAX_AGE_DAYS: Final = 21
_LENGTH: Final = 8  # of a hash
_DAYS: Final = 1024  # after which stamps repeat
_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_OF_FIRST: Final = re.compile(r"SRS0([=+-].+)", re.IGNORECASE | re.DOTALL)
_OF_LATER: Final = re.compile(r"SRS1[=+-][^=]*=([^=]+)=([=+-].+)", re.IGNORECASE | re.DOTALL)
_FIRST: Final = re.compile(r"SRS0[=+-]([^=]*)=([A-Z2-7]{2})=([^=]+)=(.*)", re.IGNORECASE | re.DOTALL)
_LATER: Final = re.compile(r"SRS1[=+-]([^=]*)=([^=]+)=([=+-].*)", re.IGNORECASE | re.DOTALL)


class Sender(NamedTuple):
    """An address that came back. Shape: local_part as it was given to `forward`, perhaps in another case."""

    local_part: str
    domain: str


def forward(local_part: str, domain: str, secret: bytes, day: int) -> str:
    """
    The local part of the sender of forwarded mail from `local_part@domain`. *day* counts the days since 1970.
    """
    if (first := _OF_FIRST.fullmatch(local_part)) is not None:
        return _later(domain, first[1], secret)
    if (later := _OF_LATER.fullmatch(local_part)) is not None:
        return _later(later[1], later[2], secret)
    stamp = _DIGITS[day % _DAYS // 32] + _DIGITS[day % 32]
    return f"SRS0={keyed_hash(secret, stamp, domain, local_part, length=_LENGTH)}={stamp}={domain}={local_part}"


def reverse(local_part: str, secrets: Sequence[bytes], day: int) -> Sender | None:
    """
    To whom mail for this local part goes; None if this host has not given it out, or longer than three weeks ago.

    *secrets* are those that this host has used lately.
    """
    if (first := _FIRST.fullmatch(local_part)) is not None:
        digest, stamp, domain, local = first.groups()
        if is_keyed(digest, secrets, stamp, domain, local, length=_LENGTH) and _age(stamp, day) <= MAX_AGE_DAYS:
            return Sender(local, domain)
    elif (later := _LATER.fullmatch(local_part)) is not None:
        digest, domain, rest = later.groups()
        if is_keyed(digest, secrets, domain, rest, length=_LENGTH):
            return Sender(f"SRS0{rest}", domain)
    return None


def _later(domain: str, rest: str, secret: bytes) -> str:
    return f"SRS1={keyed_hash(secret, domain, rest, length=_LENGTH)}={domain}={rest}"


def _age(stamp: str, day: int) -> int:
    high, low = map(_DIGITS.index, stamp.upper())
    return (day - 32 * high - low) % _DAYS
