"""
garbage - files in the spool that no message needs, and files that a message misses

THEORY
    A file is not part of a transaction.  The transaction that ends the last use of a file leaves a row in
    _spool_garbage.  This module removes the file first and the row after it, so that a crash between the two costs only
    one more attempt to remove a missing file.

    A crash after a file is complete and before its row is committed leaves an orphan.  A scan finds it and makes it
    garbage inside a transaction, so that no message that names it can commit at the same time.  A file that its writer
    still locks is not an orphan, whatever its age.  A crash also leaves `.part` files, which no row can name.

    A file belongs to Empath only if its name is a queue id and it is in the directory of that id.  Other files are not
    touched.  Nor are those that may belong to another queue, see `spool_owner`.
"""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from empath.errors import StorageFailure, SyntaxViolation
from empath.mail.identity import QueueId
from empath.storage.engine import Reader, Selects, Session
from empath.storage.spool import PART, is_being_written, locate
from empath.storage.spool_owner import key_of_spool
from empath.storage.write import Write

ORPHAN_AGE_S = 3600.0  # least age of a file that is checked
FILES = 100  # number of files removed between two writes
MESSAGES = 500  # size of one slice
_FIRST_DELAY_S = 1.0
_MAX_DELAY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Garbage:
    """A file to remove. tries counts removals that failed."""

    locator: str
    tries: int


@dataclass(frozen=True, slots=True)
class Removal:
    """The result of a removal. tries counts the failed ones, including this one; error is None if the file is gone."""

    locator: str
    tries: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Spooled:
    """A message whose content is a file."""

    message_id: int
    queue_id: str
    locator: str


def due_garbage(reader: Reader, now: float) -> list[Garbage]:
    """Up to FILES files whose removal is due at *now*, Unix seconds."""
    return [Garbage(*row) for row in reader.rows("garbage.due_garbage", {"now": now, "limit": FILES})]


def remove_file(spool: Path, garbage: Garbage) -> Removal:
    """Remove the file, blocking. One that is not there is gone."""
    try:
        QueueId.parse(garbage.locator.rpartition("/")[2])  # anything else might lead out of the spool
        locate(spool, garbage.locator).unlink(missing_ok=True)
    except SyntaxViolation as exc:
        return Removal(garbage.locator, garbage.tries + 1, str(exc))
    except OSError as exc:
        return Removal(garbage.locator, garbage.tries + 1, exc.strerror or str(exc) or "the system gave no reason")
    return Removal(garbage.locator, garbage.tries, None)


class SettleGarbage(Write):
    """Forget the rows whose files are gone; the others are due again after 2^n seconds, at most an hour."""

    def __init__(self, removals: Iterable[Removal], *, now: float) -> None:
        super().__init__()
        self._gone = []
        self._stuck = []
        for removal in removals:
            if removal.error is None:
                self._gone.append({"locator": removal.locator})
                continue
            # The exponent is bounded as well: after a year of tries the power itself would overflow.
            delay_s = min(_FIRST_DELAY_S * 2.0 ** min(removal.tries - 1, 30), _MAX_DELAY_S)
            self._stuck.append({
                "locator": removal.locator,
                "tries": removal.tries,
                "next_try_at": now + delay_s,
                "error": removal.error,
            })  # fmt: skip
        self.rows = len(self._gone) + len(self._stuck)

    def run(self, session: Session) -> None:
        session.run_each("garbage.forget_garbage", self._gone)
        session.run_each("garbage.delay_garbage", self._stuck)


class OrphanScan:
    """
    A walk over the spool, one directory after another. `is_round_over` says that the next step begins anew.

    `parts` are the old files of the last step that are not whole.
    """

    def __init__(self, spool: Path) -> None:
        self.is_round_over = True
        self.parts: list[Path] = []
        self._spool = spool
        self._key: str | None = None
        self._folders: list[str] = []

    def step(self, now: float, key: str | None = None) -> list[str]:
        """
        The queue ids in the names of old files of the next directory, blocking; some of the files are needed.

        *now* (Unix seconds) must not be ahead of the clock that the files were written by. *key* is that of the queue,
        see `spool_owner`; without one nothing may be removed.

        Raises:
            StorageFailure: the spool cannot be read; the next step takes the next directory.
        """
        self.parts = []
        try:
            if self.is_round_over:
                self._key = key if key is not None and key == key_of_spool(self._spool) else None
                self._folders = sorted(os.listdir(self._spool), reverse=True)
            folder = self._folders.pop() if self._folders else None
            self.is_round_over = not self._folders
            return [] if folder is None else self._look(folder, now)
        except OSError as exc:
            raise StorageFailure(f"{exc.filename}: {exc.strerror}") from exc

    def may_remove(self, queue_id: str) -> bool:
        """Whether the file of *queue_id*, from the last step, cannot be that of another queue."""
        return self._key is not None and queue_id > self._key

    def _look(self, folder: str, now: float) -> list[str]:
        found = []
        try:
            with os.scandir(self._spool / folder) as entries:
                for entry in entries:
                    queue_id = entry.name.removesuffix(PART)
                    if _is_queue_id(queue_id) and queue_id.endswith(folder) and len(folder) == 2:
                        status = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(status.st_mode) and status.st_mtime < now - ORPHAN_AGE_S:
                            if queue_id == entry.name:
                                found.append(queue_id)
                            elif self._key is not None:
                                self.parts.append(Path(entry.path))
        except (FileNotFoundError, NotADirectoryError):
            pass  # a file whose message was just delivered, or a foreign file
        return found


def unnamed(reader: Selects, queue_ids: list[str]) -> list[str]:
    """Those of *queue_ids* whose file no message names."""
    named = {ulid for (ulid,) in reader.rows("garbage.named_files", {"ulids": queue_ids})}
    return [queue_id for queue_id in queue_ids if queue_id not in named]


def left_behind(spool: Path, queue_ids: list[str]) -> list[str]:
    """
    Those of *queue_ids* whose file its writer no longer locks; blocks on the disk. No message names any of them.

    Raises:
        StorageFailure: a file cannot be looked at.
    """
    try:
        return [one for one in queue_ids if not is_being_written(locate(spool, one))]
    except OSError as exc:
        raise StorageFailure(f"{exc.filename}: {exc.strerror}") from exc


def remove_parts(parts: list[Path]) -> int:
    """Remove those of *parts* whose writer is gone, and return their number; blocks on the disk."""
    removed = 0
    for part in parts:
        try:
            if not is_being_written(part):
                part.unlink(missing_ok=True)
                removed += 1
        except OSError:
            pass  # the next round tries again
    return removed


class AddOrphans(Write):
    """Mark as garbage the files of *queue_ids* that no message names; `added` counts the files newly marked."""

    def __init__(self, queue_ids: list[str], *, node: str) -> None:
        super().__init__()
        self.rows = len(queue_ids)
        self.added = 0
        self._keys = {"ulids": queue_ids, "node": node}

    def run(self, session: Session) -> None:
        self.added = len(session.rows("garbage.add_orphans", self._keys))


class SpooledWalk:
    """A walk over all messages, for those in files. `is_round_over` says that the next step begins anew."""

    def __init__(self) -> None:
        self.is_round_over = True
        self._after = 0

    def step(self, reader: Reader) -> list[Spooled]:
        """
        Those of the next slice that are in files.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        found = reader.rows("garbage.spooled_messages", {"after": self._after, "limit": MESSAGES})
        self.is_round_over = len(found) < MESSAGES
        self._after = 0 if self.is_round_over else found[-1][0]
        return [Spooled(*row) for row in found if row[2] is not None]


def missing_files(spool: Path, messages: list[Spooled]) -> list[Spooled]:
    """Those of *messages* whose file is not there, blocking."""
    return [message for message in messages if not os.path.lexists(locate(spool, message.locator))]


def is_awaited(reader: Reader, message: Spooled) -> bool:
    """Whether a recipient of *message* will still be tried: then a missing file is a loss, else the message is done."""
    keys = {"message_id": message.message_id, "locator": message.locator}
    return bool(reader.value("garbage.is_file_awaited", keys))


def _is_queue_id(name: str) -> bool:
    try:
        return str(QueueId.parse(name)) == name
    except SyntaxViolation:
        return False
