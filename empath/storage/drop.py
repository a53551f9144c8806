"""
drop - a message that a program of this host leaves for the server, as one file in a directory

THEORY
    The file is the only thing that sender and server share, so that mail is safe while the server is stopped.  Its
    first line is the envelope as a JSON object; the content follows.  It is written under another name, synced, and
    renamed to `ULID.mail` when it is whole.  That ULID becomes the queue id: a message that was taken in, but whose
    file was not removed before a crash, is recognized by it.

    Every user may be allowed to write here, so a file is not trusted: it must be a regular file with one name and
    within bounds, and it is never opened through a link.  The owner of the file is its sender, which no user can forge.
    Only the server itself may name another user as the sender, because it leaves parts of what that user has left.

    The server may split a file whose recipients get different answers (`Split`).  The part that leaves is written
    first, under a name that counts for nothing; then the rest takes the place of the file, in one step; then the part
    gets a name that counts.  `mend_splits` finishes or undoes what a crash left in between, before any file is taken
    in.  So each recipient is in one file, whenever the process dies.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from empath.errors import CannotCreate, PermissionRefused, StorageFailure, SyntaxViolation
from empath.mail.envelope import BodyType, DsnReturn
from empath.mail.identity import QueueId
from empath.storage.spool import no_link_opener, sync_folder

SUFFIX: Final = ".mail"
REFUSED: Final = "refused"  # a directory beside the messages, for what is none
_PART: Final = ".part"
_SPLIT: Final = ".split"
_MODE: Final = 0o640  # the directory's setgid bit gives the file a group that the server belongs to
_CHUNK_OCTETS: Final = 256 * 1024
_ENVELOPE_OCTETS: Final = 1024 * 1024
_MAX_RECIPIENTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class DropRecipient:
    """One recipient. Shape: as in `empath.mail.envelope.Recipient`, the address as text."""

    address: str
    notify: str | None = None
    original_recipient: str | None = None


@dataclass(frozen=True, slots=True)
class DropEnvelope:
    """The envelope of a dropped message. Shape: as in `empath.mail.envelope.Envelope`, the paths as text."""

    reverse_path: str
    recipients: tuple[DropRecipient, ...]
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    dsn_return: DsnReturn | None = None
    envelope_id: str | None = None


@dataclass(slots=True)
class Drop:
    """
    A dropped message, open for reading.

    Shape: uid is the number of the user that left it; of a part that the server wrote, that of the
    whole file's owner.
    """

    queue_id: QueueId
    envelope: DropEnvelope
    uid: int
    size: int
    _digest: str
    _start: int
    _file: BinaryIO = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """
        Read the content from its beginning; blocks on the disk.

        Raises:
            SyntaxViolation: after the last piece, where the content is not what was left.
            StorageFailure: it cannot be read now.
        """
        hashed, octets = hashlib.sha256(), 0
        try:
            self._file.seek(self._start)
            while octets <= self.size and (piece := self._file.read(_CHUNK_OCTETS)):
                hashed.update(piece)
                octets += len(piece)
                yield piece
        except OSError as exc:
            raise StorageFailure(f"{self._file.name}: {exc.strerror}") from exc
        if (octets, hashed.hexdigest()) != (self.size, self._digest):
            raise SyntaxViolation("the content is not what its first line says")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def write_drop(
    directory: Path, queue_id: QueueId, envelope: DropEnvelope, content: bytes, *, uid: int | None = None
) -> Path:
    """
    Leave a message in *directory*; the path of its file, which is durable. Blocks on the disk.

    The server names the user that the message is from by *uid*.

    Raises:
        CannotCreate: there is no such directory.
        PermissionRefused: this user may not write there.
        StorageFailure: the disk is full or failed.
    """
    return _write_file(directory / f"{queue_id}{SUFFIX}", queue_id, envelope, content, uid=uid)


class Split:
    """
    The split of the file *path*, in three steps that are to be done in their order: *others* of its recipients leave
    it. Each blocks on the disk.
    """

    def __init__(
        self, path: Path, drop: Drop, others: frozenset[DropRecipient], new_ids: Callable[[], QueueId]
    ) -> None:
        """*drop* is the open file."""
        self._path = path
        self._drop = drop
        self._others = others
        self._id = new_ids()
        self._temporary_id = new_ids()
        self._content = b"".join(drop.pieces())
        self._waiting = path.parent / f".{drop.queue_id}.{self._id}{_SPLIT}"

    def write_part(self) -> None:
        """Write the part that leaves, under a name that counts for nothing."""
        self._write(self._waiting, self._id, are_others=True)

    def shorten(self) -> None:
        """Let the rest take the place of the file."""
        self._write(self._path, self._temporary_id, are_others=False)

    def release(self) -> None:
        """Give the part a name that counts."""
        _release(self._waiting, self._id)

    def _write(self, path: Path, part_id: QueueId, *, are_others: bool) -> None:
        envelope = self._drop.envelope
        recipients = tuple(each for each in envelope.recipients if (each in self._others) == are_others)
        _write_file(path, part_id, replace(envelope, recipients=recipients), self._content, uid=self._drop.uid)


def mend_splits(directory: Path, *, max_octets: int) -> None:
    """
    Finish the splits that a crash has cut off after `shorten`, and undo the others; blocks on the disk.

    Raises:
        StorageFailure: the directory or a file cannot be read or changed.
    """
    try:
        with os.scandir(directory) as entries:
            waiting = [Path(each.path) for each in entries if each.name.endswith(_SPLIT) and _is_of_server(each)]
    except OSError as exc:
        raise StorageFailure(f"{directory}: {exc.strerror}") from exc
    for path in waiting:
        try:
            _, whole_id, part_id, _ = path.name.split(".")
            part = _open(path, QueueId.parse(part_id), max_octets)
        except (FileNotFoundError, SyntaxViolation, ValueError):
            continue  # a user may make any name here
        part.close()
        if _recipients(directory / f"{whole_id}{SUFFIX}", max_octets).isdisjoint(part.envelope.recipients):
            _release(path, part.queue_id)
        else:
            _remove(path)


def _is_of_server(entry: "os.DirEntry[str]") -> bool:
    return entry.stat(follow_symlinks=False).st_uid == os.geteuid()


def _recipients(path: Path, max_octets: int) -> frozenset[DropRecipient]:
    try:
        drop = open_drop(path, max_octets=max_octets)
    except (FileNotFoundError, SyntaxViolation):
        return frozenset()
    drop.close()
    return frozenset(drop.envelope.recipients)


def _release(path: Path, queue_id: QueueId) -> None:
    try:
        os.rename(path, path.with_name(f"{queue_id}{SUFFIX}"))
        sync_folder(path.parent)
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _write_file(
    path: Path, part_id: QueueId, envelope: DropEnvelope, content: bytes, *, uid: int | None = None
) -> Path:
    """Write a whole file at *path*; until it is whole, its name has *part_id*."""
    digest = hashlib.sha256(content).hexdigest()
    head = {**asdict(envelope), "size": len(content), "digest": digest}
    if uid is not None:
        head["uid"] = uid
    directory = path.parent
    part = directory / f".{part_id}{_PART}"
    try:
        with open(part, "xb", buffering=0, opener=no_link_opener(_MODE)) as file:
            os.fchmod(file.fileno(), _MODE)  # whatever the umask
            _write(file, (json.dumps(head).encode() + b"\n", content))
            os.fsync(file.fileno())
            os.rename(part, path)
            try:
                sync_folder(directory)
            except PermissionError:  # a directory that may not be listed: the file takes its new name to the disk
                os.fsync(file.fileno())
    except FileNotFoundError as exc:
        raise CannotCreate(f"{directory}: no such directory; the administrator makes it, see INSTALL") from exc
    except PermissionError as exc:
        raise PermissionRefused(f"{directory}: this user may not leave mail there; see INSTALL") from exc
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise StorageFailure(f"{directory}: {exc.strerror}") from exc
    return path


def dropped(directory: Path, *, limit: int) -> list[str]:
    """
    The names of at most *limit* whole files, the oldest first; blocks on the disk.

    Raises:
        StorageFailure: the directory cannot be read.
    """
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(SUFFIX)]
    except OSError as exc:
        raise StorageFailure(f"{directory}: {exc.strerror}") from exc
    return sorted(names)[:limit]


def open_drop(path: Path, *, max_octets: int) -> Drop:
    """
    Open a dropped message; blocks on the disk.

    Raises:
        FileNotFoundError: another process has taken it.
        SyntaxViolation: it is not a message that `write_drop` leaves, or it has more than *max_octets*.
        StorageFailure: it cannot be read now.
    """
    return _open(path, QueueId.parse(path.name.removesuffix(SUFFIX)), max_octets)


def _open(path: Path, queue_id: QueueId, max_octets: int) -> Drop:
    try:
        # A pipe must not block the server. A link is not followed.
        file = open(path, "rb", buffering=0, opener=_no_wait_opener)  # noqa: SIM115 - the caller closes it
    except FileNotFoundError:
        raise
    except OSError as exc:
        if path.is_symlink() or not path.is_file():
            raise SyntaxViolation("it is not a regular file") from exc
        raise StorageFailure(f"{path}: {exc.strerror}") from exc
    try:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise SyntaxViolation("it is not a regular file with one name")
        head, start = _read_head(file)
        size, digest = head.pop("size", None), head.pop("digest", None)
        uid = _sender(status.st_uid, head.pop("uid", None))
        if not isinstance(size, int) or not isinstance(digest, str) or not 0 <= size <= max_octets:
            raise SyntaxViolation(f"its size is not within {max_octets} octets")
        if status.st_size != start + size:  # a file with holes may seem to have more octets than any disk
            raise SyntaxViolation("it is longer or shorter than its first line says")
        return Drop(queue_id, _envelope(head), uid, size, digest, start, file)
    except OSError as exc:
        file.close()
        raise StorageFailure(f"{path}: {exc.strerror}") from exc
    except BaseException:
        file.close()
        raise


def _no_wait_opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _write(file: BinaryIO, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        view = memoryview(piece)
        while view:
            view = view[file.write(view) :]


def _read_head(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The envelope, and where the content begins."""
    octets = b""
    while (end := octets.find(b"\n")) < 0:
        piece = file.read(_CHUNK_OCTETS)
        octets += piece
        if not piece or len(octets) > _ENVELOPE_OCTETS + _CHUNK_OCTETS:
            raise SyntaxViolation("its first line is not an envelope")
    try:
        head = json.loads(octets[:end])
    except (ValueError, RecursionError) as exc:
        raise SyntaxViolation("its first line is not an envelope") from exc
    if not isinstance(head, dict):
        raise SyntaxViolation("its first line is not an envelope")
    return head, end + 1


def _sender(owner: int, named: object) -> int:
    """The user that a file is from; only a file of the server itself may have *named* another."""
    return named if isinstance(named, int) and owner == os.geteuid() else owner


def _envelope(head: dict[str, Any]) -> DropEnvelope:
    try:
        recipients = tuple(DropRecipient(**recipient) for recipient in head.pop("recipients"))
        body_type, dsn_return = BodyType(head.pop("body_type")), head.pop("dsn_return")
        envelope = DropEnvelope(
            recipients=recipients,
            body_type=body_type,
            dsn_return=None if dsn_return is None else DsnReturn(dsn_return),
            **head,
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise SyntaxViolation("its first line is not an envelope") from exc
    words = [envelope.reverse_path, *(recipient.address for recipient in recipients)]
    optional = [envelope.envelope_id, *(text for r in recipients for text in (r.notify, r.original_recipient))]
    is_text = all(isinstance(word, str) for word in words) and all(isinstance(w, str | None) for w in optional)
    if not is_text or not isinstance(envelope.is_smtputf8, bool) or not 0 < len(recipients) <= _MAX_RECIPIENTS:
        raise SyntaxViolation("its first line is not an envelope")
    return envelope
