"""
starter - a process that has loaded what a server needs, and is forked for each server of the tests

A start of a server is 1 s of CPU, nearly all of it imports. The starter has them behind it: it has loaded the commands,
the supervisor, and what the template loads, except the programs, which patch. Nothing of it binds a name that gevent
patches (tests/kit/test_starter.py holds that). It is small, too, and so quicker to fork than a process of pytest.

It also listens: programs that `install_program` makes ask it for a fork, of their own user.

A fork of it becomes a command with the arguments, environment, directory and standard streams of the request. Where the
command executes the supervisor, the fork goes on as the supervisor instead, in the state that an exec leaves: without
descriptors that are closed then, and with default signals. Where it starts the supervisor as a program, a fork of it
does so.
"""

import atexit
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final, NoReturn

from setproctitle import getproctitle

from empath.cli.admin.__main__ import admin
from empath.config.load import parse_config
from empath.daemon.worker import reply_rules
from empath.storage.sqlite.migration import names_of_schema
from empath.storage.sqlite.session import statements
from tests.kit.commands import take_place

ROOT: Final = Path(__file__).parents[2]
_REQUEST_OCTETS: Final = 1 << 20
_SUPERVISOR: Final = "empath.daemon.supervisor"
_CONFIGURATION: Final = b"""
hostname = "localhost.test"
postmaster = "postmaster@localhost.test"
listener = [{ address = "127.0.0.1:25", role = "internal" }]
queue = { path = "queue.db" }
"""

COMMANDS: Final = (
    "apsw.shell",
    "empath.cli.admin.__main__",
    "empath.cli.empathd",
    "empath.daemon.supervisor.serve",
    "empath.daemon.supervisor.template",
)
WHOLE: Final = (  # packages of which nothing but a program binds a name that gevent patches
    "empath.authentication",
    "empath.daemon.acceptor",
    "empath.daemon.housekeeper",
    "empath.daemon.process",
    "empath.daemon.worker",
    "empath.mail",
    "empath.message",
    "empath.net",
    "empath.policy",
    "empath.smtp",
    "empath.storage",
    "empath.telemetry",
)
OF_THE_TEMPLATE: Final = (  # what patching and the children import of other packages
    "concurrent.futures.thread",
    "dns.quic",
    "dns.rdtypes.ANY.CNAME",
    "dns.rdtypes.ANY.MX",
    "dns.rdtypes.ANY.NS",
    "dns.rdtypes.ANY.PTR",
    "dns.rdtypes.ANY.SOA",
    "dns.rdtypes.ANY.TLSA",
    "dns.rdtypes.ANY.TXT",
    "dns.rdtypes.IN.A",
    "dns.rdtypes.IN.AAAA",
    "dns.rdtypes.svcbbase",
    "encodings.ascii",
    "gevent.lock",
    "gevent.select",
    "gevent.selectors",
    "gevent.signal",
    "gevent.ssl",
    "gevent.subprocess",
    "gevent.thread",
    "gevent.threading",
    "gevent.threadpool",
    "gevent.time",
    "pickle",
    "pprint",
)


def load() -> None:
    """
    Load what the forks share and all verbs of empath-admin, build the validator of configurations, read the statements
    of the queue and the names of its schema, compile the rules about replies, and find the place of the title.
    """
    getproctitle()  # in a fork that has changed its environment, the search would find none
    for name in (*COMMANDS, *(each for package in WHOLE for each in _modules_of(package)), *OF_THE_TEMPLATE):
        importlib.import_module(name)
    admin.load()
    parse_config(_CONFIGURATION, "starter", "/")
    statements().read_all()
    names_of_schema()
    reply_rules.preload()


def _modules_of(package: str) -> Iterator[str]:
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not found.name.endswith(".__main__"):
            yield found.name


class Starter:
    """The end of the tests. The process is started by the first request, and ends with `close` or with the tests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._address = f"empath-tests-{os.getpid()}-{os.urandom(8).hex()}"

    def fork(
        self, main: Callable[[], Any], argv: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]
    ) -> tuple[int, int]:
        """Pid and pidfd of a new process that is *main*, a function of a module, with these standard streams."""
        request = {
            "main": [main.__module__, main.__qualname__],
            "argv": [*argv],
            "environment": {**environment},
            "directory": os.getcwd(),
        }
        with self._lock:
            answer, fds = self._ask(request, streams)
        return answer, fds[0]

    def end_of(self, pid: int) -> int:
        """The exit code of a process that has ended, negative for a signal."""
        with self._lock:
            return self._ask({"pid": pid})[0]

    def words(self, module: str) -> tuple[str, ...]:
        """The words of a command line that is `python -P -m module`, except that its start takes next to no time."""
        with self._lock:
            self._ask({"pid": None})  # it listens
        return (sys.executable, "-IS", str(Path(__file__).with_name("quick_program.py")), self._address, module)

    def install_program(self, file: Path, module: str) -> None:
        """Make *file* a program with these `words`."""
        file.write_text(f'#!/bin/sh\nexec {shlex.join(self.words(module))} "$@"\n')
        file.chmod(0o755)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is not None and self._control is not None:
                self._control.close()
                self._process.wait()

    def _ask(self, request: Mapping[str, Any], fds: Sequence[int] = ()) -> tuple[int, list[int]]:
        if self._control is None:
            self._control = self._start()
        socket.send_fds(self._control, [json.dumps(request).encode()], fds)
        answer, fds, _, _ = socket.recv_fds(self._control, _REQUEST_OCTETS, 1)
        assert answer, "the starter has ended"
        return json.loads(answer), [*fds]

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), self._address],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                cwd="/",
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        return ours


STARTER: Final = Starter()


class _ExecutedError(BaseException):
    """The process would now become the supervisor, with this configuration."""


def _serve(control: socket.socket, listener: socket.socket) -> None:
    """Answer requests until the tests have ended."""
    while True:
        ready, _, _ = select.select([control, listener], [], [])
        if listener in ready:
            _answer_program(control, listener)
        if control in ready and not _answer_tests(control, listener):
            return


def _answer_tests(control: socket.socket, listener: socket.socket) -> bool:
    """Carry out one request of the tests; False after the last."""
    octets, fds, _, _ = socket.recv_fds(control, _REQUEST_OCTETS, 3, socket.MSG_CMSG_CLOEXEC)
    if not octets:
        return False
    request = json.loads(octets)
    if "pid" in request:
        pid = request["pid"]
        control.send(b"%d" % (0 if pid is None else os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
        return True
    pid = os.fork()
    if pid == 0:
        control.close()
        listener.close()
        _become(request, fds)
    ended = os.pidfd_open(pid)
    socket.send_fds(control, [b"%d" % pid], [ended])
    for fd in (ended, *fds):
        os.close(fd)
    return True


def _answer_program(control: socket.socket, listener: socket.socket) -> None:
    """Leave the request of a program to a process that waits for the command."""
    connection, _ = listener.accept()
    between = os.fork()
    if between:
        connection.close()
        os.waitpid(between, 0)
        return
    if os.fork():
        os._exit(0)
    control.close()
    listener.close()
    octets, fds, _, _ = socket.recv_fds(connection, _REQUEST_OCTETS, 3, socket.MSG_CMSG_CLOEXEC)
    _, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    request = json.loads(octets)
    pid = os.fork()
    if pid == 0:
        connection.close()
        os.umask(request["umask"])
        if uid != os.geteuid():
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        _become(request, fds)
    for fd in fds:
        os.close(fd)
    connection.send(b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    os._exit(0)


def _become(request: Mapping[str, Any], fds: Sequence[int]) -> NoReturn:
    module, name = request["main"]
    os.chdir(request["directory"])
    _find_modules(request["environment"].get("PYTHONPATH", ""))
    streams = [os.fdopen(fd, mode) for fd, mode in zip(fds, ("rb", "wb", "wb"), strict=True)]
    take_place(request["argv"], request["environment"], streams)
    for stream in streams:
        stream.close()
    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.addaudithook(_stop_at_exec)
    subprocess.Popen = _Popen  # type: ignore[assignment,misc]
    _be(lambda: _command(module, name))


def _command(module: str, name: str) -> None:
    try:
        getattr(importlib.import_module(module), name)()
    except _ExecutedError as executed:
        _be_supervisor(*executed.args)


def _be(program: Callable[[], None]) -> NoReturn:
    """
    Be *program*, and end as Python ends, except that modules and what they hold are not taken apart one by one: that
    costs more CPU than most commands. Forks of the program, such as its children, pass here, too.
    """
    try:
        program()
        code = 0
    except SystemExit as exc:
        if not isinstance(exc.code, int | None):
            raise  # a text, which Python prints
        code = exc.code or 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()  # what raises here ends the process as Python does it
    sys.stderr.flush()
    os._exit(code)


def _find_modules(python_path: str) -> None:
    """Do what a start of Python does with PYTHONPATH: modules are found there, and one customizes the site."""
    directories = [*filter(None, python_path.split(os.pathsep))]
    sys.path[:0] = directories
    for file in (Path(directory, "sitecustomize.py") for directory in directories):
        if file.exists():
            runpy.run_path(str(file))


def _stop_at_exec(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "os.exec" and _is_supervisor(arguments[1]):
        raise _ExecutedError(arguments[1][4])


class _Popen(subprocess.Popen[bytes]):
    """The Popen of a command. Where it would execute the supervisor, it forks."""

    def __new__(cls, args: Sequence[str], **how: Any) -> Any:
        return _StartedSupervisor(args[4], **how) if _is_supervisor(args) else super().__new__(cls)


class _StartedSupervisor:
    """The supervisor as a child, with what `empath.daemon.supervisor.launch` uses of Popen."""

    def __init__(
        self,
        configuration: str,
        *,
        env: Mapping[str, str],
        stdin: int,
        stdout: IO[bytes],
        stderr: IO[bytes],
        cwd: str,
        pass_fds: Sequence[int],
        start_new_session: bool,
    ) -> None:
        assert (stdin, start_new_session) == (subprocess.DEVNULL, True)
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if self._pid:
            return
        os.setsid()
        os.chdir(cwd)
        with open(os.devnull, "rb") as nothing:
            for fd, stream in enumerate((nothing, stdout, stderr)):
                os.dup2(stream.fileno(), fd)
        for fd in map(int, os.listdir("/proc/self/fd")):
            if fd > 2:
                with suppress(OSError):
                    os.set_inheritable(fd, fd in pass_fds)
        os.environ.clear()
        os.environ.update(env)
        try:
            _be(lambda: _be_supervisor(configuration))
        except BaseException:  # noqa: BLE001 - top frame of a process
            traceback.print_exc()
            os._exit(1)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _is_supervisor(argv: Sequence[str]) -> bool:
    return [*argv[2:4]] == ["-m", _SUPERVISOR]


def _be_supervisor(configuration: str) -> None:
    """Be what the exec would make of this process."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            if fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                os.close(fd)
        except OSError:
            continue  # that of the listing
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if number != signal.SIGINT and callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.argv = [_SUPERVISOR, configuration]
    runpy.run_module(_SUPERVISOR, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    load()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, and for the servers
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(f"\0{sys.argv[2]}")
        listening.listen(100)
        _serve(socket.socket(fileno=int(sys.argv[1])), listening)
