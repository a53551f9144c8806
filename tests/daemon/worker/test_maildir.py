"""Final delivery into a Maildir."""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.maildir import deliver_to_maildir
from empath.errors import StorageFailure
from empath.mail.outcome import Stage

deliver = partial(deliver_to_maildir, may_end=lambda: True)


def brief(result):
    """Code and enhanced code."""
    return str(result.reply)[:9]


def test_a_mail_lies_in_new_with_the_fields_of_final_delivery(tmp_path):
    """
    RFC 5321 §4.4. Only the owner may read it.
    """
    result = deliver(tmp_path / "a/b", "s@x.test", "r@y.test", iter([b"X: y\r\n", b"\r\ntext\r\n"]))
    [file] = (tmp_path / "a/b/new").iterdir()
    assert f"250 2.0.0 stored as {file.name}" == str(result.reply)
    assert b"Return-Path: <s@x.test>\r\nDelivered-To: r@y.test\r\nX: y\r\n\r\ntext\r\n" == file.read_bytes()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert ["cur", "new", "tmp"] == sorted(part.name for part in (tmp_path / "a/b").iterdir())
    assert [] == list((tmp_path / "a/b/tmp").iterdir())


def test_every_mail_has_a_name_of_its_own(tmp_path):
    """
    This holds even for two mails in the same instant.
    """
    for _ in range(50):
        deliver(tmp_path / "m", "", "r@y.test", iter([b"\r\n"]))
    assert 50 == len(list((tmp_path / "m/new").iterdir()))


def test_a_mail_that_came_by_before_is_refused_for_good(tmp_path):
    """
    The reply is 5.4.6, and no file is left.
    """
    result = deliver(tmp_path / "m", "", "R@y.test", iter([b"Delivered-To: r@Y.test\r\n\r\n"]))
    assert "554 5.4.6" == brief(result)
    assert [] == [*(tmp_path / "m/new").iterdir(), *(tmp_path / "m/tmp").iterdir()]


@pytest.mark.parametrize("place", ["m", "m/tmp", "m/new"])
def test_a_file_in_the_place_of_a_folder_defers(tmp_path, place):
    """
    The operator or the reader can correct it, so the mail waits.
    """
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text("in the way")
    result = deliver(tmp_path / "m", "", "r@y.test", iter([b"\r\n"]))
    assert "451 4.3.0" == brief(result)
    assert "in the way" == (tmp_path / place).read_text()


def test_a_full_disk_defers_and_leaves_nothing(tmp_path):
    """
    The reply is 4.3.1.
    """
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")

    def pieces():
        with open("/dev/full", "wb", buffering=0) as full:
            yield b"X: y\r\n"
            full.write(b"x")

    assert "452 4.3.1" == brief(deliver(tmp_path / "m", "", "r@y.test", pieces()))
    assert [] == [*(tmp_path / "m/new").iterdir(), *(tmp_path / "m/tmp").iterdir()]


def test_content_that_cannot_be_read_leaves_nothing(tmp_path):
    """
    Half a mail must not be delivered.
    """

    def pieces():
        yield b"X: y\r\n"
        raise StorageFailure("no such file")

    with pytest.raises(StorageFailure):
        deliver(tmp_path / "m", "", "r@y.test", pieces())
    assert [] == [*(tmp_path / "m/new").iterdir(), *(tmp_path / "m/tmp").iterdir()]


def test_a_process_that_others_take_for_dead_gives_a_mail_no_name(tmp_path):
    """
    Other workers deliver its mail by then. A worker that was stopped for a minute used to make a second copy of each
    message.
    """
    with pytest.raises(Abandoned):
        deliver_to_maildir(tmp_path / "m", "", "r@y.test", iter([b"\r\n"]), lambda: False)
    assert [] == [*(tmp_path / "m/new").iterdir(), *(tmp_path / "m/tmp").iterdir()]


def test_every_directory_that_is_made_is_durable(tmp_path, monkeypatch):
    """
    A mail that was answered with 250 must not be lost with its directory when the power fails.
    """
    synced = []
    fsync = os.fsync

    def noting(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    deliver(tmp_path / "a/b", "", "r@y.test", iter([b"\r\n"]))
    assert {str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a/b"), str(tmp_path / "a/b/new")} <= set(synced)


def test_a_new_that_may_not_be_read_takes_no_copies(tmp_path):
    """
    Its names cannot be made durable. Each attempt used to leave a copy of the mail, and was answered with 451.
    """
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        folder = Path(tempfile.mkdtemp(dir="/tmp"))
        (folder / "new").mkdir(mode=0o300)
        assert "451 4.3.0" == brief(deliver(folder, "", "r@y.test", iter([b"\r\n"])))
        (folder / "new").chmod(0o700)
        assert [] == [*(folder / "new").iterdir(), *(folder / "tmp").iterdir()]
        shutil.rmtree(folder)
    finally:
        os.seteuid(os.getuid())


@pytest.fixture
def failing_sync(monkeypatch):
    """The sync of new/ fails; what is appended is called first."""
    before: list[Callable[[], object]] = []
    fsync = os.fsync

    def failing(descriptor):
        place = os.readlink(f"/proc/self/fd/{descriptor}")
        if place.endswith("/new") and os.listdir(place):
            for call in before:
                call()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    return before


@pytest.mark.usefixtures("failing_sync")
def test_a_name_that_is_not_durable_is_taken_back(tmp_path):
    """
    The mail is tried again, and each try would leave a copy.
    """
    result = deliver(tmp_path / "m", "", "r@y.test", iter([b"\r\n"]))
    assert ("451 4.3.0", Stage.LOCAL) == (brief(result), result.stage)
    assert [] == [*(tmp_path / "m/new").iterdir(), *(tmp_path / "m/tmp").iterdir()]


def test_a_name_that_cannot_be_taken_back_leaves_doubt(tmp_path, failing_sync):
    """
    A reader may have taken the mail, so the next try may be the second copy.
    """
    failing_sync.append(lambda: [file.rename(tmp_path / file.name) for file in (tmp_path / "m/new").iterdir()])
    result = deliver(tmp_path / "m", "", "r@y.test", iter([b"\r\n"]))
    assert ("451 4.3.0", Stage.END_OF_DATA) == (brief(result), result.stage)
