"""
direct - a message that comes to a session without the octets of SMTP

The session answers the events that the octets of a client would mean: so each check, limit and module has its say, and
a message that comes another way is judged by the same code. What the protocol session itself keeps to is done here by
its own parts: the number of recipients, the size, and the rules of content.
"""

from collections.abc import Callable, Iterable
from typing import cast

from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.session import ReceivingSession
from empath.mail.address import ForwardPath
from empath.mail.reply import Reply
from empath.net.stream import Stream
from empath.policy.access import ClientAddress
from empath.policy.limits.refusal import REPLIES, Limit
from empath.policy.login.account import LoggedIn
from empath.policy.tracing.context import TraceContext
from empath.smtp.server.content import ChunkReader
from empath.smtp.server.events import (
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Event,
    Greeted,
    MailOffered,
    RecipientOffered,
    TransactionReset,
)
from empath.smtp.server.session import Refusal
from empath.smtp.server.states import ServerSignal


class _NoStream:
    """What the session has in place of a connection."""

    def __init__(self, peer: str) -> None:
        self.peer = peer


class DirectMessage:
    """One message on its way. Call `close` last, however it ended."""

    def __init__(
        self,
        new_session: Callable[..., ReceivingSession],
        context: ListenerContext,
        address: ClientAddress,
        account: LoggedIn,
        metadata: str,
        *,
        trace_parent: TraceContext | None = None,
    ) -> None:
        """*metadata* is a JSON object, which modules see; *trace_parent* is the trace that it goes on in."""
        self._context = context
        self._recipients = 0
        stream = cast(Stream, _NoStream(str(address)))
        self._session = new_session(context, stream, address, account=account)
        self._session.take_metadata(metadata)
        self._session.trace_parent = trace_parent

    def begin(self, name: str, mail: MailOffered) -> Reply:
        """Offer the sender, as a client that gives itself *name*."""
        greeting = self._decide(Greeted("EHLO", name), ServerSignal.EHLO, name)
        if greeting.klass != 2:
            return greeting
        path = f"FROM:<{mail.reverse_path}>"
        if mail.size is not None and mail.size > self._context.limits.message_octets:
            return self._refused(REPLIES[Limit.MESSAGE_SIZE], ServerSignal.MAIL, path)
        return self._decide(mail, ServerSignal.MAIL, path)

    def offer(self, to: ForwardPath) -> Reply:
        """Offer one recipient."""
        path = f"TO:<{to}>"
        if self._recipients >= self._context.limits.recipients:
            return self._refused(REPLIES[Limit.RECIPIENTS], ServerSignal.RCPT, path)
        reply = self._decide(RecipientOffered(to, None, None), ServerSignal.RCPT, path)
        self._recipients += reply.klass == 2
        return reply

    def send(self, pieces: Iterable[bytes]) -> Reply:
        """
        Send the content; the reply to its end. It is committed if that is 250.

        Raises:
            What *pieces* raise: then nothing is committed.
        """
        reply = self._decide(DataOffered(), ServerSignal.DATA, "")
        if reply.klass not in (2, 3):
            return reply
        reader = self._fed(pieces)
        if reader.refusal is not None:
            self._session.decide(ContentRefused(reader.refusal))
            return self._refused(reader.refusal, ServerSignal.END_OF_DATA, "")
        return self._decide(ContentEnded(reader.size), ServerSignal.END_OF_DATA, "")

    def _fed(self, pieces: Iterable[bytes]) -> ChunkReader:
        """Take the content. Nothing refers to it then, while the message waits for its commit."""
        limits, decide = self._context.limits, self._session.decide
        reader = ChunkReader(limits.message_octets, limits.line_octets)
        for piece in pieces:
            if octets := reader.feed(piece, is_last=False):
                decide(Content(octets))
            if reader.refusal is not None:
                return reader
        if octets := reader.feed(b"", is_last=True):
            decide(Content(octets))
        return reader

    def close(self) -> None:
        """Let go of what it holds."""
        self._session.decide(TransactionReset())

    def _decide(self, event: Event, signal: ServerSignal, argument: str) -> Reply:
        reply = self._session.decide(event)
        assert reply is not None
        return reply if reply.klass in (2, 3) else self._refused(reply, signal, argument)

    def _refused(self, reply: Reply, signal: ServerSignal, argument: str) -> Reply:
        self._session.log_refusal(Refusal(signal, argument, reply))
        return reply
