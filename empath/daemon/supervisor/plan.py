"""
plan - a configuration with its listeners bound and its slots named

The module also knows which settings a running instance cannot change.
"""

import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from empath.config.file_uses import shared_files
from empath.config.keys import dotted
from empath.config.load import parse_config, read_file
from empath.config.model import Config
from empath.config.tables.http import Http
from empath.config.tables.receiving import Listener
from empath.config.workable.contradiction import Contradiction, located
from empath.daemon.process.slots import slots
from empath.daemon.process.tls_files import (
    Marks,
    keep_tls_files,
    read_client_files,
    read_signing_files,
    read_tls_files,
    tls_marks,
    unusable_secrets,
)
from empath.daemon.supervisor import listeners
from empath.daemon.supervisor.listeners import BoundListener
from empath.errors import ConfigError, EmpathError, MissingInput

# The lock lies next to the queue, and the children of both plans share the queue, its files and its node.
_FIXED: Final[dict[str, Callable[[Config], object]]] = {
    "queue.path": lambda config: config.queue.path,
    "queue.url": lambda config: config.queue.url,
    "queue.replicas": lambda config: config.queue.replicas,
    "node.name": lambda config: config.node.name,
    "process.pid_file": lambda config: config.process.pid_file,
    "process.user": lambda config: config.process.user,
}


@dataclass(frozen=True, slots=True)
class ConfigSnapshot:
    """
    A configuration that was read, with the certificates that it names. Children read its octets from `fd`, a memory
    file: the file on disk may change. `tls_fd` is such a file for the certificates of listeners, `signing_fd` for
    the keys that sign mail, and `client_fd` for what is shown to hosts that mail goes to, None if it names none;
    `tls_marks` are those of all files that were read.
    """

    config: Config
    fd: int
    tls_fd: int | None
    signing_fd: int | None
    client_fd: int | None
    tls_marks: Marks


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Shape: epoch counts the plans of one run from 1; http has at most one; slots are `kind-n`; since, monotonic seconds,
    is its start.
    """

    epoch: int
    config: Config
    config_fd: int
    tls_fd: int | None
    signing_fd: int | None
    client_fd: int | None
    tls_marks: Marks
    listeners: tuple[BoundListener[Listener], ...]
    http: tuple[BoundListener[Http], ...]
    slots: tuple[str, ...]
    since: float


Check = Callable[[Config, Path], Iterable[Contradiction]]


def read_snapshot(file: Path, check: Check = shared_files) -> ConfigSnapshot:
    """
    Read and check *file*.

    Raises:
        MissingInput, ConfigError: as `load_config`. ConfigError also if *check* finds something, such as a file with
            two uses.
    """
    try:
        octets = read_file(file)
    except OSError as exc:
        raise MissingInput(f"{file}: the configuration cannot be read: {exc.strerror}") from exc
    config = parse_config(octets, str(file), os.path.realpath(file.parent))
    marks = tls_marks(config)
    kept, unread = _kept_files(config)
    if found := [*check(config, file), *unread]:
        _close_files(*kept)
        raise ConfigError(located(file, found))
    fd = os.memfd_create("empath-config", os.MFD_CLOEXEC)
    with open(fd, "wb", closefd=False) as copy:
        copy.write(octets)
    return ConfigSnapshot(config, fd, *kept, marks)


def renewed_snapshot(present: Plan) -> ConfigSnapshot:
    """
    The configuration of *present*, whatever its file says now, with the certificates that it names read anew.

    Raises:
        ConfigError: one of them cannot be read.
    """
    marks = tls_marks(present.config)
    kept, unread = _kept_files(present.config)
    if unread:
        _close_files(*kept)
        raise ConfigError("\n".join(f"{dotted(each.keys)}: {each.words}" for each in unread))
    return ConfigSnapshot(present.config, os.dup(present.config_fd), *kept, marks)


def _kept_files(config: Config) -> tuple[tuple[int | None, int | None, int | None], list[Contradiction]]:
    """What children inherit of the files that *config* names: tls_fd, signing_fd and client_fd; and what is wrong."""
    files, unread = read_tls_files(config)
    signing_files, unread_keys = read_signing_files(config)
    unread_keys += unusable_secrets(config, signing_files)
    client_files, unread_too = read_client_files(config)
    tls_fd, signing_fd, client_fd = map(keep_tls_files, (files, signing_files, client_files))
    return (tls_fd, signing_fd, client_fd), [*unread, *unread_keys, *unread_too]


def first_plan(snapshot: ConfigSnapshot) -> Plan:
    """The plan of a start. Raises as `listeners.bind`."""
    return _plan(1, snapshot, *_bind(snapshot.config))


def next_plan(present: Plan, snapshot: ConfigSnapshot) -> Plan:
    """
    The plan of a reload; sockets of addresses that stay are shared with *present*.

    Raises:
        ConfigError: a setting differs that only a restart can change.
        ServiceUnavailable, PermissionRefused: as `listeners.bind`; *present* is as it was.
    """
    findings = [
        _fixed_finding(key, _shown(read(present.config)), _shown(read(snapshot.config)), str(snapshot.config.hostname))
        for key, read in _FIXED.items()
        if read(present.config) != read(snapshot.config)
    ]
    try:
        if findings:
            raise ConfigError("\n".join(findings))
        bound = _bind(snapshot.config, present)
    except EmpathError:
        _close_files(snapshot.fd, snapshot.tls_fd, snapshot.signing_fd, snapshot.client_fd)
        raise
    return _plan(present.epoch + 1, snapshot, *bound)


def _bind(
    config: Config, present: Plan | None = None
) -> tuple[tuple[BoundListener[Listener], ...], tuple[BoundListener[Http], ...]]:
    """All sockets of *config*, or none; those of addresses that stay are shared with *present*."""
    there, there_http = (present.listeners, present.http) if present is not None else ((), ())
    bound = listeners.bind(config.listeners, there)
    try:
        return bound, listeners.bind([config.http] if config.http.is_served else [], there_http)
    except EmpathError:
        listeners.close(bound, keep=[item.socket for item in there])
        raise


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)


def _fixed_finding(key: str, before: str, after: str, hostname: str) -> str:
    """The sentence about a setting that a reload cannot change. A node without a name has that of the host."""
    if key == "node.name" and after == hostname:
        words = f'set [node] name = "{before}" to keep the old name of the node, or use restart'
        return f"hostname: cannot change from {before} to {after} while running; {words}"
    return f"{key}: cannot change from {before} to {after} while running; use restart"


def close_plan(leaving: Plan, staying: Plan | None = None) -> None:
    """Close what *leaving* holds and *staying* does not use."""
    keep = _sockets(staying) if staying else []
    listeners.close((*leaving.listeners, *leaving.http), keep)
    _close_files(leaving.config_fd, leaving.tls_fd, leaving.signing_fd, leaving.client_fd)


def _plan(
    epoch: int,
    snapshot: ConfigSnapshot,
    bound: tuple[BoundListener[Listener], ...],
    http: tuple[BoundListener[Http], ...],
) -> Plan:
    config = snapshot.config
    return Plan(
        epoch=epoch,
        config=config,
        config_fd=snapshot.fd,
        tls_fd=snapshot.tls_fd,
        signing_fd=snapshot.signing_fd,
        client_fd=snapshot.client_fd,
        tls_marks=snapshot.tls_marks,
        listeners=bound,
        http=http,
        slots=slots(config),
        since=time.monotonic(),
    )


def _sockets(plan: Plan) -> list[socket.socket]:
    return [*(item.socket for item in plan.listeners), *(item.socket for item in plan.http)]


def _close_files(*fds: int | None) -> None:
    for fd in fds:
        if fd is not None:
            os.close(fd)
