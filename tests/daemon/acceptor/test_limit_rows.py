"""Limits of listeners as an acceptor follows their rows."""

import pytest

from empath.config import load_config
from empath.config.listener_limits import LimitBook
from empath.daemon.acceptor.limit_rows import LimitRows
from empath.daemon.process.rules import Rules
from empath.daemon.process.shared_reader import SharedReader
from empath.mail.identity import Timestamp
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.acceptor import LimitUnusable
from tests.daemon.acceptor.kit import emitter_to
from tests.kit.process import configuration
from tests.kit.queue import Queue

LIMIT = "INSERT INTO listener_limit (listener, setting, value, expires_at) VALUES"


@pytest.fixture
def queue(tmp_path):
    """A queue that no service has used."""
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()


def test_a_process_follows_the_rows_and_their_ends(tmp_path, queue):
    """
    At each look, a few times a second. What has not changed is not handed on.
    """
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525))
    config, now = load_config(file), [Timestamp(0.0)]
    seen: list[Occurrence] = []
    put: list[LimitBook] = []
    emit = emitter_to(seen)
    rules = Rules(config, SharedReader(queue.engine.open_reader), emit, lambda: now[0])
    rules.look()
    queue.write(f"{LIMIT} ('*', 'junk', '7', NULL), ('*', 'errors', '5', '+1 hour')")
    rules.look_along(LimitRows(config, put.append, emit))
    assert [(7, 5)] == [(book.of_all.junk, book.of_all.errors) for book in put]
    queue.accept("a.example")
    rules.look()
    assert 1 == len(put)
    assert put[0].ends_at is not None
    now[0] = put[0].ends_at
    rules.look()
    rules.look()
    assert [(7, 20)] == [(book.of_all.junk, book.of_all.errors) for book in put[1:]]
    assert [] == seen
    # Only the file says how many connections there can be.
    queue.write(f"{LIMIT} ('*', 'connections', '1000000', NULL)")
    queue.write(f"{LIMIT} ('*', 'junk', '8', NULL)")
    rules.look()
    queue.write("DELETE FROM listener_limit WHERE setting = 'junk'")
    rules.look()
    assert [8, 100] == [book.of_all.junk for book in put[2:]]
    assert [("*", "connections")] == [(each.listener, each.setting) for each in seen if isinstance(each, LimitUnusable)]


def test_a_session_under_way_is_held_to_fewer_messages_than_it_has_sent(visit, make_context):
    """
    A limit that is compared for equality alone would never be reached then.
    """
    context = make_context()
    one = visit(context)
    one.hear()
    one.say(b"EHLO client.example\r\n")
    for _ in range(2):
        assert one.say(b"MAIL FROM:<a@example.org>\r\n").startswith(b"250 ")
        one.say(b"RSET\r\n")
    context.change_limits(context.configured.model_copy(update={"messages_per_session": 1}))
    assert one.say(b"MAIL FROM:<a@example.org>\r\n").startswith(b"421 4.7.0 ")


def test_a_session_under_way_is_held_to_fewer_recipients_than_it_has_named(visit, make_context):
    """
    The same. What the session told its client at EHLO stays.
    """
    context = make_context()
    one = visit(context)
    one.hear()
    one.say(b"EHLO client.example\r\n")
    one.say(b"MAIL FROM:<a@example.org>\r\n")
    for name in (b"b", b"c"):
        assert one.say(b"RCPT TO:<%s@example.org>\r\n" % name).startswith(b"250 ")
    context.change_limits(context.configured.model_copy(update={"recipients_per_session": 1, "recipients": 100}))
    assert one.say(b"RCPT TO:<d@example.org>\r\n").startswith(b"452 4.5.3 ")
    two = visit(context)
    two.hear()
    assert b"RCPTMAX=100" in two.say(b"EHLO client.example\r\n")
