"""The contract between supervisor and child."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from empath.daemon.process.child import (
    CONFIG,
    ENVIRONMENT,
    Child,
    InheritedListener,
    child_from_environment,
    drop_privileges,
    report_failure,
    report_ready,
)
from empath.daemon.process.own_config import load_own_config
from empath.errors import ConfigError, MissingInput
from empath.policy.access import Role
from tests.kit.process import configuration


def _child(**other: object) -> Child:
    attributes = {
        "slot": "worker-1",
        "generation": 3,
        "instance": "01JD3KQ9XWV5N8T2RZC4E6MBHA",
        "listeners": (
            InheritedListener(7, "[::1]:25", Role.MX),
            InheritedListener(8, "127.0.0.1:587", Role.SUBMISSION),
        ),
        "wake_fds": (9, 10),
        "config_fd": 11,
        "life_fd": 12,
        "ready_fd": 13,
        "lock_fd": 14,
        "beat_fd": 16,
        "deaths_fd": None,
        "ask_fd": 15,
        "outcome_fd": 17,
    }
    return Child(**attributes | other)  # type: ignore[arg-type]


def test_a_child_reads_what_the_supervisor_wrote():
    """
    The environment carries text only.
    """
    assert _child() == Child.from_json(_child().to_json())


def test_all_descriptors_are_named():
    """
    The spawner lets a child inherit these descriptors and no others.
    """
    assert {7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17} == set(_child().fds)


def test_a_child_lets_no_further_process_inherit(monkeypatch):
    """
    Otherwise a stray grandchild could hold the lock, and the next start would wait.
    """
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    for fd in fds:
        os.set_inheritable(fd, True)
    config_fd, life_fd, ready_fd, lock_fd, beat_fd = fds
    child = _child(
        listeners=(),
        wake_fds=(),
        ask_fd=None,
        outcome_fd=None,
        config_fd=config_fd,
        life_fd=life_fd,
        ready_fd=ready_fd,
        lock_fd=lock_fd,
        beat_fd=beat_fd,
    )
    monkeypatch.setenv(ENVIRONMENT, child.to_json())
    assert child == child_from_environment()
    assert [False] * 5 == [os.get_inheritable(fd) for fd in fds]
    assert ENVIRONMENT not in os.environ
    for fd in fds:
        os.close(fd)


def test_a_child_without_a_supervisor_is_refused(monkeypatch):
    """
    `python -m empath.daemon.worker.__main__` by hand gets a sentence, not a traceback.
    """
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(ConfigError) as caught:
        child_from_environment()
    assert "EMPATH_CHILD is not set: only the supervisor starts this process" == str(caught.value)


@pytest.mark.parametrize("kind", ["acceptor", "worker", "housekeeper"])
def test_a_child_that_is_started_by_hand_says_so_in_one_line(kind):
    """
    A traceback would look like a bug.
    """
    environment = {key: value for key, value in os.environ.items() if key != ENVIRONMENT}
    ended = subprocess.run(
        [sys.executable, "-P", "-m", f"empath.daemon.{kind}"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = "empathd: EMPATH_CHILD is not set: only the supervisor starts this process\n"
    assert (78, "", said) == (ended.returncode, ended.stdout, ended.stderr)


def test_a_child_reads_the_configuration_that_the_supervisor_read(monkeypatch, tmp_path):
    """
    Paths in it are relative to the file's directory, although the child does not read that file.
    """
    fd = os.memfd_create("config")
    os.write(fd, configuration(2525).encode())
    monkeypatch.setenv(CONFIG, str(tmp_path / "gone.toml"))
    assert tmp_path / "queue.db" == load_own_config(_child(config_fd=fd)).queue.path
    os.close(fd)


def test_a_child_reports_once():
    """
    The descriptor is closed by the first report; its number may name a client's connection later.
    """
    read_fd, ready_fd = os.pipe()
    child = _child(ready_fd=ready_fd)
    report_ready(child)
    assert b"{}\n" == os.read(read_fd, 100)
    other_fd = os.open("/dev/null", os.O_WRONLY)
    assert ready_fd == other_fd
    report_failure(child, MissingInput("late"))
    os.fstat(other_fd)  # still open
    os.close(other_fd)
    os.close(read_fd)


def test_a_failure_is_reported_with_its_text_and_exit_code():
    """
    They become those of `empathd start`.
    """
    read_fd, ready_fd = os.pipe()
    os.dup2(ready_fd, 200)  # a number that no other test has reported on
    os.close(ready_fd)
    report_failure(_child(ready_fd=200), MissingInput("no such\nfile"))
    assert {"error": "no such\nfile", "exit_code": 66} == json.loads(os.read(read_fd, 1000))
    os.close(read_fd)


def test_a_report_without_a_supervisor_is_no_error():
    """
    The supervisor may be gone; then the life pipe shows it.
    """
    read_fd, ready_fd = os.pipe()
    os.dup2(ready_fd, 201)
    os.close(ready_fd)
    os.close(read_fd)
    report_ready(_child(ready_fd=201))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
def test_dropped_privileges_are_gone_for_good():
    """
    User, group and all other groups; nothing can gain them again by exec.
    """
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        drop_privileges("nobody")
        lines = Path("/proc/self/status").read_text().splitlines(keepends=True)
        status = [line for line in lines if line.startswith(("Uid", "Gid", "Groups", "NoNewPrivs"))]
        os.write(write_fd, "".join(status).encode())
        os._exit(0)
    os.close(write_fd)
    with os.fdopen(read_fd) as file:
        said = dict(line.split(":") for line in file)
    os.waitpid(pid, 0)
    assert {"65534"} == set(said["Uid"].split()) | set(said["Gid"].split()) | set(said["Groups"].split())
    assert "1" == said["NoNewPrivs"].strip()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop privileges")
def test_an_unknown_user_is_a_configuration_error():
    """
    The process must not go on as root.
    """
    with pytest.raises(ConfigError) as caught:
        drop_privileges("no-such-user")
    assert "process.user: no user 'no-such-user' on this system" == str(caught.value)
