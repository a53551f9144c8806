"""
state_line - how the service is, in a line from httpd to the supervisor, for the service manager

The supervisor opens no database and asks nobody. So httpd writes the outcome of its checks into a memory file, which it
inherits. The file has one record of a fixed length, so that it is written and read in one call. A record that is old
says nothing: httpd may have died.
"""

import json
import os
import time
from typing import Final

_OCTETS: Final = 2048
_MOST_CHARACTERS: Final = 300  # each may become six octets in JSON
_FRESH_S: Final = 30.0


def write_state(fd: int, line: str) -> None:
    """Replace the record."""
    record = {"at": time.monotonic(), "line": line[:_MOST_CHARACTERS]}
    os.pwrite(fd, json.dumps(record).encode().ljust(_OCTETS), 0)


def read_state(fd: int) -> str:
    """The line of the last seconds; empty if there is none."""
    octets = os.pread(fd, _OCTETS, 0)
    if not octets:
        return ""
    record = json.loads(octets)
    return str(record["line"]) if time.monotonic() - record["at"] < _FRESH_S else ""
