"""machine - users, directories and files that the settings name and this machine lacks"""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from empath.config.model import Config
from empath.config.places import Account, closed_folder, may_be_a_directory, obstacle_to_file, obstacle_to_folder
from empath.config.recipient_file import read_recipients
from empath.config.workable.contradiction import Contradiction
from empath.errors import MissingInput, SyntaxViolation


def machine(config: Config) -> Iterator[Contradiction]:
    """What this machine does not have."""
    yield from unknown_user(config)
    yield from unusable_log(config)
    yield from _pickup(config)
    yield from _recipients(config)
    yield from _log_of_events(config)


def unknown_user(config: Config) -> Iterator[Contradiction]:
    """The setting of a user that does not exist."""
    user = config.process.user
    if user is not None and Account.find(user) is None:
        yield Contradiction(("process", "user"), f"there is no user {user!r}; add it with useradd")


def low_file_limit(config: Config, pid: int = 0) -> Iterator[Contradiction]:
    """A warning if process *pid*, by default this one, may not write files as large as the queue may need."""
    limit, _ = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    queue = config.queue
    size = queue.path.stat().st_size if os.path.isfile(queue.path) else 0
    needed = max(size + queue.reserve_octets, queue.wal_limit_octets, config.limits.message_octets)
    if resource.RLIM_INFINITY != limit < needed:
        words = f"a file may have {limit} octets (RLIMIT_FSIZE), and the queue may need {needed}"
        yield Contradiction(("queue", "path"), f"{words}; raise the limit (`ulimit -f`, LimitFSIZE=)", is_warning=True)


def unusable_log(config: Config) -> Iterator[Contradiction]:
    """The setting of a log file that no process can open."""
    file, account = config.log.file, Account.find(config.process.user)
    if file is None:
        return
    if not may_be_a_directory(file.parent):
        words = f"there is no directory {file.parent}; create it for the user of the process"
        yield Contradiction(("log", "file"), words)
    elif os.path.isdir(file):  # not as Path.is_dir, which fails where this user may not look
        yield Contradiction(("log", "file"), f"{file} is a directory; name a file in it")
    elif account is not None and (closed := closed_folder(file.parent, account)) is not None:
        words = f"user {account.name} may not enter {closed}, so no process can open the log again"
        yield Contradiction(("log", "file"), f"{words}; correct its owner or mode")


def _log_of_events(config: Config) -> Iterator[Contradiction]:
    """Files of events that are directories. Whether they can be written is another finding."""
    for name, file in config.events.files.items():
        if os.path.isdir(file.path):
            yield Contradiction(("events", "files", name, "path"), f"{file.path} is a directory; name a file in it")


def _pickup(config: Config) -> Iterator[Contradiction]:
    directory, account = config.pickup.directory, Account.find(config.process.user)
    if directory is None or account is None:
        return
    if not may_be_a_directory(directory):
        # Files there get its group, by which the processes read them.
        owner = "-m 3733" if account.uid == 0 else f"-m 3730 -o {account.name} -g {account.group}"
        words = f"there is no directory {directory}; make it with `install -d {owner} {directory}`"
        yield Contradiction(("pickup", "directory"), words)
    elif (obstacle := obstacle_to_folder(directory, account)) is not None:
        yield Contradiction(("pickup", "directory"), obstacle)


def unreadable_recipients(config: Config) -> Iterator[Contradiction]:
    """Files of rules for recipients that the acceptor cannot read; it would not start."""
    account = Account.find(config.process.user)
    for pattern, rule in config.recipients_by_pattern.items():
        obstacle = obstacle_to_file(Path(rule.path), account) if rule.path is not None and account is not None else None
        if obstacle is not None:
            yield Contradiction(("recipients", str(pattern)), obstacle)


def _recipients(config: Config) -> Iterator[Contradiction]:
    """Files of rules for recipients that cannot be used."""
    unreadable = list(unreadable_recipients(config))
    yield from unreadable
    for pattern, rule in config.recipients_by_pattern.items():
        keys = ("recipients", str(pattern))
        if rule.path is None or any(each.keys == keys for each in unreadable):
            continue
        try:
            read_recipients(rule.path)
        except (MissingInput, SyntaxViolation) as exc:
            yield Contradiction(keys, str(exc))
