"""
spool_copy - the files of a spool in a backup, and back

THEORY
    A file of the spool never changes once a row names it, so a hard link of it is a copy of it.  Across file systems,
    or where the system forbids links, the octets are copied.  A row is committed after its file is whole, and the file
    is removed after the row.  So the files that the rows of one instant name are all there at that instant, and may go
    away right after it: a backup links most of them before the instant, and the rest at once.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from empath.errors import StorageFailure
from empath.storage.engine import Selects
from empath.storage.spool import locate, no_link_opener, sync_folder
from empath.storage.spool_owner import OWNER

_MESSAGES: Final = 500  # rows read at once
_PIECE_OCTETS: Final = 1024 * 1024


class SpoolRow(NamedTuple):
    """A message whose content is a file: digest is the SHA-256 of the file's octets, None if it is not known."""

    message_id: int
    locator: str
    digest: str | None
    octets: int


def spooled(session: Selects, after: int = 0) -> Iterator[SpoolRow]:
    """Those numbered above *after*."""
    while rows := session.rows("backup.spooled", {"after": after, "limit": _MESSAGES}):
        yield from (SpoolRow(*row) for row in rows)
        after = rows[-1][0]


class SpoolCopy:
    """
    A copy of the spool *source* in the directory *target*, which this makes. *copies*: never make a hard link.

    `octets` and `files` count what was added. `is_linked` tells whether all of it was linked.
    """

    def __init__(self, source: Path, target: Path, *, copies: bool) -> None:
        self.octets = 0
        self.is_linked = not copies
        self._source = source
        self._target = target
        self._folders: set[Path] = set()
        self._names: dict[str, int] = {}  # octets by name

    @property
    def files(self) -> int:
        """How many there are."""
        return len(self._names)

    def begin(self) -> None:
        """
        Make the directory, and copy the file that says whose spool it is.

        Raises:
            StorageFailure: the disk is full or failed.
        """
        try:
            self._target.mkdir(mode=0o750, exist_ok=True)
            if (self._source / OWNER).exists() and not (self._target / OWNER).exists():
                copy_file(self._source / OWNER, self._target / OWNER)
        except OSError as exc:
            raise StorageFailure(f"{self._target}: {exc.strerror}") from exc

    def add(self, rows: Iterable[SpoolRow]) -> list[SpoolRow]:
        """
        Add the files of *rows* that are not here yet. Return the rows whose files are not there.

        Raises:
            StorageFailure: the disk is full or failed.
        """
        missing = []
        for row in rows:
            file = locate(self._target, row.locator)
            if file.name in self._names:
                continue
            try:
                self._add(locate(self._source, row.locator), file)
            except FileNotFoundError:
                missing.append(row)
            except OSError as exc:
                raise StorageFailure(f"{exc.filename or file}: {exc.strerror}") from exc
        return missing

    def _add(self, source: Path, target: Path) -> None:
        octets = os.lstat(source).st_size  # before a directory is made for a file that is not there
        if target.parent not in self._folders:
            target.parent.mkdir(mode=0o750, exist_ok=True)
            self._folders.add(target.parent)
        if self.is_linked:
            try:
                os.link(source, target, follow_symlinks=False)
            except FileNotFoundError:
                raise
            except OSError:  # another file system, or a file of another user
                self.is_linked = False
        if not self.is_linked:
            copy_file(source, target)
        self._names[target.name] = octets
        self.octets += octets

    def keep_only(self, names: set[str]) -> None:
        """
        Remove the files that are not called by one of *names*, and make the rest durable.

        Raises:
            StorageFailure: the disk failed.
        """
        try:
            for name in self._names.keys() - names:
                (self._target / name[-2:] / name).unlink()
                self.octets -= self._names.pop(name)
            for folder in (*self._folders, self._target, self._target.parent):
                sync_folder(folder)
        except OSError as exc:
            raise StorageFailure(f"{exc.filename}: {exc.strerror}") from exc


def put_back(source: Path, target: Path, rows: Iterable[SpoolRow]) -> tuple[int, list[str]]:
    """
    Copy the files of *rows* from the spool *source* to *target*, durably; one that is there stays as it is.

    Returns the number of files, and a sentence for each that is missing or altered: its mail will be held.

    Raises:
        StorageFailure: the disk is full or failed.
    """
    number, faults, folders = 0, [], set()
    for row in rows:
        file = locate(target, row.locator)
        try:
            if not file.exists():
                if file.parent not in folders:
                    file.parent.mkdir(mode=0o750, exist_ok=True)
                    folders.add(file.parent)
                octets, digest = copy_file(locate(source, row.locator), file)
                if octets != row.octets or row.digest not in (None, digest):
                    faults.append(f"{file.name}: its content is not the one that was accepted")
            number += 1
        except FileNotFoundError:
            faults.append(f"{file.name}: its file is not in the backup")
        except OSError as exc:
            raise StorageFailure(f"{exc.filename or file}: {exc.strerror}") from exc
    try:
        for folder in (*folders, target):
            sync_folder(folder)
    except OSError as exc:
        raise StorageFailure(f"{exc.filename}: {exc.strerror}") from exc
    return number, faults


def copy_file(source: Path, target: Path) -> tuple[int, str]:
    """Copy one file, durably and whole or not at all; its length and SHA-256. Raises OSError."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    size, hashed = 0, hashlib.sha256()
    try:
        with (
            open(source, "rb", buffering=0, opener=no_link_opener(0)) as old,
            open(part, "xb", buffering=0, opener=no_link_opener(0o640)) as new,
        ):
            while piece := old.read(_PIECE_OCTETS):
                size += len(piece)
                hashed.update(piece)
                view = memoryview(piece)
                while view:
                    view = view[new.write(view) :]
            os.fsync(new.fileno())
        os.rename(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return size, hashed.hexdigest()
