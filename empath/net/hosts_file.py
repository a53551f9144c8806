"""
hosts_file - addresses of names in /etc/hosts, hosts(5)

The file is read again when it changes.  The name localhost, and all names below it, mean this host whatever the file
says (RFC 6761 §6.3), so that they work without such a file.
"""

import ipaddress
import os
from collections.abc import Sequence

from empath.mail.lookup import Absent, Addresses, Kind, LookupAnswer, Question

_SERVES_S = 5.0
_MAX_OCTETS = 4 * 1024 * 1024  # a list of blocked names may be long
_LOCALHOST = ("127.0.0.1", "::1")


class HostsFile:
    """The names of one file."""

    def __init__(self, path: str = "/etc/hosts") -> None:
        self._path = path
        self._version: tuple[int, ...] | None = None
        self._addresses: dict[str, tuple[str, ...]] = {}

    def look_up(self, questions: Sequence[Question]) -> list[LookupAnswer]:
        """The answers to questions for addresses of one name; empty if the file does not have the name."""
        addresses = self._find(questions[0].name)
        return [_of_kind(addresses, question.kind) for question in questions] if addresses else []

    def _find(self, name: str) -> tuple[str, ...]:
        if name == "localhost" or name.endswith(".localhost"):
            return _LOCALHOST
        self._follow()
        return self._addresses.get(name, ())

    def _follow(self) -> None:
        """Read the file if it has changed; an unreadable file has no names."""
        try:
            found = os.stat(self._path)
            version = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if version == self._version:
                return
            with open(self._path, "rb") as file:
                text = file.read(_MAX_OCTETS).decode("utf-8", "replace")
        except OSError:
            self._version, self._addresses = None, {}
            return
        self._version, self._addresses = version, _parse(text)


def _parse(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for line in text.split("\n"):
        first, *names = line.partition("#")[0].split() or [""]
        try:
            address = str(ipaddress.ip_address(first))
        except ValueError:
            continue  # an empty line, or one without a valid address
        for name in names:
            found.setdefault(name.lower().removesuffix("."), {})[address] = None
    return {name: tuple(addresses) for name, addresses in found.items()}


def _of_kind(addresses: tuple[str, ...], kind: Kind) -> LookupAnswer:
    of_kind = tuple(address for address in addresses if (":" in address) == (kind is Kind.AAAA))
    return Addresses(of_kind, _SERVES_S) if of_kind else Absent("NODATA", _SERVES_S)
