"""
rule_follower - what the rules of destinations say of each one, in its row

A lease finds in the row how many connections a destination may have, and until when it is suspended.  After a change of
the rules all destinations are gone through, and when hours begin or end; at other times only those that are new,
because a process that made one may not have known the newest rules.  A suspension by an operator or by a shaping rule
stays until it ends; the hours hold again after it.
"""

from collections.abc import Callable

from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.rules import Rules, hours_of, turn_of
from empath.mail.identity import Timestamp
from empath.policy.destinations.rulebook import RuleBook
from empath.storage.engine import Reader
from empath.storage.queue.destination_rules import (
    CLOSED_BY,
    SLICE,
    KnownDestination,
    ResizeDestinations,
    Standing,
    SuspendByHours,
    destinations_after,
)
from empath.storage.queue.warmup import BeginFileWarmups
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.housekeeper import HoursFollowed, RuleUnusable


class RuleFollower:
    """How far the rules have been followed."""

    def __init__(
        self,
        rules: Rules,
        reader: Reader,
        writer: HubWriter,
        emit: Emitter,
        *,
        now: Callable[[], Timestamp],
        rest: Callable[[], bool],
    ) -> None:
        """*now* is the wall clock. *rest* pauses between two slices, and says whether the round may go on."""
        self._rules = rules
        self._reader = reader
        self._writer = writer
        self._emit = emit
        self._now = now
        self._rest = rest
        self._book: RuleBook | None = None  # which all destinations up to `_after` follow
        self._after = 0
        self._news: int | None = None
        self._turns_at: Timestamp | None = None  # the first instant at which hours begin or end

    def follow(self) -> None:
        """
        Set what is not as the rules say.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written.
        """
        self._rules.look()
        book, news, now = self._rules.book, self._reader.news(), self._now()
        has_turned = self._turns_at is not None and self._turns_at <= now
        if book is self._book and news == self._news and not has_turned:
            return
        if book is not self._book or has_turned:
            self._after, self._turns_at = 0, None
        if self._book is None:
            self._writer.commit(BeginFileWarmups(self._rules.file_warmups))
        if book is not self._book:
            if self._book is None or book.rows != self._book.rows:
                self._report(book)
            self._book = book
        self._news = None  # until the round is whole
        closed = opened = 0
        is_going = True
        while is_going:
            found = destinations_after(self._reader, self._after)
            changes = {each.destination_id: (each.standing, self._standing(book, each, now)) for each in found}
            self._write(changes)
            closed += sum(_is_closed(new) and not _is_closed(old) for old, new in changes.values())
            opened += sum(_is_closed(old) and not _is_closed(new) for old, new in changes.values())
            if found:
                self._after = found[-1].destination_id
            is_going = len(found) == SLICE and self._rest()
        if closed or opened:
            self._emit(HoursFollowed(closed=closed, opened=opened))
        self._news = news

    def _write(self, changes: dict[int, tuple[Standing, Standing]]) -> None:
        limits = {number: new.max_leases for number, (old, new) in changes.items() if new.max_leases != old.max_leases}
        if limits:
            self._writer.commit(ResizeDestinations(limits))
        turned = {number: (old, new) for number, (old, new) in changes.items() if new[1:] != old[1:]}
        if turned:
            self._writer.commit(SuspendByHours(turned))

    def _standing(self, book: RuleBook, each: KnownDestination, now: Timestamp) -> Standing:
        """What the row of the destination should have."""
        settings = book.of_destination(each.name, each.exchangers)
        standing = each.standing
        turn = turn_of(settings, now)
        if turn.until is not None:
            self._turns_at = turn.until if self._turns_at is None else min(self._turns_at, turn.until)
        is_by_hours = _is_closed(standing)
        is_suspended = standing.suspended_until is not None and standing.suspended_until > now
        if not turn.is_open and (is_by_hours or not is_suspended):
            return Standing(settings.concurrency, turn.until, hours_of(settings, now))
        if turn.is_open and is_by_hours:
            return Standing(settings.concurrency, None, None)
        return standing._replace(max_leases=settings.concurrency)

    def _report(self, book: RuleBook) -> None:
        for rule in book.unusable:
            self._emit(RuleUnusable(rule=rule.row.rule_id, pattern=rule.row.pattern, error=rule.words))


def _is_closed(standing: Standing) -> bool:
    """Whether hours have closed the destination."""
    return standing.suspended_reason is not None and standing.suspended_reason.startswith(CLOSED_BY)
