"""
tls - a target: a client of OpenSSL, whose octets an attacker on the way changes, against `TlsStream`

Promises: whatever happens to the octets, the session sees the plaintext of the client or the beginning of it, and then
an end of file or TlsFailed. Octets that nobody changed arrive whole. What this side sends is bounded by what it
receives. In some cases the client speaks no TLS: the turns are what arrives.
"""

import ssl
from random import Random
from typing import cast

from empath.net.stream import Stream
from empath.net.tls import TlsFailed, TlsStream
from tests.fuzz.case import Case
from tests.kit import certificates

_SERVER = certificates.server("mx.example.test")
_REPLY = b"250 2.0.0 Ok\r\n"
_FIXED_OCTETS = 8_000  # the flight of the handshake with its certificate, tickets and alerts


class Line:
    """What lies below the `TlsStream`: the client, and the attacker between both."""

    def __init__(self, case: Case) -> None:
        self._random = Random(case.choices)
        self._is_raw = self._random.random() < 0.1
        self._damage = self._random.choice([0.0, 0.0, 0.05, 0.3])
        self._turns = list(case.turns)
        self._wire = b""
        self._is_over = False
        context = certificates.client()
        context.maximum_version = self._random.choice([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._client = context.wrap_bio(self._incoming, self._outgoing, server_hostname="mx.example.test")
        self._has_shaken_hands = False
        self.is_damaged = False
        self.plaintext = b""
        self.received = self.sent = 0

    def receive(self, limit: int) -> bytes:
        """The next octets of the client, in pieces of any size; b"" at the end."""
        while not self._wire and not self._is_over:
            self._wire = self._changed(self._raw() if self._is_raw else self._flight())
        size = self._random.choice([1, 5, 100, limit])
        piece, self._wire = self._wire[: min(size, limit)], self._wire[min(size, limit) :]
        self.received += len(piece)
        return piece

    receive_next = receive

    def send(self, octets: bytes) -> None:
        """Take what the server sends."""
        self.sent += len(octets)
        self._incoming.write(octets)

    send_now = send

    def close(self) -> None:
        """The end."""

    def _raw(self) -> bytes:
        self.is_damaged = True
        self._is_over = len(self._turns) < 2
        return self._turns.pop(0) if self._turns else b""

    def _flight(self) -> bytes:
        """What the client sends next: its part of the handshake, then a turn in plaintext."""
        try:
            if not self._has_shaken_hands:
                self._client.do_handshake()
                self._has_shaken_hands = True
            elif not self._turns:
                self._is_over = True
            elif turn := self._turns.pop(0):
                self._client.write(turn)
                self.plaintext += turn
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            assert self.is_damaged, "the client does not understand the server"
            self._is_over = True
        octets = self._outgoing.read()
        self._is_over |= not octets and not self._has_shaken_hands  # each side waits for the other
        return octets

    def _changed(self, octets: bytes) -> bytes:
        if not octets or self._random.random() >= self._damage:
            return octets
        self.is_damaged = True
        at = self._random.randrange(len(octets))
        match self._random.randrange(4):
            case 0:
                return octets[:at] + bytes([octets[at] ^ 1 << self._random.randrange(8)]) + octets[at + 1 :]
            case 1:
                return octets[:at]
            case 2:
                return octets + octets
            case _:
                return octets[:at] + self._random.randbytes(20) + octets[at:]


def check(case: Case) -> list[str]:
    """
    Judge one case and give what it reached.

    Raises:
        AssertionError: a promise is broken.
    """
    line = Line(case)
    stream = TlsStream(cast(Stream, line), _SERVER.context)
    received, reached, replies = b"", [], 0
    try:
        reached.append(stream.shake_hands().version)
        while octets := stream.receive():
            received += octets
            assert line.plaintext.startswith(received), "octets that the client did not send"
            stream.send(_REPLY)
            replies += 1
        reached.append("end of file")
    except TlsFailed:
        assert line.is_damaged, "octets that nobody changed are refused"
        reached.append("failed")
    stream.close()
    assert line.is_damaged or received == line.plaintext, "octets are missing"
    assert line.sent <= _FIXED_OCTETS + line.received + replies * (len(_REPLY) + 100)
    return reached + ["whole"] * (received == line.plaintext and bool(received))
