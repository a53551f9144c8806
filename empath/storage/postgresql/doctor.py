"""
doctor - whether a server of PostgreSQL, and the place of this host's files, are fit for a queue

The checks create and change nothing. Each gives a Diagnosis, also if something is missing.
"""

import platform
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psycopg

import empath
from empath.errors import EmpathError
from empath.policy.health import Diagnosis, Level, judge_least
from empath.storage.admin.doctor import explained
from empath.storage.engine import Selects
from empath.storage.place import place_errors
from empath.storage.postgresql.connection import Connection, connect, location_of, lost_commits
from empath.storage.refusals import public_views

_MIB: Final = 1024 * 1024
_SKEW_S: Final = 5.0
_OLD_S: Final = 600.0  # age of a snapshot from which on it keeps many dead rows


def diagnose_server(visit: Callable[..., Connection], conninfo: str, replicas: int | None) -> Iterator[Diagnosis]:
    """Check the server: its version, its clock, and what a commit survives. *visit* connects to the queue."""
    location = location_of(conninfo)
    versions = f"Empath {empath.__version__}, Python {platform.python_version()}, psycopg {psycopg.__version__}"
    try:
        connection = connect(conninfo, "public", reads_only=True)
    except EmpathError as exc:
        yield explained("server", Level.ERROR, exc)
        return
    try:
        asked_at = time.time()
        [(version, now, octets)] = connection.execute(
            "SELECT current_setting('server_version'), extract(epoch FROM clock_timestamp())::double precision,"
            " pg_database_size(current_database())"
        ).fetchall()
        answered_at = time.time()
        problems = list(lost_commits(connection, replicas or 0))
    except psycopg.Error as exc:
        yield Diagnosis("server", Level.ERROR, f"{location}: {exc}", "see the log of the server")
        return
    finally:
        connection.close()
    yield Diagnosis("versions", Level.OK, f"{versions}, PostgreSQL {version}")
    yield Diagnosis("server", Level.OK, f"{location}: answers; the database has {octets // _MIB} MiB")
    for problem in problems:
        found, _, remedy = problem.partition("; ")
        yield Diagnosis("commits", Level.ERROR, found, remedy)
    if not problems:
        yield Diagnosis("commits", Level.OK, f"a mail is on the disk of the server and of {replicas or 0} standbys")
    skew_s = max(asked_at - now, now - answered_at, 0.0)
    if skew_s > _SKEW_S:
        found = f"the clocks of this host and of the server differ by {skew_s:.0f} s"
        yield Diagnosis("skew", Level.ERROR, found, "keep both synchronized, for example by `timedatectl set-ntp true`")
    else:
        yield Diagnosis("skew", Level.OK, "the clocks of this host and of the server agree")


def diagnose_owners(place: Path, user: str | None) -> Iterator[Diagnosis]:
    """Whether the place of this host's files is a local disk, with owners and modes that are right for *user*."""
    errors = place_errors(place, user)
    for error in errors:
        yield explained("place", Level.ERROR, error)
    if not errors:
        yield Diagnosis("place", Level.OK, f"{place.parent}: a local disk, owners and modes are right")


def diagnose_disk(place: Path, wanted_octets: int) -> Iterator[Diagnosis]:
    """Whether large content has room on this host."""
    try:
        free = shutil.disk_usage(place.parent).free
    except OSError:
        return  # the place has an error of its own
    yield judge_least(
        "disk",
        f"{free // _MIB} MiB free, {wanted_octets // _MIB} MiB are kept: [queue] reserve, or 1.5 times"
        " [receiving.limits] message_size",
        have=free,
        need=wanted_octets,
        remedy=f"make room on the disk of {place.parent}: below that new mail is refused with 452",
    )


def diagnose_editors() -> Diagnosis:
    """Nothing but the server writes its files, whatever program asks it to."""
    return Diagnosis("editors", Level.OK, "only the server writes the files of the queue")


def missing_objects(visit: Selects) -> list[str]:
    """What a person has dropped, in words."""
    [(views, triggers)] = visit.rows("doctor.missing_objects", {"views": list(public_views())})
    named = ((views, "of the public views"), (triggers, "of the triggers of public views"))
    return [f"{number} {name}" for number, name in named if number]


def diagnose_schema(visit: Selects) -> Diagnosis:
    """Whether all views are there, and their triggers."""
    missing = missing_objects(visit)
    if missing:
        found = f"missing: {', '.join(missing)}; a person dropped them"
        return Diagnosis("schema", Level.ERROR, found, "create them again from sql/postgresql of the source")
    return Diagnosis("schema", Level.OK, "all views and their triggers are there")


def diagnose_dead_rows(visit: Selects) -> Diagnosis:
    """Whether the server can give the space of removed mail to new mail."""
    [(autovacuum, age_s)] = visit.rows("doctor.dead_rows")
    if autovacuum != "on":
        found = "autovacuum is off: the queue grows with each mail, and leases get slower"
        return Diagnosis("dead rows", Level.ERROR, found, "set autovacuum = on")
    if age_s > _OLD_S:
        found = f"a transaction has been open for {age_s / 60:.0f} minutes: the space of removed mail is kept for it"
        return Diagnosis("dead rows", Level.WARNING, found, "end it; pg_stat_activity names its program")
    return Diagnosis("dead rows", Level.OK, "the space of removed mail is given to new mail")
