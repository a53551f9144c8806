"""
spans - the spans of a trace and their attributes, as tables: docs/tracing.md is made from them

Names are those of the semantic conventions of OpenTelemetry where these have one. Names of our own begin with `mail.`,
for what the queue knows, or with `smtp.`, for what a dialogue shows.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from empath.mail.outcome import Stage
from empath.policy.tracing.context import TraceContext

MOST_CHARACTERS: Final = 256  # of the value of an attribute


class SpanKind(IntEnum):
    """What a span is to others; the numbers are those of OTLP."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class SpanName(NamedTuple):
    """A kind of span. Shape: text is a clause for docs/tracing.md."""

    name: str
    kind: SpanKind
    text: str


class AttributeName(NamedTuple):
    """An attribute. Shape: text is a clause for docs/tracing.md; is_standard says that the name is of OpenTelemetry."""

    name: str
    text: str
    is_standard: bool = False


Attributes = tuple[tuple[AttributeName, str | int | float | bool | None], ...]  # None: the span is without it


class Span(NamedTuple):
    """
    One span.

    Shape: parent_id is the span above it, None where it is the first one that this host knows; instants are Unix
    seconds; error is why it failed, None if it did not; links are to spans of other traces.
    """

    name: SpanName
    context: TraceContext
    parent_id: str | None
    began_at: float
    ended_at: float
    attributes: Attributes = ()
    error: str | None = None
    links: tuple[TraceContext, ...] = ()


SESSION: Final = SpanName(
    "mail.session",
    SpanKind.SERVER,
    "the part of a client's session that belongs to one message: from the connection, or the end of the message "
    "before, to the reply to its content. Mail by HTTP or by `sendmail` has one, too",
)
MESSAGE: Final = SpanName(
    "mail.message", SpanKind.INTERNAL, "the message, from MAIL to the reply to its content; later spans hang below it"
)
COMMIT: Final = SpanName("mail.commit", SpanKind.INTERNAL, "until the message is on the disk")
LEASE: Final = SpanName(
    "mail.lease",
    SpanKind.CONSUMER,
    "a worker has the message: from its lease, or its turn in it, until what became of it is on the disk",
)
ATTEMPT: Final = SpanName("mail.attempt", SpanKind.CLIENT, "one host is asked to take the message, or another way out")
DNS: Final = SpanName("dns.lookup", SpanKind.CLIENT, "the look-up of the hosts, with the answers that were known")
CONNECT: Final = SpanName("smtp.connect", SpanKind.CLIENT, "until the host has taken the connection")
EHLO: Final = SpanName("smtp.ehlo", SpanKind.CLIENT, "the wait for the greeting and the reply to EHLO")
STARTTLS: Final = SpanName("smtp.starttls", SpanKind.CLIENT, "STARTTLS, if it is asked for, and the handshake")
AUTH: Final = SpanName("smtp.auth", SpanKind.CLIENT, "the login")
MAIL: Final = SpanName("smtp.mail", SpanKind.CLIENT, "from MAIL to its reply")
RCPT: Final = SpanName("smtp.rcpt", SpanKind.CLIENT, "from the first RCPT to the last reply")
DATA: Final = SpanName("smtp.data", SpanKind.CLIENT, "the content, until the host has taken or refused the message")
QUIT: Final = SpanName(
    "smtp.quit", SpanKind.CLIENT, "the end of the connection, after the last message on it; no reply is awaited"
)
SETTLE: Final = SpanName("mail.settle", SpanKind.INTERNAL, "the commit of what became of the message")
REPORT: Final = SpanName(
    "mail.report",
    SpanKind.PRODUCER,
    "a report to the sender was made and queued; it is linked to the message that it is about",
)
# In the order of docs/tracing.md.
SPANS: Final = (
    *(SESSION, MESSAGE, COMMIT, LEASE, ATTEMPT, DNS, CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, QUIT, SETTLE),
    REPORT,
)
OF_STAGE: Final[Mapping[Stage, SpanName]] = {
    Stage.DNS: DNS,
    Stage.CONNECT: CONNECT,
    Stage.EHLO: EHLO,
    Stage.TLS: STARTTLS,
    Stage.AUTH: AUTH,
    Stage.MAIL: MAIL,
    Stage.RCPT: RCPT,
    Stage.DATA: DATA,
    Stage.QUIT: QUIT,
}

CLIENT_ADDRESS: Final = AttributeName("client.address", "IP address of the client that sent the message", True)
USER_NAME: Final = AttributeName("user.name", "account by which the client logged in", True)
PROTOCOL: Final = AttributeName("network.protocol.name", "`smtp`, `lmtp`, `http` or `https`", True)
LISTENER: Final = AttributeName("mail.listener", "address of the listener, as in the log")
TLS_VERSION: Final = AttributeName("tls.protocol.version", "version of TLS, such as `TLSv1.3`", True)
SERVER_ADDRESS: Final = AttributeName("server.address", "name of the host that was asked", True)
PEER_ADDRESS: Final = AttributeName("network.peer.address", "its address and port", True)
ERROR_TYPE: Final = AttributeName("error.type", "the outcome of an attempt that did not deliver, or `4yz`", True)
QUEUE_ID: Final = AttributeName("mail.queue_id", "queue id of the message")
PRIORITY: Final = AttributeName("mail.priority", "class of the message, 0 (first) to 4")
SENDER: Final = AttributeName("mail.sender", "reverse path; empty for a report")
SIZE: Final = AttributeName("mail.size", "octets of the message")
RECIPIENTS: Final = AttributeName("mail.recipients", "number of recipients: of the message, or of those asked for")
DELIVERED: Final = AttributeName("mail.delivered", "number of recipients that were delivered to")
DESTINATION: Final = AttributeName("mail.destination", "destination of the queue")
LEASE_ID: Final = AttributeName("mail.lease", "number of the lease")
ATTEMPTS: Final = AttributeName("mail.attempt", "number of the attempt for the first recipient, from 1")
REPLY: Final = AttributeName("smtp.reply", "reply that ended it, escaped")
STAGE: Final = AttributeName("smtp.stage", "stage at which an attempt ended, as in the view `attempt`")
REPORT_KIND: Final = AttributeName("mail.report", "kind of a report: `failure`, `delay` or `success`")
# In the order of docs/tracing.md.
ATTRIBUTES: Final = (
    *(CLIENT_ADDRESS, USER_NAME, PRIORITY, PROTOCOL, LISTENER, TLS_VERSION, QUEUE_ID, SENDER, SIZE, RECIPIENTS),
    *(DESTINATION, LEASE_ID, ATTEMPTS, SERVER_ADDRESS, PEER_ADDRESS, STAGE, REPLY, DELIVERED, ERROR_TYPE, REPORT_KIND),
)
