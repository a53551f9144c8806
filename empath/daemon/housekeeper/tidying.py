"""
tidying - the duties that keep the rows of the queue few and correct

Each duty is a method that does one round and returns, see `rounds`.
"""

import time
from collections.abc import Iterator

from empath.daemon.housekeeper.rounds import rest
from empath.daemon.process.runtime import Runtime
from empath.mail.identity import Timestamp
from empath.net.wakeup import wake
from empath.policy.router import Router
from empath.storage.engine import Reader
from empath.storage.queue.clock import BringForward, last_recipient, latest_beat
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
from empath.storage.queue.due_bound import BoundWalk, RepairBounds
from empath.storage.queue.rerouting import RECIPIENTS, MoveWaiting, RememberRoutes, elsewhere, is_followed, waiting
from empath.storage.queue.retention import AuditSweep, Cutoffs, ForgetProcesses, MessageSweep, RecipientSweep
from empath.storage.queue.throughput import count_new
from empath.storage.queue.tokens import SweepBuckets, has_full_buckets
from empath.telemetry.occurrences.housekeeper import (
    ClockStepped,
    DestinationsForgotten,
    DueBoundRepaired,
    Forgotten,
    RoutesFollowed,
)

_IDLE_S = 86_400.0  # least time since the last lease of a destination that is forgotten
_STEP_S = 5.0  # largest step of the wall clock that is ignored


class Tidying:
    """The duties that go through the queue, and the place that each has reached."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader
        self._followed: Router | None = None  # by which all waiting mail was moved
        self._sweeps = (RecipientSweep(), MessageSweep())
        self._audit = AuditSweep()
        self._idle = IdleWalk()
        self._bounds = BoundWalk()
        self._clock: float | None = None  # wall clock less monotonic clock, at the last look

    def forget_buckets(self) -> None:
        """Remove token buckets of deliveries that are full again."""
        now = time.time()
        if has_full_buckets(self._reader, now):
            self._runtime.writer.commit(SweepBuckets(now=now))

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
            is_going = after < last_recipient(self._reader) and rest(self._runtime)
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
            is_going = after < last_recipient(self._reader) and rest(self._runtime)
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
            is_going = counting is not None and counting.is_slice_full and rest(self._runtime)

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
                is_going = not sweep.is_round_over and rest(self._runtime)
        is_going = True
        while is_going:
            forget = self._audit.step(self._reader, self._cutoffs())
            if forget is not None:
                audit_rows += self._runtime.writer.commit(forget).audit_rows
            is_going = not self._audit.is_round_over and rest(self._runtime)
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
        while not self._idle.is_round_over and len(chosen) < MOST and rest(self._runtime):
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
            if not rest(self._runtime):
                return 0
        left, walk = dict.fromkeys(chosen), NeededWalk()
        while left and not walk.is_over:
            for number in walk.step(self._reader):
                left.pop(number, None)
            if not rest(self._runtime):
                return 0
        for part in _parts([*left]):
            forgotten += self._runtime.writer.commit(ForgetDestinations(part, idle, after=walk.after)).destinations
            if not rest(self._runtime):
                break
        return forgotten

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
            is_going = not self._bounds.is_round_over and rest(self._runtime)

    def _cutoffs(self) -> Cutoffs:
        keep = self._runtime.config.retention
        return Cutoffs.at(
            time.time(),
            delivered_s=keep.delivered_s,
            final_s=keep.final_s,
            content_s=keep.content_s,
            audit_s=keep.audit_s,
        )


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    return (numbers[first : first + SLICE] for first in range(0, len(numbers), SLICE))
