"""Senders of forwarded mail."""

import pytest

from empath.authentication.forwarder import DAY_S, Forwarder
from empath.authentication.srs import MAX_AGE_DAYS, forward
from empath.mail.address import Address, ReversePath
from empath.mail.domain import Domain

NOW = 20_400 * DAY_S
US = Domain("srs.example")
OLD, NEW = b"the secret of last year", b"the secret of this year"


def forwarder(*secrets):
    return Forwarder(US, secrets or (NEW, OLD), lambda domain: str(domain) == "own.example")


def sent_as(text, now=NOW, made_by=None):
    return (made_by or forwarder()).sender(ReversePath.parse(text), now)


@pytest.mark.parametrize(
    "sender",
    [
        "alice@a.example", "Alice+tag@a.example", '"a b@c"@a.example', "alice@[192.0.2.1]", "älice@a.example",
        "a=b=c@a.example", "alice@xn--bcher-kva.example",
    ],
)  # fmt: skip
def test_a_report_comes_back_to_the_first_sender(sender):
    made = Address.parse(sent_as(sender))
    assert US == made.domain
    assert forwarder().takes(made)
    assert Address.parse(sender) == forwarder().owner(made, NOW)


@pytest.mark.parametrize("sender", ["", "joe@own.example", "SRS0=x=y=z=w@srs.example", "joe@srs.example"])
def test_the_null_sender_and_senders_of_this_host_stay(sender):
    assert sent_as(sender) is None


def test_a_sender_that_would_be_too_long_stays():
    """
    A path has at most 256 octets, and mail must not be lost for a sender that no host takes.
    """
    assert sent_as(f"{'a' * 200}@a.example") is not None
    assert sent_as(f"{'a' * 240}@a.example") is None


def test_all_secrets_are_accepted_and_the_first_makes_addresses():
    old = Address.parse(sent_as("alice@a.example", made_by=forwarder(OLD)))
    assert forwarder(NEW, OLD).owner(old, NOW) is not None
    assert forwarder(NEW).owner(old, NOW) is None
    assert sent_as("alice@a.example", made_by=forwarder(NEW)) == sent_as("alice@a.example")


def test_an_address_ages():
    made = Address.parse(sent_as("alice@a.example"))
    assert forwarder().owner(made, NOW + MAX_AGE_DAYS * DAY_S) is not None
    assert forwarder().owner(made, NOW + (MAX_AGE_DAYS + 1) * DAY_S) is None


def test_mail_that_was_forwarded_before_keeps_its_way_back():
    """
    The second host names the first one, which checks its own hash.
    """
    first = "SRS0=abcdefgh=T6=a.example=alice@first.example"
    made = Address.parse(sent_as(first))
    assert made.local_part.startswith("SRS1=")
    assert Address.parse(first) == forwarder().owner(made, NOW)


@pytest.mark.parametrize(
    "text", ["alice@srs.example", "srs0@srs.example", "SRS0x@srs.example", "SRS2=a@srs.example", "SRS0=x@a.example"]
)
def test_other_addresses_are_not_taken(text):
    assert not forwarder().takes(Address.parse(text))


def test_what_a_known_secret_signs_must_still_be_an_address():
    """
    A secret may have been used by another program before.
    """
    local = forward('"', "a b", NEW, 20_400)
    assert forwarder().owner(Address(local, US), NOW) is None
    assert forwarder().owner(Address("SRS0=forged00=T6=a.example=alice", US), NOW) is None
