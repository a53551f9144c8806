"""
acceptor - the process that receives mail

One greenlet per connection drives a sans-IO session.  All sessions share one group commit, which wakes the workers.  On
a stop the process closes its listeners, sends 421 to idle clients, and completes messages that are already arriving.
After a reload it also waits for the first message of clients that have sent none yet.
"""

from empath.daemon.process.patching import patch_all

patch_all()

import time
from _socket import socket as RawSocket
from functools import partial

import gevent

from empath.daemon.acceptor.admission import Admission, Refused
from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.listener import Listener
from empath.daemon.acceptor.session import ReceivingSession
from empath.daemon.acceptor.space import Space
from empath.daemon.process.child import DRAIN_S, InheritedListener
from empath.daemon.process.orders import LOOK_S, finish
from empath.daemon.process.runtime import Runtime, run_child
from empath.errors import EmpathError
from empath.mail.reply import Reply
from empath.net.stream import Stream
from empath.net.wakeup import wake
from empath.policy.limits import ConnectionCounter, RefusalMeter, line_limit_octets
from empath.smtp.server.limits import ServerLimits
from empath.storage.queue.control import open_orders
from empath.telemetry.occurrence import traceback_text
from empath.telemetry.occurrences.acceptor import (
    AcceptPaused,
    ConnectionRefused,
    OrdersUnread,
    RefusalsLeftOut,
    SessionCrashed,
)

_PAUSE_S = 1.0  # pause of all listeners when the system has no descriptor left
_SPACE_CHECK_S = 1.0
_REFUSALS_PER_SECOND = 100  # most lines of the log
_REFUSALS_PER_CLIENT = 20  # most lines of the log for one client in a second
_NEW_CLIENTS_S = 30.0  # time for sessions that have had no transaction, after a reload
_LAST_WORDS_S = 1.0  # last second of a drain, for the 421 to sessions that did not finish


class Acceptor:
    """All listeners and sessions of the process."""

    def __init__(self, runtime: Runtime) -> None:
        config = runtime.config
        limits = config.limits
        self._runtime = runtime
        self._sessions: set[ReceivingSession] = set()
        self._admission = Admission(
            ConnectionCounter(
                limits.connections,
                limits.connections_per_client,
                listeners=len(config.listeners),
                ipv6_prefix=limits.ipv6_prefix,
            ),
            config.relay.policy.is_trusted,
        )
        self._budget = ContentBudget(inline_octets=config.queue.inline_octets, limit_octets=config.queue.memory_octets)
        self._space = Space(runtime.engine, config, runtime.emit)
        self._refusals = RefusalMeter(_REFUSALS_PER_SECOND, _REFUSALS_PER_CLIENT)
        self._banner = Reply.of(f"220 {config.hostname} ESMTP Empath")
        self._contexts = [self._context_of(inherited) for inherited in runtime.child.listeners]
        self._listeners = [
            Listener(inherited.address, inherited.fd, partial(self._serve, context), self._out_of_descriptors)
            for inherited, context in zip(runtime.child.listeners, self._contexts, strict=True)
        ]

    def run(self) -> None:
        """Serve until a drain is requested, then drain."""
        self._runtime.writer.after_batch(partial(wake, self._runtime.child.wake_fds))
        for listener in self._listeners:
            listener.start()
        self._runtime.keep(self._watch_space)
        self._runtime.keep(self._watch_orders)
        self._runtime.ready()
        self._runtime.draining.wait()
        self._drain()

    def _serve(self, context: ListenerContext, raw: RawSocket, peer: tuple[object, ...]) -> None:
        """Body of one connection's greenlet."""
        decision = self._admission.admit(context.address, str(peer[0]))
        client = decision.client
        stream = Stream(raw, str(client), self._runtime.deadlines)
        if isinstance(decision, Refused):
            if self._refusals.admit(stream.peer, time.monotonic()):
                self._runtime.emit(ConnectionRefused(client=stream.peer, reply=str(decision.reply)))
            stream.send_now(decision.reply.octets)
            stream.close()
            return
        session = ReceivingSession(context, stream, client)
        self._sessions.add(session)
        try:
            session.run()
        except MemoryError as exc:
            self._runtime.fail(exc)
        except Exception as exc:  # noqa: BLE001 - top frame of a greenlet
            self._runtime.emit(SessionCrashed(client=str(client), error=repr(exc), exception=traceback_text(exc)))
        finally:
            self._sessions.discard(session)
            self._admission.release(context.address, client)

    def _out_of_descriptors(self, reason: str) -> None:
        """Pause all listeners; clients wait in the backlog."""
        self._runtime.emit(AcceptPaused(reason=reason, pause_s=_PAUSE_S))
        for listener in self._listeners:
            listener.pause(_PAUSE_S)

    def _context_of(self, inherited: InheritedListener) -> ListenerContext:
        config, limits = self._runtime.config, self._runtime.config.limits
        return ListenerContext(
            config=config,
            address=inherited.address,
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
            budget=self._budget,
            space=self._space,
            emit=self._runtime.emit,
            banner=self._banner,
            refusals=self._refusals,
        )

    def _watch_space(self) -> None:
        while True:
            gevent.sleep(_SPACE_CHECK_S)
            self._space.look()
            if left_out := self._refusals.take_left_out():
                self._runtime.emit(RefusalsLeftOut(count=left_out))

    def _watch_orders(self) -> None:
        reader, node = self._runtime.engine.open_reader(), self._runtime.config.node.name
        while not self._runtime.draining.wait(LOOK_S):
            try:
                for order in open_orders(reader, node):
                    if order.verb == "stop-listener":
                        finish(self._runtime, order, self._stop_listener(str(order.argument)))
            except EmpathError as exc:
                self._runtime.emit(OrdersUnread(error=str(exc)))

    def _stop_listener(self, address: str) -> str:
        found = [listener for listener in self._listeners if listener.address == address]
        for listener in found:
            listener.stop_listening()
        names = ", ".join(listener.address for listener in self._listeners)
        return f"{address} takes no connection until a reload" if found else f"no listener {address}; there are {names}"

    def _drain(self) -> None:
        for listener in self._listeners:
            listener.close()
        new_clients_until = time.monotonic() + _NEW_CLIENTS_S
        self._mark_draining(new_clients_until)
        gevent.sleep(0)  # connections accepted a moment ago become sessions
        ends_at = time.monotonic() + DRAIN_S - 2 * _LAST_WORDS_S
        while self._sessions and time.monotonic() < ends_at:
            if self._runtime.may_linger:
                ends_at = time.monotonic() + DRAIN_S - 2 * _LAST_WORDS_S
            for session in list(self._sessions):
                session.interrupt_unless_busy()
            gevent.sleep(0.05)
            self._mark_draining(new_clients_until)  # a stop may have followed the reload
        for session in list(self._sessions):
            session.interrupt()
        ends_at = time.monotonic() + _LAST_WORDS_S
        while self._sessions and time.monotonic() < ends_at:
            gevent.sleep(0.05)

    def _mark_draining(self, new_clients_until: float) -> None:
        for context in self._contexts:
            context.is_draining = True
            context.new_clients_until = new_clients_until if self._runtime.may_linger else 0.0


def _main(runtime: Runtime) -> None:
    Acceptor(runtime).run()


if __name__ == "__main__":
    # While a shell holds the write lock, clients hear a greeting, and 451 for their messages.
    run_child(_main, write_deadline_s=None, serves_unregistered=True)
