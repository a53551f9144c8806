"""self_signed - a certificate that nobody vouches for, and what the DNS can say of one"""

import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from empath.errors import MissingInput, SyntaxViolation

_DAYS = 3650  # nobody checks when it ends, but `doctor`, and a TLSA record holds to its key


class Pair(NamedTuple):
    """A certificate and its private key in PEM."""

    certificate: bytes
    key: bytes


def make_certificate(names: tuple[str, ...]) -> Pair:
    """A new key of ECDSA on P-256, and its certificate for *names*, from now on for ten years."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks of others may be slow
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    return Pair(made.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def public_key_of(certificate: bytes, path: Path) -> bytes:
    """
    The SubjectPublicKeyInfo of the first certificate in *certificate*, PEM, in DER; *path* is for the error.

    Raises:
        SyntaxViolation: there is none.
    """
    try:
        found = x509.load_pem_x509_certificate(certificate)
    except ValueError as exc:
        raise SyntaxViolation(f"{path} has no certificate in PEM form") from exc
    return found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_public_key(path: Path) -> bytes:
    """
    The same of a file.

    Raises:
        MissingInput: it cannot be read.
        SyntaxViolation: it has no certificate.
    """
    try:
        return public_key_of(path.read_bytes(), path)
    except OSError as exc:
        raise MissingInput(f"{path} cannot be read: {exc.strerror}") from exc
