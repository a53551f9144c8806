"""What the template process has loaded when it forks, and what it must not have."""

import json
import subprocess
import sys

import pytest

from empath.daemon.supervisor.kinds import KINDS
from tests.kit.coverage import without_coverage

# Run in a process of its own, because the module patches. Prints what a child would inherit.
_LOOK = """
import sys
if sys.argv[1] == "forked":
    import empath.daemon.supervisor.__main__
early = [*sys.modules]
from empath.daemon.template import __main__ as template
template.preload()
import gc, json, os, random, ssl, sys
import apsw, dns.entropy
from gevent.hub import _get_hub
from gevent.monkey import saved
objects = gc.get_objects()
patched = {id(each) for names in saved.values() for each in names.values() if callable(each)}

def _late():
    from pathlib import Path
    from empath.config.load import parse_config
    from empath.storage.open import open_engine
    before = set(sys.modules)
    parse_config(template._SMALLEST, "child", "/")
    open_engine(Path("/nonexistent"), max_leases=1)
    import gevent.threadpool
    return sorted(set(sys.modules) - before)

print(json.dumps({
    "hub": repr(_get_hub()),
    "threads": len(os.listdir("/proc/self/task")),
    "descriptors": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2
                    and os.path.exists(f"/proc/self/fd/{fd}")],
    "TLS contexts": sum(isinstance(each, ssl.SSLContext) for each in objects),
    "SQLite handles": len(apsw.connections()),
    "random states": [repr(each) for each in objects
                      if isinstance(each, random.Random) and not isinstance(each, random.SystemRandom)
                      and each is not random._inst],
    "seeded": dns.entropy.pool.seeded,
    "collector": gc.isenabled(),
    "programs": sorted(template.PROGRAMS),
    "imported late": _late(),
    "bound early": sorted(f"{module}.{name}" for module in early for name, each in vars(sys.modules[module]).items()
                          if id(each) in patched),
}))
"""


# The interpreter's own modules, which gevent leaves as they are, and what means to bypass it.
_BOUND_EARLY = {
    "_signal.set_wakeup_fd",
    "_thread.RLock", "_thread._set_sentinel", "functools.RLock", "reprlib.get_ident", "threading.stack_size",
    "posix.close", "posix.fork", "posix.forkpty", "posix.posix_spawn", "posix.posix_spawnp", "posix.waitpid",
    "empath.daemon.process.fork_request.RawSocket", "empath.daemon.supervisor.template.RawSocket",
    "empath.telemetry.standard_error.RawSocket", "empath.telemetry.syslog.RawSocket",
}  # fmt: skip


@pytest.fixture(scope="module", params=["executed", "forked"])
def found(request):
    """What `_LOOK` prints, of a template that is a program of its own, and of one that is a fork of the supervisor."""
    command = [sys.executable, "-P", "-c", _LOOK, request.param]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=without_coverage())
    return json.loads(done.stdout)


_NOTHING = {
    "hub": "None",  # two processes would wait on one epoll descriptor
    "threads": 1,  # a lock that another thread holds is never released in the child
    "descriptors": [],
    "TLS contexts": 0,
    "SQLite handles": 0,  # locks and caches would be those of another process
    "random states": [],  # children would draw the same numbers; that of `random` itself is seeded at each fork
    "seeded": False,  # of the names of queries to the DNS
    "imported late": [],  # by the first steps of a child, which would have it for itself
    "collector": False,  # a round would write to the pages that are shared
}


def test_nothing_that_must_not_cross_a_fork_is_there(found):
    """
    Decision 4: such faults are rare, late and without a message.
    """
    assert {hazard: found[hazard] for hazard in _NOTHING} == _NOTHING


def test_what_the_supervisor_imports_binds_no_name_that_gevent_patches(found):
    """
    The template patches after that, when it is a fork of the supervisor; such a name would stop all greenlets.
    """
    assert set() == {name for name in found["bound early"] if not name.startswith("_socket.")} - _BOUND_EARLY


def test_the_template_has_each_program(found):
    """
    A child of a kind that it lacked would fail.
    """
    assert sorted(kind.name for kind in KINDS) == found["programs"]
