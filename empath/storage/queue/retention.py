"""
retention - remove old finished rows and contents

THEORY
    A sweep walks a table by rowid, slice after slice, and its object remembers the position.  It reads without the
    write lock and returns a Write that names what it found.  Inside its transaction the Write checks each row again,
    because an operator may have retried it meanwhile.  Rows come in the order of their acceptance, and nothing ends
    before it is accepted.  So the round is over at the first slice that ends with a row that is too young.

    The triggers of schema.sql are the last defence: they refuse to remove what is not final, whatever a sweep finds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """
    Rows that were settled up to these instants (Unix seconds) are removed.

    Shape: delivered_before for delivered recipients, final_before for those that ended otherwise, content_before for
    the content of messages whose recipients have all ended, audit_before for rows of the audit; now is the present.
    """

    now: float
    delivered_before: float
    final_before: float
    content_before: float
    audit_before: float = 0.0

    @classmethod
    def at(cls, now: float, *, delivered_s: float, final_s: float, content_s: float, audit_s: float) -> "Cutoffs":
        """Those of *now* with the times to keep things, in seconds; 0 keeps nothing."""
        return cls(now, now - delivered_s, now - final_s, now - content_s, now - audit_s)


class ForgetRecipients(Write):
    """
    Remove recipients with their attempts, and the messages that have none left, with their content.

    `recipients` and `messages` count what was removed. A recipient stays if it is not final, not old enough, or still
    to be reported.
    """

    def __init__(self, recipient_ids: Sequence[int], cutoffs: Cutoffs) -> None:
        super().__init__()
        self.rows = 2 * len(recipient_ids)
        self.recipients = self.messages = self.contents = 0
        self._keys = {**asdict(cutoffs), "recipients": recipient_ids}

    def run(self, session: Session) -> None:
        gone = session.rows("retention.forget_recipients", self._keys)
        left = {
            "recipients": [recipient_id for recipient_id, _ in gone],
            "messages": sorted({message_id for _, message_id in gone}),
        }
        session.run("retention.forget_attempts", left)
        self.recipients = len(gone)
        self.messages = _forget_left(session, left)


class ForgetMessages(Write):
    """
    Remove messages without recipients, and the content of other messages once no recipient needs it.

    `messages` and `contents` count what was removed; content is inline or in a file.
    """

    def __init__(self, message_ids: Sequence[int], cutoffs: Cutoffs) -> None:
        super().__init__()
        self.rows = len(message_ids)
        self.recipients = self.messages = self.contents = 0
        self._keys = {**asdict(cutoffs), "messages": message_ids}

    def run(self, session: Session) -> None:
        chosen = [message_id for (message_id,) in session.rows("retention.choose_messages", self._keys)]
        forgetting = {**self._keys, "messages": chosen, "no_fields": b""}
        self.messages = _forget_left(session, forgetting)
        gone = [message_id for (message_id,) in session.rows("retention.forget_contents", forgetting)]
        session.run("retention.forget_inline_contents", {"messages": gone})
        self.contents = len(gone)


class ForgetAudit(Write):
    """Remove rows of the audit that are old enough; `audit_rows` counts them."""

    def __init__(self, audit_ids: Sequence[int], cutoffs: Cutoffs) -> None:
        super().__init__()
        self.rows = len(audit_ids)
        self.audit_rows = 0
        self._keys = {**asdict(cutoffs), "audit": audit_ids}

    def run(self, session: Session) -> None:
        session.run("retention.allow_audit", self._keys)
        self.audit_rows = session.run("retention.forget_audit", self._keys)
        session.run("retention.forbid_audit")


class ForgetProcesses(Write):
    """
    Remove runs of processes that ended PROCESSES_S ago; their attempts then keep only the numbers of the runs.

    `processes` counts what was removed.
    """

    PROCESSES_S = 30 * 86_400.0  # longer than any mail waits

    def __init__(self, now: float) -> None:
        super().__init__()
        self.processes = 0
        self._keys = {"ended_before": now - self.PROCESSES_S}

    def is_needed(self, reader: Reader) -> bool:
        """
        Whether there are any such runs.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        return bool(reader.value("retention.old_processes", self._keys))

    def run(self, session: Session) -> None:
        self.processes = session.run("retention.forget_processes", self._keys)


class _Sweep:
    """
    A walk over one table. `is_round_over` says that the last step reached the end, so that the next one starts again.

    One Write takes at most MOST rows, and about ATTEMPTS rows and OCTETS of content with them: that bounds how long it
    holds the write lock.
    """

    SLICE = 2_000  # number of rows read in one step
    MOST = 500
    ATTEMPTS = 2_000
    OCTETS = 8 * 1024 * 1024
    _statement = ""

    def __init__(self) -> None:
        self.is_round_over = True
        self._after = 0
        self._is_dense = False  # nearly all rows may go: most of a longer slice would be read again and again

    def _choose(self, reader: Reader, cutoffs: Cutoffs, youngest: float) -> list[int]:
        """Numbers of one slice's rows that may go; *youngest* is the latest instant that can matter."""
        limit = self.MOST if self._is_dense else self.SLICE
        keys = {**asdict(cutoffs), "after": self._after, "limit": limit}
        found = reader.rows(f"retention.{self._statement}", keys)
        chosen: list[int] = []
        attempts_left, octets_left = self.ATTEMPTS, self.OCTETS
        for number, _, attempts, octets, may_go in found:
            if may_go:
                attempts_left -= attempts
                octets_left -= octets
                if chosen and (len(chosen) == self.MOST or attempts_left < 0 or octets_left < 0):
                    self.is_round_over = False
                    self._is_dense = True
                    return chosen
                chosen.append(number)
            self._after = number
        # A row from the future shows that the clock was wrong; it tells nothing about the rows after it.
        self._is_dense = len(chosen) >= self.MOST
        self.is_round_over = len(found) < limit or youngest < found[-1][1] <= cutoffs.now
        if self.is_round_over:
            self._after = 0
        return chosen


class RecipientSweep(_Sweep):
    """Finds recipients to forget."""

    _statement = "old_recipients"

    def step(self, reader: Reader, cutoffs: Cutoffs) -> ForgetRecipients | None:
        """
        Read the next slice; return the Write that removes what may go, or None if nothing may.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        chosen = self._choose(reader, cutoffs, max(cutoffs.delivered_before, cutoffs.final_before))
        return ForgetRecipients(chosen, cutoffs) if chosen else None


class MessageSweep(_Sweep):
    """Finds messages to forget, and messages whose content is to be forgotten."""

    SLICE = 200  # fewer than elsewhere: each message may have a thousand recipients to check
    MOST = 100
    _statement = "old_messages"

    def step(self, reader: Reader, cutoffs: Cutoffs) -> ForgetMessages | None:
        """As `RecipientSweep.step`."""
        chosen = self._choose(reader, cutoffs, cutoffs.content_before)
        return ForgetMessages(chosen, cutoffs) if chosen else None


class AuditSweep(_Sweep):
    """Finds rows of the audit to forget."""

    _statement = "old_audit"

    def step(self, reader: Reader, cutoffs: Cutoffs) -> ForgetAudit | None:
        """As `RecipientSweep.step`."""
        chosen = self._choose(reader, cutoffs, cutoffs.audit_before)
        return ForgetAudit(chosen, cutoffs) if chosen else None


def _forget_left(session: Session, keys: Mapping[str, object]) -> int:
    session.run("retention.forget_left_contents", keys)
    return session.run("retention.forget_left_messages", keys)
