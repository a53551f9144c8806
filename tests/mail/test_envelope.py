"""Envelopes and replies are plain values, which cannot be changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.address import NULL_PATH, Address
from empath.mail.envelope import BodyType, DsnReturn, Envelope, Recipient
from tests.kit import strategies


@given(value=st.one_of(strategies.envelopes, strategies.recipients, strategies.replies()))
def test_a_value_cannot_be_changed(value):
    """
    Greenlets share them without locks.
    """
    name = type(value).__match_args__[0]
    with pytest.raises(AttributeError):
        setattr(value, name, None)


@given(envelope=strategies.envelopes)
def test_equal_envelopes_are_interchangeable(envelope):
    """
    They are compared by value, and kept in sets.
    """
    assert 1 == len({envelope, Envelope(*(getattr(envelope, name) for name in Envelope.__match_args__))})


def test_what_a_client_did_not_ask_for_is_absent():
    """
    RFC 3461 §4: the absence of a parameter differs from any value of it.
    """
    envelope = Envelope(NULL_PATH, (Recipient(Address.parse("a@example.org")),))
    recipient = envelope.recipients[0]
    assert (BodyType.SEVEN_BIT, False, None, None, None, None) == (
        envelope.body_type,
        envelope.is_smtputf8,
        envelope.dsn_return,
        envelope.envelope_id,
        recipient.notify,
        recipient.original_recipient,
    )


def test_parameters_are_spelled_as_on_the_wire():
    """
    RFC 6152 §2 and RFC 3461 §4.3; rows hold the same words.
    """
    assert ["7BIT", "8BITMIME", "FULL", "HDRS"] == [str(value) for value in (*BodyType, *DsnReturn)]
