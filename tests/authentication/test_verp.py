"""Senders that name the mail that a report is about."""

import itertools

import pytest

from empath.authentication.verp import MAX_AGE_S, SentTo, Verp, said_by
from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.identity import QueueId, Timestamp

NOW = 1_800_000_000.0
ID = QueueId.make(Timestamp(NOW), bytes(10))
OLD, NEW = b"the secret of last year", b"the secret of this year"
VERP = Verp(Domain("bounces.example"), (NEW, OLD))


def made(recipient="ann@far.example", verp=VERP):
    return Address.parse(str(verp.sender(ID, Address.parse(recipient))))


@pytest.mark.parametrize(
    "recipient", ["ann@far.example", "Ann+tag@far.example", '"a b@c"@far.example', "a=b@far.example", "ä@far.example"]
)
def test_a_sender_names_the_message_and_the_recipient(recipient):
    address = made(recipient)
    assert VERP.takes(address)
    assert SentTo(str(ID), Address.parse(recipient)) == VERP.read(address, NOW)


def test_case_makes_no_difference():
    """
    Hosts on the way may change it.
    """
    lower = Address.parse(str(made()).lower())
    assert SentTo(str(ID), Address.parse("ann@far.example")) == VERP.read(lower, NOW)


@pytest.mark.parametrize("now", [NOW + MAX_AGE_S + 1, NOW - 2 * 86_400])
def test_a_sender_ages(now):
    assert VERP.read(made(), NOW + MAX_AGE_S) is not None
    assert VERP.read(made(), now) is None


def test_all_secrets_are_accepted():
    old = made(verp=Verp(Domain("bounces.example"), (OLD,)))
    assert VERP.read(old, NOW) is not None
    assert Verp(Domain("bounces.example"), (NEW,)).read(old, NOW) is None


def test_a_stranger_cannot_make_one():
    """
    Else anybody could have an address suppressed that is not theirs.
    """
    local = made().local_part
    _, _, rest = local.partition("=")
    for digest in map("".join, itertools.product("ABC234", repeat=2)):
        assert VERP.read(Address(f"bounces+{digest}={rest}", Domain("bounces.example")), NOW) is None
    assert VERP.read(Address(local.replace("=ann", "=bob"), Domain("bounces.example")), NOW) is None
    assert VERP.read(Address("bounces+x", Domain("bounces.example")), NOW) is None


def test_other_addresses_are_not_taken():
    assert not VERP.takes(Address.parse("bounces@bounces.example"))
    assert not VERP.takes(Address("bounces+x=y=z=w", Domain("far.example")))


@pytest.mark.parametrize("local", ["bounces+h=no-id=far.example=ann", f"bounces+h={ID}=-=ann", "ann"])
def test_what_is_no_such_sender_says_nothing(local):
    assert said_by(Address(local, Domain("bounces.example"))) is None


def test_a_known_hash_over_something_else_says_nothing():
    """
    A secret may have been used before.
    """
    verp = Verp(Domain("bounces.example"), (NEW,))
    assert verp.read(Address.parse(str(verp.sender(QueueId("I" * 26), Address.parse("x@far.example")))), NOW) is None
    address = verp.sender(QueueId("0" * 26), Address("x", Domain("far.example")))
    assert verp.read(Address.parse(str(address)), NOW) is None


def test_a_sender_that_would_be_too_long_is_not_made():
    assert VERP.sender(ID, Address.parse(f"{'a' * 200}@far.example")) is None
