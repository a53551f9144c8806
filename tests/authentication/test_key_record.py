"""Public keys as the DNS has them."""

import base64
import tracemalloc

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from empath.authentication.key_record import Algorithm, WeakKey, parse_key
from empath.errors import SyntaxViolation
from tests.authentication.kit import TEXTS, key

RSA = TEXTS["r._domainkey.example.com"]
ED25519 = TEXTS["e._domainkey.example.com"]


def record_of(modulus, exponent):
    """The record of an RSA key of these numbers."""
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; p={base64.b64encode(der).decode()}"


def test_a_key_is_read():
    """
    And its flags.
    """
    found = parse_key(RSA.replace("k=rsa", "k=rsa; t=y:s; n=note; s=tlsrpt:email; h=sha1:sha256"), Algorithm.RSA)
    assert (2048, True, True) == (found.bits, found.is_testing, found.is_strict)
    found = parse_key(ED25519, Algorithm.ED25519)
    assert (256, False, False) == (found.bits, found.is_testing, found.is_strict)
    assert found.has_signed(b"data", key("e").sign(b"data"))
    assert not found.has_signed(b"date", key("e").sign(b"data"))


@pytest.mark.parametrize(
    ("record", "algorithm", "why"),
    [
        ("v=DKIM1; p=", Algorithm.RSA, "the key is revoked"),
        ("", Algorithm.RSA, "the key record has no key"),
        ("v=DKIM2; p=x", Algorithm.RSA, "the key record has another version"),
        ("p=x; v=DKIM1", Algorithm.RSA, "the key record has another version"),
        ("v=DKIM1; k=rsa; omgwhatsgoingon", Algorithm.RSA, "the key record cannot be read: a part of it is no tag"),
        ("p=a; p=b", Algorithm.RSA, "the key record cannot be read: p= is there twice"),
        (RSA, Algorithm.ED25519, "the key is of another type"),
        (ED25519, Algorithm.RSA, "the key is of another type"),
        ("k=ed25519; p=AAAA", Algorithm.ED25519, "the key has another length than a key of Ed25519"),
        ("p=A", Algorithm.RSA, "the key cannot be read: it is no base64"),
        ("p=\u00e4", Algorithm.RSA, "the key cannot be read: it is no base64"),
        ("p=AAAA", Algorithm.RSA, "the key cannot be read"),
        (RSA + "; h=sha1", Algorithm.RSA, "the key is not for SHA-256"),
        (RSA + "; s=tlsrpt", Algorithm.RSA, "the key is not for mail"),
        (RSA + "; n=" + "x" * 8_000, Algorithm.RSA, "the key record is too long"),
    ],
)
def test_a_record_that_is_no_usable_key(record, algorithm, why):
    """
    Each in words, and remembered so that it costs nothing the next time.
    """
    for _ in range(2):
        with pytest.raises(SyntaxViolation) as caught:
            parse_key(record, algorithm)
        assert why == str(caught.value)


def test_a_key_of_another_kind_says_so():
    """
    The word in k= is not that of the key.
    """
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(SyntaxViolation, match="of another type"):
        parse_key(f"p={base64.b64encode(der).decode()}", Algorithm.RSA)


@pytest.mark.parametrize(
    ("modulus", "exponent", "why"),
    [
        ((1 << 511) + 1, 65_537, "the key has 512 bits, not 1024 to 4096"),
        ((1 << 16_383) + 1, 65_537, "the key has 16384 bits, not 1024 to 4096"),
        ((1 << 4_095) + 1, (1 << 3_000) + 1, "the exponent of the key is too large"),
        ((1 << 2_047) + 1, (1 << 32) + 1, "the exponent of the key is too large"),
    ],
    ids=["short", "long", "a long exponent", "a large exponent"],
)
def test_a_key_that_is_too_weak_or_too_costly(modulus, exponent, why):
    """
    A record of 5 kB with an exponent of 16,384 bits took 7 s of the processor in another verifier, for each signature.
    """
    with pytest.raises(WeakKey) as caught:
        parse_key(record_of(modulus, exponent), Algorithm.RSA)
    assert why == str(caught.value)


def test_what_is_wrong_with_a_record_holds_nothing_of_it():
    """
    An error holds the frames in which it was raised.
    """
    tags = "".join(f"t{number}=;" for number in range(1_000))
    tracemalloc.start()
    try:
        for number in range(20):
            with pytest.raises(SyntaxViolation, match="has no key"):
                parse_key(f"n={number};{tags}", Algorithm.RSA)
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
