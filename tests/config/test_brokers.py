"""Brokers of [events] that cannot be used are found before anything is sent to them."""

import sys

import pytest

from empath.config.load import load_config
from empath.config.workable.brokers import unusable_brokers
from empath.config.workable.contradiction import located
from empath.daemon.process.next_hop_files import examine_next_hops
from empath.daemon.publisher.brokers import BrokerSink
from empath.errors import ConfigError
from empath.policy.events.form import Event

LEAST = """\
hostname = "mx.empath.dev"
postmaster = "admin@empath.dev"
queue.path = "queue.db"
listener = [{address = "127.0.0.1:2525"}]
"""
AMQP = '[events.amqp.n]\nurl = "amqps://a.test/mail"\n'
KAFKA = '[events.kafka.n]\nservers = ["a.test:9093"]\ntopic = "t"\n'
S3 = '[events.s3.n]\nurl = "https://a.test"\nbucket = "b"\n'
OTLP = '[events.otlp.n]\nurl = "https://a.test:4318"\n'
NATS = '[events.nats.n]\nurl = "tls://a.test"\n'


def read(place, text):
    """The configuration with *text*, from line 5."""
    file = place / "c.toml"
    file.write_text(LEAST + text.replace("PLACE", str(place)))
    return load_config(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[events.nats.n]\nurl = "nats://a.test"\n', "6: events.nats.n.url: not a URL"),
        (
            '[events.nats.n]\nurl = "tls://a.test/x"\n',
            "6: events.nats.n.url: 'tls://a.test/x' has a path",
        ),
        (f'{NATS}subject = "mail.*"\n', "7: events.nats.n.subject: not a subject that can be published to: 'mail.*'"),
        (f'{NATS}subject = "mail..x"\n', "7: events.nats.n.subject: not a subject"),
        ('[events.amqp.n]\nurl = "amqp://a.test"\n', "6: events.amqp.n.url: not a URL"),
        (f'{AMQP}routing_key = "{"x" * 250}"\n', "7: events.amqp.n.routing_key: has at most 240 octets"),
        ('[events.kafka.n]\nservers = ["a.test"]\n', "6: events.kafka.n.servers[1]: not a host and port: 'a.test'"),
        ('[events.kafka.n]\nservers = ["a/b"]\n', "6: events.kafka.n.servers[1]: not a host and port: 'a/b'"),
        ('[events.kafka.n]\nservers = ["@a:1"]\n', "6: events.kafka.n.servers[1]: not a host and port: '@a:1'"),
        ("[events.kafka.n]\nservers = []\n", "6: events.kafka.n.servers: names no server"),
        ('[events.otlp.n]\nurl = "http://a.test:4318"\n', "6: events.otlp.n.url: not a URL"),
        (f"{KAFKA}tls = false\n", "8: events.kafka.n.tls: events would go to a.test:9093 in the clear"),
        (f'{KAFKA}mechanism = "X"\n', "8: events.kafka.n.mechanism: not a mechanism of Kafka: 'X' (SCRAM-SHA-512, "),
        (f'{S3}access_key = "a"\n', "8: events.s3.n.access_key: access_key and secret_file go together"),
        (f'{NATS}user = "a"\n', "7: events.nats.n.user: user and password_file go together"),
        (f'{NATS}[events.files.n]\npath = "x"\n', "5: events.nats.n: [events.files] has this name, too"),
        ('[events.nats.stream]\nurl = "tls://a.test"\n', "5: events.nats.stream: is the name of the stream of the API"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, words):
    """
    Before anything starts.
    """
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


def test_files_that_do_not_serve_are_found(tmp_path):
    """
    A password that is empty would be refused by the broker only later.
    """
    (tmp_path / "empty").write_text("\n")
    config = read(tmp_path, f'{NATS}user = "a"\npassword_file = "PLACE/empty"\nca_file = "PLACE/none"\n')
    found = located(tmp_path / "c.toml", [*unusable_brokers(config), *examine_next_hops(config)])
    assert f"events.nats.n.ca_file: there is no file {tmp_path}/none" in found
    assert f"events.nats.n.password_file: {tmp_path}/empty is empty" in found
    (tmp_path / "none").write_text("x")
    found = located(tmp_path / "c.toml", examine_next_hops(config))
    assert f"events.nats.n.ca_file: {tmp_path}/none: has no certificates" in found


@pytest.mark.parametrize(
    ("module", "extra", "table"),
    [
        ("amqp", "amqp", AMQP),
        ("botocore", "s3", S3),
        ("confluent_kafka", "kafka", KAFKA),
        ("nats", "nats", NATS),
        ("opentelemetry", "otlp", OTLP),
    ],
)
def test_a_missing_library_is_named_with_what_installs_it(tmp_path, monkeypatch, module, extra, table):
    """
    By `check`, and by the consumer itself, which then sends nothing.
    """
    for name in [
        name for name in sys.modules if name.partition(".")[0] == module or name.endswith(("_sink", "otlp_logs"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)  # as `import` sees what is not there
    config = read(tmp_path, table)
    [wrong] = unusable_brokers(config)
    assert f"`pip install empath-mta[{extra}]`" in wrong.words
    [(_, _, broker)] = config.events.each_broker()
    assert f"`pip install empath-mta[{extra}]`" in BrokerSink(broker, "Q").send([Event(1, 1.0, "held")]).words
