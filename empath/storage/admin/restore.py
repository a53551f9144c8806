"""
restore - make a queue from a backup, with what was delivered since

THEORY
    The database is copied and prepared under another name, `QUEUE.restore`, and gets its own name last.  Until then a
    start finds no queue, and cannot make a new one either, because the spool belongs to another.  The file
    `.restore.json` says which backup is being restored; it is locked meanwhile.  After an interruption the same command
    begins the database anew, and keeps the files of the spool that are whole.

    A restore never writes to a queue that is there.
"""

import contextlib
import fcntl
import json
import os
import pwd
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from empath.errors import CannotCreate, DamagedQueue, QueueBusy, StorageFailure, UnusableQueue
from empath.mail.identity import QueueId, Timestamp
from empath.mail.words import instant
from empath.storage.admin.delivered_since import Delivered, Delivery, MarkDelivered, find_delivered
from empath.storage.admin.fsck import Finding, examine_queue
from empath.storage.admin.manifest import DATABASE, SPOOL, Manifest, read_manifest, sha256_of
from empath.storage.admin.service_orders import Freeze
from empath.storage.admin.spool_copy import copy_file, put_back, spooled
from empath.storage.engine import Session
from empath.storage.open import open_engine
from empath.storage.spool import make_folder, no_link_opener, sync_folder
from empath.storage.spool_owner import OWNER
from empath.storage.write import Write

_MARK: Final = ".restore.json"
_PART: Final = ".restore"
_LOG_FILES: Final = ("", "-wal", "-shm", "-journal")
_WAIT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Restored:
    """
    A queue that was restored: its file, the number of files in its spool, and what was found wrong with it.

    Shape: faults are sentences about content that is missing or altered; its mail will be held.
    """

    path: Path
    files: int
    faults: tuple[str, ...]
    findings: tuple[Finding, ...]


class Restore:
    """
    The backup in *folder*, to become a queue in the directory *into*.

    `is_begun`: an earlier run was interrupted. `is_done`: an earlier run has finished.

    Raises:
        MissingInput, SyntaxViolation, UnusableQueue: see `read_manifest`; the schema is newer than this program knows.
        CannotCreate: *into* has a queue or a spool of its own.
        QueueBusy: another command restores there now.
    """

    def __init__(self, folder: Path, into: Path) -> None:
        self.manifest = read_manifest(folder)
        self.path = into / self.manifest.queue_file
        self._folder = folder
        self._into = into
        self._mark = into / _MARK
        self._part = into / f"{self.manifest.queue_file}{_PART}"
        self._backup = open_engine(folder / DATABASE, max_leases=0)
        known = self._backup.known_schema()
        if self.manifest.schema > known:
            newer = f"schema {self.manifest.schema} is newer than this Empath, which knows {known}"
            raise UnusableQueue(f"{folder}: {newer}; restore it by Empath {self.manifest.empath}")
        self.is_begun = self._is_of_this_backup()
        self.is_done = self.is_begun and self.path.exists()
        if not self.is_done:
            self._check_empty()

    def _is_of_this_backup(self) -> bool:
        try:
            octets = self._mark.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as exc:
            raise CannotCreate(f"{self._mark}: {exc.strerror}") from exc
        if octets and octets != self._mark_octets():  # empty: it was interrupted at once
            raise CannotCreate(
                f"{self._into}: another backup is being restored there; end that, or remove {self._mark}"
            )
        return True

    def _mark_octets(self) -> bytes:
        return json.dumps({"sha256": self.manifest.sha256, "at": self.manifest.at}).encode() + b"\n"

    def _check_empty(self) -> None:
        for file in (Path(f"{self.path}{suffix}") for suffix in _LOG_FILES):
            if os.path.lexists(file):
                raise CannotCreate(f"{file}: there is a queue; move it away, or name another directory")
        if self.is_begun:
            return
        try:
            folders = [folder for folder in (self._into / SPOOL).iterdir() if folder.is_dir()]
            has_files = any(any(folder.iterdir()) for folder in folders)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise CannotCreate(f"{self._into / SPOOL}: {exc.strerror}") from exc
        if has_files or (self._into / SPOOL / OWNER).exists():
            raise CannotCreate(f"{self._into / SPOOL}: a spool that belongs to a queue; move it away")

    def check(self) -> None:
        """
        Check that the database of the backup is what it was.

        Raises:
            DamagedQueue: it is not.
            StorageFailure: it cannot be read.
        """
        if sha256_of(self._folder / DATABASE) != (self.manifest.database_octets, self.manifest.sha256):
            raise DamagedQueue(
                str(self._folder / DATABASE), "its SHA-256 is not that of its manifest; take another backup"
            )

    def find(self, deliveries: Iterable[Delivery]) -> list[Delivered]:
        """
        The recipients that live in the backup and that *deliveries* name.

        Raises:
            EmpathError: see `visiting`.
        """
        with self._backup.visiting_any_version() as visit:
            return find_delivered(visit, deliveries)

    def run(
        self, found: Sequence[Delivered], *, who: str, now: float, freezes: bool, say: Callable[[str], object]
    ) -> Restored:
        """
        Restore, and settle *found* as delivered, in the name of *who*, at *now*. *freezes*: stop delivery.

        *say* is called with each sentence of the migration, if there is one.

        Raises:
            EmpathError: it failed; the same call may be made again.
        """
        try:
            make_folder(self._into, mode=0o750)
        except OSError as exc:
            raise CannotCreate(f"{self._into}: {exc.strerror}") from exc
        with self._locked():
            try:
                files, faults = self._put_spool_back()
                for suffix in _LOG_FILES:
                    Path(f"{self._part}{suffix}").unlink(missing_ok=True)
                copy_file(self._folder / DATABASE, self._part)
            except OSError as exc:
                raise StorageFailure(f"{exc.filename or self._into}: {exc.strerror}") from exc
            engine = open_engine(self._part, max_leases=0)
            engine.prepare(_owner_of(self._into), say=say)
            settle = _Settle(found, self._folder.name, self.manifest, who=who, now=now, freezes=freezes)
            with engine.visiting(_WAIT_S) as visit, visit.transaction():
                settle.run(visit)
            findings = examine_queue(engine, now=0.0, spool=self._into / SPOOL, is_quick=True)
            engine.close_log()
            try:
                self._give_away()
                os.rename(self._part, self.path)
                sync_folder(self._into)
                self.end()
            except OSError as exc:
                raise StorageFailure(f"{exc.filename or self._into}: {exc.strerror}") from exc
        return Restored(self.path, files, tuple(faults), tuple(findings))

    def end(self) -> None:
        """Forget that a restore was under way; OSError if that fails."""
        self._mark.unlink(missing_ok=True)
        sync_folder(self._into)

    def _put_spool_back(self) -> tuple[int, list[str]]:
        spool = self._into / SPOOL
        spool.mkdir(mode=0o750, exist_ok=True)
        owner = self._folder / SPOOL / OWNER
        if owner.exists() and not (spool / OWNER).exists():
            copy_file(owner, spool / OWNER)
        with self._backup.visiting_any_version() as visit:
            return put_back(self._folder / SPOOL, spool, spooled(visit))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            file = open(self._mark, "a+b", buffering=0, opener=no_link_opener(0o640))  # noqa: SIM115 - until the end
        except OSError as exc:
            raise CannotCreate(f"{self._mark}: {exc.strerror}") from exc
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise QueueBusy(f"{self._into}: another command restores there now") from exc
            self._check_empty()  # the other one may have ended right before
            if os.fstat(file.fileno()).st_size == 0:
                try:
                    _write_all(file.fileno(), self._mark_octets())
                    sync_folder(self._into)
                except OSError as exc:
                    file.truncate(0)  # a part of it would be taken for that of another backup
                    raise StorageFailure(f"{self._mark}: {exc.strerror}") from exc
            yield

    def _give_away(self) -> None:
        """Give what was made to the owner of the directory: a service does not run as root."""
        status = self._into.stat()
        if os.geteuid() != 0 or status.st_uid == 0:
            return
        spool = self._into / SPOOL
        folders = [folder for folder in spool.iterdir() if folder.is_dir() and not folder.is_symlink()]
        files = [file for folder in folders for file in folder.iterdir()]
        for path in (self._part, spool, spool / OWNER, *folders, *files):
            if os.path.lexists(path):
                os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)


class _Settle(Write):
    """What a restored queue knows more than its backup."""

    def __init__(
        self, found: Sequence[Delivered], name: str, manifest: Manifest, *, who: str, now: float, freezes: bool
    ) -> None:
        super().__init__()
        instance = str(QueueId.make(Timestamp(now), os.urandom(10)))
        self._mark = MarkDelivered(found, who=who, node=manifest.node, instance=instance, now=now)
        self._row = {"who": who, "before": instant(manifest.at), "after": instant(now), "object": name}
        self._freeze = Freeze(who=who) if freezes else None

    def run(self, session: Session) -> None:
        session.run("backup.record_restore", self._row)
        self._mark.run(session)
        if self._freeze is not None:
            self._freeze.run(session)


def _write_all(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets) :]
    os.fsync(descriptor)


def _owner_of(folder: Path) -> str | None:
    """The user that owns *folder*; None for one without a name, and for this process's own."""
    uid = folder.stat().st_uid
    if uid == os.geteuid():
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
