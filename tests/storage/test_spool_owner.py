"""test_spool_owner - two queues in one directory do not share a spool"""

import os
import shutil
from pathlib import Path

import pytest

from empath.errors import UnusableQueue
from empath.storage.spool_owner import OWNER, key_of_queue, key_of_spool
from empath.storage.sqlite.checks import check_queue
from empath.storage.sqlite.engine import SqliteEngine
from tests.kit.queue import write

pytestmark = pytest.mark.on_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "empath"
    folder.mkdir(mode=0o750)
    return folder / "queue.db"


def key(path: Path) -> str | None:
    """The key of the queue at *path*."""
    with SqliteEngine(path, max_leases=1).visiting(None) as visit:
        return key_of_queue(visit)


def spooled(path: Path) -> Path:
    """A file of content in the spool of *path*."""
    file = path.parent / "spool" / "01" / "01HF7YAT000000000000000001"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_the_first_start_takes_the_spool_and_later_ones_keep_it(path: Path) -> None:
    """
    A queue of an older version has no key. Nobody has to do anything for its migration.
    """
    spooled(path)
    check_queue(path)
    taken = key(path)
    check_queue(path)

    assert taken is not None
    assert [taken, taken] == [key(path), key_of_spool(path.parent / "spool")]


def test_a_second_queue_in_the_directory_is_refused_and_changes_nothing(path: Path) -> None:
    """
    Each would take the content of the other for orphans, and remove it after an hour.
    """
    check_queue(path)
    taken = key_of_spool(path.parent / "spool")

    with pytest.raises(UnusableQueue, match=r"spool: the content of another queue than .*other\.db; give each queue"):
        check_queue(path.with_name("other.db"))

    assert taken == key_of_spool(path.parent / "spool")
    check_queue(path)


def test_a_new_queue_next_to_the_spool_of_a_lost_one_is_refused(path: Path) -> None:
    """
    The content is all that is left of the mail.
    """
    check_queue(path)
    for file in path.parent.glob("queue.db*"):
        file.unlink()

    with pytest.raises(UnusableQueue, match=rf"remove .*/spool/{OWNER} if no other queue uses it"):
        check_queue(path)


def test_a_restored_backup_of_the_queue_is_the_owner(path: Path, tmp_path: Path) -> None:
    """
    The spool may be that of the backup or the one of today.
    """
    check_queue(path)
    taken = key(path)
    shutil.copy(path, tmp_path / "backup.db")
    path.unlink()
    shutil.copy(tmp_path / "backup.db", path)
    check_queue(path)
    assert taken == key(path)

    shutil.rmtree(path.parent / "spool")
    check_queue(path)
    assert [taken, taken] == [key(path), key_of_spool(path.parent / "spool")]


def test_content_without_an_owner_is_older_than_the_new_key(path: Path) -> None:
    """
    A person has removed the owner: a file that no message names may still be content of another queue.
    """
    check_queue(path)
    before = key(path)
    file = spooled(path)
    (path.parent / "spool" / OWNER).unlink()
    check_queue(path)

    now = key(path)
    assert now is not None
    assert now != before
    assert now > file.name
    assert now == key_of_spool(path.parent / "spool")


def test_a_link_in_the_place_of_the_owner_is_not_followed(path: Path) -> None:
    """
    The user of the queue could let root read or replace any file.
    """
    check_queue(path)
    owner = path.parent / "spool" / OWNER
    owner.unlink()
    owner.symlink_to("/etc/passwd")

    with pytest.raises(Exception, match=rf"{OWNER}: Too many levels of symbolic links"):
        check_queue(path)


def test_a_start_that_was_killed_before_it_wrote_the_owner_goes_on(path: Path) -> None:
    """
    The key is committed first, then the file appears whole.
    """
    check_queue(path)
    (path.parent / "spool" / OWNER).unlink()
    (path.parent / "spool" / f"{OWNER}.{os.getpid()}").touch()

    check_queue(path)

    assert key(path) == key_of_spool(path.parent / "spool")


def test_a_queue_without_a_key_does_not_take_a_spool_that_has_one(path: Path) -> None:
    """
    A backup from before the key was made cannot say that the spool is its own: a person does.
    """
    check_queue(path)
    write(path, "DELETE FROM _setting WHERE name = 'spool_owner'")

    with pytest.raises(UnusableQueue):
        check_queue(path)
