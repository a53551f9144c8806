"""test_garbage - unneeded files are removed, needed files never"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.errors import StorageFailure
from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.engine import Reader
from empath.storage.queue import garbage
from empath.storage.queue.garbage import (
    AddOrphans,
    Garbage,
    OrphanScan,
    Removal,
    SettleGarbage,
    Spooled,
    SpooledWalk,
    due_garbage,
    is_awaited,
    left_behind,
    missing_files,
    remove_file,
    remove_parts,
    unnamed,
)
from empath.storage.spool import SpoolFile, locate
from empath.storage.spool_owner import OWNER, key_of_spool
from tests.kit.queue import T0, Queue, give_spool

pytestmark = pytest.mark.engines

NODE = "mx.example.test"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir()
    return path


@pytest.fixture
def reader(queue: Queue) -> Iterator[Reader]:
    opened = queue.engine.open_reader()
    yield opened
    opened.close()


def queue_id(number: int) -> QueueId:
    return QueueId.make(Timestamp(T0), bytes(9) + bytes([number]))


def make_file(spool: Path, number: int = 1, *, age_s: float = 0.0) -> str:
    """A complete file; its locator. Its age is that at T0."""
    file = SpoolFile(spool, NODE, queue_id(number))
    file.write(b"content")
    file.complete()
    file.close()
    os.utime(file.path, (T0 - age_s, T0 - age_s))
    return file.locator


def accept_file(queue: Queue, spool: Path, number: int = 1, *, age_s: float = 0.0) -> str:
    """A message whose content is in a file; its locator."""
    locator = make_file(spool, number, age_s=age_s)
    queue.accept(content=None, size=7, locator=locator, queue_id=queue_id(number))
    return locator


def scan(scan: OrphanScan, now: float = T0, key: str | None = None) -> list[str]:
    """The finds of one round."""
    found = scan.step(now, key)
    while not scan.is_round_over:
        found += scan.step(now, key)
    return sorted(found)


def test_file_goes_before_its_row(queue: Queue, spool: Path, reader: Reader) -> None:
    """
    After a crash between the two, a row must still name the file.
    """
    locator = accept_file(queue, spool)
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))
    (due,) = due_garbage(reader, T0)
    assert Garbage(locator, 0) == due

    removal = remove_file(spool, due)

    assert Removal(locator, 0, None) == removal
    assert not locate(spool, locator).exists()
    assert [(locator,)] == queue.select("SELECT locator FROM _spool_garbage")
    queue.run(SettleGarbage([removal], now=T0))
    assert [] == queue.select("SELECT * FROM _spool_garbage")


def test_file_that_is_not_there_is_gone(spool: Path) -> None:
    """
    The crash came between the file and its row.
    """
    locator = f"spool:{NODE}/{queue_id(1)}"

    assert Removal(locator, 2, None) == remove_file(spool, Garbage(locator, 2))


def test_removal_that_fails_is_counted(queue: Queue, spool: Path, reader: Reader) -> None:
    """
    The row keeps the reason and the time of the next try, for people, too.
    """
    locator = f"spool:{NODE}/{queue_id(1)}"
    queue.write("INSERT INTO _spool_garbage (locator) VALUES (?)", locator)
    locate(spool, locator).mkdir(parents=True)
    (due,) = due_garbage(reader, T0)

    removal = remove_file(spool, due)

    assert (1, "Is a directory") == (removal.tries, removal.error)
    queue.run(SettleGarbage([removal], now=T0))
    assert [(1, T0 + 1, "Is a directory")] == queue.select("SELECT tries, next_try_at, last_error FROM _spool_garbage")
    assert [] == due_garbage(reader, T0 + 0.9)
    assert [Garbage(locator, 1)] == due_garbage(reader, T0 + 1)


@pytest.mark.parametrize(
    ("tries", "delay_s"), [(1, 1), (2, 2), (3, 4), (12, 2048), (13, 3600), (40, 3600), (10**9, 3600)]
)
def test_delay_doubles_up_to_an_hour(queue: Queue, tries: int, delay_s: int) -> None:
    """
    A failing disk is not asked all day, and a repaired one is tried within the hour.
    """
    queue.write("INSERT INTO _spool_garbage (locator) VALUES ('x')")

    queue.run(SettleGarbage([Removal("x", tries, "no")], now=T0))

    assert [(tries, T0 + delay_s)] == queue.select("SELECT tries, next_try_at FROM _spool_garbage")


@pytest.mark.parametrize(
    "locator", ["spool:mx/../../secret", "spool:..", "spool:mx/..", "spool:mx/", "spool:x..", "inline", ""]
)
def test_locator_that_is_none_removes_nothing(spool: Path, locator: str) -> None:
    """
    Any shell may write a row; it must not reach files outside of the spool.
    """
    secrets = [spool.parent / "secret", spool.parent / "spool:x.."]
    for secret in secrets:
        secret.touch()

    removal = remove_file(spool, Garbage(locator, 0))

    assert (1, True) == (removal.tries, removal.error is not None)
    assert all(secret.exists() for secret in secrets)


def test_file_that_a_message_names_is_not_due(queue: Queue, spool: Path, reader: Reader) -> None:
    """
    A person may remove a locator from a row and restore it; the mail is kept.
    """
    locator = accept_file(queue, spool)
    queue.write("UPDATE _message SET content_locator = NULL")
    assert [Garbage(locator, 0)] == due_garbage(reader, T0)
    queue.write("UPDATE _message SET content_locator = ?", locator)

    assert [] == due_garbage(reader, T0)
    queue.write("DELETE FROM _spool_garbage")


def test_a_hundred_files_go_at_a_time(queue: Queue, reader: Reader) -> None:
    """
    The files that have been due longest go first.
    """
    queue.write(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 150)"
        " INSERT INTO _spool_garbage (locator, next_try_at) SELECT 'spool:' || i, 1000 - i FROM n",
    )

    due = due_garbage(reader, T0)

    assert 100 == len(due)
    assert ["spool:150", "spool:51"] == [due[0].locator, due[-1].locator]


def test_old_file_that_no_row_names_is_an_orphan(queue: Queue, spool: Path, reader: Reader) -> None:
    """
    A crash came between the file and the commit, and its client got no 250.
    """
    orphan = make_file(spool, 1, age_s=3601)
    accept_file(queue, spool, 2, age_s=3601)

    found = scan(OrphanScan(spool))
    assert [str(queue_id(1)), str(queue_id(2))] == found
    assert [str(queue_id(1))] == unnamed(reader, found)
    work = queue.done(AddOrphans(found, node=NODE))

    assert 1 == work.added
    assert [Garbage(orphan, 0)] == due_garbage(reader, T0)
    assert 0 == queue.done(AddOrphans(found, node=NODE)).added


def test_what_its_writer_holds_is_no_orphan_however_old_it_looks(spool: Path) -> None:
    """
    After a step of the clock by an hour, a new housekeeper used to unlink the file of an incoming message.
    """
    file = SpoolFile(spool, NODE, queue_id(1))
    file.write(b"content")
    walk = OrphanScan(spool)
    far = time.time() + 1e6

    assert ([], 0) == (walk.step(far), remove_parts(walk.parts))
    file.complete()
    found = walk.step(far)
    assert ([str(queue_id(1))], []) == (found, left_behind(spool, found))
    file.close()
    assert found == left_behind(spool, found)


@pytest.mark.sqlite_only("has the spool next to its file")
def test_a_part_that_a_crash_left_is_removed(queue: Queue, spool: Path) -> None:
    """
    The lock ends with its process.
    """
    make_file(spool, 1)
    path = locate(spool, f"spool:{NODE}/{queue_id(1)}")
    part = path.rename(path.with_name(f"{path.name}.part"))
    walk = OrphanScan(spool)

    give_spool(queue.path)
    key = key_of_spool(spool)

    assert [] == scan(walk, T0, key)
    assert [] == walk.parts
    assert [] == walk.step(T0 + 3601, key)
    assert ([part], 1, False) == (walk.parts, remove_parts(walk.parts), part.exists())


@pytest.mark.sqlite_only("has the spool next to its file")
def test_a_file_may_be_removed_if_it_is_younger_than_the_queues_hold_on_the_spool(queue: Queue, spool: Path) -> None:
    """
    A new queue next to the spool of a lost one used to remove its mail after an hour.
    """
    make_file(spool, 1, age_s=9999)
    give_spool(queue.path, at=T0)
    walk, key = OrphanScan(spool), key_of_spool(spool)

    def may_remove(key: str | None) -> bool:
        [found] = scan(walk, T0, key)
        return walk.may_remove(found)

    assert [True, False] == [may_remove(key), may_remove(None)]
    give_spool(queue.path, at=T0 + 1)
    assert [False, False] == [may_remove(key_of_spool(spool)), may_remove(key)]
    (spool / OWNER).unlink()
    assert not may_remove(key)


@pytest.mark.sqlite_only("has the spool next to its file")
def test_a_part_in_the_spool_of_another_queue_stays(queue: Queue, spool: Path) -> None:
    """
    Where the owner is another, nothing in the spool is ours to judge.
    """
    make_file(spool, 1, age_s=9999)
    path = locate(spool, f"spool:{NODE}/{queue_id(1)}")
    path.rename(path.with_name(f"{path.name}.part"))
    give_spool(queue.path, at=T0)
    walk = OrphanScan(spool)

    assert [] == scan(walk, T0, "01HF7YAT000000000000000000")
    assert [] == walk.parts


@pytest.mark.parametrize("age_s", [-9999, 0, 3599, 3600])
def test_young_file_is_not_touched(spool: Path, age_s: float) -> None:
    """
    It may belong to a message that is being received, whose row comes with its commit.
    """
    make_file(spool, age_s=age_s)

    assert [] == scan(OrphanScan(spool))


def test_strange_file_is_not_touched(spool: Path) -> None:
    """
    Only a file named by a queue id, at the right place, belongs to Empath.
    """
    ulid = str(queue_id(1))
    (spool / ulid).touch()
    (spool / "file").touch()
    for folder in (ulid[-2:], "ZZ", ulid[-1:], ulid[-3:]):
        (spool / folder).mkdir()
    (spool / "ZZ" / ulid).touch()
    (spool / ulid[-1:] / ulid).touch()
    (spool / ulid[-3:] / ulid).touch()
    (spool / ulid[-2:] / ulid).symlink_to(spool / "file")
    (spool / ulid[-2:] / f"{ulid}~").touch()
    (spool / ulid[-2:] / f"x{ulid[1:].lower()}").touch()

    assert [] == scan(OrphanScan(spool), T0 + 1e9)


def test_scan_takes_one_directory_at_a_time(spool: Path) -> None:
    """
    A step costs as much as its directory holds. The next round finds newer files.
    """
    for number in (1, 2, 3):
        make_file(spool, number, age_s=9999)
    walk = OrphanScan(spool)

    assert [[str(queue_id(1))], [str(queue_id(2))]] == [walk.step(T0), walk.step(T0)]
    assert not walk.is_round_over
    assert [[str(queue_id(3))], True] == [walk.step(T0), walk.is_round_over]
    make_file(spool, 4, age_s=9999)
    assert 4 == len(scan(walk))


def test_directory_that_goes_meanwhile_is_passed_over(spool: Path) -> None:
    """
    A person may remove it by hand.
    """
    make_file(spool, 1, age_s=9999)
    make_file(spool, 2, age_s=9999)
    walk = OrphanScan(spool)
    walk.step(T0)
    path = locate(spool, f"spool:{NODE}/{queue_id(2)}")
    path.unlink()
    path.parent.rmdir()

    assert [] == walk.step(T0)
    assert walk.is_round_over


def test_scan_of_an_empty_spool_is_over_at_once(spool: Path) -> None:
    """
    Most queues never see a large message.
    """
    walk = OrphanScan(spool)

    assert ([], True) == (walk.step(T0), walk.is_round_over)


def test_spool_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    """
    The housekeeper logs it and tries again.
    """
    with pytest.raises(StorageFailure) as caught:
        OrphanScan(tmp_path / "nowhere").step(T0)

    assert f"{tmp_path}/nowhere: No such file or directory" == str(caught.value)


def test_directory_that_cannot_be_read_does_not_stop_the_scan(spool: Path) -> None:
    """
    The next step takes the next directory.
    """
    make_file(spool, 2, age_s=9999)
    (spool / "00").symlink_to("00")  # a loop, ELOOP also for root
    walk = OrphanScan(spool)

    with pytest.raises(StorageFailure):
        walk.step(T0)
    assert not walk.is_round_over
    assert [str(queue_id(2))] == walk.step(T0)


def test_file_that_a_waiting_message_misses_is_found(queue: Queue, spool: Path, reader: Reader) -> None:
    """
    A person must know of it before a worker holds the recipient, perhaps a week later.
    """
    accept_file(queue, spool, 1)
    locator = accept_file(queue, spool, 2)
    queue.accept()
    locate(spool, locator).unlink()

    spooled = SpooledWalk().step(reader)
    assert [1, 2] == [message.message_id for message in spooled]
    (missing,) = missing_files(spool, spooled)

    assert Spooled(2, str(queue_id(2)), locator) == missing
    assert is_awaited(reader, missing)


@pytest.mark.parametrize("end", ["delivered", "held"])
def test_file_that_no_worker_will_read_is_not_missed(queue: Queue, spool: Path, reader: Reader, end: str) -> None:
    """
    The message was delivered between two checks, or a worker has held it and logged that.
    """
    locator = accept_file(queue, spool)
    if end == "held":
        queue.write("UPDATE _recipient SET status = 'held', reason = 'no content'")
    else:
        (lease,) = queue.lease()
        queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))

    assert not is_awaited(reader, Spooled(1, str(queue_id(1)), locator))


def test_walk_over_messages_goes_on_where_it_was(queue: Queue, reader: Reader) -> None:
    """
    It goes slice by slice, and starts again after the end.
    """
    queue.accept(count=garbage.MESSAGES)
    queue.accept(content=None, size=7, locator="spool:mx/0")
    walk = SpooledWalk()

    seen = [(len(walk.step(reader)), walk.is_round_over) for _ in range(4)]

    assert [(0, False), (1, True)] * 2 == seen
