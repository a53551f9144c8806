"""Which addresses an account may send as."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.address import NULL_PATH, Address, ReversePath
from empath.mail.domain import Domain
from empath.policy.senders import AUTHOR_NOT_ALLOWED, SENDER_NOT_ALLOWED, Senders, own_address

SENDERS = Senders.parse("alice@example.org  @shop.example @*.example.net")


@pytest.mark.parametrize(
    "address",
    ["alice@example.org", "Alice@EXAMPLE.org", "any@shop.example", "any@mail.example.net", "any@a.b.example.net"],
)
def test_an_account_sends_as_its_addresses_and_domains(address):
    """
    The owner of alice@ owns Alice@, too: no host in use tells them apart.
    """
    assert SENDERS.may_send_as(Address.parse(address))


@pytest.mark.parametrize(
    "address", ["bob@example.org", "alice@example.com", "any@sub.shop.example", "any@example.net", "a@[192.0.2.1]"]
)
def test_an_account_sends_as_no_other(address):
    assert SENDERS.refusal(ReversePath(Address.parse(address))) == SENDER_NOT_ALLOWED


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("a@b.example", True),
        ("@b.example", True),
        ("@*.example", True),
        ("*", True),
        ("a@c.example", False),
        ("", False),
    ],
)
def test_an_account_speaks_for_the_domains_of_its_addresses(text, may):
    """
    Its mail is signed for these.
    """
    assert may == Senders.parse(text).may_speak_for(Domain("b.example"))


def test_the_null_reverse_path_is_for_every_account():
    """
    RFC 8098 §3: a notification of reading goes out with it.
    """
    assert Senders.parse("").refusal(NULL_PATH) is None


def test_a_star_is_any_address():
    assert Senders.parse("*").refusal(ReversePath.parse("a@[192.0.2.1]")) is None


def test_the_text_form_is_read_again():
    """
    The row has it.
    """
    assert "alice@example.org @shop.example @*.example.net" == str(SENDERS)
    assert SENDERS.words == Senders.parse(str(SENDERS)).words
    assert "* @a.example" == str(Senders.parse("* * @A.example"))


@pytest.mark.parametrize("text", ["alice", "@", "@a..b", "alice@", "a@b.example,c@d.example"])
def test_another_word_is_refused(text):
    with pytest.raises(SyntaxViolation):
        Senders.parse(text)


def test_a_name_that_is_an_address_may_send_as_itself():
    """
    Most accounts are a mailbox.
    """
    assert "alice@example.org" == own_address("alice@Example.ORG")
    assert "" == own_address("alice")


def test_each_author_must_be_one_of_the_account():
    """
    A field whose addresses are not certain is refused, too.
    """
    mine, other = Address.parse("alice@example.org"), Address.parse("bob@example.org")
    assert SENDERS.author_refusal([]) is None
    assert SENDERS.author_refusal([[mine], [mine, Address.parse("x@shop.example")]]) is None
    assert AUTHOR_NOT_ALLOWED == SENDERS.author_refusal([[mine], [mine, other]])
    assert AUTHOR_NOT_ALLOWED == SENDERS.author_refusal([None])
