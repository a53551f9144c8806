"""A broker of AMQP that is not there or says nothing; tests/e2e/test_amqp_broker.py has a real one."""

import socket
import struct

import pytest

from empath.config.tables.event_brokers import EventAmqp
from empath.daemon.publisher.amqp_sink import AmqpSink, BoundedConnection
from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict
from tests.kit.flood import flooding

EVENT = Event(3, 1.5, "held")
HEARTBEAT = struct.pack(">BHIB", 8, 0, 0, 0xCE)
HUGE = 2**32 - 1


def sink_of(**settings):
    """A sink."""
    return AmqpSink(EventAmqp(**settings), "Q")


def test_a_broker_that_says_nothing_is_left_after_the_time(tmp_path):
    """
    Before a connection is made, the password has to be there.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://127.0.0.1:{silent.getsockname()[1]}"
        assert (Verdict.FAILED, "timed out") == sink_of(url=url, timeout="20ms").send([EVENT])[:2]
        login = {"user": "a", "password_file": str(tmp_path / "none")}
        said = sink_of(url=url, **login).send([EVENT])
        assert f"{tmp_path}/none: No such file or directory" == said.words
    said = sink_of(url=url).send([EVENT])
    assert (Verdict.FAILED, True) == (said.verdict, "refused" in said.words)


@pytest.mark.parametrize(
    ("first", "again", "words"),
    [
        (b"", HEARTBEAT * 1000, "timed out"),
        (struct.pack(">BHI", 1, 0, HUGE), b"x" * 10_000, f"the broker sends a frame of {HUGE} octets"),
    ],
)
def test_a_broker_that_never_stops_talking_is_left(first, again, words):
    """
    A socket that always had something to read held up all consumers for good.
    """
    with flooding(first, again) as port:
        said = sink_of(url=f"amqp://127.0.0.1:{port}", timeout="50ms").send([EVENT])
    assert (Verdict.FAILED, words) == said[:2]


def test_a_broker_names_no_more_octets_of_a_frame_than_a_buffer_may_have():
    """
    The library makes a buffer of that size.
    """
    connection = BoundedConnection(0.0)
    connection.frame_max = HUGE
    assert 2**20 == connection.frame_max
