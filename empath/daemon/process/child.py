"""
child - what a child process and the supervisor agree on

The supervisor has `python -m empath.daemon.<kind>` forked from the template process (see `fork_request`) or executed,
with descriptors inherited and one JSON object in EMPATH_CHILD. A child first patches (gevent), then calls
`child_from_environment` and `load_own_config` (own_config), opens files that need root, drops privileges, installs its
signal handlers, and calls `report_ready`. If a step fails it calls `report_failure` and ends.

After that, a child keeps these promises. SIGTERM makes it drain within DRAIN_S and exit with 0. SIGUSR2, which only an
acceptor gets, makes it drain for as long as its clients' transactions take. SIGUSR1 makes it reopen the log. Its hub
writes to `beat_fd` every BEAT_S seconds; a child that stops doing so is killed. It ignores SIGHUP and SIGINT, and has a
process group of its own. End of file on `life_fd` counts as a SIGTERM: the supervisor has died and cannot send one.
This module imports no gevent, because the supervisor imports it too.
"""

import ctypes
import json
import os
import pwd
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final

from setproctitle import setproctitle

from empath.errors import ConfigError, EmpathError, PermissionRefused
from empath.policy.access import Role

ENVIRONMENT: Final = "EMPATH_CHILD"
CONFIG: Final = "EMPATH_CONFIG"
DRAIN_S: Final = 10.0  # longest time from SIGTERM to the end of a child
BEAT_S: Final = 2.0  # pause between two beats of a child
UMASK: Final = 0o027  # of all processes

_PR_SET_NO_NEW_PRIVS: Final = 38

_reported: Final[set[int]] = set()  # each ready_fd that was used


class SupervisorRequest(Enum):
    """A request of the housekeeper to the supervisor: one octet, written to `ask_fd`."""

    RELOAD = b"R"
    REOPEN_LOG = b"L"
    STOP = b"S"


@dataclass(frozen=True, slots=True)
class InheritedListener:
    """A listening socket that the supervisor bound, with its text form (`127.0.0.1:2525`) and role."""

    fd: int
    address: str
    role: Role


@dataclass(frozen=True, slots=True)
class Child:
    """
    What one child inherits; the table in `daemon.supervisor.kinds` has what each kind of child gets.

    Shape: slot is `kind-n`; generation counts the incarnations of the slot from 1; instance is the ULID of this run of
    the supervisor; wake_fds are eventfds (acceptor and housekeeper: those of all worker slots in order; worker: its
    own); beat_fd is an eventfd that the supervisor reads; deaths_fd, ask_fd and outcome_fd belong to the housekeeper:
    lines `slot generation` of dead processes, `SupervisorRequest` octets, and the record of `reload_outcome`. An
    acceptor has counts_fd, the file of `open_counts`, and counts_row, its row there. tls_fd is the file of
    `tls_files.keep_tls_files`: for an acceptor with those of listeners, for a worker with those for other hosts.
    signing_fd is such a file with the keys that sign mail.
    http_fd is the listening socket of [http], and state_fd the file of `state_line`.
    """

    slot: str
    generation: int
    instance: str
    listeners: tuple[InheritedListener, ...]
    wake_fds: tuple[int, ...]
    config_fd: int
    life_fd: int
    ready_fd: int
    lock_fd: int
    beat_fd: int
    deaths_fd: int | None
    ask_fd: int | None
    outcome_fd: int | None
    counts_fd: int | None = None
    counts_row: int = 0
    tls_fd: int | None = None
    signing_fd: int | None = None
    http_fd: int | None = None
    state_fd: int | None = None

    @property
    def fds(self) -> tuple[int, ...]:
        """Every descriptor named here."""
        mine = (
            *(self.tls_fd, self.signing_fd, self.http_fd, self.state_fd, self.deaths_fd, self.ask_fd, self.outcome_fd),
            self.counts_fd,
        )
        optional = tuple(fd for fd in mine if fd is not None)
        listeners = tuple(listener.fd for listener in self.listeners)
        own = (self.config_fd, self.life_fd, self.ready_fd, self.lock_fd, self.beat_fd)
        return (*own, *listeners, *self.wake_fds, *optional)

    def to_json(self) -> str:
        """The form for the environment."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Child":
        """Inverse of `to_json`."""
        value: dict[str, Any] = json.loads(text)
        value["listeners"] = tuple(
            InheritedListener(item["fd"], item["address"], Role(item["role"])) for item in value["listeners"]
        )
        value["wake_fds"] = tuple(value["wake_fds"])
        return cls(**value)


def child_from_environment() -> Child:
    """
    Read EMPATH_CHILD, name the process, and keep its descriptors from any further exec.

    Raises:
        ConfigError: the process was not started by a supervisor.
    """
    text = os.environ.pop(ENVIRONMENT, None)
    if text is None:
        raise ConfigError(f"{ENVIRONMENT} is not set: only the supervisor starts this process")
    child = Child.from_json(text)
    for fd in child.fds:
        os.set_inheritable(fd, False)
    setproctitle(f"empathd: {child.slot}")
    return child


def report_ready(child: Child) -> None:
    """Report to the supervisor that this child does its work. `start` returns when all first children have reported."""
    _report(child, {})


def report_failure(child: Child, error: EmpathError) -> bool:
    """
    Report to the supervisor why this child ends. During a start this becomes the message and exit code of `start`.

    Returns False after `report_ready`, when the pipe is closed; the caller logs the error instead.
    """
    return _report(child, {"error": str(error), "exit_code": error.exit_code})


def _report(child: Child, message: dict[str, Any]) -> bool:
    # After the close, the number may name anything, such as the connection of a client.
    if child.ready_fd in _reported:
        return False
    _reported.add(child.ready_fd)
    try:
        os.write(child.ready_fd, json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        pass  # the supervisor is gone; life_fd shows it too
    os.close(child.ready_fd)
    return True


def drop_privileges(user: str | None) -> None:
    """
    Become *user* for good, groups included, and never gain rights by exec. A process that is not root changes nothing.

    Call it after every import: a virtual environment may lie where *user* cannot read.

    Raises:
        ConfigError: this is root and *user* is None or not known.
        PermissionRefused: the kernel refuses.
    """
    if os.geteuid() == 0 and user is not None:
        try:
            entry = pwd.getpwnam(user)
        except KeyError as exc:
            raise ConfigError(f"process.user: no user {user!r} on this system") from exc
        try:
            os.setgroups(os.getgrouplist(entry.pw_name, entry.pw_gid))
            os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
            os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
        except PermissionError as exc:
            raise PermissionRefused(f"cannot become user {user!r}: {exc.strerror}") from exc
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
