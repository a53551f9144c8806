"""
forking - the template process at work: a child for each request

A child is made by two forks. The process between them ends at once, so the child becomes one of the supervisor, which
is the subreaper of its descendants. The child then is what a program started by exec is: it has the descriptors and
variables of the request, the supervisor's limit of open files, default signals and a process group of its own.

`posix.fork` is the fork that gevent has not replaced; its own would make a hub.
"""

import errno
import os
from _socket import socket as RawSocket
from collections.abc import Callable, Sequence
from posix import fork, waitpid
from resource import RLIMIT_NOFILE, prlimit, setrlimit

from empath.daemon.process.fork_request import (
    LOADED,
    ForkRequest,
    answer,
    close_all,
    lifted,
    place_fds,
    receive_request,
)


def fork_on_request(control: RawSocket, prepare: Callable[[ForkRequest, Sequence[int]], object]) -> ForkRequest | None:
    """
    Returns in each child, with the request that it carries out, and in the template when the supervisor is gone.

    *prepare* is called in the template before each fork, with the request and its descriptors as they are here.
    """
    supervisor = os.getppid()
    try:
        control.send(LOADED)
        while True:
            try:
                received = receive_request(control)
                if received is None:
                    return None
                request, fds = received
            except ConnectionError:
                raise
            except OSError as exc:
                answer(control, -(exc.errno or errno.EIO))
                continue
            prepare(request, fds)
            try:
                setrlimit(RLIMIT_NOFILE, prlimit(supervisor, RLIMIT_NOFILE))
                is_child = _fork_twice()
            except OSError as exc:
                answer(control, -(exc.errno or errno.EIO))
            else:
                if is_child:
                    _become_child(control, request, fds)
                    return request
            close_all(fds)
    except ConnectionError:
        return None


def _fork_twice() -> bool:
    """
    Make a process whose parent is gone; True in that process.

    Raises:
        OSError: the system refuses a process.
    """
    between = fork()
    if between:
        _, status = waitpid(between, 0)
        code = os.waitstatus_to_exitcode(status)
        if code:
            raise OSError(code if code > 0 else errno.EAGAIN, os.strerror(max(code, 0)))
        return False
    try:
        child = fork()
    except OSError as exc:
        os._exit(exc.errno or errno.EAGAIN)
    if child:
        os._exit(0)
    return True


def _become_child(control: RawSocket, request: ForkRequest, fds: list[int]) -> None:
    """Take the descriptors and variables of *request*, and tell the supervisor who this is."""
    control = RawSocket(fileno=lifted(control.detach(), request.fds))  # a descriptor may need its number
    try:
        place_fds(fds, request.fds)
    except OSError as exc:
        answer(control, -(exc.errno or errno.EIO))
        os._exit(os.EX_OSERR)
    os.setpgid(0, 0)
    os.environ.update(request.environment)
    try:
        answer(control, os.getpid())
    except ConnectionError:
        os._exit(os.EX_OSERR)  # the supervisor has given up waiting, or is gone
    control.close()
