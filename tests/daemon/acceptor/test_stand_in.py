"""An acceptor that cannot use the queue."""

import socket
from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from gevent.event import Event
from gevent.socket import wait_read

from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.stand_in import REFUSAL, may_stand_in, refuse_all
from empath.daemon.process.child import Child
from empath.errors import StorageFailure
from empath.net.stream import Deadlines
from empath.telemetry.occurrences.acceptor import QueueUnusable
from tests.kit.waiting import DEADLINE_S


@pytest.mark.parametrize(("tls", "said"), [(TlsMode.STARTTLS, REFUSAL.octets), (TlsMode.IMPLICIT, b"")])
def test_its_clients_are_refused_until_it_is_told_to_end(tls, said):
    """
    They waited for a banner. A client that expects TLS cannot read the words.
    """
    heard: list[QueueUnusable] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "{}:{}".format(*server.getsockname())
        inherited = SimpleNamespace(address=address, fd=server.detach())
        runtime: Any = SimpleNamespace(
            config=SimpleNamespace(listeners=[SimpleNamespace(text=address, tls=tls)]),
            child=SimpleNamespace(listeners=[inherited]),
            deadlines=Deadlines(),
            draining=Event(),
            emit=heard.append,
        )
        runtime.draining.set()  # the registration has failed
        refusing = gevent.spawn(refuse_all, runtime, StorageFailure("damaged"), wait_s=DEADLINE_S)
        gevent.sleep(0)
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port))) as client:
            wait_read(client.fileno(), timeout=DEADLINE_S)
            assert said == client.recv(1000)
        runtime.draining.set()
        refusing.get(timeout=DEADLINE_S)
    assert [QueueUnusable(error="damaged")] == heard


def test_the_first_acceptor_does_not_stand_in():
    """
    The command that starts Empath says why it cannot start.
    """
    assert [False, True] == [may_stand_in(cast(Child, SimpleNamespace(generation=number))) for number in (1, 2)]
