"""Seals over mail that is passed on."""

import pytest

from empath.authentication.arc import MAX_SETS, Chain, collect, verify_arc
from empath.authentication.sealer import Sealed, Sealer, Unsealed
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.verify import Result
from tests.authentication.kit import MESSAGE, NOW, TEXTS, digests_of, fields_of, key, signed
from tests.kit.vectors import driven

RESULTS = b"Authentication-Results: mx.example.com;\r\n\tspf=pass smtp.mailfrom=a@b.example;\r\n\tdmarc=pass\r\n"
SEALER = Sealer("example.com", "r", key("r"), "mx.example.com")


def judged(message):
    """What becomes of the chain of *message*."""
    fields = fields_of(message)
    collected = collect(fields)
    digests = digests_of(message, *(each.message_signature.body_form for each in collected.sets[-1:]))
    return driven(verify_arc(fields, collected, digests, NOW), TEXTS)


def sealed(message, chain=None):
    """What a seal makes of *message*, which is judged as it is if no *chain* is given."""
    digests = digests_of(message, SIGNED_FORM)
    return SEALER.seal(fields_of(message), digests, chain or judged(message), RESULTS, NOW)


def test_each_host_adds_a_set_with_its_results():
    message = signed()
    for number in (1, 2):
        made = sealed(message)
        assert isinstance(made, Sealed)
        assert f"example.com:r i={number} cv={'none' if number == 1 else 'pass'}" == made.words
        assert made.fields.startswith(b"ARC-Seal: ")
        start = b"ARC-Authentication-Results: i=%d; mx.example.com; spf=pass smtp.mailfrom=a@b.example;" % number
        assert start in made.fields
        message = made.fields + message
    assert Chain(Result.PASS, "", ("example.com", "example.com"), 2) == judged(message)


@pytest.mark.parametrize("part", [b"From: Joe", b"v=1; a=rsa", b"text\r\n"])
def test_a_seal_covers_the_message_and_its_signatures(part):
    """
    RFC 8617 §4.1.2: the signatures that were found good stand below the seal that says so.
    """
    message = sealed(signed()).fields + signed()
    assert Result.PASS == judged(message).result
    assert 1 == message.count(part)
    assert Result.FAIL == judged(message.replace(part, part.upper())).result


def test_a_broken_chain_is_sealed_as_one():
    """
    RFC 8617 §5.1.2: who comes after need not look.
    """
    message = sealed(MESSAGE).fields + MESSAGE
    made = sealed(message.replace(b"text", b"other text"))
    assert isinstance(made, Sealed)
    assert "example.com:r i=2 cv=fail" == made.words


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (Chain(Result.FAIL, is_closed=True, last=3), "a host before has sealed its chain as broken"),
        (Chain(Result.PASS, last=MAX_SETS), "its chain has 50 sets"),
        (Chain(Result.TEMPERROR, last=1), "it is not known whether its chain holds"),
    ],
)
def test_what_cannot_be_said_is_not_sealed(chain, why):
    assert Unsealed(why) == sealed(MESSAGE, chain)
