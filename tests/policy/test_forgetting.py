"""test_forgetting - the forms in which an address is forgotten, and what only looks like it"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.address import Address
from empath.policy.forgetting import MOST_DEPTH, Forgotten, keyed_name
from empath.policy.recipients import folded

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


@pytest.mark.parametrize(
    ("address", "texts"),
    [
        (
            "bob@bücher.example",
            (
                *(
                    "bob@xn--bcher-kva.example",
                    "bob@bücher.example",
                    "BOB@BÜCHER.Example",
                    "utf-8;bob@b\\x{FC}cher.example",
                ),
                *("SRS0=h=tt=bücher.example=bob@fwd.example", "to=bob%40b%C3%BCcher.example&x"),
            ),
        ),
        (
            "josé@example.org",
            (
                *("josé@example.org", "JOSÉ@example.org", "jose\u0301@example.org", "utf-8;jos\\x{E9}@example.org"),
                *("utf-8;jos\\x{e9}@example.org", "jos%C3%A9%40example.org", "v=example.org=josé@fwd.example"),
            ),
        ),
        (
            "bob@example.org",
            (
                *(
                    '"bob"@example.org',
                    "mail?to=bob%40example.org",
                    "mailto%3Abob%40example.org",
                    "%22bob%22%40example.org",
                ),
                *("list-return-12-bob=example.org@list.example", "list+bob=example.org@list.example"),
            ),
        ),
        ("o'brien+x@example.org", ("o%27brien%2Bx%40example.org", "o'brien+2Bx@example.org")),
        ("用户@例え.テスト", ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah", "\\x{7528}\\x{6237}@例え.テスト")),
    ],
)
def test_an_address_is_found_however_it_is_written(address: str, texts: tuple[str, ...]) -> None:
    """
    Hosts quote U-labels and numbers of letters, and the pages that replies name have addresses in their URLs. The texts
    that are searched for first are in each of them.
    """
    forgotten = Forgotten(Address.parse(address), KEY)
    for text in texts:
        left = forgotten.left_out(text)
        assert (True, left) == (f"forgotten-{forgotten.name}" in left, forgotten.left_out(left)), text
        rest = folded(text)
        for part in forgotten.parts:
            assert part in rest, text
            rest = rest[rest.index(part) + len(part) :]


@pytest.mark.parametrize(
    "text",
    ["x%2Bbob%40example.org", "jim.bob%40example.org", "jim-bob=example.org@list.example", "bob%40example.org.uk",
     '"jim bob"@example.org'],
)  # fmt: skip
def test_another_address_is_found_in_no_other_form(text: str) -> None:
    """
    It only ends like one, or begins.
    """
    assert text == Forgotten(Address.parse("bob@example.org"), KEY).left_out(text)


def test_an_address_is_named_in_other_letters_too() -> None:
    """
    Subject and content go with a mail whose party is the person.
    """
    forgotten = Forgotten(Address.parse("josé@bücher.example"), KEY)
    for text in ("JOSÉ@xn--bcher-kva.example", "jose\u0301@bücher.example"):
        assert forgotten.is_named(text)
    assert not forgotten.is_named("josé@bücher.example, ann@example.org")


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
