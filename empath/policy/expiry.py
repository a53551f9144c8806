"""expiry - when the end of a certificate is worth a word, and in which words"""

import math
from typing import Final

from empath.policy.health import Level

NOTICE_S: Final = 21 * 86_400.0  # ACME clients renew a month before the end: by then one has failed for a week


def expiry_level(expires_at: float, now: float) -> Level:
    """ERROR once the certificate has expired, WARNING from three weeks before; both in Unix seconds."""
    if expires_at <= now:
        return Level.ERROR
    return Level.WARNING if expires_at - now <= NOTICE_S else Level.OK


def expiry_words(expires_at: float, now: float) -> str:
    """`expires in 12 days`, `expired 3 days ago`; parts of a day count as a day."""
    days = math.ceil(abs(expires_at - now) / 86_400)
    count = f"{days} day{'s' * (days != 1)}"
    return f"expired {count} ago" if expires_at <= now else f"expires in {count}"
