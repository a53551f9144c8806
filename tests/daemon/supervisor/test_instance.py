"""The instance lock."""

import os
import subprocess
import sys

import pytest

from empath.daemon.supervisor import instance
from empath.daemon.supervisor.pid_file import PidFile
from empath.errors import CannotCreate, PermissionRefused, QueueBusy

HOLDER = """
import sys
from pathlib import Path
from empath.daemon.supervisor import instance
instance.acquire(Path(sys.argv[1]), wait_s=0)
mark = instance.SupervisorMark(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
mark.stopping()
print("stopping", flush=True)
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


OLDER = """
import fcntl, sys
held = open(sys.argv[1] + ".lock", "w")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_an_instance_of_an_older_version_is_met(tmp_path):
    """
    It holds a lock file next to the queue. Two versions on one queue would not know each other's leases.
    """
    queue, pid_file = tmp_path / "queue.db", PidFile(tmp_path / "empathd.pid")
    command = [sys.executable, "-c", OLDER, str(queue)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as older:
        assert older.stdout is not None
        assert "held\n" == older.stdout.readline()
        pid_file.write(older.pid)
        with pytest.raises(QueueBusy) as caught:
            instance.acquire(queue, wait_s=0)
        expected = f"an older Empath works on {queue}: held by pid {older.pid}; end it with `empathd stop`"
        assert expected == str(caught.value)
        assert instance.is_held(queue)
        assert (older.pid,) == instance.holders_of(queue)
        assert older.pid == instance.find_supervisor(queue, pid_file)
        with pytest.raises(QueueBusy):
            instance.wait_until_free(queue, wait_s=0)
        older.kill()
        older.wait()
    assert None is instance.find_supervisor(queue, pid_file)
    assert not instance.is_held(queue)
    os.close(instance.acquire(queue, wait_s=0))
    assert (tmp_path / "queue.db.lock").exists()


def test_a_second_instance_is_told_who_holds_the_queue(tmp_path, holder):
    """
    Two instances on one queue would confuse people, although rows are safe.
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
    It ends however the process ends, and no file has to be removed by hand.
    """
    queue = tmp_path / "queue.db"
    holder.kill()
    instance.wait_until_free(queue, wait_s=30)
    os.close(instance.acquire(queue, wait_s=30))


def test_asking_twice_is_no_instance(tmp_path):
    """
    Two `status` commands at the same time must not see each other.
    """
    queue = tmp_path / "queue.db"
    os.close(instance.acquire(queue, wait_s=0))
    assert not instance.is_held(queue)
    assert () == instance.holders_of(queue)
    assert not instance.is_held(tmp_path / "other.db")
    assert () == instance.holders_of(tmp_path / "other.db")


def test_a_missing_directory_is_named(tmp_path):
    """
    The line has the command that makes it.
    """
    place = tmp_path / "no" / "where"
    with pytest.raises(CannotCreate) as caught:
        instance.acquire(place / "queue.db")
    assert f"{place}: no such directory; make it with `mkdir -p -m 750 {place}`" == str(caught.value)


def test_nothing_that_can_be_deleted_holds_the_lock(tmp_path, holder):
    """
    If a person deleted a lock file, a second instance could start.
    """
    queue = tmp_path / "queue.db"
    assert [] == os.listdir(tmp_path)
    queue.touch()
    queue.unlink()
    assert instance.is_held(queue)
    with pytest.raises(QueueBusy):
        instance.acquire(queue, wait_s=0)


def test_a_queue_behind_a_link_has_the_same_lock(tmp_path, holder):
    """
    The link may be that of the database or that of its directory.
    """
    (tmp_path / "queue.db").touch()
    (tmp_path / "link.db").symlink_to("queue.db")
    (tmp_path / "folder").symlink_to(tmp_path)
    for queue in (tmp_path / "link.db", tmp_path / "folder" / "queue.db"):
        assert instance.is_held(queue)
        assert (holder.pid,) == instance.holders_of(queue)
    assert not instance.is_held(tmp_path / "other.db")
    os.close(instance.acquire(tmp_path / "other.db", wait_s=0))


def test_a_supervisor_is_found_without_a_pid_file(tmp_path, holder):
    """
    The kernel knows the holder of the mark. A stale pid file, or one that names another program, changes nothing.
    """
    queue, pid_file = tmp_path / "queue.db", PidFile(tmp_path / "run" / "empathd.pid")
    assert holder.pid == instance.find_supervisor(queue, pid_file)
    pid_file.write(os.getpid())
    assert holder.pid == instance.find_supervisor(queue, pid_file)
    assert None is instance.find_supervisor(tmp_path / "other.db", pid_file)
    holder.kill()
    holder.wait()
    assert None is instance.find_supervisor(queue, pid_file)
    assert ["empathd.pid"] == os.listdir(tmp_path / "run")


@pytest.mark.skipif(os.geteuid() != 0, reason="root can become another user")
def test_a_user_that_may_not_look_is_not_told_stopped(tmp_path, holder):
    """
    This user can read neither the directory of the queue nor that of the pid file, so the state is unknown.
    """
    (tmp_path / "run").mkdir(mode=0o700)
    pid_file = PidFile(tmp_path / "run" / "empathd.pid")
    tmp_path.chmod(0o700)
    pid = os.fork()
    if pid == 0:
        os.setresuid(65534, 65534, 65534)
        try:
            instance.find_supervisor(tmp_path / "queue.db", pid_file)
        except PermissionRefused:
            os._exit(0)
        os._exit(1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_supervisor_that_drains_says_so(tmp_path, holder):
    """
    A command must not take it for one that serves. It holds the queue until its end.
    """
    queue, pid_file = tmp_path / "queue.db", PidFile(tmp_path / "empathd.pid")
    assert not instance.is_stopping(queue)
    holder.stdin.write("stop\n")
    holder.stdin.flush()
    assert "stopping\n" == holder.stdout.readline()
    assert instance.is_stopping(queue)
    assert not instance.is_stopping(tmp_path / "other.db")
    assert (holder.pid, (holder.pid,)) == (instance.find_supervisor(queue, pid_file), instance.holders_of(queue))
    with pytest.raises(QueueBusy):
        instance.acquire(queue, wait_s=0)
    holder.kill()
    holder.wait()
    assert not instance.is_stopping(queue)


def test_the_pid_file_of_another_supervisor_is_not_replaced(tmp_path, titled):
    """
    A second start replaced it, and removed it when it failed: init scripts and people lost the first instance.
    """
    other = titled("empathd: supervisor")
    path = tmp_path / "empathd.pid"
    path.write_text(f"{other}\n")

    words = f"it names pid {other}, the supervisor of another queue; name another by \\[process\\] pid_file"
    with pytest.raises(CannotCreate, match=words):
        PidFile(path).write(os.getpid())

    PidFile(path).remove(os.getpid())
    assert f"{other}\n" == path.read_text()
    PidFile(path).write(other)


def test_who_holds_a_queue_without_a_supervisor_starts_or_drains(titled):
    """
    Children of a killed supervisor drain. Any other holder is a start that has not led to a supervisor yet.
    """
    child, supervisor, command = titled("empathd: worker-1"), titled("empathd: supervisor"), titled("empathd start")

    assert [False, True, True] == [instance.is_starting([pid]) for pid in (child, supervisor, command)]
    assert not instance.is_starting([])
