"""A stream of a real server of NATS takes events: each once, in order, also when the server was away."""

import logging
import socket
import threading

import pytest

from empath.config.tables.event_brokers import EventNats
from empath.daemon.publisher.nats_sink import NatsSink
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict
from tests.kit.nats_server import PASSWORD, PROGRAM, USER, NatsServer

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="nats-server is not installed (Debian: nats-server)")
EVENTS = [Event(number, 1.5, "held", f"{number:026}", number, detail={"reason": "x"}) for number in range(3, 40)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with two streams; the second takes small messages only."""
    made = NatsServer(tmp_path_factory.mktemp("nats"))
    try:
        made.start()
        made.add_stream("MAIL", "mail.*")
        made.add_stream("SMALL", "small.*", max_msg_size=40)
        yield made
    finally:
        made.stop()


@pytest.fixture
def sinks():
    """Maker of sinks, which are closed: a loop has sockets of its own."""
    made = []

    def make(**settings):
        made.append(NatsSink(EventNats(**settings), "Q"))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def sink(server, sinks, tmp_path):
    """Maker of sinks of the server."""
    (tmp_path / "password").write_text(f"{PASSWORD}\n")

    def make(subject="mail.{type}", password="password"):
        return sinks(url=server.url, user=USER, password_file=str(tmp_path / password), subject=subject)

    return make


def test_each_event_is_in_the_stream_once_and_in_order(server, sink):
    """
    A server that was killed between two requests is no failure, one that is not there is. What was sent before is told
    by its id.
    """
    made = sink()
    assert Verdict.TAKEN is made.send(EVENTS[:20]).verdict
    server.stop()
    assert Verdict.FAILED is made.send(EVENTS[10:]).verdict
    server.start()
    assert Verdict.TAKEN is made.send(EVENTS[10:30]).verdict
    server.stop()
    server.start()  # the connection that was kept is of the killed one
    assert (Verdict.TAKEN, "") == made.send(EVENTS[25:])[:2]
    assert [("mail.held", f"Q-{event.event_id}", record_of(event)) for event in EVENTS] == server.messages("MAIL")


def test_what_the_server_says_is_told(sink, tmp_path):
    """
    Only an event that it can never take is refused.
    """
    said = sink("none.{type}").send(EVENTS)
    assert (Verdict.FAILED, "no stream of the server takes the subject none.{type}") == said[:2]
    said = sink("small.{type}").send(EVENTS)
    assert (Verdict.REFUSED, True) == (said.verdict, "message size exceeds maximum" in said.words)
    large = EVENTS[0]._replace(detail={"reason": "x" * 2_000_000})
    assert (Verdict.REFUSED, "the event is larger than the server takes") == sink().send([large])[:2]
    (tmp_path / "wrong").write_text("x")
    assert "Authorization Violation" in sink(password="wrong").send(EVENTS).words
    (tmp_path / "empty").write_text("\n")
    assert f"{tmp_path}/empty: it is empty" == sink(password="empty").send(EVENTS).words
    assert f"{tmp_path}/none: No such file or directory" == sink(password="none").send(EVENTS).words


def test_a_server_that_says_nothing_is_left_after_the_time(sinks):
    """
    So is one that ends the connection.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"nats://127.0.0.1:{silent.getsockname()[1]}"
        assert (Verdict.FAILED, "timed out") == sinks(url=url, timeout="20ms").send(EVENTS)[:2]
    assert Verdict.FAILED is sinks(url=url).send(EVENTS).verdict


def test_a_server_that_breaks_the_protocol_is_told_by_the_verdict_only(sinks):
    """
    The library wrote a traceback to standard error, between the lines of the log, as it does where nothing handles its
    lines.
    """
    broken = b"+OK\r\nPONG\r\nHMSG a 1 5 3\r\nabcde\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_say, args=(listening, [b'INFO {"headers": true}\r\n', broken]), daemon=True)
        serving.start()
        said = sinks(url=f"nats://127.0.0.1:{listening.getsockname()[1]}", timeout="200ms").send(EVENTS)
        serving.join()
    assert Verdict.FAILED is said.verdict
    assert logging.getLogger("nats").handlers


def _say(listening, parts):
    """Say each of *parts*, and listen until the client leaves."""
    connection, _ = listening.accept()
    with connection:
        for part in parts:
            connection.sendall(part)
            connection.recv(65_536)
        while connection.recv(65_536):
            pass
