"""
doctor - whether the service runs, or could run

If the service runs, the check connects to each port as a client would. If not, it binds each port for a moment.
"""

import os
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from empath.config.model import Config
from empath.config.tables.receiving import Listener
from empath.config.workable.machine import low_file_limit
from empath.daemon.supervisor import instance, launch, listeners
from empath.daemon.supervisor.resources import needed_open_files
from empath.errors import EmpathError
from empath.policy.health import Diagnosis, Level


def diagnose_instance(config: Config) -> Diagnosis:
    """Whether the instance of *config* runs."""
    found = launch.status(config)
    match found.word:
        case "running":
            is_file = config.queue.url is None
            lost = instance.removed_under(config.queue.path, found.pids) if is_file else None
            if lost is not None:
                words = f"running, pid {found.pid}, but {lost} was removed or replaced under it: MAIL is refused"
                remedy = "read about queue_gone in TROUBLESHOOTING before you stop it"
                return Diagnosis("service", Level.ERROR, words, remedy)
            return Diagnosis("service", Level.OK, f"running, pid {found.pid}")
        case "starting":
            pids = ", ".join(map(str, found.pids))
            return Diagnosis("service", Level.WARNING, f"starting: pids {pids}", "wait, then look again")
        case "stopping":
            pids = ", ".join(map(str, found.pids))
            return Diagnosis("service", Level.WARNING, f"draining: pids {pids}", "wait, then start it")
        case "unknown":
            remedy = "run this as root, or as the user that owns the queue"
            return Diagnosis("service", Level.WARNING, "cannot tell whether it runs", remedy)
        case _:
            return Diagnosis("service", Level.WARNING, "not running", "run `empathd start`")


def diagnose_machine(
    config_file: Path, config: Config, diagnose_answer: Callable[[Config, Listener], Diagnosis]
) -> Iterator[Diagnosis]:
    """Examine the listeners of *config*, its limits and its files; *diagnose_answer* connects to one that is served."""
    service = launch.status(config)
    is_running = service.is_running
    for listener in config.listeners if is_running is not None else ():
        yield diagnose_answer(config, listener) if is_running else _can_be_bound(listener)
    yield _open_files(config)
    yield _file_size(config, service.pid)
    for folder, key in _folders(config).items():
        yield _folder(folder, key)
    if is_running and config.log.file is not None:
        yield _log_file(config.log.file)
    yield _config_file(config_file)


def _log_file(file: Path) -> Diagnosis:
    if not os.path.lexists(file):
        found = f"{file} was removed: the processes write to a file without a name"
        return Diagnosis("log", Level.WARNING, found, "send SIGUSR1 to the supervisor: each process opens it again")
    return Diagnosis("log", Level.OK, f"{file} is there")


def _can_be_bound(listener: Listener) -> Diagnosis:
    try:
        listeners.close(listeners.bind([listener]))
    except EmpathError as exc:
        remedy = f"end the program that has the address (`ss -ltnp`), run this as root, or change {listener.text}"
        return Diagnosis("listener", Level.ERROR, str(exc), remedy)
    return Diagnosis("listener", Level.OK, f"{listener.text} is free")


def _open_files(config: Config) -> Diagnosis:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = needed_open_files(config)
    found = f"{hard} descriptors a process, {needed} may be needed"
    if hard < needed:
        fewer = "lower [receiving.limits] connections, [delivery] sessions"
        remedy = f"raise the hard limit (`ulimit -Hn`, LimitNOFILE=), or {fewer}"
        return Diagnosis("nofile", Level.WARNING, found, remedy)
    return Diagnosis("nofile", Level.OK, found)


def _file_size(config: Config, pid: int | None) -> Diagnosis:
    try:
        low = list(low_file_limit(config, pid or 0))
    except OSError:  # the service of another user
        low = list(low_file_limit(config))
    for finding in low:
        found, _, remedy = finding.words.partition("; ")
        return Diagnosis("fsize", Level.WARNING, found, remedy)
    return Diagnosis("fsize", Level.OK, "a file may be as large as the queue needs")


def _folders(config: Config) -> dict[Path, str]:
    found = {config.process.pid_file.parent: "[process] pid_file"}
    if config.log.file is not None:
        found.setdefault(config.log.file.parent, "[log] file")
    return found


def _folder(folder: Path, key: str) -> Diagnosis:
    try:
        mode = folder.stat().st_mode
    except OSError as exc:
        found = f"{folder} of {key}: {exc.strerror}"
        # A start makes the directory of the pid file, and no other.
        return Diagnosis("directory", Level.WARNING, found, f"run `mkdir -p {folder}`")
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        found = f"{folder} of {key}: every user may write it"
        # Not a change of the directory's mode: a shared one, such as /tmp, would harm every other program.
        return Diagnosis("directory", Level.ERROR, found, f"name a directory of Empath's own in {key}")
    return Diagnosis("directory", Level.OK, f"{folder} of {key}")


def _config_file(file: Path) -> Diagnosis:
    try:
        status = file.stat()
    except OSError as exc:
        return Diagnosis("configuration", Level.ERROR, f"{file}: {exc.strerror}", "see -c and EMPATH_CONFIG")
    if status.st_mode & stat.S_IWOTH:
        found = f"{file}: every user may write it"
        return Diagnosis("configuration", Level.ERROR, found, f"run `chmod o-w {file}`")
    if status.st_uid not in (0, os.geteuid()):
        found = f"{file}: belongs to user {status.st_uid}"
        return Diagnosis("configuration", Level.WARNING, found, f"run `chown root {file}`")
    return Diagnosis("configuration", Level.OK, f"{file}")
