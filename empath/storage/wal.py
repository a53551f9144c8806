"""wal - the write-ahead log when it has grown: bring it into the database and cut it to nothing"""

import time
from pathlib import Path

import apsw

from empath.storage.connection import Sleep, open_writer, translated

_PAUSE_S = 0.02


def truncate_wal(path: Path, *, deadline_s: float, sleep: Sleep) -> bool:
    """
    Checkpoint the whole log and truncate it, blocking; False if others still needed it after *deadline_s*.

    While it waits for readers it holds the write lock: the deadline must be short.

    Raises:
        StorageFailure: the disk failed.
    """
    with translated(path):
        connection = open_writer(path, deadline_s=deadline_s, sleep=sleep)
        ends_at = time.monotonic() + deadline_s
        try:
            while not _truncate(connection):
                if time.monotonic() >= ends_at:
                    return False
                sleep(_PAUSE_S)
        finally:
            connection.close()
        return True


def _truncate(connection: apsw.Connection) -> bool:
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:  # at once where another connection is at its own checkpoint: no busy handler is asked then
        return False
    return True
