"""Sessions in which a message comes twice."""

import pytest

from empath.policy.access import Role
from tests.daemon.acceptor.test_greylist import QueueWriter
from tests.kit.queue import Queue


@pytest.fixture
def queue(tmp_path):
    directory = tmp_path / "rows"
    directory.mkdir()
    made = Queue(directory / "queue.db")
    yield made
    made.close()


def replies(client, count):
    """The replies to the end of data of the same message, sent *count* times."""
    client.hear()
    client.say(b"EHLO c.test\r\n")
    found = []
    for _ in range(count):
        client.say(b"MAIL FROM:<a@b.test>\r\n")
        client.say(b"RCPT TO:<c@d.test>\r\n")
        client.say(b"DATA\r\n")
        found.append(client.say(b"Subject: x\r\n\r\nx\r\n.\r\n"))
    return found


@pytest.mark.parametrize(("listener", "is_once"), [("", True), ("deduplicate = false", False)])
def test_q11_a_repetition_is_answered_with_the_first_id(make_context, visit, queue, listener, is_once):
    """
    RFC 1047: the client cannot know that its message was taken. A mail exchanger takes every copy unless it is told.
    """
    context = make_context('[dedup]\nwindow = "1m"', listener=listener, role=Role.INTERNAL)
    context.writer = QueueWriter(queue)
    context.writer.messages = True  # the queue has the content
    first, second = replies(visit(context), 2)
    assert b"250 2.0.0 Ok: queued as " == first[:24]
    assert is_once == (first == second)
    assert [(2 - is_once,)] == queue.select("SELECT count(*) FROM _message")
