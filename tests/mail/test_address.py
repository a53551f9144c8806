"""Addresses and paths: RFC 5321 §4.1.2, and texts that must never be one."""

import pytest
from hypothesis import given

from empath.errors import SyntaxViolation
from empath.mail.address import BARE_POSTMASTER, Address, ForwardPath, ReversePath
from empath.mail.domain import AddressLiteral, Domain
from tests.kit import strategies


@given(address=strategies.addresses)
def test_an_address_survives_its_text_form(address):
    """
    Rows hold the text form, and reading it must give the same mailbox.
    """
    assert address == Address.parse(str(address))


@given(text=strategies.any_text)
def test_no_text_makes_more_than_a_syntax_violation(text):
    """
    A client could cause a traceback by any other exception.
    """
    for parse in (Address.parse, ReversePath.parse, ForwardPath.parse):
        try:
            parse(text)
        except SyntaxViolation:
            pass


@pytest.mark.parametrize(
    ("text", "local_part", "domain"),
    [
        ("a@example.org", "a", "example.org"),
        ("A.b+c@Example.ORG", "A.b+c", "example.org"),
        ("a@example.org.", "a", "example.org"),
        ('"a b"@example.org', "a b", "example.org"),
        (r'"a\"b"@example.org', 'a"b', "example.org"),
        (r'"a\b"@example.org', "ab", "example.org"),
        ('"a"@example.org', "a", "example.org"),
        ('"a@b"@example.org', "a@b", "example.org"),
        ('""@example.org', "", "example.org"),
        ("ä@bücher.example", "ä", "xn--bcher-kva.example"),
        ("a@[192.0.2.1]", "a", "[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]"),
    ],
)
def test_an_address_is_held_in_its_meaning(text, local_part, domain):
    """
    The local part loses its quotes and keeps its case, the domain is folded: equal mailboxes must be equal values.
    """
    address = Address.parse(text)
    assert (local_part, domain) == (address.local_part, str(address.domain))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.org",
        "a@",
        "a@@example.org",
        "a b@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        '"a@example.org',
        '"a"b"@example.org',
        '"a"b@example.org',
        "a@192.0.2.1",
        "a@[192.0.2.1",
        "a\r\n@example.org",
        "a\x00@example.org",
        '"a\tb"@example.org',
        "a\x85@example.org",
        "a\u2028@example.org",
        "a\ud800@example.org",
        "<a@example.org>",
        "a" * 243 + "@example.org",
        "ä" * 122 + "@example.org",
        "a@" + "b." * 125 + "example",
    ],
)
def test_what_is_no_mailbox_is_refused(text):
    """
    Above all control characters: they could end a command or a log line later.
    """
    with pytest.raises(SyntaxViolation):
        Address.parse(text)


def test_a_local_part_is_quoted_only_where_the_grammar_needs_it():
    """
    Some hosts refuse quotes.
    """
    domain = Domain("example.org")
    expected = ["a.b@example.org", '"a b"@example.org', r'"a\"b\\c"@example.org']
    assert expected == [str(Address(local, domain)) for local in ("a.b", "a b", 'a"b\\c')]


@pytest.mark.parametrize(
    "local_part",
    ["SRS0=HHH=TT=example.net=" + "a" * 60, "bounce+caf_=" + "b" * 60 + "=example.com", "a" * 242],
)
def test_a_local_part_is_as_long_as_the_path_allows(local_part):
    """
    SRS, VERP, BATV and forwarders put a whole address into the local part.
    """
    assert local_part == Address.parse(f"{local_part}@example.org").local_part


@pytest.mark.parametrize("local_part", [".a", "a.", "a..b", ".", "a.."])
def test_a_lenient_reader_takes_dots_anywhere_and_they_go_on_in_quotes(local_part):
    """
    Telephone companies gave such addresses to their customers. The next host gets them in the grammar of RFC 5321.
    """
    address = Address.parse(f"{local_part}@example.org", is_lenient=True)
    assert f'"{local_part}"@example.org' == str(address)
    assert address == Address.parse(str(address))
    with pytest.raises(SyntaxViolation):
        Address.parse(f"{local_part}@example.org")


def test_an_address_knows_whether_it_needs_smtputf8():
    """
    The domain never needs it, because it is in A-labels.
    """
    assert [True, False] == [Address.parse(text).is_ascii for text in ("a@bücher.example", "ä@example.org")]


def test_the_bound_is_for_the_address_as_it_goes_on():
    """
    A-labels are longer than the letters that they encode, so an address that is short here may be too long for the next
    host.
    """
    with pytest.raises(SyntaxViolation):
        Address.parse("a" * 60 + "@" + "ü." * 28 + "example")


@given(text=strategies.mailboxes)
def test_what_was_read_is_written_and_read_again_as_the_same(text):
    """
    An address is stored and sent as text.
    """
    try:
        address = Address.parse(text)
    except SyntaxViolation:
        return
    assert address == Address.parse(str(address))
    assert str(address) == str(Address.parse(str(address)))


@given(path=strategies.reverse_paths)
def test_a_reverse_path_survives_its_text_form(path):
    """
    Reports depend on the null path.
    """
    assert path == ReversePath.parse(str(path))


@given(path=strategies.forward_paths)
def test_a_forward_path_survives_its_text_form(path):
    """
    Postmaster without a domain is one, too.
    """
    assert path == ForwardPath.parse(str(path))


def test_only_the_empty_reverse_path_is_null():
    """
    RFC 5321 §4.5.5: no report may be sent for it; every other sender must get one.
    """
    assert [True, False] == [ReversePath.parse(text).is_null for text in ("", "a@example.org")]


@pytest.mark.parametrize("text", ["postmaster", "Postmaster", "POSTMASTER"])
def test_postmaster_needs_no_domain_in_any_case(text):
    """
    RFC 5321 §4.5.1 makes every server accept it.
    """
    assert BARE_POSTMASTER is ForwardPath.parse(text)


def test_a_literal_stands_for_a_domain():
    """
    RFC 5321 §4.1.3.
    """
    assert isinstance(Address.parse("a@[192.0.2.1]").domain, AddressLiteral)
