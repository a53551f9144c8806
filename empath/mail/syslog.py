"""
syslog - where a syslog server is, and its facilities

`udp:192.0.2.1:514`, `tcp:[2001:db8::1]:601`, `unix:/dev/log`
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.endpoint import MAX_SOCKET_PATH_OCTETS, Endpoint, UnixSocket

FACILITIES: Final = {
    "user": 1, "mail": 2, "daemon": 3, "local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20,
    "local5": 21, "local6": 22, "local7": 23,
}  # fmt: skip
"""Facilities by their names, RFC 5424 §6.2.1; those of the kernel and of other programs are left out."""
_PORTS: Final = {"udp": 514, "tcp": 601}  # RFC 5426 §3.3, RFC 6587 §3.2


class SyslogTransport(StrEnum):
    """How lines reach the server."""

    UDP = "udp"
    TCP = "tcp"
    UNIX = "unix"


@dataclass(frozen=True, slots=True)
class SyslogServer:
    """A syslog server. Text form: the transport, a colon, and the endpoint or the path."""

    transport: SyslogTransport
    at: Endpoint | UnixSocket

    @classmethod
    def parse(cls, text: str) -> "SyslogServer":
        """
        Read the text form; the port may be left out.

        Raises:
            SyntaxViolation: no known transport, a host name, or a path that is relative or too long for a socket.
        """
        transport, _, rest = text.partition(":")
        words = f'not a syslog server: {text!r} (use e.g. "unix:/dev/log", "udp:192.0.2.1:514", "tcp:[::1]:601")'
        if transport in _PORTS:
            try:
                return cls(SyslogTransport(transport), Endpoint.parse(rest, default_port=_PORTS[transport]))
            except SyntaxViolation as exc:
                raise SyntaxViolation(words) from exc
        if transport != "unix" or not rest.startswith("/"):
            raise SyntaxViolation(words)
        if len(rest.encode(errors="surrogateescape")) > MAX_SOCKET_PATH_OCTETS:
            raise SyntaxViolation(f"the path of a socket has at most {MAX_SOCKET_PATH_OCTETS} octets")
        return cls(SyslogTransport.UNIX, UnixSocket(rest))

    def __str__(self) -> str:
        return f"{self.transport}:{self.at.path if isinstance(self.at, UnixSocket) else self.at}"
