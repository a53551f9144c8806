"""Children that are forked from a template process, here with fake children; and what happens without a template."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.conftest import Supervised
from tests.kit.waiting import eventually

SLOTS = ["acceptor-1", "housekeeper-1", "worker-1"]
ONE_WORKER = "[delivery]\nworkers = 1"


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    """A supervisor that forks; each test leaves it with all children and a template."""
    service = Supervised(tmp_path_factory.mktemp("forked"), ONE_WORKER, {"FAKE_TEMPLATE": "fork"}, young_s=0.0)
    try:
        yield service.start()
        assert 0 == service.stop()
    finally:
        service.clean_up()


def _template(service: Supervised) -> int:
    return int(service.named("template_ready")[-1]["pid"])


def _replace(service: Supervised, slot: str) -> None:
    """Kill the process of *slot* and wait for the next one."""
    ready = len(service.named("process_ready", slot=slot))
    os.kill(service.pid_of(slot), signal.SIGKILL)
    service.wait_for("process_ready", ready + 1, slot=slot)


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_forked_child_has_what_an_executed_one_has(forked, supervised):
    """
    Parent, descriptors, signals, limits, umask, directory, process group, environment: none is the template's.
    """
    executed = supervised(more=ONE_WORKER).start()
    for slot in SLOTS:
        frames = []
        for service in (forked, executed):
            frame = service.frame(slot)
            assert str(service.process.pid) == frame.pop("PPid")
            assert [0, 1, 2, *sorted(service.inherited(slot).fds)] == frame.pop("fds")
            assert str(service.directory / "stderr") == frame["standard"].pop()
            frames.append(frame)
        assert frames[1] == frames[0]


def test_a_child_that_is_replaced_is_forked_again(forked):
    """
    Its program need not even be there to be executed.
    """
    forked.break_children()
    for slot in SLOTS:
        _replace(forked, slot)
    forked.mend_children()
    assert [] == forked.named("fork_refused")


def test_a_template_that_dies_is_replaced_and_its_children_live_on(forked):
    """
    It holds nothing that a child needs.
    """
    pid, children = _template(forked), forked.pids()
    ready = len(forked.named("template_ready"))
    os.kill(pid, signal.SIGKILL)
    line = forked.wait_for("template_ended", pid=pid)
    forked.wait_for("template_ready", ready + 1)
    assert ("warning", "SIGKILL") == (line["level"], line["signal"])
    assert children == forked.pids()
    _replace(forked, "worker-1")


def test_a_template_that_hangs_is_replaced_and_the_child_is_executed(forked):
    """
    The supervisor waits for an answer for a bounded time. What it has asked for never comes to life later.
    """
    pid, ready = _template(forked), len(forked.named("template_ready"))
    os.kill(pid, signal.SIGSTOP)
    _replace(forked, "worker-1")
    assert "worker-1" == forked.wait_for("fork_refused")["slot"]
    forked.wait_for("template_ended", pid=pid)
    forked.wait_for("template_ready", ready + 1)
    assert SLOTS == sorted(forked.pids().values())


def test_a_reload_changes_how_children_are_started(forked):
    """
    The children of the new configuration are executed, and the template is not kept for nothing.
    """
    pid, ended = _template(forked), len(forked.named("template_ended"))
    for spawn in ("exec", "fork"):
        reloads = len(forked.named("reload_finished"))
        forked.configure(f'{ONE_WORKER}\n[process]\nspawn = "{spawn}"')
        forked.signal(signal.SIGHUP)
        forked.wait_for("reload_finished", reloads + 1)
        if spawn == "exec":
            eventually(lambda: not _is_alive(pid), "the template is gone")
    assert _is_alive(_template(forked))
    assert ended == len(forked.named("template_ended"))  # a warning, which this was not


@pytest.mark.parametrize(
    ("template", "event", "word"), [("die", "template_ended", "code"), ("missing", "template_refused", "error")]
)
def test_without_a_template_children_are_executed(supervised, template, event, word):
    """
    A service that takes more memory is better than none.
    """
    service = supervised(more=ONE_WORKER, environment={"FAKE_TEMPLATE": template}).start()
    assert {"code": 1, "error": "No such file or directory"}[word] == service.wait_for(event)[word]
    assert SLOTS == sorted(service.pids().values())
    assert 0 == service.stop()


def test_a_template_ends_with_its_supervisor(supervised):
    """
    Nobody else would end it.
    """
    service = supervised(more=ONE_WORKER, environment={"FAKE_TEMPLATE": "fork"}).start()
    pid = _template(service)
    service.process.kill()
    eventually(lambda: not _is_alive(pid), "the template is gone")
