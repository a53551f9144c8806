"""
fork_request - what the supervisor and the template process say to each other

THEORY
    They share a socket pair that keeps the borders of messages. A request says what `posix_spawn` would be told: the
    program, two variables of the environment, and the descriptors that the child has, each under the number that it has
    in the supervisor. The descriptors come along as SCM_RIGHTS.

    The answer is one number: the pid of the child, or an errno as a negative number. The child sends the pid itself,
    and ends if the supervisor does not take it any more. So no child runs that the supervisor knows nothing of.

This module imports no gevent, and its sockets are those of the interpreter: the supervisor imports it, and the template
must not make a hub.
"""

import array
import errno
import fcntl
import json
import os
import struct
from _socket import CMSG_SPACE, MSG_CMSG_CLOEXEC, MSG_CTRUNC, SCM_RIGHTS, SOL_SOCKET
from _socket import socket as RawSocket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

CONTROL_FD: Final = 3  # the template's end of the socket pair
LOADED: Final = b"loaded"  # what the template says once, before its first answer

_MAX_OCTETS: Final = 262_144  # more than the kernel lets through in one message
_MAX_FDS: Final = 253  # SCM_MAX_FD of the kernel
_INT: Final = struct.Struct("i")
_STANDARD: Final = 3  # descriptors below are inherited by what the child may exec


@dataclass(frozen=True, slots=True)
class ForkRequest:
    """Shape: program is the name of a kind of child; fds are distinct."""

    program: str
    environment: dict[str, str]
    fds: tuple[int, ...]


def send_request(to_template: RawSocket, request: ForkRequest) -> None:
    """
    Ask for a child.

    Raises:
        OSError: the template is gone, or the request has more descriptors or octets than the kernel sends at once.
    """
    octets = json.dumps([request.program, request.environment, request.fds]).encode()
    to_template.sendmsg([octets], [(SOL_SOCKET, SCM_RIGHTS, array.array("i", request.fds))])


def receive_request(from_supervisor: RawSocket) -> tuple[ForkRequest, list[int]] | None:
    """
    The next request, and its descriptors under the numbers that they have in this process; None if the supervisor is
    gone.

    Raises:
        OSError: this process may not open so many descriptors.
    """
    octets, ancillary, flags, _ = from_supervisor.recvmsg(
        _MAX_OCTETS, CMSG_SPACE(_MAX_FDS * _INT.size), MSG_CMSG_CLOEXEC
    )
    received = array.array("i")
    for _, _, data in ancillary:
        received.frombytes(data)
    if not octets:
        return None
    if flags & MSG_CTRUNC:
        close_all(received)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    program, environment, fds = json.loads(octets)
    return ForkRequest(program, environment, tuple(fds)), [*received]


def place_fds(received: Iterable[int], wanted: tuple[int, ...]) -> None:
    """
    Give each descriptor the number that it has in the supervisor.

    Raises:
        OSError: the limit of open files is too low for that.
    """
    for fd, number in zip([lifted(each, wanted) for each in received], wanted, strict=True):
        os.dup2(fd, number, inheritable=number < _STANDARD)
        os.close(fd)


def lifted(fd: int, wanted: tuple[int, ...]) -> int:
    """
    *fd* under a number above all that are *wanted*.

    Raises:
        OSError: as `place_fds`.
    """
    above = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, max(wanted) + 1)
    os.close(fd)
    return above


def answer(to_supervisor: RawSocket, number: int) -> None:
    """
    Send a pid, or an errno as a negative number.

    Raises:
        OSError: the supervisor takes it no more.
    """
    to_supervisor.send(_INT.pack(number))


def read_answer(octets: bytes) -> int:
    """
    The pid in an answer.

    Raises:
        OSError: no child was made, for this reason; or the template has ended.
    """
    if len(octets) != _INT.size:
        raise OSError(errno.ECHILD, "the template process has ended")
    [number] = _INT.unpack(octets)
    if number < 0:
        raise OSError(-number, os.strerror(-number))
    return int(number)


def close_all(fds: Iterable[int]) -> None:
    """Close each of *fds*."""
    for fd in fds:
        os.close(fd)


def close_above(number: int) -> None:
    """Close each descriptor above *number*. Not by counting: the limit may be a thousand million."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > number:
            with suppress(OSError):  # that of the listing is closed
                os.close(int(name))
