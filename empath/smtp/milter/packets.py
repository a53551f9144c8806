"""
packets - the frames of the milter protocol

A packet is its length in four octets, a letter, and data.
"""

from typing import Final, NamedTuple

from empath.errors import SyntaxViolation

_LENGTH_OCTETS: Final = 4
_MOST_OCTETS: Final = 1024 * 1024  # of one packet of a filter: a body comes in pieces of 64 KiB, a field is no longer


class Packet(NamedTuple):
    """One packet. Shape: code is one octet."""

    code: bytes
    data: bytes = b""

    @property
    def octets(self) -> bytes:
        """The packet as it goes over the wire."""
        return (1 + len(self.data)).to_bytes(_LENGTH_OCTETS, "big") + self.code + self.data


class PacketReader:
    """Reader of the packets of a filter, however they are cut. Its memory is that of one packet and one piece."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come that `next_packet` has not given."""
        return not self._held

    def receive(self, octets: bytes) -> None:
        """Take the next octets."""
        self._held += octets

    def next_packet(self) -> Packet | None:
        """
        The next packet; None where it is not complete.

        Raises:
            SyntaxViolation: it is empty or too long.
        """
        held = self._held
        if len(held) < _LENGTH_OCTETS:
            return None
        size = int.from_bytes(held[:_LENGTH_OCTETS], "big")
        if not 0 < size <= _MOST_OCTETS:
            raise SyntaxViolation(f"a packet of {size} octets; it may have 1 to {_MOST_OCTETS}")
        end = _LENGTH_OCTETS + size
        if len(held) < end:
            return None
        packet = Packet(bytes(held[_LENGTH_OCTETS : _LENGTH_OCTETS + 1]), bytes(held[_LENGTH_OCTETS + 1 : end]))
        del held[:end]
        return packet


def texts(data: bytes) -> list[bytes]:
    """
    The texts of *data*, each ended by a NUL.

    Raises:
        SyntaxViolation: the last has no NUL.
    """
    *found, rest = data.split(b"\0")
    if rest:
        raise SyntaxViolation("a text without a NUL at its end")
    return found
