"""Requests to the template process, over a socket pair."""

import errno
import os
import resource
from _socket import AF_UNIX, SOCK_SEQPACKET, socketpair
from _socket import socket as RawSocket
from collections.abc import Iterator

import pytest

from empath.daemon.process.fork_request import (
    ForkRequest,
    answer,
    close_all,
    lifted,
    place_fds,
    read_answer,
    receive_request,
    send_request,
)

Pair = tuple[RawSocket, RawSocket]
ENVIRONMENT = {"EMPATH_CHILD": "{}", "EMPATH_CONFIG": "/etc/empath.toml"}


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The supervisor's end and the template's."""
    ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def files() -> Iterator[list[int]]:
    """Three memory files; the content of each is its place."""
    fds = [os.memfd_create(str(place)) for place in range(3)]
    for place, fd in enumerate(fds):
        os.write(fd, str(place).encode())
    yield fds
    close_all(fds)


def test_a_request_brings_its_descriptors(pair, files):
    """
    They are other numbers for the same files, and no program that is executed meanwhile gets them.
    """
    sent = ForkRequest("worker", ENVIRONMENT, tuple(files))
    send_request(pair[0], sent)
    arrived = receive_request(pair[1])
    assert arrived is not None
    received, fds = arrived
    assert sent == received
    assert [b"0", b"1", b"2"] == [os.pread(fd, 9, 0) for fd in fds]
    assert [False] * 3 == [os.get_inheritable(fd) for fd in fds]
    close_all(fds)


def test_each_descriptor_gets_its_number_back(files):
    """
    Also where the numbers that arrived are those that others are to have.
    """
    copies = [os.dup(fd) for fd in files]
    wanted = tuple(copies[1:] + copies[:1])
    place_fds(copies, wanted)
    assert [b"0", b"1", b"2"] == [os.pread(fd, 9, 0) for fd in wanted]
    assert [False] * 3 == [os.get_inheritable(fd) for fd in wanted]
    close_all(wanted)


def test_a_lifted_descriptor_is_above_all_that_are_wanted(files):
    """
    The socket of the template must not be in the way.
    """
    copy = os.dup(files[0])
    above = lifted(copy, (copy, copy + 7))
    assert above > copy + 7
    assert b"0" == os.pread(above, 9, 0)
    os.close(above)


def test_the_end_of_the_supervisor_is_no_request(pair):
    """
    The template ends then.
    """
    pair[0].close()
    assert receive_request(pair[1]) is None


def test_more_descriptors_than_the_kernel_sends_are_refused(pair, files):
    """
    The child is executed then: a posix_spawn has no such limit.
    """
    with pytest.raises(OSError):
        send_request(pair[0], ForkRequest("acceptor", ENVIRONMENT, (files[0],) * 254))


def test_a_limit_of_open_files_refuses_the_request_and_leaks_nothing(pair, files):
    """
    The kernel passes on those descriptors that still fit.
    """
    send_request(pair[0], ForkRequest("worker", ENVIRONMENT, tuple(files)))
    lowest = os.dup(files[0])
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
    try:
        with pytest.raises(OSError) as caught:
            receive_request(pair[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert errno.EMFILE == caught.value.errno
    again = os.dup(files[0])
    assert lowest == again
    os.close(again)


def test_an_answer_is_a_pid_or_the_reason_why_there_is_none(pair):
    """
    An end of file is the death of the template.
    """
    answer(pair[1], 4711)
    assert 4711 == read_answer(pair[0].recv(64))
    for number, expected in ((-errno.EAGAIN, errno.EAGAIN), (None, errno.ECHILD)):
        if number is None:
            pair[1].close()
        else:
            answer(pair[1], number)
        with pytest.raises(OSError) as caught:
            read_answer(pair[0].recv(64))
        assert expected == caught.value.errno
