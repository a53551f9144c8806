"""Regular expressions over replies, whose search takes a bounded time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.policy.replies.text_pattern import MOST_CHARACTERS, compile_text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("User Unknown", "550 user unknown"),
        ("gr[ea]y-?list", "451 greylisted"),
        (r"try again in \d+ sec", "450 try again in 300 seconds"),
        (r"^550 5\.7\.1 ", "550 5.7.1 no"),
        ("(a|b)?c$", "xc"),
        ("(?:over )?quota", "quota"),
        ("[^a-c]z", "dz"),
        (r"[\w.-]+@", "x-y.z@"),
        ("x{2}y{1,3}", "xxyy"),
        (r"a\.b", "a.b"),
        ("a.*b.*c", "a1b2c"),
        ("[a-]x", "-x"),
        (r"\bptr\b", "no ptr record"),
        (r"\]$", "x]"),
        ("50% off?", "50% of"),
        ("a||b", "anything"),
    ],
)
def test_a_pattern_finds(pattern, text):
    """
    These are the forms that rules need.
    """
    assert compile_text(pattern).search(text)


@pytest.mark.parametrize(("pattern", "text"), [(r"a\.b", "axb"), ("x{2}", "x"), ("[^a]b", "ab"), ("^b", "ab")])
def test_a_pattern_does_not_find(pattern, text):
    """
    Each form must also say no.
    """
    assert not compile_text(pattern).search(text)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "1 to"),
        ("x" * (MOST_CHARACTERS + 1), "1 to"),
        ("a\nb", "1 to"),
        ("(a+)+b", "repeated group"),
        ("(a|b){2}", "repeated group"),
        (".*.*.*x", "too many ways"),
        ("(a?b?c?d?e?f?)?" * 3, "too many ways"),
        ("*a", "without anything"),
        ("a|+", "without anything"),
        ("a**", "second quantifier"),
        ("a*?", "second quantifier"),
        ("^*", "no length"),
        (r"\b?", "no length"),
        ("(a", "without its )"),
        ("a)", "without its ("),
        ("(" * 9 + "a" + ")" * 9, "in each other"),
        ("(?=a)", "without anything"),
        ("[a", "without its ]"),
        ("[]", "empty class"),
        ("[^]", "empty class"),
        ("[z-a]", "cannot be read"),
        ("a{", "{2}"),
        ("a{5,2}", "repeats"),
        ("a{65}", "repeats"),
        ("a\\", "at its end"),
        (r"(a)\1", "unknown escape"),
        (r"[\b]", "unknown escape"),
        (r"\x41", "unknown escape"),
    ],
)
def test_a_pattern_that_is_slow_or_wrong_is_refused(pattern, words):
    """
    A host chooses the text: it must not choose how long a search takes.
    """
    with pytest.raises(SyntaxViolation, match=re.escape(words)):
        compile_text(pattern)


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")  # `re` reads the pattern as it is typed, such as [[]
@given(st.text(st.sampled_from(r"ab.*+?{}2,[]()|^$\d-"), max_size=30), st.text("ab2-", max_size=60))
def test_any_pattern_is_refused_or_compiled(pattern, text):
    """
    No other exception comes out, and what is accepted means what `re` takes it for, up to the bound of repeats.
    """
    try:
        compiled = compile_text(pattern)
    except SyntaxViolation:
        return
    assert bool(re.search(pattern, text, re.IGNORECASE)) == bool(compiled.search(text))
