"""SASLprep, RFC 4013."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.smtp.sasl.prepared import MAX_CHARACTERS, prepared


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("p\N{PILE OF POO}", "p\N{PILE OF POO}"),
    ],
)
def test_one_spelling_is_kept(text, expected):
    """
    The examples of RFC 4013 §3, blanks of other kinds, right to left, and a character of a later Unicode.
    """
    assert expected == prepared(text)


TOO_LONG = ["x" * (MAX_CHARACTERS + 1), "\ufdfa" * 100]  # each of the second becomes 18


@pytest.mark.parametrize(
    "text", ["", "\u00ad", "\x07", "a\nb", "\u0627\u0031", "\u0627a", "\ue000", "\u200e", *TOO_LONG]
)
def test_what_cannot_be_seen_or_typed_again_is_refused(text):
    """
    RFC 4013 §2.3 and §2.4.
    """
    with pytest.raises(SyntaxViolation):
        prepared(text)


@given(text=st.text(max_size=20))
def test_the_spelling_of_a_spelling_is_itself(text):
    """
    What is stored compares equal to what is typed.
    """
    try:
        once = prepared(text)
    except SyntaxViolation:
        return
    assert once == prepared(once)
