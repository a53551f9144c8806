"""
tls_probe - try TLS with one host, send no mail, and say what came of it

For people who want to know what a host does; the workers have their own way, which keeps connections.
"""

import time
from dataclasses import dataclass, replace
from hashlib import sha256

import gevent

from empath.errors import EmpathError
from empath.net.client_tls import ClientTls
from empath.net.stream import Deadlines, Stream
from empath.net.tls import TlsStream
from empath.policy.certificate_path import read_certificate
from empath.policy.hosts.search import Host
from empath.policy.tls_demand import HostDemand, TlsLevel
from empath.policy.tls_proof import prove
from empath.smtp.client.events import HandshakeWanted, HostFailed, Ready
from empath.smtp.client.opening import Opening, TlsUse
from empath.smtp.client.session import ClientSession


@dataclass(slots=True)
class TlsProbe:
    """
    What a host showed.

    Shape: version and cipher are None if there was no handshake. names are those of its certificate, fingerprint its
    SHA-256. proof says by what the host proved its identity, failure why it did not, or why there is no TLS although
    it is demanded; both are None where nothing had to be proved.
    """

    version: str | None = None
    cipher: str | None = None
    names: tuple[str, ...] = ()
    fingerprint: str | None = None
    proof: str | None = None
    failure: str | None = None


def try_tls(host: Host, demand: HostDemand, tls: ClientTls, *, ehlo_name: str, timeout_s: float) -> TlsProbe:
    """
    Connect to *host*, begin TLS as *demand* asks, and leave. *timeout_s* bounds a connection. If the handshake fails
    where an authority has to vouch for the host, a second connection without that shows its certificate.
    """
    found = _once(host, demand, tls, ehlo_name, timeout_s)
    if found.failure is not None and found.fingerprint is None and demand.is_proved_by_authority:
        shown = _once(host, replace(demand, level=TlsLevel.ENCRYPT), tls, ehlo_name, timeout_s)
        shown.failure = found.failure
        return shown
    return found


def _once(host: Host, demand: HostDemand, tls: ClientTls, ehlo_name: str, timeout_s: float) -> TlsProbe:
    found = TlsProbe()
    deadlines = Deadlines()
    watch = gevent.spawn(deadlines.run)
    ends_at = time.monotonic() + timeout_s
    try:
        stream = Stream.connect(host.address, host.port, deadlines=deadlines, timeout_s=timeout_s)
        try:
            stream.deadline_at = ends_at
            _Dialogue(stream, demand, tls, found).run(host, ehlo_name)
        finally:
            stream.close()
    except EmpathError as exc:  # the text is a clause
        found.failure = found.failure or str(exc)
    finally:
        watch.kill()
    return found


class _Dialogue:
    """The session of one try, up to the point where mail could begin."""

    def __init__(self, stream: Stream, demand: HostDemand, tls: ClientTls, found: TlsProbe) -> None:
        self._stream: Stream | TlsStream = stream
        self._demand = demand
        self._tls = tls
        self._found = found

    def run(self, host: Host, ehlo_name: str) -> None:
        """Note what the host shows. Raises StreamClosed and StreamTimeout, as the streams do."""
        if host.is_tls:
            self._secure()
        use = TlsUse.IF_OFFERED if self._demand.level in (TlsLevel.NONE, TlsLevel.MAY) else TlsUse.REQUIRED
        opening = Opening(tls=use, is_secured=host.is_tls)
        session = ClientSession(ehlo_name, frozenset(), host.protocol, opening)
        while self._found.failure is None:
            if octets := session.octets_to_send():
                self._stream.send(octets)
            event = session.next_event()
            if event is None:
                session.receive(self._stream.receive())
            elif isinstance(event, HandshakeWanted):
                self._secure()
                session.secured({})
            elif isinstance(event, HostFailed):
                self._found.failure = event.reply.escaped()
            elif isinstance(event, Ready):
                session.quit()
                self._stream.send_now(session.octets_to_send())
                return

    def _secure(self) -> None:
        demand, found = self._demand, self._found
        context = self._tls.verified if demand.is_proved_by_authority else self._tls.unverified
        assert isinstance(self._stream, Stream)
        self._stream = secured = TlsStream.client(self._stream, context, demand.server_name, None)
        parameters = secured.shake_hands()
        found.version, found.cipher = parameters.version, parameters.cipher
        chain = secured.chain
        if chain:
            certificate = read_certificate(chain[0])
            found.names = certificate.names if certificate is not None else ()
            found.fingerprint = sha256(chain[0]).hexdigest()
        proof = prove(demand, chain, time.time())
        found.proof, found.failure = proof.how or None, proof.failure or None
