"""
sources - where the pages read, and which recipients the filters of a page select
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from gevent.lock import BoundedSemaphore

from empath.daemon.httpd.history import History
from empath.daemon.process.threads import in_thread
from empath.errors import ServiceUnavailable, SyntaxViolation
from empath.storage.admin.records import Stats
from empath.storage.admin.selection import READERS, Selection
from empath.storage.engine import Engine
from empath.storage.past_mail import PastMail

T = TypeVar("T")
_READS: Final = 3
_TURN_S: Final = 10.0
FILTERS: Final = ("status", "recipient", "sender", "domain", "destination")


@dataclass(frozen=True, slots=True)
class Sources:
    """
    Where the pages read: the queue, the index of past mail, and what this process has counted. *node* names the host.

    *is_ending* says that this process is about to end, at a reload for example.
    """

    engine: Engine
    node: str
    history: History
    stats: Callable[[], tuple[Stats, float] | None]  # as read last in the background, and when
    is_ending: Callable[[], bool]
    past: PastMail
    turns: BoundedSemaphore = field(default_factory=partial(BoundedSemaphore, _READS))

    def read(self, work: Callable[[], T]) -> T:
        """
        Do *work*, which reads the queue, in a thread; a few at the same time.

        Raises:
            ServiceUnavailable: the turn did not come.
        """
        if not self.turns.acquire(timeout=_TURN_S):
            raise ServiceUnavailable("too many pages are being read; try again in a moment")
        try:
            return in_thread(work)
        finally:
            self.turns.release()


def selected(given: Mapping[str, str]) -> Selection:
    """The recipients that the filters *given* select. Their values are read as empath-admin reads them."""
    values: dict[str, Any] = {name: _read(name, given[name]) for name in FILTERS if name in given}
    return Selection(**values)


def _read(name: str, text: str) -> str:
    if name not in READERS:
        return text
    try:
        return READERS[name](text)
    except SyntaxViolation:
        return text  # which no mail has
