"""The way of events to one consumer: at least once, and for each message in order, across failures and ends."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from empath.daemon.publisher.channel import Channel
from empath.daemon.publisher.said import Said
from empath.policy.events.consumer import ConsumerOfFile
from empath.policy.events.filter import EventFilter
from empath.policy.events.form import Event
from empath.policy.events.sending import Retry, Verdict
from empath.storage.queue.events import EVENTS, KeepConsumers
from empath.storage.queue.sweep import ForgetRows
from tests.kit.queue import T0, Queue

TAKEN = Said(Verdict.TAKEN)
REFUSED = Said(Verdict.REFUSED, "HTTP status 400")
FAILED = Said(Verdict.FAILED, "timed out")
ALL = EventFilter()


class Rig:
    """A queue, one consumer of it, and what it was sent."""

    def __init__(self, path: Path) -> None:
        self.queue = Queue(path / "queue.db")
        self.queue.run(KeepConsumers([ConsumerOfFile("crm", "webhook")], now=T0))
        self.now = T0
        self.sent: list[list[int]] = []
        self.says: Callable[[Sequence[Event]], Said] = lambda _: TAKEN
        self.said: list[str] = []
        self.events: list[Event] = []

    def send(self, events: Sequence[Event]) -> Said:
        """As a sink."""
        self.sent.append([event.event_id for event in events])
        self.events += events
        return self.says(events)

    def commit(self, write: Any) -> Any:
        """As the writer of a process."""
        return self.queue.done(write)

    def channel(
        self, *, batch: int = 10, wanted: EventFilter = ALL, process_id: int = 1, gather_s: float = 0.0
    ) -> Channel:
        """A process that begins to serve the consumer."""
        retry = Retry(base_s=5.0, most_s=60.0, tries=2, give_up_s=1e6)
        made = Channel(
            "crm", self, wanted, batch, retry, self.queue.engine.open_reader(), self, process_id,
            lambda what: self.said.append(what.event), lambda: self.now, gather_s,
        )  # fmt: skip
        made.begin()
        return made

    def drain(self, channel: Channel) -> float | None:
        """Go on until it waits; for how long."""
        for _ in range(200):
            wait_s = channel.step()
            if wait_s != 0.0:
                return wait_s
        raise AssertionError("it never waits")

    def row(self, *names: str) -> tuple[Any, ...]:
        """Columns of the view consumer."""
        [found] = self.queue.select(f"SELECT {', '.join(names)} FROM consumer")
        return found

    def asides(self) -> list[tuple[Any, ...]]:
        """What is set aside."""
        return self.queue.select("SELECT event_id, state, tries FROM event_aside ORDER BY event_id")


@pytest.fixture
def rig(tmp_path):
    """A queue with a consumer."""
    made = Rig(tmp_path)
    yield made
    made.queue.close()


def refusing(*numbers: int) -> Callable[[Sequence[Event]], Said]:
    """An endpoint that takes no request with one of these events."""
    return lambda events: REFUSED if any(event.event_id in numbers for event in events) else TAKEN


def test_events_are_sent_in_batches_and_the_cursor_follows(rig):
    """
    And what comes later in the next one.
    """
    rig.queue.accept(count=5)
    channel = rig.channel(batch=2)
    assert 5.0 == rig.drain(channel)
    assert [[1, 2], [3, 4], [5]] == rig.sent
    assert (5, 5, 0, None) == rig.row("cursor", "sent", "lag", "lag_s")

    rig.queue.accept()
    rig.drain(channel)
    assert [6] == rig.sent[-1]


def test_what_the_filter_leaves_out_is_passed(rig):
    """
    The cursor passes it as well, if not with each event.
    """
    rig.queue.accept("a.example", "b.example", "a.example")
    channel = rig.channel(wanted=EventFilter.of(recipients=["b.example"]))
    rig.drain(channel)
    rig.queue.accept("a.example")
    rig.drain(channel)
    rig.now += 10
    rig.drain(channel)
    assert ([[2]], (4, 1)) == (rig.sent, rig.row("cursor", "sent"))


def test_an_outage_waits_longer_each_time_and_goes_on_where_it_was(rig):
    """
    Nothing is set aside, and one line of the log says that it began.
    """
    rig.queue.accept(count=2)
    rig.says = lambda _: FAILED
    channel = rig.channel()
    waits = []
    for _ in range(3):
        wait_s = rig.drain(channel)
        waits.append(wait_s)
        rig.now += wait_s
    assert [5.0, 10.0, 20.0] == waits
    assert (0, 3, "timed out") == rig.row("cursor", "failures", "last_error")

    rig.says = lambda _: TAKEN
    rig.drain(channel)
    assert (2, 0, None, 2) == rig.row("cursor", "failures", "next_try_unix", "sent")
    assert ["consumer_fails", "consumer_answers_again", "events_sent"] == rig.said


def test_an_endpoint_may_ask_for_a_longer_wait(rig):
    """
    Not for longer than the longest of its own.
    """
    rig.queue.accept()
    rig.says = lambda _: Said(Verdict.FAILED, "HTTP status 429", 30.0)
    channel = rig.channel()
    assert 30.0 == rig.drain(channel)
    rig.says = lambda _: Said(Verdict.FAILED, "HTTP status 429", 9e9)
    rig.now += 30.0
    assert 60.0 == rig.drain(channel)


def test_a_refused_event_holds_its_message_and_no_other(rig):
    """
    The later events of the message wait behind it, in their order, until it is taken.
    """
    rig.queue.accept()
    rig.queue.accept()
    rig.queue.write("UPDATE queue SET status = 'held'")
    rig.queue.write("UPDATE queue SET status = 'queued' WHERE recipient_id = 1")
    rig.says = refusing(1)
    channel = rig.channel()
    assert 5.0 == rig.drain(channel)
    assert [(1, "waiting", 1), (3, "behind", 0), (5, "behind", 0)] == rig.asides()
    assert [2, 4] == [n for batch in rig.sent if not set(batch) & {1} for n in batch]
    assert (5, 2, 3, 0) == rig.row("cursor", "sent", "aside", "failures")

    rig.sent.clear()
    rig.says = lambda _: TAKEN
    rig.now += 5.0
    rig.drain(channel)
    assert ([[1], [3], [5]], [], (5, 5)) == (rig.sent, rig.asides(), rig.row("cursor", "sent"))


def test_an_event_that_is_refused_for_good_is_a_dead_letter(rig):
    """
    What stood behind it is sent then, and it may be sent again by an order.
    """
    rig.queue.accept()
    rig.queue.write("UPDATE queue SET status = 'held'")
    rig.says = refusing(1)
    channel = rig.channel()
    rig.drain(channel)
    rig.now += 5.0
    rig.drain(channel)
    assert [(1, "dead", 2)] == rig.asides()
    assert ("event_dead", [2]) == (rig.said[-2], rig.sent[-1])

    rig.says = lambda _: TAKEN
    rig.now += 1e6
    rig.drain(channel)
    assert [2] == rig.sent[-1]
    rig.queue.write("UPDATE event_aside SET state = 'waiting'")
    rig.now = 4e9  # the row says the instant of the order
    rig.drain(channel)
    assert ([1], []) == (rig.sent[-1], rig.asides())


def test_a_dead_letter_comes_again_before_what_follows_it(rig):
    """
    Another event of the message that is refused now stands behind it.
    """
    rig.queue.accept()
    rig.queue.write("UPDATE queue SET status = 'held'")
    rig.says = refusing(1, 2)
    channel = rig.channel()
    rig.drain(channel)
    rig.now += 5.0
    rig.drain(channel)
    assert [(1, "dead", 2), (2, "waiting", 1)] == rig.asides()
    rig.queue.write("UPDATE event_aside SET state = 'waiting' WHERE event_id = 1")
    assert [(1, "waiting", 0), (2, "behind", 1)] == rig.asides()
    rig.queue.write("DELETE FROM event_aside WHERE event_id = 1")
    assert [(2, "waiting", 1)] == rig.asides()


def test_410_ends_it_until_an_operator_resumes_it(rig):
    """
    The endpoint wants no more.
    """
    rig.queue.accept()
    rig.says = lambda _: Said(Verdict.GONE, "HTTP status 410")
    channel = rig.channel()
    rig.drain(channel)
    rig.now += 1e6
    rig.drain(channel)
    assert (1, "gone") == (len(rig.sent), *rig.row("state"))

    rig.says = lambda _: TAKEN
    rig.queue.write("UPDATE consumer SET state = 'active'")
    rig.drain(channel)
    assert (1, 1) == rig.row("cursor", "sent")


def test_a_paused_consumer_gets_nothing(rig):
    """
    Until it goes on, where it was.
    """
    channel = rig.channel()
    rig.queue.write("UPDATE consumer SET state = 'paused'")
    rig.queue.accept()
    rig.drain(channel)
    assert [] == rig.sent
    rig.queue.write("UPDATE consumer SET state = 'active'")
    rig.drain(channel)
    assert [[1]] == rig.sent


def test_a_cursor_that_is_moved_back_sends_all_again(rig):
    """
    In its order, also what was set aside, and also while a request is under way.
    """
    rig.queue.accept(count=3)
    rig.says = refusing(2)
    channel = rig.channel()
    rig.drain(channel)
    rig.queue.write("UPDATE consumer SET cursor = 1")
    assert [] == rig.asides()
    rig.sent.clear()
    rig.says = lambda _: TAKEN
    rig.drain(channel)
    assert [[2, 3]] == rig.sent

    rig.queue.accept()
    rig.sent.clear()

    def taken_while_moved(_: Sequence[Event]) -> Said:
        rig.says = lambda _: TAKEN
        rig.queue.write("UPDATE consumer SET cursor = 0")
        return TAKEN

    rig.says = taken_while_moved
    rig.drain(channel)
    assert [[4], [1, 2, 3, 4]] == rig.sent


def test_a_gap_is_sent_before_what_follows_it(rig):
    """
    It names what is missing, and is counted.
    """
    rig.queue.accept(count=5)
    rig.queue.run(ForgetRows(EVENTS, [1, 2, 3]))
    rig.says = lambda events: REFUSED if events[0].type == "gap" else TAKEN
    channel = rig.channel()
    rig.drain(channel)
    assert ([[3], [4, 5]], (5, 2, 3)) == (rig.sent, rig.row("cursor", "sent", "lost"))
    assert ("gap", {"first_id": 1, "last_id": 3}) == (rig.events[0].type, rig.events[0].detail)
    assert "events_lost" in rig.said


def test_what_is_set_aside_and_ends_is_lost(rig):
    """
    And counted; what stood behind it goes on.
    """
    rig.queue.accept()
    rig.queue.write("UPDATE queue SET status = 'held'")
    rig.says = refusing(1)
    channel = rig.channel()
    rig.drain(channel)
    rig.queue.run(ForgetRows(EVENTS, [1]))
    assert ([(2, "waiting", 0)], (1,)) == (rig.asides(), rig.row("lost"))


def test_a_process_that_ends_after_a_request_sends_it_again(rig):
    """
    At least once: the commit that records the request never came.
    """
    rig.queue.accept(count=2)

    class KilledError(Exception):
        """The process is gone."""

    def killed(_: Sequence[Event]) -> Said:
        raise KilledError

    rig.says = killed
    with pytest.raises(KilledError):
        rig.channel().step()
    rig.says = lambda _: TAKEN
    rig.drain(rig.channel(process_id=2))
    assert ([[1, 2], [1, 2]], (2, 2)) == (rig.sent, rig.row("cursor", "sent"))


def test_of_two_processes_the_later_one_serves_it(rig):
    """
    At a reload the old one writes nothing more, also about a request that is under way.
    """
    rig.queue.accept()
    old = rig.channel()

    def other_comes(_: Sequence[Event]) -> Said:
        rig.says = lambda _: TAKEN
        rig.channel(process_id=2)
        return TAKEN

    rig.says = other_comes
    old.step()
    assert (0, 0) == rig.row("cursor", "sent")
    assert old.step() is None


def test_events_are_gathered_for_a_while(rig):
    """
    Until there are as many as one request takes, or the first of them is old enough.
    """
    channel = rig.channel(batch=2, gather_s=30.0)
    rig.queue.accept()
    rig.now = rig.queue.select("SELECT max(at_unix) FROM event")[0][0] + 28.0
    assert 2.0 == pytest.approx(rig.drain(channel))
    assert [] == rig.sent
    rig.now += 2.0
    rig.drain(channel)
    rig.queue.accept(count=2)
    rig.drain(channel)
    assert [[1], [2, 3]] == rig.sent
