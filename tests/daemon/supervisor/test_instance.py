"""The instance lock and the pid file."""

import os
import subprocess
import sys

import pytest

from empath.daemon.supervisor import instance
from empath.errors import CannotCreate, QueueBusy

HOLDER = """
import sys
from pathlib import Path
from empath.daemon.supervisor import instance
instance.acquire(Path(sys.argv[1]), wait_s=0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of tmp_path/queue.db until its standard input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "queue.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "held\n" == process.stdout.readline()
        yield process


def test_a_second_instance_is_told_who_holds_the_queue(tmp_path, holder):
    """
    Two on one queue would be safe for the rows and confusing for everyone else.
    """
    queue = tmp_path / "queue.db"
    with pytest.raises(QueueBusy) as caught:
        instance.acquire(queue, wait_s=0)
    assert f"another instance works on {queue}: held by pid {holder.pid}" == str(caught.value)
    assert (holder.pid,) == instance.holders_of(queue)
    with pytest.raises(QueueBusy) as caught:
        instance.wait_until_free(queue, wait_s=0)
    assert f"the instance on {queue} did not end: still there: pid {holder.pid}" == str(caught.value)


def test_the_lock_falls_with_its_last_holder(tmp_path, holder):
    """
    However it went; no file is to be removed by hand.
    """
    queue = tmp_path / "queue.db"
    holder.kill()
    instance.wait_until_free(queue, wait_s=30)
    os.close(instance.acquire(queue, wait_s=30))


def test_asking_twice_is_no_instance(tmp_path):
    """
    Two `status` at a time must not see each other.
    """
    queue = tmp_path / "queue.db"
    os.close(instance.acquire(queue, wait_s=0))
    assert not instance.is_held(queue)
    assert () == instance.holders_of(queue)
    assert not instance.is_held(tmp_path / "other.db")
    assert () == instance.holders_of(tmp_path / "other.db")


def test_a_missing_directory_is_named(tmp_path):
    """
    With the command that makes it.
    """
    place = tmp_path / "no" / "where"
    with pytest.raises(CannotCreate) as caught:
        instance.acquire(place / "queue.db")
    assert f"{place}: no such directory; make it with `mkdir -p -m 750 {place}`" == str(caught.value)


def test_a_lock_file_that_is_a_link_is_refused(tmp_path):
    """
    Root opens it in a directory that belongs to another user.
    """
    (tmp_path / "queue.db.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotCreate) as caught:
        instance.acquire(tmp_path / "queue.db")
    assert f"cannot open the lock file {tmp_path}/queue.db.lock: Too many levels of symbolic links" == str(caught.value)
    assert not (tmp_path / "elsewhere").exists()


def test_a_supervisor_is_found_by_pid_file_and_lock(tmp_path, holder):
    """
    The pid in the file must hold the lock: a stale file whose pid another program has now is seen through.
    """
    queue, pid_file = tmp_path / "queue.db", instance.PidFile(tmp_path / "run" / "empathd.pid")
    assert None is instance.find_supervisor(queue, pid_file)
    pid_file.write(holder.pid)
    assert holder.pid == instance.find_supervisor(queue, pid_file)
    pid_file.write(os.getpid())
    assert None is instance.find_supervisor(queue, pid_file)
    pid_file.write(2**22 + 1)  # above the kernel's limit of pids
    assert None is instance.find_supervisor(queue, pid_file)
    assert ["empathd.pid"] == os.listdir(tmp_path / "run")


def test_a_pid_file_is_removed_by_its_owner_only(tmp_path):
    """
    A late end of one instance must not hide the next.
    """
    pid_file = instance.PidFile(tmp_path / "empathd.pid")
    pid_file.write(4711)
    pid_file.remove(1)
    assert 4711 == pid_file.find()
    pid_file.remove(4711)
    assert None is pid_file.find()


@pytest.mark.parametrize("octets", [b"", b"word", b"-1", b"\xff", "٣".encode()])
def test_a_pid_file_without_a_pid_names_none(tmp_path, octets):
    """
    Anyone may have written there.
    """
    (tmp_path / "empathd.pid").write_bytes(octets)
    assert None is instance.PidFile(tmp_path / "empathd.pid").find()


def test_a_pid_file_that_cannot_be_written_is_named(tmp_path):
    """
    One line, EX_CANTCREAT.
    """
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate) as caught:
        instance.PidFile(tmp_path / "file" / "empathd.pid").write(1)
    assert f"cannot write the pid file {tmp_path}/file/empathd.pid: {tmp_path}/file: File exists" == str(caught.value)
