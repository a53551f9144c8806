"""
endpoint - where a listener or a host is, and its one text form

`192.0.2.1:25`, `[2001:db8::1]:25`, `mx.example.org:25`, `unix:/run/empath/lmtp`
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation

MAX_SOCKET_PATH_OCTETS: Final = 107  # unix(7), without the NUL
_ENDPOINT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?")


def host_and_port(host: str, port: int) -> str:
    """`host:port`; *host* is a name or an address. An IPv6 address gets brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    An IP address and a port. Text form: as `host_and_port` writes it.

    Shape: host is the address in its shortest form, without brackets; port 1..65535.
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, default_port: int | None = None) -> "Endpoint":
        """
        Read the text form; the port may be left out where there is a *default_port*.

        Raises:
            SyntaxViolation: a host name, an address without brackets, no port or port 0.
        """
        match = _ENDPOINT.fullmatch(text)
        port = (int(match[3]) if match[3] else default_port) if match else None
        if match is None or port is None or not 1 <= port <= 65535:
            raise SyntaxViolation(f'not an IP address and port: {text!r} (use e.g. "192.0.2.1:25", "[::1]:25")')
        try:
            address = ipaddress.IPv6Address(match[1]) if match[1] else ipaddress.IPv4Address(match[2])
        except ipaddress.AddressValueError as exc:
            raise SyntaxViolation(f"not an IP address: {text!r}") from exc
        return cls(str(address), port)

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A UNIX socket. Text form: `unix:` and the path."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"
