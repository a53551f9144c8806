"""The client's side of a receiving session, and what stands in for the queue."""

import socket
from ipaddress import ip_address

import gevent
from gevent.socket import wait_read, wait_write

from empath.daemon.acceptor.session import ReceivingSession
from empath.daemon.process.hub_writer import HubWriter
from empath.net.stream import Deadlines, Stream
from empath.telemetry.occurrence import Emitter
from tests.kit.waiting import DEADLINE_S


class FakeWriter(HubWriter):
    """Keeps the messages that it commits, or raises `error`."""

    def __init__(self):
        self.messages = []
        self.error = None

    def commit(self, write, *, is_last=False):
        if self.error is not None:
            raise self.error
        self.messages.append(write.message)
        return write


class Visit:
    """The client's side of one session."""

    def __init__(self, context, early=b"", host="127.0.0.1", new_session=ReceivingSession, account=None):
        """*account* has logged in already."""
        ours, theirs = socket.socketpair()
        self._theirs = theirs
        self._theirs.setblocking(False)
        theirs.send(early)
        ours.setblocking(False)
        self._deadlines = Deadlines()
        self._watch = gevent.spawn(self._deadlines.run)
        raw = Stream.__init__.__globals__["RawSocket"](fileno=ours.detach())
        known = {} if account is None else {"account": account}
        self.session = new_session(context, Stream(raw, host, self._deadlines), ip_address(host), **known)
        self.running = gevent.spawn(self.session.run)

    def say(self, octets):
        """Send, and return the answer, b"" at the end."""
        self.push(octets)
        return self.hear()

    def push(self, octets):
        """Send, and let the session read it."""
        while octets:
            wait_write(self._theirs.fileno(), timeout=DEADLINE_S)
            octets = octets[self._theirs.send(octets) :]

    def hear(self):
        """
        The next octets of the session.

        Where the machine stood still, as a virtual one may, the first wait is over before the session had its turn.
        """
        try:
            wait_read(self._theirs.fileno(), timeout=DEADLINE_S)
        except TimeoutError:
            wait_read(self._theirs.fileno(), timeout=DEADLINE_S)
        return self._theirs.recv(65536)

    def hang_up(self):
        """Close, and wait until the session is over."""
        self._theirs.close()
        self.running.get(timeout=DEADLINE_S)
        self._watch.kill()
        assert [] == list(self._deadlines)


def emitter_to(heard):
    """An emitter whose occurrences are added to *heard*."""
    return Emitter("acceptor-1", (lambda _, what: heard.append(what),))
