"""open - the one place that knows which engine keeps a queue"""

from pathlib import Path
from typing import NamedTuple

from empath.errors import ConfigError
from empath.storage.engine import Engine, Sleep
from empath.storage.past_mail import PastMail, PastMailWriter


class Server(NamedTuple):
    """
    A database server that keeps a queue.

    Shape: url as of libpq; replicas is the number of standbys that must have a mail before its 250; node is the name of
    this host.
    """

    url: str
    replicas: int
    node: str


def open_engine(path: Path, *, max_leases: int, server: Server | None = None) -> Engine:
    """
    The engine for the queue at *path*, or in *server*; nothing is opened yet.

    A destination that is seen for the first time gets *max_leases* slots.

    Raises:
        ConfigError: the library for the server is not installed.
    """
    if server is not None:
        return _engine_of_server(path, server, max_leases)
    from empath.storage.sqlite.engine import SqliteEngine  # noqa: PLC0415 - only the engine in use is imported

    return SqliteEngine(path, max_leases=max_leases)


def open_past_mail(queue: Path, *, deadline_s: float = 5.0) -> PastMail:
    """The index of past mail of the queue at *queue*, for a command; *deadline_s* bounds its wait for other writers."""
    from empath.storage.sqlite.track import TrackFile, track_path  # noqa: PLC0415 - only the engine in use is imported

    return TrackFile(track_path(queue), deadline_s=deadline_s)


def open_past_mail_writer(queue: Path, *, deadline_s: float, sleep: Sleep) -> PastMailWriter:
    """The same to follow the queue with; *sleep* must block only the calling thread. Nothing is opened yet."""
    from empath.storage.sqlite.track import TrackWriter, track_path  # noqa: PLC0415 - only the engine in use is imported

    return TrackWriter(track_path(queue), deadline_s=deadline_s, sleep=sleep)


def check_past_mail() -> None:
    """
    Check that an index of past mail can be kept here.

    Raises:
        ServiceUnavailable: the library cannot search words.
    """
    from empath.storage.sqlite.track import check_fts5  # noqa: PLC0415 - only the engine in use is imported

    check_fts5()


def _engine_of_server(path: Path, server: Server, max_leases: int) -> Engine:
    try:
        from empath.storage.postgresql.engine import PostgresEngine  # noqa: PLC0415 - only the engine in use is imported
    except ImportError as exc:
        words = f"[queue] url needs the package psycopg; `pip install 'empath-mta[postgresql]'` installs it: {exc}"
        raise ConfigError(words) from exc
    return PostgresEngine(server.url, max_leases=max_leases, place=path, replicas=server.replicas, node=server.node)


def preload() -> None:
    """Do what engines do at their first use: import, and read their statements. Nothing is opened."""
    from empath.storage.sqlite.engine import preload as preload_engine  # noqa: PLC0415 - as above

    preload_engine()
