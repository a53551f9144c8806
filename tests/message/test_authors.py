"""The addresses in a From field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.address import Address
from empath.message.authors import authors
from empath.message.header import FIELD_OCTETS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.example", ["a@b.example"]),
        ("Ann <a@b.example>", ["a@b.example"]),
        ('"Ann, <bob@c.example>" <a@b.example>', ["a@b.example"]),
        ('"Ann \\" <bob@c.example>" <a@b.example>', ["a@b.example"]),
        ("a@b.example (<bob@c.example>, (nested \\) ))", ["a@b.example"]),
        ("Ann <a@b.example>,\r\n Bob <bob@c.example>", ["a@b.example", "bob@c.example"]),
        ("Team: a@b.example, Bob <bob@c.example>;", ["a@b.example", "bob@c.example"]),
        ("Nobody:;", []),
        ('"a b"@b.example', ['"a b"@b.example']),
        ("=?utf-8?q?J=C3=BCrgen?= <a@b.example>", ["a@b.example"]),
        ("Jürgen <jürgen@b.example>", ["jürgen@b.example"]),
        ("", []),
        ("a@B.example <a@b.example>", ["a@b.example"]),
        ("[Team] Ann <a@b.example>", ["a@b.example"]),
        ("'a@b.example' <a@b.example>", ["a@b.example"]),
        ("'o'neil@b.example' <o'neil@b.example>", ["o'neil@b.example"]),
        ("Doe, Ann <a@b.example>", ["a@b.example"]),
        ("Doe, Dr., Ann <a@b.example>, Bob <bob@c.example>", ["a@b.example", "bob@c.example"]),
    ],
)
def test_all_addresses_are_found(value, expected):
    """
    RFC 5322 §3.4: names, comments and groups are not addresses, whatever they look like.
    """
    assert [Address.parse(text) for text in expected] == authors(f"From: {value}\r\n".encode())


@pytest.mark.parametrize("name", [b"J\xfcrgen", b'"J\xfcrgen, Ann"', b"(J\xfcrgen)", "山田".encode("euc-jp"), b"\xff"])
def test_a_name_may_be_in_any_encoding(name):
    """
    Programs of before write names as their users see them. No reader sees another address for it.
    """
    assert [Address.parse("a@b.example")] == authors(b"From: " + name + b" <a@b.example>\r\n")


@pytest.mark.parametrize(
    "value",
    [
        "Ann",
        "Ann <a@b.example> <bob@c.example>",
        "Ann <a@b.example",
        '"Ann <a@b.example>',
        "Ann (<a@b.example>",
        "a@b.example)",
        "<@x.example:a@b.example>",
        "a@b.example bob@c.example",
        "a@b.example\xff",
        "\xff@b.example",
        "a@b\xfc.example <a@b.example>",
        "'bob@c.example' <a@b.example>",
        '"bob@c.example", Ann <a@b.example>',
        "Doe, bob@c.example <a@b.example>",
        "Ann <a@b.example>, Doe",
        "Doe, a@b.example",
        "'a@b.example <a@b.example>",
        "'@' <a@b.example>",
        "Ann <a@b.example> Bob",
        "bob@c.example: a@b.example;",
        "[bob@c.example] <a@b.example>",
        "bob@c.example <a@b.example>",
        "a" * FIELD_OCTETS,
    ],
)
def test_a_field_that_readers_could_read_in_two_ways_is_not_certain(value):
    """
    A forged author must not pass because one reader takes the other address.
    """
    assert authors(b"From: " + value.encode("latin-1")) is None


@given(value=st.text(alphabet='a@.<>()",:;\\ \r\n', max_size=40))
def test_any_text_is_read_or_refused(value):
    found = authors(f"From: {value}".encode())
    assert found is None or all(isinstance(address, Address) for address in found)
