"""A topic takes events: each once and in order, by the cluster that the library of Kafka brings for tests."""

import json
import socket
from collections import defaultdict
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from empath.config.tables.event_brokers import EventKafka
from empath.daemon.publisher.kafka_sink import KafkaSink
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict

EVENTS = [Event(number, 1.5, "held", f"{number % 3:026}", number, detail={"reason": "x"}) for number in range(3, 40)]
WAIT_S = 20.0


@pytest.fixture(scope="module")
def cluster():
    """Hosts and ports of a cluster of one broker, which lives as long as the producer that it belongs to."""
    owner = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 0})
    yield [f"{each.host}:{each.port}" for each in owner.list_topics(timeout=WAIT_S).brokers.values()]
    owner.flush(0)


def sink_of(**settings):
    """A sink of the topic of the test."""
    return KafkaSink(EventKafka(topic="mail", tls=False, **settings), "Q")


def held(cluster, topic, count):
    """Key, id and event of *count* messages, as lists of the partitions in their order."""
    reader = Consumer({"bootstrap.servers": ",".join(cluster), "group.id": "x", "log_level": 0})
    found: dict[int, list[Any]] = defaultdict(list)
    try:
        partitions = reader.list_topics(topic, WAIT_S).topics[topic].partitions
        reader.assign([TopicPartition(topic, number, 0) for number in partitions])
        while count:
            message: Any = reader.poll(WAIT_S)
            assert message is not None, "a message is missing"
            key = dict(message.headers())["empath-event"].decode()
            found[message.partition()].append((message.key().decode(), key, json.loads(message.value())))
            count -= 1
    finally:
        reader.close()
    return list(found.values())


def test_the_events_of_a_message_are_in_one_partition_and_in_order(cluster):
    """
    The key of a partition is the message; the event has its own in a header.
    """
    sink = sink_of(servers=cluster)
    assert [(Verdict.TAKEN, "")] * 2 == [sink.send(EVENTS[:20])[:2], sink.send(EVENTS[20:])[:2]]
    partitions = held(cluster, "mail", len(EVENTS))
    rows = {row[1]: row for rows in partitions for row in rows}
    assert {f"Q-{event.event_id}" for event in EVENTS} == rows.keys()
    for event in EVENTS:
        queue_id, _, record = rows[f"Q-{event.event_id}"]
        assert (event.queue_id, record_of(event)) == (queue_id, record)
    assert len(EVENTS) == sum(map(len, partitions))
    for rows in partitions:
        numbers = [row[2]["id"] for row in rows]
        assert numbers == sorted(numbers)
    queue_ids = [{row[0] for row in rows} for rows in partitions]
    assert 3 == sum(map(len, queue_ids)) == len(set.union(*queue_ids))


def test_what_cannot_be_sent_is_told(cluster, tmp_path):
    """
    Only an event that is larger than a message may be is refused.
    """
    large = EVENTS[0]._replace(detail={"reason": "x" * 2_000_000})
    said = sink_of(servers=cluster).send([large])
    assert (Verdict.REFUSED, True) == (said.verdict, "Message size too large" in said.words)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = [f"127.0.0.1:{closed.getsockname()[1]}"]
    said = sink_of(servers=nowhere, timeout="300ms").send(EVENTS)
    assert (Verdict.FAILED, True) == (said.verdict, "Message timed out" in said.words)
    password = {"user": "a", "password_file": str(tmp_path / "none")}
    said = sink_of(servers=cluster, **password).send(EVENTS)
    assert (Verdict.FAILED, f"{tmp_path}/none: No such file or directory") == said[:2]
