"""One POST of a form, to a scripted server."""

import base64
import contextlib
import socket
import threading

import pytest

from empath.net.http_form import FormEndpoint, HttpFailed
from tests.kit import certificates

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


class Server:
    """Answers each request with *octets*; `request` is the last one."""

    def __init__(self, octets):
        self.request = b""
        self._octets = octets
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/introspect?a=b"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        connection, _ = self._socket.accept()
        with connection:
            while b"token=" not in self.request:
                self.request += connection.recv(4096)
            with contextlib.suppress(ConnectionError):  # the client need not read all
                connection.sendall(self._octets)

    def close(self):
        self._thread.join()
        self._socket.close()


@pytest.fixture
def serve():
    made = []

    def make(octets):
        made.append(Server(octets))
        return made[-1]

    yield make
    for server in made:
        server.close()


def answer(body):
    return HEAD % len(body) + body


def test_a_form_is_posted_and_its_answer_read(serve):
    server = serve(answer(b'{"active": true}'))
    endpoint = FormEndpoint(server.url, user="empath", password="s3cret")
    assert {"active": True} == endpoint.post({"token": "a b+c"}, timeout_s=10.0)
    assert server.request.startswith(b"POST /introspect?a=b HTTP/1.1\r\n")
    assert b"Authorization: Basic " + base64.b64encode(b"empath:s3cret") in server.request
    assert server.request.endswith(b"\r\n\r\ntoken=a+b%2Bc")


def test_an_endpoint_may_need_no_password(serve):
    server = serve(answer(b"{}"))
    assert {} == FormEndpoint(server.url, user=None, password="").post({"token": "x"}, timeout_s=10.0)
    assert b"Authorization" not in server.request


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "status 401"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "status 302"),
        (answer(b"<html>"), "not JSON"),
        (answer(b"[" * 60_000), "not JSON"),
        (answer(b"[1]"), "not a JSON object"),
        (answer(b"{" + b" " * 70_000 + b"}"), "too long"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 15_000, "too long"),
        (b"220 mx ESMTP\r\n", "220 mx ESMTP"),
        (b"", "closed connection"),
    ],
)
def test_any_other_answer_is_a_failure_in_words(serve, octets, words):
    """
    The log shows it, and the client tries again later.
    """
    endpoint = FormEndpoint(serve(octets).url, user=None, password="")
    with pytest.raises(HttpFailed, match=words):
        endpoint.post({"token": "x"}, timeout_s=10.0)


def test_an_endpoint_that_does_not_listen_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    endpoint = FormEndpoint(f"http://127.0.0.1:{port}/", user=None, password="")
    with pytest.raises(HttpFailed, match="refused"):
        endpoint.post({"token": "x"}, timeout_s=10.0)


def test_certificates_are_checked():
    """
    The endpoint decides who may send.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        context = certificates.server("localhost").context
        thread = threading.Thread(target=shake_hands, args=(listening, context))
        thread.start()
        endpoint = FormEndpoint(f"https://localhost:{listening.getsockname()[1]}/", user=None, password="")
        with pytest.raises(HttpFailed, match="certificate verify failed"):
            endpoint.post({"token": "x"}, timeout_s=10.0)
        thread.join()


def shake_hands(listening, context):
    """The side of the server."""
    connection, _ = listening.accept()
    with connection, contextlib.suppress(OSError):
        context.wrap_socket(connection, server_side=True)


def test_a_wait_is_bounded():
    """
    The deadline of a login holds for the back end, too.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = FormEndpoint(f"http://127.0.0.1:{listening.getsockname()[1]}/", user=None, password="")
        with pytest.raises(HttpFailed, match="timed out"):
            endpoint.post({"token": "x"}, timeout_s=0.05)


def test_a_host_that_idna_does_not_know_is_no_crash_of_the_session():
    with pytest.raises(HttpFailed):
        FormEndpoint("https://\N{LATIN SMALL LETTER A WITH DIAERESIS}..test/", user=None, password="").post(
            {}, timeout_s=1
        )
