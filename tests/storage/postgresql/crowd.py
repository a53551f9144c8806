"""
crowd - everybody who writes a queue, at once

Acceptors, workers, a judge who declares living processes dead, a person who edits, one who leaves a transaction open,
and a watcher of the limits: each is a thread with connections of its own, so that the server runs them at the same
time.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from empath.errors import QueueBusy
from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.postgresql.engine import PostgresEngine
from empath.storage.postgresql.writer import Writer
from empath.storage.queue.accept import Accept
from empath.storage.queue.lease import Lease, TakeLeases
from empath.storage.queue.process import Beat, EndProcess, Register
from empath.storage.queue.put_back import EndLease
from empath.storage.write import Batch, Write
from tests.kit.postgresql import SCHEMA, PostgresQueue

MOST_LEASES = 3
RUNS = itertools.count()
OUTCOMES = [RecipientStatus.DELIVERED] * 7 + [RecipientStatus.DEFERRED, RecipientStatus.BOUNCED, None]
RING = """
    INSERT INTO _bell (destination_id, due_at, priority)
    SELECT destination_id, min(next_retry_at), min(priority) FROM edited GROUP BY destination_id"""
# What a person does through the views, once they are there: a change, and a bell for each destination.
EDITS = (
    "UPDATE _recipient SET priority = %(n)s %% 5 WHERE recipient_id %% 11 = %(n)s %% 11",
    "UPDATE _recipient SET next_retry_at = 0 WHERE recipient_id %% 13 = %(n)s %% 13",
    "UPDATE _recipient SET status = 'held' WHERE recipient_id %% 17 = %(n)s %% 17",
)
RELEASE = "UPDATE _recipient SET status = 'queued' WHERE status = 'held' RETURNING *"
ORDER = "UPDATE _recipient SET ordered_status = 'held' WHERE status = 'leased' AND recipient_id % 7 = 0"


class Crowd:
    """Threads that write the queue of *queue* until they are told to end."""

    def __init__(self, queue: PostgresQueue, destinations: int, seed: int = 1) -> None:
        self.accepted = 0
        self.over = threading.Event()
        self.errors: list[str] = []
        self.looks = 0
        self.above_limit = 0
        self._queue = queue
        self._destinations = [f"d{number}.example" for number in range(destinations)]
        self._seed = seed
        self._lock = threading.Lock()
        self._engine = PostgresEngine(queue.conninfo, max_leases=MOST_LEASES, schema=SCHEMA)

    @contextmanager
    def at_work(self, *roles: Callable[[random.Random], None]) -> Iterator[None]:
        """Let each of *roles* run; at the end all have ended."""
        self.over.clear()
        threads = [
            threading.Thread(target=self._run, args=(role, self._seed + number)) for number, role in enumerate(roles)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join()

    def _run(self, role: Callable[[random.Random], None], seed: int) -> None:
        try:
            role(random.Random(seed))
        except Exception as exc:  # noqa: BLE001 - the test looks at it
            self.errors.append(f"{role}: {exc!r}")

    @contextmanager
    def _writing(self) -> Iterator[Writer]:
        writer = self._engine.open_writer(deadline_s=5.0, notify=lambda: None)
        try:
            yield writer
        finally:
            writer.close()

    def accept(self, rng: random.Random, commits: int) -> None:
        """Accept messages, some to several destinations, in that many group commits."""
        with self._writing() as writer:
            for _ in range(commits):
                batch: list[Accept] = []
                for _ in range(rng.randrange(1, 12)):
                    names = rng.sample(self._destinations, rng.choice((1, 1, 1, 2, 3)))
                    message = self._queue.new_message(
                        *names,
                        at=time.time(),
                        priority=rng.randrange(5),
                        queue_id=QueueId.make(Timestamp(time.time()), rng.randbytes(10)),
                    )
                    batch.append(Accept(message))
                writer.execute([*batch])
                with self._lock:
                    self.accepted += sum(len(each.message.destinations) for each in batch if each.error is None)
                    self.errors += [str(each.error) for each in batch if each.error is not None]

    def work(self, rng: random.Random) -> None:
        """Lease, settle and end, as a worker does."""
        with self._writing() as writer:
            process_id = self._register(writer)
            while not self.over.is_set():
                if not self.deliver(writer, process_id, rng, OUTCOMES):
                    beat = Beat(process_id, now=time.time())
                    writer.execute([beat])
                    if beat.is_taken_for_dead:
                        process_id = self._register(writer)
                    self.over.wait(0.002)
            self._say(writer, EndProcess(process_id, now=time.time(), is_lost=False))

    def drain(self, rng: random.Random) -> None:
        """Deliver all that waits, until nothing does."""
        with self._writing() as writer:
            process_id = self._register(writer)
            while not self.over.is_set():
                if not self.deliver(writer, process_id, rng, [RecipientStatus.DELIVERED], ahead_s=3600):
                    self.over.set()
            self._say(writer, EndProcess(process_id, now=time.time(), is_lost=False))

    def deliver(
        self,
        writer: Writer,
        process_id: int,
        rng: random.Random,
        outcomes: list[Any],
        ahead_s: float = 0.0,
    ) -> bool:
        """One write of leases, and what becomes of them; False if nothing was due."""
        take = TakeLeases(
            process_id=process_id, now=time.time() + ahead_s, limit=rng.randrange(1, 8), failing_limit=2,
            further_limit=100, workers=1,
        )  # fmt: skip
        writer.execute([take])
        if take.error is not None:
            if not isinstance(take.error, QueueBusy):
                self.errors.append(str(take.error))
            return True
        ends = [self._end_of(lease, process_id, rng, outcomes) for lease in take.leases]
        for end in ends:
            self._say(writer, end)
        return bool(ends)

    def _end_of(self, lease: Lease, process_id: int, rng: random.Random, outcomes: list[Any]) -> Batch:
        writes: list[Write] = []
        for number, message in enumerate(lease.messages):
            if message.content is None:
                self.errors.append(f"no content: {message.message_id}")
            status = rng.choice(outcomes)
            if status is not None:
                settle = self._queue.new_settle(
                    lease, status, message=number, now=time.time(), next_retry_at=time.time() + rng.random()
                )
                settle.process_id = process_id
                writes.append(settle)
        end = EndLease(lease.lease_id, destination=lease.destination, is_failing=rng.random() < 0.05, now=time.time())
        return Batch(*writes, end)

    def _say(self, writer: Writer, write: Write) -> None:
        """Write until it is written, as a worker does; no edit lasts so long."""
        for _ in range(20):
            writer.execute([write])
            if not isinstance(write.error, QueueBusy):
                break
        if write.error is not None:
            self.errors.append(str(write.error))

    def _register(self, writer: Writer) -> int:
        write = Register(node="n", instance=f"run {next(RUNS)}", slot="worker-1", generation=1, pid=1, now=time.time())
        self._say(writer, write)
        return write.process_id

    def judge(self, rng: random.Random) -> None:
        """Take processes for dead that live, as after a stall of the whole machine."""
        with self._writing() as writer, self._shell() as shell:
            while not self.over.wait(rng.random() * 0.5):
                living = shell.execute("SELECT process_id FROM _process WHERE ended_at IS NULL").fetchall()
                if living:
                    self._say(writer, EndProcess(rng.choice(living)[0], now=time.time()))

    def edit(self, rng: random.Random) -> None:
        """Change what waits, hold it, release it, and give orders for what is being delivered."""
        with self._shell() as shell:
            while not self.over.wait(rng.random() * 0.05):
                change = f"{rng.choice(EDITS)} AND status IN ('queued', 'deferred') RETURNING *"
                for text in (f"WITH edited AS ({change}) {RING}", ORDER, f"WITH edited AS ({RELEASE}) {RING}"):
                    try:
                        if text is ORDER:
                            shell.execute(text.encode())
                        else:
                            shell.execute(text.encode(), {"n": rng.randrange(1000)})
                    except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
                        pass  # of persons with each other

    def lunch(self, rng: random.Random) -> None:
        """Edit a row, and leave the transaction open."""
        with self._shell() as shell:
            while not self.over.is_set():
                shell.execute("BEGIN")
                shell.execute(
                    "UPDATE _recipient SET priority = 4 - priority WHERE recipient_id IN"
                    " (SELECT recipient_id FROM _recipient WHERE status IN ('queued', 'deferred', 'leased')"
                    " ORDER BY random() LIMIT 1)"
                )
                self.over.wait(0.3)
                shell.execute("ROLLBACK")

    def watch(self, _: random.Random) -> None:
        """Count the leases of each destination, again and again."""
        with self._shell() as shell:
            while not self.over.wait(0.01):
                found = shell.execute("SELECT count(*) FROM _lease GROUP BY destination_id").fetchall()
                self.looks += 1
                self.above_limit += sum(count > MOST_LEASES for (count,) in found)

    def _shell(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            self._queue.conninfo, autocommit=True, options=f"-c search_path={SCHEMA} -c lock_timeout=5s"
        )
