"""
acceptor - the process that receives mail

One greenlet per connection drives a sans-IO session; all messages meet in one group commit, after which the workers are
rung.  On a stop it closes its listeners, tells idle clients 421, and lets a message that is under way come to its end.
"""

from gevent import monkey

monkey.patch_all()

import gc

gc.disable()  # `Runtime.ready` turns it on again: what is imported now is no garbage

import errno
import ipaddress
import socket
import time
from _socket import socket as RawSocket
from functools import lru_cache, partial

import gevent
from gevent.hub import get_hub

from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.session import Desk, ReceivingSession
from empath.daemon.acceptor.space import Space
from empath.daemon.housekeeper.control import LOOK_S, finish
from empath.daemon.process.child import DRAIN_S, InheritedListener
from empath.daemon.process.runtime import Runtime, run_child
from empath.errors import EmpathError
from empath.mail.reply import Reply
from empath.net.stream import Stream
from empath.net.wakeup import ring
from empath.policy.access import ClientAddress
from empath.policy.limits import ConnectionCounter, line_limit_octets
from empath.smtp.server.session import ServerLimits
from empath.storage.queue.accept import DestinationIds
from empath.storage.queue.control import open_orders
from empath.storage.sqlite.connection import open_reader

_ACCEPTS_AT_ONCE = 64  # before other greenlets have their turn
_PAUSE_S = 1.0  # of accepting, when descriptors ran out
_SPACE_CHECK_S = 1.0
_LAST_WORDS_S = 1.0  # of a drain, for the 421 of sessions that did not finish
_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_LATER = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EINTR, errno.EPROTO})


class Acceptor:
    """All listeners and sessions of the process."""

    def __init__(self, runtime: Runtime) -> None:
        config = runtime.config
        limits = config.limits
        self._runtime = runtime
        self._sessions: set[ReceivingSession] = set()
        self._connections = ConnectionCounter(limits.connections, limits.connections_per_client)
        self._destination_ids = DestinationIds(config.delivery.concurrency)
        self._budget = ContentBudget(inline_octets=config.queue.inline_octets, limit_octets=config.queue.memory_octets)
        self._space = Space(config, runtime.log)
        self._banner = Reply.of(f"220 {config.hostname} ESMTP Empath")
        self._listeners = [_Listener(self, inherited, self._desk(inherited)) for inherited in runtime.child.listeners]

    def run(self) -> None:
        """Serve until a drain is asked for, and drain."""
        self._runtime.writer.after_batch(partial(ring, self._runtime.child.wake_fds))
        for listener in self._listeners:
            listener.start()
        gevent.spawn(self._watch_space)
        gevent.spawn(self._watch_orders)
        self._runtime.ready()
        self._runtime.draining.wait()
        self._drain()

    def serve(self, raw: RawSocket, peer: tuple[object, ...], desk: Desk) -> None:
        """Body of one connection's greenlet."""
        client = _client_address(str(peer[0]))
        stream = Stream(raw, str(client), self._runtime.deadlines)
        refusal = self._connections.admit(client, desk.config.relay.policy.is_trusted(client))
        if refusal is not None:
            self._runtime.log.warning("connection_refused", client=str(client), reply=str(refusal))
            stream.send_now(refusal.octets)
            stream.close()
            return
        session = ReceivingSession(desk, stream, client)
        self._sessions.add(session)
        try:
            session.run()
        except Exception as exc:
            self._runtime.log.error("session_crashed", client=str(client), error=repr(exc), exc_info=True)
        finally:
            self._sessions.discard(session)
            self._connections.release(client)

    def out_of_descriptors(self, reason: str) -> None:
        """Accept nothing for a moment; clients wait in the backlog."""
        self._runtime.log.error("accept_paused", reason=reason, pause_s=_PAUSE_S)
        for listener in self._listeners:
            listener.pause(_PAUSE_S)

    def _desk(self, inherited: InheritedListener) -> Desk:
        config, limits = self._runtime.config, self._runtime.config.limits
        return Desk(
            config=config,
            listener=inherited.address,
            role=inherited.role,
            limits=ServerLimits(
                message_octets=limits.message_octets,
                recipients=limits.recipients,
                line_octets=line_limit_octets(inherited.role, limits.line_octets),
                errors=limits.errors,
                slow_errors=limits.slow_errors,
                junk=limits.junk,
            ),
            writer=self._runtime.writer,
            destination_ids=self._destination_ids,
            budget=self._budget,
            space=self._space,
            log=self._runtime.log,
            banner=self._banner,
        )

    def _watch_space(self) -> None:
        while True:
            gevent.sleep(_SPACE_CHECK_S)
            self._space.look()

    def _watch_orders(self) -> None:
        path = self._runtime.config.queue.path
        reader = open_reader(path)
        while not self._runtime.draining.wait(LOOK_S):
            try:
                for order in open_orders(reader, path):
                    if order.verb == "stop-listener":
                        finish(self._runtime, order, self._stop_listener(str(order.argument)))
            except EmpathError as exc:
                self._runtime.log.error("orders_unread", error=str(exc))

    def _stop_listener(self, address: str) -> str:
        found = [listener for listener in self._listeners if listener.desk.listener == address]
        for listener in found:
            listener.stop_listening()
        names = ", ".join(listener.desk.listener for listener in self._listeners)
        return f"{address} takes no connection until a reload" if found else f"no listener {address}; there are {names}"

    def _drain(self) -> None:
        for listener in self._listeners:
            listener.close()
            listener.desk.is_draining = True
        ends_at = time.monotonic() + DRAIN_S - 2 * _LAST_WORDS_S
        while self._sessions and time.monotonic() < ends_at:
            for session in list(self._sessions):
                if not session.is_in_content:
                    session.interrupt()
            gevent.sleep(0.05)
        for session in list(self._sessions):
            session.interrupt()
        ends_at = time.monotonic() + _LAST_WORDS_S
        while self._sessions and time.monotonic() < ends_at:
            gevent.sleep(0.05)


class _Listener:
    """One listening socket."""

    def __init__(self, acceptor: Acceptor, inherited: InheritedListener, desk: Desk) -> None:
        self.desk = desk
        self._acceptor = acceptor
        self._socket = RawSocket(fileno=inherited.fd)
        self._socket.setblocking(False)
        self._watcher = get_hub().loop.io(inherited.fd, 1)

    def start(self) -> None:
        self._watcher.start(self._accept)

    def pause(self, pause_s: float) -> None:
        self._watcher.stop()
        gevent.spawn_later(pause_s, self._resume)

    def close(self) -> None:
        self._watcher.stop()
        self._socket.close()

    def stop_listening(self) -> None:
        """Refuse further connections in every process that shares the socket; those that wait are taken first."""
        self._accept()
        # Once only: shut down twice, it would give to each connection of a later life what was shut down here.
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._socket.shutdown(socket.SHUT_RD)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self.start()

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                # The method under socket.accept(), without the object that it would build and the hub would not use.
                descriptor, peer = self._socket._accept()  # type: ignore[attr-defined]
            except OSError as exc:
                if exc.errno == errno.EINVAL:  # it does not listen any more, here or in a fellow: see stop_listening()
                    self._watcher.stop()
                elif exc.errno in _OUT_OF_DESCRIPTORS:
                    self._acceptor.out_of_descriptors(str(exc.strerror))
                elif exc.errno not in _LATER:
                    raise
                return
            raw = RawSocket(self._socket.family, socket.SOCK_STREAM, 0, descriptor)
            raw.setblocking(False)
            gevent.spawn_raw(self._acceptor.serve, raw, peer, self.desk)


@lru_cache(maxsize=1024)
def _client_address(text: str) -> ClientAddress:
    """What accept() gives, without the scope of a link-local address."""
    return ipaddress.ip_address(text.partition("%")[0])


def _serve(runtime: Runtime) -> None:
    Acceptor(runtime).run()


if __name__ == "__main__":
    run_child(_serve, write_deadline_s=None)
