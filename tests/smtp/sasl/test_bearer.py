"""OAUTHBEARER and XOAUTH2."""

import pytest

from empath.smtp.sasl.bearer import BearerServer
from empath.smtp.sasl.steps import Challenge, Malformed, Refused, TokenGiven

STANDARD = b"n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9d.ft4qmT==\x01\x01"
XOAUTH2 = b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"


def test_oauthbearer_gives_name_and_token():
    """
    The example of RFC 7628 §4.1.
    """
    exchange = BearerServer(is_standard=True)
    assert Challenge(b"") == exchange.respond(None)
    assert TokenGiven("user@example.com", "vF9d.ft4qmT==") == exchange.respond(STANDARD)


def test_the_token_may_say_alone_who_the_client_is():
    given = BearerServer(is_standard=True).respond(b"n,,\x01auth=Bearer abc\x01\x01")
    assert TokenGiven("", "abc") == given


def test_xoauth2_gives_name_and_token():
    given = BearerServer(is_standard=False).respond(XOAUTH2)
    assert TokenGiven("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg") == given


def test_a_bad_token_is_named_before_the_end():
    """
    RFC 7628 §3.2.3: the client answers the error, then the server ends the exchange.
    """
    for is_standard, status in ((True, b"invalid_token"), (False, b"401")):
        exchange = BearerServer(is_standard=is_standard)
        challenge = exchange.refuse()
        assert isinstance(challenge, Challenge)
        assert status in challenge.octets
        assert Refused() == exchange.respond(b"\x01")


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"n,,",
        b"n,,\x01\x01",
        b"n,,\x01auth=Bearer abc\x01",
        b"n,,\x01auth=Basic abc\x01\x01",
        b"n,,\x01auth=Bearer a b\x01\x01",
        b"n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
        b"p=tls-unique,,\x01auth=Bearer abc\x01\x01",
        b"n,,\x01auth=Bearer \xff\x01\x01",
    ],
)
def test_another_form_is_malformed(response):
    assert Malformed() == BearerServer(is_standard=True).respond(response)


def test_xoauth2_begins_with_the_user():
    assert Malformed() == BearerServer(is_standard=False).respond(STANDARD)


def test_a_name_that_cannot_be_typed_is_refused():
    assert Refused() == BearerServer(is_standard=False).respond(b"user=\x07\x01auth=Bearer abc\x01\x01")
