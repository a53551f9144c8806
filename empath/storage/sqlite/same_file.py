"""
same_file - whether a path still names the file that this process has open

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


class SameFile:
    """The file that *path* names at the first call of `check`; make a new one for a new opening."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)
        self._inode = self._device = 0  # no file has the inode 0

    @property
    def is_known(self) -> bool:
        """Whether `check` was called before."""
        return self._inode != 0

    def check(self) -> None:
        """
        Compare. May be called in any thread.

        Raises:
            StorageFailure: the path names another file than at first, or none.
        """
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            raise StorageFailure(f"{self._path}: the file was removed while Empath had it open; {_MEND}") from None
        except OSError as exc:
            raise StorageFailure(f"{self._path}: {exc.strerror}") from exc
        if status.st_ino == self._inode and status.st_dev == self._device:
            return
        if self.is_known:
            raise StorageFailure(f"{self._path}: the file was replaced while Empath had it open; {_MEND}")
        self._inode, self._device = status.st_ino, status.st_dev
