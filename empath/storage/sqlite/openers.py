"""
openers - whether the processes that have the queue open use the files that its name leads to

THEORY
    A process that opens a queue whose -shm file was removed makes a new one. Its locks are on that file, so that the
    others do not see them, and both write the database: it is damaged. Without the -wal it makes a new log, and what
    the others have committed to theirs is lost. So the files are compared before SQLite opens anything.

    Each connection holds a lock on the database file and one on the -shm file. The system lists the locks in
    /proc/locks, with pid, device and inode. Where it does not show them, as in another pid namespace, nothing is found.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from empath.storage.sqlite.same_file import removed, replaced

_LOCKS: Final = Path("/proc/locks")
_SHARED: Final = 0x40000002  # first octet of the database file that each connection locks: SHARED_FIRST of SQLite
_LIVING: Final = 128  # octet of the -shm file that each connection locks: UNIX_SHM_DMS of SQLite


class FileLock(NamedTuple):
    """One record lock of a process; *file* is device and inode as the system writes them."""

    pid: int
    is_shared: bool
    file: str
    first: int


def file_locks() -> Iterator[FileLock]:
    """The record locks of all processes, as far as the system shows them."""
    try:
        lines = _LOCKS.read_text("ascii").splitlines()
    except OSError:
        return
    for line in lines:
        if "->" not in line:  # a process that waits
            _, kind, _, access, pid, file, first, _ = line.split()
            if kind == "POSIX":
                yield FileLock(int(pid), access == "READ", file, int(first))


def file_in_locks(path: Path) -> str:
    """Device and inode of *path* as `FileLock.file` has them. Raises OSError."""
    status = os.stat(path)
    return f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"


def check_openers(path: Path) -> None:
    """
    Check that other processes that have the queue *path* open use its present -wal and -shm.

    Raises:
        StorageFailure: one of the files was removed or replaced; to open the queue would damage it.
    """
    try:
        database = file_in_locks(path)
    except OSError:
        return  # the opening says what is wrong
    locks = [lock for lock in file_locks() if lock.is_shared and lock.pid != os.getpid()]
    openers = {lock.pid for lock in locks if lock.file == database and lock.first == _SHARED}
    indexes = {lock.pid: lock.file for lock in locks if lock.first == _LIVING and lock.pid in openers}
    if not indexes:
        return
    # The last process to close removes both files, but it holds another kind of lock then.
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    for file in (index, log):
        if not file.exists():
            raise removed(file)
    try:
        present = file_in_locks(index)
    except OSError:
        return
    with_present = {lock.pid for lock in locks if lock.first == _LIVING and lock.file == present}
    if indexes.keys() - with_present:
        raise replaced(index)
