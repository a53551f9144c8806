"""The HTTP server: clients that are slow or hostile keep nobody out, and take no memory."""

import socket as plain_socket
from contextlib import ExitStack, closing
from ipaddress import ip_network

import gevent
import pytest
from gevent import socket, ssl

from empath.daemon.httpd.handler import MOST_HEAD_OCTETS
from empath.daemon.httpd.server import HttpServer
from tests.kit.certificates import issued
from tests.kit.waiting import DEADLINE_S

_LARGE = 200_000
_MOST = 5
_MOST_STRANGERS = 2


class Served:
    """A server whose application reads the body and says what it has read."""

    def __init__(self, tls=None, silent_s=DEADLINE_S, network="127.0.0.0/8", open_paths=()):
        with plain_socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = listener.getsockname()
            self.server = HttpServer(
                listener.detach(),
                self._application,
                (ip_network(network),),
                open_paths=open_paths,
                most_strangers=_MOST_STRANGERS,
                tls=tls,
                most_connections=_MOST,
                silent_s=silent_s,
            )
        self.bodies = []
        self.served = 0
        self.server.start()

    def _application(self, environ, start_response):
        self.served += 1
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length or "HTTP_TRANSFER_ENCODING" in environ:
            self.bodies.append(environ["wsgi.input"].read(length or 100))
        start_response("200 OK", [("Content-Type", "text/plain")])
        found = f"{environ.get('HTTP_HOST')} {environ['PATH_INFO']} {environ['QUERY_STRING']}"
        return [b"x" * _LARGE if environ["PATH_INFO"] == "/large" else found.encode()]

    def connect(self):
        """A client."""
        return socket.create_connection(self.address, DEADLINE_S)

    def ask(self, octets):
        """All that comes back for *octets*, until the server closes."""
        with closing(self.connect()) as client:
            client.sendall(octets)
            client.shutdown(socket.SHUT_WR)
            found = b""
            try:
                while piece := client.recv(65_536):
                    found += piece
            except ConnectionResetError:
                pass  # it has closed without reading the rest
            return found


def gevent_eventually(holds):
    """Whether *holds* becomes true; the server goes on meanwhile."""
    with gevent.Timeout(DEADLINE_S):
        while not holds():
            gevent.sleep(0)
    return True


@pytest.fixture
def served():
    """The server."""
    made = Served()
    yield made
    made.server.stop(timeout=0)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (b"/here?a=b", b"x /here a=b"),
        (b"http://mta-sts.a.test/here?a=b", b"mta-sts.a.test /here a=b"),
        (b"HTTPS://a.test:8025", b"a.test:8025 / "),
        (b"http://a.test?a", b"a.test / a"),
    ],
)
def test_a_target_with_a_host_means_that_host(served, target, found):
    """
    RFC 9112 §3.2.2: a server takes it, and does not look at Host then.
    """
    assert served.ask(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target).endswith(found)


def test_clients_whose_bodies_do_not_come_keep_nobody_out(served):
    """
    They wait, as those without a request do, so that the eldest of them is closed for a new client.
    """
    with ExitStack() as slow:
        for _ in range(_MOST):
            client = slow.enter_context(closing(served.connect()))
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx")
            gevent.sleep(0)
        assert b"200 OK" in served.ask(b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [] == served.bodies


def test_clients_that_do_not_read_their_answers_are_closed_for_others(served):
    """
    One that is closed is gone at once: no more of them than the bound hold a connection.
    """
    with ExitStack() as silent:
        for _ in range(4 * _MOST):
            client = silent.enter_context(closing(socket.socket()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(served.address)
            client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
            gevent.sleep(0)
        assert b"200 OK" in served.ask(b"GET /here HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(served.server.open_connections) <= _MOST


def test_a_client_that_never_reads_its_answer_is_closed_and_nothing_is_printed(capsys):
    """
    Any client could fill the log of the host.
    """
    served = Served(silent_s=0.05)
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(served.address)
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        assert gevent_eventually(lambda: served.served)
        assert gevent_eventually(lambda: not served.server.open_connections)
    served.server.stop(timeout=0)
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("speaks", [False, True])
def test_clients_of_tls_that_wait_are_closed_for_others_and_nothing_is_printed(speaks, capsys):
    """
    Those that say nothing, and those that do not read their answers.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with issued("localhost").on_disk() as (certificate, key):
        context.load_cert_chain(certificate, key)
    served = Served(context)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with ExitStack() as silent:
        for _ in range(4 * _MOST):
            client = silent.enter_context(closing(served.connect()))
            if speaks:
                client = silent.enter_context(closing(trusting.wrap_socket(client)))
                client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            gevent.sleep(0)
        with closing(trusting.wrap_socket(served.connect())) as asking:
            asking.sendall(b"GET /here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert asking.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert len(served.server.open_connections) <= _MOST
    served.server.stop(timeout=0)
    assert "" == capsys.readouterr().err


def test_a_head_has_a_bound(served):
    """
    A hundred fields of 64 KiB would be 6 MiB for each connection, before anybody has shown a token.
    """
    line = b"X: " + b"a" * 1000 + b"\r\n"
    head = b"GET / HTTP/1.1\r\n" + line * (MOST_HEAD_OCTETS // len(line))
    assert b"200 OK" in served.ask(head + b"\r\n")
    assert served.ask(head + line).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head",
    [
        "Transfer-Encoding: gzip, chunked\r\nContent-Length: 2",
        "Transfer-Encoding: identity\r\nContent-Length: 2",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 20",
        "Content-Length: 2, 2",
        "Content-Length: +2",
        "Content-Length: 0_2",
        "Content-Length: \u00b2",
        "Content-Length:",
        f"Content-Length: {'9' * 30}",
        "Content-Length : 2",
        "X: a\r\n Content-Length: 2",
        "X: a\rContent-Length: 2",
        "X: a\0\r\nContent-Length: 2",
        "a line without a colon\r\nContent-Length: 2",
        "Host: a\r\nHost: b",
        ": nameless",
        "\r\n".join(f"X{number}: y" for number in range(300)),
    ],
)
def test_a_head_that_programs_read_differently_is_refused(served, head, capsys):
    """
    Behind a proxy, a part of one request would be taken for the next. Nothing is printed, however often it comes.
    """
    octets = f"POST / HTTP/1.1\r\n{head}\r\n\r\n".encode("latin-1") + b"{}GET /hidden HTTP/1.1\r\n\r\n"
    answer = served.ask(octets)
    assert (True, 1, []) == (answer.startswith(b"HTTP/1.1 400 "), answer.count(b"HTTP/1.1"), served.bodies)
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("line", ["GET / HTTP/1", "GET / HTTP/1.x", "GET / HTTP/9.9", "x", "GET / HTTP/1.1 x"])
def test_a_request_line_that_is_none_is_refused_and_nothing_is_printed(served, line, capsys):
    assert served.ask(f"{line}\r\n\r\n".encode()).startswith(b"HTTP/1.1 400 ")
    assert "" == capsys.readouterr().err


def test_a_body_is_read_as_it_is_framed(served):
    """
    A client that would like to upgrade the connection does not change where its body ends.
    """
    for fields, body in (
        ("Content-Length: 2", b"{}"),
        ("Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n"),
        ("Content-Length: 2\r\nUpgrade: websocket\r\nConnection: Upgrade", b"{}"),
        ("Content-Type: multipart/form-data\r\nContent-Length: 2", b"{}"),
    ):
        octets = f"POST /first HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n".encode() + body
        answer = served.ask(octets + b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (2, True, b"{}") == (answer.count(b"200 OK"), b"/second" in answer, served.bodies.pop())


@pytest.fixture
def open_server():
    """A server for 127.0.0.2, and one path for everybody."""
    made = Served(network="127.0.0.2/32", open_paths=("/open",))
    yield made
    made.server.stop(timeout=0)


def test_a_stranger_gets_what_is_for_everybody_and_nothing_else(open_server):
    """
    An MTA-STS policy is for all hosts; metrics and the console are not.
    """
    answer = open_server.ask(b"GET /open HTTP/1.1\r\nHost: a\r\n\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    first, _, second = answer.partition(b"HTTP/1.1 403 Forbidden")
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in second
    assert 1 == open_server.served


def test_many_strangers_end_each_other_and_not_who_is_known(open_server):
    """
    Hosts of the Internet must not keep the operator out, nor each other for long.
    """
    with ExitStack() as stack:
        known = stack.enter_context(
            closing(socket.create_connection(open_server.address, DEADLINE_S, ("127.0.0.2", 0)))
        )
        strangers = [stack.enter_context(closing(open_server.connect())) for _ in range(_MOST_STRANGERS + 2)]
        assert b"" == strangers[0].recv(1)
        strangers[-1].sendall(b"GET /open HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP/1.1 200" == strangers[-1].recv(12)
        known.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"HTTP/1.1 200" == known.recv(12)
