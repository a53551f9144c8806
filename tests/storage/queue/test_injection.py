"""The messages of one request by HTTP, and its key."""

import pytest

from empath.errors import WriteRefused
from empath.storage.queue.accept import Accept
from empath.storage.queue.injection import INJECTIONS, EarlierRequest, Inject, InjectionKey, earlier_request
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

KEY = InjectionKey("app", "order-7", "a" * 64, T0, T0 + 60)


def messages(queue: Queue) -> int:
    """How many the queue has."""
    [(count,)] = queue.select("SELECT count(*) FROM _message")
    return int(count)


def test_the_same_key_queues_its_messages_once(queue: Queue) -> None:
    """
    The second request may come to another process: the row decides.
    """
    queue.done(Inject([queue.new_accept(), queue.new_accept()], KEY, '{"n": 1}'))
    again = queue.done(Inject([queue.new_accept()], KEY._replace(digest="b" * 64), '{"n": 2}'))
    assert EarlierRequest("a" * 64, '{"n": 1}') == again.earlier
    assert 2 == messages(queue)
    reader = queue.engine.open_reader()
    assert again.earlier == earlier_request(reader, KEY)
    assert earlier_request(reader, KEY._replace(token="other")) is None
    reader.close()
    assert {} == queue.violations()


def test_a_key_that_is_over_is_a_new_one(queue: Queue) -> None:
    queue.done(Inject([queue.new_accept()], KEY, "{}"))
    later = KEY._replace(now=T0 + 60, expires_at=T0 + 120)
    assert queue.done(Inject([queue.new_accept()], later, "{}")).earlier is None
    assert 2 == messages(queue)
    reader = queue.engine.open_reader()
    assert outdated(reader, INJECTIONS, T0 + 119) is None
    forgetting = outdated(reader, INJECTIONS, T0 + 120)
    reader.close()
    assert forgetting is not None
    queue.run(forgetting)
    assert [(0,)] == queue.select("SELECT count(*) FROM _injection")


def test_without_a_key_nothing_is_remembered(queue: Queue) -> None:
    queue.done(Inject([queue.new_accept()], None, "{}"))
    assert [(0,)] == queue.select("SELECT count(*) FROM _injection")


def test_one_message_that_cannot_be_keeps_all_out(queue: Queue) -> None:
    """
    All messages and the key are one transaction.
    """
    good = queue.new_accept()
    [error] = queue.outcome(Inject([good, Accept(good.message)], KEY, "{}"))
    assert isinstance(error, WriteRefused)
    assert 0 == messages(queue)
    assert [(0,)] == queue.select("SELECT count(*) FROM _injection")
