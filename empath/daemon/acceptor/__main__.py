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
from collections.abc import Callable
from functools import partial

import gevent

from empath.config import Config
from empath.config.tables.limits import Limits
from empath.config.tables.receiving import Listener as ListenerSettings
from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.admission import Admission, Admitted, Refused, client_address
from empath.daemon.acceptor.authentication import Authenticator, OverrideRows
from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.entry import EntryChecks
from empath.daemon.acceptor.expiry import report_expiry
from empath.daemon.acceptor.greylist import Greylist
from empath.daemon.acceptor.listener import Listener
from empath.daemon.acceptor.login.choose import logins_of
from empath.daemon.acceptor.pickup import Pickup
from empath.daemon.acceptor.rates import ListenerRates, RateMeter
from empath.daemon.acceptor.refusal_rows import RefusalRows
from empath.daemon.acceptor.session import Draining, ReceivingSession
from empath.daemon.acceptor.session_list import SessionList
from empath.daemon.acceptor.space import Space
from empath.daemon.acceptor.stand_in import QUEUE_FAILURES, may_stand_in, refuse_all, stand_in
from empath.daemon.acceptor.verify import Verifier
from empath.daemon.process.child import DRAIN_S, Child
from empath.daemon.process.open_counts import SharedCounts
from empath.daemon.process.orders import LOOK_S, finish
from empath.daemon.process.recipients import recipients_of
from empath.daemon.process.resolving import caching_resolver, host_finder
from empath.daemon.process.runtime import Runtime, run_child
from empath.daemon.process.signing import SigningKeys
from empath.daemon.process.suppressions import Suppressions
from empath.errors import EmpathError
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.net.proxy import NoProxyHeader, receive_proxy_header
from empath.net.stream import Stream
from empath.net.wakeup import wake
from empath.policy.access import Role, is_within
from empath.policy.limits.connections import ConnectionCounter, ConnectionLimits
from empath.policy.limits.refusal import RefusalTally
from empath.policy.limits.refusal_log import RefusalMeter
from empath.policy.limits.session import Pace, line_limit_octets
from empath.smtp.server.limits import ServerLimits
from empath.storage.queue.control import ServiceOrder, StartOrder, open_orders
from empath.telemetry.metrics.catalogue import AUTHENTICATION, LIMITS_REACHED, OPEN_SESSIONS, REFUSALS
from empath.telemetry.occurrence import traceback_text, words_of
from empath.telemetry.occurrences.acceptor import (
    AcceptPaused,
    ConnectionRefused,
    OrdersUnread,
    ProxyRefused,
    RefusalsLeftOut,
    SessionCrashed,
)

_GREETINGS = {Protocol.SMTP: "ESMTP", Protocol.LMTP: "LMTP"}  # words of the banner
_PAUSE_S = 1.0  # pause of all listeners when the system has no descriptor left
_MAX_QUESTIONS = 200  # look-ups about clients that are under way; a client beyond them enters without
_SPACE_CHECK_S = 1.0
_DAY_S = 86_400.0
_AT_CONNECT = "connect"  # the stage of a refusal before the banner
_REFUSALS_PER_SECOND = 100  # most lines of the log
_REFUSALS_PER_CLIENT = 20  # most lines of the log for one client in a second
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
        self._tally = RefusalTally()
        self._refusal_rows = RefusalRows()
        self._meter = RateMeter(runtime.writer, config.process.acceptors)
        self._rates = {listener.text: self._rates_of(listener) for listener in config.listeners}
        self._admission = Admission(
            _connection_counter(config, runtime.child),
            config.relay.policy.is_trusted,
            lambda address, client: self._rates[address].admit(client),
        )
        self._budget = ContentBudget(inline_octets=config.queue.inline_octets, limit_octets=config.queue.memory_octets)
        self._space = Space(runtime.engine, config, runtime.emit)
        self._refusals = RefusalMeter(_REFUSALS_PER_SECOND, _REFUSALS_PER_CLIENT)
        self._resolver = caching_resolver(runtime, max_flights=_MAX_QUESTIONS)
        self._logins = logins_of(runtime, self._refusals, self._meter)
        self._results: dict[tuple[str, ...], float] = {}
        self._overrides = OverrideRows(runtime.engine.open_reader)
        self._new_session = _sessions_with_modules(runtime, self._refusals) if runtime.modules else ReceivingSession
        self._greylist: Greylist | None = None
        if config.greylist.enabled:
            self._greylist = Greylist(config.greylist.rules, runtime.engine.open_reader, runtime.writer, time.time)
        self._recipients = recipients_of(
            config,
            runtime.engine.open_reader,
            runtime.emit,
            self._refusals,
            lambda: Verifier(
                config, runtime.rules, host_finder(runtime, self._resolver), runtime.deadlines, runtime.writer
            ),
        )
        self._suppressions: Suppressions | None = None
        if config.suppression.at_rcpt == "refuse":
            self._suppressions = Suppressions(runtime.engine.open_reader)
        self._signing = SigningKeys(runtime.signer, runtime.engine.open_reader)
        by_address = {listener.text: listener for listener in config.listeners}
        self._contexts = [self._context_of(by_address[inherited.address]) for inherited in runtime.child.listeners]
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
        self._runtime.keep(self._watch_space)
        self._runtime.keep(self._watch_orders)
        self._runtime.keep(self._meter.run)
        self._runtime.keep(partial(self._refusal_rows.run, self._runtime))
        self._runtime.keep(SessionList(self._runtime, self._sessions).run)
        if self._runtime.child.slot == "acceptor-1":
            self._runtime.keep(self._watch_certificates)
            self._start_pickup()
        try:
            self._runtime.ready()
        except QUEUE_FAILURES as exc:
            if not may_stand_in(self._runtime.child):
                raise
            self._space.fail()
            stand_in(self._runtime, exc)
            self._drain()
            raise
        self._runtime.draining.wait()
        self._drain()

    def _measure(self) -> None:
        ledger, tally = self._runtime.ledger, self._tally
        if ledger is not None:
            ledger.read(AUTHENTICATION, lambda: self._results)
            ledger.read(OPEN_SESSIONS, lambda: len(self._sessions))
            ledger.read(REFUSALS, lambda: tally.by_code)
            ledger.read(LIMITS_REACHED, lambda: {(str(limit),): n for limit, n in tally.counts.items() if n})

    def _start_pickup(self) -> None:
        runtime, directory = self._runtime, self._runtime.config.pickup.directory
        if directory is None:
            return
        listener = ListenerSettings.model_validate({"address": "unix:/pickup", "role": "submission"})
        context = self._context_of(listener, "pickup")
        self._contexts.append(context)  # a drain marks it, too
        pickup = Pickup(
            directory, context, runtime.engine.open_reader(), runtime.deadlines, new_session=self._new_session
        )
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
            self._tally.count(decision.reply, _AT_CONNECT)
            self._refusal_rows.note(decision.reply, client=stream.peer, listener=context.address, stage=_AT_CONNECT)
            if self._refusals.admit(stream.peer, time.monotonic()):
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
            self._admission.release(context.address, session.client_address)

    def _admitted(self, context: ListenerContext, stream: Stream) -> Admitted | Refused | None:
        """Admit or refuse the client; None: its proxy did not name it."""
        proxies = context.listener.proxy_protocol
        if not proxies or not is_within(proxy := client_address(stream.peer), proxies):
            return self._admission.admit(context.address, stream.peer)
        self._arriving.add(stream)
        try:
            read = partial(receive_proxy_header, stream, context.config.timeouts.proxy_s)
            return self._admission.admit_behind_proxy(context.address, proxy, read)
        except NoProxyHeader as exc:
            if self._refusals.admit(stream.peer, time.monotonic()):
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

    def _context_of(self, listener: ListenerSettings, name: str | None = None) -> ListenerContext:
        """The context of *listener*, which rows and logs call *name*; by default by its address."""
        config, address = self._runtime.config, name or listener.text
        limits = config.limits_of(listener)
        return ListenerContext(
            config=config,
            address=address,
            listener=listener,
            role=listener.role,
            configured=limits,
            limits=ServerLimits(
                message_octets=limits.message_octets,
                recipients=limits.recipients,
                command_octets=limits.command_octets,
                line_octets=line_limit_octets(listener.role, limits.line_octets),
                errors=limits.errors,
                slow_errors=limits.slow_errors,
                junk=limits.junk,
                messages=limits.messages_per_session,
                deliver_by_s=int(limits.deliver_by_s),
            ),
            pace=Pace(
                command_s=config.timeouts.command_s,
                content_s=config.timeouts.content_s,
                session_s=config.timeouts.session_s,
                content_octets_per_s=limits.content_octets_per_s,
            ),
            admission=self._admission,
            writer=self._runtime.writer,
            rules=self._runtime.rules,
            budget=self._budget,
            space=self._space,
            emit=self._runtime.emit,
            banner=Reply.of(f"220 {listener.hostname or config.hostname} {_GREETINGS[listener.protocol]} Empath"),
            refusals=self._refusals,
            tally=self._tally,
            refusal_rows=self._refusal_rows,
            rates=self._rates.get(address) or self._rates_of(listener),
            entry=self._entry_of(listener),
            server_tls=self._runtime.server_tls,
            logins=self._logins if listener.has_auth else None,
            recipients=self._recipients,
            suppressions=self._suppressions,
            signer=self._signing.signer if listener.has_signing else None,
            greylist=self._greylist if listener.role is Role.MX else None,
            authentication=self._authenticator_of(listener),
        )

    def _rates_of(self, listener: ListenerSettings) -> ListenerRates:
        config = self._runtime.config
        scope = listener.text if listener.limits.given else ""
        return ListenerRates(self._meter, config.limits_of(listener), scope, config.relay.policy.is_trusted)

    def _authenticator_of(self, listener: ListenerSettings) -> Authenticator | None:
        config, wanted = self._runtime.config, listener.authentication
        if listener.role is not Role.MX or not wanted.is_on:
            return None
        receiver = str(listener.hostname or config.hostname)
        return Authenticator(config, wanted, self._resolver, self._overrides, counts=self._results, receiver=receiver)

    def _entry_of(self, listener: ListenerSettings) -> EntryChecks | None:
        config = self._runtime.config
        blocklists = config.blocklists if listener.role is Role.MX else None
        if blocklists is None and not listener.client_names and not listener.greet_delay_s:
            return None
        return EntryChecks(
            self._resolver,
            self._runtime.emit,
            blocklists=blocklists,
            wants_name=listener.client_names,
            within_s=config.timeouts.look_up_s,
            greet_delay_s=listener.greet_delay_s,
        )

    def _watch_space(self) -> None:
        while True:
            gevent.sleep(_SPACE_CHECK_S)
            self._space.look()
            if left_out := self._refusals.take_left_out():
                self._runtime.emit(RefusalsLeftOut(count=left_out))

    def _watch_certificates(self) -> None:
        server_tls = self._runtime.server_tls
        while server_tls is not None:
            report_expiry(server_tls.certificates, self._runtime.emit, self._runtime.now())
            gevent.sleep(_DAY_S)

    def _watch_orders(self) -> None:
        reader, node = self._runtime.engine.open_reader(), self._runtime.config.node.name
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


def _sessions_with_modules(runtime: Runtime, refusals: RefusalMeter) -> Callable[..., ReceivingSession]:
    """What makes the sessions where modules are configured."""
    from empath.daemon.acceptor.modules.session import ModuleSession  # noqa: PLC0415 - the same
    from empath.daemon.process.module_calls.calls import ModuleCalls  # noqa: PLC0415 - only what is configured
    from empath.daemon.process.module_calls.switch import ModuleSwitch  # noqa: PLC0415 - the same
    from empath.daemon.process.module_calls.watchdog import Watchdog  # noqa: PLC0415 - the same

    late_s = max(module.wanted.deadline_s for module in runtime.modules)
    Watchdog(runtime.emit, late_s).start()
    switch = ModuleSwitch(runtime)
    calls = ModuleCalls(runtime.modules, runtime.emit, refusals, switch.record)
    runtime.keep(partial(switch.run, calls))
    return partial(ModuleSession, calls)


def _connection_counter(config: Config, child: Child) -> ConnectionCounter:
    own = {
        listener.text: _connection_limits(config.limits_of(listener)) if listener.limits.given else None
        for listener in config.listeners
    }
    counts = None if child.counts_fd is None else SharedCounts(child.counts_fd, child.counts_row)
    return ConnectionCounter(_connection_limits(config.limits), own, counts)


def _connection_limits(limits: Limits) -> ConnectionLimits:
    return ConnectionLimits(limits.connections, limits.connections_per_client, limits.ipv6_prefix)


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
    run_child(_main, write_deadline_s=None, serves_unregistered=True, has_modules=True)


if __name__ == "__main__":
    main()
