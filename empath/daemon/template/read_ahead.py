"""read_ahead - what the template reads before it forks a child, for this one and all that follow"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from empath.daemon.process.child import CONFIG, ENVIRONMENT
from empath.daemon.process.fork_request import ForkRequest
from empath.daemon.process.own_config import own_config
from empath.errors import ConfigError

_MOST_OCTETS: Final = 65_536


def read_ahead(request: ForkRequest, fds: Sequence[int]) -> None:
    """
    Read the configuration of the child that is asked for, where the one before had another; *fds* are its descriptors.

    A large one is left to the child: the supervisor waits for the answer.
    """
    number = json.loads(request.environment[ENVIRONMENT])["config_fd"]
    fd = fds[request.fds.index(number)]
    with suppress(ConfigError, OSError):  # the child meets the same, and reports it
        if os.fstat(fd).st_size <= _MOST_OCTETS:
            own_config(fd, request.environment[CONFIG])
