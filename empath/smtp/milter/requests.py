"""requests - the data of the packets that tell a filter about a session and a message"""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from empath.smtp.milter.flags import STAGES, Stage
from empath.smtp.milter.packets import Packet

ABORT: Final = Packet(b"A").octets  # forget the message
QUIT: Final = Packet(b"Q").octets
NEXT_SESSION: Final = Packet(b"K").octets  # the session is over, the connection is not; since version 6
NEXT_SESSION_SINCE: Final = 6
_LINE_END = re.compile(rb"\r\n|\r")


def macros(stage: Stage, values: Iterable[tuple[str, str]]) -> bytes:
    """The packet with the *values* of macros that goes before *stage*; nothing without values."""
    data = b"".join(_texts(name, value) for name, value in values)
    return Packet(b"D", STAGES[stage].code + data).octets if data else b""


def connected(name: str, address: IPv4Address | IPv6Address, port: int) -> bytes:
    """Data of CONNECT. *name* is the verified name of the client, or its address in brackets."""
    family, text = (b"4", str(address)) if address.version == 4 else (b"6", f"IPv6:{address}")
    return _texts(name) + family + port.to_bytes(2, "big") + _texts(text)


def greeted(name: str) -> bytes:
    """Data of HELO."""
    return _texts(name)


def path_given(path: str, parameters: str) -> bytes:
    """Data of MAIL and RCPT: the path without its brackets, and the parameters with blanks between them."""
    return _texts(f"<{path}>", *parameters.split())


def field_data(field: bytes, *, keeps_blanks: bool) -> bytes | None:
    """
    Data of a field, which is given whole; None for a line that is none. Folds are line feeds. Unless the filter
    *keeps_blanks*, the first blank after the colon is left out.
    """
    name, colon, value = field.partition(b":")
    if not colon:
        return None
    value = _LINE_END.sub(b"\n", value.removesuffix(b"\r\n"))
    if not keeps_blanks:
        value = value.removeprefix(b" ")
    return b"%b\0%b\0" % (name.rstrip(b" \t"), value)


def known_values(names: Iterable[str], values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Those of *values* that have one of *names*, in the order of these."""
    return [(name, values[name]) for name in names if values.get(name)]


def _texts(*values: str) -> bytes:
    return b"".join(value.replace("\0", "").encode("utf-8", "surrogateescape") + b"\0" for value in values)
