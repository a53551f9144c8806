"""
proxy_header - the header that a proxy sends in front of a connection: the PROXY protocol of HAProxy, versions 1 and 2

    https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt

A reader sees a prefix of what came and says what the header holds, that it needs more, or that there is none.  It takes
time linear in the header, whose length is bounded, and never needs an octet behind the header.
"""

import ipaddress
import re
import struct
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.policy.access import ClientAddress, plain_address

MAX_OCTETS: Final = 4096  # of either version; the addresses take at most 232, the rest are TLVs
_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"  # version 2, §2.2
_FIXED_OCTETS: Final = 16  # signature, version and command, family and protocol, length of the rest
_MAX_LINE_OCTETS: Final = 107  # version 1 with its CRLF, §2.1
_VERSION_1: Final = b"PROXY "
_LINE: Final = re.compile(
    rb"PROXY (?:(TCP4|TCP6) ([0-9A-Fa-f.:]{2,39}) ([0-9A-Fa-f.:]{2,39}) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})"
    rb"|UNKNOWN(?: [ -~]*)?)\r\n"
)
_LOCAL, _PROXIED = 0, 1  # commands of version 2
_STREAM: Final = 1
_ADDRESSES: Final = {1: "!4s4s2H", 2: "!16s16s2H"}  # AF_INET and AF_INET6: source, destination, their ports


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """
    One whole header.

    Shape: size is its length in octets; client is the address of the proxy's client, None where the header has none:
    the proxy speaks for itself (LOCAL), or does not know (UNKNOWN).
    """

    size: int
    client: ClientAddress | None


def read_proxy_header(octets: bytes) -> ProxyHeader | None:
    """
    Read the header at the beginning of *octets*; None if it is not complete.

    Raises:
        SyntaxViolation: *octets* do not begin with a header, or with one that is too long.
    """
    if octets.startswith(_VERSION_1[: len(octets)]):
        return _read_line(octets)
    if octets.startswith(_SIGNATURE[: len(octets)]):
        return _read_binary(octets)
    raise SyntaxViolation("it does not begin with a PROXY header")


def _read_line(octets: bytes) -> ProxyHeader | None:
    end = octets.find(b"\n", 0, _MAX_LINE_OCTETS)
    if end < 0:
        if len(octets) >= _MAX_LINE_OCTETS:
            raise SyntaxViolation("the line of PROXY is too long")
        return None
    match = _LINE.fullmatch(octets, 0, end + 1)
    if match is None:
        raise SyntaxViolation("the line of PROXY is malformed")
    family, source, destination, *ports = match.groups()
    if family is None:
        return ProxyHeader(end + 1, None)
    try:
        kind = ipaddress.IPv4Address if family == b"TCP4" else ipaddress.IPv6Address
        client: ClientAddress = kind(source.decode())
        kind(destination.decode())
    except ValueError as exc:
        raise SyntaxViolation("the line of PROXY has a malformed address") from exc
    if any(int(port) > 0xFFFF for port in ports):
        raise SyntaxViolation("the line of PROXY has a malformed port")
    return ProxyHeader(end + 1, plain_address(client))


def _read_binary(octets: bytes) -> ProxyHeader | None:
    if len(octets) < _FIXED_OCTETS:
        return None
    version_and_command, family_and_protocol, rest_octets = struct.unpack_from("!BBH", octets, len(_SIGNATURE))
    version, command = divmod(version_and_command, 16)
    family, protocol = divmod(family_and_protocol, 16)
    size = _FIXED_OCTETS + rest_octets
    if version != 2 or command not in (_LOCAL, _PROXIED):
        raise SyntaxViolation("the header of PROXY has an unknown version or command")
    if size > MAX_OCTETS:
        raise SyntaxViolation("the header of PROXY is too long")
    addresses = _ADDRESSES.get(family) if command == _PROXIED and protocol == _STREAM else None
    if addresses is not None and rest_octets < struct.calcsize(addresses):
        raise SyntaxViolation("the header of PROXY is too short for its addresses")
    if len(octets) < size:
        return None
    if addresses is None:
        return ProxyHeader(size, None)
    source = struct.unpack_from(addresses, octets, _FIXED_OCTETS)[0]
    return ProxyHeader(size, plain_address(ipaddress.ip_address(source)))
