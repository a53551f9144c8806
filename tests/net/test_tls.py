"""TLS over a stream, against OpenSSL's own client at the other end of a socket pair."""

import socket
import ssl
import time

import gevent
import pytest
from gevent.socket import wait_read

from empath.net.stream import Deadlines, Stream, StreamClosed, StreamTimeout
from empath.net.tls import TlsFailed, TlsStream
from tests.kit import certificates
from tests.kit.waiting import DEADLINE_S

RawSocket = Stream.__init__.__globals__["RawSocket"]
RECORD_OCTETS = 16 * 1024


class Peer:
    """The client: TLS in memory, its octets on a socket of its own."""

    def __init__(self, theirs: socket.socket, context: ssl.SSLContext) -> None:
        self.socket = theirs
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="mx.example.test")

    def flush(self) -> None:
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def hear(self) -> None:
        """Send what there is to send, and take what comes next."""
        self.flush()
        wait_read(self.socket.fileno(), timeout=DEADLINE_S)
        self.incoming.write(self.socket.recv(65536))

    def until(self, call, *arguments):
        """What *call* of TLS gives, once enough has arrived."""
        while True:
            try:
                return call(*arguments)
            except ssl.SSLWantReadError:
                self.hear()
            finally:
                self.flush()

    def write(self, octets: bytes) -> None:
        self.tls.write(octets)
        self.flush()


@pytest.fixture
def make():
    """Makes a stream that accepts TLS, with its context, and the client's socket. At the end all is closed."""
    made, deadlines = [], Deadlines()
    watch = gevent.spawn(deadlines.run)

    def pair(context=None, kind=Stream):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        raw = RawSocket(fileno=ours.detach())
        stream = TlsStream(kind(raw, "peer", deadlines), context or certificates.server().context)
        made.append((stream, theirs))
        return stream, theirs

    yield pair
    for stream, theirs in made:
        stream.close()
        theirs.close()
    watch.kill()
    assert [] == list(deadlines)


def secured(make, version=ssl.TLSVersion.TLSv1_3):
    """Both sides after the handshake, and what the stream says of it."""
    stream, theirs = make()
    context = certificates.client()
    context.maximum_version = version
    peer = Peer(theirs, context)
    greenlet = gevent.spawn(stream.shake_hands)
    peer.until(peer.tls.do_handshake)
    return stream, peer, greenlet.get(timeout=DEADLINE_S)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_octets_go_both_ways_whole(make, version):
    """
    A record holds 16 KiB; what is larger arrives in pieces.
    """
    stream, peer, tls = secured(make, version)
    assert (tls.version, tls.cipher) == (peer.tls.version(), peer.tls.cipher()[0])
    sent = b"x" * (3 * RECORD_OCTETS + 5)
    writing = gevent.spawn(peer.write, sent)
    received = b""
    while len(received) < len(sent):
        received += stream.receive()
    writing.get(timeout=DEADLINE_S)
    assert sent == received
    stream.send(b"250 Ok\r\n")
    assert b"250 Ok\r\n" == peer.until(peer.tls.read, 100)


def test_records_that_came_together_are_read_without_a_wait(make):
    """
    A client that pipelines sends several in one segment, and no event would announce the later ones.
    """
    stream, peer, _ = secured(make)
    peer.tls.write(b"RSET\r\n")
    peer.write(b"NOOP\r\n")
    assert [b"RSET\r\n", b"NOOP\r\n"] == [stream.receive(), stream.receive_next()]
    assert stream.receive_now() is None
    peer.write(b"QUIT\r\n")
    assert b"QUIT\r\n" == stream.receive_now()


def test_what_openssl_has_to_send_goes_before_each_wait(make):
    """
    A client may have OpenSSL answer without end, by updates of keys, and send one octet of a line between them. The
    answers must not gather in memory until the session replies. Here the octets to send are a ticket.
    """
    stream, theirs = make()
    peer = Peer(theirs, certificates.client())
    greenlet = gevent.spawn(lambda: (stream.shake_hands(), stream.receive(), stream.receive()))
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.do_handshake()
    peer.hear()
    peer.tls.do_handshake()
    peer.tls.write(b"EH")  # goes together with the end of the handshake
    peer.hear()
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.read(100)
    assert peer.tls.session is not None
    assert peer.tls.session.has_ticket
    peer.write(b"LO\r\n")
    assert (b"EH", b"LO\r\n") == greenlet.get(timeout=DEADLINE_S)[1:]


class CountedStream(Stream):
    """A stream that counts how often it sends."""

    sends = 0

    def send(self, octets):
        self.sends += 1
        super().send(octets)


def test_a_ticket_goes_with_the_first_reply(make):
    """
    Most clients send EHLO a moment after the end of the handshake. A ticket that went out between the two would cost
    one more system call, and wake the client in vain.
    """
    counted = []

    def new_counted(*arguments):
        counted.append(CountedStream(*arguments))
        return counted[-1]

    stream, theirs = make(kind=new_counted)
    peer = Peer(theirs, certificates.client())
    greenlet = gevent.spawn(stream.shake_hands)
    peer.until(peer.tls.do_handshake)
    greenlet.get(timeout=DEADLINE_S)
    greenlet = gevent.spawn(lambda: (stream.receive_next(), stream.send(b"250 Ok\r\n")))
    gevent.sleep(0)  # until it waits
    peer.write(b"EHLO c.test\r\n")
    assert b"250 Ok\r\n" == peer.until(peer.tls.read, 100)
    greenlet.get(timeout=DEADLINE_S)
    assert peer.tls.session is not None
    assert peer.tls.session.has_ticket
    assert [2] == [each.sends for each in counted]


def test_a_session_without_a_ticket_has_the_same_certificate(make):
    """
    For a client that resumes nothing, see `policy.tickets`.
    """
    stream, theirs = make(certificates.server().context_without_ticket)
    peer = Peer(theirs, certificates.client())
    greenlet = gevent.spawn(lambda: (stream.shake_hands(), stream.send(b"220 x\r\n")))
    peer.until(peer.tls.do_handshake)
    assert b"220 x\r\n" == peer.until(peer.tls.read, 100)
    greenlet.get(timeout=DEADLINE_S)
    assert peer.tls.session is not None
    assert not peer.tls.session.has_ticket


@pytest.mark.parametrize("is_polite", [True, False])
def test_the_end_of_the_peer_is_an_end_of_file(make, is_polite):
    """
    RFC 8446 §6.1 asks for an alert; many clients only close. A message is whole at its dot, not at an end of file.
    """
    stream, peer, _ = secured(make)
    if is_polite:
        with pytest.raises(ssl.SSLWantReadError):
            peer.tls.unwrap()
        peer.flush()
    peer.socket.shutdown(socket.SHUT_WR)
    assert b"" == stream.receive()


@pytest.mark.parametrize("send", [TlsStream.send, TlsStream.send_last])
def test_a_close_is_announced(make, send):
    """
    Without the alert the client could not tell the end from an attacker's. It may come with the last reply.
    """
    stream, peer, _ = secured(make)
    send(stream, b"221 Bye\r\n")
    stream.close()
    assert b"221 Bye\r\n" == peer.until(peer.tls.read, 100)
    assert b"" == peer.until(peer.tls.read, 100)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"EHLO client.example\r\n", "wrong version number"),
        (b"GET / HTTP/1.0\r\n\r\n", "http request"),
        (b"\x16\x03\x01\x00\x05\x63\x00\x00\x01\x00", "unexpected message"),
        (b"\x16\x03\x01\xff\xff" + b"x" * 100, "packet length too long"),
        (b"", "the peer closed the connection during the handshake"),
    ],
)
def test_a_peer_that_speaks_no_tls_is_a_failure_in_words(make, octets, words):
    """
    The log has the words; the peer gets an alert where OpenSSL has one.
    """
    stream, theirs = make()
    theirs.sendall(octets)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(TlsFailed, match=words):
        stream.shake_hands()
    with pytest.raises(StreamClosed):
        stream.send(b"421 in the clear\r\n")
    stream.close()
    assert not theirs.recv(65536).startswith(b"421")


def test_garbage_after_the_handshake_breaks_the_connection(make):
    """
    An attacker cannot insert octets: the record has a code that only both ends can compute.
    """
    stream, peer, _ = secured(make)
    peer.socket.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    with pytest.raises(TlsFailed, match="bad record mac"):
        stream.receive()


def test_one_deadline_bounds_a_handshake_that_drips(make):
    """
    An octet at a time would otherwise hold the connection for ever.
    """
    stream, theirs = make()
    stream.deadline_at = time.monotonic()
    theirs.sendall(b"\x16\x03\x01")
    with pytest.raises(StreamTimeout):
        stream.shake_hands()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")  # of the old versions
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_the_minimum_is_kept(make, version):
    """
    RFC 8996: 1.0 and 1.1 are never spoken; an operator can go further.
    """
    stream, theirs = make(certificates.server(minimum=version).context)
    context = certificates.client()
    older = {"TLSv1.2": ssl.TLSVersion.TLSv1_1, "TLSv1.3": ssl.TLSVersion.TLSv1_2}[version]
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, older
    greenlet = gevent.spawn(stream.shake_hands)
    peer = Peer(theirs, context)
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        peer.until(peer.tls.do_handshake)
    with pytest.raises(TlsFailed, match="unsupported protocol"):
        greenlet.get(timeout=DEADLINE_S)
