"""
diagnosis - whether the queue and its place are fit for the service

Nothing is made or changed, and nothing that is missing ends it: each look is a Diagnosis.
"""

import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

import empath
from empath.errors import EmpathError, MissingInput, ServiceUnavailable
from empath.mail.identity import Timestamp
from empath.policy.health import SILENCE_S, Diagnosis, Level, judge_least
from empath.storage.sqlite.checks import place_errors
from empath.storage.sqlite.connection import check_library, rows, value
from empath.storage.sqlite.queries import queries
from empath.storage.sqlite.schema import check_current
from empath.storage.sqlite.space import wal_octets
from empath.storage.sqlite.visit import visiting

_SQL = queries("doctor")
_SKEW_S: Final = 60.0
_RELEASED: Final = 1_750_000_000.0  # 2025-06-15: before this version was made
_MIB: Final = 1024 * 1024
_LARGE_WAL_OCTETS: Final = 64 * _MIB
_MEND_CLOCK: Final = "set the clock and let it be kept, such as by `timedatectl set-ntp true`"


def diagnose_queue(
    path: Path,
    user: str | None,
    *,
    reserve_octets: int,
    wal_limit_octets: int,
    is_running: bool,
    now: float,
) -> Iterator[Diagnosis]:
    """
    Look at the library, the place, the disk and the database of the queue at *path*.

    *user* owns the queue when root starts Empath; *now* is Unix seconds.
    """
    yield diagnose_library()
    yield from _place(path, user)
    yield from _disk(path, reserve_octets, wal_limit_octets)
    yield _sqliterc(path)
    yield _clock(now)
    try:
        with visiting(path, None) as connection:
            check_current(connection, path)
            yield Diagnosis("queue", Level.OK, f"{path}: can be read")
            yield _future(connection, now)
            yield from _beats(connection, is_running=is_running, now=now)
            yield _editors(connection)
    except MissingInput as exc:
        yield explained("queue", Level.WARNING, exc)
    except ServiceUnavailable:
        pass  # the library, which was told of
    except EmpathError as exc:
        yield explained("queue", Level.ERROR, exc)


def explained(subject: str, level: Level, error: EmpathError) -> Diagnosis:
    """An error as a diagnosis: what stands behind its last semicolon is what to do."""
    found, _, remedy = str(error).rpartition("; ")
    return Diagnosis(subject, level, found, remedy) if found else Diagnosis(subject, level, remedy, "see the log")


def diagnose_library(sqlite_version: str | None = None) -> Diagnosis:
    """Whether *sqlite_version*, by default that of the library in use, can be trusted with a queue."""
    sqlite_version = sqlite_version or apsw.sqlite_lib_version()
    versions = (
        f"Empath {empath.__version__}, Python {platform.python_version()}, apsw {apsw.apsw_version()},"
        f" SQLite {sqlite_version}"
    )
    try:
        check_library(sqlite_version)
    except ServiceUnavailable:
        remedy = "run `pip install -U apsw`: 3.51.3 or newer"
        return Diagnosis("versions", Level.ERROR, f"{versions}: it can corrupt the queue", remedy)
    return Diagnosis("versions", Level.OK, versions)


def _place(path: Path, user: str | None) -> Iterator[Diagnosis]:
    errors = place_errors(path, user)
    for error in errors:
        yield explained("place", Level.ERROR, error)
    if not errors:
        yield Diagnosis("place", Level.OK, f"{path.parent}: a local disk, owners and modes are right")


def _disk(path: Path, reserve_octets: int, wal_limit_octets: int) -> Iterator[Diagnosis]:
    try:
        free, wal = shutil.disk_usage(path.parent).free, wal_octets(path)
    except OSError:
        return  # the place, which was told of
    yield judge_least(
        "disk",
        f"{free // _MIB} MiB free, {reserve_octets // _MIB} MiB are kept by [queue] reserve",
        have=free,
        need=reserve_octets,
        remedy=f"make room on the disk of {path.parent}: below the reserve new mail is refused with 452",
    )
    level = Level.ERROR if wal > wal_limit_octets else Level.WARNING if wal > _LARGE_WAL_OCTETS else Level.OK
    mend = "end long reads (an open sqlite3 shell, a backup); the log line wal_large says more"
    yield Diagnosis("wal", level, f"{wal // _MIB} MiB of write-ahead log", mend if level is not Level.OK else "")


def _sqliterc(path: Path) -> Diagnosis:
    for place in (Path(empath.__file__).parents[1] / "conf", Path(sys.prefix) / "share/empath", Path("/etc/empath")):
        if (place / "sqliterc").is_file():
            return Diagnosis("sqliterc", Level.OK, f"for the system's shell: sqlite3 -init {place}/sqliterc {path}")
    return Diagnosis(
        "sqliterc",
        Level.WARNING,
        "conf/sqliterc is not installed",
        "use `empath-admin sql`, or copy conf/sqliterc of the source to /etc/empath",
    )


def _clock(now: float) -> Diagnosis:
    shown = Timestamp(now).iso8601()
    if now < _RELEASED:
        return Diagnosis("clock", Level.ERROR, f"{shown} is before this version was made", _MEND_CLOCK)
    return Diagnosis("clock", Level.OK, shown)


def _future(connection: apsw.Connection, now: float) -> Diagnosis:
    newest = value(connection, _SQL["newest_received"])
    if newest is not None and newest > now + _SKEW_S:
        found = f"a message was received {newest - now:.0f} s from now: the clock was set back"
        return Diagnosis("received", Level.WARNING, found, f"{_MEND_CLOCK}; that message waits until its time has come")
    return Diagnosis("received", Level.OK, "no message is from the future")


def _beats(connection: apsw.Connection, *, is_running: bool, now: float) -> Iterator[Diagnosis]:
    living = rows(connection, _SQL["beats"])
    if not is_running:
        if living:
            found = f"{len(living)} processes ended without a word"
            yield Diagnosis("beats", Level.WARNING, found, "start the service: it releases what they held")
        return
    silent = [(slot, pid, now - beat_at) for slot, pid, beat_at in living if now - beat_at > SILENCE_S]
    for slot, pid, age_s in silent:
        found = f"{slot} (pid {pid}) gave its last sign of life {age_s:.0f} s ago"
        yield Diagnosis("beats", Level.ERROR, found, "see the log; if it stays silent run `empathd restart`")
    if not silent:
        yield Diagnosis("beats", Level.OK, f"{len(living)} processes live")


def _editors(connection: apsw.Connection) -> Diagnosis:
    affected = []
    for version, changes, at in rows(connection, _SQL["editors"]):
        try:
            check_library(version)
        except ServiceUnavailable:
            affected.append(f"{changes} changes by SQLite {version}, last {Timestamp(at).iso8601()}")
    if affected:
        remedy = "edit by `empath-admin sql --write` or `sqlite3 -init …/sqliterc`, then run `empath-admin fsck`"
        return Diagnosis("editors", Level.WARNING, f"{'; '.join(affected)}: it can damage the file", remedy)
    return Diagnosis("editors", Level.OK, "no change was made by an SQLite that can damage the file")
