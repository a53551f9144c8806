"""Signatures of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.authentication.sign import names_to_sign, sign
from tests.authentication.kit import MESSAGE, NOW, fields_of, judged, key, signed
from tests.kit.vectors import vectors

FIELD = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=example.com; s=e;
 t=1800000000; x=1800000060;
 h=from:from:to:to:cc:subject:subject:date:date:message-id:reply-to:
 in-reply-to:references:mime-version:content-type:
 content-transfer-encoding;
 bh=eDCyaw7m810RhFf0TmGWGkTYiT/1GwL4/PCOGIr3ew4=;
 b="""


def test_a_signature_as_it_is_written():
    """
    Lines that people can read.
    """
    field = signed(selectors="e", expires_at=NOW + 60).partition(b"From:")[0]
    assert field.startswith(FIELD.replace(b"\n", b"\r\n"))
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))


@pytest.mark.parametrize("name", vectors("dkim-signed")["messages"])
def test_every_odd_message_can_be_signed(name):
    """
    What is signed here holds, whatever the message looks like.
    """
    message = vectors("dkim-signed")["messages"][name].encode("latin-1")
    assert ["pass", "pass"] == [str(each.result) for each in judged(signed(message))]


@given(st.binary(max_size=200), st.lists(st.sampled_from([b"To", b"X", b"From", b"Sender"]), max_size=4))
def test_any_octets_can_be_signed(body, names):
    """
    Fields twice, bodies of anything.
    """
    message = b"".join(name + b": a@b.example\r\n" for name in [*names, b"From"]) + b"\r\n" + body
    assert ["pass", "pass"] == [str(each.result) for each in judged(signed(message))]


def test_fields_that_a_list_adds_are_signed_only_if_they_are_there():
    """
    A list may add its own in good faith; one-click unsubscription must be signed (RFC 8058 §4).
    """
    names = names_to_sign(fields_of(b"List-Unsubscribe: <https://a.example>\r\n" + MESSAGE))
    assert (2, 1, 0) == tuple(names.count(name) for name in (b"from", b"list-unsubscribe", b"sender"))


def test_a_field_that_is_there_very_often_does_not_make_the_signature_long():
    """
    A verifier reads a signature up to a length.
    """
    message = b"To: a@b.example\r\n" * 2_000 + MESSAGE
    assert 21 == names_to_sign(fields_of(message)).count(b"to")
    assert ["pass", "pass"] == [str(each.result) for each in judged(signed(message))]


def test_without_keys_there_is_no_field():
    """
    A domain may have none.
    """
    assert b"" == sign(fields_of(MESSAGE), b"x" * 32, [], domain="example.com", names=[], now=NOW)
    assert key("r") is key("r")
