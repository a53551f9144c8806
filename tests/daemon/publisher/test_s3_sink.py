"""A bucket takes events: an object of JSON lines for each request, signed, under a name that a second try has again."""

import hashlib
import hmac
import json

import pytest

from empath.config.tables.event_brokers import EventS3
from empath.daemon.publisher.s3_sink import S3Sink
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict
from tests.kit.flood import flooding
from tests.kit.http_server import HttpServer, answer

SECRET = "a-secret"
EVENTS = [Event(number, 1764504000.25 + number, "held", f"{number:026}", number) for number in (3, 4, 5)]
NAME = "mail/2025/11/30/120003.250Z-01QUEUE-000000000003-000000000005.jsonl"
DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>not\nyours</Message></Error>"


@pytest.fixture
def sink(tmp_path):
    """Maker of sinks of a server."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")

    def make(server, secret="secret", **settings):
        port = server if isinstance(server, int) else server.port
        return S3Sink(
            EventS3(
                url=f"http://localhost:{port}", bucket="events", prefix="mail/", region="eu-test-1",
                access_key="AKEY", secret_file=str(tmp_path / secret), **settings,
            ),
            "01QUEUE",
        )  # fmt: skip

    return make


def signature_of(call):
    """What the signature of a request has to be: Signature Version 4, from its definition."""
    method, path, _ = call.line.split()
    scope, _, rest = call.field("authorization").partition("Credential=AKEY/")[2].partition(", SignedHeaders=")
    names = rest.partition(", Signature=")[0]
    fields = "".join(f"{name}:{call.field(name).strip()}\n" for name in names.split(";"))
    digest = hashlib.sha256(call.body).hexdigest()
    assert digest == call.field("x-amz-content-sha256")
    request = hashlib.sha256("\n".join([method, path, "", fields, names, digest]).encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", call.field("x-amz-date"), scope, request])
    return hmac.digest(key, text.encode(), "sha256").hex()


def test_a_request_is_one_object_of_lines(sink, tmp_path):
    """
    The same events make the same object. An object is never refused for what is in it: the events wait.
    """
    with HttpServer(answer(200), b"", answer(200), answer(403, DENIED)) as server:
        assert f"{tmp_path}/none: No such file or directory" == sink(server, "none").send(EVENTS).words
        made = sink(server)
        assert (Verdict.TAKEN, "", None) == made.send(EVENTS)
        assert Verdict.FAILED is made.send(EVENTS).verdict
        assert Verdict.TAKEN is made.send(EVENTS).verdict
        said = made.send(EVENTS)
        assert (Verdict.FAILED, True) == (said.verdict, "(AccessDenied)" in said.words and "not yours" in said.words)
    assert 4 == len(server.calls)  # each once: the channel tries again
    assert {f"PUT /events/{NAME} HTTP/1.1"} == {call.line for call in server.calls}
    first = server.calls[0]
    assert [record_of(event) for event in EVENTS] == [json.loads(line) for line in first.body.splitlines()]
    assert first.field("authorization").endswith(f"Signature={signature_of(first)}")
    assert ("application/x-ndjson", True) == (first.field("content-type"), "/eu-test-1/s3/" in str(first.fields))


def test_an_answer_without_an_end_is_cut(sink):
    """
    It filled the memory, and held up all consumers.
    """
    with flooding(b"HTTP/1.1 500 No\r\n\r\n", b"<a>" * 10_000) as port:
        said = sink(port).send(EVENTS)
    assert (Verdict.FAILED, True) == (said.verdict, "(500)" in said.words)
