"""test_engine - what a start, and a process for its whole life, find in a server"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from empath.errors import EmpathError, MissingInput, StorageFailure, UnusableQueue, UsageError
from empath.policy.health import Level
from empath.storage.postgresql.connection import standbys_of
from empath.storage.postgresql.engine import PostgresEngine
from tests.kit.queue import T0

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue, Server

READS = "selection.last_recipient"


def engine_of(queue: "PostgresQueue", place: Path, *, node: str = "mx1", replicas: int | None = None) -> PostgresEngine:
    """The engine of an instance whose files are next to *place*."""
    return PostgresEngine(queue.conninfo, max_leases=20, place=place, replicas=replicas, node=node)


@pytest.mark.parametrize(
    ("names", "standbys"),
    [
        ("", 0),
        (" ", 0),
        ("s1", 1),
        ("s1, s2", 1),
        ("*", 1),
        ("2 (s1, s2)", 2),
        ("ANY 1 (s1, s2)", 1),
        ("first 3(*)", 3),
    ],
)
def test_the_standbys_that_a_commit_waits_for_are_counted(names: str, standbys: int) -> None:
    """
    A 250 promises that many.
    """
    assert standbys == standbys_of(names)


def test_a_server_that_keeps_less_than_was_asked_for_is_refused(queue: "PostgresQueue", tmp_path: Path) -> None:
    """
    The server of the tests does not sync, and has no standby.
    """
    with pytest.raises(UnusableQueue, match="fsync is off, so that a crash of the server loses accepted mail"):
        engine_of(queue, tmp_path / "queue", replicas=0).make()
    found = {each.subject: each for each in engine_of(queue, tmp_path / "queue", replicas=1).diagnose_place(
        None, wanted_octets=1, log_limit_octets=1
    )}  # fmt: skip
    assert Level.ERROR is found["commits"].level
    assert Level.OK is found["skew"].level


@pytest.mark.on_disk
def test_a_second_node_is_refused_while_the_first_one_lives(queue: "PostgresQueue", tmp_path: Path) -> None:
    """
    Large content is a file of the node that took it.
    """
    place = tmp_path / "empath"
    place.mkdir(mode=0o750)
    said: list[str] = []
    queue.write("UPDATE _process SET beat_at = _now()")
    with pytest.raises(UnusableQueue, match=r"the node mx\.example\.test works on this queue"):
        engine_of(queue, place / "queue", node="mx2").prepare(None, say=said.append)

    engine_of(queue, place / "queue", node="mx.example.test").prepare(None, say=said.append)
    queue.write("UPDATE _process SET beat_at = _now() - 31.0")
    engine_of(queue, place / "queue", node="mx2").prepare(None, say=said.append)
    assert (place / "spool" / "owner").exists()
    assert [] == said


def test_a_reader_connects_anew_once_its_connection_has_ended(queue: "PostgresQueue") -> None:
    """
    It is open for the whole life of its process, and the server is not.
    """
    reader = queue.engine.open_reader()
    queue.accept()
    assert 1 == reader.value(READS)
    end = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    queue.other().execute(end)
    assert 1 == reader.value(READS)

    def lose_it_at_one_instant() -> None:
        with reader.one_instant():
            queue.other().execute(end)
            reader.value(READS)

    with pytest.raises(EmpathError):
        lose_it_at_one_instant()
    with reader.one_instant():
        assert 1 == reader.value(READS)


def test_a_server_that_is_away_is_an_error_of_ours(tmp_path: Path) -> None:
    """
    A line with the place, and no traceback.
    """
    engine = PostgresEngine(f"postgresql://empath@/empath?host={tmp_path}", max_leases=1)
    with pytest.raises(StorageFailure, match=f"postgresql://{tmp_path}/empath: connection"):
        engine.open_reader()
    [found] = [
        each for each in engine.diagnose_place(None, wanted_octets=1, log_limit_octets=1) if each.subject == "server"
    ]
    assert Level.ERROR is found.level


def test_a_database_without_a_queue_says_how_to_make_one(postgresql: "Server") -> None:
    """
    A command may be the first that asks.
    """
    engine = PostgresEngine(postgresql.conninfo("postgres"), max_leases=1)
    with pytest.raises(MissingInput, match="the first `empathd start` makes it"), engine.visiting(None):
        pass


def test_what_is_not_built_says_what_does_it_instead(queue: "PostgresQueue", tmp_path: Path) -> None:
    """
    One line, before anything is done.
    """
    engine = engine_of(queue, tmp_path / "queue")
    with pytest.raises(UsageError, match="not built for PostgreSQL yet; `empath-sql` starts psql"):
        engine.run_shell(["SELECT 1"], write_deadline_s=None)
    with pytest.raises(UsageError, match="not built for PostgreSQL yet; pg_dump"):
        engine.copy(queue.engine.open_reader(), tmp_path, print)


def test_sums_are_plain_numbers(queue: "PostgresQueue") -> None:
    """
    A Decimal would be no number in the JSON of a command.
    """
    queue.accept("a.example", "b.example")
    rows = queue.engine.open_reader().rows("admin.busiest_destinations", {"limit": 9, "now": T0})
    assert [int] * 2 == [type(row[1]) for row in rows]
