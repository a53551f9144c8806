"""
space - the disk space of the queue, and free pages that are returned to the disk when it runs low

SQLite keeps the pages of deleted rows for new rows, which is faster than asking the disk each time.  But the free space
of the disk does not include them: a queue that once filled its disk would refuse mail for ever.
"""

import shutil
from pathlib import Path

from empath.storage.engine import Selects, Session
from empath.storage.sqlite.connection import PAGE_OCTETS
from empath.storage.write import Write


class ReturnPages(Write):
    """Return up to PAGES free pages to the disk, moving others to their place; the file shrinks at a checkpoint."""

    PAGES = 256  # 1 MiB, a bound on the time that the write lock is held

    def run(self, session: Session) -> None:
        session.rows("space.return_pages")


def free_octets(directory: Path) -> int:
    """Octets that an unprivileged process may still write on the file system of *directory*."""
    return shutil.disk_usage(directory).free


def wal_octets(database: Path) -> int:
    """Size of the database's write-ahead log."""
    try:
        return Path(f"{database}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def unused_octets(reader: Selects) -> int:
    """
    Octets of free pages in the database, read with *reader*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return int(reader.value("space.free_pages")) * PAGE_OCTETS
