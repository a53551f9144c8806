"""The header fields that a collector wants."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.tracing.headers import parse_headers


def test_one_field_a_line():
    """
    Empty lines and comments do not count.
    """
    octets = b"# of the collector\n\nAuthorization: Bearer abc def\nX-Scope-OrgID:mail\n"
    assert (("Authorization", "Bearer abc def"), ("X-Scope-OrgID", "mail")) == parse_headers(octets)
    assert () == parse_headers(b"")


@pytest.mark.parametrize(
    "octets", [b"Bearer abc\n", b"A:\n", b"Content-Length: 3\n", b"A: b\xe9\n", b"A: " + b"x" * 5000, b"A: b\n" * 21]
)
def test_what_is_no_field_is_refused_without_its_value(octets):
    """
    The finding is printed, and what is in the file is a secret.
    """
    with pytest.raises(SyntaxViolation) as refused:
        parse_headers(octets)
    assert "Bearer" not in str(refused.value)
