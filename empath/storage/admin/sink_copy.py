"""
sink_copy - a copy of the queue in a directory of its own, in which an instance can run at once

It is made as a backup is: of one instant, while the service works, and checked.
"""

import os
from collections.abc import Callable
from pathlib import Path

from empath.errors import CannotCreate, StorageFailure
from empath.storage.admin.backup import BackUp, Progress
from empath.storage.admin.manifest import DATABASE, SPOOL, Manifest
from empath.storage.engine import Engine
from empath.storage.spool import make_folder, no_link_opener, sync_folder


def copy_into(
    engine: Engine,
    spool: Path,
    folder: Path,
    settings: tuple[str, str],
    *,
    clock: Callable[[], float],
    on_progress: Progress,
) -> Manifest:
    """
    Copy the queue of *engine* with its *spool* into the new directory *folder*; what is in the copy.

    *settings* are the name and the text of a file that is put next to it; only its owner may read it.

    Raises:
        CannotCreate: *folder* is there, or cannot be made.
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
    """
    if os.path.lexists(folder):
        raise CannotCreate(f"{folder}: there is something; name a new directory")
    try:
        make_folder(folder, mode=0o700)
    except OSError as exc:
        raise CannotCreate(f"{folder}: {exc.strerror}") from exc
    made = BackUp(engine, spool, folder, clock=clock, is_quick=True, on_progress=on_progress).run()
    name, text = settings
    try:
        for each in (SPOOL, DATABASE):
            os.rename(made.path / each, folder / each)
        for left in made.path.iterdir():
            left.unlink()
        made.path.rmdir()
        with open(folder / name, "x", encoding="utf-8", opener=no_link_opener(0o600)) as file:
            file.write(text)
        sync_folder(folder)
    except OSError as exc:
        raise StorageFailure(f"{exc.filename or folder}: {exc.strerror}") from exc
    return made.manifest
