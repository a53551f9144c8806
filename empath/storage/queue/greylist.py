"""
greylist - the rows of the greylist

A session reads two rows by their key.  What it writes shares a commit with the mail of others.  The housekeeper removes
rows that are over, and some of those that are too many.  A flood removes its own rows: a client has a bound, and of too
many rows those of the clients go that have the most.
"""

from empath.policy.greylist import ANY, Entry, GreylistRules, Note, Triple
from empath.storage.engine import Reader, Session
from empath.storage.write import Write


def find_entries(reader: Reader, triple: Triple, now: float) -> tuple[Entry | None, Entry | None]:
    """
    What is known of *triple* at *now*, and of its client. A row from later than that is not known: the clock stepped.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.rows("greylist.find", {**triple._asdict(), "any": ANY, "now": now})
    by_sender = {sender: Entry(*rest) for sender, *rest in found}
    return by_sender.get(triple.sender), by_sender.get(ANY)


class NoteTry(Write):
    """Write what a decision says about a try of *triple* at *now*."""

    def __init__(self, rules: GreylistRules, triple: Triple, note: Note, now: float) -> None:
        super().__init__()
        self._note = note
        self._most_first_tries = rules.most_first_tries
        self._keys = {
            **triple._asdict(),
            "any": ANY,
            "now": now,
            "passes_at": now + rules.delay_s,
            "expires_at": now + (rules.window_s if note is Note.FIRST_TRY else rules.lifetime_s),
            "auto_allow": rules.auto_allow,
        }

    def run(self, session: Session) -> None:
        if self._note is Note.FIRST_TRY:
            session.run("greylist.begin", self._keys)
            self._bound(session)
            return
        if self._note is Note.DELIVERY:
            session.run("greylist.count_delivery", self._keys)
        if self._keys["auto_allow"]:
            session.run("greylist.count_client", self._keys)

    def _bound(self, session: Session) -> None:
        client, most = self._keys["client"], self._most_first_tries
        if session.value("greylist.number_of_first_tries", {"client": client, "limit": most + 1}) > most:
            # A tenth at once, so that a flood does not sort the rows at each try.
            session.run("greylist.forget_first_tries", {"client": client, "limit": 1 + most // 10})
