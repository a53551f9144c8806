"""
accept - the messages of a group commit, in one statement

A message whose ulid is there already is left out. So the statement can be said again after a commit that is in doubt.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from empath.storage.postgresql.session import PostgresSession
from empath.storage.queue.accept import Accept


class _Message(NamedTuple):
    """A row of _message, as the parameters of accept_messages name its columns."""

    ulid: str
    node: str
    reverse_path: str
    size: int
    digest: str
    received_at: float
    body_type: str
    has_8bit: int
    is_smtputf8: int
    dsn_return: str | None
    envelope_id: str | None
    listener: str
    client_address: str
    client_name: str
    header_message_id: str | None
    subject: str | None
    content_locator: str
    added_fields: bytes
    account: str | None
    tls_version: str | None
    tls_cipher: str | None
    requires_tls: int | None
    delay_report_at: float | None
    metadata: str
    authentication: str | None
    traceparent: str | None


class _Recipient(NamedTuple):
    """A row of _recipient, in the same way."""

    of_ulid: str
    address: str
    original: str
    domain: str
    destination_id: int
    priority: int
    next_retry_at: float
    expires_at: float
    notify: str | None
    original_recipient: str | None
    sent_as: str | None


_CONTENT: Final = ("content_ulid", "octets")


def is_plain(write: object) -> bool:
    """Whether *write* is a message without orders and without recipients that are final at once."""
    return type(write) is Accept and write.message.order is None and not write.message.expanded


def accept_together(session: PostgresSession, accepts: Sequence[Accept]) -> int:
    """
    Insert all messages; the number of those that were not there before.

    Their destinations are known. It is one statement, and so a transaction of its own.
    """
    messages: list[_Message] = []
    recipients: list[_Recipient] = []
    contents: list[tuple[str, bytes]] = []
    numbers = session.destination_ids.known
    for accept in accepts:
        m = accept.message
        e, ulid = m.envelope, str(m.queue_id)
        message = (
            ulid, m.node, str(e.reverse_path), m.size, m.digest, m.received_at, str(e.body_type), int(m.has_8bit),
            int(e.is_smtputf8), e.dsn_return, e.envelope_id, m.listener, m.client_address, m.client_name,
            m.header_message_id, m.subject, m.locator, m.added_fields, m.account, m.tls_version, m.tls_cipher,
            None if m.requires_tls is None else int(m.requires_tls), m.delay_report_at, m.metadata, m.authentication,
            m.traceparent,
        )  # fmt: skip
        messages.append(_Message(*message))
        if m.content is not None:
            contents.append((ulid, m.content))
        due_at = m.received_at if m.release_at is None else m.release_at
        for recipient, destination in zip(e.recipients, m.destinations, strict=True):
            address = str(recipient.address)
            row = (
                ulid, address, address if recipient.written is None else str(recipient.written),
                str(recipient.address.domain), numbers[destination], m.priority, due_at, m.expires_at, recipient.notify,
                recipient.original_recipient, recipient.sent_as,
            )  # fmt: skip
            recipients.append(_Recipient(*row))
    columns = (
        columns_of(_Message._fields, messages)
        | columns_of(_CONTENT, contents)
        | columns_of(_Recipient._fields, recipients)
    )
    return len(session.rows("accept.accept_messages", columns))


def columns_of(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """The *rows* as one list for each of *names*."""
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))
