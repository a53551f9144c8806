"""
keyed_hash - a short hash with a secret, by which this host knows what it has given out

RULES
    The hash has one length, and is compared whole and in constant time.
    Hosts on the way may change the case of a local part, so case makes no difference.
"""

import base64
import hmac
from collections.abc import Sequence


def keyed_hash(secret: bytes, *parts: str, length: int) -> str:
    """The first *length* characters of HMAC-SHA-256 over *parts*, in base32."""
    text = "\0".join(parts).lower().encode(errors="surrogateescape")
    return base64.b32encode(hmac.digest(secret, text, "sha256"))[:length].decode()


def is_keyed(digest: str, secrets: Sequence[bytes], *parts: str, length: int) -> bool:
    """Whether *digest* is the hash of *parts* with one of *secrets*, those that this host has used lately."""
    given = digest.upper().encode(errors="replace")
    is_known = False
    for secret in secrets:  # all are compared, so that the time does not tell which one fits
        is_known |= hmac.compare_digest(keyed_hash(secret, *parts, length=length).encode(), given)
    return is_known
