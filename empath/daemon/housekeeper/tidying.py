"""
tidying - the duties that keep the queue small and correct

Each duty is a method that does one round and returns.  A round reads slice by slice in the hub, writes only where it
found something, and rests between two slices, so that neither the beat of this process nor other writers wait for it.
Calls that may block on the disk run in a thread.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from gevent.hub import get_hub
from gevent.monkey import get_original

from empath.daemon.process.runtime import Runtime
from empath.mail.identity import Timestamp
from empath.net.wakeup import wake
from empath.policy.limits.session import wanted_space_octets
from empath.policy.router import Router
from empath.storage.engine import Reader
from empath.storage.queue.clock import BringForward, last_recipient, latest_beat
from empath.storage.queue.destination_rules import ENDED, RESTS_ENDED
from empath.storage.queue.destinations import (
    MOST,
    SLICE,
    ForgetDestinations,
    Idle,
    IdleWalk,
    MarkLeaving,
    NeededWalk,
    UnmarkAll,
)
from empath.storage.queue.dns_cache import DNS_ANSWERS, DNS_ORDERS
from empath.storage.queue.domain_reports import CLOSED
from empath.storage.queue.due_bound import BoundWalk, RepairBounds
from empath.storage.queue.events import EVENTS
from empath.storage.queue.feedback import FEEDBACK
from empath.storage.queue.garbage import (
    FILES,
    AddOrphans,
    OrphanScan,
    SettleGarbage,
    SpooledWalk,
    due_garbage,
    is_awaited,
    left_behind,
    missing_files,
    remove_file,
    remove_parts,
    unnamed,
)
from empath.storage.queue.injection import INJECTIONS
from empath.storage.queue.log_levels import ENDED as LEVELS_ENDED
from empath.storage.queue.received_reports import RECEIVED
from empath.storage.queue.redaction import REDACTIONS
from empath.storage.queue.rerouting import RECIPIENTS, MoveWaiting, RememberRoutes, elsewhere, is_followed, waiting
from empath.storage.queue.retention import AuditSweep, Cutoffs, ForgetProcesses, MessageSweep, RecipientSweep
from empath.storage.queue.seals import SEALS
from empath.storage.queue.sweep import (
    DEDUP,
    GREYLIST,
    PLAN_RECIPIENTS,
    PLANS,
    STS_POLICIES,
    SUPPRESSIONS,
    VERIFICATIONS,
    Kept,
    outdated,
)
from empath.storage.queue.throughput import count_new
from empath.storage.queue.tokens import SweepBuckets, has_full_buckets
from empath.storage.spool import locate
from empath.storage.spool_owner import key_of_queue
from empath.telemetry.occurrences.housekeeper import (
    ClockStepped,
    DestinationsForgotten,
    DueBoundRepaired,
    Forgotten,
    GarbageStuck,
    OrphansFound,
    OrphansKept,
    RoutesFollowed,
    SpaceKept,
    SpaceReturned,
    SpoolFileMissing,
    StatisticsRemoved,
    WalKept,
    WalLarge,
    WalTruncated,
)

T = TypeVar("T")

_REST_S = 0.01  # pause between two slices
_IDLE_S = 86_400.0  # least time since the last lease of a destination that is forgotten
_ALARM_TRIES = 3
_STEP_S = 5.0  # largest step of the wall clock that is ignored
_WAL_OCTETS = 64 * 1024 * 1024
_TRUNCATE_DEADLINE_S = 1.0


class Tidying:
    """The duties that go through the queue and the spool, and the place that each has reached."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        queue = runtime.config.queue
        self._runtime = runtime
        self._engine, self._spool = runtime.engine, queue.spool
        self._reader = reader
        self._followed: Router | None = None  # by which all waiting mail was moved
        self._sweeps = (RecipientSweep(), MessageSweep())
        self._audit = AuditSweep()
        self._idle = IdleWalk()
        self._is_space_kept = False
        self._orphans = OrphanScan(queue.spool)
        self._orphans_kept = 0  # number of the last round
        self._spooled = SpooledWalk()
        self._bounds = BoundWalk()
        self._wal_octets = 0  # size from which the next warning is due
        self._clocks_apart = time.time() - time.monotonic()
        self._clock: float | None = None  # wall clock less monotonic clock, at the last look

    def forget_greylist(self) -> None:
        """Remove rows of the greylist that are over, and those that are too many."""
        self._sweep(GREYLIST, self._runtime.config.greylist.rows)

    def forget_verifications(self) -> None:
        """Remove answers about recipients that are over, and those that are too many."""
        self._sweep(VERIFICATIONS, self._runtime.config.verification.rows)

    def forget_suppressions(self) -> None:
        """Remove rows of suppressed addresses that are over, and those that are too many."""
        self._sweep(SUPPRESSIONS, self._runtime.config.suppression.rows)

    def forget_dns(self) -> None:
        """Remove answers of the DNS that are over, those that are too many, and orders that every process has seen."""
        self._sweep(DNS_ANSWERS, self._runtime.config.dns.cache_rows)
        self._sweep(DNS_ORDERS)

    def forget_duplicates(self) -> None:
        """Remove what is known of messages and requests that a client may no longer send again."""
        self._sweep(DEDUP)
        self._sweep(INJECTIONS)

    def forget_plans(self) -> None:
        """Remove plans that can neither be carried out nor taken back any more."""
        self._sweep(PLAN_RECIPIENTS)
        self._sweep(PLANS)

    def forget_policies(self) -> None:
        """Remove MTA-STS policies that hold no more."""
        self._sweep(STS_POLICIES)

    def forget_closed_reports(self) -> None:
        """Remove what is known of reports that were sent, or came, long ago."""
        for kept in (CLOSED, RECEIVED):
            self._sweep(kept, kept_s=self._runtime.config.dmarc_reports.keep_s)

    def forget_rules(self) -> None:
        """Remove rules of destinations, rests of addresses, and levels of the log that have ended."""
        self._sweep(ENDED)
        self._sweep(LEVELS_ENDED)
        self._sweep(RESTS_ENDED)

    def forget_buckets(self) -> None:
        """Remove token buckets of deliveries that are full again."""
        now = time.time()
        if has_full_buckets(self._reader, now):
            self._runtime.writer.commit(SweepBuckets(now=now))

    def forget_events(self) -> None:
        """Remove events that are too old, and those that are too many, whether or not they were sent."""
        events = self._runtime.config.events
        self._sweep(EVENTS, events.rows, kept_s=events.retention_s)

    def forget_seals(self) -> None:
        """Remove redactions and seals whose rows are all gone; seals only if they are older than anything kept."""
        kept = self._runtime.config.retention
        self._sweep(REDACTIONS)
        self._sweep(SEALS, kept_s=max(kept.audit_s, kept.final_s, kept.delivered_s))

    def forget_feedback(self) -> None:
        """Remove what others have reported long ago, and rows that are too many."""
        feedback = self._runtime.config.feedback
        self._sweep(FEEDBACK, feedback.rows, kept_s=feedback.retention_s)

    def _sweep(self, kept: Kept, most: int = 0, *, kept_s: float = 0.0) -> None:
        while (forgetting := outdated(self._reader, kept, time.time() - kept_s, most=most)) is not None and self.rest():
            self._runtime.writer.commit(forgetting)

    def watch_clock(self) -> None:
        """Notice a step of the wall clock. After a step back, make waiting mail due earlier by it."""
        now, monotonic = time.time(), time.monotonic()
        if self._clock is None:  # it may have been set back while no process lived
            step_s = min(0.0, now - (latest_beat(self._reader) or now))
        else:
            step_s = now - monotonic - self._clock
        self._clock = now - monotonic
        if abs(step_s) < _STEP_S:
            return
        moved = after = 0
        is_going = step_s < 0
        while is_going:
            work = self._runtime.writer.commit(BringForward(after, now=time.time(), step_s=-step_s))
            moved += work.moved
            after = work.last
            is_going = after < last_recipient(self._reader) and self.rest()
        wake(self._runtime.child.wake_fds)
        self._runtime.emit(ClockStepped(step_s=round(step_s, 1), recipients=moved))

    def follow_routes(self) -> None:
        """Move waiting mail to the destinations of a changed table of routes."""
        router = self._runtime.rules.router
        if router is self._followed:
            return
        digest = router.tables.digest()
        if is_followed(self._reader, digest):
            self._followed = router
            return
        moved = after = 0
        is_going = True
        while is_going:
            moving = elsewhere(router, waiting(self._reader, after))
            destinations = {recipient.recipient_id: destination for recipient, destination in moving}
            if destinations:
                moved += self._runtime.writer.commit(MoveWaiting(destinations)).moved
            after += RECIPIENTS
            is_going = after < last_recipient(self._reader) and self.rest()
        if self._runtime.draining.is_set():
            return
        self._runtime.writer.commit(RememberRoutes(digest))
        self._followed = router
        if moved:
            wake(self._runtime.child.wake_fds)
            self._runtime.emit(RoutesFollowed(recipients=moved))

    def count_throughput(self) -> None:
        """Add what is new to the hours of the view `throughput`."""
        is_going = True
        while is_going:
            counting = count_new(self._reader, time.time())
            if counting is not None:
                self._runtime.writer.commit(counting)
            is_going = counting is not None and counting.is_slice_full and self.rest()

    def forget(self) -> None:
        """Remove rows and contents whose retention is over, once they are counted."""
        self.count_throughput()
        recipients = messages = contents = audit_rows = 0
        for sweep in self._sweeps:
            is_going = True
            while is_going:
                work = sweep.step(self._reader, self._cutoffs())
                if work is not None:
                    self._runtime.writer.commit(work)
                    recipients += work.recipients
                    messages += work.messages
                    contents += work.contents
                is_going = not sweep.is_round_over and self.rest()
        is_going = True
        while is_going:
            forget = self._audit.step(self._reader, self._cutoffs())
            if forget is not None:
                audit_rows += self._runtime.writer.commit(forget).audit_rows
            is_going = not self._audit.is_round_over and self.rest()
        runs = ForgetProcesses(time.time())
        if runs.is_needed(self._reader):
            self._runtime.writer.commit(runs)
        if recipients or messages or contents or audit_rows:
            self._runtime.emit(
                Forgotten(recipients=recipients, messages=messages, contents=contents, audit_rows=audit_rows)
            )

    def forget_destinations(self) -> None:
        """Remove destinations that no mail needs, up to MOST in a round."""
        keep = self._runtime.config.retention
        now = time.time()
        # A final recipient is kept for as long, so most destinations of the kept ones are left out here.
        idle = Idle(now, leased_before=now - max(_IDLE_S, keep.delivered_s, keep.final_s))
        chosen = self._idle.step(self._reader, idle)
        while not self._idle.is_round_over and len(chosen) < MOST and self.rest():
            chosen += self._idle.step(self._reader, idle)
        if not chosen:
            return
        try:
            forgotten = self._forget_unneeded(chosen, idle)
        finally:
            self._runtime.writer.commit(UnmarkAll())
        if forgotten:
            self._runtime.emit(DestinationsForgotten(destinations=forgotten))

    def _forget_unneeded(self, chosen: list[int], idle: Idle) -> int:
        """Remove those of the destinations *chosen* that no recipient belongs to; their number."""
        forgotten = 0
        for part in _parts(chosen):
            self._runtime.writer.commit(MarkLeaving(part))
            if not self.rest():
                return 0
        left, walk = dict.fromkeys(chosen), NeededWalk()
        while left and not walk.is_over:
            for number in walk.step(self._reader):
                left.pop(number, None)
            if not self.rest():
                return 0
        for part in _parts([*left]):
            forgotten += self._runtime.writer.commit(ForgetDestinations(part, idle, after=walk.after)).destinations
            if not self.rest():
                break
        return forgotten

    def remove_garbage(self) -> None:
        """Remove files that no message needs."""
        is_going = True
        while is_going:
            due = due_garbage(self._reader, time.time())
            if not due:
                return
            removals = _in_thread(lambda batch: [remove_file(self._spool, garbage) for garbage in batch], due)
            for removal in removals:
                if removal.tries >= _ALARM_TRIES and removal.error is not None:
                    self._runtime.emit(GarbageStuck(locator=removal.locator, tries=removal.tries, error=removal.error))
            self._runtime.writer.commit(SettleGarbage(removals, now=time.time()))
            is_going = len(due) == FILES and self.rest()

    def find_orphans(self) -> None:
        """Mark old files that no message names as garbage, except those that may belong to another queue."""
        orphans = kept = 0
        key = key_of_queue(self._reader)
        is_going = True
        while is_going:
            found = _in_thread(self._orphans.step, self._cautious_now(), key)
            orphans += _in_thread(remove_parts, self._orphans.parts)
            found = unnamed(self._reader, found) if found else []
            # Between the two checks that no row names the file: by now its writer has committed or failed.
            found = _in_thread(left_behind, self._spool, found) if found else []
            ours = [queue_id for queue_id in found if self._orphans.may_remove(queue_id)]
            kept += len(found) - len(ours)
            if ours:
                work = AddOrphans(ours, node=self._runtime.config.node.name)
                orphans += self._runtime.writer.commit(work).added
            is_going = not self._orphans.is_round_over and self.rest()
        if orphans:
            self._runtime.emit(OrphansFound(files=orphans))
        if kept and kept != self._orphans_kept:
            self._runtime.emit(OrphansKept(files=kept, spool=str(self._spool)))
        self._orphans_kept = kept

    def report_missing_files(self) -> None:
        """Report messages whose file is missing. The worker that tries to deliver one holds it."""
        is_going = True
        while is_going:
            messages = self._spooled.step(self._reader)
            missing = _in_thread(missing_files, self._spool, messages) if messages else []
            for message in missing:
                # It may have been delivered, and its file removed, since it was read.
                if is_awaited(self._reader, message):
                    file = locate(self._spool, message.locator)
                    self._runtime.emit(SpoolFileMissing(queue_id=message.queue_id, file=str(file)))
            is_going = not self._spooled.is_round_over and self.rest()

    def mend_due_bounds(self) -> None:
        """Lower each bound that is later than the due time of a recipient."""
        is_going = True
        while is_going:
            late = self._bounds.step(self._reader)
            if late:
                self._runtime.writer.commit(RepairBounds(late))
                wake(self._runtime.child.wake_fds)
            for bound in late:
                self._runtime.emit(
                    DueBoundRepaired(
                        destination=bound.name,
                        due_at=None if bound.due_at is None else Timestamp(bound.due_at).iso8601(),
                        earliest=Timestamp(bound.earliest).iso8601(),
                    )
                )
            is_going = not self._bounds.is_round_over and self.rest()

    def watch_wal(self) -> None:
        """Truncate a large write-ahead log. Warn when it becomes large, and each time that it has doubled."""
        octets = self._engine.log_octets()
        # Above the limit no mail is accepted, so that the log would neither grow nor start again at its beginning.
        if octets <= min(_WAL_OCTETS, self._runtime.config.queue.wal_limit_octets):
            self._wal_octets = 0
            return
        is_new = octets > self._wal_octets
        if is_new:
            self._wal_octets = 2 * octets
            self._runtime.emit(WalLarge(file=f"{self._engine.location}-wal", octets=octets))
        if self._truncate_wal():
            self._wal_octets = 0
            self._runtime.emit(WalTruncated(file=f"{self._engine.location}-wal"))
        elif is_new:
            readers = ", ".join(self._engine.log_keepers()) or "none seen"
            self._runtime.emit(WalKept(file=f"{self._engine.location}-wal", octets=octets, readers=readers))

    def return_space(self) -> None:
        """Give free pages of the database back to a disk that is nearly full."""
        config = self._runtime.config
        wanted = 2 * wanted_space_octets(config.queue.reserve_octets, config.largest_message_octets)
        before = self._engine.unused_octets(self._reader)
        unused = before
        while unused and self._engine.free_octets() < wanted and self.rest():
            self._runtime.writer.commit(self._engine.return_space())
            left, unused = unused, self._engine.unused_octets(self._reader)
            if unused >= left:
                if not self._is_space_kept:
                    self._runtime.emit(SpaceKept(file=self._engine.location, octets=unused))
                self._is_space_kept = True
                break
        if unused < before:
            self._truncate_wal()  # the file shrinks only now
            self._runtime.emit(SpaceReturned(octets=before - unused))

    def keep_plans(self) -> None:
        """Remove statistics: SQLite would choose plans by them that do not fit this queue."""
        forget = self._engine.keep_plans(self._reader)
        if forget is not None:
            self._runtime.writer.commit(forget)
            self._runtime.emit(StatisticsRemoved(file=self._engine.location))

    def _cutoffs(self) -> Cutoffs:
        keep = self._runtime.config.retention
        return Cutoffs.at(
            time.time(),
            delivered_s=keep.delivered_s,
            final_s=keep.final_s,
            content_s=keep.content_s,
            audit_s=keep.audit_s,
        )

    def _truncate_wal(self) -> bool:
        sleep = get_original("time", "sleep")  # the patched one would make a hub in that thread
        return _in_thread(partial(self._engine.cut_log, deadline_s=_TRUNCATE_DEADLINE_S, sleep=sleep))

    def _cautious_now(self) -> float:
        # A clock that jumps, or a machine that slept, must not make the file of a message that is arriving look old.
        # The wall clock may step forwards, and the monotonic clock does not count sleep: the earlier one is safe.
        return min(time.time(), self._clocks_apart + time.monotonic())

    def rest(self) -> bool:
        """Pause, so that others can work. Returns whether the round may go on."""
        return not self._runtime.draining.wait(_REST_S)


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    return (numbers[first : first + SLICE] for first in range(0, len(numbers), SLICE))


def _in_thread(body: Callable[..., T], *arguments: object) -> T:
    result: T = get_hub().threadpool.apply(body, arguments)
    return result
