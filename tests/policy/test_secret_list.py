"""Files of secrets."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.secret_list import parse_secrets


def test_the_secrets_are_lines_in_their_order():
    octets = b"# the one in use\n  0123456789abcdef \n\nthe one before this\r\n"
    assert (b"0123456789abcdef", b"the one before this") == parse_secrets(octets)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "no secret"),
        (b"\n# 0123456789abcdef\n", "no secret"),
        (b"0123456789abcdef\nshort\n", "less than 16"),
        (b"0123456789abcdef\n" * 21, "21 secrets"),
    ],
)
def test_a_file_that_protects_nothing_is_refused(octets, words):
    """
    With an empty secret anyone could make addresses of this host.
    """
    with pytest.raises(SyntaxViolation, match=words):
        parse_secrets(octets)
