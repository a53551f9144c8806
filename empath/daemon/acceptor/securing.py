"""
securing - TLS for a session: the stream, the handshake, and what the channel proves

A session that is inside TLS has a stream of its own over the one of its connection, RFC 3207.  A handshake that fails
ends the connection.
"""

import time

from empath.daemon.acceptor.context import ListenerContext
from empath.net.channel_binding import END_POINT, end_point
from empath.net.stream import Stream, StreamClosed, StreamTimeout
from empath.net.tls import TlsParameters, TlsStream
from empath.telemetry.occurrences.acceptor import TlsNotBegun

_HANDSHAKE = ("handshake", "failed")  # in place of the stage and codes of a reply


def tls_over(context: ListenerContext, stream: Stream | TlsStream, client: str) -> TlsStream:
    """
    The stream inside TLS with *client* over *stream*.

    Raises:
        TlsFailed: no context can be made.
    """
    if context.server_tls is None or isinstance(stream, TlsStream):
        raise RuntimeError("the protocol session offered TLS where there is none, or twice")
    tls = context.server_tls
    return TlsStream(stream, tls.context if context.tickets.begin(client) else tls.context_without_ticket)


def shake_hands(context: ListenerContext, stream: TlsStream, client: str, ends_at: float) -> TlsParameters:
    """
    Do the handshake, which must be over at *ends_at* at the latest.

    Raises:
        StreamClosed: it failed; the log has the reason.
    """
    stream.deadline_at = min(time.monotonic() + context.config.timeouts.handshake_s, ends_at)
    try:
        parameters = stream.shake_hands()
    except (StreamClosed, StreamTimeout) as exc:
        report_failure(context, client, str(exc))
        raise StreamClosed(str(exc)) from exc
    if stream.is_resumed:
        context.tickets.note_resumed(client)
    return parameters


def report_failure(context: ListenerContext, client: str, error: str) -> None:
    """Report that TLS with *client* did not begin."""
    context.tally.count_code(*_HANDSHAKE)
    if context.refusals.admit(client, time.monotonic()):
        context.emit(TlsNotBegun(client=client, listener=context.address, error=error))


def bindings(context: ListenerContext, tls: TlsParameters | None) -> dict[str, bytes]:
    """The data of the channel by the names of channel binding, RFC 5929."""
    if tls is None or context.server_tls is None:
        return {}
    value = end_point(context.server_tls.certificate_of(tls.context).der)
    return {} if value is None else {END_POINT: value}
