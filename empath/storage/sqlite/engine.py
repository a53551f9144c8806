"""engine - a queue in an SQLite file, with its spool next to it"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from empath.policy.health import Diagnosis
from empath.policy.long_transactions import Holder
from empath.storage.engine import NewDestination, Reader, Selects, Sleep
from empath.storage.sqlite import backup, checks, doctor, plans, repro, space, wal
from empath.storage.sqlite.connection import LOCK_WAITS, open_reader, translated
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.openers import check_openers
from empath.storage.sqlite.same_file import QueueFiles
from empath.storage.sqlite.schema import SCHEMA_VERSION, check_current, check_version
from empath.storage.sqlite.session import TranslatingSession, statements
from empath.storage.sqlite.system_shell import shell_command
from empath.storage.sqlite.visit import visiting
from empath.storage.sqlite.writer import Writer


def preload() -> None:
    """See `storage.open.preload`."""
    statements().read_all()


class SqliteEngine:
    """See `engine.Engine`: the queue at *path*. New destinations get *max_leases* slots."""

    has_one_instance = True  # by the lock on the queue's directory
    destinations_stay = False

    def __init__(self, path: Path, *, max_leases: int) -> None:
        self.path = path
        self._max_leases = max_leases
        self._files = QueueFiles(path)
        self._begin_with: Callable[[str], NewDestination] | None = None

    def begin_destinations(self, begin_with: Callable[[str], NewDestination]) -> None:
        """See `engine.Engine`."""
        self._begin_with = begin_with

    def _ids(self) -> DestinationIds:
        return DestinationIds(self._max_leases, self._begin_with)

    @property
    def location(self) -> str:
        """The file."""
        return str(self.path)

    def prepare(self, user: str | None, *, say: Callable[[str], object]) -> None:
        """See `checks.check_queue`."""
        checks.check_queue(self.path, user, say=say)

    def open_reader(self, *, deadline_s: float = 5.0, sleep: Sleep = time.sleep) -> TranslatingSession:
        """See `engine.Engine`."""
        self._check_before_opening()
        connection = open_reader(self.path, deadline_s=deadline_s, sleep=sleep)
        self._files.opening()
        with translated(self.path):
            check_current(connection, self.path)
        self._files.opened(connection)
        at_close = partial(self._files.closed, connection)
        return TranslatingSession(connection, self.path, self._ids(), at_close=at_close)

    def open_writer(
        self, *, deadline_s: float, notify: Callable[[], object], sleep: Sleep = time.sleep, look_s: float = 0.0
    ) -> Writer:
        """See `engine.Engine`."""
        ids = self._ids()
        return Writer(self.path, ids, self._files, deadline_s=deadline_s, notify=notify, sleep=sleep, look_s=look_s)

    def visiting(self, write_deadline_s: float | None) -> AbstractContextManager[TranslatingSession]:
        """See `engine.Engine`."""
        return visiting(self.path, write_deadline_s, self._ids())

    def visiting_any_version(self) -> AbstractContextManager[TranslatingSession]:
        """See `engine.Engine`."""
        return visiting(self.path, None, self._ids(), check_version)

    def copy(self, visit: Selects, target: Path, on_progress: Callable[[int, int], object]) -> None:
        """See `backup.copy_database`."""
        assert isinstance(visit, TranslatingSession), "a visit of this engine"
        backup.copy_database(visit.connection, target, on_progress)

    def export_message(self, target: Path, message_id: int) -> None:
        """See `repro.copy_message`."""
        repro.copy_message(self.path, target, message_id)

    def leave_out(self, stand_in: bytes, digest: str, masks: Mapping[str, str]) -> None:
        """See `repro.change`."""
        repro.change(self.path, stand_in, digest, masks)

    def close_log(self) -> None:
        """See `engine.Engine`."""
        backup.leave_log(self.path)

    def known_schema(self) -> int:
        """See `engine.Engine`."""
        return SCHEMA_VERSION

    def check_version(self) -> None:
        """See `engine.Engine`."""
        if self.path.exists():
            with visiting(self.path, None, self._ids(), check_version):
                pass

    def run_shell(self, statements: Sequence[str], *, write_deadline_s: float | None, masks: bool = False) -> None:
        """See `engine.Engine`."""
        from empath.storage.sqlite.shell import run_shell  # noqa: PLC0415 - the shell costs the other verbs 50 ms

        run_shell(self.path, statements, deadline_s=write_deadline_s, masks=masks)

    def system_shell(self, arguments: Sequence[str], *, writes: bool) -> list[str]:
        """See `engine.Engine`."""
        with visiting(self.path, None, self._ids()):
            return shell_command(self.path, arguments, writes=writes)

    def diagnose_place(self, user: str | None, *, wanted_octets: int, log_limit_octets: int) -> Iterator[Diagnosis]:
        """See `engine.Engine`."""
        return doctor.diagnose_place(self.path, user, wanted_octets=wanted_octets, wal_limit_octets=log_limit_octets)

    def diagnose_owners(self, user: str | None) -> Iterator[Diagnosis]:
        """See `engine.Engine`."""
        return doctor.diagnose_owners(self.path, user)

    def diagnose_editors(self, visit: Selects) -> Diagnosis:
        """See `engine.Engine`."""
        return doctor.diagnose_editors(visit)

    def differing_objects(self, visit: Selects) -> list[str]:
        """See `engine.Engine`."""
        return doctor.differing_objects(visit)

    def diagnose_schema(self, visit: Selects) -> Diagnosis:
        """See `engine.Engine`."""
        return doctor.diagnose_schema(visit)

    def diagnose_free_pages(self, visit: Selects) -> Diagnosis:
        """See `doctor.diagnose_free_pages`."""
        return doctor.diagnose_free_pages(visit)

    def check_place(self) -> None:
        """See `engine.Engine`; before the first opening any file will do."""
        self._files.check()

    def _check_before_opening(self) -> None:
        self.check_place()  # before SQLite gives another file the log of this one
        check_openers(self.path)

    def free_octets(self) -> int:
        """See `engine.Engine`."""
        return space.free_octets(self.path.parent)

    def lock_waits(self) -> int:
        """See `engine.Engine`."""
        return LOCK_WAITS.count

    def log_octets(self) -> int:
        """Size of the write-ahead log."""
        return space.wal_octets(self.path)

    def cut_log(self, *, deadline_s: float, sleep: Sleep) -> bool:
        """See `wal.truncate_wal`."""
        self._check_before_opening()
        return wal.truncate_wal(self.path, deadline_s=deadline_s, sleep=sleep)

    def log_keepers(self) -> tuple[str, ...]:
        """See `wal.readers_of`."""
        return wal.readers_of(self.path)

    def transactions(self) -> frozenset[Holder]:
        """See `wal.holders_of`."""
        return wal.holders_of(self.path)

    def unused_octets(self, reader: Reader) -> int:
        """See `space.unused_octets`."""
        return space.unused_octets(reader)

    def return_space(self) -> space.ReturnPages:
        """See `space.ReturnPages`."""
        return space.ReturnPages()

    def number_events(self, reader: Reader) -> None:
        """See `engine.Engine`; an event has its number at once."""

    def keep_plans(self, reader: Reader) -> plans.ForgetStatistics | None:
        """See `plans.ForgetStatistics`."""
        return plans.ForgetStatistics() if plans.has_statistics(reader) else None
