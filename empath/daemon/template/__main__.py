"""
template - the process from which children are forked: a fork of the supervisor, or `python -m empath.daemon.template`

THEORY
    Nearly all memory and start time of a child are modules, the same in each. This process loads them once, and the
    children that are forked from it share them, and the configuration (`read_ahead`). It does nothing else: when it
    forks there is no hub, no thread, no connection to the queue, no TLS context, no random state, and no descriptor but
    CONTROL_FD, /dev/null and those of the request (tests/daemon/template/ holds that). Its garbage collector is off
    and its objects are frozen, so that the collector of a child does not write to the pages that all share.
"""

from empath.daemon.process.patching import patch_all

patch_all()

import gc
import os
from _socket import socket as RawSocket
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final

from setproctitle import setproctitle

from empath.config.load import parse_config
from empath.daemon.acceptor import __main__ as acceptor
from empath.daemon.housekeeper import __main__ as housekeeper
from empath.daemon.process.child import UMASK
from empath.daemon.process.fork_request import CONTROL_FD, close_above
from empath.daemon.template.forking import fork_on_request
from empath.daemon.template.read_ahead import read_ahead
from empath.daemon.worker import __main__ as worker
from empath.storage import open as storage

_TITLE: Final = "empathd: template"
_SMALLEST: Final = b"""
hostname = "localhost.test"
postmaster = "postmaster@localhost.test"
listener = [{ address = "127.0.0.1:25", role = "internal" }]
queue = { path = "queue.db" }
"""


def _httpd() -> None:
    """The modules of this program are not shared: no other process has them, and most instances do without."""
    import_module("empath.daemon.httpd.__main__").main()


def _publisher() -> None:
    """As `_httpd`."""
    import_module("empath.daemon.publisher.__main__").main()


PROGRAMS: Final[Mapping[str, Callable[[], None]]] = {
    "acceptor": acceptor.main,
    "housekeeper": housekeeper.main,
    "httpd": _httpd,
    "publisher": _publisher,
    "worker": worker.main,
}


def preload() -> None:
    """Do what every child would do at a first use, in memory of its own: it is the same in each."""
    parse_config(_SMALLEST, "template", "/")  # builds the validator
    storage.preload()
    worker.preload()
    for name in ("encodings.ascii", "gevent.threadpool"):
        import_module(name)


def main() -> None:
    """Become a child for each request, and end when the supervisor is gone."""
    preload()
    setproctitle(_TITLE)
    os.umask(UMASK)
    close_above(CONTROL_FD)  # what the starter of the supervisor handed on to it
    for standard in (1, 2):
        os.dup2(0, standard)  # /dev/null: here, a log that was rotated away would stay open
    gc.freeze()
    request = fork_on_request(RawSocket(fileno=CONTROL_FD), read_ahead)
    if request is not None:
        PROGRAMS[request.program]()


if __name__ == "__main__":
    main()
