"""
case - one input of a fuzz target, as a readable file

The first line is the number from which the driver draws its decisions. The rest are the octets that arrive, in turns
with an ASCII record separator between them. A turn ends where the peer waits for our octets.
"""

import hashlib
from dataclasses import dataclass

SEPARATOR = b"\x1e"
MAX_OCTETS = 20_000  # size of one case; larger cases find nothing more and take long octet by octet


@dataclass(frozen=True, slots=True)
class Case:
    """choices seeds the driver's decisions; turns are the peer's octets, none of them with a SEPARATOR inside."""

    choices: int
    turns: tuple[bytes, ...]

    @classmethod
    def parse(cls, octets: bytes) -> "Case":
        """Read any octets. A first line that is not a number counts as 0, so that mutation may change every octet."""
        head, _, rest = octets.partition(b"\n")
        choices = int(head) if head.isdigit() and len(head) < 10 else 0
        return cls(choices, tuple(rest[:MAX_OCTETS].split(SEPARATOR)))

    @property
    def octets(self) -> bytes:
        """The content of the file."""
        return b"%d\n" % self.choices + SEPARATOR.join(self.turns)

    @property
    def name(self) -> str:
        """A file name that depends on the octets only."""
        return hashlib.sha256(self.octets).hexdigest()[:12]
