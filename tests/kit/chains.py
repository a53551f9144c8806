"""chains - certificates with any fault, each signed by the one before it"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

NOW = datetime(2026, 6, 1, tzinfo=UTC)
_YEAR = timedelta(days=365)


@cache
def _key(number: int) -> ec.EllipticCurvePrivateKey:
    """Keys are slow to make, and none is secret here."""
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def spki(self) -> bytes:
        """Its key in DER."""
        return self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issue(
    common: str | None,
    by: Issued | None = None,
    *,
    names: tuple[str, ...] = (),
    is_ca: bool | None = None,
    path_length: int | None = None,
    begins: datetime = NOW - _YEAR,
    ends: datetime = NOW + _YEAR,
    key: int | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> Issued:
    """A certificate for *common* and the DNS *names*, signed *by* another or by itself; is_ca None leaves that out."""
    private = _key(hash((common, names)) if key is None else key)
    attributes = [] if common is None else [x509.NameAttribute(x509.NameOID.COMMON_NAME, common)]
    subject = x509.Name(attributes)
    issuer = subject if by is None else by.certificate.subject
    builder = x509.CertificateBuilder(issuer, subject, private.public_key(), x509.random_serial_number(), begins, ends)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
    if is_ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(is_ca, path_length), critical=True)
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    signer = private if by is None else by.key
    return Issued(builder.sign(signer, hashes.SHA256()), private)
