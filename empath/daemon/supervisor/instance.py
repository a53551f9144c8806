"""
instance - one running Empath per queue

The lock is an flock on `<queue>.lock`, on one open file description that the supervisor and all its children share. The
kernel releases it when the last of them is gone, however it ended. The pid file names the supervisor for people and
init scripts; only the lock is authoritative. The command that starts an instance takes the lock first, so that no other
program uses the queue during the preparation, and hands the lock on in EMPATH_LOCK_FD.
"""

import fcntl
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from empath.errors import CannotCreate, PermissionRefused, QueueBusy

LOCK_FD: Final = "EMPATH_LOCK_FD"
WAIT_S: Final = 15.0  # longer than a drain, so that a restart outlasts the old children
_PAUSE_S: Final = 0.05


def lock_path(queue: Path) -> Path:
    """The lock file of a queue database, next to it: the same queue always has the same lock."""
    return queue.with_name(queue.name + ".lock")


def acquire(queue: Path, wait_s: float = WAIT_S) -> int:
    """
    Take the lock of *queue*; returns the descriptor that holds it.

    Raises:
        CannotCreate: the lock file cannot be made.
        QueueBusy: other processes still hold it after *wait_s*; the text names their pids.
    """
    path = lock_path(queue)
    fd = _open(path)
    if _still(lambda: not _try_lock(fd), wait_s):
        holders = holders_of(queue)
        os.close(fd)
        raise QueueBusy(f"another instance works on {queue}: held by {_pids_text(holders)}")
    return fd


def give_to(fd: int, user: str | None) -> None:
    """
    As root, give the lock file of descriptor *fd* to *user*, the owner of the queue, so that a later start as that user
    can open the file. Without root, do nothing.

    Raises:
        PermissionRefused: the file has other hard links, and may be a file of another owner.
    """
    status = os.fstat(fd)
    if os.geteuid() != 0 or user is None or status.st_uid == (owner := pwd.getpwnam(user)).pw_uid:
        return
    if status.st_nlink != 1:  # the user may have linked a file of another owner there
        raise PermissionRefused("the lock file next to the queue has other hard links; remove it, then start again")
    os.fchown(fd, owner.pw_uid, owner.pw_gid)


def inherited() -> int | None:
    """The descriptor with the lock that the starting command handed on; None if there is none."""
    text = os.environ.pop(LOCK_FD, None)
    if text is None:
        return None
    os.set_inheritable(int(text), False)
    return int(text)


def is_held(queue: Path) -> bool:
    """Whether any process of an instance lives. False if the lock file is missing or cannot be opened."""
    try:
        fd = os.open(lock_path(queue), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that two callers of this function do not take each other for an instance.
        return not _try_lock(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)  # also releases the lock, if it was free


def wait_until_free(queue: Path, wait_s: float) -> None:
    """
    Wait until no process of an instance lives.

    Raises:
        QueueBusy: some still live after *wait_s*; the text names their pids.
    """
    if _still(lambda: is_held(queue), wait_s):
        raise QueueBusy(f"the instance on {queue} did not end: still there: {_pids_text(holders_of(queue))}")


def _still(condition: Callable[[], bool], wait_s: float) -> bool:
    """Whether *condition* holds for all of *wait_s*; asked at least once."""
    poll = Retrying(
        retry=retry_if_result(bool),
        wait=wait_fixed(_PAUSE_S),
        stop=stop_after_delay(wait_s),
        retry_error_callback=lambda _: True,
    )
    return bool(poll(condition))


def holders_of(queue: Path) -> tuple[int, ...]:
    """Pids of other processes that have the lock file open, as far as this user may see in /proc."""
    try:
        wanted = os.stat(lock_path(queue))
    except OSError:
        return ()
    others = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
    return tuple(pid for pid in sorted(others) if _has_open(f"/proc/{pid}", wanted))


@dataclass(frozen=True, slots=True)
class PidFile:
    """File with the supervisor's pid in decimal and a line end."""

    path: Path

    def write(self, pid: int) -> None:
        """
        Write *pid* in one step, so that no reader sees a part of it. Makes the directory if it is missing.

        Raises:
            CannotCreate: the file or its directory cannot be made.
        """
        new = self.path.with_name(f"{self.path.name}.{pid}")
        try:
            self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            with os.fdopen(fd, "w") as file:
                os.fchmod(fd, 0o644)  # whatever the umask: `empathd status` is for any user
                file.write(f"{pid}\n")
            new.rename(self.path)
        except OSError as exc:
            raise CannotCreate(f"cannot write the pid file {self.path}: {exc.filename}: {exc.strerror}") from exc

    def find(self) -> int | None:
        """The pid in the file; None if there is no file or no pid in it."""
        try:
            text = self.path.read_text().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return int(text) if text.isascii() and text.isdigit() else None

    def remove(self, pid: int) -> None:
        """Remove the file if it still names *pid*."""
        if self.find() == pid:
            self.path.unlink(missing_ok=True)


def find_supervisor(queue: Path, pid_file: PidFile) -> int | None:
    """Pid of the running supervisor of *queue*, None if there is none. A stale pid file counts as none."""
    pid = pid_file.find()
    if pid is None:
        return None
    try:
        wanted = os.stat(lock_path(queue))
        os.kill(pid, 0)
    except PermissionError:
        return pid if is_held(queue) or not os.access(lock_path(queue), os.R_OK) else None
    except OSError:
        return None
    return pid if _has_open(f"/proc/{pid}", wanted) else None


def _open(path: Path) -> int:
    try:
        # O_NOFOLLOW: root may open the file in a directory that belongs to another user.
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    except FileNotFoundError as exc:
        raise CannotCreate(f"{path.parent}: no such directory; make it with `mkdir -p -m 750 {path.parent}`") from exc
    except OSError as exc:
        raise CannotCreate(f"cannot open the lock file {path}: {exc.strerror}") from exc


def _try_lock(fd: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_open(process: str, wanted: os.stat_result) -> bool:
    try:
        numbers = os.listdir(f"{process}/fd")
    except OSError:
        return False  # the process is gone, or belongs to another user
    for number in numbers:
        try:
            if os.path.samestat(os.stat(f"{process}/fd/{number}"), wanted):
                return True
        except OSError:
            continue  # closed by now
    return False


def _pids_text(pids: tuple[int, ...]) -> str:
    if not pids:
        return "processes that this user may not see"
    return f"pid{'s' if len(pids) > 1 else ''} {', '.join(map(str, pids))}"
