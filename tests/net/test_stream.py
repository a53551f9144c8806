"""Streams over real loopback sockets, with gevent's hub and without its patching."""

import contextlib
import resource
import socket
import time

import gevent
import pytest
from gevent.socket import wait_read

from empath.errors import EmpathError
from empath.net.stream import Deadlines, OutOfResources, Stream, StreamClosed, StreamTimeout
from tests.kit.process import free_port
from tests.kit.waiting import DEADLINE_S, eventually

SOON_S = 0.2


class Interrupted(EmpathError):
    """The error of an interrupt in these tests."""


@pytest.fixture
def deadlines():
    """Running deadlines."""
    kept = Deadlines()
    watch = gevent.spawn(kept.run)
    yield kept
    watch.kill()
    assert [] == list(kept)


@pytest.fixture
def listener():
    """A listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def pair(listener, deadlines):
    """A stream, and the plain socket at its other end."""
    stream = Stream.connect(*listener.getsockname(), deadlines=deadlines, timeout_s=DEADLINE_S)
    peer, _ = listener.accept()
    with peer:
        yield stream, peer
        stream.close()


def in_greenlet(call, *arguments, **options):
    """Start it, and return once it waits."""
    greenlet = gevent.spawn(caught, call, *arguments, **options)
    gevent.sleep(0)
    return greenlet


def caught(call, *arguments, **options):
    """The result, or the error as type and text."""
    try:
        return call(*arguments, **options)
    except EmpathError as exc:
        return type(exc), str(exc)


def outcome(greenlet):
    """The result of the greenlet, or its error."""
    greenlet.join(DEADLINE_S)
    assert greenlet.dead
    return greenlet.value


def test_a_peer_that_always_has_sent_something_lets_others_run(pair):
    """
    Otherwise one fast client would stop the whole process, and no deadline would end it.
    """
    stream, peer = pair
    peer.sendall(b"x" * 100)
    other = gevent.spawn(lambda: "ran")
    for _ in range(20):
        assert b"x" == stream.receive(1)
    assert "ran" == other.value


def test_octets_go_both_ways(pair):
    """
    They arrive unchanged.
    """
    stream, peer = pair
    stream.send(b"EHLO\r\n\x00\xff")
    assert b"EHLO\r\n\x00\xff" == peer.recv(100)
    peer.sendall(b"250\r\n")
    assert b"250\r\n" == stream.receive()


def test_a_receive_waits_for_the_peer_and_lets_others_run(pair):
    """
    A thousand sessions wait in one thread.
    """
    stream, peer = pair
    waiting = in_greenlet(stream.receive)
    assert not waiting.dead
    peer.sendall(b"late")
    assert b"late" == outcome(waiting)


def test_receive_next_gives_what_comes_next(pair):
    """
    The octets may be there already, or come later.
    """
    stream, peer = pair
    peer.sendall(b"one")
    assert b"one" == stream.receive_next()
    waiting = in_greenlet(stream.receive_next)
    peer.sendall(b"two")
    assert b"two" == outcome(waiting)


def test_receive_now_never_waits(pair):
    """
    The acceptor looks for octets before the banner.
    """
    stream, peer = pair
    assert None is stream.receive_now()
    peer.sendall(b"early")
    assert b"early" == eventually(stream.receive_now)


def test_a_wait_for_room_ends_when_the_peer_speaks(pair):
    """
    A peer that reads no more may have given a reason.
    """
    stream, peer = pair

    def send_until_heard():
        while stream.send_part(b"x" * 100_000):
            pass
        return stream.receive()

    waiting = in_greenlet(send_until_heard)
    assert not waiting.dead
    peer.sendall(b"552")
    assert b"552" == outcome(waiting)


def test_octets_that_the_peer_has_no_room_for_are_not_acknowledged(listener, deadlines):
    """
    A reply that comes before them answers something else.
    """
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stream = Stream.connect(*listener.getsockname(), deadlines=deadlines, timeout_s=DEADLINE_S)
    peer, _ = listener.accept()
    with peer:
        assert stream.is_acknowledged()
        stream.send(bytes(40_000))
        assert not stream.is_acknowledged()
        left = 40_000
        while left:
            left -= len(peer.recv(left))
        eventually(stream.is_acknowledged)
    stream.close()
    assert stream.is_acknowledged()


def test_the_end_of_file_is_no_octets(pair):
    """
    The stream stays at its end.
    """
    stream, peer = pair
    peer.shutdown(socket.SHUT_WR)
    assert [b"", b"", b""] == [stream.receive(), stream.receive_now(), stream.receive_next()]


def test_a_reset_is_stream_closed_in_every_call(pair):
    """
    This holds even if the peer did not wait for our answer. Last words and early looks raise nothing.
    """
    stream, peer = pair
    reset(peer)
    with pytest.raises(StreamClosed, match="connection reset by peer"):
        stream.receive_next()
    with pytest.raises(StreamClosed, match="broken pipe"):
        stream.send(b"x")
    with pytest.raises(StreamClosed, match="broken pipe"):
        stream.send_part(b"x")
    stream.send_now(b"x")
    assert b"" == stream.receive_now()


def test_an_early_look_at_a_reset_connection_finds_its_end(pair):
    """
    The session that follows then ends by itself.
    """
    stream, peer = pair
    reset(peer)
    assert [b""] == eventually(lambda: [found for found in (stream.receive_now(),) if found is not None])


def test_a_send_that_the_kernel_cannot_take_waits_for_the_peer(pair):
    """
    All octets arrive, in order.
    """
    stream, peer = pair
    octets = bytes(range(256)) * 80_000  # 20 MB, more than the buffers of both sides
    sending = in_greenlet(stream.send, octets)
    assert not sending.dead
    peer.setblocking(False)
    received = bytearray()
    while len(received) < len(octets):
        wait_read(peer.fileno(), timeout=DEADLINE_S)
        with contextlib.suppress(BlockingIOError):
            received += peer.recv(1 << 20)
    assert None is outcome(sending)
    assert octets == bytes(received)


def test_a_peer_that_goes_while_a_send_waits_is_stream_closed(pair):
    """
    The peer closes in the middle of a message.
    """
    stream, peer = pair
    sending = in_greenlet(stream.send, bytes(20_000_000))
    reset(peer)
    kind, text = outcome(sending)
    assert (StreamClosed, True) == (kind, text in ("connection reset by peer", "broken pipe"))


def test_a_wait_ends_at_its_deadline(pair):
    """
    This holds for receiving and for sending.
    """
    stream, _ = pair
    stream.deadline_at = time.monotonic() + SOON_S
    assert (StreamTimeout, "timed out") == outcome(in_greenlet(stream.receive))
    stream.deadline_at = time.monotonic() + SOON_S
    assert (StreamTimeout, "timed out") == outcome(in_greenlet(stream.send, bytes(20_000_000)))


def test_a_deadline_that_passes_between_two_waits_ends_nothing(pair):
    """
    Each wait has its own deadline.
    """
    stream, peer = pair
    stream.deadline_at = time.monotonic() - 1
    stream.expire()
    waiting = in_greenlet(stream.receive)
    stream.deadline_at = time.monotonic() + DEADLINE_S
    stream.expire()
    peer.sendall(b"in time")
    assert b"in time" == outcome(waiting)


def test_an_interrupt_ends_a_wait_with_its_error(pair):
    """
    A stop must not wait for idle clients.
    """
    stream, peer = pair
    waiting = in_greenlet(stream.receive)
    assert stream.interrupt(Interrupted("stop"))
    assert (Interrupted, "stop") == outcome(waiting)
    peer.sendall(b"still usable")
    assert b"still usable" == stream.receive()


def test_an_interrupt_of_a_stream_that_does_not_wait_does_nothing(pair):
    """
    Its greenlet is busy, and checks by itself whether it must end.
    """
    stream, peer = pair
    assert not stream.interrupt(Interrupted("stop"))
    peer.sendall(b"x")
    assert b"x" == stream.receive()


def test_an_interrupt_that_comes_late_does_nothing(pair):
    """
    The wait may end by itself before the hub has its turn.
    """
    stream, peer = pair
    waiting = in_greenlet(stream.receive)
    gevent.get_hub().loop.run_callback(waiting.throw, StreamClosed("by other means"))
    stream.interrupt(Interrupted("stop"))
    assert (StreamClosed, "by other means") == outcome(waiting)
    peer.sendall(b"x")
    assert b"x" == stream.receive()


def test_an_interrupt_that_no_longer_holds_does_nothing(pair):
    """
    A client's MAIL may arrive between the order and the turn of the hub; 421 would then come within a transaction.
    """
    stream, peer = pair
    waiting = in_greenlet(stream.receive)
    is_busy = False
    assert stream.interrupt(Interrupted("stop"), unless=lambda: is_busy)
    is_busy = True
    gevent.sleep(0)
    peer.sendall(b"x")
    assert b"x" == outcome(waiting)


def test_a_refused_connection_is_stream_closed(deadlines):
    """
    No descriptor stays open.
    """
    with pytest.raises(StreamClosed, match="connection refused"):
        Stream.connect("127.0.0.1", free_port(), deadlines=deadlines, timeout_s=DEADLINE_S)


def test_a_source_that_is_not_ours_is_stream_closed(listener, deadlines):
    """
    192.0.2.0/24 is for documentation, RFC 5737.
    """
    with pytest.raises(StreamClosed, match="cannot assign requested address"):
        Stream.connect(*listener.getsockname(), deadlines=deadlines, timeout_s=DEADLINE_S, source="192.0.2.1")


def test_a_connection_comes_from_the_source_that_is_asked_for(listener, deadlines):
    """
    Reputation depends on addresses.
    """
    stream = Stream.connect(*listener.getsockname(), deadlines=deadlines, timeout_s=DEADLINE_S, source="127.0.0.7")
    peer, (host, _) = listener.accept()
    assert "127.0.0.7" == host
    peer.close()
    stream.close()


def test_a_connection_that_is_not_made_in_time_is_a_timeout(deadlines):
    """
    The host drops packets.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as queue:
        place = full.getsockname()
        for _ in range(2):  # beyond its backlog the kernel answers no client
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        connecting = in_greenlet(Stream.connect, *place, deadlines=deadlines, timeout_s=SOON_S)
        assert (StreamTimeout, "timed out") == outcome(connecting)


def test_a_connection_without_a_descriptor_is_no_fault_of_the_peer(listener, deadlines):
    """
    The mail waits, the process goes on, and no host is blamed.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as last:
        lowest_free = last.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        with pytest.raises(OutOfResources, match="too many open files"):
            Stream.connect(*listener.getsockname(), deadlines=deadlines, timeout_s=DEADLINE_S)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ipv6_peers_stand_in_brackets(deadlines):
    """
    So the log shows where the address ends and the port begins.
    """
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        stream = Stream.connect("::1", port, deadlines=deadlines, timeout_s=DEADLINE_S)
        assert f"[::1]:{port}" == stream.peer
        stream.close()


def test_a_close_may_be_said_twice(pair):
    """
    Both the session and its owner may close the stream.
    """
    stream, peer = pair
    stream.close()
    stream.close()
    assert b"" == peer.recv(1)


def reset(peer):
    """Close with RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    peer.close()


@pytest.mark.parametrize("act", [lambda peer: peer.sendall(b"421"), lambda peer: peer.shutdown(socket.SHUT_WR), reset])
def test_a_stream_is_quiet_until_the_peer_speaks_or_leaves(pair, act):
    """
    The worker looks before it uses a connection again.
    """
    stream, peer = pair
    assert [True, True] == [stream.is_quiet(), stream.is_quiet()]
    act(peer)
    eventually(lambda: not stream.is_quiet())


def test_a_peer_that_has_closed_its_side_has_left(pair):
    """
    Though octets of it wait to be read.
    """
    stream, peer = pair
    peer.sendall(b"QUIT\r\n")
    assert not stream.has_left()
    peer.shutdown(socket.SHUT_WR)
    assert stream.has_left()
    assert b"QUIT\r\n" == stream.receive()
