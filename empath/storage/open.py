"""open - the one place that knows which engine keeps a queue"""

from pathlib import Path

from empath.storage.engine import Engine


def open_engine(path: Path, *, max_leases: int) -> Engine:
    """
    The engine for the queue at *path*; nothing is opened yet.

    A destination that is seen for the first time gets *max_leases* slots.
    """
    from empath.storage.sqlite.engine import SqliteEngine  # noqa: PLC0415 - only the engine in use is imported

    return SqliteEngine(path, max_leases=max_leases)


def preload() -> None:
    """Do what engines do at their first use: import, and read their statements. Nothing is opened."""
    from empath.storage.sqlite.engine import preload as preload_engine  # noqa: PLC0415 - as above

    preload_engine()
