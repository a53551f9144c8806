"""
key_record - the public key of a signer, as its record in the DNS has it, RFC 6376 §3.6.1

RULES
    What a stranger's record may cost is bounded: its size, the bits of an RSA key, and those of its exponent, each of
    which would multiply the time of a check.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from empath.authentication.tags import parse_tags, read_base64, without_blanks
from empath.errors import SyntaxViolation

RECORD_CHARACTERS: Final = 8_192
LEAST_RSA_BITS: Final = 1_024  # RFC 8301 §3.2
MOST_RSA_BITS: Final = 4_096
_MOST_EXPONENT: Final = 1 << 32
_ED25519_OCTETS: Final = 32
_PADDING: Final = PKCS1v15()
_SHA256: Final = SHA256()


class Algorithm(StrEnum):
    """How a signature is made, RFC 6376 §3.3 and RFC 8463; SHA-1 is no longer one of them (RFC 8301)."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"

    @property
    def key_type(self) -> str:
        """The word for its keys in a key record."""
        return self.value.partition("-")[0]


class WeakKey(SyntaxViolation):
    """The key is one that this host does not check: too short to trust, or too costly."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """
    A key that may check signatures of mail.

    Shape: is_testing says that the signer tries things out (t=y), is_strict that the identity must be of the signing
    domain itself (t=s).
    """

    key: RSAPublicKey | Ed25519PublicKey
    bits: int
    is_testing: bool
    is_strict: bool

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        """Whether *signature* was made of *data* with this key."""
        try:
            if isinstance(self.key, Ed25519PublicKey):
                self.key.verify(signature, sha256(data).digest())
            else:
                self.key.verify(signature, data, _PADDING, _SHA256)
        except InvalidSignature:
            return False
        return True


def parse_key(record: str, algorithm: Algorithm) -> PublicKey:
    """
    Read the *record* of a key for *algorithm*.

    Raises:
        WeakKey: it is a key that this host does not check.
        SyntaxViolation: it is no such record, or its key is revoked or for something else.
    """
    if len(record) > RECORD_CHARACTERS:
        raise SyntaxViolation("the key record is too long")
    found = _parsed(record, algorithm)
    if isinstance(found, SyntaxViolation):
        raise type(found)(str(found))  # one that is remembered would collect where it was raised
    return found


@lru_cache(maxsize=512)
def _parsed(record: str, algorithm: Algorithm) -> PublicKey | SyntaxViolation:
    """The key, or what is wrong with it: that is remembered, too."""
    try:
        return _read(record, algorithm)
    except SyntaxViolation as exc:
        return type(exc)(str(exc))  # the one that was raised holds all that was read of the record


def _read(record: str, algorithm: Algorithm) -> PublicKey:
    try:
        tags = parse_tags(record)
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"the key record cannot be read: {exc}") from exc
    if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
        raise SyntaxViolation("the key record has another version")
    if tags.get("k", "rsa") != algorithm.key_type:
        raise SyntaxViolation("the key is of another type")
    if "h" in tags and "sha256" not in _words(tags["h"]):
        raise SyntaxViolation("the key is not for SHA-256")
    if not {"*", "email"} & _words(tags.get("s", "*")):
        raise SyntaxViolation("the key is not for mail")
    if "p" not in tags:
        raise SyntaxViolation("the key record has no key")
    if not tags["p"]:
        raise SyntaxViolation("the key is revoked")
    flags = _words(tags.get("t", ""))
    try:
        der = read_base64(tags["p"])
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"the key cannot be read: {exc}") from exc
    key = _ed25519(der) if algorithm is Algorithm.ED25519 else _rsa(der)
    bits = 8 * _ED25519_OCTETS if isinstance(key, Ed25519PublicKey) else key.key_size
    return PublicKey(key, bits, is_testing="y" in flags, is_strict="s" in flags)


def _words(value: str) -> set[str]:
    return set(without_blanks(value).split(":"))


def _ed25519(octets: bytes) -> Ed25519PublicKey:
    if len(octets) != _ED25519_OCTETS:
        raise SyntaxViolation("the key has another length than a key of Ed25519")
    return Ed25519PublicKey.from_public_bytes(octets)


def _rsa(der: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise SyntaxViolation("the key cannot be read") from exc
    if not isinstance(key, RSAPublicKey):
        raise SyntaxViolation("the key is of another type")
    if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
        raise WeakKey(f"the key has {key.key_size} bits, not {LEAST_RSA_BITS} to {MOST_RSA_BITS}")
    if key.public_numbers().e >= _MOST_EXPONENT:
        raise WeakKey("the exponent of the key is too large")
    return key
