"""A start as root: the supervisor stays root, its children do not."""

import os
import pwd
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from empath.daemon.supervisor import instance
from empath.daemon.supervisor.pid_file import PidFile
from tests.kit.process import Empathd
from tests.kit.run_guard import guarded

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
USER = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def dropped() -> Iterator[Empathd]:
    """A running instance whose children are USER, in a directory that USER can reach; the last test stops it."""
    directory = Path(tempfile.mkdtemp(prefix="empathd-"))
    os.chown(directory, USER.pw_uid, USER.pw_gid)
    made = Empathd(directory, more=f'[process]\nuser = "{USER.pw_name}"')
    with guarded(directory):
        try:
            yield made.start()
        finally:
            made.clean_up()
            shutil.rmtree(directory)


def _as_user(ask: Callable[[], int | None]) -> int:
    """The result of *ask* in a process of USER, 0 for None."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.setgroups([])
        os.setresgid(USER.pw_gid, USER.pw_gid, USER.pw_gid)
        os.setresuid(USER.pw_uid, USER.pw_uid, USER.pw_uid)
        os.write(writing, str(ask() or 0).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return int(answer.read())


def _uids(pid: int) -> set[int]:
    """Real, effective, saved and file system user of a process."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return set(map(int, lines["Uid"].split()))


def test_children_are_the_user_and_the_supervisor_stays_root(dropped):
    """
    Only the binding of ports needs root.
    """
    assert {0} == _uids(dropped.process.pid)
    assert [{USER.pw_uid}] * 3 == [_uids(pid) for pid in dropped.pids()]


def test_the_user_owns_what_the_children_write(dropped):
    """
    This is the queue, the spool and the log, including the new log after a rotation.
    """
    dropped.log.rename(dropped.directory / "empath.log.1")
    dropped.signal(signal.SIGUSR1)
    dropped.wait_for("log_reopened")
    names = ("queue.db", "spool", "empath.log", "empath.log.1")
    assert dict.fromkeys(names, USER.pw_uid) == {name: (dropped.directory / name).stat().st_uid for name in names}


def test_the_user_may_ask_how_the_instance_is(dropped):
    """
    If only root could read the pid file, the answer would be "stopped".
    """
    assert 0o644 == stat.S_IMODE((dropped.directory / "empathd.pid").stat().st_mode)
    found = _as_user(lambda: instance.find_supervisor(dropped.queue, PidFile(dropped.directory / "empathd.pid")))
    assert dropped.process.pid == found


def test_mail_goes_through_without_root(dropped):
    """
    No step of a delivery needs a dropped right.
    """
    dropped.send("you@example.org")
    assert "you@example.org" == dropped.wait_for("delivered")["recipient"]
    assert 0 == dropped.stop()
