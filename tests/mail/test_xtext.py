"""xtext: decoded, and written for characters beyond ASCII."""

import pytest

from empath.mail.xtext import from_xtext, to_utf8_addr_unitext, utf8_addr_xtext


@pytest.mark.parametrize(("text", "expected"), [("a+2Bb+3D", "a+b="), ("+", "+"), ("+zz", "+zz"), ("a+20b", "a b")])
def test_xtext_is_decoded(text, expected):
    """
    RFC 3461 §4. A "+" without a code stays, because a client may have sent it so.
    """
    assert expected == from_xtext(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("ä@b", "ä@b"), (r'"a b\\c"+d=e@f', r'"a\x{20}b\x{5C}\x{5C}c"\x{2B}d\x{3D}e@f')]
)
def test_what_has_a_meaning_in_parameters_is_written_by_its_number(text, expected):
    """
    RFC 6533 §3, QUCHAR.
    """
    assert expected == to_utf8_addr_unitext(text)


@pytest.mark.parametrize(("text", "expected"), [("a@b", "a@b"), ("jörg@\u65e5.example", r"j\x{F6}rg@\x{65E5}.example")])
def test_a_character_beyond_ascii_is_written_by_its_number(text, expected):
    """
    RFC 6533 §3, for a host without SMTPUTF8.
    """
    assert expected == utf8_addr_xtext(text)
