"""open - the one place that knows which engine keeps a queue"""

from pathlib import Path

from empath.storage.engine import Engine, Sleep
from empath.storage.past_mail import PastMail, PastMailWriter


def open_engine(path: Path, *, max_leases: int) -> Engine:
    """
    The engine for the queue at *path*; nothing is opened yet.

    A destination that is seen for the first time gets *max_leases* slots.
    """
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


def preload() -> None:
    """Do what engines do at their first use: import, and read their statements. Nothing is opened."""
    from empath.storage.sqlite.engine import preload as preload_engine  # noqa: PLC0415 - as above

    preload_engine()
