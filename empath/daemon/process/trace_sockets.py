"""
trace_sockets - a live trace of all processes, for who wants to see it

`live_traces` has the other side. This module imports no gevent: commands use it, and in a process of gevent its waits
let others run.
"""

import json
import os
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from empath.policy.service_part import ServicePart

MOST_S: Final = 86_400.0  # longest trace
LOOK_S: Final = 0.5  # pause between two looks for processes that have begun
_READ_OCTETS: Final = 65_536
_LINE_OCTETS: Final = 65_536
_CONNECT_S: Final = 1.0


def traces_directory(queue: Path) -> Path:
    """Where the sockets of the processes of *queue* lie."""
    return queue.with_name(f"{queue.name}-traces")


class TraceReader:
    """A live trace of *part* in every process that there is and that begins meanwhile, for *for_s* seconds."""

    def __init__(self, queue: Path, part: ServicePart, for_s: float, who: str) -> None:
        self._directory = traces_directory(queue)
        self._part = part
        self._ends_at = time.monotonic() + for_s
        self._who = who
        self._streams: dict[socket.socket, bytes] = {}  # with the beginning of a line
        self._known: set[tuple[str, int]] = set()  # name and inode of each socket that was tried

    @property
    def processes(self) -> int:
        """How many processes trace now."""
        return len(self._streams)

    def records(self) -> Iterator[dict[str, Any] | None]:
        """
        What the processes say, as it comes; None at least each LOOK_S, so that the caller may leave off. Ends with the
        time of the trace.

        Raises:
            PermissionError: this user may not see it.
        """
        try:
            while (left_s := self._ends_at - time.monotonic()) > 0:
                self._connect(left_s)
                readable, _, _ = select.select([*self._streams], [], [], min(LOOK_S, left_s))
                for stream in readable:
                    yield from self._read(stream)
                yield None
        finally:
            for stream in self._streams:
                stream.close()
            self._streams.clear()

    def _connect(self, left_s: float) -> None:
        try:
            entries = list(os.scandir(self._directory))
        except FileNotFoundError:
            return
        for entry in entries:
            key = (entry.name, entry.inode())
            if key in self._known:
                continue
            self._known.add(key)
            stream = self._connected(entry.name, left_s)
            if stream is not None:
                self._streams[stream] = b""

    def _connected(self, name: str, left_s: float) -> socket.socket | None:
        """The trace of one process; None if it is gone."""
        directory_fd = os.open(self._directory, os.O_DIRECTORY | os.O_CLOEXEC)
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            stream.settimeout(_CONNECT_S)
            stream.connect(f"/proc/self/fd/{directory_fd}/{name}")  # an address has 107 octets at most
            request = {
                "scope": str(self._part.scope), "pattern": self._part.pattern, "for_s": left_s, "who": self._who,
            }  # fmt: skip
            stream.sendall(json.dumps(request).encode() + b"\n")
        except PermissionError:
            stream.close()
            raise
        except OSError:
            stream.close()
            return None
        finally:
            os.close(directory_fd)
        return stream

    def _read(self, stream: socket.socket) -> Iterator[dict[str, Any]]:
        try:
            octets = stream.recv(_READ_OCTETS)
        except OSError:
            octets = b""
        if not octets:
            del self._streams[stream]
            stream.close()
            return
        *lines, rest = (self._streams[stream] + octets).split(b"\n")
        self._streams[stream] = rest if len(rest) <= _LINE_OCTETS else b""
        for line in lines:
            record = json.loads(line)
            if isinstance(record, dict):
                yield record
