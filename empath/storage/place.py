"""
place - whether a place is fit for the files of a queue, before anything is started

On a network file system the locks of a queue do not work.  In a directory that others may write, the queue can be
replaced.  A queue in a system directory is a mistake.  The check follows every link before it judges a path.  A queue
in a server has files of its host as well: the lock of the instance, its sockets, and large content.
"""

import os
import pwd
import re
import stat
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from empath.errors import CannotCreate, ConfigError, EmpathError, PermissionRefused
from empath.storage import spool_owner
from empath.storage.engine import Visit

_SYSTEM = tuple(
    map(Path, ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root/.ssh", "/sbin", "/sys", "/usr"))
)
_NETWORK = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2",
    "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs",
})  # fmt: skip
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")  # space, tab, line feed and backslash in a mount point


def check_place(path: Path, user: str | None) -> pwd.struct_passwd:
    """
    Check that the files of a queue can live in the directory of *path*; their owner, which is *user* or this one.

    Raises:
        ConfigError: a system directory, a network file system, or an unknown *user*.
        PermissionRefused: the directory belongs to another user, or others may write it.
        CannotCreate: there is no such directory, or it cannot be written.
    """
    owner = _account(user)
    for folder in {
        path.parent: None,
        Path(os.path.realpath(path)).parent: None,
    }:  # SQLite writes where a link at *path* leads
        _check_place(folder, owner)
    return owner


def make_spool(
    path: Path,
    owner: pwd.struct_passwd,
    visit: Callable[[], AbstractContextManager[Visit]],
    *,
    files: Iterable[Path],
    gives: bool,
    say: Callable[[str], object],
) -> None:
    """
    Make the spool next to *path* that of the queue that *visit* leads to. *gives*: it and *files* become *owner*'s.

    Raises:
        CannotCreate: it cannot be made.
        PermissionRefused: it belongs to another user, or others may write it.
        UnusableQueue, QueueBusy, StorageFailure: see `spool_owner.take`.
    """
    spool = path.parent / "spool"
    try:
        spool.mkdir(mode=0o750, exist_ok=True)
        with visit() as session:
            spool_owner.take(session, spool)
        if gives:
            for mine in (*files, spool, spool / spool_owner.OWNER):
                if mine.exists():
                    # That user may have planted a link: root must not give away the file that it leads to.
                    os.chown(mine, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    except OSError as exc:
        raise CannotCreate(f"{spool}: {exc.strerror}") from exc
    check_mode(spool, owner, "directory")
    _open_folders(spool, owner, gives=gives)
    closed = _closed_folders(spool, owner)
    if closed is not None:
        say(str(closed))


def place_errors(path: Path, user: str | None = None) -> list[EmpathError]:
    """Check the directories and files as a start does; nothing is made or changed."""
    found: list[EmpathError] = []
    try:
        owner = _account(user)
    except ConfigError as exc:
        return [exc]
    for folder in {path.parent: None, Path(os.path.realpath(path)).parent: None}:
        try:
            _check_place(folder, owner)
        except EmpathError as exc:
            found.append(exc)
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm"), path.parent / "spool"):
        try:
            check_mode(file, owner, "directory" if file.name == "spool" else "file")
        except EmpathError as exc:
            found.append(exc)
        except (FileNotFoundError, NotADirectoryError):
            pass  # not made yet
        except OSError as exc:
            found.append(PermissionRefused(f"{file}: {exc.strerror}; run it as root or as the queue's owner"))
    closed = _closed_folders(path.parent / "spool", owner)
    return found if closed is None else [*found, closed]


def network_file_system(path: Path, mounts: str) -> str | None:
    """Type of the network file system that *path* is on, or None; *mounts* is a mountinfo table, see proc(5)."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), left.split(" ")[4])
        # A later mount hides an earlier one at the same point, as a file system hides the automounter's.
        if len(point) >= best and path.is_relative_to(point):
            best, kind = len(point), right.split(" ")[0]
    return kind if kind in _NETWORK else None


def _account(user: str | None) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user) if user is not None else pwd.getpwuid(os.geteuid())
    except KeyError as exc:
        raise ConfigError(f"[process] user: there is no user {user or os.geteuid()!r}; add it with useradd") from exc


def _check_place(folder: Path, owner: pwd.struct_passwd) -> None:
    try:
        real = folder.resolve(strict=True)
    except FileNotFoundError as exc:
        raise CannotCreate(f"{folder}: no such directory; make it with `mkdir -p -m 750 {folder}`") from exc
    except (OSError, RuntimeError) as exc:
        raise CannotCreate(f"{folder}: cannot be used as the queue's directory: {exc}") from exc
    if not real.is_dir():
        raise CannotCreate(f"{real}: not a directory; [queue] path must name a file in one")
    system = next((place for place in _SYSTEM if real.is_relative_to(place)), None)
    if real == Path("/") or system is not None:
        raise ConfigError(f"{real}: a queue may not lie in {system or '/'}; use a directory such as /var/lib/empath")
    kind = network_file_system(real, os.fsdecode(_MOUNTS.read_bytes())) if _MOUNTS.exists() else None
    if kind is not None:
        raise ConfigError(f"{real}: on {kind}, a network file system, SQLite's locks do not hold; use a local disk")
    check_mode(real, owner, "directory")
    if not _may_write(real, owner):
        raise CannotCreate(
            f"{real}: user {owner.pw_name} may not write this directory; run `chown {owner.pw_name} {real}`"
        )


def _may_write(folder: Path, owner: pwd.struct_passwd) -> bool:
    if os.geteuid() == owner.pw_uid:
        return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)
    status = folder.stat()  # for another user when root runs the check
    if status.st_uid == owner.pw_uid:
        return status.st_mode & 0o300 == 0o300
    return status.st_mode & 0o030 == 0o030 and status.st_gid in os.getgrouplist(owner.pw_name, owner.pw_gid)


def _open_folders(spool: Path, owner: pwd.struct_passwd, *, gives: bool) -> None:
    """
    Let *owner* write in *spool* and the directories in it, 1,024 at most; *gives* also makes them that user's.

    That user may have planted a link, so none is followed. What this process may not change stays as it is.
    """
    try:
        top = os.open(spool, _FOLDER)
    except OSError:
        return
    try:
        for name in (".", *_folders_in(top)):
            try:
                fd = os.open(name, _FOLDER, dir_fd=top)
            except OSError:
                continue
            try:
                _open_folder(fd, owner, gives=gives)
            except OSError:
                pass
            finally:
                os.close(fd)
    finally:
        os.close(top)


def _open_folder(fd: int, owner: pwd.struct_passwd, *, gives: bool) -> None:
    status = os.fstat(fd)
    if gives and (status.st_uid, status.st_gid) != (owner.pw_uid, owner.pw_gid):
        os.fchown(fd, owner.pw_uid, owner.pw_gid)
    if status.st_mode & 0o700 != 0o700:
        os.fchmod(fd, stat.S_IMODE(status.st_mode) | 0o700)


def _closed_folders(spool: Path, owner: pwd.struct_passwd) -> CannotCreate | None:
    """The finding that *owner* cannot write in *spool* or in directories of it: large mail would get 451 at times."""
    closed = []
    try:
        for folder in (spool, *(spool / name for name in sorted(_folders_in(spool)))):
            if not _may_write(folder, owner):
                closed.append(folder)
    except OSError:
        pass  # not made yet, or this user may not look
    if not closed:
        return None
    others = f" and {len(closed) - 1} more in {spool}" if len(closed) > 1 else ""
    mend = f"run `chown -R {owner.pw_name} {spool} && chmod -R u+rwX {spool}`"
    return CannotCreate(f"{closed[0]}: user {owner.pw_name} may not write this directory{others}; {mend}")


def _folders_in(spool: Path | int) -> list[str]:
    """The names of the directories of content, without links."""
    with os.scandir(spool) as entries:
        return [entry.name for entry in entries if len(entry.name) == 2 and entry.is_dir(follow_symlinks=False)]


def check_mode(path: Path, owner: pwd.struct_passwd, what: str) -> None:
    """
    Check that *path*, a *what*, belongs to *owner* or root, and that not everybody may write it.

    Raises:
        PermissionRefused: it is not so.
    """
    status = path.stat()
    if status.st_mode & stat.S_IWOTH and stat.S_ISDIR(status.st_mode):
        # To change the mode of a shared directory, such as /tmp, would harm every other program.
        raise PermissionRefused(f"{path}: every user may write this {what}; use one that is Empath's own, of mode 750")
    if status.st_mode & stat.S_IWOTH:
        raise PermissionRefused(f"{path}: every user may write this {what}; run `chmod o-w {path}`")
    if status.st_uid not in (0, owner.pw_uid):
        mend = f"run `chown {owner.pw_name} {path}`"
        raise PermissionRefused(f"{path}: the {what} belongs to user {status.st_uid}, not {owner.pw_name}; {mend}")
