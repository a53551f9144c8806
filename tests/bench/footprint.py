"""footprint - what a server needs before any mail comes, and how often it syncs for one"""

import re
import subprocess
import time
from contextlib import ExitStack
from typing import Final

from .accounting import resident_octets
from .machine import BenchFailure, command
from .plan import WARM_UP, Plan, Sample
from .server import Factory, Setup, running
from .traffic import Load, Sink, send

_SETTLED_S: Final = 2.0  # until the processes of a start do nothing more
_SYNCED: Final = 200  # mails
_SYNCS: Final = ("fsync", "fdatasync", "sync_file_range", "syncfs", "msync")
_SYNC: Final = re.compile(rf"\b(?:{'|'.join(_SYNCS)})\(")


def footprint(factory: Factory, name: str, plan: Plan) -> Sample:
    """Memory of an idle server, and how long it starts; of Empath also what a child and a command take."""
    with Sink(plan.scratch) as sink:
        setup = Setup(sink.port)
        began_at = time.perf_counter()
        with running(factory, name, plan.scratch, setup) as server:
            start_s = time.perf_counter() - began_at
            time.sleep(_SETTLED_S)
            figures = {"pss_mb": resident_octets(server.account.pids()) / 1e6, "start_s": start_s}
            return Sample(figures | server.own_figures())


def syncs(factory: Factory, name: str, plan: Plan, *, sessions: int) -> Sample:
    """
    How often the server asks the disk to sync for a mail that comes in and goes out, over *sessions*; strace
    sees it, so nothing else of this run counts.
    """
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.scratch))
        server = stack.enter_context(running(factory, name, plan.scratch, Setup(sink.port)))
        send(server.port, Load(WARM_UP))
        sink.wait(WARM_UP, 30)
        server.wait_queued(0, 30)
        trace = plan.scratch / f"{name}.strace"
        argv = [
            command("strace"),
            "-f",
            "-qq",
            "-e",
            "trace=fsync,fdatasync,sync_file_range,syncfs,msync",
            "-o",
            str(trace),
        ]
        argv += [word for pid in server.account.pids() for word in ("-p", str(pid))]
        with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as strace:
            try:
                time.sleep(1)  # until it follows all threads
                if strace.poll() is not None:
                    raise BenchFailure("strace may not follow the server: run as root")
                send(server.port, Load(_SYNCED, sessions=sessions))
                sink.wait(WARM_UP + _SYNCED, 60)
                server.wait_queued(0, 30)
            finally:
                strace.terminate()
        return Sample({"syncs": len(_SYNC.findall(trace.read_text())) / _SYNCED})
