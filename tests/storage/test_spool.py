"""test_spool - content too large for the database"""

import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.errors import StorageFailure
from empath.mail.identity import QueueId
from empath.storage.spool import SpoolFile, is_being_written, locate, open_content
from empath.storage.sqlite.space import free_octets, wal_octets
from tests.kit.queue import Queue

ID = QueueId("01HF7YAT00000000000000009Z")


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def files(spool: Path) -> list[Path]:
    return [path for path in spool.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize("new", [b"", b"Subject: y\r\n"])
def test_content_whose_start_is_replaced_keeps_the_rest(spool: Path, new: bytes) -> None:
    """
    Also where nothing stands in its place.
    """
    file = SpoolFile(spool, "mx.example.test", ID)
    body = b"\r\n" + b"y" * 300_000
    file.write(b"Subject: x\r\n" + body)
    file.complete()
    pieces: list[bytes] = []
    file.replace_start(12, new, pieces.append)
    file.close()
    assert (new + body, new + body) == (file.path.read_bytes(), b"".join(pieces))


def test_content_that_is_replaced_whole_has_only_the_new_octets(spool: Path) -> None:
    """
    A filter may give a message another body.
    """
    file = SpoolFile(spool, "mx.example.test", ID)
    file.write(b"y" * 300_000)
    file.complete()
    pieces: list[bytes] = []
    file.replace(iter((b"new ", b"", b"content")), pieces.append)
    assert is_being_written(file.path)
    file.close()
    assert (b"new content", b"new content", [file.path]) == (file.path.read_bytes(), b"".join(pieces), files(spool))


def test_content_that_cannot_be_replaced_stays(spool: Path) -> None:
    """
    The message is refused for now, and no half of another stands in its place.
    """
    file = SpoolFile(spool, "mx.example.test", ID)
    file.write(b"old")
    file.complete()

    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StorageFailure, match="No space left"):
        file.replace(pieces(), bytes)
    file.close()
    assert (b"old", [file.path]) == (file.path.read_bytes(), files(spool))


def test_content_is_read_as_it_was_written(spool: Path) -> None:
    """
    It is written in pieces of any size, and read by the name in the row.
    """
    file = SpoolFile(spool, "mx.example.test", ID)
    for piece in (b"", b"Subject: x\r\n", b"\r\n" + b"y" * 300_000):
        file.write(piece)
    file.complete()
    file.close()

    assert f"spool:mx.example.test/{ID}" == file.locator
    with open_content(spool, file.locator) as content:
        assert b"Subject: x\r\n\r\n" + b"y" * 300_000 == content.read()


def test_message_without_octets_is_a_file_too(spool: Path) -> None:
    """
    A row must not name a missing file.
    """
    file = SpoolFile(spool, "mx", ID)
    file.complete()
    file.close()

    assert [file.path] == files(spool)


def test_file_and_its_directories_are_private(spool: Path) -> None:
    """
    Other users must not read mail.
    """
    file = SpoolFile(spool, "mx", ID)
    file.write(b"x")
    file.complete()
    file.close()

    assert (0, 0) == (file.path.stat().st_mode & 0o027, file.path.parent.stat().st_mode & 0o027)


def test_a_spool_that_was_removed_is_made_again(spool: Path) -> None:
    """
    A person who tidies up an empty directory refuses no mail until the next start.
    """
    spool.rmdir()
    file = SpoolFile(spool, "mx", ID)
    file.write(b"x")
    file.complete()
    file.close()

    assert (b"x", 0) == (file.path.read_bytes(), spool.stat().st_mode & 0o027)


def test_the_directory_of_the_queue_is_not_made_again(spool: Path) -> None:
    """
    Without it there is no queue that could name the file.
    """
    spool.rmdir()
    with pytest.raises(StorageFailure):
        SpoolFile(spool / "gone" / "spool", "mx", ID).write(b"x")

    assert not (spool / "gone").exists()


def test_files_are_spread_over_directories_by_the_end_of_the_id(spool: Path) -> None:
    """
    The end of an id is random; its beginning is the same for a whole day.
    """
    assert spool / "9Z" / str(ID) == locate(spool, f"spool:mx.example.test/{ID}")


def test_file_is_found_whatever_its_node_was_called(spool: Path) -> None:
    """
    A host with a new [node] name still delivers what it accepted before.
    """
    assert locate(spool, f"spool:mx1/{ID}") == locate(spool, f"spool:mx2.example.test/{ID}")


def test_discarded_file_is_gone(spool: Path) -> None:
    """
    Its transaction failed, so no row names it, whether it is complete or not.
    """
    for is_complete in (False, True):
        file = SpoolFile(spool, "mx", ID)
        file.write(b"x")
        if is_complete:
            file.complete()
        file.discard()
        assert [] == files(spool)


def test_discard_is_harmless_where_there_is_nothing(spool: Path) -> None:
    """
    Every exit path discards.
    """
    file = SpoolFile(spool, "mx", ID)
    file.discard()
    file.write(b"x")
    for part in files(spool):
        part.unlink()
    file.discard()

    assert [] == files(spool)


def test_file_of_the_same_id_is_neither_taken_over_nor_discarded(spool: Path) -> None:
    """
    Ids must not collide silently: the first message keeps its content.
    """
    first = SpoolFile(spool, "mx", ID)
    first.write(b"first")
    first.complete()
    first.close()
    second = SpoolFile(spool, "mx", ID)

    with pytest.raises(StorageFailure, match=os.strerror(errno.EEXIST)):
        second.write(b"second")
    second.discard()

    assert b"first" == first.path.read_bytes()


@pytest.mark.parametrize("exists", [True, False])
def test_link_in_the_place_of_a_file_is_neither_written_nor_read(spool: Path, tmp_path: Path, exists: bool) -> None:
    """
    A link could lead to any file that Empath may write or read.
    """
    target = tmp_path / "target"
    if exists:
        target.write_bytes(b"secret")
    file = SpoolFile(spool, "mx", ID)
    file.path.parent.mkdir()
    file.path.symlink_to(target)

    with pytest.raises(StorageFailure):
        file.write(b"x")
    with pytest.raises(StorageFailure):
        open_content(spool, file.locator)

    assert [b"secret"] * exists == [target.read_bytes() for _ in range(target.exists())]


def test_missing_file_is_a_failure_that_names_it(spool: Path) -> None:
    """
    The recipient is held, and the log names the file for a person.
    """
    with pytest.raises(StorageFailure, match=str(ID)):
        open_content(spool, f"spool:mx/{ID}")


def test_a_spool_on_a_disk_that_is_not_mounted_is_a_failure(tmp_path: Path) -> None:
    """
    A 4yz to the client, not a crash, and no directory in the place of the link.
    """
    (tmp_path / "spool").symlink_to(tmp_path / "disk" / "spool")
    for act in (lambda file: file.write(b"x"), lambda file: file.complete()):
        with pytest.raises(StorageFailure):
            act(SpoolFile(tmp_path / "spool", "mx", ID))
    assert not (tmp_path / "disk").exists()


@pytest.fixture
def no_space() -> Iterator[None]:
    """This process cannot write files of more than 4 KiB."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("no_space")
def test_write_that_is_cut_short_is_a_failure(spool: Path) -> None:
    """
    The system may take half of the octets before it reports a full disk.
    """
    file = SpoolFile(spool, "mx", ID)

    with pytest.raises(StorageFailure, match=str(ID)):
        file.write(b"x" * 10_000)
    file.discard()

    assert [] == files(spool)


def test_disk_that_fails_at_the_sync_is_a_failure(spool: Path) -> None:
    """
    Mail is accepted only once it is known to be on the disk.
    """
    file = SpoolFile(spool, "mx", ID)
    file.write(b"x")
    [descriptor] = [fd for fd in Path("/proc/self/fd").iterdir() if str(ID) in os.path.realpath(fd)]
    reading, writing = os.pipe()
    os.dup2(writing, int(descriptor.name))  # a pipe refuses fsync, as a failed disk does
    os.close(writing)

    with pytest.raises(StorageFailure, match=os.strerror(errno.EINVAL)):
        file.complete()

    os.close(reading)
    file.discard()
    assert [] == files(spool)


def test_space_and_log_are_measured(queue: Queue) -> None:
    """
    The acceptor refuses mail while deliveries can still be recorded.
    """
    queue.accept()

    assert 0 < free_octets(queue.path.parent)
    assert 0 < wal_octets(queue.path)
    queue.close()
    assert 0 == wal_octets(queue.path)


def test_a_file_has_its_name_when_it_is_whole_and_its_lock_until_it_is_let_go(spool: Path) -> None:
    """
    After a step of the clock, a scan used to take an incoming message for an orphan.
    """
    file = SpoolFile(spool, "mx", ID)
    file.write(b"x")
    [part] = files(spool)
    assert (f"{ID}.part", True) == (part.name, is_being_written(part))

    file.complete()
    assert ([file.path], True) == (files(spool), is_being_written(file.path))

    file.close()
    assert not is_being_written(file.path)
