"""
same_file - whether the names of a queue still lead to the files that this process has open

A file that was removed or replaced stays open: SQLite goes on writing it without an error, and what it has written is
lost at the last close. So the device and the inode that the path has right after the opening are kept, and compared
from then on. The file itself must not be opened for that: closing a second descriptor would release the locks that
SQLite has on it.
"""

import os
from pathlib import Path
from typing import Final

from empath.errors import StorageFailure

_MEND: Final = "read about queue_gone in TROUBLESHOOTING before you stop Empath"


def removed(file: Path | str) -> StorageFailure:
    """The error for a *file* that is not there any more."""
    return StorageFailure(f"{file}: the file was removed while Empath had it open; {_MEND}")


def replaced(file: Path | str) -> StorageFailure:
    """The error for another file at the place of *file*."""
    return StorageFailure(f"{file}: the file was replaced while Empath had it open; {_MEND}")


class SameFile:
    """The file that *path* names at the first call of `check`; make a new one for a new opening."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)
        self._inode = self._device = 0  # no file has the inode 0

    @property
    def is_known(self) -> bool:
        """Whether `check` was called before."""
        return self._inode != 0

    def is_removed(self) -> bool:
        """Whether it is known, and nothing is at its path."""
        return self.is_known and not os.path.lexists(self._path)

    def check(self) -> None:
        """
        Compare. May be called in any thread.

        Raises:
            StorageFailure: the path names another file than at first, or none.
        """
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            raise removed(self._path) from None
        except OSError as exc:
            raise StorageFailure(f"{self._path}: {exc.strerror}") from exc
        if status.st_ino == self._inode and status.st_dev == self._device:
            return
        if self.is_known:
            raise replaced(self._path)
        self._inode, self._device = status.st_ino, status.st_dev


class QueueFiles:
    """
    The database at *path*, its -wal and its -shm, as this process has them open.

    The database is the same for the whole life of the process. The other two are the same as long as the process has a
    connection: the last one to close removes them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = SameFile(path)
        self._connections: set[object] = set()
        self._forget()

    def _forget(self) -> None:
        self._others = SameFile(Path(f"{self._path}-wal")), SameFile(Path(f"{self._path}-shm"))

    def check(self) -> None:
        """
        Compare those that are known. May be called in any thread.

        Raises:
            StorageFailure: one was removed or replaced.
        """
        for file in (self._database, *self._others):
            if file.is_known:
                file.check()

    def have_lost_others(self) -> bool:
        """Whether the -wal or the -shm was removed, and what is there is what it was."""
        removed = [file for file in self._others if file.is_removed()]
        try:
            for file in (self._database, *self._others):
                if file not in removed:
                    file.check()
        except StorageFailure:
            return False
        return bool(removed)

    def opening(self) -> None:
        """Compare the database with that of before, right after SQLite opened it. Raises StorageFailure."""
        self._database.check()

    def opened(self, connection: object) -> None:
        """Take the other two as known, too, once *connection* has read. Raises StorageFailure."""
        for file in self._others:
            file.check()
        self._connections.add(connection)

    def closed(self, connection: object) -> None:
        """*connection* is closed."""
        self._connections.discard(connection)
        if not self._connections:
            self._forget()
