"""
feedback - what others report about mail that went out

A report is itself mail in this queue, and is read when a worker delivers it.  Its rows commit before its fate, so a
worker that dies in between reads it again: a second row of one report about one address is not written.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.storage.engine import Session
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

FEEDBACK: Final = Kept("feedback.expired", "feedback.forget", "feedback.number_of_rows", "feedback.first_to_go")


class Entry(NamedTuple):
    """
    What a report says of one recipient.

    Shape: queue_ids are of the messages that it may be about, of which the first counts that has the recipient; address
    is None where the report does not name it: then that of the message counts, if it has one only. is_proven: this host
    has sent to the address, whatever rows there are. suppressed_until is the instant until which the address gets no
    mail, None for none; then source and class are those of its row.
    """

    kind: str
    queue_ids: tuple[str, ...]
    address: str | None
    is_proven: bool
    bounce_class: str | None
    code: int | None
    enhanced: str | None
    reply: str | None
    suppressed_until: float | None = None
    source: str = "bounce"


class Outcome(NamedTuple):
    """What became of an entry."""

    queue_id: str | None
    address: str
    is_suppressed: bool


class KeepFeedback(Write):
    """
    Keep what the report *report_id* says, whoever it is from: *reporter*, read by the row *form*.

    After the commit `kept` has what became of each entry that is new.
    """

    def __init__(
        self, report_id: str, entries: Sequence[Entry], *, reporter: str | None, form: str | None, now: float
    ) -> None:
        super().__init__()
        self.rows = 2 * len(entries)
        self.kept: list[Outcome] = []
        self._entries = entries
        self._report = {"report_id": report_id, "reporter": reporter, "form": form, "now": now}

    def run(self, session: Session) -> None:
        self.kept = []
        for entry in self._entries:
            self._keep(session, entry)

    def _keep(self, session: Session, entry: Entry) -> None:
        ulid, recipient_id, address = self._match(session, entry)
        is_known = recipient_id is not None or (entry.is_proven and address is not None)
        until = entry.suppressed_until if is_known and address is not None else None
        row = {
            **self._report,
            "kind": entry.kind,
            "ulid": ulid,
            "recipient_id": recipient_id,
            "address": address or "",
            "class": entry.bounce_class,
            "code": entry.code,
            "enhanced": entry.enhanced,
            "reply": entry.reply,
            "suppressed_until": until,
        }
        if not session.run("feedback.keep", row):
            return
        if until is not None:
            suppress = {"address": address, "source": entry.source, "reason": entry.reply, "class": entry.bounce_class}
            session.run("feedback.suppress", {**suppress, "now": self._report["now"], "expires_at": until})
        self.kept.append(Outcome(ulid, address or "", until is not None))

    def _match(self, session: Session, entry: Entry) -> tuple[str | None, int | None, str | None]:
        """The message, the number and the address of the recipient; the number is None where no row has them."""
        for ulid in entry.queue_ids:
            if entry.address is None:
                found = session.rows("feedback.only_recipient", {"ulid": ulid})
            else:
                found = session.rows("feedback.recipient", {"ulid": ulid, "address": entry.address})
            if len(found) == 1:
                [(recipient_id, address)] = found
                return ulid, recipient_id, address
        return (entry.queue_ids[0] if entry.queue_ids and entry.is_proven else None), None, entry.address
