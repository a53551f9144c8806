"""checks - whether a place is fit for a queue in SQLite, and the making of the queue"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from empath.storage.place import check_mode, check_place, make_spool
from empath.storage.sqlite.connection import check_library
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.schema import prepare
from empath.storage.sqlite.visit import visiting

_WAIT_S = 60.0  # for other writers, as `schema.prepare` waits


def check_queue(path: Path, user: str | None = None, *, say: Callable[[str], object] = lambda _: None) -> None:
    """
    Check that a queue can live at *path*, and make or migrate it; *user* will own it when root starts Empath.

    *say* as for `schema.prepare`.

    Raises:
        ServiceUnavailable: the SQLite library is affected by a corruption bug.
        ConfigError, PermissionRefused, CannotCreate: see `place.check_place`; so does the file itself.
        UnusableQueue, QueueBusy, StorageFailure: see `schema.prepare` and `place.make_spool`.
    """
    check_library()
    owner = check_place(path, user)
    files = (path, Path(f"{path}-wal"), Path(f"{path}-shm"))
    for file in files:
        if file.exists():
            check_mode(file, owner, "file")
    prepare(path, say=say)
    gives = os.geteuid() == 0 and user is not None
    visit = partial(visiting, path, _WAIT_S, DestinationIds(0))
    make_spool(path, owner, visit, files=files, gives=gives, say=say)
