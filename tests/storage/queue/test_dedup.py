"""Messages that a client sends twice."""

import pytest

from empath.mail.identity import QueueId, Timestamp
from empath.storage.queue.dedup import AcceptOnce
from empath.storage.queue.sweep import DEDUP, outdated
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines


def once(queue: Queue, number: int, *, at: float = T0, destination: str = "a.example") -> AcceptOnce:
    """Accept the same message under another id."""
    queue_id = QueueId.make(Timestamp(T0 + number), bytes([number]) * 10)
    message = queue.new_message(destination)._replace(queue_id=queue_id, received_at=Timestamp(at))
    return queue.done(AcceptOnce(message, 60))


def test_a_repetition_gets_the_first_id_once(queue: Queue) -> None:
    """
    RFC 1047: the client lost the reply. A third one is sent on purpose.
    """
    first, second, third = (once(queue, number) for number in range(1, 4))
    assert (None, first.message.queue_id, None) == (first.first, second.first, third.first)
    assert [(2,)] == queue.select("SELECT count(*) FROM _message")
    audited = queue.select("SELECT ulid, what, who FROM _audit")
    assert [(str(first.message.queue_id), "duplicate", "empath")] == audited
    assert {} == queue.violations()


def test_another_envelope_or_a_later_instant_is_another_message(queue: Queue) -> None:
    once(queue, 1)
    assert once(queue, 2, destination="b.example").first is None
    assert once(queue, 3, at=T0 + 60).first is None


def test_rows_that_are_over_are_removed(queue: Queue) -> None:
    once(queue, 1)
    reader = queue.engine.open_reader()
    assert outdated(reader, DEDUP, T0 + 59) is None
    forgetting = outdated(reader, DEDUP, T0 + 60)
    reader.close()
    assert forgetting is not None
    queue.run(forgetting)
    assert [(0,)] == queue.select("SELECT count(*) FROM _dedup")
