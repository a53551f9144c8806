"""test_forgetting - the forms in which an address is forgotten, and what only looks like it"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.address import Address
from empath.policy.forgetting import MOST_DEPTH, Forgotten, keyed_name

KEY = b"k" * 32
ANN = Forgotten(Address.parse("Ann+x@example.org"), KEY)
NAME = f"forgotten-{keyed_name('ann+x@example.org', KEY)}"
FORMS = {
    "ann+x@example.org": f"{NAME}@example.org",
    "<ANN+X@Example.Org>: no such user": f"<{NAME}@example.org>: no such user",
    "rfc822;Ann+2Bx@example.org": f"rfc822;{NAME}@example.org",
    "SRS0=hash=tt=example.org=ann+x@fwd.example": f"SRS0=hash=tt=example.org={NAME}@fwd.example",
    "bounce-ann+x=example.org@list.example": "bounce-ann+x=example.org@list.example",
    "bounce+ann+x=example.org@list.example": f"bounce+{NAME}=example.org@list.example",
    "we tried ann+x@example.org.": f"we tried {NAME}@example.org.",
}
OTHERS = (
    "joann+x@example.org",
    "jo.ann+x@example.org",
    "ann+x@example.org.uk",
    "ann+x@example.orgs",
    "ann@example.org",
    "x@example.org",
    "SRS0=h=tt=example.org=ann+xy@fwd.example",
    "my-example.org=ann+x@fwd.example",
    "jann+x=example.org@list.example",
    "",
)


@pytest.mark.parametrize(("text", "left"), FORMS.items(), ids=FORMS)
def test_an_address_is_found_in_each_form(text: str, left: str) -> None:
    """
    Replies of hosts quote it, and rewritten senders carry it.
    """
    assert left == ANN.left_out(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_addresses_stay(text: str) -> None:
    """
    To forget one person must not touch another.
    """
    assert text == ANN.left_out(text)
    assert not ANN.is_named(text)


def test_the_pseudonym_is_stable_and_needs_the_key() -> None:
    """
    Case makes no difference, as it makes none to hosts. Another queue has another key.
    """
    assert NAME + "@example.org" == ANN.pseudonym == Forgotten(Address.parse("ann+X@EXAMPLE.org"), KEY).pseudonym
    assert ANN.pseudonym != Forgotten(ANN.address, b"another").pseudonym
    assert ANN.is_named("aNN+x@example.ORG")
    assert not ANN.is_named(None)
    assert ("ann", "x") == ANN.parts


def test_a_local_part_in_quotes_is_found() -> None:
    """
    Also where somebody has left out the quotes.
    """
    odd = Forgotten(Address.parse('"ann smith"@example.org'), KEY)
    assert [odd.pseudonym] * 2 == [odd.left_out(text) for text in ('"ann smith"@example.org', "ann smith@example.org")]


def test_json_is_looked_through() -> None:
    """
    Members, names and lists; what is nested too deeply is dropped, not kept unseen.
    """
    text = "ann+x@example.org"
    assert {ANN.pseudonym: [1, ANN.pseudonym, None, {"a": True}]} == ANN.left_out_of(
        {text: [1, text, None, {"a": True}]}
    )
    deep: object = [text]
    for _ in range(MOST_DEPTH + 1):
        deep = [deep]
    assert text not in str(ANN.left_out_of(deep))


@given(st.text(max_size=300))
def test_what_is_left_no_longer_has_the_address(text: str) -> None:
    """
    To do it again changes nothing.
    """
    once = ANN.left_out(f"{text} ann+x@example.org {text}")
    assert " ann+x@example.org " not in once
    assert once == ANN.left_out(once)
