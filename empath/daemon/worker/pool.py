"""
pool - connections that wait for more mail

After a transaction a connection waits here for the next message to the same host.  It is not used again if the host has
spoken or closed meanwhile: such a reply would be taken for the answer to MAIL.  If a reused connection ends, or has
used up its allowance, before the host accepted the message, a new connection replaces it once.  That does not count as
a failed attempt.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from empath.config.tables.delivery import Delivery
from empath.daemon.process.dialogues import Dialogues, unheard
from empath.daemon.worker.cargo import Cargo
from empath.daemon.worker.connection import Clock, Connection, ConnectionSettings, HostUnreachable, Measure, Permission
from empath.daemon.worker.content_fit import Pieces
from empath.daemon.worker.securing import Security
from empath.daemon.worker.session_needs import NO_NEEDS, SessionNeeds
from empath.daemon.worker.session_rules import BUILT_IN_RULES, SessionRules
from empath.daemon.worker.sources import NO_SOURCES, Allowance, Sources
from empath.mail.fate import Said, TlsEvidence
from empath.mail.outcome import Stage
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.net.client_tls import ClientTls
from empath.net.stream import Deadlines, OutOfResources, Stream
from empath.policy.destinations.settings import BUILT_IN, DestinationSettings
from empath.policy.hosts.search import Host
from empath.smtp.client.events import TransactionEnded
from empath.smtp.client.session import Transaction

_MOST_UNCHUNKED: Final = 1_000
_UNCHUNKED_S: Final = 3600.0  # for which a host gets DATA that offers CHUNKING and does not know BDAT
# Address, port and protocol of the host, number of the SessionNeeds, and pool of source addresses.
_Key = tuple[str, int, Protocol, int, str | None]
# What `Connection.transact` takes.
_Job = tuple[Transaction, Pieces, Permission, DestinationSettings, Cargo | None]


class HostResult(NamedTuple):
    """
    What one host said about one message.

    Shape: peer is its address and port; results are by the numbers of the recipients in the transaction; connect_s is
    how long it took until the host was ready for mail, None for a connection that was open already or was never made.
    was_reached: there was a session. is_in_doubt: see TransactionEnded. has_dsn: the host got NOTIFY=, and reports.
    tls tells what became of TLS, None where the result is that of an earlier session. source is the address that the
    connection went out from, None where the system chose it or none was made.
    """

    peer: str
    results: Mapping[int, Said]
    was_reached: bool
    connect_s: float | None = None
    is_in_doubt: bool = False
    has_dsn: bool = False
    tls: TlsEvidence | None = None
    source: str | None = None

    @property
    def is_untaken(self) -> bool:
        """Whether the host surely has not taken the message for any recipient."""
        return not self.is_in_doubt and all(said.stage is not Stage.END_OF_DATA for said in self.results.values())

    @property
    def has_failed_at_tls(self) -> bool:
        """Whether the host has not taken the message because of TLS: its lack, its failure, or no proof."""
        has_failed = self.tls is not None and self.tls.failure is not None
        return self.is_untaken and (has_failed or all(said.stage is Stage.TLS for said in self.results.values()))


@dataclass(slots=True)
class PoolCounts:
    """
    What became of connections: messages that got a waiting one, messages that had to open one, and waiting ones that
    ended without a further message.
    """

    reused: int = 0
    opened: int = 0
    ended: int = 0

    def since(self, before: "PoolCounts") -> "PoolCounts":
        """What has come to *before*."""
        return PoolCounts(self.reused - before.reused, self.opened - before.opened, self.ended - before.ended)


class ConnectionPool:
    """
    Connections of this worker that wait for more mail, by the address, port and protocol that they lead to, and by what
    they are: messages that need another proof of the host, another login, or go out from the addresses of another pool,
    have other connections. is_traced: attempts note the times of their stages.
    """

    def __init__(
        self,
        settings: Delivery,
        ehlo_name: str,
        deadlines: Deadlines,
        connect: Callable[..., Stream] = Stream.connect,
        clock: Clock = time.monotonic,
        *,
        own_names: frozenset[str] = frozenset(),
        tls: ClientTls | None = None,
        rules: SessionRules = BUILT_IN_RULES,
        sources: Sources = NO_SOURCES,
        wall_clock: Clock = time.time,
        measure: Measure | None = None,
        is_traced: bool = False,
        dialogues: Dialogues | None = None,
    ) -> None:
        self.is_traced = is_traced
        self._settings = settings
        self._clock = clock
        timeouts = {
            Stage.CONNECT: settings.connect_s,
            Stage.GREETING: settings.greeting_s,
            Stage.EHLO: settings.ehlo_s,
            Stage.TLS: settings.tls_s,
            Stage.AUTH: settings.auth_s,
            Stage.MAIL: settings.mail_s,
            Stage.RCPT: settings.rcpt_s,
            Stage.DATA: settings.data_s,
            Stage.CONTENT: settings.content_s,
            Stage.END_OF_DATA: settings.end_of_data_s,
            Stage.QUIT: settings.quit_s,
        }
        self.rules = rules
        self.sources = sources
        self._security = Security(tls or ClientTls(), clock, wall_clock)
        self._how = ConnectionSettings(
            settings,
            ehlo_name,
            deadlines,
            timeouts,
            connect,
            clock,
            self._security,
            own_names,
            measure,
            dialogues or unheard(),
        )
        self._idle: dict[_Key, list[Connection]] = {}
        self.counts = PoolCounts()
        self._unchunked: dict[tuple[str, int], float] = {}  # hosts that do not know BDAT, until when

    def send(
        self,
        host: Host,
        transaction: Transaction,
        pieces: Pieces,
        may_end: Permission,
        *,
        settings: DestinationSettings = BUILT_IN,
        needs: SessionNeeds = NO_NEEDS,
        cargo: Cargo | None = None,
    ) -> HostResult:
        """
        Send one message to one host, over a waiting connection that is as *needs* say if there is one. *settings* are
        of its destination; *cargo* names the message for those who listen.

        Where the demand may fall back, a message goes in the clear after TLS failed. Where the demand is on trial, a
        message that failed by it goes to the host once more without it, and the result says both.

        Raises:
            Abandoned: see Connection.transact.
            OutOfResources: see Connection.open.
        """
        job = (transaction, pieces, may_end, settings, cargo)
        demand, security = needs.demand, self._security
        if not demand.is_on_trial:
            return self._send_or_fall_back(host, needs, job)
        failure = security.failed_trial(host, demand)
        if failure is None:
            result = self._send(host, needs, job)
            if not result.has_failed_at_tls:
                return result
            failure = (result.tls and result.tls.failure) or ""
            security.note_trial(host, demand, failure)
        again = self._send_or_fall_back(host, replace(needs, demand=demand.optional()), job)
        return again._replace(tls=again.tls and again.tls._replace(failure=failure or again.tls.failure))

    def _send_or_fall_back(self, host: Host, needs: SessionNeeds, job: _Job) -> HostResult:
        if not needs.demand.may_fall_back:
            return self._send(host, needs, job)
        in_clear = replace(needs, demand=needs.demand.in_clear())
        if self._security.is_broken(host) and not host.is_tls:
            return self._send(host, in_clear, job)
        result = self._send(host, needs, job)
        failure = result.tls.failure if result.tls is not None else None
        if failure is None or host.is_tls or not result.is_untaken:
            return result
        if result.was_reached and result.tls is not None and result.tls.version is None:
            return result  # the host refused STARTTLS, and the session was in the clear
        self._security.note_broken(host)
        again = self._send(host, in_clear, job)
        return again._replace(tls=again.tls and again.tls._replace(failure=failure))

    def _send(self, host: Host, needs: SessionNeeds, job: _Job) -> HostResult:
        transaction, _, _, settings, cargo = job
        if needs.demand.refusal is not None:
            said = Said(Stage.TLS, needs.demand.refusal)
            evidence = TlsEvidence(str(needs.demand), failure=said.reply.text)
            return _unreached(host, transaction, said, tls=evidence)
        if settings.chunking and self._lacks_chunking(host):
            job = _in_data(job)
        spent = None
        pool = settings.source
        if pool is not None and host.is_socket:
            pool = None
        key = (host.address, host.port, host.protocol, needs.number, pool)
        taken = self._take(key, host)
        if taken is not None:
            connection, allowance = taken
            ended = connection.transact(*job) if allowance is None else self._transact(connection, job, allowance)
            if connection.lacks_chunking:
                return self._again_in_data(connection, job, needs, allowance)
            if not (ended.is_stale or ended.is_spent):
                return self._done(key, connection, ended, None)
            connection.leave()
            self.sources.give_back(allowance)
            if ended.is_spent:
                spent = HostResult(connection.peer, ended.results, was_reached=True, source=connection.source_address)
        chosen = (None, None) if pool is None else self.sources.choose(pool, host, settings.overflow)
        if isinstance(chosen, Reply):
            return _unreached(host, transaction, Said(Stage.CONNECT, chosen))
        source, allowance = chosen
        began = self._clock()
        try:
            connection = Connection.open(host, self._how, needs, source, cargo)
        except OutOfResources:
            self.sources.give_back(allowance)
            raise
        except HostUnreachable as exc:
            self.sources.give_back(allowance)
            if spent is not None:
                return spent
            return _unreached(host, transaction, exc.said, exc.tls, None if source is None else source.address)
        connect_s = self._clock() - began
        ended = self._transact(connection, job, allowance)
        connection.keep_session()
        if connection.lacks_chunking:
            return self._again_in_data(connection, job, needs, allowance)
        return self._done(key, connection, ended, connect_s)

    def _again_in_data(
        self, connection: Connection, job: _Job, needs: SessionNeeds, allowance: Allowance | None
    ) -> HostResult:
        """Send the message to the same host without BDAT, which it does not know."""
        connection.leave()
        self.sources.give_back(allowance)
        if len(self._unchunked) >= _MOST_UNCHUNKED:
            del self._unchunked[next(iter(self._unchunked))]
        self._unchunked[connection.host.address, connection.host.port] = self._clock() + _UNCHUNKED_S
        return self._send(connection.host, needs, job)

    def _lacks_chunking(self, host: Host) -> bool:
        """Whether the host did not know BDAT lately."""
        until = self._unchunked.get((host.address, host.port))
        return until is not None and self._clock() < until

    def _transact(self, connection: Connection, job: _Job, allowance: Allowance | None) -> TransactionEnded:
        """Transact, and give the allowance back if that raises."""
        try:
            return connection.transact(*job)
        except BaseException:  # before the final dot, so the host has not taken the message
            self.sources.give_back(allowance)
            raise

    def close_idle(self, *, all_of_them: bool = False) -> None:
        """End connections that have waited too long."""
        now = self._clock()
        for key, waiting in list(self._idle.items()):
            keep = [] if all_of_them else [c for c in waiting if now - c.used_at < self._settings.idle_s]
            for connection in waiting:
                if connection not in keep:
                    connection.quit()
                    self.counts.ended += 1
            if keep:
                self._idle[key] = keep
            else:
                del self._idle[key]

    def _take(self, key: _Key, host: Host) -> tuple[Connection, Allowance | None] | None:
        """A connection that waits, with what was counted of the warm-up of its address."""
        waiting = self._idle.get(key)
        while waiting:
            connection = waiting.pop()
            if connection.source is not None and self.sources.is_rested(connection.source.address):
                connection.quit()
            elif connection.is_quiet():
                allowance = None if connection.source is None else self.sources.allow(connection.source.address, host)
                if not isinstance(allowance, float):
                    self.counts.reused += 1
                    return connection, allowance
                connection.quit()
            else:
                connection.close()
            self.counts.ended += 1
        self.counts.opened += 1
        return None

    def _done(self, key: _Key, connection: Connection, ended: TransactionEnded, connect_s: float | None) -> HostResult:
        is_young = self._clock() - connection.born_at < self._settings.reuse_s
        if connection.is_usable and is_young:
            self._idle.setdefault(key, []).append(connection)
        elif connection.is_usable:
            connection.quit()
        else:
            connection.leave()
        was_reached = True
        return HostResult(
            connection.peer,
            ended.results,
            was_reached,
            connect_s,
            ended.is_in_doubt,
            connection.has_dsn,
            connection.tls,
            connection.source_address,
        )


def _unreached(
    host: Host, transaction: Transaction, said: Said, tls: TlsEvidence | None = None, source: str | None = None
) -> HostResult:
    """The result where *host* gave no session."""
    results = dict.fromkeys(transaction.recipients, said)
    return HostResult(host.peer, results, was_reached=False, tls=tls, source=source)


def _in_data(job: _Job) -> _Job:
    """The same with DATA for its content."""
    transaction, pieces, may_end, settings, cargo = job
    return transaction, pieces, may_end, replace(settings, chunking=False), cargo
