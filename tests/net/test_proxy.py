"""The header of a proxy, over a real socket."""

import socket

import gevent
import pytest

from empath.net.proxy import NoProxyHeader, receive_proxy_header
from empath.net.stream import Deadlines, Stream
from tests.kit.waiting import DEADLINE_S

LINE = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n"


@pytest.fixture
def proxy():
    """The socket of the proxy, and the stream that the acceptor has of its connection."""
    deadlines = Deadlines()
    keeper = gevent.spawn(deadlines.run)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Stream.connect(*server.getsockname(), deadlines=deadlines, timeout_s=DEADLINE_S)
        peer, _ = server.accept()
    with peer:
        yield peer, stream
    stream.close()
    keeper.kill()


def test_what_follows_the_header_stays_for_the_session(proxy):
    """
    The first octets of TLS come right behind the header.
    """
    there, stream = proxy
    there.sendall(LINE + b"\x16\x03\x01")

    assert "192.0.2.1" == str(receive_proxy_header(stream, DEADLINE_S).client)
    assert b"\x16\x03\x01" == stream.receive()


def test_a_header_may_come_in_pieces(proxy):
    there, stream = proxy
    reading = gevent.spawn(receive_proxy_header, stream, DEADLINE_S)
    for octet in LINE + b"E":
        there.sendall(bytes([octet]))
        gevent.sleep(0)

    assert len(LINE) == reading.get(timeout=DEADLINE_S).size
    assert b"E" == stream.receive()


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"EHLO client.example\r\n", "does not begin with a PROXY header"),
        (LINE.replace(b"TCP4", b"TCP6"), "malformed address"),
    ],
)
def test_something_else_is_no_header(proxy, octets, words):
    there, stream = proxy
    there.sendall(octets)
    there.shutdown(socket.SHUT_WR)

    with pytest.raises(NoProxyHeader, match=words):
        receive_proxy_header(stream, DEADLINE_S)


def test_a_proxy_that_closes_has_sent_no_header(proxy):
    there, stream = proxy
    there.sendall(LINE[:9])
    there.close()

    with pytest.raises(NoProxyHeader, match="closed before the header"):
        receive_proxy_header(stream, DEADLINE_S)


def test_octets_that_trickle_do_not_prolong_the_wait(proxy):
    """
    The deadline is that of the whole header.
    """
    there, stream = proxy
    reading = gevent.spawn(receive_proxy_header, stream, 0.2)
    for octet in LINE:
        if reading.ready():
            break
        there.sendall(bytes([octet]))
        gevent.sleep(0.05)

    with pytest.raises(NoProxyHeader, match=r"not complete after 0\.2 s"):
        reading.get(timeout=DEADLINE_S)
