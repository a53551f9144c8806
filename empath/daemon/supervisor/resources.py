"""resources - what the supervisor needs apart from sockets: open files, and a log that its children may write"""

import os
import pwd
import resource
from typing import Final

from empath.config.model import Config
from empath.daemon.process.log_server import syslog_of
from empath.errors import CannotCreate, ConfigError
from empath.telemetry.log import log

_SPARE_FILES: Final = 256  # queue, spool, log, pipes and DNS of one process


def raise_open_files(config: Config) -> tuple[int, int]:
    """Raise NOFILE to the hard limit, which children inherit. Returns that limit and the need of one process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard, needed_open_files(config)


def needed_open_files(config: Config) -> int:
    """Descriptors that *config* may need in one process."""
    return max(config.limits.connections, 5 * config.delivery.sessions) + _SPARE_FILES


def open_log(config: Config) -> None:
    """
    Open the log of *config*. If this process is root, the file is given to the user that the children become.

    Raises:
        CannotCreate: the file cannot be opened or given away.
        ConfigError: `process.user` is not known.
    """
    log.configure(config.log.format, config.log.level, config.log.file, syslog_of(config))
    own_log(config)


def check_log(config: Config) -> None:
    """
    Check that `open_log` could open the log; nothing is made.

    Raises:
        CannotCreate: it could not.
    """
    file = config.log.file
    if file is None:
        return
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except FileNotFoundError as exc:
        if not os.access(file.parent, os.W_OK | os.X_OK):
            raise CannotCreate(f"cannot open the log file {file}: its directory cannot be written") from exc
    except OSError as exc:
        raise CannotCreate(f"cannot open the log file {file}: {exc.strerror}") from exc


def own_log(config: Config) -> None:
    """Give the log file to `process.user`, where this process is root. Raises as `open_log`."""
    if config.log.file is None or config.process.user is None or os.geteuid() != 0:
        return
    try:
        entry = pwd.getpwnam(config.process.user)
        os.chown(config.log.file, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    except KeyError as exc:
        raise ConfigError(f"process.user: no user {config.process.user!r} on this system") from exc
    except OSError as exc:
        raise CannotCreate(f"cannot give the log file to {config.process.user}: {exc.strerror}") from exc
