"""Private keys."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from empath.authentication.key_record import Algorithm
from empath.authentication.signing_key import SigningKey
from empath.errors import SyntaxViolation
from tests.authentication.kit import TEXTS, key

SHORT = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOQIBAAJBAJ+FBMSW2ajan+0sfjJgAW78flZYloIpUaJO3q7jvZyXYJrb9MPd
W/pRzLHONytXp9oAX3FyZr3TG64oIZGBqzMCAwEAAQJANqYngAH+B27+ow4/HZru
Yst1rLckuOrW4LgMafXzm5VmJfk8mkMmWrMQ9f/ypBv7b3N+SO1pDZUTWbSZLcPc
AQIhANDEzKrGcNT5fCW3L8BlQRXybdKbYhZgAokxJQKFjsKzAiEAw5ve0tIk9fKK
/sNUzJADJVzvY5n0j7pgIwkH1OfztYECIAVIFU10u8IHlcZ2ffTGGwFtIq4jVDXw
s9+4qJEJw/TVAiAxCeys0b4uYqXyBKpHtnrzbP8e60PinIjpf6QU/imdAQIgKX2v
z4GIvdKOL6xDFLIeg2+vwIO6B7a+4YykAQC6Z2U=
-----END RSA PRIVATE KEY-----
"""


def pem(private, encryption=None):
    """A private key in PEM."""
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


@pytest.mark.parametrize(("selector", "algorithm", "bits"), [("r", Algorithm.RSA, 2048), ("e", Algorithm.ED25519, 256)])
def test_the_record_is_that_of_the_key(selector, algorithm, bits):
    """
    What is published and what signs belong together.
    """
    found = key(selector)
    assert (algorithm, bits, TEXTS[f"{selector}._domainkey.example.com"]) == (found.algorithm, found.bits, found.record)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (lambda: b"", "no private key in PEM without a password"),
        (lambda: pem(ec.generate_private_key(ec.SECP256R1())), "a key of another kind than RSA and Ed25519"),
        (
            lambda: pem(rsa.generate_private_key(65_537, 1024), BestAvailableEncryption(b"x")),
            "no private key in PEM without a password",
        ),
        (lambda: pem(rsa.generate_private_key(65_537, 1024)).replace(b"PRIVATE", b"PUBLIC"), "no private key"),
    ],
)
def test_a_file_that_is_no_key(octets, why):
    """
    In words for people.
    """
    with pytest.raises(SyntaxViolation, match=why):
        SigningKey.parse(octets())


def test_a_key_of_a_length_that_verifiers_refuse():
    """
    RFC 8301 §3.2: fewer than 1024 bits count for nothing.
    """
    with pytest.raises(SyntaxViolation, match="a key of 512 bits, not 1024 to 4096"):
        SigningKey.parse(SHORT)
