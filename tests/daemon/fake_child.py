"""
fake_child - a child for tests of the supervisor: it only keeps, or breaks, the contract of daemon.process.child

Its behaviour is in a file in the directory of its configuration, read at each spawn: `<slot>.behaviour`, else
`behaviour`; without a file it serves. Words: `serve`; `fail` (reports a ConfigError); `die` (exits 1 without a report);
`die-ready` (the same once ready); `babble` (reports nonsense); `slow` (ready after a second); `mute` (lives, never
ready); `deaf` (ready, ignores SIGTERM); `linger` (serves until SIGTERM, whatever SIGUSR2 says).

It writes its inheritance to `<slot>.<generation>.json`, what it has besides to `<slot>.<generation>.frame`, and its
record to `<slot>.<generation>.seen`, a line each: `death worker-1 1`, `USR1`, `TERM`, `orphan`. An acceptor answers
each connection with its generation. A housekeeper writes the file `ask` to its ask_fd if there is one.

It implements the contract by itself, imports nothing of Empath, and of the standard library only what costs nothing: a
test has half a dozen fake children, and the imports of each would cost more than all that it does.
"""

import _signal as signal  # type: ignore[import-not-found]
import os
import resource
import select
import sys
from _socket import socket as RawSocket

EX_CONFIG = 78
JSON = {"null": None, "true": True, "false": False}  # nothing else of JSON's text is not Python's
HEARD = {signal.SIGTERM: "TERM", signal.SIGUSR1: "USR1", signal.SIGUSR2: "USR2"}


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def _write(path: str, text: str, mode: str = "w") -> None:
    with open(path, mode) as file:
        file.write(text)


def _frame() -> dict[str, object]:
    """What the process has that EMPATH_CHILD does not say."""
    status = dict(line.split(":", 1) for line in _read("/proc/self/status").splitlines())
    fds = os.listdir("/proc/self/fd")  # and that of the listing
    return {
        **{name: status[name].strip() for name in ("PPid", "Umask", "Threads", "SigBlk", "SigIgn", "SigCgt")},
        "leads_its_group": os.getpgrp() == os.getpid(),
        "nofile": (*resource.getrlimit(resource.RLIMIT_NOFILE),),
        "cwd": os.getcwd(),
        "fds": sorted(int(fd) for fd in fds if os.path.exists(f"/proc/self/fd/{fd}")),
        "standard": [os.readlink(f"/proc/self/fd/{fd}") for fd in (0, 1, 2)],
        "environment": sorted(key for key in os.environ if key.startswith(("EMPATH_", "NOTIFY_", "WATCHDOG_"))),
    }


def main() -> int:
    inherited = os.environ.pop("EMPATH_CHILD")
    child = eval(inherited, JSON)
    slot, generation = child["slot"], child["generation"]
    directory = os.path.dirname(os.environ["EMPATH_CONFIG"])
    name = f"{directory}/{slot}.{generation}"
    _write(f"{name}.json", inherited)
    _write(f"{name}.frame", repr(_frame()))
    # pread, because all children share the offset of the descriptor.
    octets = os.pread(child["config_fd"], os.fstat(child["config_fd"]).st_size, 0)
    _write(f"{name}.hostname", octets.decode().partition('hostname = "')[2].partition('"')[0])

    def report(octets: bytes) -> None:
        os.write(child["ready_fd"], octets + b"\n")
        os.close(child["ready_fd"])

    def saw(text: str) -> None:
        _write(f"{name}.seen", text + "\n", "a")

    files = (f"{directory}/{slot}.behaviour", f"{directory}/behaviour")
    behaviour = next((_read(file) for file in files if os.path.exists(file)), "serve")
    if behaviour == "fail":
        report(b'{"error": "this child\\ncannot work", "exit_code": %d}' % EX_CONFIG)
        return EX_CONFIG
    if behaviour == "die":
        return 1
    if behaviour == "babble":
        os.write(child["ready_fd"], b"[1]\n")
        return 1
    signals_fd, wakeup_fd = os.pipe2(os.O_NONBLOCK)
    signal.set_wakeup_fd(wakeup_fd)
    for number in HEARD:
        signal.signal(number, lambda *_: None)
    if behaviour == "slow":
        select.select([], [], [], 1.0)
    if behaviour != "mute":
        report(b"{}")
    if behaviour == "die-ready":
        return 1
    listeners = {one["fd"]: RawSocket(fileno=one["fd"]) for one in child["listeners"]}
    wanted = [signals_fd, child["life_fd"], *listeners]
    if child["deaths_fd"] is not None:
        wanted.append(child["deaths_fd"])
    while True:
        os.eventfd_write(child["beat_fd"], 1)
        for fd in select.select(wanted, [], [], 0.05)[0]:
            if fd == signals_fd:
                for octet in os.read(fd, 100):
                    saw(HEARD.get(octet, str(octet)))
                    if octet == signal.SIGTERM and behaviour != "deaf":
                        return 0
                    if octet == signal.SIGUSR2 and behaviour != "linger":
                        return 0
            elif fd == child["life_fd"]:
                saw("orphan")
                return 0
            elif fd == child["deaths_fd"]:
                for line in os.read(fd, 65536).decode().splitlines():
                    saw(f"death {line}")
            elif fd in listeners:
                try:
                    accepted, _ = listeners[fd]._accept()  # type: ignore[attr-defined]
                except BlockingIOError:  # the other generation accepted it
                    continue
                connection = RawSocket(fileno=accepted)
                connection.sendall(b"%d\n" % generation)
                connection.close()
        if child["ask_fd"] is not None and os.path.exists(f"{directory}/ask"):
            asked = _read(f"{directory}/ask")
            os.unlink(f"{directory}/ask")
            os.write(child["ask_fd"], asked.encode())


if __name__ == "__main__":
    sys.exit(main())
