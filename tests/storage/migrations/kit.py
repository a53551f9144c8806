"""kit - saved queues of older versions"""

import gzip
from pathlib import Path

import apsw

from empath.storage.spool import locate


def saved(version: int) -> Path:
    """The folder with the saved queue of *version*."""
    return Path(__file__).parent / f"version_{version}"


def restore(kept: Path, path: Path) -> None:
    """Make the queue from the folder *kept* again at *path*."""
    connection = apsw.Connection(str(path))
    connection.execute((kept / "queue.sql").read_text()).fetchall()
    connection.close()


def restore_spool(kept: Path, spool: Path) -> None:
    """Make the files of that queue's spool again."""
    for file in kept.glob("*.gz"):
        where = locate(spool, f"spool:mx.example.test/{file.stem}")
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(gzip.decompress(file.read_bytes()))
