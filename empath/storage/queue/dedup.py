"""
dedup - a message that a client sends twice is queued once

A client that has lost the reply to the final dot sends the message again (RFC 1047).  The row of the first one is in
the transaction that accepts it, so several acceptors agree.  It answers one repetition and is gone.
"""

import hashlib

from empath.mail.identity import QueueId
from empath.storage.engine import Session
from empath.storage.queue.accept import Accept, NewMessage


class AcceptOnce(Accept):
    """Insert one message, unless the same has come within *window_s*: then `first` is the id of that one."""

    def __init__(self, message: NewMessage, window_s: float) -> None:
        super().__init__(message)
        self._row = {
            "key": _key(message),
            "ulid": str(message.queue_id),
            "client": message.client_address,
            "now": message.received_at,
            "expires_at": message.received_at + window_s,
        }

    def run(self, session: Session) -> None:
        self.first = None
        found = session.rows("dedup.find", self._row)
        if found:
            self.first = QueueId.parse(str(found[0][0]))
            session.run("dedup.record", {**self._row, "ulid": str(self.first)})
            session.run("dedup.forget_one", self._row)
            return
        session.run("dedup.remember", self._row)
        super().run(session)


def _key(message: NewMessage) -> str:
    """What two messages have in common that are the same: the account, the whole envelope and the content."""
    same = (message.account, message.digest, message.envelope, message.requires_tls, message.order)
    return hashlib.sha256(repr(same).encode("utf-8", "surrogatepass")).hexdigest()
