"""
system_shell - the command line of the system's own sqlite3 on the queue

`sqlite3 -init` goes on without a file that it cannot open, and a shell without our settings may damage the queue. So
the file is named by its absolute path, and without it there is no command line.

The index of past mail is attached as `track`, where there is one.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import empath
from empath.errors import MissingInput
from empath.storage.sqlite.track import attach_text, track_path


def settings_file() -> Path | None:
    """Where conf/sqliterc is: in the checkout, in the environment, or in /etc; None if it is not installed."""
    for place in (Path(empath.__file__).parents[1] / "conf", Path(sys.prefix) / "share/empath", Path("/etc/empath")):
        if (place / "sqliterc").is_file():
            return place / "sqliterc"
    return None


def shell_command(path: Path, arguments: Sequence[str], *, writes: bool) -> list[str]:
    """
    Program and arguments of the shell on the queue at *path*, which it can only read unless it *writes*.

    *arguments* are options and statements for the shell.

    Raises:
        MissingInput: the shell or its settings are not installed.
    """
    program, settings = shutil.which("sqlite3"), settings_file()
    if program is None:
        raise MissingInput("sqlite3 is not installed; `empath-admin sql` has a shell of its own")
    if settings is None:
        raise MissingInput("conf/sqliterc is not installed: use `empath-admin sql`, or copy it to /etc/empath")
    mode = [] if writes else ["-readonly"]
    past = track_path(path.absolute())
    attached = ["-cmd", attach_text(past)] if os.access(past, os.R_OK) else []
    return [program, "-init", str(settings), *attached, *mode, str(path.absolute()), *arguments]
