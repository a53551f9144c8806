"""
doctor - whether SQLite, the queue's place and its disk are fit

The checks create and change nothing.  Each gives a Diagnosis, also if something is missing.
"""

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

import empath
from empath.errors import ServiceUnavailable
from empath.mail.identity import Timestamp
from empath.policy.health import Diagnosis, Level, judge_least
from empath.storage.admin.doctor import explained
from empath.storage.engine import Selects
from empath.storage.place import place_errors
from empath.storage.sqlite.connection import check_library
from empath.storage.sqlite.migration import differing_from, foreign_triggers, missing_tables
from empath.storage.sqlite.space import wal_octets
from empath.storage.sqlite.system_shell import settings_file

_MIB: Final = 1024 * 1024
_INCREMENTAL: Final = 2  # of PRAGMA auto_vacuum
_LARGE_WAL_OCTETS: Final = 64 * _MIB


def diagnose_place(path: Path, user: str | None, *, wanted_octets: int, wal_limit_octets: int) -> Iterator[Diagnosis]:
    """
    Check the library, and the place and disk of the queue at *path*.

    *user* owns the queue when root starts Empath. *wanted_octets*: see `policy.limits.wanted_space_octets`.
    """
    yield diagnose_library()
    yield from diagnose_owners(path, user)
    yield from _disk(path, wanted_octets, wal_limit_octets)
    yield _sqliterc(path)


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


def diagnose_editors(visit: Selects) -> Diagnosis:
    """Whether an SQLite that can damage the queue has changed it."""
    affected = []
    for version, changes, at in visit.rows("doctor.editors"):
        try:
            check_library(version)
        except ServiceUnavailable:
            affected.append(
                f"{changes} change{'' if changes == 1 else 's'} by SQLite {version}, last {Timestamp(at).iso8601()}"
            )
    if affected:
        remedy = "edit by `empath-admin sql --write`; after an edit by a plain sqlite3 run `empath-admin fsck`"
        found = f"{'; '.join(affected)}: it can damage the file, unless it was run by `empath-sql` or `empath-sqlite3`"
        return Diagnosis("editors", Level.WARNING, found, remedy)
    return Diagnosis("editors", Level.OK, "no change was made by an SQLite that can damage the file")


def differing_objects(visit: Selects) -> list[str]:
    """Views and triggers of Empath that were dropped or changed."""
    return differing_from(visit.rows("doctor.objects"))


def diagnose_schema(visit: Selects) -> Diagnosis:
    """Whether all tables and indexes of Empath are there, and all views and triggers as a start makes them."""
    missing = missing_tables(visit.rows("doctor.objects"))
    if missing:
        found = f"missing: {', '.join(missing)}; a person dropped it"
        return Diagnosis("schema", Level.ERROR, found, "stop the service and restore a backup, see docs/INSTALL.md")
    differing = differing_objects(visit)
    if differing:
        found = f"missing or changed: {', '.join(differing)}"
        return Diagnosis("schema", Level.ERROR, found, "run `empathd restart`: a start creates them again")
    own = foreign_triggers(visit.rows("doctor.objects"))
    if own:
        names = ", ".join(name for name, _ in own)
        found = f"triggers that are not of Empath: {names}; an error in one fails the writes of Empath (lease_failed)"
        can_raise = any("RAISE" in text.upper() for _, text in own)
        remedy = 'run `empath-admin sql --write "DROP TRIGGER NAME"` unless you want it'
        return Diagnosis("schema", Level.ERROR if can_raise else Level.WARNING, found, remedy)
    return Diagnosis("schema", Level.OK, "all tables, indexes, views and triggers are there")


def diagnose_free_pages(visit: Selects) -> Diagnosis:
    """Whether the file can give the space of removed mail back to the disk."""
    if visit.value("doctor.auto_vacuum") != _INCREMENTAL:
        found = "the database keeps the space of removed mail: auto_vacuum is off"
        remedy = 'stop the service, then run `empath-admin sql --write "PRAGMA auto_vacuum = 2" VACUUM`'
        return Diagnosis("pages", Level.WARNING, found, remedy)
    return Diagnosis("pages", Level.OK, "the space of removed mail can be given back to the disk")


def diagnose_owners(path: Path, user: str | None) -> Iterator[Diagnosis]:
    """Whether the place of the queue is a local disk, with owners and modes that are right for *user*."""
    errors = place_errors(path, user)
    for error in errors:
        yield explained("place", Level.ERROR, error)
    if not errors:
        yield Diagnosis("place", Level.OK, f"{path.parent}: a local disk, owners and modes are right")


def _disk(path: Path, wanted_octets: int, wal_limit_octets: int) -> Iterator[Diagnosis]:
    try:
        free, wal = shutil.disk_usage(path.parent).free, wal_octets(path)
    except OSError:
        return  # the place has an error of its own
    yield judge_least(
        "disk",
        f"{free // _MIB} MiB free, {wanted_octets // _MIB} MiB are kept: [queue] reserve, or 1.5 times"
        " [receiving.limits] message_size",
        have=free,
        need=wanted_octets,
        remedy=f"make room on the disk of {path.parent}: below that new mail is refused with 452",
    )
    level = Level.ERROR if wal > wal_limit_octets else Level.WARNING if wal > _LARGE_WAL_OCTETS else Level.OK
    mend = "end long reads (an open sqlite3 shell, a backup); the log line wal_large says more"
    yield Diagnosis("wal", level, f"{wal // _MIB} MiB of write-ahead log", mend if level is not Level.OK else "")


def _sqliterc(path: Path) -> Diagnosis:
    settings = settings_file()
    if settings is not None:
        found = f"for the system's shell: `empath-sql`, or sqlite3 -init {settings} {path}"
        return Diagnosis("sqliterc", Level.OK, found)
    return Diagnosis(
        "sqliterc",
        Level.WARNING,
        "conf/sqliterc is not installed",
        "use `empath-admin sql`, or copy conf/sqliterc of the source to /etc/empath",
    )
