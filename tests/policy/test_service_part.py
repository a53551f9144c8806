"""Which part of the service somebody looks at."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.service_part import About, ServicePart

QUEUE_ID = "01KAN0000000000000000000ZZ"
COVERED = [
    ("area", "smtp", About("smtp")),
    ("client", "192.0.2.0/24", About("smtp", client="192.0.2.7")),
    ("client", "192.0.2.7", About("smtp", client="192.0.2.7")),
    ("client", "192.0.2.7/24", About("smtp", client="192.0.2.9")),
    ("client", "192.0.2.7", About("smtp", client="::ffff:192.0.2.7")),
    ("client", "::ffff:192.0.2.0/120", About("smtp", client="192.0.2.9")),
    ("client", "2001:DB8::/32", About("smtp", client="2001:db8::1")),
    ("destination", "Example.ORG", About("delivery", destination="example.org")),
    ("destination", "example.org", About("delivery", destination="smtp:192.0.2.1:25", domain="example.org")),
    ("destination", "*.example.org", About("delivery", destination="a.example.org")),
    ("destination", "smtp:192.0.2.1:25", About("delivery", destination="smtp:192.0.2.1:25")),
    ("destination", "bücher.example.", About("delivery", destination="xn--bcher-kva.example")),
    ("destination", "*", About("delivery", destination="maildir:/var/mail")),
    ("message", QUEUE_ID.lower(), About("queue", queue_id=QUEUE_ID)),
]
OUTSIDE = [
    ("area", "smtp", About("dns")),
    ("client", "192.0.2.0/24", About("smtp", client="198.51.100.1")),
    ("client", "192.0.2.0/24", About("smtp", client="unix:1000")),
    ("client", "192.0.2.0/24", About("delivery", destination="example.org")),
    ("destination", "example.org", About("delivery", destination="a.example.org")),
    ("destination", "*.example.org", About("delivery", destination="example.org")),
    ("destination", "example.org", About("smtp", client="192.0.2.1")),
    ("message", QUEUE_ID, About("queue")),
]
WRONG = [
    ("host", "x", "not a scope"),
    ("area", "mail", "not an area"),
    ("client", "mx.example.org", "not an IP address"),
    ("destination", "", "1 to 1024"),
    ("destination", "x" * 1025, "1 to 1024"),
    ("destination", "a b", "not a domain name"),
    ("destination", "a\x1bb", "not a domain name"),
    ("message", "X", "queue id"),
]


@pytest.mark.parametrize(("scope", "pattern", "about"), COVERED)
def test_a_part_covers_what_is_about_it(scope, pattern, about):
    """
    A person names a client, a destination or a message as its views show it.
    """
    assert ServicePart.parse(scope, pattern).covers(about)


@pytest.mark.parametrize(("scope", "pattern", "about"), OUTSIDE)
def test_a_part_covers_nothing_else(scope, pattern, about):
    """
    Who looks at one client must not see another.
    """
    assert not ServicePart.parse(scope, pattern).covers(about)


@pytest.mark.parametrize(("scope", "pattern", "words"), WRONG)
def test_other_text_is_no_part(scope, pattern, words):
    """
    A typo must not look like a quiet part.
    """
    with pytest.raises(SyntaxViolation, match=words):
        ServicePart.parse(scope, pattern)


def test_a_part_has_a_text():
    """
    It is in the log and in messages.
    """
    assert "client 192.0.2.0/24" == str(ServicePart.parse("client", "192.0.2.1/24"))
