"""
fake_child - a child for tests of the supervisor: it only keeps, or breaks, the contract of daemon.process.child

Its behaviour is in a file in the directory of its configuration, read at each spawn: `<slot>.behaviour`, else
`behaviour`; without a file it serves. Words: `serve`; `fail` (reports a ConfigError); `die` (exits 1 without a report);
`die-ready` (the same once ready); `babble` (reports nonsense); `slow` (ready after a second); `mute` (lives, never
ready); `deaf` (ready, ignores SIGTERM); `linger` (serves until SIGTERM, whatever SIGUSR2 says).

It writes its inheritance to `<slot>.<generation>.json`, what it has besides to `<slot>.<generation>.frame`, and its
record to `<slot>.<generation>.seen`, a line each: `death worker-1 1`, `USR1`, `TERM`, `orphan`. An acceptor answers
each connection with its generation. A housekeeper writes the file `ask` to its ask_fd if there is one.

It implements the contract in JSON by itself and imports nothing of Empath: a test has half a dozen fake children, and
the imports of each would cost a quarter of a second.
"""

import json
import os
import resource
import select
import signal
import socket
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

EX_CONFIG = 78


def _frame() -> dict[str, object]:
    """What the process has that EMPATH_CHILD does not say."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    fds = os.listdir("/proc/self/fd")  # and that of the listing
    return {
        **{name: status[name].strip() for name in ("PPid", "Umask", "Threads", "SigBlk", "SigIgn", "SigCgt")},
        "leads_its_group": os.getpgrp() == os.getpid(),
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
        "cwd": os.getcwd(),
        "fds": sorted(int(fd) for fd in fds if os.path.exists(f"/proc/self/fd/{fd}")),
        "standard": [os.readlink(f"/proc/self/fd/{fd}") for fd in (0, 1, 2)],
        "environment": sorted(key for key in os.environ if key.startswith(("EMPATH_", "NOTIFY_", "WATCHDOG_"))),
    }


def main() -> int:
    inherited = os.environ.pop("EMPATH_CHILD")
    child = SimpleNamespace(**json.loads(inherited))
    directory = Path(os.environ["EMPATH_CONFIG"]).parent
    name = f"{child.slot}.{child.generation}"
    (directory / f"{name}.json").write_text(inherited)
    (directory / f"{name}.frame").write_text(json.dumps(_frame()))
    # pread, because all children share the offset of the descriptor.
    octets = os.pread(child.config_fd, os.fstat(child.config_fd).st_size, 0)
    (directory / f"{name}.hostname").write_text(tomllib.loads(octets.decode())["hostname"])

    def report(**message: object) -> None:
        os.write(child.ready_fd, json.dumps(message).encode() + b"\n")
        os.close(child.ready_fd)

    def saw(text: str) -> None:
        with (directory / f"{name}.seen").open("a") as file:
            file.write(text + "\n")

    behaviour = next(
        (
            file.read_text()
            for file in (directory / f"{child.slot}.behaviour", directory / "behaviour")
            if file.exists()
        ),
        "serve",
    )
    if behaviour == "fail":
        report(error="this child\ncannot work", exit_code=EX_CONFIG)
        return EX_CONFIG
    if behaviour == "die":
        return 1
    if behaviour == "babble":
        os.write(child.ready_fd, b"[1]\n")
        return 1
    signals_fd, wakeup_fd = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(wakeup_fd)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda *_: None)
    if behaviour == "slow":
        select.select([], [], [], 1.0)
    if behaviour != "mute":
        report()
    if behaviour == "die-ready":
        return 1
    listeners = {one["fd"]: socket.socket(fileno=one["fd"]) for one in child.listeners}
    wanted = [signals_fd, child.life_fd, *listeners]
    if child.deaths_fd is not None:
        wanted.append(child.deaths_fd)
    while True:
        os.eventfd_write(child.beat_fd, 1)
        for fd in select.select(wanted, [], [], 0.05)[0]:
            if fd == signals_fd:
                for octet in os.read(fd, 100):
                    saw(signal.Signals(octet).name.removeprefix("SIG"))
                    if octet == signal.SIGTERM and behaviour != "deaf":
                        return 0
                    if octet == signal.SIGUSR2 and behaviour != "linger":
                        return 0
            elif fd == child.life_fd:
                saw("orphan")
                return 0
            elif fd == child.deaths_fd:
                for line in os.read(fd, 65536).decode().splitlines():
                    saw(f"death {line}")
            elif fd in listeners:
                try:
                    connection, _ = listeners[fd].accept()
                except BlockingIOError:  # the other generation accepted it
                    continue
                with connection:
                    connection.sendall(f"{child.generation}\n".encode())
        ask = directory / "ask"
        if child.ask_fd is not None and ask.exists():
            octets = ask.read_bytes()
            ask.unlink()
            os.write(child.ask_fd, octets)


if __name__ == "__main__":
    sys.exit(main())
