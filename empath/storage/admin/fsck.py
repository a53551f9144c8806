"""
fsck - find faults that a queue must never have, and repair them where that is safe

THEORY
    Each check is one SELECT, so each fault existed at one instant, even while the service works.  A repair runs the
    check again inside its own transaction and mends what is still wrong.  It writes an audit row for each row that it
    changes, in the same commit.  Files are not part of a transaction.  So a missing file is checked against its message
    again: the message may have been delivered meanwhile.

HOUSE RULES
    A repair never loses mail: it holds undeliverable mail for a person, and removes only rows and files that no
    recipient needs.  People repair everything else; the sentence of the check says how.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from empath.errors import DamagedQueue, StorageFailure
from empath.mail.status import RecipientStatus
from empath.policy.retry import MAX_LOST_LEASES
from empath.storage.admin.fsck_checks import (
    CHECKS,
    CONTENT_ALTERED,
    FILE_DAMAGED,
    FILE_LOST,
    FILE_MISSING,
    FILE_OF_ANOTHER,
    FILE_WITHOUT_MESSAGE,
    FOREIGN_KEYS,
    INTEGRITY,
    REVEALS,
    SCHEMA,
    TRACK_DAMAGED,
    Check,
)
from empath.storage.admin.fsck_content import Progress, altered
from empath.storage.engine import Engine, Selects, Session
from empath.storage.past_mail import PastMail
from empath.storage.queue.accept import INLINE
from empath.storage.queue.garbage import OrphanScan, left_behind, unnamed
from empath.storage.queue.order_trail import insert_ordered_notice
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import let_go
from empath.storage.spool import locate
from empath.storage.spool_owner import key_of_queue
from empath.storage.write import Write

MOST: Final = 1000  # most findings of one check that are listed one by one
WHO: Final = "empath-admin"
_LOST_OFTEN: Final = "three leases were lost while it was worked on"
Row = dict[str, Any]
_REASONS: Final = {
    FILE_MISSING: "its file in the spool is missing",
    FILE_DAMAGED: "its file in the spool is damaged",
    CONTENT_ALTERED: "its content is not the one that was accepted",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong.

    Shape: explanation is a sentence that says what to do; check is a name of fsck_checks. id, recipient_id and
    destination are None where it is about something else.
    """

    check: str
    explanation: str
    is_repairable: bool
    is_repaired: bool = False
    id: str | None = None
    recipient_id: int | None = None
    destination: str | None = None


def examine(
    session: Selects, *, now: float, spool: Path | None, is_quick: bool = False, most: int = MOST
) -> list[Finding]:
    """
    What is wrong with the queue that *session* reads; the session must not be in a transaction.

    *now* (Unix seconds) decides what is old; with 0.0 nothing is. Without *spool* no file is checked. *is_quick* skips
    the comparison of indexes with their tables. Each check gives at most *most* findings, and one for the rest.

    Raises:
        QueueBusy, StorageFailure: the spool or the database cannot be read; a damaged one is a finding.
    """
    found = list(_told(INTEGRITY, _damages(session, is_quick), most))
    for check in (FOREIGN_KEYS, *CHECKS):
        try:
            found += _told(check, session.records(f"fsck.{check.name}", _binding(now)), most)
        except DamagedQueue as exc:
            found += _told(INTEGRITY, [{"text": f"{check.name} cannot be read: {exc.damage}"}], most)
    if spool is not None:
        for check, row in _wrong_files(session, spool):
            found += _told(check, [row], most, is_repairable=bool(row["waiting"]))
        unnamed_files = list(_files_without_message(session, spool, now))
        for check in (FILE_WITHOUT_MESSAGE, FILE_OF_ANOTHER):
            rows = [row for one, row in unnamed_files if one is check]
            found += _told(check, rows, most, is_repairable=check is FILE_WITHOUT_MESSAGE)
    return found


def examine_queue(
    engine: Engine,
    *,
    now: float,
    spool: Path,
    is_quick: bool = False,
    reads_content: bool = False,
    past: PastMail | None = None,
    on_progress: Progress = lambda _done, _total: None,
) -> list[Finding]:
    """
    `examine` for the queue of *engine*.

    With *reads_content*, the content of all that waits is read and compared with its digest; *on_progress* is called
    after each message. The index *past* is looked at, too, unless *is_quick*.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `visiting`.
    """
    with engine.visiting(None) as visit:
        found = examine(visit, now=now, spool=spool, is_quick=is_quick)
        if not any(finding.check == INTEGRITY.name for finding in found):
            found += _told(SCHEMA, [{"text": text} for text in engine.differing_objects(visit)], MOST)
        if reads_content:
            found += _told(CONTENT_ALTERED, altered(visit, spool, on_progress), MOST, is_repairable=True)
    if past is not None and past.exists and not is_quick:
        found += _told(TRACK_DAMAGED, [{"text": text, "file": past.location} for text in past.damages()], MOST)
    return found


class Repair(Write):
    """
    Repair what the checks called *names* still find; `repaired` has one finding for each repair.

    *node* is the name of this host, which is part of the locators of its files. *altered* has the queue ids of messages
    whose content was altered: it is not read again while other processes wait.
    """

    def __init__(
        self, names: Iterable[str], *, now: float, spool: Path, node: str, altered: Iterable[str] = ()
    ) -> None:
        super().__init__()
        self.repaired: list[Finding] = []
        self._altered = tuple(altered)
        names = frozenset(names)
        self._names = names | {REVEALS[name] for name in names if name in REVEALS}
        self._now = now
        self._spool = spool
        self._node = node

    def run(self, session: Session) -> None:
        self.repaired = []
        session.rows("fsck.stop_writers")
        for check in CHECKS:
            if check.name in self._names and check.is_repairable:
                for row in list(session.records(f"fsck.{check.name}", _binding(self._now))):
                    if self._mend(session, check, row):
                        self._record(session, check, row)
        if not self._names.isdisjoint({FILE_MISSING.name, FILE_DAMAGED.name}):
            for check, row in list(_wrong_files(session, self._spool)):
                if check.name in self._names:
                    self._hold_all(session, check, row)
        for queue_id in self._altered:
            for row in list(session.records("fsck.named_message", {"id": queue_id})):
                self._hold_all(session, CONTENT_ALTERED, row)
        if FILE_WITHOUT_MESSAGE.name in self._names:
            for check, row in _files_without_message(session, self._spool, self._now):
                if check is FILE_WITHOUT_MESSAGE and session.run(
                    "fsck.add_garbage", {"node": self._node, "id": row["name"]}
                ):
                    self._record(session, FILE_WITHOUT_MESSAGE, row)

    def _mend(self, session: Session, check: Check, row: Row) -> bool:
        bindings = {**row, **_binding(self._now)}
        if check.name == "lease_without_process":
            EndProcess(row["process_id"], now=self._now).run(session)
            return not session.value("fsck.has_lease", bindings)
        if check.name == "leased_without_lease":
            return self._release(session, row, bindings)
        if check.name == "content_missing":
            if session.run("fsck.find_again", bindings):
                row |= {"before": None, "after": INLINE}
                return True
            if session.value("fsck.has_content", bindings):
                return False  # found again for another recipient of the message
            return self._hold(session, row, "its content is missing")
        if check.name == "content_damaged":
            return self._hold(session, row, "its content is damaged")
        return session.run(f"fsck.mend_{check.name}", bindings) > 0

    def _release(self, session: Session, row: Row, bindings: Row) -> bool:
        """As at the end of a process: the next hop may have the mail, the loss counts, an order takes precedence."""
        session.run("fsck.record_lost_lease", bindings)
        released = let_go(
            session,
            row["lease_id"],
            now=self._now,
            recipient_id=row["recipient_id"],
            losses=1,
            max_lost_leases=MAX_LOST_LEASES,
            status=RecipientStatus.DEFERRED,
            reason=_LOST_OFTEN,
            next_retry_at=self._now,
            settled_at=self._now,
        )
        for recipient_id, status in released:
            insert_ordered_notice(session, recipient_id, status, now=self._now)
        return bool(released)

    def _hold_all(self, session: Session, check: Check, row: Row) -> None:
        waiting = list(session.records("fsck.waiting_for_content", row))
        for recipient in waiting:
            if self._hold(session, recipient, _REASONS[check]):
                self._record(session, check, {**row, **recipient, "waiting": len(waiting)})

    def _hold(self, session: Session, row: Row, reason: str) -> bool:
        keys = {"recipient_id": row["recipient_id"], "reason": reason, "now": self._now}
        return session.run("fsck.hold", keys) > 0

    def _record(self, session: Session, check: Check, row: Row) -> None:
        blank: Row = dict.fromkeys(("recipient_id", "destination", "before", "after"))
        # What was found again changed no recipient's status.
        what = check.audit_name if row.get("after") != INLINE else f"fsck {check.name}"
        session.run("fsck.record_repair", {**blank, **row, "who": WHO, "what": what})
        self.repaired += _told(check, [row], MOST, is_repairable=True, is_repaired=True)


def _told(
    check: Check, found: Iterable[Row], most: int, *, is_repairable: bool | None = None, is_repaired: bool = False
) -> Iterator[Finding]:
    is_repairable = check.is_repairable if is_repairable is None else is_repairable
    count = 0
    for row in found:
        count += 1
        if count <= most:
            words = {name: "-" if item is None else item for name, item in row.items()}
            yield Finding(
                check.name,
                check.sentence.format_map(words),
                is_repairable,
                is_repaired,
                row.get("id"),
                row.get("recipient_id"),
                row.get("destination"),
            )
    if count > most:
        yield Finding(check.name, f"and {count - most} more of this kind: do the same", is_repairable, is_repaired)


def _binding(now: float) -> Row:
    return {"now": now, "max_lost_leases": MAX_LOST_LEASES}


def _damages(session: Selects, is_quick: bool) -> Iterator[Row]:
    try:
        for row in session.records("fsck.quick" if is_quick else "fsck.integrity", {}):
            for text in row.values():
                if text != "ok":
                    yield {"text": text}
    except DamagedQueue as exc:
        yield {"text": exc.damage}


def _wrong_files(session: Selects, spool: Path) -> Iterator[tuple[Check, Row]]:
    """Messages whose file is missing or damaged, except where all recipients are held: those were reported before."""
    for row in list(session.records("fsck.spooled", {})):
        if not row["waiting"] and row["held"]:
            continue
        row["octets"] = _octets_of(locate(spool, row["locator"]))
        if row["octets"] is None:
            check = FILE_MISSING if row["waiting"] else FILE_LOST
        elif row["waiting"] and row["octets"] != row["accepted"]:
            check = FILE_DAMAGED
        else:
            continue
        # The message may have been delivered and its file removed since it was read: check again.
        if session.value("fsck.is_still_there", row):
            yield check, row


def _octets_of(file: Path) -> int | None:
    """Size of *file*, None if it does not exist. An unmounted disk or a foreign directory raises StorageFailure."""
    try:
        return os.lstat(file).st_size
    except FileNotFoundError:
        if not file.parent.parent.is_dir():
            raise StorageFailure(f"{file.parent.parent}: no such directory; is its disk mounted?") from None
        return None
    except OSError as exc:
        raise StorageFailure(f"{file}: {exc.strerror}") from exc


def _files_without_message(session: Selects, spool: Path, now: float) -> Iterator[tuple[Check, Row]]:
    if not spool.is_dir():
        return  # no file was ever kept
    scan, key = OrphanScan(spool), key_of_queue(session)
    is_going = True
    while is_going:
        for name in left_behind(spool, unnamed(session, scan.step(now, key))):
            if not session.value("fsck.is_garbage", {"id": name}):
                check = FILE_WITHOUT_MESSAGE if scan.may_remove(name) else FILE_OF_ANOTHER
                yield check, {"name": name, "file": str(spool / name[-2:] / name), "after": name}
        is_going = not scan.is_round_over
