"""A broker of AMQP that is not there or says nothing; tests/e2e/test_amqp_broker.py has a real one."""

import socket

from empath.config.tables.event_brokers import EventAmqp
from empath.daemon.publisher.amqp_sink import AmqpSink
from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict

EVENT = Event(3, 1.5, "held")


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
