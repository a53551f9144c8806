"""The extensions of a peer: RFC 5321 §4.1.1.1."""

import pytest
from hypothesis import given

from empath.mail.reply import Reply
from empath.smtp.client.capabilities import NO_CAPABILITIES, Capabilities
from tests.kit import strategies


def offered(*lines: str) -> Capabilities:
    """The capabilities of a peer that answers EHLO with these lines after the first."""
    return Capabilities.parse(Reply(250, None, "\n".join(["peer.test PIPELINING", *lines])))


def test_extensions_are_known_in_any_case():
    """
    RFC 5321 §2.4: keywords are not case-sensitive.
    """
    peer = offered("pipelining", "8BitMime", "SMTPUTF8", "dsn", "Size 1000", "X-OTHER a b")
    assert (True, True, True, True, True, 1000) == (
        peer.has_pipelining,
        peer.has_8bitmime,
        peer.has_smtputf8,
        peer.has_dsn,
        peer.has_size,
        peer.size_limit,
    )
    assert "a b" == peer.keywords["X-OTHER"]


@pytest.mark.parametrize(
    "lines",
    [
        ("8BITMIME\t", "SIZE\t1000", "DSN\t"),
        ("8BITMIME\r", "SIZE 1000\r", "DSN\r"),
        (" 8BITMIME", "  SIZE  1000 ", "\tDSN"),
        ("8BITMIME=", "SIZE=1000", "DSN"),
    ],
)
def test_extensions_are_known_whatever_stands_around_their_words(lines):
    """
    Peers are tested with Postfix, which splits words at tabs and "=" too.
    """
    peer = offered(*lines)
    assert (True, 1000, True) == (peer.has_8bitmime, peer.size_limit, peer.has_dsn)


def test_the_first_line_names_the_peer_and_offers_nothing():
    """
    A host may be called PIPELINING.
    """
    assert NO_CAPABILITIES == offered()


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("SIZE", None),
        ("SIZE 0", None),
        ("SIZE many", None),
        ("SIZE -1", None),
        ("SIZE " + "9" * 21, None),
        ("SIZE  7 ", 7),
    ],
)
def test_size_without_a_number_is_no_limit(line, limit):
    """
    RFC 1870 §4: the peer still takes SIZE=.
    """
    assert (True, limit) == (offered(line).has_size, offered(line).size_limit)


def test_of_a_keyword_that_is_said_twice_the_last_counts():
    """
    A filter in front of the peer may add its own lines.
    """
    assert 2000 == offered("SIZE 1000", "8BITMIME", "SIZE 2000", "8BITMIME").size_limit


@given(text=strategies.any_text)
def test_no_answer_to_ehlo_makes_an_exception(text):
    """
    A line that does not begin with a keyword is ignored.
    """
    Capabilities.parse(Reply(250, None, text))


@pytest.mark.parametrize(
    "lines", [("AUTH PLAIN LOGIN", "AUTH=LOGIN"), ("auth plain", "AUTH LOGIN PLAIN"), ("AUTH=PLAIN LOGIN",)]
)
def test_mechanisms_of_several_lines_are_offered_together(lines):
    """
    A second line is there for clients of before RFC 2554, and may have fewer.
    """
    assert ("PLAIN", "LOGIN") == offered(*lines).mechanisms
