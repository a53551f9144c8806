"""
wal - the write-ahead log when it has grown: which readers keep it, and how to truncate it

A reader needs the log from its snapshot on.  SQLite marks each reader by a lock on one of five octets of the -shm file.
The system lists these locks with the pid (openers.py).
"""

import os
import time
from pathlib import Path

import apsw

from empath.policy.long_transactions import Holder
from empath.storage.engine import Sleep
from empath.storage.sqlite.connection import open_writer, translated
from empath.storage.sqlite.openers import file_in_locks, file_locks

_PAUSE_S = 0.02
_WRITE_LOCK = 120  # octet of the -shm file, as those below
_READ_LOCKS = range(123, 128)  # octets of the -shm file, "WAL-index locking" in SQLite's file format documentation


def truncate_wal(path: Path, *, deadline_s: float, sleep: Sleep) -> bool:
    """
    Copy the whole log into the database and truncate it.

    False if a reader needs the log, or if others were busy for *deadline_s*. If a reader needs the log, no writer has
    to wait, because that is known before the write lock is taken.

    Raises:
        StorageFailure: the disk failed.
    """
    with translated(path):
        connection = open_writer(path, deadline_s=deadline_s, sleep=sleep)
        ends_at = time.monotonic() + deadline_s
        try:
            in_log, checkpointed = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if checkpointed < in_log:
                return False
            while not _truncate(connection):
                if time.monotonic() >= ends_at:
                    return False
                sleep(_PAUSE_S)
        finally:
            connection.close()
        return True


def readers_of(path: Path) -> tuple[str, ...]:
    """
    Other processes that read a snapshot of the queue *path* now, each as `pid (name)`.

    Empty where the system does not show them: in another pid namespace, or without /proc.
    """
    try:
        shm = file_in_locks(Path(f"{path}-shm"))
    except OSError:
        return ()
    pids = {lock.pid for lock in file_locks() if lock.file == shm and lock.first in _READ_LOCKS}
    return tuple(f"{pid} ({_name(pid)})" for pid in sorted(pids - {os.getpid()}))


def holders_of(path: Path) -> frozenset[Holder]:
    """
    Other processes with a transaction on the queue *path* now: who reads a snapshot, and who has the write lock.

    Empty where the system does not show them, as with `readers_of`.
    """
    try:
        shm = file_in_locks(Path(f"{path}-shm"))
    except OSError:
        return frozenset()
    return frozenset(
        Holder(lock.pid, _name(lock.pid), lock.first == _WRITE_LOCK)
        for lock in file_locks()
        if lock.file == shm and lock.pid != os.getpid() and (lock.first == _WRITE_LOCK or lock.first in _READ_LOCKS)
    )


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "gone"


def _truncate(connection: apsw.Connection) -> bool:
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:  # raised at once, without the busy handler, while another connection runs a checkpoint
        return False
    return True
