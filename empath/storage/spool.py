"""
spool - content too large for the database

A file is written under `ULID.part`.  It is whole, synced and has its name before the transaction that names it in a
row.  A failed transaction unlinks it; a crash leaves an orphan, which no row names and the housekeeper finds.  The
writer locks a file until that transaction is over: the lock, not a clock, tells an incoming message from an orphan.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from empath.errors import ContentGone, StorageFailure
from empath.mail.identity import QueueId

_PREFIX = "spool:"
_COPY_OCTETS = 256 * 1024
PART = ".part"  # suffix of an incomplete file


class SpoolFile:
    """One content file under construction."""

    def __init__(self, spool: Path, node: str, queue_id: QueueId) -> None:
        self.locator = f"{_PREFIX}{node}/{queue_id}"
        self.path = locate(spool, self.locator)  # path of the complete file
        self._part = self.path.with_name(self.path.name + PART)
        self._file: BinaryIO | None = None

    def write(self, octets: bytes) -> None:
        """
        Append.

        Raises:
            StorageFailure: the disk is full or failed.
        """
        try:
            if self._file is None:
                self._make_folder()
                if os.path.lexists(self.path):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
                self._file = open(self._part, "xb", buffering=0, opener=no_link_opener(0o640))  # noqa: SIM115 - kept open
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            view = memoryview(octets)
            while view:
                view = view[self._file.write(view) :]
        except OSError as exc:
            raise StorageFailure(f"{self.path}: {exc.strerror}") from exc

    def complete(self) -> None:
        """
        Make the content and the file's name durable. The file stays locked until `close`.

        Raises:
            StorageFailure: the disk failed.
        """
        try:
            if self._file is None:
                self.write(b"")
            assert self._file is not None
            os.fsync(self._file.fileno())
            os.rename(self._part, self.path)
            self._part = self.path
            for folder in (self.path.parent, self.path.parent.parent):
                sync_folder(folder)
        except OSError as exc:
            raise StorageFailure(f"{self.path}: {exc.strerror}") from exc

    def read(self, at: int, size: int) -> bytes:
        """
        At most *size* octets of the complete file, from *at* on.

        Raises:
            StorageFailure: the disk failed.
        """
        try:
            with open(self.path, "rb", buffering=0, opener=no_link_opener(0o640)) as file:
                file.seek(at)
                return file.read(size)
        except OSError as exc:
            raise StorageFailure(f"{self.path}: {exc.strerror}") from exc

    def read_start(self, size: int) -> bytes:
        """The first *size* octets; raises as `read`."""
        return self.read(0, size)

    def replace_start(self, old_octets: int, new: bytes, count: Callable[[bytes], object]) -> None:
        """
        Write the complete file anew, with *new* in place of its first *old_octets*; *count* gets each piece of it.

        Raises:
            StorageFailure: the disk is full or failed. The old file stays.
        """
        self.replace(self._with_start(old_octets, new), count)

    def replace(self, pieces: Iterable[bytes], count: Callable[[bytes], object]) -> None:
        """
        Write the complete file anew, as *pieces*; *count* gets each of them.

        Raises:
            StorageFailure: the disk is full or failed. The old file stays.
        """
        old, made = self._file, None
        part = self.path.with_name(self.path.name + PART)
        try:
            made = open(part, "xb", buffering=0, opener=no_link_opener(0o640))  # noqa: SIM115 - kept open
            fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for piece in pieces:
                count(piece)
                view = memoryview(piece)
                while view:
                    view = view[made.write(view) :]
            os.fsync(made.fileno())
            os.rename(part, self.path)
            sync_folder(self.path.parent)
        except OSError as exc:
            part.unlink(missing_ok=True)
            if made is not None:
                made.close()
            raise StorageFailure(f"{self.path}: {exc.strerror}") from exc
        self._file = made
        if old is not None:
            old.close()

    def _with_start(self, old_octets: int, new: bytes) -> Iterator[bytes]:
        with open(self.path, "rb", buffering=0, opener=no_link_opener(0o640)) as source:
            source.seek(old_octets)
            yield new
            while piece := source.read(_COPY_OCTETS):
                yield piece

    def _make_folder(self) -> None:
        """Make the file's directory, and a spool that was removed. The queue's own directory is never made."""
        try:
            self.path.parent.mkdir(mode=0o750, exist_ok=True)
        except FileNotFoundError:
            spool = self.path.parent.parent
            spool.mkdir(mode=0o750, exist_ok=True)
            sync_folder(spool.parent)
            self.path.parent.mkdir(mode=0o750, exist_ok=True)

    def close(self) -> None:
        """Close the file and release its lock: a row names the file by now, or no row ever will."""
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        """Unlink the file. If that fails, it stays as an orphan, which the housekeeper removes."""
        if self._file is not None:
            try:
                self._part.unlink(missing_ok=True)
                self._file.close()
            except OSError:
                pass


def is_being_written(file: Path) -> bool:
    """Whether the message of *file* is still being received; blocks on the disk. Raises OSError."""
    try:
        with open(file, "rb", buffering=0, opener=no_link_opener(0o640)) as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass  # the transaction failed
    return False


def locate(spool: Path, locator: str) -> Path:
    """Path of the file that *locator* names: one of 1,024 directories by the id's random end."""
    ulid = locator.rpartition("/")[2]
    return spool / ulid[-2:] / ulid


def open_content(spool: Path, locator: str) -> BinaryIO:
    """
    Open for reading. A link is not followed, because it could lead to any file that Empath may read.

    Raises:
        ContentGone: the file is not there.
        StorageFailure: it cannot be opened now, or is a link.
    """
    path = locate(spool, locator)
    try:
        return open(path, "rb", buffering=0, opener=no_link_opener(0o640))
    except FileNotFoundError as exc:
        raise ContentGone(f"{path}: {exc.strerror}") from exc
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def no_link_opener(mode: int) -> Callable[[str, int], int]:
    """An `opener` for open() that follows no link and creates files of *mode*."""
    return lambda path, flags: os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, mode)


def make_folder(folder: Path, *, mode: int) -> None:
    """Make *folder* and its missing parents; each new name is durable. Blocks on the disk."""
    missing = [folder, *folder.parents]
    missing = missing[: next((n for n, one in enumerate(missing) if one.is_dir()), len(missing))]
    for one in reversed(missing):
        one.mkdir(mode=mode, exist_ok=True)
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in *folder* durable; blocks on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
