"""
dns_exchange - one question to one name server, and its answer

dnspython has functions for this too. They read what arrives without a bound on the work, see dns_message.
"""

import socket
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import TypeAlias

import dns.exception
import dns.flags
import dns.inet
import dns.message

from empath.net.dns_message import TooLarge

Read: TypeAlias = Callable[[bytes], dns.message.Message]
Server: TypeAlias = tuple[str, int]  # address and port
Exchange: TypeAlias = Callable[[dns.message.Message, Server, float, Read], dns.message.Message]

_HEADER_OCTETS = 12
_MAX_OCTETS = 65_535


def over_udp(query: dns.message.Message, server: Server, timeout_s: float, read: Read) -> dns.message.Message:
    """
    Ask by datagram; what is no response to *query* is ignored.

    Raises:
        dns.message.Truncated: the answer is to be asked for over TCP.
        dns.exception.Timeout, TooLarge, OSError: there is no answer.
    """
    family, to = _destination(server)
    with _Timed(family, socket.SOCK_DGRAM, timeout_s) as timed:
        wire = query.to_wire()
        question_end = _HEADER_OCTETS + len(query.question[0].name.to_wire() or b"") + 4
        timed.socket().sendto(wire, to)
        is_first = True
        while True:
            if not is_first:
                time.sleep(0)  # let others run: a read returns at once while datagrams of a flood wait
            is_first = False
            octets, sender = timed.socket().recvfrom(_MAX_OCTETS)
            if octets[:2] != wire[:2] or _canonical(sender) != _canonical(to):
                continue
            try:
                return _response(query, read(octets))
            except dns.message.Truncated:
                raise
            except TooLarge:
                if octets[_HEADER_OCTETS:question_end] == wire[_HEADER_OCTETS:question_end]:
                    raise
            except dns.exception.DNSException:
                continue


def over_tcp(query: dns.message.Message, server: Server, timeout_s: float, read: Read) -> dns.message.Message:
    """
    Ask over a connection.

    Raises:
        dns.exception.DNSException, OSError, EOFError: there is no whole answer.
    """
    family, to = _destination(server)
    with _Timed(family, socket.SOCK_STREAM, timeout_s) as timed:
        timed.socket().connect(to)
        wire = query.to_wire()
        timed.socket().sendall(len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(_received(timed, 2), "big")
        return _response(query, read(_received(timed, size)))


def _response(query: dns.message.Message, answer: dns.message.Message) -> dns.message.Message:
    if not query.is_response(answer):
        raise dns.exception.FormError
    if answer.flags & dns.flags.TC:
        raise dns.message.Truncated
    return answer


def _received(timed: "_Timed", size: int) -> bytes:
    octets = bytearray()
    while len(octets) < size:
        piece = timed.socket().recv(size - len(octets))
        if not piece:
            raise EOFError
        octets += piece
    return bytes(octets)


def _destination(server: Server) -> tuple[int, tuple[str, int]]:
    family = dns.inet.af_for_address(server[0])
    return family, dns.inet.low_level_address_tuple(server, family)


def _canonical(peer: tuple[str, int]) -> tuple[object, int]:
    return ip_address(peer[0].partition("%")[0]), peer[1]


class _Timed:
    """A socket whose calls share one time limit; its end is dns.exception.Timeout."""

    def __init__(self, family: int, kind: socket.SocketKind, timeout_s: float) -> None:
        self._socket = socket.socket(family, kind)
        self._ends_at = time.monotonic() + timeout_s

    def socket(self) -> socket.socket:
        """The socket, for one call within the time that is left."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise dns.exception.Timeout
        self._socket.settimeout(left_s)
        return self._socket

    def __enter__(self) -> "_Timed":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._socket.close()
        if isinstance(error, TimeoutError):
            raise dns.exception.Timeout from error
