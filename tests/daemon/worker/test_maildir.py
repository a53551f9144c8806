"""Final delivery into a Maildir."""

import os
import stat
from functools import partial

import pytest

from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.maildir import deliver_to_maildir
from empath.errors import StorageFailure

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
