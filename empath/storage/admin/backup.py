"""
backup - a copy of a queue and its spool at one instant, while the service works

THEORY
    The database is copied inside one read transaction, so that it shows one instant.  Each file that its rows name is
    in the backup, too.  Most are linked or copied before the instant, the rest within the transaction.  A file may go
    away between the instant and its copy, because its mail was delivered: then the transaction is begun anew, which
    leaves few files to copy.  A file that a row of the queue names and that is not there is a fault of the queue; the
    backup reports it, and is made all the same.

    The copy is then checked as `fsck` checks a queue, its content compared with the digests of its acceptance.  The
    directory gets its name last: a directory without the suffix `.part` is a whole backup.
"""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import empath
from empath.errors import CannotCreate, EmpathError, QueueBusy, StorageFailure
from empath.storage.admin.fsck import examine_queue
from empath.storage.admin.fsck_checks import INTEGRITY
from empath.storage.admin.manifest import (
    DATABASE,
    FORMAT,
    SPOOL,
    Manifest,
    read_manifest,
    sha256_of,
    write_manifest,
)
from empath.storage.admin.spool_copy import SpoolCopy, SpoolRow, spooled
from empath.storage.engine import Engine, Visit
from empath.storage.open import open_engine
from empath.storage.spool import sync_folder
from empath.storage.spool_owner import key_of_queue

_ROUNDS: Final = 20  # each leaves only the mail that came and went within it
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
_LEFT: Final = re.compile(r"\.\d{4}-\d\d-\d\dT\d{6}Z\.(part|old)")
Progress = Callable[[str, int, int], object]  # what is done, how much of it, of how much


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup at *path*; *removed* are older ones that were removed for it."""

    path: Path
    manifest: Manifest
    is_linked: bool
    removed: tuple[Path, ...]


class BackUp:
    """
    Back the queue of *engine* with its *spool* up into a new directory in *target*.

    *clock* gives the instant in Unix seconds. *copies*: never make hard links. *is_quick*: do not compare indexes and
    content. *keep*: remove all but so many backups of this queue, if it is not None.

    Raises:
        CannotCreate: *target* is not there, or not fit.
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
    """

    def __init__(
        self,
        engine: Engine,
        spool: Path,
        target: Path,
        *,
        clock: Callable[[], float],
        copies: bool = False,
        is_quick: bool = False,
        keep: int | None = None,
        on_progress: Progress = lambda _what, _done, _total: None,
    ) -> None:
        self._engine = engine
        self._spool = spool
        self._target = target
        self._clock = clock
        self._copies = copies
        self._is_quick = is_quick
        self._keep = keep
        self._on_progress = on_progress

    def run(self) -> Backup:
        """Make it."""
        self._check_target()
        name = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H%M%SZ")
        part, whole = self._target / f".{name}.part", self._target / name
        if whole.exists():
            raise QueueBusy(f"{whole}: there is a backup of this second; try again")
        with _own(part):
            spool = SpoolCopy(self._spool, part / SPOOL, copies=self._copies)
            with self._engine.visiting(None) as visit:
                self._check_room(visit)
                copied = self._copy(visit, spool, part)
            manifest = self._verified(part, copied, spool)
            try:
                write_manifest(part, manifest)
                os.rename(part, whole)
                sync_folder(self._target)
            except OSError as exc:
                raise StorageFailure(f"{part}: {exc.strerror}") from exc
        return Backup(whole, manifest, spool.is_linked, self._forget_old(manifest.key))

    def _check_target(self) -> None:
        try:
            if not self._target.is_dir():
                raise CannotCreate(f"{self._target}: no such directory; make it with `mkdir -m 700 {self._target}`")
            real = self._target.resolve()
            if real.is_relative_to(self._spool.resolve()):
                raise CannotCreate(f"{self._target}: inside the spool; name a directory on another disk")
            _remove_left(self._target)
        except OSError as exc:
            raise CannotCreate(f"{self._target}: {exc.strerror}") from exc

    def _check_room(self, visit: Visit) -> None:
        octets = int(visit.value("backup.octets"))
        if octets > (free := shutil.disk_usage(self._target).free):
            raise StorageFailure(f"{self._target}: {free} octets are free, and the database has {octets}; make room")

    def _copy(self, visit: Visit, spool: SpoolCopy, part: Path) -> Manifest:
        spool.begin()
        lost: set[int] = set()  # messages whose file the queue itself lacks
        spool.add(self._counted(spooled(visit)))
        for _ in range(_ROUNDS):
            with visit.one_instant():
                messages = int(visit.value("backup.messages"))  # the first read fixes the instant
                at = self._clock()
                names: set[str] = set()
                missing = spool.add(_named(spooled(visit), names))
                if all(row.message_id in lost for row in missing):
                    manifest = self._manifest(visit, messages, at)
                    self._engine.copy(visit, part / DATABASE, lambda done, all_: self._on_progress("pages", done, all_))
                    spool.keep_only(names)
                    return manifest
            for row in missing:
                keys = {"message_id": row.message_id, "locator": row.locator}
                if visit.value("backup.is_still_there", keys) and spool.add([row]):
                    lost.add(row.message_id)
        raise QueueBusy("large mail comes and goes faster than its files are copied; try again, or on the same disk")

    def _counted(self, rows: Iterator[SpoolRow]) -> Iterator[SpoolRow]:
        number = 0
        for number, row in enumerate(rows, 1):
            yield row
            self._on_progress("files", number, number)
        self._on_progress("files", number, number)

    def _manifest(self, visit: Visit, messages: int, at: float) -> Manifest:
        """Without what is known of the copy only."""
        nodes = visit.rows("backup.nodes")
        return Manifest(
            format=FORMAT,
            empath=empath.__version__,
            schema=int(visit.value("backup.schema")),
            at=at,
            node=nodes[0][0] if nodes else "",
            key=key_of_queue(visit) or "",
            queue_file=Path(self._engine.location).name,
            messages=messages,
            recipients=dict(visit.rows("backup.recipients")),
            files=0,
            files_octets=0,
            database_octets=0,
            sha256="",
            faults=[],
        )

    def _verified(self, part: Path, manifest: Manifest, spool: SpoolCopy) -> Manifest:
        copy = open_engine(part / DATABASE, max_leases=0)
        findings = examine_queue(
            copy,
            now=manifest.at,
            spool=part / SPOOL,
            is_quick=self._is_quick,
            reads_content=not self._is_quick,
            on_progress=lambda done, all_: self._on_progress("messages", done, all_),
        )
        for finding in findings:
            if finding.check == INTEGRITY.name:
                raise StorageFailure(f"{self._target}: no backup was made: {finding.explanation}")
        octets, digest = sha256_of(part / DATABASE)
        return replace(
            manifest,
            files=spool.files,
            files_octets=spool.octets,
            database_octets=octets,
            sha256=digest,
            faults=[f"{finding.check}: {finding.explanation}" for finding in findings],
        )

    def _forget_old(self, key: str) -> tuple[Path, ...]:
        """Remove the oldest backups of the queue with this *key*."""
        if self._keep is None:
            return ()
        mine = []
        for folder in sorted(self._target.iterdir(), reverse=True):
            if _NAME.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                with contextlib.suppress(EmpathError):  # not a backup, or of a newer Empath
                    if read_manifest(folder).key == key:
                        mine.append(folder)
        for folder in mine[self._keep :]:
            old = folder.with_name(f".{folder.name}.old")
            try:
                os.rename(folder, old)
                shutil.rmtree(old)
            except OSError as exc:
                raise StorageFailure(f"{folder}: the old backup cannot be removed: {exc.strerror}") from exc
        return tuple(mine[self._keep :])


def _named(rows: Iterator[SpoolRow], names: set[str]) -> Iterator[SpoolRow]:
    """*rows*, with the names of their files added to *names*."""
    for row in rows:
        names.add(row.locator.rpartition("/")[2])
        yield row


@contextlib.contextmanager
def _own(part: Path) -> Iterator[None]:
    """The directory *part* for the time of a `with`, locked; what is left of it afterwards is removed."""
    try:
        part.mkdir(mode=0o700)
        folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise CannotCreate(f"{part}: {exc.strerror}") from exc
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(folder)


def _remove_left(target: Path) -> None:
    """Remove what a backup left that was killed, and what a removal left."""
    for folder in target.iterdir():
        if not _LEFT.fullmatch(folder.name) or folder.is_symlink():
            continue
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        except BlockingIOError:
            pass  # another backup is at work
        finally:
            os.close(opened)
