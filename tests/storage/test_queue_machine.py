"""
test_queue_machine - the queue against a model, for any order of actions of workers, people and the housekeeper

The model knows the state of each recipient; the machine does one action after another and compares. After each action
the queue must be sound by fsck: no slot over its limit, no late bound, no leased recipient without a lease.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from empath.mail.status import FATES, RecipientStatus
from empath.policy.concurrency import MESSAGES
from empath.storage.queue.destination_rules import ResizeDestinations
from empath.storage.queue.destinations import ForgetDestinations, Idle, IdleWalk, MarkLeaving, NeededWalk, UnmarkAll
from empath.storage.queue.lease import Lease
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease, Hold, Rekey, ReleaseUnknownLeases
from empath.storage.queue.settle import Settle
from tests.kit.queue import T0, Queue, ids, select, write, wrong_with

MEMORY = Path("/dev/shm")
NAMES = ["a.example", "b.example", "c.example"]
WAITING = "waiting"  # queued or deferred
LIVE = {WAITING, "leased", "held"}
SHARE = 20
ORDERS = {
    "held": "UPDATE queue SET status = 'held' WHERE recipient_id = ?",
    "cancelled": "DELETE FROM queue WHERE recipient_id = ?",
    "bounced": "UPDATE queue SET status = 'bounced' WHERE recipient_id = ?",
    "expired": "UPDATE queue SET status = 'expired' WHERE recipient_id = ?",
}
RESCHEDULE = "UPDATE queue SET next_retry_unix = ? WHERE recipient_id = ?"


@dataclass
class Held:
    """The open decisions of a lease."""

    lease: Lease
    process_id: int
    left: set[int]


@dataclass
class Model:
    """The state of every recipient, and the existing leases."""

    status: dict[int, str] = field(default_factory=dict)
    destination: dict[int, str] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    ordered: dict[int, str] = field(default_factory=dict)
    leases: dict[int, Held] = field(default_factory=dict)
    slots: int = 2

    def leave(self, recipient_id: int, status: str) -> None:
        """A lease is done with a recipient: an order takes the place of *status*."""
        self.status[recipient_id] = self.ordered.pop(recipient_id, status)

    def end(self, lease_id: int, *, is_lost: bool) -> None:
        """A lease is over, with or without its worker."""
        held = self.leases.pop(lease_id, None)
        for recipient_id in held.left if held else ():
            self.lost[recipient_id] += is_lost
            self.leave(recipient_id, "held" if is_lost and self.lost[recipient_id] >= 3 else WAITING)


class QueueMachine(RuleBasedStateMachine):
    """Two workers, a person with a shell, and a housekeeper that declares workers dead."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        path = Path(self.directory.name) / "queue.db"
        shutil.copy(_template(), path)
        self.queue = Queue(path, max_leases=2)
        self.looking = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        self.model = Model()
        self.now = T0
        self.taken: list[Lease] = []  # all leases so far: a worker may come back with any of them
        self.settles: list[Settle] = []
        self.processes = [self.queue.process_id, self.queue.register("worker-2")]

    def teardown(self) -> None:
        self.looking.close()
        self.queue.close()
        self.directory.cleanup()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.looking.execute(statement).fetchall()

    # --- clients

    @initialize()
    def begin(self) -> None:
        self.accept(["a.example"] * 2, 2, 1)

    @rule(
        destinations=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
        priority=st.integers(0, 4),
        count=st.sampled_from([1, 1, 1, 30]),
        delay_s=st.sampled_from([0, 0, 60, 600]),
    )
    def accept(self, destinations: list[str], priority: int, count: int, delay_s: int = 0) -> None:
        first = len(self.model.status) + 1
        self.queue.accept(*destinations, count=count, priority=priority, at=self.now + delay_s)
        for number, name in enumerate(destinations * count, start=first):
            self.model.status[number] = WAITING
            self.model.destination[number] = name
            self.model.lost[number] = 0

    # --- workers

    @rule(worker=st.integers(0, 1), limit=st.sampled_from([1, 3, 100]))
    def lease(self, worker: int, limit: int) -> None:
        model = self.model
        due = {
            number
            for number, at in self.rows("SELECT recipient_id, next_retry_at FROM _recipient")
            if model.status[number] == WAITING and at <= self.now
        }
        taken: list[Lease] = []
        for _ in NAMES:  # each look may meet a bound that is early, and mends it
            left = limit - len(taken)
            taken += self.queue.lease(now=self.now, limit=left, failing_limit=left, process_id=self.processes[worker])
            if len(taken) == limit:
                break
        assert len(taken) <= limit
        for lease in taken:
            numbers = ids(lease)
            assert len(numbers) == len(set(numbers))
            assert due.issuperset(numbers), "leased twice, or before its time"
            assert {lease.destination} == {model.destination[number] for number in numbers}
            assert len(lease.messages) <= MESSAGES
            assert all(message.content for message in lease.messages)
            due.difference_update(numbers)
            model.leases[lease.lease_id] = Held(lease, self.processes[worker], set(numbers))
            model.status.update(dict.fromkeys(numbers, "leased"))
        if len(taken) < limit:
            full = {name for name in NAMES if self._leases_of(name) >= model.slots}
            assert {model.destination[number] for number in due} <= full, "due mail lies"
        self.taken += taken

    @rule(name=st.sampled_from(NAMES), sooner=st.integers(0, 4), later=st.integers(0, 4))
    def lease_beside_what_waits(self, name: str, sooner: int, later: int) -> None:
        """The bound is made exact over all classes."""
        self.accept([name], later, 1, 600)
        self.accept([name], sooner, 1, 60)
        self.accept([name], 2, 1, 0)
        self.lease(0, 100)

    def some_lease(self, data: st.DataObject) -> Lease | None:
        """Mostly an existing lease; else one that is over, or none if there never was any."""
        if not self.model.leases:
            self.lease(0, 3)
        live = [held.lease for held in self.model.leases.values()]
        if live and data.draw(st.sampled_from([True, True, True, False])):
            return data.draw(st.sampled_from(live))
        return data.draw(st.sampled_from(self.taken)) if self.taken else None

    def _leases_of(self, name: str) -> int:
        return sum(held.lease.destination == name for held in self.model.leases.values())

    @rule(
        data=st.data(),
        message=st.integers(0, MESSAGES - 1),
        status=st.sampled_from(sorted(FATES)),
        is_partial=st.booleans(),
        delay_s=st.sampled_from([0, 60, 3600]),
    )
    def settle(
        self, data: st.DataObject, message: int, status: RecipientStatus, is_partial: bool, delay_s: int
    ) -> None:
        lease = self.some_lease(data)
        if lease is None:
            return
        message %= len(lease.messages)
        numbers = [recipient.recipient_id for recipient in lease.messages[message].recipients]
        work = self.queue.new_settle(
            lease,
            status,
            message=message,
            now=self.now,
            next_retry_at=self.now + delay_s,
            recipients=numbers[:1] if is_partial else numbers,
        )
        self.settles.append(work)
        self._settle(work)

    @rule(data=st.data(), order=st.sampled_from(sorted(ORDERS)), status=st.sampled_from(sorted(FATES)))
    def order_and_settle(self, data: st.DataObject, order: str, status: RecipientStatus) -> None:
        self.order(data, order)
        for held in list(self.model.leases.values()):
            for message in range(len(held.lease.messages)):
                work = self.queue.new_settle(
                    held.lease, status, message=message, now=self.now, next_retry_at=self.now + 9
                )
                self._settle(work)

    @rule(data=st.data())
    def settle_again(self, data: st.DataObject) -> None:
        """A result whose commit was in doubt is written again, perhaps long after."""
        if self.settles:
            self._settle(data.draw(st.sampled_from(self.settles)))

    def _settle(self, work: Settle) -> None:
        model = self.model
        lease_id = work.lease_id
        before = self._recipients()
        self.queue.run(work)
        held = model.leases.get(lease_id)
        assert work.is_stale == (held is None)
        fates = {fate.recipient_id: fate.status for fate in work.fates}
        mine = fates.keys() & (held.left if held else set())
        extended = {
            number for number, at in self.rows("SELECT recipient_id, expires_at FROM _recipient") if at > self.now
        }
        for number in mine:
            fate = fates[number]
            if fate is RecipientStatus.DELIVERED:
                model.ordered.pop(number, None)
            model.lost[number] = 0
            goes_on = fate is RecipientStatus.DEFERRED or (fate is RecipientStatus.EXPIRED and number in extended)
            model.leave(number, WAITING if goes_on else str(fate))
        if held is not None:
            held.left -= mine
        after = self._recipients()
        assert mine >= {number for number in after if before[number] != after[number]}, (
            "a stale result changed something"
        )

    def _recipients(self) -> dict[int, tuple[Any, ...]]:
        return {row[0]: row for row in self.rows("SELECT * FROM _recipient")}

    @rule(data=st.data(), is_failing=st.booleans())
    def end_lease(self, data: st.DataObject, is_failing: bool) -> None:
        if (lease := self.some_lease(data)) is None:
            return
        self.queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=is_failing, now=T0 + 1))
        self.model.end(lease.lease_id, is_lost=False)

    @rule(worker=st.integers(0, 1), data=st.data())
    def end_strays(self, worker: int, data: st.DataObject) -> None:
        mine = [number for number, held in self.model.leases.items() if held.process_id == self.processes[worker]]
        known = data.draw(st.sets(st.sampled_from(mine))) if mine else set()
        self.queue.run(ReleaseUnknownLeases(self.processes[worker], known, now=T0 + 1))
        for lease_id in set(mine) - known:
            self.model.end(lease_id, is_lost=False)

    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def rekey(self, data: st.DataObject, name: str) -> None:
        if (lease := self.some_lease(data)) is None:
            return
        self.queue.run(Rekey(lease.lease_id, dict.fromkeys(ids(lease), name), now=T0 + 1))
        for number in self._leave(lease, WAITING):
            self.model.destination[number] = name

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        if (lease := self.some_lease(data)) is None:
            return
        self.queue.run(Hold(lease.lease_id, tuple(ids(lease)), now=self.now, reason="no content"))
        self._leave(lease, "held")

    def _leave(self, lease: Lease, status: str) -> set[int]:
        held = self.model.leases.get(lease.lease_id)
        if held is None:
            return set()
        left, held.left = held.left, set()
        for number in left:
            self.model.leave(number, status)
        return left

    # --- people and the housekeeper

    @rule(data=st.data(), order=st.sampled_from(sorted(ORDERS)))
    def order(self, data: st.DataObject, order: str) -> None:
        model = self.model
        lease = self.some_lease(data)  # orders to leased recipients have the longest history
        live = [number for number, status in model.status.items() if status in LIVE and status != order]
        numbers = [number for number in live if lease and number in ids(lease)] or live
        if not numbers:
            return
        number = data.draw(st.sampled_from(numbers))
        write(self.queue.path, ORDERS[order], number)
        if model.status[number] == "leased":
            model.ordered[number] = order
        else:
            model.status[number] = order

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        model = self.model
        held = [number for number, status in model.status.items() if status in ("held", "leased")]
        if not held:
            return
        number = data.draw(st.sampled_from(held))
        write(self.queue.path, "UPDATE queue SET status = 'queued' WHERE recipient_id = ?", number)
        model.ordered.pop(number, None)
        if model.status[number] == "held":
            model.status[number] = WAITING

    @rule(data=st.data(), delay_s=st.sampled_from([-60, 0, 60]))
    def reschedule(self, data: st.DataObject, delay_s: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.status)))
        write(self.queue.path, RESCHEDULE, self.now + delay_s, number)

    @rule(worker=st.integers(0, 1))
    def freeze_and_thaw(self, worker: int) -> None:
        write(self.queue.path, "INSERT INTO control (verb) VALUES ('freeze')")
        assert [] == self.queue.lease(now=self.now, process_id=self.processes[worker])
        write(self.queue.path, "INSERT INTO control (verb) VALUES ('thaw')")

    @rule(worker=st.integers(0, 1))
    def kill(self, worker: int) -> None:
        process_id = self.processes[worker]
        self.queue.run(EndProcess(process_id, now=self.now))
        for lease_id in [number for number, held in self.model.leases.items() if held.process_id == process_id]:
            self.model.end(lease_id, is_lost=True)
        assert [] == self.queue.lease(now=self.now, process_id=process_id), "the dead take work"
        self.processes[worker] = self.queue.register(f"worker-{worker + 1}", generation=process_id + 1)

    @rule(slots=st.integers(1, 3))
    def resize(self, slots: int) -> None:
        in_use = max((self._leases_of(name) for name in NAMES), default=0)
        if slots >= in_use:  # existing leases stay; the limit counts for the next ones
            numbers = [number for (number,) in self.queue.select("SELECT destination_id FROM _destination")]
            self.queue.run(ResizeDestinations(dict.fromkeys(numbers, slots)))
            self.queue.destination_ids.max_leases = slots
            self.model.slots = slots

    @rule()
    def forget_destinations(self) -> None:
        """Writers remember the numbers of those that go."""
        reader, idle = self.queue.engine.open_reader(), Idle(self.now, leased_before=self.now)
        chosen = IdleWalk().step(reader, idle)
        self.queue.run(MarkLeaving(chosen))
        walk = NeededWalk()
        left = set(chosen) - walk.step(reader)
        reader.close()
        self.queue.run(ForgetDestinations([*left], idle, after=walk.after), UnmarkAll())

    @rule(step_s=st.sampled_from([1, 60, 4000, 100_000_000]))
    def wait(self, step_s: int) -> None:
        # A person may reschedule up to ten years ahead of the real clock.
        self.now = min(self.now + step_s, T0 + 300_000_000)

    # --- invariants

    @invariant()
    def every_recipient_stands_where_the_model_says(self) -> None:
        """No accepted mail is lost, and every change has a cause."""
        found = dict(self.rows("SELECT recipient_id, status FROM _recipient"))
        plain = {number: WAITING if status in ("queued", "deferred") else status for number, status in found.items()}
        assert self.model.status == plain

    @invariant()
    def the_queue_is_sound(self) -> None:
        assert {} == wrong_with(self.looking)


_templates: list[Any] = []


def _template() -> Path:
    """An empty queue, made once."""
    if not _templates:
        directory = tempfile.TemporaryDirectory()
        Queue(Path(directory.name) / "queue.db").close()
        write(Path(directory.name) / "queue.db", "DELETE FROM _process")
        select(Path(directory.name) / "queue.db", "PRAGMA wal_checkpoint(TRUNCATE)")
        _templates.append(directory)
    return Path(_templates[0].name) / "queue.db"


TestQueue = QueueMachine.TestCase
# Each step commits, so there are a third of the examples, but longer ones.
TestQueue.settings = settings(
    TestQueue.settings, max_examples=max(settings().max_examples // 3, 8), stateful_step_count=40
)
