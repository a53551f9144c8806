"""
programs - start a program by posix_spawn: not by fork, so that it gets none of the supervisor's memory and locks
"""

import os
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from empath.daemon.supervisor import handed_on


def spawn_program(
    command: Sequence[str], environment: Mapping[str, str], file_actions: Sequence[tuple[Any, ...]]
) -> int:
    """
    Start *command*; returns its pid.

    It gets the supervisor's environment and *environment*, and those descriptors that *file_actions* leave open. It has
    a process group of its own, so that Ctrl-C at a terminal reaches only the supervisor. Its signals have their default
    dispositions, whatever the starter of the supervisor ignores.

    Raises:
        OSError: no process can be made.
    """
    inherited = {key: value for key, value in os.environ.items() if key not in handed_on.ENVIRONMENT}
    return os.posix_spawn(
        command[0],
        list(command),
        inherited | dict(environment),
        file_actions=file_actions,
        setpgroup=0,
        setsigmask=(),
        setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
    )
