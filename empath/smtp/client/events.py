"""events - what a client session reports to its driver, in order"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Ready:
    """The greetings are over: a transaction may begin."""


@dataclass(frozen=True, slots=True)
class HandshakeWanted:
    """The peer waits for the handshake of TLS: do it, and call `secured` or `not_secured`."""


@dataclass(frozen=True, slots=True)
class HostFailed:
    """
    The session ended before any transaction could begin; the reply is the peer's, or stands for its silence.

    Shape: own_name is the name of this host by which the peer greets, so that the peer is this host itself, else empty.
    """

    stage: Stage
    reply: Reply
    own_name: str = ""


@dataclass(frozen=True, slots=True)
class ContentWanted:
    """The peer said 354 and at least one recipient is accepted: content may flow."""


class TransactionEnded(NamedTuple):
    """
    The result of each recipient.

    Shape: results has one entry for each recipient, by its number. is_stale: the connection broke, or the peer said
    421, before the peer answered any command of this transaction, or the peer lost step. is_spent: the session has
    delivered, and the peer refused this transaction as a whole for now, or closed before the final dot. In both cases
    the peer has not taken the message, and a new connection may try it once more. is_in_doubt: the whole content was
    sent and no answer came; the peer may have delivered it to the recipients whose stage is END_OF_DATA.
    """

    results: Mapping[int, Said]
    is_stale: bool = False
    is_spent: bool = False
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The last event: send the rest of `octets_to_send` if the connection still takes it, and close."""


ClientEvent = Ready | HandshakeWanted | HostFailed | ContentWanted | TransactionEnded | SessionClosed
