"""Domain patterns: which ones match, and which matches best."""

import pytest

from empath.errors import SyntaxViolation
from empath.mail.domain import AddressLiteral, Domain
from empath.policy.pattern import DomainPattern, PatternTable


def table(*patterns):
    return PatternTable((DomainPattern.parse(text), text) for text in patterns)


@pytest.mark.parametrize(
    ("domain", "best"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org.", "example.org"),
        ("mail.example.org", "*.example.org"),
        ("a.b.example.org", "*.b.example.org"),
        ("b.example.org", "*.example.org"),
        ("org", "*"),
        ("badexample.org", "*.org"),
        ("example.net", "*"),
    ],
)
def test_the_most_exact_pattern_wins(domain, best):
    """
    An operator can add an exception without regard to the order of the patterns.
    """
    patterns = table("*", "*.org", "*.example.org", "*.b.example.org", "example.org")
    assert best == patterns.find(Domain.parse(domain))


def test_a_suffix_does_not_mean_the_name_itself():
    """
    `*.example.org` is for hosts below a domain; mail for the domain itself often goes elsewhere.
    """
    assert None is table("*.example.org").find(Domain.parse("example.org"))


def test_an_empty_table_finds_nothing():
    """
    Without a pattern nothing is allowed.
    """
    assert None is table().find(Domain.parse("example.org"))


def test_an_address_literal_is_matched_as_a_whole():
    """
    The dots of an IPv4 address do not separate labels.
    """
    patterns = table("[192.0.2.1]", "*")
    assert ["[192.0.2.1]", "*"] == [patterns.find(AddressLiteral.parse(text)) for text in ("[192.0.2.1]", "[10.0.2.1]")]


@pytest.mark.parametrize(
    ("text", "folded"), [("*", "*"), ("*.Bücher.Example", "*.xn--bcher-kva.example"), ("Example.ORG.", "example.org")]
)
def test_a_pattern_is_folded_as_a_domain_is(text, folded):
    """
    A pattern with capitals or umlauts that never matched would show only by lost mail.
    """
    assert folded == str(DomainPattern.parse(text))


@pytest.mark.parametrize("text", ["", "*.", "*example.org", "a.*.org", "*.*", "[example.org]", "192.0.2.1", "a b"])
def test_a_malformed_pattern_is_refused(text):
    """
    A star in another place would seem to work.
    """
    with pytest.raises(SyntaxViolation):
        DomainPattern.parse(text)
