"""
model - processes, cores, locks and commits as a discrete simulation

A process is one hub, which does one thing at a time, and one writer, which puts all that waits into one commit. Cores
are given in the order of asking, and for a whole piece of work, which is shorter than a time slice. A commit keeps its
locks until the disk, and a standby, have it. Mail never fails, and a next hop answers after the same time always.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

import simpy

from .costs import DELIVER, RECEIVE, SYNC, Engine, Transaction

Steps = Generator[simpy.Event, Any, None]
MOST_IN_A_COMMIT: Final = 500
_BURST: Final = 0.001  # of what other programs do


@dataclass(frozen=True, slots=True)
class Machines:
    """
    Shape: `cores` of the machine with the database; `node_cores` of all other machines together, 0 where all runs on
    one; `others` is how many cores other programs use; `replication` seconds until a standby has a commit.
    """

    cores: int
    node_cores: int = 0
    others: float = 0.0
    replication: float = 0.0


@dataclass(frozen=True, slots=True)
class Work:
    """
    Shape: processes of each kind; `sessions` of each of them; `messages` of a lease; `concurrency` connections of each
    destination; `reply` seconds of a next hop; `backlog`: clients wait while more mails than this wait for each worker,
    so that in and out find one rate; `receive` and `deliver`, CPU seconds of a hub.
    """

    acceptors: int = 0
    workers: int = 0
    sessions: int = 20
    messages: int = 20
    destinations: int = 1000
    concurrency: int = 20
    reply: float = 0.0
    backlog: int = 100
    receive: float = RECEIVE
    deliver: float = DELIVER
    is_drain: bool = False  # all mail is there at the begin


@dataclass(slots=True)
class Seen:
    """What happened: mails that came in and went out, takes that found some, and how long what was in use."""

    accepted: int = 0
    delivered: int = 0
    takes: int = 0
    database_s: float = 0.0  # CPU of its machine
    locked_s: float = 0.0


class Destination:
    """What waits for a next hop. Only one transaction at a time changes its row."""

    __slots__ = ("is_locked", "slots", "waiting")

    def __init__(self, slots: int) -> None:
        self.waiting = 0
        self.slots = slots
        self.is_locked = False

    @property
    def is_ready(self) -> bool:
        """Whether a take finds something here."""
        return self.waiting > 0 and self.slots > 0


class Process:
    """What a process has: its hub, what waits for its writer, and places for connections."""

    __slots__ = ("hub", "places", "works")

    def __init__(self, env: simpy.Environment, places: int) -> None:
        self.hub = simpy.Resource(env, 1)
        self.works = simpy.Store(env)
        self.places = simpy.Resource(env, places)


class Model:
    """One run. `rates` has its result."""

    def __init__(self, engine: Engine, machines: Machines, work: Work) -> None:
        self.seen = Seen()
        self._engine, self._machines, self._work = engine, machines, work
        self._env = simpy.Environment()
        self._cores = simpy.Resource(self._env, machines.cores)
        here = machines.node_cores
        self._node_cores = simpy.Resource(self._env, here) if here else self._cores
        self._file = simpy.Resource(self._env, 1)  # the lock of SQLite
        self._last_writer: object = None
        self._destinations = [Destination(work.concurrency) for _ in range(work.destinations)]
        self._next = 0  # destination that is looked at first
        self._arrived = self._env.event()
        self._left = self._env.event()
        self._waiting = 0
        if work.is_drain:
            for destination in self._destinations:
                destination.waiting = 1_000_000

    def rates(self, seconds: float) -> tuple[float, float]:
        """Mails accepted and delivered a second, after half of *seconds* in which the run comes up to speed."""
        for _ in range(self._work.acceptors):
            self._env.process(self._acceptor())
        for _ in range(self._work.workers):
            self._env.process(self._worker())
        if self._machines.others:
            self._env.process(self._others())
        self._env.run(seconds / 2)
        self.seen = Seen()
        self._env.run(seconds / 2 + seconds)
        return self.seen.accepted / seconds, self.seen.delivered / seconds

    def use(self, seconds: float) -> tuple[float, float]:
        """Shares of *seconds*, the time of the run: of the cores of the database in use, and of its file locked."""
        return self.seen.database_s / seconds / self._machines.cores, self.seen.locked_s / seconds

    # Cores

    def _use(self, cores: simpy.Resource, seconds: float) -> Steps:
        with cores.request() as turn:
            yield turn
            yield self._env.timeout(seconds)
        if cores is self._cores:
            self.seen.database_s += seconds

    def _others(self) -> Steps:
        share = self._machines.others
        while True:
            yield from self._use(self._cores, _BURST)
            self.seen.database_s -= _BURST
            yield self._env.timeout(_BURST * (1 - share) / share)

    # Commits

    def _commit(self, writer: object, transaction: Transaction, rows: int) -> Steps:
        """One transaction from its begin until it is durable."""
        engine = self._engine
        lock = self._file.request() if engine.is_exclusive else None
        if lock is not None:
            yield lock
        began_at = self._env.now
        factor = 1.0 if self._last_writer in (None, writer) else engine.cold
        self._last_writer = writer
        yield from self._use(self._node_cores, transaction.here.of(rows) * factor)
        if transaction.server.fixed:
            yield from self._use(self._cores, transaction.server.of(rows))
        yield self._env.timeout(SYNC + self._machines.replication)
        if lock is not None:
            self._file.release(lock)
            self.seen.locked_s += self._env.now - began_at

    def _writer(self, works: simpy.Store, transaction: Transaction) -> Steps:
        """Puts all that waits into one commit, again and again."""
        while True:
            batch = [(yield works.get())]
            while works.items and len(batch) < MOST_IN_A_COMMIT:
                batch.append((yield works.get()))
            yield from self._commit(works, transaction, len(batch))
            for done in batch:
                done.succeed()

    # Mail that comes in

    def _acceptor(self) -> Steps:
        process = Process(self._env, self._work.sessions)
        for _ in range(self._work.sessions):
            self._env.process(self._client(process))
        yield from self._writer(process.works, self._engine.accept)

    def _client(self, process: Process) -> Steps:
        while True:
            yield from self._think(process, self._work.receive)
            while self._work.workers and self._waiting > self._work.backlog * self._work.workers:
                yield self._left
            yield self._written(process)
            self.seen.accepted += 1
            self._arrive()

    def _think(self, process: Process, seconds: float) -> Steps:
        """The hub is busy, which is one thing at a time."""
        if seconds:
            with process.hub.request() as turn:
                yield turn
                yield from self._use(self._node_cores, seconds)

    def _written(self, process: Process) -> simpy.Event:
        """Hand something to the writer; the event is when it is durable."""
        done = self._env.event()
        process.works.put(done)
        return done

    def _arrive(self) -> None:
        """A mail waits."""
        self._waiting += 1
        self._destinations[self.seen.accepted % len(self._destinations)].waiting += 1
        self._wake()

    def _wake(self) -> None:
        arrived, self._arrived = self._arrived, self._env.event()
        arrived.succeed()

    def _leave(self) -> None:
        """A mail is delivered."""
        self.seen.delivered += 1
        self._waiting -= 1
        left, self._left = self._left, self._env.event()
        left.succeed()

    # Mail that goes out

    def _worker(self) -> Steps:
        process = Process(self._env, self._work.sessions)
        self._env.process(self._writer(process.works, self._engine.settle))
        while True:
            turns = [process.places.request()]
            yield turns[0]
            while process.places.count < process.places.capacity:
                turns.append(process.places.request())
            while not (taken := self._choose(len(turns))):
                yield self._arrived
            yield from self._commit(process.works, self._engine.take, sum(messages for _, messages in taken))
            for destination, _ in taken:
                destination.is_locked = False
            self._wake()
            for destination, messages in taken:
                self._env.process(self._lease(process, turns.pop(), destination, messages))
            for turn in turns:
                process.places.release(turn)

    def _choose(self, most: int) -> list[tuple[Destination, int]]:
        """
        Lock destinations that are ready and that no other take has, as SKIP LOCKED does; a lease of each, and then
        further leases of the same ones, *most* in all.
        """
        count = len(self._destinations)
        ready = []
        for step in range(count):
            destination = self._destinations[(self._next + step) % count]
            if destination.is_ready and not destination.is_locked:
                ready.append(destination)
                if len(ready) == most:
                    break
        self._next = (self._next + len(ready)) % count
        taken: list[tuple[Destination, int]] = []
        while ready and len(taken) < most:
            for destination in ready[: most - len(taken)]:
                messages = min(self._work.messages, destination.waiting)
                destination.waiting -= messages
                destination.slots -= 1
                taken.append((destination, messages))
            ready = [destination for destination in ready if destination.is_ready]
        for destination, _ in taken:
            destination.is_locked = not self._engine.is_exclusive
        self.seen.takes += bool(taken)
        return taken

    def _lease(self, process: Process, turn: Any, destination: Destination, messages: int) -> Steps:
        """One connection sends the messages of a lease, one after another."""
        for _ in range(messages):
            yield from self._think(process, self._work.deliver)
            if self._work.reply:
                yield self._env.timeout(self._work.reply)
            yield self._written(process)
            self._leave()
        destination.slots += 1
        process.places.release(turn)
        self._wake()
