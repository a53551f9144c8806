"""
lease_run - the work of one lease

THEORY
    A lease is one greenlet.  It handles its messages one after another: it routes the message again, gives it to the
    carrier, turns the answers into fates and waits until these are on disk.  So when a process dies, one message per
    connection is in doubt.  The same commit reads new orders, because twenty messages to a slow host take minutes:
    which recipients were withdrawn, and whether the lease may go on at all.

    `_may_end` is the point of no return.  Each carrier calls it before the step that hands the mail over.  Until then
    an ordered end puts the message back, unattempted; after it the attempt ends in doubt.

    An unforeseen exception counts as an attempt, so that a bug cannot cause an endless loop: the message waits as after
    any other failure, and is held for a person after five such exceptions in a row.
"""

import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import gevent
from greenlet import greenlet

from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.dispatch import Dispatch
from empath.daemon.worker.lease_holds import held_by_rules
from empath.daemon.worker.lease_refusals import LeaseRefusals
from empath.daemon.worker.lease_sight import LeaseSight, is_refused_session, is_unproved
from empath.daemon.worker.lease_ways import Way
from empath.daemon.worker.lease_writes import LeaseWrites
from empath.daemon.worker.local_fates import LocalFates
from empath.daemon.worker.settling import Settling
from empath.daemon.worker.sources import SourcesUsedUp
from empath.daemon.worker.transport.carrier import Body, Carrier, DeliveryJob, HostAttempt
from empath.errors import ContentGone, EmpathError, StorageFailure, SyntaxViolation
from empath.mail.identity import Timestamp
from empath.net.stream import OutOfResources, StreamClosed, StreamTimeout
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.limits.delivery import Bucket
from empath.policy.routing import Route
from empath.policy.slots import SLOW_S
from empath.storage.queue.accept import INLINE
from empath.storage.queue.destination_rules import NoteExchangers
from empath.storage.queue.hold_rules import HoldByRules, not_released
from empath.storage.queue.lease import Lease, LeasedMessage
from empath.storage.queue.lease_reads import ReadContent
from empath.storage.queue.put_back import NO_TOKENS, EndLease, Rekey
from empath.telemetry.occurrences.worker import (
    BreakerClosed,
    BreakerOpened,
    ContentMissing,
    ContentUnreadable,
    HeldByRule,
    LeaseAbandoned,
    NotDeliverable,
    Rerouted,
    WindowShrunk,
)

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.process.tracing import Tracing
    from empath.daemon.worker.lease_trace import LeaseTrace

_STUCK_S = 1.0  # time after which a message counts as stuck: its host is slow, or hangs
_MOST_NOTED = 10_000
_LEASE_AGAIN_S = 1.0  # pause after a lease that broke off, whose recipients are due at once


class LeaseRun:
    """One lease from its first message to its end."""

    def __init__(self, dispatch: Dispatch, lease: Lease) -> None:
        self._dispatch = dispatch
        self._runtime = dispatch.runtime
        self._lease = lease
        self._carrier: Carrier | None = None  # of the last message
        self._carried: Route | None = None  # its route
        self._carriers: dict[Route | None, Carrier] = {}
        self._settling = Settling(dispatch.runtime, lease, dispatch.reply_rules)
        self._moved_at = self._dispatch.clock()
        self._trace = None if dispatch.runtime.tracing is None else _trace(dispatch.runtime.tracing, lease)
        self._writes = LeaseWrites(dispatch.runtime, lease, dispatch.hooks, self._trace)
        self._fates = LocalFates(dispatch.runtime, lease, self._writes)
        self._greenlet: greenlet | None = None
        self._is_carrying = False
        self._has_ended = False  # the message under way is past its point of no return
        self._is_given_up = False
        self._is_delivered = False  # some of the last message
        self._is_reached = False  # a host of the last message gave a session
        self._has_asked_more = False  # none did, because the message needs more of a session than others
        self._is_over = False  # others have the lease, its destination is suspended, or it has no use
        self._is_ended = False
        self._sight = LeaseSight()
        self._sent: set[int] = set()  # messages that a host was asked about
        self._domain: str | None = None  # domain of a recipient, whose retry schedule is that of the breaker

    def run(self) -> None:
        """Deliver and settle; returns when the lease's end is on the disk."""
        is_whole = False
        self._greenlet = gevent.getcurrent()
        try:
            ordered_away: set[int] = set()
            parts = [part for message in self._lease.messages for part in message.parts()]
            for number, message in enumerate(parts, start=1):
                if self._is_over or not self._dispatch.may_go_on:
                    break
                self._moved_at = self._dispatch.clock()
                self._leave(message, ordered_away)
                self._deliver(message)
                if number < len(parts):
                    orders = self._writes.commit_and_look()
                    self._is_over = self._is_over or orders.is_over
                    ordered_away = orders.ordered_away
            is_whole = True
        except Abandoned as exc:
            is_whole = self._is_given_up
            if not self._is_given_up:
                self._runtime.emit(LeaseAbandoned(destination=self._lease.destination, error=str(exc)))
        finally:
            if not is_whole:
                self._writes.commit()
                gevent.sleep(_LEASE_AGAIN_S)
            if not self._is_ended:
                self._end()
            if self._trace is not None:
                self._trace.close()

    def give_up(self) -> None:
        """End the message under way: its recipients go back unattempted, or in doubt where its host has all of it."""
        self._is_given_up = True
        if self._carrier is not None and self._carrier.waits_for_hosts:
            gevent.get_hub().loop.run_callback(self._interrupt)

    def _interrupt(self) -> None:
        # Only a wait for a host is interrupted: a fate that is being written must reach the disk.
        if self._is_carrying and self._greenlet is not None:
            ended = StreamClosed("this server stopped before the host answered")
            self._greenlet.throw(ended if self._has_ended else Abandoned("this server stops"))

    def cut_short(self) -> None:
        """Let the message under way time out, unless it is past the final dot or waits for no host."""
        if self._carrier is not None and self._carrier.waits_for_hosts:
            gevent.get_hub().loop.run_callback(self._time_out)

    def _time_out(self) -> None:
        if self._is_carrying and not self._has_ended and self._greenlet is not None:
            self._greenlet.throw(StreamTimeout("too slow, and other mail waits"))

    @property
    def is_failing(self) -> bool:
        """Whether the destination was a failing one when the lease was taken."""
        return self._lease.is_failing

    def is_slow(self, now: float) -> bool:
        """Whether its message has been under way for so long that other mail comes first; *now* as for is_stuck."""
        return now - self._moved_at > SLOW_S

    def is_stuck(self, now: float) -> bool:
        """Whether its message has been under way too long for its slot to count; *now* is of the monotonic clock."""
        return now - self._moved_at > _STUCK_S

    def _leave(self, message: LeasedMessage, ordered_away: set[int]) -> None:
        """Put back recipients that were held, cancelled or otherwise ended by order; that carries out the order."""
        if not ordered_away:
            return
        left = {r.recipient_id: self._lease.destination for r in message.recipients if r.recipient_id in ordered_away}
        if left:
            self._writes.add(Rekey(self._lease.lease_id, left, now=time.time()))
            message.recipients[:] = [r for r in message.recipients if r.recipient_id not in left]

    def _deliver(self, message: LeasedMessage) -> None:
        recipients = message.recipients
        tried: list[HostAttempt] = []
        refused: list[HostAttempt] = []
        self._is_delivered = self._is_reached = self._has_asked_more = False
        if self._trace is not None:
            self._trace.begin(message)
        try:
            ways, moved = self._dispatch.ways.divide(message, self._lease.destination)
            if moved:
                self._writes.add(Rekey(self._lease.lease_id, moved, now=time.time()))
                self._runtime.emit(Rerouted(queue_id=message.queue_id, recipients=len(moved)))
            if self._runtime.rules.holds:  # nearly never
                ways = self._without_held(message, ways)
            if self._dispatch.suppressions.is_any:  # nearly never
                ways = self._refusals.without_suppressed(self._dispatch.suppressions, ways, refused)
            if self._dispatch.hooks is not None:
                ways = self._refusals.unless_refused(self._dispatch.hooks, message, ways, refused)
            recipients = ways[0][1] if len(ways) == 1 else [recipient for _, those in ways for recipient in those]
            if not recipients:
                return
            body = self._body(message)
            for route, those in ways:
                self._carry(route, DeliveryJob(message, those, body, self._may_end, self._settings_of), tried)
            self._look_at(message, tried)
        except SourcesUsedUp as exc:
            self._fates.wait_for_warmup(recipients, tried, exc)
            self._is_over = True
        except Abandoned:
            raise
        except ContentGone as exc:
            self._runtime.emit(ContentMissing(queue_id=message.queue_id, error=str(exc)))
            self._fates.hold(recipients, tried, f"no content: {exc}")
        except StorageFailure as exc:
            self._runtime.emit(ContentUnreadable(queue_id=message.queue_id, error=str(exc)))
            self._fates.put_off(recipients, tried, f"the content cannot be read now: {exc}")
        except SyntaxViolation as exc:
            self._runtime.emit(NotDeliverable(queue_id=message.queue_id, error=str(exc)))
            self._fates.hold(recipients, tried, f"no command can be made of it: {exc}")
        except OutOfResources as exc:
            reason = f"no connection can be opened now: {exc}"
            self._fates.put_off(recipients, tried, reason)
            raise Abandoned(reason) from exc  # the other messages would meet the same limit
        except StreamTimeout as exc:  # cut short while it waited for something else than a host
            self._fates.put_off(recipients, tried, f"{exc}")
        except MemoryError as exc:  # of this process, and no fault of the message
            self._fates.put_off(recipients, tried, "out of memory")
            self._runtime.fail(exc)
        except Exception as exc:  # noqa: BLE001 - a bug without an attempt would be met again at once, for ever
            self._carrier = None  # it may be half-way through something
            self._carriers.clear()
            self._fates.count_fault(message, recipients, tried, exc)
        finally:
            self._is_carrying = False
            if self._is_reached or self._has_ended or self._is_delivered:
                self._sent.add(message.message_id)
            message.content = None  # a lease of twenty messages should not hold them all to its end
            # Also after an error: a recipient that has got the mail must not get it again.
            self._settle(message, refused + tried)

    def _without_held(self, message: LeasedMessage, ways: list[Way]) -> list[Way]:
        """Hold what a rule of the view hold_rule is about, and leave it out."""
        found = held_by_rules(self._runtime.rules.holds, self._lease.destination, message, ways)
        with suppress(EmpathError):  # while the audit cannot be read, all of it is held
            found = not_released(self._runtime.reader, found)
        if not found:
            return ways
        self._writes.add(HoldByRules(self._lease.lease_id, found, now=time.time()))
        for rule in dict.fromkeys(found.values()):
            number = sum(1 for each in found.values() if each is rule)
            told = HeldByRule(queue_id=message.queue_id, rule=rule.rule_id, recipients=number, reason=rule.words)
            self._runtime.emit(told)
        left = [(route, [r for r in those if r.recipient_id not in found]) for route, those in ways]
        return [(route, those) for route, those in left if those]

    @property
    def _refusals(self) -> LeaseRefusals:
        return LeaseRefusals(self._runtime.config, self._lease.destination)

    def _carry(self, route: Route | None, job: DeliveryJob, tried: list[HostAttempt]) -> None:
        carrier = self._carrier
        if carrier is None or route is not self._carried:  # nearly always one route serves the whole lease
            carrier = self._carriers.get(route)
            if carrier is None:
                carrier = self._carriers[route] = self._dispatch.choose_carrier(route, self._lease.destination)
            self._carrier, self._carried = carrier, route
        self._has_ended, self._is_carrying = False, True
        for host_attempt in carrier.carry(job):
            tried.append(host_attempt)
            self._has_ended = False  # the next host, if there is one, has nothing yet
            undelivered = host_attempt.undelivered
            if len(undelivered) < len(host_attempt.answers):
                self._is_delivered = True
            if undelivered:
                self._settling.log_host(job.message, host_attempt.attempt, undelivered)
        self._is_carrying = False
        self._is_reached = self._is_reached or self._is_delivered or not carrier.is_failing

    def _settings_of(self, exchangers: tuple[str, ...]) -> DestinationSettings:
        """What holds of the destination by the rules of now, with these MX hosts."""
        return self._runtime.rules.book.of_destination(self._lease.destination, exchangers)

    def _look_at(self, message: LeasedMessage, tried: list[HostAttempt]) -> None:
        """Note what the message met; where it went back unattempted with the rest of the lease, forget that."""
        if not tried:
            return
        if message.requires_tls and not self._is_reached and is_unproved(tried):
            self._has_asked_more = True  # by itself: that says nothing of the mail of others
            return
        self._sight.add(tried, is_reached=self._is_reached)
        if not self._is_reached:
            self._domain = tried[-1].answers[0].recipient.domain
            if is_refused_session(tried) and self._end(only_in_company=True):
                tried.clear()
                self._is_over = True
        elif self._lease.is_probe:
            self._is_over = True

    def _end(self, *, only_in_company: bool = False) -> bool:
        """End the lease; whether that was done. *only_in_company*: unless it is the only one of its destination."""
        is_failing = self._lease.is_failing
        if self._has_asked_more:
            is_failing &= not self._sight.has_session
        elif self._carrier is not None and not only_in_company:  # else another lease may know better
            is_failing = self._carrier.is_failing
        is_failing |= self.is_slow(self._dispatch.clock()) and not self._is_delivered
        failure = self._sight.failure
        end = EndLease(
            self._lease.lease_id,
            destination=self._lease.destination,
            is_failing=is_failing,
            now=time.time(),
            seen=self._sight.report,
            failure=failure,
            retries=None if failure is None else self._settling.schedule_of(self._domain),
            uniform=random.random(),
            only_in_company=only_in_company,
            unused=self._unused_tokens(),
        )
        self._writes.commit(end)
        self._is_ended = end.is_ended
        if end.is_ended:
            self._log_standing(end)
        return end.is_ended

    def _unused_tokens(self) -> Mapping[Bucket, int]:
        """The tokens that messages have taken which no host was asked about."""
        senders = self._dispatch.rates.senders
        if not self._lease.buckets and senders is None:  # no rate is set
            return NO_TOKENS
        unused: Counter[Bucket] = Counter()
        for message in self._lease.messages:
            if message.message_id not in self._sent:
                unused.update(self._lease.buckets)
                if senders is not None and (bucket := senders.find(message.reverse_path)) is not None:
                    unused[bucket] += 1
        return unused

    def _log_standing(self, end: EndLease) -> None:
        """Log what has changed for the destination with the end of the lease."""
        before, after = end.before, end.after
        if before is None or after is None:
            return
        destination = self._lease.destination
        if after.openings > before.openings and after.breaker_until is not None:
            self._runtime.emit(
                BreakerOpened(
                    destination=destination,
                    until=Timestamp(after.breaker_until).iso8601(),
                    openings=after.openings,
                    reply=str(self._sight.failure),
                )
            )
        elif before.breaker_until is not None and after.breaker_until is None:
            self._runtime.emit(BreakerClosed(destination=destination))
        if after.window < before.window:
            reply = self._sight.failure or "lost connection"
            self._runtime.emit(WindowShrunk(destination=destination, window=after.window, reply=reply))

    def _settle(self, message: LeasedMessage, tried: list[HostAttempt]) -> None:
        try:
            if self._carrier is not None and self._carrier.exchangers:
                self._note(self._carrier.exchangers)
            if self._trace is not None and (kept := self._trace.judge(message, tried)) is not None:
                self._writes.add(kept)
            self._writes.add_results(message, self._settling.settle(message, tried))
        except Exception as exc:  # noqa: BLE001 - as above; only a person can find out whether it was delivered
            self._fates.log_fault(message, exc)
            self._fates.hold(
                message.recipients, [], "a fault in Empath, after the attempt: its log says what was delivered"
            )

    def _note(self, exchangers: tuple[str, ...]) -> None:
        """Let the rules by MX hosts, if there are any, hold of this destination."""
        self._settling.exchangers = exchangers
        book, noted = self._runtime.rules.book, self._dispatch.noted
        here = self._lease.destination
        if not book.has_mx or noted.get(here) == (book, exchangers):
            return
        if len(noted) >= _MOST_NOTED:
            noted.clear()
        noted[here] = book, exchangers
        limit = book.of_destination(here, exchangers).concurrency
        self._writes.add(NoteExchangers(here, exchangers, max_leases=limit))

    def _body(self, message: LeasedMessage) -> Body:
        """
        The content, read now where it did not come with the lease.

        Raises:
            ContentGone: there is none.
            Abandoned: the queue cannot be read, which says nothing about this message.
        """
        if message.locator is None:
            raise ContentGone("it was removed")
        content = message.content
        if content is None and message.locator == INLINE:
            try:
                content = self._runtime.writer.commit(ReadContent(message.message_id)).content
            except EmpathError as exc:
                raise Abandoned(f"content of {message.queue_id}: {exc}") from exc
            if content is None:
                raise ContentGone("its row is not there")
        spool = self._runtime.config.queue.spool
        digest = message.digest if message.added_fields else None
        return Body(content, spool, message.locator, message.size, digest, message.added_fields)

    def _may_end(self) -> bool:
        """
        Whether the point of no return may be passed, such as the final dot.

        No, if another process can have taken this one for dead and taken over its work, or if the message was given up.
        """
        self._has_ended = self._runtime.is_trusted_alive and not self._is_given_up
        return self._has_ended


def _trace(tracing: "Tracing", lease: Lease) -> "LeaseTrace":
    from empath.daemon.worker.lease_trace import LeaseTrace  # noqa: PLC0415 - only what is configured

    return LeaseTrace(tracing, lease)
