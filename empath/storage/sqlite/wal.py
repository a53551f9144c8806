"""
wal - the write-ahead log when it has grown: which readers keep it, and how to truncate it

A reader needs the log from its snapshot on.  SQLite marks each reader by a lock on one of five octets of the -shm file.
The system lists these locks in /proc/locks with the pid.
"""

import os
import time
from pathlib import Path

import apsw

from empath.storage.engine import Sleep
from empath.storage.sqlite.connection import open_writer, translated

_PAUSE_S = 0.02
_LOCKS = Path("/proc/locks")
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
        shm = os.stat(f"{path}-shm")
        lines = _LOCKS.read_text("ascii").splitlines()
    except OSError:
        return ()
    file = f"{os.major(shm.st_dev):02x}:{os.minor(shm.st_dev):02x}:{shm.st_ino}"
    pids = {
        int(pid)
        for _, kind, _, _, pid, where, first, _ in (line.split() for line in lines if "->" not in line)
        if kind == "POSIX" and where == file and int(first) in _READ_LOCKS
    }
    return tuple(f"{pid} ({_name(pid)})" for pid in sorted(pids - {os.getpid()}))


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
