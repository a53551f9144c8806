"""
resolv_conf - the name servers of the system, resolv.conf(5)

The file belongs to other programs, and it is read again when it changes.  A line that means nothing here is ignored, as
the C library ignores it: a mistake in a search list, which Empath does not use, must not take the name servers away.
"""

import ipaddress
import os
from dataclasses import dataclass

_MAX_OCTETS = 64 * 1024
_THIS_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SystemServers:
    """Shape: addresses are IPv4 or IPv6, with a scope if there is one, in the order of the file."""

    addresses: tuple[str, ...]
    is_rotated: bool = False


class ResolvConf:
    """
    The name servers of one file.

    servers are those of its last usable content, none before there was any. trouble says why its present content is not
    in use, empty if it is.
    """

    def __init__(self, path: str) -> None:
        self.servers = SystemServers(())
        self.trouble = ""
        self._path = path
        self._version: tuple[int, ...] | None = None  # version of the file that was read last

    def follow(self) -> bool:
        """Read the file if it has changed; whether this gave new servers."""
        try:
            found = os.stat(self._path)
            version = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if version == self._version:
                return False
            with open(self._path, "rb") as file:
                servers = _parse(file.read(_MAX_OCTETS).decode("ascii", "replace"))
        except OSError as exc:
            self._version, self.trouble = None, f"{self._path}: {os.strerror(exc.errno or 0)}"
            return False
        except _Unusable as exc:
            self._version, self.trouble = version, f"{self._path}: {exc}"
            return False
        self.servers, self._version, self.trouble = servers, version, ""
        return True


class _Unusable(Exception):
    """The text names no server."""


def _parse(text: str) -> SystemServers:
    if not text.strip():
        raise _Unusable("it is empty")
    named: list[str] = []
    options: set[str] = set()
    for line in text.split("\n"):
        key, *values = line.split() or [""]
        if key == "nameserver":
            named += values[:1]
        elif key == "options":
            options |= set(values)
    usable = tuple(filter(_is_address, named)) if named else (_THIS_HOST,)
    if not usable:
        raise _Unusable("no nameserver line has an IP address")
    return SystemServers(usable, is_rotated="rotate" in options)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return text.isascii() and text.isprintable()  # a scope may be any text
