"""
connection_limits - the most connections to each destination, as the rules say

The limit of a destination is kept in its row, where each lease finds it.  After a change of the rules all destinations
are gone through; at other times only those that are new, because a process that made one may not have known the newest
rules.
"""

from collections.abc import Callable

from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.rules import Rules
from empath.policy.destinations.rulebook import RuleBook
from empath.storage.engine import Reader
from empath.storage.queue.destination_rules import SLICE, ResizeDestinations, destinations_after
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.housekeeper import RuleUnusable


class ConnectionLimits:
    """How far the rules have been followed."""

    def __init__(
        self, rules: Rules, reader: Reader, writer: HubWriter, emit: Emitter, rest: Callable[[], bool]
    ) -> None:
        """*rest* pauses between two slices, and says whether the round may go on."""
        self._rules = rules
        self._reader = reader
        self._writer = writer
        self._emit = emit
        self._rest = rest
        self._book: RuleBook | None = None  # by which all destinations up to `_after` have their limit
        self._after = 0
        self._news: int | None = None

    def follow(self) -> None:
        """
        Set the limits that are not as the rules say.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written.
        """
        self._rules.look()
        book, news = self._rules.book, self._reader.news()
        if book is self._book and news == self._news:
            return
        if book is not self._book:
            self._after = 0
            for rule in book.unusable if self._book is None or book.rows != self._book.rows else ():
                self._emit(RuleUnusable(rule=rule.row.rule_id, pattern=rule.row.pattern, error=rule.words))
            self._book = book
        self._news = None  # until the round is whole
        is_going = True
        while is_going:
            found = destinations_after(self._reader, self._after)
            limits = {
                each.destination_id: limit
                for each in found
                if (limit := book.of_destination(each.name, each.exchangers).concurrency) != each.max_leases
            }
            if limits:
                self._writer.commit(ResizeDestinations(limits))
            if found:
                self._after = found[-1].destination_id
            is_going = len(found) == SLICE and self._rest()
        self._news = news
