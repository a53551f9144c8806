"""
webhook - what the answer of an HTTP endpoint means for the mail that it was sent, and the signature of a request
"""

import hashlib
import hmac
from email.utils import parsedate_to_datetime
from typing import Final

from empath.mail.reply import EnhancedStatus, Reply

LONGEST_WAIT_S: Final = 86_400.0  # that a Retry-After may ask for

# Of 4xx, those that say "later", and those that refuse this host and not the mail: a mistake of ours bounces nothing.
_LATER: Final = frozenset({408, 423, 425, 429})
_OUR_MISTAKE: Final = frozenset({401, 405, 407, 421, 426})
_MAX_WORDS: Final = 300  # characters of the answer in a reply
_DELIVERED: Final = EnhancedStatus(2, 0, 0)
_NOT_NOW: Final = EnhancedStatus(4, 3, 0)
_MISCONFIGURED: Final = EnhancedStatus(4, 3, 5)
_REFUSED: Final = EnhancedStatus(5, 3, 0)


def reply_of(name: str, status: int, body: bytes) -> Reply:
    """The reply that an HTTP status stands for: 2xx delivers, most of 4xx bounce, everything else defers."""
    words = _words(body)
    text = f"{name}: HTTP status {status}{f': {words}' if words else ''}"
    if 200 <= status < 300:
        return Reply(250, _DELIVERED, text)
    if status in _OUR_MISTAKE or 300 <= status < 400:  # another place, to which no mail is sent unasked
        return Reply(451, _MISCONFIGURED, text)
    if 400 <= status < 500 and status not in _LATER:
        return Reply(550, _REFUSED, text)
    return Reply(451, _NOT_NOW, text)


def retry_after_s(value: str, now: float) -> float | None:
    """Seconds that a Retry-After asks for (RFC 9110 §10.2.3), at most a day; None if it does not say."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_S)
    try:
        instant = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, instant - now), LONGEST_WAIT_S)


def begin_signature(secret: bytes, now: int) -> hmac.HMAC:
    """The signature of a request with the field Empath-Timestamp of *now*; what is signed is added to it."""
    return hmac.new(secret, f"{now}.".encode(), hashlib.sha256)


def signature_field(signature: hmac.HMAC) -> tuple[str, str]:
    """The field that has the *signature*."""
    return "Empath-Signature", f"sha256={signature.hexdigest()}"


def header_text(address: str) -> str:
    """*address* for a header field: octets other than printable ASCII, and "%", as "%" and two hexadecimal digits."""
    return "".join(chr(o) if 0x20 < o < 0x7F and o != 0x25 else f"%{o:02X}" for o in address.encode())


def _words(body: bytes) -> str:
    """The first line that says something, in printable text."""
    line = body.decode("utf-8", "replace").strip().split("\n", 1)[0].strip()
    return "".join(each if each.isprintable() else "?" for each in line)[:_MAX_WORDS]
