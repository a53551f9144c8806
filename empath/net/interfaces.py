"""
interfaces - the addresses of this host, as the kernel has them (rtnetlink(7))
"""

import errno
import ipaddress
import socket
import struct
import time
from collections.abc import Callable, Iterator

_GET_ADDRESSES, _NEW_ADDRESS, _DONE, _ERROR = 22, 20, 3, 2  # RTM_GETADDR, RTM_NEWADDR, NLMSG_DONE, NLMSG_ERROR
_REQUEST_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_IFA_ADDRESS, _IFA_LOCAL = 1, 2  # of a point-to-point link the first is the peer's
# IFA_F_TEMPORARY, _DADFAILED, _DEPRECATED, _TENTATIVE of linux/if_addr.h; of IPv4 the first means something else.
_PASSING = 0x01 | 0x08 | 0x20 | 0x40
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_FAMILY = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_READ_OCTETS = 64 * 1024
_FRESH_S = 60.0


def read_addresses(*, is_lasting: bool = False) -> frozenset[str]:
    """
    All addresses of all interfaces, in the shortest form; with *is_lasting* without those of IPv6 that are for a while
    only, are no longer used, or not yet.

    Raises:
        OSError: the kernel does not answer.
    """
    request = _HEADER.pack(_HEADER.size + _FAMILY.size, _GET_ADDRESSES, _REQUEST_ALL, 1, 0) + _FAMILY.pack(
        0, 0, 0, 0, 0
    )
    found: set[str] = set()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(1.0)
        kernel.send(request)
        while True:
            for kind, payload in _messages(kernel.recv(_READ_OCTETS)):
                if kind in (_DONE, _ERROR):
                    return frozenset(found)
                address = address_in(payload, is_lasting=is_lasting) if kind == _NEW_ADDRESS else None
                if address is not None:
                    found.add(address)


def address_in(payload: bytes, *, is_lasting: bool) -> str | None:
    """The address that a message of the kernel tells of, None where it is not wanted."""
    family, _, flags, *_ = _FAMILY.unpack_from(payload)
    if is_lasting and family == socket.AF_INET6 and flags & _PASSING:
        return None
    attributes = dict(_attributes(payload[_FAMILY.size :]))
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    return None if packed is None else str(ipaddress.ip_address(packed))


def has_address(address: str) -> bool:
    """Whether a connection can go out from *address*."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as exc:
        return exc.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
    return True


class Interfaces:
    """The addresses of this host, read again when they are older than a minute."""

    def __init__(
        self, read: Callable[[], frozenset[str]] = read_addresses, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._addresses: frozenset[str] = frozenset()
        self._read_at: float | None = None

    def addresses(self) -> frozenset[str]:
        """As last read; the same object until it is read again. If the kernel does not answer, the last known ones."""
        now = self._clock()
        if self._read_at is None or now - self._read_at > _FRESH_S:
            self._read_at = now
            try:
                self._addresses = self._read()
            except OSError:
                pass  # names, settings or the hop count of the mail then reveal a loop
        return self._addresses


def _messages(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and payload of each message of a datagram."""
    while len(octets) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(octets)
        yield kind, octets[_HEADER.size : length]
        octets = octets[_aligned(length) :]


def _attributes(octets: bytes) -> Iterator[tuple[int, bytes]]:
    while len(octets) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(octets)
        yield kind, octets[_ATTRIBUTE.size : length]
        octets = octets[_aligned(length) :]


def _aligned(length: int) -> int:
    return max(4, (length + 3) & ~3)
