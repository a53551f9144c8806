"""
places - whether the user of the processes can reach the files and directories that settings name

Modes and owners decide, so that root can check for another user. What this user may not look at is not judged.
"""

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SEARCH: Final = 0o1
_READ: Final = 0o4
_WRITE: Final = 0o3  # a new entry needs both bits of its directory


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system; name and group, that of its files, are for people."""

    name: str
    uid: int
    gids: frozenset[int]
    group: str

    @classmethod
    def find(cls, user: str | None) -> "Account | None":
        """The account of *user*, None if there is none. Without *user* any may start Empath: one with all rights."""
        if user is None:
            return cls("root", 0, frozenset(), "root")
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            return None
        return cls(user, entry.pw_uid, frozenset(os.getgrouplist(user, entry.pw_gid)), _group_name(entry.pw_gid))

    def may(self, bits: int, status: os.stat_result) -> bool:
        """Whether the mode in *status* grants *bits*, as of the last digit of a mode."""
        if self.uid == 0:
            return True
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid in self.gids else 0
        return status.st_mode >> shift & bits == bits


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def closed_folder(folder: Path, account: Account) -> Path | None:
    """The first directory on the way into *folder*, itself included, that *account* may not enter; None: it may."""
    for place in (*reversed(folder.parents), folder):
        try:
            if not account.may(_SEARCH, place.stat()):
                return place
        except OSError:
            return None
    return None


def obstacle_to_file(file: Path, account: Account) -> str | None:
    """Why *account* cannot read *file*, as a clause; None if it can."""
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no file {file}"
    except OSError:
        return None
    closed = closed_folder(file.parent, account)
    if closed is not None:
        return f"user {account.name} may not enter {closed}"
    if stat.S_ISDIR(status.st_mode):
        return f"{file} is a directory, and not a file"
    return None if account.may(_READ, status) else f"user {account.name} may not read {file}"


def obstacle_to_folder(folder: Path, account: Account) -> str | None:
    """Why *account* cannot make and fill the directory *folder*, as a clause; None if it can."""
    place = folder
    while True:
        try:
            status = place.stat()
            break
        except (FileNotFoundError, NotADirectoryError):
            place = place.parent
        except OSError:
            return None
    if not stat.S_ISDIR(status.st_mode):
        return f"{place} is not a directory"
    closed = closed_folder(place.parent, account)
    if closed is not None:
        return f"user {account.name} may not enter {closed}"
    return None if account.may(_WRITE, status) else f"user {account.name} may not write in {place}"


def may_be_a_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except PermissionError:
        return True  # this user may not look
    except OSError:
        return False
