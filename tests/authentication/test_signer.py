"""Which keys of this host sign a message."""

import pytest

from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from tests.authentication.kit import MESSAGE, NOW, digests_of, fields_of, judged, key


def _end(result):
    assert result.signature is not None
    return result.signature.expires_at


KEYS = {"example.com": [("r", key("r")), ("e", key("e"))], "empty.example": []}


def test_a_message_is_signed_by_all_keys_of_its_author():
    """
    With the instant after which it says nothing.
    """
    signer = Signer(KEYS, expires_s=60.0)
    domains = signer.domains(fields_of(MESSAGE), lambda domain: True)
    assert ("example.com",) == domains
    assert "example.com:r example.com:e" == signer.selectors(domains)
    fields = signer.sign(fields_of(MESSAGE), digests_of(MESSAGE, SIGNED_FORM), domains, NOW + 0.5)
    found = judged(fields + MESSAGE)
    assert [("pass", NOW + 60)] * 2 == [(str(each.result), _end(each)) for each in found]
    [one, _] = judged(Signer(KEYS).sign(fields_of(MESSAGE), digests_of(MESSAGE, SIGNED_FORM), domains, NOW) + MESSAGE)
    assert _end(one) is None


@pytest.mark.parametrize(
    "author",
    [
        b"From: joe@other.example",
        b"From: joe@sub.example.com",
        b"From: joe@empty.example",
        b"From: joe@example.com\r\nFrom: joe@example.com",
        b"From: joe@example.com <joe@other.example>",
        b"Sender: joe@example.com",
    ],
)
def test_mail_of_another_author_is_not_signed(author):
    """
    Nor that of one who is not certain.
    """
    message = author + b"\r\nTo: a@b.example\r\n\r\ntext\r\n"
    assert () == Signer(KEYS).domains(fields_of(message), lambda domain: True)


def test_a_client_that_may_not_speak_for_a_domain_gets_no_signature_of_it():
    """
    An account of one domain must not sign in the name of another that this host has keys of.
    """
    assert () == Signer(KEYS).domains(fields_of(MESSAGE), lambda domain: str(domain) != "example.com")


def test_without_keys_nothing_is_asked():
    """
    Most listeners sign nothing.
    """
    assert not Signer({"empty.example": []})
    assert Signer(KEYS)
    assert () == Signer({}).domains(fields_of(MESSAGE), lambda domain: True)


def test_keys_of_two_places_are_joined():
    """
    Of two with one selector the first place has it.
    """
    joined = Signer(KEYS).joined_by({"example.com": [("r", key("e")), ("s", key("e"))], "b.example": [("t", key("e"))]})
    assert "example.com:r example.com:s example.com:e b.example:t" == joined.selectors(["example.com", "b.example"])


def test_a_key_of_rsa_seals_where_there_is_one():
    """
    Few verifiers of seals know Ed25519.
    """
    signer = Signer({"example.com": [("e", key("e")), ("r", key("r"))], "e.example": [("e", key("e"))]})
    asked = [
        ("example.com", None),
        ("example.com", "e"),
        ("example.com", "x"),
        ("e.example", None),
        ("other.example", None),
    ]
    found = [signer.key_of(*each) for each in asked]
    assert ["r", "e", None, "e", None] == [None if each is None else each[0] for each in found]
