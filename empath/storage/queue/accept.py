"""
accept - insert a message as rows

One Accept is one message with all its recipients; several share a commit.  The client gets `250 Ok` after that commit.
"""

from typing import NamedTuple

from empath.mail.envelope import Envelope, Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.message.report.facts import Action, ReportKind
from empath.storage.engine import Selects, Session
from empath.storage.write import Write

INLINE = "inline"
EXPANDED = "expanded"  # reason of a recipient whose mail goes to the targets of its alias


class ArrivalOrder(NamedTuple):
    """What a module orders for a whole message, as an operator would. Shape: status is held or cancelled."""

    status: RecipientStatus
    who: str
    reason: str


class NewMessage(NamedTuple):
    """
    A message that has been received up to its final dot.

    Shape: destinations is parallel to envelope.recipients; content is the message as received, or None where locator
    names a spool file; added_fields are what this host adds above it, each line ended by CRLF; size is octets of both;
    digest is hexadecimal SHA-256 of the message as received; account is the name by which the client logged in;
    tls_version and tls_cipher are those of its connection, None in the clear;
    requires_tls is True with REQUIRETLS, False with the field `TLS-Required: No` (RFC 8689); release_at is the instant
    of the first attempt, None for at once; delay_report_at is the instant from which a delay is reported, None for the
    usual one; metadata is a JSON object; authentication is a JSON object of the columns of the view `authentication`,
    None where nothing was judged; expanded are recipients whose mail goes to several targets, and whose sender
    hears of that; traceparent is the span, in text form, below which later ones of its trace hang, None where it is in
    no trace.
    """

    queue_id: QueueId
    node: str
    envelope: Envelope
    destinations: tuple[str, ...]
    content: bytes | None
    locator: str
    size: int
    digest: str
    has_8bit: bool
    received_at: Timestamp
    expires_at: Timestamp
    listener: str
    client_address: str
    client_name: str
    header_message_id: str | None
    subject: str | None
    priority: int = 2
    added_fields: bytes = b""
    account: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    requires_tls: bool | None = None
    release_at: Timestamp | None = None
    delay_report_at: Timestamp | None = None
    metadata: str = "{}"
    authentication: str | None = None
    order: ArrivalOrder | None = None
    expanded: tuple[Recipient, ...] = ()
    traceparent: str | None = None


class Accept(Write):
    """Insert one message, all or nothing. `first` is the id of the same message that came before, if one did."""

    first: QueueId | None = None

    def __init__(self, message: NewMessage) -> None:
        super().__init__()
        self.message = message
        self.rows = 2 + len(message.destinations)
        self.octets = len(message.added_fields) + len(message.content or b"")

    def run(self, session: Session) -> None:
        m = self.message
        e = m.envelope
        run = session.run
        message_row = (
            str(m.queue_id), m.node, str(e.reverse_path), m.size, m.digest, m.received_at, e.body_type, m.has_8bit,
            e.is_smtputf8, e.dsn_return, e.envelope_id, m.listener, m.client_address, m.client_name,
            m.header_message_id, m.subject, m.locator, m.added_fields, m.account, m.tls_version,
            m.tls_cipher, m.requires_tls, m.delay_report_at, m.metadata, m.authentication,
            m.traceparent,
        )  # fmt: skip
        message_id = session.insert("accept.insert_message", message_row)
        if m.content is not None:
            run("accept.insert_content", (message_id, m.content))
        destination_id = session.destination_id
        release_at = m.received_at if m.release_at is None else m.release_at
        for recipient, destination in zip(e.recipients, m.destinations, strict=True):
            address = str(recipient.address)
            original = address if recipient.written is None else str(recipient.written)
            recipient_row = (
                message_id, address, original, str(recipient.address.domain), destination_id(destination), m.priority,
                release_at, m.expires_at, recipient.notify, recipient.original_recipient, recipient.sent_as,
            )  # fmt: skip
            run("accept.insert_recipient", recipient_row)
        if m.order is not None:
            order = {
                "message_id": message_id,
                "ulid": str(m.queue_id),
                "status": m.order.status,
                "who": m.order.who,
                "now": m.received_at,
                "reason": f"administratively {m.order.status} by {m.order.who}: {m.order.reason}",
            }
            run("accept.order_recipients", order)
            run("accept.audit_order", order)
            run("accept.audit_reason", order)
        is_cancelled = m.order is not None and m.order.status is RecipientStatus.CANCELLED
        for recipient in () if is_cancelled else m.expanded:
            address = str(recipient.address)
            expanded_row = (
                message_id, address, address, str(recipient.address.domain), destination_id(m.destinations[0]),
                m.priority, m.received_at, m.expires_at, recipient.notify, recipient.original_recipient, EXPANDED,
                m.received_at,
            )  # fmt: skip
            recipient_id = session.insert("accept.insert_expanded", expanded_row)
            notice = {"message_id": message_id, "recipient_id": recipient_id, "kind": ReportKind.SUCCESS}
            run("settle.insert_notice", {**notice, "action": Action.EXPANDED, "now": m.received_at})


def is_known(reader: Selects, queue_id: QueueId) -> bool:
    """Whether the queue has the message, in whatever status."""
    return bool(reader.value("accept.is_known", {"ulid": str(queue_id)}))
