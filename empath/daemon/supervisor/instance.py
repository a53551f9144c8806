"""
instance - one running Empath per queue

The lock is on the directory of the queue, which cannot be deleted while the queue exists: a record lock of an open file
description (fcntl(2), F_OFD_SETLK) on one octet, whose offset comes from the name of the queue. The kernel knows the
directory by device and inode, so a queue that is reached through a link has the same lock. The supervisor and all its
children share the description: the lock ends with the last of them, however they end. It is a shared lock, since a
directory cannot be opened for writing; it is taken under a short flock, so that only one process can take it.

The supervisor also marks the next octet with a lock of its own process, so that the kernel shows its pid to any user
with the right to read the directory. While it drains, the mark covers both octets. The pid file names the supervisor
for people and init scripts; the lock decides. This module never opens the database file: closing it would drop the
locks that SQLite holds in the same process.

Older versions hold an flock on a file `<queue>.lock` instead. That lock is checked too, so that two versions never work
on one queue; the file is neither made nor removed here.

The command that starts an instance takes the lock first, so that no other process works on the queue while it is
prepared, and hands it on in EMPATH_LOCK_FD.
"""

import contextlib
import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from empath.daemon.supervisor.handed_on import LOCK_FD
from empath.daemon.supervisor.pid_file import PidFile
from empath.daemon.supervisor.titles import SUPERVISOR_TITLE, TITLE, title_of
from empath.errors import CannotCreate, PermissionRefused, QueueBusy

WAIT_S: Final = 15.0  # longer than a drain: a restart finds the old children gone
_PAUSE_S: Final = 0.05
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FLOCK: Final = "hhqqi4x"  # struct flock of a 64-bit Linux: type, whence, start, length, pid


def acquire(queue: Path, wait_s: float = WAIT_S, until: Callable[[], bool] = lambda: False) -> int:
    """
    Descriptor that holds the lock of *queue*. A wait for it ends early when *until* holds.

    Raises:
        CannotCreate: the directory of the queue cannot be opened.
        PermissionRefused: this user may not read it.
        QueueBusy: others hold it still at the end of the wait; the text names their pids.
    """
    fd = _open(queue)
    place = _place(queue)
    is_locked = False

    def waits() -> bool:
        nonlocal is_locked
        is_locked = _try_lock(fd, place)
        return not is_locked and not until()

    if _still(waits, wait_s) or not is_locked:
        os.close(fd)
        raise QueueBusy(f"another instance works on {queue}: held by {_pids_text(holders_of(queue))}")
    if _older_lock(queue) is not None:
        os.close(fd)
        held_by = _pids_text(holders_of(queue))
        raise QueueBusy(f"an older Empath works on {queue}: held by {held_by}; end it with `empathd stop`")
    return fd


class SupervisorMark:
    """
    Lets the kernel show the pid of this process to `find_supervisor`, and later that it stops to `is_stopping`.

    The mark is lost when the process closes any descriptor of the directory, so that of the mark stays open.
    """

    def __init__(self, queue: Path) -> None:
        self._fd = _open(queue)
        self._place = _place(queue)
        fcntl.fcntl(self._fd, fcntl.F_SETLK, _record(fcntl.F_RDLCK, self._place + 1))

    def stopping(self) -> None:
        """From now on the supervisor drains."""
        fcntl.fcntl(self._fd, fcntl.F_SETLK, _record(fcntl.F_RDLCK, self._place, octets=2))


def inherited() -> int | None:
    """The descriptor with the lock that the starting command handed on; None if there is none."""
    text = os.environ.pop(LOCK_FD, None)
    if text is None:
        return None
    os.set_inheritable(int(text), False)
    return int(text)


def is_held(queue: Path) -> bool:
    """
    Whether any process of an instance lives, of an older version too.

    Raises:
        PermissionRefused: this user may not read the directory of the queue.
    """
    return _holder(queue, fcntl.F_OFD_GETLK, _place(queue)) is not None or _older_lock(queue) is not None


def wait_until_free(queue: Path, wait_s: float, meanwhile: Callable[[], object] = lambda: None) -> None:
    """
    Wait until no process of an instance lives; *meanwhile* is called before each look.

    Raises:
        QueueBusy: some still live after *wait_s*; the text names their pids.
    """

    def is_still_held() -> bool:
        meanwhile()
        return is_held(queue)

    if _still(is_still_held, wait_s):
        raise QueueBusy(f"the instance on {queue} did not end: still there: {_pids_text(holders_of(queue))}")


def _still(condition: Callable[[], bool], wait_s: float) -> bool:
    """Whether *condition* holds for all of *wait_s*; asked at least once."""
    until = time.monotonic() + wait_s
    while condition():
        if time.monotonic() >= until:
            return True
        time.sleep(_PAUSE_S)
    return False


def holders_of(queue: Path) -> tuple[int, ...]:
    """Pids of other processes that hold the lock, as far as /proc lets this user see."""
    try:
        wanted = os.stat(_folder(queue))
    except OSError:
        return ()
    others = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
    try:
        older = _older_lock(queue)
    except PermissionRefused:
        older = None
    return tuple(
        pid
        for pid in sorted(others)
        if _holds(f"/proc/{pid}", wanted, f" {_place(queue)} {_place(queue)}\n")
        or (older is not None and _holds(f"/proc/{pid}", older, "lock:"))
    )


def is_starting(pids: Iterable[int]) -> bool:
    """Whether one of *pids*, holders of a queue without a supervisor, is a start that has not led to one yet."""
    titles = [title_of(pid) for pid in pids]
    return any(title and (not title.startswith(TITLE) or title == SUPERVISOR_TITLE) for title in titles)


def find_supervisor(queue: Path, pid_file: PidFile) -> int | None:
    """
    Pid of the running supervisor of *queue*, or None. The kernel knows it. A user without the right to ask the kernel
    relies on a pid file that names a living process.

    Raises:
        PermissionRefused: this user can read neither the directory of the queue nor the pid file.
    """
    pid = pid_file.find()
    try:
        found = _holder(queue, fcntl.F_GETLK, _place(queue) + 1)
        if found is None and _older_lock(queue) is not None:
            return pid if pid in holders_of(queue) else None
        return found
    except PermissionRefused:
        if not pid_file.is_readable:
            raise
    return pid if pid is not None and Path(f"/proc/{pid}").exists() else None


def is_stopping(queue: Path) -> bool:
    """Whether a supervisor of *queue* drains. False for a user without the right to ask the kernel."""
    try:
        fd = os.open(_folder(queue), _DIRECTORY)
    except OSError:
        return False
    try:
        kind, _, start, _ = _lock_at(fd, fcntl.F_GETLK, _place(queue) + 1)
        return kind != fcntl.F_UNLCK and start == _place(queue)
    finally:
        os.close(fd)


def _folder(queue: Path) -> Path:
    """Directory of the database file itself, also where *queue* is a link to it."""
    return Path(os.path.realpath(queue)).parent


def _place(queue: Path) -> int:
    """Place of the octet for the database file of this name; the octet after it is the supervisor's."""
    name = os.path.basename(os.path.realpath(queue))
    return int.from_bytes(sha256(os.fsencode(name)).digest()[:7]) * 2


def _older_lock(queue: Path) -> os.stat_result | None:
    """
    The lock file of an older version, if a process holds it.

    Raises:
        PermissionRefused: this user may not open it.
    """
    for database in {queue: None, Path(os.path.realpath(queue)): None}:
        path = database.with_name(f"{database.name}.lock")
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as exc:
            raise PermissionRefused(f"cannot tell whether an older Empath holds {path}: {exc.strerror}") from exc
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that ask do not meet each other
        except BlockingIOError:
            return os.fstat(fd)
        finally:
            os.close(fd)
    return None


def _open(queue: Path) -> int:
    folder = _folder(queue)
    try:
        return os.open(folder, _DIRECTORY)
    except FileNotFoundError as exc:
        raise CannotCreate(f"{folder}: no such directory; make it with `mkdir -p -m 750 {folder}`") from exc
    except PermissionError as exc:
        raise PermissionRefused(f"{folder}: this user may not read the directory of the queue; ask as root") from exc
    except OSError as exc:
        raise CannotCreate(f"cannot open the directory of the queue {folder}: {exc.strerror}") from exc


def _record(kind: int, place: int, octets: int = 1) -> bytes:
    return struct.pack(_FLOCK, kind, os.SEEK_SET, place, octets, 0)


def _lock_at(fd: int, command: int, place: int) -> tuple[int, int, int, int]:
    """Kind, whence, start and pid of another holder's lock at *place*; the kind F_UNLCK is none."""
    kind, whence, start, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(fd, command, _record(fcntl.F_WRLCK, place)))
    return kind, whence, start, pid


def _conflict(fd: int, command: int, place: int) -> int | None:
    """Pid of another holder of the lock at *place*, -1 for the lock of a description; None if there is none."""
    kind, _, _, pid = _lock_at(fd, command, place)
    return None if kind == fcntl.F_UNLCK else pid


def _try_lock(fd: int, place: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        if _conflict(fd, fcntl.F_OFD_GETLK, place) is not None:
            return False
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _record(fcntl.F_RDLCK, place))
        return True
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)


def _holder(queue: Path, command: int, place: int) -> int | None:
    """As `_conflict`, for the directory of *queue*. Raises PermissionRefused."""
    try:
        fd = os.open(_folder(queue), _DIRECTORY)
    except PermissionError as exc:
        raise PermissionRefused(f"cannot tell whether an instance runs on {queue}: {exc.strerror}") from exc
    except OSError:
        return None
    try:
        return _conflict(fd, command, place)
    finally:
        os.close(fd)


def removed_under(queue: Path, pids: Iterable[int]) -> Path | None:
    """
    The file of *queue* that is not there any more, or that *pids* (as far as /proc shows) have open only as a file that
    had its name before; None if all three are in place.
    """
    try:
        queue.stat()
    except FileNotFoundError:
        return queue
    except OSError:
        return None  # this user may not look
    names = {file for pid in pids for file in open_files(pid)}
    for suffix in ("", "-wal", "-shm"):
        name = f"{os.path.realpath(queue)}{suffix}"
        if f"{name} (deleted)" in names and name not in names:
            return Path(f"{queue}{suffix}")
    return None


def open_files(pid: int) -> Iterator[str]:
    """What the process *pid* has open, as the kernel names it; nothing if this user may not look."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for number in numbers:
        with contextlib.suppress(OSError):  # closed meanwhile
            yield os.readlink(f"/proc/{pid}/fd/{number}")


def _holds(process: str, wanted: os.stat_result, lock: str) -> bool:
    """Whether *process* has the file *wanted* open, with a lock whose line in fdinfo has the text *lock*."""
    try:
        numbers = os.listdir(f"{process}/fd")
    except OSError:
        return False  # gone, or another user's
    for number in numbers:
        try:
            is_wanted = os.path.samestat(os.stat(f"{process}/fd/{number}"), wanted)
            if is_wanted and lock in Path(f"{process}/fdinfo/{number}").read_text():
                return True
        except OSError:
            continue  # closed meanwhile
    return False


def _pids_text(pids: tuple[int, ...]) -> str:
    if not pids:
        return "processes that this user may not see"
    return f"pid{'s' if len(pids) > 1 else ''} {', '.join(map(str, pids))}"
