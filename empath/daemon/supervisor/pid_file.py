"""pid_file - the file that names the supervisor, for people and init scripts"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from empath.daemon.supervisor.titles import SUPERVISOR_TITLE, title_of
from empath.errors import CannotCreate

_MAX_PID_OCTETS: Final = 64  # more than any pid and its line end


@dataclass(frozen=True, slots=True)
class PidFile:
    """File with the supervisor's pid in decimal and a line end."""

    path: Path

    def write(self, pid: int) -> None:
        """
        Write *pid* in one step, so that no reader sees a part of it. Makes the directory if it is missing.

        Raises:
            CannotCreate: the file or its directory cannot be made, or see `obstacle`.
        """
        obstacle = self.obstacle(pid)
        if obstacle is not None:
            raise CannotCreate(f"cannot write the pid file {self.path}: {obstacle}")
        new = self.path.with_name(f"{self.path.name}.{pid}")
        try:
            if not self.path.parent.is_dir():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.parent.chmod(0o755)  # whatever the umask, as below
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            with os.fdopen(fd, "w") as file:
                os.fchmod(fd, 0o644)  # whatever the umask: `empathd status` is for any user
                file.write(f"{pid}\n")
            new.rename(self.path)
        except OSError as exc:
            where = "" if exc.filename in (None, str(new)) else f"{exc.filename}: "
            raise CannotCreate(f"cannot write the pid file {self.path}: {where}{exc.strerror}") from exc

    def obstacle(self, own_pid: int | None) -> str | None:
        """Why the supervisor *own_pid*, or one that is yet to start, may not write the file; None if it may."""
        if os.path.isdir(self.path):  # not as Path.is_dir, which fails where this user may not look
            return "there is a directory; name a file in it by [process] pid_file"
        if not self._is_replaceable():
            return "there is a file with other content; name another by [process] pid_file, or remove it"
        named = self.find()
        if named is not None and named != own_pid and title_of(named) == SUPERVISOR_TITLE:
            return f"it names pid {named}, the supervisor of another queue; name another by [process] pid_file"
        return None

    def find(self) -> int | None:
        """The pid in the file; None if there is no file or no pid in it."""
        try:
            text = self._read().strip()
        except OSError:
            return None
        return int(text) if text.isdigit() else None

    def _read(self) -> bytes:
        """The first octets of the file, one more than a pid file may have; none if it is not a regular file."""
        fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb", buffering=0) as file:
            return file.read(_MAX_PID_OCTETS + 1) if stat.S_ISREG(os.fstat(fd).st_mode) else b""

    def _is_replaceable(self) -> bool:
        """Whether the path has no file, a pid file, or an empty file, as a crash of the machine may leave it."""
        try:
            is_regular = stat.S_ISREG(self.path.stat().st_mode)
            octets = self._read()
        except OSError:
            return True  # the write reports what is wrong
        return is_regular and len(octets) <= _MAX_PID_OCTETS and (not octets or octets.strip().isdigit())

    @property
    def is_readable(self) -> bool:
        """Whether this user can read the file, or see that it does not exist."""
        try:
            self.path.open("rb").close()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def remove(self, pid: int) -> None:
        """Remove the file if it still names *pid*."""
        if self.find() == pid:
            self.path.unlink(missing_ok=True)
