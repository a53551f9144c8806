"""
events - what a client's octets mean, in the order in which the driver must act on them

Connected, Greeted, StartTls, AuthOffered, AuthResponded, MailOffered, RecipientOffered, DataOffered and ContentEnded
want an answer: the session reads nothing more until `ServerSession.answer`.  The others report what is settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from empath.mail.address import ForwardPath, ReversePath
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.reply import Reply
from empath.mail.timing import DeliverBy, Hold


class CloseReason(StrEnum):
    """Why a session is over; the words go into the log."""

    QUIT = "quit"
    EOF = "eof"  # end of file from the client, at any point
    REFUSED = "refused"  # the driver's 421 or 521
    TERMINATED = "terminated"  # the driver's decision: a timeout, a stop
    ERRORS = "too-many-errors"
    SYNCHRONIZATION = "synchronization"  # octets before the reply that they had to wait for
    FORBIDDEN = "forbidden-command"  # HTTP, or a header field in place of a command
    BDAT = "bdat"


@dataclass(frozen=True, slots=True)
class Connected:
    """First event of every session. Answer: 220 and the banner; 421 or 521 closes; another refusal waits for QUIT."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """
    EHLO or HELO, RFC 5321 §4.1.1.1, or LHLO. Answer: 250, to which the session adds the lines of its extensions; 4yz or
    5yz.

    Shape: verb is `EHLO`, `HELO` or `LHLO`; name is a domain or an address literal as the client wrote it, but in
    A-labels; a lenient session gives any text, and "" where the client gave none.
    """

    verb: str
    name: str


@dataclass(frozen=True, slots=True)
class StartTls:
    """
    STARTTLS, RFC 3207 §4. Answer: 220, 4yz or 5yz.

    After 220 the session has forgotten what the client said, and it discards what the client sends in the clear. The
    driver sends the reply, does the handshake and calls `ServerSession.begin_anew`.
    """


@dataclass(frozen=True, slots=True)
class AuthOffered:
    """
    AUTH, RFC 4954 §4. Answer: 334 with a challenge in base64, after which AuthResponded follows; 235; 4yz or 5yz.

    Shape: mechanism in upper case, offered or not; response is the decoded initial response, None without one.
    """

    mechanism: str
    response: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthResponded:
    """The decoded response to a challenge. Answer: as to AuthOffered."""

    response: bytes = field(repr=False)


PeerAttributes: TypeAlias = Mapping[str, str | None]
"""Attributes of a client by their names, see `peer_attributes`; None: the client has none, or it is not known."""


@dataclass(frozen=True, slots=True)
class ClientNamed:
    """
    XCLIENT: the client is another from now on. Answer: 220 and the banner, upon which it greets anew; 4yz or 5yz.
    """

    attributes: PeerAttributes


@dataclass(frozen=True, slots=True)
class OriginNamed:
    """XFORWARD: where the next message first came from, for the log. Answer: 250, 4yz or 5yz."""

    attributes: PeerAttributes


class MailOffered(NamedTuple):
    """
    MAIL, RFC 5321 §4.1.1.2. Answer: 250, 4yz or 5yz.

    Shape: size is the declared octets or None; envelope_id is the ENVID= value as it came, in xtext, or None;
    mt_priority is -9 to 9.
    """

    reverse_path: ReversePath
    size: int | None
    body_type: BodyType
    is_smtputf8: bool
    dsn_return: DsnReturn | None
    envelope_id: str | None
    hold: Hold | None = None
    deliver_by: DeliverBy | None = None
    mt_priority: int | None = None
    requires_tls: bool = False


class RecipientOffered(NamedTuple):
    """
    RCPT, RFC 5321 §4.1.1.3. Answer: 250, 4yz or 5yz; a 2yz adds the recipient.

    Shape: notify and original_recipient as in `empath.mail.envelope.Recipient`.
    """

    forward_path: ForwardPath
    notify: str | None
    original_recipient: str | None


@dataclass(frozen=True, slots=True)
class DataOffered:
    """
    DATA or the first BDAT with at least one recipient, RFC 5321 §4.1.1.4, RFC 3030 §2. Answer: 354, 4yz or 5yz.

    The client that sent BDAT does not see the 354.
    """


@dataclass(frozen=True, slots=True)
class Content:
    """
    Next piece of the message; no answer.

    Shape: at least one octet; in all pieces together every line ends in CRLF, no other CR or LF, no transparency dots.
    """

    octets: bytes


@dataclass(frozen=True, slots=True)
class ContentEnded:
    """
    The end of data; size is the octets of all Content events. Answer: 250, 4yz or 5yz.

    In LMTP the session repeats the answer for each recipient.
    """

    size: int


@dataclass(frozen=True, slots=True)
class ContentRefused:
    """The message broke a rule of content: the session answered it with *reply*. Drop its content."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class TransactionReset:
    """RSET or a second greeting ended the transaction: drop its envelope. No answer."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Last event of every session: send the rest of `octets_to_send`, then close. *reason* is a CloseReason."""

    reason: str


Event = (
    Connected
    | Greeted
    | StartTls
    | AuthOffered
    | AuthResponded
    | ClientNamed
    | OriginNamed
    | MailOffered
    | RecipientOffered
    | DataOffered
    | Content
    | ContentEnded
    | ContentRefused
    | TransactionReset
    | Closed
)
