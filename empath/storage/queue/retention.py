"""
retention - what is finished and old is forgotten

THEORY
    A sweep walks a table by rowid, slice after slice, and remembers in its object where it is.  It reads outside the
    write lock and hands out a Write that names what it found; the Write asks once more, inside its transaction, whether
    each may still go, because somebody may have retried it meanwhile.  Rows come in the order of their acceptance, and
    nothing is older than its acceptance: at the first slice that ends with a younger row the round is over.

    The triggers of schema.sql stand behind all this: what is not final cannot be removed, whatever a sweep believes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """
    What was settled up to these instants (Unix seconds) goes.

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

    `recipients` and `messages` count what went. One that is not final, not old enough, or still to be reported stays.
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
    Remove messages without recipients, and the content of the others where nobody waits for it.

    `messages` and `contents` count what went; content is any, inline or in a file.
    """

    def __init__(self, message_ids: Sequence[int], cutoffs: Cutoffs) -> None:
        super().__init__()
        self.rows = len(message_ids)
        self.recipients = self.messages = self.contents = 0
        self._keys = {**asdict(cutoffs), "messages": message_ids}

    def run(self, session: Session) -> None:
        self.messages = _forget_left(session, self._keys)
        forgetting = {**self._keys, "no_fields": b""}
        gone = [message_id for (message_id,) in session.rows("retention.forget_contents", forgetting)]
        session.run("retention.forget_inline_contents", {"messages": gone})
        self.contents = len(gone)


class ForgetAudit(Write):
    """Remove rows of the audit that are old enough; `audit_rows` counts what went."""

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
    Remove runs of processes that ended PROCESSES_S ago; their attempts tell only their numbers then.

    `processes` counts what went.
    """

    PROCESSES_S = 30 * 86_400.0  # longer than any mail waits

    def __init__(self, now: float) -> None:
        super().__init__()
        self.processes = 0
        self._keys = {"ended_before": now - self.PROCESSES_S}

    def is_needed(self, reader: Reader) -> bool:
        """
        Whether there are any, asked of a reading *connection*.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        return bool(reader.value("retention.old_processes", self._keys))

    def run(self, session: Session) -> None:
        self.processes = session.run("retention.forget_processes", self._keys)


class _Sweep:
    """
    A walk over one table. `is_round_over` says that the last step met the end, so that the next begins anew.

    One Write takes at most MOST rows, and about ATTEMPTS rows and OCTETS of content with them: that bounds how long it
    holds the write lock.
    """

    SLICE = 2_000  # rows looked at in one step
    MOST = 500
    ATTEMPTS = 2_000
    OCTETS = 8 * 1024 * 1024
    _statement = ""

    def __init__(self) -> None:
        self.is_round_over = True
        self._after = 0

    def _choose(self, reader: Reader, cutoffs: Cutoffs, youngest: float) -> list[int]:
        """Numbers of one slice's rows that may go; *youngest* is the latest instant that can matter."""
        keys = {**asdict(cutoffs), "after": self._after, "limit": self.SLICE}
        found = reader.rows(f"retention.{self._statement}", keys)
        chosen: list[int] = []
        attempts_left, octets_left = self.ATTEMPTS, self.OCTETS
        for number, _, attempts, octets, may_go in found:
            if may_go:
                attempts_left -= attempts
                octets_left -= octets
                if chosen and (len(chosen) == self.MOST or attempts_left < 0 or octets_left < 0):
                    self.is_round_over = False
                    return chosen
                chosen.append(number)
            self._after = number
        # A row from the future tells that the clock was wrong, and nothing about those behind it.
        self.is_round_over = len(found) < self.SLICE or youngest < found[-1][1] <= cutoffs.now
        if self.is_round_over:
            self._after = 0
        return chosen


class RecipientSweep(_Sweep):
    """Finds recipients to forget."""

    _statement = "old_recipients"

    def step(self, reader: Reader, cutoffs: Cutoffs) -> ForgetRecipients | None:
        """
        Look at the next slice with the reading *connection*; the work for what is to go, None if nothing is.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        chosen = self._choose(reader, cutoffs, max(cutoffs.delivered_before, cutoffs.final_before))
        return ForgetRecipients(chosen, cutoffs) if chosen else None


class MessageSweep(_Sweep):
    """Finds messages whose content, or which themselves, are to be forgotten."""

    SLICE = 200  # each may have a thousand recipients to be asked for
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
