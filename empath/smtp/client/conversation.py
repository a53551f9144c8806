"""
conversation - what the actions of a client session share: its state, what goes out, what it tells its driver, its end
"""

from collections import deque
from typing import Final

from empath.mail.outcome import Stage
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.client import own_replies
from empath.smtp.client.capabilities import NO_CAPABILITIES
from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.client.events import ClientEvent, HostFailed, SessionClosed
from empath.smtp.client.login import LoginDialogue
from empath.smtp.client.opening import IN_CLEAR, Opening, TlsUse
from empath.smtp.client.plan import TransactionPlan
from empath.smtp.client.reply_reader import ReplyReader
from empath.smtp.client.states import STAGES, ClientState
from empath.smtp.client.transaction import Transaction
from empath.smtp.transcript import Scribe

NOISE_LINES: Final = 20  # before the end of one reply
_NO_PLAN: Final = TransactionPlan(Transaction("", {}, 0), NO_CAPABILITIES)  # the plan before the first transaction


class Conversation:
    """One SMTP session, as client. An action takes the reply that led to it, and gives the state that follows."""

    def __init__(
        self,
        ehlo_name: str,
        own_names: frozenset[str] = frozenset(),
        protocol: Protocol = Protocol.SMTP,
        opening: Opening = IN_CLEAR,
    ) -> None:
        """
        Wait for the banner of a peer. *ehlo_name* is the name of this host in A-labels, or an address literal. A peer
        that greets by one of *own_names*, in lower case, is this host. *opening* comes before the first transaction.
        """
        self._opening = opening
        self._is_secured = opening.is_secured
        self._bindings = opening.bindings
        self._may_start_tls = not opening.is_secured and opening.tls is not TlsUse.NEVER
        self._login = None if opening.login is None else LoginDialogue(opening.login)
        self._ehlo_name = ehlo_name.encode("ascii")
        self._own_names = own_names
        self._is_lmtp = protocol is Protocol.LMTP
        self._is_all_sent = True
        self._state = ClientState.GREETING
        self._reader = ReplyReader(NOISE_LINES)
        self._out: list[bytes] = []
        self.events: deque[ClientEvent] = deque()  # what happened, oldest first; the driver takes it from the left
        self._peer = NO_CAPABILITIES
        self._is_fit = True  # able to serve another transaction
        self.tls_refusal: Reply | None = None  # what the peer said to STARTTLS, if that was no
        self.answered = 0  # replies taken, and ends of the connection
        self._has_delivered = False  # a message of any transaction
        self._has_served = False  # a transaction is over, whatever its result
        self._plan = _NO_PLAN
        self._stuffer = DotStuffer()
        # The last octets of a chunk: with them the peer takes the message, so they go out when the driver ends it.
        self._kept: bytes | None = None
        self.lacks_chunking = False  # the peer offers CHUNKING, and does not know BDAT
        self.transcript: Scribe | None = None  # what both sides say from now on, if the driver sets one
        self._content_octets = 0  # of a transcript

    @property
    def stage(self) -> Stage:
        """The stage whose timeout applies now, RFC 5321 §4.5.3.2."""
        return STAGES[self._state]

    def _fail_host(self, reply: Reply) -> ClientState:
        self.events.append(HostFailed(self.stage, reply))
        return self._close(reply)

    def _unexpected(self, reply: Reply) -> Reply:
        self._is_fit = False
        return own_replies.unexpected(reply, self.stage)

    def _close(self, _: Reply) -> ClientState:
        self._is_fit = False
        self._out.clear()
        self.events.append(SessionClosed())
        return ClientState.CLOSED

    def _ignore(self, _: Reply) -> ClientState:
        return ClientState.CLOSED

    def _send_quit(self) -> ClientState:
        self._is_fit = False
        self._out.append(b"QUIT\r\n")
        return ClientState.QUIT
