"""
workable - settings that are each valid but cannot work together, or on this machine
"""

import pwd
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from empath.config.keys import KeyPath, dotted
from empath.config.load import find_lines
from empath.config.model import Config
from empath.mail.domain import Domain
from empath.policy.access import Role

_SMTP_PORT: Final = 25
_OUTSIDE: Final = Domain("sender.invalid")  # stands for any domain that the configuration does not name
# Names that no host of the Internet has, as IANA's registry of special-use names sets them apart.
_EXAMPLES: Final = (
    "test", "example", "invalid", "localhost", "localdomain", "example.com", "example.net", "example.org",
)  # fmt: skip


class Contradiction(NamedTuple):
    """One setting that cannot work, and why."""

    keys: KeyPath
    words: str


def contradictions(config: Config) -> list[Contradiction]:
    """The settings that cannot work; empty if all can. It looks at the users and directories of this machine."""
    return [*unknown_user(config), *_example_name(config), *_routes(config), *_log(config)]


def unknown_user(config: Config) -> Iterator[Contradiction]:
    """The setting of a user that does not exist."""
    user = config.process.user
    if user is not None and not _is_known(user):
        yield Contradiction(("process", "user"), f"there is no user {user!r}; add it with useradd")


def located(file: Path, found: list[Contradiction]) -> str:
    """A line for each contradiction, in the form of `load_config`: `file:line: key: reason`."""
    lines = find_lines(file, [each.keys for each in found])
    return "\n".join(
        f"{file}:{line}: {dotted(each.keys)}: {each.words}" for line, each in sorted(zip(lines, found, strict=True))
    )


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _may_be_a_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except PermissionError:
        return True  # this user may not look
    except OSError:
        return False


def _example_name(config: Config) -> Iterator[Contradiction]:
    name = str(config.hostname)
    is_public = any(listener.port == _SMTP_PORT for listener in config.listeners)
    if is_public and any(name == example or name.endswith(f".{example}") for example in _EXAMPLES):
        words = f"{name} is a name for examples, which other hosts do not accept; set the name of this host"
        yield Contradiction(("hostname",), words)


def _routes(config: Config) -> Iterator[Contradiction]:
    for index, pattern in enumerate(config.relay.domains):
        if config.routes.find(Domain(pattern.text.replace("*", "any", 1))) is None:
            words = f"{pattern.text} has no route, so mail to it is refused; add one to [routes]"
            yield Contradiction(("relay", "domains", index), words)
    postmaster = config.postmaster
    if config.find_route(str(postmaster), postmaster.domain) is None:
        words = f"{postmaster.domain} has no route, so mail to the postmaster is refused for now; add one to [routes]"
        yield Contradiction(("postmaster",), words)
    is_mx = any(listener.role is Role.MX for listener in config.listeners)
    if is_mx and config.routes.find(_OUTSIDE) is None:
        words = (
            'no route leads outside, so reports to senders there wait until they expire; add "*" = "mx" or the route'
            " to a smarthost (others still reach [relay] domains only)"
        )
        yield Contradiction(("routes",), words)


def _log(config: Config) -> Iterator[Contradiction]:
    file = config.log.file
    if file is not None and not _may_be_a_directory(file.parent):
        words = f"there is no directory {file.parent}; create it for the user of the process"
        yield Contradiction(("log", "file"), words)
