"""
file_uses - one file has one use: a log file or pid file that is the queue would destroy it
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.workable.contradiction import Contradiction
from empath.config.workable.machine import unknown_user, unreadable_recipients, unusable_log
from empath.config.workable.tracing import unusable_tracing

_DATABASE_SUFFIXES: Final = ("-wal", "-shm", "-journal", "-metrics", "-traces", ".lock")


def unstartable(config: Config, file: Path) -> list[Contradiction]:
    """The settings of *file* that keep a service from its start: it would fail, or destroy a file."""
    return [*unknown_user(config), *shared_files(config, file), *unusable_tracing(config)]


def unreloadable(config: Config, file: Path) -> list[Contradiction]:
    """The settings of *file* that a running service refuses: its new processes would destroy a file, or not start."""
    return [
        *shared_files(config, file),
        *unusable_log(config),
        *unreadable_recipients(config),
        *unusable_tracing(config),
    ]


def shared_files(config: Config, file: Path) -> Iterator[Contradiction]:
    """Each setting that names a file, links resolved, which *file* uses for something else: one would overwrite it."""
    uses = {os.path.realpath(file): "the configuration"}
    for keys, path, use in _named_files(config):
        name = os.path.realpath(path)
        if other := uses.get(name):
            yield Contradiction(keys, f"{path} is {other}; name another file")
        elif name.startswith(f"{os.path.realpath(config.queue.spool)}/"):
            yield Contradiction(keys, f"{path} is in {config.queue.spool}, the directory of content; name another file")
        uses.setdefault(name, use)


def _named_files(config: Config) -> Iterator[tuple[KeyPath, Path, str]]:
    """Every file of a service: the key that names it, its path and its use. SQLite and older versions name some."""
    queue = config.queue.path
    yield ("queue", "path"), queue, "the queue database"
    for database in {Path(os.path.realpath(queue.parent), queue.name): None, Path(os.path.realpath(queue)): None}:
        for suffix in _DATABASE_SUFFIXES:
            yield ("queue", "path"), database.with_name(database.name + suffix), f"a file of the queue database {queue}"
    yield ("queue", "path"), config.queue.spool, "the directory of content, next to the queue database"
    if config.log.file is None:
        yield ("log", "file"), queue.with_name("empathd.log"), "the file of standard error"
    else:
        yield ("log", "file"), config.log.file, "the log file"
    for name, each in config.events.files.items():
        yield ("events", "files", name, "path"), each.path, "a file of events"
    yield ("process", "pid_file"), config.process.pid_file, "the pid file"
