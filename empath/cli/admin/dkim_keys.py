"""dkim_keys - new keys that sign mail: made here, and nowhere else"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from empath.authentication.key_record import Algorithm

_EXPONENT = 65_537
RSA_BITS = 2048  # what verifiers take and fits into a UDP answer of the DNS


def new_key(algorithm: Algorithm, rsa_bits: int) -> bytes:
    """A private key in PEM form, without a passphrase."""
    key = Ed25519PrivateKey.generate() if algorithm is Algorithm.ED25519 else generate_private_key(_EXPONENT, rsa_bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
