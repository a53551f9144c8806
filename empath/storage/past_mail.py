"""
past_mail - the index of mail that was, which remembers longer than the queue does

THEORY
    The index is a file of its own, track.db next to the queue.  The housekeeper follows the queue by numbers: what was
    accepted, attempted and ordered since its marks.  It writes what it read and the marks in one transaction, so that
    an end at any instant loses nothing and adds nothing twice.  No other process waits for the index, and none needs
    it: if it is removed or damaged, it is made again of what the queue still knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

FILE: Final = "track.db"


class PastEntry(NamedTuple):
    """One recipient. Shape: as the columns of _mail in sql/sqlite/track/schema.sql."""

    recipient_id: int
    id: str
    status: str
    sender: str
    recipient: str
    domain: str
    destination: str
    attempts: int
    host: str | None
    last_reply: str | None
    reason: str | None
    received_at: float
    settled_at: float | None
    size: int
    subject: str | None
    message_id: str | None
    client: str | None
    account: str | None


class Mark(NamedTuple):
    """How far the queue with the key *queue* was read: the last numbers."""

    queue: str
    recipients: int
    attempts: int
    orders: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Conditions that must all hold; None means no condition.

    Shape: words are what a person types, each a word, an address or an id; `*` at its end stands for any end. The
    others are as of a Selection.
    """

    words: tuple[str, ...] = ()
    domain: str | None = None
    sender: str | None = None
    recipient: str | None = None
    status: str | None = None
    destination: str | None = None
    received_after: float | None = None
    received_before: float | None = None
    reply: str | None = None
    subject: str | None = None
    message_id: str | None = None


class PastMail(Protocol):
    """
    An index, as a command uses it; each call opens the file for its own time.

    Raises:
        QueueBusy: another program has held its write lock.
        UnusableQueue: the file is of another program, or of a newer Empath.
        StorageFailure: it cannot be read or written; a damaged one is a DamagedQueue.
    """

    @property
    def location(self) -> str:
        """The file."""

    @property
    def exists(self) -> bool:
        """Whether there is one."""

    def mark(self) -> Mark | None:
        """How far it is; None: nothing is in it yet."""

    def damages(self) -> list[str]:
        """What is damaged in the file, a few lines at most."""

    def find(self, wanted: Wanted, limit: int) -> list[PastEntry]:
        """Up to *limit* recipients, the newest first."""

    def text_of(self, wanted: Wanted, limit: int) -> str:
        """What gives the same rows, for words alone, in a shell on the queue that has the index attached."""

    def named(self, pattern: str) -> Iterable[PastEntry]:
        """Those with a text LIKE *pattern*, in which `!` escapes."""

    def overwrite(self, entries: Sequence[PastEntry]) -> None:
        """Write *entries* in the place of those with their numbers, so that no octet of the old text is left."""


class PastMailWriter(Protocol):
    """
    The write side, in one thread at a time.

    Raises: as PastMail. After DamagedQueue, `renew` may put the file aside.
    """

    @property
    def location(self) -> str:
        """The file."""

    def open(self) -> bool:
        """Open the file, or make it; False if it is open already, and was neither removed nor replaced."""

    def mark(self) -> Mark | None:
        """How far it is; None: nothing is in it yet."""

    def newest(self, recipients: int, limit: int) -> list[tuple[int, str]]:
        """Numbers and queue ids of up to *limit* rows, none above *recipients*, the newest first."""

    def begin(self, mark: Mark, *, keep_up_to: int) -> None:
        """Begin at *mark*, and keep rows up to the recipient *keep_up_to* only."""

    def add(self, entries: Sequence[PastEntry], mark: Mark) -> None:
        """Add *entries*, or write them anew, and move to *mark*."""

    def trim(self, before: float, most: int, *, now: float) -> int:
        """
        Remove some rows that are from before *before* in Unix seconds, or more than *most*; how many.

        Rows from after *now*, which a wrong clock has made, keep no other row.
        """

    def renew(self) -> str:
        """Put a damaged file aside, and return its new name; the next `open` makes another."""

    def close(self) -> None:
        """Close the file."""
