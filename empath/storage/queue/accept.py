"""
accept - a message becomes rows

One Accept is one message with all its recipients; several go into one commit.  Its success is what `250 Ok` says.
"""

from dataclasses import dataclass

import apsw

from empath.mail.envelope import Envelope
from empath.mail.identity import QueueId, Timestamp
from empath.storage.sqlite.connection import value
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("accept")
_INSERT_MESSAGE = _SQL["insert_message"]
_INSERT_CONTENT = _SQL["insert_content"]
_INSERT_RECIPIENT = _SQL["insert_recipient"]
INLINE = "inline"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """
    A message whose final dot was seen.

    Shape: destinations is parallel to envelope.recipients; content is the whole message with its trace header, or None
    where locator names a spool file; size is octets of that whole; digest is hexadecimal SHA-256 of what was received.
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


class DestinationIds:
    """
    Numbers of destinations by name, as committed; a destination is never deleted, so a number stays true.

    Used in the writer's thread only.
    """

    MAX_NAMES = 10_000

    def __init__(self, max_leases: int) -> None:
        self._max_leases = max_leases
        self._known: dict[str, int] = {}

    def find(self, connection: apsw.Connection, name: str, found: dict[str, int]) -> int:
        """Number of *name*, a new one where it was never seen; *found* gets what `remember` is to be told."""
        number: int | None = self._known.get(name)
        if number is None:
            # Not remembered yet: the row may be of this very transaction, and a roll-back frees its number for another.
            number = value(connection, _SQL["find_destination"], {"name": name})
            if number is None:
                connection.execute(_SQL["insert_destination"], {"name": name, "max_leases": self._max_leases})
                number = connection.last_insert_rowid()
            found[name] = number
        return number

    def remember(self, found: dict[str, int]) -> None:
        """Keep numbers whose transaction has been committed."""
        if len(self._known) + len(found) > self.MAX_NAMES:
            self._known.clear()
        self._known.update(found)


class Accept(Write):
    """Insert one message, all or nothing."""

    def __init__(self, message: NewMessage, destination_ids: DestinationIds) -> None:
        super().__init__()
        self.message = message
        self.rows = 2 + len(message.destinations)
        self.octets = len(message.content or b"")
        self._destination_ids = destination_ids
        self._found: dict[str, int] = {}

    def run(self, connection: apsw.Connection) -> None:
        m = self.message
        e = m.envelope
        execute = connection.execute
        message_row = (
            str(m.queue_id), m.node, str(e.reverse_path), m.size, m.digest, m.received_at, e.body_type, m.has_8bit,
            e.is_smtputf8, e.dsn_return, e.envelope_id, m.listener, m.client_address, m.client_name,
            m.header_message_id, m.subject, m.locator,
        )  # fmt: skip
        execute(_INSERT_MESSAGE, message_row)
        message_id = connection.last_insert_rowid()
        if m.content is not None:
            execute(_INSERT_CONTENT, (message_id, m.content))
        find = self._destination_ids.find
        self._found = {}
        for recipient, destination in zip(e.recipients, m.destinations, strict=True):
            address = str(recipient.address)
            recipient_row = (
                message_id, address, address, str(recipient.address.domain), find(connection, destination, self._found),
                m.priority, m.received_at, m.expires_at, recipient.notify, recipient.original_recipient,
            )  # fmt: skip
            execute(_INSERT_RECIPIENT, recipient_row)

    def after_commit(self, connection: apsw.Connection) -> None:
        if self._found:
            self._destination_ids.remember(self._found)
