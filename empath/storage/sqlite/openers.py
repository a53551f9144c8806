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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from empath.errors import StorageFailure
from empath.storage.sqlite.same_file import removed, replaced

_LOCKS: Final = Path("/proc/locks")
_PIECE_OCTETS: Final = 65536
_LOOKS: Final = 3  # one of a list of two pages misses a certain lock in at most some hundredths of all cases
_SHARED: Final = 0x40000002  # first octet of the database file that each connection locks: SHARED_FIRST of SQLite
_LIVING: Final = 128  # octet of the -shm file that each connection locks: UNIX_SHM_DMS of SQLite


class FileLock(NamedTuple):
    """One record lock of a process; *file* is device and inode as the system writes them."""

    pid: int
    is_shared: bool
    file: str
    first: int


def file_locks() -> frozenset[FileLock]:
    """The record locks of all processes, as far as the system shows them."""
    try:
        return together(_look)
    except OSError:
        return frozenset()


def together(look: Callable[[], Sequence[bytes]]) -> frozenset[FileLock]:
    """
    The locks that *look* finds; it gives the list in the pieces in which the system does.

    A piece is a page at most. Locks that are given up between two of them move the rest forward, so that the next one
    begins too late. One piece is whole; of a longer list several looks are taken together.
    """
    found: set[FileLock] = set()
    for _ in range(_LOOKS):
        pieces = look()
        found.update(_parsed(b"".join(pieces).decode("ascii")))
        if len(pieces) <= 1:
            break
    return frozenset(found)


def _look() -> list[bytes]:
    with open(_LOCKS, "rb", buffering=0) as file:
        return [*iter(lambda: file.read(_PIECE_OCTETS), b"")]


def _parsed(text: str) -> Iterator[FileLock]:
    for line in text.splitlines():
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
    # The looks at the locks and at the files are of two instants: the last process may have closed between them.
    if _fault(path) is not None and (fault := _fault(path)) is not None:
        raise fault


def _fault(path: Path) -> StorageFailure | None:
    try:
        database = file_in_locks(path)
    except OSError:
        return None  # the opening says what is wrong
    locks = [lock for lock in file_locks() if lock.is_shared and lock.pid != os.getpid()]
    openers = {lock.pid for lock in locks if lock.file == database and lock.first == _SHARED}
    indexes = {lock.pid: lock.file for lock in locks if lock.first == _LIVING and lock.pid in openers}
    if not indexes:
        return None
    # The last process to close removes both files, but it holds another kind of lock then.
    log, index = Path(f"{path}-wal"), Path(f"{path}-shm")
    for file in (index, log):
        if not file.exists():
            return removed(file)
    try:
        present = file_in_locks(index)
    except OSError:
        return None
    with_present = {lock.pid for lock in locks if lock.first == _LIVING and lock.file == present}
    if indexes.keys() - with_present:
        return replaced(index)
    return None
