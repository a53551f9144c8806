"""
large_work - what large work in a deep queue costs those who wait meanwhile

An order about a tenth of the queue goes on in one process, while another asks for the write lock again and again. The
retention removes what was delivered, while mail comes in. A forecast reads all that waits.
"""

import smtplib
import subprocess
import time
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import apsw

from ..empath import environment
from ..floors import Verdict
from ..machine import LOOPBACK, BenchFailure, output_of, wait_for
from ..plan import WARM_UP
from ..server import Setup, running
from ..traffic import RECIPIENT, SENDER, Load, Sink, send
from .served import Deep, DeepEmpath, place
from .steering import CONFIG, admin_of
from .verdicts import at_least, at_most, least_s, percentile, shown

STOPPED_S: Final = 0.1  # the longest that others wait for an order in chunks
ACCEPT_S: Final = 0.1  # 99th percentile of an acceptance while rows are removed
WHATIF_S: Final = 5.0
_SHARE: Final = 10  # one recipient in so many is ordered
_REMOVED: Final = 100_000
_PAUSE_S: Final = 0.002
_BEGIN_S: Final = 600.0  # the housekeeper first counts the attempts that the filling made, and seals them meanwhile
_RETENTION: Final = '[retention]\ndelivered = "1h"\n'


def large_work(name: str, tree: Path, template: Path, scratch: Path, retained: int) -> list[Verdict]:
    """All figures of the queue in *template*, which is called *name* and has *retained* delivered recipients."""
    queue = scratch / "queue.db"
    place(template, queue, "smtp:127.0.0.1:25")
    (scratch / "empath.toml").write_text(CONFIG)
    try:
        found = _orders(name, queue, tree)
    finally:
        for path in scratch.glob("queue.db*"):
            path.unlink()
    return [*found, *_retention(name, tree, template, scratch, min(_REMOVED, retained // 2))]


def _orders(name: str, queue: Path, tree: Path) -> list[Verdict]:
    admin = admin_of(queue)
    forecast = [*admin, "whatif", "--rule", "*", "concurrency", "5"]
    seconds = least_s(3, partial(output_of, forecast, cwd=queue.parent, env=environment(tree)))
    found = [at_most(name, "empath-admin whatif of all that waits, s", seconds, WHATIF_S, is_gate=False)]
    wanted = ["--where", f"recipient_id % {_SHARE} = 0"]
    for verb in ("hold", "release"):
        process = subprocess.Popen(
            [*admin, verb, *wanted],
            cwd=queue.parent,
            env=environment(tree),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        start = time.perf_counter()
        waits = _waits_s(queue, process)
        if process.returncode:
            raise BenchFailure(f"empath-admin {verb}: {process.communicate()[1].strip()}")
        label = f"empath-admin {verb} of one in {_SHARE}"
        found.append(shown(name, f"{label}, s", time.perf_counter() - start))
        found.append(shown(name, f"{label}, 99th percentile of the wait of another writer, s", percentile(waits, 0.99)))
        found.append(at_most(name, f"{label}, longest wait, s", max(waits), STOPPED_S, is_gate=False))
    return found


def _waits_s(queue: Path, process: "subprocess.Popen[str]") -> list[float]:
    """How long another writer waits for the lock, again and again until *process* has ended."""
    connection = apsw.Connection(str(queue), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_handler(_sleep_a_little)
    waits = []
    try:
        while process.poll() is None:
            start = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            waits.append(time.perf_counter() - start)
            connection.execute("ROLLBACK")
            time.sleep(_PAUSE_S)
    finally:
        connection.close()
    return waits


def _sleep_a_little(_tries: int) -> bool:
    time.sleep(0.001)
    return True


def _retention(name: str, tree: Path, template: Path, scratch: Path, removed: int) -> list[Verdict]:
    """Mail comes in, one after another, until the retention has removed *removed* recipients."""
    with Sink(scratch) as sink:
        setup = Setup(sink.port, is_held=True)
        with running(Deep(tree, template, tables=_RETENTION, catches_up=False), "retention", scratch, setup) as server:
            assert isinstance(server, DeepEmpath)
            start, first = time.perf_counter(), _oldest(server)
            send(server.port, Load(WARM_UP))
            wait_for(lambda: _oldest(server) > first, _BEGIN_S, "the retention to begin")
            waited = time.perf_counter() - start
            begun, start = _oldest(server), time.perf_counter()
            done = Event()
            watch = Thread(target=_watch, args=(server, begun + removed, done), daemon=True)
            watch.start()
            took = []
            with smtplib.SMTP(LOOPBACK, server.port, timeout=30) as client:
                while not done.is_set():
                    before = time.perf_counter()
                    client.sendmail(SENDER, [RECIPIENT], b"Subject: probe\r\n\r\nprobe\r\n")
                    took.append(time.perf_counter() - before)
            seconds = time.perf_counter() - start
            watch.join()
            count = _oldest(server) - begun
    return [
        shown(name, "from the first greeting until the retention begins, s", waited),
        at_least(name, "recipients that the retention removed meanwhile", count, removed),
        shown(name, "rows of recipients removed in a second", count / seconds),
        shown(name, "mails that were accepted meanwhile", len(took)),
        at_most(name, "99th percentile of an acceptance meanwhile, s", percentile(took, 0.99), ACCEPT_S, is_gate=False),
    ]


def _oldest(server: DeepEmpath) -> int:
    """The lowest number of a recipient: those that were delivered come first, and are removed in their order."""
    number: Any = server.rows("SELECT min(recipient_id) FROM _recipient")[0][0]
    return int(number)


def _watch(server: DeepEmpath, number: int, done: Event) -> None:
    deadline = time.monotonic() + 120.0
    while _oldest(server) < number and time.monotonic() < deadline:
        time.sleep(0.05)
    done.set()
