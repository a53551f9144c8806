"""repro - load what `empath-admin repro` has exported, as a queue of the test's own"""

import shutil
from pathlib import Path

from empath.storage.admin.manifest import DATABASE, SPOOL
from tests.kit.queue import Queue


def load_repro(exported: Path, directory: Path) -> Queue:
    """The queue of the directory *exported*, copied to *directory*; it is brought up to date if it is older."""
    shutil.copy(exported / DATABASE, directory / DATABASE)
    if (exported / SPOOL).is_dir():
        shutil.copytree(exported / SPOOL, directory / SPOOL, dirs_exist_ok=True)
    return Queue(directory / DATABASE, slot="repro")
