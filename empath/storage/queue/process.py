"""
process - which processes are alive, and the end of those that died

A lease lives as long as its process.  The supervisor reports the end of a process, or the housekeeper sees that its
beat does not advance; wall times are never compared.  What a dead process held goes back with an attempt row
`unknown`, because the next hop may have taken it.
"""

from dataclasses import dataclass
from typing import Any

import empath
from empath.mail.status import RecipientStatus
from empath.policy.retry import MAX_LOST_LEASES
from empath.storage.engine import Reader, Session
from empath.storage.queue.config_revisions import NoteRevision, Revision
from empath.storage.queue.order_trail import finish_order
from empath.storage.queue.put_back import end_lease, let_go
from empath.storage.write import Write

_LOST_OFTEN = "three processes died while they worked on it"
_DIED = ("unknown", "the process that worked on it died; the next hop may have taken it")
_STOPPED = ("stopped", "the process that worked on it was stopped; the next hop may have taken it")


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One run of one process that has not ended; beat advances while it lives."""

    process_id: int
    node: str
    instance: str
    slot: str
    generation: int
    beat: int


class Register(Write):
    """Begin a run by the configuration *revision*; `process_id` is its number after the commit."""

    def __init__(
        self,
        *,
        node: str,
        instance: str,
        slot: str,
        generation: int,
        pid: int,
        now: float,
        revision: Revision | None = None,
    ) -> None:
        super().__init__()
        self.process_id = 0
        self._row = {
            "node": node, "instance": instance, "slot": slot, "generation": generation, "pid": pid, "now": now,
            "version": empath.__version__, "config_revision": None,
        }  # fmt: skip
        self._note = (
            None
            if revision is None
            else NoteRevision(revision, node=node, instance=instance, version=empath.__version__, now=now)
        )

    def run(self, session: Session) -> None:
        if self._note is not None:
            self._note.run(session)
            self._row["config_revision"] = self._note.number
        self.process_id = session.insert("process.register", self._row)


class Beat(Write):
    """
    Record that a process is alive. After the commit `is_taken_for_dead` says that another process has ended its run.

    Such a process has lost its leases, gets no new ones and must end. `log_level` is the ordered level, or None.
    """

    def __init__(self, process_id: int, *, now: float) -> None:
        super().__init__()
        self.is_taken_for_dead = False
        self.log_level: str | None = None
        self._row = {"process_id": process_id, "now": now}

    def run(self, session: Session) -> None:
        self.is_taken_for_dead = session.run("process.beat", self._row) == 0
        self.log_level = session.value("process.log_level")


def modules_off(reader: Reader, process_id: int) -> list[str]:
    """
    The modules that *process_id* has switched off, and that nobody has switched on again.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return str(reader.value("process.modules_off", {"process_id": process_id}) or "").split()


class RecordModules(Write):
    """Record the modules that a process has switched off."""

    def __init__(self, process_id: int, names: tuple[str, ...]) -> None:
        super().__init__()
        self._row = {"process_id": process_id, "names": " ".join(names)}

    def run(self, session: Session) -> None:
        session.run("process.record_modules", self._row)


class EndProcess(Write):
    """
    End a run, and release what it held. `released` counts recipients, `held` those that lost their third lease.

    For a process that drained and left there is nothing to release. *is_lost*: the process died. Only then does a
    recipient count a lost lease. `row` and `unknown` are the values of what is written.
    """

    def __init__(self, process_id: int, *, now: float, is_lost: bool = True) -> None:
        super().__init__()
        self.released = 0
        self.held = 0
        stage, text = _DIED if is_lost else _STOPPED
        self.row = {"process_id": process_id, "now": now}
        self.unknown = {**self.row, "stage": stage, "text": text, "max_lost_leases": None, "reason": _LOST_OFTEN}
        self._loss: dict[str, Any] = {}
        if is_lost:
            self.unknown["max_lost_leases"] = MAX_LOST_LEASES
            self._loss = {
                "losses": 1,
                "max_lost_leases": MAX_LOST_LEASES,
                "status": RecipientStatus.DEFERRED,
                "reason": _LOST_OFTEN,
                "next_retry_at": now,
                "settled_at": now,
            }

    def run(self, session: Session) -> None:
        self.released = self.held = 0
        for lease_id, destination in session.rows("process.leases_of", self.row):
            lost = {**self.unknown, "lease_id": lease_id, "destination": destination}
            ordered: dict[int, str] = dict(session.rows("process.lost_orders", lost))
            session.run("process.record_unknown", lost)
            for recipient_id, status in let_go(session, lease_id, now=self.row["now"], **self._loss):
                self.released += 1
                if recipient_id in ordered:
                    finish_order(session, recipient_id, status, now=self.row["now"])
                else:
                    self.held += status == RecipientStatus.HELD
            end_lease(session, lease_id)
        session.run("sessions.forget_all", {"process_id": self.row["process_id"]})
        session.run("process.end", self.row)


def living(reader: Reader) -> list[ProcessRow]:
    """Runs that have not ended, of any node and instance."""
    return [ProcessRow(*row) for row in reader.rows("process.living")]
