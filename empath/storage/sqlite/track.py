"""
track - the index of past mail in track.db, an SQLite file with FTS5

The file has no more than SQLite 3.40 knows, so that the shell of Debian reads it. It is in WAL mode: who reads it
waits for nobody, and nobody waits for it. It is not synced at each commit, because it can be made again.
"""

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import apsw

from empath.errors import DamagedQueue, ServiceUnavailable, StorageFailure, SyntaxViolation, UnusableQueue
from empath.mail.domain import Domain
from empath.storage.engine import Sleep
from empath.storage.past_mail import FILE, Mark, PastEntry, Wanted
from empath.storage.queries import blocks, script
from empath.storage.sqlite.connection import PAGE_OCTETS, fair_wait, rows, transaction, translated, value

_APPLICATION_ID: Final = 0x45545243  # "ETRC"
_VERSION: Final = 1
_MODE: Final = 0o640  # as of the queue
_READ_S: Final = 5.0
_PAGE: Final = 50_000  # numbers that one read walks through
_SLICE: Final = 500  # rows that one transaction removes
_PAGES_BACK: Final = 500  # free pages that it gives back to the disk
_MERGE_PAGES: Final = 2_000
_MOST_MERGES: Final = 100_000
_DAMAGES: Final = 3  # that are named
_ASIDE: Final = "-damaged"
_SUFFIXES: Final = ("", "-wal", "-shm")
_TEXT: Final = """\
SELECT m.id, m.status, m.recipient, m.sender, m.received_at, m.destination, m.last_reply, m.recipient_id
  FROM track.words({words}) AS w
  JOIN track.mail AS m ON m.recipient_id = w.rowid
 ORDER BY w.rowid DESC
 LIMIT {limit}"""
_TOKEN: Final = re.compile(r"[^\W_]")  # as the tokenizer, to which "_" is a gap
_WITH_DOMAIN: Final = re.compile(r"[@.]")


def track_path(queue: Path) -> Path:
    """Where the index of the queue at *queue* is."""
    return queue.with_name(FILE)


def attach_text(path: Path) -> str:
    """The statement that attaches the index at *path* to a shell on the queue."""
    return f"ATTACH {apsw.format_sql_value(str(path))} AS track"


def check_fts5(options: Sequence[str] | None = None) -> None:
    """
    Check that the SQLite in use, or one with *options*, has FTS5.

    Raises:
        ServiceUnavailable: it has not.
    """
    if "ENABLE_FTS5" not in (apsw.compile_options if options is None else options):
        raise ServiceUnavailable("[track] keep needs FTS5, which this SQLite lacks; `pip install -U apsw` brings one")


class TrackFile:
    """See `past_mail.PastMail`: the index at *path*; it waits at most *deadline_s* for another writer."""

    def __init__(self, path: Path, *, deadline_s: float = _READ_S) -> None:
        self._path = path
        self._deadline_s = deadline_s

    @property
    def location(self) -> str:
        """The file."""
        return str(self._path)

    @property
    def exists(self) -> bool:
        """See PastMail."""
        return self._path.exists()

    def mark(self) -> Mark | None:
        """See PastMail."""
        with self._opened(writes=False) as connection:
            return _mark(connection)

    def damages(self) -> list[str]:
        """See PastMail."""
        try:
            with self._opened(writes=False) as connection:
                return [text for (text,) in rows(connection, f"PRAGMA quick_check({_DAMAGES})") if text != "ok"]
        except DamagedQueue as exc:
            return [exc.damage]

    def find(self, wanted: Wanted, limit: int) -> list[PastEntry]:
        """See PastMail."""
        words = match_text(wanted)
        by_words = "m.recipient_id IN (SELECT w.rowid FROM words AS w WHERE words MATCH :words)"
        text = _statements()["find"].replace("{words}", by_words if words else "1")
        names = ("domain", "sender", "recipient", "status", "destination", "received_after", "received_before")
        keys = {name: getattr(wanted, name) for name in (*names, "reply", "subject", "message_id")}
        with self._opened(writes=False) as connection:
            return [PastEntry(*row) for row in rows(connection, text, {**keys, "words": words, "limit": limit})]

    def text_of(self, wanted: Wanted, limit: int) -> str:
        """See PastMail."""
        words = apsw.format_sql_value(match_text(wanted) or "")
        return _TEXT.format(words=words, limit=limit)

    def named(self, pattern: str) -> Iterator[PastEntry]:
        """See PastMail."""
        with self._opened(writes=False) as connection:
            last = value(connection, _statements()["last"]) or 0
            for after in range(0, last, _PAGE):
                keys = {"after": after, "last": after + _PAGE, "pattern": pattern}
                yield from [PastEntry(*row) for row in rows(connection, _statements()["named"], keys)]

    def overwrite(self, entries: Sequence[PastEntry]) -> None:
        """See PastMail."""
        with self._opened(writes=True) as connection:
            connection.pragma("secure_delete", 1)
            for first in range(0, len(entries), _SLICE):
                with transaction(connection):
                    _put(connection, entries[first : first + _SLICE])
            _merge_all(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextlib.contextmanager
    def _opened(self, *, writes: bool) -> Iterator[apsw.Connection]:
        with _errors(self._path):
            connection = _connect(self._path, self._deadline_s, time.sleep)
            try:
                _check(connection, self._path)
                if not writes:
                    connection.pragma("query_only", 1)
                    connection.wal_autocheckpoint(0)
                yield connection
            finally:
                connection.close()


class TrackWriter:
    """See `past_mail.PastMailWriter`: the index at *path*."""

    def __init__(self, path: Path, *, deadline_s: float, sleep: Sleep) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._sleep = sleep
        self._connection: apsw.Connection | None = None
        self._file: tuple[int, int] | None = None

    @property
    def location(self) -> str:
        """The file."""
        return str(self._path)

    def open(self) -> bool:
        """See PastMailWriter."""
        if self._connection is not None and _file_at(self._path) == self._file:
            return False
        self.close()
        _make(self._path)
        with _errors(self._path):
            connection = _connect(self._path, self._deadline_s, self._sleep)
            try:
                _prepare(connection, self._path)
            except BaseException:
                connection.close()
                raise
        self._connection, self._file = connection, _file_at(self._path)
        return True

    def mark(self) -> Mark | None:
        """See PastMailWriter."""
        with self._errors() as connection:
            return _mark(connection)

    def newest(self, recipients: int, limit: int) -> list[tuple[int, str]]:
        """See PastMailWriter."""
        with self._errors() as connection:
            keys = {"recipients": recipients, "limit": limit}
            return [(number, ulid) for number, ulid in rows(connection, _statements()["newest"], keys)]

    def begin(self, mark: Mark, *, keep_up_to: int) -> None:
        """See PastMailWriter."""
        with self._errors() as connection, transaction(connection):
            connection.execute(_statements()["forget_above"], {"recipients": keep_up_to})
            connection.execute(_statements()["set_mark"], mark._asdict())

    def add(self, entries: Sequence[PastEntry], mark: Mark) -> None:
        """See PastMailWriter."""
        with self._errors() as connection, transaction(connection):
            _put(connection, entries)
            connection.execute(_statements()["set_mark"], mark._asdict())

    def trim(self, before: float, most: int, *, now: float) -> int:
        """See PastMailWriter."""
        with self._errors() as connection:
            least = (value(connection, _statements()["last"]) or 0) - most
            found = rows(connection, _statements()["oldest"], {"now": now, "least": least, "limit": _SLICE})
            gone = [{"recipient_id": number} for number, at in found if at < before or number <= least]
            if gone:
                with transaction(connection):
                    connection.executemany(_statements()["forget"], gone)
                connection.execute(f"PRAGMA incremental_vacuum({_PAGES_BACK})").fetchall()
            return len(gone)

    def renew(self) -> str:
        """See PastMailWriter."""
        self.close()
        aside = Path(f"{self._path}{_ASIDE}")
        try:
            self._path.replace(aside)
            for suffix in _SUFFIXES[1:]:
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        except OSError as exc:
            raise StorageFailure(f"{self._path}: {exc.strerror}") from exc
        return str(aside)

    def close(self) -> None:
        """See PastMailWriter."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _errors(self) -> Iterator[apsw.Connection]:
        assert self._connection is not None, "it is open"
        with _errors(self._path):
            yield self._connection


def match_text(wanted: Wanted) -> str | None:
    """
    What FTS5 is asked: each word as a phrase, all of which must be there; None where nothing narrows the search.

    The parts of an address are tokens that follow one another, and its domain may be in U-labels. Conditions on whole
    values are checked afterwards.
    """
    found = [phrase for word in wanted.words if (phrase := _phrase_of_either(word))]
    for column in ("sender", "recipient", "message_id"):
        text = getattr(wanted, column)
        if text is not None and (phrase := _phrase(text.removesuffix("*"))):
            found.append(f"{column} : {phrase}")
    return " AND ".join(found) or None


def _phrase_of_either(word: str) -> str:
    """*word* as a phrase; one with a domain in U-labels also with A-labels, as envelopes have it."""
    written = _phrase(word)
    if word.isascii() or not _WITH_DOMAIN.search(word):
        return written
    user, at, domain = word.rpartition("@")
    try:
        return f"({written} OR {_phrase(f'{user}{at}{Domain.parse(domain)}')})"
    except SyntaxViolation:
        return written


def _phrase(word: str) -> str:
    """*word* as a phrase of FTS5; empty if it has no letter and no digit."""
    if not _TOKEN.search(word):
        return ""
    is_begin = word.endswith("*")
    quoted = word.removesuffix("*").replace('"', '""')
    return f'"{quoted}"{" *" if is_begin else ""}'


@cache
def _statements() -> Mapping[str, str]:
    return dict(blocks("sqlite/track", "statements"))


def _mark(connection: apsw.Connection) -> Mark | None:
    found = rows(connection, _statements()["mark"])
    return Mark(*found[0]) if found else None


def _put(connection: apsw.Connection, entries: Sequence[PastEntry]) -> None:
    connection.executemany(_statements()["put"], [entry._asdict() for entry in entries])


def _merge_all(connection: apsw.Connection) -> None:
    """Write the words anew, in steps: a word of a row that was changed stays in old parts until then."""
    pages = -_MERGE_PAGES
    for _ in range(_MOST_MERGES):
        before = connection.total_changes()
        with transaction(connection):
            connection.execute(_statements()["merge"], {"pages": pages})
        pages = _MERGE_PAGES
        if connection.total_changes() - before < 2:  # as SQLite says that nothing is left to merge
            return


def _connect(path: Path, deadline_s: float, sleep: Sleep) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_handler(fair_wait(deadline_s, sleep))
    connection.pragma("mmap_size", 0)
    return connection


def _check(connection: apsw.Connection, path: Path) -> None:
    """Raises UnusableQueue: the file is none of ours, or of another version."""
    application, version = value(connection, "PRAGMA application_id"), value(connection, "PRAGMA user_version")
    if application != _APPLICATION_ID:
        raise UnusableQueue(f"{path}: not an index of past mail; move it away, and the service makes one")
    if version != _VERSION:
        raise UnusableQueue(f"{path}: of another version of Empath; move it away, and the service makes another")


def _prepare(connection: apsw.Connection, path: Path) -> None:
    if _is_unmade(connection):
        connection.pragma("page_size", PAGE_OCTETS)
        connection.pragma("auto_vacuum", 2)
        connection.pragma("journal_mode", "wal")
        with transaction(connection):
            connection.execute(script("sqlite/track/schema.sql"))
            connection.pragma("application_id", _APPLICATION_ID)
            connection.pragma("user_version", _VERSION)
    _check(connection, path)
    connection.pragma("synchronous", 1)
    connection.pragma("secure_delete", "fast")  # where it costs no write: no copy of a row is left in its page


def _is_unmade(connection: apsw.Connection) -> bool:
    """Whether the file has nothing yet; WAL mode alone has a page, so one that was killed behind it left that."""
    ids = value(connection, "PRAGMA application_id"), value(connection, "PRAGMA user_version")
    return ids == (0, 0) and not value(connection, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)")


def _make(path: Path) -> None:
    """Make an empty file where there is none, without what another one left."""
    try:
        try:
            status = path.lstat()
        except FileNotFoundError:
            for suffix in _SUFFIXES[1:]:
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
            return
        if not stat.S_ISREG(status.st_mode):
            raise UnusableQueue(f"{path}: not a file; move it away, and the service makes one")
        if not os.access(path, os.R_OK | os.W_OK):
            raise StorageFailure(f"{path}: user {os.geteuid()} may not write it; give it to that user, or remove it")
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _file_at(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Errors of SQLite as ours; a file that is no database is a damaged one."""
    try:
        with translated(path):
            yield
    except UnusableQueue as exc:
        if isinstance(exc.__cause__, apsw.NotADBError):
            raise DamagedQueue(str(path), "it is not a database") from exc
        raise
