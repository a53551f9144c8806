"""Who is told, and who never is."""

import pytest

from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.identity import Timestamp
from empath.message.report.compose import ReportKind
from empath.policy.bounce import double_bounce_address, find_addressee, is_delayed, is_double_bounce

HOST = Domain("mx.example.test")
POSTMASTER = Address.parse("admin@example.test")
DOUBLE = "double-bounce@mx.example.test"


def addressee(kind, reverse_path):
    """To, reverse path, and whether it is for the postmaster."""
    found = find_addressee(kind, reverse_path, HOST, POSTMASTER)
    return found and (str(found.to), str(found.reverse_path), found.is_postmaster)


@pytest.mark.parametrize(
    ("kind", "reverse_path", "expected"),
    [
        (ReportKind.FAILURE, "a@b.example", ("a@b.example", "", False)),
        (ReportKind.DELAY, "a@b.example", ("a@b.example", "", False)),
        (ReportKind.FAILURE, "", ("admin@example.test", DOUBLE, True)),
        (ReportKind.DELAY, "", None),
        (ReportKind.SUCCESS, "", None),
        (ReportKind.FAILURE, DOUBLE, None),
        (ReportKind.DELAY, DOUBLE.upper(), None),
        (ReportKind.FAILURE, "no mailbox", None),
    ],
)
def test_the_sender_is_told_or_the_postmaster_or_nobody(kind, reverse_path, expected):
    """
    H6: a report of a report goes to the postmaster, and there is never a third.
    """
    assert expected == addressee(kind, reverse_path)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (str(double_bounce_address(HOST)), True),
        ("Double-Bounce@mx.example.test", True),
        ("double-bounce@example.test", False),
        ("x@mx.example.test", False),
    ],
)
def test_the_double_bounce_address_is_that_of_this_host(address, expected):
    """
    Mail to it is thrown away: nobody else's may be.
    """
    assert expected == is_double_bounce(address, HOST)


@pytest.mark.parametrize(
    ("age_s", "warning_s", "reverse_path", "expected"),
    [
        (14_399, 14_400, "a@b.example", False),
        (14_400, 14_400, "a@b.example", True),
        (10**9, 0, "a@b.example", False),
        (10**9, 14_400, "", False),
    ],
)
def test_a_delay_is_told_of_after_its_time(age_s, warning_s, reverse_path, expected):
    """
    I3: 0 is never, and what has no sender is never told of.
    """
    assert expected == is_delayed(Timestamp(1e9 + age_s), Timestamp(1e9), warning_s, reverse_path)
