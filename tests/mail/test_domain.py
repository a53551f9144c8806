"""Domains and address literals: one spelling for each name."""

import idna
import pytest
from hypothesis import given

from empath.errors import SyntaxViolation
from empath.mail.domain import AddressLiteral, Domain
from tests.kit import strategies


@given(domain=strategies.domains())
def test_a_domain_survives_its_text_form(domain):
    """
    The queue is keyed by it.
    """
    assert domain == Domain.parse(str(domain))


@given(spelling=strategies.spellings())
def test_case_and_trailing_dot_make_no_other_domain(spelling):
    """
    Two keys for one host would divide its limits.
    """
    text, domain = spelling
    assert domain == Domain.parse(text)


@given(text=strategies.u_label_names)
def test_u_labels_and_a_labels_are_one_domain(text):
    """
    RFC 5890 §2.3.2.4: they are equivalent.
    """
    try:
        domain = Domain.parse(text)
    except SyntaxViolation:
        return  # letters that IDNA does not allow together, or too many of them
    assert domain == Domain.parse(idna.decode(domain.a_labels))


def test_a_label_that_idna2008_disallows_is_taken_in_its_ascii_form_only():
    """
    RFC 5892 §2.6: an emoji is no letter. Names with one are registered all the same, and a host may send mail there.
    """
    with pytest.raises(SyntaxViolation):
        Domain.parse("\N{HOT BEVERAGE}.example")
    assert "xn--53h.example" == str(Domain.parse("xn--53h.example"))


@given(text=strategies.any_text)
def test_no_text_makes_more_than_a_syntax_violation(text):
    """
    A client could cause a traceback by any other exception.
    """
    for parse in (Domain.parse, AddressLiteral.parse):
        try:
            parse(text)
        except SyntaxViolation:
            pass


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "-a.example",
        "a-.example",
        "a b.example",
        "a\n.example",
        "192.0.2.1",
        "1",
        "a.1",
        "a" * 64,
        "a." * 127 + "aa",
        "ü" * 64 + ".example",
        "a\u2024.example",
        "[192.0.2.1]",
        "a.example..",
    ],
)
def test_what_is_no_domain_is_refused(text):
    """
    A bare IPv4 address is one, too: it would be looked up as a name, RFC 5321 §2.3.5.
    """
    with pytest.raises(SyntaxViolation):
        Domain.parse(text)


@given(literal=strategies.address_literals)
def test_a_literal_survives_its_text_form(literal):
    """
    This holds for IPv4 and IPv6.
    """
    assert literal == AddressLiteral.parse(str(literal))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1",
        "[192.0.2.1",
        "192.0.2.1]",
        "[]",
        "[192.0.2]",
        "[192.0.2.256]",
        "[2001:db8::1]",
        "[IPv6:]",
        "[IPv6:192.0.2.1]",
        "[IPv6:fe80::1%eth0]",
        "[X400:a]",
    ],
)
def test_what_is_no_literal_is_refused(text):
    """
    A General-address-literal is refused, too, because no standard says how to reach one.
    """
    with pytest.raises(SyntaxViolation):
        AddressLiteral.parse(text)


def test_the_tag_of_a_literal_may_have_any_case():
    """
    RFC 5321 §2.4: strings of the grammar are not case-sensitive.
    """
    assert AddressLiteral.parse("[IPv6:2001:db8::1]") == AddressLiteral.parse("[ipv6:2001:DB8::1]")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xn--bcher-kva.example", "bücher.example"),
        ("mx.example", "mx.example"),
        ("xn--a.xn--bcher-kva", "xn--a.bücher"),
    ],
)
def test_u_labels_are_those_that_people_write(name, text):
    """
    What only looks like an A-label stays as it is.
    """
    assert text == Domain.parse(name).u_labels
