"""pauses - the words for a frozen delivery and for suspended destinations, with the way to end them"""

import re
from collections.abc import Sequence
from typing import Final

from empath.mail.status import WAITING
from empath.mail.words import instant
from empath.storage.admin.pauses import Pauses, Suspension, is_for_warmup, pauses_of, remedy, resume_command
from empath.storage.admin.records import LiveRecipient, Recipient

_MOST_NAMED: Final = 5
_SENDER_RATE: Final = "sender rate"  # as in the view queue
_SUSPENDED: Final = re.compile(r"suspended until [^(]+ \((?P<reason>.*)\)", re.DOTALL)


def pause_words(pauses: Pauses) -> str:
    """A line for each pause; empty if due mail goes out."""
    lines = []
    if pauses.frozen_since is not None:
        lines.append(f"delivery is frozen since {pauses.frozen_since}; nothing goes out before `empath-admin thaw`")
    for each in pauses.suspensions:
        until = instant(each.suspended_until)
        why = f" ({each.reason})" if each.reason else ""
        end = f"to end that: {resume_command(each.destination, each.reason)}"
        if is_for_warmup(each.reason):
            end = f"to end that, {remedy(each.destination, each.reason)}"
        lines.append(f"{each.destination} is suspended until {until}{why}; {end}")
    more = pauses.suspended - len(pauses.suspensions)
    if more:
        where = "suspended_until_unix > unixepoch()"
        lines.append(f'{more} more are suspended: empath-admin sql "SELECT * FROM destination WHERE {where}"')
    return "\n".join(lines)


def pauses_of_rows(rows: Sequence[LiveRecipient | Recipient], frozen_since: str | None) -> Pauses:
    """The pauses that concern the waiting mail among *rows*."""
    waiting = [row for row in rows if row.status in WAITING]
    found = {
        row.destination: Suspension(row.destination, row.suspended_until, _reason(row.blocked_by))
        for row in waiting
        if row.suspended_until is not None
    }
    return pauses_of(frozen_since if waiting else None, found.values())


def _reason(blocked_by: str | None) -> str | None:
    """The words in brackets at the end of `suspended until … (…)`."""
    match = _SUSPENDED.fullmatch(blocked_by or "")
    return match["reason"] if match is not None else None


def blocked_words(rows: Sequence[LiveRecipient | Recipient]) -> str:
    """A line for each of the first few senders and destinations that a rate, a breaker or concurrency holds back."""
    found = {
        row.destination: row.blocked_by
        for row in rows
        if row.status in WAITING
        and row.suspended_until is None
        and row.blocked_by not in (None, "frozen", _SENDER_RATE)
    }
    senders = {row.sender for row in rows if isinstance(row, LiveRecipient) and row.blocked_by == _SENDER_RATE}
    lines = [f"mail from {sender} waits for its rate in [senders]" for sender in sorted(senders)]
    lines += [f"{name} takes no mail now: {why}" for name, why in sorted(found.items())]
    more = [f"{len(lines) - _MOST_NAMED} more wait; see blocked_by in the views queue and destination"]
    return "\n".join(lines[:_MOST_NAMED] + (more if lines[_MOST_NAMED:] else []))
