"""Whether certificates match TLSA records: real certificates, each with one fault."""

import hashlib
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.mail.lookup import TlsaRecord
from empath.policy.certificate_path import Certificate, is_signed_by, read_certificate
from empath.policy.dane import is_usable
from empath.policy.dane_match import matches, subject_public_key_info
from tests.kit.chains import NOW, issue
from tests.kit.vectors import vectors

DAY = timedelta(days=1)
ROOT = issue("root", is_ca=True, key=1)
MIDDLE = issue("middle", ROOT, is_ca=True, path_length=0, key=2)
LEAF = issue("leaf", MIDDLE, names=("mx.test",), key=3)
CHAIN = [LEAF.der, MIDDLE.der, ROOT.der]
NAMES = ("mx.test", "x.test")


def spki(key):
    """The public part of a key in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


RSA, ED25519 = spki(rsa.generate_private_key(65537, 1024)), spki(ed25519.Ed25519PrivateKey.generate())
DSA = spki(dsa.generate_private_key(1024))


def record(usage, selector, matching, of):
    """The TLSA record about a certificate."""
    selected = of.der if selector == 0 else of.spki
    data = {0: lambda o: o, 1: lambda o: hashlib.sha256(o).digest(), 2: lambda o: hashlib.sha512(o).digest()}
    return TlsaRecord(usage, selector, matching, data[matching](selected))


def match(records, chain=None, names=NAMES, now=NOW):
    """The depth of the match, None without one."""
    found = matches(records, CHAIN if chain is None else chain, names, now.timestamp())
    return None if found is None else found.depth


@pytest.mark.parametrize("chain", vectors("dane")["chains"])
def test_certificates_match_as_openssl_says(chain):
    """
    Verdicts of OpenSSL's own DANE, in handshakes: each chain with each set of records.
    """
    known = vectors("dane")
    sent, now = [*map(b64decode, known["chains"][chain])], datetime.fromisoformat(known["now"])
    for case in [each for each in known["cases"] if each["chain"] == chain]:
        records = [TlsaRecord(use, of, by, b64decode(data)) for use, of, by, data in case["tlsa"]]
        if "matches" in case:
            assert case["matches"] == (match(records, sent, known["names"], now) is not None), case["id"]
        else:
            assert case["usable"] == sum(map(is_usable, records)), case["id"]


def test_of_two_digests_the_stronger_one_counts():
    """
    RFC 7671 §9: each use and each selector by itself, and a whole value beside them.
    """
    other = issue("leaf", MIDDLE, names=("mx.test",), key=9)
    weak, strong = record(3, 1, 1, LEAF), record(3, 1, 2, other)
    assert None is match([weak, strong])
    assert 0 == match([weak, record(3, 0, 2, other)])
    assert 0 == match([strong, record(3, 1, 0, LEAF)])
    assert 1 == match([strong, record(2, 1, 1, MIDDLE)])


def test_a_record_may_have_the_key_of_an_issuer_that_the_host_does_not_send():
    """
    RFC 7671 §5.2.2: of the key nothing else is known, so that names, dates and the way to it count.
    """
    assert 1 == match([record(2, 1, 0, MIDDLE)], [LEAF.der])
    assert 2 == match([record(2, 1, 0, ROOT)], [LEAF.der, MIDDLE.der])
    assert None is match([record(2, 1, 0, ROOT)], [LEAF.der])
    assert None is match([record(2, 1, 0, MIDDLE)], [LEAF.der], ("other.test",))
    assert None is match([record(2, 1, 0, MIDDLE)], [LEAF.der], now=NOW + 999 * DAY)
    assert None is match([record(2, 1, 0, issue("other", key=number)) for number in (4, 5, 6, 7)], [LEAF.der])


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_keys_of_every_kind_sign(kind):
    """
    A key of another kind, or octets that are none, have not.
    """
    make: dict[str, Callable[[], Any]] = {
        "rsa": lambda: rsa.generate_private_key(65537, 1024),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    key = make[kind]()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
    der = builder.sign(key, None if kind == "ed25519" else hashes.SHA256()).public_bytes(Encoding.DER)
    signed = Certificate(der)
    others = [issue("other").spki, RSA, ED25519, DSA, b"\x30\x03abc"]
    assert is_signed_by(signed, spki(key))
    assert [False] * len(others) == [is_signed_by(signed, other) for other in others]


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize(("usage", "of", "depth"), [(3, LEAF, 0), (2, MIDDLE, 1), (2, ROOT, 2)])
def test_a_record_matches_its_certificate(usage, of, depth, selector, matching):
    """
    Every kind of record; one about another certificate of the same name does not.
    """
    good = record(usage, selector, matching, of)
    assert depth == match([good])
    assert None is match([record(usage, selector, matching, issue("root", is_ca=True, key=8))])
    assert None is match([good._replace(usage=1)])


@pytest.mark.parametrize("names", [("other.test",), ()])
@pytest.mark.parametrize("now", [NOW, NOW + 999 * DAY])
def test_names_and_dates_do_not_count_under_dane_ee(names, now):
    """
    RFC 7672 §3.1.1: the DNS vouches for the certificate, and for how long.
    """
    assert 0 == match([record(3, 1, 1, LEAF)], [LEAF.der], names, now)


def test_names_and_dates_count_under_dane_ta():
    """
    RFC 7672 §3.1.2: the issuer gives certificates to others, too.
    """
    anchor = [record(2, 0, 1, ROOT)]
    assert 2 == match(anchor, names=("MX.test",))
    assert None is match(anchor, names=("other.test",))
    assert None is match(anchor, now=NOW + 999 * DAY)
    old = issue("middle", ROOT, is_ca=True, ends=NOW - DAY, key=2)
    assert None is match(anchor, [LEAF.der, old.der, ROOT.der])
    assert 2 == match(anchor, [LEAF.der, old.der, MIDDLE.der, ROOT.der])


def test_one_record_of_two_is_enough():
    """
    A rollover publishes the next record before the certificate changes, RFC 7671 §8.1.
    """
    following = issue("leaf", names=("mx.test",), key=9)
    records = [record(3, 1, 1, following), record(3, 1, 1, LEAF)]
    assert [0, 0, None] == [match(records, [each.der]) for each in (LEAF, following, ROOT)]
    mixed = [record(3, 1, 1, following), record(2, 1, 1, MIDDLE)]
    assert 1 == match(mixed)


def test_a_record_may_have_the_issuer_that_the_host_does_not_send():
    """
    Only a whole certificate can: a digest is of no use without it.
    """
    assert 1 == match([record(2, 0, 0, MIDDLE)], [LEAF.der])
    assert None is match([record(2, 0, 1, MIDDLE)], [LEAF.der])


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param([], id="nothing"),
        pytest.param([b"\x30\x03abc"], id="no certificate"),
        pytest.param([LEAF.der], id="the issuer is missing"),
        pytest.param([ROOT.der, LEAF.der], id="the issuer as the host's own"),
        pytest.param([LEAF.der, b"\x30\x80", ROOT.der], id="a link is missing"),
        pytest.param([issue("leaf", names=("mx.test",)).der, ROOT.der], id="signed by itself"),
        pytest.param(
            [issue("leaf", issue("root", is_ca=True, key=8), names=("mx.test",)).der, ROOT.der],
            id="signed by a namesake",
        ),
        pytest.param(
            [issue("leaf", ROOT, names=("mx.test",), ends=NOW - DAY).der, ROOT.der],
            id="out of date",
        ),
        pytest.param(
            [issue("leaf", MIDDLE, names=("mx.test",)).der, *[MIDDLE.der] * 9, ROOT.der],
            id="the issuer beyond the tenth",
        ),
    ],
)
def test_a_chain_without_a_way_to_the_anchor_does_not_match(chain):
    """
    Nor does one whose own certificate is the anchor: only an issuer can be one.
    """
    assert None is match([record(2, 0, 1, ROOT)], chain, ("mx.test", "root"))


ISSUER_AT = MIDDLE.der.index(b"root")  # behind the serial number, which may have any octets


@pytest.mark.parametrize(
    ("of", "at", "octet"),
    [
        pytest.param(MIDDLE, MIDDLE.der.index(b"\xa0\x03\x02\x01\x02") + 4, 9, id="an unknown version"),
        pytest.param(MIDDLE, ISSUER_AT - 1, 0xFF, id="an issuer that cannot be read"),
        pytest.param(MIDDLE, MIDDLE.der.index(b"Z0", ISSUER_AT) - 3, 0xFF, id="a date that cannot be read"),
    ],
)
def test_a_certificate_of_which_a_part_cannot_be_read_is_none(of, at, octet):
    """
    The library reads a part only when it is asked for; the session must not end by that.
    """
    damaged = of.der[:at] + bytes([octet]) + of.der[at + 1 :]
    assert None is read_certificate(damaged)
    assert None is match([record(2, 0, 1, ROOT)], [LEAF.der, damaged, ROOT.der])


@settings(max_examples=300)
@given(edits=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_chain_never_raises(edits):
    """
    It comes from the network, before anyone has proved anything.
    """
    chain = [bytearray(der) for der in CHAIN]
    for number, at, octet in edits:
        chain[number][at % len(chain[number])] = octet
    match([record(2, 0, 1, ROOT), record(2, 1, 2, MIDDLE), record(3, 1, 1, LEAF)], list(map(bytes, chain)))


@given(octets=st.binary(max_size=60))
def test_octets_that_are_no_certificate_match_nothing(octets):
    """
    They come from the network.
    """
    assert None is match([record(3, 1, 1, LEAF), record(2, 0, 0, ROOT)], [octets, octets])


@given(size=st.integers(0, len(LEAF.der) - 1))
def test_a_certificate_that_is_cut_has_no_key(size):
    """
    A key that is not whole must not be compared.
    """
    assert subject_public_key_info(LEAF.der[:size]) in (None, LEAF.spki)


def test_a_certificate_of_version_1_has_a_key():
    """
    It has no field for its version.
    """
    sequence = lambda *parts: b"\x30" + bytes([len(b"".join(parts))]) + b"".join(parts)  # noqa: E731
    assert b"\x30\x02\x05\x00" == subject_public_key_info(
        sequence(sequence(*[b"\x02\x01\x01"] * 5, b"\x30\x02\x05\x00"), b"\x05\x00")
    )


def test_a_match_says_which_record_it_is():
    """
    For the row of the attempt.
    """
    assert "TLSA 2 0 1 at depth 2" == str(matches([record(2, 0, 1, ROOT)], CHAIN, NAMES, NOW.timestamp()))


def chain_with(middle, leaf_names=("mx.test",), common="leaf"):
    """Whether the root is reached from a leaf over *middle*."""
    leaf = issue(common, middle, names=leaf_names, key=3)
    names = leaf_names or ("leaf",)
    return match([record(2, 0, 1, ROOT)], [leaf.der, middle.der, ROOT.der], names) is not None


@pytest.mark.parametrize(
    ("middle", "expected"),
    [
        (issue("m", ROOT, is_ca=True), True),
        (issue("m", ROOT, is_ca=False), False),
        (issue("m", ROOT), False),
        (issue("m", ROOT, is_ca=True, path_length=0), True),
    ],
)
def test_only_an_authority_may_issue(middle, expected):
    """
    The owner of any certificate could make one for any name otherwise.
    """
    assert expected is chain_with(middle)


def usage(*, key_cert_sign):
    """A key usage with nothing but that."""
    others = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(key_cert_sign=key_cert_sign, crl_sign=True, **dict.fromkeys(others, False))


@pytest.mark.parametrize("may", [True, False])
def test_the_key_of_an_authority_must_be_for_certificates(may):
    """
    RFC 5280 §4.2.1.3.
    """
    assert may is chain_with(issue("m", ROOT, is_ca=True, extensions=((usage(key_cert_sign=may), True),)))


def test_a_critical_extension_that_is_unknown_ends_the_path():
    """
    RFC 5280 §4.2: it may say that the certificate is for something else.
    """
    for is_critical, expected in ((True, False), (False, True)):
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        assert expected is chain_with(issue("m", ROOT, is_ca=True, extensions=((unknown, is_critical),)))


def test_a_path_may_not_be_longer_than_its_issuers_say():
    """
    An authority that may issue only for hosts has made another one.
    """
    low = issue("low", MIDDLE, is_ca=True)
    leaf = issue("leaf", low, names=("mx.test",))
    assert None is match([record(2, 0, 1, ROOT)], [leaf.der, low.der, MIDDLE.der, ROOT.der])


@pytest.mark.parametrize(
    ("permitted", "excluded", "expected"),
    [
        ((".test",), (), True), (("mx.test",), (), True), (("",), (), True), (("a.test",), (), False),
        ((), ("test",), False), ((), ("a.test",), True), (("TEST",), ("x.test",), True), (("t",), (), False),
    ],
)  # fmt: skip
def test_an_authority_may_be_limited_to_names(permitted, excluded, expected):
    """
    RFC 5280 §4.2.1.10.
    """
    trees = [[x509.DNSName(each) for each in group] or None for group in (permitted, excluded)]
    limits = x509.NameConstraints(*trees)
    assert expected is chain_with(issue("m", ROOT, is_ca=True, extensions=((limits, True),)))


def test_limits_of_other_kinds_of_names_do_not_count():
    """
    A host has no mail address.
    """
    limits = x509.NameConstraints([x509.RFC822Name("a.test")], None)
    assert chain_with(issue("m", ROOT, is_ca=True, extensions=((limits, True),)))


def test_the_common_name_counts_where_there_are_no_others():
    """
    RFC 7672 §3.2.3 allows it.
    """
    middle = issue("m", ROOT, is_ca=True)
    assert chain_with(middle, ())
    assert None is match(
        [record(2, 0, 1, ROOT)], [issue("mx.test", ROOT, names=("y.test",)).der, ROOT.der], ("mx.test",)
    )
    assert None is match([record(2, 0, 1, ROOT)], [issue(None, ROOT).der, ROOT.der], ("", "mx.test"))


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*.mx.test", "a.mx.test", True), ("*.mx.test", "a.b.mx.test", False), ("*.mx.test", "mx.test", False),
        ("*.test", "mx.test", False), ("*", "test", False), ("a*.mx.test", "ab.mx.test", False),
        ("MX.test", "mx.test", True),
    ],
)  # fmt: skip
def test_a_wildcard_stands_for_one_label(pattern, name, expected):
    """
    RFC 6125 §6.4.3, and never for a name right below a top-level domain.
    """
    leaf = issue("leaf", ROOT, names=(pattern,))
    assert expected is (match([record(2, 0, 1, ROOT)], [leaf.der, ROOT.der], (name,)) is not None)


def test_an_issuer_whose_certificate_cannot_be_read_is_skipped():
    """
    The same extension twice, for instance.
    """
    assert read_certificate(b"\x30\x00") is None
    assert 2 == match([record(2, 0, 1, ROOT)], [LEAF.der, b"\x30\x00", MIDDLE.der, ROOT.der])
