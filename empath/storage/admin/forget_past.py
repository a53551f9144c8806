"""
forget_past - an address gives way to its pseudonym in the index of past mail, too

The queue comes first. What it still has is written to the index as the queue has it now: mail that waits keeps its
address there and here. What only the index remembers is changed here.
"""

from collections.abc import Iterator
from typing import Any, Final

from empath.policy.forgetting import Forgotten
from empath.storage.engine import Selects
from empath.storage.past_mail import PastEntry, PastMail
from empath.storage.queue.past import SLICE, refreshed

_TEXTS: Final = ("sender", "recipient", "account", "last_reply", "reason", "subject", "message_id")


def forget_past(visit: Selects, past: PastMail, forgotten: Forgotten, pattern: str, *, changes: bool) -> int:
    """
    Leave the address out of *past*, in which it is found by *pattern* of LIKE; with *changes* False only look.

    Returns the number of rows that were changed, or would be.

    Raises:
        QueueBusy, UnusableQueue, StorageFailure: the index cannot be read or written; another run finds the rest.
    """
    found = [entry for entry in past.named(pattern) if left_out(entry, forgotten) != entry]
    changed = []
    for now, entry in _beside_the_queue(visit, found):
        if now is None:
            changed.append(left_out(entry, forgotten))
        elif not changes:
            changed += [entry] if now.settled_at is not None else []
        elif left_out(now, forgotten) == now:
            changed.append(now)
    if changed and changes:
        past.overwrite(changed)
    return len(changed)


def _beside_the_queue(visit: Selects, found: list[PastEntry]) -> Iterator[tuple[PastEntry | None, PastEntry]]:
    """Each entry with what the queue says now; None: it has forgotten the mail."""
    for first in range(0, len(found), SLICE):
        part = found[first : first + SLICE]
        now = refreshed(visit, [entry.recipient_id for entry in part])
        for entry in part:
            of_queue = now.get(entry.recipient_id)
            yield (of_queue if of_queue is not None and of_queue.id == entry.id else None), entry


def left_out(entry: PastEntry, forgotten: Forgotten) -> PastEntry:
    """*entry* without the address, and without the subject and the client of its mail."""
    new: dict[str, Any] = {}
    for name in _TEXTS:
        text = getattr(entry, name)
        if text is not None:
            new[name] = forgotten.pseudonym if forgotten.is_named(text) else forgotten.left_out(text)
    if any(forgotten.is_named(each) for each in (entry.sender, entry.recipient, entry.account)):
        new["subject"] = None
    if any(forgotten.is_named(each) for each in (entry.sender, entry.account)):
        new["client"] = None
    return entry._replace(**new)
