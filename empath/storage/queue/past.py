"""
past - follow the queue for the index of past mail

A step reads at one instant what was accepted, attempted and ordered since the marks.  A recipient that several of these
name is read once.  Recipients above the mark are read in their turn, so attempts of theirs need no second look.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from empath.message.encoded_words import decoded
from empath.storage.engine import Reader, Selects
from empath.storage.past_mail import Mark, PastEntry
from empath.storage.spool_owner import key_of_queue

SLICE: Final = 500  # rows of each kind that one step reads
_MOST_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """What a step has read: the recipients as they are now, and the mark behind it; is_last: nothing more is there."""

    entries: Sequence[PastEntry]
    mark: Mark
    is_last: bool


def first_mark(reader: Selects) -> Mark:
    """
    The mark of an index that begins with all that the queue has.

    Attempts and orders that are there already are in the state of their recipients.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    _, attempts, orders = _ends(reader)
    return Mark(key_of_queue(reader) or "", 0, attempts, orders)


def kept_up_to(reader: Selects, mark: Mark, newest: Iterable[tuple[int, str]]) -> int | None:
    """
    The last recipient up to which an index at *mark* is one of this queue; None: all of it is.

    A queue that was restored from a backup gives numbers again. *newest* are numbers and queue ids of the last rows.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    if mark.queue != (key_of_queue(reader) or ""):
        return 0
    ends = _ends(reader)
    of_index = dict(newest)
    of_queue: dict[int, str] = dict(reader.rows("past.ids", {"numbers": [*of_index]}))
    other = [number for number, ulid in of_index.items() if of_queue.get(number, ulid) != ulid]
    last = min([ends[0], *(number - 1 for number in other)])
    return last if other or mark.recipients > ends[0] or mark.attempts > ends[1] or mark.orders > ends[2] else None


def step(reader: Reader, mark: Mark) -> Step:
    """
    Read on from *mark*.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    with reader.one_instant():
        accepted = [number for (number,) in reader.rows("past.accepted", _from(mark.recipients))]
        attempted = reader.rows("past.attempted", _from(mark.attempts))
        ordered = reader.rows("past.ordered", _from(mark.orders))
        after = Mark(
            mark.queue,
            accepted[-1] if accepted else mark.recipients,
            attempted[-1][0] if attempted else mark.attempts,
            ordered[-1][0] if ordered else mark.orders,
        )
        named = {number for _, number in (*attempted, *ordered) if number is not None and number <= mark.recipients}
        numbers = sorted({*accepted, *named})
        entries = [*refreshed(reader, numbers).values()] if numbers else []
    return Step(entries, after, max(len(accepted), len(attempted), len(ordered)) < SLICE)


def refreshed(reader: Selects, numbers: Sequence[int]) -> dict[int, PastEntry]:
    """
    Those of the recipients *numbers* that the queue has, as they are now.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return {row[0]: _readable(PastEntry(*row)) for row in reader.rows("past.rows", {"numbers": numbers})}


def unread_since(reader: Selects, mark: Mark) -> float | None:
    """
    The instant of the first that an index at *mark* has not read, in Unix seconds; None: it has read all.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    since: float | None = reader.value("past.unread_since", mark._asdict())
    return since


def _ends(reader: Selects) -> tuple[int, int, int]:
    [(recipients, attempts, orders)] = reader.rows("past.ends")
    return recipients, attempts, orders


def _from(after: int) -> dict[str, int]:
    return {"after": after, "limit": SLICE}


def _readable(entry: PastEntry) -> PastEntry:
    """*entry* with its subject as people read it."""
    return entry if entry.subject is None else entry._replace(subject=decoded(entry.subject)[:_MOST_SUBJECT])
