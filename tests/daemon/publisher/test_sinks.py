"""An HTTP endpoint and a file take events."""

import hashlib
import hmac
import json
import os
import sys

import gevent
import pytest

from empath.config.tables.events import EventFile, EventModule, EventWebhook
from empath.daemon.publisher.sinks import FileSink, ModuleSink, RedactingSink, WebhookSink
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict
from tests.kit import certificates
from tests.kit.http_server import HttpServer, answer
from tests.kit.waiting import DEADLINE_S

EVENTS = [Event(number, 1.5, "held", f"{number:026}", number, detail={"reason": "x"}) for number in (3, 4)]


def file_of(path, **settings):
    """A file."""
    return FileSink(EventFile(path=str(path), **settings))


def module_of(name, **settings):
    """The table of a module."""
    return EventModule(module=name, **settings)


def sink(server, *, scheme="http", **settings):
    """An endpoint."""
    return WebhookSink(EventWebhook(url=f"{scheme}://localhost:{server.port}/hook", **settings))


def test_events_are_one_signed_request(tmp_path):
    """
    The signature is that of the mail transport: the instant, a dot, and the body.
    """
    secret = tmp_path / "secret"
    secret.write_text("key\n")
    with HttpServer(answer(204)) as server:
        said = sink(server, secret_file=str(secret)).send(EVENTS)
    [call] = server.calls
    assert ("POST /hook HTTP/1.1", "application/json") == (call.line, call.field("content-type"))
    assert {"events": [record_of(event) for event in EVENTS]} == json.loads(call.body)
    signed = f"{call.field('empath-timestamp')}.".encode() + call.body
    assert f"sha256={hmac.new(b'key', signed, hashlib.sha256).hexdigest()}" == call.field("empath-signature")
    assert ('"3-4"', Verdict.TAKEN) == (call.field("idempotency-key"), said.verdict)


def test_an_answer_is_kept_in_words():
    """
    In printable text, with the wait that it asks for.
    """
    with HttpServer(answer(429, b"slow\x1b down\nx", Retry_After="7")) as server:
        said = sink(server).send(EVENTS)
    assert (Verdict.FAILED, "HTTP status 429: slow? down", 7.0) == said


def test_a_certificate_must_be_good(tmp_path):
    """
    Events name people.
    """
    authority = tmp_path / "ca.pem"
    certificates.authority().cert_pem.write_to_path(str(authority))
    with HttpServer(answer(204), context=certificates.server("localhost").context) as server:
        assert Verdict.FAILED is sink(server, scheme="https").send(EVENTS).verdict
        assert Verdict.TAKEN is sink(server, scheme="https", ca_file=str(authority)).send(EVENTS).verdict


def test_a_server_that_leaves_or_hangs_fails_within_the_time(tmp_path):
    """
    And so does a key that cannot be read: no request goes out unsigned.
    """
    with HttpServer(b"") as server:
        assert Verdict.FAILED is sink(server).send(EVENTS).verdict
        assert Verdict.FAILED is sink(server, secret_file=str(tmp_path / "none")).send(EVENTS).verdict
        (tmp_path / "empty").write_text("\n")
        assert Verdict.FAILED is sink(server, secret_file=str(tmp_path / "empty")).send(EVENTS).verdict
        assert 1 == len(server.calls)
    assert Verdict.FAILED is sink(server).send(EVENTS).verdict


def lines(path):
    """Numbers of the events in a file."""
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_a_file_has_a_line_for_each_event_and_is_renamed_when_it_is_full(tmp_path):
    """
    A part of a line that a killed process left is written anew.
    """
    path = tmp_path / "events.jsonl"
    file = file_of(path, size="450B", keep=2)
    assert Verdict.TAKEN is file.send(EVENTS).verdict
    with path.open("a") as end:
        end.write('{"id": 5, "ty')
    file.send(EVENTS[:1])
    assert [3, 4, 3] == lines(path)
    for _ in range(3):
        file.send(EVENTS)
    assert ([3, 4],) * 3 == (lines(path), lines(tmp_path / "events.jsonl.1"), lines(tmp_path / "events.jsonl.2"))
    assert ["events.jsonl", "events.jsonl.1", "events.jsonl.2"] == sorted(os.listdir(tmp_path))


def test_events_are_redacted_before_they_are_sent(tmp_path):
    """
    What the file does not get cannot leak from it.
    """
    path = tmp_path / "events.jsonl"
    event = EVENTS[0]._replace(recipient="user@example.org", detail={"reason": "no user@example.org"})
    sink = RedactingSink(file_of(path), EventFile(path=str(path), addresses="mask").redaction(b""))
    assert Verdict.TAKEN is sink.send([event]).verdict
    assert "user" not in path.read_text()
    assert "u…@example.org" == json.loads(path.read_text())["recipient"]


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_file_that_cannot_be_written_fails(tmp_path, kind):
    """
    A link is not followed: others may write the directory of a log.
    """
    if kind == "link":
        (tmp_path / "x").symlink_to(tmp_path / "other")
    (tmp_path / "none").write_text("")
    path = tmp_path / "none" / "x" if kind == "folder" else tmp_path / "x"
    assert Verdict.FAILED is file_of(path).send(EVENTS).verdict
    assert not (tmp_path / "other").exists()


MODULE = """
import time
from empath.modules.sinks import EventsRefused

taken = []

class Broker:
    def __init__(self, topic):
        self.topic = topic

    def send(self, events):
        if self.topic == "refuse":
            raise EventsRefused("too large")
        if self.topic == "break":
            raise OSError("no broker")
        taken.extend(events)

def event_sink(settings):
    return Broker(settings["topic"])
"""


@pytest.mark.parametrize(
    ("topic", "verdict", "words"),
    [
        ("mail", Verdict.TAKEN, ""),
        ("refuse", Verdict.REFUSED, "too large"),
        ("break", Verdict.FAILED, "no broker"),
        (None, Verdict.FAILED, "KeyError"),
    ],
)
def test_a_module_takes_events(tmp_path, monkeypatch, topic, verdict, words):
    """
    What goes wrong in it, also while it is loaded, is the failure of one consumer.
    """
    (tmp_path / "my_broker.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    table = EventModule(module="my_broker", settings={} if topic is None else {"topic": topic})
    made = ModuleSink(table)
    said = made.send(EVENTS)
    assert (verdict, True) == (said.verdict, words in said.words)
    if topic == "mail":
        assert [record_of(event) for event in EVENTS] == vars(sys.modules["my_broker"])["taken"]


def test_a_module_that_hangs_has_one_call_under_way(tmp_path, monkeypatch):
    """
    A thread cannot be ended: a second one would hang as well.
    """
    reading, writing = os.pipe()
    (tmp_path / "my_hanging.py").write_text(
        "import os\n\nclass Sink:\n    def send(self, events):\n"
        f"        os.read({reading}, 1)\n\ndef event_sink(settings):\n    return Sink()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = ModuleSink(module_of("my_hanging", timeout="10ms"))
    assert ["timed out", "the call before has not ended yet"] == [made.send(EVENTS).words for _ in range(2)]
    os.close(writing)
    with gevent.Timeout(DEADLINE_S):
        while (said := made.send(EVENTS)).words == "the call before has not ended yet":
            gevent.sleep(0.001)
    assert Verdict.TAKEN is said.verdict
    os.close(reading)
