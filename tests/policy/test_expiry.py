"""When the end of a certificate is worth a word."""

import pytest

from empath.policy.expiry import expiry_level, expiry_words
from empath.policy.health import Level

DAY_S = 86_400.0
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (90, Level.OK, "expires in 90 days"),
        (21.01, Level.OK, "expires in 22 days"),
        (21, Level.WARNING, "expires in 21 days"),
        (0.5, Level.WARNING, "expires in 1 day"),
        (0, Level.ERROR, "expired 0 days ago"),
        (-2.5, Level.ERROR, "expired 3 days ago"),
    ],
)
def test_three_weeks_before_its_end_a_certificate_is_a_warning(days, level, words):
    """
    Programs that renew certificates begin a month before the end: a warning means that they fail.
    """
    expires_at = NOW + days * DAY_S
    assert (level, words) == (expiry_level(expires_at, NOW), expiry_words(expires_at, NOW))
