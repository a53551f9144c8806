"""
securing - TLS with one host: the handshake, the proof of its identity, and sessions that are resumed

A handshake has one deadline for all of it.  A session is resumed only for the same demand on the same host, so a host
that proved its identity proves it again: its certificate is part of the session and is judged anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from empath.errors import EmpathError
from empath.mail.fate import TlsEvidence
from empath.net.channel_binding import END_POINT, end_point
from empath.net.client_tls import ClientTls
from empath.net.stream import Stream, StreamClosed, StreamTimeout
from empath.net.tls import TlsSession, TlsStream
from empath.policy.hosts.search import Host
from empath.policy.tls_demand import HostDemand
from empath.policy.tls_proof import prove

_MAX_SESSIONS: Final = 1_000  # kept, a few KiB each
_MAX_BROKEN: Final = 1_000
_BROKEN_S: Final = 300.0  # for which a host whose TLS failed is not asked for it again, where mail may go without it
_KEPT_S: Final = 3600.0  # for which a session is resumed: a certificate that ends, ends here too
_Key = tuple[str, int, HostDemand]


class KeptSession(NamedTuple):
    """A session to resume. Shape: chain is what the host showed when it began, because a resumption shows no chain."""

    session: TlsSession
    chain: tuple[bytes, ...]
    ends_at: float


class NotSecured(EmpathError):
    """The handshake failed, or the host did not prove what it had to; the text is a clause."""


@dataclass(slots=True)
class Security:
    """
    TLS of all connections of a worker.

    `wall_clock` gives Unix seconds, by which certificates are judged; `clock` monotonic ones.
    """

    tls: ClientTls
    clock: Callable[[], float]
    wall_clock: Callable[[], float]
    _sessions: dict[_Key, KeptSession] = field(default_factory=dict)
    _broken: dict[tuple[str, int], float] = field(default_factory=dict)  # until when
    _failed_trials: dict[_Key, tuple[str, float]] = field(default_factory=dict)  # why, and until when

    def session_for(self, host: Host, demand: HostDemand) -> KeptSession | None:
        """The session to resume."""
        kept = self._sessions.get((host.address, host.port, demand))
        return kept if kept is not None and self.clock() < kept.ends_at else None

    def keep_session(self, host: Host, demand: HostDemand, session: TlsSession, chain: tuple[bytes, ...]) -> None:
        """Resume *session* in the next connection."""
        key = (host.address, host.port, demand)
        self._sessions.pop(key, None)
        if len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[key] = KeptSession(session, chain, self.clock() + _KEPT_S)

    def forget_session(self, host: Host, demand: HostDemand) -> None:
        """Begin anew: a resumption may be what failed."""
        self._sessions.pop((host.address, host.port, demand), None)

    def note_broken(self, host: Host) -> None:
        """Note that TLS with *host* failed."""
        if len(self._broken) >= _MAX_BROKEN:
            del self._broken[next(iter(self._broken))]
        self._broken[host.address, host.port] = self.clock() + _BROKEN_S

    def is_broken(self, host: Host) -> bool:
        """Whether TLS with *host* failed lately."""
        until = self._broken.get((host.address, host.port))
        return until is not None and self.clock() < until

    def note_trial(self, host: Host, demand: HostDemand, failure: str) -> None:
        """Note that *host* did not give what *demand* tries; "" where it offers no TLS."""
        if len(self._failed_trials) >= _MAX_BROKEN:
            del self._failed_trials[next(iter(self._failed_trials))]
        self._failed_trials[host.address, host.port, demand] = failure, self.clock() + _BROKEN_S

    def failed_trial(self, host: Host, demand: HostDemand) -> str | None:
        """Why the trial of *demand* on *host* failed lately; None if it did not."""
        why, until = self._failed_trials.get((host.address, host.port, demand), ("", 0.0))
        return why if self.clock() < until else None


class Securing:
    """TLS of one connection. `evidence` tells what came of it, `bindings` is for a login."""

    def __init__(self, security: Security, host: Host, demand: HostDemand) -> None:
        self._security = security
        self._host = host
        self._demand = demand
        self._stream: TlsStream | None = None
        self.evidence = TlsEvidence(str(demand))
        self.bindings: dict[str, bytes] = {}

    def secure(self, stream: Stream, ends_at: float) -> TlsStream:
        """
        Do the handshake over *stream*, which must be over at *ends_at*.

        Raises:
            NotSecured: it failed, or the host did not prove what it had to. The stream is of no more use.
        """
        host, demand, security = self._host, self._demand, self._security
        context = security.tls.verified if demand.is_proved_by_authority else security.tls.unverified
        kept = security.session_for(host, demand)
        try:
            secured = TlsStream.client(stream, context, demand.server_name, kept and kept.session)
            secured.deadline_at = ends_at
            parameters = secured.shake_hands()
        except (StreamClosed, StreamTimeout) as exc:
            raise self._failed(f"the handshake with {host.name} failed: {exc}") from exc
        self._stream = secured
        chain = kept.chain if secured.is_resumed and kept is not None else secured.chain
        proof = prove(demand, chain, security.wall_clock())
        self.evidence = self.evidence._replace(version=parameters.version, cipher=parameters.cipher)
        if proof.failure:
            secured.close()
            raise self._failed(f"{host.name} does not prove its identity: {proof.failure}")
        self.evidence = self.evidence._replace(peer=proof.how or None)
        binding = end_point(chain[0]) if chain else None
        self.bindings = {} if binding is None else {END_POINT: binding}
        return secured

    def keep_session(self) -> None:
        """Let later connections resume this one, once the host has spoken inside TLS."""
        stream = self._stream
        if stream is None or stream.is_resumed:
            return
        if (session := stream.session) is not None:
            self._security.keep_session(self._host, self._demand, session, stream.chain)

    def note_failure(self, reason: str) -> None:
        """Note that TLS failed in the session."""
        self.evidence = self.evidence._replace(failure=reason)
        self._security.forget_session(self._host, self._demand)

    def _failed(self, reason: str) -> NotSecured:
        self.note_failure(reason)
        return NotSecured(reason)
