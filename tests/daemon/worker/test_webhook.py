"""Delivery to HTTP endpoints."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from empath.config.tables.transports import Webhook
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Body, DeliveryJob
from empath.daemon.worker.transport.webhook import WebhookCarrier
from empath.errors import ContentGone
from empath.mail.outcome import Outcome
from empath.net.next_hop import NextHops
from empath.policy.hosts.search import HostRules
from empath.storage.queue.accept import INLINE
from tests.daemon.worker.test_delivery import message
from tests.kit import certificates
from tests.kit.http_server import HttpServer, answer

CONTENT = b"Subject: x\r\n\r\ntext \xff\r\n"
OK = answer(200, b"taken")
ADDED = b"Received: here\r\n"


def job(recipients=1, *, content=CONTENT, may_end=lambda: True, digest=None):
    """One message."""
    leased = message(1, recipients, content=content)
    body = Body(content, Path("/tmp"), INLINE, len(ADDED + content), digest, ADDED)
    return DeliveryJob(leased, leased.recipients, body, may_end)


def carry(server, job, *, scheme="http", **settings):
    """The answers of one attempt, in a list for each request."""
    unused: Any = None
    finder = NextHops(unused, HostRules, timeout_s=1.0)
    webhook = Webhook(url=f"{scheme}://localhost:{server.port}/mail?a=b", **settings)
    carrier = WebhookCarrier(webhook, "webhook:p", finder)
    return [attempt.answers for attempt in carrier.carry(job)]


def replies(attempts):
    """Stage and reply of each answer."""
    return [(str(each.said.stage), str(each.said.reply)) for answers in attempts for each in answers]


@pytest.mark.parametrize("octets", [0, 1, 2, 100_000])
def test_a_message_goes_out_as_json(octets):
    """
    One request for all recipients. Its length is known before it is made, whatever the size of the content.
    """
    content = b"x" * octets
    with HttpServer(OK) as server:
        [answers] = carry(server, job(2, content=content))
    [call] = server.calls
    assert ("POST /mail?a=b HTTP/1.1", "application/json") == (call.line, call.field("content-type"))
    read = json.loads(call.body)
    assert ADDED + content == base64.b64decode(read.pop("content"))
    expected = {"queue_id": f"{1:026}", "sender": "s@b.test", "recipients": ["r0@a.test", "r1@a.test"]}
    assert expected | {"size": len(ADDED) + octets} == read
    assert [("local", "250 2.0.0 localhost: HTTP status 200: taken")] * 2 == replies([answers])


def test_a_message_goes_out_raw_for_each_recipient():
    """
    With the envelope in fields; the key of each is its own, and the same the next time.
    """
    with HttpServer(OK) as server:
        carry(server, job(2), format="raw", per="recipient")
        carry(server, job(2), format="raw", per="recipient")
    first, second, again, _ = server.calls
    assert (ADDED + CONTENT, "message/rfc822") == (first.body, first.field("content-type"))
    assert ("<s@b.test>", "<r0@a.test>", "<r1@a.test>") == (
        *(first.field("empath-sender"), first.field("empath-recipient")),
        second.field("empath-recipient"),
    )
    keys = [each.field("idempotency-key") for each in (first, second, again)]
    assert (2, keys[0]) == (len(set(keys)), keys[2])


@pytest.mark.parametrize("form", ["json", "raw"])
def test_a_request_is_signed(tmp_path, form):
    """
    By the form that docs/DELIVERY.md describes; an envelope in fields is covered, too.
    """
    (tmp_path / "secret").write_text("s3cret\n")
    with HttpServer(OK) as server:
        carry(server, job(2), format=form, secret_file=str(tmp_path / "secret"))
    [call] = server.calls
    signed = call.field("empath-timestamp").encode() + b"."
    if form == "raw":
        signed += f"Empath-Queue-Id: {1:026}\nEmpath-Sender: <s@b.test>\n".encode()
        signed += b"Empath-Recipient: <r0@a.test>\nEmpath-Recipient: <r1@a.test>\n\n"
    expected = hmac.new(b"s3cret", signed + call.body, hashlib.sha256).hexdigest()
    assert f"sha256={expected}" == call.field("empath-signature")


def test_a_secret_that_cannot_be_read_defers(tmp_path):
    """
    Nothing goes out without its signature.
    """
    with HttpServer(OK) as server:
        attempts = carry(server, job(), secret_file=str(tmp_path / "secret"))
    assert ([("local", f"451 4.3.5 {tmp_path / 'secret'}: No such file or directory")], []) == (
        replies(attempts),
        server.calls,
    )


def test_an_empty_secret_defers(tmp_path):
    """
    Anyone can make a signature with an empty key.
    """
    (tmp_path / "secret").write_text("\n")
    with HttpServer(OK) as server:
        attempts = carry(server, job(), secret_file=str(tmp_path / "secret"))
    assert ([("local", f"451 4.3.5 {tmp_path / 'secret'}: it is empty")], []) == (replies(attempts), server.calls)


@pytest.mark.parametrize(
    ("octets", "outcome", "wait_s"),
    [
        (answer(204), Outcome.DELIVERED, None),
        (answer(404, b"no such box"), Outcome.BOUNCED, None),
        (answer(302, Location="http://localhost/"), Outcome.DEFERRED, None),
        (answer(503, Retry_After="77"), Outcome.DEFERRED, 77.0),
    ],
)
def test_the_answer_decides(octets, outcome, wait_s):
    """
    See tests/policy/test_webhook.py. No redirection is followed.
    """
    with HttpServer(octets) as server:
        [[found]] = carry(server, job())
    assert (outcome, wait_s, False, 1) == (found.outcome, found.retry_after_s, found.is_in_doubt, len(server.calls))


@pytest.mark.parametrize("octets", [b"", b"HTTP/1.1 2", b"x\r\n\r\n"])
def test_a_request_without_an_answer_leaves_doubt(octets):
    """
    The endpoint may have taken the mail.
    """
    with HttpServer(octets) as server:
        [[found]] = carry(server, job())
    assert ("end-of-data", "451 4.4.2") == (str(found.said.stage), str(found.said.reply)[:9])
    assert (Outcome.DEFERRED, True) == (found.outcome, found.is_in_doubt)


_TOO_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ntaken"
_NO_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"


@pytest.mark.parametrize("octets", [answer(200, b"x" * 70_000), answer(200, b"x" * 400_000), _TOO_SHORT, _NO_CHUNK])
def test_the_status_decides_whatever_becomes_of_the_words(octets):
    """
    An endpoint that answers with a long page has taken the mail; to send it again would double it at each attempt.
    """
    with HttpServer(octets) as server:
        [[found]] = carry(server, job())
    assert (Outcome.DELIVERED, False) == (found.outcome, found.is_in_doubt)


def test_an_endpoint_that_does_not_end_its_words_has_taken_the_mail():
    """
    It is given the time of the request, and no more.
    """
    hangs = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = hangs.accept()
        with connection, connection.makefile("rb") as file:
            while file.readline().strip():
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ntaken")
            while connection.recv(65536):
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with hangs:
        [[found]] = carry(SimpleNamespace(port=hangs.getsockname()[1]), job(), timeout="500ms")
        thread.join(10.0)
    assert (Outcome.DELIVERED, False) == (found.outcome, found.is_in_doubt)


def test_an_endpoint_that_does_not_listen_defers():
    """
    It has not got anything.
    """
    with HttpServer(OK) as server:
        pass
    assert [("connect", "451 4.4.1 connect to localhost: [Errno 111] Connection refused")] == replies(
        carry(server, job())
    )


def test_a_silent_endpoint_is_left_at_the_deadline():
    """
    The deadline is one for all of the request.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = SimpleNamespace(port=silent.getsockname()[1])
        [[found]] = carry(port, job(), timeout="100ms")
    assert "451 4.4.2 localhost: timed out; the message may be delivered twice" == str(found.said.reply)


@pytest.mark.parametrize(("name", "is_good"), [("localhost", True), ("other.test", False)])
def test_the_certificate_is_checked(tmp_path, name, is_good):
    """
    Mail is not for everybody who sits on the way.
    """
    certificates.authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with HttpServer(OK, context=certificates.server(name).context) as server:
        found = replies(carry(server, job(), scheme="https", ca_file=str(tmp_path / "ca.pem")))
        assert "certificate verify failed" in replies(carry(server, job(), scheme="https"))[0][1]
    assert [("local", "250 2.0.0") if is_good else ("connect", "451 4.4.1")] == [(stage, r[:9]) for stage, r in found]
    assert is_good == bool(server.calls)


def test_authorities_that_cannot_be_read_defer(tmp_path):
    """
    Without them nothing can be proved.
    """
    (tmp_path / "empty.pem").write_text("")
    with HttpServer(OK) as server:
        for file in ("none.pem", "empty.pem"):
            [(stage, reply)] = replies(carry(server, job(), scheme="https", ca_file=str(tmp_path / file)))
            assert ("connect", "451 4.4.1") == (stage, reply[:9])


def test_damaged_content_is_not_sent():
    """
    The endpoint could not be told afterwards.
    """
    with HttpServer(OK) as server, pytest.raises(ContentGone):
        carry(server, job(digest="0" * 64))
    assert [] == server.calls


def test_a_process_that_others_take_for_dead_ends_no_request():
    """
    Another worker sends it by then.
    """
    with HttpServer(OK) as server, pytest.raises(Abandoned):
        carry(server, job(may_end=lambda: False))
    assert [] == server.calls
