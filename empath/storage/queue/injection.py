"""
injection - the messages of one request by HTTP, and the key by which it may be sent again

All messages of a request are in one transaction, and so is the row of its key: a program that has lost the answer asks
again, and gets the same one, whatever ended meanwhile. The row decides inside the transaction. So two requests with one
key that come at the same time, even to two processes, queue their messages once.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.storage.engine import Reader, Session
from empath.storage.queue.accept import Accept
from empath.storage.queue.sweep import Kept
from empath.storage.write import Batch

INJECTIONS: Final = Kept("injection.expired", "injection.forget")


class InjectionKey(NamedTuple):
    """
    The key of a request.

    Shape: token is the name of the client's token; digest is SHA-256 of the request, hexadecimal; instants in Unix
    seconds.
    """

    token: str
    key: str
    digest: str
    now: float
    expires_at: float


class EarlierRequest(NamedTuple):
    """A request that came before with the same key. Shape: answer is JSON."""

    digest: str
    answer: str


class Inject(Batch):
    """
    Insert the messages of one request, all or none; `earlier` is the same request that came before, and then nothing is
    inserted.
    """

    def __init__(self, accepts: Sequence[Accept], key: InjectionKey | None, answer: str) -> None:
        """*answer* is what the client gets."""
        super().__init__(*accepts)
        self.earlier: EarlierRequest | None = None
        self._key = key
        self._answer = answer
        self.rows += key is not None

    def run(self, session: Session) -> None:
        self.earlier = None
        if self._key is not None:
            row = self._key._asdict()
            found = session.rows("injection.find", row)
            if found:
                self.earlier = EarlierRequest(*map(str, found[0]))
                return
            session.run("injection.remember", {**row, "answer": self._answer})
        super().run(session)


def earlier_request(reader: Reader, key: InjectionKey) -> EarlierRequest | None:
    """
    The request that came before with *key*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.rows("injection.find", key._asdict())
    return EarlierRequest(*map(str, found[0])) if found else None
