"""A client of HTTP servers with several addresses."""

import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from empath.net import http_client
from empath.net.http_client import HttpEndpoint, HttpFailed, HttpRequest, OneRequest
from tests.kit.http_server import HttpServer, answer

SILENT = "127.0.0.2"


@pytest.fixture
def server(monkeypatch):
    """A server, and the same port of another address that drops packets."""
    monkeypatch.setattr(http_client, "_MOST_WAIT_S", 0.05)
    with HttpServer(answer(200, b"ok")) as listening, ExitStack() as queue:
        full = queue.enter_context(socket.create_server((SILENT, listening.port), backlog=0))
        for _ in range(2):  # beyond its backlog the kernel answers no client
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield listening


def ask(server, *addresses, timeout_s=10.0):
    """The body of the answer."""
    parts = urlsplit(f"http://server.test:{server.port}/")
    endpoint = HttpEndpoint(parts, addresses_of=lambda _: addresses)
    return endpoint.ask(HttpRequest("GET"), timeout_s=timeout_s, most_octets=100).body


def test_an_address_that_drops_packets_leaves_time_for_the_others(server):
    """
    One dead node of several, or a host without a way for IPv6, would stop all mail to a webhook.
    """
    assert b"ok" == ask(server, SILENT, "127.0.0.1")


def test_the_last_address_has_all_the_time_that_is_left(server):
    with pytest.raises(HttpFailed, match="timed out"):
        ask(server, SILENT, timeout_s=0.1)


def test_a_name_is_looked_up_by_the_system(server):
    """
    Its addresses share the time in the same way; it is the host of an endpoint for logins.
    """
    endpoint = HttpEndpoint(urlsplit(f"http://localhost:{server.port}/"))
    assert b"ok" == endpoint.ask(HttpRequest("GET"), timeout_s=10.0, most_octets=100).body


def test_what_is_no_answer_is_quoted_in_short_and_steers_no_terminal():
    """
    The words go to the log, and to the queue as the reply of a webhook.
    """
    with HttpServer(b"\x1b[2J" + b"a" * 10_000 + b"\r\n\r\n") as speaking, pytest.raises(HttpFailed) as caught:
        ask(speaking, "127.0.0.1")
    words = str(caught.value)
    assert (True, True) == (words.startswith(r"\x1b[2Jaaa"), len(words) < 250)


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://s3.example", b"s3.example"), ("https://s3.example:80", b"s3.example:80"), ("http://[::1]", b"[::1]")],
)
def test_the_usual_port_is_not_in_the_field_host(url, host):
    """
    A signature of S3 is over the name without it.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = OneRequest(urlsplit(url), None, None, time.monotonic() + 60)
        connection.sock = ours
        connection.request("GET", "/")
        assert b"Host: " + host in theirs.recv(1000).split(b"\r\n")
