"""tls-server-end-point, RFC 5929 §4."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from empath.net.channel_binding import end_point

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.test")])
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def certificate(key, algorithm):
    begin = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(NAME, NAME, key.public_key(), 1, begin, begin.replace(year=2027))
    return builder.sign(key, algorithm)


@pytest.mark.parametrize("key", [EC, RSA], ids=["ecdsa", "rsa"])
@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda each: each.name)
def test_the_hash_is_that_of_the_signature(key, algorithm):
    made = certificate(key, algorithm)
    assert made.fingerprint(algorithm) == end_point(made.public_bytes(Encoding.DER))


def test_a_certificate_without_one_hash_has_no_binding():
    """
    RFC 5929 §4.1 leaves it undefined; SCRAM-SHA-256-PLUS is then not offered.
    """
    made = certificate(ed25519.Ed25519PrivateKey.generate(), None)
    assert end_point(made.public_bytes(Encoding.DER)) is None


@pytest.mark.parametrize("octets", [b"", b"0", b"0\x84", b"0\x03\x02\x01\x01"])
def test_octets_that_are_not_a_certificate_have_no_binding(octets):
    assert end_point(octets) is None
