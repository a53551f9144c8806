"""Started by root: what stays root, and what does not."""

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.process import Empathd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
USER = pwd.getpwnam("nobody")


@pytest.fixture
def dropped() -> Iterator[Empathd]:
    """A running instance whose children are USER, in a directory that USER can reach."""
    directory = Path(tempfile.mkdtemp(prefix="empathd-"))
    os.chown(directory, USER.pw_uid, USER.pw_gid)
    instance = Empathd(directory, more=f'[process]\nuser = "{USER.pw_name}"')
    try:
        yield instance.start()
    finally:
        instance.clean_up()
        shutil.rmtree(directory)


def _uids(pid: int) -> set[int]:
    """Real, effective, saved and file system user of a process."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return set(map(int, lines["Uid"].split()))


def test_children_are_the_user_and_the_supervisor_stays_root(dropped):
    """
    Root is for binding ports and nothing else.
    """
    assert {0} == _uids(dropped.process.pid)
    assert [{USER.pw_uid}] * 4 == [_uids(pid) for pid in dropped.pids()]


def test_the_user_owns_what_the_children_write(dropped):
    """
    Queue, spool and log, also the log that is made anew after a rotation.
    """
    dropped.log.rename(dropped.directory / "empath.log.1")
    dropped.signal(signal.SIGUSR1)
    dropped.wait_for("log_reopened")
    names = ("queue.db", "spool", "empath.log", "empath.log.1")
    assert dict.fromkeys(names, USER.pw_uid) == {name: (dropped.directory / name).stat().st_uid for name in names}


def test_mail_goes_through_without_root(dropped):
    """
    Nothing on the way needs a right that was dropped.
    """
    dropped.send("you@example.org")
    assert "you@example.org" == dropped.wait_for("delivered")["recipient"]
    assert 0 == dropped.stop()
