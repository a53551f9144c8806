"""test_tracking - the index of past mail follows the queue, whatever happens to either"""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import pytest
from gevent.event import Event

from empath.config import load_config
from empath.daemon.housekeeper.tracking import Tracking
from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.past_mail import Wanted
from empath.storage.queue.past import SLICE
from empath.storage.queue.put_back import EndLease
from empath.storage.sqlite.track import TrackFile
from empath.telemetry.occurrences.housekeeper import TrackBegun, TrackDamaged, TrackKept, TrackUnkept
from tests.kit.past import forget_recipients
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, give_spool


class House:
    """A housekeeper's index over a queue; free is the space of the disk."""

    def __init__(self, directory: Path, more: str = "", free: int = 2**40) -> None:
        file = directory / "empath.toml"
        text = configuration(2525, more=f'[track]\nkeep = true\nretention = "3650d"\n{more}')
        file.write_text(text)
        self.queue = Queue(directory / "queue.db")
        give_spool(self.queue.path)
        self.config = load_config(file)
        self.free = free
        self.seen: list[Any] = []
        self.file = TrackFile(directory / "track.db", deadline_s=0.0)
        self.start()

    def start(self) -> None:
        """A new process."""
        emit: Any = self.seen.append
        engine: Any = SimpleNamespace(free_octets=lambda: self.free)
        runtime: Any = SimpleNamespace(config=self.config, emit=emit, engine=engine, draining=Event())
        self.tracking = Tracking(runtime, self.queue.engine.open_reader())

    def statuses(self, *words: str) -> list[str]:
        """Status of each recipient in the index after a round, by number."""
        self.tracking.follow()
        return [each.status for each in reversed(self.file.find(Wanted(words=words), 10_000))]

    def told(self) -> list[type]:
        """The kinds of what was told since."""
        told = [type(each) for each in self.seen]
        self.seen.clear()
        return told

    def settle(self, status: RecipientStatus) -> None:
        """Let all that is due end so."""
        for lease in self.queue.lease(now=T0 + 5):
            for place in range(len(lease.messages)):
                self.queue.run(self.queue.new_settle(lease, status, message=place, now=T0 + 6))
            self.queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 6))


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A queue without mail."""
    return House(tmp_path)


def test_it_has_each_recipient_as_the_queue_has_it(house: House) -> None:
    """
    What came, what was tried, what people ordered; and in the end what the queue has forgotten.
    """
    house.queue.accept("a.example", "b.example", subject="=?utf-8?Q?Gr=C3=BC=C3=9Fe?=")
    assert ["queued", "queued"] == house.statuses("grüße")
    house.queue.lease(now=T0)
    assert ["queued", "queued"] == house.statuses()
    house.queue.accept("c.example")
    house.settle(RecipientStatus.DELIVERED)
    assert ["queued", "queued", "delivered"] == house.statuses()
    house.queue.accept("d.example")
    house.queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 4")
    assert ["queued", "queued", "delivered", "held"] == house.statuses()
    house.queue.write("DELETE FROM queue WHERE recipient_id = 4")
    forget_recipients(house.queue, 3)
    assert ["queued", "queued", "delivered", "cancelled"] == house.statuses()
    assert [TrackBegun] == house.told()


def test_a_subject_with_a_hostile_charset_is_kept_as_it_is(house: House) -> None:
    """
    One whose name is no ASCII, one that gives no text, one that does not exist: the mail behind them is there too.
    """
    subjects = ["=?é?q?one?=", "=?utf-7?q?+2AA-?= one", "=?unicode_escape?q?=5Cud800?= one", "=?x?q?one?="]
    for subject in subjects:
        house.queue.accept("a.example", subject=subject)
    house.queue.accept("b.example", subject="=?utf-8?q?one?=")
    assert ["queued"] * 5 == house.statuses("one")
    assert [*subjects, "one"] == [entry.subject for entry in reversed(house.file.find(Wanted(), 9))]


def test_a_new_process_goes_on_where_the_last_one_was(house: House) -> None:
    """
    It says nothing of it.
    """
    house.queue.accept("a.example")
    house.statuses()
    house.told()
    house.start()
    house.queue.accept("b.example")
    assert (["queued", "queued"], []) == (house.statuses(), house.told())


def test_an_index_that_was_removed_while_it_runs_is_made_again(house: House) -> None:
    """
    Of all that the queue still has, in steps.
    """
    house.queue.accept(*(f"d{number}.example" for number in range(SLICE + 1)))
    assert SLICE + 1 == len(house.statuses())
    for file in house.queue.path.parent.glob("track.db*"):
        file.unlink()
    assert SLICE + 1 == len(house.statuses())
    assert [TrackBegun, TrackBegun] == house.told()


def test_a_damaged_index_is_put_aside_and_made_again(house: House) -> None:
    """
    Without a person; the log says where the old one is.
    """
    house.queue.accept("a.example")
    house.statuses()
    house.start()
    file = Path(house.file.location)
    for each in house.queue.path.parent.glob("track.db-*"):
        each.unlink()
    file.write_bytes(b"x" * 8192)
    house.tracking.follow()
    assert (["queued"], [TrackBegun, TrackDamaged, TrackBegun]) == (house.statuses(), house.told())
    assert file.with_name("track.db-damaged").exists()


def test_what_keeps_it_from_writing_is_said_once_and_the_end_of_it_too(house: House) -> None:
    """
    A full disk, a shell with the write lock, a file of somebody else: the duty raises nothing.
    """
    house.queue.accept("a.example")
    house.statuses()
    house.told()
    house.queue.accept("b.example")
    house.free = 0
    assert (["queued"], ["queued"]) == (house.statuses(), house.statuses())
    [unkept] = house.seen
    assert "0 MiB free, less than [queue] reserve" in unkept.error
    house.free = 2**40
    assert (["queued", "queued"], [TrackUnkept, TrackKept]) == (house.statuses(), house.told())
    Path(house.file.location).unlink()
    with apsw.Connection(house.file.location) as other:
        other.execute("CREATE TABLE own (x)")
    house.tracking.follow()
    house.tracking.follow()
    [unkept] = house.seen
    assert "not an index of past mail; move it away" in unkept.error


def test_a_restored_queue_gives_numbers_again(house: House, tmp_path: Path) -> None:
    """
    Rows of the time after the backup are of mail that the queue does not know; older ones stay.
    """
    house.queue.accept("a.example")
    house.settle(RecipientStatus.DELIVERED)
    house.queue.close()
    house.queue.write("PRAGMA wal_checkpoint(TRUNCATE)")
    saved = tmp_path / "saved.db"
    shutil.copyfile(house.queue.path, saved)
    house.queue.accept("b.example", "c.example")
    forget_recipients(house.queue, 1)
    house.statuses()
    house.told()
    house.queue.close()
    for each in tmp_path.glob("queue.db*"):
        each.unlink()
    shutil.copyfile(saved, house.queue.path)
    house.queue = Queue(house.queue.path, slot="worker-9")
    house.queue.accept("other.example", "another.example", queue_id=QueueId.make(Timestamp(T0 + 99), bytes(10)))
    house.start()
    assert 3 == len(house.statuses())
    assert {"a.example", "other.example", "another.example"} == {e.domain for e in house.file.find(Wanted(), 9)}
    assert [TrackBegun] == house.told()


def test_the_index_of_another_queue_is_emptied(house: House) -> None:
    """
    Its numbers mean other mail.
    """
    house.queue.accept("a.example", "b.example")
    house.statuses()
    give_spool(house.queue.path, at=T0)
    house.queue.write("DELETE FROM queue WHERE recipient_id = 2")
    forget_recipients(house.queue, 2)
    house.start()
    assert ["queued"] == house.statuses()


def test_what_is_older_than_its_retention_is_neither_read_nor_kept(tmp_path: Path) -> None:
    """
    No longer than [audit.redaction] keeps addresses.
    """
    house = House(tmp_path, '[audit.redaction]\nafter = "1d"\naddresses = "mask"\n')
    house.queue.accept("a.example", at=T0)
    assert [] == house.statuses()
    house.queue.close()


def test_without_the_setting_there_is_no_file(tmp_path: Path) -> None:
    """
    And no look at the queue.
    """
    house = House(tmp_path)
    house.config = house.config.model_copy(update={"track": house.config.track.model_copy(update={"is_kept": False})})
    house.start()
    house.tracking.follow()
    assert not house.file.exists
