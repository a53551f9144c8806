"""How much of the log is written about a part of the service."""

import pytest

from empath.mail.identity import Timestamp
from empath.policy.log_levels import LogLevels, PartLevel
from empath.policy.service_part import About, ServicePart

LEVELS = LogLevels(
    PartLevel(ServicePart.parse(scope, pattern), severity, Timestamp(at))
    for scope, pattern, severity, at in (
        ("area", "dns", 30, 300),
        ("client", "192.0.2.0/24", 40, 200),
        ("client", "192.0.2.1", 10, 400),
        ("destination", "example.org", 50, 500),
    )
)


@pytest.mark.parametrize(
    ("about", "least"),
    [
        (About("smtp"), 20),
        (About("dns"), 30),
        (About("dns", destination="example.org"), 50),
        (About("smtp", client="192.0.2.1"), 10),
        (About("smtp", client="192.0.2.2"), 40),
        (About("smtp", client="198.51.100.1"), 20),
    ],
)
def test_what_is_looked_at_comes_before_its_area_and_that_before_the_whole(about, least):
    """
    Of two parts that both cover a line, the one that shows more counts: somebody wants to see it.
    """
    assert least == LEVELS.least(about, 20)


def test_levels_know_their_least_one_and_their_first_end():
    """
    The log asks by the first whether any line could be wanted; a process reads the rows again at the second.
    """
    assert (10, Timestamp(200)) == (LEVELS.floor, LEVELS.ends_at)
