"""
visit - the connection of a person's command to the queue

A server knows that its queue exists and belongs to it. A command does not, so its errors say what is missing and which
user may run it.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from empath.errors import MissingInput, PermissionRefused, StorageFailure, UnusableQueue
from empath.storage.sqlite.connection import check_library, open_reader, open_writer, translated
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.openers import check_openers
from empath.storage.sqlite.schema import check_current
from empath.storage.sqlite.session import TranslatingSession


@contextlib.contextmanager
def visiting(
    path: Path,
    write_deadline_s: float | None,
    destination_ids: DestinationIds,
    check: Callable[[apsw.Connection, Path], object] = check_current,
) -> Iterator[TranslatingSession]:
    """
    A connection to the queue at *path* for the time of a `with`: for writing, waiting at most *write_deadline_s* for
    the write lock, or for reading if there is no deadline. *check* raises if the file is not fit.

    Raises:
        MissingInput: there is no such file.
        PermissionRefused: this user may not use it as asked.
        UnusableQueue: it is not a queue database, or one of another schema.
        ServiceUnavailable: the SQLite library could corrupt it.
        QueueBusy, StorageFailure: see `translated` and `check_openers`; the body's errors of apsw become these as well.
    """
    check_library()
    _check_readable(path)
    check_openers(path)
    try:
        with translated(path):
            connection = (
                open_reader(path) if write_deadline_s is None else open_writer(path, deadline_s=write_deadline_s)
            )
            try:
                check(connection, path)
                connection.pragma("temp_store", 2)  # for the rows between a view and its trigger
                yield TranslatingSession(connection, path, destination_ids)
            finally:
                connection.close()
    except StorageFailure as exc:
        if isinstance(exc.__cause__, apsw.CantOpenError | apsw.ReadOnlyError | apsw.PermissionsError):
            raise _refused(path) from exc
        raise


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise MissingInput(f"{path}: no queue database; the first `empathd start` makes it") from exc
    except PermissionError as exc:
        raise _refused(path) from exc
    except IsADirectoryError as exc:
        raise UnusableQueue(f"{path}: a directory, not a queue database; see [queue] path") from exc
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _refused(path: Path) -> PermissionRefused:
    return PermissionRefused(f"{path}: this user may not use the queue; run it as root or as the queue's owner")
