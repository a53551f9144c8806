"""
fsck - look for what must never be in a queue, and mend what can be mended

THEORY
    Each check is one SELECT, so what it finds was wrong at one instant, also while the service works.  A repair asks
    the check again inside its own transaction and mends what is still wrong there; for each row that it changes it
    leaves a row in the audit, in the same commit.  Files are no part of a transaction: a file that is missed is asked
    for again after the look, for its message may have been delivered meanwhile.

HOUSE RULES
    A repair never loses mail: what cannot be delivered is held for a person, and only what nobody waits for is removed.
    Anything else is left to people, and the sentence says what to do.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from empath.errors import StorageFailure
from empath.policy.retry import MAX_LOST_LEASES
from empath.storage.admin.fsck_checks import (
    BROUGHT_TO_LIGHT,
    CHECKS,
    FILE_LOST,
    FILE_MISSING,
    FILE_WITHOUT_MESSAGE,
    FOREIGN_KEYS,
    INTEGRITY,
    Check,
)
from empath.storage.queue.accept import INLINE
from empath.storage.queue.garbage import OrphanScan, unnamed
from empath.storage.queue.process import EndProcess
from empath.storage.spool import locate
from empath.storage.sqlite.connection import value
from empath.storage.sqlite.queries import queries
from empath.storage.sqlite.schema import check_current
from empath.storage.sqlite.visit import visiting
from empath.storage.write import Write

_SQL = queries("fsck")
MOST: Final = 1000  # findings of one check that are told one by one
WHO: Final = "empath-admin"
Row = dict[str, Any]


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
    connection: apsw.Connection, *, now: float, spool: Path | None, is_quick: bool = False, most: int = MOST
) -> list[Finding]:
    """
    What is wrong with the queue that *connection* reads; it must be in no transaction.

    *now* (Unix seconds) tells what is old; 0.0: nothing is. Without *spool* no file is looked at. *is_quick* leaves out
    the look whether indexes hold what tables hold. Of one check at most *most* findings come, and one for the rest.

    Raises:
        StorageFailure: the spool cannot be read.
        apsw.Error: the database cannot; a damaged one is a finding.
    """
    found = list(_told(INTEGRITY, _damages(connection, is_quick), most))
    for check in (FOREIGN_KEYS, *CHECKS):
        try:
            found += _told(check, _rows(connection, check.name, {"now": now}), most)
        except apsw.CorruptError as exc:
            found += _told(INTEGRITY, [{"text": f"{check.name} cannot be read: {exc}"}], most)
    if spool is not None:
        for row in _missing_files(connection, spool):
            found += _told(
                FILE_MISSING if row["waiting"] else FILE_LOST, [row], most, is_repairable=bool(row["waiting"])
            )
        found += _told(FILE_WITHOUT_MESSAGE, _files_without_message(connection, spool, now), most, is_repairable=True)
    return found


def examine_queue(path: Path, *, now: float, spool: Path, is_quick: bool = False) -> list[Finding]:
    """
    `examine` for the queue at *path*.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `visiting`.
    """
    with visiting(path, None) as connection:
        check_current(connection, path)
        return examine(connection, now=now, spool=spool, is_quick=is_quick)


class Repair(Write):
    """
    Mend what the checks called *names* still find; `repaired` has each thing that was mended.

    *node* is the name of this host, which locators of its files bear.
    """

    def __init__(self, names: Iterable[str], *, now: float, spool: Path, node: str) -> None:
        super().__init__()
        self.repaired: list[Finding] = []
        names = frozenset(names)
        self._names = names | {BROUGHT_TO_LIGHT[name] for name in names if name in BROUGHT_TO_LIGHT}
        self._now = now
        self._spool = spool
        self._node = node

    def run(self, connection: apsw.Connection) -> None:
        self.repaired = []
        for check in CHECKS:
            if check.name in self._names and check.is_repairable:
                for row in list(_rows(connection, check.name, {"now": self._now})):
                    if self._mend(connection, check, row):
                        self._record(connection, check, row)
        if FILE_MISSING.name in self._names:
            for row in list(_missing_files(connection, self._spool)):
                self._hold_all(connection, row)
        if FILE_WITHOUT_MESSAGE.name in self._names:
            for row in _files_without_message(connection, self._spool, self._now):
                connection.execute(_SQL["add_garbage"], {"node": self._node, "id": row["name"]})
                if connection.changes():
                    self._record(connection, FILE_WITHOUT_MESSAGE, row)

    def _mend(self, connection: apsw.Connection, check: Check, row: Row) -> bool:
        bindings = {**row, "now": self._now}
        if check.name == "lease_without_process":
            EndProcess(row["process_id"], now=self._now).run(connection)
            return not value(connection, _SQL["has_lease"], bindings)
        if check.name == "content_missing":
            connection.execute(_SQL["find_again"], bindings)
            if connection.changes():
                row |= {"before": None, "after": INLINE}
                return True
            if value(connection, _SQL["has_content"], bindings):
                return False  # found again for another recipient of the message
            return self._hold(connection, row, "its content is missing")
        connection.execute(_SQL[f"mend_{check.name}"], bindings)
        return connection.changes() > 0

    def _hold_all(self, connection: apsw.Connection, row: Row) -> None:
        for recipient in list(_rows(connection, "waiting_for_file", row)):
            if self._hold(connection, recipient, "its file in the spool is missing"):
                self._record(connection, FILE_MISSING, {**row, **recipient})

    def _hold(self, connection: apsw.Connection, row: Row, reason: str) -> bool:
        connection.execute(_SQL["hold"], {"recipient_id": row["recipient_id"], "reason": reason, "now": self._now})
        return connection.changes() > 0

    def _record(self, connection: apsw.Connection, check: Check, row: Row) -> None:
        blank: Row = dict.fromkeys(("recipient_id", "destination", "before", "after"))
        # What was found again changed no recipient's status.
        what = check.audit_name if row.get("after") != INLINE else f"fsck {check.name}"
        connection.execute(_SQL["record_repair"], {**blank, **row, "who": WHO, "what": what})
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


def _rows(connection: apsw.Connection, name: str, bindings: Row) -> Iterator[Row]:
    cursor = connection.execute(_SQL[name], {"max_lost_leases": MAX_LOST_LEASES, **bindings})
    for row in cursor:
        yield dict(zip((column[0] for column in cursor.get_description()), row, strict=True))


def _damages(connection: apsw.Connection, is_quick: bool) -> Iterator[Row]:
    try:
        for row in _rows(connection, "quick" if is_quick else "integrity", {}):
            for text in row.values():
                if text != "ok":
                    yield {"text": text}
    except apsw.CorruptError as exc:
        yield {"text": str(exc)}


def _missing_files(connection: apsw.Connection, spool: Path) -> Iterator[Row]:
    """Messages whose file is not there, but for those that nobody but a person can send: they were told of."""
    for row in list(_rows(connection, "spooled", {})):
        is_of_use = row["waiting"] or not row["held"]
        # It may have been delivered, and its file removed, since it was read: ask again.
        if (
            is_of_use
            and _is_missing(locate(spool, row["locator"]))
            and value(connection, _SQL["is_still_spooled"], row)
        ):
            yield row


def _is_missing(file: Path) -> bool:
    """Whether it is surely not there: a disk that is not mounted or a directory that is not ours is trouble."""
    try:
        os.lstat(file)
    except FileNotFoundError:
        if not file.parent.parent.is_dir():
            raise StorageFailure(f"{file.parent.parent}: no such directory; is its disk mounted?") from None
        return True
    except OSError as exc:
        raise StorageFailure(f"{file}: {exc.strerror}") from exc
    return False


def _files_without_message(connection: apsw.Connection, spool: Path, now: float) -> Iterator[Row]:
    if not spool.is_dir():
        return  # no file was ever kept
    scan = OrphanScan(spool)
    is_going = True
    while is_going:
        for name in unnamed(connection, spool, scan.step(now)):
            if not value(connection, _SQL["is_garbage"], {"id": name}):
                yield {"name": name, "file": str(spool / name[-2:] / name), "after": name}
        is_going = not scan.is_round_over
