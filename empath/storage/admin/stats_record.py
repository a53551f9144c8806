"""stats_record - the counts of the queue as JSON: the same for empath-admin and for the API"""

from typing import Any

from empath.mail.identity import Timestamp
from empath.storage.admin.records import Stats


def stats_record(stats: Stats, now: Timestamp) -> dict[str, Any]:
    """What `stats --json` prints."""
    return {
        "at": now.iso8601(),
        "is_frozen": stats.pauses.frozen_since is not None,
        "frozen_since": stats.pauses.frozen_since,
        "suspended_destinations": stats.pauses.suspended,
        "messages": stats.messages,
        "size_octets": stats.size_octets,
        "oldest_received_at": stats.oldest_received_at,
        "oldest_age_s": oldest_age_s(stats, now),
        "recipients": stats.recipients,
        "destinations": stats.destination_count,
        "top_destinations": stats.top_destinations,
    }


def oldest_age_s(stats: Stats, now: Timestamp) -> int | None:
    """Whole seconds since the oldest live message was accepted; None without one."""
    if stats.oldest_received_at is None:
        return None
    return max(0, int(now - stats.oldest_received_at))  # never negative: the clock may have been set back
