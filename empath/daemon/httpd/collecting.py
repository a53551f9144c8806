"""
collecting - the values of all processes, from their sockets

All processes are asked at the same time, and what has not answered in time is left out: neither a process that hangs
nor one that died makes a scrape wait or fail. During a reload a slot may have two processes. The newest has the name of
the slot, an older one its generation behind it, `acceptor-1.3`, so that no series of the two is the same.
"""

import os
import socket as plain_socket
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import gevent
from gevent import socket

from empath.daemon.process.measuring import directory_of
from empath.daemon.process.process_socket import socket_path
from empath.telemetry.metrics.ledger import Values, decoded

WITHIN_S: Final = 0.2
_MOST_OCTETS: Final = 4 * 1024 * 1024
_PIECE: Final = 65_536


@dataclass(slots=True)
class Collected:
    """The values by the label of their process, and the slots of those that gave none."""

    values: dict[str, Values] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


class Collector:
    """Asks the processes of one queue."""

    def __init__(self, queue: Path, *, within_s: float = WITHIN_S) -> None:
        self._directory = directory_of(queue)
        self._within_s = within_s

    def collect(self) -> Collected:
        """What each process says now."""
        found = Collected()
        try:
            directory_fd = os.open(self._directory, os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return found
        try:
            labels = _labels(os.listdir(directory_fd))
            asked = {name: gevent.spawn(self._ask, directory_fd, name) for name in labels}
            gevent.joinall(list(asked.values()), timeout=self._within_s)
            for name, greenlet in asked.items():
                if not greenlet.ready():
                    greenlet.kill()
                if isinstance(greenlet.value, dict):
                    found.values[labels[name]] = greenlet.value
                elif greenlet.value is not False:
                    found.left_out.append(_slot(name))
        finally:
            os.close(directory_fd)
        return found

    def _ask(self, directory_fd: int, name: str) -> Values | bool | None:
        """The values of one process; False if it has ended, None if it gives none."""
        with socket.socket(plain_socket.AF_UNIX, plain_socket.SOCK_STREAM) as connection:
            try:
                connection.connect(socket_path(directory_fd, name))
            except FileNotFoundError:
                return False  # it has ended meanwhile
            except ConnectionRefusedError:
                os.unlink(name, dir_fd=directory_fd)  # it was killed, and could not
                return False
            except OSError:
                return None
            octets = bytearray()
            try:
                while piece := connection.recv(_PIECE):
                    octets += piece
                    if len(octets) > _MOST_OCTETS:
                        return None
            except OSError:
                return None
        return decoded(octets)


def _labels(names: list[str]) -> dict[str, str]:
    """The label of each process, by the name of its socket, the slots in order."""
    generations: dict[str, list[int]] = defaultdict(list)
    for name in sorted(names):
        slot, _, generation = name.rpartition(".")
        if slot and generation.isdecimal():
            generations[slot].append(int(generation))
    return {
        f"{slot}.{number}": slot if number == max(numbers) else f"{slot}.{number}"
        for slot, numbers in generations.items()
        for number in sorted(numbers)
    }


def _slot(name: str) -> str:
    return name.rpartition(".")[0]
