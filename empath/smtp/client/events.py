"""client_events - what a client session tells its driver, in the order in which it happened"""

from collections.abc import Mapping
from dataclasses import dataclass

from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Ready:
    """The peer has greeted and been greeted: a transaction may begin."""


@dataclass(frozen=True, slots=True)
class HostFailed:
    """The session was over before any transaction could begin; the reply is the peer's, or stands for its silence."""

    stage: Stage
    reply: Reply


@dataclass(frozen=True, slots=True)
class ContentWanted:
    """The peer said 354 and at least one recipient is accepted: content may flow."""


@dataclass(frozen=True, slots=True)
class TransactionEnded:
    """
    What became of each recipient.

    Shape: results has one entry for each recipient, by its number in the transaction.
    is_stale: the connection was gone, or the peer took leave with 421, before it answered anything of this transaction;
    a new connection may try it once more.
    is_in_doubt: the content is out whole and no answer came, so that those whose stage is END_OF_DATA may have it.
    """

    results: Mapping[int, Said]
    is_stale: bool = False
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The last event: send what is left in octets_to_send() if the connection still takes it, and close."""


ClientEvent = Ready | HostFailed | ContentWanted | TransactionEnded | SessionClosed
