"""
programs - what keeps a program of [pipes] or an endpoint of [webhooks] from being used
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from empath.config.keys import KeyPath
from empath.config.model import Config
from empath.config.places import Account, closed_folder, obstacle_to_file, obstacle_to_folder
from empath.config.tables.transports import Pipe
from empath.policy.routing import PipeRoute, Route, WebhookRoute

_EXECUTE: Final = 0o1  # as in the last digit of a mode
_ENTER: Final = 0o1


class Obstacle(NamedTuple):
    """One setting that cannot work, and why."""

    keys: KeyPath
    words: str


def obstacles(config: Config) -> Iterator[Obstacle]:
    """The settings of [pipes], [webhooks] and [events], and the routes to them, that cannot work on this machine."""
    for keys, route in config.each_route():
        if missing := missing_table(config, route):
            yield Obstacle(keys, missing)
    account = Account.find(config.process.user)
    for name, webhook in config.webhooks.items() if account is not None else ():
        for key, file in (("secret_file", webhook.secret_file), ("ca_file", webhook.ca_file)):
            if file is not None and account is not None and (words := obstacle_to_file(file, account)):
                yield Obstacle(("webhooks", name, key), words)
    for name, hook in config.events.webhooks.items() if account is not None else ():
        for key, file in (("secret_file", hook.secret_file), ("ca_file", hook.ca_file)):
            if file is not None and account is not None and (words := obstacle_to_file(file, account)):
                yield Obstacle(("events", "webhooks", name, key), words)
    for name, sink in config.events.files.items() if account is not None else ():
        if account is not None and (words := obstacle_to_folder(sink.path.parent, account)):
            yield Obstacle(("events", "files", name, "path"), words)
    for name, pipe in config.pipes.items():
        for key, words in _of_pipe(config, pipe):
            yield Obstacle(("pipes", name, key), words)


def missing_table(config: Config, route: Route) -> str:
    """That *route* names a program or an endpoint that the file does not have; empty if it names none."""
    if isinstance(route, PipeRoute) and route.name not in config.pipes:
        return f'there is no [pipes."{route.name}"]'
    if isinstance(route, WebhookRoute) and not route.is_url and route.name not in config.webhooks:
        return f'there is no [webhooks."{route.name}"]'
    return ""


def _of_pipe(config: Config, pipe: Pipe) -> Iterator[tuple[str, str]]:
    own = config.process.user
    if pipe.user is None and own is None and os.geteuid() == 0:
        yield "command", "would run as root; set user of this table, or user of [process]"
        return
    if pipe.user is not None and own is not None and pipe.user != own:
        yield "user", f"only root can run it as {pipe.user}, and the processes become {own}; remove one of the two"
        return
    account = Account.find(pipe.user or own)
    if account is None:
        if pipe.user is not None:
            yield "user", f"there is no user {pipe.user!r}; add it with useradd"
        return
    if words := _of_program(Path(pipe.command[0]), account):
        yield "command", words
    if pipe.directory is not None and (words := _of_directory(pipe.directory, account)):
        yield "directory", words


def _of_program(program: Path, account: Account) -> str:
    try:
        status = program.stat()
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no program {program}"
    except OSError:
        return ""  # this user may not look
    if not program.is_file():
        return f"{program} is not a file"
    if (closed := closed_folder(program.parent, account)) is not None:
        return f"user {account.name} may not enter {closed}"
    may_execute = account.may(_EXECUTE, status) and status.st_mode & 0o111
    return "" if may_execute else f"user {account.name} may not execute {program}"


def _of_directory(directory: Path, account: Account) -> str:
    try:
        status = directory.stat()
    except (FileNotFoundError, NotADirectoryError):
        return f"there is no directory {directory}"
    except OSError:
        return ""
    if not directory.is_dir():
        return f"{directory} is not a directory"
    closed = closed_folder(directory.parent, account)
    if closed is None and not account.may(_ENTER, status):
        closed = directory
    return f"user {account.name} may not enter {closed}" if closed is not None else ""
