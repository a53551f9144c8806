"""
signing_key - a private key that signs mail

A key is read once, which takes many times what a signature takes.
"""

import base64
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from empath.authentication.key_record import LEAST_RSA_BITS, MOST_RSA_BITS, Algorithm
from empath.errors import SyntaxViolation

_PADDING: Final = PKCS1v15()
_SHA256: Final = SHA256()


class SigningKey:
    """A private key. Shape: bits is its length; record is the text to publish, RFC 6376 §3.6.1."""

    __slots__ = ("_key", "algorithm", "bits", "record")

    def __init__(self, key: RSAPrivateKey | Ed25519PrivateKey) -> None:
        self._key = key
        public = key.public_key()
        if isinstance(key, Ed25519PrivateKey):
            self.algorithm, self.bits = Algorithm.ED25519, 256
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)  # RFC 8463 §4
        else:
            self.algorithm, self.bits = Algorithm.RSA, key.key_size
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.record = f"v=DKIM1; k={self.algorithm.key_type}; p={base64.b64encode(octets).decode()}"

    @classmethod
    def parse(cls, pem: bytes) -> "SigningKey":
        """
        Read a private key of RSA or Ed25519 in PEM.

        Raises:
            SyntaxViolation: it is none, has a password, or a length that verifiers refuse.
        """
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise SyntaxViolation("no private key in PEM without a password") from exc
        if isinstance(key, RSAPrivateKey):
            if not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS:
                raise SyntaxViolation(f"a key of {key.key_size} bits, not {LEAST_RSA_BITS} to {MOST_RSA_BITS}")
        elif not isinstance(key, Ed25519PrivateKey):
            raise SyntaxViolation("a key of another kind than RSA and Ed25519")
        return cls(key)

    def sign(self, data: bytes) -> bytes:
        """The signature of *data*."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(sha256(data).digest())  # RFC 8463 §3
        return self._key.sign(data, _PADDING, _SHA256)
