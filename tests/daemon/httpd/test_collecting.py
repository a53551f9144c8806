"""The values of processes, from their sockets, and what hangs or lies among them."""

import socket
import threading
from contextlib import ExitStack

import pytest

from empath.daemon.httpd.collecting import Collector
from empath.daemon.process.measuring import directory_of


@pytest.fixture
def queue(tmp_path):
    """The path of a queue with a directory of sockets."""
    made = tmp_path / "queue.db"
    directory_of(made).mkdir()
    return made


@pytest.fixture
def listen(queue):
    """Makes the socket of a process that answers with some octets; None: it accepts and is silent."""
    with ExitStack() as kept:

        def make(name, octets):
            listener = kept.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(directory_of(queue) / name))
            listener.listen()

            def serve():
                try:
                    while octets is not None:
                        with listener.accept()[0] as client:
                            client.sendall(octets)
                except OSError:
                    pass

            threading.Thread(target=serve, daemon=True).start()
            return listener

        yield make


def test_each_process_is_asked_and_the_newest_has_the_name_of_the_slot(queue, listen):
    listen("acceptor-1.2", b'{"a":[[[],2]]}')
    listen("acceptor-1.10", b'{"a":[[[],10]]}')
    listen("worker-1.1", b"{}")
    found = Collector(queue).collect()
    assert {"acceptor-1": {"a": [[[], 10]]}, "acceptor-1.2": {"a": [[[], 2]]}, "worker-1": {}} == found.values
    assert [] == found.left_out


@pytest.mark.parametrize("octets", [None, b"", b"not json", b"[1]", b'{"a":' * 3])
def test_a_process_that_hangs_or_lies_is_left_out(queue, listen, octets):
    """
    A stopped process accepts by its backlog, and says nothing.
    """
    listen("worker-1.1", octets)
    listen("worker-2.1", b"{}")
    found = Collector(queue).collect()
    assert ({"worker-2": {}}, ["worker-1"]) == (found.values, found.left_out)


def test_the_socket_of_a_killed_process_is_removed_and_not_missed(queue):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory_of(queue) / "worker-1.1"))
        listener.listen()
    assert ([], {}) == ((found := Collector(queue).collect()).left_out, found.values)
    assert [] == list(directory_of(queue).iterdir())


def test_without_any_process_there_are_no_values(tmp_path):
    assert {} == Collector(tmp_path / "none.db").collect().values
