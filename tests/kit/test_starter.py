"""What the starter has loaded, and what its forks are."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress

from empath.cli.empathd import main as empathd
from tests.kit.forked import ForkedProcess, run_to_end
from tests.kit.process import EMPATHD, Empathd
from tests.kit.starter import ROOT
from tests.kit.waiting import DEADLINE_S, eventually

# Run in a process of its own, because the module patches. Prints what a server would inherit.
_LOOK = """
import json, os, sys
from tests.kit import starter
starter.load()
early = [*sys.modules]
import gc, ssl
from gevent.hub import _get_hub
hub = repr(_get_hub())
threads = len(os.listdir("/proc/self/task"))
contexts = sum(isinstance(each, ssl.SSLContext) for each in gc.get_objects())
from empath.daemon.process.patching import patch_all
patch_all()
from gevent.monkey import saved
patched = {id(each) for names in saved.values() for each in names.values() if callable(each)}
waiting = ("lock", "RLock", "Condition", "Event", "Semaphore", "Thread", "local", "SimpleQueue")

def is_bound(each):
    classes = each.__mro__ if isinstance(each, type) else ()
    return id(each) in patched or any(id(base) in patched for base in classes) or type(each).__name__ in waiting

print(json.dumps({
    "hub": hub,
    "threads": threads,
    "TLS contexts": contexts,
    "bound early": sorted(f"{module}.{name}" for module in early if module.startswith("empath.")
                          for name, each in vars(sys.modules[module]).items() if is_bound(each)),
}))
"""
# They are to bypass gevent, and come from where it patches nothing.
_UNPATCHED = (".RawSocket", ".SimpleQueue", "._unpatched_poll")


def test_what_the_starter_has_loaded_binds_no_name_that_gevent_patches() -> None:
    """
    The template patches after it; such a name would stop all greenlets of a server. A module that needs one says
    `import socket` instead of `from socket import …`; one that cannot is left out by the starter.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", _LOOK],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    bound = [name for name in found.pop("bound early") if not name.endswith(_UNPATCHED)]
    assert ({"hub": "None", "threads": 1, "TLS contexts": 0}, []) == (found, bound)


def _show() -> None:
    """Print what the process is, and end in an unusual way."""
    fds = [fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    shown = [sys.argv, os.environ["EMPATH_TEST_WORD"], os.getcwd(), sys.stdin.read(), sorted(map(int, fds))]
    print(json.dumps(shown), file=sys.stderr)
    sys.exit(3)


def test_a_fork_has_its_own_arguments_environment_streams_and_exit_code() -> None:
    """
    Nothing of another test reaches it.
    """
    with tempfile.TemporaryFile() as stderr:
        process = ForkedProcess(_show, ["name", "word"], os.environ | {"EMPATH_TEST_WORD": "said"}, stderr)
        assert 3 == process.wait(DEADLINE_S)
        stderr.seek(0)
        assert [["name", "word"], "said", os.getcwd(), "", [0, 1, 2]] == json.loads(stderr.read())


def test_a_forked_server_has_what_an_executed_one_has(make_empathd: Callable[..., Empathd]) -> None:
    """
    Tests of a forked server speak for the one that users start.
    """
    forked, executed = make_empathd().start(), make_empathd(command=(*EMPATHD, "run", "-c")).start()
    eventually(lambda: _frame(executed) == _frame(forked), "the same threads and descriptors")


def test_a_server_that_a_forked_start_leaves_is_that_of_an_executed_one(make_empathd: Callable[..., Empathd]) -> None:
    """
    The same for `start`, whose server is a process of its own session.
    """
    forked, executed = make_empathd(), make_empathd()
    try:
        assert 0 == run_to_end(empathd, ["empathd", "start", "-c", str(forked.config)], os.environ).code
        subprocess.run([*EMPATHD, "start", "-c", str(executed.config)], check=True, timeout=2 * DEADLINE_S)
        eventually(lambda: _frame(executed) == _frame(forked), "the same threads and descriptors")
    finally:
        for instance in (forked, executed):
            run_to_end(empathd, ["empathd", "stop", "-c", str(instance.config)], os.environ)


def _frame(instance: Empathd) -> dict[str, dict[str, object]]:
    """What the kernel says of each process: slot -> descriptors, signals, title, directory and the like."""
    [started] = instance.named("supervisor_started")
    supervisor = int(started["pid"])
    return {
        slot: {
            **{
                key: value.strip()
                for key, value in (line.split(":", 1) for line in _text(pid, "status").splitlines())
                if key in ("Umask", "Threads", "SigBlk", "SigIgn", "SigCgt")
            },
            "title": _text(pid, "cmdline").rstrip("\0").replace(str(instance.directory), ""),
            "directory": os.readlink(f"/proc/{pid}/cwd"),
            "leads its session": os.getsid(pid) == pid,
            "limits": _text(pid, "limits"),
            "descriptors": sorted(_descriptors(pid, instance)),
        }
        for pid, slot in [(supervisor, "supervisor"), *instance.pids().items()]
    }


def _text(pid: int, name: str) -> str:
    with open(f"/proc/{pid}/{name}") as file:
        return file.read()


def _descriptors(pid: int, instance: Empathd) -> list[str]:
    """What they lead to, without numbers and without the directory of the instance."""
    links: list[str] = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # closed meanwhile
            links.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return [link.replace(str(instance.directory), "").partition(":[")[0] for link in links]
