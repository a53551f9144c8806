"""The file that names the supervisor."""

import os
import resource
import signal
import stat

import pytest

from empath.daemon.supervisor.pid_file import PidFile
from empath.errors import CannotCreate


def test_the_directory_of_the_pid_file_may_be_read_whatever_the_umask(tmp_path):
    """
    `empathd status` is for any user.
    """
    before = os.umask(0o077)
    try:
        PidFile(tmp_path / "run" / "empathd.pid").write(1)
    finally:
        os.umask(before)
    assert 0o755 == stat.S_IMODE((tmp_path / "run").stat().st_mode)


def test_a_pid_file_is_removed_by_its_owner_only(tmp_path):
    """
    A late end of one instance must not remove the pid file of the next.
    """
    pid_file = PidFile(tmp_path / "empathd.pid")
    pid_file.write(4711)
    pid_file.remove(1)
    assert 4711 == pid_file.find()
    pid_file.remove(4711)
    assert None is pid_file.find()


@pytest.mark.parametrize("octets", [b"", b"word", b"-1", b"\xff", "٣".encode()])
def test_a_pid_file_without_a_pid_names_none(tmp_path, octets):
    """
    Another program may have written the file.
    """
    (tmp_path / "empathd.pid").write_bytes(octets)
    assert None is PidFile(tmp_path / "empathd.pid").find()


@pytest.mark.parametrize("octets", [b"SQLite format 3\0" + bytes(4096), b'hostname = "mx.test"\n', b"1" * 65])
def test_a_file_that_is_not_a_pid_file_is_not_replaced(tmp_path, octets):
    """
    One wrong path would destroy the queue, and all mail in it.
    """
    path = tmp_path / "queue.db"
    path.write_bytes(octets)
    pid_file = PidFile(path)
    with pytest.raises(CannotCreate) as caught:
        pid_file.write(4711)
    words = "there is a file with other content; name another by [process] pid_file, or remove it"
    assert f"cannot write the pid file {path}: {words}" == str(caught.value)
    pid_file.remove(4711)
    assert octets == path.read_bytes()
    assert ["queue.db"] == os.listdir(tmp_path)


@pytest.mark.parametrize("octets", [b"", b"4711\n", b"4711"])
def test_a_pid_file_that_was_left_is_replaced(tmp_path, octets):
    """
    A crash of the machine leaves it, and it may be empty then.
    """
    path = tmp_path / "empathd.pid"
    path.write_bytes(octets)
    PidFile(path).write(1)
    assert b"1\n" == path.read_bytes()


def test_a_pid_file_is_never_a_device_or_pipe(tmp_path):
    """
    A read of a pipe would wait for ever, and the new file would take its place.
    """
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(CannotCreate):
        PidFile(path).write(1)
    assert None is PidFile(path).find()
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_pid_file_that_cannot_be_written_is_named(tmp_path):
    """
    One line names it; the exit code is EX_CANTCREAT.
    """
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate) as caught:
        PidFile(tmp_path / "file" / "empathd.pid").write(1)
    assert f"cannot write the pid file {tmp_path}/file/empathd.pid: {tmp_path}/file: File exists" == str(caught.value)


def test_a_disk_that_takes_no_more_is_named(tmp_path):
    """
    The message said "None" where no file is to blame.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(CannotCreate) as caught:
            PidFile(tmp_path / "empathd.pid").write(1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert f"cannot write the pid file {tmp_path}/empathd.pid: File too large" == str(caught.value)


def test_a_directory_in_the_place_of_the_pid_file_is_named(tmp_path):
    """
    The error named a temporary file that nobody had configured.
    """
    with pytest.raises(CannotCreate) as caught:
        PidFile(tmp_path).write(1)
    words = "there is a directory; name a file in it by [process] pid_file"
    assert f"cannot write the pid file {tmp_path}: {words}" == str(caught.value)
