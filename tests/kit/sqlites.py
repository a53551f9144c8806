"""
sqlites - the two SQLites for a queue: the one in apsw, and the shell of the system

Both run a statement like any foreign program, by a connection of their own that knows nothing of Empath.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import pytest

SHELL = shutil.which("sqlite3", path="/usr/bin")
Sqlite = Callable[[Path, str], str]
_TOLD = re.compile(r"^(?:Runtime|Parse) error near line (\d+): (.*)", re.MULTILINE)


def by_apsw(path: Path, script: str) -> str:
    """Run *script*; the error, or empty text."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.set_busy_timeout(5000)
        connection.execute(script).fetchall()
    except apsw.Error as exc:
        return str(exc)
    finally:
        connection.close()
    return ""


def by_shell(path: Path, script: str) -> str:
    """Run *script* in /usr/bin/sqlite3; the error, or empty text."""
    command = [str(SHELL), "-batch", "-bail", "-cmd", ".timeout 5000", "-cmd", "PRAGMA wal_autocheckpoint=0", str(path)]
    done = subprocess.run(command, input=f"{script};\n", capture_output=True, text=True, check=False, timeout=60)
    return done.stderr


def errors_of(sqlite: Sqlite, path: Path, statements: Sequence[str]) -> list[str]:
    """What *sqlite* says of each of *statements*, which run one after another whatever the others say."""
    if sqlite is by_apsw:
        return _errors_in_apsw(path, statements)
    script = "".join(f"{' '.join(each.split())};\n" for each in statements)
    command = [str(SHELL), "-batch", "-cmd", ".timeout 5000", "-cmd", "PRAGMA wal_autocheckpoint=0", str(path)]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=60)
    told = {int(number): words for number, words in _TOLD.findall(done.stderr)}
    return [told.get(number, "") for number in range(1, len(statements) + 1)]


def _errors_in_apsw(path: Path, statements: Sequence[str]) -> list[str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    errors = []
    try:
        for statement in statements:
            try:
                connection.execute(statement).fetchall()
                errors.append("")
            except apsw.Error as exc:
                errors.append(str(exc))
    finally:
        connection.close()
    return errors


SQLITES = [
    pytest.param(by_apsw, id="apsw"),
    pytest.param(
        by_shell, id="shell", marks=pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
    ),
]
