"""
contexts - what the sessions of one process share, and the contexts of its listeners

Every way in shares it: the listeners of an acceptor, the files of local programs, messages that come by HTTP. So each
limit and each policy is in one place, and a process keeps to it whichever way the mail takes.
"""

import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Final

import gevent

from empath.config import Config
from empath.config.listener_limits import LimitBook
from empath.config.tables.limits import Limits
from empath.config.tables.receiving import Listener as ListenerSettings
from empath.daemon.acceptor.admission import Admission
from empath.daemon.acceptor.authentication import Authenticator, OverrideRows
from empath.daemon.acceptor.content import ContentBudget
from empath.daemon.acceptor.context import ListenerContext, pace_of, server_limits
from empath.daemon.acceptor.dmarc_counts import DmarcCounts
from empath.daemon.acceptor.entry import EntryChecks
from empath.daemon.acceptor.greylist import Greylist
from empath.daemon.acceptor.limit_rows import LimitRows
from empath.daemon.acceptor.login.choose import logins_of
from empath.daemon.acceptor.milters.filter import Filter
from empath.daemon.acceptor.new_session import new_sessions
from empath.daemon.acceptor.rates import ListenerRates, RateMeter
from empath.daemon.acceptor.refusal_rows import RefusalRows
from empath.daemon.acceptor.sealing import sealing_of
from empath.daemon.acceptor.space import Space
from empath.daemon.acceptor.verify import Verifier
from empath.daemon.process.child import Child
from empath.daemon.process.open_counts import SharedCounts
from empath.daemon.process.recipients import recipients_of
from empath.daemon.process.resolving import caching_resolver, host_finder
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.secrets import forwarder_of, verp_of
from empath.daemon.process.signing import SigningKeys
from empath.daemon.process.suppressions import Suppressions
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.policy.access import Role
from empath.policy.limits.connections import ConnectionCounter, ConnectionLimits
from empath.policy.limits.refusal import RefusalTally
from empath.policy.limits.refusal_log import RefusalMeter
from empath.telemetry.metrics.catalogue import (
    AUTHENTICATION,
    LIMITS_REACHED,
    MILTER_FAILURES,
    MILTER_VERDICTS,
    REFUSALS,
    SEALS,
)
from empath.telemetry.occurrences.acceptor import RefusalsLeftOut

_GREETINGS: Final = {Protocol.SMTP: "ESMTP", Protocol.LMTP: "LMTP"}  # words of the banner
_MAX_QUESTIONS: Final = 200  # look-ups about clients that are under way; a client beyond them enters without
_REFUSALS_PER_SECOND: Final = 100  # most lines of the log
_SPACE_CHECK_S: Final = 1.0
_REFUSALS_PER_CLIENT: Final = 20  # most lines of the log for one client in a second


class ListenerContexts:
    """
    What all listeners of the process share. Shape: new_session makes a session, with filters and modules where some are
    configured.
    """

    def __init__(self, runtime: Runtime) -> None:
        config = runtime.config
        self._runtime = runtime
        self.tally = RefusalTally()
        self.refusal_rows = RefusalRows()
        self.meter = RateMeter(runtime.writer, config.process.acceptors)
        self._made: list[ListenerContext] = []
        self._limit_rows = LimitRows(config, self._change_limits, runtime.emit)
        self._rates = {listener.text: self._rates_of(listener) for listener in config.listeners}
        self._connections = _connection_counter(config, runtime.child)
        self.admission = Admission(
            self._connections,
            config.relay.policy.is_trusted,
            lambda address, client: self._rates[address].admit(client),
        )
        self.budget = ContentBudget(inline_octets=config.queue.inline_octets, limit_octets=config.queue.memory_octets)
        self.space = Space(runtime.engine, config, runtime.emit)
        self.refusals = RefusalMeter(_REFUSALS_PER_SECOND, _REFUSALS_PER_CLIENT)
        self._resolver = caching_resolver(runtime, max_flights=_MAX_QUESTIONS)
        self._logins = logins_of(runtime, self.refusals, self.meter)
        self._results: dict[tuple[str, ...], float] = {}
        self._overrides = OverrideRows(runtime.reader)
        self._filters = _filters_of(runtime, self.refusals)
        self.new_session = new_sessions(runtime, self.refusals, has_filters=bool(self._filters))
        self._greylist: Greylist | None = None
        if config.greylist.enabled:
            self._greylist = Greylist(config.greylist.rules, runtime.reader, runtime.writer, time.time)
        self._recipients = recipients_of(
            config,
            runtime.reader,
            runtime.emit,
            self.refusals,
            lambda: Verifier(
                config, runtime.rules, host_finder(runtime, self._resolver), runtime.deadlines, runtime.writer
            ),
        )
        self._suppressions: Suppressions | None = None
        if config.suppression.at_rcpt == "refuse":
            self._suppressions = Suppressions(runtime.reader)
        reports = config.dmarc_reports
        self.dmarc_counts = DmarcCounts(reports.interval_s) if reports.send else None
        self._signing = SigningKeys(runtime.signer, runtime.reader)
        self._forwarder = forwarder_of(config, runtime.secrets)
        self._verp = verp_of(config, runtime.secrets)
        self._sealing = sealing_of(config, self._signing.signer, runtime.emit, self.refusals)
        runtime.rules.look_along(self._limit_rows)  # before the first session

    def keep(self) -> None:
        """Begin what is done for all listeners in the background, and what is counted."""
        runtime, tally = self._runtime, self.tally
        runtime.keep(self._watch_space)
        runtime.keep(self.meter.run)
        runtime.keep(partial(self.refusal_rows.run, runtime))
        if self.dmarc_counts is not None:
            runtime.keep(partial(self.dmarc_counts.run, runtime))
        for each in self._filters:
            runtime.keep(each.run)
        if runtime.ledger is not None:
            runtime.ledger.read(MILTER_VERDICTS, lambda: _sum(each.verdicts for each in self._filters))
            runtime.ledger.read(MILTER_FAILURES, lambda: _sum(each.failures for each in self._filters))
            runtime.ledger.read(AUTHENTICATION, lambda: self._results)
            if (sealing := self._sealing) is not None:
                runtime.ledger.read(SEALS, lambda: sealing.counts)
            runtime.ledger.read(REFUSALS, lambda: tally.by_code)
            runtime.ledger.read(LIMITS_REACHED, lambda: {(str(limit),): n for limit, n in tally.counts.items() if n})

    def write_last(self) -> None:
        """Write what is counted, because no more will come."""
        if self.dmarc_counts is not None:
            self.dmarc_counts.write(self._runtime)

    def _watch_space(self) -> None:
        while True:
            gevent.sleep(_SPACE_CHECK_S)
            self.space.look()
            if left_out := self.refusals.take_left_out():
                self._runtime.emit(RefusalsLeftOut(count=left_out))

    def make(self, listener: ListenerSettings, name: str | None = None) -> ListenerContext:
        """The context of *listener*, which rows and logs call *name*; by default by its address."""
        config, address = self._runtime.config, name or listener.text
        limits = self._limit_rows.book.of(listener)
        context = ListenerContext(
            config=config,
            address=address,
            listener=listener,
            role=listener.role,
            configured=limits,
            limits=server_limits(listener, limits),
            pace=pace_of(config, limits),
            admission=self.admission,
            writer=self._runtime.writer,
            rules=self._runtime.rules,
            budget=self.budget,
            space=self.space,
            emit=self._runtime.emit,
            tracing=self._runtime.tracing,
            dialogues=self._runtime.dialogues,
            banner=Reply.of(f"220 {listener.hostname or config.hostname} {_GREETINGS[listener.protocol]} Empath"),
            refusals=self.refusals,
            tally=self.tally,
            refusal_rows=self.refusal_rows,
            rates=self._rates.get(address) or self._rates_of(listener),
            entry=self._entry_of(listener),
            server_tls=self._runtime.server_tls,
            logins=self._logins if listener.has_auth else None,
            recipients=self._recipients,
            suppressions=self._suppressions,
            signer=self._signing.signer if listener.has_signing else None,
            forwarder=self._forwarder,
            sealing=self._sealing,
            verp=self._verp,
            greylist=self._greylist if listener.role is Role.MX else None,
            authentication=self._authenticator_of(listener),
            milters=tuple(each for each in self._filters if each.settings.is_for(listener.role, address)),
        )
        self._made.append(context)
        return context

    def _rates_of(self, listener: ListenerSettings) -> ListenerRates:
        book, is_trusted = self._limit_rows.book, self._runtime.config.relay.policy.is_trusted
        return ListenerRates(self.meter, book.of(listener), _scope(book, listener), is_trusted)

    def _change_limits(self, book: LimitBook) -> None:
        """Have the limits of *book* everywhere."""
        listeners = self._runtime.config.listeners
        self._connections.change(
            book.of_all.connections, {each.text: _connection_limits(book.of(each)) for each in listeners}
        )
        for each in listeners:
            self._rates[each.text].change(book.of(each), _scope(book, each))
        for context in self._made:
            limits = book.of(context.listener)
            context.change_limits(limits)
            context.rates.change(limits, _scope(book, context.listener))

    def _authenticator_of(self, listener: ListenerSettings) -> Authenticator | None:
        config, wanted = self._runtime.config, listener.authentication
        if listener.role is not Role.MX or not wanted.is_on:
            return None
        receiver = str(listener.hostname or config.hostname)
        return Authenticator(
            config,
            wanted,
            self._resolver,
            self._overrides,
            counts=self._results,
            receiver=receiver,
            reported=None if self.dmarc_counts is None else self.dmarc_counts.note,
        )

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


def _filters_of(runtime: Runtime, refusals: RefusalMeter) -> tuple[Filter, ...]:
    return tuple(Filter(each, runtime.deadlines, runtime.emit, refusals) for each in runtime.config.milters)


def _sum(counts: Iterable[Counter[tuple[str, ...]]]) -> dict[tuple[str, ...], float]:
    return {key: float(count) for each in counts for key, count in each.items()}


def _connection_counter(config: Config, child: Child) -> ConnectionCounter:
    own = {
        listener.text: _connection_limits(config.limits_of(listener)) if listener.limits.given else None
        for listener in config.listeners
    }
    counts = None if child.counts_fd is None else SharedCounts(child.counts_fd, child.counts_row)
    return ConnectionCounter(_connection_limits(config.limits), own, counts)


def _scope(book: LimitBook, listener: ListenerSettings) -> str:
    """What the rates of *listener* are counted under: its address where they are its own."""
    return listener.text if book.has_own_rates(listener) else ""


def _connection_limits(limits: Limits) -> ConnectionLimits:
    return ConnectionLimits(limits.connections, limits.connections_per_client, limits.ipv6_prefix)
