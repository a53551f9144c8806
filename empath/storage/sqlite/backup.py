"""
backup - copy a queue database as it is at one instant, while others write it

THEORY
    SQLite's backup interface copies pages.  It begins again when another process commits, unless the connection holds a
    read transaction: then the whole copy is of the instant of that transaction, and needs no lock.  The write-ahead log
    grows meanwhile, because its pages cannot go into the file.

    The copy is a file without a log, so that to read it changes nothing, and its SHA-256 stays what it was.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from empath.errors import CannotCreate, UnusableQueue
from empath.storage.spool import sync_folder
from empath.storage.sqlite.connection import translated

_STEP_PAGES: Final = 2_000  # 8 MiB
Progress = Callable[[int, int], object]  # pages copied so far, and of all pages


def copy_database(source: apsw.Connection, target: Path, on_progress: Progress) -> None:
    """
    Copy *source*, which is in a read transaction, to the new file *target*; the copy is durable.

    Raises:
        CannotCreate: *target* exists, or cannot be made.
        StorageFailure: the disk is full or failed.
    """
    try:
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640))
    except OSError as exc:
        raise CannotCreate(f"{target}: {exc.strerror}") from exc
    with translated(target):
        connection = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            # Nobody reads the copy before it is whole, and a part of it is thrown away.
            connection.pragma("journal_mode", "off")
            connection.pragma("synchronous", 0)
            with connection.backup("main", source, "main") as copying:
                while not copying.done:
                    copying.step(_STEP_PAGES)
                    on_progress(copying.page_count - copying.remaining, copying.page_count)
        finally:
            connection.close()
    leave_log(target)
    try:
        with target.open("r+b") as file:
            os.fsync(file.fileno())
        sync_folder(target.parent)
    except OSError as exc:
        raise CannotCreate(f"{target}: {exc.strerror}") from exc


def leave_log(path: Path) -> None:
    """
    Let the database at *path*, which nobody else has open, keep all of its content in one file.

    Raises:
        UnusableQueue: it cannot.
        StorageFailure: the disk failed.
    """
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            if (mode := connection.pragma("journal_mode", "delete")) != "delete":
                raise UnusableQueue(f"{path}: its journal_mode stays {mode!r}")
        finally:
            connection.close()
