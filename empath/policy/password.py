"""
password - how passwords are kept: as scrypt, RFC 7914, from which they cannot be read

Each hash takes 32 MiB and some hundredths of a second, and so does each guess of a thief.  `matches` is as slow for a
name without an account, whose hash is DECOY: a stopwatch does not tell which names exist.
"""

import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from empath.errors import SyntaxViolation

SALT_OCTETS: Final = 16

_LOG_COST: Final = 15  # of new hashes
_BLOCK_SIZE: Final = 8
_MAX_LOG_COST: Final = 20
_MAX_BLOCK_SIZE: Final = 32
_HASH_OCTETS: Final = 32
_TEXT = re.compile(r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=1\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """
    A password, hashed.

    Shape: 1 to 20 is log_cost, the binary logarithm of the cost N.
    Text form: `$scrypt$ln=15,r=8,p=1$salt$hash`, in base64 without padding, as other programs write it.
    """

    log_cost: int
    block_size: int
    salt: bytes
    octets: bytes = field(repr=False)

    @classmethod
    def of(cls, password: str, salt: bytes) -> "PasswordHash":
        """Hash a prepared *password* with a *salt* of SALT_OCTETS random octets; takes some hundredths of a second."""
        return cls(_LOG_COST, _BLOCK_SIZE, salt, _scrypt(password, salt, _LOG_COST, _BLOCK_SIZE))

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """
        Read the text form.

        Raises:
            SyntaxViolation: *text* has another form, or asks for more memory than a server has.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise SyntaxViolation("not a password hash of scrypt")
        log_cost, block_size = int(match[1]), int(match[2])
        salt, octets = _decoded(match[3]), _decoded(match[4])
        is_sound = 1 <= log_cost <= _MAX_LOG_COST and 1 <= block_size <= _MAX_BLOCK_SIZE
        if not is_sound or len(octets) != _HASH_OCTETS:
            raise SyntaxViolation("not a password hash of scrypt")
        return cls(log_cost, block_size, salt, octets)

    def matches(self, password: str) -> bool:
        """Whether a prepared *password* is the one. As slow as `of`."""
        return hmac.compare_digest(_scrypt(password, self.salt, self.log_cost, self.block_size), self.octets)

    def __str__(self) -> str:
        return f"$scrypt$ln={self.log_cost},r={self.block_size},p=1${_encoded(self.salt)}${_encoded(self.octets)}"


def _scrypt(password: str, salt: bytes, log_cost: int, block_size: int) -> bytes:
    memory_octets = 128 * block_size * 2**log_cost
    return hashlib.scrypt(
        password.encode(),
        salt=salt,
        n=2**log_cost,
        r=block_size,
        p=1,
        maxmem=memory_octets + 1024 * 1024,
        dklen=_HASH_OCTETS,
    )


def _encoded(octets: bytes) -> str:
    return binascii.b2a_base64(octets, newline=False).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError as exc:
        raise SyntaxViolation("not a password hash of scrypt") from exc


# No password gives 32 octets of zero.
DECOY: Final = PasswordHash(_LOG_COST, _BLOCK_SIZE, bytes(SALT_OCTETS), bytes(_HASH_OCTETS))
