"""
spool_owner - a spool belongs to one queue

THEORY
    Two databases in one directory have the same spool, and each would take the content of the other for orphans.  So a
    queue has a key, kept in `_setting` and in the file `owner` of its spool.  A queue with another key, or with none,
    is not started there.

    The key is a ULID, and so holds the instant at which the queue took the spool.  Files from before that instant may
    be content of another queue, which has been moved, removed or not yet been started: only a person removes them.
"""

import os
import time
from pathlib import Path
from typing import Final

from empath.errors import CannotCreate, UnusableQueue
from empath.mail.identity import QueueId, Timestamp
from empath.storage.engine import Selects, Visit
from empath.storage.spool import no_link_opener, sync_folder

OWNER: Final = "owner"
_MAX_OCTETS: Final = 64  # more than any key and its line end


def key_of_queue(session: Selects) -> str | None:
    """The key in the database; None if the queue has never taken a spool."""
    key: str | None = session.value("spool_owner.key")
    return key


def key_of_spool(spool: Path) -> str | None:
    """
    The key in *spool*, blocking; None if the spool has no owner.

    Raises:
        OSError: the file cannot be read, or is a link.
    """
    opener = no_link_opener(0)
    try:
        with open(
            spool / OWNER, "rb", buffering=0, opener=lambda path, flags: opener(path, flags | os.O_NONBLOCK)
        ) as file:
            return file.read(_MAX_OCTETS).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None


def take(session: Visit, spool: Path) -> None:
    """
    Make *spool* that of the queue, unless it is already; blocks on the disk.

    Raises:
        UnusableQueue: it belongs to another queue.
        CannotCreate: its owner cannot be read or written.
        QueueBusy, StorageFailure: the queue cannot be written.
    """
    try:
        mine, its = key_of_queue(session), key_of_spool(spool)
        if its is None:
            # Content without an owner may be that of another queue: a new key keeps it.
            if mine is None or _has_content(spool):
                mine = str(QueueId.make(Timestamp(time.time()), os.urandom(10)))
                with session.transaction():
                    session.run("spool_owner.forget")
                    session.run("spool_owner.remember", {"key": mine})
            its = _write(spool, mine)
    except OSError as exc:
        raise CannotCreate(f"{spool / OWNER}: {exc.strerror}") from exc
    if its != mine:
        raise UnusableQueue(
            f"{spool}: the content of another queue than {session.location}; give each queue a directory of its own,"
            f" or remove {spool / OWNER} if no other queue uses it"
        )


def _write(spool: Path, key: str) -> str | None:
    """Write *key*, unless another process did; the key that is there now. A crash leaves a whole file or none."""
    new = spool / f"{OWNER}.{os.getpid()}"
    new.unlink(missing_ok=True)
    try:
        with open(new, "xb", opener=no_link_opener(0o640)) as file:
            file.write(f"{key}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        os.link(new, spool / OWNER)
    except FileExistsError:
        pass
    finally:
        new.unlink(missing_ok=True)
    sync_folder(spool)
    return key_of_spool(spool)


def _has_content(spool: Path) -> bool:
    """Whether a directory of content has a file."""
    folders = (folder for folder in spool.iterdir() if len(folder.name) == 2 and folder.is_dir())
    return any(any(folder.iterdir()) for folder in folders)
