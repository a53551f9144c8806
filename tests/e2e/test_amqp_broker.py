"""A real RabbitMQ takes events: in order, confirmed, with the same key each time, also when it was away."""

import json
from contextlib import closing

import pytest

from empath.config.tables.event_brokers import EventAmqp
from empath.daemon.publisher.amqp_sink import AmqpSink
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict
from tests.kit.rabbitmq import PROGRAM, RabbitMq

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="RabbitMQ is not installed (Debian: rabbitmq-server)")
EVENTS = [Event(number, 1.5, "held", f"{number:026}", number, detail={"reason": "x"}) for number in range(3, 503)]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A broker."""
    made = RabbitMq(tmp_path_factory.mktemp("rabbitmq") / "node")
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def places(broker):
    """An exchange and two queues; the second takes nothing beyond its first message. A kill may have lost them."""
    channel = broker.open()
    with closing(channel.connection):
        channel.exchange_declare("events", "topic", durable=True, auto_delete=False)
        channel.queue_declare("mail", durable=True, auto_delete=False)
        channel.queue_bind("mail", "events", "mail.#")
        limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("full", durable=True, auto_delete=False, arguments=limits)


@pytest.fixture
def sink(broker, places):
    """Maker of sinks, which are closed."""
    made = []

    def make(path="", **settings):
        table = {"exchange": "events", "routing_key": "mail.{type}"} | settings
        made.append(AmqpSink(EventAmqp(url=f"{broker.url}{path}", **table), "Q"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def held(broker):
    """All messages of the queue, which is empty afterwards."""
    channel = broker.open()
    found = []
    with closing(channel.connection):
        while (message := channel.basic_get("mail", no_ack=True)) is not None:
            found.append(message)
    return found


def test_events_are_in_the_queue_in_order_whatever_dies(broker, sink):
    """
    A broker that was killed between two requests is no failure, one that is not there is.
    """
    made = sink()
    assert Verdict.TAKEN is made.send(EVENTS[:200]).verdict
    broker.kill()
    assert (Verdict.FAILED, True) == ((said := made.send(EVENTS[200:])).verdict, "refused" in said.words)
    broker.start()
    assert Verdict.TAKEN is made.send(EVENTS[200:300]).verdict
    broker.kill()
    broker.start()  # the connection that was kept is of the killed one
    assert (Verdict.TAKEN, "") == made.send(EVENTS[300:])[:2]
    found = held(broker)
    assert [f"Q-{event.event_id}" for event in EVENTS] == [each.properties["message_id"] for each in found]
    assert [record_of(event) for event in EVENTS] == [json.loads(each.body) for each in found]
    assert {("application/json", 2, "held")} == {
        (each.properties["content_type"], each.properties["delivery_mode"], each.properties["type"]) for each in found
    }


@pytest.mark.parametrize(
    ("path", "settings", "words"),
    [
        ("", {"exchange": "none"}, "no exchange 'none'"),
        ("", {"routing_key": "other"}, "no queue takes the routing key 'other' of exchange 'events'"),
        ("", {"exchange": "", "routing_key": "full"}, "the broker could not keep the event"),
        ("/none", {}, "vhost none not found"),
        ("", {"user": "guest", "password_file": "PLACE/wrong"}, "ACCESS_REFUSED"),
    ],
)
def test_what_the_broker_says_is_told(sink, tmp_path, path, settings, words):
    """
    None of it is about an event, so the events wait.
    """
    (tmp_path / "wrong").write_text("x")
    settings = {key: value.replace("PLACE", str(tmp_path)) for key, value in settings.items()}
    said = sink(path, **settings).send(EVENTS[:3])
    assert (Verdict.FAILED, True) == (said.verdict, words in said.words), said.words
