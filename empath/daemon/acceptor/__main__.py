"""
acceptor - the process that receives mail

One greenlet per connection drives a sans-IO session.  All sessions share one group commit, which wakes the workers.  On
a stop the process closes its listeners, sends 421 to idle clients, and completes messages that are already arriving.
After a reload it also waits for the first message of clients that have sent none yet.
"""

from empath.daemon.process.patching import patch_all

patch_all()

import itertools
import time
from _socket import socket as RawSocket
from functools import partial

import gevent

from empath.config.tables.receiving import Listener as ListenerSettings
from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.admission import Admitted, Refused, client_address
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.contexts import ListenerContexts
from empath.daemon.acceptor.expiry import report_expiry
from empath.daemon.acceptor.interruption import Draining
from empath.daemon.acceptor.listener import Listener
from empath.daemon.acceptor.pickup import Pickup
from empath.daemon.acceptor.session import ReceivingSession
from empath.daemon.acceptor.session_list import SessionList
from empath.daemon.acceptor.stand_in import QUEUE_FAILURES, may_stand_in, refuse_all, stand_in
from empath.daemon.process.child import DRAIN_S
from empath.daemon.process.orders import LOOK_S, finish
from empath.daemon.process.run_child import run_child
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.net.proxy import NoProxyHeader, receive_proxy_header
from empath.net.stream import Stream
from empath.net.wakeup import wake
from empath.policy.access import is_within
from empath.storage.queue.control import ServiceOrder, StartOrder, open_orders
from empath.telemetry.metrics.catalogue import CERTIFICATE_END, OPEN_SESSIONS
from empath.telemetry.occurrence import traceback_text, words_of
from empath.telemetry.occurrences.acceptor import (
    AcceptPaused,
    ConnectionRefused,
    OrdersUnread,
    ProxyRefused,
    SessionCrashed,
)

_PAUSE_S = 1.0  # pause of all listeners when the system has no descriptor left
_DAY_S = 86_400.0
_AT_CONNECT = "connect"  # the stage of a refusal before the banner
_NEW_CLIENTS_S = 30.0  # time for sessions that have had no transaction, after a reload
_LAST_WORDS_S = 1.0  # last second of a drain, for the 421 to sessions that did not finish


class Acceptor:
    """All listeners and sessions of the process."""

    def __init__(self, runtime: Runtime) -> None:
        config = runtime.config
        self._runtime = runtime
        self._sessions: set[ReceivingSession] = set()
        self._session_numbers = itertools.count(1)
        self._arriving: set[Stream] = set()  # connections whose proxy has not named the client yet
        self._shared = ListenerContexts(runtime)
        self._new_session = self._shared.new_session
        by_address = {listener.text: listener for listener in config.listeners}
        self._contexts = [self._shared.make(by_address[inherited.address]) for inherited in runtime.child.listeners]
        self._listeners = [
            Listener(
                inherited.address,
                inherited.fd,
                partial(self._serve, context),
                self._out_of_descriptors,
                is_shared=config.process.acceptors > 1,
            )
            for inherited, context in zip(runtime.child.listeners, self._contexts, strict=True)
        ]

    def run(self) -> None:
        """Serve until a drain is requested, then drain."""
        self._runtime.writer.after_batch(partial(wake, self._runtime.child.wake_fds))
        self._measure()
        for listener in self._listeners:
            listener.start()
        self._runtime.keep(self._watch_orders)
        self._runtime.serve_traces()
        self._shared.keep()
        self._runtime.keep(SessionList(self._runtime, self._sessions).run)
        if self._runtime.child.slot == "acceptor-1":
            self._runtime.keep(self._watch_certificates)
            self._start_pickup()
        try:
            self._runtime.ready()
        except QUEUE_FAILURES as exc:
            if not may_stand_in(self._runtime.child):
                raise
            self._shared.space.fail()
            stand_in(self._runtime, exc)
            self._drain()
            raise
        self._runtime.draining.wait()
        self._drain()
        self._shared.write_last()

    def _measure(self) -> None:
        ledger = self._runtime.ledger
        if ledger is not None:
            ledger.read(OPEN_SESSIONS, lambda: len(self._sessions))
            if (tls := self._runtime.server_tls) is not None:
                ledger.read(CERTIFICATE_END, lambda: {(str(each.path),): each.expires_at for each in tls.certificates})

    def _start_pickup(self) -> None:
        runtime, directory = self._runtime, self._runtime.config.pickup.directory
        if directory is None:
            return
        listener = ListenerSettings.model_validate({"address": "unix:/pickup", "role": "submission"})
        context = self._shared.make(listener, "pickup")
        self._contexts.append(context)  # a drain marks it, too
        pickup = Pickup(directory, context, runtime.reader, runtime.deadlines, new_session=self._new_session)
        runtime.keep(pickup.run)

    def _serve(self, context: ListenerContext, raw: RawSocket, peer: tuple[object, ...]) -> None:
        """Body of one connection's greenlet."""
        stream = Stream(raw, str(peer[0]), self._runtime.deadlines)
        decision = self._admitted(context, stream)
        if decision is None:
            stream.close()
            return
        client = decision.client
        stream.peer = str(client)
        if isinstance(decision, Refused):
            self._shared.tally.count(decision.reply, _AT_CONNECT)
            self._shared.refusal_rows.note(
                decision.reply, client=stream.peer, listener=context.address, stage=_AT_CONNECT
            )
            if self._shared.refusals.admit(stream.peer, time.monotonic()):
                self._runtime.emit(
                    ConnectionRefused(client=stream.peer, listener=context.address, reply=str(decision.reply))
                )
            if context.listener.tls is not TlsMode.IMPLICIT:  # such a client cannot read it
                stream.send_now(decision.reply.octets)
            stream.close()
            return
        session = self._new_session(context, stream, client, next(self._session_numbers))
        self._sessions.add(session)
        try:
            session.run()
        except MemoryError as exc:
            self._runtime.fail(exc)
        except Exception as exc:  # noqa: BLE001 - top frame of a greenlet
            self._runtime.emit(SessionCrashed(client=str(client), error=words_of(exc), exception=traceback_text(exc)))
        finally:
            self._sessions.discard(session)
            self._shared.admission.release(context.address, session.client_address)

    def _admitted(self, context: ListenerContext, stream: Stream) -> Admitted | Refused | None:
        """Admit or refuse the client; None: its proxy did not name it."""
        proxies = context.listener.proxy_protocol
        if not proxies or not is_within(proxy := client_address(stream.peer), proxies):
            return self._shared.admission.admit(context.address, stream.peer)
        self._arriving.add(stream)
        try:
            read = partial(receive_proxy_header, stream, context.config.timeouts.proxy_s)
            return self._shared.admission.admit_behind_proxy(context.address, proxy, read)
        except NoProxyHeader as exc:
            if self._shared.refusals.admit(stream.peer, time.monotonic()):
                self._runtime.emit(ProxyRefused(proxy=stream.peer, listener=context.address, error=str(exc)))
            return None
        except Draining:
            return None
        finally:
            self._arriving.discard(stream)

    def _out_of_descriptors(self, reason: str) -> None:
        """Pause all listeners; clients wait in the backlog."""
        self._runtime.emit(AcceptPaused(reason=reason, pause_s=_PAUSE_S))
        for listener in self._listeners:
            listener.pause(_PAUSE_S)

    def _watch_certificates(self) -> None:
        server_tls = self._runtime.server_tls
        while server_tls is not None:
            report_expiry(server_tls.certificates, self._runtime.emit, self._runtime.now())
            gevent.sleep(_DAY_S)

    def _watch_orders(self) -> None:
        reader, node = self._runtime.reader, self._runtime.config.node.name
        while not self._runtime.draining.wait(LOOK_S):
            try:
                for order in open_orders(reader, node):
                    if order.verb == "stop-listener" and self._takes_up(order):
                        finish(self._runtime, order, self._stop_listener(str(order.argument)))
            except EmpathError as exc:
                self._runtime.emit(OrdersUnread(error=str(exc)))

    def _takes_up(self, order: ServiceOrder) -> bool:
        """Whether this acceptor carries *order* out; all of them see it."""
        start = StartOrder(order.control_id, node=self._runtime.config.node.name, now=time.time())
        return self._runtime.writer.commit(start).is_ours

    def _stop_listener(self, address: str) -> str:
        if address.startswith("unix:"):  # a reload could not revive it, other than a socket of TCP
            return f"{address} still takes connections: to stop a UNIX socket, take it out of the configuration"
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
        while (self._sessions or self._arriving) and time.monotonic() < ends_at:
            if self._runtime.may_linger:
                ends_at = time.monotonic() + DRAIN_S - 2 * _LAST_WORDS_S
            for session in list(self._sessions):
                session.interrupt_unless_busy()
            if not self._runtime.may_linger:
                for stream in list(self._arriving):
                    stream.interrupt(Draining())
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
    try:
        acceptor = Acceptor(runtime)
    except QUEUE_FAILURES as exc:
        if may_stand_in(runtime.child):
            refuse_all(runtime, exc)
        raise
    acceptor.run()


def main() -> None:
    """The whole process."""
    # While a shell holds the write lock, clients hear a greeting, and 451 for their messages.
    run_child(_main, write_deadline_s=None, serves_unregistered=True, has_modules=True, traces_mail=True)


if __name__ == "__main__":
    main()
