"""
dns_rows - answers of the DNS that workers share as rows, and the orders to ask anew

THEORY
    A worker reads a row before it asks a name server.  Its own answers are gathered, and written once a second, some
    hundred in a commit: a look-up never waits for the disk.  The rows are a cache: what cannot be read or written is
    asked again, and no mail waits for it.
    An order names what is to be asked anew.  Each process looks for orders as often as it writes.  A write tells up to
    which order its answers are, so an answer from before an order never comes back.
"""

import time
from collections.abc import Callable
from typing import Final

from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.mail.lookup import LookupAnswer, Question, Security
from empath.net.dns_cache import CachingResolver, SharedAnswer
from empath.storage.engine import Reader
from empath.storage.queue.dns_cache import Asked, KeepAnswers, Orders, find_answer, last_order, orders_since

WRITE_S: Final = 0.5  # pause between two looks for orders, and two writes
AT_ONCE: Final = 200  # answers of one commit
MOST: Final = 2_000  # answers that wait to be written; a further one is not shared


class DnsRows:
    """
    SharedAnswers of a process: reads rows, and gathers answers to write.

    *needs_dnssec*: a row whose security is unknown is of no use.
    """

    def __init__(self, reader: Reader, *, needs_dnssec: bool, clock: Callable[[], float] = time.time) -> None:
        self._reader = reader
        self._needs_dnssec = needs_dnssec
        self._clock = clock
        self._seen: int | None = None  # number of the last order that was heeded, None before the first look
        self._waiting: dict[Question, Asked] = {}

    def find(self, question: Question) -> SharedAnswer | None:
        """See SharedAnswers."""
        try:
            kept = find_answer(self._reader, question, self._clock())
        except EmpathError:
            return None
        if kept is None or (self._needs_dnssec and kept.answer.security is Security.UNCHECKED):
            return None
        return SharedAnswer(*kept)

    def store(self, question: Question, answer: LookupAnswer, stale_s: float) -> None:
        """See SharedAnswers."""
        if len(self._waiting) < MOST:
            self._waiting[question] = Asked(question, answer, stale_s, self._clock())

    def orders(self) -> Orders:
        """
        The names to ask about anew since the last call, all at the first: what is known by then may be from before an
        order. Their answers are not written either.

        Raises:
            QueueBusy, StorageFailure: they cannot be read.
        """
        if self._seen is None:
            self._seen = last_order(self._reader)
            self._waiting.clear()
            return Orders(self._seen, None)
        found = orders_since(self._reader, self._seen)
        self._seen = found.last
        for question in [each for each in self._waiting if found.names is None or each.name in found.names]:
            del self._waiting[question]
        return found

    def writes(self) -> list[KeepAnswers]:
        """The answers gathered so far, to be written; none before orders were read."""
        if self._seen is None:
            return []
        waiting, self._waiting = list(self._waiting.values()), {}
        seen = self._seen
        return [KeepAnswers(waiting[at : at + AT_ONCE], seen=seen) for at in range(0, len(waiting), AT_ONCE)]


def keep_in_step(runtime: Runtime, rows: DnsRows, resolver: CachingResolver) -> None:
    """Write the answers of this process, and heed orders, until it drains."""
    while not runtime.draining.is_set():
        try:
            names = rows.orders().names
            if names is None or names:
                resolver.forget(names)
            for write in rows.writes():
                runtime.writer.commit(write)
        except EmpathError:
            pass  # the answers are asked again; a queue that cannot be written shows elsewhere
        runtime.draining.wait(WRITE_S)
